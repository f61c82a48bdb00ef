//! Judges a `HorizontalPodAutoscaler` against what is there.

use shared::kubernetes::autoscaling::{
    HorizontalPodAutoscaler, ScaleTarget, VerticalPodAutoscaler,
};
use shared::{Error, Level, Verdict};

use crate::kind::Kind;
use crate::partners;
use crate::review::Review;
use crate::rules::duplicate_horizontal;
use crate::settings::Scope;
use crate::siblings::{self, Siblings};

/// Judges it against the others of its kind, and against those of the other kind.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let settings = review.settings;
    let version = review.request.kind.version;
    let mut own = HorizontalPodAutoscaler::read(&review.request.object(), version)?;
    review.keep_removed_owner(&mut own.meta);
    let (own, target) = (&own, own.target);
    // What it cannot scale, it leaves alone.
    if !target.can_be_scaled() {
        return Ok(());
    }
    let duplicates = judge_duplicates(own, review, verdict);
    verdict.keep_failure(duplicates)?;
    let without_resources =
        settings.scope == Scope::Resource && settings.shared_target == Level::Off;
    let is_silent = settings.written_first == Level::Off;
    if is_silent || own.metrics.is_empty() && without_resources {
        return Ok(());
    }
    let answer = siblings::ask(Kind::Vertical, review)?;
    let verticals = Siblings::read(Kind::Vertical, answer.as_ref(), review)?;
    let is_same = |other: &ScaleTarget<'_>| target.matches_vertical(other);
    partners::each(
        review,
        &target,
        &verticals,
        &is_same,
        verdict,
        &|other, relation, verdict| {
            let vertical = VerticalPodAutoscaler::read(other)?;
            verdict.under(settings.written_first, |verdict| {
                partners::judge(review, (own, &vertical), relation, verdict)
            })
        },
    )
}

fn judge_duplicates(
    own: &HorizontalPodAutoscaler<'_>,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let (target, level) = (own.target, review.settings.duplicate_horizontal);
    if level == Level::Off {
        return Ok(());
    }
    let answer = siblings::ask(Kind::Horizontal, review)?;
    let siblings = Siblings::read(Kind::Horizontal, answer.as_ref(), review)?;
    let is_same = |other: &ScaleTarget<'_>| {
        !target.kind.is_empty() && other.is(target.group(), target.kind, target.name)
    };
    siblings.each(review, &is_same, verdict, &|other, verdict| {
        // A list holds objects of v2, whatever they were made as.
        let other = HorizontalPodAutoscaler::read(other, "v2")?;
        let level = level.at_most(review.most_beside(other.meta.name));
        duplicate_horizontal::check(own, &other, level, verdict);
        Ok(())
    })
}
