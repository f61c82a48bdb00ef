//! See the property `secrets`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bundle_fuzz::run("secrets", bytes));
