//! Writes the settings of hostpath-mounts that let pass what manifests mount.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write,
    sync::Arc,
};

use preflight::{
    allow::{self, Entry, POLICY, is_by_policy},
    config::Project,
    judge::ActivePolicy,
    manifests::{Manifests, printable},
    report::Reported,
    settings,
};
use serde_json::{Value, json};

use super::{NOT_JUDGED, REFUSED, Task, judge_all, only_a_table, print, tell_problems};
use crate::cli::Cli;

const HEAD: &str = "\
# What hostpath-mounts has to allow for these manifests, and nothing more: each entry is for one path, in the way and by
# the service accounts that mount it. An entry without service accounts is for a PersistentVolume, and so for all pods.
# Review each before you use it: what is refused leads to the node most often.
";

/// `preflight allow FILE…`
pub(super) fn run(cli: &Cli, project: Option<&Project>) -> Result<u8, Box<dyn Error>> {
    only_a_table(&cli.common, "allow")?;
    if !cli.common.policies_from.is_empty() {
        let option = match project {
            Some(project) if !project.config.policies_from.is_empty() => {
                let file = printable(&project.file.display().to_string());
                format!("`policiesFrom` in {file}: give --settings, or --no-config")
            }
            _ => "--policies-from: leave it out".to_owned(),
        };
        return Err(format!(
            "`preflight allow` writes settings for --settings, and cannot add to those of {option}"
        )
        .into());
    }
    let Task {
        mut policies,
        manifests,
        existing,
        ..
    } = Task::read(cli)?;
    policies.retain(|by| by.policy().is_some_and(|policy| policy.name() == POLICY));
    let Some((_, member)) = policies.iter().flat_map(ActivePolicy::members).next() else {
        return Err(format!(
            "there is no policy {POLICY} to ask: it is not among those of --policy or --wasm"
        )
        .into());
    };
    let (policy, settings) = (Arc::clone(&member.policy), member.settings.clone());
    let judge = |settings: Value| {
        let policies = [ActivePolicy::new(Arc::clone(&policy), settings)];
        let mut report = judge_all(cli, manifests.clone(), existing.clone(), &policies)?;
        report.refusals.retain(|it| is_by_policy(&policies, it));
        Ok::<_, Box<dyn Error>>(report)
    };
    let takes = |entries: &[Entry]| settings::check(&policy, &merged(&settings, entries)).is_ok();
    let mut findings = judge(settings.clone())?.refusals;
    let mut same = BTreeMap::new();
    let mut entries = taken(&findings, &manifests, &mut same, takes);
    // What an entry says of a path holds for mounts that were not refused before, too.
    let after = loop {
        let after = judge(merged(&settings, &entries))?;
        findings.extend(after.refusals.iter().cloned());
        let more = taken(&findings, &manifests, &mut same, takes);
        if more == entries {
            break after;
        }
        entries = more;
    };
    let refused = &after.refusals;
    let mut text = if entries.is_empty() && refused.is_empty() {
        format!("# {POLICY} refuses nothing of this: nothing has to be allowed.\n")
    } else {
        written(&settings, &entries, refused)
    };
    let not_checked = after.not_checked();
    if !not_checked.is_empty() {
        text.push_str("# What was not checked, and may need more (`preflight` says why):\n");
    }
    for line in not_checked {
        let _ = writeln!(text, "# - {line}");
    }
    print(&text, cli.common.color)?;
    tell_problems(&after, cli.common.color);
    Ok(if !after.problems.is_empty() {
        NOT_JUDGED
    } else if refused.is_empty() {
        0
    } else {
        REFUSED
    })
}

/// The entries that the settings take: a path may lead anywhere, or be one of which they say something already. Two of which
/// they take either, and not both, are for one path, as the policy knows it: they become one, and `same` says so.
fn taken(
    findings: &[Reported],
    manifests: &Manifests,
    same: &mut BTreeMap<String, String>,
    takes: impl Fn(&[Entry]) -> bool,
) -> Vec<Entry> {
    loop {
        let entries = allow::entries(findings, manifests, same);
        if takes(&entries) {
            return entries;
        }
        let known = same.len();
        let mut kept: Vec<Entry> = Vec::new();
        for entry in entries {
            kept.push(entry.clone());
            if takes(&kept) {
                continue;
            }
            kept.pop();
            if !takes(std::slice::from_ref(&entry)) {
                continue;
            }
            let is_same = |other: &&Entry| {
                other.path() != entry.path() && !takes(&[Entry::clone(other), entry.clone()])
            };
            if let Some(other) = kept.iter().find(is_same) {
                same.insert(entry.path().to_owned(), other.path().to_owned());
            }
        }
        if same.len() == known {
            return kept;
        }
    }
}

/// The settings with these entries of `allowed`.
fn merged(settings: &Value, entries: &[Entry]) -> Value {
    let mut allowed = settings.get("allowed").and_then(Value::as_array).cloned();
    let allowed = allowed.get_or_insert_default();
    allowed.extend(entries.iter().map(|entry| entry.settings.clone()));
    let mut merged = settings.clone();
    if let Some(fields) = merged.as_object_mut() {
        fields.insert("allowed".to_owned(), json!(allowed));
    }
    merged
}

/// A value in one line, as JSON and YAML have it. Nothing in it is a command to a build server.
fn line(value: &Value) -> String {
    value.to_string().replace("##", "#\\u0023")
}

/// The file for `--settings`: what is there already, the entries with what needs each, and what none of them allows.
fn written(settings: &Value, entries: &[Entry], refused: &[Reported]) -> String {
    let mut text = format!("{HEAD}{POLICY}:\n");
    let fields = settings.as_object().into_iter().flatten();
    for (key, value) in fields.filter(|(key, _)| *key != "allowed") {
        let _ = writeln!(text, "  {key}: {}", line(value));
    }
    text.push_str("  allowed:\n");
    let there = settings.get("allowed").and_then(Value::as_array);
    let there: Vec<&Value> = there.into_iter().flatten().collect();
    if there.is_empty() && entries.is_empty() {
        // A list without items is none.
        text.truncate(text.trim_end().len());
        text.push_str(" []\n");
    }
    for entry in there {
        let _ = writeln!(text, "  - {}", line(entry));
    }
    for Entry {
        settings,
        needed_by,
    } in entries
    {
        for (object, place) in needed_by {
            let _ = writeln!(text, "  # {object} ({place})");
        }
        let mut mark = "- ";
        for key in [
            "path",
            "match",
            "readOnly",
            "bidirectionalPropagation",
            "types",
            "serviceAccounts",
        ] {
            if let Some(value) = settings.get(key) {
                let _ = writeln!(text, "  {mark}{key}: {}", line(value));
                mark = "  ";
            }
        }
    }
    let mut told = BTreeSet::new();
    for finding in refused {
        let Reported {
            object,
            place,
            field,
            problem,
            ..
        } = finding;
        let field = field.as_deref().unwrap_or_default();
        let line = format!(
            "{object} ({place}): {}",
            printable(&format!("{field}: {problem}"))
        );
        if told.insert(line.clone()) {
            if told.len() == 1 {
                text.push_str("# What no entry can allow:\n");
            }
            let _ = writeln!(text, "# - {line}");
        }
    }
    text
}
