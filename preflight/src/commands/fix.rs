//! Changes in the files what needs no decision, or shows how.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write,
    ops::RangeInclusive,
    path::Path,
};

use anstyle::{AnsiColor, Style};
use preflight::{
    config::Project,
    fix::{Fix, Fixes, Unfixed},
    manifests::{printable, secret_lines},
    replace::replace,
    report::{Report, Reported},
};
use similar::{ChangeTag, TextDiff};

use super::{
    NOT_JUDGED, REFUSED, Task, except, judge_all, not_checked, only_a_table, print, tell_problems,
};
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
        unjudged,
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
    let mut after = loop {
        let after = judge(fixes.changed(&manifests))?;
        let count = fixes.made.len();
        drop_unwanted(&mut fixes, &before, &after);
        if fixes.made.len() == count {
            break after;
        }
    };
    let mut text = String::new();
    let mut unwritten = BTreeMap::new();
    if dry_run {
        for (file, (old, new)) in &fixes.texts() {
            diff(&mut text, file, old, new);
        }
    } else {
        unwritten = write(&fixes);
    }
    for (file, why) in &unwritten {
        fixes.drop(format!("the file {why}"), |fix| &fix.file == file);
    }
    if !unwritten.is_empty() {
        after = judge(fixes.changed(&manifests))?;
    }
    after.leave(unjudged);
    for fix in &fixes.made {
        made(&mut text, fix, dry_run);
    }
    for unfixed in &fixes.left {
        left(&mut text, unfixed);
    }
    not_checked(&mut text, &after);
    summary(&mut text, &fixes, &after, dry_run, unwritten.len());
    print(&text, cli.common.color)?;
    tell_problems(&after, cli.common.color);
    Ok(if !after.problems.is_empty() || !unwritten.is_empty() {
        NOT_JUDGED
    } else if after.refusals.is_empty() {
        0
    } else {
        REFUSED
    })
}

/// Writes the files that change. Those that are as they were, each with why: all others are written all the same.
fn write(fixes: &Fixes) -> BTreeMap<String, String> {
    let texts = fixes.texts().into_iter();
    let unwritten = texts.filter_map(|(file, (_, new))| {
        let error = replace(Path::new(file), &new).err()?;
        Some((file.to_owned(), error.to_string()))
    });
    unwritten.collect()
}

/// What makes two findings the same, before the changes and after them: no item of a list comes or goes.
type Key<'a> = (usize, &'a str, Option<&'a str>, Option<&'a str>);

fn key(finding: &Reported) -> Key<'_> {
    (
        finding.position,
        &finding.policy,
        finding.rule.as_deref(),
        finding.field.as_deref(),
    )
}

fn keys(findings: &[Reported]) -> BTreeSet<Key<'_>> {
    findings.iter().map(key).collect()
}

/// How many findings each policy has about each object, and how many of these it does not list.
fn counts(findings: &[Reported]) -> BTreeMap<(usize, &str), (usize, usize)> {
    let mut counts: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for finding in findings {
        let count = counts.entry((finding.position, finding.policy.as_str()));
        let (all, more) = count.or_default();
        *all = all.saturating_add(finding.more.unwrap_or(1));
        *more = more.saturating_add(finding.more.unwrap_or(0));
    }
    counts
}

/// Does not make what does not help, or what leads to another refusal.
fn drop_unwanted(fixes: &mut Fixes, before: &Report, after: &Report) {
    let (listed, refused) = (keys(&before.refusals), keys(&after.refusals));
    let (counted, left) = (counts(&before.refusals), counts(&after.refusals));
    let new = refused
        .difference(&listed)
        .filter(|(position, policy, ..)| {
            // Of very many findings a policy lists the first ones, and the next ones when these are gone.
            let of = (*position, *policy);
            let more = counted.get(&of).filter(|(_, more)| *more > 0);
            more.is_none_or(|(all, _)| left.get(&of).is_some_and(|(left, _)| left >= all))
        });
    let new: BTreeSet<usize> = new.map(|(position, ..)| *position).collect();
    let warned = keys(&after.warnings);
    fixes.drop("the change does not help: change it by hand", |fix| {
        let key = key(&fix.finding);
        refused.contains(&key) || warned.contains(&key)
    });
    let count = fixes.made.len();
    fixes.drop(
        "something else would be refused then: change it by hand",
        |fix| new.contains(&fix.finding.position),
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

fn summary(text: &mut String, fixes: &Fixes, after: &Report, dry_run: bool, unwritten: usize) {
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
    let (made, changed) = (fixes.made.len(), some(fixes.texts().len(), "file"));
    let made = match (made, dry_run) {
        (0, true) => "nothing would be fixed".to_owned(),
        (0, false) => "nothing was fixed".to_owned(),
        (_, true) => format!("{} would be fixed in {changed}", some(made, "finding")),
        (_, false) => format!("{} fixed in {changed}", some(made, "finding")),
    };
    let _ = writeln!(text, "{made}; {left}");
    if unwritten > 0 {
        let _ = writeln!(text, "{} could not be written", some(unwritten, "file"));
    }
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
