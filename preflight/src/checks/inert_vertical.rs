//! A `VerticalPodAutoscaler` that recommends nothing, in any mode, because of what it targets.
//!
//! It reports `ConfigUnsupported`. Sources, of kubernetes/autoscaler: `getSelector` and `validateTargetRef` in
//! `vertical-pod-autoscaler/pkg/recommender/input/cluster_feeder.go`, `wellKnownControllers` in
//! `pkg/target/fetcher.go`.

use shared::kubernetes::autoscaling::ScaleTarget;
use shared::{Level, Rule, rule};
use tree::Value;

use super::{Found, Manifests};
use crate::{manifests::Object, report::Subject};
use cluster::{
    environments,
    kinds::{is_built_in, text},
};

pub(super) static RULE: Rule = rule! {
    id: "inert_vertical",
    summary: "A VerticalPodAutoscaler whose target is not among the manifests, is misspelt, or is made by \
          something else",
    why: "It recommends nothing (`ConfigUnsupported`), and the pods keep the requests that are written",
    fix: "write kind and name of the workload in targetRef",
    levels: [Warn, Deny for "a kind in the wrong case"],
};

/// The kinds that are found by their name alone, whatever group is written.
const WELL_KNOWN: &[&str] = &[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// A finding for each that surely recommends nothing.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let is_one = |object: &Object| {
        object.group() == "autoscaling.k8s.io" && object.kind() == "VerticalPodAutoscaler"
    };
    let written = manifests.objects.written();
    let verticals = written.filter(|(_, object, _)| is_one(object));
    let found = verticals
        .filter_map(|(position, object, _)| judge(position, object, manifests.beside(object)));
    found.collect()
}

fn judge(position: usize, vertical: &Object, beside: &[&Object]) -> Option<Found> {
    let of_target = |field: &str| text(&vertical.value, &format!("/spec/targetRef/{field}"));
    let target = ScaleTarget {
        api_version: of_target("apiVersion").unwrap_or_default(),
        kind: of_target("kind")?,
        name: of_target("name")?,
    };
    if text(&vertical.value, "/metadata/deletionTimestamp").is_some() {
        return None;
    }
    let told = |field: &str, level, problem: String, fix: String| Found {
        object: position,
        field: format!("spec.targetRef.{field}"),
        problem: format!("{problem}, so it recommends nothing (ConfigUnsupported)"),
        fix,
        level,
        code: None,
        absent: None,
    };
    if !WELL_KNOWN.contains(&target.kind) {
        // Then the group counts, and no API of Kubernetes has a kind that is written like this.
        let group = target.group();
        let mut known = WELL_KNOWN.iter();
        let known = known.find(|kind| kind.eq_ignore_ascii_case(target.kind));
        let known = known.filter(|_| group.is_empty() || is_built_in(group))?;
        let problem = format!(
            "{:?} is not a kind: upper and lower case matter",
            target.kind
        );
        return Some(told(
            "kind",
            Level::Deny,
            problem,
            format!("write kind: {known}"),
        ));
    }
    let beside = beside.iter().filter(|object| {
        WELL_KNOWN.contains(&object.kind())
            && is_built_in(object.group())
            && environments::may_be_one(&object.file, &vertical.file)
    });
    let beside: Vec<&&Object> = beside.collect();
    let mut of_name = beside
        .iter()
        .filter(|object| object.name() == Some(target.name));
    let mut of_kind = of_name
        .clone()
        .filter(|object| object.kind() == target.kind);
    if let Some(there) = of_kind.next() {
        let owner = owner(there)?;
        let problem =
            format!("{target} is made by {owner}, and the recommender wants the topmost of them");
        let fix = format!("write {owner} in targetRef");
        return Some(told("name", Level::Warn, problem, fix));
    }
    if let Some(other) = of_name.next() {
        let problem = format!(
            "there is no {target} among the manifests, but {} ({})",
            Subject::of(other),
            other.place()
        );
        let fix = format!("write kind: {}", other.kind());
        return Some(told("kind", Level::Warn, problem, fix));
    }
    // Manifests that have no other object of the kind may well leave all of them out.
    let mut alike = beside
        .iter()
        .filter(|object| object.kind() == target.kind)
        .map(|object| {
            (
                alikeness(object.name().unwrap_or_default(), target.name),
                *object,
            )
        })
        .collect::<Vec<_>>();
    alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let (alikeness, other) = alike.first()?;
    let is_meant = *alikeness >= ALIKE;
    let problem = format!("there is no {target} among the manifests");
    let (problem, fix) = if is_meant {
        let (subject, place) = (Subject::of(other), other.place());
        let name = other.name().unwrap_or_default();
        (
            format!("{problem}, but {subject} ({place})"),
            format!("write name: {name}"),
        )
    } else {
        (problem, "correct the name, or create the target".to_owned())
    };
    Some(told("name", Level::Warn, problem, fix))
}

/// Below this, names have little more in common than some letters.
const ALIKE: f64 = 0.9;

fn alikeness(one: &str, other: &str) -> f64 {
    strsim::jaro_winkler(one, other)
}

/// The workload that makes this one: `Deployment "web"`.
fn owner(object: &Object) -> Option<String> {
    let owners = object
        .value
        .pointer("/metadata/ownerReferences")?
        .as_array()?;
    let is_controller = |owner: &&Value| {
        owner.get("controller").and_then(Value::as_bool) == Some(true)
            && text(owner, "/kind").is_some_and(|kind| WELL_KNOWN.contains(&kind))
            && text(owner, "/apiVersion")
                .is_some_and(|version| is_built_in(cluster::kinds::split(version).0))
    };
    let owner = owners.iter().find(is_controller)?;
    let target = ScaleTarget {
        api_version: "",
        kind: text(owner, "/kind")?,
        name: text(owner, "/name")?,
    };
    Some(target.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    fn vertical(kind: &str, name: &str) -> String {
        format!(
            "{{apiVersion: autoscaling.k8s.io/v1, kind: VerticalPodAutoscaler, metadata: {{name: v, namespace: shop}}, \
             spec: {{targetRef: {{apiVersion: apps/v1, kind: {kind}, name: {name}}}}}}}\n---\n"
        )
    }

    const WEB: &str =
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web-server, namespace: shop}}\n";

    #[test]
    fn says_what_is_wrong_with_the_target() {
        let end = ", so it recommends nothing (ConfigUnsupported)";
        let owned = WEB.replace("Deployment", "ReplicaSet").replace(
            "shop}",
            "shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}",
        );
        for (kind, name, there, expected) in [
            (
                "deployment",
                "web-server",
                WEB,
                "kind \"deployment\" is not a kind: upper and lower case matter",
            ),
            (
                "StatefulSet",
                "web-server",
                WEB,
                "kind there is no StatefulSet \"web-server\" among the manifests, but Deployment shop/web-server (f.yaml:3)",
            ),
            (
                "Deployment",
                "web-sever",
                WEB,
                "name there is no Deployment \"web-sever\" among the manifests, but Deployment shop/web-server (f.yaml:3)",
            ),
            (
                "Deployment",
                "queue",
                WEB,
                "name there is no Deployment \"queue\" among the manifests",
            ),
            (
                "ReplicaSet",
                "web-server",
                owned.as_str(),
                "name ReplicaSet \"web-server\" is made by Deployment \"web\", and the recommender wants the topmost of them",
            ),
        ] {
            let lines = found(find, &(vertical(kind, name) + there));
            assert_eq!(lines, [format!("f.yaml:1 spec.targetRef.{expected}{end}")]);
        }
    }

    #[test]
    fn what_the_manifests_do_not_show_surely_is_not_told() {
        let custom = WEB.replace(
            "shop}",
            "shop, ownerReferences: [{apiVersion: x.io/v1, kind: Web, name: web, controller: true}]}",
        );
        for (kind, name, there) in [
            ("Deployment", "web-server", WEB.to_owned()),
            ("Deployment", "web-server", custom),
            // Nothing of the kind is there, or not here.
            ("Deployment", "web-server", String::new()),
            ("StatefulSet", "db", WEB.to_owned()),
            (
                "Deployment",
                "db",
                WEB.replace("namespace: shop", "namespace: bank"),
            ),
            ("Rollout", "web-server", WEB.to_owned()),
        ] {
            let text = vertical(kind, name) + &there;
            assert_eq!(found(find, &text), [""; 0], "{text}");
        }
        let custom = vertical("deployment", "a").replace("apps/v1", "example.com/v1");
        assert_eq!(found(find, &custom), [""; 0]);
    }
}
