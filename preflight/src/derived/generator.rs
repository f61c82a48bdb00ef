//! kustomize: the `ConfigMap`s and Secrets that a kustomization generates, which is read and not built.
//!
//! Manifests name them without the hash that kustomize adds, unless something else has built them. Sources, of
//! kubernetes-sigs/kustomize: `api/types/{configmapargs,secretargs,generatorargs,kvpairsources}.go`, `ParseFileSource` in
//! `api/internal/generators/utils.go`, `encode` in `api/hasher/hasher.go`.

use std::collections::{BTreeMap, BTreeSet};

use tree::{Value, json};

use super::{data, filled, items, with_unknown_keys};

/// The length of a hash, and the letters that it is made of.
const HASH: usize = 10;
const LETTERS: &str = "2456789bcdfghkmt";

/// What generates objects of which kind.
const GENERATORS: [(&str, &str); 2] = [
    ("/configMapGenerator", "ConfigMap"),
    ("/secretGenerator", "Secret"),
];

/// Names in manifests that may be those of generated objects, by the names without their hashes.
pub(super) type Hashed<'v> = BTreeMap<&'v str, BTreeSet<&'v str>>;

/// Finds the names that end in a hash.
pub(super) fn hashed_names<'v>(values: impl Iterator<Item = &'v Value>) -> Hashed<'v> {
    let mut hashed = Hashed::new();
    for value in values {
        find(value, &mut hashed);
    }
    hashed
}

fn find<'v>(value: &'v Value, hashed: &mut Hashed<'v>) {
    match value {
        Value::String(text) => {
            let Some((name, hash)) = text.rsplit_once('-') else {
                return;
            };
            let is_hash = hash.len() == HASH && hash.chars().all(|letter| LETTERS.contains(letter));
            if is_hash {
                hashed.entry(name).or_default().insert(text);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, hashed)),
        Value::Object(fields) => fields.values().for_each(|field| find(field, hashed)),
        _ => {}
    }
}

/// What a kustomization generates. It is there in the namespace that it names, and in that of manifests that name none.
pub(super) fn derive(kustomization: &Value, hashed: &Hashed<'_>, namespace: &str) -> Vec<Value> {
    let mut made = Vec::new();
    for (pointer, kind) in GENERATORS {
        for generator in items(kustomization, pointer) {
            let Some(name) = filled(generator, "/name") else {
                continue;
            };
            let mut namespaces = BTreeSet::from([namespace]);
            namespaces.extend(filled(generator, "/namespace"));
            namespaces.extend(filled(kustomization, "/namespace"));
            let hashed = hashed.get(name).into_iter().flatten().copied();
            for name in hashed.chain([name]) {
                for namespace in &namespaces {
                    made.push(object(generator, kind, name, namespace));
                }
            }
        }
    }
    made
}

fn object(generator: &Value, kind: &str, name: &str, namespace: &str) -> Value {
    // An overlay may add keys: so it has an owner.
    let owner = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "name": name, "controller": true,
    });
    let literals = items(generator, "/literals").filter_map(Value::as_str);
    let literals = literals.filter_map(|literal| Some(literal.split_once('=')?.0));
    let files = items(generator, "/files").filter_map(Value::as_str);
    let files = files.map(|file| match file.split_once('=') {
        Some((key, _)) => key,
        None => file.rsplit('/').next().unwrap_or(file),
    });
    let mut object = json!({
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": [owner]},
        "data": data(literals.chain(files)),
    });
    if let ("Secret", Some(fields)) = (kind, object.as_object_mut()) {
        let written = filled(generator, "/type").unwrap_or("Opaque");
        fields.insert("type".into(), json!(written));
    }
    // What is in these files is not read, nor is what it is merged into.
    let has_env = items(generator, "/envs").next().is_some() || filled(generator, "/env").is_some();
    if has_env || filled(generator, "/behavior") == Some("merge") {
        return with_unknown_keys(object);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{derived::testing::lines, manifests};

    fn told(kustomization: &str, named: &str) -> Vec<String> {
        let value = manifests::parse_one(kustomization).unwrap();
        let named = json!({"a": [{"name": named}]});
        let hashed = hashed_names([&named].into_iter());
        lines(&derive(&value, &hashed, "default"))
    }

    #[test]
    fn generators_make_config_maps_and_secrets() {
        let maps = "configMapGenerator: [{name: web, literals: [A=b=c, B], files: [x/app.conf, c.conf=d.conf]}]";
        let expected = "ConfigMap default/web A app.conf c.conf";
        assert_eq!(told(maps, ""), [expected]);
        assert_eq!(
            told(&format!("namespace: shop\n{maps}"), ""),
            [expected, "ConfigMap shop/web A app.conf c.conf"]
        );
        for open in ["envs: [e]", "env: e", "behavior: merge"] {
            let maps = format!("configMapGenerator: [{{name: web, literals: [A=b], {open}}}]");
            assert_eq!(told(&maps, ""), ["ConfigMap default/web with any keys"]);
        }
        let secrets = "secretGenerator: [{name: tls, type: kubernetes.io/tls, namespace: shop}, {literals: [a=b]}]";
        assert_eq!(
            told(secrets, ""),
            [
                "Secret default/tls kubernetes.io/tls",
                "Secret shop/tls kubernetes.io/tls"
            ]
        );
        assert_eq!(told("resources: [a.yaml]", ""), [""; 0]);
    }

    #[test]
    fn names_with_a_hash_are_those_of_what_is_generated() {
        let map = "configMapGenerator: [{name: web}]";
        for (named, expected) in [
            (
                "web-7g2kd8h2mt",
                &["ConfigMap default/web-7g2kd8h2mt", "ConfigMap default/web"][..],
            ),
            // The letter a is none of a hash; another name; too short.
            ("web-7a2kd8h2mt", &["ConfigMap default/web"]),
            ("web-x-7g2kd8h2mt", &["ConfigMap default/web"]),
            ("web-7g2kd8h2m", &["ConfigMap default/web"]),
        ] {
            assert_eq!(told(map, named), expected, "{named}");
        }
    }
}
