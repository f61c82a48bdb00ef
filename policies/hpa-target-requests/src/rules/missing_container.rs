//! A metric of a container that is not there to be measured.

use shared::workload::Role;
use shared::{Level, Rule, Verdict, list_of, quote, rule};

use crate::pair::{Pair, Problem};
use crate::pods::Container;
use crate::settings::Settings;

/// See the module.
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
    verdict: &mut Verdict,
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
                format!("{}.restartPolicy", pair.pods.place(found)),
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
    let problem = Problem {
        rule: &RULE,
        level,
        what,
        besides: "",
        metric_field: "container",
        place,
        fix: [
            format!("name one of {known}"),
            "have the autoscaler name a container that runs".to_owned(),
        ],
    };
    pair.report(problem, verdict);
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
        let line = "does not exist unless it is injected, so";
        let on_autoscaler = format!(
            "spec.metrics[0].containerResource.container: container \"istio-proxy\" of Deployment \"web\" {line} the \
             autoscaler never scales (FailedGetContainerResourceMetric); fix: name one of \"app\", \"other\" \
             [missing_container]"
        );
        assert_eq!(
            lines(&metrics, &pod_spec, &json!({"missingContainer": "deny"})),
            [on_autoscaler]
        );
        let warned = lines(&metrics, &pod_spec, &json!({}));
        assert_eq!(warned.len(), 1);
        assert!(warned[0].starts_with(
            "warning: hpa-target-requests: spec.metrics[0].containerResource.container: "
        ));
        assert_eq!(
            lines(&metrics, &pod_spec, &json!({"missingContainer": "off"})),
            [""; 0]
        );
        let on_workload = format!(
            "spec.template.spec.containers: container \"istio-proxy\" {line} HorizontalPodAutoscaler \"web\" never \
             scales by cpu (spec.metrics[0], FailedGetContainerResourceMetric); fix: have the autoscaler name a \
             container that runs [missing_container]"
        );
        assert_eq!(
            workload_lines(&metrics, &pod_spec, &json!({"missingContainer": "deny"})),
            [on_workload]
        );
        let both = json!({"missingContainer": "deny", "workloads": "warn"});
        assert!(workload_lines(&metrics, &pod_spec, &both)[0].starts_with("warning: "));
    }

    #[test]
    fn refuses_an_ephemeral_container_of_a_manifest() {
        let pod_spec = json!({
            "containers": [container("app", &json!({"requests": {"cpu": 1}}))],
            "ephemeralContainers": [container("debug", &json!({}))],
        });
        // No template has one in a cluster, and nobody asks there.
        let metrics = json!([container_utilization("cpu", "debug")]);
        assert_eq!(
            workload_lines(&metrics, &pod_spec, &json!({})),
            [
                "spec.template.spec.ephemeralContainers[0].restartPolicy: \"debug\" is an ephemeral container, which \
                 is not measured, so HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metrics[0], \
                 FailedGetContainerResourceMetric); fix: have the autoscaler name a container that runs \
                 [missing_container]"
            ]
        );
    }

    #[test]
    fn refuses_an_init_container_that_ends_first() {
        let pod_spec = json!({
            "containers": [container("app", &json!({"requests": {"cpu": 1}}))],
            "initContainers": [container("init", &json!({"requests": {"cpu": 1}}))],
        });
        let metrics = json!([container_utilization("cpu", "init")]);
        assert_eq!(
            lines(&metrics, &pod_spec, &json!({})),
            [
                "spec.metrics[0].containerResource.container: \"init\" of Deployment \"web\" is an init container, \
                 which is not measured, so the autoscaler never scales (FailedGetContainerResourceMetric); fix: name \
                 one of \"app\" [missing_container]"
            ]
        );
        let found = workload_lines(&metrics, &pod_spec, &json!({}));
        assert!(
            found[0].starts_with(
                "spec.template.spec.initContainers[0].restartPolicy: \"init\" is an init"
            ),
            "{found:?}"
        );
    }
}
