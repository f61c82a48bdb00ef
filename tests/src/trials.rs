//! One trial for each case folder, and one for the masks of each policy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::answer::Answer;
use crate::case::{Case, Judge, cases};
use crate::lookups::Masks;
use crate::{repository, yaml};

/// The main function of a test program: each case, through the policy that `load` finds by its name. `settle` gets the
/// path of `expected.yaml` or `masks.yaml` and what would have to stand there.
#[must_use]
pub fn run_cases<J: Judge + Send + Sync + 'static>(
    load: fn(&str) -> Result<Arc<J>, String>,
    settle: fn(&Path, &str) -> Result<(), String>,
) -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match cases() {
        Ok(cases) => trials(cases, load, settle),
        Err(sentence) => vec![Trial::test("cases", || Err(Failed::from(sentence)))],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial for each case. Where a policy cannot be loaded, one says so for all of its cases.
fn trials<J: Judge + Send + Sync + 'static>(
    cases: Vec<(String, String)>,
    load: fn(&str) -> Result<Arc<J>, String>,
    settle: fn(&Path, &str) -> Result<(), String>,
) -> Vec<Trial> {
    let mut missing = BTreeSet::new();
    let mut trials = Vec::new();
    let mut looked_up: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (policy, path) in &cases {
        let paths = looked_up.entry(policy.clone()).or_default();
        paths.push(path.clone());
    }
    for (policy, paths) in looked_up {
        if let Ok(loaded) = load(&policy) {
            trials.push(Trial::test(format!("{policy}/masks"), move || {
                masks(&*loaded, &policy, &paths, settle).map_err(Failed::from)
            }));
        }
    }
    for (policy, name) in cases {
        match load(&policy) {
            Ok(loaded) => trials.push(Trial::test(format!("{policy}/{name}"), move || {
                run(&*loaded, &policy, &name, settle).map_err(Failed::from)
            })),
            Err(sentence) if missing.insert(policy.clone()) => {
                trials.push(Trial::test(policy, || Err(Failed::from(sentence))));
            }
            Err(_) => {}
        }
    }
    trials
}

fn run(
    loaded: &impl Judge,
    policy: &str,
    name: &str,
    settle: fn(&Path, &str) -> Result<(), String>,
) -> Result<(), String> {
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
    settle(&case.expected(), &text)
}

/// Compares the fields that a policy asks for in all of its cases.
fn masks(
    loaded: &impl Judge,
    policy: &str,
    paths: &[String],
    settle: fn(&Path, &str) -> Result<(), String>,
) -> Result<(), String> {
    let mut masks = Masks::default();
    for path in paths {
        // A case without an answer fails by itself.
        if let Ok(Answer::Verdict(verdict)) =
            Case::read(policy, path).and_then(|case| case.ask(loaded))
        {
            for call in &verdict.calls {
                masks.add(path, call)?;
            }
        }
    }
    let file = repository(&format!("tests/cases/{policy}/masks.yaml"));
    match masks.render() {
        Some(text) => settle(&file, &text),
        None if file.exists() => Err(format!(
            "{policy} looks nothing up: delete {}",
            file.display()
        )),
        None => Ok(()),
    }
}
