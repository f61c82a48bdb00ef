//! Builds the admission request of an object, and finds the policies that want to see a request.

use policy_metadata::Metadata;
use serde::Serialize;
use tree::{Map, Value, json};

use cluster::kinds::{Kinds, is_text, split, text};

pub(crate) mod server;

/// What the rules of a policy look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The API group.
    pub group: String,
    /// The API version.
    pub version: String,
    /// The plural name.
    pub resource: String,
    /// Empty for the object itself.
    pub subresource: String,
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`.
    pub operation: String,
}

/// Completes a manifest as kubectl and the API server do before admission: the namespace is filled in where the kind
/// has one and taken out where it has none, and a name is made up where it is to be generated.
pub fn complete(object: &mut Value, kinds: &Kinds, namespace: &str) {
    let group = split(text(object, "/apiVersion").unwrap_or_default()).0;
    let namespaced = kinds.namespaced(group, text(object, "/kind").unwrap_or_default());
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    let metadata = fields.entry("metadata".into()).or_insert_with(|| json!({}));
    if metadata.is_null() {
        *metadata = json!({});
    }
    let Some(metadata) = metadata.as_object_mut() else {
        return;
    };
    // What is of another type stays, so that it is told.
    match metadata.get("namespace") {
        Some(home) if !is_text(home) => {}
        _ if !namespaced => {
            metadata.remove("namespace");
        }
        _ if is_empty(metadata, "namespace") => {
            metadata.insert("namespace".into(), json!(namespace));
        }
        _ => {}
    }
    if is_empty(metadata, "name")
        && let Some(Value::String(prefix)) = metadata.get("generateName")
    {
        let name = format!("{prefix}00000");
        metadata.insert("name".into(), json!(name));
    }
}

/// Whether a text is not there. What is no text is something.
fn is_empty(metadata: &Map, key: &str) -> bool {
    match metadata.get(key) {
        None | Some(Value::Null) => true,
        Some(value) => value == "",
    }
}

/// Who writes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct User {
    pub(crate) username: &'static str,
    pub(crate) groups: &'static [&'static str],
}

/// Who applies manifests.
const USER: User = User {
    username: "preflight",
    groups: &["system:authenticated"],
};

#[derive(Debug, Clone, Copy, Serialize)]
struct GroupVersionKind<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
}

#[derive(Debug, Clone, Serialize)]
struct GroupVersionResource<'a> {
    group: &'a str,
    version: &'a str,
    resource: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    api_version: &'static str,
    kind: &'static str,
}

/// The request that the API server would send when an object is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Kubernetes calls them so")]
pub(crate) struct Request<'a> {
    uid: String,
    kind: GroupVersionKind<'a>,
    resource: GroupVersionResource<'a>,
    request_kind: GroupVersionKind<'a>,
    request_resource: GroupVersionResource<'a>,
    // Left out where there are none, as by the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    operation: &'static str,
    user_info: User,
    object: &'a Value,
    old_object: Option<&'a Value>,
    dry_run: bool,
    options: Options,
}

impl<'a> Request<'a> {
    /// That of an object which is created, or replaces an old one. `number` makes its uid, so that the same input gives the
    /// same request.
    pub(crate) fn new(
        object: &'a Value,
        old: Option<&'a Value>,
        kinds: &Kinds,
        number: usize,
    ) -> Self {
        let (group, version) = split(text(object, "/apiVersion").unwrap_or_default());
        let kind = GroupVersionKind {
            group,
            version,
            kind: text(object, "/kind").unwrap_or_default(),
        };
        let resource = GroupVersionResource {
            group,
            version,
            resource: kinds.plural(group, kind.kind),
        };
        let (operation, options) = match old {
            Some(_) => ("UPDATE", "UpdateOptions"),
            None => ("CREATE", "CreateOptions"),
        };
        Self {
            uid: format!("00000000-0000-4000-8000-{number:012x}"),
            kind,
            resource: resource.clone(),
            request_kind: kind,
            request_resource: resource,
            name: text(object, "/metadata/name"),
            namespace: text(object, "/metadata/namespace"),
            operation,
            user_info: USER,
            object,
            old_object: old,
            dry_run: false,
            options: Options {
                api_version: "meta.k8s.io/v1",
                kind: options,
            },
        }
    }

    /// The same by another user.
    pub(crate) fn by(self, user_info: User) -> Self {
        Self { user_info, ..self }
    }

    /// What the rules of a policy look at.
    pub(crate) fn target(&self) -> Target {
        Target {
            group: self.resource.group.to_owned(),
            version: self.resource.version.to_owned(),
            resource: self.resource.resource.clone(),
            subresource: String::new(),
            operation: self.operation.to_owned(),
        }
    }
}

/// The request that the API server would send when this object is created. `number` makes its uid, so that the same
/// input gives the same request.
#[must_use]
pub fn request(object: &Value, kinds: &Kinds, number: usize) -> Value {
    json!(Request::new(object, None, kinds, number))
}

impl Target {
    /// Reads the target of a request, whether its keys are in camelCase or in `snake_case`.
    #[must_use]
    pub fn of(request: &Value) -> Self {
        let of = |pointers: &[&str]| {
            pointers
                .iter()
                .find_map(|pointer| text(request, pointer))
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            group: of(&["/resource/group"]),
            version: of(&["/resource/version"]),
            resource: of(&["/resource/resource"]),
            subresource: of(&["/subResource", "/sub_resource"]),
            operation: of(&["/operation"]),
        }
    }

    /// Whether a policy wants to see it: any of its rules is enough.
    #[must_use]
    pub fn is_wanted_by(&self, metadata: &Metadata) -> bool {
        let mut rules = metadata.rules.iter();
        rules.any(|rule| self.matches(&rule.operations, &rule.api_groups, &rule.resources))
    }

    /// As `rules.go` of the API server does it.
    ///
    /// The version is not compared. Kubewarden registers webhooks with `matchPolicy: Equivalent`, so a policy for
    /// `autoscaling/v2` also gets what is written as `autoscaling/v1`, converted. Nothing is converted here: the policy
    /// gets the object as it is written. What it looks up is converted.
    pub(crate) fn matches(
        &self,
        operations: &[String],
        groups: &[String],
        resources: &[String],
    ) -> bool {
        let listed =
            |items: &[String], wanted: &str| items.iter().any(|item| item == "*" || item == wanted);
        listed(operations, &self.operation)
            && listed(groups, &self.group)
            && resources.iter().any(|listed| {
                let (resource, subresource) = listed.split_once('/').unwrap_or((listed, ""));
                (resource == "*" || resource == self.resource)
                    && (subresource == "*" || subresource == self.subresource)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_the_request_that_the_api_server_would_send() {
        let kinds = Kinds::default();
        let mut object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}});
        complete(&mut object, &kinds, "shop");
        let kind = json!({"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"});
        let resource =
            json!({"group": "networking.k8s.io", "version": "v1", "resource": "ingresses"});
        assert_eq!(
            request(&object, &kinds, 255),
            json!({
                "uid": "00000000-0000-4000-8000-0000000000ff",
                "kind": kind,
                "resource": resource,
                "requestKind": kind,
                "requestResource": resource,
                "name": "web",
                "namespace": "shop",
                "operation": "CREATE",
                "userInfo": {"username": "preflight", "groups": ["system:authenticated"]},
                "object": {
                    "apiVersion": "networking.k8s.io/v1",
                    "kind": "Ingress",
                    "metadata": {"name": "web", "namespace": "shop"},
                },
                "oldObject": null,
                "dryRun": false,
                "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
            })
        );
    }

    #[test]
    fn an_update_has_the_old_object() {
        let kinds = Kinds::default();
        let pod = |label: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"a": label}}});
        let (new, old) = (pod("new"), pod("old"));
        let mut expected = request(&new, &kinds, 0);
        expected["operation"] = json!("UPDATE");
        expected["oldObject"] = old.clone();
        expected["options"]["kind"] = json!("UpdateOptions");
        let request = Request::new(&new, Some(&old), &kinds, 0);
        assert_eq!(request.target().operation, "UPDATE");
        assert_eq!(json!(request), expected);
    }

    #[test]
    fn the_request_of_a_cluster_wide_object_has_no_namespace() {
        let kinds = Kinds::default();
        let mut object =
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "a"}});
        complete(&mut object, &kinds, "shop");
        let request = request(&object, &kinds, 0);
        assert_eq!(
            (&request["name"], request.get("namespace")),
            (&json!("a"), None)
        );
    }

    #[test]
    fn completes_metadata_as_the_api_server_does() {
        for (kind, metadata, expected) in [
            (
                "Pod",
                json!({"name": "a"}),
                json!({"name": "a", "namespace": "shop"}),
            ),
            (
                "Pod",
                json!({"name": "a", "namespace": "b"}),
                json!({"name": "a", "namespace": "b"}),
            ),
            ("Pod", json!(null), json!({"namespace": "shop"})),
            (
                "Pod",
                json!({"name": "", "generateName": "a-", "namespace": ""}),
                json!({"name": "a-00000", "generateName": "a-", "namespace": "shop"}),
            ),
            (
                "Pod",
                json!({"name": 1, "generateName": "a-", "namespace": false}),
                json!({"name": 1, "generateName": "a-", "namespace": false}),
            ),
            (
                "Node",
                json!({"name": "a", "namespace": 1}),
                json!({"name": "a", "namespace": 1}),
            ),
            (
                "Node",
                json!({"name": "a", "namespace": "b"}),
                json!({"name": "a"}),
            ),
            (
                "Pod",
                json!({"generateName": "a-"}),
                json!({"generateName": "a-", "name": "a-00000", "namespace": "shop"}),
            ),
        ] {
            let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
            complete(&mut object, &Kinds::default(), "shop");
            assert_eq!(object["metadata"], expected);
        }
    }

    #[test]
    fn matches_rules_as_the_api_server_does() {
        for (resources, resource, subresource, expected) in [
            ("pods", "pods", "", true),
            ("pods", "pods", "status", false),
            ("pods/status", "pods", "status", true),
            ("pods/status", "pods", "", false),
            ("pods/*", "pods", "", true),
            ("pods/*", "pods", "exec", true),
            ("*", "services", "", true),
            ("*", "pods", "exec", false),
            ("*/*", "pods", "exec", true),
            ("*/scale", "deployments", "scale", true),
            ("services", "pods", "", false),
        ] {
            let target = Target {
                group: "apps".to_owned(),
                version: "v1".to_owned(),
                resource: resource.to_owned(),
                subresource: subresource.to_owned(),
                operation: "CREATE".to_owned(),
            };
            let matches = |group: &str, operation: &str| {
                let [operation, group, resources] =
                    [operation, group, resources].map(|it| [it.to_owned()]);
                target.matches(&operation, &group, &resources)
            };
            assert_eq!(
                matches("apps", "CREATE"),
                expected,
                "{resources} {resource}/{subresource}"
            );
            assert_eq!(matches("*", "*"), expected);
            assert!(!matches("", "CREATE"));
            assert!(!matches("apps", "UPDATE"));
        }
    }

    #[test]
    fn reads_the_target_of_a_review() {
        let target = Target::of(&json!({
            "operation": "UPDATE",
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "sub_resource": "resize",
        }));
        assert_eq!(
            target,
            Target {
                group: String::new(),
                version: "v1".to_owned(),
                resource: "pods".to_owned(),
                subresource: "resize".to_owned(),
                operation: "UPDATE".to_owned(),
            }
        );
    }
}
