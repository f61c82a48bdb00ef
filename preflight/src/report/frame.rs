//! The lines of a manifest with a field underlined, for a terminal.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstream::adapter::strip_str;

use super::{Judged, Reported};

/// Lines above and below that of the field.
const AROUND: usize = 1;

/// The lines around the field of a finding, for this width. Empty where there are none to show.
pub(super) fn render(
    finding: &Reported,
    judged: &[Judged],
    level: Level<'static>,
    width: usize,
) -> String {
    let (Some(field), Some(judged)) = (&finding.field, judged.get(finding.position)) else {
        return String::new();
    };
    let lines = judged.written.excerpt([field.as_str()], AROUND);
    let Some(marked) = lines.iter().position(|line| !line.marks.is_empty()) else {
        return String::new();
    };
    // The names of a Secret's fields may be lines apart.
    let is_next_to = |index: usize| {
        let number = |index: usize| lines.get(index).map(|line| line.number);
        number(index)
            .zip(number(marked))
            .is_some_and(|(number, of_field)| number.abs_diff(of_field) == index.abs_diff(marked))
    };
    let mut text = String::new();
    let (mut first, mut span) = (None, 0..0);
    for (_, line) in lines
        .iter()
        .enumerate()
        .filter(|(index, _)| is_next_to(*index))
    {
        first.get_or_insert(line.number);
        if let Some(mark) = line.marks.first() {
            span = text.len() + mark.start..text.len() + mark.end;
        }
        text.extend([&line.text, "\n"]);
    }
    let snippet = Snippet::source(text.trim_end_matches('\n').to_owned())
        .line_start(first.unwrap_or(1))
        .fold(false)
        .annotation(AnnotationKind::Primary.span(span));
    let frame = Renderer::styled()
        .term_width(width)
        .render(&[Group::with_level(level).element(snippet)]);
    // Above and below the lines there are bars with nothing beside them.
    let is_empty = |line: &str| strip_str(line).to_string().trim() == "|";
    let lines: Vec<&str> = frame.lines().filter(|line| !is_empty(line)).collect();
    lines.join("\n")
}
