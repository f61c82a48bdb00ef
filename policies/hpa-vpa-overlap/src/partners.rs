//! The autoscalers of the other kind that reach the same pods, and what comes of such a pair.

use std::cell::{Cell, OnceCell};

use shared::kubernetes::autoscaling::{
    HorizontalPodAutoscaler, ScaleTarget, VerticalPodAutoscaler,
};
use shared::{Cursor, Error, Level, Verdict};

use crate::active::{is_active, may_act};
use crate::kind::Kind;
use crate::pair::Pair;
use crate::review::Review;
use crate::rules::{self, indirect_target};
use crate::siblings::{Siblings, Wanted};
use crate::workload::{self, ObjectRef};

/// At most this many objects are looked up to see who owns them.
const MAX_OWNED_LOOKUPS: usize = 8;

/// How the targets of two autoscalers belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// They are one object.
    Same,
    /// One of them owns the other.
    Owned,
}

/// Judges a partner.
type Judge<'j> = dyn Fn(&Cursor<'_>, Relation, &mut Verdict) -> Result<(), Error> + 'j;

/// Judges those with the same target, then those whose targets only belong together with it.
pub(crate) fn each(
    review: &Review<'_>,
    target: &ScaleTarget<'_>,
    siblings: &Siblings<'_>,
    is_same: &Wanted<'_>,
    verdict: &mut Verdict,
    judge: &Judge<'_>,
) -> Result<(), Error> {
    siblings.each(review, is_same, verdict, &|other, verdict| {
        judge(other, Relation::Same, verdict)
    })?;
    if review.settings.indirect_targets == Level::Off {
        return Ok(());
    }
    let related = Related::to(target, review);
    let is_related = |other: &ScaleTarget<'_>| related.has(other);
    siblings.each(review, &is_related, verdict, &|other, verdict| {
        judge(other, Relation::Owned, verdict)
    })
}

/// Judges a pair.
pub(crate) fn judge(
    review: &Review<'_>,
    (horizontal, vertical): (&HorizontalPodAutoscaler<'_>, &VerticalPodAutoscaler<'_>),
    relation: Relation,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    if !may_act(vertical) {
        return Ok(());
    }
    let workload = match (relation, review.kind) {
        (Relation::Owned, _) => None,
        (Relation::Same, Kind::Horizontal) => review.target(&horizontal.target)?,
        (Relation::Same, Kind::Vertical) => review.target(&vertical.target)?,
    };
    let pair = Pair {
        horizontal,
        vertical,
        workload,
        written: review.kind,
    };
    if pair.has_common_owner() {
        return Ok(());
    }
    match relation {
        Relation::Same => rules::check(&pair, review.settings, verdict),
        Relation::Owned if is_active(vertical) => {
            indirect_target::check(&pair, review.settings, verdict);
        }
        Relation::Owned => {}
    }
    Ok(())
}

/// The targets that belong together with one, as far as it can be found out: owners of it, and what it owns.
struct Related<'r> {
    review: &'r Review<'r>,
    target: &'r ScaleTarget<'r>,
    owners: OnceCell<Vec<ObjectRef>>,
    /// How many more objects may be looked up.
    left: Cell<usize>,
}

impl<'r> Related<'r> {
    fn to(target: &'r ScaleTarget<'r>, review: &'r Review<'r>) -> Self {
        Self {
            review,
            target,
            owners: OnceCell::new(),
            left: Cell::new(MAX_OWNED_LOOKUPS),
        }
    }

    fn has(&self, other: &ScaleTarget<'_>) -> bool {
        let (review, target) = (self.review, self.target);
        if other.kind == target.kind || other.kind.is_empty() || target.kind.is_empty() {
            return false;
        }
        if review.kind == Kind::Vertical && !other.can_be_scaled() {
            return false;
        }
        self.owners().iter().any(|owner| owner.is(other)) || self.owns(other)
    }

    /// The owners of the target.
    fn owners(&self) -> &[ObjectRef] {
        let review = self.review;
        self.owners
            .get_or_init(|| match review.target(self.target) {
                Ok(Some(workload)) => workload::owners(workload, review.namespace, review.cluster),
                _ => Vec::new(),
            })
    }

    /// Whether the target owns the other one. What an object owns has a name that starts with its own, by custom.
    fn owns(&self, other: &ScaleTarget<'_>) -> bool {
        let (review, target) = (self.review, self.target);
        let is_worth_a_look =
            workload::is_readable(other.kind) && other.name.starts_with(target.name);
        let Some(left) = self.left.get().checked_sub(1).filter(|_| is_worth_a_look) else {
            return false;
        };
        self.left.set(left);
        let name = (other.kind, other.name);
        let found = workload::look_up(name, review.namespace, review.cluster);
        let Ok(Some(workload)) = found else {
            return false;
        };
        let mut owners = workload::owners(&workload, review.namespace, review.cluster).into_iter();
        owners.any(|owner| owner.is(target))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use super::MAX_OWNED_LOOKUPS;
    use crate::HpaVpaOverlap;
    use crate::testing::{all, both, cpu, deployment, hpa, lines, vpa};

    #[test]
    fn what_an_object_is_called_and_where_it_is_decides() {
        let target = |mut object: Value, api_version: &str, kind: &str, name: &str| {
            let field = if object["kind"] == "VerticalPodAutoscaler" {
                "targetRef"
            } else {
                "scaleTargetRef"
            };
            object["spec"][field] = json!({"apiVersion": api_version, "kind": kind, "name": name});
            object
        };
        let going = |mut object: Value| {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            object
        };
        let elsewhere = |mut object: Value| {
            object["metadata"]["namespace"] = json!("other");
            object
        };
        let rollout = |version: &str| (format!("argoproj.io/{version}"), "Rollout", "web");
        let (alpha, beta) = (rollout("v1alpha1"), rollout("v1beta1"));
        for (one, other, refused) in [
            (cpu(), all(), true),
            (cpu(), target(all(), "", "Deployment", "web"), true),
            (
                cpu(),
                target(all(), "extensions/v1beta1", "Deployment", "web"),
                true,
            ),
            (
                target(cpu(), "apps/v1beta1", "Deployment", "web"),
                all(),
                true,
            ),
            (cpu(), target(all(), "apps/v1", "StatefulSet", "web"), false),
            (cpu(), target(all(), "apps/v1", "Deployment", "api"), false),
            (cpu(), target(all(), "apps/v1", "deployment", "web"), false),
            (cpu(), elsewhere(all()), false),
            // Another kind of that name, and none at all.
            (
                target(cpu(), "example.com/v1", "Deployment", "web"),
                all(),
                false,
            ),
            (target(cpu(), "", "Deployment", "web"), all(), false),
            (
                target(cpu(), "extensions/v1beta1", "Deployment", "web"),
                all(),
                false,
            ),
            (
                target(cpu(), &alpha.0, alpha.1, alpha.2),
                target(all(), &beta.0, beta.1, beta.2),
                true,
            ),
            (
                target(cpu(), &alpha.0, alpha.1, alpha.2),
                target(all(), "", beta.1, beta.2),
                true,
            ),
            (
                target(cpu(), &alpha.0, alpha.1, alpha.2),
                target(all(), "x.io/v1", beta.1, beta.2),
                false,
            ),
            (target(cpu(), "", "", ""), target(all(), "", "", ""), false),
        ] {
            let sides = both(&one, &other, &json!({}), &json!({}));
            let count = usize::from(refused);
            assert_eq!(sides.map(|lines| lines.len()), [count; 2], "{one} {other}");
        }
        assert_eq!(lines(&cpu(), &[&going(all())], &json!({})), [""; 0]);
        assert_eq!(lines(&all(), &[&going(cpu())], &json!({})), [""; 0]);
    }

    #[test]
    fn a_template_is_read_whatever_group_a_vpa_gives() {
        let off = json!([{"containerName": "app", "mode": "Off"}]);
        let mut vertical = vpa(&json!(null), &off);
        vertical["spec"]["targetRef"]["apiVersion"] = json!("example.com/v1");
        let sides = both(&cpu(), &vertical, &deployment(&["app"]), &json!({}));
        assert_eq!(sides, [[""; 0]; 2]);
    }

    fn asked(object: &Value, there: &[Value], settings: &Value) -> Vec<String> {
        let cluster = MemoryCluster::new(there.to_vec());
        Review::create(object)
            .in_cluster(cluster.serving("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"))
            .with(settings.clone())
            .asked::<HpaVpaOverlap>()
    }

    #[test]
    fn asks_for_no_more_than_the_answer_depends_on() {
        let (list_h, list_v, get) = (
            "list_resources_by_namespace HorizontalPodAutoscaler",
            "list_resources_by_namespace VerticalPodAutoscaler",
            "get_resource Deployment",
        );
        let external = hpa(&json!([{"type": "External"}]));
        let none = [""; 0];
        assert_eq!(asked(&cpu(), &[], &json!({})), [list_h, list_v]);
        assert_eq!(asked(&all(), &[], &json!({})), [list_v, list_h]);
        assert_eq!(asked(&cpu(), &[all()], &json!({})), [list_h, list_v, get]);
        assert_eq!(asked(&all(), &[cpu()], &json!({})), [list_v, list_h, get]);
        assert_eq!(
            asked(&vpa(&json!("Off"), &json!(null)), &[cpu()], &json!({})),
            none
        );
        let quiet = json!({"sharedTarget": "off", "duplicateHorizontal": "off", "duplicateVertical": "off"});
        assert_eq!(asked(&external, &[all()], &quiet), none);
        assert_eq!(asked(&cpu(), &[all()], &quiet), [list_v, get]);
        assert_eq!(asked(&all(), &[cpu()], &quiet), [list_h, get]);
    }

    #[test]
    fn a_full_namespace_takes_two_lists_and_few_looks() {
        let on = |mut object: Value, field: &str, kind: &str, name: String| {
            object["metadata"]["name"] = json!(name);
            object["spec"][field] = json!({"apiVersion": "apps/v1", "kind": kind, "name": name});
            object
        };
        let mut there = Vec::new();
        for number in 0..1000 {
            let kind = if number % 2 == 0 {
                "Deployment"
            } else {
                "ReplicaSet"
            };
            there.push(on(cpu(), "scaleTargetRef", kind, format!("web-{number}")));
            there.push(on(all(), "targetRef", kind, format!("web-{number}")));
        }
        there.push(all());
        let calls = asked(&cpu(), &there, &json!({}));
        assert_eq!(calls.len(), 2 + 1 + MAX_OWNED_LOOKUPS, "{calls:?}");
        let found = lines(&cpu(), &there.iter().collect::<Vec<_>>(), &json!({}));
        assert_eq!(
            found,
            [
                "spec.metrics[0].resource.target.averageUtilization: measures cpu of containers of Deployment \"web\", \
                 whose request VerticalPodAutoscaler \"web\" changes; fix: add {containerName: \"*\", \
                 controlledResources: [\"memory\"]} to its spec.resourcePolicy.containerPolicies, or set its updateMode \
                 to \"Off\", or measure something other than cpu and memory [shared_resource]"
            ]
        );
    }
}
