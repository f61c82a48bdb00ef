//! What the namespace of an object has beside it.

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, ReplicationController, Service as CoreService};
use shared::cluster::{self, List, ListLookup};
use shared::{ClusterError, Cursor, DecodeError, Error, GroupVersionKind, Verdict};

use crate::review::{Review, Stage};
use crate::rules::unreadable_object;
use crate::settings::Settings;
use crate::views::{OF_SERVICES, OF_WORKLOADS, SERVICE_MASK, Service, Workload};

/// A kind that makes pods, and where its template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WorkloadKind<'s> {
    pub(crate) api_version: &'s str,
    pub(crate) kind: &'s str,
    /// Empty for a Pod, which is its own template.
    pub(crate) template: &'s str,
}

const fn kind<K: Resource>(template: &'static str) -> WorkloadKind<'static> {
    WorkloadKind {
        api_version: K::API_VERSION,
        kind: K::KIND,
        template,
    }
}

/// The kinds that are looked up.
pub(crate) const KINDS: &[WorkloadKind<'_>] = &[
    kind::<Deployment>("spec.template"),
    kind::<StatefulSet>("spec.template"),
    kind::<DaemonSet>("spec.template"),
    kind::<CronJob>("spec.jobTemplate.spec.template"),
    kind::<Job>("spec.template"),
];

/// Those that are looked up beside a manifest alone: in a cluster, there are more of them than of all others together,
/// and nearly all are made by the others.
const OF_MANIFESTS: &[WorkloadKind<'_>] = &[
    kind::<ReplicationController>("spec.template"),
    kind::<ReplicaSet>("spec.template"),
    kind::<Pod>(""),
];

/// What is looked up of a template: from the template on, in alphabetic order.
const TEMPLATE: &[&str] = &[
    "metadata.labels",
    "spec.containers.name",
    "spec.containers.ports",
    "spec.initContainers.name",
    "spec.initContainers.ports",
    "spec.initContainers.restartPolicy",
];

/// The kinds that make pods. The last ones are those that only manifests are judged by.
#[inline(never)]
fn kinds(settings: &Settings) -> Vec<WorkloadKind<'_>> {
    let mut kinds = KINDS.to_vec();
    for custom in &settings.custom_kinds {
        kinds.push(WorkloadKind {
            api_version: &custom.api_version,
            kind: &custom.kind,
            template: &custom.pod_template_path,
        });
    }
    kinds.extend(OF_MANIFESTS);
    kinds
}

/// How to read a workload of a kind. None for kinds that are no workloads, and for Pods.
pub(crate) fn kind_of<'s>(
    kind: &GroupVersionKind<'_>,
    settings: &'s Settings,
) -> Option<WorkloadKind<'s>> {
    let mut kinds = kinds(settings);
    kinds.retain(|known| {
        let (group, _) = known.api_version.split_once('/').unwrap_or_default();
        kind.is(group, known.kind) && !known.template.is_empty()
    });
    kinds.pop()
}

/// Calls `judge` with the workloads of the namespace, in no order. Where they are not enough, those of all kinds are added
/// for a manifest.
pub(crate) fn with_workloads(
    review: &Review<'_>,
    are_enough: &dyn Fn(&[Workload<'_>]) -> bool,
    verdict: &mut Verdict,
    judge: &mut dyn FnMut(&[Workload<'_>], &mut Verdict),
) -> Result<(), Error> {
    let kinds = kinds(review.settings);
    with_kinds(review, &kinds, Vec::new(), are_enough, verdict, judge)
}

/// The same with the workloads of some kinds, and those that are there already. Each list has to outlive what is read of it.
fn with_kinds(
    review: &Review<'_>,
    kinds: &[WorkloadKind<'_>],
    workloads: Vec<Workload<'_>>,
    are_enough: &dyn Fn(&[Workload<'_>]) -> bool,
    verdict: &mut Verdict,
    judge: &mut dyn FnMut(&[Workload<'_>], &mut Verdict),
) -> Result<(), Error> {
    let is_enough = kinds.len() == OF_MANIFESTS.len()
        && (review.stage != Stage::Plain || are_enough(&workloads));
    let Some((kind, others)) = kinds.split_first().filter(|_| !is_enough) else {
        judge(&workloads, verdict);
        return Ok(());
    };
    let mut masks: Vec<String> = Vec::new();
    for field in TEMPLATE {
        masks.push(match kind.template {
            "" => (*field).to_owned(),
            template => format!("{template}.{field}"),
        });
    }
    let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
    let lookup = lookup(review, kind, &masks);
    let answer = match cluster::list(review.cluster, &lookup) {
        Err(ClusterError::NotServed) => None,
        Err(error) => return Err(lookup.failed(error)),
        Ok(answer) => Some(answer),
    };
    let list = answer
        .as_ref()
        .map(|answer| lookup.parse_with(answer, OF_WORKLOADS))
        .transpose()?;
    let mut workloads = workloads;
    for item in list.iter().flat_map(List::items) {
        match Workload::read(&item, kind.kind, kind.template) {
            Ok(workload) => workloads.extend(workload),
            Err(error) => unreadable_object::check(kind.kind, &item, &error, verdict),
        }
    }
    with_kinds(review, others, workloads, are_enough, verdict, judge)
}

fn lookup<'l>(
    review: &Review<'l>,
    kind: &WorkloadKind<'l>,
    field_masks: &'l [&'l str],
) -> ListLookup<'l> {
    ListLookup {
        api_version: kind.api_version,
        kind: kind.kind,
        namespace: review.namespace,
        field_masks,
    }
}

/// Which of very many Services are read.
type IsWanted<'f> = dyn Fn(&Cursor<'_>) -> Result<bool, DecodeError> + 'f;

/// Takes the Services of a namespace.
type OnServices<'f> = dyn FnMut(&[Service<'_>], &mut Verdict) -> Result<(), Error> + 'f;

/// Calls `judge` with those Services of a namespace that are wanted, in no order.
pub(crate) fn with_services(
    review: &Review<'_>,
    namespace: &str,
    is_wanted: &IsWanted<'_>,
    verdict: &mut Verdict,
    judge: &mut OnServices<'_>,
) -> Result<(), Error> {
    let lookup = ListLookup {
        api_version: CoreService::API_VERSION,
        kind: CoreService::KIND,
        namespace,
        field_masks: SERVICE_MASK,
    };
    let answer = lookup.ask(review.cluster)?;
    let list = lookup.parse_with(&answer, OF_SERVICES)?;
    let mut services = Vec::new();
    for item in list.items() {
        let read = || is_wanted(&item)?.then(|| Service::read(&item)).transpose();
        match read() {
            // What has no name is no object.
            Ok(service) => services.extend(service.filter(|service| !service.name.is_empty())),
            Err(error) => unreadable_object::check(lookup.kind, &item, &error, verdict),
        }
    }
    judge(&services, verdict)
}
