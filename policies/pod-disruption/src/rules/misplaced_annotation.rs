//! An annotation where nothing looks for it.

use shared::{FieldPath, Finding, Level, Rule, Verdict, rule};

use super::unknown_annotation_value::meant;
use crate::annotations::{
    DO_NOT_DISRUPT, DS_EVICTION, LOCAL_VOLUMES, Marks, OF_PODS, SAFE_TO_EVICT, reader, values,
};
use crate::template::{Source, Template};

pub(crate) static RULE: Rule = rule! {
    id: "misplaced_annotation",
    summary: "An annotation of pods for Cluster Autoscaler or Karpenter that stands on their Deployment, Job or the like, or \
              is a label",
    why: "Both read annotations of pods, which get those of the template alone: what is to protect a pod does not",
    fix: "write it to the annotations of the pods",
    levels: [Deny],
};

/// Refuses each of `marks`, which are at `place` above the template. What the pods have as well does no harm.
pub(crate) fn check(
    marks: &Marks<'_>,
    place: FieldPath<'_>,
    template: &Template<'_>,
    verdict: &mut Verdict,
) {
    for (key, value) in marks.iter() {
        report(
            key,
            value,
            &place.key(key).to_string(),
            "not of what makes them",
            template,
            verdict,
        );
    }
}

/// Refuses each that is a label of the pods.
pub(crate) fn check_labels(template: &Template<'_>, verdict: &mut Verdict) {
    for (key, value) in template.labels.iter() {
        let place = template.mark("labels", key);
        report(key, value, &place, "and no labels", template, verdict);
    }
}

fn report(
    key: &str,
    value: &str,
    place: &str,
    what: &str,
    template: &Template<'_>,
    verdict: &mut Verdict,
) {
    // What `inert_annotation` would say to write in its place.
    let wanted = match (key, template.source) {
        (SAFE_TO_EVICT, Source::DaemonSet) => DS_EVICTION,
        (DS_EVICTION, Source::Nothing | Source::Controller) => SAFE_TO_EVICT,
        _ => key,
    };
    // In another spelling it would do nothing there either: `unknown_annotation_value`.
    let meant = values(wanted).and_then(|known| meant(value, known));
    let meant = meant.unwrap_or(value);
    // Where nothing is to be protected, there is nothing to lose.
    let says_nothing = key == DO_NOT_DISRUPT && meant == "false";
    let is_meant = OF_PODS.contains(&key) && !says_nothing;
    let is_there = |key: &str| template.annotations.get(key).is_some();
    if !is_meant || is_there(key) || is_there(wanted) {
        return;
    }
    let reason = format!(
        "does nothing here: {} reads annotations of pods, {what}",
        reader(key)
    );
    let target = template.mark("annotations", wanted);
    let fix = match (key, template.source) {
        (LOCAL_VOLUMES, Source::DaemonSet) => {
            "leave it out: the volumes of a DaemonSet keep no node".to_owned()
        }
        _ if (wanted, meant) == (key, value) => format!("write it to {target}"),
        _ if wanted == key => format!("write {target}: \"{meant}\" instead"),
        _ => format!("write {target}: \"{}\" instead", meant != "false"),
    };
    let finding = Finding::new(&RULE, &place, reason).known_as(key.to_owned());
    verdict.report(Level::Deny, finding.fix(fix));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::annotations::{
        DAEMONSET_POD, DO_NOT_DISRUPT, DO_NOT_EVICT, DS_EVICTION, LOCAL_VOLUMES, SAFE_TO_EVICT,
    };
    use crate::testing::{annotated, deployment, found, lines, of_kind, pod};

    fn above(metadata: &Value, annotations: &Value) -> Value {
        let mut object = annotated(annotations);
        for (field, value) in metadata.as_object().unwrap() {
            object["metadata"][field] = value.clone();
        }
        object
    }

    #[test]
    fn pods_do_not_get_what_their_deployment_has() {
        let evict = || json!({ SAFE_TO_EVICT: "false" });
        assert_eq!(
            lines(
                &above(&json!({"annotations": evict()}), &json!({})),
                &json!({})
            ),
            [format!(
                "metadata.annotations[\"{SAFE_TO_EVICT}\"]: does nothing here: Cluster Autoscaler reads annotations of pods, not of what \
                 makes them; fix: write it to spec.template.metadata.annotations[\"{SAFE_TO_EVICT}\"] \
                 [misplaced_annotation]"
            )]
        );
        for (metadata, annotations, findings) in [
            (json!({"annotations": evict()}), evict(), 0),
            (
                json!({"annotations": evict()}),
                json!({ SAFE_TO_EVICT: "true" }),
                0,
            ),
            (json!({"labels": evict()}), json!({}), 1),
            (
                json!({"labels": evict(), "annotations": evict()}),
                json!({}),
                2,
            ),
            (json!({"annotations": {LOCAL_VOLUMES: "a"}}), json!({}), 1),
            (
                json!({"annotations": {DO_NOT_DISRUPT: "true"}}),
                json!({}),
                1,
            ),
            (
                json!({"annotations": {DO_NOT_DISRUPT: "false"}}),
                json!({}),
                0,
            ),
            (
                json!({"annotations": {DO_NOT_DISRUPT: "False"}}),
                json!({}),
                0,
            ),
            (json!({"annotations": {DO_NOT_EVICT: "true"}}), json!({}), 0),
            (json!({"labels": {DAEMONSET_POD: "true"}}), json!({}), 0),
        ] {
            let object = above(&metadata, &annotations);
            assert_eq!(found(&object).len(), findings, "{object}");
        }
    }

    #[test]
    fn the_fix_names_what_is_read_of_these_pods() {
        let mark = |key: &str| format!("spec.template.metadata.annotations[\"{key}\"]");
        let write = |key: &str, value: &str| format!("write {}: \"{value}\" instead", mark(key));
        for (kind, key, value, fix) in [
            (
                "DaemonSet",
                SAFE_TO_EVICT,
                "true",
                write(DS_EVICTION, "true"),
            ),
            (
                "DaemonSet",
                SAFE_TO_EVICT,
                "false",
                write(DS_EVICTION, "false"),
            ),
            (
                "DaemonSet",
                DS_EVICTION,
                "true",
                format!("write it to {}", mark(DS_EVICTION)),
            ),
            (
                "DaemonSet",
                LOCAL_VOLUMES,
                "a",
                "leave it out: the volumes of a DaemonSet keep no node".to_owned(),
            ),
            (
                "Deployment",
                DS_EVICTION,
                "false",
                write(SAFE_TO_EVICT, "false"),
            ),
            // A wrong spelling would do nothing there either.
            (
                "Deployment",
                SAFE_TO_EVICT,
                "True",
                write(SAFE_TO_EVICT, "true"),
            ),
            (
                "Deployment",
                SAFE_TO_EVICT,
                " on-completion",
                write(SAFE_TO_EVICT, "on-completion"),
            ),
            (
                "Deployment",
                SAFE_TO_EVICT,
                "maybe",
                format!("write it to {}", mark(SAFE_TO_EVICT)),
            ),
            (
                "DaemonSet",
                SAFE_TO_EVICT,
                "False ",
                write(DS_EVICTION, "false"),
            ),
            (
                "Deployment",
                DO_NOT_DISRUPT,
                "TRUE",
                write(DO_NOT_DISRUPT, "true"),
            ),
            (
                "Deployment",
                DO_NOT_DISRUPT,
                "30m",
                format!("write it to {}", mark(DO_NOT_DISRUPT)),
            ),
        ] {
            let object = above(&json!({"annotations": {key: value}}), &json!({}));
            let found = lines(&of_kind(object, "apps/v1", kind), &json!({}));
            let end = format!("; fix: {fix} [misplaced_annotation]");
            assert!(found.len() == 1 && found[0].ends_with(&end), "{found:?}");
        }
        // What is read is there already.
        let object = above(
            &json!({"annotations": {SAFE_TO_EVICT: "true"}}),
            &json!({ DS_EVICTION: "true" }),
        );
        assert_eq!(found(&of_kind(object, "apps/v1", "DaemonSet")), [""; 0]);
    }

    #[test]
    fn labels_are_no_annotations() {
        let object = deployment(&json!({"labels": {DO_NOT_DISRUPT: "true"}}), &json!([]));
        assert_eq!(
            lines(&object, &json!({})),
            [format!(
                "spec.template.metadata.labels[\"{DO_NOT_DISRUPT}\"]: does nothing here: Karpenter reads annotations of pods, and no labels; fix: write it to spec.template.metadata.annotations[\"{DO_NOT_DISRUPT}\"] \
                 [misplaced_annotation]"
            )]
        );
        let mut bare = pod(&json!({ SAFE_TO_EVICT: "true" }));
        assert_eq!(found(&bare), [""; 0]);
        bare["metadata"]["labels"] = bare["metadata"]["annotations"].take();
        let place = format!("metadata.labels[\"{SAFE_TO_EVICT}\"] [misplaced_annotation]");
        assert_eq!(found(&bare), [place]);
    }

    #[test]
    fn a_cron_job_has_two_places_above_its_pods() {
        let evict = json!({ SAFE_TO_EVICT: "false" });
        let template = json!({"metadata": {}, "spec": {}});
        let job = json!({"metadata": {"annotations": evict}, "spec": {"template": template}});
        let object = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a", "annotations": evict},
            "spec": {"jobTemplate": job},
        });
        let place =
            |path: &str| format!("{path}.annotations[\"{SAFE_TO_EVICT}\"] [misplaced_annotation]");
        assert_eq!(
            found(&object),
            [place("metadata"), place("spec.jobTemplate.metadata")]
        );
    }

    #[test]
    fn another_project_may_pass_it_on() {
        let object = above(
            &json!({"annotations": {SAFE_TO_EVICT: "false"}}),
            &json!({}),
        );
        let rollout = of_kind(object, "argoproj.io/v1alpha1", "Rollout");
        assert_eq!(found(&rollout), [""; 0]);
        // Its template is one all the same.
        let rollout = of_kind(
            annotated(&json!({ SAFE_TO_EVICT: "No" })),
            "argoproj.io/v1alpha1",
            "Rollout",
        );
        assert_eq!(found(&rollout).len(), 1);
    }
}
