//! See the property `services`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bundle_fuzz::run("services", bytes));
