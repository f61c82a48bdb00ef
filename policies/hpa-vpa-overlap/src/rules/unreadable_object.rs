//! An autoscaler of the cluster that cannot be read.

use shared::{Cursor, DecodeError, Rule, Verdict, cluster, rule};

pub(crate) static RULE: Rule = rule! {
    id: "unreadable_object",
    summary: "An autoscaler of the namespace that is not what it should be, and was skipped",
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

    use crate::testing::{hpa, lines, utilization, vpa};

    #[test]
    fn one_broken_autoscaler_does_not_hide_the_others() {
        let own = hpa(&json!([utilization("cpu")]));
        let good = vpa(&json!(null), &json!(null));
        let mut broken = vpa(&json!(null), &json!(7));
        broken["metadata"]["name"] = json!("a-broken-one");
        let mut lost = vpa(&json!(null), &json!(null));
        lost["metadata"]["name"] = json!("lost");
        lost["spec"]["targetRef"] = json!(7);
        // What is wrong with one of another target is no business of this one.
        let mut other = broken.clone();
        other["metadata"]["name"] = json!("other");
        other["spec"]["targetRef"]["name"] = json!("other");
        let lines = lines(&own, &[&good, &broken, &lost, &other], &json!({}));
        let warning = |name: &str, problem: &str| {
            format!(
                "warning: hpa-vpa-overlap: metadata.namespace: skipped VerticalPodAutoscaler \"{name}\", which cannot \
                 be read: {problem}; fix: correct that object [unreadable_object]"
            )
        };
        assert_eq!(
            lines,
            [
                "spec.metrics[0].resource.target.averageUtilization: measures cpu of containers of Deployment \"web\", \
                 whose request VerticalPodAutoscaler \"web\" changes; fix: add {containerName: \"*\", \
                 controlledResources: [\"memory\"]} to its spec.resourcePolicy.containerPolicies, or set its updateMode \
                 to \"Off\", or measure something other than cpu and memory [shared_resource]"
                    .to_owned(),
                warning(
                    "lost",
                    "spec.targetRef: must be a map, not a number"
                ),
                warning(
                    "a-broken-one",
                    "spec.resourcePolicy.containerPolicies: must be a list, not a number",
                ),
            ]
        );
    }
}
