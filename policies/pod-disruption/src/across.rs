//! What shows only beside other objects: budgets beside the workloads that they are for, and beside each other.
//!
//! Helm writes budgets before workloads, Flux behind them, and both write autoscalers later, so each is judged: whichever comes
//! last finds the others.

use k8s_openapi::Resource;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use shared::cluster::Answer;
use shared::kubernetes::autoscaling::{self, Scaler};
use shared::{Error, Level, Verdict};

use crate::budget::Budget;
use crate::namespace::{self, WORKLOADS, Workload};
use crate::review::Review;
use crate::rules::{Side, overlapping_budgets, tight_budget, unselective_budget};
use crate::slack::tight;

/// Takes all workloads of a namespace.
type OnWorkloads<'f> = dyn FnMut(&[Workload<'_>], &mut Verdict) -> Result<(), Error> + 'f;
/// Takes all of its autoscalers.
type OnScalers<'f> = dyn FnMut(&[Scaler<'_>], &mut Verdict) -> Result<(), Error> + 'f;
/// Takes all of its budgets.
type OnBudgets<'f> = dyn FnMut(&[Budget<'_>], &mut Verdict) -> Result<(), Error> + 'f;

/// The answers to two lists of workloads, in the order of [`WORKLOADS`].
fn ask_workloads(review: &Review<'_>) -> Result<[Answer; 2], Error> {
    let ask = |kind| namespace::workloads(kind, review.namespace).ask(review.cluster);
    let [deployments, stateful_sets] = WORKLOADS;
    Ok([ask(deployments)?, ask(stateful_sets)?])
}

/// Calls `then` with all workloads of the namespace.
fn with_workloads(
    review: &Review<'_>,
    verdict: &mut Verdict,
    then: &mut OnWorkloads<'_>,
) -> Result<(), Error> {
    let answers = ask_workloads(review)?;
    let mut lists = Vec::new();
    for (kind, answer) in WORKLOADS.into_iter().zip(&answers) {
        let lookup = namespace::workloads(kind, review.namespace);
        lists.push((kind, namespace::parse(&lookup, answer)?));
    }
    let mut workloads = Vec::new();
    for (kind, list) in &lists {
        namespace::each(list, kind, review, verdict, &mut |item| {
            workloads.push(Workload::read(item, kind)?);
            Ok(())
        });
    }
    then(&workloads, verdict)
}

/// Calls `then` with all autoscalers of the namespace.
fn with_scalers(
    review: &Review<'_>,
    verdict: &mut Verdict,
    then: &mut OnScalers<'_>,
) -> Result<(), Error> {
    let lookup = autoscaling::horizontal_pod_autoscalers(review.namespace);
    let answer = lookup.ask(review.cluster)?;
    let list = namespace::parse(&lookup, &answer)?;
    let kind = HorizontalPodAutoscaler::KIND;
    let mut scalers = Vec::new();
    namespace::each(&list, kind, review, verdict, &mut |item| {
        scalers.push(Scaler::read(item)?);
        Ok(())
    });
    then(&scalers, verdict)
}

/// Calls `then` with all budgets of the namespace.
fn with_budgets(
    review: &Review<'_>,
    verdict: &mut Verdict,
    then: &mut OnBudgets<'_>,
) -> Result<(), Error> {
    let lookup = namespace::budgets(review.namespace);
    let answer = lookup.ask(review.cluster)?;
    let list = namespace::parse(&lookup, &answer)?;
    let kind = PodDisruptionBudget::KIND;
    let mut budgets = Vec::new();
    namespace::each(&list, kind, review, verdict, &mut |item| {
        budgets.push(Budget::read(item)?);
        Ok(())
    });
    then(&budgets, verdict)
}

/// Judges a budget beside the others, and beside the workloads that it selects.
pub(crate) fn judge_budget(
    own: &Budget<'_>,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let settings = review.settings;
    if own.selector.is_none() || review.keeps(&["spec"]) {
        return Ok(());
    }
    let asks_budgets =
        [settings.overlapping_budgets, settings.unselective_budget] != [Level::Off; 2];
    let asks_workloads = [settings.overlapping_budgets, settings.tight_budget] != [Level::Off; 2];
    let mut beside = |others: &[Budget<'_>], verdict: &mut Verdict| {
        if own.selects_all() {
            unselective_budget::check_all(others, settings, verdict);
        }
        if !asks_workloads {
            return Ok(());
        }
        with_workloads(review, verdict, &mut |workloads, verdict| {
            if !own.selects_all() {
                overlapping_budgets::check_budget(own, others, workloads, settings, verdict);
            }
            let has_pods = workloads
                .iter()
                .any(|workload| own.selects(&workload.labels));
            let may_be_tight = own.min_available.is_some() && !own.keeps_all();
            if settings.tight_budget == Level::Off || !has_pods || !may_be_tight {
                return Ok(());
            }
            with_scalers(review, verdict, &mut |scalers, verdict| {
                if let Some(tight) = tight(own, workloads.iter(), scalers) {
                    tight_budget::check(&tight, own, Side::Budget, settings, verdict);
                }
                Ok(())
            })
        })
    };
    if asks_budgets {
        with_budgets(review, verdict, &mut beside)
    } else {
        beside(&[], verdict)
    }
}

/// Judges a workload beside the budgets that select it.
pub(crate) fn judge_workload(
    own: &Workload<'_>,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let settings = review.settings;
    let is_off = [settings.overlapping_budgets, settings.tight_budget] == [Level::Off; 2];
    if is_off || review.keeps(&["spec.replicas", "spec.template.metadata.labels"]) {
        return Ok(());
    }
    with_budgets(review, verdict, &mut |budgets, verdict| {
        let selecting = selecting(budgets, own);
        if selecting.is_empty() {
            return Ok(());
        }
        overlapping_budgets::check_workload(&selecting, settings, verdict);
        if settings.tight_budget == Level::Off {
            return Ok(());
        }
        with_scalers(review, verdict, &mut |scalers, verdict| {
            judge_slack(&selecting, own, scalers, Side::Workload, review, verdict)
        })
    })
}

/// Judges an autoscaler beside the budgets that select its target.
pub(crate) fn judge_scaler(
    own: &Scaler<'_>,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let settings = review.settings;
    let target = own.target;
    let kind = WORKLOADS
        .into_iter()
        .find(|kind| target.is("apps", kind, target.name));
    let Some(kind) = kind.filter(|_| settings.tight_budget != Level::Off) else {
        return Ok(());
    };
    if review.keeps(&["spec.scaleTargetRef", "spec.minReplicas"]) {
        return Ok(());
    }
    with_budgets(review, verdict, &mut |budgets, verdict| {
        if budgets.is_empty() {
            return Ok(());
        }
        let lookup = namespace::workloads(kind, review.namespace);
        let answer = lookup.ask(review.cluster)?;
        let list = namespace::parse(&lookup, &answer)?;
        let mut target = None;
        namespace::each(&list, kind, review, verdict, &mut |item| {
            let workload = Workload::read(item, kind)?;
            if workload.name == own.target.name {
                target = Some(workload);
            }
            Ok(())
        });
        let Some(workload) = &target else {
            return Ok(());
        };
        let selecting = selecting(budgets, workload);
        // Alone it is the least of its target.
        let alone = [*own];
        judge_slack(&selecting, workload, &alone, Side::Scaler, review, verdict)
    })
}

/// Those of several budgets that select the pods of a workload.
fn selecting<'b>(budgets: &'b [Budget<'b>], workload: &Workload<'_>) -> Vec<&'b Budget<'b>> {
    let mut selecting = Vec::new();
    for budget in budgets {
        if budget.selects(&workload.labels) {
            selecting.push(budget);
        }
    }
    selecting
}

/// Judges whether budgets keep all pods of a workload, and where they do, whether there are others.
fn judge_slack(
    selecting: &[&Budget<'_>],
    workload: &Workload<'_>,
    scalers: &[Scaler<'_>],
    side: Side,
    review: &Review<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let mut keeping = Vec::new();
    for budget in selecting {
        if tight(budget, std::iter::once(workload), scalers).is_some() {
            keeping.push(*budget);
        }
    }
    if keeping.is_empty() {
        return Ok(());
    }
    with_workloads(review, verdict, &mut |others, verdict| {
        let is_other =
            |other: &&Workload<'_>| (other.kind, other.name) != (workload.kind, workload.name);
        let report = |scalers: &[Scaler<'_>], verdict: &mut Verdict| {
            for budget in &keeping {
                let all = std::iter::once(workload).chain(others.iter().filter(is_other));
                if let Some(tight) = tight(budget, all, scalers) {
                    tight_budget::check(&tight, budget, side, review.settings, verdict);
                }
            }
            Ok(())
        };
        let are_more = keeping.iter().any(|budget| {
            let mut others = others.iter().filter(is_other);
            others.any(|other| budget.selects(&other.labels))
        });
        // These may have autoscalers of their own.
        if side == Side::Scaler && are_more {
            return with_scalers(review, verdict, &mut |known, verdict| {
                let mut all = known.to_vec();
                all.extend_from_slice(scalers);
                report(&all, verdict)
            });
        }
        report(scalers, verdict)
    })
}
