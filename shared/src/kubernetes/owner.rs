//! The controller that made an object, and keeps it as it is.

use crate::request::GroupVersionKind;
use document::Cursor;
use document::DecodeError;

/// The fields of objects that this module reads.
pub const FIELDS: &[&str] = &[
    "metadata",
    "ownerReferences",
    "apiVersion",
    "kind",
    "controller",
];

/// The kind of the controller that owns the object at `cursor`. None where no controller does.
pub fn controller<'a>(cursor: &Cursor<'a>) -> Result<Option<GroupVersionKind<'a>>, DecodeError> {
    let owners = cursor.map("metadata", |metadata| {
        metadata.list("ownerReferences", |owner| {
            let version = owner.text("apiVersion")?;
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            let kind = owner.text("kind")?;
            let controls = owner.flag("controller")?.unwrap_or_default();
            let kind = GroupVersionKind {
                group,
                version,
                kind,
            };
            Ok(controls.then_some(kind))
        })
    })?;
    Ok(owners.into_iter().flatten().flatten().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;
    use document::json::{self, Arena};

    #[test]
    fn an_object_has_one_controller_or_none() {
        for (owners, group, kind) in [
            ("null", "", ""),
            (r#"[{"apiVersion":"v1","kind":"Node"}]"#, "", ""),
            (
                r#"[{"apiVersion":"v1","kind":"Node","controller":true}]"#,
                "",
                "Node",
            ),
            (
                r#"[{"apiVersion":"v1","kind":"Node"},{"apiVersion":"apps/v1","kind":"ReplicaSet","controller":true}]"#,
                "apps",
                "ReplicaSet",
            ),
        ] {
            let text = format!(r#"{{"metadata":{{"ownerReferences":{owners}}}}}"#);
            let arena = Arena::new();
            let json = json::parse(&text, &arena).unwrap();
            let owner = controller(&Cursor::new(&json, FieldPath::new(""))).unwrap();
            let owner = owner.unwrap_or_default();
            assert_eq!((owner.group, owner.kind), (group, kind), "{owners}");
        }
    }
}
