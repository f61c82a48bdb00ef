//! Judges a workload against the Services that select its pods.

use k8s_openapi::Resource;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use shared::{Cursor, DecodeError, Error, IntOrString, Level, Operation, Verdict};

use crate::lists::{WorkloadKind, with_services, with_workloads};
use crate::review::{Review, Stage};
use crate::rules::undeclared_port::is_aside;
use crate::rules::{lost_pods, missing_target_port, stray_pods};
use crate::views::{Service, Workload, may_select};

/// Judges a workload.
pub(crate) fn judge(
    review: &Review<'_>,
    kind: WorkloadKind<'_>,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let request = review.request;
    if review.keeps(&[kind.template]) {
        return Ok(());
    }
    let object = request.object();
    let Some(workload) = Workload::read(&object, kind.kind, kind.template)? else {
        return Ok(());
    };
    let old = match request.operation {
        // Of an old object that cannot be read, nothing is lost.
        Operation::Update => read(&request.old_object(), kind).unwrap_or_default(),
        _ => None,
    };
    review.beside_others(verdict, &mut |verdict| {
        with_services(
            review,
            review.namespace,
            &|service| may_select(service, review.settings, [Some(&workload), old.as_ref()]),
            verdict,
            &mut |services, verdict| {
                judge_services(review, kind, &workload, old.as_ref(), services, verdict)
            },
        )
    })
}

fn read<'a>(
    object: &Cursor<'a>,
    kind: WorkloadKind<'a>,
) -> Result<Option<Workload<'a>>, DecodeError> {
    Workload::read(object, kind.kind, kind.template)
}

fn judge_services(
    review: &Review<'_>,
    kind: WorkloadKind<'_>,
    workload: &Workload<'_>,
    old: Option<&Workload<'_>>,
    services: &[Service<'_>],
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let mut failing = Vec::new();
    for service in services {
        let Some(selector) = service.selects(review.settings) else {
            continue;
        };
        let mut ports = service.ports.iter();
        let fails = if workload.template.labels.have(&selector) {
            !ports.all(|port| workload.template.has_port(port))
        } else {
            old.is_some_and(|old| old.template.labels.have(&selector))
        };
        if fails {
            // A list of the host has no order of its own.
            let before = |(known, _): &(&Service<'_>, _)| known.name <= service.name;
            let place = failing.partition_point(before);
            failing.insert(place, (service, selector));
        }
    }
    if failing.is_empty() {
        return Ok(());
    }
    // Of a Service of these pods another workload may serve what this one does not.
    let are_enough = |workloads: &[Workload<'_>]| {
        failing.iter().all(|(service, selector)| {
            let mut ports = service.ports.iter();
            ports.all(|port| port.is_served(selector, &mut workloads.iter().chain([workload])))
        })
    };
    with_workloads(review, &are_enough, verdict, &mut |workloads, verdict| {
        for (service, selector) in &failing {
            let mut others = Vec::new();
            for other in workloads {
                // The list has what is stored. Beside a manifest, one of its name is a variant of it, which may do.
                let is_old = review.request.operation == Operation::Update && other.is(workload);
                if other.template.labels.have(selector) && !is_old {
                    others.push(other);
                }
            }
            let template = kind.template;
            if workload.template.labels.have(selector) {
                judge_ports(review, service, template, workload, &others, verdict);
            } else if others.is_empty() {
                lost_pods::check(review, service, selector, workload, template, verdict);
            }
        }
    })
}

/// Judges the ports of a Service that the pods of a workload do not declare, beside the others that it selects.
fn judge_ports(
    review: &Review<'_>,
    service: &Service<'_>,
    template: &str,
    workload: &Workload<'_>,
    others: &[&Workload<'_>],
    verdict: &mut Verdict,
) {
    for port in &service.ports {
        if workload.template.has_port(port) {
            continue;
        }
        let mut declaring = others.to_vec();
        declaring.retain(|other| other.template.has_port(port));
        match port.target {
            IntOrString::String(_) if declaring.is_empty() => {
                let mut level = review.settings.workloads;
                // Most often something else serves: of a kind that is not looked up, or what a tool writes next.
                let mut ports = workload.template.ports.iter();
                let is_first = review.stage == Stage::New && ports.all(|port| is_aside(port.name));
                if is_first || [Job::KIND, CronJob::KIND].contains(&workload.kind) {
                    level = level.at_most(Level::Warn);
                }
                let pair = (service, port);
                let template = Some(template);
                missing_target_port::check(level, pair, &[workload], &"", template, verdict);
            }
            IntOrString::String(_) => {}
            IntOrString::Int(number) => stray_pods::check_workload(
                review, service, number, workload, &declaring, template, verdict,
            ),
        }
    }
}
