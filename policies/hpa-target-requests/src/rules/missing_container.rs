//! A metric of a container that is not there to be measured.

use shared::kubernetes::containers::Role;
use shared::{Level, Rule, list_of, quote, rule};

use crate::pair::{Pair, Problem};
use crate::pods::Container;
use crate::report::Report;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "missing_container",
    summary: "A metric of a container that the pods do not have, or of an init container that ends before they run",
    why: "The metric cannot be computed for any pod. A sidecar that something adds to the pods is in no template, \
          therefore only a warning by default; an init container is never found",
    fix: "name a container that runs",
    levels: [Warn by "missingContainer", Deny for "an init container, which is never measured"],
};

/// Reports a container that is not there, and refuses one that is there and never found. `other` is what has its name.
pub(crate) fn check(
    pair: &Pair<'_>,
    name: &str,
    other: Option<&Container<'_>>,
    settings: &Settings,
    report: &mut Report<'_>,
) {
    let of = pair.of_workload();
    let (level, what, place) = match other {
        Some(found) => {
            let role = match found.role {
                Role::Ephemeral => "an ephemeral",
                _ => "an init",
            };
            (
                Level::Deny,
                format!(
                    "{}{of} is {role} container, which is not measured",
                    quote(name)
                ),
                format!("{}.name", pair.pods.place(found)),
            )
        }
        None => (
            settings.missing_container,
            format!(
                "container {}{of} does not exist unless it is injected",
                quote(name)
            ),
            format!("{}.containers", pair.pods.path),
        ),
    };
    let known = list_of(&mut pair.pods.measured().map(|found| found.name));
    let fix = format!("{}name one of {known}", pair.author());
    let problem = Problem {
        rule: &RULE,
        level,
        what,
        besides: String::new(),
        metric_field: "container",
        place,
        fix: [fix.clone(), fix],
    };
    pair.report(problem, report);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{container, container_utilization, lines, workload_lines};

    #[test]
    fn warns_of_a_container_that_something_may_add() {
        let pod_spec =
            json!({"containers": [container("app", &json!({})), container("other", &json!({}))]});
        let metrics = json!([container_utilization("cpu", "istio-proxy")]);
        let what = "spec.metrics[0].containerResource.container: container \"istio-proxy\" of Deployment \"web\" does \
                    not exist unless it is injected, so the autoscaler never scales";
        let say = |level: &str| lines(&metrics, &pod_spec, &json!({ "missingContainer": level }));
        let denied = format!(
            "{what} (FailedGetContainerResourceMetric); fix: name one of \"app\", \"other\" [missing_container]"
        );
        let warning = format!("warning: hpa-target-requests: {denied}");
        assert_eq!(say("deny"), [denied]);
        assert_eq!(say("warn"), [warning]);
        assert_eq!(lines(&metrics, &pod_spec, &json!({})), say("warn"));
        assert_eq!(say("off"), [""; 0]);
        let what = "spec.template.spec.containers: container \"istio-proxy\" does not exist unless it is injected, so \
                    HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metric";
        let say = |settings| workload_lines(&metrics, &pod_spec, &settings);
        let denied = format!(
            "{what}s[0], FailedGetContainerResourceMetric); fix: have the autoscaler name one of \"app\", \"other\" \
             [missing_container]"
        );
        let warning = format!("warning: hpa-target-requests: {denied}");
        assert_eq!(say(json!({"missingContainer": "deny"})), [denied]);
        let both = json!({"missingContainer": "deny", "workloads": "warn"});
        assert_eq!(say(both), [warning]);
    }

    #[test]
    fn refuses_a_container_that_does_not_run_beside_the_others() {
        let pod_spec = json!({
            "containers": [container("app", &json!({"requests": {"cpu": 1}}))],
            "initContainers": [container("init", &json!({"requests": {"cpu": 1}}))],
            "ephemeralContainers": [container("debug", &json!({}))],
        });
        let metrics = |name: &str| json!([container_utilization("cpu", name)]);
        assert_eq!(
            lines(&metrics("init"), &pod_spec, &json!({})),
            [
                "spec.metrics[0].containerResource.container: \"init\" of Deployment \"web\" is an init container, which \
                 is not measured, so the autoscaler never scales (FailedGetContainerResourceMetric); fix: name one of \
                 \"app\" [missing_container]"
            ]
        );
        for (name, list, role) in [
            ("init", "initContainers", "an init"),
            // No template has one in a cluster.
            ("debug", "ephemeralContainers", "an ephemeral"),
        ] {
            assert_eq!(
                workload_lines(&metrics(name), &pod_spec, &json!({})),
                [format!(
                    "spec.template.spec.{list}[0].name: \"{name}\" is {role} container, which is not measured, so \
                     HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metrics[0], \
                     FailedGetContainerResourceMetric); fix: have the autoscaler name one of \"app\" \
                     [missing_container]"
                )]
            );
        }
    }
}
