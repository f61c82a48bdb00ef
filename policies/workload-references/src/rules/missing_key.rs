//! A key that an object does not have.

use shared::{Level, Rule, Verdict, quote, rule, shown_key, written};

use super::{Found, Said, alike, effect};
use crate::data::Data;
use crate::reference::{Reference, Use};

pub(crate) static RULE: Rule = rule! {
    id: "missing_key",
    summary: "A key that a variable or an item of a mounted volume names, and that the ConfigMap or Secret does not have",
    why: "The containers never start (CreateContainerConfigError, FailedMount). Where something else fills the object, \
          it only warns: \
          one without any data, with an owner, or with an annotation of `filledBy`",
    fix: "add the key, or write optional: true if it may be absent",
    levels: [Deny by "unfit.keys", Warn for "an object that something else fills"],
};

/// Refuses it.
///
/// Source: `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`, `MakePayload` in
/// `pkg/volume/configmap/configmap.go` and `pkg/volume/secret/secret.go`.
pub(crate) fn check(found: &Found<'_>, data: &Data<'_>, verdict: &mut Verdict) {
    // A key of `binaryData` is `binary_key`.
    let is_missing = |key: &str| !data.has(key);
    let mut missing = named_keys(found, false, &is_missing);
    missing.extend(named_keys(found, true, &is_missing));
    if missing.is_empty() {
        return;
    }
    let settings = found.judging.settings;
    let filler = data.filler(settings);
    let level = match &filler {
        Some(_) => settings.unfit.keys.at_most(Level::Warn),
        None => settings.unfit.keys,
    };
    for (key, references) in missing {
        let Some(first) = references.first() else {
            continue;
        };
        let consequence = match &filler {
            None => format!(", so {}", effect(first, "never starts")),
            Some(filler) => format!(
                " ({filler}), so until then {}",
                effect(first, "does not start")
            ),
        };
        let meant = found.judging.suggestion(key, &data.keys());
        let fix = match meant.map(shown_key) {
            Some(meant) => format!("name {}, which it has, or add the key", written(&meant)),
            None => String::new(),
        };
        let said = Said {
            level,
            fix: &fix,
            is_of_key: true,
            ..Said::new(&RULE, format!("has no key {}", quote(key)), consequence)
        };
        found.tell(&said, &references, verdict);
    }
}

/// The keys of variables, or of files, that references to an object name and cannot do without, if they fit: each once,
/// with the references.
pub(crate) fn named_keys<'f>(
    found: &Found<'f>,
    of_files: bool,
    fits: &dyn Fn(&str) -> bool,
) -> Vec<(&'f str, Vec<&'f Reference<'f>>)> {
    let mut names = Vec::new();
    let mut fitting = Vec::new();
    for reference in found.references() {
        let key = match reference.used {
            Use::Variable { key, .. } if !of_files => key,
            Use::File { key } if of_files => key,
            _ => continue,
        };
        if !reference.is_optional && fits(key) {
            names.push(key);
            fitting.push(reference);
        }
    }
    let mut keys = Vec::new();
    for places in alike(&names) {
        let references = places
            .iter()
            .filter_map(|place| fitting.get(*place).copied());
        let references: Vec<&Reference<'_>> = references.collect();
        if let Some(key) = places.first().and_then(|place| names.get(*place)) {
            keys.push((*key, references));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{config_map, lines, places_in, secret};

    fn variable(kind: &str, key: &str) -> Value {
        json!({"name": key, "valueFrom": {kind: {"name": "web", "key": key}}})
    }

    fn with(env: &[Value]) -> Value {
        json!({"containers": [{"name": "app", "env": env}]})
    }

    #[test]
    fn says_which_key_was_meant() {
        let web = config_map("web", json!({"DB_HOST": "db", "FLAG": ""}));
        let line = |key: &str, fix: &str| {
            format!(
                "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key: ConfigMap \"web\" has no \
                 key \"{key}\", so \
                 container \"app\" never starts (CreateContainerConfigError); fix: {fix} [missing_key]"
            )
        };
        for (key, expected) in [
            ("DB_HOST", vec![]),
            ("FLAG", vec![]),
            (
                "db_host",
                vec![line(
                    "db_host",
                    "name DB_HOST, which it has, or add the key",
                )],
            ),
            (
                "DB_PORT",
                vec![line(
                    "DB_PORT",
                    "add the key, or write optional: true if it may be absent",
                )],
            ),
        ] {
            let spec = with(&[variable("configMapKeyRef", key)]);
            assert_eq!(
                lines(&spec, std::slice::from_ref(&web), &json!({})),
                expected,
                "{key}"
            );
        }
    }

    #[test]
    fn each_key_is_told_once() {
        let spec = with(&["a", "b", "a", "a"].map(|key| variable("secretKeyRef", key)));
        let web = secret("web", "Opaque", json!({"key": "dg=="}));
        let found = lines(&spec, &[web], &json!({}));
        let [a, b] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert!(a.contains("env[0]") && a.contains(" (and 2 more)"), "{a}");
        assert!(b.contains("env[1]") && !b.contains(" more)"), "{b}");
    }

    #[test]
    fn items_of_mounted_volumes_need_their_keys() {
        let source = |name: &str, key: &str, optional: bool| json!({name: "web", "items": [{"key": key, "path": "x"}], "optional": optional});
        let there = [
            config_map("web", json!({"a": "1"})),
            secret("web", "Opaque", json!({"a": "MQ=="})),
        ];
        let found = |volume: Value, mounted: &str| {
            let mut volume = volume;
            volume["name"] = json!("v");
            let spec = json!({
                "containers": [{"name": "app", "volumeMounts": [{"name": mounted}]}],
                "volumes": [volume, {"name": "w"}],
            });
            places_in(&spec, &there, &json!({}))
        };
        let volumes = |key: &str, optional: bool| {
            let (config_map, secret) = (
                source("name", key, optional),
                source("secretName", key, optional),
            );
            let projected = json!([{"configMap": source("name", key, optional)}, {"secret": source("name", key, optional)}]);
            [
                json!({"configMap": config_map}),
                json!({"secret": secret}),
                json!({"projected": {"sources": projected}}),
            ]
        };
        for volume in volumes("a", false).into_iter().chain(volumes("b", true)) {
            assert_eq!(found(volume, "v"), [""; 0]);
        }
        let places = [
            vec!["configMap.items[0].key"],
            vec!["secret.items[0].key"],
            vec![
                "projected.sources[0].configMap.items[0].key",
                "projected.sources[1].secret.items[0].key",
            ],
        ];
        for (volume, places) in volumes("b", false).into_iter().zip(places) {
            assert_eq!(found(volume.clone(), "w"), [""; 0]);
            let place =
                |place: &&str| format!("spec.template.spec.volumes[0].{place} [missing_key]");
            assert_eq!(
                found(volume, "v"),
                places.iter().map(place).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn what_something_else_fills_only_warns() {
        let spec = with(&[variable("configMapKeyRef", "b")]);
        let marked = |field: &str, value: Value| {
            let mut web = config_map("web", json!({"a": "1"}));
            web["metadata"][field] = value;
            web
        };
        let owner = |controls: bool| {
            marked(
                "ownerReferences",
                json!([{"kind": "ExternalSecret", "controller": controls}]),
            )
        };
        for (web, filler) in [
            (config_map("web", json!(null)), "it has no data"),
            (config_map("web", json!({})), "it has no data"),
            (owner(true), "its owner fills it"),
            (owner(false), ""),
            (
                marked(
                    "annotations",
                    json!({"cert-manager.io/certificate-name": ""}),
                ),
                "something fills it, as its metadata says",
            ),
            (
                marked("labels", json!({"example.com/generated": "yes"})),
                "something fills it, as its metadata says",
            ),
            (marked("labels", json!({"app": "web"})), ""),
        ] {
            let found = lines(
                &spec,
                &[web],
                &json!({"filledBy": ["example.com/generated"]}),
            );
            let [line] = found.as_slice() else {
                panic!("{found:?}")
            };
            assert_eq!(line.starts_with("warning: "), !filler.is_empty(), "{line}");
            let said = format!(
                "has no key \"b\" ({filler}), so until then container \"app\" does not start"
            );
            assert_eq!(line.contains(&said), !filler.is_empty(), "{line}");
        }
    }
}
