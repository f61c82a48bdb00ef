//! `HorizontalPodAutoscaler`s and `VerticalPodAutoscaler`s, reduced to what policies ask of them: which object is
//! scaled, by which resources of which containers, and how far.
//!
//! Sources: `pkg/controller/podautoscaler/{horizontal,replica_calculator}.go` and `pkg/apis/autoscaling` of
//! kubernetes/kubernetes, `vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1/types.go` and `pkg/utils/vpa/api.go`
//! of kubernetes/autoscaler.

use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::ReplicationController;

use crate::cluster::ListLookup;
use crate::request::Request;
use document::Cursor;
use document::DecodeError;
use document::FieldNames;
use document::quote;

mod horizontal;
mod replicas;
mod vertical;

pub use horizontal::{Goal, HorizontalPodAutoscaler, Metric, MetricSource};
pub use replicas::{ReplicaRange, Scaler};
pub use vertical::{ContainerPolicy, UpdateMode, VerticalPodAutoscaler};

/// Adds an autoscaler to others in the order of their names: a list of the host has none of its own.
pub fn insert_by_name<'n, T>(list: &mut Vec<(&'n str, T)>, name: &'n str, autoscaler: T) {
    let place = list.partition_point(|(known, _)| *known <= name);
    list.insert(place, (name, autoscaler));
}

/// Where a v1 `HorizontalPodAutoscaler` keeps the metrics that v1 has no field for. Lists of the host have no
/// annotations, so list v2.
const METRICS_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/metrics";

/// All `HorizontalPodAutoscaler`s of a namespace. The same question in every policy, so that the host needs one watch.
#[must_use]
pub const fn horizontal_pod_autoscalers(namespace: &str) -> ListLookup<'_> {
    ListLookup {
        api_version: v2::HorizontalPodAutoscaler::API_VERSION,
        kind: v2::HorizontalPodAutoscaler::KIND,
        namespace,
        field_masks: &[
            "spec.maxReplicas",
            "spec.metrics.containerResource",
            "spec.metrics.resource",
            "spec.metrics.type",
            "spec.minReplicas",
            "spec.scaleTargetRef",
        ],
    }
}

/// All `VerticalPodAutoscaler`s of a namespace. The same question in every policy.
#[must_use]
pub const fn vertical_pod_autoscalers(namespace: &str) -> ListLookup<'_> {
    ListLookup {
        api_version: VerticalPodAutoscaler::API_VERSION,
        kind: VerticalPodAutoscaler::KIND,
        namespace,
        field_masks: &[
            "spec.resourcePolicy.containerPolicies.containerName",
            "spec.resourcePolicy.containerPolicies.controlledResources",
            "spec.resourcePolicy.containerPolicies.controlledValues",
            "spec.resourcePolicy.containerPolicies.mode",
            "spec.resourcePolicy.containerPolicies.startupBoost",
            "spec.startupBoost",
            "spec.targetRef",
            "spec.updatePolicy.updateMode",
        ],
    }
}

/// Whether an UPDATE leaves the spec as it was, as far as the policy reads it, and in v1 the annotation that is a part of
/// it.
#[must_use]
pub fn keeps_spec(request: &Request<'_>) -> bool {
    let of_v1 = request.kind.version == "v1" && request.kind.group == "autoscaling";
    request.keeps("spec") && (!of_v1 || request.keeps("metadata.annotations"))
}

/// The built-in kinds that can be scaled, by `apiVersion` and kind. All have their pod spec at [`POD_SPEC`].
pub const SCALABLE: &[(&str, &str)] = &[
    scalable::<Deployment>(),
    scalable::<ReplicaSet>(),
    scalable::<StatefulSet>(),
    scalable::<ReplicationController>(),
];

const fn scalable<K: Resource>() -> (&'static str, &'static str) {
    (K::API_VERSION, K::KIND)
}

/// Kinds of other projects that can be scaled, as their own definitions say: `apiVersion` and kind. All have their
/// pod spec at [`POD_SPEC`]. Sources: `manifests/crds/rollout-crd.yaml` of argoproj/argo-rollouts, `config/crd/bases` of
/// openkruise/kruise, `apps/v1/types.go` of openshift/api.
pub const SCALABLE_OF_OTHERS: &[(&str, &str)] = &[
    ("apps.kruise.io/v1alpha1", "CloneSet"),
    ("apps.kruise.io/v1beta1", "StatefulSet"),
    ("apps.openshift.io/v1", "DeploymentConfig"),
    ("argoproj.io/v1alpha1", "Rollout"),
];

/// Where the kinds of [`SCALABLE`] have their pod spec.
pub const POD_SPEC: &str = "spec.template.spec";

/// The fields of both kinds that this module reads.
static FIELDS: FieldNames = FieldNames::of(&[&[
    "metadata",
    "name",
    "namespace",
    "deletionTimestamp",
    "labels",
    "source",
    "annotations",
    METRICS_ANNOTATION,
    "ownerReferences",
    "controller",
    "apiVersion",
    "kind",
    "spec",
    "scaleTargetRef",
    "targetCPUUtilizationPercentage",
    "metrics",
    "type",
    "resource",
    "containerResource",
    "container",
    "target",
    "averageUtilization",
    "averageValue",
    "targetRef",
    "updatePolicy",
    "updateMode",
    "resourcePolicy",
    "containerPolicies",
    "containerName",
    "mode",
    "controlledResources",
    "controlledValues",
    "startupBoost",
    "cpu",
]]);

/// Whether this module reads fields of this name, of either kind.
#[must_use]
pub fn wants(field: &str) -> bool {
    FIELDS.has(field)
}

/// The object that an autoscaler scales: one of its own namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScaleTarget<'a> {
    /// Group and version, as it is written; may be empty.
    pub api_version: &'a str,
    /// The kind, as it is written.
    pub kind: &'a str,
    /// The name of the object.
    pub name: &'a str,
}

/// Group and kind of those that a `VerticalPodAutoscaler` knows by their kind alone, whatever group it gives.
/// Source: `wellKnownControllers` in `vertical-pod-autoscaler/pkg/target/fetcher.go`.
const WELL_KNOWN: &[(&str, &str)] = &[
    well_known::<ReplicationController>(),
    well_known::<DaemonSet>(),
    well_known::<Deployment>(),
    well_known::<ReplicaSet>(),
    well_known::<StatefulSet>(),
    well_known::<CronJob>(),
    well_known::<Job>(),
];

const fn well_known<K: Resource>() -> (&'static str, &'static str) {
    (K::GROUP, K::KIND)
}

impl<'a> ScaleTarget<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            api_version: cursor.text("apiVersion")?,
            kind: cursor.text("kind")?,
            name: cursor.text("name")?,
        })
    }

    /// What the `HorizontalPodAutoscaler` at `cursor` scales: cheaper than the whole of it, to pick a few of a list.
    pub fn of_horizontal(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(cursor
            .at("spec.scaleTargetRef", Self::read)?
            .unwrap_or_default())
    }

    /// What the `VerticalPodAutoscaler` at `cursor` scales.
    pub fn of_vertical(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(cursor.at("spec.targetRef", Self::read)?.unwrap_or_default())
    }

    /// The group; empty for the core group, and where none is given. Source: `ParseGroupVersion` in
    /// `staging/src/k8s.io/apimachinery/pkg/runtime/schema/group_version.go`.
    #[must_use]
    pub fn group(&self) -> &'a str {
        group_of(self.api_version)
    }

    /// Whether a `HorizontalPodAutoscaler` that says this can scale anything: a built-in kind that has a `scale`, in its
    /// own group and in exact case, or a kind of others, which may have one. Of a `DaemonSet` or a Job it reports
    /// `FailedGetScale`, and does nothing.
    #[must_use]
    pub fn can_be_scaled(&self) -> bool {
        let group = self.group();
        let is_built_in = |(api_version, kind): &(&str, &str)| {
            *kind == self.kind && group_of(api_version) == group
        };
        // Only groups of Kubernetes itself have no dot.
        group.contains('.') || SCALABLE.iter().any(is_built_in)
    }

    /// Whether a `HorizontalPodAutoscaler` that says this scales that object. Group, kind and name count, the version
    /// does not, and case does (`RESTMappings` in `reconcileAutoscaler`).
    #[must_use]
    pub fn is(&self, group: &str, kind: &str, name: &str) -> bool {
        self.kind == kind && self.name == name && self.group() == group
    }

    /// Whether a `HorizontalPodAutoscaler` that says this and a `VerticalPodAutoscaler` that says the other scale the
    /// same object.
    ///
    /// The latter matches pods by kind and name alone (`TargetRefIndexKey`). By a well-known kind it means the built-in
    /// one, so the former must give its group; another group is another object, or none. Of other kinds it needs the
    /// group to find the object, so there the groups count when both are given. What the former cannot scale, it leaves
    /// alone.
    #[must_use]
    pub fn matches_vertical(&self, vertical: &Self) -> bool {
        self.has_kind_and_name_of(vertical)
            && self.can_be_scaled()
            && match vertical.well_known_group() {
                Some(group) => self.group() == group,
                None => self.may_share_group(vertical),
            }
    }

    /// Whether two `VerticalPodAutoscaler`s scale the same object.
    #[must_use]
    pub fn is_same_for_verticals(&self, other: &Self) -> bool {
        self.has_kind_and_name_of(other)
            && (self.well_known_group().is_some() || self.may_share_group(other))
    }

    /// The group that a `VerticalPodAutoscaler` means by the kind; None where it reads the one that is given.
    #[must_use]
    pub fn well_known_group(&self) -> Option<&'static str> {
        let mut known = WELL_KNOWN.iter();
        known
            .find(|(_, kind)| *kind == self.kind)
            .map(|(group, _)| *group)
    }

    fn has_kind_and_name_of(&self, other: &Self) -> bool {
        !self.kind.is_empty() && self.kind == other.kind && self.name == other.name
    }

    fn may_share_group(&self, other: &Self) -> bool {
        self.api_version.is_empty() || other.api_version.is_empty() || self.group() == other.group()
    }
}

/// Whether the object of a request is a `ReplicaSet` that another object owns: a `Deployment`, or a `Rollout`. That was judged
/// itself, and its roll-out must not hang. An UPDATE that takes the owner off is that of the garbage collector, which lets go of what it leaves
/// behind.
pub fn is_owned_replica_set(request: &Request<'_>) -> Result<bool, DecodeError> {
    let is_owned = |object: &Cursor<'_>| {
        let meta = AutoscalerMeta::read(object);
        meta.map(|meta| meta.owner.is_some())
    };
    Ok(request.kind.kind == ReplicaSet::KIND
        && (is_owned(&request.object())? || is_owned(&request.old_object()).unwrap_or_default()))
}

/// The group of an `apiVersion`.
fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// `Deployment "web"`
impl fmt::Display for ScaleTarget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_kind_and_name(self.kind, self.name, f)
    }
}

/// Writes a kind as a word, if it looks like one, and a name in quotes: both may be what a user made up.
fn write_kind_and_name(kind: &str, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        write!(f, "{kind} {}", quote(name))
    } else {
        write!(f, "{kind} {name}", kind = quote(kind), name = quote(name))
    }
}

/// Who made an autoscaler and keeps it as it is: KEDA's `ScaledObject` for example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The kind of the owner.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// `ScaledObject "web"`
impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_kind_and_name(self.kind, self.name, f)
    }
}

/// What both kinds of autoscaler have in their metadata.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AutoscalerMeta<'a> {
    /// The name.
    pub name: &'a str,
    /// Whether it is being deleted, and so on its way out.
    pub deleting: bool,
    /// The controller that owns it.
    pub owner: Option<Owner<'a>>,
}

impl<'a> AutoscalerMeta<'a> {
    /// Reads the metadata of the object at `cursor`.
    pub fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let meta = cursor.map("metadata", |metadata| {
            let owners = metadata.list("ownerReferences", |owner| {
                let controls = owner.flag("controller")?.unwrap_or_default();
                let (kind, name) = (owner.text("kind")?, owner.text("name")?);
                Ok(controls.then_some(Owner { kind, name }))
            })?;
            Ok(Self {
                name: metadata.text("name")?,
                deleting: !metadata.text("deletionTimestamp")?.is_empty(),
                owner: owners.into_iter().flatten().next(),
            })
        })?;
        Ok(meta.unwrap_or_default())
    }

    /// Writes an autoscaler with its owner, if it has one: `HorizontalPodAutoscaler "web" of ScaledObject "web"`.
    fn describe(&self, kind: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_kind_and_name(kind, self.name, f)?;
        match &self.owner {
            Some(owner) => write!(f, " of {owner}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;
    use document::json::{self, Arena};

    fn target<'a>(api_version: &'a str, kind: &'a str, name: &'a str) -> ScaleTarget<'a> {
        ScaleTarget {
            api_version,
            kind,
            name,
        }
    }

    #[test]
    fn autoscalers_are_in_the_order_of_their_names_whatever_that_of_a_list() {
        for order in [
            ["a 1", "b 1", "b 2"],
            ["b 1", "a 1", "b 2"],
            ["b 1", "b 2", "a 1"],
        ] {
            let mut list = Vec::new();
            for object in order {
                let (name, number) = object.split_once(' ').unwrap();
                insert_by_name(&mut list, name, number);
            }
            assert_eq!(list, [("a", "1"), ("b", "1"), ("b", "2")], "{order:?}");
        }
    }

    #[test]
    fn the_annotations_are_a_part_of_the_spec_in_the_old_version_alone() {
        let keeps = |group: &str, version: &str, annotation: &str, spec: &str| {
            let object = |annotation: &str, spec: &str| {
                format!(
                    r#"{{"metadata":{{"annotations":{{"a":"{annotation}"}}}},"spec":{{"a":"{spec}"}}}}"#
                )
            };
            let text = format!(
                r#"{{"operation":"UPDATE","kind":{{"group":"{group}","version":"{version}"}},"object":{},"oldObject":{}}}"#,
                object(annotation, spec),
                object("old", "old"),
            );
            let arena = Arena::new();
            let json = json::parse(&text, &arena).unwrap();
            keeps_spec(&Request::read(&Cursor::new(&json, FieldPath::new(""))).unwrap())
        };
        for (group, version) in [
            ("autoscaling", "v1"),
            ("autoscaling", "v2"),
            ("autoscaling.k8s.io", "v1"),
        ] {
            let is_old = (group, version) == ("autoscaling", "v1");
            assert!(keeps(group, version, "old", "old"), "{group}/{version}");
            assert_eq!(
                keeps(group, version, "new", "old"),
                !is_old,
                "{group}/{version}"
            );
            assert!(!keeps(group, version, "old", "new"), "{group}/{version}");
        }
    }

    #[test]
    fn a_horizontal_autoscaler_resolves_group_kind_and_name() {
        for (api_version, kind, name, expected) in [
            ("apps/v1", "Deployment", "web", true),
            ("apps/v1beta1", "Deployment", "web", true),
            ("extensions/v1beta1", "Deployment", "web", false),
            ("apps", "Deployment", "web", false),
            ("", "Deployment", "web", false),
            ("apps/v1", "deployment", "web", false),
            ("apps/v1", "StatefulSet", "web", false),
            ("apps/v1", "Deployment", "Web", false),
        ] {
            let found = target(api_version, kind, name).is("apps", "Deployment", "web");
            assert_eq!(found, expected, "{api_version} {kind} {name}");
        }
        assert!(target("v1", "ReplicationController", "a").is("", "ReplicationController", "a"));
    }

    #[test]
    fn a_vertical_autoscaler_resolves_well_known_kinds_without_their_group() {
        let web = target("apps/v1", "Deployment", "web");
        let rollout = target("argoproj.io/v1alpha1", "Rollout", "web");
        for (horizontal, vertical, expected) in [
            (web, web, true),
            (web, target("", "Deployment", "web"), true),
            (web, target("extensions/v1beta1", "Deployment", "web"), true),
            (web, target("apps/v1", "StatefulSet", "web"), false),
            (web, target("apps/v1", "Deployment", "api"), false),
            (
                rollout,
                target("argoproj.io/v1beta1", "Rollout", "web"),
                true,
            ),
            (rollout, target("", "Rollout", "web"), true),
            (rollout, target("example.com/v1", "Rollout", "web"), false),
            (target("", "", ""), target("", "", ""), false),
        ] {
            assert_eq!(
                (
                    horizontal.matches_vertical(&vertical),
                    horizontal.is_same_for_verticals(&vertical)
                ),
                (expected, expected),
                "{horizontal:?} {vertical:?}"
            );
        }
    }

    #[test]
    fn a_horizontal_autoscaler_scales_what_has_a_scale_and_what_may_have_one() {
        for (api_version, kind, expected) in [
            ("apps/v1", "Deployment", true),
            ("apps/v1beta1", "StatefulSet", true),
            ("v1", "ReplicationController", true),
            ("", "ReplicationController", true),
            ("argoproj.io/v1alpha1", "Rollout", true),
            ("example.com/v1", "DaemonSet", true),
            ("apps/v1", "DaemonSet", false),
            ("apps/v1", "deployment", false),
            ("batch/v1", "Job", false),
            ("batch/v1", "CronJob", false),
            ("v1", "Deployment", false),
            ("", "Deployment", false),
            ("extensions/v1beta1", "Deployment", false),
            ("apps/v1", "ReplicationController", false),
            ("", "", false),
        ] {
            let found = target(api_version, kind, "web");
            assert_eq!(found.can_be_scaled(), expected, "{api_version} {kind}");
        }
        let daemon_set = target("apps/v1", "DaemonSet", "web");
        assert!(
            !daemon_set.matches_vertical(&daemon_set)
                && daemon_set.is_same_for_verticals(&daemon_set)
        );
    }

    #[test]
    fn a_horizontal_autoscaler_of_a_well_known_kind_needs_its_group() {
        let web = target("apps/v1", "Deployment", "web");
        for api_version in ["", "apps", "extensions/v1beta1", "example.com/v1"] {
            let other = target(api_version, "Deployment", "web");
            assert!(
                !other.matches_vertical(&web) && other.is_same_for_verticals(&web),
                "{api_version}"
            );
        }
        let core = target("v1", "ReplicationController", "web");
        assert!(core.matches_vertical(&target("", "ReplicationController", "web")));
    }

    #[test]
    fn names_what_users_made_up_in_quotes() {
        assert_eq!(target("", "Rollout", "web").to_string(), "Rollout \"web\"");
        assert_eq!(target("", "a b", "\n").to_string(), "\"a b\" \"\\n\"");
    }

    #[test]
    fn knows_who_made_an_autoscaler() {
        let text = r#"{"metadata":{"name":"keda-hpa-web","ownerReferences":[
            {"kind":"Other","name":"x"},{"kind":"ScaledObject","name":"web","controller":true}]}}"#;
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        let meta = AutoscalerMeta::read(&Cursor::new(&json, FieldPath::new(""))).unwrap();
        assert_eq!((meta.name, meta.deleting), ("keda-hpa-web", false));
        let owner = meta.owner.map(|owner| owner.to_string());
        assert_eq!(owner.as_deref(), Some("ScaledObject \"web\""));
        let arena = Arena::new();
        let json = json::parse(r#"{"metadata":{"deletionTimestamp":"x"}}"#, &arena).unwrap();
        let meta = AutoscalerMeta::read(&Cursor::new(&json, FieldPath::new(""))).unwrap();
        assert!(meta.deleting && meta.owner.is_none());
    }
}
