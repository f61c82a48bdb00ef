//! The only place that knows waPC: how a policy becomes a guest.

use serde::Serialize;

use crate::cluster::host::Host;
use crate::policy::{self, Policy};

/// What `wapc_init` of a policy does; [`export_policy!`](crate::export_policy) writes that function.
pub fn register<P: Policy>() {
    wapc_guest::register_function("validate", |payload| {
        Ok(answer(&policy::evaluate::<P>(payload, &Host)))
    });
    wapc_guest::register_function("validate_settings", |payload| {
        Ok(answer(&policy::check_settings::<P>(payload)))
    });
    wapc_guest::register_function("protocol_version", |_| Ok(answer("v1")));
}

/// Strings, numbers and flags can always be written. An error that is never made does not cost its text.
fn answer<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
