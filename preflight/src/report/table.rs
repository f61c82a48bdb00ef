//! The report for people: a table where there is room for one, a list where there is not.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, presets};
use textwrap::{Options, WordSplitter};

use super::{Finding, Report, printable};
use crate::manifests::{Note, Place};

/// Texts in narrower columns than this are hard to read.
const TEXT_COLUMN: usize = 32;
/// In wider ones the eye loses the line.
const LINE: usize = 110;
/// What a column needs besides its content.
const PADDING: usize = 3;
/// More notes than this are counted, not shown.
const NOTES: usize = 10;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();

/// How a kind of finding is shown.
struct Look {
    heading: &'static str,
    word: &'static str,
    style: Style,
    color: Color,
}

const REFUSED: Look = Look {
    heading: "Refused",
    word: "REFUSED",
    style: RED,
    color: Color::Red,
};
const WARNING: Look = Look {
    heading: "Warnings",
    word: "WARNING",
    style: YELLOW,
    color: Color::Yellow,
};

/// Writes the report, coloured, for a terminal of this width.
#[must_use]
pub fn render(report: &Report, width: usize) -> String {
    let mut text = String::new();
    findings(&mut text, &report.refusals, &REFUSED, width);
    findings(&mut text, &report.warnings, &WARNING, width);
    for problem in &report.problems {
        let place = printable(&problem.place.to_string());
        line(
            &mut text,
            &format!("{RED}PROBLEM{RED:#}  {BOLD}{place}{BOLD:#}"),
        );
        paragraph(&mut text, "    ", &printable(&problem.text), width);
        text.push('\n');
    }
    notes(&mut text, &report.notes, width);
    let summary = &report.summary;
    let style = if summary.refused + summary.unjudged > 0 || !report.problems.is_empty() {
        RED
    } else if summary.warned > 0 {
        YELLOW
    } else {
        GREEN
    };
    line(&mut text, &format!("{style}{summary}{style:#}"));
    by_policy(&mut text, report);
    match report.problems.len() {
        0 => {}
        1 => line(&mut text, "1 problem kept something from being judged"),
        count => line(
            &mut text,
            &format!("{count} problems kept something from being judged"),
        ),
    }
    text
}

/// The numbers of each policy, where there is more than one that has something to say.
fn by_policy(text: &mut String, report: &Report) {
    let tallies = &report.by_policy;
    let widths = tallies
        .keys()
        .map(|policy| textwrap::core::display_width(policy));
    let width = widths.max().unwrap_or_default();
    for (policy, tally) in tallies.iter().filter(|_| tallies.len() > 1) {
        let parts = [(tally.refused, "refused"), (tally.warned, "with warnings")];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let policy = printable(policy);
        line(text, &format!("  {policy:width$}  {}", parts.join(", ")));
    }
}

fn findings(text: &mut String, findings: &[Finding], look: &Look, width: usize) {
    if findings.is_empty() {
        return;
    }
    let rows: Vec<[String; NAMES]> = findings.iter().map(names).collect();
    let columns = (0..NAMES).map(|column| {
        let lines = rows
            .iter()
            .filter_map(|row| row.get(column))
            .flat_map(|name| name.lines());
        lines
            .map(textwrap::core::display_width)
            .max()
            .unwrap_or_default()
            + PADDING
    });
    if columns.sum::<usize>() + 2 * (TEXT_COLUMN + PADDING) <= width {
        table(text, findings, rows, look, width);
    } else {
        list(text, findings, look, width);
    }
}

/// How many columns hold names, which are for copying and searching and so stay in one piece.
const NAMES: usize = 3;

fn names(finding: &Finding) -> [String; NAMES] {
    let place = match &finding.field {
        Some(field) => format!("{}\n{field}", finding.place),
        None => finding.place.to_string(),
    };
    [
        printable(&finding.policy),
        printable(&finding.object.to_string()),
        printable(&place),
    ]
}

fn table(
    text: &mut String,
    findings: &[Finding],
    rows: Vec<[String; NAMES]>,
    look: &Look,
    width: usize,
) {
    let mut table = Table::new();
    let fixes = findings.iter().any(|finding| finding.fix.is_some());
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .enforce_styling();
    table.style_text_only();
    let heads = ["Policy", "Object", "Where", "Problem"]
        .into_iter()
        .chain(fixes.then_some("Fix"));
    table.set_header(heads.map(|head| Cell::new(head).add_attribute(Attribute::Bold)));
    for column in table.column_iter_mut().take(NAMES) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    for (finding, names) in findings.iter().zip(rows) {
        let fix = printable(finding.fix.as_deref().unwrap_or_default());
        let problem = Cell::new(problem(finding)).fg(look.color);
        let cells = names.map(Cell::new).into_iter().chain([problem]);
        table.add_row(cells.chain(fixes.then(|| Cell::new(fix))));
    }
    let Look { heading, style, .. } = look;
    line(text, &format!("{style}{heading}{style:#}"));
    line(text, &table.trim_fmt());
    text.push('\n');
}

fn list(text: &mut String, findings: &[Finding], look: &Look, width: usize) {
    let Look { word, style, .. } = look;
    let mut above: Option<&Finding> = None;
    for finding in findings {
        if !above
            .is_some_and(|above| above.object == finding.object && above.policy == finding.policy)
        {
            if above.is_some() {
                text.push('\n');
            }
            let object = printable(&finding.object.to_string());
            let policy = printable(&finding.policy);
            line(
                text,
                &format!("{style}{word}{style:#}  {BOLD}{object}{BOLD:#}  by {policy}"),
            );
        }
        above = Some(finding);
        place(text, &finding.place, finding.field.as_deref(), width);
        paragraph(text, "    ", &problem(finding), width);
        if let Some(fix) = &finding.fix {
            paragraph(text, "    ", &format!("fix: {}", printable(fix)), width);
        }
    }
    text.push('\n');
}

/// Place and field share a line when they fit: both are for copying, so neither is broken.
fn place(text: &mut String, place: &Place, field: Option<&str>, width: usize) {
    let place = printable(&place.to_string());
    let field = printable(field.unwrap_or_default());
    let together = place.chars().count() + field.chars().count() + 4;
    match (field.is_empty(), together > width) {
        (true, _) => line(text, &format!("  {DIM}{place}{DIM:#}")),
        (false, false) => line(text, &format!("  {DIM}{place}{DIM:#}  {field}")),
        (false, true) => {
            line(text, &format!("  {DIM}{place}{DIM:#}"));
            line(text, &format!("  {field}"));
        }
    }
}

fn problem(finding: &Finding) -> String {
    let problem = printable(&finding.told());
    match &finding.rule {
        Some(rule) => format!("{problem} [{}]", printable(rule)),
        None => problem,
    }
}

fn notes(text: &mut String, notes: &[Note], width: usize) {
    for note in notes.iter().take(NOTES) {
        let note = printable(&format!("note: {}: {}", note.place, note.text));
        let wrapped = textwrap::fill(
            &note,
            Options::new(width)
                .subsequent_indent("      ")
                .word_splitter(WordSplitter::NoHyphenation)
                .break_words(false),
        );
        line(text, &format!("{DIM}{wrapped}{DIM:#}"));
    }
    if let Some(more) = notes.len().checked_sub(NOTES).filter(|more| *more > 0) {
        line(
            text,
            &format!("{DIM}note: and {more} more; `--format json` has them all{DIM:#}"),
        );
    }
    if !notes.is_empty() {
        text.push('\n');
    }
}

/// Wraps a text at words, never within one: paths and names are for copying.
fn paragraph(text: &mut String, indent: &str, content: &str, width: usize) {
    let options = Options::new(width.min(LINE))
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    line(text, &textwrap::fill(content, options));
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

#[cfg(test)]
mod tests;
