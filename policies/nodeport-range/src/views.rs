//! The fields that this policy reads.

use shared::{Cursor, DecodeError, FieldPath, Json};

/// Whether a view of this module reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    matches!(
        field,
        "spec"
            | "type"
            | "ports"
            | "port"
            | "protocol"
            | "nodePort"
            | "healthCheckNodePort"
            | "externalTrafficPolicy"
            | "allocateLoadBalancerNodePorts"
            | "resourceVersion"
            | "managedFields"
            | "subresource"
            | "fieldsV1"
            | "f:spec"
            | "f:ports"
            | "f:nodePort"
            | "f:healthCheckNodePort"
    ) || field.starts_with("k:{")
}

/// A Service.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Service<'a> {
    /// What it says of its type; empty for `ClusterIP`.
    pub(crate) kind: &'a str,
    pub(crate) ports: Vec<ServicePort<'a>>,
    /// 0 when it is not set.
    pub(crate) health_check_node_port: i64,
    pub(crate) external_traffic_policy: &'a str,
    pub(crate) allocates: Option<bool>,
    /// Whether the API server has stored it: only then it has a `resourceVersion`, and an object to be created must not
    /// have one (`Create` in `staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`).
    pub(crate) is_stored: bool,
    managed: Vec<Managed>,
}

/// A port of a Service.
#[derive(Debug, PartialEq)]
pub(crate) struct ServicePort<'a> {
    pub(crate) port: i64,
    pub(crate) protocol: &'a str,
    /// 0 when it is not set.
    pub(crate) node_port: i64,
}

/// What a manager of fields has set in the spec.
#[derive(Debug, Default, PartialEq)]
struct Managed {
    ports: Vec<ManagedPort>,
    health_check_node_port: bool,
}

/// What a manager of fields has set of a port.
#[derive(Debug, PartialEq)]
struct ManagedPort {
    port: i64,
    protocol: String,
    node_port: bool,
}

/// Who chose a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Whoever wrote the manifest.
    User,
    /// The API server.
    Allocator,
    /// There is no word of it.
    Unknown,
}

impl<'a> Service<'a> {
    /// Reads a Service; nothing has nothing.
    pub(crate) fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let metadata = cursor.map("metadata", |metadata| {
            let is_stored = !metadata.text("resourceVersion")?.is_empty();
            Ok((is_stored, metadata.list("managedFields", Managed::read)?))
        })?;
        let (is_stored, managed) = metadata.unwrap_or_default();
        let service = cursor.map("spec", |spec| {
            Ok(Self {
                kind: spec.text("type")?,
                ports: spec.list("ports", ServicePort::read)?,
                health_check_node_port: spec.integer("healthCheckNodePort")?.unwrap_or_default(),
                external_traffic_policy: spec.text("externalTrafficPolicy")?,
                allocates: spec.flag("allocateLoadBalancerNodePorts")?,
                ..Self::default()
            })
        })?;
        Ok(Self {
            is_stored,
            managed: managed.into_iter().flatten().collect(),
            ..service.unwrap_or_default()
        })
    }

    /// Who chose the `nodePort` of a port. What a client sends is in `managedFields`, which are made before the API
    /// server adds numbers: `staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go`. A port that they do not
    /// have at all is older than they are, or somebody has emptied them.
    pub(crate) fn origin(&self, port: &ServicePort<'_>) -> Origin {
        let ports = self.managed.iter().flat_map(|managed| &managed.ports);
        let mut entries = ports
            .filter(|managed| managed.port == port.port && managed.protocol == port.protocol)
            .peekable();
        if entries.peek().is_none() {
            Origin::Unknown
        } else if entries.any(|managed| managed.node_port) {
            Origin::User
        } else {
            Origin::Allocator
        }
    }

    /// Who chose the `healthCheckNodePort`.
    pub(crate) fn health_check_origin(&self) -> Origin {
        if self.managed.is_empty() {
            Origin::Unknown
        } else if self
            .managed
            .iter()
            .any(|managed| managed.health_check_node_port)
        {
            Origin::User
        } else {
            Origin::Allocator
        }
    }
}

impl<'a> ServicePort<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            port: cursor.integer("port")?.unwrap_or_default(),
            protocol: protocol(cursor)?,
            node_port: cursor.integer("nodePort")?.unwrap_or_default(),
        })
    }
}

/// `TCP` is the default: `SetDefaults_Service` in `pkg/apis/core/v1/defaults.go`.
fn protocol<'a>(cursor: &Cursor<'a>) -> Result<&'a str, DecodeError> {
    Ok(match cursor.text("protocol")? {
        "" => "TCP",
        protocol => protocol,
    })
}

impl Managed {
    /// Reads an entry of `managedFields`. None where it is not about the spec.
    fn read(entry: &Cursor<'_>) -> Result<Option<Self>, DecodeError> {
        if !entry.text("subresource")?.is_empty() {
            return Ok(None);
        }
        entry.at("fieldsV1.f:spec", |spec| {
            Ok(Self {
                ports: spec.map("f:ports", managed_ports)?.unwrap_or_default(),
                health_check_node_port: has(spec, "f:healthCheckNodePort")?,
            })
        })
    }
}

/// The ports by their keys, `k:{"port":80,"protocol":"TCP"}`.
///
/// Source: `sigs.k8s.io/structured-merge-diff/fieldpath/serialize-pe.go`.
fn managed_ports(ports: &Cursor<'_>) -> Result<Vec<ManagedPort>, DecodeError> {
    let mut managed = Vec::new();
    for (key, fields) in ports.fields()? {
        let Some(Ok(key)) = key.strip_prefix("k:").map(Json::parse) else {
            continue;
        };
        let nowhere = FieldPath::new("");
        let key = Cursor::new(&key, nowhere);
        let (Ok(Some(port)), Ok(protocol)) = (key.integer("port"), protocol(&key)) else {
            continue;
        };
        managed.push(ManagedPort {
            port,
            protocol: protocol.to_owned(),
            node_port: has(&Cursor::new(fields, nowhere), "f:nodePort")?,
        });
    }
    Ok(managed)
}

/// Whether a field of `managedFields` is there. Its value is an empty map.
fn has(fields: &Cursor<'_>, name: &str) -> Result<bool, DecodeError> {
    Ok(fields.map(name, |_| Ok(()))?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(managed_fields: &str) -> (Origin, Origin, Origin) {
        let text = format!(
            r#"{{"metadata": {{"managedFields": {managed_fields}}}, "spec": {{"ports": [
                {{"port": 80, "nodePort": 30080}}, {{"port": 53, "protocol": "UDP", "nodePort": 30053}}]}}}}"#
        );
        let json = Json::parse(&text).unwrap();
        let service = Service::read(&Cursor::new(&json, FieldPath::new("object"))).unwrap();
        let [tcp, udp] = &service.ports[..] else {
            panic!("two ports");
        };
        (
            service.origin(tcp),
            service.origin(udp),
            service.health_check_origin(),
        )
    }

    #[test]
    fn knows_who_chose_a_number() {
        use Origin::{Allocator, Unknown, User};
        let tcp = r#""k:{\"port\":80,\"protocol\":\"TCP\"}""#;
        let respelt = r#""k:{ \"protocol\" : \"TCP\", \"port\": 80 }""#;
        let udp = r#""k:{\"port\":53,\"protocol\":\"UDP\"}""#;
        let entry = |fields: &str| format!(r#"{{"fieldsV1": {{"f:spec": {fields}}}}}"#);
        let owned = entry(&format!(
            r#"{{"f:ports": {{{tcp}: {{"f:nodePort": {{}}}}}}}}"#
        ));
        for (managed_fields, expected) in [
            ("null".to_owned(), (Unknown, Unknown, Unknown)),
            ("[{}]".to_owned(), (Unknown, Unknown, Unknown)),
            (
                format!(
                    "[{}]",
                    entry(&format!(
                        r#"{{"f:ports": {{{tcp}: {{}}, {udp}: {{".": {{}}}}}}}}"#
                    ))
                ),
                (Allocator, Allocator, Allocator),
            ),
            (format!("[{owned}]"), (User, Unknown, Allocator)),
            (
                format!(
                    "[{}, {owned}]",
                    entry(&format!(r#"{{"f:ports": {{{tcp}: {{}}}}}}"#))
                ),
                (User, Unknown, Allocator),
            ),
            (
                format!(
                    "[{}]",
                    entry(&format!(
                        r#"{{"f:ports": {{{respelt}: {{"f:nodePort": {{}}}}}}}}"#
                    ))
                ),
                (User, Unknown, Allocator),
            ),
            (
                format!(
                    "[{}]",
                    entry(r#"{"f:healthCheckNodePort": {}, "f:ports": {"k:{": {}, "v:1": {}}}"#)
                ),
                (Unknown, Unknown, User),
            ),
            (
                format!(
                    "[{}]",
                    owned.replacen('{', r#"{"subresource": "status","#, 1)
                ),
                (Unknown, Unknown, Unknown),
            ),
        ] {
            assert_eq!(origins(&managed_fields), expected, "{managed_fields}");
        }
    }
}
