//! The objects of a cluster, and what a look-up among them finds.
//!
//! Source of texts and of what is left out of answers: kubewarden-controller,
//! `crates/policy-evaluator/src/callback_handler/kubernetes/{client,reflector,field_mask}.rs`, and answers seen on a real
//! cluster.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use serde_json::{Map, Value, json};

use crate::{
    convert,
    kinds::{Kinds, Served, split, text},
    lookup::{Lookup, Operation},
    mask::Mask,
    selector,
};

/// The namespace of objects that name none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// A set of objects that can be looked up.
#[derive(Debug, Default)]
pub struct MemoryCluster {
    kinds: Kinds,
    /// By group and kind, then by namespace and name: answers do not depend on the order of files.
    objects: BTreeMap<(String, String), BTreeMap<Key, Value>>,
    errors: BTreeMap<(String, String), String>,
    /// What every look-up fails with.
    failure: Option<String>,
    /// The real host, too, keeps what it has already looked up.
    answers: Mutex<HashMap<(Operation, Vec<u8>), Kept>>,
}

/// JSON, or why there is none.
pub(crate) type Answer = Result<Vec<u8>, String>;

/// An answer that is made once, by the thread that asks first.
type Kept = Arc<OnceLock<Answer>>;

/// Namespace and name; of objects whose name is yet to be generated also their position.
type Key = (String, String, usize);

impl MemoryCluster {
    /// Takes the objects as the state of a cluster. Of two with the same kind, namespace and name the later one counts.
    pub fn new(objects: impl IntoIterator<Item = Value>) -> Self {
        let objects: Vec<Value> = objects.into_iter().collect();
        let mut cluster = Self {
            kinds: Kinds::of(&objects),
            ..Self::default()
        };
        for (position, object) in objects.into_iter().enumerate() {
            cluster.insert(position, object);
        }
        cluster
    }

    /// A cluster where every look-up fails with this text, as the guest gets to see it.
    #[must_use]
    pub fn failing(text: &str) -> Self {
        Self {
            failure: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// Makes every look-up of a kind fail with this text, as the guest gets to see it.
    #[must_use]
    pub fn with_error(mut self, api_version: &str, kind: &str, text: impl Into<String>) -> Self {
        self.errors
            .insert((api_version.to_owned(), kind.to_owned()), text.into());
        self
    }

    /// The same cluster, which knows a kind that is not built in, also without an object of it.
    #[must_use]
    pub fn serving(mut self, api_version: &str, kind: &str) -> Self {
        self.kinds.add(api_version, kind);
        self
    }

    /// What is known about the kinds of these objects.
    #[must_use]
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The Namespace of this name, if it is among the objects.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Value> {
        let namespaces = self.objects.get(&(String::new(), "Namespace".to_owned()))?;
        namespaces.get(&(String::new(), name.to_owned(), 0))
    }

    fn insert(&mut self, position: usize, mut object: Value) {
        let (Some(api_version), Some(kind)) =
            (text(&object, "/apiVersion"), text(&object, "/kind"))
        else {
            return;
        };
        let (group, kind) = (split(api_version).0.to_owned(), kind.to_owned());
        let namespace = if self.kinds.namespaced(&group, &kind) {
            text(&object, "/metadata/namespace")
                .unwrap_or(DEFAULT_NAMESPACE)
                .to_owned()
        } else {
            String::new()
        };
        let name = text(&object, "/metadata/name").map(ToOwned::to_owned);
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
            && !namespace.is_empty()
        {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        let key = match name {
            Some(name) => (namespace, name, 0),
            None => (namespace, String::new(), position),
        };
        self.objects
            .entry((group, kind))
            .or_default()
            .insert(key, object);
    }

    /// What a guest gets to see.
    pub(crate) fn answer(&self, operation: Operation, payload: &[u8], lookup: &Lookup) -> Answer {
        let kind = (lookup.api_version.clone(), lookup.kind.clone());
        if let Some(text) = self.errors.get(&kind).or(self.failure.as_ref()) {
            return Err(text.clone());
        }
        let key = (operation, payload.to_vec());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Arc::clone(answers.entry(key).or_default());
        // Lists may be long: other threads find their answers while this one is made or copied.
        drop(answers);
        kept.get_or_init(|| {
            let answer = self.look_up(operation, lookup);
            answer
                .map(|value| value.to_string().into_bytes())
                .map_err(|text| format!("Callback evaluation failure: {text}"))
        })
        .clone()
    }

    fn look_up(&self, operation: Operation, lookup: &Lookup) -> Result<Value, String> {
        let Lookup {
            api_version, kind, ..
        } = lookup;
        match self.kinds.served(api_version, kind) {
            Served::Yes => {}
            Served::NoSuchKind => return Err(format!("Cannot find resource {api_version}/{kind}")),
            Served::NoSuchGroup => {
                return Err(format!(
                    "error finding resource {api_version} / {kind}: ApiError: 404 page not found\n: Failed to parse \
                     error data (Status {{ status: Some(Failure), code: 404, message: \"404 page not found\\n\", \
                     metadata: None, reason: \"Failed to parse error data\", details: None }})"
                ));
            }
        }
        let namespaced = self.kinds.namespaced(split(api_version).0, kind);
        match operation {
            Operation::ListAll => self.list(lookup, None),
            Operation::ListByNamespace if namespaced => {
                self.list(lookup, lookup.namespace.as_deref())
            }
            Operation::ListByNamespace => Err(format!(
                "resource {api_version}/{kind} is cluster wide. Cannot search for it inside of a namespace"
            )),
            Operation::Get => self.get(lookup, namespaced),
        }
    }

    /// Objects of the group and kind in any version: [`convert`] makes them what was asked for. They are in order, and
    /// the first is the first of this namespace that has this name, or comes after it.
    fn of_kind(
        &self,
        lookup: &Lookup,
        namespace: &str,
        name: &str,
    ) -> impl Iterator<Item = (&Key, &Value)> {
        let kind = (split(&lookup.api_version).0.to_owned(), lookup.kind.clone());
        let first = (namespace.to_owned(), name.to_owned(), 0);
        let objects = self.objects.get(&kind).into_iter();
        objects.flat_map(move |objects| objects.range(&first..))
    }

    fn list(&self, lookup: &Lookup, namespace: Option<&str>) -> Result<Value, String> {
        let labels = selector::labels(lookup.label_selector.as_deref().unwrap_or_default())?;
        let fields = selector::fields(lookup.field_selector.as_deref().unwrap_or_default())?;
        let items: Vec<Value> = self
            .of_kind(lookup, namespace.unwrap_or_default(), "")
            .take_while(|((home, ..), _)| namespace.is_none_or(|namespace| namespace == home))
            .filter(|(_, object)| {
                labels
                    .iter()
                    .all(|requirement| requirement.matches_labels(object))
            })
            .filter(|(_, object)| {
                fields
                    .iter()
                    .all(|requirement| requirement.matches_field(object))
            })
            .map(|(_, object)| as_item(object, lookup))
            .collect();
        let Lookup {
            api_version, kind, ..
        } = lookup;
        Ok(
            json!({"apiVersion": api_version, "kind": format!("{kind}List"), "metadata": {}, "items": items}),
        )
    }

    fn get(&self, lookup: &Lookup, namespaced: bool) -> Result<Value, String> {
        let Lookup {
            api_version,
            kind,
            namespace,
            ..
        } = lookup;
        let name = lookup.name.as_deref().unwrap_or_default();
        let home = match namespace {
            _ if !namespaced => "",
            Some(namespace) => namespace,
            None => {
                return Err(format!(
                    "Resource {api_version}/{kind} is namespaced, but no namespace was provided"
                ));
            }
        };
        let found = self
            .of_kind(lookup, home, name)
            .next()
            .filter(|((other, called, _), _)| other == home && called == name);
        let (_, object) = found.ok_or_else(|| {
            format!("Cannot find {api_version}/{kind} named '{name}' inside of namespace '{namespace:?}'")
        })?;
        let mut object = pruned(object, lookup);
        object.insert("apiVersion".to_owned(), json!(api_version));
        object.insert("kind".to_owned(), json!(kind));
        Ok(Value::Object(object))
    }
}

/// An object as it stands in a list: without `apiVersion` and `kind`, and with neither annotations nor managed fields,
/// which the host drops because of their size.
fn as_item(object: &Value, lookup: &Lookup) -> Value {
    let mut item = pruned(object, lookup);
    item.remove("apiVersion");
    item.remove("kind");
    if let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("managedFields".to_owned(), json!([]));
        metadata.insert("annotations".to_owned(), json!({}));
    }
    Value::Object(item)
}

/// Leaves out what the mask does not name. Metadata, like `apiVersion` and `kind`, stays whatever the mask says.
fn pruned(object: &Value, lookup: &Lookup) -> Map<String, Value> {
    let mask = Mask::new(lookup.field_masks.as_deref());
    let object = convert::to_version(object, &lookup.api_version);
    let mut object = object.as_object().cloned().unwrap_or_default();
    let metadata = object.remove("metadata").unwrap_or_else(|| json!({}));
    if !mask.is_empty() {
        let mut data = Value::Object(object);
        mask.prune(&mut data);
        object = data.as_object_mut().map(std::mem::take).unwrap_or_default();
    }
    object.insert("metadata".to_owned(), metadata);
    object
}
