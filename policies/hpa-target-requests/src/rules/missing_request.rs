//! Utilization of a resource that a container does not request.

use shared::{Level, Rule, quote, rule};

use crate::pair::{Pair, Problem};
use crate::pods::Container;
use crate::report::Report;

pub(crate) static RULE: Rule = rule! {
    id: "missing_request",
    summary: "A metric that targets utilization of a resource that a container does not request",
    why: "Utilization is a share of what is requested: a single container without a request, and the metric cannot be \
          computed for any pod",
    fix: "set the request, or use an averageValue target",
    levels: [Deny, Deny by "workloads" for "a new workload",
             Warn by "writtenFirst" for "an UPDATE of a workload, and an autoscaler of a StatefulSet or a custom kind"],
};

/// Refuses the one container that is measured, or each of all that lack the request.
pub(crate) fn check(pair: &Pair<'_>, container: Option<&Container<'_>>, report: &mut Report<'_>) {
    let of_container = |found: &Container<'_>| pair.pods.place(found);
    if let Some(found) = container {
        // Source: `GetContainerResourceReplicas`, which `calculateRequests` leaves at the container, in
        // `pkg/controller/podautoscaler/replica_calculator.go`.
        let besides = if pair.pods.requests_as_a_whole(&pair.metric.resource) {
            ", and what the pod requests as a whole does not count for a single container"
        } else {
            ""
        };
        add(pair, found, besides, &of_container(found), report);
    } else {
        check_all(pair, "", &of_container, report);
    }
}

/// Refuses each container of a pod that requests other resources as a whole, and nowhere this one. A single request would
/// do. But without the other resources each container needs one, and an UPDATE that takes them away, or adds them, makes
/// nothing worse.
pub(crate) fn check_pod(pair: &Pair<'_>, report: &mut Report<'_>) {
    let besides = ", nor does its pod or any other container";
    let of_pod = |_: &Container<'_>| pair.pods.path.to_owned();
    check_all(pair, besides, &of_pod, report);
}

fn check_all(
    pair: &Pair<'_>,
    besides: &str,
    place: &dyn Fn(&Container<'_>) -> String,
    report: &mut Report<'_>,
) {
    for found in pair.pods.without_request(&pair.metric.resource) {
        if report.count_unread(&RULE, Level::Deny) {
            return;
        }
        add(pair, found, besides, &place(found), report);
    }
}

/// `place` is what is to request the resource: the container, or the pod.
fn add(
    pair: &Pair<'_>,
    found: &Container<'_>,
    besides: &str,
    place: &str,
    report: &mut Report<'_>,
) {
    let resource = &*pair.metric.resource;
    let example = match resource {
        "cpu" => "100m",
        "memory" => "128Mi",
        _ => "\"1\"",
    };
    let (name, of) = (quote(found.name), pair.of_workload());
    let (place, workload) = (pair.request_at(place), pair.workload());
    let around = pair.ways_around(found);
    let fix = [
        format!("set {place} of {workload}, for example to {example}, or {around}"),
        format!("set it, for example to {example}, or {around}"),
    ];
    let problem = Problem {
        rule: &RULE,
        level: Level::Deny,
        what: format!("container {name}{of} requests no {resource}"),
        besides: besides.to_owned(),
        metric_field: "target.averageUtilization",
        place,
        fix,
    };
    pair.report(problem, report);
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
        // Where there is a main container that requests it.
        let around = match (source, containers) {
            ("resource", [("proxy" | "mesh", _)]) => {
                "measure container \"app\" alone (a ContainerResource metric), or "
            }
            _ => "",
        };
        let line = |(name, place): &(&str, &str)| {
            format!(
                "spec.metrics[0].{source}.target.averageUtilization: container \"{name}\" of Deployment \"web\" \
                 requests no {resource}{besides}, so the autoscaler never scales ({failure}); fix: set \
                 spec.template.spec.{place}resources.requests.{resource} of Deployment \"web\", for example to \
                 {example}, or {around}use an averageValue target [missing_request]"
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
             container \"app\" alone (a ContainerResource metric), or use an averageValue target (autoscaling/v2) \
             [missing_request]"
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
        let besides =
            ", and what the pod requests as a whole does not count for a single container";
        let failure = "FailedGetContainerResourceMetric";
        let alone = refused_by(failure, besides, &[("app", "containers[0].")], "cpu");
        assert_eq!(lines(&metrics, &pod_spec, &json!({})), alone);
    }

    /// The fix of the one thing that is refused.
    fn fix(lines: &[String]) -> &str {
        let [line] = lines else {
            panic!("{lines:?}");
        };
        line.split_once("; fix: ").unwrap().1
    }

    #[test]
    fn an_autoscaler_of_v1_is_not_told_to_write_what_it_has_no_field_for() {
        let mut autoscaler = hpa(&json!(null));
        autoscaler["apiVersion"] = json!("autoscaling/v1");
        let pod_spec = json!({"containers": [container("app", &json!({}))]});
        for percentage in [json!(60), json!(null)] {
            autoscaler["spec"]["targetCPUUtilizationPercentage"] = percentage;
            let cluster = MemoryCluster::new([deployment(&pod_spec)]);
            let lines = Review::create(&autoscaler)
                .in_cluster(cluster)
                .lines::<HpaTargetRequests>();
            assert!(
                lines[0].starts_with("spec.targetCPUUtilizationPercentage: "),
                "{lines:?}"
            );
            let end = "for example to 100m, or use an averageValue target, which needs autoscaling/v2 [missing_request]";
            assert!(fix(&lines).ends_with(end), "{lines:?}");
        }
    }

    #[test]
    fn what_keda_makes_is_changed_in_its_scaled_object() {
        let mut autoscaler = hpa(&json!([utilization("cpu")]));
        autoscaler["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "web", "controller": true,
        }]);
        let pod_spec = json!({"containers": [
            container("app", &requests("cpu")), container("proxy", &json!({})),
        ]});
        let workload = deployment(&pod_spec);
        for (object, other) in [(&autoscaler, &workload), (&workload, &autoscaler)] {
            let cluster = MemoryCluster::new([other.clone()]);
            let lines = Review::create(object)
                .in_cluster(cluster)
                .lines::<HpaTargetRequests>();
            let end = "for example to 100m, or have ScaledObject \"web\" measure container \"app\" alone (containerName \
                       of the trigger), or use a trigger of another type than cpu [missing_request]";
            assert!(fix(&lines).ends_with(end), "{lines:?}");
        }
    }

    #[test]
    fn what_several_metrics_or_autoscalers_need_is_said_once() {
        let pod_spec = json!({"containers": [container("app", &json!({}))]});
        let metrics = json!([
            utilization("cpu"),
            container_utilization("cpu", "app"),
            utilization("memory"),
        ]);
        let found = lines(&metrics, &pod_spec, &json!({}));
        let paths: Vec<_> = found
            .iter()
            .map(|line| line.split(": ").next().unwrap())
            .collect();
        let path =
            |index: usize| format!("spec.metrics[{index}].resource.target.averageUtilization");
        assert_eq!(paths, [path(0), path(2)]);
        let mut second = hpa(&json!([{"type": "External"}, utilization("cpu")]));
        second["metadata"]["name"] = json!("web-2");
        let cluster = MemoryCluster::new([hpa(&metrics), second]);
        let review = Review::create(&deployment(&pod_spec)).in_cluster(cluster);
        let place = "spec.template.spec.containers[0].resources.requests";
        let around =
            "or have the autoscaler use an averageValue target (autoscaling/v2) [missing_request]";
        assert_eq!(
            review.lines::<HpaTargetRequests>(),
            [
                format!(
                    "{place}.cpu: container \"app\" requests no cpu, so HorizontalPodAutoscaler \"web\" never scales \
                     by cpu (spec.metrics[0], FailedGetResourceMetric), nor does HorizontalPodAutoscaler \"web-2\" \
                     (spec.metrics[1]); fix: set it, for example to 100m, {around}"
                ),
                format!(
                    "{place}.memory: container \"app\" requests no memory, so HorizontalPodAutoscaler \"web\" never \
                     scales by memory (spec.metrics[2], FailedGetResourceMetric); fix: set it, for example to 128Mi, \
                     {around}"
                ),
            ]
        );
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
                     \"1\", or use an averageValue target [missing_request]"
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
