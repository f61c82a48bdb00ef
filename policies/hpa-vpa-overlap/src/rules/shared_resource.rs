//! Utilization of a request that a `VerticalPodAutoscaler` changes.

use shared::{Level, Rule, Verdict, rule};

use crate::kind::Kind;
use crate::pair::Clash;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "shared_resource",
    summary: "A HorizontalPodAutoscaler that measures utilization of a resource whose requests a \
              VerticalPodAutoscaler changes in the same container",
    why: "Utilization is usage divided by the request, so every change of the request looks like a change of load: the \
          one adds replicas because the other made the request small, and removes them when it made it large",
    fix: "give each of the two a resource of its own",
    levels: [Deny, Warn by "writtenFirst" for "an HPA that is written beside a VPA"],
};

/// Refuses it.
pub(crate) fn check(clash: &Clash<'_>, settings: &Settings, verdict: &mut Verdict) {
    let (pair, metric) = (clash.pair, clash.metric);
    let words = || {
        let (resource, place, other) = (&metric.resource, clash.place(), pair.other());
        match pair.written {
            Kind::Horizontal => (
                format!("measures {resource} of {place}, whose request {other} changes"),
                String::new(),
            ),
            Kind::Vertical => (
                format!(
                    "changes the {resource} request of {place}, whose utilization {other} measures"
                ),
                format!(" ({})", metric.source),
            ),
        }
    };
    clash.report((&RULE, Level::Deny), &words, settings, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::places;

    use crate::testing::{
        BOTH_TAKE_CPU, both, container_utilization, deployment, hpa, lines, owned, utilization, vpa,
    };

    const HPA: &str = "spec.metrics[0].resource.target.averageUtilization: measures cpu of";
    const CHANGES: &str = "whose request VerticalPodAutoscaler \"web\" changes";
    const ELSE: &str = "measure something other than cpu and memory [shared_resource]";

    #[test]
    fn names_both_and_the_container_and_a_fix_that_can_be_pasted_on_both_sides() {
        let horizontal = hpa(&json!([utilization("cpu")]));
        let policies = json!([{"containerName": "*"}, {"containerName": "proxy", "mode": "Off"}]);
        let place = "container \"app\" of Deployment \"web\"";
        for (policies, path, policy, index) in [
            // A policy that is there already is changed; a second one might not count.
            (
                policies,
                "spec.resourcePolicy.containerPolicies[0].controlledResources",
                "set controlledResources: [\"memory\"] in",
                "[0]",
            ),
            (
                json!([{"containerName": "proxy", "mode": "Off"}]),
                "spec.updatePolicy.updateMode",
                "add {containerName: \"*\", controlledResources: [\"memory\"]} to",
                "",
            ),
        ] {
            let vertical = vpa(&json!(null), &policies);
            let there = deployment(&["app", "proxy"]);
            assert_eq!(
                both(&horizontal, &vertical, &there, &json!({})),
                [
                    [format!(
                        "{HPA} {place}, {CHANGES}; fix: {policy} its spec.resourcePolicy.containerPolicies{index}, or \
                         set its updateMode to \"Off\", or {ELSE}"
                    )],
                    [format!(
                        "{path}: changes the cpu request of {place}, whose utilization HorizontalPodAutoscaler \"web\" \
                         measures (spec.metrics[0]); fix: {policy} spec.resourcePolicy.containerPolicies{index}, or \
                         set updateMode to \"Off\", or have the HorizontalPodAutoscaler {ELSE}"
                    )],
                ]
            );
        }
    }

    #[test]
    fn names_who_made_the_autoscaler() {
        let horizontal = owned(hpa(&json!([utilization("cpu")])), "ScaledObject", "web");
        let vertical = vpa(&json!("Initial"), &json!(null));
        let policy = "add {containerName: \"*\", controlledResources: [\"memory\"]} to";
        let place = "containers of Deployment \"web\"";
        assert_eq!(
            both(&horizontal, &vertical, &json!({}), &json!({})),
            [
                [format!(
                    "{HPA} {place}, {CHANGES}; fix: {policy} its spec.resourcePolicy.containerPolicies, or set its \
                     updateMode to \"Off\", or have ScaledObject \"web\" {ELSE}"
                )],
                [format!(
                    "spec.updatePolicy.updateMode: changes the cpu request of {place}, whose utilization \
                     HorizontalPodAutoscaler \"web\" of ScaledObject \"web\" measures (spec.metrics[0]); fix: {policy} \
                     spec.resourcePolicy.containerPolicies, or set updateMode to \"Off\", or have ScaledObject \"web\" \
                     {ELSE}"
                )],
            ]
        );
    }

    /// The reason of each line that refuses.
    fn reasons(lines: &[String]) -> Vec<&str> {
        let refused = lines.iter().filter(|line| !line.starts_with("warning: "));
        refused
            .map(|line| {
                let (_, reason) = line.split_once(": ").unwrap();
                let (reason, _) = reason.split_once("; fix: ").unwrap();
                reason
            })
            .collect()
    }

    /// Resource and container of each line that refuses, the same on both sides.
    fn found(metrics: &Value, policies: &Value, template: &Value) -> Vec<String> {
        let vertical = vpa(&json!(null), policies);
        let [one, other] = both(&hpa(metrics), &vertical, template, &json!({}));
        let measured = |reason: &&str| {
            let end = format!(" of Deployment \"web\", {CHANGES}");
            let what = reason.strip_prefix("measures ").unwrap();
            what.strip_suffix(&*end).unwrap().to_owned()
        };
        let changed = |reason: &&str| {
            let end = " of Deployment \"web\", whose utilization HorizontalPodAutoscaler \"web\" measures (spec.metrics";
            let what = reason.strip_prefix("changes the ").unwrap();
            let (what, _) = what.split_once(end).unwrap();
            what.replace(" request of ", " of ")
        };
        let one: Vec<String> = reasons(&one).iter().map(measured).collect();
        let other: Vec<String> = reasons(&other).iter().map(changed).collect();
        assert_eq!(one, other);
        one
    }

    #[test]
    fn finds_the_same_resource_of_the_same_container() {
        let cpu = || json!([utilization("cpu")]);
        let app = || json!([container_utilization("cpu", "app")]);
        let two = || deployment(&["app", "proxy"]);
        let unread = || json!({});
        let of = |name: &str, resources: Value| json!([{"containerName": name, "controlledResources": resources}]);
        let off = |name: &str| json!([{"containerName": name, "mode": "Off"}]);
        let mut init = two();
        init["spec"]["template"]["spec"]["initContainers"] =
            json!([{"name": "app", "restartPolicy": "Always"}]);
        let memory = json!(["memory"]);
        let both_of = |resource: &str| {
            ["app", "proxy"].map(|name| format!("{resource} of container \"{name}\""))
        };
        let [app_cpu, proxy_cpu] = &both_of("cpu");
        let all = "cpu of containers";
        for (metrics, policies, template, expected) in [
            (cpu(), json!(null), two(), vec![app_cpu.as_str(), proxy_cpu]),
            (json!(null), json!([]), two(), vec![app_cpu, proxy_cpu]),
            (cpu(), json!(null), unread(), vec![all]),
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
            (cpu(), of("app", memory.clone()), unread(), vec![all]),
            (cpu(), off("*"), two(), vec![]),
            (cpu(), off("app"), two(), vec![proxy_cpu]),
            (cpu(), off("app"), deployment(&["app"]), vec![]),
            (cpu(), off("gone"), two(), vec![app_cpu, proxy_cpu]),
            // Whose name was forgotten is for no container.
            (cpu(), off(""), two(), vec![app_cpu, proxy_cpu]),
            (cpu(), off(""), unread(), vec![all]),
            (
                cpu(),
                json!([{"mode": "Off"}]),
                two(),
                vec![app_cpu, proxy_cpu],
            ),
            (
                cpu(),
                json!([{"containerName": "*", "mode": "Off"}, {"containerName": "app"}]),
                unread(),
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
            (app(), json!(null), unread(), vec![app_cpu]),
            // It may be added to the pods.
            (
                json!([container_utilization("cpu", "istio-proxy")]),
                json!(null),
                two(),
                vec!["cpu of container \"istio-proxy\""],
            ),
            // It is never managed.
            (app(), json!(null), init, vec![]),
            (
                json!([utilization("memory")]),
                of("*", memory),
                two(),
                vec![
                    "memory of container \"app\"",
                    "memory of container \"proxy\"",
                ],
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
            let expected = if refused { BOTH_TAKE_CPU } else { [&[][..]; 2] };
            assert_eq!(sides.map(|lines| places(&lines)), expected, "{mode}");
        }
    }

    #[test]
    fn proposes_nothing_that_would_clash_as_well() {
        let cpu = || json!([utilization("cpu")]);
        let named =
            |resources: Value| json!([{"containerName": "app", "controlledResources": resources}]);
        let app = || json!([container_utilization("cpu", "app")]);
        let both = "cpu and memory";
        let all = json!({"containerName": "*"});
        let add = |policy: &str| {
            format!("add {{containerName: {policy}}} to its spec.resourcePolicy.containerPolicies")
        };
        let set = |policy: &str, index: usize| {
            format!("set {policy} in its spec.resourcePolicy.containerPolicies[{index}]")
        };
        for (metrics, policies, expected, resource) in [
            (
                cpu(),
                json!(null),
                add("\"*\", controlledResources: [\"memory\"]"),
                both,
            ),
            (
                json!([utilization("memory")]),
                json!(null),
                add("\"*\", controlledResources: [\"cpu\"]"),
                both,
            ),
            (
                json!([utilization("cpu"), utilization("memory")]),
                json!(null),
                add("\"*\", mode: \"Off\""),
                both,
            ),
            (cpu(), named(json!(["cpu"])), set("mode: \"Off\"", 0), "cpu"),
            (
                cpu(),
                named(json!(null)),
                set("controlledResources: [\"memory\"]", 0),
                both,
            ),
            (
                app(),
                named(json!(null)),
                set("controlledResources: [\"memory\"]", 0),
                both,
            ),
            // That one is for others, too.
            (
                app(),
                json!([all]),
                add("\"app\", controlledResources: [\"memory\"]"),
                both,
            ),
            // The last for all counts.
            (
                cpu(),
                json!([all, all]),
                set("controlledResources: [\"memory\"]", 1),
                both,
            ),
            (
                app(),
                json!(null),
                add("\"app\", controlledResources: [\"memory\"]"),
                both,
            ),
        ] {
            let vertical = vpa(&json!(null), &policies);
            let there = [&vertical, &deployment(&["app"])];
            let found = lines(&hpa(&metrics), &there, &json!({}));
            let (_, fix) = found[0].split_once("; fix: ").unwrap();
            let rest = format!(
                ", or set its updateMode to \"Off\", or measure something other than {resource} [shared_resource]"
            );
            assert_eq!(fix, expected + &rest, "{metrics} {policies}");
        }
    }
    #[test]
    fn proposes_nothing_that_the_webhook_of_the_vpa_refuses() {
        let metrics = json!([utilization("cpu"), utilization("memory")]);
        let remove = " and remove controlledValues there, or set";
        for (values, metrics, expected) in [
            (json!("RequestsAndLimits"), &metrics, true),
            (json!("RequestsOnly"), &metrics, false),
            (json!(null), &metrics, false),
            // Nothing is switched off there.
            (
                json!("RequestsAndLimits"),
                &json!([utilization("cpu")]),
                false,
            ),
        ] {
            let policies = json!([{"containerName": "*", "controlledValues": values}]);
            let vertical = vpa(&json!(null), &policies);
            for lines in both(&hpa(metrics), &vertical, &deployment(&["app"]), &json!({})) {
                assert_eq!(lines[0].contains(remove), expected, "{}", lines[0]);
            }
        }
    }

    #[test]
    fn an_autoscaler_of_v1_has_no_other_metrics() {
        let mut horizontal = hpa(&json!(null));
        horizontal["apiVersion"] = json!("autoscaling/v1");
        let vertical = vpa(&json!(null), &json!(null));
        for percentage in [json!(60), json!(null)] {
            horizontal["spec"]["targetCPUUtilizationPercentage"] = percentage;
            let found = lines(&horizontal, &[&vertical], &json!({}));
            let [line] = found.as_slice() else {
                panic!("{found:?}");
            };
            assert!(
                line.starts_with("spec.targetCPUUtilizationPercentage: measures cpu"),
                "{line}"
            );
            let fix = "measure something other than cpu and memory, as autoscaling/v2 can [shared_resource]";
            assert!(line.ends_with(fix), "{line}");
        }
    }

    #[test]
    fn what_goldilocks_makes_is_changed_at_the_namespace() {
        let mut vertical = vpa(&json!("Auto"), &json!(null));
        vertical["metadata"]["labels"] = json!({"creator": "Fairwinds", "source": "goldilocks"});
        let set = "fix: set the label or annotation goldilocks.fairwinds.com/vpa-update-mode of the Namespace, or of the \
                   target where that has one, to \"off\", or";
        let place = "containers of Deployment \"web\"";
        assert_eq!(
            both(
                &hpa(&json!([utilization("cpu")])),
                &vertical,
                &json!({}),
                &json!({})
            ),
            [
                [format!(
                    "{HPA} {place}, whose request VerticalPodAutoscaler \"web\" of Goldilocks changes; {set} {ELSE}"
                )],
                [format!(
                    "spec.updatePolicy.updateMode: changes the cpu request of {place}, whose utilization \
                     HorizontalPodAutoscaler \"web\" measures (spec.metrics[0]); {set} have the \
                     HorizontalPodAutoscaler {ELSE}"
                )],
            ]
        );
    }

    #[test]
    fn what_an_operator_makes_is_changed_by_it() {
        let vertical = owned(vpa(&json!(null), &json!(null)), "Gadget", "a");
        let horizontal = hpa(&json!([utilization("cpu")]));
        for lines in both(&horizontal, &vertical, &json!({}), &json!({})) {
            let fix = "; fix: have Gadget \"a\" add {containerName: \"*\", controlledResources: [\"memory\"]} to \
                       spec.resourcePolicy.containerPolicies, or set updateMode to \"Off\", or ";
            assert!(lines[0].contains(fix), "{}", lines[0]);
        }
    }
}
