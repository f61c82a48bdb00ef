//! The fields that this policy reads.

use shared::index::Index;
use shared::{Arena, Cursor, DecodeError, FieldNames, FieldPath, Json};

use crate::numbers::hash_of;

/// The fields that are read.
static FIELDS: FieldNames = FieldNames::of(&[&[
    "spec",
    "type",
    "ports",
    "port",
    "protocol",
    "nodePort",
    "healthCheckNodePort",
    "externalTrafficPolicy",
    "allocateLoadBalancerNodePorts",
    "resourceVersion",
    "managedFields",
    "subresource",
    "fieldsV1",
    "f:spec",
    "f:ports",
    "f:nodePort",
    "f:healthCheckNodePort",
]]);

/// Whether a view of this module reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    FIELDS.has(field) || field.starts_with("k:{")
}

/// A Service.
#[derive(Debug, Default)]
pub(crate) struct Service<'a> {
    /// What it says of its type; empty for `ClusterIP`.
    pub(crate) kind: &'a str,
    pub(crate) ports: Vec<ServicePort<'a>>,
    /// 0 when it is not set.
    pub(crate) health_check_node_port: i64,
    pub(crate) external_traffic_policy: &'a str,
    pub(crate) allocates: Option<bool>,
    /// Whether the API server has stored it: only then it has a `resourceVersion`, and an object to be created must not
    /// have one (`Create` in `staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go`).
    pub(crate) is_stored: bool,
    managed: Managed,
}

/// A port of a Service.
#[derive(Debug, PartialEq)]
pub(crate) struct ServicePort<'a> {
    pub(crate) port: i64,
    pub(crate) protocol: &'a str,
    /// 0 when it is not set.
    pub(crate) node_port: i64,
}

/// What managers of fields have set in the spec.
#[derive(Debug, Default)]
struct Managed {
    ports: Vec<ManagedPort>,
    /// By number and protocol.
    index: Index,
    /// None where there is no word of any manager.
    health_check_node_port: Option<bool>,
}

/// What a manager of fields has set of a port.
#[derive(Debug)]
struct ManagedPort {
    port: i64,
    protocol: String,
    node_port: bool,
}

/// Who chose a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The user who wrote the manifest.
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
            // "0" and what is no number the API server takes in an object to be created, and ignores.
            let version = metadata.text("resourceVersion")?.parse::<u64>();
            let is_stored = version.is_ok_and(|version| version > 0);
            Ok((is_stored, metadata.list("managedFields", managed)?))
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
            managed: Managed::of(managed.into_iter().flatten()),
            ..service.unwrap_or_default()
        })
    }

    /// Who chose the `nodePort` of a port. What a client sends is in `managedFields`, which are made before the API
    /// server adds numbers: `staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go`. A port that they do not
    /// have at all is older than they are, or they were emptied.
    pub(crate) fn origin(&self, port: &ServicePort<'_>) -> Origin {
        match self.managed.entry(port.port, port.protocol) {
            None => Origin::Unknown,
            Some(managed) if managed.node_port => Origin::User,
            Some(_) => Origin::Allocator,
        }
    }

    /// Who chose the `healthCheckNodePort`.
    pub(crate) fn health_check_origin(&self) -> Origin {
        match self.managed.health_check_node_port {
            None => Origin::Unknown,
            Some(true) => Origin::User,
            Some(false) => Origin::Allocator,
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
    /// Joins what several managers have set.
    fn of(managers: impl Iterator<Item = (Vec<ManagedPort>, bool)>) -> Self {
        let mut all = Self::default();
        for (ports, health_check) in managers {
            all.ports.extend(ports);
            *all.health_check_node_port.get_or_insert_default() |= health_check;
        }
        let hashes: Vec<u64> = all.ports.iter().map(ManagedPort::hash).collect();
        all.index = Index::new(&hashes);
        // What one of them has set is set: the first entry of a port says so.
        for place in 0..all.ports.len() {
            let Some(ManagedPort {
                port,
                protocol,
                node_port: true,
            }) = all.ports.get(place)
            else {
                continue;
            };
            let first = all.place(*port, protocol);
            if let Some(first) = first.and_then(|first| all.ports.get_mut(first)) {
                first.node_port = true;
            }
        }
        all
    }

    fn place(&self, port: i64, protocol: &str) -> Option<usize> {
        let is = |known: &ManagedPort| known.port == port && known.protocol == protocol;
        let mut places = self.index.places(hash_of(port, protocol));
        places.find(|place| self.ports.get(*place).is_some_and(is))
    }

    /// The first entry of a port.
    fn entry(&self, port: i64, protocol: &str) -> Option<&ManagedPort> {
        self.ports.get(self.place(port, protocol)?)
    }
}

impl ManagedPort {
    fn hash(&self) -> u64 {
        hash_of(self.port, &self.protocol)
    }
}

/// Reads an entry of `managedFields`: the ports, and whether the health check is set. None where it is not about the
/// spec.
fn managed(entry: &Cursor<'_>) -> Result<Option<(Vec<ManagedPort>, bool)>, DecodeError> {
    if !entry.text("subresource")?.is_empty() {
        return Ok(None);
    }
    entry.at("fieldsV1.f:spec", |spec| {
        let ports = spec.map("f:ports", managed_ports)?.unwrap_or_default();
        Ok((ports, has(spec, "f:healthCheckNodePort")?))
    })
}

/// The ports by their keys, `k:{"port":80,"protocol":"TCP"}`.
///
/// Source: `sigs.k8s.io/structured-merge-diff/fieldpath/serialize-pe.go`.
fn managed_ports(ports: &Cursor<'_>) -> Result<Vec<ManagedPort>, DecodeError> {
    let (mut managed, arena) = (Vec::new(), Arena::new());
    for (key, fields) in ports.fields()? {
        let parsed = key.strip_prefix("k:").map(|key| Json::parse(key, &arena));
        let Some(Ok(key)) = parsed else {
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
        let arena = Arena::new();
        let json = Json::parse(&text, &arena).unwrap();
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
