//! What `nodeport-range` reads is what Kubernetes writes: Services are built from the types of k8s-openapi, written by
//! it, judged by the real wasm, and judged once more on the typed objects by a few lines of this file.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;

use bundle_tests::{complete, policies};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use nodeport_range::NodeportRange;
use preflight::NoHost;
use serde_json::{Value, json};
use shared::Policy;

/// Every choice that a Service is made of, one after the other.
struct Choices(usize);

impl Choices {
    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        let choice = choices.iter().cycle().nth(self.0 % choices.len());
        self.0 /= choices.len();
        choice.unwrap().clone()
    }
}

/// A number of each sort: none, none in other words, allowed, allowed for TCP alone, not allowed.
const NUMBERS: [Option<i32>; 5] = [None, Some(0), Some(30_010), Some(30_020), Some(30_100)];

fn settings() -> Value {
    let ranges = json!([{"ports": "30000-30019"}, {"ports": "30020-30039", "protocols": ["TCP"]}]);
    json!({"ranges": ranges, "dynamicBand": "off"})
}

fn is_allowed(number: i32, protocol: &str) -> bool {
    (30_000..30_020).contains(&number) || protocol == "TCP" && (30_020..30_040).contains(&number)
}

/// A Service, and whether the user chose its node port and its health check.
fn service(choices: &mut Choices) -> (Service, bool, bool) {
    let port = ServicePort {
        name: Some("http".to_owned()),
        port: 80,
        target_port: Some(IntOrString::String("http".to_owned())),
        app_protocol: Some("kubernetes.io/h2c".to_owned()),
        node_port: choices.pick(&NUMBERS),
        protocol: choices
            .pick(&[None, Some("TCP"), Some("UDP")])
            .map(ToOwned::to_owned),
    };
    let chosen = choices.pick(&[None, Some(false), Some(true)]);
    let checked = choices.pick(&[Some(false), Some(true)]);
    let managed = chosen.map(|chosen| {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let mut port = json!({".": {}, "f:port": {}, "f:name": {}});
        let mut spec = json!({"f:type": {}});
        if chosen && let Some(port) = port.as_object_mut() {
            port.insert("f:nodePort".to_owned(), json!({}));
        }
        if let Some(spec) = spec.as_object_mut() {
            let key = format!("k:{{\"port\":80,\"protocol\":\"{protocol}\"}}");
            spec.insert("f:ports".to_owned(), json!({".": {}, key: port}));
            if checked == Some(true) {
                spec.insert("f:healthCheckNodePort".to_owned(), json!({}));
            }
        }
        vec![ManagedFieldsEntry {
            manager: Some("kubectl".to_owned()),
            operation: Some("Apply".to_owned()),
            fields_v1: Some(FieldsV1(json!({ "f:spec": spec }))),
            ..ManagedFieldsEntry::default()
        }]
    });
    let spec = ServiceSpec {
        type_: choices
            .pick(&[
                None,
                Some("NodePort"),
                Some("LoadBalancer"),
                Some("ExternalName"),
            ])
            .map(ToOwned::to_owned),
        external_traffic_policy: choices.pick(&[None, Some("Local")]).map(ToOwned::to_owned),
        health_check_node_port: choices.pick(&[None, Some(30_030), Some(30_200)]),
        allocate_load_balancer_node_ports: choices.pick(&[None, Some(false)]),
        ports: Some(vec![port]),
        cluster_ip: Some("10.0.0.1".to_owned()),
        ..ServiceSpec::default()
    };
    let metadata = ObjectMeta {
        name: Some("web".to_owned()),
        namespace: Some("shop".to_owned()),
        managed_fields: managed,
        ..ObjectMeta::default()
    };
    let service = Service {
        metadata,
        spec: Some(spec),
        ..Service::default()
    };
    (
        service,
        chosen.unwrap_or(true),
        chosen.is_none() || checked == Some(true),
    )
}

/// The fields that must be found.
fn expected(service: &Service, is_chosen: bool, is_check_chosen: bool) -> BTreeSet<String> {
    let spec = service.spec.as_ref().unwrap();
    let kind = spec.type_.as_deref().unwrap_or("ClusterIP");
    let mut expected = BTreeSet::new();
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let number = port.node_port.unwrap_or(0);
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let is_live = matches!(kind, "NodePort" | "LoadBalancer") && number != 0;
        if is_live && is_chosen && !is_allowed(number, protocol) {
            expected.insert(format!("spec.ports[{index}].nodePort"));
        }
    }
    let is_checked =
        kind == "LoadBalancer" && spec.external_traffic_policy.as_deref() == Some("Local");
    let check = spec.health_check_node_port.unwrap_or(0);
    if is_checked && is_check_chosen && check != 0 && !is_allowed(check, "TCP") {
        expected.insert("spec.healthCheckNodePort".to_owned());
    }
    expected
}

/// How many Services there are.
const ALL: usize = NUMBERS.len() * 3 * 3 * 2 * 4 * 2 * 3 * 2;

#[test]
fn services_are_read_as_k8s_openapi_writes_them() {
    let guest = policies::load(NodeportRange::NAME).unwrap();
    let mut refused = 0;
    for number in 0..ALL {
        let (service, is_chosen, is_check_chosen) = service(&mut Choices(number));
        let object = serde_json::to_value(&service).unwrap();
        let request = complete(&json!({ "object": object })).unwrap();
        let response = guest.validate(&request, &settings(), NoHost).unwrap();
        let found = response.audit_annotations.get("outside_allowed_ranges");
        let found = found.iter().flat_map(|paths| paths.split(", "));
        let found: BTreeSet<String> = found.map(ToOwned::to_owned).collect();
        assert_eq!(
            found,
            expected(&service, is_chosen, is_check_chosen),
            "{object}"
        );
        assert_eq!(response.accepted, found.is_empty(), "{object}");
        refused += usize::from(!response.accepted);
    }
    assert!(
        refused > 400 && refused < ALL - 400,
        "{refused} of {ALL} refused"
    );
}

#[test]
fn what_an_update_does_not_change_is_not_refused() {
    let guest = policies::load(NodeportRange::NAME).unwrap();
    for settings in [
        settings(),
        json!({"ranges": [{"ports": "30000-30019"}], "apply": "all", "dynamicBand": "deny"}),
        json!({"requireExplicit": true, "denied": [{"ports": 30010, "reason": "ours"}]}),
        json!({"nodePorts": "forbidden"}),
    ] {
        for number in 0..ALL {
            let object = serde_json::to_value(service(&mut Choices(number)).0).unwrap();
            for dry_run in [false, true] {
                let written = json!({"operation": "UPDATE", "dryRun": dry_run, "object": object, "oldObject": object});
                let request = complete(&written).unwrap();
                let response = guest.validate(&request, &settings, NoHost).unwrap();
                assert_eq!(response.message, None, "{settings} {written}");
            }
        }
    }
}
