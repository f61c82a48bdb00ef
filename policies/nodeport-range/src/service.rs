//! A Service as the rules see it: the numbers that the nodes listen on for it, and who chose each.

use std::fmt::{self, Write};

use shared::index::Index;
use shared::{DecodeError, FieldPath, Level, Operation, Request};

use crate::numbers::{Numbers, hash_of};
use crate::settings::{Apply, Settings};
use crate::views::{self, Origin};

/// A Service.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) kind: Kind<'a>,
    pub(crate) ports: Vec<Entry<'a>>,
    /// Of a Service that needs one.
    health_check: Option<(i64, Choice)>,
    /// Where no Service needs one.
    pub(crate) inert_health_check: Option<i64>,
    /// What the field of a `LoadBalancer` says.
    pub(crate) allocates: Option<bool>,
    /// Whether it is about to be created.
    pub(crate) is_new: bool,
    /// Whether the audit replays it: what is stored, as if it were about to be created.
    pub(crate) is_replayed: bool,
    /// What the nodes listen on for it already.
    old: Known<'a>,
}

/// Numbers, each with its protocol.
#[derive(Debug)]
struct Known<'a> {
    numbers: Numbers,
    protocols: Vec<&'a str>,
}

impl Known<'_> {
    fn has(&self, number: i64, protocol: &str) -> bool {
        let mut places = self.numbers.places(number);
        places.any(|place| self.protocols.get(place) == Some(&protocol))
    }
}

/// The protocol of health checks: kube-proxy serves them by HTTP.
const OF_HEALTH_CHECK: &str = "TCP";

/// The type of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    NodePort,
    LoadBalancer,
    /// One without node ports.
    Other(&'a str),
}

/// A port of a Service, as `spec.ports` has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) place: Place,
    pub(crate) port: i64,
    pub(crate) protocol: &'a str,
    /// None when it is not set, or not yet.
    pub(crate) number: Option<i64>,
    pub(crate) choice: Choice,
}

/// Whose choice a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Of the user who wrote the manifest.
    User,
    /// Of the API server.
    Allocator,
    /// It is not known.
    Untold,
}

/// A number that the nodes listen on, with all that a Service uses it for: it is one, whatever the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NodePort<'a> {
    pub(crate) number: i64,
    /// Where it stands first, or is chosen first.
    pub(crate) place: Place,
    /// Each protocol once.
    uses: Vec<Use<'a>>,
    pub(crate) is_chosen: bool,
    /// Whether the Service did not have it before.
    pub(crate) is_new: bool,
}

/// A number with a protocol.
#[derive(Debug, PartialEq, Eq)]
struct Use<'a> {
    protocol: &'a str,
    /// Where it stands first.
    place: Place,
    /// Whether the Service had it before.
    is_old: bool,
    /// Whether the API server chose it before, whatever is chosen for other protocols now.
    is_kept: bool,
}

impl<'a> NodePort<'a> {
    /// The protocols, each once.
    pub(crate) fn protocols(&self) -> impl Iterator<Item = &'a str> {
        self.uses.iter().map(|it| it.protocol)
    }

    /// Where else it stands than at a place: ` here and at spec.ports[1]`. Empty where it stands at one place.
    pub(crate) fn elsewhere(&self, place: Place) -> String {
        let mut text = String::new();
        for other in self.uses.iter().filter(|other| other.place != place) {
            if let Place::Port(index) = other.place {
                let before = if text.is_empty() { " here and at" } else { "," };
                // Writing to a String cannot fail.
                let _ = write!(text, "{before} spec.ports[{index}]");
            }
        }
        text
    }

    /// What is found of some of the protocols that are judged, with its place, and all protocols concerned. Of several it
    /// is one that the Service did not have before, and of these the first in the alphabet, so that the order of ports makes
    /// no difference.
    pub(crate) fn find<T>(
        &self,
        apply: Apply,
        find: impl Fn(&'a str) -> Option<T>,
    ) -> Option<(T, Place, Vec<String>)> {
        let mut first: Option<((bool, &str), T, Place)> = None;
        let mut concerned = Vec::new();
        let judged = self.uses.iter();
        let judged = judged.filter(|it| apply == Apply::All || !it.is_kept);
        for it in judged {
            if let Some(found) = find(it.protocol) {
                concerned.push(it.protocol.to_owned());
                let rank = (it.is_old, it.protocol);
                if first.as_ref().is_none_or(|(known, ..)| rank < *known) {
                    first = Some((rank, found, it.place));
                }
            }
        }
        first.map(|(_, found, place)| (found, place, concerned))
    }
}

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The `nodePort` of a port.
    Port(usize),
    HealthCheck,
}

impl Place {
    /// The name of the field.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Port(_) => "nodePort",
            Self::HealthCheck => "healthCheckNodePort",
        }
    }

    /// How serious a finding is here, which would have `level` elsewhere.
    pub(crate) fn level(self, settings: &Settings, level: Level) -> Level {
        match self {
            Self::Port(_) => level,
            Self::HealthCheck => level.at_most(settings.health_check_node_port),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = FieldPath::new("spec");
        match self {
            Self::Port(index) => spec.child("ports").index(*index).child(self.field()).fmt(f),
            Self::HealthCheck => spec.child(self.field()).fmt(f),
        }
    }
}

impl<'a> Kind<'a> {
    fn of(view: &views::Service<'a>) -> Self {
        // The API server knows them in this spelling alone, and defaults to `ClusterIP`: `validateService` in
        // `pkg/apis/core/validation/validation.go`.
        match view.kind {
            "NodePort" => Self::NodePort,
            "LoadBalancer" => Self::LoadBalancer,
            "" => Self::Other("ClusterIP"),
            other => Self::Other(other),
        }
    }
}

impl<'a> Service<'a> {
    /// Reads the Service of a request.
    pub(crate) fn read(request: &Request<'a>) -> Result<Self, DecodeError> {
        let view = views::Service::read(&request.object())?;
        // An old object that cannot be read excuses nothing.
        let old = views::Service::read(&request.old_object()).unwrap_or_default();
        let history = History::new(&old, request.dry_run);
        let ports = view.ports.iter().enumerate().map(|(index, port)| {
            let (number, choice) =
                history.resolve(port.node_port, port.protocol, view.origin(port));
            Entry {
                place: Place::Port(index),
                port: port.port,
                protocol: port.protocol,
                number,
                choice,
            }
        });
        let (health_check, choice) = history.resolve(
            view.health_check_node_port,
            OF_HEALTH_CHECK,
            view.health_check_origin(),
        );
        let needed = needs_health_check(&view);
        let is_create = request.operation == Operation::Create;
        Ok(Self {
            namespace: request.object_namespace()?,
            name: request.object_name()?,
            kind: Kind::of(&view),
            ports: ports.collect(),
            health_check: health_check
                .filter(|_| needed)
                .map(|number| (number, choice)),
            inert_health_check: health_check.filter(|_| !needed),
            allocates: view.allocates,
            is_new: is_create && !view.is_stored,
            is_replayed: is_create && view.is_stored,
            old: history.uses,
        })
    }

    /// Whether the nodes listen on its numbers.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.kind, Kind::Other(_))
    }

    /// Whether the API server gives numbers to the ports that have none: `shouldAllocateNodePorts` in
    /// `pkg/registry/core/service/storage/alloc.go`.
    pub(crate) fn is_allocated(&self) -> bool {
        match self.kind {
            Kind::NodePort => true,
            Kind::LoadBalancer => self.allocates.unwrap_or(true),
            Kind::Other(_) => false,
        }
    }

    /// Whether the nodes listened on a number for it before.
    fn had(&self, number: i64) -> bool {
        self.old.numbers.contains(number)
    }

    /// Whether they did with this protocol.
    pub(crate) fn had_with(&self, number: i64, protocol: &str) -> bool {
        self.old.has(number, protocol)
    }

    /// The number of the health check, if the nodes listen on one.
    pub(crate) fn health_check(&self) -> Option<i64> {
        self.health_check.map(|(number, _)| number)
    }

    /// Every number that the nodes listen on, in the order of the object.
    pub(crate) fn numbers(&self) -> Vec<NodePort<'a>> {
        let mut numbers: Vec<NodePort<'a>> = Vec::new();
        if !self.is_live() {
            return numbers;
        }
        let of_ports = self.ports.iter().filter_map(|port| {
            let number = port.number?;
            Some((number, port.place, port.protocol, port.choice))
        });
        let of_health_check = self
            .health_check
            .map(|(number, choice)| (number, Place::HealthCheck, OF_HEALTH_CHECK, choice));
        let uses: Vec<_> = of_ports.chain(of_health_check).collect();
        let known = Numbers::new(uses.iter().map(|(number, ..)| *number).collect());
        let hashes = uses.iter();
        let hashes = hashes.map(|(number, _, protocol, _)| hash_of(*number, protocol));
        let of_protocol = Index::new(&hashes.collect::<Vec<_>>());
        // Where in the result a number is that stands first at a place.
        let mut results = vec![0; uses.len()];
        for (index, (number, place, protocol, choice)) in uses.iter().copied().enumerate() {
            // On CREATE an entry without a number gets the one of an entry with the same `port`, which is chosen even
            // so: `initNodePorts` in `pkg/registry/core/service/storage/alloc.go`.
            let is_chosen = choice != Choice::Allocator;
            let is_old = self.had_with(number, protocol);
            let its = Use {
                protocol,
                place,
                is_old,
                is_kept: !is_chosen && is_old,
            };
            let first = known.first(number).filter(|first| *first != index);
            let result = first.and_then(|first| results.get(first).copied());
            let Some(known) = result.and_then(|result| numbers.get_mut(result)) else {
                if let Some(result) = results.get_mut(index) {
                    *result = numbers.len();
                }
                numbers.push(NodePort {
                    number,
                    place,
                    uses: vec![its],
                    is_chosen,
                    is_new: !self.is_replayed && !self.had(number),
                });
                continue;
            };
            if is_chosen && !known.is_chosen {
                known.is_chosen = true;
                known.place = place;
            }
            let is_same = |other: &usize| {
                let other = uses.get(*other);
                other.is_some_and(|other| (other.0, other.2) == (number, protocol))
            };
            let mut same = of_protocol.places(hash_of(number, protocol));
            if same.find(is_same) == Some(index) {
                known.uses.push(its);
            }
        }
        numbers
    }
}

/// A health check has a port of the nodes only here: `NeedsHealthCheck` in `pkg/api/service/util.go`.
fn needs_health_check(view: &views::Service<'_>) -> bool {
    Kind::of(view) == Kind::LoadBalancer && view.external_traffic_policy == "Local"
}

/// The ports whose numbers the nodes listen on.
fn live_ports<'v, 'a>(view: &'v views::Service<'a>) -> &'v [views::ServicePort<'a>] {
    match Kind::of(view) {
        Kind::Other(_) => &[],
        Kind::NodePort | Kind::LoadBalancer => &view.ports,
    }
}

/// The numbers that the nodes listen on, each with its protocol.
fn uses<'a>(view: &views::Service<'a>) -> Known<'a> {
    let ports = live_ports(view).iter();
    let ports = ports.map(|port| (port.node_port, port.protocol));
    let health_check = needs_health_check(view);
    let health_check = health_check.then_some((view.health_check_node_port, OF_HEALTH_CHECK));
    let uses = ports.chain(health_check).filter(|(number, _)| *number != 0);
    let (numbers, protocols) = uses.unzip();
    Known {
        numbers: Numbers::new(numbers),
        protocols,
    }
}

/// What the past says of a number.
struct History<'h, 'a> {
    old: &'h views::Service<'a>,
    dry_run: bool,
    /// What each port of the old object has, which may be nothing, 0.
    ports: Numbers,
    /// Whether the API server chose the number of a port wherever it stands, at the first of these places.
    automatic: Vec<bool>,
    /// What the nodes listened on.
    uses: Known<'a>,
}

impl<'h, 'a> History<'h, 'a> {
    fn new(old: &'h views::Service<'a>, dry_run: bool) -> Self {
        let ports = Numbers::new(old.ports.iter().map(|port| port.node_port).collect());
        let mut automatic = vec![true; old.ports.len()];
        for port in &old.ports {
            let first = ports.first(port.node_port);
            if let Some(first) = first.and_then(|first| automatic.get_mut(first)) {
                *first &= old.origin(port) == Origin::Allocator;
            }
        }
        Self {
            old,
            dry_run,
            ports,
            automatic,
            uses: uses(old),
        }
    }

    /// The number, and whose choice it is.
    fn resolve(&self, number: i64, protocol: &str, origin: Origin) -> (Option<i64>, Choice) {
        if number == 0 {
            return (None, Choice::Allocator);
        }
        let (of_port, of_health_check) = self.find(number);
        let is_live = |is_live: bool, found: Option<bool>| found.filter(|_| is_live);
        let live = [
            is_live(!live_ports(self.old).is_empty(), of_port),
            is_live(needs_health_check(self.old), of_health_check),
        ];
        if live.iter().any(Option::is_some) {
            // A number stays whose choice it was. A user who applies what `kubectl get` printed owns every field in it,
            // and one who leaves a field out no longer owns it (`Apply` in `sigs.k8s.io/structured-merge-diff/merge/update.go`):
            // neither chooses another number. Only who writes it for another protocol does.
            let is_written = origin != Origin::Allocator && !self.uses.has(number, protocol);
            let choice = if live.contains(&Some(false)) || is_written {
                Choice::User
            } else {
                Choice::Allocator
            };
            return (Some(number), choice);
        }
        // A number that does nothing in the old object, as in an `ExternalName`, the allocator has not chosen, whatever
        // `managedFields` say, which clients can empty.
        if of_port.or(of_health_check).is_some() {
            return (Some(number), Choice::User);
        }
        match origin {
            // On a dry run the allocator makes numbers up, 32769 first, whatever its range: `AllocateNext` in
            // `pkg/registry/core/service/portallocator/operation.go`.
            Origin::Allocator if self.dry_run => (None, Choice::Allocator),
            Origin::Unknown if self.dry_run => (None, Choice::Untold),
            Origin::Allocator => (Some(number), Choice::Allocator),
            Origin::User | Origin::Unknown => (Some(number), Choice::User),
        }
    }

    /// Whether the API server chose a number: of a port, wherever it stands, and of the health check. None where there is
    /// no such number.
    fn find(&self, number: i64) -> (Option<bool>, Option<bool>) {
        let first = self.ports.first(number);
        let of_port = first.and_then(|first| self.automatic.get(first).copied());
        let is_health_check = self.old.health_check_node_port == number;
        let of_health_check = self.old.health_check_origin() == Origin::Allocator;
        (of_port, is_health_check.then_some(of_health_check))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::places;

    use crate::testing::{lines_of_update, managed, service};

    const BAND: &str = "warning: nodeport-range: spec.ports[0].nodePort: 31000 is in the dynamic band 30086-32767: \
        another Service may get it first; fix: set nodePort: 30040, or another one of 30000-30085 [dynamic_band_port]";
    const OUTSIDE: &str = "spec.ports[0].nodePort: 31000 is outside of 30000-30100; fix: set nodePort: 30040, or \
        another one of 30000-30100, or leave it out to get a free one [outside_allowed_ranges]";

    fn node_port(kind: &str, number: i64) -> Value {
        service(&json!({"type": kind, "ports": [{"port": 80, "nodePort": number}]}))
    }

    #[test]
    fn what_the_api_server_chose_stays_its_choice() {
        let narrow = json!({"ranges": [{"ports": "30000-30100"}]});
        let automatic = managed(node_port("NodePort", 31000), &[(80, "TCP", false)]);
        let chosen = managed(node_port("NodePort", 31000), &[(80, "TCP", true)]);
        let other = managed(node_port("NodePort", 31001), &[(80, "TCP", false)]);
        let name = managed(node_port("ExternalName", 31000), &[(80, "TCP", false)]);
        for (old, new, expected) in [
            (&automatic, &automatic, &[][..]),
            (&automatic, &chosen, &[]),
            (&other, &automatic, &[]),
            (&other, &chosen, &[OUTSIDE]),
            // No number is allocated for an ExternalName: a user wrote it, and emptied managedFields.
            (&name, &automatic, &[OUTSIDE]),
        ] {
            assert_eq!(lines_of_update(old, new, &narrow), expected, "{old} {new}");
        }
    }

    #[test]
    fn who_writes_a_number_for_another_protocol_chooses_it_for_that() {
        let of = |ports: &[(&str, bool)]| {
            let entry = |(protocol, _): &(&str, bool)| json!({"port": 80, "protocol": protocol, "nodePort": 31234});
            let entries: Vec<Value> = ports.iter().map(entry).collect();
            let managers = ports.iter().map(|(protocol, set)| (80, *protocol, *set));
            let spec = json!({"type": "NodePort", "ports": entries});
            managed(service(&spec), &managers.collect::<Vec<_>>())
        };
        let denied = |protocols: &[&str]| json!({"denied": [{"ports": 31234, "reason": "dns", "protocols": protocols}]});
        let ranges = |other: &str, protocol: &str| json!({"ranges": [{"ports": "30000-30100", "protocols": [protocol]}, {"ports": "31000-32000", "protocols": [other]}]});
        let (udp, tcp) = (denied(&["UDP"]), denied(&["TCP"]));
        let old = of(&[("TCP", false)]);
        for (new, settings, found) in [
            (
                of(&[("TCP", false), ("UDP", true)]),
                &udp,
                &["spec.ports[1].nodePort [denied_port]"][..],
            ),
            (
                of(&[("TCP", true), ("UDP", true)]),
                &udp,
                &["spec.ports[1].nodePort [denied_port]"],
            ),
            // The API server fills it in by the name of the port: `patchAllocatedValues`.
            (of(&[("UDP", false)]), &udp, &[]),
            // What it chose for the other protocol stays its choice.
            (of(&[("TCP", false), ("UDP", true)]), &tcp, &[]),
            (of(&[("TCP", true), ("UDP", true)]), &tcp, &[]),
            (
                of(&[("TCP", false), ("UDP", true)]),
                &ranges("TCP", "UDP"),
                &["spec.ports[1].nodePort [outside_allowed_ranges]"],
            ),
            (
                of(&[("TCP", false), ("UDP", true)]),
                &ranges("UDP", "TCP"),
                &[],
            ),
            // It is judged where all is, and was there before.
            (
                of(&[("TCP", false), ("UDP", true)]),
                &json!({"apply": "all", "denied": tcp["denied"]}),
                &["warning: spec.ports[0].nodePort [denied_port]"],
            ),
        ] {
            let lines = lines_of_update(&old, &new, settings);
            assert_eq!(places(&lines), found, "{new} {settings}");
        }
    }

    /// A Service with a health check, whose number and that of its port the user chose, or not.
    fn local(port: u16, is_chosen: bool, health_check: u16, is_check_chosen: bool) -> Value {
        let spec = json!({
            "type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": health_check,
            "ports": [{"port": 80, "nodePort": port}],
        });
        let mut local = managed(service(&spec), &[(80, "TCP", is_chosen)]);
        if is_check_chosen {
            local["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:healthCheckNodePort"] =
                json!({});
        }
        local
    }

    #[test]
    fn the_number_of_a_health_check_stays_whose_choice_it_was() {
        let settings = json!({"ranges": [{"ports": "30000-30100"}], "onUpdate": "enforceAll"});
        for (old, new, found) in [
            (
                local(31000, false, 31001, false),
                local(31000, false, 31001, false),
                &[][..],
            ),
            // Applying what was printed chooses nothing.
            (
                local(31000, false, 31001, false),
                local(31000, true, 31001, true),
                &[],
            ),
            (
                local(31000, true, 31001, false),
                local(31000, false, 31001, true),
                &["spec.ports[0].nodePort"],
            ),
            (
                local(31000, false, 31001, true),
                local(31000, true, 31001, false),
                &["spec.healthCheckNodePort"],
            ),
            (
                local(31000, true, 31001, true),
                local(31000, false, 31001, false),
                &["spec.ports[0].nodePort", "spec.healthCheckNodePort"],
            ),
            // Numbers may change places.
            (
                local(31000, false, 31001, true),
                local(31001, false, 31000, false),
                &["spec.ports[0].nodePort"],
            ),
            (
                local(31000, true, 31001, false),
                local(31001, false, 31000, false),
                &["spec.healthCheckNodePort"],
            ),
        ] {
            let lines = lines_of_update(&old, &new, &settings);
            let fields: Vec<&str> = lines
                .iter()
                .filter_map(|line| Some(line.split_once(": ")?.0))
                .collect();
            assert_eq!(fields, found, "{old} {new}");
        }
    }

    #[test]
    fn a_health_check_that_no_node_listened_on_was_nobodys_choice() {
        let settings = json!({"ranges": [{"ports": "30000-30100"}], "onUpdate": "enforceAll"});
        let mut old = local(31000, false, 31001, false);
        old["spec"]["externalTrafficPolicy"] = json!("Cluster");
        let new = local(31000, false, 31001, false);
        let found = lines_of_update(&old, &new, &settings);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("spec.healthCheckNodePort: 31001 is outside of "),
            "{found:?}"
        );
    }

    #[test]
    fn a_number_that_is_there_already_is_not_new() {
        let unmanaged = node_port("NodePort", 31000);
        assert_eq!(lines_of_update(&unmanaged, &unmanaged, &json!({})), [""; 0]);
        let other = node_port("NodePort", 30080);
        assert_eq!(lines_of_update(&other, &unmanaged, &json!({})), [BAND]);
        let name = node_port("ExternalName", 31000);
        assert_eq!(lines_of_update(&name, &unmanaged, &json!({})), [BAND]);
    }
}
