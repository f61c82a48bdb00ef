//! The autoscalers of a namespace, as the host lists them.

use std::cell::Cell;

use k8s_openapi::Resource;
use k8s_openapi::api::autoscaling::v2;
use shared::cluster::{self, Answer, List, ListLookup};
use shared::kubernetes::autoscaling::{
    AutoscalerMeta, ScaleTarget, VerticalPodAutoscaler, horizontal_pod_autoscalers, insert_by_name,
    vertical_pod_autoscalers,
};
use shared::{ClusterError, Cursor, DecodeError, Error, Verdict};

use crate::{Review, rules, views};

/// A kind of autoscaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Horizontal,
    Vertical,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Horizontal => v2::HorizontalPodAutoscaler::KIND,
            Self::Vertical => VerticalPodAutoscaler::KIND,
        }
    }

    /// All of a namespace.
    fn all(self, namespace: &str) -> ListLookup<'_> {
        match self {
            Self::Horizontal => horizontal_pod_autoscalers(namespace),
            Self::Vertical => vertical_pod_autoscalers(namespace),
        }
    }

    fn target<'a>(self, cursor: &Cursor<'a>) -> Result<ScaleTarget<'a>, DecodeError> {
        match self {
            Self::Horizontal => ScaleTarget::of_horizontal(cursor),
            Self::Vertical => ScaleTarget::of_vertical(cursor),
        }
    }
}

/// The autoscalers of one kind.
pub(crate) struct Others<'l> {
    kind: Kind,
    list: Option<List<'l>>,
    /// Whether those without a target that can be read were told already.
    reported: Cell<bool>,
}

/// Judges one of them.
pub(crate) type Judge<'j> = dyn FnMut(&Cursor<'_>, &mut Verdict) -> Result<(), Error> + 'j;

/// Whether one with such a target is to be judged.
pub(crate) type Wanted<'w> = dyn FnMut(&ScaleTarget<'_>) -> bool + 'w;

/// Asks for all autoscalers of a kind. None where the cluster does not know the kind: without its definition there is
/// no `VerticalPodAutoscaler`.
pub(crate) fn ask(kind: Kind, review: &Review<'_>) -> Result<Option<Answer>, Error> {
    let lookup = kind.all(review.namespace);
    match cluster::list(review.cluster, &lookup) {
        Ok(answer) => Ok(Some(answer)),
        Err(ClusterError::NotServed) => Ok(None),
        Err(error) => Err(lookup.failed(error)),
    }
}

impl<'l> Others<'l> {
    /// Reads what [`ask`] was told.
    pub(crate) fn read(
        kind: Kind,
        answer: Option<&'l Answer>,
        review: &Review<'_>,
    ) -> Result<Self, Error> {
        let list = answer.map(|answer| answer.parse_list(views::wants));
        let list = list.transpose();
        Ok(Self {
            kind,
            list: list.map_err(|error| kind.all(review.namespace).failed(error))?,
            reported: Cell::new(false),
        })
    }

    /// Judges those whose target is wanted, in the order of their names, which a list does not have. Only of these more
    /// than the target is read. Whatever is on its way out does not count, nor does the object under review itself.
    pub(crate) fn each(
        &self,
        review: &Review<'_>,
        wanted: &mut Wanted<'_>,
        verdict: &mut Verdict,
        judge: &mut Judge<'_>,
    ) -> Result<(), Error> {
        let mut found: Vec<(&str, Cursor<'_>)> = Vec::new();
        for item in self.list.iter().flat_map(List::items) {
            let target = match self.kind.target(&item) {
                Ok(target) => target,
                Err(error) => {
                    if !self.reported.get() {
                        self.pass_over(&item, &error, verdict);
                    }
                    continue;
                }
            };
            if !wanted(&target) {
                continue;
            }
            match self.name_of(&item, review) {
                Ok(None) => {}
                Ok(Some(name)) => insert_by_name(&mut found, name, item),
                Err(error) => self.pass_over(&item, &error, verdict),
            }
        }
        self.reported.set(true);
        for (_, item) in &found {
            match judge(item, verdict) {
                Err(Error::Object(error)) => self.pass_over(item, &error, verdict),
                judged => verdict.keep_failure(judged)?,
            }
        }
        Ok(())
    }

    fn pass_over(&self, item: &Cursor<'_>, error: &DecodeError, verdict: &mut Verdict) {
        rules::unreadable_object::check(self.kind.name(), item, error, verdict);
    }

    /// The name of an autoscaler, if it is to be judged.
    fn name_of<'a>(
        &self,
        item: &Cursor<'a>,
        review: &Review<'_>,
    ) -> Result<Option<&'a str>, DecodeError> {
        let meta = AutoscalerMeta::read(item)?;
        let uid = item.map("metadata", |metadata| metadata.text("uid"))?;
        let is_itself = self.kind == review.kind
            && (meta.name == review.name
                || uid.is_some_and(|uid| !uid.is_empty() && uid == review.uid));
        let exempt = review
            .settings
            .exempt
            .has_object(review.namespace, meta.name);
        Ok((!is_itself && !exempt && !meta.deleting).then_some(meta.name))
    }
}
