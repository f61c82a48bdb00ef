//! Two autoscalers whose targets are not the same, but belong together.

use shared::kubernetes::autoscaling::Goal;
use shared::{Finding, Level, Rule, Verdict, rule};

use crate::active::RESOURCES;
use crate::kind::Kind;
use crate::pair::Pair;
use crate::settings::{Scope, Settings};

pub(crate) static RULE: Rule = rule! {
    id: "indirect_target",
    summary: "A HorizontalPodAutoscaler and a VerticalPodAutoscaler of which one targets the owner of what the other \
              one targets, and that share a resource",
    why: "Both reach the same pods. A VerticalPodAutoscaler works only on the topmost owner; on one below it does \
          nothing, until that is corrected",
    fix: "have both target the topmost owner, and share no resource",
    levels: [Warn by "indirectTargets"],
};

/// Reports each resource that the two share as far as their policies say, or all where they may share nothing.
pub(crate) fn check(pair: &Pair<'_>, settings: &Settings, verdict: &mut Verdict) {
    if settings.scope == Scope::Target {
        report(pair, "", settings, verdict);
        return;
    }
    let mut clashes = pair.clashes();
    clashes.retain(|clash| {
        clash.metric.goal == Goal::Utilization || settings.average_value != Level::Off
    });
    for resource in RESOURCES {
        let mut shared = clashes.iter();
        if shared.any(|clash| clash.metric.resource == resource) {
            report(pair, &format!(" and {resource}"), settings, verdict);
        }
    }
}

fn report(pair: &Pair<'_>, resource: &str, settings: &Settings, verdict: &mut Verdict) {
    let (horizontal, vertical) = (&pair.horizontal.target, &pair.vertical.target);
    let (own, target) = match pair.written {
        Kind::Horizontal => (horizontal, vertical),
        Kind::Vertical => (vertical, horizontal),
    };
    let other = pair.other();
    let reason =
        format!("shares pods{resource} with {other}: one of {own} and {target} owns the other");
    let finding = Finding::new(&RULE, &pair.target_field(), reason);
    verdict.report(
        settings.indirect_targets,
        finding.consequence(&pair.owner_note()),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{deployment, hpa, lines, owned, utilization, value, vpa};

    const WARNING: &str = "warning: hpa-vpa-overlap: spec.scaleTargetRef: shares pods and cpu with \
                           VerticalPodAutoscaler \"web\": one of Deployment \"web\" and ReplicaSet \"web-5f7\" owns the \
                           other; fix: have both target the topmost owner, and share no resource [indirect_target]";

    /// The same, of autoscalers that have an owner.
    const OWNED: &str = "warning: hpa-vpa-overlap: spec.scaleTargetRef: shares pods and cpu with \
                         VerticalPodAutoscaler \"web\" of Shop \"web\": one of Deployment \"web\" and ReplicaSet \
                         \"web-5f7\" owns the other, and Shop \"web\" owns this autoscaler; fix: have both target the topmost \
                         owner, and share no resource [indirect_target]";

    /// The object of another kind and name.
    fn renamed(mut object: Value, kind: &str, name: &str) -> Value {
        object["kind"] = json!(kind);
        object["metadata"]["name"] = json!(name);
        object
    }

    fn on(mut autoscaler: Value, field: &str, api_version: &str, kind: &str, name: &str) -> Value {
        autoscaler["spec"][field] = json!({"apiVersion": api_version, "kind": kind, "name": name});
        autoscaler
    }

    fn replica_set() -> Value {
        owned(
            renamed(deployment(&["app"]), "ReplicaSet", "web-5f7"),
            "Deployment",
            "web",
        )
    }

    #[test]
    fn finds_what_owners_have_in_common_on_both_sides() {
        let cpu = || hpa(&json!([utilization("cpu")]));
        let all = || vpa(&json!(null), &json!(null));
        let set = ("apps/v1", "ReplicaSet", "web-5f7");
        let database = ("example.com/v1", "Database", "we");
        let web = ("apps/v1", "Deployment", "web");
        let owned_deployment = owned(deployment(&["app"]), "Database", "we");
        for (horizontal, vertical, there) in [
            (web, set, vec![deployment(&["app"]), replica_set()]),
            (set, web, vec![deployment(&["app"]), replica_set()]),
            (web, database, vec![owned_deployment.clone()]),
            (database, web, vec![owned_deployment.clone()]),
            (set, database, vec![owned_deployment.clone(), replica_set()]),
        ] {
            let one = on(
                cpu(),
                "scaleTargetRef",
                horizontal.0,
                horizontal.1,
                horizontal.2,
            );
            let other = on(all(), "targetRef", vertical.0, vertical.1, vertical.2);
            let with = |other: &Value| {
                let mut objects = there.clone();
                objects.push(other.clone());
                objects
            };
            let say = |object: &Value, other: &Value, level: &str| {
                let there = with(other);
                let there: Vec<&Value> = there.iter().collect();
                lines(object, &there, &json!({"indirectTargets": level}))
            };
            let (h, v) = (
                format!("{} \"{}\"", horizontal.1, horizontal.2),
                format!("{} \"{}\"", vertical.1, vertical.2),
            );
            let line = format!(
                "spec.scaleTargetRef: shares pods and cpu with VerticalPodAutoscaler \"web\": one of {h} and {v} owns \
                 the other"
            );
            let fix = "; fix: have both target the topmost owner, and share no resource [indirect_target]";
            assert_eq!(say(&one, &other, "deny"), [format!("{line}{fix}")]);
            let line = format!(
                "spec.targetRef: shares pods and cpu with HorizontalPodAutoscaler \"web\": one of {v} and {h} owns the \
                 other"
            );
            assert_eq!(say(&other, &one, "deny"), [format!("{line}{fix}")]);
            let warning = format!("warning: hpa-vpa-overlap: {line}{fix}");
            assert_eq!(say(&other, &one, "warn"), [warning]);
            assert_eq!(
                (say(&one, &other, "off"), say(&other, &one, "off")),
                (vec![], vec![])
            );
        }
    }

    #[test]
    fn what_does_not_belong_together_or_shares_nothing_is_left_alone() {
        let memory = json!([{"containerName": "*", "controlledResources": ["memory"]}]);
        let on_set =
            |vertical: Value| on(vertical, "targetRef", "apps/v1", "ReplicaSet", "web-5f7");
        let all = || on_set(vpa(&json!(null), &json!(null)));
        let metrics = json!([utilization("cpu")]);
        for (vertical, set) in [
            (
                all(),
                renamed(deployment(&["app"]), "ReplicaSet", "web-5f7"),
            ),
            (
                all(),
                owned(
                    renamed(deployment(&[]), "ReplicaSet", "web-5f7"),
                    "Deployment",
                    "api",
                ),
            ),
            (all(), json!({})),
            (on_set(vpa(&json!("Off"), &json!(null))), replica_set()),
            (on_set(vpa(&json!(null), &memory)), replica_set()),
        ] {
            let there = [&vertical, &set, &deployment(&["app"])];
            assert_eq!(
                lines(&hpa(&metrics), &there, &json!({})),
                [""; 0],
                "{vertical} {set}"
            );
        }
        let off = json!({"scope": "target"});
        let vertical = on_set(vpa(&json!(null), &memory));
        let found = lines(
            &hpa(&metrics),
            &[&vertical, &replica_set(), &deployment(&[])],
            &off,
        );
        assert_eq!(
            found,
            [
                "warning: hpa-vpa-overlap: spec.scaleTargetRef: shares pods with VerticalPodAutoscaler \"web\": one of \
                 Deployment \"web\" and ReplicaSet \"web-5f7\" owns the other; fix: have both target the topmost owner, \
                 and share no resource [indirect_target]"
            ]
        );
    }

    #[test]
    fn an_amount_counts_where_it_counts_for_one_target() {
        let vertical = on(
            vpa(&json!(null), &json!(null)),
            "targetRef",
            "apps/v1",
            "ReplicaSet",
            "web-5f7",
        );
        let there = [&vertical, &replica_set(), &deployment(&["app"])];
        let horizontal = hpa(&json!([value("cpu")]));
        assert_eq!(
            lines(&horizontal, &there, &json!({"averageValue": "off"})),
            [""; 0]
        );
        for level in ["warn", "deny"] {
            let settings = json!({ "averageValue": level });
            assert_eq!(lines(&horizontal, &there, &settings), [WARNING]);
        }
        let utilization = hpa(&json!([utilization("cpu")]));
        let found = lines(&utilization, &there, &json!({"averageValue": "off"}));
        assert_eq!(found, [WARNING]);
    }

    #[test]
    fn what_one_controller_made_is_left_alone() {
        let vertical = on(
            vpa(&json!(null), &json!(null)),
            "targetRef",
            "apps/v1",
            "ReplicaSet",
            "web-5f7",
        );
        for (maker, found) in [("MultidimPodAutoscaler", None), ("Shop", Some(OWNED))] {
            let made = |object: Value| owned(object, maker, "web");
            let horizontal = made(hpa(&json!([utilization("cpu")])));
            let there = [
                &made(vertical.clone()),
                &replica_set(),
                &deployment(&["app"]),
            ];
            let found: Vec<&str> = found.into_iter().collect();
            assert_eq!(lines(&horizontal, &there, &json!({})), found, "{maker}");
        }
    }

    #[test]
    fn what_is_not_called_after_its_owner_or_of_another_group_is_not_looked_up() {
        let horizontal = hpa(&json!([utilization("cpu")]));
        let other = owned(
            renamed(deployment(&["app"]), "ReplicaSet", "api-5f7"),
            "Deployment",
            "web",
        );
        let vertical = on(
            vpa(&json!(null), &json!(null)),
            "targetRef",
            "apps/v1",
            "ReplicaSet",
            "api-5f7",
        );
        let found = lines(
            &horizontal,
            &[&vertical, &other, &deployment(&["app"])],
            &json!({}),
        );
        assert_eq!(found, [""; 0]);
        // A Deployment of another group says nothing about that of Kubernetes, which has an owner.
        let elsewhere = on(
            horizontal,
            "scaleTargetRef",
            "example.com/v1",
            "Deployment",
            "web",
        );
        let vertical = on(
            vpa(&json!(null), &json!(null)),
            "targetRef",
            "example.com/v1",
            "Database",
            "we",
        );
        let there = owned(deployment(&["app"]), "Database", "we");
        assert_eq!(lines(&elsewhere, &[&vertical, &there], &json!({})), [""; 0]);
    }

    #[test]
    fn kinds_that_cannot_be_read_leave_the_others_their_turn() {
        let mut there: Vec<Value> = (0..50)
            .map(|number| {
                let mut vertical = on(
                    vpa(&json!(null), &json!(null)),
                    "targetRef",
                    "argoproj.io/v1",
                    "Rollout",
                    &format!("web-{number}"),
                );
                vertical["metadata"]["name"] = json!(format!("rollout-{number}"));
                vertical
            })
            .collect();
        there.push(on(
            vpa(&json!(null), &json!(null)),
            "targetRef",
            "apps/v1",
            "ReplicaSet",
            "web-5f7",
        ));
        there.push(replica_set());
        there.push(deployment(&["app"]));
        let there: Vec<&Value> = there.iter().collect();
        let found = lines(&hpa(&json!([utilization("cpu")])), &there, &json!({}));
        assert_eq!(found, [WARNING]);
    }

    #[test]
    fn owners_are_followed_four_levels_up() {
        let chain = [
            ("ReplicaSet", "a", "Deployment", "b"),
            ("Deployment", "b", "StatefulSet", "c"),
            ("StatefulSet", "c", "ReplicationController", "d"),
            ("ReplicationController", "d", "Deployment", "e"),
            ("Deployment", "e", "Gadget", "f"),
        ];
        let objects = chain.map(|(kind, name, owner, owners_name)| {
            let mut object = owned(
                renamed(deployment(&["app"]), kind, name),
                owner,
                owners_name,
            );
            if kind == "ReplicationController" {
                object["apiVersion"] = json!("v1");
            }
            object
        });
        let horizontal = on(
            hpa(&json!([utilization("cpu")])),
            "scaleTargetRef",
            "apps/v1",
            "ReplicaSet",
            "a",
        );
        let fourth = "warning: hpa-vpa-overlap: spec.scaleTargetRef: shares pods and cpu with \
                      VerticalPodAutoscaler \"web\": one of ReplicaSet \"a\" and Deployment \"e\" owns the other; \
                      fix: have both target the topmost owner, and share no resource [indirect_target]";
        for (api_version, kind, name, expected) in [
            ("apps/v1", "Deployment", "e", vec![fourth]),
            ("example.com/v1", "Gadget", "f", vec![]),
        ] {
            let vertical = on(
                vpa(&json!(null), &json!(null)),
                "targetRef",
                api_version,
                kind,
                name,
            );
            let there: Vec<&Value> = objects.iter().chain([&vertical]).collect();
            let found = lines(&horizontal, &there, &json!({}));
            assert_eq!(found, expected, "{kind}");
        }
    }

    #[test]
    fn a_circle_of_owners_has_an_end() {
        let there = owned(deployment(&["app"]), "StatefulSet", "web");
        let circle = owned(
            renamed(deployment(&[]), "StatefulSet", "web"),
            "Deployment",
            "web",
        );
        let vertical = on(
            vpa(&json!(null), &json!(null)),
            "targetRef",
            "v1",
            "Gadget",
            "g",
        );
        let found = lines(&hpa(&json!([])), &[&vertical, &there, &circle], &json!({}));
        assert_eq!(found, [""; 0]);
    }
}
