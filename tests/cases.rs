//! Runs every case of `cases/<policy>/<case>/` through the policy as it is shipped.

use std::collections::BTreeSet;
use std::process::ExitCode;

use bundle_tests::{Case, cases, compare, policies, yaml};
use libtest_mimic::{Arguments, Failed, Trial};
use preflight::Policy;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match cases() {
        Ok(cases) => trials(cases),
        Err(sentence) => vec![Trial::test("cases", || Err(Failed::from(sentence)))],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial for each case. Where a policy cannot be loaded, one says so for all of its cases.
fn trials(cases: Vec<(String, String)>) -> Vec<Trial> {
    let mut missing = BTreeSet::new();
    let mut trials = Vec::new();
    for (policy, name) in cases {
        match policies::load(&policy) {
            Ok(loaded) => trials.push(Trial::test(format!("{policy}/{name}"), move || {
                run(&loaded, &policy, &name).map_err(Failed::from)
            })),
            Err(sentence) if missing.insert(policy.clone()) => {
                trials.push(Trial::test(policy, || Err(Failed::from(sentence))));
            }
            Err(_) => {}
        }
    }
    trials
}

fn run(loaded: &Policy, policy: &str, name: &str) -> Result<(), String> {
    let case = Case::read(policy, name)?;
    let answer = case.ask(loaded)?;
    let text = answer.render();
    // What people review is what was answered.
    let read = yaml::read(&text)?;
    if read.get("message").and_then(|message| message.as_str()) != answer.message() {
        return Err(format!(
            "the message does not survive being written: {text}"
        ));
    }
    compare(&case.expected(), &text)
}
