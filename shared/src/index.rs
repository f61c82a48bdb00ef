//! Finds texts among very many: users write lists with ten thousands of entries.
//!
//! A map of the standard library costs a policy ten times as much of its size.

/// Marks the end of a chain.
const END: usize = usize::MAX;

/// The places of a list by a hash of what stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// The first place of each chain; as many as a power of two.
    heads: Vec<usize>,
    /// For each place the next one of its chain.
    links: Vec<usize>,
}

/// A hash of a text, to be continued with others (FNV-1a).
#[must_use]
pub fn hash(before: u64, text: &str) -> u64 {
    // A byte that no text has keeps apart what is one text and what is two.
    let bytes = text.bytes().chain([0xff]);
    bytes.fold(before ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Index {
    /// The index of a list, of which these are the hashes.
    #[must_use]
    pub fn new(hashes: &[u64]) -> Self {
        let mut index = Self {
            heads: vec![END; hashes.len().next_power_of_two()],
            links: vec![END; hashes.len()],
        };
        // From the end, so that each chain is in the order of the list.
        for (place, hash) in hashes.iter().enumerate().rev() {
            let chain = index.chain(*hash);
            if let (Some(head), Some(link)) =
                (index.heads.get_mut(chain), index.links.get_mut(place))
            {
                *link = std::mem::replace(head, place);
            }
        }
        index
    }

    /// The index of a list of texts.
    #[inline(never)]
    pub fn of(texts: &mut dyn Iterator<Item = &str>) -> Self {
        let hashes: Vec<u64> = texts.map(|text| hash(0, text)).collect();
        Self::new(&hashes)
    }

    fn chain(&self, hash: u64) -> usize {
        // The last bits of a product depend on the last bits of its factors alone.
        let mixed = hash ^ hash >> 32;
        #[expect(clippy::cast_possible_truncation, reason = "only the last bits count")]
        let chain = mixed as usize & self.heads.len().wrapping_sub(1);
        chain
    }

    /// The places of what may have this hash, in the order of the list.
    pub fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        let mut next = self.heads.get(self.chain(hash)).copied();
        std::iter::from_fn(move || {
            let place = next?;
            next = self.links.get(place).copied();
            (place != END).then_some(place)
        })
    }

    /// The first of these places that fits. It is not found again.
    pub fn take(&mut self, hash: u64, fits: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        let chain = self.chain(hash);
        let (mut before, mut place) = (END, *self.heads.get(chain)?);
        loop {
            let next = *self.links.get(place)?;
            if fits(place) {
                let link = self.links.get_mut(before);
                *link.or(self.heads.get_mut(chain))? = next;
                return Some(place);
            }
            (before, place) = (place, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_place_in_order() {
        let names = ["a", "b", "a", "c", "", "a"];
        let hashes: Vec<u64> = names.iter().map(|name| hash(0, name)).collect();
        let mut index = Index::new(&hashes);
        let places = |index: &Index, name: &str| -> Vec<usize> {
            let places = index.places(hash(0, name));
            places.filter(|place| names[*place] == name).collect()
        };
        for (name, expected) in [
            ("a", &[0, 2, 5][..]),
            ("b", &[1]),
            ("c", &[3]),
            ("", &[4]),
            ("d", &[]),
        ] {
            assert_eq!(places(&index, name), expected, "{name}");
        }
        for (taken, left) in [(2, &[0, 5][..]), (0, &[5]), (5, &[])] {
            let fits = &mut |place| place == taken;
            assert_eq!(index.take(hash(0, "a"), fits), Some(taken));
            assert_eq!(index.take(hash(0, "a"), fits), None, "only once");
            assert_eq!(places(&index, "a"), left);
        }
        assert_eq!(places(&index, "b"), [1]);
    }

    #[test]
    fn has_short_chains() {
        let hashes: Vec<u64> = (0..100_000)
            .map(|number| hash(0, &format!("volume-{number}")))
            .collect();
        let index = Index::new(&hashes);
        let longest = hashes.iter().map(|hash| index.places(*hash).count()).max();
        assert!(longest < Some(12), "{longest:?}");
        assert_eq!(Index::new(&[]).places(7).next(), None);
    }

    #[test]
    fn two_texts_are_not_one() {
        let both = |one, other| hash(hash(0, one), other);
        assert_ne!(both("ab", "c"), both("a", "bc"));
        assert_ne!(both("abc", ""), hash(0, "abc"));
    }
}
