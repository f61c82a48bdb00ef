//! The report as Markdown, for the summary of a job and for a comment on a change.
//!
//! All that is from manifests stands in code spans: there nothing is HTML, a link, a mention or a reference.

use std::fmt::Write;

use super::{Report, counted::Counted, page, printable};
use crate::{
    baseline::Level,
    judge::ActivePolicy,
    manifests::{Note, Place},
};

/// Room for what is said of the items that are left out.
const RESERVE: usize = 256;

/// Writes the report in at most this many bytes: what does not fit is counted.
#[must_use]
pub fn render(report: &Report, policies: &[ActivePolicy], limit: usize) -> String {
    let mut page = Output {
        text: String::new(),
        limit: limit.saturating_sub(RESERVE),
        left_out: 0,
    };
    page.head(report);
    let is = |level: Level| {
        let counted = report.counted();
        counted.filter(move |one| one.excepted.is_none() && one.level == level)
    };
    let finding = |one: Counted<'_>| item_of_finding(&one, policies);
    page.section("Refused", is(Level::Refusal).map(finding));
    let problems = report.problems.iter();
    let problems = problems.map(|problem| item(&problem.place, &problem.text));
    page.section("Could not be checked", problems);
    let unjudged = report.unjudged.iter().map(|one| {
        let object = one.object.as_ref().map(|object| format!("{object}: "));
        let text = format!("{}{}", object.unwrap_or_default(), one.text);
        item(&one.place, &text)
    });
    page.section("Not checked", unjudged);
    page.section("Warnings", is(Level::Warning).map(finding));
    page.section("Needed from elsewhere", is(Level::Needed).map(finding));
    let excepted = report.counted().filter(|one| one.excepted.is_some());
    page.section("Excepted", excepted.map(finding));
    let notes = report.notes.iter();
    page.section("Notes", notes.map(|Note { place, text }| item(place, text)));
    if page.left_out > 0 {
        let count = page.left_out;
        let more = if count == 1 {
            "1 more has no room here".to_owned()
        } else {
            format!("{count} more have no room here")
        };
        page.text
            .extend(["\n", &more, "; `--report json=FILE` writes all.\n"]);
    }
    // A file that is nearly full has no room for anything.
    if page.text.len() > limit {
        page.text.clear();
    }
    page.text
}

struct Output {
    text: String,
    limit: usize,
    left_out: usize,
}

impl Output {
    fn head(&mut self, report: &Report) {
        let summary = &report.summary;
        let mut text = format!("{}\n**{summary}**\n", underlined("preflight", '='));
        for line in summary.beside().into_iter().chain(report.unreadable()) {
            text.extend(["\n", &line, "\n"]);
        }
        let policies = report.by_policy.iter();
        for (index, (policy, tally)) in policies.enumerate() {
            let before = if index == 0 { "\n" } else { "" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{before}- {}: {tally}", code(policy));
        }
        self.text = text;
    }

    fn section(&mut self, heading: &str, items: impl Iterator<Item = String>) {
        let mut heading = format!("\n{}\n", underlined(heading, '-'));
        for item in items {
            let is_full = self.text.len() + heading.len() + item.len() > self.limit;
            // What comes later is not to be shown in place of what comes first.
            if self.left_out > 0 || is_full {
                self.left_out += 1;
                continue;
            }
            self.text.push_str(&std::mem::take(&mut heading));
            self.text.push_str(&item);
        }
    }
}

/// A heading. Two `#` in a row would be a command to some build servers.
fn underlined(heading: &str, with: char) -> String {
    let line = with.to_string().repeat(heading.len());
    format!("{heading}\n{line}\n")
}

/// A place, and what is said of it.
fn item(place: &Place, text: &str) -> String {
    format!("- {}  \n  {}\n", code(&place.to_string()), code(text))
}

fn item_of_finding(counted: &Counted<'_>, policies: &[ActivePolicy]) -> String {
    let finding = counted.finding;
    let object = code(&finding.object.to_string());
    let mut text = format!("- **{object}** by {}", code(&finding.policy));
    match (&finding.rule, page(finding, policies)) {
        (Some(rule), Some(page)) => {
            text.extend([", [", &code(rule), "](", &page.address(), ")"]);
        }
        (Some(rule), None) => text.extend([", ", &code(rule)]),
        (None, _) => {}
    }
    let mut line = |words: &str, told: &str| {
        text.extend(["  \n  ", words, told]);
    };
    let field = finding.field.as_deref().unwrap_or_default();
    let place = code(&finding.place.to_string());
    line("", format!("{place} {}", code(field)).trim_end());
    line("", &code(&finding.told()));
    if let Some(fix) = &finding.fix {
        line("**Instead:** ", &code(fix));
    }
    if let Some(needed) = counted.needed {
        line("**Needs:** ", &code(&needed.to_string()));
    }
    if let Some(excepted) = counted.excepted {
        line("**Excepted:** ", &code(&excepted.because.to_string()));
    }
    text.push('\n');
    text
}

/// A text in which nothing has a meaning.
fn code(text: &str) -> String {
    let text = printable(text);
    if text.is_empty() {
        return text;
    }
    let runs = text.split(|character| character != '`');
    let longest = runs.map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let is_edge = |character: char| character == '`' || character == ' ';
    let space = if text.starts_with(is_edge) || text.ends_with(is_edge) {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::Problem;

    #[test]
    fn a_text_cannot_leave_its_code_span() {
        for (text, expected) in [
            ("a", "`a`"),
            ("", ""),
            ("a`b", "``a`b``"),
            ("```", "```` ``` ````"),
            (" a``", "```  a`` ```"),
            (
                "<img src=x>|@user #1\n# head",
                "`<img src=x>|@user #1␊# head`",
            ),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let problem = |number: usize| Problem {
            place: Place {
                file: format!("f{number}.yaml"),
                line: Some(1),
                source: None,
            },
            text: "is empty".to_owned(),
        };
        let report = Report {
            problems: (0..100).map(problem).collect(),
            ..Report::default()
        };
        let all = render(&report, &[], usize::MAX);
        assert_eq!(all.matches("is empty").count(), 100);
        assert!(!all.contains("no room"));
        let text = render(&report, &[], 1000);
        let shown = text.matches("is empty").count();
        assert!((10..100).contains(&shown) && text.len() <= 1000, "{text}");
        let left_out = format!(
            "\n{} more have no room here; `--report json=FILE` writes all.\n",
            100 - shown
        );
        assert!(text.ends_with(&left_out), "{text}");
        assert_eq!(render(&report, &[], 20), "");
    }
}
