//! The fields that this policy reads, and what objects look like with no others.

use k8s_openapi::Resource;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use shared::index::{Index, hash};
use shared::kubernetes::selector::Labels;
use shared::{Cursor, DecodeError, FieldNames, IntOrString, Wanted, quote};

use crate::names::{is_port_name, is_set_at_run_time, some_of};
use crate::settings::Settings;

/// The old way to name a class. Source: `pkg/apis/networking/types.go`.
pub(crate) const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
/// The annotation that has ingress-nginx, and those who read its annotations, change the path of a request.
pub(crate) const REWRITE_TARGET: &str = "nginx.ingress.kubernetes.io/rewrite-target";
/// The annotation that has it take paths as regular expressions.
const USE_REGEX: &str = "nginx.ingress.kubernetes.io/use-regex";
/// The annotation that has ingress-nginx serve a redirect from the host with `www.` to the one without, or back.
const FROM_TO_WWW: &str = "nginx.ingress.kubernetes.io/from-to-www-redirect";
/// The annotation that gives it more hosts for the same rules.
const SERVER_ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";
/// What the annotations of the Application Gateway controller begin with.
const APPLICATION_GATEWAY: &str = "appgw.ingress.kubernetes.io/";
/// What the annotations of the AWS controller begin with that tell two equal paths apart.
const ALB_CONDITIONS: &str = "alb.ingress.kubernetes.io/conditions.";

/// The fields of all objects that are read.
static FIELDS: FieldNames = FieldNames::of(&[&[
    "metadata",
    "name",
    "deletionTimestamp",
    "uid",
    "resourceVersion",
    "ownerReferences",
    "controller",
    "kind",
    "annotations",
    CLASS_ANNOTATION,
    REWRITE_TARGET,
    USE_REGEX,
    FROM_TO_WWW,
    SERVER_ALIAS,
    "spec",
    "ingressClassName",
    "defaultBackend",
    "rules",
    "host",
    "http",
    "paths",
    "path",
    "pathType",
    "backend",
    "service",
    "resource",
    "port",
    "number",
    "tls",
    "hosts",
    "type",
    "clusterIP",
    "externalName",
    "ports",
    "targetPort",
    "protocol",
    "jobTemplate",
    "template",
    "containers",
    "initContainers",
    "restartPolicy",
    "containerPort",
    "backendRefs",
    "group",
    "namespace",
    "weight",
    "from",
    "to",
]]);

/// Whether a view reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    FIELDS.has(field)
        || wants_whole(field)
        || field.starts_with(APPLICATION_GATEWAY)
        || field.starts_with(ALB_CONDITIONS)
}

/// Whether a view reads all of a field of this name, whose keys users choose.
pub(crate) fn wants_whole(field: &str) -> bool {
    matches!(field, "labels" | "selector")
}

/// The same, for lists of what makes pods.
pub(crate) const OF_WORKLOADS: Wanted = Wanted {
    fields: wants,
    whole: wants_whole,
};

/// The fields of each of many Services that are read.
static OF_EACH_SERVICE: FieldNames = FieldNames::of(&[&[
    "metadata",
    "name",
    "deletionTimestamp",
    "spec",
    "type",
    "clusterIP",
    "externalName",
    "selector",
    "ports",
    "port",
    "targetPort",
    "protocol",
]]);

/// What is read of each of many Services: their own labels, for example, lead nowhere.
pub(crate) const OF_SERVICES: Wanted = Wanted {
    fields: |field| OF_EACH_SERVICE.has(field),
    whole: |field| field == "selector",
};

/// An Ingress.
#[derive(Debug, Default)]
pub(crate) struct Ingress<'a> {
    /// `spec.ingressClassName`; empty where it is absent, as the next three are.
    pub(crate) class: &'a str,
    pub(crate) class_annotation: &'a str,
    pub(crate) rewrite_target: &'a str,
    pub(crate) use_regex: &'a str,
    /// Whether the host with `www.` and the one without are both served.
    pub(crate) has_www: bool,
    /// More hosts, with commas between them.
    pub(crate) aliases: &'a str,
    /// Whether the controller of Azure's Application Gateway reads it, which takes `/*` at the end of a prefix.
    pub(crate) is_of_application_gateway: bool,
    /// Whether requests to equal paths are told apart by more than their paths.
    pub(crate) has_conditions: bool,
    /// Where the requests go that no path takes.
    pub(crate) default_backend: Option<Backend<'a>>,
    /// The host of each rule; empty for all hosts.
    pub(crate) hosts: Vec<&'a str>,
    /// The paths of all rules.
    pub(crate) paths: Vec<Path<'a>>,
    /// The hosts of each entry of `spec.tls`.
    pub(crate) tls: Vec<Vec<&'a str>>,
}

/// A path of an Ingress.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "Kubernetes calls them so")]
pub(crate) struct Path<'a> {
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) path_type: &'a str,
    pub(crate) backend: Backend<'a>,
    /// The index of the rule, and that of the path in it.
    places: (usize, usize),
}

/// Where requests go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Backend<'a> {
    /// The Service; empty where it is another kind of object.
    pub(crate) service: &'a str,
    pub(crate) port: Option<IntOrString<'a>>,
    /// The name of the other object.
    pub(crate) resource: &'a str,
}

impl<'a> Ingress<'a> {
    /// Reads an Ingress.
    pub(crate) fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let mut ingress = Self::default();
        cursor.at("metadata.annotations", |annotations| {
            for (key, _) in annotations.fields()? {
                ingress.is_of_application_gateway |= key.starts_with(APPLICATION_GATEWAY);
                ingress.has_conditions |= key.starts_with(ALB_CONDITIONS);
            }
            ingress.class_annotation = annotations.text(CLASS_ANNOTATION)?;
            ingress.rewrite_target = annotations.text(REWRITE_TARGET)?;
            ingress.use_regex = annotations.text(USE_REGEX)?;
            ingress.has_www = annotations.text(FROM_TO_WWW)? == "true";
            ingress.aliases = annotations.text(SERVER_ALIAS)?;
            Ok(())
        })?;
        cursor.map("spec", |spec| ingress.read_spec(spec))?;
        ingress.is_of_application_gateway |= ingress.class == "azure-application-gateway"
            || ingress.class_annotation == "azure/application-gateway";
        Ok(ingress)
    }

    fn read_spec(&mut self, spec: &Cursor<'a>) -> Result<(), DecodeError> {
        self.class = spec.text("ingressClassName")?;
        self.default_backend = spec.map("defaultBackend", Backend::read)?;
        spec.each("rules", &mut |rule| {
            let host = rule.text("host")?;
            let mut places = (self.hosts.len(), 0);
            self.hosts.push(host);
            let paths = rule.map("http", |http| {
                http.each("paths", &mut |path| {
                    self.paths.push(Path {
                        host,
                        path: path.text("path")?,
                        path_type: path.text("pathType")?,
                        backend: path.map("backend", Backend::read)?.unwrap_or_default(),
                        places,
                    });
                    places.1 += 1;
                    Ok(())
                })
            });
            paths.map(|_| ())
        })?;
        spec.each("tls", &mut |tls| {
            self.tls.push(tls.list_of_texts("hosts")?);
            Ok(())
        })
    }

    /// The hosts of all certificates.
    pub(crate) fn tls_hosts(&self) -> Vec<&'a str> {
        self.tls.concat()
    }

    /// Whether the controller of its annotations takes paths as regular expressions.
    pub(crate) fn takes_patterns(&self) -> bool {
        self.use_regex == "true" || !self.rewrite_target.is_empty()
    }
}

impl Path<'_> {
    /// The place of a field of it.
    pub(crate) fn place(&self, field: &str) -> String {
        let (rule, path) = self.places;
        format!("spec.rules[{rule}].http.paths[{path}].{field}")
    }
}

impl<'a> Backend<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let mut backend = Self::default();
        cursor.map("resource", |resource| {
            backend.resource = resource.text("name")?;
            Ok(())
        })?;
        cursor.map("service", |service| {
            backend.service = service.text("name")?;
            service.map("port", |port| {
                backend.port = match port.text("name")? {
                    "" => port.integer("number")?.map(IntOrString::Int),
                    name => Some(IntOrString::String(name)),
                };
                Ok(())
            })
        })?;
        Ok(backend)
    }

    /// Whether an annotation of the AWS controller says where requests go, and no Service of this name has to exist.
    pub(crate) fn is_by_annotation(&self) -> bool {
        self.port == Some(IntOrString::String("use-annotation"))
    }
}

/// A Service.
#[derive(Debug, Default)]
pub(crate) struct Service<'a> {
    pub(crate) name: &'a str,
    /// Whether only its finalizers keep it.
    pub(crate) is_going: bool,
    /// Empty for `ClusterIP`.
    pub(crate) kind: &'a str,
    pub(crate) is_headless: bool,
    pub(crate) external_name: &'a str,
    pub(crate) selector: Vec<(&'a str, &'a str)>,
    pub(crate) ports: Vec<ServicePort<'a>>,
}

impl ServicePort<'_> {
    /// Whether one of the workloads that a selector selects has the port: without it, none of its pods gets a request.
    /// Requests to a number arrive whatever is declared.
    pub(crate) fn is_served<'w>(
        &self,
        selector: &Labels<'_>,
        workloads: &mut dyn Iterator<Item = &'w Workload<'w>>,
    ) -> bool {
        let is_number = matches!(self.target, IntOrString::Int(_));
        for Workload { template, .. } in workloads {
            if template.labels.have(selector) && (is_number || template.has_port(self)) {
                return true;
            }
        }
        false
    }
}

/// A port of a Service.
#[derive(Debug)]
pub(crate) struct ServicePort<'a> {
    pub(crate) name: &'a str,
    pub(crate) number: i64,
    pub(crate) protocol: &'a str,
    pub(crate) target: IntOrString<'a>,
}

/// The fields of Services that are looked up.
pub(crate) const SERVICE_MASK: &[&str] =
    &["spec.clusterIP", "spec.ports", "spec.selector", "spec.type"];

impl<'a> Service<'a> {
    /// Reads a Service.
    pub(crate) fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let mut service = Self::default();
        cursor.map("metadata", |metadata| {
            service.name = metadata.text("name")?;
            service.is_going = !metadata.text("deletionTimestamp")?.is_empty();
            Ok(())
        })?;
        cursor.map("spec", |spec| {
            service.kind = spec.text("type")?;
            service.is_headless = spec.text("clusterIP")? == "None";
            service.external_name = spec.text("externalName")?;
            service.selector = spec.map("selector", Cursor::texts)?.unwrap_or_default();
            spec.each("ports", &mut |port| {
                let number = port.integer("port")?.unwrap_or_default();
                // Source: `SetDefaults_Service` in `pkg/apis/core/v1/defaults.go`.
                let target = match port.int_or_string("targetPort")? {
                    None | Some(IntOrString::Int(0) | IntOrString::String("")) => {
                        IntOrString::Int(number)
                    }
                    Some(target) => target,
                };
                service.ports.push(ServicePort {
                    name: port.text("name")?,
                    number,
                    protocol: protocol(port)?,
                    target,
                });
                Ok(())
            })
        })?;
        Ok(service)
    }

    /// Whether it is a name for another host, which has neither pods nor ports of its own.
    pub(crate) fn is_external(&self) -> bool {
        self.kind == "ExternalName"
    }

    /// What templates have to have so that their pods get its requests. None where it has no pods of its own, or only
    /// what is set at run time decides.
    pub(crate) fn selects(&self, settings: &Settings) -> Option<Labels<'a>> {
        if self.is_external() || self.is_going {
            return None;
        }
        let mut pairs = self.selector.clone();
        pairs.retain(|(key, _)| !is_set_at_run_time(key, settings));
        (!pairs.is_empty()).then(|| Labels::of(pairs))
    }
}

/// Whether a Service may select the pods of any of these workloads, by its selector alone. It is read before the rest: of
/// very many Services, most select none.
pub(crate) fn may_select(
    service: &Cursor<'_>,
    settings: &Settings,
    workloads: [Option<&Workload<'_>>; 2],
) -> Result<bool, DecodeError> {
    let pairs = service.at("spec.selector", Cursor::texts)?;
    let pairs = pairs.unwrap_or_default();
    Ok(workloads.into_iter().flatten().any(|workload| {
        let labels = &workload.template.labels;
        let mut pairs = pairs.iter();
        pairs
            .all(|(key, value)| labels.get(key) == Some(value) || is_set_at_run_time(key, settings))
    }))
}

/// `TCP` is the default: `SetDefaults_Service` and `SetDefaults_Container` in `pkg/apis/core/v1/defaults.go`.
fn protocol<'a>(cursor: &Cursor<'a>) -> Result<&'a str, DecodeError> {
    Ok(match cursor.text("protocol")? {
        "" => "TCP",
        protocol => protocol,
    })
}

/// What pods are made from: their labels, and the ports that their containers declare.
#[derive(Debug, Default)]
pub(crate) struct Template<'a> {
    pub(crate) labels: Labels<'a>,
    pub(crate) ports: Vec<DeclaredPort<'a>>,
    /// By their names, and behind them by their numbers.
    index: Index,
}

/// A port that a container declares.
#[derive(Debug)]
pub(crate) struct DeclaredPort<'a> {
    pub(crate) container: &'a str,
    pub(crate) name: &'a str,
    pub(crate) number: i64,
    pub(crate) protocol: &'a str,
    /// Where it is, from the pod spec on.
    list: &'static str,
    places: (usize, usize),
}

impl<'a> Template<'a> {
    /// Reads the pod template at a cursor. Containers count in the order in which Kubernetes looks names up, and of init
    /// containers those that go on running: `FindPort` in `staging/src/k8s.io/endpointslice/util/controller_utils.go`.
    pub(crate) fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let mut template = Self::default();
        cursor.map("metadata", |metadata| {
            template.labels = Labels::read_field(metadata, "labels")?;
            Ok(())
        })?;
        cursor.map("spec", |spec| {
            for list in ["containers", "initContainers"] {
                let mut places = (0, 0);
                spec.each(list, &mut |container| {
                    let name = container.text("name")?;
                    let runs = list == "containers" || container.text("restartPolicy")? == "Always";
                    container.each(if runs { "ports" } else { "" }, &mut |port| {
                        template.ports.push(DeclaredPort {
                            container: name,
                            name: port.text("name")?,
                            number: port.integer("containerPort")?.unwrap_or_default(),
                            protocol: protocol(port)?,
                            list,
                            places,
                        });
                        places.1 += 1;
                        Ok(())
                    })?;
                    places = (places.0 + 1, 0);
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        let ports = &template.ports;
        let mut hashes = Vec::new();
        for port in ports {
            hashes.push(hash(0, port.name));
        }
        for port in ports {
            hashes.push(port.number.cast_unsigned());
        }
        template.index = Index::new(&hashes);
        Ok(template)
    }

    /// Whether a port of a Service finds one here. A name is that of a port of its protocol; of a number, the protocol
    /// does not count.
    #[inline(never)]
    pub(crate) fn has_port(&self, port: &ServicePort<'_>) -> bool {
        let name = match port.target {
            IntOrString::Int(number) => return self.numbered(number).is_some(),
            IntOrString::String(name) => name,
        };
        let mut places = self.index.places(hash(0, name));
        places.any(|place| {
            let declared = self.ports.get(place);
            declared.is_some_and(|it| it.is_target_of(port))
        })
    }

    /// The first port of this number.
    pub(crate) fn numbered(&self, number: i64) -> Option<&DeclaredPort<'a>> {
        let mut places = self.index.places(number.cast_unsigned());
        places.find_map(|place| {
            let port = self.ports.get(place.checked_sub(self.ports.len())?)?;
            (port.number == number).then_some(port)
        })
    }
}

impl DeclaredPort<'_> {
    /// The targetPort that finds it: its name, or its number where it has none that counts.
    pub(crate) fn target(&self) -> String {
        if is_port_name(self.name) {
            self.name.to_owned()
        } else {
            self.number.to_string()
        }
    }

    /// Whether a port of a Service finds it.
    pub(crate) fn is_target_of(&self, port: &ServicePort<'_>) -> bool {
        match port.target {
            IntOrString::Int(number) => number == self.number,
            IntOrString::String(name) => name == self.name && port.protocol == self.protocol,
        }
    }

    /// Its place below that of the template.
    pub(crate) fn place(&self, template: &str) -> String {
        let (container, port) = self.places;
        let dot = if template.is_empty() { "" } else { "." };
        format!(
            "{template}{dot}spec.{}[{container}].ports[{port}]",
            self.list
        )
    }
}

/// Some of many workloads in a message.
pub(crate) fn told(workloads: &[&Workload<'_>]) -> String {
    let mut names = Vec::new();
    for workload in workloads {
        names.push(workload.told());
    }
    some_of(&names)
}

/// Something that makes pods.
#[derive(Debug)]
pub(crate) struct Workload<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) template: Template<'a>,
}

impl<'a> Workload<'a> {
    /// Reads an object of a kind whose template is at `path`. None for what has none, and for what another workload makes
    /// and answers for: the `ReplicaSet` of a Deployment, the Job of a `CronJob`, any Pod of a controller.
    pub(crate) fn read(
        object: &Cursor<'a>,
        kind: &'a str,
        path: &str,
    ) -> Result<Option<Self>, DecodeError> {
        let meta = object.map("metadata", |metadata| {
            let owners = metadata.list("ownerReferences", |owner| {
                Ok(owner.flag("controller")? == Some(true)
                    && (kind != Job::KIND || owner.text("kind")? == CronJob::KIND))
            })?;
            let is_gone = !metadata.text("deletionTimestamp")?.is_empty();
            let is_made =
                matches!(kind, "Pod" | "ReplicaSet" | Job::KIND) && owners.contains(&true);
            Ok((metadata.text("name")?, is_gone || is_made))
        })?;
        let (name, is_none) = meta.unwrap_or_default();
        let template = match path {
            _ if is_none => None,
            "" => Some(Template::read(object)?),
            path => object.at(path, Template::read)?,
        };
        Ok(template.map(|template| Self {
            kind,
            name,
            template,
        }))
    }

    /// Its kind and name in a message.
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.kind, quote(self.name))
    }

    /// Whether it is of the same kind and name.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.kind, self.name) == (other.kind, other.name)
    }

    /// Whether its pods end: they get requests while they run, as long as nothing says that they are not ready.
    pub(crate) fn ends(&self) -> bool {
        matches!(self.kind, Job::KIND | CronJob::KIND)
    }
}
