//! Refuses a `HorizontalPodAutoscaler` that measures utilization of requests that are not there.
//!
//! Utilization is a share of what containers request. Both sides are judged: an autoscaler against the pods of its
//! target, and a workload against the autoscalers that target it already. Both ways lead to `judge`, and each rule says
//! what it found in the words of the side that asked.
//!
//! Where a set of manifests changes both, the first one is written beside what the other one was before, and only warns
//! (`writtenFirst`). That is an UPDATE of a workload, and an autoscaler of a kind that Helm and Argo CD write later.

mod limit_ranges;
mod pair;
mod pods;
mod rules;
pub mod settings;
mod target;
#[cfg(test)]
mod testing;
mod views;

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::autoscaling::v2;
use shared::cluster::{self, Lookup};
use shared::kubernetes::autoscaling::{
    self, AutoscalerMeta, Goal, HorizontalPodAutoscaler, Metric, ScaleTarget, insert_by_name,
};
use shared::kubernetes::workload::SIZED_TEMPLATE;
use shared::settings::OnLookupFailure;
use shared::{
    Cluster, ClusterError, Cursor, DecodeError, Error, FieldPath, Level, OnUpdate, Operation,
    Policy, Request, Rule, Settings as _, Verdict,
};

use crate::limit_ranges::Defaults;
use crate::pair::{Pair, Side};
use crate::pods::{Failure, Pods};
use crate::rules::unknown_resource::is_measured;
use crate::settings::{ReadableKind, Settings};
use crate::target::Target;

/// The policy.
pub struct HpaTargetRequests;

shared::export_policy!(HpaTargetRequests);

impl Policy for HpaTargetRequests {
    const NAME: &'static str = "hpa-target-requests";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
    }

    fn wants_all(settings: &Settings) -> bool {
        settings.has_custom_kinds()
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        let mut verdict = Verdict::accept();
        let namespace = request.object_namespace()?;
        if settings.exempts(namespace, request.username) {
            return Ok(verdict);
        }
        let review = Review {
            request,
            namespace,
            settings,
            cluster,
        };
        let judged = if request.kind.is_a::<v2::HorizontalPodAutoscaler>() {
            review.autoscaler(&mut verdict)
        } else if let Some(readable) = settings.readable_kind(&request.kind) {
            review.workload(readable, &mut verdict)
        } else {
            return Ok(Verdict::unclaimed(request));
        };
        verdict.or_unjudged(judged, || {
            settings.on_lookup_failure == OnLookupFailure::Warn || review.is_untouched()
        })
    }
}

/// What is asked, and what the answer depends on.
#[derive(Clone, Copy)]
struct Review<'r> {
    request: &'r Request<'r>,
    namespace: &'r str,
    settings: &'r Settings,
    cluster: &'r dyn Cluster,
}

impl Review<'_> {
    /// Judges an autoscaler, against the pods of its target if they matter.
    fn autoscaler(&self, verdict: &mut Verdict) -> Result<(), Error> {
        let settings = self.settings;
        let version = self.request.kind.version;
        let autoscaler = HorizontalPodAutoscaler::read(&self.request.object(), version)?;
        let target = Target::of(&autoscaler.target, settings);
        let scalable = rules::unscalable_target::check(&autoscaler, target, settings, verdict);
        let judged = if scalable && autoscaler.metrics.iter().any(needs_requests) {
            self.requests(&autoscaler, target, verdict)
        } else {
            Ok(false)
        };
        // What can be said of metrics alone is said in any case.
        if !matches!(judged, Ok(true)) {
            let is_measured = |metric: &Metric<'_>| is_measured(metric, settings);
            let works = autoscaler.other_metrics > 0 || autoscaler.metrics.iter().any(is_measured);
            for metric in &autoscaler.metrics {
                rules::unknown_resource::check(metric, scalable && works, settings, verdict);
            }
        }
        judged.map(|_| ())
    }

    /// Judges an autoscaler against the pods of its target. Whether there were any.
    fn requests(
        &self,
        autoscaler: &HorizontalPodAutoscaler<'_>,
        target: Target<'_>,
        verdict: &mut Verdict,
    ) -> Result<bool, Error> {
        let Target::Readable(readable) = target else {
            rules::uninspected_target::check(autoscaler, verdict);
            return Ok(false);
        };
        self.target(autoscaler, None, readable, verdict)
    }

    /// Whether an UPDATE changes nothing that is judged, so that nothing it could be refused for is new.
    fn is_untouched(&self) -> bool {
        self.settings.on_update() == OnUpdate::NewViolations
            && self.request.operation == Operation::Update
            && self.keeps_what_is_read().unwrap_or_default()
    }

    /// Whether the old object reads like the new one, in the words of the policy: with custom kinds the payload has all
    /// fields, of which most mean nothing here.
    fn keeps_what_is_read(&self) -> Result<bool, DecodeError> {
        let request = self.request;
        let (new, old) = (request.object(), request.old_object());
        if let Some(readable) = self.settings.readable_kind(&request.kind) {
            return Ok(
                match (
                    self.pods(&new, readable, "")?,
                    self.pods(&old, readable, "")?,
                ) {
                    (Some(new), Some(old)) => new.have_requests_of(&old),
                    (new, old) => new.is_none() && old.is_none(),
                },
            );
        }
        let version = request.kind.version;
        let new = HorizontalPodAutoscaler::read(&new, version)?;
        let old = HorizontalPodAutoscaler::read(&old, version)?;
        Ok((new.target, &new.metrics, new.other_metrics)
            == (old.target, &old.metrics, old.other_metrics))
    }

    /// The pods of a workload of this name.
    fn pods<'p>(
        &self,
        object: &Cursor<'p>,
        readable: ReadableKind<'p>,
        name: &'p str,
    ) -> Result<Option<Pods<'p>>, DecodeError> {
        let pod_level_resources = self.settings.pod_level_resources;
        Pods::read(
            object,
            readable.pod_spec,
            (readable.kind, name),
            pod_level_resources,
        )
    }

    /// Gets the target of an autoscaler, or the workload that this refers to, and judges the two together. Whether it has
    /// pods.
    fn target(
        &self,
        autoscaler: &HorizontalPodAutoscaler<'_>,
        referred: Option<&ScaleTarget<'_>>,
        readable: ReadableKind<'_>,
        verdict: &mut Verdict,
    ) -> Result<bool, Error> {
        let name = referred.unwrap_or(&autoscaler.target).name;
        let mut fields = if readable.pod_spec == autoscaling::POD_SPEC {
            SIZED_TEMPLATE.to_vec()
        } else {
            vec![readable.pod_spec]
        };
        let may_refer = referred.is_none() && readable.is_rollout();
        if may_refer {
            fields.push(WORKLOAD_REF);
        }
        let lookup = Lookup {
            api_version: readable.api_version,
            kind: readable.kind,
            name,
            namespace: Some(self.namespace),
            // Whoever was refused and has corrected the target tries again at once.
            disable_cache: true,
            field_masks: &fields,
        };
        let failed = |error| lookup.failed(error);
        let answer = match cluster::fetch(self.cluster, &lookup) {
            Err(error @ (ClusterError::NotFound | ClusterError::NotServed)) => {
                let state = match referred {
                    Some(referred) => format!("refers to {referred}, which {error}"),
                    None => error.to_string(),
                };
                self.missing(autoscaler, &state, verdict);
                return Ok(false);
            }
            // No setting says that the policy may read it: then it is a kind like any other.
            Err(ClusterError::Forbidden) if readable.is_well_known => {
                rules::uninspected_target::check_forbidden(autoscaler, verdict);
                return Ok(false);
            }
            answer => answer.map_err(failed)?,
        };
        let json = answer.parse().map_err(failed)?;
        let object = Cursor::new(&json, FieldPath::new(""));
        if may_refer {
            let referred = workload_ref(&object).map_err(|error| failed(error.into()))?;
            if let Some(referred) = referred {
                let Target::Readable(readable) = Target::of(&referred, self.settings) else {
                    rules::uninspected_target::check_referred(autoscaler, &referred, verdict);
                    return Ok(false);
                };
                return self.target(autoscaler, Some(&referred), readable, verdict);
            }
        }
        let pods = self.pods_of_target(&object, autoscaler, name, readable, verdict);
        let Some(pods) = pods.map_err(|error| failed(error.into()))? else {
            return Ok(false);
        };
        let mut metrics = autoscaler.metrics.iter();
        let depends = metrics.any(|metric| depends_on_defaults(metric, &pods));
        let pods = self.with_defaults(pods, depends, verdict)?;
        let most = if readable.is_written_before_autoscalers() {
            Level::Deny
        } else {
            self.settings.written_first
        };
        self.judge(autoscaler, &pods, (Side::Autoscaler, most), verdict);
        Ok(true)
    }

    /// Reports that the target of an autoscaler is missing. `state` says how.
    fn missing(
        &self,
        autoscaler: &HorizontalPodAutoscaler<'_>,
        state: &str,
        verdict: &mut Verdict,
    ) {
        verdict.under(self.request.ceiling(), |verdict| {
            rules::missing_target::check(autoscaler, state, self.settings, verdict);
        });
    }

    /// The pods of the target of an autoscaler. None where there are none to judge, which is told.
    fn pods_of_target<'p>(
        &self,
        target: &Cursor<'p>,
        autoscaler: &HorizontalPodAutoscaler<'_>,
        name: &'p str,
        readable: ReadableKind<'p>,
        verdict: &mut Verdict,
    ) -> Result<Option<Pods<'p>>, DecodeError> {
        if AutoscalerMeta::read(target)?.deleting {
            self.missing(autoscaler, "is being deleted", verdict);
            return Ok(None);
        }
        let pods = self.pods(target, readable, name)?;
        if pods.is_none() {
            rules::uninspected_target::check_pod_spec(autoscaler, readable.pod_spec, verdict);
        }
        Ok(pods)
    }

    /// Judges a workload against the autoscalers that target it.
    fn workload(&self, readable: ReadableKind<'_>, verdict: &mut Verdict) -> Result<(), Error> {
        let (request, namespace) = (self.request, self.namespace);
        let name = request.object_name()?;
        let mut most = self.settings.workloads;
        // A set that changes both a workload and its autoscaler, or removes the autoscaler, gets to that later.
        if request.operation == Operation::Update {
            most = most.at_most(self.settings.written_first);
        }
        if most == Level::Off || self.is_made_by_deployment()? {
            return Ok(());
        }
        let Some(pods) = self.pods(&request.object(), readable, name)? else {
            return Ok(());
        };
        let lookup = autoscaling::horizontal_pod_autoscalers(namespace);
        let failed = |error| lookup.failed(error);
        let answer = cluster::list(self.cluster, &lookup).map_err(failed)?;
        let list = answer.parse_list(autoscaling::wants).map_err(failed)?;
        let mut autoscalers = Vec::new();
        for item in list.items() {
            let read = ScaleTarget::of_horizontal(&item).and_then(|target| {
                let is_target = target.is(readable.group(), readable.kind, name);
                // A list holds objects of v2, whatever they were made as.
                is_target
                    .then(|| HorizontalPodAutoscaler::read(&item, "v2"))
                    .transpose()
            });
            match read {
                Ok(None) => {}
                Ok(Some(autoscaler)) if autoscaler.meta.deleting => {}
                Ok(Some(autoscaler)) => {
                    insert_by_name(&mut autoscalers, autoscaler.meta.name, autoscaler);
                }
                Err(error) => {
                    rules::unreadable_object::check(
                        "HorizontalPodAutoscaler",
                        &item,
                        &error,
                        verdict,
                    );
                }
            }
        }
        let mut metrics = autoscalers.iter().flat_map(|(_, one)| &one.metrics);
        let depends = metrics.any(|metric| depends_on_defaults(metric, &pods));
        let pods = self.with_defaults(pods, depends, verdict)?;
        for (_, autoscaler) in &autoscalers {
            self.judge(autoscaler, &pods, (Side::Workload, most), verdict);
        }
        Ok(())
    }

    /// Judges an autoscaler and the pods that it measures, metric by metric. What is wrong with the two is no more serious
    /// than the side allows.
    fn judge(
        &self,
        autoscaler: &HorizontalPodAutoscaler<'_>,
        pods: &Pods<'_>,
        (side, most): (Side, Level),
        verdict: &mut Verdict,
    ) {
        let settings = self.settings;
        let is_unknown =
            |metric: &Metric<'_>| !pods.know_defaults() && depends_on_defaults(metric, pods);
        let works = |metric: &Metric<'_>| {
            is_measured(metric, settings) && (failure(metric, pods).is_none() || is_unknown(metric))
        };
        let nothing_works = autoscaler.other_metrics == 0 && !autoscaler.metrics.iter().any(works);
        let most = most.at_most(self.request.ceiling());
        for metric in &autoscaler.metrics {
            // This is wrong whatever the pods are.
            if side == Side::Autoscaler {
                rules::unknown_resource::check(metric, !nothing_works, settings, verdict);
            }
            let pair = &Pair {
                autoscaler,
                metric,
                pods,
                side,
                nothing_works,
            };
            if let Some(failure) = failure(metric, pods).filter(|_| !is_unknown(metric)) {
                verdict.under(most, |verdict| {
                    rules::check(pair, &failure, settings, verdict);
                });
            }
        }
    }

    /// Whether this is a `ReplicaSet` of a `Deployment`, which was judged itself, and whose roll-out must not hang. An
    /// UPDATE that takes the owner off is that of the garbage collector, which lets go of what it leaves behind.
    fn is_made_by_deployment(&self) -> Result<bool, Error> {
        let is_owned = |object: &Cursor<'_>| {
            let meta = AutoscalerMeta::read(object);
            meta.map(|meta| meta.owner.is_some())
        };
        let request = self.request;
        Ok(request.kind.kind == ReplicaSet::KIND
            && (is_owned(&request.object())?
                || is_owned(&request.old_object()).unwrap_or_default()))
    }

    /// Adds what `LimitRange`s give, where a metric depends on that. Where they cannot be looked up, the pods do not know
    /// them, and what depends on them is not judged.
    fn with_defaults<'p>(
        &self,
        pods: Pods<'p>,
        depends: bool,
        verdict: &mut Verdict,
    ) -> Result<Pods<'p>, Error> {
        if !depends {
            return Ok(pods);
        }
        match Defaults::of(self.namespace, self.cluster, verdict) {
            Ok(defaults) => Ok(pods.with_defaults(defaults)),
            Err(error) => {
                verdict.keep_failure(Err(error))?;
                Ok(pods.with_unknown_defaults())
            }
        }
    }
}

/// Where a Rollout refers to the workload whose pods it makes in place of its own: `pkg/apis/rollouts/v1alpha1/types.go`
/// of argoproj/argo-rollouts.
const WORKLOAD_REF: &str = "spec.workloadRef";

/// The workload that a Rollout refers to.
fn workload_ref<'a>(rollout: &Cursor<'a>) -> Result<Option<ScaleTarget<'a>>, DecodeError> {
    rollout.at(WORKLOAD_REF, |reference| {
        Ok(ScaleTarget {
            api_version: reference.text("apiVersion")?,
            kind: reference.text("kind")?,
            name: reference.text("name")?,
        })
    })
}

/// Whether it depends on `LimitRange`s that a metric can be computed for these pods.
fn depends_on_defaults(metric: &Metric<'_>, pods: &Pods<'_>) -> bool {
    match failure(metric, pods) {
        Some(Failure::MissingRequest(_) | Failure::MissingPodRequest) => true,
        // Containers without a request are not missed there, and may get one.
        Some(Failure::ZeroRequest(None)) => pods.pod_level_path().is_some(),
        _ => false,
    }
}

/// Whether a metric is a share of requests, of which nothing else was said already.
fn needs_requests(metric: &Metric<'_>) -> bool {
    metric.goal == Goal::Utilization
        && rules::unknown_resource::right_case(&metric.resource).is_none()
}

/// Why a metric cannot be computed for these pods.
fn failure<'p>(metric: &Metric<'_>, pods: &'p Pods<'_>) -> Option<Failure<'p>> {
    if !needs_requests(metric) {
        return None;
    }
    match &metric.container {
        None => pods.failure(&metric.resource),
        Some(container) => pods.container_failure(container, &metric.resource),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use super::*;
    use crate::testing::{container, container_utilization, deployment, hpa, utilization};

    fn bare() -> Value {
        deployment(&json!({"containers": [container("app", &json!({}))]}))
    }

    fn sized() -> Value {
        deployment(&json!({"containers": [container("app", &json!({"requests": {"cpu": 1}}))]}))
    }

    fn cluster(objects: &[Value]) -> MemoryCluster {
        MemoryCluster::new(objects.to_vec())
    }

    #[test]
    fn asks_nothing_where_no_requests_are_needed() {
        let value = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageValue": "1"}}});
        let object =
            hpa(&json!([value, {"type": "Pods"}, {"type": "Object"}, {"type": "External"}]));
        let silent = MemoryCluster::failing("deadline has elapsed");
        let lines = Review::create(&object)
            .in_cluster(silent)
            .lines::<HpaTargetRequests>();
        assert_eq!(lines, [""; 0]);
    }

    #[test]
    fn a_workload_is_judged_by_the_autoscalers_that_target_it() {
        let autoscaler = hpa(&json!([utilization("cpu")]));
        let with = |field: &str, value: Value| {
            let mut object = autoscaler.clone();
            object["spec"]["scaleTargetRef"][field] = value;
            object
        };
        let mut elsewhere = autoscaler.clone();
        elsewhere["metadata"]["namespace"] = json!("other");
        let mut going = autoscaler.clone();
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        for (there, accepted) in [
            (vec![autoscaler.clone()], false),
            (vec![with("apiVersion", json!("apps/v1beta1"))], false),
            (vec![with("apiVersion", json!(""))], true),
            (vec![with("kind", json!("StatefulSet"))], true),
            (vec![with("kind", json!("deployment"))], true),
            (vec![with("name", json!("api"))], true),
            (vec![elsewhere], true),
            (vec![going], true),
            (vec![], true),
        ] {
            let review = Review::create(&bare()).in_cluster(cluster(&there));
            assert_eq!(
                review.judge::<HpaTargetRequests>().accepted,
                accepted,
                "{there:?}"
            );
        }
    }

    #[test]
    fn every_built_in_kind_is_judged_on_both_sides() {
        for (api_version, kind) in autoscaling::SCALABLE {
            let mut workload = bare();
            workload["apiVersion"] = json!(api_version);
            workload["kind"] = json!(kind);
            let mut autoscaler = hpa(&json!([utilization("cpu")]));
            autoscaler["spec"]["scaleTargetRef"] =
                json!({"apiVersion": api_version, "kind": kind, "name": "web"});
            for (object, other) in [(&workload, &autoscaler), (&autoscaler, &workload)] {
                let review = Review::create(object)
                    .in_cluster(cluster(std::slice::from_ref(other)))
                    .with(json!({"writtenFirst": "deny"}));
                assert!(!review.judge::<HpaTargetRequests>().accepted, "{kind}");
            }
        }
    }

    #[test]
    fn the_replica_set_of_a_deployment_is_left_alone() {
        let mut replicas = bare();
        replicas["kind"] = json!("ReplicaSet");
        replicas["metadata"]["ownerReferences"] =
            json!([{"kind": "Deployment", "name": "web", "controller": true}]);
        let silent = MemoryCluster::failing("deadline has elapsed");
        assert!(
            Review::create(&replicas)
                .in_cluster(silent)
                .judge::<HpaTargetRequests>()
                .accepted
        );
    }

    #[test]
    fn an_update_is_refused_only_for_what_it_makes_worse() {
        let cpu = hpa(&json!([utilization("cpu")]));
        let mut other_target = cpu.clone();
        other_target["spec"]["scaleTargetRef"]["name"] = json!("api");
        let both = hpa(&json!([utilization("cpu"), {"type": "External"}]));
        let memory = hpa(&json!([utilization("cpu"), utilization("memory")]));
        let mut half = bare();
        half["spec"]["template"]["spec"]["containers"][0]["resources"] =
            json!({"requests": {"cpu": 1}});
        for (old, new, there, accepted) in [
            (&cpu, &cpu, bare(), true),
            (&cpu, &both, bare(), true),
            (&cpu, &memory, bare(), false),
            (&other_target, &cpu, bare(), false),
            (&bare(), &bare(), cpu.clone(), true),
            (&sized(), &bare(), cpu.clone(), false),
            (&bare(), &sized(), cpu.clone(), true),
            // What is half as bad is not worse, although other words follow.
            (&bare(), &half, memory.clone(), true),
        ] {
            let review = Review::update(old, new)
                .in_cluster(cluster(&[there]))
                .with(json!({"writtenFirst": "deny"}));
            assert_eq!(
                review.judge::<HpaTargetRequests>().accepted,
                accepted,
                "{old} {new}"
            );
        }
    }

    fn is_accepted(review: &Review) -> bool {
        review.judge::<HpaTargetRequests>().accepted
    }

    /// The same object as another kind, or an autoscaler of that kind.
    fn of_kind(mut object: Value, api_version: &str, kind: &str) -> Value {
        if object["kind"] == "HorizontalPodAutoscaler" {
            let target = &mut object["spec"]["scaleTargetRef"];
            target["apiVersion"] = json!(api_version);
            target["kind"] = json!(kind);
        } else {
            object["apiVersion"] = json!(api_version);
            object["kind"] = json!(kind);
        }
        object
    }

    /// Settings with a custom kind.
    fn with_rollouts(mut settings: Value) -> Value {
        settings["customKinds"] = json!([{
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "podSpecPath": "spec.template.spec",
        }]);
        settings
    }

    #[test]
    fn what_may_be_written_first_is_refused_only_where_that_is_wanted() {
        for (api_version, kind, comes_first) in [
            ("apps/v1", "Deployment", true),
            ("apps/v1", "ReplicaSet", true),
            ("v1", "ReplicationController", true),
            ("apps/v1", "StatefulSet", false),
            ("argoproj.io/v1alpha1", "Rollout", false),
        ] {
            let workload = |object: Value| of_kind(object, api_version, kind);
            let autoscaler = of_kind(hpa(&json!([utilization("cpu")])), api_version, kind);
            let passes = |review: Review, there: &Value| {
                ["deny", "warn", "off"].map(|level| {
                    let there = cluster(std::slice::from_ref(there));
                    let review = review.clone().in_cluster(there);
                    is_accepted(&review.with(with_rollouts(json!({ "writtenFirst": level }))))
                })
            };
            let of_autoscaler = passes(Review::create(&autoscaler), &workload(bare()));
            assert_eq!(of_autoscaler, [false, !comes_first, !comes_first], "{kind}");
            let new = passes(Review::create(&workload(bare())), &autoscaler);
            assert_eq!(new, [false; 3], "{kind}");
            let update = Review::update(&workload(sized()), &workload(bare()));
            assert_eq!(passes(update, &autoscaler), [false, true, true], "{kind}");
        }
    }

    #[test]
    fn a_changed_workload_is_no_more_serious_than_a_new_one() {
        let lines = |settings: Value| {
            Review::update(&sized(), &bare())
                .in_cluster(cluster(&[hpa(&json!([utilization("cpu")]))]))
                .with(settings)
                .lines::<HpaTargetRequests>()
        };
        let start = "warning: hpa-target-requests: spec.template.spec.containers[0].resources.requests.cpu: container \
                     \"app\" requests no cpu, so HorizontalPodAutoscaler \"web\" never scales by cpu";
        let warn = json!({"workloads": "warn", "writtenFirst": "deny"});
        for settings in [json!({}), warn] {
            let [line] = &lines(settings.clone())[..] else {
                panic!("{settings}");
            };
            assert!(line.starts_with(start), "{line}");
        }
        for setting in ["workloads", "writtenFirst"] {
            assert_eq!(lines(json!({ setting: "off" })), [""; 0]);
        }
    }

    /// Whether a change of several objects gets through. Each is written in its turn, beside what is there by then.
    fn converges(before: &[Value], after: &[Value]) -> bool {
        let mut there = before.to_vec();
        after.iter().all(|object| {
            let is_same = |other: &&mut Value| other["kind"] == object["kind"];
            let old = there.iter_mut().find(is_same);
            let old = old.map(|old| std::mem::replace(old, object.clone()));
            let review = match &old {
                Some(old) => Review::update(old, object),
                None => Review::create(object),
            };
            let review = review.with(with_rollouts(json!({})));
            let passes = is_accepted(&review.in_cluster(cluster(&there)));
            if old.is_none() {
                there.push(object.clone());
            }
            passes
        })
    }

    #[test]
    fn what_changes_both_gets_through_in_the_order_of_every_tool() {
        for (api_version, kind) in [
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("argoproj.io/v1alpha1", "Rollout"),
        ] {
            let of = |object: Value| of_kind(object, api_version, kind);
            let cpu = || of(hpa(&json!([utilization("cpu")])));
            let external = || of(hpa(&json!([{"type": "External"}])));
            let (bare, sized) = (|| of(bare()), || of(sized()));
            for (before, workload, autoscaler) in [
                (vec![bare()], sized(), Some(cpu())),
                (vec![bare(), external()], sized(), Some(cpu())),
                (vec![sized(), cpu()], bare(), Some(external())),
                // It is removed behind what is written.
                (vec![sized(), cpu()], bare(), None),
                (vec![], sized(), Some(cpu())),
            ] {
                let workload_first: Vec<_> = [Some(workload.clone()), autoscaler.clone()]
                    .into_iter()
                    .flatten()
                    .collect();
                assert!(converges(&before, &workload_first), "{before:?} {workload}");
                // Nothing writes it behind the autoscaler.
                if kind == "Deployment" {
                    continue;
                }
                let autoscaler_first: Vec<_> = autoscaler.into_iter().chain([workload]).collect();
                assert!(
                    converges(&before, &autoscaler_first),
                    "{autoscaler_first:?}"
                );
            }
            // What is wrong in the end is refused in one order at least, whatever the kind.
            assert!(!converges(&[], &[cpu(), bare()]));
            assert_eq!(converges(&[], &[bare(), cpu()]), kind != "Deployment");
        }
    }

    #[test]
    fn a_dry_run_is_refused_only_for_what_is_wrong_alone() {
        let cpu = hpa(&json!([utilization("cpu")]));
        let lost = hpa(&json!([container_utilization("cpu", "setup")]));
        let init = deployment(&json!({"initContainers": [container("setup", &json!({}))]}));
        for (object, there, rule) in [
            (&cpu, vec![bare()], "missing_request"),
            (&bare(), vec![cpu.clone()], "missing_request"),
            (&lost, vec![init.clone()], "missing_container"),
            (&init, vec![lost.clone()], "missing_container"),
            (&cpu, vec![], "missing_target"),
        ] {
            let settings = json!({"missingTarget": "deny", "writtenFirst": "deny"});
            let review = Review::create(object)
                .with(settings)
                .in_cluster(cluster(&there));
            assert!(!is_accepted(&review), "{object}");
            let response = review.dry_run().judge::<HpaTargetRequests>();
            assert!(response.accepted, "{object}");
            let [warning] = response.warnings.as_slice() else {
                panic!("{response:?}");
            };
            assert!(warning.ends_with(&format!("[{rule}]")), "{warning}");
        }
        let misspelt = hpa(&json!([utilization("CPU"), utilization("cpu")]));
        for there in [
            cluster(&[bare()]),
            MemoryCluster::failing("deadline has elapsed"),
        ] {
            let review = Review::create(&misspelt).in_cluster(there).dry_run();
            let response = review.judge::<HpaTargetRequests>();
            assert_eq!(
                response.audit_annotations,
                [(
                    "unknown_resource",
                    "spec.metrics[0].resource.name".to_owned()
                )]
            );
            assert_eq!(response.warnings.len(), 1, "{response:?}");
        }
        let silent = MemoryCluster::failing("deadline has elapsed");
        let response = Review::create(&cpu)
            .in_cluster(silent)
            .dry_run()
            .judge::<HpaTargetRequests>();
        assert!(response.accepted && response.warnings[0].ends_with(" [unjudged]"));
    }

    #[test]
    fn exempts_namespaces_and_users_that_the_platform_team_names() {
        for (exempt, accepted) in [
            (json!({"namespaces": ["shop"]}), true),
            (json!({"users": ["jane"]}), true),
            (
                json!({"namespaces": ["shopping"], "users": ["janet"]}),
                false,
            ),
        ] {
            let review = Review::create(&hpa(&json!([])))
                .with(json!({ "exempt": exempt }))
                .in_cluster(cluster(&[bare()]));
            assert_eq!(
                review.judge::<HpaTargetRequests>().accepted,
                accepted,
                "{exempt}"
            );
        }
    }

    #[test]
    fn a_failed_look_up_refuses_or_warns() {
        let only_cpu = hpa(&json!([utilization("cpu")]));
        let object = hpa(&json!([utilization("cpu"), utilization("CPU")]));
        let grant =
            "Policy has not been granted access to Kubernetes apps/v1/Deployment resources.";
        let silent = "deadline has elapsed";
        let misspelt = "spec.metrics[1].resource.name: \"CPU\" is not a resource, but \"cpu\" is, so the autoscaler \
                        can only grow (FailedGetResourceMetric); fix: write cpu [unknown_resource]";
        let refused =
            format!("HorizontalPodAutoscaler shop/web violates hpa-target-requests: {misspelt}");
        let warning = |what: &str| {
            format!(
                "warning: hpa-target-requests: request: cannot be judged: {what}; fix: see why the look-up failed \
                 [unjudged]"
            )
        };
        let not_granted = "Deployment shop/web may not be read by the policy: add the kind to its \
                           spec.contextAwareResources, which only a ClusterAdmissionPolicy has, and let the service account of \
                           its policy server get, list and \
                           watch it";
        for (object, there, reason, lines) in [
            (
                &only_cpu,
                MemoryCluster::failing(grant),
                &*format!(
                    "HorizontalPodAutoscaler shop/web cannot be judged by hpa-target-requests: {not_granted}"
                ),
                vec![warning(not_granted)],
            ),
            (
                &object,
                MemoryCluster::failing(grant),
                &*refused,
                vec![misspelt.to_owned(), warning(not_granted)],
            ),
            (
                &bare(),
                MemoryCluster::failing(silent),
                "Deployment shop/web cannot be judged by hpa-target-requests: the list of HorizontalPodAutoscalers in \
                 shop could not be looked up: deadline has elapsed",
                vec![warning(
                    "the list of HorizontalPodAutoscalers in shop could not be looked up: deadline has elapsed",
                )],
            ),
            (
                &object,
                cluster(&[bare()]).with_error("v1", "LimitRange", silent),
                &*refused,
                vec![
                    misspelt.to_owned(),
                    warning(
                        "the list of LimitRanges in shop could not be looked up: deadline has elapsed",
                    ),
                ],
            ),
        ] {
            let review = Review::create(object).in_cluster(there);
            let response = review.judge::<HpaTargetRequests>();
            assert_eq!(response.message.as_deref(), Some(reason));
            let code = if reason == refused { 403 } else { 500 };
            assert_eq!(response.code, Some(code));
            let review = review.with(json!({"onLookupFailure": "warn"}));
            // What does not depend on the cluster is still refused.
            assert_eq!(review.lines::<HpaTargetRequests>(), lines);
        }
    }

    #[test]
    fn a_failed_look_up_does_not_stop_an_update_of_nothing_that_is_judged() {
        let labelled = |object: &Value| {
            let mut object = object.clone();
            object["metadata"]["labels"] = json!({"a": "b"});
            object["spec"]["replicas"] = json!(7);
            object
        };
        let mut v1 = hpa(&json!(null));
        v1["apiVersion"] = json!("autoscaling/v1");
        let mut annotated = v1.clone();
        annotated["metadata"]["annotations"] =
            json!({"autoscaling.alpha.kubernetes.io/metrics": "[{\"type\":\"External\"}]"});
        let autoscaler = hpa(&json!([utilization("cpu")]));
        for (old, new, accepted) in [
            (&bare(), labelled(&bare()), true),
            (&sized(), bare(), false),
            (&autoscaler, labelled(&autoscaler), true),
            (&autoscaler, hpa(&json!([utilization("memory")])), false),
            (&v1, labelled(&v1), true),
            (&annotated, v1.clone(), false),
        ] {
            let silent = MemoryCluster::failing("deadline has elapsed");
            let review = Review::update(old, &new).in_cluster(silent);
            let response = review.judge::<HpaTargetRequests>();
            assert_eq!(response.accepted, accepted, "{new}");
            let all = review.with(json!({"onUpdate": "enforceAll"}));
            assert!(!all.judge::<HpaTargetRequests>().accepted);
        }
    }

    #[test]
    fn a_target_that_cannot_be_read_is_not_accepted() {
        let broken = deployment(&json!({"containers": 7}));
        let review = Review::create(&hpa(&json!([]))).in_cluster(cluster(&[broken]));
        assert_eq!(
            review.judge::<HpaTargetRequests>().message.unwrap(),
            "HorizontalPodAutoscaler shop/web cannot be judged by hpa-target-requests: Deployment shop/web cannot be \
             read: spec.template.spec.containers: must be a list, not a number"
        );
    }
}
