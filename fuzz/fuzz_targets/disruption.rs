//! See the property `disruption`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bundle_fuzz::run("disruption", bytes));
