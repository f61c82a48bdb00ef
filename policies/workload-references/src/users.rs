//! The other direction: what the workloads of a namespace need of a `ConfigMap` or Secret that is changed or deleted.

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::ConfigMap;
use shared::cluster::ListLookup;
use shared::{Error, FieldPath, Level, Operation, Request, Verdict, quote};

use crate::data::{Names, keys};
use crate::pod::{Pod, PodVolume, Workload};
use crate::reference::{Reference, Target, Use};
use crate::review::Review;
use crate::rules::{removed_config, removed_key};
use crate::views::{self, Source, Spec};

/// A kind of workload: how it is listed, and where its pod spec is.
type Kind = [&'static str; 3];

const fn kind<K: Resource>(pod_spec: &'static str) -> Kind {
    [K::API_VERSION, K::KIND, pod_spec]
}

const TEMPLATE: &str = "spec.template.spec";

/// The kinds whose pods are made again and again.
const KINDS: [Kind; 4] = [
    kind::<DaemonSet>(TEMPLATE),
    kind::<Deployment>(TEMPLATE),
    kind::<StatefulSet>(TEMPLATE),
    kind::<CronJob>("spec.jobTemplate.spec.template.spec"),
];

/// The fields of a pod spec that refer to a `ConfigMap` or a Secret.
const FIELDS: [&str; 8] = [
    "containers.env",
    "containers.envFrom",
    "containers.volumeMounts",
    "imagePullSecrets",
    "initContainers.env",
    "initContainers.envFrom",
    "initContainers.volumeMounts",
    "volumes",
];

/// What an UPDATE takes away, by keys; or a DELETE, all of it.
pub(crate) struct Removed<'r> {
    /// Keys that no variable can be made of any more.
    variables: Names<'r>,
    /// Keys that no file can be made of any more.
    files: Names<'r>,
    /// Whether the object goes as a whole.
    is_whole: bool,
}

/// Judges a change of a `ConfigMap` or Secret.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let (request, level) = (review.request, review.settings.users);
    let is_change = matches!(request.operation, Operation::Update | Operation::Delete);
    if level == Level::Off || !is_change || request.is_by_kubernetes() {
        return Ok(());
    }
    let removed = Removed::of(request);
    let name = match request.object_name()? {
        // The object of a DELETE is the old one.
        "" => request
            .old_object()
            .map("metadata", |metadata| metadata.text("name"))?,
        name => Some(name),
    };
    let Some(name) = name.filter(|_| !removed.is_nothing()) else {
        return Ok(());
    };
    let is_config_map = request.kind.is_a::<ConfigMap>();
    for kind in KINDS {
        let listed = tell_needs(kind, name, is_config_map, &removed, review, verdict);
        verdict.keep_failure(listed)?;
    }
    Ok(())
}

/// The keys of fields that the old object has and the new one has not.
#[inline(never)]
fn removed<'r>(request: &Request<'r>, fields: &[&str]) -> Names<'r> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for field in fields {
        old.extend(keys(&request.old_object(), field));
        new.extend(keys(&request.object(), field));
    }
    let kept = Names::of(new);
    old.retain(|key| !kept.has(key));
    Names::of(old)
}

impl<'r> Removed<'r> {
    fn of(request: &Request<'r>) -> Self {
        // Where a Secret is written by hand it may have both.
        Self {
            variables: removed(request, &["data", "stringData"]),
            files: removed(request, &["data", "stringData", "binaryData"]),
            is_whole: request.operation == Operation::Delete,
        }
    }

    fn is_nothing(&self) -> bool {
        !self.is_whole && self.variables.is_empty() && self.files.is_empty()
    }
}

/// Tells what workloads of a kind need.
fn tell_needs(
    [api_version, kind, pod_spec]: Kind,
    name: &str,
    is_config_map: bool,
    removed: &Removed<'_>,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let mut masks = Vec::new();
    for field in FIELDS {
        masks.push(format!("{pod_spec}.{field}"));
    }
    let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
    let lookup = ListLookup {
        api_version,
        kind,
        namespace: review.namespace,
        field_masks: &masks,
    };
    let answer = lookup.ask(review.cluster)?;
    let level = review.settings.users.at_most(review.request.ceiling());
    for item in lookup.parse(&answer, views::wants)?.items() {
        let own = item.map("metadata", |metadata| metadata.text("name"));
        let own = own.ok().flatten().unwrap_or_default();
        let workload = format!("{kind} {}", quote(own));
        // One that cannot be read is not in a cluster.
        let _ = item.at(pod_spec, |spec| {
            let spec = Spec::view(spec)?;
            let (base, of) = (FieldPath::new(""), Workload::default());
            let pod = Pod::new(&spec, &base, &base, &of);
            for key in pod_needs(&pod, name, is_config_map, removed) {
                if key.is_empty() {
                    removed_config::check(&workload, level, verdict);
                } else {
                    removed_key::check(&workload, key, level, verdict);
                }
            }
            Ok(())
        });
    }
    Ok(())
}

/// The keys of the object that a pod needs and does not have any more; an empty one for all of it.
fn pod_needs<'p>(
    pod: &Pod<'p>,
    name: &str,
    is_config_map: bool,
    removed: &Removed<'_>,
) -> Vec<&'p str> {
    let is_it = |reference: &&Reference<'p>| {
        let is_kind = match reference.target {
            Target::ConfigMap => is_config_map,
            Target::Secret | Target::PullSecret => !is_config_map,
            _ => false,
        };
        is_kind && reference.name == name && !reference.is_optional
    };
    let of_reference = |reference: &Reference<'p>| match reference.used {
        _ if removed.is_whole => Some(""),
        Use::Variable { key, .. } => Some(key).filter(|key| removed.variables.has(key)),
        Use::File { key } => Some(key).filter(|key| removed.files.has(key)),
        _ => None,
    };
    let references = pod.references.iter().filter(is_it);
    let mut needs: Vec<&str> = references.filter_map(of_reference).collect();
    for mount in pod.mounts() {
        let is_config = |volume: &&PodVolume<'p>| match &volume.volume.source {
            Source::Config(config) => {
                config.name == name && config.is_secret != is_config_map && config.items.is_empty()
            }
            _ => false,
        };
        // A path in all of its files.
        let volume = pod.volume(mount.volume).filter(is_config);
        if volume.is_some() && removed.files.has(mount.sub_path) {
            needs.push(mount.sub_path);
        }
    }
    needs
}
