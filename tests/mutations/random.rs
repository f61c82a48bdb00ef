//! The shared generator, started elsewhere for each number of a seed.

/// Numbers that look random, and are the same in every run.
#[derive(Clone)]
pub(crate) struct Random(bundle_tests::Random);

impl Random {
    /// One that starts elsewhere for each number of a seed.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let start = seed ^ number.wrapping_mul(0xd134_2543_de82_ef95);
        Self(bundle_tests::Random::new(start))
    }

    /// A number below the limit; 0 where there is none.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit.max(1))
    }

    /// Whether something that happens once in so many times happens now.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        self.0.pick(choices)
    }
}
