//! Objects that no manifest has, and that something makes of what the manifests have.
//!
//! Look-ups find them by their names, unless there is a manifest of them. They are not checked, not counted and in no list.
//! What a controller fills has it for an owner, so that policies do not insist on the keys of its data: it may have more.
//! Without any data, nothing is known of its keys.
//!
//! Each source is a file in `derived/`. What KEDA makes is checked as well: [`keda`](crate::keda).

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use tree::{Map, Name, Value, json};

use crate::{
    manifests::{Object, Place},
    report::Subject,
    review::server::uid_of,
};
use cluster::kinds::{split, text};

mod certificate;
mod claim_template;
mod cluster_defaults;
mod external_secret;
mod generator;
mod ingress_certificate;
mod sealed_secret;
mod secret_provider_class;
mod serving_certificate;

/// An object that something makes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DerivedObject {
    /// The object.
    pub(crate) value: Value,
    /// What makes it. None where every cluster does.
    pub(crate) maker: Option<Maker>,
}

impl DerivedObject {
    /// Whether something is known of its keys: what has no data may have any.
    pub(crate) fn has_known_keys(&self) -> bool {
        self.value.get("data").is_some()
    }
}

/// What an object is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Maker {
    /// `Certificate shop/web`
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) file: Arc<str>,
}

/// Where an object is from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// It is written.
    Manifest(&'a Object),
    /// Something makes it.
    Maker(&'a Maker),
}

impl Source<'_> {
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Manifest(object) => &object.file,
            Self::Maker(maker) => &maker.file,
        }
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(object) => object.place().fmt(f),
            Self::Maker(maker) => write!(f, "of {}, {}", maker.name, maker.place),
        }
    }
}

/// What each kind of object is made into.
const SOURCES: &[fn(&Value) -> Vec<Value>] = &[
    certificate::derive,
    claim_template::derive,
    external_secret::derive,
    ingress_certificate::derive,
    sealed_secret::derive,
    secret_provider_class::derive,
    serving_certificate::derive,
];

/// What is made of these objects and kustomizations, and what a cluster has of itself. `namespace` is that of manifests
/// that name none.
pub(crate) fn derive<'a>(
    objects: impl Iterator<Item = &'a Object> + Clone,
    kustomizations: &[Object],
    namespace: &str,
) -> Vec<DerivedObject> {
    let mut derived = Vec::new();
    let mut add = |made: Vec<Value>, object: &Object, name: &dyn fmt::Display| {
        if made.is_empty() {
            return;
        }
        let maker = Maker {
            name: name.to_string(),
            place: object.place(),
            file: object.file.as_str().into(),
        };
        derived.extend(made.into_iter().map(|value| DerivedObject {
            value,
            maker: Some(maker.clone()),
        }));
    };
    for object in objects.clone() {
        for source in SOURCES {
            let made = source(&object.value);
            add(made, object, &Subject::of(object));
        }
    }
    if !kustomizations.is_empty() {
        let values = objects.clone().map(|object| &*object.value);
        let hashed = generator::hashed_names(values);
        for kustomization in kustomizations {
            let made = generator::derive(&kustomization.value, &hashed, namespace);
            add(made, kustomization, &"a generator");
        }
    }
    let mut namespaces: BTreeSet<&str> = objects.filter_map(Object::namespace).collect();
    namespaces.insert(namespace);
    let of_cluster = cluster_defaults::derive(&namespaces).into_iter();
    derived.extend(of_cluster.map(|value| DerivedObject { value, maker: None }));
    derived
}

/// What is added to Secrets and `ConfigMap`s that manifests have as well.
#[derive(Debug)]
pub(crate) struct Additions<'a>(HashMap<Home, Vec<Cow<'a, Value>>>);

/// Kind, namespace and name.
type Home = [String; 3];

impl<'a> Additions<'a> {
    /// Those of what is derived of objects, and of what the objects add without making it.
    pub(crate) fn of<'o>(
        objects: impl Iterator<Item = &'o Object>,
        derived: &'a [DerivedObject],
    ) -> Self {
        let made = derived.iter().filter(|derived| derived.maker.is_some());
        let made = made.map(|derived| Cow::Borrowed(&derived.value));
        let added = objects.filter_map(|object| external_secret::add(&object.value));
        let mut additions: HashMap<Home, Vec<Cow<'a, Value>>> = HashMap::new();
        for value in made.chain(added.map(Cow::Owned)) {
            if let Some(home) = home(&value) {
                additions.entry(home).or_default().push(value);
            }
        }
        Self(additions)
    }

    /// An object with what is added to it.
    pub(crate) fn add_to(&self, object: &Arc<Value>) -> Arc<Value> {
        let mut object = Arc::clone(object);
        let additions = (!self.0.is_empty()).then(|| self.0.get(&home(&object)?));
        for addition in additions.flatten().into_iter().flatten() {
            add(Arc::make_mut(&mut object), addition);
        }
        object
    }
}

/// Where a Secret or `ConfigMap` is.
fn home(value: &Value) -> Option<Home> {
    let kind = text(value, "/kind").filter(|kind| matches!(*kind, "Secret" | "ConfigMap"))?;
    let namespace = text(value, "/metadata/namespace")?;
    let name = text(value, "/metadata/name")?;
    let is_core = text(value, "/apiVersion") == Some("v1");
    is_core.then(|| [kind, namespace, name].map(ToOwned::to_owned))
}

/// Adds the keys, or where they are not known the owner, who may add any. Of an object that has no keys yet, nothing is
/// known anyway.
fn add(object: &mut Value, addition: &Value) {
    let keys = addition.get("data").and_then(Value::as_object);
    let fields = ["data", "stringData", "binaryData"].map(|field| object.get(field)?.as_object());
    if fields.into_iter().flatten().all(Map::is_empty) {
        return;
    }
    let owners = addition.pointer("/metadata/ownerReferences");
    match (keys, owners) {
        (Some(keys), _) => {
            let Some(fields) = object.as_object_mut() else {
                return;
            };
            let data = fields.entry("data".into()).or_insert_with(|| json!({}));
            if let Some(data) = data.as_object_mut() {
                let there = std::mem::take(data);
                // Of two with one key the later one counts.
                data.extend(keys.clone().into_iter().chain(there));
            }
        }
        (None, Some(owners)) => {
            let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
            if let Some(metadata) = metadata {
                metadata
                    .entry("ownerReferences".into())
                    .or_insert_with(|| owners.clone());
            }
        }
        (None, None) => {}
    }
}

/// Whether an object is of this group and kind.
fn is(object: &Value, group: &str, kind: &str) -> bool {
    text(object, "/kind") == Some(kind)
        && text(object, "/apiVersion").is_some_and(|version| split(version).0 == group)
}

/// A text that is not empty.
fn filled<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    text(value, pointer).filter(|text| !text.is_empty())
}

/// The items of a list; none where it is no list.
pub(crate) fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten()
}

/// The keys of a map.
fn keys<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v str> {
    let map = value.pointer(pointer).and_then(Value::as_object);
    map.into_iter().flat_map(Map::keys).map(Name::as_str)
}

/// The Secret of a name that something makes and owns, with these keys. What their values are is not known.
fn secret<'k>(
    maker: &Value,
    name: &str,
    kind: Option<&str>,
    keys: impl IntoIterator<Item = &'k str>,
) -> Value {
    let kind = kind.filter(|kind| !kind.is_empty());
    let mut secret = owned(maker, "Secret", name);
    if let Some(fields) = secret.as_object_mut() {
        fields.insert("type".into(), json!(kind.unwrap_or("Opaque")));
        fields.insert("data".into(), data(keys));
    }
    secret
}

/// The same where its keys are not known, or not all of them.
fn with_unknown_keys(mut made: Value) -> Value {
    if let Some(fields) = made.as_object_mut() {
        fields.remove("data");
    }
    made
}

/// An object of the core group that something makes in its own namespace, and owns.
fn owned(maker: &Value, kind: &str, name: &str) -> Value {
    let owner = json!({
        "apiVersion": maker.get("apiVersion"), "kind": maker.get("kind"),
        "name": maker.pointer("/metadata/name"), "uid": uid_of(maker), "controller": true,
    });
    json!({
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {
            "name": name, "namespace": maker.pointer("/metadata/namespace"), "ownerReferences": [owner],
        },
    })
}

/// An annotation with the names that a certificate of cert-manager has, with commas between: what it writes to the Secret
/// when the certificate is issued (`AnnotationsForCertificate` in `internal/controller/certificates/secrets.go`), and
/// what an Ingress may ask for.
pub(crate) const DNS_NAMES: &str = "cert-manager.io/alt-names";
/// The same of its common name.
pub(crate) const COMMON_NAME: &str = "cert-manager.io/common-name";

/// The Secret of cert-manager for a certificate with these names.
fn annotated(mut secret: Value, dns_names: &[&str], common_name: Option<&str>) -> Value {
    if let Some(metadata) = secret.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations = json!({DNS_NAMES: dns_names.join(","), COMMON_NAME: common_name});
        metadata.insert("annotations".into(), annotations);
    }
    secret
}

/// Data with these keys.
fn data<'k>(keys: impl IntoIterator<Item = &'k str>) -> Value {
    let keys = keys.into_iter().map(|key| (key.into(), json!("")));
    Value::Object(keys.collect())
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
