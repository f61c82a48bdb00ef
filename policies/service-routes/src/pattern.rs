//! Paths as regular expressions, and what a rewrite refers to in them.
//!
//! ingress-nginx writes `rewrite "(?i)<path>" <target> break;` for each path of an Ingress with a `rewrite-target`, and what
//! nginx finds no group for is empty. Source: `buildProxyPass` in `internal/ingress/controller/template/template.go` of
//! kubernetes/ingress-nginx.

use crate::views::Ingress;

/// The `rewrite-target` of an Ingress.
#[derive(Debug)]
pub(crate) struct Rewrite<'a> {
    pub(crate) target: &'a str,
    /// The groups that it refers to.
    pub(crate) references: Vec<usize>,
    /// Whether it is for one path alone.
    pub(crate) is_of_one: bool,
}

impl<'a> Rewrite<'a> {
    pub(crate) fn of(ingress: &Ingress<'a>) -> Self {
        Self {
            target: ingress.rewrite_target,
            references: references(ingress.rewrite_target),
            is_of_one: ingress.paths.len() == 1,
        }
    }
}

/// A path as a regular expression: its groups.
#[derive(Debug)]
pub(crate) struct Pattern<'p> {
    pub(crate) path: &'p str,
    /// What is in front of the first bracket.
    pub(crate) start: &'p str,
    /// What is in each group, in the order in which they are counted.
    groups: Vec<&'p str>,
}

/// No rewrite refers to a group behind these.
const MAX_GROUPS: usize = 9;

impl<'p> Pattern<'p> {
    pub(crate) fn read(path: &'p str) -> Self {
        let bytes = path.as_bytes();
        let mut start = path;
        // Where each group begins and ends.
        let mut groups: Vec<(usize, usize)> = Vec::new();
        // The groups that are open, and none for brackets that do not count.
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut place = 0;
        while let Some(byte) = bytes.get(place) {
            match byte {
                b'\\' => place += 1,
                b'[' => place = end_of_class(bytes, place),
                b'(' => {
                    if start == path {
                        start = path.get(..place).unwrap_or_default();
                    }
                    let inside = inside_of_group(bytes, place);
                    open.push(inside.map(|_| groups.len()));
                    groups.extend(inside.map(|inside| (inside, bytes.len())));
                }
                b')' => {
                    let group = open.pop().flatten();
                    if let Some((_, end)) = group.and_then(|group| groups.get_mut(group)) {
                        *end = place;
                    }
                }
                _ => {}
            }
            place += 1;
        }
        let inside = |(from, to): &(usize, usize)| path.get(*from..*to).unwrap_or_default();
        Self {
            path,
            start,
            groups: groups.iter().take(MAX_GROUPS).map(inside).collect(),
        }
    }

    /// How many groups a rewrite can refer to.
    pub(crate) fn count(&self) -> usize {
        self.groups.len()
    }

    /// Whether a group, counted from 1, can hold nothing but slashes.
    pub(crate) fn is_slash(&self, group: usize) -> bool {
        let content = self.groups.get(group.wrapping_sub(1));
        content.is_some_and(|content| {
            let mut bytes = content.bytes();
            bytes.all(|byte| b"/|$^?\\".contains(&byte))
        })
    }
}

/// The end of a class of characters, whose first sign is a part of it: `[]a]`.
fn end_of_class(bytes: &[u8], start: usize) -> usize {
    let mut place = start + 1;
    place += usize::from(bytes.get(place) == Some(&b'^'));
    place += usize::from(bytes.get(place) == Some(&b']'));
    while let Some(byte) = bytes.get(place) {
        match byte {
            b']' => break,
            b'\\' => place += 2,
            _ => place += 1,
        }
    }
    place
}

/// Where the inside of a group begins that counts: not that of `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!`, `(?i)` and `(*`.
fn inside_of_group(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start + 1..).unwrap_or_default();
    let name = match rest {
        [b'*', ..] | [b'?', b'<', b'=' | b'!', ..] => return None,
        [b'?', b'<' | b'\'', ..] | [b'?', b'P', b'<', ..] => rest
            .iter()
            .skip(3)
            .position(|byte| matches!(byte, b'>' | b'\''))?,
        [b'?', ..] => return None,
        _ => return Some(start + 1),
    };
    Some(start + 1 + 3 + name + 1)
}

/// The groups that a target of a rewrite refers to: one digit each, and `$20` is `$2` and a 0.
fn references(target: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut before = b' ';
    for byte in target.bytes() {
        if before == b'$' && matches!(byte, b'1'..=b'9') {
            found.push(usize::from(byte - b'0'));
        }
        before = byte;
    }
    found
}

/// Whether a path has what only a regular expression or a wildcard makes sense of. Single signs that are legal in a URL
/// may be meant: `/odata/$metadata`, `/a(b)`.
pub(crate) fn is_pattern(path: &str) -> bool {
    // What is in brackets, as long as they are open, and whether there is a choice.
    let (mut is_open, mut has_bar, mut is_choice) = (false, false, false);
    let mut before = b'/';
    let mut bytes = path.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let is_pair = match (before, byte) {
            (b'.' | b']', b'*' | b'+') | (b'(', b'?') | (_, b'\\') => true,
            (b'/', b'*') => matches!(bytes.peek(), None | Some(b'/')),
            _ => false,
        };
        if is_pair {
            return true;
        }
        match byte {
            b'(' => (is_open, has_bar) = (true, false),
            b'|' => has_bar = is_open,
            b')' => {
                is_choice |= is_open && has_bar;
                is_open = false;
            }
            _ => {}
        }
        before = byte;
    }
    is_choice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_as_nginx_counts_them() {
        for (path, start, groups) in [
            ("/foo", "/foo", &[][..]),
            ("/foo(/|$)(.*)", "/foo", &["/|$", ".*"]),
            ("/foo(?:/|$)(.*)", "/foo", &[".*"]),
            ("/foo(/(.*))?", "/foo", &["/(.*)", ".*"]),
            (r"/v\(1\)/(.*)", r"/v\(1\)/", &[".*"]),
            ("/x[(](.*)", "/x[(]", &[".*"]),
            ("/x[](](.*)", "/x[](]", &[".*"]),
            ("/x[^](](.*)", "/x[^](]", &[".*"]),
            (r"/x[\](](.*)", r"/x[\](]", &[".*"]),
            ("/(?<a>x)(?P<b>y)(?'c'z)", "/", &["x", "y", "z"]),
            ("/(?=a)(?!b)(?<=c)(?<!d)(?i)(e)", "/", &["e"]),
            ("/(*ACCEPT)(a)", "/", &["a"]),
            ("/(a(b)", "/", &["a(b)", "b"]),
            ("/a)(b)", "/a)", &["b"]),
            (r"/a\", r"/a\", &[]),
            ("/a[", "/a[", &[]),
            ("/(?<a", "/", &[]),
        ] {
            let pattern = Pattern::read(path);
            assert_eq!((pattern.start, &*pattern.groups), (start, groups), "{path}");
            assert_eq!(pattern.count(), groups.len());
        }
        let many = "()".repeat(20);
        assert_eq!(Pattern::read(&many).count(), MAX_GROUPS);
    }

    #[test]
    fn a_slash_is_what_can_hold_nothing_else() {
        for (path, slash) in [
            ("(/|$)", true),
            ("()", true),
            ("(/?)", true),
            (r"(\/|$)", true),
            ("(^/)", true),
            ("(.*)", false),
            ("(/a)", false),
            ("(/.*)", false),
        ] {
            assert_eq!(Pattern::read(path).is_slash(1), slash, "{path}");
        }
        assert!(!Pattern::read("()").is_slash(2) && !Pattern::read("()").is_slash(0));
    }

    #[test]
    fn a_reference_is_one_digit() {
        for (target, groups) in [
            ("/", &[][..]),
            ("/$1", &[1]),
            ("/$2/$1/$2", &[2, 1, 2]),
            ("/$20", &[2]),
            ("/$0", &[]),
            ("/$uri$", &[]),
            ("$$9", &[9]),
        ] {
            assert_eq!(references(target), groups, "{target}");
        }
    }

    #[test]
    fn a_pattern_is_what_makes_no_sense_otherwise() {
        for (path, pattern) in [
            ("/api/*", true),
            ("/*", true),
            ("/a/*/b", true),
            ("/a/.*", true),
            ("/a/.+", true),
            ("/a(/|$)(.*)", true),
            ("/(a|b)", true),
            ("/[0-9]+", true),
            ("/[a]*", true),
            (r"/\d", true),
            ("/(?:a)", true),
            ("/", false),
            ("", false),
            ("/odata/$metadata", false),
            ("/a(b)", false),
            ("/a|b", false),
            ("/c++", false),
            ("/a*", false),
            ("/a)|(b", false),
            ("/a.b", false),
        ] {
            assert_eq!(is_pattern(path), pattern, "{path}");
        }
    }
}
