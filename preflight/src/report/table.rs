//! The report for people: a table where there is room for one, a list where there is not.

use std::fmt::Write;

use annotate_snippets::Level;
use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, presets};
use textwrap::{Options, WordSplitter};

use super::{
    Excepted, Judged, Needed, Reason, Report, Reported, Subject, Unjudged, frame, printable,
    unjudged::SHOWN as UNJUDGED,
};
use crate::manifests::{Note, Place, without_commands};

/// Texts in narrower columns than this are hard to read.
const TEXT_COLUMN: usize = 32;
/// In wider ones the eye loses the line.
const LINE: usize = 110;
/// What stands before the lines of a manifest.
const FRAME: &str = "  ";
/// What a column needs besides its content.
const PADDING: usize = 3;
/// More notes than this are counted, not shown.
const NOTES: usize = 10;
/// Of the files, more than this.
const FILES: usize = 5;
/// Of the objects that are needed from elsewhere, more than this.
const NEEDED: usize = 20;
/// Of the findings that do not count, more than this.
const EXCEPTED: usize = 10;

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
    level: Level<'static>,
}

const REFUSED: Look = Look {
    heading: "Refused",
    word: "REFUSED",
    style: RED,
    color: Color::Red,
    level: Level::ERROR,
};
const WARNING: Look = Look {
    heading: "Warnings",
    word: "WARNING",
    style: YELLOW,
    color: Color::Yellow,
    level: Level::WARNING,
};

/// Writes the report, coloured, for a terminal of this width.
#[must_use]
pub fn render(report: &Report, width: usize) -> String {
    written(report, width, None)
}

/// The same as a list, in which each finding has the lines of its manifest with the field underlined.
#[must_use]
pub fn render_with_frames(report: &Report, width: usize) -> String {
    written(report, width, Some(&report.judged))
}

/// `framed` are the objects whose lines are shown.
fn written(report: &Report, width: usize, framed: Option<&[Judged]>) -> String {
    let mut text = String::new();
    for (those, look) in [(&report.refusals, &REFUSED), (&report.warnings, &WARNING)] {
        match framed {
            Some(_) if those.is_empty() => {}
            Some(_) => list(&mut text, those, look, width, framed),
            None => findings(&mut text, those, look, width),
        }
    }
    for problem in &report.problems {
        let place = &problem.place;
        line(
            &mut text,
            &format!("{RED}PROBLEM{RED:#}  {BOLD}{place}{BOLD:#}"),
        );
        paragraph(&mut text, "    ", &printable(&problem.text), width);
        text.push('\n');
    }
    unjudged(&mut text, report, width);
    notes(&mut text, &report.notes, width);
    needed(&mut text, &report.needed_from_elsewhere);
    excepted(&mut text, &report.excepted, width);
    let summary = &report.summary;
    let style = if summary.refused > 0 || !report.problems.is_empty() {
        RED
    } else if summary.warned + summary.incomplete > 0 || !report.unjudged.is_empty() {
        YELLOW
    } else {
        GREEN
    };
    line(&mut text, &format!("{style}{summary}{style:#}"));
    by_policy(&mut text, report);
    if let Some(beside) = summary.beside() {
        line(&mut text, &beside);
    }
    if let Some(unreadable) = report.unreadable() {
        line(&mut text, &unreadable);
    }
    without_commands(&text)
}

/// What is needed from elsewhere, one object a line, with what needs it.
fn needed(text: &mut String, needed: &[Needed]) {
    if needed.is_empty() {
        return;
    }
    let what = match needed.len() {
        1 => "1 object that no manifest has".to_owned(),
        count => format!("{count} objects that no manifest has"),
    };
    let heading = format!("{YELLOW}NEEDED FROM ELSEWHERE{YELLOW:#}  {BOLD}{what}{BOLD:#}");
    let lines = needed.iter().map(|one| (&one.object, one.users()));
    listed(text, &heading, lines, NEEDED);
}

/// A heading, and below it a line for each object and what is to be said of it, at most so many.
fn listed<'a>(
    text: &mut String,
    heading: &str,
    lines: impl ExactSizeIterator<Item = (&'a Subject, String)>,
    most: usize,
) {
    line(text, heading);
    let more = beyond(lines.len(), most);
    for (object, told) in lines.take(most) {
        line(text, &format!("  {object}  {DIM}{told}{DIM:#}"));
    }
    if let Some(more) = more {
        line(text, &format!("  {more}"));
    }
    text.push('\n');
}

/// What does not count, and why.
fn excepted(text: &mut String, excepted: &[Excepted], width: usize) {
    let (baselined, excepted): (Vec<_>, Vec<_>) =
        excepted.iter().partition(|one| one.is_of_baseline());
    for one in excepted.iter().take(EXCEPTED) {
        let finding = &one.finding;
        let rule = finding.rule.as_deref().unwrap_or_default();
        let (object, policy) = (&finding.object, printable(&finding.policy));
        line(
            text,
            &format!(
                "{DIM}EXCEPTED{DIM:#}  {BOLD}{object}{BOLD:#}  by {policy} [{}]",
                printable(rule)
            ),
        );
        place(text, &finding.place, finding.field.as_deref(), width);
        paragraph(text, "    ", &printable(&one.because.to_string()), width);
        text.push('\n');
    }
    if let Some(more) = beyond(excepted.len(), EXCEPTED) {
        line(text, &format!("{DIM}EXCEPTED{DIM:#}  {more}\n"));
    }
    in_the_baseline(text, &baselined);
}

/// What was there before, one finding a line.
fn in_the_baseline(text: &mut String, baselined: &[&Excepted]) {
    if baselined.is_empty() {
        return;
    }
    let what = match baselined.len() {
        1 => "1 finding that was there before".to_owned(),
        count => format!("{count} findings that were there before"),
    };
    let heading = format!("{DIM}IN THE BASELINE{DIM:#}  {BOLD}{what}{BOLD:#}");
    let lines = baselined.iter().map(|one| {
        let Reported {
            object,
            policy,
            rule,
            ..
        } = &one.finding;
        let rule = rule.as_deref();
        let rule = rule.map_or_else(String::new, |rule| format!(" [{rule}]"));
        (object, printable(&format!("{policy}{rule}")))
    });
    listed(text, &heading, lines, EXCEPTED);
}

/// What was not checked: objects and policies one by one, files by the reason, so that a folder with hundreds of
/// templates does not fill the screen.
fn unjudged(text: &mut String, report: &Report, width: usize) {
    for (reason, those) in report.unjudged_by_reason() {
        if reason.is_of_files() {
            files(text, reason, &those, width);
            continue;
        }
        for one in those.iter().take(UNJUDGED) {
            let subject = one.object.as_ref().map(ToString::to_string);
            not_checked(text, &subject.unwrap_or_default());
            place(text, &one.place, None, width);
            paragraph(text, "    ", &printable(&one.text), width);
            text.push('\n');
        }
        if let Some(more) = beyond(those.len(), UNJUDGED) {
            not_checked(text, &more);
            text.push('\n');
        }
    }
}

fn files(text: &mut String, reason: Reason, files: &[&Unjudged], width: usize) {
    not_checked(text, &reason.of_files(files));
    for one in files.iter().take(FILES) {
        place(text, &one.place, None, width);
    }
    if let Some(more) = beyond(files.len(), FILES) {
        line(text, &format!("  {more}"));
    }
    paragraph(text, "    ", reason.advice(), width);
    text.push('\n');
}

fn not_checked(text: &mut String, what: &str) {
    line(
        text,
        &format!("{YELLOW}NOT CHECKED{YELLOW:#}  {BOLD}{what}{BOLD:#}"),
    );
}

/// What to say of more than are shown.
fn beyond(count: usize, shown: usize) -> Option<String> {
    let more = count.checked_sub(shown).filter(|more| *more > 0)?;
    Some(format!("and {more} more; `--format json` has them all"))
}

/// The numbers of each policy, where there is more than one that has something to say.
fn by_policy(text: &mut String, report: &Report) {
    let tallies = &report.by_policy;
    let widths = tallies
        .keys()
        .map(|policy| textwrap::core::display_width(policy));
    let width = widths.max().unwrap_or_default();
    for (policy, tally) in tallies.iter().filter(|_| tallies.len() > 1) {
        let policy = printable(policy);
        line(text, &format!("  {policy:width$}  {tally}"));
    }
}

fn findings(text: &mut String, findings: &[Reported], look: &Look, width: usize) {
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
        list(text, findings, look, width, None);
    }
}

/// How many columns hold names, which are for copying and searching and so stay in one piece.
const NAMES: usize = 3;

fn names(finding: &Reported) -> [String; NAMES] {
    let place = match &finding.field {
        Some(field) => format!("{}\n{}", finding.place, printable(field)),
        None => finding.place.to_string(),
    };
    [
        printable(&finding.policy),
        finding.object.to_string(),
        place,
    ]
}

fn table(
    text: &mut String,
    findings: &[Reported],
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

fn list(
    text: &mut String,
    findings: &[Reported],
    look: &Look,
    width: usize,
    framed: Option<&[Judged]>,
) {
    let Look {
        word, style, level, ..
    } = look;
    let mut above: Option<&Reported> = None;
    for finding in findings {
        if !above
            .is_some_and(|above| above.object == finding.object && above.policy == finding.policy)
        {
            if above.is_some() {
                text.push('\n');
            }
            let object = &finding.object;
            let policy = printable(&finding.policy);
            line(
                text,
                &format!("{style}{word}{style:#}  {BOLD}{object}{BOLD:#}  by {policy}"),
            );
        }
        // Two findings about one field have its lines once.
        let is_shown = above.is_some_and(|above| {
            above.policy == finding.policy
                && above.position == finding.position
                && above.field == finding.field
        });
        above = Some(finding);
        place(text, &finding.place, finding.field.as_deref(), width);
        if let Some(judged) = framed.filter(|_| !is_shown) {
            let width = width.min(LINE).saturating_sub(FRAME.len());
            let frame = frame::render(finding, judged, level.clone(), width);
            for content in frame.lines() {
                line(text, &format!("{FRAME}{content}"));
            }
        }
        paragraph(text, "    ", &problem(finding), width);
        if let Some(fix) = &finding.fix {
            paragraph(text, "    ", &format!("fix: {}", printable(fix)), width);
        }
    }
    text.push('\n');
}

/// Place and field share a line when they fit: both are for copying, so neither is broken.
fn place(text: &mut String, place: &Place, field: Option<&str>, width: usize) {
    let place = place.to_string();
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

fn problem(finding: &Reported) -> String {
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
    if let Some(more) = beyond(notes.len(), NOTES) {
        line(text, &format!("{DIM}note: {more}{DIM:#}"));
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
