//! Look-ups in the cluster, for policies whose verdict depends on more than one object.

use std::cell::Cell;

use serde::Serialize;

use document::Cursor;
use document::DecodeError;

use crate::error::{ClusterError, Error};
use document::FieldPath;
use document::json::{self, Arena, Json, Selection, Wanted};
use document::quote;

/// Where objects are looked up: the host in a cluster, a set of objects in tests.
///
/// Policies call [`Lookup::read`], [`fetch`] and [`list`]. They share this one method, so that a policy that never lists
/// carries neither the code for it nor the name of the host's function, which tools would miss in its metadata.
pub trait Cluster {
    /// The answer of the host's function `kubernetes/<operation>` as JSON, or the host's words on why there is none.
    fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String>;
}

/// Asks another cluster, each question once: an UPDATE is judged twice, and the old object mostly needs what the new one
/// needs.
pub(crate) struct Cached<'c> {
    cluster: &'c dyn Cluster,
    /// The requests, and what came of each. No two operations have requests with the same fields.
    answers: Cell<Vec<(Vec<u8>, HostAnswer)>>,
}

type HostAnswer = Result<Vec<u8>, String>;

/// At most this many answers are kept. A policy that asks more asks another question for each of very many objects.
const MAX_CACHED: usize = 100;

impl<'c> Cached<'c> {
    pub(crate) fn of(cluster: &'c dyn Cluster) -> Self {
        Self {
            cluster,
            answers: Cell::default(),
        }
    }
}

impl Cluster for Cached<'_> {
    fn ask(&self, operation: &str, request: &[u8]) -> HostAnswer {
        let mut answers = self.answers.take();
        let known = answers.iter().find(|(known, _)| known == request);
        let answer = match known {
            Some((_, answer)) => answer.clone(),
            None => self.cluster.ask(operation, request),
        };
        if known.is_none() && answers.len() < MAX_CACHED {
            answers.push((request.to_vec(), answer.clone()));
        }
        self.answers.set(answers);
        answer
    }
}

/// Asks the same cluster as it was before the change that is judged. Only the host of preflight has both, and sees by the
/// field `before` which one a question is about.
pub(crate) struct Before<'c>(pub(crate) &'c dyn Cluster);

impl Cluster for Before<'_> {
    fn ask(&self, operation: &str, request: &[u8]) -> HostAnswer {
        let mut request = request.to_vec();
        request.pop();
        request.extend_from_slice(br#","before":true}"#);
        self.0.ask(operation, &request)
    }
}

/// The host's function that gets one object.
pub(crate) const GET: &str = "get_resource";

/// The host's function that lists the objects of the whole cluster.
pub(crate) const LIST_ALL: &str = "list_resources_all";

/// The host's function that lists the objects of a namespace.
pub(crate) const LIST: &str = "list_resources_by_namespace";

/// An object to get, and the fields of it that are needed.
#[derive(Debug, Clone)]
pub struct Lookup<'a> {
    /// `v1` for the core group, else group and version.
    pub api_version: &'a str,
    /// The kind in the singular.
    pub kind: &'a str,
    /// The name of the object.
    pub name: &'a str,
    /// None for kinds that belong to no namespace.
    pub namespace: Option<&'a str>,
    /// Whether an answer of the last seconds is not good enough.
    pub disable_cache: bool,
    /// The fields that are needed, dotted and without list indexes, in alphabetic order.
    pub field_masks: &'a [&'a str],
}

/// The objects of a kind in a namespace, and the fields of them that are needed.
///
/// The host opens a watch for each distinct combination of these, and keeps what it yields. So policies ask for all
/// objects with the same mask, and select among them themselves.
#[derive(Debug, Clone)]
pub struct ListLookup<'a> {
    /// `v1` for the core group, else group and version.
    pub api_version: &'a str,
    /// The kind in the singular.
    pub kind: &'a str,
    /// The namespace that the objects are in.
    pub namespace: &'a str,
    /// The fields that are needed, dotted and without list indexes, in alphabetic order. `metadata` is always there,
    /// but for its annotations.
    pub field_masks: &'a [&'a str],
}

/// The objects of a kind that belongs to no namespace, and the fields of them that are needed.
#[derive(Debug, Clone)]
pub struct ListAllLookup<'a> {
    /// `v1` for the core group, else group and version.
    pub api_version: &'a str,
    /// The kind in the singular.
    pub kind: &'a str,
    /// The fields that are needed, as those of a [`ListLookup`].
    pub field_masks: &'a [&'a str],
}

/// An object that was looked up, as text.
#[derive(Debug)]
pub struct Answer {
    text: String,
    /// For what is read of the text.
    arena: Arena,
}

impl Answer {
    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// Reads the text. The fields are those that were asked for, so all are kept.
    pub fn parse(&self) -> Result<Json<'_>, ClusterError> {
        Ok(json::parse(&self.text, &self.arena)?)
    }
}

/// Many objects that were looked up.
#[derive(Debug, PartialEq)]
pub struct List<'a>(Json<'a>);

impl Answer {
    /// Reads the text as a list, and of its items the fields that `wants` names at any depth: the host leaves a good
    /// deal of metadata in, and there may be thousands.
    pub fn parse_list(&self, wants: fn(&str) -> bool) -> Result<List<'_>, ClusterError> {
        self.parse_list_with(Wanted::of(wants))
    }

    /// The same, where some fields are read with everything below: labels, whose keys users choose.
    pub fn parse_list_with(&self, wanted: Wanted) -> Result<List<'_>, ClusterError> {
        let list = json::read(&self.text, &self.arena, Selection::List, wanted)?;
        // Whatever is no list of items must not pass for an empty one.
        Cursor::new(&list, FieldPath::new("")).items("items")?;
        Ok(List(list))
    }
}

impl List<'_> {
    /// The items, each at the top of its own path. They have neither `apiVersion` nor `kind`.
    pub fn items(&self) -> impl Iterator<Item = Cursor<'_>> {
        let top = FieldPath::new("");
        let items = Cursor::new(&self.0, top).items("items").unwrap_or_default();
        items.iter().map(move |item| Cursor::new(item, top))
    }
}

/// What is sent to the host, one form for all its functions: written once, it takes a third of the code.
#[derive(Serialize)]
struct Question<'a> {
    api_version: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_cache: Option<bool>,
    field_masks: &'a [&'a str],
}

#[inline(never)]
fn ask(
    cluster: &dyn Cluster,
    operation: &str,
    question: &Question<'_>,
) -> Result<Answer, ClusterError> {
    // Strings and flags can always be written. An error that is never made does not cost its text.
    let request = serde_json::to_vec(question).unwrap_or_default();
    match cluster.ask(operation, &request) {
        // What is not UTF-8 is not JSON either: an empty text cannot be read. A long list is not copied.
        Ok(answer) => Ok(Answer {
            text: String::from_utf8(answer).unwrap_or_default(),
            arena: Arena::new(),
        }),
        Err(text) => Err(ClusterError::from_host(&text)),
    }
}

/// Gets an object, and tells why there is none.
pub fn fetch(cluster: &dyn Cluster, lookup: &Lookup<'_>) -> Result<Answer, ClusterError> {
    let question = Question {
        api_version: lookup.api_version,
        kind: lookup.kind,
        name: Some(lookup.name),
        namespace: lookup.namespace,
        disable_cache: Some(lookup.disable_cache),
        field_masks: lookup.field_masks,
    };
    ask(cluster, GET, &question)
}

impl Lookup<'_> {
    /// Gets the object and reads it. None when there is no such object or kind.
    pub fn read<T>(
        &self,
        cluster: &dyn Cluster,
        read: impl FnOnce(&Cursor<'_>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, Error> {
        let (mut read, mut found) = (Some(read), None);
        self.read_with(cluster, &mut |object| {
            if let Some(read) = read.take() {
                found = Some(read(object)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    // One for all types: what is generic is in the wasm once for each.
    #[inline(never)]
    fn read_with(
        &self,
        cluster: &dyn Cluster,
        read: &mut dyn FnMut(&Cursor<'_>) -> Result<(), DecodeError>,
    ) -> Result<(), Error> {
        let answer = match fetch(cluster, self) {
            Err(ClusterError::NotFound | ClusterError::NotServed) => return Ok(()),
            answer => answer,
        };
        let object = answer.and_then(|answer| {
            let json = answer.parse()?;
            Ok(read(&Cursor::new(&json, FieldPath::new("")))?)
        });
        object.map_err(|error| self.failed(error))
    }

    /// Says that nothing can be judged without the object.
    #[must_use]
    pub fn failed(&self, error: ClusterError) -> Error {
        let (kind, name) = (self.kind, self.name);
        let subject = match self.namespace {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        };
        Error::Lookup { subject, error }
    }
}

impl ListLookup<'_> {
    /// Lists the objects, or says that nothing can be judged without them.
    pub fn ask(&self, cluster: &dyn Cluster) -> Result<Answer, Error> {
        list(cluster, self).map_err(|error| self.failed(error))
    }

    /// Reads what [`ListLookup::ask`] was told: see [`Answer::parse_list`].
    pub fn parse<'l>(
        &self,
        answer: &'l Answer,
        wants: fn(&str) -> bool,
    ) -> Result<List<'l>, Error> {
        self.parse_with(answer, Wanted::of(wants))
    }

    /// Reads what [`ListLookup::ask`] was told: see [`Answer::parse_list_with`].
    pub fn parse_with<'l>(&self, answer: &'l Answer, wanted: Wanted) -> Result<List<'l>, Error> {
        let list = answer.parse_list_with(wanted);
        list.map_err(|error| self.failed(error))
    }

    /// Says that nothing can be judged without the list.
    #[must_use]
    pub fn failed(&self, error: ClusterError) -> Error {
        let subject = format!("the list of {} in {}", plural(self.kind), self.namespace);
        Error::Lookup { subject, error }
    }
}

impl ListAllLookup<'_> {
    /// Calls `found` with each object, or says that nothing can be judged without them. A kind that the cluster does not
    /// know has none.
    pub fn each(
        &self,
        cluster: &dyn Cluster,
        wants: fn(&str) -> bool,
        found: &mut dyn FnMut(&Cursor<'_>),
    ) -> Result<(), Error> {
        let question = Question {
            api_version: self.api_version,
            kind: self.kind,
            name: None,
            namespace: None,
            disable_cache: None,
            field_masks: self.field_masks,
        };
        let answer = match ask(cluster, LIST_ALL, &question) {
            Err(ClusterError::NotServed) => return Ok(()),
            answer => answer,
        };
        let listed = answer.and_then(|answer| {
            let list = answer.parse_list(wants)?;
            list.items().for_each(|item| found(&item));
            Ok(())
        });
        listed.map_err(|error| {
            let subject = format!("the list of {}", plural(self.kind));
            Error::Lookup { subject, error }
        })
    }
}

/// The name of a kind for many of its objects: `Deployments`, `Ingresses`.
fn plural(kind: &str) -> String {
    let ending = if kind.ends_with('s') { "es" } else { "s" };
    [kind, ending].concat()
}

/// Lists the objects of a kind in a namespace. A kind that the cluster does not know has no objects, which is for the
/// caller to say: it is [`ClusterError::NotServed`].
pub fn list(cluster: &dyn Cluster, lookup: &ListLookup<'_>) -> Result<Answer, ClusterError> {
    let question = Question {
        api_version: lookup.api_version,
        kind: lookup.kind,
        name: None,
        namespace: Some(lookup.namespace),
        disable_cache: None,
        field_masks: lookup.field_masks,
    };
    ask(cluster, LIST, &question)
}

/// Says which item of a list was skipped because it cannot be read, for a warning.
#[must_use]
pub fn skipped(kind: &str, item: &Cursor<'_>, error: &DecodeError) -> String {
    let name = item.map("metadata", |metadata| metadata.text("name"));
    let name = name.ok().flatten().unwrap_or_default();
    format!(
        "skipped {kind} {}, which cannot be read: {error}",
        quote(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that is asked one thing, and says one thing.
    struct Says {
        asked: (&'static str, &'static str),
        answer: Result<&'static str, &'static str>,
    }

    impl Cluster for Says {
        fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
            let request = std::str::from_utf8(request).unwrap();
            assert_eq!((operation, request), self.asked);
            let answer = self.answer.map(|text| text.as_bytes().to_vec());
            answer.map_err(str::to_owned)
        }
    }

    #[test]
    fn reads_an_object_or_says_what_is_wrong_with_it() {
        let volume = "PersistentVolume a";
        let request = r#"{"api_version":"v1","kind":"PersistentVolume","name":"a","disable_cache":true,"field_masks":["spec"]}"#;
        for (answer, expected) in [
            (Ok(r#"{"spec":"b"}"#), Ok(Some("b".to_owned()))),
            (Ok("{}"), Ok(Some(String::new()))),
            (
                Err("Cannot find v1/PersistentVolume named 'a' inside of namespace 'None'"),
                Ok(None),
            ),
            (Err("Cannot find resource v1/PersistentVolume"), Ok(None)),
            (
                Ok(r#"{"spec":7}"#),
                Err(format!(
                    "{volume} cannot be read: spec: must be a string, not a number"
                )),
            ),
            (
                Ok(""),
                Err(format!(
                    "{volume} cannot be read: is not JSON, or too deep, at line 1, column 0"
                )),
            ),
            (
                Err("deadline has elapsed"),
                Err(format!(
                    "{volume} could not be looked up: deadline has elapsed"
                )),
            ),
        ] {
            let lookup = Lookup {
                api_version: "v1",
                kind: "PersistentVolume",
                name: "a",
                namespace: None,
                disable_cache: true,
                field_masks: &["spec"],
            };
            let asked = ("get_resource", request);
            let found = lookup.read(&Says { asked, answer }, |volume| {
                volume.text("spec").map(str::to_owned)
            });
            assert_eq!(found.map_err(|error| error.to_string()), expected);
        }
    }

    /// Counts what it is asked.
    #[derive(Default)]
    struct Counting(Cell<usize>);

    impl Cluster for Counting {
        fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
            let count = self.0.get() + 1;
            self.0.set(count);
            if request == b"fails" {
                return Err(format!("{operation} {count}"));
            }
            Ok(format!("{operation} {count}").into_bytes())
        }
    }

    #[test]
    fn a_question_is_asked_once_as_long_as_there_are_few() {
        let cluster = Counting::default();
        let cached = Cached::of(&cluster);
        let ask = |request: &str| cached.ask("get", request.as_bytes());
        let told = |text: &str| Ok(text.as_bytes().to_vec());
        for (request, answer) in [
            ("a", told("get 1")),
            ("fails", Err("get 2".to_owned())),
            ("b", told("get 3")),
            ("a", told("get 1")),
            ("fails", Err("get 2".to_owned())),
        ] {
            assert_eq!(ask(request), answer, "{request}");
        }
        for number in 0..MAX_CACHED {
            let _ = ask(&number.to_string());
        }
        assert_eq!(ask("a"), told("get 1"));
        let (before, _) = (cluster.0.get(), ask("the last"));
        let _ = ask("the last");
        assert_eq!(cluster.0.get(), before + 2);
    }

    #[test]
    fn says_what_could_not_be_looked_up() {
        let lookup = Lookup {
            api_version: "apps/v1",
            kind: "Deployment",
            name: "web",
            namespace: Some("shop"),
            disable_cache: false,
            field_masks: &[],
        };
        let list = ListLookup {
            api_version: "v1",
            kind: "LimitRange",
            namespace: "shop",
            field_masks: &[],
        };
        let trouble = ClusterError::Unavailable("timed out".to_owned());
        for (error, said) in [
            (
                lookup.failed(trouble.clone()),
                "Deployment shop/web could not be looked up: timed out",
            ),
            (
                list.failed(trouble),
                "the list of LimitRanges in shop could not be looked up: timed out",
            ),
        ] {
            assert_eq!(error.to_string(), said);
        }
    }

    fn names(says: Result<&'static str, &'static str>) -> Result<Vec<String>, ClusterError> {
        let lookup = ListLookup {
            api_version: "autoscaling/v2",
            kind: "HorizontalPodAutoscaler",
            namespace: "shop",
            field_masks: &["spec.a"],
        };
        let asked = (
            "list_resources_by_namespace",
            r#"{"api_version":"autoscaling/v2","kind":"HorizontalPodAutoscaler","namespace":"shop","field_masks":["spec.a"]}"#,
        );
        let cluster = Says {
            asked,
            answer: says,
        };
        let answer = list(&cluster, &lookup)?;
        let list = answer.parse_list(|field| matches!(field, "metadata" | "name"))?;
        let name = |item: Cursor<'_>| {
            let name = item.map("metadata", |metadata| metadata.text("name"));
            assert!(item.fields().map_or(0, <[_]>::len) <= 1, "{item:?}");
            match name {
                Ok(name) => name.unwrap_or_default().to_owned(),
                Err(error) => error.to_string(),
            }
        };
        Ok(list.items().map(name).collect())
    }

    #[test]
    fn reads_a_list_item_by_item() {
        let some = r#"{"apiVersion":"v1","kind":"XList","metadata":{"name":7},"items":[
            {"metadata":{"name":"a","labels":{"name":"x"}},"spec":{"a":1}},{"metadata":{"name":7}},{},null,7]}"#;
        let read = [
            "a",
            "metadata.name: must be a string, not a number",
            "",
            "",
            "must be a map, not a number",
        ];
        assert_eq!(names(Ok(some)), Ok(read.map(str::to_owned).to_vec()));
        for empty in [r#"{"items":[]}"#, r#"{"items":null}"#, "{}"] {
            assert_eq!(names(Ok(empty)), Ok(vec![]), "{empty}");
        }
    }

    #[test]
    fn a_list_of_the_whole_cluster_has_no_namespace() {
        let asked = (
            "list_resources_all",
            r#"{"api_version":"networking.k8s.io/v1","kind":"IngressClass","field_masks":["spec.a"]}"#,
        );
        let names = |answer| {
            let lookup = ListAllLookup {
                api_version: "networking.k8s.io/v1",
                kind: "IngressClass",
                field_masks: &["spec.a"],
            };
            let mut names = Vec::new();
            let wants = |field: &str| matches!(field, "metadata" | "name");
            lookup
                .each(&Says { asked, answer }, wants, &mut |item| {
                    let name = item.map("metadata", |metadata| metadata.text("name"));
                    names.push(name.unwrap().unwrap_or_default().to_owned());
                })
                .map(|()| names)
                .map_err(|error| error.to_string())
        };
        for (answer, expected) in [
            (
                Ok(r#"{"items":[{"metadata":{"name":"a"}},{}]}"#),
                Ok(vec!["a".to_owned(), String::new()]),
            ),
            (Ok(r#"{"items":[]}"#), Ok(vec![])),
            (
                Err("Cannot find resource networking.k8s.io/v1/IngressClass"),
                Ok(vec![]),
            ),
            (
                Err("deadline has elapsed"),
                Err(
                    "the list of IngressClasses could not be looked up: deadline has elapsed"
                        .to_owned(),
                ),
            ),
            (
                Ok("[]"),
                Err(
                    "the list of IngressClasses cannot be read: must be a map, not a list"
                        .to_owned(),
                ),
            ),
        ] {
            assert_eq!(names(answer), expected);
        }
    }

    #[test]
    fn no_list_is_not_an_empty_list() {
        let error = |says| names(says).unwrap_err();
        let none = "Callback evaluation failure: error finding resource a/v1 / X: ApiError: 404 page not \
                    found\n: Failed to parse error data (Status { status: Some(Failure), code: 404, ";
        assert_eq!(error(Err(none)), ClusterError::NotServed);
        for (text, said) in [
            ("[]", "cannot be read: must be a map, not a list"),
            (
                r#"{"items":{}}"#,
                "cannot be read: items: must be a list, not a map",
            ),
            (
                "",
                "cannot be read: is not JSON, or too deep, at line 1, column 0",
            ),
        ] {
            assert_eq!(error(Ok(text)).to_string(), said);
        }
    }
}
