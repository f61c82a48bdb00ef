//! Why a document cannot be read. What stands in it may be a Secret, so no message repeats a part of it, but for the
//! names of fields.

/// A document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Unreadable {
    /// The line in the file.
    pub line: usize,
    /// What is wrong with it.
    pub text: String,
}

impl Unreadable {
    /// What would exhaust the memory, or the stack.
    pub(super) fn too_deep(line: usize) -> Self {
        Self {
            line,
            text: "cannot be read: too large, too deep, or with too many aliases".to_owned(),
        }
    }
}
