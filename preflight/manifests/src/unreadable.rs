//! Why a document cannot be read, in words alone: what stands in it may be a Secret.

use std::borrow::Cow;

use serde_saphyr::Error;

/// A document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Unreadable {
    /// The line in the file.
    pub line: usize,
    /// What is wrong with it, and in which column.
    pub text: String,
}

impl Unreadable {
    /// `above` is how many lines stand above the document in its file.
    pub(super) fn new(error: &Error, above: usize) -> Self {
        let place = error.location().and_then(|location| {
            let line = usize::try_from(location.line()).ok()?;
            Some((line, location.column()))
        });
        let problem = problem(error);
        match place {
            Some((line, column)) => Self {
                line: above + line,
                text: format!("cannot be read: {problem} (column {column})"),
            },
            None => Self {
                line: above + 1,
                text: format!("cannot be read: {problem}"),
            },
        }
    }
}

/// The problems that are known to be told without a part of the document. What else there may be gets no words of its
/// own: many errors carry the value, the tag or the key that they are about, and where a quote or an indentation is
/// wrong, any of these is a part of a value.
fn problem(error: &Error) -> Cow<'_, str> {
    let text = match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => {
            return problem(error);
        }
        // The words of the scanner, which name brackets and reserved characters at most.
        Error::ExternalMessage { msg, .. } => return Cow::from(msg),
        Error::Unexpected { expected, .. } => return Cow::from(format!("expected {expected}")),
        Error::Eof { .. } => "unexpected end of the document",
        Error::MultipleDocuments { .. } => "more than one document",
        Error::DuplicateMappingKey { .. } => "duplicate mapping key",
        Error::NullIntoString { .. } => "a key that is null",
        Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            "`<<` takes a mapping or a sequence of mappings"
        }
        Error::UnsupportedTag { .. }
        | Error::InvalidScalar { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. } => {
            "a tag that does not fit what it stands before"
        }
        Error::InvalidBinaryBase64 { .. } => "!!binary that is not base64",
        Error::BinaryNotUtf8 { .. } => "!!binary that is not text in UTF-8",
        Error::UnknownAnchor { .. } => "an alias to an unknown anchor",
        Error::RecursiveReferencesRequireWeakTypes { .. } => "an alias within its own anchor",
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "too large, too deep, or with too many aliases"
        }
        _ => "neither YAML nor JSON",
    };
    Cow::Borrowed(text)
}
