//! Data that client-side `kubectl apply` cannot keep a copy of.

use shared::{FieldPath, Rule, Verdict, rule};

use crate::views::{Entry, Object};

pub(crate) static RULE: Rule = rule! {
    id: "too_large_to_apply",
    summary: "A manifest whose copy in `kubectl.kubernetes.io/last-applied-configuration` would have more than 262144 bytes",
    why: "Client-side kubectl apply keeps a copy of what it is given, and the API server takes no more than that in annotations",
    fix: "use kubectl apply --server-side, which keeps no copy",
    levels: [Warn],
};

/// How many bytes all annotations may have: `TotalAnnotationSizeLimitB` in
/// `staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go`.
const MAX_BYTES: usize = 256 * 1024;

/// Warns of manifests alone: what comes from the API server got there in some way.
pub(crate) fn check(object: &Object<'_>, verdict: &mut Verdict) {
    if object.is_stored {
        return;
    }
    // A quote, a colon and a comma around each.
    let written = |entry: &Entry<'_>| entry.key.len() + entry.written.len() + 6;
    let mut size: usize = object.entries.iter().map(written).sum();
    if size <= MAX_BYTES && size > MAX_BYTES / 6 {
        size += object.entries.iter().map(escapes).sum::<usize>();
    }
    if size > MAX_BYTES {
        let reason = "has more than the 256 KiB that client-side kubectl apply can keep a copy of";
        verdict.warn(&RULE, &FieldPath::new("data"), reason);
    }
}

/// How many bytes a value has more in JSON, as `encoding/json` of Go writes it.
fn escapes(entry: &Entry<'_>) -> usize {
    let more = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 1,
        b'<' | b'>' | b'&' | 0..=31 => 5,
        _ => 0,
    };
    entry.written.bytes().map(more).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, raw, rules_of};

    #[test]
    fn warns_from_where_client_side_apply_fails() {
        let config_map = |value: &str| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"},
                "data": {"k": value},
            })
        };
        let room = 262_144 - 7;
        for (value, warned) in [
            ("z".repeat(room), false),
            ("z".repeat(room + 1), true),
            ("\n".repeat(room / 2), false),
            ("\n".repeat(room / 2 + 1), true),
            ("<z".repeat(room / 7 + 1), true),
            ("z".repeat(1000), false),
        ] {
            let expected = warned.then_some(
                "warning: secret-data: data: has more than the 256 KiB that client-side kubectl apply can keep a copy of; \
                 fix: use kubectl apply --server-side, which keeps no copy [too_large_to_apply]",
            );
            let found = lines(&config_map(&value), &json!({}));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
        let mut stored = config_map(&"z".repeat(room + 1));
        stored["metadata"]["managedFields"] = json!([{"manager": "kubectl-create"}]);
        assert_eq!(lines(&stored, &json!({})), [""; 0]);
    }

    #[test]
    fn counts_what_is_written() {
        // 192 KiB in base64.
        let secret = |count: usize| raw("Opaque", &json!({"data": {"k": "QUJD".repeat(count)}}));
        assert_eq!(rules_of(&secret(65_534), &json!({})), [""; 0]);
        assert_eq!(
            rules_of(&secret(65_535), &json!({})),
            ["too_large_to_apply?"]
        );
        let mut release = secret(65_535);
        release["type"] = json!("helm.sh/release.v1");
        assert_eq!(rules_of(&release, &json!({})), [""; 0]);
    }
}
