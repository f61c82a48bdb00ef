//! Runs every case of `cases/<policy>/<rule>/<case>/` through the policy as it is shipped.

use std::process::ExitCode;

use bundle_tests::{compare, policies, run_cases};

fn main() -> ExitCode {
    run_cases(policies::load, compare)
}
