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

/// Keeps of those that are the same the first alone.
pub fn keep_first<T>(
    list: &mut Vec<T>,
    hash: impl Fn(&T) -> u64,
    is_same: impl Fn(&T, &T) -> bool,
) {
    let hashes: Vec<u64> = list.iter().map(hash).collect();
    let are_same = |one: usize, other: usize| match (list.get(one), list.get(other)) {
        (Some(one), Some(other)) => is_same(one, other),
        _ => false,
    };
    let is_first = first_places(&hashes, &are_same);
    let mut place = 0;
    list.retain(|_| {
        place += 1;
        is_first.get(place - 1) == Some(&true)
    });
}

/// Whether each place is the first of those that are the same.
// One for all types: what is generic is in the wasm once for each.
#[inline(never)]
fn first_places(hashes: &[u64], are_same: &dyn Fn(usize, usize) -> bool) -> Vec<bool> {
    let index = Index::new(hashes);
    let is_first = |(place, hash): (usize, &u64)| {
        let mut same = index.places(*hash);
        same.find(|other| are_same(*other, place)) == Some(place)
    };
    hashes.iter().enumerate().map(is_first).collect()
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

    #[test]
    fn keeps_the_first_of_those_that_are_the_same() {
        let mut list = vec![("a", 1), ("b", 2), ("a", 3), ("", 4), ("b", 5), ("c", 6)];
        keep_first(
            &mut list,
            |(name, _)| hash(0, name),
            |one, other| one.0 == other.0,
        );
        assert_eq!(list, [("a", 1), ("b", 2), ("", 4), ("c", 6)]);
        // Not all that has one hash is the same.
        let mut list = vec!["a", "b", "a"];
        keep_first(&mut list, |_| 7, |one, other| one == other);
        assert_eq!(list, ["a", "b"]);
    }
}
