//! Utilization of a request that a `VerticalPodAutoscaler` changes.

use shared::{Level, Rule, Verdict, rule};

use crate::pair::{Clash, Side};
use crate::settings::Settings;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "shared_resource",
    summary: "A HorizontalPodAutoscaler that measures utilization of a resource whose requests a \
              VerticalPodAutoscaler changes in the same container",
    why: "Utilization is usage divided by the request. Every change of the request looks like a change of load: the \
          one scales out because the other one made the request small, and back when it made it large",
    fix: "give each of the two a resource of its own",
    levels: [Deny],
};

/// Refuses it.
pub(crate) fn check(clash: &Clash<'_>, settings: &Settings, verdict: &mut Verdict) {
    let why = match clash.pair.side {
        Side::Horizontal => {
            let of = clash.pair.maker().map(|owner| format!(" of {owner}"));
            let of = of.unwrap_or_default();
            format!(": it changes the request that the utilization{of} is a share of")
        }
        Side::Vertical => format!(
            ": that measures utilization ({}), a share of the request that this changes",
            clash.metric.source
        ),
    };
    clash.report((&RULE, Level::Deny), "fights", &why, settings, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{
        both, container_utilization, deployment, hpa, lines, owned, utilization, vpa,
    };

    const HPA: &str = "spec.metrics[0].resource.target.averageUtilization: fights VerticalPodAutoscaler \"web\" over";
    const SHARE: &str = "it changes the request that the utilization is a share of";
    const MEASURES: &str =
        "that measures utilization (spec.metrics[0]), a share of the request that this changes";
    const OR: &str = "or have the autoscaler measure something else than cpu [shared_resource]";

    #[test]
    fn names_both_and_the_container_and_a_fix_that_can_be_pasted_on_both_sides() {
        let horizontal = hpa(&json!([utilization("cpu")]));
        let policies = json!([{"containerName": "*"}, {"containerName": "proxy", "mode": "Off"}]);
        for (policies, path, policy, place) in [
            // A policy that is there already is changed; a second one might not count.
            (
                policies,
                "spec.resourcePolicy.containerPolicies[0].controlledResources",
                "controlledResources: [\"memory\"]",
                "[0]",
            ),
            (
                json!([{"containerName": "proxy", "mode": "Off"}]),
                "spec.updatePolicy.updateMode",
                "{containerName: \"*\", controlledResources: [\"memory\"]}",
                "",
            ),
        ] {
            let vertical = vpa(&json!(null), &policies);
            let there = deployment(&["app", "proxy"]);
            assert_eq!(
                both(&horizontal, &vertical, &there, &json!({})),
                [
                    [format!(
                        "{HPA} cpu of container \"app\" of Deployment \"web\": {SHARE}; fix: write {policy} in its \
                         resourcePolicy.containerPolicies{place}, or its updateMode: \"Off\", or measure \
                         something else than cpu [shared_resource]"
                    )],
                    [format!(
                        "{path}: fights HorizontalPodAutoscaler \"web\" over cpu of container \"app\" of Deployment \
                         \"web\": {MEASURES}; fix: write {policy} in resourcePolicy.containerPolicies{place}, or \
                         updateMode: \"Off\", {OR}"
                    )],
                ]
            );
        }
    }

    #[test]
    fn names_whoever_made_the_autoscaler() {
        let horizontal = owned(hpa(&json!([utilization("cpu")])), "ScaledObject", "web");
        let vertical = vpa(&json!("Initial"), &json!(null));
        let policy = "{containerName: \"*\", controlledResources: [\"memory\"]}";
        assert_eq!(
            both(&horizontal, &vertical, &json!({}), &json!({})),
            [
                [format!(
                    "{HPA} cpu of containers of Deployment \"web\": it changes the request that the utilization of \
                     ScaledObject \"web\" is a share of; fix: write {policy} in its \
                     resourcePolicy.containerPolicies, or its updateMode: \"Off\", or have ScaledObject \"web\" \
                     measure something else than cpu [shared_resource]"
                )],
                [format!(
                    "spec.updatePolicy.updateMode: fights HorizontalPodAutoscaler \"web\" of ScaledObject \"web\" \
                     over cpu of containers of Deployment \"web\": {MEASURES}; fix: write {policy} in \
                     resourcePolicy.containerPolicies, or updateMode: \"Off\", {OR}"
                )],
            ]
        );
    }

    /// Resource and container of each line that refuses, in short.
    fn found(metrics: &Value, policies: &Value, template: &Value) -> Vec<String> {
        let sides = both(
            &hpa(metrics),
            &vpa(&json!(null), policies),
            template,
            &json!({}),
        );
        let short = |line: &String| {
            let (_, line) = line.split_once(" over ").unwrap_or_default();
            let (line, _) = line.split_once(" of Deployment").unwrap_or_default();
            line.replace("container ", "")
        };
        let [one, other] = sides.map(|lines| {
            let refused = lines.iter().filter(|line| !line.starts_with("warning: "));
            refused.map(short).collect::<Vec<_>>()
        });
        assert_eq!(one, other);
        one
    }

    #[test]
    fn finds_the_same_resource_of_the_same_container() {
        let cpu = || json!([utilization("cpu")]);
        let app = || json!([container_utilization("cpu", "app")]);
        let two = || deployment(&["app", "proxy"]);
        let nobody = || json!({});
        let of = |name: &str, resources: Value| json!([{"containerName": name, "controlledResources": resources}]);
        let off = |name: &str| json!([{"containerName": name, "mode": "Off"}]);
        let mut init = two();
        init["spec"]["template"]["spec"]["initContainers"] =
            json!([{"name": "app", "restartPolicy": "Always"}]);
        let memory = json!(["memory"]);
        let both_of =
            |resource: &str| ["app", "proxy"].map(|name| format!("{resource} of \"{name}\""));
        let [app_cpu, proxy_cpu] = &both_of("cpu");
        let all = "cpu of containers";
        for (metrics, policies, template, expected) in [
            (cpu(), json!(null), two(), vec![app_cpu.as_str(), proxy_cpu]),
            (json!(null), json!([]), two(), vec![app_cpu, proxy_cpu]),
            (cpu(), json!(null), nobody(), vec![all]),
            (cpu(), of("*", memory.clone()), two(), vec![]),
            (cpu(), of("*", json!([])), two(), vec![]),
            (cpu(), of("*", json!(null)), two(), vec![app_cpu, proxy_cpu]),
            (cpu(), of("app", memory.clone()), two(), vec![proxy_cpu]),
            (
                cpu(),
                of("app", memory.clone()),
                deployment(&["app"]),
                vec![],
            ),
            (cpu(), of("app", memory.clone()), nobody(), vec![all]),
            (cpu(), off("*"), two(), vec![]),
            (cpu(), off("app"), two(), vec![proxy_cpu]),
            (cpu(), off("app"), deployment(&["app"]), vec![]),
            (cpu(), off("gone"), two(), vec![app_cpu, proxy_cpu]),
            // Whose name was forgotten is for no container.
            (cpu(), off(""), two(), vec![app_cpu, proxy_cpu]),
            (cpu(), off(""), nobody(), vec![all]),
            (
                cpu(),
                json!([{"mode": "Off"}]),
                two(),
                vec![app_cpu, proxy_cpu],
            ),
            (
                cpu(),
                json!([{"containerName": "*", "mode": "Off"}, {"containerName": "app"}]),
                nobody(),
                vec![app_cpu],
            ),
            // The one policy is for a container that the template does not have.
            (
                cpu(),
                json!([{"containerName": "*", "mode": "Off"}, {"containerName": "gone"}]),
                two(),
                vec![],
            ),
            (app(), json!(null), two(), vec![app_cpu]),
            (app(), off("app"), two(), vec![]),
            (app(), off("proxy"), two(), vec![app_cpu]),
            (app(), json!(null), nobody(), vec![app_cpu]),
            // It may be added to the pods.
            (
                json!([container_utilization("cpu", "istio-proxy")]),
                json!(null),
                two(),
                vec!["cpu of \"istio-proxy\""],
            ),
            // It is never managed.
            (app(), json!(null), init, vec![]),
            (
                json!([utilization("memory")]),
                of("*", memory),
                two(),
                vec!["memory of \"app\"", "memory of \"proxy\""],
            ),
            (
                json!([utilization("example.com/gpu")]),
                json!(null),
                two(),
                vec![],
            ),
            (json!([{"type": "External"}]), json!(null), two(), vec![]),
            // Once is enough.
            (
                json!([utilization("cpu"), container_utilization("cpu", "app")]),
                json!(null),
                deployment(&["app"]),
                vec![app_cpu],
            ),
        ] {
            assert_eq!(
                found(&metrics, &policies, &template),
                expected,
                "{metrics} {policies}"
            );
        }
    }

    #[test]
    fn every_mode_but_off_is_refused() {
        for (mode, refused) in [
            (json!(null), true),
            (json!(""), true),
            (json!("Auto"), true),
            (json!("Recreate"), true),
            (json!("Initial"), true),
            (json!("InPlace"), true),
            (json!("InPlaceOrRecreate"), true),
            (json!("Someday"), true),
            (json!("Off"), false),
        ] {
            let sides = both(
                &hpa(&json!([utilization("cpu")])),
                &vpa(&mode, &json!(null)),
                &deployment(&["app"]),
                &json!({}),
            );
            assert_eq!(
                sides.map(|lines| lines.len()),
                [usize::from(refused); 2],
                "{mode}"
            );
        }
    }

    #[test]
    fn proposes_nothing_that_would_clash_as_well() {
        let fix = |metrics: &Value, policies: &Value| {
            let vertical = vpa(&json!(null), policies);
            let found = lines(
                &hpa(metrics),
                &[&vertical, &deployment(&["app"])],
                &json!({}),
            );
            let (_, fix) = found[0].split_once("; fix: write ").unwrap();
            let (fix, _) = fix.split_once(", or its updateMode").unwrap();
            fix.replace(" in its resourcePolicy.containerPolicies", "")
        };
        let cpu = || json!([utilization("cpu")]);
        let named =
            |resources: Value| json!([{"containerName": "app", "controlledResources": resources}]);
        let app = || json!([container_utilization("cpu", "app")]);
        for (metrics, policies, expected) in [
            (
                cpu(),
                json!(null),
                "{containerName: \"*\", controlledResources: [\"memory\"]}",
            ),
            (
                json!([utilization("memory")]),
                json!(null),
                "{containerName: \"*\", controlledResources: [\"cpu\"]}",
            ),
            (
                json!([utilization("cpu"), utilization("memory")]),
                json!(null),
                "{containerName: \"*\", mode: \"Off\"}",
            ),
            (cpu(), named(json!(["cpu"])), "mode: \"Off\"[0]"),
            (
                cpu(),
                named(json!(null)),
                "controlledResources: [\"memory\"][0]",
            ),
            (
                app(),
                named(json!(null)),
                "controlledResources: [\"memory\"][0]",
            ),
            // That one is for others, too.
            (
                app(),
                json!([{"containerName": "*"}]),
                "{containerName: \"app\", controlledResources: [\"memory\"]}",
            ),
            // The last for all counts.
            (
                cpu(),
                json!([{"containerName": "*"}, {"containerName": "*"}]),
                "controlledResources: [\"memory\"][1]",
            ),
            (
                app(),
                json!(null),
                "{containerName: \"app\", controlledResources: [\"memory\"]}",
            ),
        ] {
            assert_eq!(fix(&metrics, &policies), expected, "{metrics} {policies}");
        }
    }
}
