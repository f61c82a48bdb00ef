//! Data that is too large.

use std::fmt::Write;

use shared::{FieldPath, Finding, Level, Rule, Verdict, quote, rule, shown_key};

use super::bytes;
use crate::settings::Size;
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "oversized_data",
    summary: "Values that have more bytes together than `size.total` allows; names the largest keys",
    why: "Kubernetes takes 1 MiB; each node that mounts a Secret keeps it in memory, and so does each watch of the API server",
    fix: "move large files to a volume or an object store, or split the object",
    levels: [Deny],
};

/// At most this many keys are named.
const NAMED: usize = 3;

/// Refuses data over the limit, as Kubernetes counts: decoded, without the keys. Says whether it did.
///
/// Source: `ValidateSecret` and `ValidateConfigMap` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(sizes: &[(&Entry<'_>, usize)], limits: &Size, verdict: &mut Verdict) -> bool {
    let total = total(sizes);
    if total <= limits.total {
        return false;
    }
    let reason = format!(
        "holds {total} bytes, {} over the limit of {}; {}",
        total - limits.total,
        bytes(limits.total),
        largest(sizes)
    );
    let path = FieldPath::new("data");
    verdict.report(
        Level::Deny,
        Finding::new(&RULE, &path, reason).amounting_to(total),
    );
    true
}

/// The bytes of all values.
pub(super) fn total(sizes: &[(&Entry<'_>, usize)]) -> u64 {
    sizes.iter().map(|(_, size)| *size as u64).sum()
}

/// Names the largest keys.
fn largest(sizes: &[(&Entry<'_>, usize)]) -> String {
    let mut text = String::from(if sizes.len() > 1 {
        "the largest keys are "
    } else {
        "it is all in "
    });
    // Picking the largest a few times is much less code than sorting, and this is a guest.
    let mut named: Vec<usize> = Vec::with_capacity(NAMED);
    while named.len() < NAMED {
        let others = sizes
            .iter()
            .enumerate()
            .filter(|(place, _)| !named.contains(place));
        // The first of several that are as large: in the order of the object.
        let Some((place, (entry, size))) = others.rev().max_by_key(|(_, (_, size))| *size) else {
            break;
        };
        let separator = if named.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{separator}{} with {}",
            quote(&shown_key(entry.key)),
            bytes(*size as u64)
        );
        named.push(place);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::testing::Review;

    use crate::SecretData;
    use crate::testing::{lines, raw, rules_of, secret};

    #[test]
    fn counts_decoded_bytes_as_kubernetes_does() {
        let mebibyte = vec![b'x'; 1024 * 1024];
        let object = secret("Opaque", &[("a", &mebibyte)]);
        assert_eq!(
            rules_of(&object, &json!({})),
            ["large_data?", "too_large_to_apply?"]
        );
        let object = secret("Opaque", &[("a", &mebibyte), ("b", b"y")]);
        assert_eq!(
            lines(&object, &json!({})),
            [
                "data: holds 1048577 bytes, 1 over the limit of 1 MiB; the largest keys are \"a\" with 1 MiB, \"b\" with 1 \
              byte; fix: move large files to a volume or an object store, or split the object [oversized_data]"
            ]
        );
    }

    #[test]
    fn names_the_largest_keys() {
        let object = raw(
            "Opaque",
            &json!({"stringData": {"a": "x", "b": "xxxx", "c": "xxx", "d": "xx"}}),
        );
        let found = lines(&object, &json!({"size": {"total": 9}}));
        assert!(
            found[0].contains("holds 10 bytes, 1 over the limit of 9 bytes; the largest keys are \"b\" with 4 bytes, \"c\" with 3 bytes, \"d\" with 2 bytes;"),
            "{found:?}"
        );
    }

    #[test]
    fn an_update_may_shrink_what_is_too_large() {
        let of = |size: usize| secret("Opaque", &[("a", &vec![b'x'; size])]);
        let settings = json!({"size": {"total": 10}});
        for (old, new, accepted) in [
            (30, 20, true),
            (20, 20, true),
            (20, 21, false),
            (5, 11, false),
        ] {
            let response = Review::update(&of(old), &of(new))
                .with(settings.clone())
                .judge::<SecretData>();
            assert_eq!(response.accepted, accepted, "{old} {new}: {response:?}");
        }
    }
}
