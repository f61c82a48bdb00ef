//! A request, and what the answer depends on.

use shared::{
    Cluster, DecodeError, Error, OnUpdate, Operation, Request, Settings as _, Verdict, Wanted,
};

use crate::settings::Settings;
use crate::views::{wants, wants_whole};

/// What is asked, and what the answer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Review<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) namespace: &'r str,
    pub(crate) settings: &'r Settings,
    pub(crate) cluster: &'r dyn Cluster,
    pub(crate) stage: Stage,
}

/// What counts where two versions of an object are compared. A restart writes an annotation.
const COMPARED: Wanted = Wanted {
    fields: |field| field != "annotations" && wants(field),
    whole: wants_whole,
};

/// Where an object is on its way into a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is written in a manifest, and no API server has seen it. What is there beside it may be all or a part.
    Plain,
    /// An API server is about to store it: it has a `uid`, and no `resourceVersion`. What belongs to it may come next.
    New,
    /// It is stored, or changed.
    Stored,
}

impl Stage {
    /// Source: `rest.BeforeCreate` in `staging/src/k8s.io/apiserver/pkg/registry/rest/create.go`, which gives an object
    /// its `uid` before it is admitted.
    pub(crate) fn of(request: &Request<'_>) -> Result<Self, DecodeError> {
        let marks = request.object().map("metadata", |metadata| {
            let is_set = |name: &str| Ok(!metadata.text(name)?.is_empty());
            Ok((is_set("uid")?, is_set("resourceVersion")?))
        })?;
        Ok(match marks.unwrap_or_default() {
            _ if request.operation == Operation::Update => Self::Stored,
            (false, _) => Self::Plain,
            (true, false) => Self::New,
            (true, true) => Self::Stored,
        })
    }
}

impl Review<'_> {
    /// Whether an UPDATE leaves all of these fields as they were, as far as they are read, so that nothing that follows
    /// from them is new.
    pub(crate) fn keeps(&self, paths: &[&str]) -> bool {
        let mut paths = paths.iter();
        self.settings.on_update() == OnUpdate::NewViolations
            && paths.all(|path| self.request.submits_no_other(path, COMPARED))
    }

    /// Has `judge` add what rests on other objects: warnings at most in a dry run.
    pub(crate) fn beside_others(
        &self,
        verdict: &mut Verdict,
        judge: &mut dyn FnMut(&mut Verdict) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let judged = verdict.under(self.request.ceiling(), judge);
        verdict.keep_failure(judged)
    }
}
