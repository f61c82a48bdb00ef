//! The objects of a cluster, and what a look-up among them finds.
//!
//! Source of texts and of what is left out of answers: kubewarden/adm-controller,
//! `crates/policy-evaluator/src/callback_handler/kubernetes/{client,reflector,field_mask}.rs`, and answers seen on a real
//! cluster.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tree::{Map, Value, json};

use crate::{
    convert,
    kinds::{Kinds, Served, is_nowhere, meant_otherwise, split, text},
    lookup::{Lookup, Operation},
    mask::Mask,
    origin::{Folders, Origin, Place, Rank, View, choose, rivals},
    selector,
};

/// The namespace of objects that name none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// A set of objects that can be looked up.
#[derive(Debug, Default)]
pub struct MemoryCluster {
    kinds: Kinds,
    /// By group and kind.
    objects: BTreeMap<(String, String), OfKind>,
    /// Where they are from. Without any, answers do not depend on the file that asks.
    folders: Folders,
    errors: BTreeMap<(String, String), String>,
    /// What every look-up fails with.
    failure: Option<String>,
    /// The real host, too, keeps the lists that it has already looked up. A single object is found as fast as its answer
    /// would be.
    lists: Mutex<HashMap<Question, Kept>>,
}

/// The objects of a kind.
#[derive(Debug, Default)]
struct OfKind {
    /// By namespace and name: answers do not depend on the order of files.
    named: BTreeMap<Key, Vec<Definition>>,
    /// Whether there are several definitions of any of them.
    has_rivals: bool,
}

/// An object, or one of several definitions of it.
#[derive(Debug)]
struct Definition {
    value: Arc<Value>,
    place: Place,
    /// Its position among all objects.
    position: usize,
}

/// What is asked, as the guest wrote it, and the positions of the definitions that the answer is made of. None where these
/// are the same for all that ask.
type Question = (Operation, Vec<u8>, Option<Vec<usize>>);

/// JSON, or why there is none.
pub(crate) type Answer = Result<Vec<u8>, String>;

/// An answer that is made once, by the thread that asks first.
type Kept = Arc<OnceLock<Answer>>;

/// Namespace and name; of objects whose name is yet to be generated also their position.
type Key = (String, String, usize);

impl MemoryCluster {
    /// Takes the objects as the state of a cluster. Of two with the same kind, namespace and name the later one counts.
    pub fn new(objects: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        let objects = objects
            .into_iter()
            .map(|object| (Arc::new(object.into()), Origin::default()));
        Self::with_origins(objects)
    }

    /// The same with where each object is from. Of several definitions of one object, the file that asks decides.
    pub fn with_origins(objects: impl IntoIterator<Item = (Arc<Value>, Origin)>) -> Self {
        let objects: Vec<(Arc<Value>, Origin)> = objects.into_iter().collect();
        let mut cluster = Self {
            kinds: Kinds::of(objects.iter().map(|(object, _)| &**object)),
            ..Self::default()
        };
        for (position, (value, origin)) in objects.into_iter().enumerate() {
            cluster.insert(position, value, origin);
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
        let definitions = namespaces.named.get(&(String::new(), name.to_owned(), 0))?;
        let chosen = choose(definitions.iter().map(|one| &one.place), None)?;
        Some(&definitions.get(chosen)?.value)
    }

    /// The object of a name, in a version, that is meant in a file, and the number of its [`Origin`].
    #[must_use]
    pub fn object(
        &self,
        api_version: &str,
        kind: &str,
        (namespace, name): (&str, &str),
        asker: &str,
    ) -> Option<(usize, Cow<'_, Value>)> {
        let lookup = Lookup {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            label_selector: None,
            field_selector: None,
            field_masks: None,
            before: false,
        };
        let view = self.view(Some(asker));
        let found = self.select(Operation::Get, &lookup, view.as_ref()).pop()?;
        let number = found.place.origin.number;
        Some((number, convert::to_version(&found.value, api_version)))
    }

    fn insert(&mut self, position: usize, mut object: Arc<Value>, origin: Origin) {
        let (Some(api_version), Some(kind)) =
            (text(&object, "/apiVersion"), text(&object, "/kind"))
        else {
            return;
        };
        if meant_otherwise(api_version, kind) || is_nowhere(&object) {
            return;
        }
        let (group, kind) = (split(api_version).0.to_owned(), kind.to_owned());
        let namespace = if self.kinds.namespaced(&group, &kind) {
            text(&object, "/metadata/namespace")
                .unwrap_or(DEFAULT_NAMESPACE)
                .to_owned()
        } else {
            String::new()
        };
        let name = text(&object, "/metadata/name").map(ToOwned::to_owned);
        let is_told = text(&object, "/metadata/namespace") == Some(&namespace);
        if !namespace.is_empty()
            && !is_told
            && let Some(metadata) = Arc::make_mut(&mut object).get_mut("metadata")
            && let Some(metadata) = metadata.as_object_mut()
        {
            metadata.insert("namespace".into(), json!(namespace));
        }
        let key = match name {
            Some(name) => (namespace, name, 0),
            None => (namespace, String::new(), position),
        };
        let place = self.folders.place(origin);
        let of_kind = self.objects.entry((group, kind)).or_default();
        // Most objects have one.
        let definitions = of_kind.named.entry(key);
        let definitions = definitions.or_insert_with(|| Vec::with_capacity(1));
        of_kind.has_rivals |= !definitions.is_empty();
        definitions.push(Definition {
            value: object,
            place,
            position,
        });
    }

    /// What a guest gets to see.
    pub(crate) fn answer(
        &self,
        operation: Operation,
        payload: &[u8],
        lookup: &Lookup,
        asker: Option<&str>,
    ) -> Answer {
        let kind = (lookup.api_version.clone(), lookup.kind.clone());
        if let Some(text) = self.errors.get(&kind).or(self.failure.as_ref()) {
            return Err(text.clone());
        }
        let view = self.view(asker);
        let select = || self.select(operation, lookup, view.as_ref());
        if operation == Operation::Get {
            return self.write(operation, lookup, &select());
        }
        let selected = view
            .as_ref()
            .filter(|view| self.is_seen_differently(lookup, view))
            .map(|_| select());
        let positions = selected.as_ref().map(|selected| {
            let positions = selected.iter().map(|definition| definition.position);
            positions.collect()
        });
        let key = (operation, payload.to_vec(), positions);
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Arc::clone(lists.entry(key).or_default());
        // Lists may be long: other threads find their answers while this one is made or copied.
        drop(lists);
        kept.get_or_init(|| self.write(operation, lookup, &selected.unwrap_or_else(select)))
            .clone()
    }

    fn write(&self, operation: Operation, lookup: &Lookup, selected: &[&Definition]) -> Answer {
        let answer = self.look_up(operation, lookup, selected);
        answer
            .map(|value| value.to_string().into_bytes())
            .map_err(|text| format!("Callback evaluation failure: {text}"))
    }

    /// Whether another file may find other definitions of this kind.
    fn is_seen_differently(&self, lookup: &Lookup, view: &View<'_>) -> bool {
        let of_kind = self.objects.get(&kind(lookup));
        !view.has_all() || of_kind.is_some_and(|of_kind| of_kind.has_rivals)
    }

    fn view<'f>(&self, asker: Option<&'f str>) -> Option<View<'f>> {
        let asker = asker.filter(|_| !self.folders.is_empty())?;
        Some(self.folders.view(asker))
    }

    /// Whether a get of such an object says that there is one or none, and nothing else.
    pub(crate) fn can_tell(&self, lookup: &Lookup) -> bool {
        let kind = (lookup.api_version.clone(), lookup.kind.clone());
        let fails = self.failure.is_some() || self.errors.contains_key(&kind);
        let namespaced = || {
            let group = split(&lookup.api_version).0;
            self.kinds.namespaced(group, &lookup.kind)
        };
        !fails
            && self.kinds.served(&lookup.api_version, &lookup.kind) == Served::Yes
            && (lookup.namespace.is_some() || !namespaced())
    }

    /// What a get finds, by the numbers of the origins, and what it might have found in its place: definitions of the same
    /// object that differ in what is asked for.
    pub(crate) fn found(
        &self,
        lookup: &Lookup,
        asker: Option<&str>,
    ) -> Option<(usize, Vec<usize>)> {
        let view = self.view(asker);
        let definitions = self.named(lookup)?;
        let places = || definitions.iter().map(|definition| &definition.place);
        let chosen = choose(places(), view.as_ref())?;
        let found = definitions.get(chosen)?;
        let rivals = rivals(places(), chosen, view.as_ref());
        let rivals = rivals.iter().filter_map(|rival| definitions.get(*rival));
        let mut rivals: Vec<&Definition> = rivals.collect();
        let fields = |definition: &Definition| {
            let mut object = pruned(&definition.value, lookup);
            object.remove("metadata");
            object
        };
        if !rivals.is_empty() {
            let found = fields(found);
            rivals.retain(|rival| fields(rival) != found);
        }
        let number = |definition: &Definition| definition.place.origin.number;
        let rivals = rivals.into_iter().map(number);
        Some((number(found), rivals.collect()))
    }

    fn look_up(
        &self,
        operation: Operation,
        lookup: &Lookup,
        selected: &[&Definition],
    ) -> Result<Value, String> {
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
            Operation::ListAll => list(lookup, selected),
            Operation::ListByNamespace if namespaced => list(lookup, selected),
            Operation::ListByNamespace => Err(format!(
                "resource {api_version}/{kind} is cluster wide. Cannot search for it inside of a namespace"
            )),
            Operation::Get => get(lookup, namespaced, selected),
        }
    }

    /// The objects that a look-up is about, in any version: [`convert`] makes them what was asked for. They are in order of
    /// their names. Of several definitions of one object, it is the one that is meant in the file that asks.
    fn select(
        &self,
        operation: Operation,
        lookup: &Lookup,
        view: Option<&View<'_>>,
    ) -> Vec<&Definition> {
        let chosen = |definitions: &'_ [Definition]| {
            let places = definitions.iter().map(|definition| &definition.place);
            choose(places, view)
        };
        let namespace = match operation {
            Operation::Get => {
                let definitions = self.named(lookup).unwrap_or_default();
                let found = chosen(definitions).and_then(|chosen| definitions.get(chosen));
                return found.into_iter().collect();
            }
            Operation::ListAll => None,
            Operation::ListByNamespace => lookup.namespace.as_deref(),
        };
        let first = (namespace.unwrap_or_default().to_owned(), String::new(), 0);
        let objects = self.objects.get(&kind(lookup)).into_iter();
        objects
            .flat_map(|objects| objects.named.range(&first..))
            .take_while(|((home, ..), _)| namespace.is_none_or(|namespace| namespace == home))
            .filter_map(|(_, definitions)| definitions.get(chosen(definitions)?))
            .filter(|definition| definition.place.origin.rank != Rank::Derived)
            .collect()
    }

    /// The definitions of the object that a get is about.
    fn named(&self, lookup: &Lookup) -> Option<&[Definition]> {
        let kind = kind(lookup);
        let namespace = if self.kinds.namespaced(&kind.0, &kind.1) {
            lookup.namespace.clone()?
        } else {
            String::new()
        };
        let key = (namespace, lookup.name.clone()?, 0);
        self.objects.get(&kind)?.named.get(&key).map(Vec::as_slice)
    }
}

/// The group and kind of what is looked up.
fn kind(lookup: &Lookup) -> (String, String) {
    let group = split(&lookup.api_version).0;
    (group.to_owned(), lookup.kind.clone())
}

fn list(lookup: &Lookup, selected: &[&Definition]) -> Result<Value, String> {
    let labels = selector::labels(lookup.label_selector.as_deref().unwrap_or_default())?;
    let fields = selector::fields(lookup.field_selector.as_deref().unwrap_or_default())?;
    let objects = selected.iter();
    let items: Vec<Value> = objects
        .map(|definition| &*definition.value)
        .filter(|object| {
            labels
                .iter()
                .all(|requirement| requirement.matches_labels(object))
        })
        .filter(|object| {
            fields
                .iter()
                .all(|requirement| requirement.matches_field(object))
        })
        .map(|object| as_item(object, lookup))
        .collect();
    let Lookup {
        api_version, kind, ..
    } = lookup;
    Ok(
        json!({"apiVersion": api_version, "kind": format!("{kind}List"), "metadata": {}, "items": items}),
    )
}

fn get(lookup: &Lookup, namespaced: bool, selected: &[&Definition]) -> Result<Value, String> {
    let Lookup {
        api_version,
        kind,
        namespace,
        ..
    } = lookup;
    let name = lookup.name.as_deref().unwrap_or_default();
    if namespaced && namespace.is_none() {
        return Err(format!(
            "Resource {api_version}/{kind} is namespaced, but no namespace was provided"
        ));
    }
    let found = selected.first().ok_or_else(|| {
        format!(
            "Cannot find {api_version}/{kind} named '{name}' inside of namespace '{namespace:?}'"
        )
    })?;
    let mut object = pruned(&found.value, lookup);
    object.insert("apiVersion".into(), json!(api_version));
    object.insert("kind".into(), json!(kind));
    Ok(Value::Object(object))
}

/// An object as it stands in a list: without `apiVersion` and `kind`, and with neither annotations nor managed fields,
/// which the host drops because of their size.
fn as_item(object: &Value, lookup: &Lookup) -> Value {
    let mut item = pruned(object, lookup);
    item.remove("apiVersion");
    item.remove("kind");
    if let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("managedFields".into(), json!([]));
        metadata.insert("annotations".into(), json!({}));
    }
    Value::Object(item)
}

/// Leaves out what the mask does not name. Metadata, like `apiVersion` and `kind`, stays whatever the mask says.
fn pruned(object: &Value, lookup: &Lookup) -> Map {
    let mask = Mask::new(lookup.field_masks.as_deref());
    let object = convert::to_version(object, &lookup.api_version);
    let fields = object.as_object();
    let metadata = fields.and_then(|fields| fields.get("metadata")).cloned();
    let mut object = match fields {
        Some(fields) if mask.is_empty() => fields.clone(),
        Some(fields) => mask.pick_fields(fields),
        None => Map::new(),
    };
    let metadata = metadata.unwrap_or_else(|| json!({}));
    object.insert("metadata".into(), metadata);
    object
}
