//! The names of the fields that a policy reads.

/// Names of fields, in a table in which mostly one comparison of texts is enough.
#[derive(Debug)]
pub struct FieldNames {
    lists: &'static [&'static [&'static str]],
    /// For each name its place: in the slot of the name, or in the next that was free.
    slots: [u8; SLOTS],
}

/// Powers of two. A slot holds the number of a list and a place in it, counted from 1.
const SLOTS: usize = 128;
const PLACES: usize = 64;

impl FieldNames {
    /// The names in these lists.
    ///
    /// # Panics
    ///
    /// Where they are too many, which is seen when a policy is compiled.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "what is out of range does not compile"
    )]
    pub const fn of(lists: &'static [&'static [&'static str]]) -> Self {
        let (mut slots, mut filled, mut list) = ([0; SLOTS], 0, 0);
        while list < lists.len() {
            let mut place = 0;
            while place < lists[list].len() {
                let mut slot = slot_of(lists[list][place].as_bytes());
                while slots[slot] != 0 {
                    slot = (slot + 1) % SLOTS;
                }
                place += 1;
                filled += 1;
                slots[slot] = (list * PLACES + place) as u8;
                assert!(place < PLACES && list * PLACES + place <= u8::MAX as usize);
                assert!(filled < SLOTS * 3 / 4, "too many names");
            }
            list += 1;
        }
        Self { lists, slots }
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let mut slot = slot_of(name.as_bytes());
        while let Some(found @ 1..) = self.slots.get(slot) {
            let found = usize::from(*found);
            let list = self.lists.get(found / PLACES);
            if list.and_then(|list| list.get(found % PLACES - 1)) == Some(&name) {
                return true;
            }
            slot = (slot + 1) % SLOTS;
        }
        false
    }
}

/// Where the search for a name starts: its length, first and last letter tell most names apart.
const fn slot_of(name: &[u8]) -> usize {
    match name {
        [first, .., last] => (name.len() * 37 + *first as usize * 5 + *last as usize) % SLOTS,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_each_of_its_names_and_no_other() {
        static NAMES: FieldNames = FieldNames::of(&[&["name", "kind", ""], &["metadata", "eman"]]);
        for name in ["name", "kind", "", "metadata", "eman"] {
            assert!(NAMES.has(name), "{name}");
        }
        // The first ones have the length and the ends of a name.
        for name in ["nice", "mold", "metadatas", "Name", "k"] {
            assert!(!NAMES.has(name), "{name}");
        }
    }

    #[test]
    fn a_table_that_is_nearly_full_is_searched_to_its_end() {
        const MANY: &[&str] = &[
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
            "r", "s", "t", "u", "v", "w", "x", "y", "z", "A", "B", "C", "D", "E", "F", "G", "H",
            "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y",
            "Z",
        ];
        // All start in one slot.
        static NAMES: FieldNames = FieldNames::of(&[MANY]);
        assert!(MANY.iter().all(|name| NAMES.has(name)));
        assert!(!NAMES.has("0"));
    }
}
