//! The name of a volume with a space before or behind it.

use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::annotations::LOCAL_VOLUMES;
use crate::template::Template;

pub(crate) static RULE: Rule = rule! {
    id: "spaced_volume_name",
    summary: "A name in `safe-to-evict-local-volumes` with spaces around it, as in `a, b`",
    why: "Names are not trimmed: the volume counts as one that is not listed, and keeps the node",
    fix: "write the names without spaces",
    levels: [Deny],
};

/// Refuses each.
///
/// Source: `HasBlockingLocalStorage` in `cluster-autoscaler/utils/drain/drain.go` of kubernetes/autoscaler, which splits at
/// commas, and no more.
pub(crate) fn check(list: &str, template: &Template<'_>, verdict: &mut Verdict) {
    for name in list.split(',') {
        let meant = name.trim();
        // Others keep no node.
        let is_local = template
            .named(meant)
            .is_some_and(|volume| volume.local.is_some());
        if meant == name || !is_local {
            continue;
        }
        let reason = format!(
            "{} is not trimmed, so volume {} keeps the node all the same",
            quote(name),
            quote(meant)
        );
        let finding = Finding::new(&RULE, &template.mark("annotations", LOCAL_VOLUMES), reason);
        verdict.report(Level::Deny, finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::annotations::LOCAL_VOLUMES;
    use crate::testing::{deployment, disk, lines};

    #[test]
    fn names_are_not_trimmed() {
        let line = |name: &str| {
            format!(
                "spec.template.metadata.annotations[\"{LOCAL_VOLUMES}\"]: \"{name}\" is not trimmed, so volume \"{}\" keeps \
                 the node all the same; fix: write the names without spaces [spaced_volume_name]",
                name.trim()
            )
        };
        for (list, spaced) in [
            ("a,b", &[][..]),
            ("b,a", &[]),
            ("a, b", &[" b"]),
            (" a ,b", &[" a "]),
            ("a , b", &["a ", " b"]),
        ] {
            let metadata = json!({"annotations": {LOCAL_VOLUMES: list}});
            let object = deployment(&metadata, &json!([disk("a"), disk("b")]));
            let expected: Vec<String> = spaced.iter().map(|name| line(name)).collect();
            assert_eq!(lines(&object, &json!({})), expected, "{list}");
        }
    }

    #[test]
    fn what_keeps_no_node_does_not_matter() {
        let metadata = json!({"annotations": {LOCAL_VOLUMES: "a, b, c"}});
        let config = json!({"name": "b", "configMap": {"name": "b"}});
        let mut object = deployment(&metadata, &json!([disk("a"), config]));
        object["kind"] = json!("StatefulSet");
        object["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "c"}}]);
        assert_eq!(lines(&object, &json!({})), [""; 0]);
    }
}
