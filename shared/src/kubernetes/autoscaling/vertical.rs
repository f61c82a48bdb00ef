//! `VerticalPodAutoscaler`s: which requests of which containers they change.

use std::fmt;

use k8s_openapi::{NamespaceResourceScope, Resource};

use super::{AutoscalerMeta, ScaleTarget};
use crate::index::{Index, hash};
use document::Cursor;
use document::DecodeError;
use document::Json;

/// A `VerticalPodAutoscaler`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerticalPodAutoscaler<'a> {
    /// Name, owner, and whether it is being deleted.
    pub meta: AutoscalerMeta<'a>,
    /// What it scales.
    pub target: ScaleTarget<'a>,
    /// Whether it changes anything.
    pub mode: UpdateMode<'a>,
    /// What it does to which containers.
    pub policies: Vec<ContainerPolicy<'a>>,
    /// The policies by the names of their containers: there may be thousands of both.
    index: Index,
    /// The last policy for all containers that are not named.
    wildcard: Option<usize>,
    /// Whether it raises the cpu of starting containers, unless their own policy is off: also when its mode is `Off`
    /// (`vertical-pod-autoscaler/pkg/admission-controller/resource/vpa/matcher.go`).
    pub startup_boost: bool,
    /// Whether Goldilocks made it, and keeps it as its namespace says: by the label that it gives to all that it makes
    /// (`VPALabels` in `pkg/utils/utils.go` of FairwindsOps/goldilocks). It names no owner.
    pub is_of_goldilocks: bool,
}

/// How a `VerticalPodAutoscaler` applies what it recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMode<'a> {
    /// It only recommends.
    Off,
    /// It changes requests, at once or when pods are made. Holds the mode, `Recreate` where none is written. A mode
    /// that is not known yet changes them as well.
    Active(&'a str),
}

/// What a `VerticalPodAutoscaler` does to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerPolicy<'a> {
    /// The name of a container, or `*` for all that are not named.
    pub container: &'a str,
    /// Whether it leaves the container alone.
    pub off: bool,
    /// The resources whose requests it changes, of those that are recommended.
    pub controlled: Vec<&'static str>,
    /// Whether it says that it changes limits with requests, as it does where nothing is said.
    pub names_limits: bool,
    /// Whether it raises the cpu of the container while it starts.
    pub startup_boost: bool,
}

/// The resources that a `VerticalPodAutoscaler` recommends, and changes unless it names some of them.
const RECOMMENDED: [&str; 2] = ["cpu", "memory"];

impl<'a> VerticalPodAutoscaler<'a> {
    /// Reads one.
    pub fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let spec = cursor.map("spec", |spec| {
            let mode = spec.map("updatePolicy", |policy| policy.text("updateMode"))?;
            let policies = spec.map("resourcePolicy", |policy| {
                policy.list("containerPolicies", ContainerPolicy::read)
            })?;
            // Source of the default: `GetUpdateMode` in `vertical-pod-autoscaler/pkg/utils/vpa/api.go`.
            let mode = match mode.unwrap_or_default() {
                "" => UpdateMode::Active("Recreate"),
                "Off" => UpdateMode::Off,
                mode => UpdateMode::Active(mode),
            };
            let startup_boost = boosts(spec)?;
            Ok((mode, policies.unwrap_or_default(), startup_boost))
        })?;
        let (mode, policies, startup_boost) =
            spec.unwrap_or((UpdateMode::Active("Recreate"), Vec::new(), false));
        Ok(Self {
            meta: AutoscalerMeta::read(cursor)?,
            target: ScaleTarget::of_vertical(cursor)?,
            mode,
            index: Index::of(&mut policies.iter().map(|policy| policy.container)),
            wildcard: policies.iter().rposition(|policy| policy.container == "*"),
            policies,
            startup_boost,
            is_of_goldilocks: cursor.at("metadata.labels", |labels| labels.text("source"))?
                == Some("goldilocks"),
        })
    }

    /// The policy for a container: the first that names it, else the last for all. None when it is controlled as a
    /// whole. One without a name is for no container, and so is the empty name for those that no policy names. Source: `GetContainerResourcePolicy` in `vertical-pod-autoscaler/pkg/utils/vpa/api.go`.
    #[must_use]
    pub fn policy(&self, container: &str) -> Option<&ContainerPolicy<'a>> {
        self.policy_with_index(container).map(|(_, policy)| policy)
    }

    /// The same, with its place.
    #[must_use]
    pub fn policy_with_index(&self, container: &str) -> Option<(usize, &ContainerPolicy<'a>)> {
        let named = |place: &usize| {
            let policy = self.policies.get(*place);
            policy.is_some_and(|policy| policy.container == container && !container.is_empty())
        };
        let own = self.index.places(hash(0, container)).find(named);
        let place = own.or(self.wildcard)?;
        Some((place, self.policies.get(place)?))
    }

    /// Whether it changes the request of a regular container for a resource. It never changes init containers, nor
    /// those of them that run on as sidecars (`vertical-pod-autoscaler/docs/sidecar-containers.md`).
    #[must_use]
    pub fn controls(&self, container: &str, resource: &str) -> bool {
        self.mode != UpdateMode::Off
            && match self.policy(container) {
                None => RECOMMENDED.contains(&resource),
                Some(policy) => policy.controls(resource),
            }
    }

    /// Whether it may change the request of any container for a resource.
    #[must_use]
    pub fn may_control(&self, resource: &str) -> bool {
        let mut policies = self.policies.iter();
        self.mode != UpdateMode::Off
            && (self.wildcard.is_none() && RECOMMENDED.contains(&resource)
                || policies.any(|policy| policy.controls(resource)))
    }

    /// Whether it raises the cpu request of a container while that starts, whatever the mode says.
    #[must_use]
    pub fn boosts(&self, container: &str) -> bool {
        match self.policy(container) {
            None => self.startup_boost,
            Some(policy) => !policy.off && (self.startup_boost || policy.startup_boost),
        }
    }
}

/// Kubernetes does not have the kind, but its definition names it in the same way.
impl Resource for VerticalPodAutoscaler<'_> {
    const API_VERSION: &'static str = "autoscaling.k8s.io/v1";
    const GROUP: &'static str = "autoscaling.k8s.io";
    const KIND: &'static str = "VerticalPodAutoscaler";
    const VERSION: &'static str = "v1";
    const URL_PATH_SEGMENT: &'static str = "verticalpodautoscalers";
    type Scope = NamespaceResourceScope;
}

/// `VerticalPodAutoscaler "web"`, with its owner if it has one.
impl fmt::Display for VerticalPodAutoscaler<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meta.describe(Self::KIND, f)?;
        f.write_str(if self.is_of_goldilocks {
            " of Goldilocks"
        } else {
            ""
        })
    }
}

impl<'a> ContainerPolicy<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        // A list that is there and empty controls nothing. Source: `UpdateFromPolicy` in
        // `vertical-pod-autoscaler/pkg/recommender/model/aggregate_container_state.go`.
        let listed = cursor.list_of_texts("controlledResources")?;
        let is_default = matches!(cursor.value("controlledResources")?, Json::Null);
        // There may be thousands of others, for which nothing is recommended.
        let controlled = RECOMMENDED
            .into_iter()
            .filter(|resource| is_default || listed.contains(resource));
        Ok(Self {
            container: cursor.text("containerName")?,
            off: cursor.text("mode")? == "Off",
            controlled: controlled.collect(),
            names_limits: cursor.text("controlledValues")? == "RequestsAndLimits",
            startup_boost: boosts(cursor)?,
        })
    }

    fn controls(&self, resource: &str) -> bool {
        !self.off && self.controlled.contains(&resource)
    }
}

/// Whether `startupBoost` raises anything: cpu is all that it can raise.
fn boosts(cursor: &Cursor<'_>) -> Result<bool, DecodeError> {
    let cpu = cursor.at("startupBoost.cpu", |_| Ok(()))?;
    Ok(cpu.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kubernetes::autoscaling::Owner;
    use document::FieldPath;
    use document::json::{self, Arena};

    fn with<T>(spec: &Value, check: impl FnOnce(VerticalPodAutoscaler<'_>) -> T) -> T {
        let text = json!({"metadata": {"name": "web"}, "spec": spec}).to_string();
        let arena = Arena::new();
        let json = json::parse(&text, &arena).unwrap();
        let cursor = Cursor::new(&json, FieldPath::new(""));
        check(VerticalPodAutoscaler::read(&cursor).unwrap())
    }

    #[test]
    fn is_named_with_its_owner() {
        with(&json!({}), |vpa| {
            assert_eq!(vpa.to_string(), "VerticalPodAutoscaler \"web\"");
            let (kind, name) = ("Database", "db");
            let meta = AutoscalerMeta {
                owner: Some(Owner { kind, name }),
                ..vpa.meta
            };
            let owned = VerticalPodAutoscaler { meta, ..vpa }.to_string();
            assert_eq!(owned, "VerticalPodAutoscaler \"web\" of Database \"db\"");
        });
    }

    #[test]
    fn every_mode_but_off_is_active() {
        for (policy, expected) in [
            (json!(null), UpdateMode::Active("Recreate")),
            (json!({}), UpdateMode::Active("Recreate")),
            (json!({"updateMode": null}), UpdateMode::Active("Recreate")),
            (json!({"updateMode": ""}), UpdateMode::Active("Recreate")),
            (json!({"updateMode": "Off"}), UpdateMode::Off),
            (
                json!({"updateMode": "Initial"}),
                UpdateMode::Active("Initial"),
            ),
            (json!({"updateMode": "Auto"}), UpdateMode::Active("Auto")),
            (
                json!({"updateMode": "InPlaceOrRecreate"}),
                UpdateMode::Active("InPlaceOrRecreate"),
            ),
            (json!({"updateMode": "off"}), UpdateMode::Active("off")),
            (
                json!({"updateMode": "Someday"}),
                UpdateMode::Active("Someday"),
            ),
        ] {
            with(&json!({ "updatePolicy": policy }), |vpa| {
                assert_eq!(vpa.mode, expected, "{policy}");
                let active = expected != UpdateMode::Off;
                assert_eq!(vpa.may_control("cpu"), active, "{policy}");
                assert!(!vpa.may_control("gpu"), "{policy}");
                assert_eq!(vpa.controls("app", "cpu"), active, "{policy}");
                assert!(!vpa.controls("app", "gpu"), "{policy}");
            });
        }
    }

    #[test]
    fn the_policy_of_a_container_is_its_own_then_the_last_for_all() {
        // Whether cpu and memory of `app` and of `other` are controlled.
        for (policies, app, other) in [
            (json!([]), (true, true), (true, true)),
            (
                json!([{"containerName": "app", "mode": "Off"}]),
                (false, false),
                (true, true),
            ),
            (
                json!([{"containerName": "*", "mode": "Off"}]),
                (false, false),
                (false, false),
            ),
            (json!([{"mode": "Off"}]), (true, true), (true, true)),
            (
                json!([{"containerName": "*", "mode": "Off"}, {"containerName": "app"}]),
                (true, true),
                (false, false),
            ),
            (
                json!([{"containerName": "*", "controlledResources": ["memory"]}]),
                (false, true),
                (false, true),
            ),
            (
                json!([{"containerName": "*", "controlledResources": []}]),
                (false, false),
                (false, false),
            ),
            (
                json!([{"containerName": "*", "controlledResources": null}]),
                (true, true),
                (true, true),
            ),
            (
                json!([{"containerName": "*", "controlledResources": ["gpu", "memory", "cpu", "cpu"]}]),
                (true, true),
                (true, true),
            ),
            (
                json!([
                    {"containerName": "app", "controlledResources": ["cpu"]},
                    {"containerName": "app", "mode": "Off"},
                ]),
                (true, false),
                (true, true),
            ),
            (
                json!([
                    {"containerName": "*", "mode": "Off"},
                    {"containerName": "*", "controlledValues": "RequestsOnly"},
                ]),
                (true, true),
                (true, true),
            ),
        ] {
            let spec = json!({"resourcePolicy": {"containerPolicies": policies}});
            with(&spec, |vpa| {
                let of = |name| (vpa.controls(name, "cpu"), vpa.controls(name, "memory"));
                assert_eq!((of("app"), of("other")), (app, other), "{policies}");
                assert_eq!(of(""), other, "{policies}");
                for (resource, expected) in
                    [("cpu", app.0 || other.0), ("memory", app.1 || other.1)]
                {
                    // A policy that is not the first of its container is counted as well.
                    assert!(vpa.may_control(resource) || !expected, "{policies}");
                }
            });
        }
    }

    #[test]
    fn a_boost_works_in_every_mode_but_not_for_what_is_left_alone() {
        let boost = json!({"cpu": {"type": "Factor", "factor": 3}});
        let off = json!({"updateMode": "Off"});
        for (spec, app, other) in [
            (json!({"updatePolicy": off}), false, false),
            (json!({"startupBoost": {}}), false, false),
            (json!({"startupBoost": {"cpu": null}}), false, false),
            (
                json!({"updatePolicy": off, "startupBoost": boost}),
                true,
                true,
            ),
            (
                json!({"startupBoost": boost, "resourcePolicy": {"containerPolicies": [
                    {"containerName": "app", "mode": "Off"}]}}),
                false,
                true,
            ),
            (
                json!({"resourcePolicy": {"containerPolicies": [
                    {"containerName": "app", "startupBoost": boost}]}}),
                true,
                false,
            ),
        ] {
            with(&spec, |vpa| {
                assert_eq!(
                    (vpa.boosts("app"), vpa.boosts("other")),
                    (app, other),
                    "{spec}"
                );
            });
        }
    }
}
