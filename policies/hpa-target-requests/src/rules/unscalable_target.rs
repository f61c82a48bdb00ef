//! A target that nothing can scale.

use shared::kubernetes::autoscaling::HorizontalPodAutoscaler;
use shared::{Finding, Rule, Verdict, quote, rule};

use crate::settings::Settings;
use crate::target::Target;

pub(crate) static RULE: Rule = rule! {
    id: "unscalable_target",
    summary: "An autoscaler of something that cannot be scaled: a DaemonSet, a Job, a kind in the wrong case or group",
    why: "The autoscaler reports FailedGetScale, and does nothing, whatever else is applied. Group and kind count in \
          their exact case, and without an apiVersion it is the core group",
    fix: "target a Deployment, StatefulSet, ReplicaSet or ReplicationController",
    levels: [Deny by "unscalableTarget"],
};

/// Reports such a target. Whether there is anything more to judge.
pub(crate) fn check(
    autoscaler: &HorizontalPodAutoscaler<'_>,
    resolved: Target<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) -> bool {
    let target = &autoscaler.target;
    let (kind, group) = (target.kind, target.group());
    let group = if group.is_empty() {
        "the core group"
    } else {
        group
    };
    let (field, reason, fix) = match resolved {
        Target::Readable(_) | Target::Unknown => return true,
        Target::Unscalable => (
            "kind",
            format!("{} of {group} cannot be scaled", quote(kind)),
            None,
        ),
        Target::WrongCase(right) => (
            "kind",
            format!(
                "{group} has no kind {kind}, only {right}",
                kind = quote(kind),
                right = quote(right)
            ),
            Some(format!("write kind: {right}")),
        ),
        Target::WrongGroup(api_version, right) => (
            "apiVersion",
            format!("{} is not a kind of {group}", quote(kind)),
            Some(format!("write apiVersion: {api_version} and kind: {right}")),
        ),
    };
    let path = format!("spec.scaleTargetRef.{field}");
    let consequence = ", so the autoscaler never scales (FailedGetScale)";
    let owner = match &autoscaler.meta.owner {
        Some(owner) => format!(" in {owner}"),
        None => String::new(),
    };
    let fix = fix.unwrap_or_else(|| RULE.fix.to_owned());
    let finding = Finding::new(&RULE, &path, reason)
        .consequence(consequence)
        .fix(fix + &owner);
    verdict.report(settings.unscalable_target, finding);
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::Review;

    use crate::HpaTargetRequests;
    use crate::testing::{hpa, utilization};

    fn lines(api_version: &str, kind: &str, level: &str) -> Vec<String> {
        let mut object = hpa(&json!([utilization("cpu")]));
        object["spec"]["scaleTargetRef"] =
            json!({"apiVersion": api_version, "kind": kind, "name": "web"});
        Review::create(&object)
            .with(json!({ "unscalableTarget": level }))
            .lines::<HpaTargetRequests>()
    }

    #[test]
    fn says_why_nothing_scales_it() {
        let consequence = "so the autoscaler never scales (FailedGetScale); fix:";
        for (api_version, kind, line) in [
            (
                "apps/v1",
                "DaemonSet",
                format!(
                    "spec.scaleTargetRef.kind: \"DaemonSet\" of apps cannot be scaled, {consequence} target a Deployment, \
                     StatefulSet, ReplicaSet or ReplicationController"
                ),
            ),
            (
                "apps/v1",
                "deployment",
                format!(
                    "spec.scaleTargetRef.kind: apps has no kind \"deployment\", only \"Deployment\", {consequence} \
                     write kind: Deployment"
                ),
            ),
            (
                "extensions/v1beta1",
                "Deployment",
                format!(
                    "spec.scaleTargetRef.apiVersion: \"Deployment\" is not a kind of extensions, {consequence} write \
                     apiVersion: apps/v1 and kind: Deployment"
                ),
            ),
            (
                "",
                "StatefulSet",
                format!(
                    "spec.scaleTargetRef.apiVersion: \"StatefulSet\" is not a kind of the core group, {consequence} write \
                     apiVersion: apps/v1 and kind: StatefulSet"
                ),
            ),
        ] {
            assert_eq!(
                lines(api_version, kind, "deny"),
                [format!("{line} [unscalable_target]")]
            );
            assert_eq!(lines(api_version, kind, "off"), [""; 0]);
        }
    }
}
