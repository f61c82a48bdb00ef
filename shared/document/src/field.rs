//! The place of a value in an object: `spec.template.spec.containers[1].image`, `data["tls.crt"]`.

use std::fmt;

use crate::line::one_line;
use crate::quote::quote;

/// No key is printed with more bytes: behind a longer one, a warning would be cut before it says anything.
const MAX_KEY_BYTES: usize = 100;

/// A path that borrows its parents, so that walking an object costs nothing until a path is printed.
///
/// ```
/// use document::FieldPath;
///
/// let spec = FieldPath::new("spec");
/// let volumes = spec.child("volumes");
/// assert_eq!(volumes.index(2).child("name").to_string(), "spec.volumes[2].name");
/// assert_eq!(FieldPath::new("data").key("tls.crt").to_string(), r#"data["tls.crt"]"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldPath<'a> {
    parent: Option<&'a FieldPath<'a>>,
    segment: Segment<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> FieldPath<'a> {
    /// A path that starts at the top of an object. It may have several segments: `spec.template.spec`.
    #[must_use]
    pub const fn new(path: &'a str) -> Self {
        Self {
            parent: None,
            segment: Segment::Field(path),
        }
    }

    /// Whether this is the top of an object itself.
    fn is_nowhere(&self) -> bool {
        self.parent.is_none() && matches!(self.segment, Segment::Field(""))
    }

    /// The field `name` below this one.
    #[must_use]
    pub const fn child(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            segment: Segment::Field(name),
        }
    }

    /// The field `name` beside this one.
    #[must_use]
    pub const fn sibling(&self, name: &'a str) -> Self {
        Self {
            parent: self.parent,
            segment: Segment::Field(name),
        }
    }

    /// The item `index` of this list, counted from 0.
    #[must_use]
    pub const fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            segment: Segment::Index(index),
        }
    }

    /// The entry `name` of this map, whose keys are fields unless they look otherwise: `requests.cpu`, but
    /// `requests["example.com/gpu"]`.
    #[must_use]
    pub fn entry(&'a self, name: &'a str) -> Self {
        if name.contains(['.', '/']) {
            self.key(name)
        } else {
            self.child(name)
        }
    }

    /// The entry `key` of this map, whose keys the user chooses.
    #[must_use]
    pub const fn key(&'a self, key: &'a str) -> Self {
        Self {
            parent: Some(self),
            segment: Segment::Key(key),
        }
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Field(name) if self.parent.is_none_or(Self::is_nowhere) => f.write_str(name),
            Segment::Field(name) => write!(f, ".{name}"),
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) if key.len() > MAX_KEY_BYTES => {
                write!(f, "[{}]", quote(&one_line(key, MAX_KEY_BYTES)))
            }
            Segment::Key(key) => write!(f, "[{}]", quote(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_every_kind_of_segment() {
        let template = FieldPath::new("spec.template.spec");
        let containers = template.child("containers");
        let container = containers.index(1);
        assert_eq!(
            container.child("resources").to_string(),
            "spec.template.spec.containers[1].resources"
        );
        assert_eq!(FieldPath::new("").child("spec").to_string(), "spec");
        assert_eq!(FieldPath::new("").index(1).to_string(), "[1]");
        let data = FieldPath::new("data");
        assert_eq!(data.key("a.b").to_string(), r#"data["a.b"]"#);
        let whole = "k".repeat(99) + "\n";
        assert_eq!(
            data.key(&whole).to_string(),
            format!("data[\"{}\\n\"]", &whole[..99])
        );
        let long = "k".repeat(101);
        assert_eq!(
            data.key(&long).to_string(),
            format!("data[\"{}…\"]", &long[..99])
        );
        assert_eq!(data.entry("a.b").to_string(), r#"data["a.b"]"#);
        assert_eq!(data.entry("ab").to_string(), "data.ab");
        assert_eq!(
            data.key("a\"\n").child("x").to_string(),
            r#"data["a\"\n"].x"#
        );
    }
}
