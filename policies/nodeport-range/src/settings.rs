//! What an administrator may set.

#[cfg(feature = "schema")]
pub mod schema;

use shared::{Exempt, Level, OnUpdate, Reader, list_of, quote};

use crate::ports::{PortRange, PortSet};

/// What `protocol` of a port can be. Source: `staging/src/k8s.io/api/core/v1/types.go`.
const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];

/// The default of the API server. Source: `pkg/kubeapiserver/options/options.go`.
const CLUSTER_RANGE: PortRange = PortRange {
    first: 30_000,
    last: 32_767,
};

/// What an administrator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The `--service-node-port-range` of the API server, `30000-32767` by default.
    pub(crate) cluster_range: PortRange,
    /// The ports that Services may have; all of `clusterRange` when there is no entry. Entries that name a namespace
    /// replace the others for it.
    pub(crate) ranges: Vec<Allowed>,
    /// Ports that are refused even so, with a reason that users read.
    pub(crate) denied: Vec<Denied>,
    /// Whether Services may have node ports at all.
    node_ports: NodePorts,
    /// The namespaces in which it is the other way round.
    node_port_exceptions: Vec<String>,
    /// Which numbers have to be in `ranges` and not in `denied`.
    pub(crate) apply: Apply,
    /// Whether users have to choose their numbers.
    pub(crate) require_explicit: bool,
    /// Numbers from the band from which the API server gives others theirs.
    pub(crate) dynamic_band: Level,
    /// The most that comes of `spec.healthCheckNodePort`.
    pub(crate) health_check_node_port: Level,
    /// Whom this policy does not concern.
    exempt: Exempt,
    /// Whether an UPDATE is refused for what it makes worse, or for everything.
    on_update: OnUpdate,
}

/// Whether Services may have node ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodePorts {
    Allowed,
    Forbidden,
}

/// Which numbers are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apply {
    /// Those that users chose.
    Explicit,
    /// Those that the API server chose, too.
    All,
}

/// Ports that Services may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) ports: PortSet,
    protocols: Vec<String>,
    namespaces: Vec<String>,
}

/// Ports that Services may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) ports: PortSet,
    pub(crate) reason: String,
    protocols: Vec<String>,
    except_namespaces: Vec<String>,
}

impl Settings {
    /// Whether a Service is exempt, or the user who asks for it.
    pub(crate) fn exempts(&self, namespace: &str, name: &str, username: &str) -> bool {
        self.exempt.has(namespace, username) || self.exempt.has_object(namespace, name)
    }

    /// Whether a namespace may not have node ports.
    pub(crate) fn forbids_node_ports(&self, namespace: &str) -> bool {
        (self.node_ports == NodePorts::Forbidden) != has(&self.node_port_exceptions, namespace)
    }
}

impl Allowed {
    pub(crate) fn names(&self, namespace: &str) -> bool {
        has(&self.namespaces, namespace)
    }

    /// Whether it is for the namespaces that no entry names.
    pub(crate) fn is_general(&self) -> bool {
        self.namespaces.is_empty()
    }

    pub(crate) fn covers(&self, protocol: &str) -> bool {
        self.protocols.is_empty() || has(&self.protocols, protocol)
    }

    /// Whether it is for some protocols alone.
    pub(crate) fn is_of_protocols(&self) -> bool {
        !self.protocols.is_empty()
    }

    /// Whether whatever `other` allows is allowed by this one.
    fn holds(&self, other: &Self) -> bool {
        let for_all = self.is_general() && other.is_general()
            || !other.is_general() && other.namespaces.iter().all(|name| self.names(name));
        for_all && covers(&self.protocols, &other.protocols) && holds(&self.ports, &other.ports)
    }
}

impl Denied {
    /// Whether it is for a protocol in a namespace.
    pub(crate) fn is_for(&self, namespace: &str, protocol: &str) -> bool {
        !has(&self.except_namespaces, namespace)
            && (self.protocols.is_empty() || has(&self.protocols, protocol))
    }

    /// Whether it is for all Services that an entry of `ranges` is for.
    fn concerns(&self, allowed: &Allowed) -> bool {
        let nobody_is_excepted = if allowed.is_general() {
            self.except_namespaces.is_empty()
        } else {
            !allowed
                .namespaces
                .iter()
                .any(|name| has(&self.except_namespaces, name))
        };
        nobody_is_excepted && covers(&self.protocols, &allowed.protocols)
    }
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known == name)
}

/// Whether protocols are all of others. An empty list has all.
fn covers(protocols: &[String], others: &[String]) -> bool {
    let all = PROTOCOLS.iter();
    all.filter(|protocol| others.is_empty() || has(others, protocol))
        .all(|protocol| protocols.is_empty() || has(protocols, protocol))
}

/// Whether ports are all of others. What could not be read holds nothing, and is held by nothing.
fn holds(ports: &PortSet, others: &PortSet) -> bool {
    !others.is_empty() && others.without(ports).is_empty()
}

impl shared::Settings for Settings {
    fn read(settings: &mut Reader<'_, '_>) -> Self {
        let cluster_range = read_range(settings, "clusterRange", Some(CLUSTER_RANGE));
        let ranges = settings.list("ranges", |entry| Allowed {
            ports: read_range(entry, "ports", None).map_or_else(PortSet::default, PortSet::from),
            protocols: entry.texts("protocols", protocol_problem),
            namespaces: entry.namespaces("namespaces"),
        });
        let denied = settings.list("denied", read_denied);
        check_ranges(settings, cluster_range, &ranges, &denied);
        Self {
            cluster_range: cluster_range.unwrap_or(CLUSTER_RANGE),
            ranges,
            denied,
            node_ports: settings.choice(
                "nodePorts",
                &[
                    ("allowed", NodePorts::Allowed),
                    ("forbidden", NodePorts::Forbidden),
                ],
                NodePorts::Allowed,
            ),
            node_port_exceptions: settings.namespaces("nodePortExceptions"),
            apply: settings.choice(
                "apply",
                &[("explicit", Apply::Explicit), ("all", Apply::All)],
                Apply::Explicit,
            ),
            require_explicit: settings.flag("requireExplicit", false),
            dynamic_band: settings.level("dynamicBand", Level::Warn),
            health_check_node_port: settings.level("healthCheckNodePort", Level::Deny),
            exempt: settings.map("exempt", Exempt::with_services),
            on_update: settings.on_update(),
        }
    }

    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

/// Reads a range. None where it has a problem.
fn read_range(
    entry: &mut Reader<'_, '_>,
    name: &'static str,
    default: Option<PortRange>,
) -> Option<PortRange> {
    let text = entry.scalar(name);
    if text.is_empty() {
        if default.is_none() {
            entry.problem(name, "is missing");
        }
        return default;
    }
    match PortRange::parse(&text) {
        Ok(range) => Some(range),
        Err(problem) => {
            entry.problem(name, format!("{} {problem}", quote(&text)));
            None
        }
    }
}

fn read_denied(entry: &mut Reader<'_, '_>) -> Denied {
    let reason = entry.reason("reason");
    Denied {
        ports: read_range(entry, "ports", None).map_or_else(PortSet::default, PortSet::from),
        reason: reason.to_owned(),
        protocols: entry.texts("protocols", protocol_problem),
        except_namespaces: entry.namespaces("exceptNamespaces"),
    }
}

fn protocol_problem(protocol: &str) -> Option<String> {
    let known = || list_of(&mut PROTOCOLS.iter().copied());
    (!PROTOCOLS.contains(&protocol)).then(|| {
        format!(
            "{protocol} is not one of {}",
            known(),
            protocol = quote(protocol)
        )
    })
}

/// Notes entries that cannot be meant as they are.
fn check_ranges(
    settings: &mut Reader<'_, '_>,
    cluster_range: Option<PortRange>,
    ranges: &[Allowed],
    denied: &[Denied],
) {
    for (index, entry) in ranges.iter().enumerate() {
        let field = format!("ranges[{index}]");
        let ports = &entry.ports;
        if let Some(cluster_range) = cluster_range
            && !ports.without(&cluster_range.into()).is_empty()
        {
            let problem = format!(
                "{ports} reaches outside of clusterRange {cluster_range}, which the API server would refuse; set \
                 clusterRange to the API server's --service-node-port-range"
            );
            settings.problem(&format!("{field}.ports"), problem);
        }
        let refused = denied.iter().filter(|denied| denied.concerns(entry));
        if holds(&PortSet::all_of(refused.map(|denied| &denied.ports)), ports) {
            settings.problem(&field, format!("denied takes all of {ports} away again"));
        }
        let before = ranges.iter().take(index);
        if let Some(other) = before.clone().position(|other| other.holds(entry)) {
            settings.problem(
                &field,
                format!("ranges[{other}] allows all of that already"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::settings_problems;

    use crate::NodeportRange;

    fn problems(settings: &Value) -> String {
        settings_problems::<NodeportRange>(settings)
    }

    #[test]
    fn takes_nothing_and_everything() {
        assert_eq!(problems(&json!({})), "");
        let everything = json!({
            "clusterRange": "30000+2767",
            "ranges": [
                {"ports": "30000-30100"},
                {"ports": 30200, "protocols": ["TCP", "UDP", "SCTP"], "namespaces": ["shop"]},
            ],
            "denied": [{"ports": "30080", "reason": "ours", "protocols": ["TCP"], "exceptNamespaces": ["edge"]}],
            "nodePorts": "forbidden", "nodePortExceptions": ["edge"], "apply": "all", "requireExplicit": true,
            "dynamicBand": "deny", "healthCheckNodePort": "off",
            "exempt": {"namespaces": ["a"], "services": ["a/b"], "users": ["system:serviceaccount:a:b"]},
            "onUpdate": "enforceAll",
        });
        assert_eq!(problems(&everything), "");
    }

    #[test]
    fn tells_every_problem() {
        let settings = json!({
            "clusterRange": "30100-30000",
            "ranges": [
                {"ports": "30000-30000"}, {"ports": 0}, {"ports": 65536}, {}, {"ports": "all", "protocols": ["tcp"]},
                {"ports": [30000]}, {"ports": 40000, "namespaces": ["team-*"]},
            ],
            "denied": [{"ports": 1}, {"reason": "a\nb", "ports": "2-1"}],
            "apply": "some",
            "exempt": {"services": ["web"]},
            "range": "30000-30100",
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of nodeport-range: clusterRange: \"30100-30000\" is reversed\n\
             write 30000-30100\n\
             ranges[0].ports: \"30000-30000\" is one port\n\
             write 30000\n\
             ranges[1].ports: \"0\" has port 0, which is none\n\
             ranges[2].ports: \"65536\" goes beyond port 65535\n\
             ranges[3].ports: is missing\n\
             ranges[4].ports: \"all\" is not a range such as 30000-30100\n\
             ranges[4].protocols[0]: \"tcp\" is not one of \"TCP\", \"UDP\", \"SCTP\"\n\
             ranges[5].ports: must be a string or a whole number, not a list\n\
             ranges[6].namespaces[0]: \"team-*\" cannot be a namespace, and patterns are not supported\n\
             write each name in full\n\
             denied[0].reason: must say why, for the user who is refused\n\
             denied[1].reason: must be one line\n\
             denied[1].ports: \"2-1\" is reversed\n\
             write 1-2\n\
             apply: \"some\" is not one of \"explicit\", \"all\"\n\
             exempt.services[0]: \"web\" is not <namespace>/<name>\n\
             range: is not a setting\n\
             did you mean \"ranges\"?"
        );
    }

    #[test]
    fn tells_entries_that_cannot_be_meant() {
        let outside = "reaches outside of clusterRange 30000-32767, which the API server would refuse; set clusterRange \
            to the API server's --service-node-port-range";
        let denied = |ports: &str| json!({"ports": ports, "reason": "ours"});
        let of_shop = |ports: &str| json!({"ports": ports, "namespaces": ["shop"]});
        for (settings, problem) in [
            (
                json!({"ranges": [{"ports": "32700-32800"}]}),
                format!("ranges[0].ports: 32700-32800 {outside}"),
            ),
            (
                json!({"ranges": [{"ports": "30000-30100"}], "denied": [denied("30000-30050"), denied("30051-30200")]}),
                "ranges[0]: denied takes all of 30000-30100 away again".to_owned(),
            ),
            (
                json!({"ranges": [{"ports": "30000-30100"}, {"ports": "30010-30020", "protocols": ["UDP"]}]}),
                "ranges[1]: ranges[0] allows all of that already".to_owned(),
            ),
            (
                json!({"ranges": [of_shop("30000-30100"), of_shop("30000-30100")]}),
                "ranges[1]: ranges[0] allows all of that already".to_owned(),
            ),
        ] {
            assert_eq!(
                problems(&settings),
                format!("wrong settings of nodeport-range: {problem}")
            );
        }
        for settings in [
            json!({"ranges": [{"ports": "30000-30100"}, of_shop("30000-30100")]}),
            json!({"ranges": [{"ports": 30000}], "denied": [{"ports": 30000, "reason": "ours", "exceptNamespaces": ["edge"]}]}),
            json!({"ranges": [{"ports": 30000}], "denied": [{"ports": 30000, "reason": "ours", "protocols": ["UDP"]}]}),
            json!({"clusterRange": "20000-40000", "ranges": [{"ports": "32700-32800"}]}),
        ] {
            assert_eq!(problems(&settings), "");
        }
    }

    #[test]
    fn tells_what_can_never_match() {
        let settings = json!({
            "ranges": [{"ports": 30000, "namespaces": ["Shop"]}],
            "denied": [{"ports": 30001, "reason": "ours", "exceptNamespaces": ["Shop"]}],
            "nodePortExceptions": ["Shop"],
            "exempt": {"namespaces": ["Shop"], "users": ["system:serviceaccount:shop"], "services": ["shop/Web"]},
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of nodeport-range: ranges[0].namespaces[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             denied[0].exceptNamespaces[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             nodePortExceptions[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             exempt.namespaces[0]: \"Shop\" cannot be a namespace, which has no capital letters\n\
             write \"shop\"\n\
             exempt.users[0]: \"system:serviceaccount:shop\" has no name\n\
             write \"system:serviceaccount:<namespace>:<name>\"\n\
             exempt.services[0]: \"Web\" cannot be the name of a Service, which has no capital letters\n\
             write \"web\""
        );
    }
}
