//! Objects that would pass for clean because no policy reads them as what they are.

use tree::Value;

use super::ActivePolicy;
use crate::{
    manifests::Object,
    report::{Reason, Subject, Unjudged},
};
use cluster::kinds::Kinds;

/// The resources of Kubernetes itself that hold pods.
const WITH_PODS: [&str; 9] = [
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "daemonsets",
    "deployments",
    "replicasets",
    "statefulsets",
    "cronjobs",
    "jobs",
];

/// The lists of a pod's containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// What SOPS may encrypt and no policy reads, or reads as what it is.
const UNREAD: [&str; 4] = ["binaryData", "data", "sops", "stringData"];

/// What the run knows of kinds and policies.
pub(super) struct Reader<'a> {
    kinds: &'a Kinds,
    /// Whether any policy looks at pods at all.
    reads_pods: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(kinds: &'a Kinds, policies: &[ActivePolicy]) -> Self {
        let mut resources = policies.iter().flat_map(ActivePolicy::resources);
        let is_of_pods = |resource: &str| {
            let resource = resource.split('/').next().unwrap_or(resource);
            resource == "*" || WITH_PODS.contains(&resource)
        };
        Self {
            kinds,
            reads_pods: resources.any(is_of_pods),
        }
    }

    /// Why an object was not checked, if it was not. `is_read` says whether any policy read it.
    pub(super) fn reason(&self, object: &Object, is_read: bool) -> Option<Unjudged> {
        let (api_version, kind) = (object.api_version(), object.kind());
        let unjudged = |reason, field: &str, text| Unjudged {
            reason,
            place: object.place_of(field),
            object: Some(Subject::of(object)),
            text,
        };
        if let Some(field) = encrypted(&object.value) {
            let text = format!(
                "{field} is encrypted by SOPS, and no policy can read it; pipe what `sops --decrypt FILE` prints into \
                 `preflight -`, or encrypt `data` and `stringData` alone (encrypted_regex)"
            );
            return Some(unjudged(Reason::Encrypted, &field, text));
        }
        if self.kinds.is_list(api_version, kind) {
            let text = format!(
                "a {kind} without `items` is not a list to kubectl, and no server has an object of this kind; write `items: []`, \
                 if it is empty"
            );
            return Some(unjudged(Reason::UnservedVersion, "kind", text));
        }
        if let Some((right_version, right_kind)) = self.kinds.misspelt(api_version, kind) {
            let (field, write) = match (right_version == api_version, right_kind == kind) {
                (true, _) => ("kind", format!("write kind: {right_kind}")),
                (_, true) => (
                    "apiVersion",
                    format!("write it for apiVersion: {right_version}"),
                ),
                _ => (
                    "apiVersion",
                    format!("write it for apiVersion: {right_version}, kind: {right_kind}"),
                ),
            };
            let text = format!(
                "no supported Kubernetes has {kind} in {api_version}, so no policy reads it as it is meant; {write}"
            );
            return Some(unjudged(Reason::UnservedVersion, field, text));
        }
        if self.kinds.is_unknown(api_version, kind) {
            let text = format!(
                "no supported Kubernetes has {kind} in {api_version}, so no policy reads it as it is meant; remove it, or \
                 write the kind that is there now"
            );
            return Some(unjudged(Reason::UnservedVersion, "kind", text));
        }
        if is_read || !self.reads_pods || is_of_patterns(object) {
            return None;
        }
        let field = pods(&object.value)?;
        let what_to_do = if self.kinds.is_of_kubernetes(api_version, kind) {
            "the rules and selectors of the policies leave it out"
        } else {
            "list its kind in `customKinds` of the policies' settings"
        };
        let text = format!("holds pods in {field}, and no policy reads it; {what_to_do}");
        Some(unjudged(Reason::UnreadPods, &field, text))
    }
}

/// Whether an object only describes how others look: a definition has a schema, and Kyverno's policies have patterns.
fn is_of_patterns(object: &Object) -> bool {
    let group = object.group();
    group == "apiextensions.k8s.io" || group == "kyverno.io" || group.ends_with(".kyverno.io")
}

/// The path of the first containers, or of volumes that lead to the node, wherever they are.
fn pods(object: &Value) -> Option<String> {
    let mut path = String::new();
    find(object, &mut path, &is_of_pods).then_some(path)
}

/// The path of the first field that SOPS encrypted, but for data, of which policies say themselves what they read.
fn encrypted(object: &Value) -> Option<String> {
    let is_of_sops = object.get("sops").is_some();
    let fields = object.as_object()?.iter();
    let fields = fields.filter(|(key, _)| !UNREAD.contains(&key.as_str()));
    let mut fields = fields.map(|(key, value)| (key.to_string(), value));
    fields.find_map(|(mut path, value)| {
        let is_it = is_cipher("", value) || is_of_sops && find(value, &mut path, &is_cipher);
        is_it.then_some(path)
    })
}

/// Source: sops, `aes.Cipher.Encrypt` in `aes/cipher.go`.
fn is_cipher(_: &str, value: &Value) -> bool {
    let text = value.as_str();
    text.is_some_and(|text| text.starts_with("ENC[AES256_GCM,"))
}

/// Finds what is wanted, by its key or its value, and writes its path behind what is there.
fn find(value: &Value, path: &mut String, is_it: &dyn Fn(&str, &Value) -> bool) -> bool {
    let above = path.len();
    let mut found = |step: &str, below: &Value, is_found: bool| {
        path.push_str(step);
        let is_found = is_found || find(below, path, is_it);
        if !is_found {
            path.truncate(above);
        }
        is_found
    };
    match value {
        Value::Object(fields) => fields.iter().any(|(key, below)| {
            let dot = if above == 0 { "" } else { "." };
            let is_plain = key
                .chars()
                .all(|character| character.is_alphanumeric() || "-_".contains(character));
            let step = if is_plain {
                format!("{dot}{key}")
            } else {
                format!("[{key:?}]")
            };
            found(&step, below, is_it(key, below))
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .any(|(number, item)| found(&format!("[{number}]"), item, is_it("", item))),
        _ => false,
    }
}

fn is_of_pods(key: &str, value: &Value) -> bool {
    let has_any = |is_one: &dyn Fn(&Value) -> bool| {
        value
            .as_array()
            .is_some_and(|items| items.iter().any(is_one))
    };
    let is_text = |value: Option<&Value>| value.is_some_and(Value::is_string);
    if CONTAINERS.contains(&key) {
        has_any(&|item| is_text(item.get("image")) || is_text(item.get("name")))
    } else if key == "volumes" {
        has_any(&|item| item.get("hostPath").is_some_and(Value::is_object))
    } else {
        // A step of a workflow is a container without a list round it.
        key == "container" && is_text(value.get("image"))
    }
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn finds_what_sops_encrypted() {
        let cipher = "ENC[AES256_GCM,data:cG9k,iv:x,tag:x,type:str]";
        let sops = json!({"mac": cipher});
        for (object, expected) in [
            (
                json!({"apiVersion": cipher, "kind": cipher}),
                Some("apiVersion"),
            ),
            (
                json!({"kind": "Pod", "spec": {"a": [1, {"b": ["c", cipher]}]}, "sops": sops}),
                Some("spec.a[1].b[1]"),
            ),
            (
                json!({"kind": "Secret", "data": {"a": cipher}, "stringData": {"a": cipher}, "sops": sops}),
                None,
            ),
            (json!({"kind": "Pod", "spec": {"a": "ENC[x]"}}), None),
        ] {
            assert_eq!(encrypted(&object).as_deref(), expected, "{object}");
        }
    }

    #[test]
    fn finds_pods_by_their_shape_wherever_they_are() {
        let containers = json!([{"name": "a", "image": "b"}]);
        for (object, expected) in [
            (
                json!({"spec": {"template": {"spec": {"containers": containers}}}}),
                Some("spec.template.spec.containers"),
            ),
            (
                json!({"spec": {"list": [1, {"a.b": {"initContainers": containers}}]}}),
                Some("spec.list[1][\"a.b\"].initContainers"),
            ),
            (
                json!({"spec": {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}}),
                Some("spec.volumes"),
            ),
            (
                json!({"spec": {"templates": [{"container": {"image": "a"}}]}}),
                Some("spec.templates[0].container"),
            ),
            (json!({"spec": {"containers": ["a", "b"]}}), None),
            (json!({"spec": {"containers": []}}), None),
            (json!({"spec": {"containers": {"name": "a"}}}), None),
            (json!({"spec": {"container": "a"}}), None),
            (json!({"spec": {"volumes": [{"name": "a"}]}}), None),
            (
                json!({"data": {"pod.yaml": "containers: [{image: a}]"}}),
                None,
            ),
        ] {
            assert_eq!(pods(&object).as_deref(), expected, "{object}");
        }
    }
}
