//! The only place that knows waPC: how a policy becomes a guest, and how it asks its host.
//!
//! The protocol is nine functions. The crate for it keeps the operations of a guest in a map behind a lock, which is 7 KB
//! of each policy.
//! Source: `crates/wapc-guest/src/protocol.rs` of wapc/wapc-rs.

#![allow(
    unsafe_code,
    reason = "a guest and its host hand each other addresses in the guest's memory"
)]

use serde::Serialize;

use crate::cluster::host::Host;
use crate::policy::{self, Policy};

mod heap;

#[link(wasm_import_module = "wapc")]
unsafe extern "C" {
    /// Writes what is asked of the guest to these places, which have the room that [`call`] was told.
    fn __guest_request(operation: *mut u8, payload: *mut u8);
    fn __guest_response(start: *const u8, length: usize);
    fn __guest_error(start: *const u8, length: usize);
    /// Asks the host for something. 1 when there is an answer, otherwise there is an error.
    fn __host_call(
        binding: *const u8,
        binding_length: usize,
        namespace: *const u8,
        namespace_length: usize,
        operation: *const u8,
        operation_length: usize,
        payload: *const u8,
        payload_length: usize,
    ) -> i32;
    fn __host_response_len() -> usize;
    fn __host_response(start: *mut u8);
    fn __host_error_len() -> usize;
    fn __host_error(start: *mut u8);
}

/// So many bytes of an operation that nobody knows are told.
const OPERATION_MOST: usize = 100;

/// What `__guest_call` of a policy does; [`export_policy!`](crate::export_policy) writes that function. The lengths are
/// those of the operation and of its payload. 1 when there is an answer.
#[must_use]
pub fn call<P: Policy>(operation_length: usize, payload_length: usize) -> i32 {
    let mut operation = Vec::with_capacity(operation_length);
    let mut payload = Vec::with_capacity(payload_length);
    // SAFETY: both buffers have room for the lengths that the host gave, and so much it writes.
    unsafe {
        __guest_request(operation.as_mut_ptr(), payload.as_mut_ptr());
        operation.set_len(operation_length);
        payload.set_len(payload_length);
    }
    let answer = match operation.as_slice() {
        b"validate" => answer(&policy::evaluate::<P>(&payload, &Host)),
        b"validate_settings" => answer(&policy::check_settings::<P>(&payload)),
        b"protocol_version" => answer("v1"),
        _ => {
            let mut error = operation;
            error.truncate(OPERATION_MOST);
            // The host reads UTF-8, and a character may have been cut.
            error.retain(u8::is_ascii);
            error.extend_from_slice(b" is none of validate, validate_settings, protocol_version");
            // SAFETY: the text lives on while the host reads it.
            unsafe { __guest_error(error.as_ptr(), error.len()) };
            return 0;
        }
    };
    // SAFETY: the answer lives on while the host reads it.
    unsafe { __guest_response(answer.as_ptr(), answer.len()) };
    1
}

/// Strings, numbers and flags can always be written. An error that is never made does not cost its text.
fn answer<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Asks the host for something about the cluster.
pub(crate) fn ask(operation: &str, payload: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let (binding, namespace) = ("kubewarden", "kubernetes");
    // SAFETY: all texts live on while the host reads them, and each buffer has the length that the host gives.
    unsafe {
        let status = __host_call(
            binding.as_ptr(),
            binding.len(),
            namespace.as_ptr(),
            namespace.len(),
            operation.as_ptr(),
            operation.len(),
            payload.as_ptr(),
            payload.len(),
        );
        if status == 1 {
            Ok(written(__host_response_len(), __host_response))
        } else {
            Err(written(__host_error_len(), __host_error))
        }
    }
}

/// What the host writes.
///
/// # Safety
///
/// `write` writes so many bytes.
unsafe fn written(length: usize, write: unsafe extern "C" fn(*mut u8)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    // SAFETY: there is room for them.
    unsafe {
        write(bytes.as_mut_ptr());
        bytes.set_len(length);
    }
    bytes
}
