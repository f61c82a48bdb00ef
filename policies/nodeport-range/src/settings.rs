//! What an administrator may set.

#[cfg(not(target_arch = "wasm32"))]
use shared::settings::described::{Form, Type, Value};
use shared::settings::{
    Namespace, NamespacedService, Reason, SettingType, User, has_name as has, has_object,
    not_one_of,
};
use shared::{Level, OnUpdate, Reader, quote, settings};

use crate::ports::{PortRange, PortSet};

/// The default of the API server. Source: `pkg/kubeapiserver/options/options.go`.
const CLUSTER_RANGE: PortRange = PortRange {
    first: 30_000,
    last: 32_767,
};

settings! {
    /// The settings of nodeport-range. All are optional.
    pub struct Settings {
        /// The `--service-node-port-range` of the API server: a port, `N-M` or `N+offset`.
        "clusterRange" => pub(crate) cluster_range: PortRange = CLUSTER_RANGE, example "30000+2000";
        /// The ports that Services may have. Empty: all of `clusterRange`. Entries that name a namespace replace the others
        /// for it; where no entry is for a namespace or a protocol, no number is allowed there.
        "ranges" => pub(crate) ranges: [Allowed];
        /// Ports that are refused even so.
        "denied" => pub(crate) denied: [Denied];
        /// Whether Services may have node ports at all.
        "nodePorts" => node_ports: NodePorts = NodePorts::Allowed, example "forbidden";
        /// The namespaces in which it is the other way round.
        "nodePortExceptions" => node_port_exceptions: [Namespace], example ["edge"];
        /// Which numbers have to be in `ranges` and not in `denied`. With a range that is not the whole `clusterRange`,
        /// `all` refuses most Services that leave the number to the API server: set `requireExplicit` with it, which says
        /// so.
        "apply" => pub(crate) apply: Apply = Apply::Explicit, example "all";
        /// Whether users have to choose their numbers.
        "requireExplicit" => pub(crate) require_explicit: bool = false, example true;
        /// A chosen number that the API server may give to another Service first.
        "dynamicBand" => pub(crate) dynamic_band: Level = Level::Warn, example "deny";
        /// The most that comes of `spec.healthCheckNodePort`.
        "healthCheckNodePort" => pub(crate) health_check_node_port: Level = Level::Deny, example "warn";
        /// Whom this policy does not concern.
        "exempt" => exempt: Exempt;
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
        check Self::check;
    }

    /// Ports that Services may have.
    pub(crate) struct Allowed {
        /// A port, or a range of ports.
        "ports" => pub(crate) ports: PortSet, example "30000-30100";
        /// The protocols that may use them. Empty: all.
        "protocols" => protocols: [Protocol], example ["TCP"];
        /// The namespaces whose Services may have them. Empty: all that no other entry names.
        "namespaces" => namespaces: [Namespace], example ["shop"];
    }

    /// Ports that Services may not have.
    pub(crate) struct Denied {
        /// A port, or a range of ports.
        "ports" => pub(crate) ports: PortSet, example 30080;
        /// Why, in one line for the user who is refused.
        "reason" => pub(crate) reason: Reason, example "kept for the ingress of the platform team";
        /// The protocols that may not use them. Empty: all.
        "protocols" => protocols: [Protocol], example ["UDP"];
        /// The namespaces whose Services may have them even so.
        "exceptNamespaces" => except_namespaces: [Namespace], example ["ingress"];
    }

    // Source: `staging/src/k8s.io/api/core/v1/types.go`.
    /// The protocol of a port.
    text Protocol {
        problem: protocol_problem,
        words: { "TCP", "UDP", "SCTP" },
    }

    /// Whether Services may have node ports.
    enum NodePorts {
        /// They may.
        "allowed" => Allowed,
        /// They may not.
        "forbidden" => Forbidden,
    }

    /// Which numbers are judged.
    pub(crate) enum Apply {
        /// Those that users chose.
        "explicit" => Explicit,
        /// Those that the API server chose, too.
        "all" => All,
    }

    /// Whom the policy does not concern.
    struct Exempt {
        /// Services in these namespaces.
        "namespaces" => namespaces: [Namespace], example ["kube-system"];
        /// These Services: `<namespace>/<name>`.
        "services" => services: [NamespacedService], example ["shop/legacy"];
        /// Whatever these users ask for.
        "users" => users: [User], example ["system:serviceaccount:gitops:deployer"];
    }
}

fn protocol_problem(protocol: &str) -> Option<String> {
    let words = Protocol::WORDS;
    (!words.contains(&protocol)).then(|| not_one_of(protocol, words))
}

/// A range of which one is always there.
impl SettingType for PortRange {
    type Value = Self;
    type Default = Self;

    fn read(settings: &mut Reader<'_, '_>, name: &'static str, default: Self) -> Self {
        let text = settings.scalar(name);
        if text.is_empty() {
            return default;
        }
        // Nothing is outside of what could not be read.
        read_range(settings, name, &text).unwrap_or(Self {
            first: 1,
            last: u16::MAX,
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        Type::unnamed(Form::Scalar)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn written(default: Self) -> Option<Value> {
        Some(default.to_string().into())
    }
}

/// A range that must be there. What could not be read holds no port.
impl SettingType for PortSet {
    type Value = Self;
    type Default = ();

    fn read(entry: &mut Reader<'_, '_>, name: &'static str, (): ()) -> Self {
        let text = entry.scalar(name);
        if text.is_empty() {
            entry.problem(name, "is missing");
            return Self::default();
        }
        read_range(entry, name, &text).map_or_else(Self::default, Self::from)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        Type::unnamed(Form::Scalar)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn is_required() -> bool {
        true
    }
}

/// Reads a range. None where it has a problem.
fn read_range(map: &mut Reader<'_, '_>, name: &'static str, text: &str) -> Option<PortRange> {
    let range = PortRange::parse(text);
    if let Err(problem) = &range {
        map.problem(name, format!("{} {problem}", quote(text)));
    }
    range.ok()
}

impl Settings {
    /// Whether a Service is exempt, or the user who asks for it.
    pub(crate) fn exempts(&self, namespace: &str, name: &str, username: &str) -> bool {
        let exempt = &self.exempt;
        has(&exempt.namespaces, namespace)
            || has(&exempt.users, username)
            || has_object(&exempt.services, namespace, name)
    }

    /// Notes entries that cannot be meant as they are.
    fn check(&mut self, settings: &mut Reader<'_, '_>) {
        let (cluster_range, ranges) = (self.cluster_range, &self.ranges);
        for (index, entry) in ranges.iter().enumerate() {
            let field = format!("ranges[{index}]");
            let ports = &entry.ports;
            if !ports.without(&cluster_range.into()).is_empty() {
                let problem = format!(
                    "{ports} reaches outside of clusterRange {cluster_range}, which the API server would refuse; set \
                     clusterRange to the API server's --service-node-port-range"
                );
                settings.problem(&format!("{field}.ports"), problem);
            }
            let refused = self.denied.iter().filter(|denied| denied.concerns(entry));
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
        for (index, Denied { ports, .. }) in self.denied.iter().enumerate() {
            // What could not be read is told already.
            if !ports.is_empty() && ports.within(&cluster_range.into()).is_empty() {
                let problem = format!(
                    "{ports} is outside of clusterRange {cluster_range}, so it refuses nothing; set clusterRange to the API \
                     server's --service-node-port-range"
                );
                settings.problem(&format!("denied[{index}].ports"), problem);
            }
        }
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

/// Whether protocols are all of others. An empty list has all.
fn covers(protocols: &[String], others: &[String]) -> bool {
    let all = Protocol::WORDS.iter();
    all.filter(|protocol| others.is_empty() || has(others, protocol))
        .all(|protocol| protocols.is_empty() || has(protocols, protocol))
}

/// Whether ports are all of others. What could not be read holds nothing, and is held by nothing.
fn holds(ports: &PortSet, others: &PortSet) -> bool {
    !others.is_empty() && others.without(ports).is_empty()
}

impl shared::Settings for Settings {
    fn on_update(&self) -> OnUpdate {
        self.on_update
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
             denied[1].ports: \"2-1\" is reversed\n\
             write 1-2\n\
             denied[1].reason: must be one line\n\
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
                json!({"denied": [denied("30000"), denied("20000-29999")]}),
                "denied[1].ports: 20000-29999 is outside of clusterRange 30000-32767, so it refuses nothing; set clusterRange \
                 to the API server's --service-node-port-range"
                    .to_owned(),
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
             exempt.services[0]: \"Web\" cannot be the name of a Service, which has no capital letters\n\
             write \"web\"\n\
             exempt.users[0]: \"system:serviceaccount:shop\" has no name\n\
             write \"system:serviceaccount:<namespace>:<name>\""
        );
    }
}
