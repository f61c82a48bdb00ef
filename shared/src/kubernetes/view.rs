//! Parts of objects, each with the fields that a policy reads of it.

use document::Cursor;
use document::DecodeError;

/// A part of a pod spec that a policy reads.
pub trait View<'a>: Sized {
    /// Reads it.
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError>;
}

/// For lists that a policy does not read.
impl View<'_> for () {
    fn read(_: &Cursor<'_>) -> Result<Self, DecodeError> {
        Ok(())
    }
}
