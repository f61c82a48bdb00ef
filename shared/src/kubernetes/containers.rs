//! The containers of a pod: what they are for, and what they ask for.

use super::quantity::{self, Quantities, Quantity};
use super::view::View;
use document::Cursor;
use document::DecodeError;

/// What containers of all roles have in common.
pub trait Container {
    /// The name, unique in the pod.
    fn name(&self) -> &str;
    /// `Always` makes a sidecar of an init container.
    fn restart_policy(&self) -> &str;
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// One of `containers`.
    App,
    /// One of `initContainers` that ends before the others start.
    Init,
    /// One of `initContainers` that runs on beside the others (`restartPolicy: Always`).
    /// Source: KEP-753.
    Sidecar,
    /// One of `ephemeralContainers`.
    Ephemeral,
}

/// A container of a pod, with its role and its place.
#[derive(Debug, Clone, Copy)]
pub struct ContainerRef<'p, C> {
    /// The container.
    pub container: &'p C,
    /// What it is for.
    pub role: Role,
    /// The field that lists it.
    pub list: &'static str,
    /// Its place in the list.
    pub index: usize,
}

/// What a container or a pod asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources<'a> {
    /// What it is given in any case.
    pub requests: Quantities<'a>,
    /// What it may have at most.
    pub limits: Quantities<'a>,
}

impl<'a> Resources<'a> {
    /// Reads the field `resources` of the container or pod spec at `cursor`.
    pub fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let resources = cursor.map("resources", |resources| {
            Ok(Self {
                requests: quantity::read_all(resources, "requests")?,
                limits: quantity::read_all(resources, "limits")?,
            })
        })?;
        Ok(resources.unwrap_or_default())
    }

    /// What a container of a pod will request: a limit is a request, too, where there is no other. That becomes visible
    /// when a pod is made, and never in a template. Source: `SetDefaults_Pod` in `pkg/apis/core/v1/defaults.go`.
    #[must_use]
    pub fn request(&self, resource: &str) -> Option<Quantity> {
        quantity::find(&self.requests, resource).or_else(|| quantity::find(&self.limits, resource))
    }
}

/// A container with what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizedContainer<'a> {
    /// The name, unique in the pod.
    pub name: &'a str,
    /// `Always` makes a sidecar of an init container.
    pub restart_policy: &'a str,
    /// What it asks for.
    pub resources: Resources<'a>,
}

impl<'a> View<'a> for SizedContainer<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            restart_policy: cursor.text("restartPolicy")?,
            resources: Resources::read(cursor)?,
        })
    }
}

impl Container for SizedContainer<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn restart_policy(&self) -> &str {
        self.restart_policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;
    use document::json::{self, Arena};

    #[test]
    fn a_limit_is_a_request_where_there_is_no_other() {
        let text = r#"{"containers":[
            {"name":"a","resources":{"requests":{"cpu":"0","x":1},"limits":{"cpu":1,"memory":"1Gi"}}},
            {"name":"b","resources":null}],"resources":{"limits":{"cpu":"1"}}}"#;
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        let spec = Cursor::new(&json, FieldPath::new(""));
        let containers = spec.list("containers", SizedContainer::read).unwrap();
        let requests: Vec<_> = ["cpu", "memory", "x", "y"]
            .into_iter()
            .map(|resource| containers[0].resources.request(resource))
            .collect();
        let some = Some(Quantity::Something);
        assert_eq!(requests, [Some(Quantity::Zero), some, some, None]);
        assert_eq!(containers[1].resources, Resources::default());
        assert_eq!(Resources::read(&spec).unwrap().request("cpu"), some);
    }
}
