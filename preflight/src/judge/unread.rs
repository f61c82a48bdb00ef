//! Objects that would pass for clean because no policy reads them as what they are.

use std::{cell::LazyCell, collections::BTreeSet, sync::Arc};

use shared::{GroupVersionKind, kubernetes::kinds::well_known::pod_spec_paths};
use tree::{Value, json};

use super::{ActivePolicy, CustomKind, Evaluation};
use crate::{
    MemoryCluster,
    deployed::LeftOutBy,
    manifests::Object,
    report::{Reason, Subject, Unjudged},
    review::{Request, complete},
};
use pods::Pods;
use search::{Step, find};
use wrapped::Wrapped;

mod pods;
mod search;
mod wrapped;

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

/// What SOPS may encrypt and no policy reads, or reads as what it is.
const UNREAD: [&str; 4] = ["binaryData", "data", "sops", "stringData"];

/// What the run knows of kinds and policies.
pub(super) struct Reader<'a> {
    cluster: &'a Arc<MemoryCluster>,
    policies: &'a [ActivePolicy],
    /// Whether any policy looks at pods at all.
    reads_pods: bool,
    /// Whether a cluster printed the objects.
    live: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        cluster: &'a Arc<MemoryCluster>,
        policies: &'a [ActivePolicy],
        live: bool,
    ) -> Self {
        let mut resources = policies.iter().flat_map(ActivePolicy::resources);
        let is_of_pods = |resource: &str| {
            let resource = resource.split('/').next().unwrap_or(resource);
            resource == "*" || WITH_PODS.contains(&resource)
        };
        Self {
            cluster,
            policies,
            reads_pods: resources.any(is_of_pods),
            live,
        }
    }

    /// Why an object was not checked, or a part of it, if it was not. `evaluations` are what policies say of it.
    pub(super) fn reason(
        &self,
        object: &Object,
        evaluations: &[Evaluation<'_>],
    ) -> Option<Unjudged> {
        self.unreadable(object)
            .or_else(|| self.unread(object, evaluations))
            .or_else(|| self.unselected(object, evaluations))
    }

    /// Why no policy can read an object as what it is meant to be.
    fn unreadable(&self, object: &Object) -> Option<Unjudged> {
        let (api_version, kind) = (object.api_version(), object.kind());
        let kinds = self.cluster.kinds();
        let unjudged = |reason, field: &str, text| unjudged(object, reason, field, text);
        if let Some(field) = encrypted(&object.value) {
            let text = format!(
                "{field} is encrypted by SOPS, and no policy can read it; pipe what `sops --decrypt FILE` prints into \
                 `preflight -`, or encrypt `data` and `stringData` alone (encrypted_regex)"
            );
            return Some(unjudged(Reason::Encrypted, &field, text));
        }
        if kinds.is_list(api_version, kind) {
            let text = format!(
                "a {kind} without `items` is not a list to kubectl, and no server has an object of this kind; write `items: []`, \
                 if it is empty"
            );
            return Some(unjudged(Reason::UnservedVersion, "kind", text));
        }
        if let Some((right_version, right_kind)) = kinds.misspelt(api_version, kind) {
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
        if kinds.is_unknown(api_version, kind) {
            let text = format!(
                "no supported Kubernetes has {kind} in {api_version}, so no policy reads it as it is meant; remove it, or \
                 write the kind that is there now"
            );
            return Some(unjudged(Reason::UnservedVersion, "kind", text));
        }
        None
    }

    /// Where an object has pods or other objects in it that no policy reads.
    fn unread(&self, object: &Object, evaluations: &[Evaluation<'_>]) -> Option<Unjudged> {
        let kind = object.kind();
        let kinds = self.cluster.kinds();
        let is_of_kubernetes = kinds.is_of_kubernetes(object.api_version(), kind);
        let readers = evaluations.iter().filter(|it| it.is_of_a_reader());
        let readers: Vec<&ActivePolicy> = readers.map(|it| it.by).collect();
        let is_read = !readers.is_empty();
        if has_none(object) || is_read && (is_of_kubernetes || !has_of_this_bundle(&readers)) {
            return None;
        }
        // What is not of Kubernetes is read where a policy knows it to have pods, and nowhere else.
        let paths = paths(object, &readers);
        let pods = Pods::new(&object.value, &paths, is_read && self.live);
        if !is_of_kubernetes {
            let wrapped = Wrapped::all(&object.value, |wrapped| {
                self.reads(wrapped, object) && !pods.are_read_in(wrapped)
            });
            if let Some(Wrapped { path, .. }) = wrapped.first() {
                let text = wrapped::text(object, &wrapped);
                return Some(unjudged(object, Reason::UnreadObject, path, text));
            }
        }
        if !self.reads_pods {
            return None;
        }
        let (field, is_text) = pods.unread()?;
        let is_pod_spec = !field.ends_with("hostPath");
        let what_to_do = match (is_of_kubernetes, is_read) {
            _ if !is_pod_spec => "check the pods that its controller makes of it",
            (true, _) => "the rules and selectors of the policies leave it out",
            (false, true) => "list the path in `customKinds` of the policies' settings",
            (false, false) => "list its kind in `customKinds` of the policies' settings",
        };
        let text = if is_text {
            format!(
                "holds a part of its pods in {field}, which is text to policies; write it in the fields of the pods, where \
                 {kind} has them"
            )
        } else {
            format!("holds pods in {field}, and no policy reads it; {what_to_do}")
        };
        Some(unjudged(object, Reason::UnreadPods, &field, text))
    }

    /// Whether selectors of policies of a cluster leave an object out that they list. Its own labels, which its author
    /// writes, count for each policy by itself; those of its namespace, where no other policy is asked about it.
    fn unselected(&self, object: &Object, evaluations: &[Evaluation<'_>]) -> Option<Unjudged> {
        let may_leave_out = |by: &&ActivePolicy| {
            let deployed = by.deployed.as_ref();
            deployed.is_some_and(|it| it.has_object_selector() || evaluations.is_empty())
        };
        let policies: Vec<&ActivePolicy> = self.policies.iter().filter(may_leave_out).collect();
        if policies.is_empty() {
            return None;
        }
        let request = Request::new(&object.value, None, self.cluster.kinds(), 0);
        let target = request.target();
        let request = json!(request);
        let by = |policy| {
            let by = ActivePolicy::leaves_out(policy, &target, &request, self.cluster)?;
            Some((by, policy))
        };
        let mut left_out: Vec<(LeftOutBy, &ActivePolicy)> =
            policies.into_iter().filter_map(by).collect();
        // Another resource of the same module may be for what this one leaves out.
        let asked: BTreeSet<&str> = evaluations.iter().flat_map(|it| modules(it.by)).collect();
        left_out.retain(|(by, policy)| match by {
            LeftOutBy::Labels => !modules(policy).any(|module| asked.contains(module)),
            LeftOutBy::Namespace | LeftOutBy::Kubewarden => evaluations.is_empty(),
        });
        let (first, _) = *left_out.iter().min_by_key(|(by, _)| *by)?;
        let names = left_out.iter().filter(|(by, _)| *by == first);
        let names: Vec<&str> = names.map(|(_, policy)| policy.name()).collect();
        let names = match names.as_slice() {
            [one] => (*one).to_owned(),
            [one, others @ ..] => format!("{one} and {} more", others.len()),
            [] => return None,
        };
        let text = match first {
            LeftOutBy::Labels => {
                format!("the objectSelector of {names} leaves it out, by its labels")
            }
            LeftOutBy::Namespace => format!(
                "the namespaceSelector of {names} leaves its namespace out, and no other policy is asked about it"
            ),
            LeftOutBy::Kubewarden => {
                "Kubewarden asks no policy about what is in its own namespace".to_owned()
            }
        };
        Some(unjudged(object, Reason::Unselected, "", text))
    }

    /// Whether any policy would be asked about what an object holds, if it were a manifest of its own.
    fn reads(&self, wrapped: &Value, holder: &Object) -> bool {
        let kinds = self.cluster.kinds();
        let mut wrapped = wrapped.clone();
        complete(&mut wrapped, kinds, holder.namespace().unwrap_or("default"));
        let request = Request::new(&wrapped, None, kinds, 0);
        let target = request.target();
        let request = LazyCell::new(|| json!(request));
        let mut policies = self.policies.iter();
        policies.any(|by| by.wants(&target, &request, self.cluster))
    }
}

fn unjudged(object: &Object, reason: Reason, field: &str, text: String) -> Unjudged {
    Unjudged {
        reason,
        place: object.place_of(field),
        object: Some(Subject::of(object)),
        text,
    }
}

/// The modules that judge for a policy.
fn modules(by: &ActivePolicy) -> impl Iterator<Item = &str> {
    let members = by.members().into_iter();
    members.map(|(_, member)| member.policy.name())
}

/// Whether any of these policies is of this bundle. What others read of a kind is not known: it may be all.
fn has_of_this_bundle(policies: &[&ActivePolicy]) -> bool {
    let mut members = policies.iter().flat_map(|by| by.members());
    members.any(|(_, member)| member.policy.is_of_this_bundle())
}

/// Where the policies that read an object of a custom kind look for its pod specs.
fn paths(object: &Object, readers: &[&ActivePolicy]) -> Vec<String> {
    if readers.is_empty() {
        return Vec::new();
    }
    let kind = GroupVersionKind {
        group: object.group(),
        version: "",
        kind: object.kind(),
    };
    let mut paths = pod_spec_paths(&kind);
    for (_, member) in readers.iter().flat_map(|by| by.members()) {
        let custom = CustomKind::all(&member.policy, &member.settings);
        let custom = custom.into_iter();
        paths.extend(custom.filter_map(|custom| custom.path_of(kind.group, kind.kind)));
    }
    paths
}

/// Whether an object only describes how others look: a definition has a schema, and Kyverno's policies have patterns. And a
/// `PersistentVolume` has the path of a node, but no pods.
fn has_none(object: &Object) -> bool {
    let group = object.group();
    group == "apiextensions.k8s.io"
        || group == "kyverno.io"
        || group.ends_with(".kyverno.io")
        || (group, object.kind()) == ("", "PersistentVolume")
}

/// The path of the first field that SOPS encrypted, but for data, of which policies say themselves what they read.
fn encrypted(object: &Value) -> Option<String> {
    let is_of_sops = object.get("sops").is_some();
    let fields = object.as_object()?.iter();
    let fields = fields.filter(|(key, _)| !UNREAD.contains(&key.as_str()));
    let mut fields = fields.map(|(key, value)| (key.to_string(), value));
    fields.find_map(|(mut path, value)| {
        let mut look = |_: &Value, _: &str, value: &Value, _: &str| {
            if is_cipher(value) {
                Step::Found
            } else {
                Step::Below
            }
        };
        let is_it = is_cipher(value) || is_of_sops && find(value, &mut path, &mut look);
        is_it.then_some(path)
    })
}

/// Source: sops, `aes.Cipher.Encrypt` in `aes/cipher.go`.
fn is_cipher(value: &Value) -> bool {
    let text = value.as_str();
    text.is_some_and(|text| text.starts_with("ENC[AES256_GCM,"))
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
}
