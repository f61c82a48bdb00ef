//! Numbers that are the same in each run, for generated objects.

/// The generator `SplitMix64`. Its user prints the seed with what fails.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let number = u128::from(mixed) % (limit as u128).max(1);
        usize::try_from(number).unwrap_or_default()
    }

    /// One of several.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[expect(
        clippy::indexing_slicing,
        reason = "a choice of nothing is a mistake in a test"
    )]
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[self.below(choices.len())]
    }

    /// At most so many bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        let byte = |_| u8::try_from(self.below(256)).unwrap_or_default();
        (0..count).map(byte).collect()
    }
}
