//! Whether a budget lets any pod go where there are as few as there may be.

use shared::kubernetes::autoscaling::Scaler;

use crate::budget::Budget;
use crate::namespace::{Workload, least};

/// A budget that keeps all pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tight {
    /// How many there are at the least.
    pub(crate) pods: i64,
    /// What makes them, in words.
    pub(crate) of: String,
    /// Whether one workload makes all of them.
    pub(crate) is_of_one: bool,
    /// What says how few there may be, if an autoscaler does.
    pub(crate) scaler: Option<String>,
}

/// The pods that a budget is for, where it keeps all of them. More pods never make that worse.
pub(crate) fn tight<'w>(
    budget: &Budget<'_>,
    workloads: impl Iterator<Item = &'w Workload<'w>>,
    scalers: &[Scaler<'_>],
) -> Option<Tight> {
    // What it says of itself is told at the budget.
    if budget.keeps_all() {
        return None;
    }
    let (mut pods, mut first, mut others, mut by) = (0_i64, None, 0, None);
    for workload in workloads.filter(|workload| budget.selects(&workload.labels)) {
        let (count, scaler) = least(workload, scalers);
        // It has no pods, whatever an autoscaler does.
        if count <= 0 && scaler.is_none() {
            continue;
        }
        pods = pods.saturating_add(count.max(0));
        by = by.or(scaler);
        match first {
            None => first = Some(workload),
            Some(_) => others += 1,
        }
    }
    let kept = budget.kept(pods)?;
    let first = first.filter(|_| pods > 0 && kept >= pods)?;
    Some(Tight {
        pods,
        of: match others {
            0 => first.to_string(),
            1 => format!("{first} and of 1 more workload"),
            others => format!("{first} and of {others} more workloads"),
        },
        is_of_one: others == 0,
        scaler: by.map(ToString::to_string),
    })
}
