//! Names: which labels are set at run time, and which name was meant.

use std::fmt::Write;

use shared::{IntOrString, quote, written};

use crate::settings::Settings;

/// The labels that controllers add to pods, so that no template has them.
///
/// Sources: `pkg/apis/apps/types.go`, `pkg/apis/batch/types.go` and `pkg/controller/statefulset/stateful_set_utils.go` of
/// kubernetes/kubernetes, `pkg/apis/rollouts/v1alpha1/types.go` of argoproj/argo-rollouts.
const SET_BY_CONTROLLERS: &[&str] = &[
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// Whether pods get a label only when they are made, or while they run.
pub(crate) fn is_set_at_run_time(key: &str, settings: &Settings) -> bool {
    SET_BY_CONTROLLERS.contains(&key) || settings.runtime_labels.iter().any(|known| known == key)
}

/// A port in words: `8080`, `"http"`.
pub(crate) fn told(port: IntOrString<'_>) -> String {
    match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => quote(name).to_string(),
    }
}

/// Whether a port may have a name, but for one of digits alone.
///
/// Source: `IsValidPortName` in `pkg/util/validation/validation.go` of kubernetes/apimachinery.
pub(crate) fn is_port_name(name: &str) -> bool {
    let mut before = b'-';
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => {}
            b'-' if before != b'-' => {}
            _ => return false,
        }
        before = byte;
    }
    before != b'-' && name.len() <= 15
}

/// A label as it is to be written: `app: web`.
pub(crate) fn label(key: &str, value: &str) -> String {
    format!("{}: {}", written(key), written(value))
}

/// No list in a message names more.
const MAX_NAMED: usize = 3;

/// The first of many in words, and how many more there are.
pub(crate) fn some_of(all: &[String]) -> String {
    let mut text = String::new();
    for name in all.iter().take(MAX_NAMED) {
        text.push_str(if text.is_empty() { "" } else { ", " });
        text.push_str(name);
    }
    if let Some(more @ 1..) = all.len().checked_sub(MAX_NAMED) {
        // Writing to a String cannot fail.
        let _ = write!(text, " and {more} more");
    }
    text
}

/// Adds a name to others in their order, once.
pub(crate) fn insert_once(names: &mut Vec<String>, name: String) {
    if let Err(place) = names.binary_search(&name) {
        names.insert(place, name);
    }
}

/// Whether two names differ by their case, by `-` and `_`, or by one letter. Those that differ by a digit are two names:
/// `web-1` and `web-2`.
pub(crate) fn is_near(one: &str, other: &str) -> bool {
    let letter = |byte: u8| match byte {
        b'_' => b'-',
        byte => byte.to_ascii_lowercase(),
    };
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let (short, long) = if one.len() > other.len() {
        (other, one)
    } else {
        (one, other)
    };
    if short.len() < 2 || long.len() - short.len() > 1 {
        return false;
    }
    let is_same = |(one, other): &(&u8, &u8)| letter(**one) == letter(**other);
    let start = short.iter().zip(long).take_while(is_same).count();
    let end = short.iter().rev().zip(long.iter().rev());
    let end = end.take_while(is_same).count();
    let rest = |name: &[u8]| name.len().saturating_sub(start + end);
    // Two letters that were exchanged, too.
    let exchanged = short.len() == long.len()
        && rest(long) == 2
        && short.get(start) == long.get(start + 1)
        && short.get(start + 1) == long.get(start);
    let is_digit = |name: &[u8]| name.get(start).is_some_and(u8::is_ascii_digit);
    let by_one = rest(short) <= 1 && rest(long) <= 1;
    (by_one || exchanged) && !is_digit(short) && !is_digit(long)
}

/// Among at most this many names the nearest is looked for: there may be as many wrong ones.
const MAX_COMPARED: usize = 1_000;

/// The first of some names that comes near to one, in the alphabet.
pub(crate) fn nearest<'n>(name: &str, names: &mut dyn Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .take(MAX_COMPARED)
        .filter(|other| *other != name && is_near(name, other))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_differs_by_a_letter_at_most() {
        for (one, other, near) in [
            ("web", "wbe", true),
            ("web", "webb", true),
            ("web", "wb", true),
            ("web", "wab", true),
            ("web", "Web", true),
            ("my_app", "my-app", true),
            ("MY_APP", "my-app", true),
            ("nginx", "ngnix", true),
            ("nginx", "nignx", true),
            ("web", "api", false),
            ("web", "we-", true),
            ("blue", "green", false),
            ("web-blue", "web-green", false),
            ("a", "b", false),
            ("", "a", false),
            ("aaa", "aa", true),
            ("abcd", "badc", false),
            ("abc", "cba", false),
            ("web-1", "web-2", false),
            ("web", "web2", false),
            ("web1", "web11", false),
            ("v12", "v21", false),
            ("web1", "Web1", true),
        ] {
            assert_eq!(is_near(one, other), near, "{one} {other}");
            assert_eq!(is_near(other, one), near, "{other} {one}");
        }
        let names = ["wab", "web", "wbe", "api"];
        let near = |name| nearest(name, &mut names.into_iter());
        assert_eq!(near("web"), Some("wab"));
        assert_eq!(near("shop"), None);
    }

    #[test]
    fn some_of_many_are_named() {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!([some_of(&[]), some_of(&names[..2])], ["", "a, b"]);
        assert_eq!(some_of(&names[..3]), "a, b, c");
        assert_eq!(some_of(&names), "a, b, c and 2 more");
        let mut sorted = Vec::new();
        for name in ["b", "a", "b", "c"] {
            insert_once(&mut sorted, name.to_owned());
        }
        assert_eq!(sorted, ["a", "b", "c"]);
    }
}
