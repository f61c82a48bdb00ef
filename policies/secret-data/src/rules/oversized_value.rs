//! A single value that is too large.

use shared::{Level, Rule, Verdict, rule};

use super::bytes;
use crate::settings::Size;
use crate::views::Entry;

pub(crate) static RULE: Rule = rule! {
    id: "oversized_value",
    summary: "A value that has more bytes than `size.value` allows",
    why: "An environment variable of Linux has 128 KiB at most, and a large file does not belong in etcd",
    fix: "move the file to a volume or an object store",
    levels: [Deny],
};

/// Refuses each value over the limit.
pub(crate) fn check(sizes: &[(&Entry<'_>, usize)], limits: &Size, verdict: &mut Verdict) {
    let Some(limit) = limits.value else {
        return;
    };
    for (entry, size) in sizes {
        let size = *size as u64;
        if size > limit {
            let reason = format!(
                "has {size} bytes, {} over the limit of {}",
                size - limit,
                bytes(limit)
            );
            verdict.report(Level::Deny, entry.finding(&RULE, reason).amounting_to(size));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn refuses_each_value_over_the_limit() {
        let object = secret("Opaque", &[("a", b"12345"), ("b", b"123456"), ("c", b"")]);
        assert_eq!(
            lines(&object, &json!({"size": {"value": 5}})),
            [
                "data[\"b\"]: has 6 bytes, 1 over the limit of 5 bytes; fix: move the file to a volume or an object store \
              [oversized_value]"
            ]
        );
        assert_eq!(lines(&object, &json!({})), [""; 0]);
    }

    #[test]
    fn a_smaller_total_elsewhere_needs_no_limit_of_its_own() {
        let object = secret("Opaque", &[("a", b"12345")]);
        let settings =
            json!({"size": {"value": 30}, "sizeOverrides": [{"types": ["Opaque"], "total": 20}]});
        assert_eq!(lines(&object, &settings), [""; 0]);
    }
}
