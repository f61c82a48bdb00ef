//! A key that no variable can be made of.

use shared::{Rule, Verdict, quote, rule};

use super::missing_key::named_keys;
use super::{Found, Said, effect};
use crate::data::Data;

pub(crate) static RULE: Rule = rule! {
    id: "binary_key",
    summary: "A variable of a key that is in `binaryData` of the ConfigMap alone",
    why: "Variables are made of `data`: the key does not exist for them, and the container never starts \
          (CreateContainerConfigError)",
    fix: "put it into data, or mount it as a file",
    levels: [Deny by "unfit.keys"],
};

/// Refuses it.
///
/// Source: `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`.
pub(crate) fn check(found: &Found<'_>, data: &Data<'_>, verdict: &mut Verdict) {
    let is_binary = |key: &str| !data.text.has(key) && data.binary.has(key);
    let binary = named_keys(found, false, &is_binary);
    for (key, references) in binary {
        let Some(first) = references.first() else {
            continue;
        };
        let said = Said {
            level: found.judging.settings.unfit.keys,
            is_of_key: true,
            ..Said::new(
                &RULE,
                format!("has {} in binaryData", quote(key)),
                format!(
                    ", and variables are made of data alone, so {}",
                    effect(first, "never starts")
                ),
            )
        };
        found.tell(&said, &references, verdict);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{config_map, lines};

    #[test]
    fn variables_are_made_of_data() {
        let mut web = config_map("web", json!({"both": "1"}));
        web["binaryData"] = json!({"logo": "iVBORw0=", "both": "MQ=="});
        let found = |key: &str, optional: Value| {
            let reference = json!({"name": "web", "key": key, "optional": optional});
            let spec = json!({"containers": [{"name": "app", "env": [{"name": "L", "valueFrom": {"configMapKeyRef": reference}}]}]});
            lines(&spec, std::slice::from_ref(&web), &json!({}))
        };
        assert_eq!(
            found("logo", json!(null)),
            [
                "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key: ConfigMap \"web\" has \"logo\" in \
                 binaryData, and variables are made of data alone, so container \"app\" never starts \
                 (CreateContainerConfigError); fix: put it into data, or mount it as a file [binary_key]"
            ]
        );
        assert_eq!(found("both", json!(null)), [""; 0]);
        assert_eq!(found("logo", json!(true)), [""; 0]);
        let spec = json!({
            "containers": [{"name": "app", "volumeMounts": [{"name": "v", "subPath": "logo.png"}]}],
            "volumes": [{"name": "v", "configMap": {"name": "web", "items": [{"key": "logo", "path": "logo.png"}]}}],
        });
        assert_eq!(lines(&spec, &[web], &json!({})), [""; 0]);
    }
}
