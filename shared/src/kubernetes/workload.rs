//! The pod specs of an object, and the containers in them.

use super::containers::{Container, ContainerRef, Role};
use super::kinds::custom::CustomKind;
use super::kinds::{self, well_known};
use super::view::View;
use crate::error::Error;
use crate::request::{GroupVersionKind, Request};
use document::Cursor;
use document::DecodeError;
use document::FieldPath;
use document::Json;

/// What came of looking for the pod specs of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodSpecs<'s> {
    /// All that there are were found.
    Found,
    /// The settings say that there is one at this path, and there is nothing.
    Missing(&'s str),
    /// The object is of a kind that bears no pods, as far as is known.
    Unclaimed,
}

/// Takes a path of a kind, the exact place to which it leads, and the pod spec that is there.
pub type OnPodSpec<'f> = dyn FnMut(&str, &FieldPath<'_>, &Cursor<'_>) -> Result<(), Error> + 'f;

/// Takes the same, and what holds the pod spec: a template, or the Pod itself.
pub type OnTemplate<'f> =
    dyn FnMut(&str, &FieldPath<'_>, &Cursor<'_>, &Cursor<'_>) -> Result<(), Error> + 'f;

/// Calls `found` with every pod spec of an object: of Kubernetes' own kinds, of those that are
/// [known](super::kinds::well_known), and of those that settings name.
pub fn every_pod_spec<'s>(
    request: &Request<'_>,
    custom: &'s [CustomKind],
    found: &mut OnPodSpec<'_>,
) -> Result<PodSpecs<'s>, Error> {
    every_template(request, custom, &mut |path, place, spec, _| {
        found(path, place, spec)
    })
}

/// The same, with what holds each pod spec.
pub fn every_template<'s>(
    request: &Request<'_>,
    custom: &'s [CustomKind],
    found: &mut OnTemplate<'_>,
) -> Result<PodSpecs<'s>, Error> {
    let object = request.object();
    let top = FieldPath::new("");
    if let Some(path) = kinds::pod_spec_path(&request.kind) {
        // Without a pod spec the API server refuses it, and also a list in its place.
        let mut found = |place: &FieldPath<'_>, spec: &Cursor<'_>, template: &Cursor<'_>| {
            found(path, place, spec, template)
        };
        walk((&object, &object), &top, path, false, &mut found)?;
        return Ok(PodSpecs::Found);
    }
    // A custom kind may make pods of several specs: of a head and of workers.
    let custom = custom.iter().filter(|custom| custom.is(&request.kind));
    let named: Vec<&str> = custom.map(|custom| custom.pod_spec_path.as_str()).collect();
    let known = well_known::pod_spec_paths(&request.kind);
    let is_other = |path: &&str| !named.contains(path);
    let known = known.iter().map(String::as_str).filter(is_other);
    let paths: Vec<&str> = named.iter().copied().chain(known).collect();
    if paths.is_empty() {
        return Ok(PodSpecs::Unclaimed);
    }
    let mut has_some = false;
    // Two paths may lead to one place, such as a role of `spec.mpiReplicaSpecs` and all of them: what is found twice is
    // told once.
    for (index, path) in paths.into_iter().enumerate() {
        let mut found = |place: &FieldPath<'_>, spec: &Cursor<'_>, template: &Cursor<'_>| {
            has_some |= index < named.len();
            found(path, place, spec, template)
        };
        walk((&object, &object), &top, path, true, &mut found)?;
    }
    // A well-known kind may refer to another object instead, as a Rollout does with `workloadRef`: that is judged by
    // itself. Only a path from the settings may be misspelt.
    Ok(match (has_some, named.first()) {
        (false, Some(path)) => PodSpecs::Missing(path),
        _ => PodSpecs::Found,
    })
}

/// The paths to the pod specs of a kind: of Kubernetes' own, and of those that settings name. The others take 6 KB of a
/// policy.
#[must_use]
pub fn named_paths<'s>(kind: &GroupVersionKind<'_>, custom: &'s [CustomKind]) -> Vec<&'s str> {
    let mut paths: Vec<&str> = kinds::pod_spec_path(kind).into_iter().collect();
    for custom in custom.iter().filter(|custom| custom.is(kind)) {
        paths.push(&custom.pod_spec_path);
    }
    paths
}

/// The same as [`every_pod_spec`], at [these paths](named_paths) alone.
pub fn named_pod_specs<'s>(
    request: &Request<'_>,
    custom: &'s [CustomKind],
    found: &mut OnPodSpec<'_>,
) -> Result<PodSpecs<'s>, Error> {
    let (object, top) = (request.object(), FieldPath::new(""));
    let is_built_in = kinds::pod_spec_path(&request.kind).is_some();
    let paths = named_paths(&request.kind, custom);
    let mut has_some = is_built_in;
    for path in &paths {
        let mut found = |place: &FieldPath<'_>, spec: &Cursor<'_>, _: &Cursor<'_>| {
            has_some = true;
            found(path, place, spec)
        };
        walk((&object, &object), &top, path, !is_built_in, &mut found)?;
    }
    Ok(match paths.first() {
        None => PodSpecs::Unclaimed,
        Some(path) if !has_some => PodSpecs::Missing(path),
        Some(_) => PodSpecs::Found,
    })
}

/// Takes a place, what is there, and what holds that.
type OnPlace<'f> = dyn FnMut(&FieldPath<'_>, &Cursor<'_>, &Cursor<'_>) -> Result<(), Error> + 'f;

/// Calls `found` with all that is at `path` of an object, and with its exact place. Where it goes through lists, the path
/// leads through every item, and of a list in a list: `spec.workerGroupSpecs.template.spec` also finds
/// `spec.workerGroupSpecs[1].template.spec`. A `*` leads through every field of a map.
fn walk(
    (cursor, holder): (&Cursor<'_>, &Cursor<'_>),
    place: &FieldPath<'_>,
    path: &str,
    through_lists: bool,
    found: &mut OnPlace<'_>,
) -> Result<(), Error> {
    if cursor.is_null() {
        return Ok(());
    }
    // Also a list in a list, as the steps of a workflow are.
    if let (Json::List(items), true) = (cursor.json, through_lists) {
        for (index, item) in items.iter().enumerate() {
            let item = Cursor::new(item, cursor.path.index(index));
            let place = place.index(index);
            walk((&item, holder), &place, path, true, found)?;
        }
        return Ok(());
    }
    if path.is_empty() {
        return found(place, cursor, holder);
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if name == "*" {
        for (name, json) in cursor.fields()? {
            let field = Cursor::new(json, cursor.path.child(name));
            let place = place.child(name);
            walk((&field, cursor), &place, rest, through_lists, found)?;
        }
        return Ok(());
    }
    let field = Cursor::new(cursor.value(name)?, cursor.path.child(name));
    let place = place.child(name);
    walk((&field, cursor), &place, rest, through_lists, found)
}

/// The pod spec of an object, with containers of type `C` and volumes of type `V`: each policy reads the fields that
/// its rules need.
#[derive(Debug, Clone, PartialEq)]
pub struct PodSpec<'a, C, V = ()> {
    /// The containers that run side by side.
    pub containers: Vec<C>,
    /// The containers that run one after the other before them; those that are always restarted run on beside them.
    pub init_containers: Vec<C>,
    /// The containers that are added to a running pod, to debug it.
    pub ephemeral_containers: Vec<C>,
    /// What containers may mount.
    pub volumes: Vec<V>,
    /// The account that the pod runs as; empty for the namespace's `default`.
    pub service_account_name: &'a str,
}

/// The fields of pod-bearing objects that this module reads.
pub const FIELDS: &[&str] = &[
    "spec",
    "jobTemplate",
    "template",
    "containers",
    "initContainers",
    "ephemeralContainers",
    "volumes",
    "serviceAccountName",
];

impl<'a, C: View<'a>, V: View<'a>> PodSpec<'a, C, V> {
    /// Reads the pod spec at `path` of the object of a request, such as `spec.template.spec`. None when there is none.
    pub fn read(request: &Request<'a>, path: &str) -> Result<Option<Self>, DecodeError> {
        request.object().at(path, Self::view)
    }

    /// Reads the pod spec at `spec` itself.
    pub fn view(spec: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            containers: spec.list("containers", C::read)?,
            init_containers: spec.list("initContainers", C::read)?,
            ephemeral_containers: spec.list("ephemeralContainers", C::read)?,
            volumes: spec.list("volumes", V::read)?,
            service_account_name: spec.text("serviceAccountName")?,
        })
    }
}

impl<C: Container, V> PodSpec<'_, C, V> {
    /// All containers of all lists, in the order in which people write them. As a list, which takes a fraction of the
    /// code that a chain of iterators takes wherever it is used.
    #[must_use]
    #[inline(never)]
    pub fn all_containers(&self) -> Vec<ContainerRef<'_, C>> {
        let mut all = Vec::new();
        for (list, containers) in [
            ("containers", &self.containers),
            ("initContainers", &self.init_containers),
            ("ephemeralContainers", &self.ephemeral_containers),
        ] {
            for (index, container) in containers.iter().enumerate() {
                let role = match list {
                    "containers" => Role::App,
                    "ephemeralContainers" => Role::Ephemeral,
                    _ if container.restart_policy() == "Always" => Role::Sidecar,
                    _ => Role::Init,
                };
                all.push(ContainerRef {
                    container,
                    role,
                    list,
                    index,
                });
            }
        }
        all
    }
}

/// What to ask for to read a pod spec at `spec.template.spec` with [`super::containers::SizedContainer`]s and the
/// [`super::containers::Resources`] of the pod. The same in every policy.
pub const SIZED_TEMPLATE: &[&str] = &[
    "spec.template.spec.containers.name",
    "spec.template.spec.containers.resources",
    "spec.template.spec.initContainers.name",
    "spec.template.spec.initContainers.resources",
    "spec.template.spec.initContainers.restartPolicy",
    "spec.template.spec.resources",
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kubernetes::kinds::{KINDS, pod_spec_path};
    use document::json::{self, Arena, Selection, Wanted};

    #[derive(Debug, Default, PartialEq)]
    struct Named<'a> {
        name: &'a str,
        restart_policy: &'a str,
    }

    impl<'a> View<'a> for Named<'a> {
        fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
            Ok(Self {
                name: cursor.text("name")?,
                restart_policy: cursor.text("restartPolicy")?,
            })
        }
    }

    impl Container for Named<'_> {
        fn name(&self) -> &str {
            self.name
        }

        fn restart_policy(&self) -> &str {
            self.restart_policy
        }
    }

    fn nested(path: &str, spec: Value) -> Value {
        path.rsplit('.')
            .fold(spec, |value, name| json!({ name: value }))
    }

    #[test]
    fn finds_every_container_of_every_kind() {
        let spec = json!({
            "containers": [{"name": "app"}, {"name": "other", "restartPolicy": "Always"}],
            "initContainers": [{"name": "init"}, {"name": "proxy", "restartPolicy": "Always"}],
            "ephemeralContainers": [{"name": "debug"}],
            "volumes": [{}, {}],
            "serviceAccountName": "robot",
        });
        for known in KINDS {
            let text = json!({"request": {
                "kind": {"group": known.group, "version": "v1", "kind": known.kind},
                "object": nested(known.pod_spec, spec.clone()),
            }})
            .to_string();
            let wanted = Wanted {
                fields: |field| {
                    FIELDS.contains(&field) || matches!(field, "name" | "restartPolicy")
                },
                whole: |_| false,
            };
            let arena = Arena::new();
            let json = json::read(&text, &arena, Selection::Payload, wanted).unwrap();
            let payload = Cursor::new(&json, FieldPath::new(""));
            let request = payload.map("request", Request::read).unwrap().unwrap();
            let path = pod_spec_path(&request.kind).unwrap();
            let pod: PodSpec<'_, Named<'_>> = PodSpec::read(&request, path).unwrap().unwrap();
            let found: Vec<_> = pod
                .all_containers()
                .into_iter()
                .map(|found| {
                    (
                        found.container.name(),
                        found.role,
                        format!("{}[{}]", found.list, found.index),
                    )
                })
                .collect();
            let at = str::to_owned;
            assert_eq!(
                found,
                [
                    ("app", Role::App, at("containers[0]")),
                    ("other", Role::App, at("containers[1]")),
                    ("init", Role::Init, at("initContainers[0]")),
                    ("proxy", Role::Sidecar, at("initContainers[1]")),
                    ("debug", Role::Ephemeral, at("ephemeralContainers[0]")),
                ]
            );
            assert_eq!((pod.service_account_name, pod.volumes.len()), ("robot", 2));
        }
    }

    /// Where pod specs are, and the accounts that they run as.
    fn found(text: &str, path: &str) -> Result<Vec<String>, Error> {
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        let mut found = Vec::new();
        let object = Cursor::new(&json, FieldPath::new("object"));
        let mut add = |place: &FieldPath<'_>, spec: &Cursor<'_>, _: &Cursor<'_>| {
            let pod: PodSpec<'_, Named<'_>> = PodSpec::view(spec)?;
            found.push(format!("{place}: {}", pod.service_account_name));
            Ok(())
        };
        walk(
            (&object, &object),
            &FieldPath::new(""),
            path,
            true,
            &mut add,
        )?;
        Ok(found)
    }

    #[test]
    fn finds_what_holds_a_pod_spec() {
        for (group, kind, path) in [
            ("", "Pod", "spec"),
            ("apps", "Deployment", "spec.template.spec"),
        ] {
            let mut holder = json!({"metadata": {"name": "a"}, "spec": {}});
            for step in path.split('.').rev().skip(1) {
                holder = json!({ step: holder });
            }
            let text =
                json!({"kind": {"group": group, "kind": kind}, "object": holder}).to_string();
            let arena = Arena::new();
            let json = json::parse(&text, &arena).unwrap();
            let request = Request::read(&Cursor::new(&json, FieldPath::new(""))).unwrap();
            let mut found = Vec::new();
            every_template(&request, &[], &mut |_, place, _, template| {
                let name = template.map("metadata", |metadata| metadata.text("name"))?;
                found.push(format!(
                    "{} {name:?}",
                    place.sibling("metadata").child("name")
                ));
                Ok(())
            })
            .unwrap();
            let place = path.strip_suffix("spec").unwrap();
            assert_eq!(found, [format!("{place}metadata.name Some(\"a\")")]);
        }
    }

    #[test]
    fn an_object_without_a_pod_spec_has_none() {
        for (text, specs) in [
            ("null", &[][..]),
            ("{}", &[]),
            (r#"{"spec":null}"#, &[]),
            (
                r#"{"spec":{"containers":null,"volumes":null}}"#,
                &["spec: "],
            ),
        ] {
            assert_eq!(found(text, "spec").unwrap(), specs, "{text}");
        }
    }

    #[test]
    fn finds_a_pod_spec_in_each_item_of_a_list() {
        let text = r#"{"spec":{
            "head":{"template":{"spec":{"serviceAccountName":"head"}}},
            "workers":[
                {"template":{"spec":{"serviceAccountName":"a"}}}, null, {}, {"template":null},
                {"template":{"spec":{"serviceAccountName":"b"}}}
            ],
            "none":[],
            "roles":{"Master":{"spec":{"serviceAccountName":"m"}},"worker":{"spec":{"serviceAccountName":"w"}},"x":null},
            "steps":[[{"inline":{"serviceAccountName":"d"}}], [null, {"inline":{"serviceAccountName":"e"}}], null],
            "lists":{"a":[{"serviceAccountName":"f"}]},
            "specs":[{"serviceAccountName":"c"}, null]}}"#;
        for (path, expected) in [
            (
                "spec.head.template.spec",
                &["spec.head.template.spec: head"][..],
            ),
            (
                "spec.workers.template.spec",
                &[
                    "spec.workers[0].template.spec: a",
                    "spec.workers[4].template.spec: b",
                ],
            ),
            ("spec.specs", &["spec.specs[0]: c"]),
            (
                "spec.steps.inline",
                &["spec.steps[0][0].inline: d", "spec.steps[1][1].inline: e"],
            ),
            ("spec.lists.*", &["spec.lists.a[0]: f"]),
            (
                "spec.roles.*.spec",
                &["spec.roles.Master.spec: m", "spec.roles.worker.spec: w"],
            ),
            ("spec.missing.*.spec", &[]),
            ("spec.none.*.spec", &[]),
            ("spec.none.template.spec", &[]),
            ("spec.missing.template.spec", &[]),
        ] {
            assert_eq!(found(text, path).unwrap(), expected, "{path}");
        }
        for (path, place) in [
            (
                "spec.workers.template.spec.serviceAccountName.x",
                "spec.workers[0].template.spec.serviceAccountName",
            ),
            (
                "spec.head.template.spec.serviceAccountName",
                "spec.head.template.spec.serviceAccountName",
            ),
        ] {
            let problem = DecodeError::unexpected(
                &FieldPath::new("object").child(place),
                "a string",
                "a map",
            );
            assert_eq!(
                found(text, path).unwrap_err(),
                Error::Object(problem),
                "{path}"
            );
        }
    }
}
