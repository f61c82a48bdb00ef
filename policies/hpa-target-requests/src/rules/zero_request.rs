//! Utilization of a resource of which 0 is requested.

use shared::{Level, Rule, list_of, quote, rule};

use crate::pair::{Pair, Problem};
use crate::pods::Container;
use crate::report::Report;

pub(crate) static RULE: Rule = rule! {
    id: "zero_request",
    summary: "A metric that targets utilization of a resource of which all containers together request 0",
    why: "A request of 0 counts as one, but there is no share of nothing. One container that requests more is enough",
    fix: "request more than 0",
    levels: [Deny, Deny by "workloads" for "a new workload",
             Warn by "writtenFirst" for "an UPDATE of a workload, and an autoscaler of a StatefulSet or a custom kind"],
};

/// Refuses requests of 0: of the container that is measured, or of all.
pub(crate) fn check(pair: &Pair<'_>, container: Option<&Container<'_>>, report: &mut Report<'_>) {
    let resource = &pair.metric.resource;
    let of = pair.of_workload();
    let what = match container {
        Some(found) => format!("container {}{of} requests 0 {resource}", quote(found.name)),
        None => format!("the pod{of} requests 0 {resource} in all"),
    };
    let pods = pair.pods;
    let is_limited = |found: Option<&Container<'_>>| pods.is_limited_to_zero(found, resource);
    let (place, is_limited) = if let (None, Some(pod)) = (container, pods.pod_level_path()) {
        (pod.to_owned(), is_limited(None))
    } else {
        // One that may request more is enough.
        let free = || pods.measured().find(|found| !is_limited(Some(found)));
        let found = container.or_else(free);
        let found = found.or_else(|| pods.measured().next());
        let place = found.map_or_else(String::new, |found| pods.place(found));
        (place, is_limited(found))
    };
    let (list, fix_in_workload) = if is_limited {
        ("limits", "set it to more than 0")
    } else {
        ("requests", "request more than 0")
    };
    let place = pair.amount_at(&place, list);
    let problem = Problem {
        rule: &RULE,
        level: Level::Deny,
        what,
        besides: besides(pair, container),
        metric_field: "target.averageUtilization",
        fix: [
            format!("set {place} of {} to more than 0", pair.workload()),
            fix_in_workload.to_owned(),
        ],
        place,
    };
    pair.report(problem, report);
}

/// The containers, where it is all of them, and the `LimitRange` that the 0 is of.
fn besides(pair: &Pair<'_>, container: Option<&Container<'_>>) -> String {
    let (pods, resource) = (pair.pods, &*pair.metric.resource);
    let mut besides = String::new();
    if container.is_none() && !pods.requests_as_a_whole(resource) {
        let names = list_of(&mut pods.measured().map(|found| found.name));
        let containers = match pods.measured().nth(1) {
            Some(_) => "containers",
            None => "container",
        };
        besides = format!(" ({containers} {names})");
    }
    if let Some(name) = pods.limit_range_of_zero(container, resource) {
        let gives = match container {
            Some(_) => "which",
            None => "where 0 is what",
        };
        besides = format!("{besides}, {gives} LimitRange {} gives", quote(name));
    }
    besides
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::HpaTargetRequests;
    use crate::testing::{
        cluster, container, container_utilization, deployment, hpa, lines, utilization,
        workload_lines,
    };

    fn cpu(quantity: &Value) -> Value {
        json!({"requests": {"cpu": quantity}})
    }

    #[test]
    fn refuses_what_is_nothing_in_all() {
        let spec = |first: Value, second: Value| {
            let containers = [container("a", &cpu(&first)), container("b", &cpu(&second))];
            json!({ "containers": containers })
        };
        for (pod_spec, refused) in [
            (spec(json!("0"), json!("0m")), true),
            (spec(json!("0.0"), json!("0e5")), true),
            (spec(json!(0), json!(null)), true),
            (spec(json!("0"), json!("100m")), false),
            (spec(json!("1n"), json!("0")), false),
        ] {
            let found = lines(&json!([utilization("cpu")]), &pod_spec, &json!({}));
            assert_eq!(!found.is_empty(), refused, "{pod_spec} {found:?}");
        }
    }

    #[test]
    fn a_zero_request_is_not_made_up_for_by_a_limit() {
        let resources = json!({"requests": {"cpu": "0"}, "limits": {"cpu": "1"}});
        let pod_spec = json!({"containers": [container("app", &resources)]});
        let metrics = json!([utilization("cpu")]);
        assert_eq!(
            lines(&metrics, &pod_spec, &json!({})),
            [
                "spec.metrics[0].resource.target.averageUtilization: the pod of Deployment \"web\" requests 0 cpu in \
                 all (container \"app\"), so the autoscaler never scales (FailedGetResourceMetric); fix: set \
                 spec.template.spec.containers[0].resources.requests.cpu of Deployment \"web\" to more than 0 \
                 [zero_request]"
            ]
        );
        assert_eq!(
            workload_lines(&metrics, &pod_spec, &json!({})),
            [
                "spec.template.spec.containers[0].resources.requests.cpu: the pod requests 0 cpu in all (container \"app\"), so \
                 HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metrics[0], FailedGetResourceMetric); fix: \
                 request more than 0 [zero_request]"
            ]
        );
    }

    /// What is refused of the pod as a whole, for a metric that is the first, and what to change.
    fn refused(place: &str, containers: &str) -> String {
        format!(
            "spec.metrics[0].resource.target.averageUtilization: the pod of Deployment \"web\" requests 0 cpu in \
             all{containers}, so the autoscaler never scales (FailedGetResourceMetric); fix: set spec.template.spec.{place}.cpu of \
             Deployment \"web\" to more than 0 [zero_request]"
        )
    }

    #[test]
    fn a_metric_of_a_container_looks_at_that_alone() {
        let pod_spec = json!({"containers": [
            container("a", &cpu(&json!("0"))), container("b", &cpu(&json!("1"))),
        ]});
        let found = |name: &str| {
            let metrics = json!([container_utilization("cpu", name)]);
            lines(&metrics, &pod_spec, &json!({}))
        };
        assert_eq!(found("b"), [""; 0]);
        assert_eq!(
            found("a"),
            [
                "spec.metrics[0].containerResource.target.averageUtilization: container \"a\" of Deployment \"web\" \
                 requests 0 cpu, so the autoscaler never scales (FailedGetContainerResourceMetric); fix: set \
                 spec.template.spec.containers[0].resources.requests.cpu of Deployment \"web\" to more than 0 \
                 [zero_request]"
            ]
        );
    }

    #[test]
    fn counts_what_the_pod_requests_as_a_whole() {
        for (whole, expected) in [
            (
                json!({"requests": {"cpu": 0}}),
                vec![refused("resources.requests", "")],
            ),
            (json!({"requests": {"cpu": 1}}), vec![]),
            (
                json!({"limits": {"cpu": 0}}),
                vec![refused("resources.limits", "")],
            ),
        ] {
            let pod_spec = json!({"resources": whole, "containers": [container("a", &json!({}))]});
            let found = lines(&json!([utilization("cpu")]), &pod_spec, &json!({}));
            assert_eq!(found, expected, "{pod_spec}");
        }
    }

    #[test]
    fn names_what_can_be_more() {
        let free = || container("a", &cpu(&json!("0")));
        let held = || container("b", &json!({"limits": {"cpu": "0"}}));
        let resources = json!({"requests": {"cpu": 0}, "limits": {"cpu": "0"}});
        let both = || container("c", &resources);
        for (containers, names, place) in [
            (
                json!([free(), held()]),
                " (containers \"a\", \"b\")",
                "containers[0].resources.requests",
            ),
            (
                json!([held(), free()]),
                " (containers \"b\", \"a\")",
                "containers[1].resources.requests",
            ),
            (
                json!([held(), both()]),
                " (containers \"b\", \"c\")",
                "containers[0].resources.limits",
            ),
            (
                json!([both()]),
                " (container \"c\")",
                "containers[0].resources.limits",
            ),
        ] {
            let pod_spec = json!({ "containers": containers });
            let metrics = json!([utilization("cpu")]);
            let found = lines(&metrics, &pod_spec, &json!({}));
            assert_eq!(found, [refused(place, names)], "{pod_spec}");
            let fix = if place.ends_with("limits") {
                "set it to more than 0"
            } else {
                "request more than 0"
            };
            assert_eq!(
                workload_lines(&metrics, &pod_spec, &json!({})),
                [format!(
                    "spec.template.spec.{place}.cpu: the pod requests 0 cpu in all{names}, so HorizontalPodAutoscaler \"web\" \
                     never scales by cpu (spec.metrics[0], FailedGetResourceMetric); fix: {fix} [zero_request]"
                )]
            );
        }
        let metrics = json!([container_utilization("cpu", "b")]);
        let pod_spec = json!({"containers": [free(), held()]});
        assert_eq!(
            workload_lines(&metrics, &pod_spec, &json!({})),
            [
                "spec.template.spec.containers[1].resources.limits.cpu: container \"b\" requests 0 cpu, so \
                 HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metrics[0], \
                 FailedGetContainerResourceMetric); fix: set it to more than 0 [zero_request]"
            ]
        );
    }
    #[test]
    fn names_the_limit_range_that_the_zero_is_of() {
        let pod_spec = json!({"containers": [container("app", &json!({}))]});
        let limits = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits", "namespace": "shop"},
            "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": 0}}]}});
        for (metric, what) in [
            (
                utilization("cpu"),
                "the pod of Deployment \"web\" requests 0 cpu in all (container \"app\"), where 0 is what LimitRange \
                 \"limits\" gives, so",
            ),
            (
                container_utilization("cpu", "app"),
                "container \"app\" of Deployment \"web\" requests 0 cpu, which LimitRange \"limits\" gives, so",
            ),
        ] {
            let there = cluster(&[deployment(&pod_spec), limits.clone()]);
            let review = Review::create(&hpa(&json!([metric]))).in_cluster(there);
            let lines = review.lines::<HpaTargetRequests>();
            assert!(lines[0].contains(what), "{lines:?}");
        }
    }
}
