//! Judges a `VerticalPodAutoscaler` against what is there.

use shared::kubernetes::autoscaling::{
    HorizontalPodAutoscaler, ScaleTarget, VerticalPodAutoscaler,
};
use shared::{Error, Level, Verdict};

use crate::active::{is_active, may_act};
use crate::kind::Kind;
use crate::partners;
use crate::review::Review;
use crate::rules::duplicate_vertical;
use crate::siblings::{self, Siblings};

/// Judges it against the others of its kind, and against those of the other kind.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let mut own = VerticalPodAutoscaler::read(&review.request.object())?;
    review.keep_removed_owner(&mut own.meta);
    let (own, target) = (&own, own.target);
    if !may_act(own) {
        return Ok(());
    }
    let duplicates = judge_duplicates(own, review, verdict);
    verdict.keep_failure(duplicates)?;
    let answer = siblings::ask(Kind::Horizontal, review)?;
    let horizontals = Siblings::read(Kind::Horizontal, answer.as_ref(), review)?;
    let is_same = |other: &ScaleTarget<'_>| other.matches_vertical(&target);
    partners::each(
        review,
        &target,
        &horizontals,
        &is_same,
        verdict,
        &|other, relation, verdict| {
            let horizontal = HorizontalPodAutoscaler::read(other, "v2")?;
            partners::judge(review, (&horizontal, own), relation, verdict)
        },
    )
}

fn judge_duplicates(
    own: &VerticalPodAutoscaler<'_>,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let (target, level) = (own.target, review.settings.duplicate_vertical);
    if level == Level::Off || !is_active(own) {
        return Ok(());
    }
    let answer = siblings::ask(Kind::Vertical, review)?;
    let siblings = Siblings::read(Kind::Vertical, answer.as_ref(), review)?;
    let is_same = |other: &ScaleTarget<'_>| target.is_same_for_verticals(other);
    siblings.each(review, &is_same, verdict, &|other, verdict| {
        let other = VerticalPodAutoscaler::read(other)?;
        if is_active(&other) {
            let level = level.at_most(review.most_beside(other.meta.name));
            duplicate_vertical::check(own, &other, level, verdict);
        }
        Ok(())
    })
}
