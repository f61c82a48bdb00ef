//! See the property `secret_values`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bundle_fuzz::run("secret_values", bytes));
