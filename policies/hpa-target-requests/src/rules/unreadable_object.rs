//! An object of the cluster that cannot be read.

use shared::{Cursor, DecodeError, Rule, Verdict, cluster, rule};

pub(crate) static RULE: Rule = rule! {
    id: "unreadable_object",
    summary: "An autoscaler or a LimitRange of the namespace that is not what it should be, and was skipped",
    why: "One broken object must not keep all others from being judged",
    fix: "correct that object",
    levels: [Warn],
};

/// Warns of it.
pub(crate) fn check(kind: &str, object: &Cursor<'_>, error: &DecodeError, verdict: &mut Verdict) {
    let reason = cluster::skipped(kind, object, error);
    verdict.warn(&RULE, &"metadata.namespace", reason);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaTargetRequests;
    use crate::testing::{container, deployment, hpa, utilization};

    #[test]
    fn one_broken_autoscaler_does_not_hide_the_others() {
        let good = hpa(&json!([utilization("cpu")]));
        let mut broken = hpa(&json!({"type": "Resource"}));
        broken["metadata"]["name"] = json!("a-broken-one");
        let mut lost = hpa(&json!([]));
        lost["metadata"]["name"] = json!("lost");
        lost["spec"]["scaleTargetRef"] = json!(7);
        // What is wrong with one of another workload is no business of this one.
        let mut other = broken.clone();
        other["metadata"]["name"] = json!("of-another");
        other["spec"]["scaleTargetRef"]["name"] = json!("other");
        let object = deployment(&json!({"containers": [container("app", &json!({}))]}));
        let lines = Review::create(&object)
            .in_cluster(MemoryCluster::new([good, broken, other, lost]))
            .lines::<HpaTargetRequests>();
        assert_eq!(
            lines,
            [
                "spec.template.spec.containers[0].resources.requests.cpu: container \"app\" requests no cpu, so \
                 HorizontalPodAutoscaler \"web\" never scales by cpu (spec.metrics[0], FailedGetResourceMetric); fix: \
                 set it, for example to 100m, or have the autoscaler use an averageValue target (autoscaling/v2) [missing_request]",
                "warning: hpa-target-requests: metadata.namespace: skipped HorizontalPodAutoscaler \"a-broken-one\", \
                 which cannot be read: spec.metrics: must be a list, not a map; fix: correct that object \
                 [unreadable_object]",
                "warning: hpa-target-requests: metadata.namespace: skipped HorizontalPodAutoscaler \"lost\", which \
                 cannot be read: spec.scaleTargetRef: must be a map, not a number; fix: correct that object \
                 [unreadable_object]",
            ]
        );
    }
}
