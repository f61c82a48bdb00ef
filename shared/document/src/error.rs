//! What keeps a document from being read.

use std::fmt;

use crate::field::FieldPath;

/// JSON that is not what it should be: which field, and what was expected. Holds no value of the document.
///
/// Every `?` of a view has to move it. In a box it is one word, which makes a policy 4 to 10 KB smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Located>);

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Located {
    path: String,
    problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    /// The text is not JSON, or too deep.
    Syntax { line: usize, column: usize },
    /// The value is of another type.
    Type {
        found: &'static str,
        expected: &'static str,
    },
    /// The field is there twice.
    Duplicate,
    /// The field must be there, and is not.
    Missing,
}

impl DecodeError {
    #[cold]
    fn new(path: String, problem: Problem) -> Self {
        Self(Box::new(Located { path, problem }))
    }

    pub(crate) fn syntax(error: &serde_json::Error) -> Self {
        let problem = Problem::Syntax {
            line: error.line(),
            column: error.column(),
        };
        Self::new(String::new(), problem)
    }

    /// The value at `path` is not what was expected. `found` is no more than its type.
    #[cold]
    #[must_use]
    pub fn unexpected(path: &FieldPath<'_>, found: &'static str, expected: &'static str) -> Self {
        Self::new(path.to_string(), Problem::Type { found, expected })
    }

    /// What stands at `path` stands elsewhere as well, and must not.
    #[cold]
    #[must_use]
    pub fn repeated(path: &FieldPath<'_>) -> Self {
        Self::new(path.to_string(), Problem::Duplicate)
    }

    /// What has to be at `path` is not there.
    #[must_use]
    pub fn missing(path: &str) -> Self {
        Self::new(path.to_owned(), Problem::Missing)
    }

    /// The same problem, seen from above `parent`.
    #[cold]
    #[must_use]
    pub fn below(mut self, parent: &FieldPath<'_>) -> Self {
        let path = &mut self.0.path;
        let separator = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        *path = format!("{parent}{separator}{path}");
        self
    }

    /// What is wrong there.
    #[must_use]
    pub fn problem(&self) -> String {
        self.0.problem.to_string()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Located { path, problem } = &*self.0;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        problem.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column } => {
                write!(
                    f,
                    "is not JSON, or too deep, at line {line}, column {column}"
                )
            }
            Self::Type { found, expected } => write!(f, "must be {expected}, not {found}"),
            Self::Duplicate => f.write_str("appears more than once"),
            Self::Missing => f.write_str("is missing"),
        }
    }
}

impl std::error::Error for DecodeError {}
