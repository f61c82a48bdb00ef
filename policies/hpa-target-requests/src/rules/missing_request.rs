//! Utilization of a resource that a container does not request.

use shared::{Level, Rule, Verdict, quote, rule};

use crate::pair::{Pair, Problem};
use crate::pods::Container;

/// See the module.
pub(crate) static RULE: Rule = rule! {
    id: "missing_request",
    summary: "A metric that measures utilization of a resource that a container does not request",
    why: "Utilization is a share of what is requested: a single container without a request, and the metric cannot be \
          computed for any pod",
    fix: "set the request, or measure averageValue",
    levels: [Deny, Deny by "workloads" for "a workload that is judged by itself"],
};

/// Refuses the one container that is measured, or each of all that lack the request.
pub(crate) fn check(pair: &Pair<'_>, container: Option<&Container<'_>>, verdict: &mut Verdict) {
    let of_container = |found: &Container<'_>| pair.pods.place(found);
    if let Some(found) = container {
        report(pair, found, "", of_container(found), verdict);
    } else {
        check_all(pair, "", &of_container, verdict);
    }
}

/// Refuses each container of a pod that requests other resources as a whole, and nowhere this one. A single request would
/// do. But without the other resources each container needs one, and an UPDATE that takes them away, or adds them, makes
/// nothing worse.
pub(crate) fn check_pod(pair: &Pair<'_>, verdict: &mut Verdict) {
    let besides = ", nor does its pod or any other container";
    let of_pod = |_: &Container<'_>| pair.pods.path.to_owned();
    check_all(pair, besides, &of_pod, verdict);
}

fn check_all(
    pair: &Pair<'_>,
    besides: &'static str,
    place: &dyn Fn(&Container<'_>) -> String,
    verdict: &mut Verdict,
) {
    for found in pair.pods.without(&pair.metric.resource) {
        if pair.only_counts(&RULE, Level::Deny, verdict) {
            return;
        }
        report(pair, found, besides, place(found), verdict);
    }
}

/// `place` is what is to request the resource: the container, or the pod.
fn report(
    pair: &Pair<'_>,
    found: &Container<'_>,
    besides: &'static str,
    place: String,
    verdict: &mut Verdict,
) {
    let resource = &*pair.metric.resource;
    let example = match resource {
        "cpu" => "100m",
        "memory" => "128Mi",
        _ => "\"1\"",
    };
    let (name, of) = (quote(found.name), pair.of_workload());
    let (place, workload) = (pair.request_at(&place), pair.workload());
    let fix = [
        format!("set {place} of {workload}, such as {example}, or measure averageValue"),
        format!("set it, such as {example}, or have the autoscaler measure averageValue"),
    ];
    let problem = Problem {
        rule: &RULE,
        level: Level::Deny,
        what: format!("container {name}{of} requests no {resource}"),
        besides,
        metric_field: "target.averageUtilization",
        place,
        fix,
    };
    pair.report(problem, verdict);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaTargetRequests;
    use crate::testing::{
        container, container_utilization, deployment, hpa, lines, utilization, workload_lines,
    };

    fn requests(resource: &str) -> Value {
        json!({"requests": {resource: "100m"}})
    }

    /// The containers and pods that the lines name, in short.
    fn found(metrics: &Value, pod_spec: &Value, settings: &Value) -> Vec<String> {
        let lines = lines(metrics, pod_spec, settings);
        let short = |line: &String| {
            let (_, line) = line.split_once(": ").unwrap();
            let (start, rest) = line.split_once(" of Deployment").unwrap_or((line, ""));
            if rest.contains("nor does its pod") {
                format!("{start} and the pod")
            } else {
                start.to_owned()
            }
        };
        lines.iter().map(short).collect()
    }

    #[test]
    fn names_metric_container_field_and_effect_on_both_sides() {
        let pod_spec = json!({"containers": [
            container("app", &requests("cpu")),
            container("proxy", &json!({"requests": {"memory": "1Gi"}})),
        ]});
        let metrics = json!([utilization("cpu")]);
        assert_eq!(
            lines(&metrics, &pod_spec, &json!({})),
            [
                "spec.metrics[0].resource.target.averageUtilization: container \"proxy\" of Deployment \"web\" \
                 requests no cpu, so the autoscaler never scales (FailedGetResourceMetric); fix: set \
                 spec.template.spec.containers[1].resources.requests.cpu of Deployment \"web\", such as 100m, or \
                 measure averageValue [missing_request]"
            ]
        );
        let line = "spec.template.spec.containers[1].resources.requests.cpu: container \"proxy\" requests no cpu, so \
                    HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metrics[0], FailedGetResourceMetric); \
                    fix: set it, such as 100m, or have the autoscaler measure averageValue [missing_request]";
        assert_eq!(workload_lines(&metrics, &pod_spec, &json!({})), [line]);
        let warned = workload_lines(&metrics, &pod_spec, &json!({"workloads": "warn"}));
        assert!(
            warned[0].starts_with("warning: hpa-target-requests: spec.template.spec.containers[1]"),
            "{warned:?}"
        );
        assert_eq!(
            workload_lines(&metrics, &pod_spec, &json!({"workloads": "off"})),
            [""; 0]
        );
    }

    #[test]
    fn counts_the_containers_that_the_controller_counts() {
        let cpu = || json!([utilization("cpu")]);
        for (pod_spec, expected) in [
            (
                json!({"containers": [container("app", &json!({"limits": {"cpu": 1}}))]}),
                vec![],
            ),
            (
                json!({"containers": [container("app", &json!(null)), container("other", &json!({}))]}),
                vec!["container \"app\"", "container \"other\""],
            ),
            (
                json!({
                    "containers": [container("app", &requests("cpu"))],
                    "initContainers": [container("init", &json!({}))],
                    "ephemeralContainers": [container("debug", &json!({}))],
                }),
                vec![],
            ),
            (
                json!({
                    "containers": [container("app", &requests("cpu"))],
                    "initContainers": [{"name": "mesh", "restartPolicy": "Always"}],
                }),
                vec!["container \"mesh\""],
            ),
            (json!({"containers": []}), vec![]),
        ] {
            assert_eq!(found(&cpu(), &pod_spec, &json!({})), expected, "{pod_spec}");
        }
    }

    #[test]
    fn looks_at_the_container_that_the_metric_names() {
        let pod_spec = json!({
            "containers": [container("app", &requests("cpu")), container("proxy", &json!({}))],
            "initContainers": [{"name": "mesh", "restartPolicy": "Always"}],
        });
        for (name, expected) in [
            ("app", vec![]),
            ("proxy", vec!["container \"proxy\""]),
            ("mesh", vec!["container \"mesh\""]),
        ] {
            let metrics = json!([container_utilization("cpu", name)]);
            assert_eq!(found(&metrics, &pod_spec, &json!({})), expected);
        }
        let lines = lines(
            &json!([container_utilization("cpu", "proxy")]),
            &pod_spec,
            &json!({}),
        );
        let start = "spec.metrics[0].containerResource.target.averageUtilization: container \"proxy\" of Deployment \
                     \"web\" requests no cpu, so the autoscaler never scales (FailedGetContainerResourceMetric); ";
        assert!(lines[0].starts_with(start), "{lines:?}");
    }

    #[test]
    fn counts_what_the_pod_requests_as_a_whole() {
        let pod = |resources: Value, containers: Value| json!({"resources": resources, "containers": containers});
        let bare = || json!([container("app", &json!({}))]);
        let off = || json!({"podLevelResources": false});
        let on = || json!({});
        let whole = "container \"app\" and the pod";
        let app = "container \"app\"";
        for (resource, pod_spec, settings, expected) in [
            (
                "cpu",
                pod(json!({"requests": {"cpu": 1}}), bare()),
                on(),
                vec![],
            ),
            (
                "cpu",
                pod(json!({"requests": {"cpu": 1}}), bare()),
                off(),
                vec![app],
            ),
            (
                "cpu",
                pod(json!({"limits": {"cpu": 1}}), bare()),
                on(),
                vec![],
            ),
            (
                "memory",
                pod(json!({"requests": {"cpu": 1}}), bare()),
                on(),
                vec![whole],
            ),
            // One container that requests it is enough then, also one that ends first.
            (
                "memory",
                pod(
                    json!({"requests": {"cpu": 1}}),
                    json!([container("a", &requests("memory")), {"name": "b"}]),
                ),
                on(),
                vec![],
            ),
            (
                "memory",
                json!({"resources": {"requests": {"cpu": 1}}, "containers": [{"name": "app"}],
                    "initContainers": [container("init", &requests("memory"))]}),
                on(),
                vec![],
            ),
            // Nothing that counts for a pod.
            (
                "cpu",
                pod(json!({"requests": {"example.com/gpu": 1}}), bare()),
                on(),
                vec![app],
            ),
            (
                "cpu",
                pod(json!({"requests": {"hugepages-2Mi": "2Mi"}}), bare()),
                on(),
                vec![whole],
            ),
            ("cpu", pod(json!({}), bare()), on(), vec![app]),
        ] {
            let metrics = json!([utilization(resource)]);
            assert_eq!(
                found(&metrics, &pod_spec, &settings),
                expected,
                "{resource} {pod_spec}"
            );
        }
        let pod_spec = pod(json!({"requests": {"cpu": 1}}), bare());
        assert_eq!(
            lines(&json!([utilization("memory")]), &pod_spec, &json!({})),
            [
                "spec.metrics[0].resource.target.averageUtilization: container \"app\" of Deployment \"web\" \
                 requests no memory, nor does its pod or any other container, so the autoscaler never \
                 scales (FailedGetResourceMetric); fix: set spec.template.spec.resources.requests.memory of Deployment \
                 \"web\", such as 128Mi, or measure averageValue [missing_request]"
            ]
        );
        // A metric of a container looks at the container alone.
        let metrics = json!([container_utilization("cpu", "app")]);
        assert_eq!(found(&metrics, &pod_spec, &json!({})), [app]);
    }

    #[test]
    fn knows_what_a_limit_range_adds() {
        let pod_spec = json!({"containers": [container("app", &json!({}))]});
        for (item, namespace, refused) in [
            (
                json!({"type": "Container", "max": {"cpu": "1"}}),
                "shop",
                false,
            ),
            (
                json!({"type": "Container", "max": {"memory": "1Gi"}}),
                "shop",
                true,
            ),
            (json!({"type": "Pod", "max": {"cpu": "1"}}), "shop", true),
            (
                json!({"type": "Container", "max": {"cpu": "1"}}),
                "other",
                true,
            ),
        ] {
            let limits = json!({"apiVersion": "v1", "kind": "LimitRange",
                "metadata": {"name": "limits", "namespace": namespace}, "spec": {"limits": [item]}});
            let autoscaler = hpa(&json!([utilization("cpu")]));
            let workload = deployment(&pod_spec);
            for (object, other) in [(&autoscaler, &workload), (&workload, &autoscaler)] {
                let cluster = MemoryCluster::of(&[other.clone(), limits.clone()]);
                let response = Review::create(object)
                    .in_cluster(cluster)
                    .judge::<HpaTargetRequests>();
                assert_eq!(response.accepted, !refused, "{item} {namespace}");
            }
        }
    }

    #[test]
    fn says_what_becomes_of_the_other_metrics() {
        let pod_spec = json!({"containers": [container("app", &requests("cpu"))]});
        for (others, effect) in [
            (vec![], "never scales"),
            (vec![json!({"type": "External"})], "can only grow"),
            (vec![utilization("cpu")], "can only grow"),
            (vec![utilization("example.com/gpu")], "never scales"),
            (vec![utilization("Cpu")], "never scales"),
        ] {
            let mut metrics = vec![utilization("memory")];
            metrics.extend(others);
            let metrics = json!(metrics);
            let line = lines(&metrics, &pod_spec, &json!({}))
                .into_iter()
                .find(|line| line.contains("requests no memory"))
                .unwrap();
            assert!(
                line.contains(&format!(
                    "so the autoscaler {effect} (FailedGetResourceMetric); fix"
                )),
                "{metrics} {line}"
            );
        }
    }
}
