//! A request, and what the answer depends on.

use k8s_openapi::api::autoscaling::v2;
use shared::kubernetes::autoscaling::Scaler;
use shared::{Cluster, DecodeError, OnUpdate, Operation, Request, Settings as _};

use crate::sent::Workload;
use crate::settings::Settings;

/// What is asked, and what the answer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Review<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) namespace: &'r str,
    pub(crate) settings: &'r Settings,
    pub(crate) cluster: &'r dyn Cluster,
}

impl Review<'_> {
    /// Whether the object is about to be created.
    pub(crate) fn is_new(&self) -> bool {
        self.request.operation != Operation::Update
    }

    /// Whether an UPDATE changes nothing that is judged, so that nothing it could be refused for is new.
    pub(crate) fn is_untouched(&self) -> bool {
        self.settings.on_update() == OnUpdate::NewViolations
            && !self.is_new()
            && self.keeps_what_is_read().unwrap_or_default()
    }

    fn keeps_what_is_read(&self) -> Result<bool, DecodeError> {
        let (new, old) = (self.request.object(), self.request.old_object());
        if self.request.kind.is_a::<v2::HorizontalPodAutoscaler>() {
            let (new, old) = (Scaler::read(&new)?, Scaler::read(&old)?);
            return Ok((new.target, new.range) == (old.target, old.range));
        }
        let (new, old) = (Workload::read(&new)?, Workload::read(&old)?);
        Ok(new.change_of(&old).is_none() && new.sent(false) == old.sent(false))
    }
}
