//! `nodeport-range`: more is never better, an UPDATE is refused for what is new alone, and the order of ports is nothing.

use nodeport_range::NodeportRange;
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 9] = [
    "{}",
    r#"{"ranges": [{"ports": "30000-30019"}, {"ports": "30020-30039", "protocols": ["TCP"]}]}"#,
    r#"{"ranges": [{"ports": 30010}], "apply": "all", "dynamicBand": "deny"}"#,
    r#"{"ranges": [{"ports": "30000-30100", "namespaces": ["shop"]}, {"ports": 31000}], "healthCheckNodePort": "warn"}"#,
    r#"{"denied": [{"ports": "30010-30020", "reason": "ours", "protocols": ["UDP"]}]}"#,
    r#"{"denied": [{"ports": 30010, "reason": "ours"}], "requireExplicit": true, "apply": "all"}"#,
    r#"{"requireExplicit": true, "healthCheckNodePort": "off"}"#,
    r#"{"nodePorts": "forbidden"}"#,
    r#"{"nodePorts": "forbidden", "nodePortExceptions": ["shop"], "dynamicBand": "deny"}"#,
];

const NUMBERS: [i64; 12] = [
    0, 30_010, 30_015, 30_030, 30_085, 30_086, 32_767, 32_768, 33_000, 29_999, 1, -1,
];

const TYPES: [&str; 6] = [
    "NodePort",
    "NodePort",
    "LoadBalancer",
    "LoadBalancer",
    "ClusterIP",
    "ExternalName",
];

/// The bytes choose settings and a Service.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let world = World::with(choices.pick(&SETTINGS))?;
    let mut spec = json!({"type": choices.pick(&TYPES)});
    if choices.once_in(3) {
        spec["externalTrafficPolicy"] = json!("Local");
        spec["healthCheckNodePort"] = json!(number(&mut choices));
    }
    if choices.once_in(4) {
        spec["allocateLoadBalancerNodePorts"] = json!(choices.below(2) == 0);
    }
    let mut ports = Vec::new();
    for _ in 0..choices.below(5) {
        ports.push(port(&ports, &mut choices));
    }
    let managed = managed(&ports, &mut choices);
    let with = |ports: &[Value]| {
        let mut spec = spec.clone();
        spec["ports"] = json!(ports);
        let mut service = object("v1", "Service", &json!({ "spec": spec }));
        service["metadata"]["managedFields"] = managed.clone();
        service
    };
    let service = with(&ports);
    world.keeps::<NodeportRange>(&service)?;
    let more = [ports.as_slice(), &[port(&ports, &mut choices)]].concat();
    // What shares a number is one, told where it stands first, and chosen when it is for one of its uses. And one port of
    // two protocols has one number, also where only one of them says which.
    let added = more.last().cloned().unwrap_or_default();
    let is_shared = |other: &Value| {
        other["port"] == added["port"]
            || !other["nodePort"].is_null() && other["nodePort"] == added["nodePort"]
    };
    if !ports.iter().any(is_shared) && spec["healthCheckNodePort"] != added["nodePort"] {
        world.adds::<NodeportRange>(&service, &with(&more))?;
        // A number for a port and for the health check is in no cluster.
        if ports
            .iter()
            .all(|port| port["nodePort"] != spec["healthCheckNodePort"])
        {
            world.removes::<NodeportRange>(&with(&more), &service)?;
        }
    }

    let backwards: Vec<Value> = ports.iter().rev().cloned().collect();
    let answer = world.create::<NodeportRange>(&service)?;
    let again = world.create::<NodeportRange>(&with(&backwards))?;
    ensure(
        answer.broken() == again.broken()
            && (answer.refuses() || answer.warned() == again.warned()),
        || format!("{answer:?}, backwards {again:?}: {}", world.tell(&service)),
    )
}

fn number(choices: &mut Choices<'_>) -> i64 {
    if choices.once_in(8) {
        return choices.number().into();
    }
    choices.pick(&NUMBERS)
}

/// One more port. The API server takes each port number once for each protocol.
fn port(ports: &[Value], choices: &mut Choices<'_>) -> Value {
    let count = ports.len();
    let mut port = json!({"name": format!("p{count}"), "port": 80 + count});
    if choices.below(4) > 0 {
        port["nodePort"] = json!(number(choices));
    }
    if choices.below(2) > 0 {
        port["protocol"] = json!(choices.pick(&["TCP", "UDP", "SCTP"]));
    }
    if let Some(last) = ports.last()
        && last["protocol"] != port["protocol"]
        && (last["protocol"].is_string() && port["protocol"].is_string())
        && choices.below(2) > 0
        && ports
            .iter()
            .all(|other| other["port"] != last["port"] || other == last)
    {
        port["port"] = last["port"].clone();
    }
    port
}

/// Who owns which number, where that is written down.
fn managed(ports: &[Value], choices: &mut Choices<'_>) -> Value {
    if choices.below(2) == 0 {
        return Value::Null;
    }
    let mut owned = json!({});
    for port in ports {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        let mut fields = json!({".": {}, "f:port": {}});
        if choices.below(2) == 0 {
            fields["f:nodePort"] = json!({});
        }
        let key = format!(
            "k:{{\"port\":{},\"protocol\":\"{protocol}\"}}",
            port["port"]
        );
        owned[key] = fields;
    }
    let mut spec = json!({"f:ports": owned});
    if choices.below(2) == 0 {
        spec["f:healthCheckNodePort"] = json!({});
    }
    let operation = choices.pick(&["Apply", "Update"]);
    json!([{"manager": "kubectl", "operation": operation, "fieldsV1": {"f:spec": spec}}])
}
