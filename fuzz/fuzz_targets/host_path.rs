//! See the property `host_path`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bundle_fuzz::run("host_path", bytes));
