//! Numbers among very many: a Service may list ten thousands.

use shared::index::{Index, hash};

/// A list of numbers, in which each is found at once.
#[derive(Debug)]
pub(crate) struct Numbers {
    list: Vec<i64>,
    index: Index,
}

impl Numbers {
    pub(crate) fn new(list: Vec<i64>) -> Self {
        let hashes: Vec<u64> = list.iter().map(|number| hash_of(*number, "")).collect();
        Self {
            list,
            index: Index::new(&hashes),
        }
    }

    /// The places of a number.
    pub(crate) fn places(&self, number: i64) -> impl Iterator<Item = usize> {
        let places = self.index.places(hash_of(number, ""));
        places.filter(move |place| self.list.get(*place) == Some(&number))
    }

    /// The first place of a number.
    pub(crate) fn first(&self, number: i64) -> Option<usize> {
        self.places(number).next()
    }

    pub(crate) fn contains(&self, number: i64) -> bool {
        self.first(number).is_some()
    }
}

/// A hash of a number for a protocol.
pub(crate) fn hash_of(number: i64, protocol: &str) -> u64 {
    hash(number.cast_unsigned(), protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_of_each() {
        let numbers = Numbers::new(vec![30080, -1, 30081, 30080]);
        for (number, first) in [(30080, Some(0)), (-1, Some(1)), (30081, Some(2)), (0, None)] {
            assert_eq!(numbers.first(number), first, "{number}");
            assert_eq!(numbers.contains(number), first.is_some(), "{number}");
        }
    }

    #[test]
    fn hashes_of_neighbours_differ_where_it_counts() {
        let numbers = Numbers::new((0..60_000).collect());
        let longest = (0..60_000).map(|number| numbers.index.places(hash_of(number, "")).count());
        assert!(longest.max() < Some(12));
    }
}
