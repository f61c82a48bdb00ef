//! A key that is taken away from workloads that need it.

use shared::{FieldPath, Level, Rule, Verdict, rule};

use super::note;

pub(crate) static RULE: Rule = rule! {
    id: "removed_key",
    summary: "An UPDATE of a ConfigMap or Secret that takes away a key, or moves it to `binaryData`, while a Deployment, \
              StatefulSet, DaemonSet or CronJob of the namespace needs it",
    why: "Their next pods do not start (CreateContainerConfigError, FailedMount). In an upgrade the key goes before \
          the workload lets \
          go of it, so it is told and not refused",
    fix: "keep it until the workload has let go of it",
    levels: [Warn by "users"],
};

/// Tells it.
pub(crate) fn check(workload: &str, key: &str, level: Level, verdict: &mut Verdict) {
    let what = format!("is taken away, and {workload} needs it");
    let place = FieldPath::new("data");
    note(&RULE, level, &place.key(key), &what, NEXT, "", &[], verdict);
}

/// What follows.
pub(crate) const NEXT: &str = ": the next pods do not start";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::WorkloadReferences;
    use crate::testing::{config_map, deployment, of_kind, secret};

    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests hand over what `json!` makes"
    )]
    fn with(container: Value, volumes: Value) -> Value {
        let mut container = container;
        container["name"] = json!("app");
        json!({"containers": [container], "volumes": volumes})
    }

    fn variable(optional: bool) -> Value {
        let reference = json!({"name": "web", "key": "a", "optional": optional});
        with(
            json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": reference}}]}),
            json!(null),
        )
    }

    fn told(old: &Value, new: &Value, workloads: &[Value]) -> Vec<String> {
        Review::update(old, new)
            .in_cluster(MemoryCluster::new(workloads.to_vec()))
            .lines::<WorkloadReferences>()
    }

    #[test]
    fn says_who_needs_what_is_taken_away() {
        let (old, new) = (
            config_map("web", json!({"a": "1", "b": "2"})),
            config_map("web", json!({"b": "2"})),
        );
        let mut moved = new.clone();
        moved["binaryData"] = json!({"a": "MQ=="});
        let line = |what: &str, who: &str| {
            format!(
                "warning: workload-references: data[\"a\"]: {what}, and {who} it: the next pods do not start; fix: \
                 keep it until the \
                 workload has let go of it [removed_key]"
            )
        };
        let web = deployment(&variable(false));
        let set = of_kind(
            "apps/v1",
            "StatefulSet",
            json!({"template": {"spec": variable(false)}}),
        );
        let one = "Deployment \"web\" needs";
        for (new, workloads, expected) in [
            (&new, vec![web.clone()], vec![line("is taken away", one)]),
            (&moved, vec![web.clone()], vec![line("is taken away", one)]),
            (
                &new,
                vec![web.clone(), set],
                vec![
                    line("is taken away", one),
                    line("is taken away", "StatefulSet \"web\" needs"),
                ],
            ),
            (&new, vec![deployment(&variable(true))], vec![]),
            (&new, vec![], vec![]),
            (&old, vec![web.clone()], vec![]),
        ] {
            assert_eq!(told(&old, new, &workloads), expected);
        }
        let asked = |new: &Value| {
            let review = Review::update(&old, new).in_cluster(MemoryCluster::new([web.clone()]));
            review.asked::<WorkloadReferences>().len()
        };
        assert_eq!((asked(&new), asked(&old)), (4, 0));
    }

    #[test]
    fn files_need_keys_as_well() {
        let old = secret("web", "Opaque", json!({"a": "MQ==", "b": "MQ=="}));
        let new = secret("web", "Opaque", json!({"b": "MQ=="}));
        let of_volume = |mount: Value, items: Value| {
            let volumes = json!([{"name": "v", "secret": {"secretName": "web", "items": items}}]);
            deployment(&with(json!({"volumeMounts": [mount]}), volumes))
        };
        for (workload, findings) in [
            (
                of_volume(json!({"name": "v"}), json!([{"key": "a", "path": "x"}])),
                1,
            ),
            (
                of_volume(json!({"name": "w"}), json!([{"key": "a", "path": "x"}])),
                0,
            ),
            (of_volume(json!({"name": "v"}), json!(null)), 0),
            (
                of_volume(json!({"name": "v", "subPath": "a"}), json!(null)),
                1,
            ),
            (
                of_volume(json!({"name": "v", "subPath": "b"}), json!(null)),
                0,
            ),
        ] {
            let found = told(&old, &new, std::slice::from_ref(&workload));
            assert_eq!(found.len(), findings, "{workload}: {found:?}");
        }
    }
}
