//! What every policy of the bundle stands on.
pub mod cluster;
pub mod decode;
mod field;
#[cfg(target_arch = "wasm32")]
pub mod guest;
pub mod host_path;
mod json;
pub mod message;
pub mod policy;
mod request;
mod rule;
mod settings;
#[cfg(feature = "testing")]
pub mod testing;
mod verdict;
pub mod workload;
pub use cluster::{Cluster, ClusterError};
pub use decode::{Cursor, DecodeError};
pub use field::FieldPath;
pub use json::Json;
pub use policy::{Error, Policy};
pub use request::{GroupVersionKind, ObjectMeta, Operation, Request};
pub use rule::Rule;
pub use settings::{OnUpdate, Problems, Reader, Settings};
pub use verdict::{Finding, Level, Verdict};

/// Makes a guest of a policy: the entry point that a host calls, and the metadata that it reads.
///
/// It stands in the `lib.rs` of a policy, whose build script calls `policy_metadata::build::embed`. On other targets
/// than wasm it does nothing, so that all policies can be linked into one test program.
#[macro_export]
macro_rules! export_policy {
    ($policy:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            const JSON: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/metadata.json"));

            #[allow(
                unsafe_code,
                reason = "the section is data that nothing in the guest reads"
            )]
            #[unsafe(link_section = "io.kubewarden.metadata")]
            pub static METADATA: [u8; JSON.len()] =
                *include_bytes!(concat!(env!("OUT_DIR"), "/metadata.json"));

            #[allow(unsafe_code, reason = "waPC looks the entry point up by this name")]
            #[unsafe(no_mangle)]
            pub extern "C" fn wapc_init() {
                $crate::guest::register::<$policy>();
            }
        };
    };
}
