//! The rules, one in a file.

use shared::{Rule, Verdict};

use crate::advice::Advice;
use crate::scope::Scope;
use crate::service::{Place, Service};
use crate::settings::{Apply, Settings};

mod automatic_port;
mod denied_port;
mod duplicate_node_port;
mod dynamic_band_port;
mod forbidden_node_port;
mod inert_node_port;
mod node_process_port;
mod outside_allowed_ranges;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &automatic_port::RULE,
    &denied_port::RULE,
    &duplicate_node_port::RULE,
    &dynamic_band_port::RULE,
    &forbidden_node_port::RULE,
    &inert_node_port::RULE,
    &node_process_port::RULE,
    &outside_allowed_ranges::RULE,
];

/// Judges a Service.
pub(crate) fn check(service: &Service<'_>, settings: &Settings, verdict: &mut Verdict) {
    inert_node_port::check(service, verdict);
    if !service.is_live() {
        return;
    }
    let scope = Scope::of(settings, service.namespace);
    let mut advice = Advice::new(&scope, service);
    duplicate_node_port::check(service, settings, verdict);
    let are_forbidden = settings.forbids_node_ports(service.namespace);
    if are_forbidden {
        forbidden_node_port::check(service, settings, verdict);
    } else if settings.require_explicit {
        automatic_port::check(service, &mut advice, verdict);
    }
    for number in service.numbers() {
        // What is said of a port already is not said again in other words.
        let is_said = match number.place {
            Place::Port(_) => are_forbidden || settings.require_explicit && !number.is_chosen,
            Place::HealthCheck => false,
        };
        let is_judged = number.is_chosen || settings.apply == Apply::All;
        if is_said || !is_judged {
            continue;
        }
        let number = &number;
        if denied_port::check(number, &scope, &mut advice, verdict)
            || outside_allowed_ranges::check(number, &scope, &mut advice, verdict)
            || node_process_port::check(number, &mut advice, verdict)
        {
            continue;
        }
        dynamic_band_port::check(number, settings, &mut advice, verdict);
    }
}
