//! Who sent `spec.replicas`, as far as an object proves it.
//!
//! The API server writes 1 where the field is left out, and makes the client its owner all the same: an entry of
//! `managedFields` with the operation `Update` proves nothing. What does:
//!
//! - An entry `Apply` has the field: server-side apply owns only what it sends. It loses the field when the autoscaler
//!   scales (`pkg/registry/apps/deployment/storage/storage.go`, through `/scale`).
//! - The configuration that `kubectl apply` was given last has it.
//! - A new object has another number than 1, which no default is: `SetDefaults_Deployment` and the others in
//!   `pkg/apis/apps/v1/defaults.go`.
//! - A manifest that no cluster has seen yet has it: nothing was filled in.

use shared::{Arena, Cursor, DecodeError, FieldPath, Json};

use crate::views::{HELM_RELEASE, LAST_APPLIED};

/// What a workload says of its replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Workload {
    /// The number, as it would be stored.
    pub(crate) replicas: Option<i64>,
    /// Whether a server-side apply sent it.
    is_applied: bool,
    /// What `kubectl apply` was given last, if it wrote the object.
    last_applied: Option<LastApplied>,
    is_of_helm: bool,
    state: State,
}

/// Whether a cluster has an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No cluster has seen it.
    Manifest,
    /// In a request that makes it.
    Requested,
    /// It has.
    Stored,
}

/// What `kubectl apply` was given last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LastApplied {
    replicas: Option<i64>,
}

/// A number that an author sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) replicas: i64,
    pub(crate) client: Client,
}

/// What sent the number. It decides what happens with the next one, and what has to be done to leave the field out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// Server-side apply.
    ServerSide,
    /// `kubectl apply`, and what works like it.
    Kubectl,
    /// Helm, without server-side apply.
    Helm,
    /// Another one.
    Other,
}

/// An UPDATE of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Whether the field was taken out of what `kubectl apply` sends, so that the default came back.
    pub(crate) is_removal: bool,
}

impl Workload {
    /// Reads the workload at `cursor`.
    pub(crate) fn read(cursor: &Cursor<'_>) -> Result<Self, DecodeError> {
        let spec = cursor.map("spec", |spec| spec.integer("replicas"))?;
        let metadata = cursor.map("metadata", |metadata| {
            let managers = metadata.list("managedFields", |manager| {
                let is_apply = manager.text("operation")? == "Apply";
                let has_field = manager.map("fieldsV1", |fields| {
                    fields.map("f:spec", |spec| spec.map("f:replicas", |_| Ok(())))
                })?;
                let has_field = has_field.flatten().flatten().is_some();
                Ok(is_apply && has_field && manager.text("subresource")?.is_empty())
            })?;
            let annotations = metadata.map("annotations", |annotations| {
                let last_applied = annotations.text(LAST_APPLIED)?;
                let is_of_helm = !annotations.text(HELM_RELEASE)?.is_empty();
                Ok((LastApplied::read(last_applied), is_of_helm))
            })?;
            let is_stored = !metadata.text("resourceVersion")?.is_empty();
            Ok((managers, annotations.unwrap_or_default(), is_stored))
        })?;
        let (managers, (last_applied, is_of_helm), is_stored) = metadata.unwrap_or_default();
        Ok(Self {
            replicas: spec.flatten(),
            is_applied: managers.contains(&true),
            last_applied,
            is_of_helm,
            state: match managers.is_empty() {
                _ if is_stored => State::Stored,
                true => State::Manifest,
                false => State::Requested,
            },
        })
    }

    /// The number that an author sent, where that is certain. `is_new` says that the object is about to be created. The
    /// audit says so of objects that are stored.
    pub(crate) fn sent(&self, is_new: bool) -> Option<Sent> {
        let client = self.client();
        let sent = |replicas| Sent { replicas, client };
        if self.is_applied || self.state == State::Manifest {
            return self.replicas.map(sent);
        }
        if let Some(last) = self.last_applied {
            return last.replicas.map(sent);
        }
        let is_no_default = is_new && self.state == State::Requested && self.replicas != Some(1);
        self.replicas.filter(|_| is_no_default).map(sent)
    }

    /// What sends the object, where it sends a number or not.
    pub(crate) fn client(&self) -> Client {
        match self.last_applied {
            _ if self.is_applied => Client::ServerSide,
            Some(_) => Client::Kubectl,
            None if self.is_of_helm => Client::Helm,
            None => Client::Other,
        }
    }

    /// Whether what `kubectl apply` was given last has the number, so that leaving it out takes it back to 1.
    pub(crate) fn was_applied(&self) -> bool {
        self.last_applied
            .is_some_and(|last| last.replicas.is_some())
    }

    /// What an UPDATE of `old` to this one does to the number.
    pub(crate) fn change_of(&self, old: &Self) -> Option<Change> {
        let (from, to) = (old.replicas?, self.replicas?);
        let is_left_out = self
            .last_applied
            .is_some_and(|last| last.replicas.is_none());
        (from != to).then_some(Change {
            from,
            to,
            is_removal: to == 1 && is_left_out && old.was_applied(),
        })
    }
}

impl LastApplied {
    /// Reads the annotation. One that is broken is none: `kubectl apply` warns of it, and takes it for an empty one.
    fn read(text: &str) -> Option<Self> {
        let wants = |field: &str| matches!(field, "spec" | "replicas");
        let arena = Arena::new();
        let json = Json::parse_fields(text, &arena, wants).ok()?;
        let object = Cursor::new(&json, FieldPath::new(""));
        let replicas = object.map("spec", |spec| spec.integer("replicas")).ok()?;
        Some(Self {
            replicas: replicas.flatten(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(object: &Value) -> Workload {
        let text = object.to_string();
        let arena = Arena::new();
        let json = Json::parse(&text, &arena).unwrap();
        Workload::read(&Cursor::new(&json, FieldPath::new(""))).unwrap()
    }

    fn managed(operation: &str, subresource: &str, field: &str) -> Value {
        json!([{"operation": operation, "subresource": subresource, "fieldsV1": {"f:spec": {field: {}}}}])
    }

    fn last_applied(spec: &Value) -> Value {
        json!({ LAST_APPLIED: json!({"kind": "Deployment", "spec": spec}).to_string() })
    }

    /// Who sent the number of an object that is new, and of one that is not.
    fn check(
        metadata: &Value,
        replicas: &Value,
        new: Option<(i64, Client)>,
        stored: Option<(i64, Client)>,
    ) {
        let object = json!({"metadata": metadata, "spec": {"replicas": replicas}});
        let workload = read(&object);
        let sent = |is_new| {
            workload
                .sent(is_new)
                .map(|sent| (sent.replicas, sent.client))
        };
        assert_eq!((sent(true), sent(false)), (new, stored), "{object}");
    }

    #[test]
    fn knows_who_sent_the_number() {
        use Client::{Helm, Other, ServerSide};
        let update = || managed("Update", "", "f:replicas");
        let apply = || managed("Apply", "", "f:replicas");
        let helm = || json!({HELM_RELEASE: "web"});
        for (metadata, replicas, new, stored) in [
            // A manifest.
            (json!({}), json!(1), Some((1, Other)), Some((1, Other))),
            (json!({}), json!(null), None, None),
            (
                json!({"annotations": helm()}),
                json!(1),
                Some((1, Helm)),
                Some((1, Helm)),
            ),
            // In a request.
            (json!({"managedFields": update()}), json!(1), None, None),
            (
                json!({"managedFields": update()}),
                json!(3),
                Some((3, Other)),
                None,
            ),
            (
                json!({"managedFields": update()}),
                json!(0),
                Some((0, Other)),
                None,
            ),
            (
                json!({"managedFields": update(), "annotations": helm()}),
                json!(3),
                Some((3, Helm)),
                None,
            ),
            (
                json!({"managedFields": apply()}),
                json!(1),
                Some((1, ServerSide)),
                Some((1, ServerSide)),
            ),
            (
                json!({"managedFields": managed("Apply", "", "f:paused")}),
                json!(1),
                None,
                None,
            ),
            (
                json!({"managedFields": managed("Apply", "scale", "f:replicas")}),
                json!(1),
                None,
                None,
            ),
        ] {
            check(&metadata, &replicas, new, stored);
        }
    }

    #[test]
    fn what_is_stored_proves_less() {
        use Client::{Kubectl, Other, ServerSide};
        let update = || managed("Update", "", "f:replicas");
        let apply = || managed("Apply", "", "f:replicas");
        for (metadata, replicas, new, stored) in [
            // As it is stored.
            (
                json!({"managedFields": update(), "resourceVersion": "7"}),
                json!(3),
                None,
                None,
            ),
            (json!({"resourceVersion": "7"}), json!(3), None, None),
            (
                json!({"resourceVersion": "7", "annotations": last_applied(&json!({"replicas": 3}))}),
                json!(7),
                Some((3, Kubectl)),
                Some((3, Kubectl)),
            ),
            (
                json!({"resourceVersion": "7", "managedFields": apply()}),
                json!(7),
                Some((7, ServerSide)),
                Some((7, ServerSide)),
            ),
            // Without the field, and what is no configuration.
            (
                json!({"managedFields": update(), "annotations": last_applied(&json!({"paused": true}))}),
                json!(3),
                None,
                None,
            ),
            (
                json!({"managedFields": update(), "annotations": last_applied(&json!({"replicas": null}))}),
                json!(1),
                None,
                None,
            ),
            (
                json!({"managedFields": update(), "annotations": {LAST_APPLIED: "{"}}),
                json!(3),
                Some((3, Other)),
                None,
            ),
            // A manifest that was taken from a cluster.
            (
                json!({"annotations": last_applied(&json!({"replicas": 3}))}),
                json!(7),
                Some((7, Kubectl)),
                Some((7, Kubectl)),
            ),
            (
                json!({"annotations": {LAST_APPLIED: "{\"spec\":{\"replicas\":\"3\"}}"}, "resourceVersion": "7"}),
                json!(3),
                None,
                None,
            ),
        ] {
            check(&metadata, &replicas, new, stored);
        }
    }

    #[test]
    fn knows_what_an_update_changes() {
        let object = |replicas: Value, sent: Value| {
            read(
                &json!({"metadata": {"annotations": last_applied(&sent)}, "spec": {"replicas": replicas}}),
            )
        };
        let with = || json!({"replicas": 3});
        for (from, sent_before, to, sent, change) in [
            (json!(7), with(), json!(3), with(), Some((7, 3, false))),
            (json!(7), with(), json!(1), json!({}), Some((7, 1, true))),
            (
                json!(7),
                json!({}),
                json!(1),
                json!({}),
                Some((7, 1, false)),
            ),
            (json!(7), with(), json!(2), json!({}), Some((7, 2, false))),
            (json!(7), with(), json!(7), with(), None),
            (json!(7), with(), json!(null), with(), None),
            (json!(null), with(), json!(3), with(), None),
        ] {
            let found = object(to, sent).change_of(&object(from, sent_before));
            let found = found.map(|change| (change.from, change.to, change.is_removal));
            assert_eq!(found, change);
        }
    }
}
