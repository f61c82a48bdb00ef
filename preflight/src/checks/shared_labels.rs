//! Pods that an autoscaler measures although its target does not make them.
//!
//! The controller measures all pods that the selector of the target matches, whatever makes them: `GetResourceReplicas` in
//! `pkg/controller/podautoscaler/replica_calculator.go`. `calculatePodRequests` beside it fails on a pod without a
//! request, also on one that has completed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use shared::{Level, Rule, quote, rule};
use tree::Value;

use super::{
    Found, Manifests, NAMED, Pods,
    autoscalers::{Autoscaler, Workload},
    listed,
};
use crate::{manifests::Object, report::Subject};
use cluster::environments;

pub(super) static RULE: Rule = rule! {
    id: "shared_labels",
    summary: "A HorizontalPodAutoscaler whose target selects pods that something else makes",
    why: "It measures those pods as well, and stops where one of them requests nothing \
          (`FailedGetResourceMetric`)",
    fix: "give those pods other labels, or the pods and the selector of the target a label that only they \
          have",
    levels: [Warn],
};

/// A warning for each autoscaler that measures such pods.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let autoscalers = manifests.autoscalers();
    if autoscalers.is_empty() {
        return Vec::new();
    }
    let workloads = manifests.workloads();
    // The pods of what an autoscaler scales are for another check.
    let scaled = autoscalers.iter();
    let scaled: HashSet<*const Object> = scaled
        .filter_map(|autoscaler| Some(std::ptr::from_ref(workloads.of(autoscaler)?.object)))
        .collect();
    let mut makers: BTreeMap<Option<&str>, Vec<(&Object, Pods<'_>)>> = BTreeMap::new();
    for (_, object) in manifests.current() {
        // What is owned is made by another one of the manifests, or by an operator.
        let is_owned = object
            .value_of("metadata.ownerReferences")
            .and_then(Value::as_array)
            .is_some_and(|owners| !owners.is_empty());
        if is_owned || scaled.contains(&std::ptr::from_ref(object)) {
            continue;
        }
        if let Some(pods) = Pods::of(object) {
            let beside = makers.entry(object.namespace()).or_default();
            beside.push((object, pods));
        }
    }
    let has_defaults: BTreeSet<Option<&str>> = manifests
        .current()
        .filter(|(_, object)| object.kind() == "LimitRange")
        .map(|(_, object)| object.namespace())
        .collect();
    let mut found = Vec::new();
    for autoscaler in autoscalers.iter().filter(|one| one.measures_pods()) {
        if let Some(workload) = workloads.of(autoscaler) {
            let namespace = autoscaler.object.namespace();
            let defaults = has_defaults.contains(&namespace);
            let beside = makers.get(&namespace).map_or(&[][..], Vec::as_slice);
            found.extend(warning(autoscaler, workload, beside, defaults));
        }
    }
    found
}

fn warning(
    autoscaler: &Autoscaler<'_>,
    workload: &Workload<'_>,
    makers: &[(&Object, Pods<'_>)],
    has_defaults: bool,
) -> Option<Found> {
    let others = makers.iter().filter(|(object, pods)| {
        !is_same(object, workload.object)
            && environments::may_be_one(&object.file, &workload.object.file)
            && workload.selects(pods)
    });
    let others: Vec<_> = others.collect();
    let names = others.iter().take(NAMED);
    let names = names.map(|(object, _)| format!("{} ({})", Subject::of(object), object.place()));
    let more = others.len().saturating_sub(NAMED);
    let names = listed(names.collect(), more);
    // One that requests nothing stops the autoscaler.
    let stops = others.iter();
    let stops = stops
        .filter(|_| !has_defaults)
        .find_map(|(_, pods)| missing(autoscaler, pods));
    let follows = match stops {
        Some((container, resource)) => format!(
            "are measured as well, and container {} requests no {resource}, so the autoscaler stops while such a pod is \
             there, also when it has completed (FailedGetResourceMetric)",
            quote(container)
        ),
        None => "are measured as well".to_owned(),
    };
    let target = &autoscaler.target;
    (!others.is_empty()).then(|| Found {
        object: autoscaler.position,
        field: "spec.scaleTargetRef".to_owned(),
        problem: format!(
            "{}the selector of {target} also matches the pods of {names}: they {follows}",
            autoscaler.prefix()
        ),
        fix: format!(
            "give those pods other labels, or the pods and the selector of {target} a label that only they have"
        ),
        level: Level::Warn,
        code: None,
        absent: None,
    })
}

/// Whether they are two manifests of one object.
fn is_same(one: &Object, other: &Object) -> bool {
    (one.group(), one.kind(), one.name()) == (other.group(), other.kind(), other.name())
}

/// The container and the resource that a pod does not request, although the autoscaler needs it.
fn missing<'a>(autoscaler: &Autoscaler<'a>, pods: &Pods<'a>) -> Option<(&'a str, &'a str)> {
    let of_pod = pods.spec.get("resources");
    let mut parts = autoscaler.resources().filter(|(_, is_part)| *is_part);
    parts.find_map(|(resource, _)| {
        if has(of_pod, resource) {
            return None;
        }
        let mut containers = pods.containers();
        let (.., container) = containers.find(|(.., one)| !has(one.get("resources"), resource))?;
        Some((container.get("name")?.as_str()?, resource))
    })
}

/// Whether it is requested. A limit is a request, too.
fn has(resources: Option<&Value>, resource: &str) -> bool {
    ["requests", "limits"].iter().any(|list| {
        let amount = resources.and_then(|it| it.get(list)?.get(resource));
        amount.is_some_and(|amount| !amount.is_null())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    const WEB: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {selector: \
                       {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: \
                       a}]}}}}\n---\n{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, \
                       namespace: shop}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}\n---\n";

    fn job(labels: &str, resources: &str) -> String {
        format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: report, namespace: shop}}, spec: {{jobTemplate: \
             {{spec: {{template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: run, resources: \
             {resources}}}]}}}}}}}}}}}}\n"
        )
    }

    const START: &str = "f.yaml:3 spec.scaleTargetRef the selector of Deployment \"web\" also matches the pods of CronJob \
                         shop/report (f.yaml:5): they are measured as well";

    #[test]
    fn says_whose_pods_are_measured_and_whether_they_stop_it() {
        let stops = format!(
            "{START}, and container \"run\" requests no cpu, so the autoscaler stops while such a pod is there, also when \
             it has completed (FailedGetResourceMetric)"
        );
        for (job, expected) in [
            (job("{app: web}", "{}"), stops.as_str()),
            (job("{app: web, x: y}", "{limits: {cpu: 1}}"), START),
        ] {
            assert_eq!(found(find, &(WEB.to_owned() + &job)), [expected]);
        }
        let with_defaults = WEB.to_owned()
            + &job("{app: web}", "{}")
            + "---\n{apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: shop}}\n";
        assert_eq!(found(find, &with_defaults), [START]);
    }

    #[test]
    fn other_pods_and_what_only_measures_outside_are_left_alone() {
        let report = job("{app: web}", "{}");
        let owned = report.replace(
            "name: report,",
            "name: report, ownerReferences: [{kind: A, name: a}],",
        );
        for text in [
            WEB.to_owned() + &job("{app: report}", "{}"),
            WEB.to_owned() + &report.replace("namespace: shop", "namespace: bank"),
            WEB.to_owned() + &owned,
            WEB.replace(
                "name: web}}}\n---",
                "name: web}, metrics: [{type: External}]}}\n---",
            ) + &report,
            // Two manifests of the target itself.
            WEB.to_owned() + WEB.split_once("---").unwrap().0,
        ] {
            assert_eq!(found(find, &text), [""; 0], "{text}");
        }
    }
}
