//! What each policy says of itself agrees with what it is.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use bundle_tests::{complete, policies, read, repository, yaml};
use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use kubewarden_policy_sdk::request::KubernetesAdmissionRequest;
use kubewarden_policy_sdk::response::ValidationResponse;
use kubewarden_policy_sdk::settings::SettingsValidationResponse;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use policy_metadata::{Metadata, SECTION};
use preflight::cluster::kinds::Kinds;
use preflight::review::Target;
use preflight::{HostCalls, NoHost};
use serde_json::{Value, json};
use service_routes::ServiceRoutes;
use shared::Policy;
use shared::kubernetes::autoscaling;
use shared::kubernetes::kinds::KINDS;
use shared::kubernetes::kinds::well_known::{WELL_KNOWN, WellKnownKind};
use wasmparser::{Parser, Payload};
use workload_references::WorkloadReferences;

/// In bytes. What is bigger starts slower on each policy server. Compilers differ by some per cent.
const SIZE_LIMIT: usize = 160_000;

fn each(check: impl Fn(&str)) {
    for policy in policies::all().unwrap() {
        check(&policy);
    }
}

/// The version that every crate of the workspace inherits.
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn section(wasm: &[u8]) -> Metadata {
    let sections: Vec<Metadata> = Parser::new(0)
        .parse_all(wasm)
        .filter_map(|payload| match payload.unwrap() {
            Payload::CustomSection(section) if section.name() == SECTION => {
                Some(Metadata::from_section(section.data()).unwrap())
            }
            _ => None,
        })
        .collect();
    assert_eq!(sections.len(), 1);
    sections.into_iter().next().unwrap()
}

#[test]
fn the_section_of_the_wasm_is_the_file_the_readme_and_the_version() {
    each(|policy| {
        let file = |name: &str| read(&repository(&format!("policies/{policy}/{name}"))).unwrap();
        let manifest = file("Cargo.toml");
        assert!(manifest.contains("version.workspace = true"), "{policy}");
        let metadata = Metadata::from_yaml(&file("metadata.yml")).unwrap();
        assert_eq!(
            section(&policies::wasm(policy).unwrap()),
            metadata.finished(version(), &file("README.md")),
            "run `make wasm`"
        );
    });
}

#[test]
fn the_annotations_are_those_that_tools_read() {
    each(|policy| {
        let metadata = section(&policies::wasm(policy).unwrap());
        let annotation = |name: &str| {
            let value = metadata
                .annotations
                .get(&format!("io.kubewarden.policy.{name}"));
            value.map_or("", String::as_str)
        };
        assert_eq!(annotation("title"), policy);
        assert_eq!(annotation("version"), version());
        assert!(
            ["info", "low", "medium", "high", "critical"].contains(&annotation("severity")),
            "{}",
            annotation("severity")
        );
        let description = annotation("description");
        assert!(!description.is_empty() && !description.ends_with('.'));
        for name in [
            "author", "category", "license", "ociUrl", "source", "url", "usage",
        ] {
            assert!(!annotation(name).is_empty(), "{policy} has no {name}");
        }
        assert_eq!(metadata.protocol_version.as_deref(), Some("v1"));
        assert_eq!(metadata.execution_mode, "kubewarden-wapc");
        assert_eq!(metadata.policy_type, "kubernetes");
        assert!(!metadata.mutating && metadata.background_audit);
        // The audit scanner passes over rules that have one, and leaves out a policy with a rule for a kind that the
        // cluster does not know. So kinds of other projects are in rules for any version, and those of Kubernetes are not.
        for rule in &metadata.rules {
            let names = rule.api_groups.iter().chain(&rule.resources);
            let wildcard = names.clone().any(|name| name.contains('*'));
            assert!(!wildcard, "{policy}: {rule:?}");
            let is_known = |group: &String| {
                !group.contains('.')
                    || group.ends_with(".k8s.io") && group != "gateway.networking.k8s.io"
            };
            let of_kubernetes = rule.api_groups.iter().all(is_known);
            let any_version = rule.api_versions == ["*"];
            assert_ne!(of_kubernetes, any_version, "{policy}: {rule:?}");
        }
        // It audits what rules say is created, finds no subresource among the kinds, and leaves out the whole policy.
        // Source: `internal/audit-scanner/policies/client.go` of kubewarden-controller.
        let created = metadata
            .rules
            .iter()
            .filter(|rule| rule.operations.contains(&"CREATE".to_owned()));
        let mut created = created.flat_map(|rule| &rule.resources);
        assert_eq!(created.find(|name| name.contains('/')), None, "{policy}");
    });
}

#[test]
fn every_resource_names_the_module_as_it_is_pushed() {
    each(|policy| {
        let metadata = section(&policies::wasm(policy).unwrap());
        let oci_url = &metadata.annotations["io.kubewarden.policy.ociUrl"];
        let module = format!("registry://{oci_url}:v{}", version());
        let manifest = read(&repository(&format!("deploy/base/{policy}.yaml"))).unwrap();
        let resource = yaml::read(&manifest).unwrap();
        assert_eq!(resource["spec"]["module"], module, "{policy}");
    });
}

#[test]
fn the_wasm_is_small_and_asks_for_nothing_but_wapc() {
    each(|policy| {
        let wasm = policies::wasm(policy).unwrap();
        assert!(wasm.len() <= SIZE_LIMIT, "{policy}: {} bytes", wasm.len());
        let (mut modules, mut functions) = (BTreeSet::new(), BTreeSet::new());
        for payload in Parser::new(0).parse_all(&wasm) {
            if let Payload::ImportSection(section) = payload.unwrap() {
                for import in section.into_imports() {
                    let import = import.unwrap();
                    modules.insert(import.module.to_owned());
                    functions.insert(import.name.to_owned());
                }
            }
        }
        assert_eq!(modules, BTreeSet::from(["wapc".to_owned()]), "{policy}");
        let metadata = section(&wasm);
        let asks = !metadata.host_capabilities.is_empty();
        assert_eq!(functions.contains("__host_call"), asks, "{policy}");
        assert_eq!(
            !metadata.context_aware_resources.is_empty(),
            asks,
            "{policy}"
        );
    });
}

#[test]
fn hostpath_mounts_sees_all_that_it_judges_and_no_more() {
    let metadata = section(&policies::wasm(HostpathMounts::NAME).unwrap());
    let mut judged: BTreeSet<(String, String)> = BTreeSet::from([
        (String::new(), "persistentvolumes".to_owned()),
        (String::new(), "pods/ephemeralcontainers".to_owned()),
    ]);
    let known = WELL_KNOWN.iter().map(|known| (known.group, known.kind));
    for (group, kind) in KINDS
        .iter()
        .map(|kind| (kind.group, kind.kind))
        .chain(known)
    {
        let resource = Kinds::default().plural(group, kind);
        judged.insert((group.to_owned(), resource));
    }
    for rule in &metadata.rules {
        let subresources = rule.resources.iter().any(|name| name.contains('/'));
        // This subresource is never created.
        let operations: &[&str] = if subresources {
            &["UPDATE"]
        } else {
            &["CREATE", "UPDATE"]
        };
        assert_eq!(rule.operations, operations);
    }
    // A rule for many groups also lists what only another of them has, which is none of the policy's business.
    let (wide, exact): (Vec<_>, Vec<_>) = metadata
        .rules
        .iter()
        .partition(|rule| rule.api_groups.len() > 1);
    let of = |rules: Vec<&policy_metadata::Rule>| -> BTreeSet<(String, String)> {
        let pairs = rules.into_iter().flat_map(|rule| {
            let groups = rule.api_groups.iter();
            groups.flat_map(|group| {
                rule.resources
                    .iter()
                    .map(|name| (group.clone(), name.clone()))
            })
        });
        pairs.collect()
    };
    let exact = of(exact);
    let wide: BTreeSet<_> = of(wide).intersection(&judged).cloned().collect();
    assert_eq!(exact.union(&wide).cloned().collect::<BTreeSet<_>>(), judged);
    assert!(exact.is_disjoint(&wide));
    for (group, resource) in judged {
        let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
        let target = Target {
            version: "v1".to_owned(),
            group,
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            operation: "UPDATE".to_owned(),
        };
        assert!(target.is_wanted_by(&metadata), "{target:?}");
    }
}

#[test]
fn emptydir_storage_sees_the_pods_that_hostpath_mounts_sees() {
    let seen = |policy: &str| {
        let mut seen = BTreeMap::new();
        for rule in section(&policies::wasm(policy).unwrap()).rules {
            for group in &rule.api_groups {
                for resource in &rule.resources {
                    let target = (group.clone(), resource.clone());
                    let operations = (rule.api_versions.clone(), rule.operations.clone());
                    assert_eq!(seen.insert(target, operations), None, "{policy}");
                }
            }
        }
        seen
    };
    let mut others = seen(HostpathMounts::NAME);
    for resource in ["persistentvolumes", "pods/ephemeralcontainers"] {
        others
            .remove(&(String::new(), resource.to_owned()))
            .unwrap();
    }
    // The volumes of a pod never change.
    let (_, operations) = others.get_mut(&(String::new(), "pods".to_owned())).unwrap();
    operations.retain(|operation| operation == "CREATE");
    assert_eq!(seen(EmptydirStorage::NAME), others);
    // And so does the policy of disruptions, which sees budgets and autoscalers besides.
    let both = vec!["CREATE".to_owned(), "UPDATE".to_owned()];
    for (group, resource, version) in [
        ("policy", "poddisruptionbudgets", "v1"),
        ("autoscaling", "horizontalpodautoscalers", "v2"),
    ] {
        let target = (group.to_owned(), resource.to_owned());
        others.insert(target, (vec![version.to_owned()], both.clone()));
    }
    assert_eq!(seen(PodDisruption::NAME), others);
}

#[test]
fn workload_references_sees_these_pods_and_what_they_are_made_of() {
    let rules = |policy: &str| section(&policies::wasm(policy).unwrap()).rules;
    let mut seen = rules(WorkloadReferences::NAME);
    let is_of_config = |rule: &policy_metadata::Rule| rule.resources == ["configmaps", "secrets"];
    let place = seen.iter().position(is_of_config).unwrap();
    assert_eq!(seen.remove(place).operations, ["UPDATE", "DELETE"]);
    let is_subresource =
        |rule: &policy_metadata::Rule| rule.resources == ["pods/ephemeralcontainers"];
    let place = seen.iter().position(is_subresource).unwrap();
    assert_eq!(seen.remove(place).operations, ["UPDATE"]);
    // The kinds of other projects are set.
    let mut expected = rules(EmptydirStorage::NAME);
    expected.retain(|rule| rule.api_versions != ["*"]);
    assert_eq!(seen, expected);
}

#[test]
fn nodeport_range_sees_services_and_asks_for_nothing() {
    let metadata = section(&policies::wasm(NodeportRange::NAME).unwrap());
    let [rule] = &metadata.rules[..] else {
        panic!("{:?}", metadata.rules);
    };
    assert_eq!(rule.api_groups, [""]);
    assert_eq!(rule.api_versions, ["v1"]);
    assert_eq!(rule.resources, ["services"]);
    assert_eq!(rule.operations, ["CREATE", "UPDATE"]);
}

#[test]
fn the_policies_of_autoscalers_see_what_they_judge_and_list_what_they_look_up() {
    let listed = |policy: &str| {
        let metadata = section(&policies::wasm(policy).unwrap());
        let mut seen = BTreeSet::new();
        for rule in &metadata.rules {
            assert_eq!(rule.operations, ["CREATE", "UPDATE"], "{policy}");
            for group in &rule.api_groups {
                for version in &rule.api_versions {
                    let names = rule.resources.iter();
                    seen.extend(names.map(|name| format!("{group}/{version} {name}")));
                }
            }
        }
        let resources = metadata.context_aware_resources.into_iter();
        let granted = resources.map(|resource| (resource.api_version, resource.kind));
        (seen, granted.collect::<BTreeSet<(String, String)>>())
    };
    let of_lists = [
        autoscaling::horizontal_pod_autoscalers(""),
        autoscaling::vertical_pod_autoscalers(""),
    ];
    let [horizontal, vertical] =
        of_lists.map(|lookup| (lookup.api_version.to_owned(), lookup.kind.to_owned()));
    let workloads = autoscaling::SCALABLE.iter();
    let workloads =
        workloads.map(|(api_version, kind)| ((*api_version).to_owned(), (*kind).to_owned()));
    let mut wanted: BTreeSet<(String, String)> = workloads.collect();
    wanted.extend([horizontal, vertical.clone()]);

    let (seen, granted) = listed(HpaVpaOverlap::NAME);
    // Of v1 as well: the API server converts them.
    let both = [
        "autoscaling.k8s.io/v1 verticalpodautoscalers",
        "autoscaling/v2 horizontalpodautoscalers",
    ];
    assert_eq!(seen, both.map(str::to_owned).into());
    assert_eq!(granted, wanted);

    let (seen, granted) = listed(HpaTargetRequests::NAME);
    assert!(seen.contains(both[1]) && !seen.contains(both[0]));
    wanted.remove(&vertical);
    for (api_version, kind) in autoscaling::SCALABLE_OF_OTHERS {
        let (group, _) = api_version.split_once('/').unwrap();
        let resource = Kinds::default().plural(group, kind);
        assert!(seen.contains(&format!("{group}/* {resource}")), "{kind}");
        wanted.insert(((*api_version).to_owned(), (*kind).to_owned()));
        // What is scaled is a kind that bears pods, at the usual place.
        let is_known = |known: &WellKnownKind| {
            (known.group, known.kind, known.pod_spec) == (group, *kind, autoscaling::POD_SPEC)
        };
        assert!(WELL_KNOWN.iter().any(is_known), "{kind}");
    }
    let (seen_of_replicas, granted_of_replicas) = listed(HpaReplicas::NAME);
    assert_eq!(seen_of_replicas, seen);
    assert_eq!(granted_of_replicas, wanted);
    wanted.insert(("v1".to_owned(), "LimitRange".to_owned()));
    assert_eq!(granted, wanted);
}

#[test]
fn service_routes_sees_what_its_users_write_and_asks_for_no_secret() {
    let metadata = section(&policies::wasm(ServiceRoutes::NAME).unwrap());
    let mut seen = BTreeSet::new();
    for rule in &metadata.rules {
        assert_eq!(rule.operations, ["CREATE", "UPDATE"]);
        seen.extend(rule.resources.iter().map(String::as_str));
    }
    // What controllers write all day, nothing is asked about.
    let expected = "cronjobs daemonsets deployments grpcroutes httproutes ingresses jobs replicationcontrollers services \
                    statefulsets";
    assert_eq!(seen.into_iter().collect::<Vec<_>>().join(" "), expected);
    let mut granted = metadata.context_aware_resources.iter();
    assert!(granted.all(|resource| resource.kind != "Secret"));
}

/// Answers with what it was asked, through the error that the guest passes on to the user.
struct Grants(Metadata);

impl HostCalls for Grants {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let capability = format!("{namespace}/{operation}");
        assert_eq!(binding, "kubewarden");
        assert!(
            self.0.host_capabilities.contains(&capability),
            "{capability}"
        );
        let asked: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let listed = self.0.context_aware_resources.iter().any(|resource| {
            asked["api_version"] == resource.api_version.as_str()
                && asked["kind"] == resource.kind.as_str()
        });
        assert!(listed, "{asked}");
        let found = json!({"spec": {"volumeName": "disk", "hostPath": {"path": "/"}}});
        Ok(found.to_string().into_bytes())
    }
}

fn claiming_pod() -> Value {
    let written = "
object:
  apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop}
  spec:
    volumes:
    - {name: v, persistentVolumeClaim: {claimName: data}}
";
    complete(&yaml::read(written).unwrap()).unwrap()
}

#[test]
fn hostpath_mounts_asks_its_host_only_for_what_its_metadata_lists() {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    let host = Grants(guest.metadata().unwrap().clone());
    let settings = json!({"followClaims": true});
    let response = guest.validate(&claiming_pod(), &settings, host).unwrap();
    assert_eq!(response.code, Some(403), "{response:?}");
}

fn bad_pod() -> Value {
    let written = "
operation: UPDATE
subResource: ephemeralcontainers
userInfo: {username: jane, groups: [developers]}
object:
  apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop}
  spec:
    volumes:
    - {name: v, hostPath: {path: /}}
    - {name: w, hostPath: {path: /etc/kubernetes}}
    containers:
    - {name: app, volumeMounts: [{name: v}]}
oldObject:
  apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop}
  spec:
    volumes:
    - {name: w, hostPath: {path: /etc/kubernetes}}
";
    complete(&yaml::read(written).unwrap()).unwrap()
}

#[test]
fn the_sdk_of_kubewarden_reads_the_answers() {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    for request in [bad_pod(), claiming_pod()] {
        let ours = guest.validate(&request, &Value::Null, NoHost).unwrap();
        let theirs: ValidationResponse =
            serde_json::from_value(serde_json::to_value(&ours).unwrap()).unwrap();
        assert_eq!(theirs.accepted, ours.accepted);
        assert_eq!(theirs.message, ours.message);
        assert_eq!(theirs.code, ours.code);
        assert_eq!(theirs.warnings.unwrap_or_default(), ours.warnings);
        let annotations = theirs.audit_annotations.unwrap_or_default();
        assert_eq!(
            annotations.into_iter().collect::<Vec<_>>().len(),
            ours.audit_annotations.len()
        );
        assert!(theirs.mutated_object.is_none());
    }
    for settings in [json!({}), json!({"mode": "strict"})] {
        let ours = guest.validate_settings(&settings).unwrap();
        let theirs: SettingsValidationResponse =
            serde_json::from_value(serde_json::to_value(&ours).unwrap()).unwrap();
        assert_eq!((theirs.valid, theirs.message), (ours.valid, ours.message));
    }
}

#[test]
fn requests_as_the_sdk_of_kubewarden_writes_them_are_understood() {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    let request = bad_pod();
    let theirs: KubernetesAdmissionRequest = serde_json::from_value(request.clone()).unwrap();
    let written = serde_json::to_value(&theirs).unwrap();
    let answer = guest.validate(&request, &Value::Null, NoHost).unwrap();
    assert_eq!(
        guest.validate(&written, &Value::Null, NoHost).unwrap(),
        answer
    );
    assert_eq!((answer.code, answer.warnings.len()), (Some(403), 1));
}

#[test]
fn every_policy_speaks_the_protocol() {
    each(|policy| {
        let guest = policies::load(policy).unwrap();
        assert_eq!(guest.protocol_version().unwrap(), "v1");
    });
}
