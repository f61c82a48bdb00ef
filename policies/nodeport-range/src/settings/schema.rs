//! The settings as documents describe them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::schema::{
    Described, Level, Namespace, NamespacedService, OnUpdate, Reason, Scalar, User, list,
};

/// The settings of nodeport-range. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "nodeport-range")]
pub struct Settings {
    /// The `--service-node-port-range` of the API server: a port, `N-M` or `N+offset`.
    pub cluster_range: Scalar,
    /// The ports that Services may have. Empty: all of `clusterRange`. Entries that name a namespace replace the others
    /// for it; where no entry is for a namespace or a protocol, no number is allowed there.
    pub ranges: Vec<Allowed>,
    /// Ports that are refused even so.
    pub denied: Vec<Denied>,
    /// Whether Services may have node ports at all.
    pub node_ports: NodePorts,
    /// The namespaces in which it is the other way round.
    pub node_port_exceptions: Vec<Namespace>,
    /// Which numbers have to be in `ranges` and not in `denied`. With a range that is not the whole `clusterRange`,
    /// `all` refuses most Services that leave the number to the API server: set `requireExplicit` with it, which says
    /// so.
    pub apply: Apply,
    /// Whether users have to choose their numbers.
    pub require_explicit: bool,
    /// A chosen number that the API server may give to another Service first.
    pub dynamic_band: Level,
    /// The most that comes of `spec.healthCheckNodePort`.
    pub health_check_node_port: Level,
    /// Whom this policy does not concern.
    pub exempt: Exempt,
    /// What to do about violations that an object already had before an UPDATE.
    pub on_update: OnUpdate,
}

/// Ports that Services may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Allowed {
    /// A port, or a range of ports.
    pub ports: Scalar,
    /// The protocols that may use them. Empty: all.
    #[serde(default)]
    pub protocols: Vec<Protocol>,
    /// The namespaces whose Services may have them. Empty: all that no other entry names.
    #[serde(default)]
    pub namespaces: Vec<Namespace>,
}

/// Ports that Services may not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Denied {
    /// A port, or a range of ports.
    pub ports: Scalar,
    /// Why, in one line for the user who is refused.
    pub reason: Reason,
    /// The protocols that may not use them. Empty: all.
    #[serde(default)]
    pub protocols: Vec<Protocol>,
    /// The namespaces whose Services may have them even so.
    #[serde(default)]
    pub except_namespaces: Vec<Namespace>,
}

/// The protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "their names say all that there is to say")]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

/// Whether Services may have node ports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NodePorts {
    /// They may.
    #[default]
    Allowed,
    /// They may not.
    Forbidden,
}

/// Which numbers are judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Apply {
    /// Those that users chose.
    #[default]
    Explicit,
    /// Those that the API server chose, too.
    All,
}

/// Whom the policy does not concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Exempt {
    /// Services in these namespaces.
    pub namespaces: Vec<Namespace>,
    /// These Services: `<namespace>/<name>`.
    pub services: Vec<NamespacedService>,
    /// Whatever these users ask for.
    pub users: Vec<User>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_range: Scalar::from("30000-32767"),
            ranges: Vec::new(),
            denied: Vec::new(),
            node_ports: NodePorts::Allowed,
            node_port_exceptions: Vec::new(),
            apply: Apply::Explicit,
            require_explicit: false,
            dynamic_band: Level::Warn,
            health_check_node_port: Level::Deny,
            exempt: Exempt::default(),
            on_update: OnUpdate::NewViolations,
        }
    }
}

impl Described for Settings {
    fn example() -> Self {
        Self {
            cluster_range: Scalar::from("30000+2000"),
            ranges: vec![Allowed {
                ports: Scalar::from("30000-30100"),
                protocols: vec![Protocol::Tcp],
                namespaces: list(Namespace, &["shop"]),
            }],
            denied: vec![Denied {
                ports: Scalar::Number(30_080),
                reason: Reason("kept for the ingress of the platform team".to_owned()),
                protocols: vec![Protocol::Udp],
                except_namespaces: list(Namespace, &["ingress"]),
            }],
            node_ports: NodePorts::Forbidden,
            node_port_exceptions: list(Namespace, &["edge"]),
            apply: Apply::All,
            require_explicit: true,
            dynamic_band: Level::Deny,
            health_check_node_port: Level::Warn,
            exempt: Exempt {
                namespaces: list(Namespace, &["kube-system"]),
                services: list(NamespacedService, &["shop/legacy"]),
                users: list(User, &["system:serviceaccount:gitops:deployer"]),
            },
            on_update: OnUpdate::EnforceAll,
        }
    }
}
