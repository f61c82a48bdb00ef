//! Keeps node ports of Services inside the ranges that are meant for them.
//!
//! A Service is read into a `service::Service`, which knows the numbers that the nodes will listen on, and who chose
//! each: the user or the API server. Then each rule judges it.

mod advice;
mod numbers;
mod ports;
mod processes;
mod rules;
mod scope;
mod service;
pub mod settings;
#[cfg(test)]
mod testing;
mod views;

use k8s_openapi::api::core::v1;
use shared::{Cluster, Error, Policy, Request, Rule, Verdict};

use crate::service::Service;
use crate::settings::Settings;

/// The policy.
pub struct NodeportRange;

shared::export_policy!(NodeportRange);

impl Policy for NodeportRange {
    const NAME: &'static str = "nodeport-range";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;
    const LOOKS_UP: bool = false;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        _: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        if !request.kind.is_a::<v1::Service>() {
            return Ok(Verdict::unclaimed(request));
        }
        let mut verdict = Verdict::accept();
        let service = Service::read(request)?;
        if !settings.exempts(service.namespace, service.name, request.username) {
            rules::check(&service, settings, &mut verdict);
        }
        Ok(verdict)
    }
}
