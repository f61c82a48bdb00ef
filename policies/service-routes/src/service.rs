//! Judges a Service against the workloads whose pods it selects.

use shared::kubernetes::selector::Labels;
use shared::{Error, FieldPath, IntOrString, Operation, Verdict};

use crate::lists::with_workloads;
use crate::review::Review;
use crate::rules::{
    lost_port, missing_target_port, numeric_external_name, stray_pods, undeclared_port,
    unmatched_selector,
};
use crate::views::{Service, Workload};

/// Judges a Service.
pub(crate) fn judge(review: &Review<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let request = review.request;
    let service = Service::read(&request.object())?;
    numeric_external_name::check(&service, verdict);
    if review.keeps(&["spec"]) {
        return Ok(());
    }
    review.beside_others(verdict, &mut |verdict| {
        let Some(selector) = service.selects(review.settings) else {
            return Ok(());
        };
        judge_pods(review, &service, &selector, verdict)
    })?;
    if request.operation != Operation::Update {
        return Ok(());
    }
    // Of an old object that cannot be read, nothing is lost.
    let old = Service::read(&request.old_object()).unwrap_or_default();
    review.beside_others(verdict, &mut |verdict| {
        lost_port::check(review, &service, &old, verdict)
    })
}

fn judge_pods(
    review: &Review<'_>,
    service: &Service<'_>,
    selector: &Labels<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let are_enough = |workloads: &[Workload<'_>]| {
        let mut ports = service.ports.iter();
        ports.all(|port| port.is_served(selector, &mut workloads.iter()))
    };
    with_workloads(review, &are_enough, verdict, &mut |workloads, verdict| {
        let all = workloads.iter();
        let selected = in_order(all.filter(|workload| workload.template.labels.have(selector)));
        if selected.is_empty() {
            unmatched_selector::check(review, service, selector, workloads, verdict);
        } else {
            judge_ports(review, service, &selected, verdict);
        }
    })
}

/// Workloads by kind and name: a list of the host has no order of its own.
fn in_order<'w>(workloads: impl Iterator<Item = &'w Workload<'w>>) -> Vec<&'w Workload<'w>> {
    let mut all: Vec<&Workload<'_>> = Vec::new();
    for workload in workloads {
        let key = (workload.kind, workload.name);
        let place = all.partition_point(|known| (known.kind, known.name) <= key);
        all.insert(place, workload);
    }
    all
}

/// Judges the ports of a Service against the pods that it selects.
fn judge_ports(
    review: &Review<'_>,
    service: &Service<'_>,
    selected: &[&Workload<'_>],
    verdict: &mut Verdict,
) {
    let ports = FieldPath::new("spec.ports");
    let mut has_hit = false;
    for (index, port) in service.ports.iter().enumerate() {
        let place = ports.index(index);
        let place = place.child("targetPort");
        let mut strays = selected.to_vec();
        strays.retain(|workload| !workload.template.has_port(port));
        let declaring = selected
            .iter()
            .find(|workload| workload.template.has_port(port));
        has_hit |= declaring.is_some();
        match (port.target, declaring) {
            (IntOrString::String(_), None) => {
                let (level, pair) = (review.settings.services, (service, port));
                missing_target_port::check(level, pair, selected, &place, None, verdict);
            }
            (IntOrString::Int(number), Some(declaring)) => {
                stray_pods::check_service(
                    review,
                    (service, number),
                    declaring,
                    &strays,
                    &place,
                    verdict,
                );
            }
            _ => {}
        }
    }
    if !has_hit {
        undeclared_port::check(review, service, selected, verdict);
    }
}
