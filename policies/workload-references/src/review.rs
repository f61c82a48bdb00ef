//! A request, and what the answer depends on.

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use shared::kubernetes::view::View as _;
use shared::kubernetes::workload::named_paths;
use shared::kubernetes::{kinds, owner};
use shared::{
    Cluster, Cursor, DecodeError, GroupVersionKind, OnUpdate, Operation, Request, Settings as _,
    Wanted,
};

use crate::pod::Workload;
use crate::settings::Settings;
use crate::sharing::Sharing;
use crate::views::{self, ClaimTemplate, Named};

/// What is asked, and what the answer depends on.
pub(crate) struct Review<'r> {
    pub(crate) request: &'r Request<'r>,
    /// Where everything is that a pod names; empty for objects that belong to no namespace.
    pub(crate) namespace: &'r str,
    pub(crate) settings: &'r Settings,
    pub(crate) cluster: &'r dyn Cluster,
}

/// The subresource by which a container is added to a running pod.
const EPHEMERAL_CONTAINERS: &str = "ephemeralcontainers";

impl<'r> Review<'r> {
    /// Whether there is nothing to judge: what Kubernetes and its controllers write was judged when a user wrote it,
    /// what is finished or going does not start any more, and an UPDATE may leave all as it was.
    pub(crate) fn is_settled(&self) -> Result<bool, DecodeError> {
        let (request, object) = (self.request, self.request.object());
        Ok(request.is_by_kubernetes()
            || self.is_untouched()
            || is_made_of_a_template(request)?
            || is_over(&request.kind, &object)?)
    }

    /// Whether an UPDATE changes nothing that a finding may depend on.
    fn is_untouched(&self) -> bool {
        let (request, settings) = (self.request, self.settings);
        if request.operation != Operation::Update || settings.on_update() != OnUpdate::NewViolations
        {
            return false;
        }
        // The way to the pod spec of another kind leads through fields of any name.
        let counts = match kinds::pod_spec_path(&request.kind) {
            Some(_) => views::counts,
            None => |_: &str| true,
        };
        let paths = named_paths(&request.kind, &settings.custom_kinds);
        let keeps = |path: &&str| {
            let field = path.split_once('.').map_or(*path, |(field, _)| field);
            request.submits_no_other(field, Wanted::of(counts))
        };
        !paths.is_empty() && paths.iter().all(keeps)
    }

    /// What makes the pods.
    pub(crate) fn workload(&self) -> Result<Workload<'r>, DecodeError> {
        let request = self.request;
        let mut workload = Workload {
            is_whole: kinds::pod_spec_path(&request.kind).is_some(),
            sharing: Sharing::of(request)?,
            ..Workload::default()
        };
        if request.kind.is_a::<StatefulSet>() {
            request.object().map("spec", |spec| {
                workload.claims = spec.list("volumeClaimTemplates", ClaimTemplate::read)?;
                workload.service = spec.text("serviceName")?;
                Ok(())
            })?;
        }
        if request.sub_resource == EPHEMERAL_CONTAINERS {
            let before = request
                .old_object()
                .map("spec", |spec| spec.list(EPHEMERAL_LIST, Named::read))?;
            workload.debugged = Some(before.unwrap_or_default());
        }
        Ok(workload)
    }
}

/// The list of a pod that the subresource adds to.
const EPHEMERAL_LIST: &str = "ephemeralContainers";

/// Whether a controller of Kubernetes made the object of a template, which was judged. A pod that is refused has a
/// controller that tries again for minutes, in place of a kubelet that tries again in seconds.
fn is_made_of_a_template(request: &Request<'_>) -> Result<bool, DecodeError> {
    let kind = &request.kind;
    if !(kind.is_a::<Pod>() || kind.is_a::<ReplicaSet>() || kind.is_a::<Job>()) {
        return Ok(false);
    }
    let owner = owner::controller(&request.object())?;
    // A node owns what its kubelet reads from files.
    Ok(owner.is_some_and(|owner| kinds::pod_spec_path(&owner).is_some() || owner.is_a::<Node>()))
}

/// Whether an object is being deleted, or a pod or Job has finished: the audit replays what is there.
fn is_over(kind: &GroupVersionKind<'_>, object: &Cursor<'_>) -> Result<bool, DecodeError> {
    let deleted = object.map("metadata", |metadata| metadata.text("deletionTimestamp"))?;
    if deleted.is_some_and(|time| !time.is_empty()) {
        return Ok(true);
    }
    // A status of another kind may have anything in these fields.
    if !(kind.is_a::<Pod>() || kind.is_a::<Job>()) {
        return Ok(false);
    }
    let is_finished = |status: &Cursor<'_>| {
        let of_pod = matches!(status.text("phase")?, "Succeeded" | "Failed");
        // None of these is there before it is so.
        let of_job = status.list("conditions", |condition| condition.text("type"))?;
        Ok(of_pod || of_job.contains(&"Complete") || of_job.contains(&"Failed"))
    };
    Ok(object.map("status", is_finished)?.unwrap_or_default())
}
