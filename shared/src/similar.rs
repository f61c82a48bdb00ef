//! What a user probably meant.

/// How many bytes tell two texts apart: to be added, left out or replaced.
#[must_use]
pub fn distance(one: &str, other: &str) -> usize {
    between(&one.as_bytes().to_vec(), &other.as_bytes().to_vec())
}

// Bytes will do: names that are compared are ASCII, or odd anyway.
#[inline(never)]
fn between(one: &Vec<u8>, other: &Vec<u8>) -> usize {
    strsim::generic_levenshtein(one, other)
}

/// The first of these that is most like `name`, where one is so much like it that it was probably meant: `DB_HOST` for
/// `db-host`, and no `DB_HOST` for `DB_PORT`.
pub fn nearest<'c>(name: &str, candidates: &mut dyn Iterator<Item = &'c str>) -> Option<&'c str> {
    let name = plain(name);
    let (mut nearest, mut least) = (None, (1 + name.len() / 8).min(name.len() / 2) + 1);
    for candidate in candidates.take(MAX_CANDIDATES) {
        // What differs more in length is not like it, whatever it is.
        if candidate.len().abs_diff(name.len()) >= least {
            continue;
        }
        let far = between(&name, &plain(candidate));
        if far < least {
            (nearest, least) = (Some(candidate), far);
        }
    }
    nearest
}

/// It takes long to compare with very many.
const MAX_CANDIDATES: usize = 1_000;

/// A name without what people write in several ways.
fn plain(name: &str) -> Vec<u8> {
    let plain = |byte| match byte {
        b'_' | b'.' => b'-',
        byte => byte.to_ascii_lowercase(),
    };
    name.bytes().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_meant_and_nothing_else() {
        let keys = ["DB_HOST", "DB_USER", "nginx.conf", "a"];
        for (name, expected) in [
            ("db_host", Some("DB_HOST")),
            ("db-host", Some("DB_HOST")),
            ("DB_HOSTS", Some("DB_HOST")),
            ("DB_PORT", None),
            ("ngnix.conf", None),
            ("nginx.cnf", Some("nginx.conf")),
            ("nginx-conf", Some("nginx.conf")),
            ("", None),
            ("b", None),
            ("A", Some("a")),
            ("abc", None),
        ] {
            let found = nearest(name, &mut keys.into_iter());
            assert_eq!(found, expected, "{name}");
        }
        let many = vec!["x"; MAX_CANDIDATES];
        let found = nearest("abcdefgh", &mut many.into_iter().chain(["abcdefgh"]));
        assert_eq!(found, None);
    }
}
