//! The report for a workflow of GitHub: commands that mark the lines of a change. [`markdown`](super::markdown) has what
//! goes into the summary of the job.
//!
//! A refusal is an error, a warning is a warning, what is needed from elsewhere and what is excepted are notices. What kept
//! something from being judged is an error, what was not checked is a warning. Source: "Workflow commands for GitHub
//! Actions" in its documentation; actions/runner, `ActionCommand.cs` (`_escapeDataMappings`, `_escapeMappings`).

use std::fmt::Write;

use super::{Report, printable};
use crate::{baseline::Level, manifests::Place};

/// The most that the summary of a step may have, in bytes. One that is larger is not shown at all.
pub const MAX_SUMMARY: u64 = 1024 * 1024;

/// Writes the commands, a line for each. They are to be printed as they are.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        command(
            &mut text,
            "error",
            &problem.place,
            "not checked",
            &[&problem.text],
        );
    }
    for counted in report.counted() {
        let finding = counted.finding;
        let name = match (counted.excepted, counted.level) {
            (None, Level::Refusal) => "error",
            (None, Level::Warning) => "warning",
            _ => "notice",
        };
        let rule = finding.rule.as_ref().map(|rule| format!(" [{rule}]"));
        let title = format!(
            "{} by {}{}",
            finding.object,
            finding.policy,
            rule.unwrap_or_default()
        );
        let field = finding.field.as_ref().map(|field| format!("{field}: "));
        let problem = format!("{}{}", field.unwrap_or_default(), finding.told());
        let fix = finding.fix.as_ref().map(|fix| format!("fix: {fix}"));
        let needed = counted
            .needed
            .map(|object| format!("needed from elsewhere: {object}"));
        let excepted = counted.excepted;
        let excepted = excepted.map(|excepted| format!("excepted {}", excepted.because));
        let lines = [Some(problem), fix, needed, excepted];
        let lines: Vec<&str> = lines.iter().flatten().map(String::as_str).collect();
        command(&mut text, name, &finding.place, &title, &lines);
    }
    for one in &report.unjudged {
        let object = one.object.as_ref().map(|object| format!("{object}: "));
        let line = format!("{}{}", object.unwrap_or_default(), one.text);
        command(&mut text, "warning", &one.place, "not checked", &[&line]);
    }
    for note in &report.notes {
        command(&mut text, "notice", &note.place, "note", &[&note.text]);
    }
    text
}

fn command(text: &mut String, name: &str, place: &Place, title: &str, lines: &[&str]) {
    let mut properties = Vec::new();
    // What comes from the standard input has no file.
    if place.file != "-" {
        let file = place.file.strip_prefix("./").unwrap_or(&place.file);
        properties.push(format!("file={}", property(file)));
        if let Some(line) = place.line {
            properties.push(format!("line={line}"));
        }
    }
    properties.push(format!("title={}", property(title)));
    let lines: Vec<String> = lines.iter().map(|line| data(line)).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "::{name} {}::{}",
        properties.join(","),
        lines.join("%0A")
    );
}

/// A text as the message of a command.
fn data(text: &str) -> String {
    printable(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_a_command_or_a_property() {
        let place = Place {
            file: "a%b:c,d\n::error::e.yaml".to_owned(),
            line: Some(7),
            source: None,
        };
        let mut text = String::new();
        let hostile = "x\r\n::warning::y, %0A::set-env name=a::b ##[error]z\u{1b}[2J";
        command(&mut text, "error", &place, hostile, &["first: ok", hostile]);
        assert_eq!(
            text,
            "::error file=a%25b%3Ac%2Cd␊%3A%3Aerror%3A%3Ae.yaml,line=7,\
             title=x␍␊%3A%3Awarning%3A%3Ay%2C %250A%3A%3Aset-env name=a%3A%3Ab # #[error]z␛[2J\
             ::first: ok%0Ax␍␊::warning::y, %250A::set-env name=a::b # #[error]z␛[2J\n"
        );
        let place = Place {
            file: "-".to_owned(),
            ..place
        };
        text.clear();
        command(&mut text, "notice", &place, "a", &["b"]);
        assert_eq!(text, "::notice title=a::b\n");
    }
}
