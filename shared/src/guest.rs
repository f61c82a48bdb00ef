//! The only place that knows waPC: how a policy becomes a guest, and how it asks its host.

use serde::Serialize;
use wapc_guest::{host_call, register_function};

use crate::cluster::Cluster;
use crate::evaluation;
use crate::policy::Policy;

#[allow(
    unsafe_code,
    reason = "an allocator says itself which memory is free to use"
)]
mod heap;

/// Registers the three operations of a policy. [`export_policy!`](crate::export_policy) calls this when a host starts the
/// guest.
pub fn register<P: Policy>() {
    register_function("validate", |payload| {
        let cluster: &dyn Cluster = if P::LOOKS_UP { &Host } else { &NoHost };
        Ok(answer(&evaluation::evaluate::<P>(payload, cluster)))
    });
    register_function("validate_settings", |payload| {
        Ok(answer(&evaluation::check_settings::<P>(payload)))
    });
    register_function("protocol_version", |_| Ok(answer("v1")));
}

/// Strings, numbers and flags can always be written. An error that is never made costs nothing: `?` into the boxed error
/// of `wapc_guest::CallResult` would take 10 KB more of each policy.
fn answer<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// What `wapc_guest` puts before the host's own words. Source: `errors.rs` of wapc-guest.
const PREFIX: &str = "Host error: ";

/// The cluster as the host of a guest sees it.
struct Host;

impl Cluster for Host {
    fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
        host_call("kubewarden", "kubernetes", operation, request).map_err(|error| {
            let text = error.to_string();
            text.strip_prefix(PREFIX).unwrap_or(&text).to_owned()
        })
    }
}

/// The cluster of a policy that asks for nothing.
struct NoHost;

impl Cluster for NoHost {
    fn ask(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err(String::new())
    }
}
