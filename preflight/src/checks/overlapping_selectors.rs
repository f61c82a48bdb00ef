//! Two `HorizontalPodAutoscaler`s whose targets select the same pods.
//!
//! The controller finds the pods of a target by its selector alone, and stops where another autoscaler's target selects
//! any of them: `hpasControllingPodsUnderSelector` in `pkg/controller/podautoscaler/horizontal.go`.

use std::collections::BTreeMap;

use shared::{Level, Rule, rule};

use super::{
    Found, Manifests,
    autoscalers::{Autoscaler, Workload},
};
use cluster::environments;

pub(super) static RULE: Rule = rule! {
    id: "overlapping_selectors",
    summary: "Two HorizontalPodAutoscalers whose targets select the same pods",
    why: "Neither autoscaler scales (`AmbiguousSelector`)",
    fix: "give the pods of the two a label with different values, and add it to the selector of each",
    levels: [Deny],
};

/// A refusal for each of two autoscalers. Two of one target are left to the policy.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let autoscalers = manifests.autoscalers();
    if autoscalers.len() < 2 {
        return Vec::new();
    }
    let scaled = autoscalers.iter().filter_map(|autoscaler| {
        let workload = manifests.workloads().of(autoscaler)?;
        Some((autoscaler, workload))
    });
    let mut by_namespace: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (autoscaler, workload) in scaled {
        let namespace = autoscaler.object.namespace();
        let beside = by_namespace.entry(namespace).or_default();
        beside.push((autoscaler, workload));
    }
    let mut found = Vec::new();
    for beside in by_namespace.values() {
        for own in beside {
            // One is enough to say that neither scales.
            found.extend(beside.iter().find_map(|other| refusal(*own, *other)));
        }
    }
    found
}

fn refusal(
    (own, workload): (&Autoscaler<'_>, &Workload<'_>),
    (other, others): (&Autoscaler<'_>, &Workload<'_>),
) -> Option<Found> {
    let is_beside = environments::may_be_one(&own.object.file, &other.object.file)
        && environments::may_be_one(&workload.object.file, &others.object.file);
    let (target, others_target) = (&own.target, &other.target);
    let is_same = others_target.is(target.group(), target.kind, target.name);
    if !is_beside || is_same {
        return None;
    }
    // Pods that both select: those of the one or those of the other.
    let both = |pods| workload.selects(pods) && others.selects(pods);
    let whose = match (both(&others.pods), both(&workload.pods)) {
        (true, true) => format!("the pods of {target} and of {others_target}"),
        (true, false) => format!("the pods of {others_target}"),
        (false, true) => format!("the pods of {target}"),
        (false, false) => return None,
    };
    Some(Found {
        object: own.position,
        field: "spec.scaleTargetRef".to_owned(),
        problem: format!(
            "{}the selectors of {target} and of {others_target}, which {} scales, both match {whose}, so neither \
             autoscaler scales (AmbiguousSelector)",
            own.prefix(),
            other.name_and_place()
        ),
        fix: format!(
            "give the pods of {target} and of {others_target} a label with different values, and add it to the \
             selector of each; a selector cannot be changed, so delete and create the two anew"
        ),
        level: Level::Deny,
        code: None,
        absent: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    /// A Deployment in one line, and its autoscaler in the next but one.
    fn scaled(name: &str, selector: &str, labels: &str) -> String {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: shop}}, spec: {{selector: \
             {selector}, template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: a}}]}}}}}}}}\n---\n\
             {{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: {name}, namespace: shop}}, \
             spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}}}}}\n---\n"
        )
    }

    const WEB: [&str; 3] = ["web", "{matchLabels: {app: web}}", "{app: web}"];

    fn beside(selector: &str, labels: &str) -> Vec<String> {
        let [name, own, pods] = WEB;
        let text = scaled(name, own, pods) + &scaled("canary", selector, labels);
        found(find, &text)
    }

    #[test]
    fn names_both_and_whose_pods_they_share() {
        let start = "spec.scaleTargetRef the selectors of Deployment";
        let end = "so neither autoscaler scales (AmbiguousSelector)";
        assert_eq!(
            beside(
                "{matchLabels: {app: web, track: canary}}",
                "{app: web, track: canary}"
            ),
            [
                format!(
                    "f.yaml:3 {start} \"web\" and of Deployment \"canary\", which HorizontalPodAutoscaler shop/canary \
                     (f.yaml:7) scales, both match the pods of Deployment \"canary\", {end}"
                ),
                format!(
                    "f.yaml:7 {start} \"canary\" and of Deployment \"web\", which HorizontalPodAutoscaler shop/web \
                     (f.yaml:3) scales, both match the pods of Deployment \"canary\", {end}"
                ),
            ]
        );
    }

    #[test]
    fn only_selectors_that_share_pods_overlap() {
        for (selector, labels, count) in [
            ("{matchLabels: {app: web}}", "{app: web}", 2),
            (
                "{matchExpressions: [{key: app, operator: In, values: [web, api]}]}",
                "{app: api}",
                2,
            ),
            (
                "{matchExpressions: [{key: app, operator: Exists}]}",
                "{app: api}",
                2,
            ),
            (
                "{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}",
                "{app: api}",
                0,
            ),
            ("{matchLabels: {app: canary}}", "{app: canary}", 0),
            ("{matchLabels: {app: canary}}", "{app: canary, x: web}", 0),
            // What cannot be read is not judged.
            (
                "{matchExpressions: [{key: app, operator: Near}]}",
                "{app: web}",
                0,
            ),
            ("{}", "{app: web}", 0),
        ] {
            assert_eq!(beside(selector, labels).len(), count, "{selector}");
        }
    }

    #[test]
    fn another_namespace_or_no_replicas_or_one_target_is_no_overlap() {
        let web = scaled(WEB[0], WEB[1], WEB[2]);
        let canary = scaled("canary", WEB[1], WEB[2]);
        assert_eq!(found(find, &(web.clone() + &canary)).len(), 2);
        for other in [
            canary.replace("namespace: shop", "namespace: bank"),
            canary.replace("spec: {selector", "spec: {replicas: 0, selector"),
            canary.replace(
                "kind: Deployment, name: canary}",
                "kind: Deployment, name: web}",
            ),
            canary.replace(
                "kind: Deployment, name: canary}",
                "kind: Deployment, name: gone}",
            ),
        ] {
            assert_eq!(found(find, &(web.clone() + &other)), [""; 0], "{other}");
        }
    }

    #[test]
    fn the_autoscaler_of_a_scaled_object_counts() {
        let canary = scaled("canary", WEB[1], WEB[2]);
        let (deployment, _) = canary.split_once("---").unwrap();
        let text = scaled(WEB[0], WEB[1], WEB[2])
            + deployment
            + "---\n{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: c, namespace: shop}, spec: {\
               scaleTargetRef: {name: canary}, triggers: [{type: cron}]}}\n";
        let lines = found(find, &text);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].contains(
                "HorizontalPodAutoscaler \"keda-hpa-c\" of ScaledObject shop/c (f.yaml:7)"
            ),
            "{lines:?}"
        );
        assert!(
            lines[1].starts_with(
                "f.yaml:7 spec.scaleTargetRef in HorizontalPodAutoscaler \"keda-hpa-c\", which KEDA makes of it: the"
            ),
            "{lines:?}"
        );
    }
}
