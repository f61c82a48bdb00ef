//! From the bytes of a document to the lines of its file.

use super::lines::{Mark, Marks};

/// A text, and where it stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    /// How many lines stand above it in the file.
    pub(super) above: usize,
}

impl Text<'_> {
    /// Whether the name of a field may be told. In a Secret, a value may stand where a name should.
    pub(super) fn may_name_fields(self) -> bool {
        !self.text.contains("Secret")
    }
}

/// Finds lines for bytes that mostly come in their order, without counting from the start each time.
#[derive(Debug)]
pub(super) struct Places<'a> {
    text: Text<'a>,
    /// The last byte that was asked for, and the line breaks before it.
    last: (usize, usize),
}

impl<'a> Places<'a> {
    pub(super) fn in_text(text: Text<'a>) -> Self {
        Self { text, last: (0, 0) }
    }

    /// Where something is written. Its line is looked for where marks are kept.
    pub(super) fn mark<M: Marks>(&mut self, start: usize, end: usize) -> Mark {
        let line = if M::ARE_KEPT { self.line(start) } else { 0 };
        Mark { line, start, end }
    }

    /// The line of a byte in the file. Editors count line feeds, and none of the other breaks of YAML.
    pub(super) fn line(&mut self, byte: usize) -> usize {
        let (from, breaks) = if byte < self.last.0 {
            (0, 0)
        } else {
            self.last
        };
        let text = self.text.text;
        let between = text.get(from..byte.min(text.len())).unwrap_or_default();
        let breaks = breaks + between.matches('\n').count();
        self.last = (byte, breaks);
        self.text.above + breaks + 1
    }

    /// The line and the column of a byte, both from 1 on.
    pub(super) fn line_and_column(&mut self, byte: usize) -> (usize, usize) {
        let before = self.text.text.get(..byte).unwrap_or(self.text.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (self.line(byte), line.chars().count() + 1)
    }
}
