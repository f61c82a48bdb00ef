//! Bytes as choices: what an object is made from.

use arbitrary::Unstructured;

/// The choices that bytes stand for. When there are no more bytes, the first choice is taken.
pub(crate) struct Choices<'b>(Unstructured<'b>);

impl<'b> Choices<'b> {
    /// The choices of these bytes.
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let last = limit.saturating_sub(1);
        self.0.int_in_range(0..=last).unwrap_or_default()
    }

    /// One in so many.
    pub(crate) fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count.saturating_sub(1)
    }

    /// One of several.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A number of 16 bits.
    pub(crate) fn number(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// At most so many bytes.
    pub(crate) fn bytes(&mut self, most: usize) -> &'b [u8] {
        let count = self.below(most.min(self.0.len()) + 1);
        self.0.bytes(count).unwrap_or_default()
    }

    /// All bytes that are left.
    pub(crate) fn rest(self) -> &'b [u8] {
        self.0.take_rest()
    }

    /// A text of at most so many bytes.
    pub(crate) fn text(&mut self, most: usize) -> String {
        String::from_utf8_lossy(self.bytes(most)).into_owned()
    }
}
