//! The admission request: what a user asks the API server to do.

use k8s_openapi::Resource;

use crate::message;
use crate::verdict::Level;
use document::Cursor;
use document::DecodeError;
use document::FieldPath;
use document::{Field, Json, Wanted};

/// An admission request, borrowed from the payload.
///
/// Hosts write the keys in camel case or in snake case; both are read. What is absent or null is empty.
///
/// Source: `staging/src/k8s.io/api/admission/v1/types.go`.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The kind of the object; a subresource may have one of its own (`autoscaling/v1` `Scale`).
    pub kind: GroupVersionKind<'a>,
    /// The subresource that is written, such as `status`; empty for the object itself.
    pub sub_resource: &'a str,
    /// Empty when the server makes up a name, and when a collection is deleted.
    pub name: &'a str,
    /// Empty for objects that belong to no namespace.
    pub namespace: &'a str,
    /// What is to be done.
    pub operation: Operation,
    /// The name of the user who asks, such as `system:serviceaccount:kube-system:replicaset-controller`.
    pub username: &'a str,
    /// Whether nothing will be stored in the end.
    pub dry_run: bool,
    object: &'a Json<'a>,
    old_object: &'a Json<'a>,
    submitted: &'a Json<'a>,
}

/// A kind of object. Group **and** kind tell kinds apart: a Knative `Service` is not the one of the core group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupVersionKind<'a> {
    /// Empty for the core group.
    pub group: &'a str,
    /// `v1`
    pub version: &'a str,
    /// `Pod`
    pub kind: &'a str,
}

impl GroupVersionKind<'_> {
    /// Whether this is `kind` of `group`, in any version.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// Whether this is `K`, in any version.
    #[must_use]
    pub fn is_a<K: Resource>(&self) -> bool {
        self.is(K::GROUP, K::KIND)
    }
}

/// What is to be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A new object. An operation that is not known counts as this, so that nothing is skipped.
    Create,
    /// A change of an object.
    Update,
    /// The end of an object.
    Delete,
    /// A connection to an object, such as `kubectl exec`.
    Connect,
}

/// What all objects have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectMeta<'a> {
    /// Empty when the server is to make up a name.
    pub name: &'a str,
    /// The start of a name that the server completes.
    pub generate_name: &'a str,
    /// Empty for objects that belong to no namespace.
    pub namespace: &'a str,
}

/// The processes of Kubernetes itself, by the names of their users. In one text, which takes the fewest bytes.
///
/// Sources: `staging/src/k8s.io/apiserver/pkg/authentication/user/user.go`. The manager of the cloud has other names
/// where the control plane is not for its users to see: "default roles and users" in the user guide of EKS,
/// `pkg/daemons/control/deps/deps.go` of k3s, which is a part of RKE2. On `OpenShift` two controllers do for a
/// `DeploymentConfig` what Kubernetes does for a Deployment (openshift/openshift-controller-manager).
const PROCESSES: &str = "system:apiserver system:cloud-controller-manager system:kube-controller-manager \
    system:kube-scheduler eks:cloud-controller-manager k3s-cloud-controller-manager rke2-cloud-controller-manager \
    system:serviceaccount:openshift-infra:deployer-controller \
    system:serviceaccount:openshift-infra:deploymentconfig-controller";

/// The service accounts of its controllers, all of `kube-system`.
///
/// Sources: `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go` and `namespace_policy.go` there, each
/// name behind `saRolePrefix`; `cloud-controller-manager` is that of
/// <https://kubernetes.io/docs/tasks/administer-cluster/running-cloud-controller/>.
const ACCOUNTS: &str = "bootstrap-signer cloud-controller-manager generic-garbage-collector \
    horizontal-pod-autoscaler kube-apiserver-serving-clustertrustbundle-publisher \
    legacy-service-account-token-cleaner persistent-volume-binder pod-garbage-collector \
    podcertificaterequestcleaner root-ca-cert-publisher storage-version-garbage-collector token-cleaner";

/// Those of them that end in `-controller`, without that.
const CONTROLLERS: &str = "attachdetach certificate clusterrole-aggregation cronjob daemon-set deployment \
    device-taint-eviction disruption endpoint endpointslice endpointslicemirroring ephemeral-volume expand job \
    namespace node pv-protection pvc-protection replicaset replication resource-claim resourcequota route \
    selinux-warning service service-account service-cidrs statefulset storage-version-migrator ttl \
    ttl-after-finished validatingadmissionpolicy-status volumeattributesclass-protection";

/// The fields of objects that this crate itself reads.
pub(crate) fn wants(field: &str) -> bool {
    matches!(
        field,
        "metadata" | "name" | "generateName" | "namespace" | "deletionTimestamp"
    )
}

impl<'a> Request<'a> {
    /// Reads a request.
    pub(crate) fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let object = cursor.value("object")?;
        let either = |camel: &str, snake: &str| match cursor.text(camel)? {
            "" => cursor.text(snake),
            text => Ok(text),
        };
        let username = |user: &Cursor<'a>| user.text("username");
        Ok(Self {
            kind: cursor
                .map("kind", GroupVersionKind::read)?
                .unwrap_or_default(),
            sub_resource: either("subResource", "sub_resource")?,
            name: cursor.text("name")?,
            namespace: cursor.text("namespace")?,
            operation: match cursor.text("operation")? {
                "UPDATE" => Operation::Update,
                "DELETE" => Operation::Delete,
                "CONNECT" => Operation::Connect,
                _ => Operation::Create,
            },
            username: match cursor.map("userInfo", username)? {
                None => cursor.map("user_info", username)?.unwrap_or_default(),
                Some(username) => username,
            },
            dry_run: cursor
                .flag("dryRun")?
                .or(cursor.flag("dry_run")?)
                .unwrap_or_default(),
            object,
            old_object: match cursor.value("oldObject")? {
                Json::Null => cursor.value("old_object")?,
                old_object => old_object,
            },
            submitted: object,
        })
    }

    /// How serious a finding may be that rests on another object than this one. A dry run stores nothing: where a whole
    /// set is tried before any of it is applied, the other object is not yet what the set makes of it, so refusing this
    /// one would keep both away for ever. What is wrong with the object alone stays wrong.
    ///
    /// Source: `ApplyAll` in `ssa/manager_apply.go` of fluxcd/pkg, which stops at the first refusal.
    #[must_use]
    pub fn ceiling(&self) -> Level {
        if self.dry_run {
            Level::Warn
        } else {
            Level::Deny
        }
    }

    /// The object as it would be stored. Null on DELETE.
    #[must_use]
    pub fn object(&self) -> Cursor<'a> {
        Cursor::new(self.object, FieldPath::new("object"))
    }

    /// What the client wants to have stored, also while the object that is stored now is judged.
    #[must_use]
    pub fn submitted(&self) -> Cursor<'a> {
        Cursor::new(self.submitted, FieldPath::new("object"))
    }

    /// The object as it is stored now. Null on CREATE.
    #[must_use]
    pub fn old_object(&self) -> Cursor<'a> {
        Cursor::new(self.old_object, FieldPath::new("oldObject"))
    }

    /// Whether an UPDATE leaves the object as it was, as far as the policy reads it.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        self.operation == Operation::Update && self.object == self.old_object
    }

    /// Whether an UPDATE leaves what is at `path` of the object as it was, as far as the policy reads it.
    #[must_use]
    pub fn keeps(&self, path: &str) -> bool {
        let (new, old) = (self.object().find(path), self.old_object().find(path));
        self.operation == Operation::Update && new.is_ok() && new.ok() == old.ok()
    }

    /// Whether an UPDATE leaves what is at `path` as it was, as far as `wanted` says, and however much was read. Also while
    /// the old object is judged, this is about what the client wants to have stored.
    #[must_use]
    pub fn submits_no_other(&self, path: &str, wanted: Wanted) -> bool {
        let (new, old) = (self.submitted().find(path), self.old_object().find(path));
        let name = path.rsplit('.').next().unwrap_or_default();
        self.operation == Operation::Update
            && matches!((new, old), (Ok(new), Ok(old)) if is_alike(new, old, wanted.below(name)))
    }

    /// Whether the object is being deleted, and only its finalizers keep it.
    ///
    /// The stored object says so. An UPDATE can neither set the timestamp nor take it off:
    /// `ValidateObjectMetaAccessorUpdate` in `staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go`. It is set
    /// by a DELETE, and no UPDATE is sent to webhooks for that.
    pub(crate) fn is_being_deleted(&self) -> bool {
        let timestamp = metadata(self.old_object).text("deletionTimestamp");
        self.operation == Operation::Update && timestamp.is_ok_and(|time| !time.is_empty())
    }

    /// Whether an UPDATE leaves everything as it was that takes effect in the cluster, as far as the policy reads it. Of
    /// metadata these are annotations with a name that it `wants`: finalizers, owners, `managedFields` and the like only
    /// say who keeps an object and who wrote it. A status tells what is, and wants nothing.
    pub(crate) fn keeps_effect(&self, wants: fn(&str) -> bool) -> bool {
        let (new, old) = (metadata(self.object), metadata(self.old_object));
        let is_effect = |field: &str| !matches!(field, "metadata" | "status");
        match (new.value("annotations"), old.value("annotations")) {
            (Ok(new), Ok(old)) => {
                self.operation == Operation::Update
                    && is_same(self.object, self.old_object, is_effect)
                    && is_same(new, old, wants)
            }
            _ => false,
        }
    }

    /// Whether Kubernetes itself writes. Refusing that helps no one: a Deployment that was fixed could not scale its old
    /// `ReplicaSet` down, and a finished Job could not let go of its Pods.
    ///
    /// Service accounts count by their names: users who may write in `kube-system` can make others there. A node
    /// counts as its kubelet, which may update no more than statuses: `NodeRules` in
    /// `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`.
    #[must_use]
    pub fn is_by_kubernetes(&self) -> bool {
        let name = self.username;
        let (names, name) = match name.strip_prefix("system:serviceaccount:kube-system:") {
            None if name.starts_with("system:node:") => return true,
            None => (PROCESSES, name),
            Some(name) => match name.strip_suffix("-controller") {
                None => (ACCOUNTS, name),
                Some(name) => (CONTROLLERS, name),
            },
        };
        let mut names = names.as_bytes().split(|byte| *byte == b' ');
        names.any(|known| known == name.as_bytes())
    }

    /// The namespace that the object is or will be in; empty for objects that belong to none.
    pub fn object_namespace(&self) -> Result<&'a str, DecodeError> {
        if self.namespace.is_empty() {
            Ok(self.metadata()?.namespace)
        } else {
            Ok(self.namespace)
        }
    }

    /// The name of the object; empty as long as the server has not made one up.
    pub fn object_name(&self) -> Result<&'a str, DecodeError> {
        if self.name.is_empty() {
            Ok(self.metadata()?.name)
        } else {
            Ok(self.name)
        }
    }

    /// The metadata of the object.
    pub fn metadata(&self) -> Result<ObjectMeta<'a>, DecodeError> {
        Ok(self
            .object()
            .map("metadata", ObjectMeta::read)?
            .unwrap_or_default())
    }

    /// The same request as if it asked for the object as it is stored now. None where nothing is stored.
    pub(crate) fn for_old_object(&self) -> Option<Self> {
        let stored = !matches!(self.old_object, Json::Null);
        stored.then(|| Self {
            object: self.old_object,
            ..self.clone()
        })
    }

    /// Names the object in a message: `Deployment shop/web`.
    pub(crate) fn subject(&self) -> String {
        let metadata = self.metadata().unwrap_or_default();
        let first = |one: &'a str, other: &'a str| if one.is_empty() { other } else { one };
        let name = first(first(self.name, metadata.name), metadata.generate_name);
        let namespace = first(self.namespace, metadata.namespace);
        let kind = first(self.kind.kind, "Object");
        let subject = match (namespace.is_empty(), name.is_empty()) {
            (false, false) => format!("{kind} {namespace}/{name}"),
            (true, false) => format!("{kind} {name}"),
            (_, true) => kind.to_owned(),
        };
        message::one_line(&subject, message::MAX_REASON_CHARS)
    }
}

impl<'a> GroupVersionKind<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            group: cursor.text("group")?,
            version: cursor.text("version")?,
            kind: cursor.text("kind")?,
        })
    }
}

impl<'a> ObjectMeta<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            generate_name: cursor.text("generateName")?,
            namespace: cursor.text("namespace")?,
        })
    }
}

/// The metadata of an object; nothing where it has none that can be read.
fn metadata<'a>(object: &'a Json<'a>) -> Cursor<'a> {
    let top = FieldPath::new("");
    let metadata = Cursor::new(object, top).value("metadata");
    Cursor::new(metadata.unwrap_or(&Json::Null), top)
}

/// Whether two maps have the same fields, of those that count.
fn is_same(new: &Json<'_>, old: &Json<'_>, counts: fn(&str) -> bool) -> bool {
    [(new, old), (old, new)].into_iter().all(|(one, other)| {
        let top = FieldPath::new("");
        let other = Cursor::new(other, top);
        let mut fields = match one {
            Json::Map(fields) => fields.iter(),
            _ => return true,
        };
        fields.all(|(name, value)| {
            !counts(name) || other.value(name).is_ok_and(|found| found == value)
        })
    })
}

/// Whether two values are the same, of whose fields only some count.
#[inline(never)]
fn is_alike(new: &Json<'_>, old: &Json<'_>, wanted: Wanted) -> bool {
    match (new, old) {
        (Json::List(new), Json::List(old)) => {
            let mut pairs = new.iter().zip(*old);
            new.len() == old.len() && pairs.all(|(new, old)| is_alike(new, old, wanted))
        }
        (Json::Map(fields), Json::Map(others)) => {
            let counts = |(name, _): &&Field<'_>| (wanted.fields)(name);
            let mut others = others.iter().filter(counts);
            // In the same order: the API server writes both.
            let mut fields = fields.iter().filter(counts);
            let is_same = fields.all(|(name, value)| {
                others.next().is_some_and(|(other, old)| {
                    name == other && is_alike(value, old, wanted.below(name))
                })
            });
            is_same && others.next().is_none()
        }
        (new, old) => new == old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::json::{self, Arena};

    fn with<T>(text: &str, check: impl FnOnce(Request<'_>) -> T) -> T {
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        check(Request::read(&Cursor::new(&json, FieldPath::new("request"))).unwrap())
    }

    #[test]
    fn reads_camel_case_and_snake_case_alike() {
        let camel =
            r#"{"subResource":"s","userInfo":{"username":"u"},"oldObject":{},"dryRun":true}"#;
        let snake =
            r#"{"sub_resource":"s","user_info":{"username":"u"},"old_object":{},"dry_run":true}"#;
        for text in [camel, snake] {
            with(text, |request| {
                assert_eq!(
                    (request.sub_resource, request.username, request.dry_run),
                    ("s", "u", true)
                );
                assert!(request.for_old_object().is_some());
                assert_eq!(request.ceiling(), Level::Warn);
            });
        }
        for text in ["{}", r#"{"dryRun":false}"#, r#"{"dry_run":null}"#] {
            with(text, |request| {
                assert_eq!(request.ceiling(), Level::Deny, "{text}");
            });
        }
    }

    #[test]
    fn takes_null_for_absent_everywhere() {
        let nulls = r#"{"kind":null,"subResource":null,"name":null,"namespace":null,"userInfo":null,"object":null,
            "oldObject":null,"dryRun":null,"operation":null,"options":null}"#;
        let null_kind =
            r#"{"kind":{"group":null,"version":null,"kind":null},"userInfo":{"username":null}}"#;
        for text in [nulls, "{}", null_kind] {
            with(text, |request| {
                assert_eq!(request.kind, GroupVersionKind::default(), "{text}");
                assert!(
                    request.object().is_null() && request.for_old_object().is_none(),
                    "{text}"
                );
                assert_eq!(
                    (request.username, request.subject().as_str()),
                    ("", "Object"),
                    "{text}"
                );
                assert_eq!(request.operation, Operation::Create, "{text}");
            });
        }
    }

    #[test]
    fn knows_what_an_update_leaves_as_it_was() {
        let text = r#"{"operation":"UPDATE","object":{"a":{"b":[1]},"c":1,"e":7},"oldObject":{"a":{"b":[1]},"c":2,"e":7}}"#;
        with(text, |request| {
            for (path, kept) in [
                ("a.b", true),
                ("a", true),
                ("c", false),
                ("d", true),
                ("e.f", false),
            ] {
                assert_eq!(request.keeps(path), kept, "{path}");
            }
        });
        with(&text.replace("UPDATE", "CREATE"), |request| {
            assert!(!request.keeps("a"));
        });
    }

    #[test]
    fn knows_what_a_client_leaves_as_it_was_as_far_as_it_counts() {
        let wanted = Wanted {
            fields: |field| matches!(field, "a" | "labels"),
            whole: |field| field == "labels",
        };
        for (new, old, same) in [
            (r#"{"a":1}"#, r#"{"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":2}"#, false),
            (r#"{"a":1,"b":1}"#, r#"{"b":2,"a":1}"#, true),
            (r#"{"a":1}"#, "{}", false),
            ("{}", r#"{"a":1}"#, false),
            (r#"{"a":[{"b":1}]}"#, r#"{"a":[{"b":2}]}"#, true),
            (r#"{"a":[{"a":1}]}"#, r#"{"a":[{"a":2}]}"#, false),
            (r#"{"a":[1]}"#, r#"{"a":[1,2]}"#, false),
            (r#"{"labels":{"b":1}}"#, r#"{"labels":{"b":1}}"#, true),
            (r#"{"labels":{"b":1}}"#, r#"{"labels":{"b":2}}"#, false),
            (r#"{"a":[]}"#, r#"{"a":{}}"#, false),
        ] {
            let text = format!(
                r#"{{"operation":"UPDATE","object":{{"spec":{new}}},"oldObject":{{"spec":{old}}}}}"#
            );
            with(&text, |request| {
                assert_eq!(request.submits_no_other("spec", wanted), same, "{text}");
                let stored = request.for_old_object().unwrap();
                assert_eq!(stored.submits_no_other("spec", wanted), same, "{text}");
                assert!(request.submits_no_other("status", wanted));
                let whole = request.submits_no_other("spec.labels", wanted);
                assert_eq!(whole, same || !new.contains("labels"), "{text}");
            });
            with(&text.replace("UPDATE", "CREATE"), |request| {
                assert!(!request.submits_no_other("spec", wanted), "{text}");
            });
        }
    }

    #[test]
    fn names_the_object_with_what_is_known() {
        for (text, subject) in [
            (
                r#"{"kind":{"kind":"Pod"},"name":"ci","namespace":"shop"}"#,
                "Pod shop/ci",
            ),
            (
                r#"{"kind":{"kind":"PersistentVolume"},"name":"data"}"#,
                "PersistentVolume data",
            ),
            (
                r#"{"kind":{"kind":"Pod"},"object":{"metadata":{"name":"ci","namespace":"shop"}}}"#,
                "Pod shop/ci",
            ),
            (
                r#"{"kind":{"kind":"Pod"},"namespace":"shop","object":{"metadata":{"generateName":"ci-"}}}"#,
                "Pod shop/ci-",
            ),
            (r#"{"kind":{"kind":"Pod"},"namespace":"shop"}"#, "Pod"),
        ] {
            with(text, |request| {
                assert_eq!(request.subject(), subject, "{text}");
            });
        }
    }

    #[test]
    fn group_and_kind_decide() {
        let kind = GroupVersionKind {
            group: "serving.knative.dev",
            version: "v1",
            kind: "Service",
        };
        assert!(kind.is("serving.knative.dev", "Service"));
        assert!(!kind.is("", "Service"));
        assert!(!kind.is("serving.knative.dev", "service"));
    }

    #[test]
    fn names_the_field_of_an_object_that_cannot_be_read() {
        with(r#"{"object":{"metadata":{"name":7}}}"#, |request| {
            let error = request.metadata().unwrap_err();
            assert_eq!(
                error.to_string(),
                "object.metadata.name: must be a string, not a number"
            );
        });
    }
}
