//! A custom kind without a pod spec where the settings say that it is.

use shared::{FieldPath, Rule, Verdict, rule};

pub(crate) static RULE: Rule = rule! {
    id: "missing_pod_spec",
    summary: "An object of a kind of `customKinds` that has nothing at its `podSpecPath`",
    why: "The path may be misspelt, and then nothing of the kind is judged; or the object refers to a template that is \
          judged by itself",
    fix: "check podSpecPath in customKinds",
    levels: [Warn],
};

/// Warns of it.
pub(crate) fn check(pod_spec: &str, verdict: &mut Verdict) {
    verdict.warn(
        &RULE,
        &FieldPath::new(pod_spec),
        "holds no pod spec, so that nothing was judged",
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::EmptydirStorage;

    fn lines(path: &str, object: &Value) -> Vec<String> {
        let entry = json!({"apiGroup": "example.com", "kind": "Gadget", "podSpecPath": path});
        Review::create(object)
            .with(json!({"customKinds": [entry]}))
            .lines::<EmptydirStorage>()
    }

    #[test]
    fn reads_any_path_and_warns_where_nothing_is() {
        let spec = json!({"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "-1"}}]});
        let object = json!({"apiVersion": "example.com/v1", "kind": "Gadget",
            "spec": {"jobTargetRef": {"template": {"spec": spec}}}});
        let found = lines("spec.jobTargetRef.template.spec", &object);
        assert!(
            found[0].starts_with("spec.jobTargetRef.template.spec.volumes[0].emptyDir.sizeLimit: "),
            "{found:?}"
        );
        assert_eq!(
            lines("spec.tmplate.spec", &object),
            [
                "warning: emptydir-storage: spec.tmplate.spec: holds no pod spec, so that nothing was judged; fix: check \
              podSpecPath in customKinds [missing_pod_spec]"
            ]
        );
    }
}
