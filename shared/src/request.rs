//! The admission request: what somebody asks the API server to do.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decode::{self, DecodeError, List, Text};

/// What the host hands to `validate`.
#[derive(Debug, Deserialize)]
pub(crate) struct Payload<'a> {
    #[serde(borrow)]
    pub(crate) request: Request<'a>,
    /// Absent, `null` or a map, as the host pleases.
    #[serde(borrow, default)]
    pub(crate) settings: Option<&'a RawValue>,
}

/// An admission request, borrowed from the payload. The objects in it are not decoded before somebody asks for them.
///
/// Hosts write the keys in camel case or in snake case; both are read. What is absent or null is empty.
///
/// Source: `staging/src/k8s.io/api/admission/v1/types.go`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Request<'a> {
    /// The kind of the object; a subresource may have one of its own (`autoscaling/v1` `Scale`).
    #[serde(borrow, deserialize_with = "decode::or_default")]
    pub kind: GroupVersionKind<'a>,
    /// The subresource that is written, such as `status`; empty for the object itself.
    #[serde(borrow, alias = "sub_resource")]
    pub sub_resource: Text<'a>,
    /// Empty when the server makes up a name, and when a collection is deleted.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Empty for objects that belong to no namespace.
    #[serde(borrow)]
    pub namespace: Text<'a>,
    /// What is to be done.
    #[serde(deserialize_with = "decode::or_default")]
    pub operation: Operation,
    /// Who asks.
    #[serde(borrow, alias = "user_info", deserialize_with = "decode::map")]
    pub user_info: Option<UserInfo<'a>>,
    /// The object as it would be stored; none on DELETE.
    #[serde(borrow)]
    pub object: Option<&'a RawValue>,
    /// The object as it is stored; none on CREATE.
    #[serde(borrow, alias = "old_object")]
    pub old_object: Option<&'a RawValue>,
    /// Whether nothing will be stored in the end.
    #[serde(alias = "dry_run")]
    pub dry_run: Option<bool>,
}

/// A kind of object. Group **and** kind tell kinds apart: a Knative `Service` is not the one of the core group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupVersionKind<'a> {
    /// Empty for the core group.
    #[serde(borrow)]
    pub group: Text<'a>,
    /// `v1`
    #[serde(borrow)]
    pub version: Text<'a>,
    /// `Pod`
    #[serde(borrow)]
    pub kind: Text<'a>,
}

impl GroupVersionKind<'_> {
    /// Whether this is `kind` of `group`, in any version.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        *self.group == *group && *self.kind == *kind
    }
}

/// What is to be done with an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// A new object; also what is assumed where nothing is said, as it hides nothing.
    #[default]
    Create,
    /// A change of an object.
    Update,
    /// The end of an object.
    Delete,
    /// A connection to an object, such as `kubectl exec`.
    Connect,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UserInfo<'a> {
    /// `system:serviceaccount:kube-system:replicaset-controller`
    #[serde(borrow)]
    pub username: Text<'a>,
    /// `system:nodes`
    #[serde(borrow)]
    pub groups: List<Text<'a>>,
}

/// What all objects have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectMeta<'a> {
    /// Empty when the server is to make up a name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// The start of a name that the server completes.
    #[serde(borrow)]
    pub generate_name: Text<'a>,
    /// Empty for objects that belong to no namespace.
    #[serde(borrow)]
    pub namespace: Text<'a>,
    /// Since when the object is being deleted.
    #[serde(borrow)]
    pub deletion_timestamp: Text<'a>,
}

impl<'a> Request<'a> {
    /// The name of whoever asks; empty when the host does not say.
    #[must_use]
    pub fn username(&self) -> &str {
        self.user_info.as_ref().map_or("", |user| &user.username)
    }

    /// Reads the object into a view. There is always an object where a policy is asked for its verdict.
    pub fn object<T: Deserialize<'a>>(&self) -> Result<T, DecodeError> {
        decode::decode(self.object.map_or("null", RawValue::get))
            .map_err(|error| error.below("object"))
    }

    /// Reads what lies at `path` of the object into a view.
    pub fn object_at<T: Deserialize<'a>>(&self, path: &str) -> Result<Option<T>, DecodeError> {
        decode::decode_at(self.object.map_or("null", RawValue::get), path)
            .map_err(|error| error.below("object"))
    }

    /// The namespace that the object is or will be in; empty for objects that belong to none.
    pub fn object_namespace(&self) -> Result<Text<'a>, DecodeError> {
        if self.namespace.is_empty() {
            Ok(self.metadata()?.namespace)
        } else {
            Ok(self.namespace.clone())
        }
    }

    /// The metadata of the object.
    pub fn metadata(&self) -> Result<ObjectMeta<'a>, DecodeError> {
        Ok(self.object_at("metadata")?.unwrap_or_default())
    }

    /// The same request as if it asked for the object as it is stored now. None where nothing is stored.
    pub(crate) fn for_old_object(&self) -> Option<Self> {
        let old_object = self.old_object?;
        Some(Self {
            object: Some(old_object),
            old_object: None,
            ..self.clone()
        })
    }

    /// Names the object in a message: `Deployment shop/web`.
    pub(crate) fn subject(&self) -> String {
        let metadata = self.metadata().unwrap_or_default();
        let first =
            |choices: [&Text<'a>; 3]| choices.into_iter().find(|text| !text.is_empty()).cloned();
        let name = first([&self.name, &metadata.name, &metadata.generate_name]).unwrap_or_default();
        let namespace =
            first([&self.namespace, &metadata.namespace, &Text::default()]).unwrap_or_default();
        let kind = if self.kind.kind.is_empty() {
            "Object"
        } else {
            &*self.kind.kind
        };
        match (namespace.is_empty(), name.is_empty()) {
            (false, false) => format!("{kind} {namespace}/{name}"),
            (true, false) => format!("{kind} {name}"),
            (_, true) => kind.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Request<'_> {
        decode::decode(json).unwrap()
    }

    #[test]
    fn reads_camel_case_and_snake_case_alike() {
        let camel = r#"{"subResource":"s","userInfo":{"username":"u","groups":["g"]},"oldObject":{},"dryRun":true}"#;
        let snake = r#"{"sub_resource":"s","user_info":{"username":"u","groups":["g"]},"old_object":{},"dry_run":true}"#;
        for json in [camel, snake] {
            let request = request(json);
            assert_eq!(
                (&*request.sub_resource, request.username(), request.dry_run),
                ("s", "u", Some(true))
            );
            assert_eq!(&*request.user_info.clone().unwrap().groups[0], "g");
            assert!(request.old_object.is_some());
        }
    }

    #[test]
    fn takes_null_for_absent_everywhere() {
        let nulls = r#"{"kind":null,"subResource":null,"name":null,"namespace":null,"userInfo":null,"object":null,
            "oldObject":null,"dryRun":null,"operation":null,"options":null}"#;
        let null_kind =
            r#"{"kind":{"group":null,"version":null,"kind":null},"userInfo":{"username":null}}"#;
        for json in [nulls, "{}", null_kind] {
            let request = request(json);
            assert_eq!(request.kind, GroupVersionKind::default(), "{json}");
            assert!(
                request.object.is_none() && request.old_object.is_none(),
                "{json}"
            );
            assert_eq!(
                (request.username(), request.subject().as_str()),
                ("", "Object"),
                "{json}"
            );
        }
    }

    #[test]
    fn names_the_object_with_what_is_known() {
        for (json, subject) in [
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
            assert_eq!(request(json).subject(), subject, "{json}");
        }
    }

    #[test]
    fn group_and_kind_decide() {
        let kind = GroupVersionKind {
            group: "serving.knative.dev".into(),
            version: "v1".into(),
            kind: "Service".into(),
        };
        assert!(kind.is("serving.knative.dev", "Service"));
        assert!(!kind.is("", "Service"));
        assert!(!kind.is("serving.knative.dev", "service"));
    }

    #[test]
    fn names_the_field_of_an_object_that_cannot_be_read() {
        let error = request(r#"{"object":{"metadata":{"name":7}}}"#)
            .metadata()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "object.metadata.name: must be a string, not a number"
        );
    }
}
