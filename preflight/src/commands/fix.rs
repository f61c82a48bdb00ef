//! Changes in the files what needs no decision, or shows how.

use std::{collections::BTreeSet, error::Error, fmt::Write, fs, ops::RangeInclusive};

use anstyle::{AnsiColor, Style};
use preflight::{
    config::Project,
    fix::{Fix, Fixes, Unfixed},
    manifests::{printable, secret_lines},
    report::{Report, Reported, Subject},
};
use similar::{ChangeTag, TextDiff};

use super::{NOT_JUDGED, REFUSED, Task, except, judge_all, only_a_table, print};
use crate::cli::Cli;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const RED: Style = AnsiColor::Red.on_default();

/// Lines around a change.
const CONTEXT: usize = 3;

/// `preflight fix FILE…`
pub(super) fn run(
    cli: &Cli,
    project: Option<&Project>,
    dry_run: bool,
    with_warnings: bool,
) -> Result<u8, Box<dyn Error>> {
    only_a_table(&cli.common, "fix")?;
    let Task {
        policies,
        manifests,
        existing,
        ..
    } = Task::read(cli)?;
    // What the project excepts stays as it is.
    let judge = |manifests| {
        let report = judge_all(cli, manifests, existing.clone(), &policies);
        report.map(|mut report| {
            except(&mut report, cli, project);
            report
        })
    };
    let before = judge(manifests.clone())?;
    let mut fixes = Fixes::of(&before, &policies, &manifests, with_warnings);
    let after = loop {
        let after = judge(fixes.changed(&manifests))?;
        let count = fixes.made.len();
        drop_unwanted(&mut fixes, &before, &after);
        if fixes.made.len() == count {
            break after;
        }
    };
    let mut text = String::new();
    let texts = fixes.texts();
    if dry_run {
        for (file, (old, new)) in &texts {
            diff(&mut text, file, old, new);
        }
    }
    for fix in &fixes.made {
        made(&mut text, fix, dry_run);
    }
    for unfixed in &fixes.left {
        left(&mut text, unfixed);
    }
    summary(&mut text, &fixes, &after, dry_run, texts.len());
    if !dry_run {
        for (file, (_, new)) in &texts {
            fs::write(file, new)
                .map_err(|error| format!("{}: cannot be written: {error}", printable(file)))?;
        }
    }
    print(&text, cli.common.color)?;
    Ok(if !after.problems.is_empty() {
        NOT_JUDGED
    } else if after.refusals.is_empty() {
        0
    } else {
        REFUSED
    })
}

/// What makes two findings of one run the same.
type Key<'a> = (&'a str, Option<&'a str>, &'a Subject, Option<&'a str>);

fn key(finding: &Reported) -> Key<'_> {
    (
        &finding.policy,
        finding.rule.as_deref(),
        &finding.object,
        finding.steady_field.as_deref(),
    )
}

fn keys(findings: &[Reported]) -> BTreeSet<Key<'_>> {
    findings.iter().map(key).collect()
}

/// Does not make what does not help, or what leads to another refusal.
fn drop_unwanted(fixes: &mut Fixes, before: &Report, after: &Report) {
    let (before, refused) = (keys(&before.refusals), keys(&after.refusals));
    let new = refused.difference(&before);
    let new: BTreeSet<&Subject> = new.map(|(_, _, object, _)| *object).collect();
    let warned = keys(&after.warnings);
    fixes.drop("the change does not help: change it by hand", |fix| {
        let key = key(&fix.finding);
        refused.contains(&key) || warned.contains(&key)
    });
    let count = fixes.made.len();
    fixes.drop(
        "something else would be refused then: change it by hand",
        |fix| new.contains(&fix.finding.object),
    );
    // What is refused now is an object that was not changed.
    if !new.is_empty() && fixes.made.len() == count {
        fixes.drop(
            "another object would be refused then: change it by hand",
            |_| true,
        );
    }
}

fn head(text: &mut String, word: &str, style: Style, finding: &Reported) {
    let rule = finding.rule.as_deref().unwrap_or_default();
    let by = printable(&format!("{} [{rule}]", finding.policy));
    let Reported { object, place, .. } = finding;
    let field = printable(finding.field.as_deref().unwrap_or_default());
    let _ = writeln!(
        text,
        "{style}{word}{style:#}  {BOLD}{object}{BOLD:#}  by {by}"
    );
    let _ = writeln!(text, "  {DIM}{place}{DIM:#}  {field}");
}

fn made(text: &mut String, fix: &Fix, dry_run: bool) {
    let word = if dry_run { "TO FIX" } else { "FIXED" };
    head(text, word, GREEN, &fix.finding);
    let _ = writeln!(text, "    {}\n", fix.told());
}

fn left(text: &mut String, unfixed: &Unfixed) {
    head(text, "NOT FIXED", YELLOW, &unfixed.finding);
    let _ = writeln!(text, "    {}\n", unfixed.why);
}

fn summary(text: &mut String, fixes: &Fixes, after: &Report, dry_run: bool, changed: usize) {
    let some = |count: usize, what: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {what}{plural}")
    };
    let left = match after.refusals.len() {
        0 if fixes.made.is_empty() => "nothing is refused".to_owned(),
        0 => "nothing is refused then".to_owned(),
        count => format!(
            "{} left, which `preflight` explains",
            some(count, "refusal")
        ),
    };
    let (made, changed) = (fixes.made.len(), some(changed, "file"));
    let made = match (made, dry_run) {
        (0, true) => "nothing would be fixed".to_owned(),
        (0, false) => "nothing was fixed".to_owned(),
        (_, true) => format!("{} would be fixed in {changed}", some(made, "finding")),
        (_, false) => format!("{} fixed in {changed}", some(made, "finding")),
    };
    let _ = writeln!(text, "{made}; {left}");
    if !after.problems.is_empty() {
        let _ = writeln!(
            text,
            "{} could not be checked",
            some(after.problems.len(), "input")
        );
    }
}

/// A diff of a file. It shows no line of a Secret or a `ConfigMap`, neither what changes nor what is around.
fn diff(text: &mut String, file: &str, old: &str, new: &str) {
    let file = printable(file.strip_prefix("./").unwrap_or(file));
    let _ = writeln!(text, "{BOLD}--- a/{file}\n+++ b/{file}{BOLD:#}");
    let secret = [secret_lines(old), secret_lines(new)];
    let is_secret = |lines: &[RangeInclusive<usize>], index: Option<usize>| {
        let line = index.map(|index| index + 1);
        line.is_some_and(|line| lines.iter().any(|lines| lines.contains(&line)))
    };
    let [in_old, in_new] = &secret;
    let changes = TextDiff::from_lines(old, new);
    for hunk in changes.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let _ = writeln!(text, "{DIM}{}{DIM:#}", hunk.header());
        for change in hunk.iter_changes() {
            let hidden =
                is_secret(in_old, change.old_index()) || is_secret(in_new, change.new_index());
            let line = if hidden {
                "(a line that may hold a secret, not shown)".to_owned()
            } else {
                printable(change.value().trim_end_matches(['\n', '\r']))
            };
            let _ = match change.tag() {
                ChangeTag::Equal => writeln!(text, " {line}"),
                ChangeTag::Delete => writeln!(text, "{RED}-{line}{RED:#}"),
                ChangeTag::Insert => {
                    const NEW: Style = AnsiColor::Green.on_default();
                    writeln!(text, "{NEW}+{line}{NEW:#}")
                }
            };
        }
    }
    text.push('\n');
}
