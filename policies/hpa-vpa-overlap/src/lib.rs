//! Refuses a `HorizontalPodAutoscaler` and a `VerticalPodAutoscaler` that work on the same resource.
//!
//! The one divides by the requests that the other one changes. Each is judged when it is written, against what is there
//! of the other kind. Both ways lead to a `Pair`.
//!
//! Where a set of manifests changes both, the first one is written beside what the other one was before. Helm, Argo CD
//! and Flux write the `HorizontalPodAutoscaler` first: it only warns (`writtenFirst`), and the `VerticalPodAutoscaler`
//! is refused. Of two of one kind, the first is the one whose name comes first.

mod others;
mod pair;
mod rules;
pub mod settings;
#[cfg(test)]
mod testing;
mod views;
mod workload;

use std::cell::OnceCell;

use k8s_openapi::api::autoscaling::v2;
use shared::kubernetes::autoscaling::{
    self, AutoscalerMeta, HorizontalPodAutoscaler, ScaleTarget, VerticalPodAutoscaler,
};
use shared::settings::OnLookupFailure;
use shared::{
    Cluster, Cursor, Error, Level, OnUpdate, Operation, Policy, Request, Rule, Settings as _,
    Verdict,
};

use crate::others::{Kind, Others};
use crate::pair::{Pair, Side};
use crate::settings::{Scope, Settings};
use crate::workload::{ObjectRef, Workload};

/// The policy.
pub struct HpaVpaOverlap;

shared::export_policy!(HpaVpaOverlap);

impl Policy for HpaVpaOverlap {
    const NAME: &'static str = "hpa-vpa-overlap";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        let mut verdict = Verdict::accept();
        let is_horizontal = request.kind.is_a::<v2::HorizontalPodAutoscaler>();
        if !is_horizontal && !request.kind.is_a::<VerticalPodAutoscaler<'_>>() {
            return Ok(Verdict::unclaimed(request));
        }
        let review = Review {
            request,
            settings,
            cluster,
            namespace: request.object_namespace()?,
            kind: if is_horizontal {
                Kind::Horizontal
            } else {
                Kind::Vertical
            },
            name: request.object_name()?,
            uid: request
                .object()
                .at("metadata", |metadata| metadata.text("uid"))?
                .unwrap_or_default(),
            target: OnceCell::new(),
        };
        if review.is_exempt() || review.is_status() {
            return Ok(verdict);
        }
        // One autoscaler alone is never wrong here.
        let judged = verdict.under(request.ceiling(), |verdict| match review.kind {
            Kind::Horizontal => review.horizontal(verdict),
            Kind::Vertical => review.vertical(verdict),
        });
        verdict.or_unjudged(judged, || {
            settings.on_lookup_failure == OnLookupFailure::Warn || review.is_untouched()
        })
    }
}

/// What is asked, and what the answer depends on.
struct Review<'r> {
    request: &'r Request<'r>,
    settings: &'r Settings,
    cluster: &'r dyn Cluster,
    namespace: &'r str,
    kind: Kind,
    name: &'r str,
    uid: &'r str,
    /// The target of the object, once somebody has asked for it.
    target: OnceCell<Result<Option<Workload>, Error>>,
}

impl Review<'_> {
    fn is_exempt(&self) -> bool {
        let (exempt, namespace) = (&self.settings.exempt, self.namespace);
        exempt.has(namespace, self.request.username) || exempt.has_object(namespace, self.name)
    }

    /// Whether an UPDATE writes a status and nothing that is judged. Older recommenders do so without `/status`, once a
    /// minute for each object.
    fn is_status(&self) -> bool {
        self.request.operation == Operation::Update
            && !self.request.keeps("status")
            && autoscaling::keeps_spec(self.request)
    }

    /// Whether an UPDATE changes nothing that is judged, so that nothing it could be refused for is new.
    fn is_untouched(&self) -> bool {
        self.settings.on_update() == OnUpdate::NewViolations
            && autoscaling::keeps_spec(self.request)
    }

    /// Keeps the owner that an UPDATE takes off, as the garbage collector does to let go of an object: what that owner
    /// kept apart is not refused for it.
    fn keep_removed_owner<'a>(&'a self, meta: &mut AutoscalerMeta<'a>) {
        if meta.owner.is_none()
            && let Ok(old) = AutoscalerMeta::read(&self.request.old_object())
        {
            meta.owner = old.owner;
        }
    }

    /// Judges a `HorizontalPodAutoscaler` against what is there.
    fn horizontal(&self, verdict: &mut Verdict) -> Result<(), Error> {
        let settings = self.settings;
        let version = self.request.kind.version;
        let mut own = HorizontalPodAutoscaler::read(&self.request.object(), version)?;
        self.keep_removed_owner(&mut own.meta);
        let (own, target) = (&own, own.target);
        // What it cannot scale, it leaves alone.
        if !target.can_be_scaled() {
            return Ok(());
        }
        let duplicates = self.duplicate_horizontals(own, verdict);
        verdict.keep_failure(duplicates)?;
        let without_resources =
            settings.scope == Scope::Resource && settings.shared_target == Level::Off;
        let is_silent = settings.written_first == Level::Off;
        if is_silent || own.metrics.is_empty() && without_resources {
            return Ok(());
        }
        let answer = others::ask(Kind::Vertical, self)?;
        let others = Others::read(Kind::Vertical, answer.as_ref(), self)?;
        let judge = |other: &Cursor<'_>, verdict: &mut Verdict, is_direct: bool| {
            let vertical = &VerticalPodAutoscaler::read(other)?;
            let pair = Pair {
                horizontal: own,
                vertical,
                workload: None,
                side: Side::Horizontal,
            };
            verdict.under(settings.written_first, |verdict| {
                self.pair(pair, is_direct, verdict)
            })
        };
        let same = |other: &ScaleTarget<'_>| target.matches_vertical(other);
        self.pairs(&target, &others, &mut { same }, verdict, &judge)
    }

    /// Judges a `HorizontalPodAutoscaler` against the others of its kind.
    fn duplicate_horizontals(
        &self,
        own: &HorizontalPodAutoscaler<'_>,
        verdict: &mut Verdict,
    ) -> Result<(), Error> {
        let (target, level) = (own.target, self.settings.duplicate_horizontal);
        if level == Level::Off {
            return Ok(());
        }
        let answer = others::ask(Kind::Horizontal, self)?;
        let others = Others::read(Kind::Horizontal, answer.as_ref(), self)?;
        let same = |other: &ScaleTarget<'_>| {
            !target.kind.is_empty() && other.is(target.group(), target.kind, target.name)
        };
        others.each(self, &mut { same }, verdict, &mut |other, verdict| {
            // A list holds objects of v2, whatever they were made as.
            let other = HorizontalPodAutoscaler::read(other, "v2")?;
            let level = level.at_most(self.most_beside(other.meta.name));
            rules::duplicate_horizontal::check(own, &other, level, verdict);
            Ok(())
        })
    }

    /// Judges a `VerticalPodAutoscaler` against what is there.
    fn vertical(&self, verdict: &mut Verdict) -> Result<(), Error> {
        let mut own = VerticalPodAutoscaler::read(&self.request.object())?;
        self.keep_removed_owner(&mut own.meta);
        let (own, target) = (&own, own.target);
        if !pair::may_act(own) {
            return Ok(());
        }
        let duplicates = self.duplicate_verticals(own, verdict);
        verdict.keep_failure(duplicates)?;
        let answer = others::ask(Kind::Horizontal, self)?;
        let others = Others::read(Kind::Horizontal, answer.as_ref(), self)?;
        let judge = |other: &Cursor<'_>, verdict: &mut Verdict, is_direct: bool| {
            let horizontal = &HorizontalPodAutoscaler::read(other, "v2")?;
            let pair = Pair {
                horizontal,
                vertical: own,
                workload: None,
                side: Side::Vertical,
            };
            self.pair(pair, is_direct, verdict)
        };
        let same = |other: &ScaleTarget<'_>| other.matches_vertical(&target);
        self.pairs(&target, &others, &mut { same }, verdict, &judge)
    }

    /// Judges a `VerticalPodAutoscaler` against the others of its kind.
    fn duplicate_verticals(
        &self,
        own: &VerticalPodAutoscaler<'_>,
        verdict: &mut Verdict,
    ) -> Result<(), Error> {
        let (target, level) = (own.target, self.settings.duplicate_vertical);
        if level == Level::Off || !pair::is_active(own) {
            return Ok(());
        }
        let answer = others::ask(Kind::Vertical, self)?;
        let others = Others::read(Kind::Vertical, answer.as_ref(), self)?;
        let same = |other: &ScaleTarget<'_>| target.is_same_for_verticals(other);
        others.each(self, &mut { same }, verdict, &mut |other, verdict| {
            let other = VerticalPodAutoscaler::read(other)?;
            if pair::is_active(&other) {
                let level = level.at_most(self.most_beside(other.meta.name));
                rules::duplicate_vertical::check(own, &other, level, verdict);
            }
            Ok(())
        })
    }

    /// How serious it may be that there is another one of the same kind. Of one kind, Helm, Argo CD and Flux write first
    /// what comes first by its name, and the set that they apply may change the other one behind it.
    fn most_beside(&self, other: &str) -> Level {
        // The server has not made up every name yet.
        if self.name.is_empty() || self.name > other {
            Level::Deny
        } else {
            self.settings.written_first
        }
    }

    /// Judges the others of a target, and those whose targets only belong together with it, in pairs; `judge` is told
    /// whether they are of the same target.
    fn pairs(
        &self,
        target: &ScaleTarget<'_>,
        others: &Others<'_>,
        same: &mut others::Wanted<'_>,
        verdict: &mut Verdict,
        judge: &dyn Fn(&Cursor<'_>, &mut Verdict, bool) -> Result<(), Error>,
    ) -> Result<(), Error> {
        others.each(self, same, verdict, &mut |other, verdict| {
            judge(other, verdict, true)
        })?;
        self.related_targets(target, others, verdict, &mut |other, verdict| {
            judge(other, verdict, false)
        })
    }

    /// Judges a pair whose targets are the same, or only belong together.
    fn pair(&self, pair: Pair<'_>, is_direct: bool, verdict: &mut Verdict) -> Result<(), Error> {
        if !pair::may_act(pair.vertical) {
            return Ok(());
        }
        if !is_direct {
            if pair::is_active(pair.vertical) {
                rules::indirect_target::check(&pair, self.settings, verdict);
            }
            return Ok(());
        }
        let target = match pair.side {
            Side::Horizontal => &pair.horizontal.target,
            Side::Vertical => &pair.vertical.target,
        };
        let workload = self.target(target)?;
        Pair { workload, ..pair }.judge(self.settings, verdict);
        Ok(())
    }

    /// The target of the object, looked up once.
    fn target(&self, target: &ScaleTarget<'_>) -> Result<Option<&Workload>, Error> {
        let look_up = || {
            // Only groups of Kubernetes itself have no dot. That of a kind that it knows, a `VerticalPodAutoscaler` does
            // not read.
            let is_known = self.kind == Kind::Vertical && target.well_known_group().is_some();
            if !is_known && target.group().contains('.') {
                return Ok(None);
            }
            workload::look_up((target.kind, target.name), self.namespace, self.cluster)
        };
        match self.target.get_or_init(look_up) {
            Ok(workload) => Ok(workload.as_ref()),
            Err(error) => Err(error.clone()),
        }
    }

    /// Judges, as far as it can be found out, what targets an owner of the target, or something that it owns.
    fn related_targets(
        &self,
        target: &ScaleTarget<'_>,
        others: &Others<'_>,
        verdict: &mut Verdict,
        judge: &mut others::Judge<'_>,
    ) -> Result<(), Error> {
        if self.settings.indirect_targets == Level::Off {
            return Ok(());
        }
        let owners = OnceCell::new();
        let own = ObjectRef {
            kind: target.kind.to_owned(),
            name: target.name.to_owned(),
        };
        let mut left = MAX_OWNED_LOOKUPS;
        let mut belong_together = |other: &ScaleTarget<'_>| {
            if other.kind == target.kind || other.kind.is_empty() || target.kind.is_empty() {
                return false;
            }
            if self.kind == Kind::Vertical && !other.can_be_scaled() {
                return false;
            }
            let owners = owners.get_or_init(|| match self.target(target) {
                Ok(Some(workload)) => workload::owners(workload, self.namespace, self.cluster),
                _ => Vec::new(),
            });
            if owners.iter().any(|owner| owner.is(other)) {
                return true;
            }
            // What an object owns has a name that starts with its own, by custom.
            if left == 0
                || !workload::is_readable(other.kind)
                || !other.name.starts_with(target.name)
            {
                return false;
            }
            left -= 1;
            let name = (other.kind, other.name);
            let found = workload::look_up(name, self.namespace, self.cluster);
            let found = found.ok().flatten();
            found.is_some_and(|workload| {
                workload::owners(&workload, self.namespace, self.cluster).contains(&own)
            })
        };
        others.each(self, &mut belong_together, verdict, judge)
    }
}

/// At most so many objects are looked up to see who owns them.
const MAX_OWNED_LOOKUPS: usize = 8;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use std::sync::Arc;

    use shared::testing::{MemoryCluster, Review, places};

    use super::*;
    use crate::testing::{
        BOTH_TAKE_CPU, both, deployment, hpa, lines, owned, utilization, value, vpa,
    };

    fn cpu() -> Value {
        hpa(&json!([utilization("cpu")]))
    }

    fn all() -> Value {
        vpa(&json!(null), &json!(null))
    }

    fn memory() -> Value {
        vpa(
            &json!(null),
            &json!([{"containerName": "*", "controlledResources": ["memory"]}]),
        )
    }

    fn is_accepted(review: &Review) -> bool {
        review.judge::<HpaVpaOverlap>().accepted
    }

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
            let expected = if refused { BOTH_TAKE_CPU } else { [&[][..]; 2] };
            assert_eq!(sides.map(|lines| places(&lines)), expected, "{one} {other}");
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

    #[test]
    fn an_update_is_refused_only_for_what_it_makes_worse() {
        let both_metrics = hpa(&json!([utilization("cpu"), utilization("memory")]));
        let moved = hpa(&json!([{"type": "External"}, utilization("cpu")]));
        let other_target = |mut object: Value, field: &str| {
            object["spec"][field]["name"] = json!("api");
            object
        };
        let mut of_nobody = cpu();
        of_nobody["spec"]["scaleTargetRef"]["apiVersion"] = json!("extensions/v1beta1");
        let recreate = vpa(&json!("Recreate"), &json!(null));
        let named = |policies: Value| vpa(&json!(null), &policies);
        let app_off = named(json!([{"containerName": "app", "mode": "Off"}]));
        let mut adopted = owned(cpu(), "ScaledObject", "web");
        adopted["metadata"]["labels"] = json!({"a": "b"});
        for (old, new, there, accepted) in [
            (cpu(), cpu(), all(), true),
            (cpu(), moved, all(), true),
            (cpu(), adopted, all(), true),
            (hpa(&json!([value("cpu")])), cpu(), all(), false),
            (cpu(), both_metrics.clone(), all(), false),
            (both_metrics, cpu(), all(), true),
            (other_target(cpu(), "scaleTargetRef"), cpu(), all(), false),
            (of_nobody, cpu(), all(), false),
            (vpa(&json!("Off"), &json!(null)), all(), cpu(), false),
            (all(), recreate, cpu(), true),
            (memory(), all(), cpu(), false),
            (all(), memory(), cpu(), true),
            (other_target(all(), "targetRef"), all(), cpu(), false),
            // One container is left, which was there before.
            (all(), app_off.clone(), cpu(), true),
            (app_off, all(), cpu(), false),
        ] {
            let cluster = MemoryCluster::new([there, deployment(&["app", "proxy"])]);
            let review = Review::update(&old, &new)
                .in_cluster(cluster)
                .with(json!({"writtenFirst": "deny"}));
            assert_eq!(is_accepted(&review), accepted, "{old} {new}");
        }
    }

    /// Whether each object passes, in a cluster with the others, at each level of `writtenFirst`.
    fn passes(object: &Value, there: &[Value]) -> [bool; 3] {
        ["deny", "warn", "off"].map(|level| {
            let review = Review::create(object).in_cluster(MemoryCluster::new(there.to_vec()));
            is_accepted(&review.with(json!({ "writtenFirst": level })))
        })
    }

    #[test]
    fn of_a_pair_the_one_that_is_written_last_is_refused() {
        let named = |mut object: Value, name: &str| {
            object["metadata"]["name"] = json!(name);
            object
        };
        let strict = |object: &Value, there: &Value| {
            let settings = json!({"duplicateVertical": "deny"});
            let review = Review::create(object).in_cluster(MemoryCluster::new([there.clone()]));
            is_accepted(&review.with(settings))
        };
        assert_eq!(passes(&cpu(), &[all()]), [false, true, true]);
        assert_eq!(passes(&all(), &[cpu()]), [false; 3]);
        let (a, b) = (named(cpu(), "a"), named(cpu(), "b"));
        assert_eq!(passes(&a, std::slice::from_ref(&b)), [false, true, true]);
        assert_eq!(passes(&b, &[a]), [false; 3]);
        let (a, b) = (named(all(), "a"), named(all(), "b"));
        assert!(strict(&a, &b) && !strict(&b, &a));
        // The server has not made up its name, so nothing says that it comes first.
        let mut unnamed = cpu();
        unnamed["metadata"] = json!({"generateName": "a-", "namespace": "shop"});
        assert_eq!(passes(&unnamed, &[cpu()]), [false; 3]);
    }

    #[test]
    fn the_one_that_is_written_first_is_told_or_is_not() {
        let lines = |level: &str| {
            Review::create(&cpu())
                .with(json!({"writtenFirst": level, "scope": "target"}))
                .in_cluster(MemoryCluster::new([all()]))
                .lines::<HpaVpaOverlap>()
        };
        let warning = "warning: hpa-vpa-overlap: spec.scaleTargetRef: shares Deployment \"web\" with \
                       VerticalPodAutoscaler \"web\", which the policy forbids (scope: target); fix: remove one of the two, or set updateMode to \"Off\" [shared_target]";
        assert_eq!(lines("warn"), [warning]);
        assert_eq!(lines("off"), [""; 0]);
    }

    /// Whether a change of several objects gets through. Each is written in its turn, beside what is there by then.
    fn converges(before: &[Value], after: &[Value]) -> bool {
        let mut there = before.to_vec();
        after.iter().all(|object| {
            let is_same = |other: &&mut Value| {
                (&other["kind"], &other["metadata"]) == (&object["kind"], &object["metadata"])
            };
            let old = there.iter_mut().find(is_same);
            let old = old.map(|old| std::mem::replace(old, object.clone()));
            let review = match &old {
                Some(old) => Review::update(old, object),
                None => Review::create(object),
            };
            let passes = is_accepted(&review.in_cluster(MemoryCluster::new(there.clone())));
            if old.is_none() {
                there.push(object.clone());
            }
            passes
        })
    }

    /// In the order of Helm, Argo CD and Flux: horizontal ones by name, then vertical ones.
    #[test]
    fn what_changes_both_gets_through_in_the_order_of_the_tools() {
        let off = vpa(&json!("Off"), &json!(null));
        let memory_metric = hpa(&json!([utilization("memory")]));
        let cpu_alone = vpa(
            &json!(null),
            &json!([{"containerName": "*", "controlledResources": ["cpu"]}]),
        );
        let on = |mut object: Value, name: &str, target: &str| {
            object["metadata"]["name"] = json!(name);
            object["spec"]["scaleTargetRef"]["name"] = json!(target);
            object
        };
        for (before, after, gets_through) in [
            (vec![all()], vec![cpu(), off], true),
            // It is removed behind what is written.
            (vec![all()], vec![cpu()], true),
            (
                vec![cpu()],
                vec![hpa(&json!([{"type": "External"}])), all()],
                true,
            ),
            (vec![cpu(), memory()], vec![memory_metric, cpu_alone], true),
            (
                vec![on(cpu(), "a", "web"), on(cpu(), "b", "api")],
                vec![on(cpu(), "a", "api"), on(cpu(), "b", "web")],
                true,
            ),
            (vec![cpu()], vec![on(cpu(), "a", "web")], true),
            // These have to remove what was there in a step of its own.
            (vec![cpu()], vec![on(cpu(), "web-2", "web")], false),
            (vec![cpu()], vec![all()], false),
            // And these are wrong in the end.
            (vec![], vec![cpu(), all()], false),
            (
                vec![],
                vec![on(cpu(), "a", "web"), on(cpu(), "b", "web")],
                false,
            ),
        ] {
            assert_eq!(
                converges(&before, &after),
                gets_through,
                "{before:?} {after:?}"
            );
        }
    }

    #[test]
    fn a_dry_run_is_not_refused_for_another_object() {
        for (object, there) in [(cpu(), all()), (all(), cpu())] {
            let settings = json!({"writtenFirst": "deny", "duplicateVertical": "deny"});
            let review = Review::create(&object).with(settings);
            let told = |cluster: MemoryCluster| {
                let review = review.clone().in_cluster(cluster);
                assert!(!is_accepted(&review));
                review.dry_run().judge::<HpaVpaOverlap>()
            };
            let mut double = object.clone();
            double["metadata"]["name"] = json!("a");
            let response = told(MemoryCluster::new([there, double]));
            assert!(response.accepted);
            let rules = response.warnings.iter().map(|line| {
                let (_, rule) = line.rsplit_once('[').unwrap();
                rule.trim_end_matches(']')
            });
            let double = if object["kind"] == "VerticalPodAutoscaler" {
                "duplicate_vertical"
            } else {
                "duplicate_horizontal"
            };
            assert_eq!(rules.collect::<Vec<_>>(), [double, "shared_resource"]);
            let response = told(MemoryCluster::failing("deadline has elapsed"));
            assert!(response.accepted);
            assert!(response.warnings[0].ends_with(" [unjudged]"));
        }
    }

    #[test]
    fn whoever_writes_only_a_status_is_never_in_the_way() {
        let recommended = |mut object: Value, spec: bool| {
            object["status"] = json!({"recommendation": {"containerRecommendations": []}});
            if spec {
                object["spec"]["updatePolicy"]["updateMode"] = json!("Auto");
            }
            object
        };
        for (new, accepted) in [
            (recommended(all(), false), true),
            (recommended(all(), true), false),
            (all(), false),
        ] {
            let review = Review::update(&all(), &new)
                .with(json!({"onUpdate": "enforceAll"}))
                .by("system:serviceaccount:vpa:recommender")
                .in_cluster(MemoryCluster::failing("deadline has elapsed"));
            assert_eq!(is_accepted(&review), accepted, "{new}");
        }
    }

    #[test]
    fn exempts_whom_the_platform_team_names_on_either_side() {
        for (exempt, accepted) in [
            (json!({"namespaces": ["shop"]}), true),
            (json!({"users": ["jane"]}), true),
            (json!({"names": ["shop/web"]}), true),
            (json!({"names": ["shop/sizer"]}), true),
            (
                json!({"namespaces": ["shopping"], "users": ["janet"], "names": ["other/web", "shop/we"]}),
                false,
            ),
        ] {
            let mut sizer = all();
            sizer["metadata"]["name"] = json!("sizer");
            let review = Review::create(&cpu())
                .with(json!({"exempt": exempt, "writtenFirst": "deny"}))
                .in_cluster(MemoryCluster::new([sizer]));
            assert_eq!(is_accepted(&review), accepted, "{exempt}");
        }
    }

    #[test]
    fn a_pair_that_one_maker_keeps_apart_is_left_alone() {
        let made = |object: Value, kind: &str, name: &str| owned(object, kind, name);
        let kind = "MultidimPodAutoscaler";
        for (one, other, refused) in [
            ((kind, "web"), (kind, "web"), false),
            ((kind, "web"), (kind, "api"), true),
            (("Database", "web"), ("Database", "web"), true),
        ] {
            let horizontal = made(cpu(), one.0, one.1);
            let vertical = made(all(), other.0, other.1);
            let sides = both(&horizontal, &vertical, &json!({}), &json!({}));
            let expected = if refused { BOTH_TAKE_CPU } else { [&[][..]; 2] };
            assert_eq!(sides.map(|lines| places(&lines)), expected, "{one:?}");
        }
        // The garbage collector lets go of one after the other.
        for (old, new, other) in [
            (made(cpu(), kind, "web"), cpu(), made(all(), kind, "web")),
            (made(all(), kind, "web"), all(), cpu()),
            (all(), all(), cpu()),
        ] {
            let review = Review::update(&old, &new).in_cluster(MemoryCluster::new([other]));
            assert!(is_accepted(&review), "{old}");
        }
    }

    #[test]
    fn a_failed_look_up_refuses_or_warns() {
        let grant = "Policy has not been granted access to Kubernetes autoscaling.k8s.io/v1/VerticalPodAutoscaler \
                     resources. The violation has been reported.";
        let may_not = "may not be read by the policy: add the kind to its spec.contextAwareResources, which only a ClusterAdmissionPolicy has, and let the service \
                       account of its policy server get, list and watch it";
        let with = |object: Value, (api_version, kind), words: &str| {
            Arc::new(MemoryCluster::new([object]).with_error(api_version, kind, words))
        };
        let horizontal = ("autoscaling/v2", "HorizontalPodAutoscaler");
        let vertical = ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler");
        let deployment = ("apps/v1", "Deployment");
        let no_answer = "could not be looked up: deadline has elapsed";
        let trouble = "error finding resource autoscaling.k8s.io/v1 / VerticalPodAutoscaler: HyperError: timed out";
        let in_trouble = format!("could not be looked up: {trouble}");
        for (object, there, subject, reason) in [
            (
                cpu(),
                with(all(), vertical, trouble),
                "the list of VerticalPodAutoscalers in shop",
                &*in_trouble,
            ),
            (
                cpu(),
                with(all(), vertical, grant),
                "the list of VerticalPodAutoscalers in shop",
                may_not,
            ),
            (
                cpu(),
                with(memory(), horizontal, "deadline has elapsed"),
                "the list of HorizontalPodAutoscalers in shop",
                no_answer,
            ),
            (
                all(),
                with(cpu(), horizontal, "deadline has elapsed"),
                "the list of HorizontalPodAutoscalers in shop",
                no_answer,
            ),
            (
                all(),
                with(cpu(), deployment, "deadline has elapsed"),
                "Deployment shop/web",
                no_answer,
            ),
        ] {
            let review = Review::create(&object).in_cluster(Arc::clone(&there));
            let response = review.judge::<HpaVpaOverlap>();
            let message = response.message.unwrap();
            let kind = object["kind"].as_str().unwrap();
            assert_eq!(
                message,
                format!("{kind} shop/web cannot be judged by hpa-vpa-overlap: {subject} {reason}")
            );
            assert_eq!(response.code, Some(500));
            let mut labelled = object.clone();
            labelled["metadata"]["labels"] = json!({"a": "b"});
            let update = Review::update(&object, &labelled).in_cluster(Arc::clone(&there));
            assert!(is_accepted(&update));
            assert!(!is_accepted(
                &update.with(json!({"onUpdate": "enforceAll"}))
            ));
            labelled["spec"]["targetRef"] = json!({"kind": "Deployment", "name": "web"});
            let update = Review::update(&object, &labelled).in_cluster(there);
            assert!(!is_accepted(&update));
        }
    }

    #[test]
    fn a_list_of_doubles_that_fails_does_not_hide_the_pair() {
        let silent = "deadline has elapsed";
        for (object, there, api_version, fails) in [
            (cpu(), all(), "autoscaling/v2", "HorizontalPodAutoscaler"),
            (
                all(),
                cpu(),
                "autoscaling.k8s.io/v1",
                "VerticalPodAutoscaler",
            ),
        ] {
            let found = Review::create(&object)
                .in_cluster(MemoryCluster::new([there]).with_error(api_version, fails, silent))
                .with(json!({"onLookupFailure": "warn", "writtenFirst": "deny"}))
                .lines::<HpaVpaOverlap>();
            let ends: Vec<_> = found
                .iter()
                .filter_map(|line| line.rsplit_once('['))
                .collect();
            let rules: Vec<_> = ends.iter().map(|(_, rule)| *rule).collect();
            assert_eq!(rules, ["shared_resource]", "unjudged]"], "{fails}");
        }
    }

    #[test]
    fn without_the_definition_there_is_no_vertical_autoscaler() {
        assert_eq!(lines(&cpu(), &[&deployment(&["app"])], &json!({})), [""; 0]);
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
                 to \"Off\", or measure something other than cpu [shared_resource]"
            ]
        );
    }
}
