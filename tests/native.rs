//! Runs every case of `cases/<policy>/<rule>/<case>/` through the policy as this machine's own code, which has to answer
//! what the built one answers. It never writes an expected answer: those are of what is shipped.

use std::process::ExitCode;

use bundle_tests::{bless, native, run_cases};

fn main() -> ExitCode {
    run_cases(native::load, bless::same)
}
