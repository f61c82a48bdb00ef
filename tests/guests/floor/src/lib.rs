//! A guest that accepts without reading: what an evaluation costs at least.
#![cfg(target_arch = "wasm32")]

#[allow(unsafe_code, reason = "waPC looks the entry point up by this name")]
#[unsafe(no_mangle)]
extern "C" fn wapc_init() {
    wapc_guest::register_function("validate", |_| Ok(br#"{"accepted":true}"#.to_vec()));
    wapc_guest::register_function("validate_settings", |_| Ok(br#"{"valid":true}"#.to_vec()));
    wapc_guest::register_function("protocol_version", |_| Ok(br#""v1""#.to_vec()));
}
