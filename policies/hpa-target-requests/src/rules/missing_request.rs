//! Utilization of a resource that a container does not request.

use shared::{Level, Rule, Verdict, quote, rule};

use crate::pair::{Pair, Problem, count_unread};
use crate::pods::Container;

pub(crate) static RULE: Rule = rule! {
    id: "missing_request",
    summary: "A metric that measures utilization of a resource that a container does not request",
    why: "Utilization is a share of what is requested: a single container without a request, and the metric cannot be \
          computed for any pod",
    fix: "set the request, or measure averageValue",
    levels: [Deny, Deny by "workloads" for "a new workload",
             Warn by "writtenFirst" for "an UPDATE of a workload, and an autoscaler of a StatefulSet or a custom kind"],
};

/// Refuses the one container that is measured, or each of all that lack the request.
pub(crate) fn check(pair: &Pair<'_>, container: Option<&Container<'_>>, verdict: &mut Verdict) {
    let of_container = |found: &Container<'_>| pair.pods.place(found);
    if let Some(found) = container {
        report(pair, found, "", &of_container(found), verdict);
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
    for found in pair.pods.without_request(&pair.metric.resource) {
        if count_unread(&RULE, Level::Deny, verdict) {
            return;
        }
        report(pair, found, besides, &place(found), verdict);
    }
}

/// `place` is what is to request the resource: the container, or the pod.
fn report(
    pair: &Pair<'_>,
    found: &Container<'_>,
    besides: &'static str,
    place: &str,
    verdict: &mut Verdict,
) {
    let resource = &*pair.metric.resource;
    let example = match resource {
        "cpu" => "100m",
        "memory" => "128Mi",
        _ => "\"1\"",
    };
    let (name, of) = (quote(found.name), pair.of_workload());
    let (place, workload) = (pair.request_at(place), pair.workload());
    let fix = [
        format!("set {place} of {workload}, for example to {example}, or measure averageValue"),
        format!("set it, for example to {example}, or have the autoscaler measure averageValue"),
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

    /// What is refused of each of these containers, which are at such places, for the metric that is the first.
    fn refused(containers: &[(&str, &str)], resource: &str) -> Vec<String> {
        refused_by("FailedGetResourceMetric", "", containers, resource)
    }

    /// The same where it is the pod that requests something else.
    fn refused_of_pod(container: &str, resource: &str) -> Vec<String> {
        let besides = ", nor does its pod or any other container";
        refused_by(
            "FailedGetResourceMetric",
            besides,
            &[(container, "")],
            resource,
        )
    }

    /// The same of a metric of one container.
    fn refused_alone(container: &str, place: &str) -> Vec<String> {
        let failure = "FailedGetContainerResourceMetric";
        refused_by(failure, "", &[(container, place)], "cpu")
    }

    fn refused_by(
        failure: &str,
        besides: &str,
        containers: &[(&str, &str)],
        resource: &str,
    ) -> Vec<String> {
        let source = match failure {
            "FailedGetResourceMetric" => "resource",
            _ => "containerResource",
        };
        let example = if resource == "cpu" { "100m" } else { "128Mi" };
        let line = |(name, place): &(&str, &str)| {
            format!(
                "spec.metrics[0].{source}.target.averageUtilization: container \"{name}\" of Deployment \"web\" \
                 requests no {resource}{besides}, so the autoscaler never scales ({failure}); fix: set \
                 spec.template.spec.{place}resources.requests.{resource} of Deployment \"web\", for example to \
                 {example}, or measure averageValue [missing_request]"
            )
        };
        containers.iter().map(line).collect()
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
            refused(&[("proxy", "containers[1].")], "cpu")
        );
        let line = "spec.template.spec.containers[1].resources.requests.cpu: container \"proxy\" requests no cpu, so \
                    HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metrics[0";
        let denied = format!(
            "{line}], FailedGetResourceMetric); fix: set it, for example to 100m, or have the autoscaler measure \
             averageValue [missing_request]"
        );
        let warning = format!("warning: hpa-target-requests: {denied}");
        assert_eq!(workload_lines(&metrics, &pod_spec, &json!({})), [denied]);
        assert_eq!(
            workload_lines(&metrics, &pod_spec, &json!({"workloads": "warn"})),
            [warning]
        );
        assert_eq!(
            workload_lines(&metrics, &pod_spec, &json!({"workloads": "off"})),
            [""; 0]
        );
    }

    #[test]
    fn counts_the_containers_that_the_controller_counts() {
        let metrics = json!([utilization("cpu")]);
        for (pod_spec, expected) in [
            (
                json!({"containers": [container("app", &json!({"limits": {"cpu": 1}}))]}),
                vec![],
            ),
            (
                json!({"containers": [container("app", &json!(null)), container("other", &json!({}))]}),
                vec![("app", "containers[0]."), ("other", "containers[1].")],
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
                vec![("mesh", "initContainers[0].")],
            ),
            (json!({"containers": []}), vec![]),
        ] {
            let found = lines(&metrics, &pod_spec, &json!({}));
            assert_eq!(found, refused(&expected, "cpu"), "{pod_spec}");
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
            ("proxy", refused_alone("proxy", "containers[1].")),
            ("mesh", refused_alone("mesh", "initContainers[0].")),
        ] {
            let metrics = json!([container_utilization("cpu", name)]);
            assert_eq!(lines(&metrics, &pod_spec, &json!({})), expected);
        }
    }

    #[test]
    fn counts_what_the_pod_requests_as_a_whole() {
        let pod = |resources: Value, containers: Value| json!({"resources": resources, "containers": containers});
        let bare = || json!([container("app", &json!({}))]);
        let off = || json!({"podLevelResources": false});
        let on = || json!({});
        let whole = |resource: &str| refused_of_pod("app", resource);
        let app = || refused(&[("app", "containers[0].")], "cpu");
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
                app(),
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
                whole("memory"),
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
                app(),
            ),
            (
                "cpu",
                pod(json!({"requests": {"hugepages-2Mi": "2Mi"}}), bare()),
                on(),
                whole("cpu"),
            ),
            ("cpu", pod(json!({}), bare()), on(), app()),
        ] {
            let metrics = json!([utilization(resource)]);
            let found = lines(&metrics, &pod_spec, &settings);
            assert_eq!(found, expected, "{resource} {pod_spec}");
        }
        // A metric of a container looks at the container alone.
        let pod_spec = pod(json!({"requests": {"cpu": 1}}), bare());
        let metrics = json!([container_utilization("cpu", "app")]);
        let alone = refused_alone("app", "containers[0].");
        assert_eq!(lines(&metrics, &pod_spec, &json!({})), alone);
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
                let cluster = MemoryCluster::new([other.clone(), limits.clone()]);
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
        let [never] = &refused(&[("app", "containers[0].")], "memory")[..] else {
            panic!("is refused for one container")
        };
        let grows = || never.replace("never scales", "can only grow");
        let never = || never.clone();
        for (other, expected) in [
            (json!({"type": "External"}), vec![grows()]),
            (utilization("cpu"), vec![grows()]),
            (
                utilization("Cpu"),
                vec![
                    never(),
                    "spec.metrics[1].resource.name: \"Cpu\" is not a resource, but \"cpu\" is, so the autoscaler never \
                     scales (FailedGetResourceMetric); fix: write cpu [unknown_resource]"
                        .to_owned(),
                ],
            ),
            (
                utilization("storage"),
                vec![
                    never(),
                    "spec.metrics[1].resource.target.averageUtilization: container \"app\" of Deployment \"web\" \
                     requests no storage, so the autoscaler never scales (FailedGetResourceMetric); fix: set \
                     spec.template.spec.containers[0].resources.requests.storage of Deployment \"web\", for example to \
                     \"1\", or measure averageValue [missing_request]"
                        .to_owned(),
                    "warning: hpa-target-requests: spec.metrics[1].resource.name: \"storage\" is not a resource that \
                     metrics servers measure, so the autoscaler never scales (FailedGetResourceMetric); fix: measure \
                     cpu or memory, or use a metric of type Pods or External [unknown_resource]"
                        .to_owned(),
                ],
            ),
        ] {
            let metrics = json!([utilization("memory"), other]);
            assert_eq!(
                lines(&metrics, &pod_spec, &json!({})),
                expected,
                "{metrics}"
            );
        }
    }
}
