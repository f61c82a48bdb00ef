//! Who serves which hosts with the certificates of which Secrets.
//!
//! Sources: `extractTLSSecretName` and `createServers` in `internal/ingress/controller/controller.go` of
//! kubernetes/ingress-nginx; `ListenerTLSConfig` in `apis/v1/gateway_types.go` of kubernetes-sigs/gateway-api.

use std::{borrow::Cow, fmt};

use shared::quote;
use tree::{Name, Value};

use super::{
    Objects,
    certificate::{self, HostNames, is_host},
    ingress::{class, is_ingress, items},
};
use crate::{derived::Source, manifests::Object};
use cluster::{DEFAULT_NAMESPACE, kinds::text};

/// What ingress-nginx shows where it has no certificate for a host.
pub(super) const FAKE: &str = "its \"Kubernetes Ingress Controller Fake Certificate\"";

/// Hosts that are served with the certificates of some Secrets.
pub(super) struct Endpoint<'a> {
    /// The position of what says so.
    pub(super) object: usize,
    pub(super) side: Side,
    pub(super) secrets: Vec<Named<'a>>,
    /// Each with its field.
    pub(super) hosts: Vec<(String, &'a str)>,
}

/// Who serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// An entry of `tls` of an Ingress, or all those that name no hosts: each is for what its certificate is for.
    Ingress,
    /// A listener of a Gateway. One of its certificates is taken for each host.
    Listener,
}

/// A Secret as it is named.
pub(super) struct Named<'a> {
    /// Where its name stands.
    pub(super) field: String,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    /// What look-ups find.
    pub(super) found: Option<Secret<'a>>,
}

/// `Secret "web-tls" (a.yaml:3)`
impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret {}", quote(self.name))?;
        match &self.found {
            Some(found) => write!(f, " ({})", found.from),
            None => Ok(()),
        }
    }
}

/// A Secret that is there.
pub(super) struct Secret<'a> {
    /// As the API server stores it.
    pub(super) value: Cow<'a, Value>,
    pub(super) from: Source<'a>,
}

impl Secret<'_> {
    pub(super) fn kind(&self) -> &str {
        text(&self.value, "/type").unwrap_or_default()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.value
            .get("data")
            .is_some_and(|data| data.get(key).is_some())
    }

    /// Whether its keys are those that are written: what has an owner, or no data, is filled by something else.
    pub(super) fn is_complete(&self) -> bool {
        let data = self.value.get("data").and_then(Value::as_object);
        data.is_some_and(|data| !data.is_empty())
            && items(&self.value, "/metadata/ownerReferences")
                .next()
                .is_none()
    }

    /// The names of hosts that its certificate is for; none where that is not known.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        certificate::names(&self.value)
    }
}

/// All that the checked objects serve with certificates.
pub(super) fn endpoints(objects: Objects<'_>) -> Vec<Endpoint<'_>> {
    let mut endpoints = Vec::new();
    for (position, object, _) in objects.written() {
        if text(&object.value, "/metadata/deletionTimestamp").is_some() {
            continue;
        }
        let reader = Reader {
            objects,
            object,
            position,
        };
        if is_ingress(object) {
            reader.ingress(&mut endpoints);
        } else if is_gateway(object) {
            reader.gateway(&mut endpoints);
        }
    }
    endpoints
}

/// The Secret of a namespace and name that look-ups find in a file.
fn secret<'a>(objects: Objects<'a>, name: (&str, &str), file: &str) -> Option<Secret<'a>> {
    let (number, value) = objects.cluster.object("v1", "Secret", name, file)?;
    let from = if let Some(object) = objects.all.get(number) {
        Source::Manifest(object)
    } else {
        let made = objects.made.get(number.checked_sub(objects.all.len())?)?;
        Source::Maker(made.maker.as_ref()?)
    };
    Some(Secret { value, from })
}

/// Whether an object has listeners of the Gateway API.
pub(super) fn is_gateway(object: &Object) -> bool {
    object.group() == "gateway.networking.k8s.io"
        && matches!(object.kind(), "Gateway" | "ListenerSet")
}

/// Whether the controller of an Ingress reads no Secrets: that of AWS takes its certificates from AWS.
fn reads_no_secrets(ingress: &Object) -> bool {
    let annotations = ingress.value.pointer("/metadata/annotations");
    let annotations = annotations.and_then(Value::as_object);
    let is_its = |name: &Name| name.starts_with("alb.ingress.kubernetes.io/");
    class(ingress) == Some("alb") || annotations.is_some_and(|all| all.keys().any(is_its))
}

/// Reads one object.
struct Reader<'a> {
    objects: Objects<'a>,
    object: &'a Object,
    position: usize,
}

impl<'a> Reader<'a> {
    fn ingress(&self, endpoints: &mut Vec<Endpoint<'a>>) {
        if reads_no_secrets(self.object) {
            return;
        }
        let mut others = self.endpoint(Side::Ingress);
        let mut named = Vec::new();
        for (index, entry) in items(&self.object.value, "/spec/tls") {
            let path = format!("spec.tls[{index}]");
            let mut endpoint = self.endpoint(Side::Ingress);
            for (host, value) in items(entry, "/hosts") {
                let value = value.as_str().unwrap_or_default();
                endpoint
                    .hosts
                    .push((format!("{path}.hosts[{host}]"), value));
            }
            named.extend(endpoint.hosts.iter().map(|(_, host)| *host));
            let secret = self.named(
                format!("{path}.secretName"),
                None,
                text(entry, "/secretName"),
            );
            if endpoint.hosts.is_empty() {
                others.secrets.extend(secret);
            } else {
                endpoint.secrets.extend(secret);
                endpoints.push(endpoint);
            }
        }
        let named: HostNames = named.into_iter().collect();
        for (index, rule) in items(&self.object.value, "/spec/rules") {
            let host = text(rule, "/host").unwrap_or_default();
            if !named.cover(host) {
                others
                    .hosts
                    .push((format!("spec.rules[{index}].host"), host));
            }
        }
        endpoints.push(others);
    }

    fn gateway(&self, endpoints: &mut Vec<Endpoint<'a>>) {
        for (index, listener) in items(&self.object.value, "/spec/listeners") {
            if text(listener, "/tls/mode") == Some("Passthrough") {
                continue;
            }
            let path = format!("spec.listeners[{index}]");
            let mut endpoint = self.endpoint(Side::Listener);
            let host = text(listener, "/hostname").unwrap_or_default();
            endpoint.hosts.push((format!("{path}.hostname"), host));
            let mut is_known = true;
            for (index, one) in items(listener, "/tls/certificateRefs") {
                let is_secret = text(one, "/group").unwrap_or_default().is_empty()
                    && matches!(text(one, "/kind"), None | Some("" | "Secret"));
                is_known &= is_secret;
                let field = format!("{path}.tls.certificateRefs[{index}].name");
                let name = text(one, "/name").filter(|_| is_secret);
                endpoint
                    .secrets
                    .extend(self.named(field, text(one, "/namespace"), name));
            }
            // Some implementations have kinds of their own for certificates, which may cover what the Secrets do not.
            if !is_known {
                endpoint.hosts.clear();
            }
            endpoints.push(endpoint);
        }
    }

    fn endpoint(&self, side: Side) -> Endpoint<'a> {
        Endpoint {
            object: self.position,
            side,
            secrets: Vec::new(),
            hosts: Vec::new(),
        }
    }

    /// None where no name is written, or one that is yet to be filled in.
    fn named(
        &self,
        field: String,
        namespace: Option<&'a str>,
        name: Option<&'a str>,
    ) -> Option<Named<'a>> {
        let name = name.filter(|name| is_host(name))?;
        let home = namespace.filter(|namespace| !namespace.is_empty());
        let namespace = home
            .or(self.object.namespace())
            .unwrap_or(DEFAULT_NAMESPACE);
        Some(Named {
            field,
            namespace,
            name,
            found: secret(self.objects, (namespace, name), &self.object.file),
        })
    }
}
