//! The policies that are part of this binary.

#[cfg(feature = "embedded")]
include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// File name and wasm of each policy. Empty unless the feature `embedded` is on.
#[cfg(not(feature = "embedded"))]
pub const POLICIES: &[(&str, &[u8])] = &[];
