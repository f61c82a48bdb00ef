//! What the namespace of an object has beside it.

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, ReplicationController, Service as CoreService};
use shared::cluster::{self, ListLookup};
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

/// The kinds that make pods. `all` adds those that only manifests are judged by.
#[inline(never)]
fn kinds(settings: &Settings, all: bool) -> Vec<WorkloadKind<'_>> {
    let mut kinds = KINDS.to_vec();
    if all {
        kinds.extend(OF_MANIFESTS);
    }
    for custom in &settings.custom_kinds {
        kinds.push(WorkloadKind {
            api_version: &custom.api_version,
            kind: &custom.kind,
            template: &custom.pod_template_path,
        });
    }
    kinds
}

/// How to read a workload of a kind. None for kinds that are no workloads, and for Pods.
pub(crate) fn kind_of<'s>(
    kind: &GroupVersionKind<'_>,
    settings: &'s Settings,
) -> Option<WorkloadKind<'s>> {
    let mut kinds = kinds(settings, true);
    kinds.retain(|known| {
        let (group, _) = known.api_version.split_once('/').unwrap_or_default();
        kind.is(group, known.kind) && !known.template.is_empty()
    });
    kinds.pop()
}

/// Calls `judge` with the workloads of the namespace, in no order. Where they are not enough, a manifest is judged by those
/// of all kinds.
pub(crate) fn with_workloads(
    review: &Review<'_>,
    are_enough: &dyn Fn(&[Workload<'_>]) -> bool,
    verdict: &mut Verdict,
    judge: &mut dyn FnMut(&[Workload<'_>], &mut Verdict),
) -> Result<(), Error> {
    let mut is_judged = false;
    read_workloads(review, false, verdict, &mut |workloads, verdict| {
        is_judged = review.stage != Stage::Plain || are_enough(workloads);
        if is_judged {
            judge(workloads, verdict);
        }
    })?;
    if is_judged {
        return Ok(());
    }
    read_workloads(review, true, verdict, judge)
}

fn read_workloads(
    review: &Review<'_>,
    all: bool,
    verdict: &mut Verdict,
    judge: &mut dyn FnMut(&[Workload<'_>], &mut Verdict),
) -> Result<(), Error> {
    let kinds = kinds(review.settings, all);
    let mut answers = Vec::new();
    for kind in &kinds {
        let mut masks: Vec<String> = Vec::new();
        for field in TEMPLATE {
            masks.push(match kind.template {
                "" => (*field).to_owned(),
                template => format!("{template}.{field}"),
            });
        }
        let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
        let lookup = lookup(review, kind, &masks);
        match cluster::list(review.cluster, &lookup) {
            Err(ClusterError::NotServed) => {}
            Err(error) => return Err(lookup.failed(error)),
            Ok(answer) => answers.push((kind, answer)),
        }
    }
    let mut lists = Vec::new();
    for (kind, answer) in &answers {
        let list = lookup(review, kind, &[]).parse_with(answer, OF_WORKLOADS)?;
        lists.push((kind, list));
    }
    let mut workloads = Vec::new();
    for (kind, list) in &lists {
        for item in list.items() {
            match Workload::read(&item, kind.kind, kind.template) {
                Ok(workload) => workloads.extend(workload),
                Err(error) => unreadable_object::check(kind.kind, &item, &error, verdict),
            }
        }
    }
    judge(&workloads, verdict);
    Ok(())
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
