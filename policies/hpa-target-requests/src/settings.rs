//! What an administrator may set.

use shared::kubernetes::autoscaling::{POD_SPEC, SCALABLE, SCALABLE_OF_OTHERS, ScaleTarget};
use shared::settings::{CustomApiVersion, Exempt, Kind, OnLookupFailure, field_path_problem};
use shared::{GroupVersionKind, Level, OnUpdate, settings};

settings! {
    /// The settings of hpa-target-requests. All are optional.
    pub struct Settings {
        /// A workload that lacks requests which an autoscaler measures. Other findings about a workload are at most as
        /// serious as this.
        "workloads" => pub(crate) workloads: Level = Level::Deny, example "warn";
        /// The most that comes of what may be written first and put right by what is written next: an UPDATE of a workload,
        /// and an autoscaler of a StatefulSet or of a custom kind. With `deny`, a set that changes both may never get
        /// through.
        "writtenFirst" => pub(crate) written_first: Level = Level::Warn, example "deny";
        /// A target that does not exist, or not yet: Helm makes an autoscaler before its StatefulSet.
        "missingTarget" => pub(crate) missing_target: Level = Level::Warn, example "deny";
        /// A metric of a container that is not in the template, such as an `istio-proxy` that is injected later.
        "missingContainer" => pub(crate) missing_container: Level = Level::Warn, example "deny";
        /// A metric of a resource other than cpu and memory.
        "unknownResource" => pub(crate) unknown_resource: Level = Level::Warn, example "off";
        /// An autoscaler of what cannot be scaled: a DaemonSet, a Job, a kind in the wrong case or group.
        "unscalableTarget" => pub(crate) unscalable_target: Level = Level::Deny, example "warn";
        /// Whether autoscalers count the resources of the pod as a whole. They do from Kubernetes 1.34 on; `false` is for
        /// older clusters.
        "podLevelResources" => pub(crate) pod_level_resources: bool = true, example false;
        /// More custom kinds that can be scaled, beside those that need no setting. Add them to
        /// `spec.contextAwareResources` of the policy as well, and to `spec.rules` to judge them when they are written.
        "customKinds" => custom_kinds: [CustomKind];
        /// What this policy leaves alone.
        "exempt" => pub(crate) exempt: Exempt;
        /// What to do when the cluster does not answer.
        "onLookupFailure" => pub(crate) on_lookup_failure: OnLookupFailure = OnLookupFailure::Deny, example "warn";
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
    }

    /// A custom kind that can be scaled.
    struct CustomKind {
        /// The group, which is a domain, and the version of the kind.
        "apiVersion" => api_version: CustomApiVersion, example "example.com/v1";
        /// The kind.
        "kind" => kind: Kind, example "Gadget";
        /// Where its pod spec is.
        "podSpecPath" => pod_spec_path: DottedPath, example "spec.template.spec";
    }

    /// Fields behind one another: `spec.template.spec`.
    text DottedPath {
        problem: pod_spec_path_problem,
        pattern: r"^[^./${}\[* ]+(\.[^./${}\[* ]+)*$",
    }
}

fn pod_spec_path_problem(path: &str) -> Option<String> {
    let several = "must be names of fields alone: what an autoscaler scales has one pod spec";
    field_path_problem(path).or_else(|| path.contains(['[', '*']).then(|| several.to_owned()))
}

/// Where to look a kind up, and where its pod spec is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadableKind<'s> {
    pub(crate) api_version: &'s str,
    pub(crate) kind: &'s str,
    pub(crate) pod_spec: &'s str,
    /// Whether it is of another project, and no setting names it: it may be that the policy may not read it.
    pub(crate) is_well_known: bool,
}

impl<'s> ReadableKind<'s> {
    pub(crate) fn group(&self) -> &'s str {
        group(self.api_version)
    }

    /// Whether Helm, Argo CD and Flux all write objects of this kind before autoscalers. Helm and Argo CD write a
    /// `StatefulSet` behind them, and every custom kind.
    ///
    /// Source: `pkg/release/v1/util/kind_sorter.go` of helm/helm, `pkg/sync/sync_tasks.go` of argoproj/gitops-engine,
    /// `ssa/sort.go` of fluxcd/pkg.
    pub(crate) fn is_written_before_autoscalers(&self) -> bool {
        !self.group().contains('.') && self.kind != "StatefulSet"
    }

    /// Whether its objects may refer to the workload whose pods they make.
    pub(crate) fn is_rollout(&self) -> bool {
        self.kind == "Rollout" && self.group() == "argoproj.io"
    }
}

/// The group of an `apiVersion`.
pub(crate) fn group(api_version: &str) -> &str {
    let target = ScaleTarget {
        api_version,
        ..ScaleTarget::default()
    };
    target.group()
}

impl Settings {
    /// Whether there are custom kinds, whose pod spec may be in fields of any name.
    pub(crate) fn has_custom_kinds(&self) -> bool {
        !self.custom_kinds.is_empty()
    }

    /// The kinds whose pod spec the policy can read.
    pub(crate) fn readable(&self) -> impl Iterator<Item = ReadableKind<'_>> {
        let built_in = SCALABLE.iter().map(|&(api_version, kind)| ReadableKind {
            api_version,
            kind,
            pod_spec: POD_SPEC,
            is_well_known: false,
        });
        let custom = self.custom_kinds.iter().map(|custom| ReadableKind {
            api_version: &custom.api_version,
            kind: &custom.kind,
            pod_spec: &custom.pod_spec_path,
            is_well_known: false,
        });
        let well_known = SCALABLE_OF_OTHERS
            .iter()
            .map(|&(api_version, kind)| ReadableKind {
                api_version,
                kind,
                pod_spec: POD_SPEC,
                is_well_known: true,
            });
        built_in.chain(custom).chain(well_known)
    }

    /// How to read an object of a kind. None for kinds that it cannot read.
    pub(crate) fn readable_kind(&self, kind: &GroupVersionKind<'_>) -> Option<ReadableKind<'_>> {
        self.readable()
            .find(|known| kind.is(known.group(), known.kind))
    }
}

impl shared::Settings for Settings {
    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::settings_problems;

    use crate::HpaTargetRequests;

    fn problems(settings: &Value) -> String {
        settings_problems::<HpaTargetRequests>(settings)
    }

    #[test]
    fn takes_nothing_and_everything() {
        assert_eq!(problems(&json!({})), "");
        let everything = json!({
            "missingTarget": "deny", "missingContainer": "deny", "unknownResource": "off", "unscalableTarget": "deny",
            "workloads": "warn", "writtenFirst": "off", "podLevelResources": false,
            "customKinds": [
                {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "podSpecPath": "spec.template.spec"},
            ],
            "exempt": {"namespaces": ["sandbox"], "users": ["system:serviceaccount:keda:keda-operator"]},
            "onLookupFailure": "warn", "onUpdate": "enforceAll",
        });
        assert_eq!(problems(&everything), "");
    }

    #[test]
    fn tells_every_problem() {
        let settings = json!({
            "missingTarget": "reject", "podLevelResources": "yes", "onLookupFailure": "off",
            "customKinds": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "podSpecPath": "spec.template.spec"},
                {"apiVersion": "argoproj.io/", "podSpecPath": "spec..template"},
                {},
            ],
            "exempt": {"namespaces": ["team-*"], "serviceAccounts": []},
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of hpa-target-requests: missingTarget: \"reject\" is not one of \"deny\", \"warn\", \"off\"\n\
             podLevelResources: must be true or false, not a string\n\
             customKinds[0].apiVersion: \"apps/v1\" is not the group and version of a custom kind, such as \
             \"argoproj.io/v1alpha1\"\n\
             customKinds[1].apiVersion: \"argoproj.io/\" is not the group and version of a custom kind, such as \
             \"argoproj.io/v1alpha1\"\n\
             customKinds[1].kind: is missing\n\
             customKinds[1].podSpecPath: \"spec..template\" is not a path such as \"spec.template.spec\"\n\
             customKinds[2].apiVersion: \"\" is not the group and version of a custom kind, such as \
             \"argoproj.io/v1alpha1\"\n\
             customKinds[2].kind: is missing\n\
             customKinds[2].podSpecPath: \"\" is not a path such as \"spec.template.spec\"\n\
             exempt.namespaces[0]: \"team-*\" cannot be a namespace, and patterns are not supported\n\
             write each name in full\n\
             exempt.serviceAccounts: is not a setting\n\
             expected one of \"namespaces\", \"users\"\n\
             onLookupFailure: \"off\" is not one of \"deny\", \"warn\""
        );
    }

    #[test]
    fn tells_what_can_never_match() {
        let settings = json!({
            "customKinds": [
                {"apiVersion": "Argoproj.io/v1alpha1", "kind": "Roll out", "podSpecPath": "$.spec"},
                {"apiVersion": "argoproj.io/V1", "kind": "argoproj.io/Rollout", "podSpecPath": "spec.pods[0].spec"},
            ],
            "exempt": {"namespaces": ["Shop"], "users": ["*"]},
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of hpa-target-requests: customKinds[0].apiVersion: \"Argoproj.io\" cannot be an API group, which has no capital letters\n\
             write \"argoproj.io\"\n\
             customKinds[0].kind: \"Roll out\" cannot be a kind\n\
             write one word, such as \"Rollout\"\n\
             customKinds[0].podSpecPath: \"$.spec\" is not a path such as \"spec.template.spec\"\n\
             customKinds[1].apiVersion: \"V1\" cannot be a version, which has no capital letters\n\
             write \"v1\"\n\
             customKinds[1].kind: \"argoproj.io/Rollout\" cannot be a kind\n\
             write one word, such as \"Rollout\"\n\
             customKinds[1].podSpecPath: must be names of fields alone: what an autoscaler scales has one pod spec\n\
             exempt.namespaces[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             exempt.users[0]: \"*\" has a \"*\", and patterns are not supported\n\
             write each user in full, such as \"system:serviceaccount:shop:robot\""
        );
    }
}
