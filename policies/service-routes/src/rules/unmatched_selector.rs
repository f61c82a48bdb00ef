//! A Service that selects no pods, where some come close.

use shared::kubernetes::selector::Labels;
use shared::{FieldPath, Finding, Level, Rule, Verdict, rule};

use super::NO_REQUEST;
use crate::names::{is_near, label};
use crate::review::{Review, Stage};
use crate::settings::UnmatchedSelector;
use crate::views::{Service, Workload};

pub(crate) static RULE: Rule = rule! {
    id: "unmatched_selector",
    summary: "A Service that selects no pods, where a workload comes close: it has the name of the Service, or one of its \
              labels differs by a letter",
    why: "A Service without pods answers `connection refused`. Many select pods of operators or of other manifests, so that \
          only what looks like a mistake is told (`unmatchedSelector`)",
    fix: "write the labels that the pods have",
    levels: [Warn],
};

/// What names of Services often have behind the name of a workload.
const ENDINGS: &[&str] = &["-service", "-svc", "-headless"];

/// Warns of a Service that selects none of these workloads. One that is about to be stored may come before its pods.
pub(crate) fn check(
    review: &Review<'_>,
    service: &Service<'_>,
    selector: &Labels<'_>,
    workloads: &[Workload<'_>],
    verdict: &mut Verdict,
) {
    let told = review.settings.unmatched_selector;
    if review.stage == Stage::New
        || told == UnmatchedSelector::Off
        || review.keeps(&["spec.selector"])
        || workloads
            .iter()
            .any(|workload| may_match(workload, selector))
    {
        return;
    }
    let near = workloads.iter().filter(|workload| {
        is_called_alike(workload, service) || differs_by_a_letter(workload, selector)
    });
    let near = near.min_by_key(|workload| (workload.kind, workload.name));
    if near.is_none() && told != UnmatchedSelector::All {
        return;
    }
    let pairs = selector.pairs().iter();
    let mut unmet = pairs.filter(|(key, value)| {
        near.is_none_or(|near| near.template.labels.get(key) != Some(value))
    });
    let Some((key, value)) = unmet.next() else {
        return;
    };
    let mut fix = RULE.fix.to_owned();
    let mut reason = format!("no pods have {}", label(key, value));
    if let Some(near) = near {
        let labels = &near.template.labels;
        let of_key = labels.get(key).map(|value| (*key, value));
        let right = of_key.or_else(|| labels.pairs().first().copied());
        if let Some((key, value)) = right {
            fix = format!("write {}, as {} has", label(key, value), near.told());
        }
        reason.push_str(", also not those of ");
        reason.push_str(&near.told());
    }
    let finding = Finding::new(&RULE, &FieldPath::new("spec.selector"), reason);
    let finding = finding.consequence(NO_REQUEST).fix(fix);
    verdict.report(Level::Warn, finding);
}

/// Whether pods may get what they lack when they run: all that they have of it is right, and that is something.
fn may_match(workload: &Workload<'_>, selector: &Labels<'_>) -> bool {
    let labels = &workload.template.labels;
    let mut has_some = false;
    let mut pairs = selector.pairs().iter();
    let fits = pairs.all(|(key, value)| match labels.get(key) {
        None => true,
        Some(own) => {
            has_some = true;
            own == *value
        }
    });
    fits && has_some
}

/// Whether a workload that goes on running has the name of the Service.
fn is_called_alike(workload: &Workload<'_>, service: &Service<'_>) -> bool {
    let stem = |name| {
        let mut endings = ENDINGS.iter();
        let stem = endings.find_map(|ending| str::strip_suffix(name, ending));
        stem.unwrap_or(name)
    };
    matches!(workload.kind, "Deployment" | "StatefulSet" | "DaemonSet")
        && stem(workload.name) == stem(service.name)
}

/// Whether pods have all the labels, and the value of one alone is nearly the right one.
fn differs_by_a_letter(workload: &Workload<'_>, selector: &Labels<'_>) -> bool {
    let mut near = 0;
    let mut pairs = selector.pairs().iter();
    pairs.all(|(key, value)| match workload.template.labels.get(key) {
        None => false,
        Some(own) if own == *value => true,
        Some(own) => {
            near += 1;
            near == 1 && is_near(own, value)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::ServiceRoutes;
    use crate::testing::{cluster, deployment, fixes, service};

    fn selecting(name: &str, selector: &Value) -> Value {
        let mut service = service(&json!({"port": 80, "targetPort": 80}));
        service["metadata"]["name"] = json!(name);
        service["spec"]["selector"] = selector.clone();
        service
    }

    fn labelled(kind: &str, name: &str, labels: &Value) -> Value {
        let mut workload = deployment(labels, &json!({"containerPort": 80}));
        workload["kind"] = json!(kind);
        workload["metadata"]["name"] = json!(name);
        workload
    }

    #[test]
    fn only_what_comes_close_is_told() {
        let labels = |app: &str, tier: &str| json!({"app": app, "tier": tier});
        let selector = labels("web", "front");
        let as_has = |label: &str, workload: &str| {
            vec![format!("spec.selector: write {label}, as {workload} has")]
        };
        for (service, workloads, expected) in [
            // The name of the Service, without its ending.
            (
                "shop-svc",
                vec![labelled("Deployment", "shop", &labels("x", "y"))],
                as_has("app: x", "Deployment \"shop\""),
            ),
            (
                "shop",
                vec![labelled("StatefulSet", "shop-headless", &labels("x", "y"))],
                as_has("app: x", "StatefulSet \"shop-headless\""),
            ),
            (
                "shop",
                vec![labelled("DaemonSet", "shop", &labels("x", "y"))],
                as_has("app: x", "DaemonSet \"shop\""),
            ),
            (
                "shop",
                vec![labelled("Deployment", "shop-2", &labels("x", "y"))],
                vec![],
            ),
            // A label that differs by a letter, and no other one.
            (
                "s",
                vec![labelled("Deployment", "d", &labels("wbe", "front"))],
                as_has("app: wbe", "Deployment \"d\""),
            ),
            (
                "s",
                vec![labelled("Deployment", "d", &labels("web", "fron"))],
                as_has("tier: fron", "Deployment \"d\""),
            ),
            (
                "s",
                vec![labelled("Deployment", "d", &labels("wbe", "fron"))],
                vec![],
            ),
            (
                "s",
                vec![labelled("Deployment", "d", &labels("web", "back"))],
                vec![],
            ),
            (
                "s",
                vec![labelled("Deployment", "d", &json!({"app": "wbe"}))],
                vec![],
            ),
            // What is lacking may come at run time, if there is something.
            (
                "d",
                vec![labelled("Deployment", "d", &json!({"app": "web"}))],
                vec![],
            ),
            (
                "d",
                vec![labelled("Deployment", "d", &json!({"a": "b"}))],
                as_has("a: b", "Deployment \"d\""),
            ),
            (
                "d",
                vec![labelled("Deployment", "d", &json!({}))],
                vec!["spec.selector: write the labels that the pods have".to_owned()],
            ),
            // The first by kind and name.
            (
                "d",
                vec![
                    labelled("StatefulSet", "a", &labels("wbe", "front")),
                    labelled("Deployment", "d", &labels("webb", "front")),
                    labelled("Deployment", "b", &labels("wb", "front")),
                ],
                as_has("app: wb", "Deployment \"b\""),
            ),
            // It is matched by another one.
            (
                "d",
                vec![
                    labelled("Deployment", "d", &labels("wbe", "front")),
                    labelled("Deployment", "e", &selector),
                ],
                vec![],
            ),
            ("d", vec![], vec![]),
        ] {
            let review =
                Review::create(&selecting(service, &selector)).in_cluster(cluster(&workloads));
            assert_eq!(
                fixes(&review.lines::<ServiceRoutes>()),
                expected,
                "{service} {workloads:?}"
            );
        }
    }
}
