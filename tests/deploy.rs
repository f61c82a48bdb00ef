//! What is in `deploy/`, and what `docs/` says of it: manifests that Kubewarden reads without losing a field, rules and
//! grants that are those of the policies, settings that the real wasm takes, and tables of what comes of them.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::{fs, iter};

use bundle_tests::deploy::{
    OVERLAYS, POLICY, files, kustomization, lost, objects, overlay, reaches, refused_settings,
    render,
};
use bundle_tests::{bless, names, policies, read, repository, reviews, target, yaml};
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding};
use kubewarden_policy_sdk::crd::policies::{ClusterAdmissionPolicy, ClusterAdmissionPolicyGroup};
use policy_metadata::{ContextAwareResource, Metadata, Rule};
use preflight::cluster::kinds::{Kinds, split};
use preflight::config::{self, Project};
use preflight::names::name_of_module;
use preflight::review::{complete, request};
use preflight::{MemoryCluster, Response, manifests, tree};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::message::{parse_refusal, parse_warning};

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn metadata(policy: &str) -> Metadata {
    let file = repository(&format!("policies/{policy}/metadata.yml"));
    Metadata::from_yaml(&read(&file).unwrap()).unwrap()
}

/// Reads an object into a type and writes it back.
fn kept<T: DeserializeOwned + Serialize>(object: &Value) -> Value {
    let typed: T = serde_json::from_value(object.clone())
        .unwrap_or_else(|error| panic!("{error} in {object}"));
    serde_json::to_value(typed).unwrap()
}

/// The fields of `PolicyServerSpec` that `deploy/` may use, which the SDK does not have. Source:
/// `api/policies/v1/policyserver_types.go` of kubewarden/adm-controller.
const POLICY_SERVER: [&str; 23] = [
    "affinity",
    "annotations",
    "env",
    "image",
    "imagePullSecret",
    "insecureSources",
    "labels",
    "limits",
    "maxUnavailable",
    "metricsPort",
    "minAvailable",
    "namespacedPoliciesCapabilities",
    "priorityClassName",
    "readinessProbePort",
    "replicas",
    "requests",
    "securityContexts",
    "serviceAccountName",
    "sigstoreTrustConfig",
    "sourceAuthorities",
    "tolerations",
    "verificationConfig",
    "webhookPort",
];

/// A `PolicyServer` without what Kubewarden does not know.
fn known_of_a_server(object: &Value) -> Value {
    let mut known = object.clone();
    let spec = known["spec"].as_object_mut().unwrap();
    spec.retain(|field, _| POLICY_SERVER.contains(&field.as_str()));
    for required in ["image", "replicas"] {
        assert!(spec.contains_key(required), "{object}");
    }
    known
}

fn survives(object: &Value) {
    let kept = match text(object, "/kind") {
        "PolicyServer" => known_of_a_server(object),
        "RoleBinding" => kept::<RoleBinding>(object),
        "ServiceAccount" => kept::<ServiceAccount>(object),
        POLICY => kept::<ClusterAdmissionPolicy>(object),
        "ClusterAdmissionPolicyGroup" => kept::<ClusterAdmissionPolicyGroup>(object),
        "ClusterRole" => kept::<ClusterRole>(object),
        "ClusterRoleBinding" => kept::<ClusterRoleBinding>(object),
        "ConfigMap" => kept::<ConfigMap>(object),
        other => panic!("{other} in deploy/"),
    };
    assert_eq!(lost(object, &kept), None, "{object}\nis read as\n{kept}");
}

/// What `deploy/` does not have by default: workloads are listed only to judge changes of `ConfigMaps` and Secrets, which opens
/// watches that are never closed, and who may read Secrets is for a site to say.
const LEFT_OUT: (&str, [&str; 5]) = (
    "workload-references",
    [
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Secret",
        "StatefulSet",
    ],
);

fn is_left_out(policy: &str, resource: &ContextAwareResource) -> bool {
    let (of, kinds) = LEFT_OUT;
    policy == of && kinds.contains(&resource.kind.as_str())
}

/// What a policy may look up in `deploy/`.
fn usual_resources(policy: &str, metadata: &Metadata) -> BTreeSet<ContextAwareResource> {
    let mut resources = metadata.context_aware_resources.clone();
    resources.retain(|resource| !is_left_out(policy, resource));
    resources
}

/// What a policy is asked about in `deploy/`.
fn usual_rules(policy: &str, metadata: &Metadata) -> Vec<Rule> {
    let mut rules = metadata.rules.clone();
    let is_deleted = |rule: &Rule| rule.operations.contains(&"DELETE".to_owned());
    rules.retain(|rule| policy != LEFT_OUT.0 || !is_deleted(rule));
    rules
}

/// What has to be true of a whole policy, wherever it comes from.
fn is_whole(object: &Value, is_wider: bool) {
    let spec = &object["spec"];
    let policy = name_of_module(text(spec, "/module"));
    let metadata = metadata(policy);
    assert_eq!(text(object, "/metadata/name"), policy);
    let labels = json!({
        "app.kubernetes.io/name": policy,
        "app.kubernetes.io/part-of": "admission-policies",
    });
    assert_eq!(object["metadata"]["labels"], labels, "for kubectl -l");
    // The reports of the audit have them from here, not from the module.
    for key in ["severity", "category"].map(|it| format!("io.kubewarden.policy.{it}")) {
        let annotation = &object["metadata"]["annotations"][&key];
        assert_eq!(*annotation, metadata.annotations[&key], "{policy}: {key}");
    }
    if !is_wider {
        let rules: Vec<Rule> = serde_json::from_value(spec["rules"].clone()).unwrap();
        assert_eq!(rules, usual_rules(policy, &metadata), "{policy}");
    }
    let mut granted = match &spec["contextAwareResources"] {
        Value::Null => BTreeSet::new(),
        list => serde_json::from_value::<BTreeSet<ContextAwareResource>>(list.clone()).unwrap(),
    };
    // A component adds it, for those who want that.
    granted.retain(|resource| !is_left_out(policy, resource));
    assert_eq!(granted, usual_resources(policy, &metadata), "{policy}");
    assert_eq!(spec["mutating"], metadata.mutating, "{policy}");
    assert_eq!(
        spec["backgroundAudit"], metadata.background_audit,
        "{policy}"
    );
    let refused = refused_settings(policy, &spec["settings"]).unwrap();
    assert_eq!(refused, None, "{policy}");
}

#[test]
fn kubewarden_and_kubernetes_read_every_manifest_and_lose_no_field() {
    for folder in ["base", "examples"] {
        for object in objects(folder).unwrap() {
            survives(&object);
        }
    }
    for name in OVERLAYS {
        for policy in overlay(name).unwrap().values() {
            survives(policy);
        }
    }
}

#[test]
fn a_field_that_kubewarden_does_not_know_is_lost() {
    let mut role = objects("base").unwrap();
    role.retain(|object| object["kind"] == "ClusterRole");
    role[0]["rules"][0]["verb"] = json!(["get"]);
    let kept = kept::<ClusterRole>(&role[0]);
    assert_eq!(lost(&role[0], &kept).as_deref(), Some(".rules[0].verb"));
}

#[test]
fn the_policies_ask_for_what_their_metadata_asks_for_with_settings_that_they_take() {
    for name in OVERLAYS {
        let overlay = overlay(name).unwrap();
        let all: Vec<String> = overlay.keys().cloned().collect();
        assert_eq!(all, policies::all().unwrap(), "{name}");
        for object in overlay.values() {
            is_whole(object, false);
        }
    }
    let wider = objects("examples").unwrap();
    let wider: Vec<&Value> = wider.iter().filter(|it| it["kind"] == POLICY).collect();
    assert_eq!(wider.len(), 1);
    is_whole(wider[0], true);
}

#[test]
fn what_is_left_unjudged_is_what_was_meant_to_be() {
    // The policy, the overlay; what happens without a policy server, namespaces, conditions.
    let expected = "
emptydir-storage base: Ignore, not-by-the-deployment-controller
emptydir-storage strict: Ignore, not-by-the-deployment-controller
hostpath-mounts base: Fail, not in kube-system
hostpath-mounts strict: Fail, not in kube-system
hpa-replicas base: Ignore, not-by-the-deployment-controller
hpa-replicas strict: Ignore, not-by-the-deployment-controller
hpa-target-requests base: Ignore, not-by-the-deployment-controller
hpa-target-requests strict: Ignore, not-by-the-deployment-controller
hpa-vpa-overlap base: Ignore
hpa-vpa-overlap strict: Ignore
nodeport-range base: Fail, not-cluster-ip
nodeport-range strict: Fail, not-cluster-ip
pod-disruption base: Ignore, not-by-the-deployment-controller
pod-disruption strict: Ignore, not-by-the-deployment-controller
secret-data base: Ignore
secret-data strict: Fail, not-a-helm-release
service-routes base: Ignore, not-by-the-controllers-of-workloads
service-routes strict: Ignore, not-by-the-controllers-of-workloads
workload-references base: Ignore, not-by-a-workload-controller
workload-references strict: Ignore, not-by-a-workload-controller
";
    let mut found = BTreeSet::new();
    for name in OVERLAYS {
        for (policy, object) in overlay(name).unwrap() {
            let spec = &object["spec"];
            assert_eq!(spec["mode"], "protect", "{policy}");
            assert_eq!(spec["timeoutSeconds"], 5, "{policy}");
            assert_eq!(spec["objectSelector"], Value::Null, "users set labels");
            let mut line = format!("{policy} {name}: {}", text(spec, "/failurePolicy"));
            for expression in spec["namespaceSelector"]["matchExpressions"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let values: Vec<String> =
                    serde_json::from_value(expression["values"].clone()).unwrap();
                write!(line, ", not in {}", values.join(", ")).unwrap();
            }
            for condition in spec["matchConditions"].as_array().into_iter().flatten() {
                write!(line, ", {}", text(condition, "/name")).unwrap();
            }
            found.insert(line);
        }
    }
    let found: Vec<String> = found.into_iter().collect();
    assert_eq!(found.join("\n"), expected.trim());
}

#[test]
fn kube_system_is_left_out_and_persistent_volumes_are_not() {
    let host_paths = &overlay("base").unwrap()["hostpath-mounts"]["spec"];
    for (request, expected) in [
        (json!({"namespace": "kube-system"}), false),
        (json!({"namespace": "kube-system-2"}), true),
        (json!({"namespace": "shop"}), true),
        (json!({}), true),
    ] {
        assert_eq!(reaches(host_paths, &request), Ok(expected), "{request}");
    }
    for unknown in [
        json!({"matchConditions": [{"name": "unknown", "expression": "authorizer.x()"}]}),
        json!({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}),
    ] {
        reaches(&unknown, &json!({})).unwrap_err();
    }
}

#[test]
fn no_condition_keeps_from_a_policy_what_it_has_something_to_say_about() {
    let mut kept = BTreeMap::<String, usize>::new();
    for name in OVERLAYS {
        for (policy, object) in overlay(name).unwrap() {
            let spec = &object["spec"];
            let guest = policies::load(&policy).unwrap();
            for review in reviews::all().unwrap() {
                let wanted = target(&review.request).is_wanted_by(guest.metadata().unwrap());
                if !wanted || reaches(spec, &review.request).unwrap() {
                    continue;
                }
                let host = reviews::cluster().host(guest.metadata());
                let response = guest
                    .validate(&review.request, &spec["settings"], host)
                    .unwrap();
                assert!(response.accepted, "{policy} {name} {}", review.file);
                assert_eq!(
                    response.warnings, [""; 0],
                    "{policy} {name} {}",
                    review.file
                );
                *kept.entry(policy.clone()).or_default() += 1;
            }
        }
    }
    // Otherwise this says nothing.
    for policy in ["hpa-target-requests", "nodeport-range"] {
        assert!(kept.contains_key(policy), "{kept:?}");
    }
}

/// Helm's releases do not reach the strict policy. Where they do, it has nothing to say but their size.
#[test]
fn the_strict_policy_for_secrets_judges_nothing_of_helm_but_its_size() {
    let settings = &overlay("strict").unwrap()["secret-data"]["spec"]["settings"];
    let guest = policies::load("secret-data").unwrap();
    let release = |bytes: usize| {
        let data = "QUFB".repeat(bytes / 3);
        let mut object = tree::json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": {"name": "sh.helm.release.v1.web.v1", "namespace": "shop"},
            "data": {"release": data}});
        let kinds = Kinds::of([&object]);
        complete(&mut object, &kinds, "default");
        let answer = guest.validate(&request(&object, &kinds, 1), settings, preflight::NoHost);
        answer.unwrap()
    };
    let small = release(300);
    assert!(small.accepted && small.warnings.is_empty(), "{small:?}");
    let large = release(900 << 10);
    let lines = parse_refusal(large.message.as_deref().unwrap()).unwrap();
    let rules: Vec<&str> = lines.iter().filter_map(|line| line.rule).collect();
    assert_eq!(rules, ["oversized_data"]);
}

/// The part of a URL that a site sets.
fn site() -> BTreeMap<String, String> {
    let site = yaml::read(&read(&repository("deploy/base/site.yaml")).unwrap()).unwrap();
    serde_json::from_value(site["data"].clone()).unwrap()
}

fn module(site: &BTreeMap<String, String>, policy: &str) -> String {
    format!(
        "registry://{}/{}/{policy}:{}",
        site["registry"], site["folder"], site["tag"]
    )
}

#[test]
fn every_module_is_where_the_site_has_it() {
    let site = site();
    assert_eq!(site["tag"], format!("v{}", env!("CARGO_PKG_VERSION")));
    for (policy, object) in overlay("base").unwrap() {
        assert_eq!(text(&object, "/spec/module"), module(&site, &policy));
        assert_eq!(object["spec"]["policyServer"], site["policyServer"]);
    }
    for object in objects("examples").unwrap() {
        let members = object["spec"]["policies"].as_object();
        let members = members.into_iter().flatten().map(|(_, member)| member);
        for spec in members.chain(iter::once(&object["spec"])) {
            let found = text(spec, "/module");
            if found.contains(&site["registry"]) {
                assert_eq!(found, module(&site, name_of_module(found)));
            }
        }
    }
    for object in objects("base").unwrap() {
        for subject in object["subjects"].as_array().into_iter().flatten() {
            assert_eq!(subject["namespace"], site["kubewardenNamespace"].as_str());
        }
    }
}

#[test]
fn kustomize_is_told_of_every_file_and_of_none_that_is_not_there() {
    for folder in [
        "base",
        "components/audit-secrets",
        "components/read-secrets",
        "overlays/monitor",
        "overlays/strict",
    ] {
        let kustomization = kustomization(folder).unwrap();
        let list = |key: &str| kustomization[key].as_array().cloned().unwrap_or_default();
        let mut named: Vec<String> = list("resources")
            .iter()
            .chain(&list("components"))
            .filter_map(Value::as_str)
            .map(ToOwned::to_owned)
            .collect();
        let patches = list("patches");
        named.extend(
            patches
                .iter()
                .filter_map(|patch| patch["path"].as_str())
                .map(ToOwned::to_owned),
        );
        let (folders, mut own): (Vec<String>, Vec<String>) =
            named.into_iter().partition(|name| name.starts_with(".."));
        own.sort();
        assert_eq!(own, files(folder).unwrap(), "{folder}");
        for other in folders {
            let other = repository(&format!("deploy/{folder}/{other}/kustomization.yaml"));
            assert!(other.exists(), "{}", other.display());
        }
    }
}

/// The policies among rendered objects, by name.
fn by_name(rendered: Vec<Value>) -> BTreeMap<String, Value> {
    let policies = rendered.into_iter().filter(|it| it["kind"] == POLICY);
    policies
        .map(|it| (text(&it, "/metadata/name").to_owned(), it))
        .collect()
}

#[test]
fn kubectl_renders_the_overlays_that_are_tested_here() {
    let mut all = policies::all().unwrap();
    all.sort();
    for (folder, name) in [
        ("base", "base"),
        ("overlays/strict", "strict"),
        ("overlays/monitor", "monitor"),
    ] {
        let Some(rendered) = render(&repository(&format!("deploy/{folder}"))).unwrap() else {
            return;
        };
        for object in &rendered {
            survives(object);
        }
        let kinds: BTreeSet<&str> = rendered.iter().map(|it| text(it, "/kind")).collect();
        assert_eq!(
            kinds,
            [POLICY, "ClusterRole", "ClusterRoleBinding"].into(),
            "{folder}"
        );
        let policies = by_name(rendered);
        assert_eq!(policies.keys().cloned().collect::<Vec<_>>(), all);
        let mut expected = overlay(if name == "monitor" { "base" } else { name }).unwrap();
        if name == "monitor" {
            for policy in expected.values_mut() {
                policy["spec"]["mode"] = json!("monitor");
                policy["spec"]["failurePolicy"] = json!("Ignore");
            }
        }
        for (policy, object) in &policies {
            is_whole(object, false);
            similar_asserts::assert_eq!(object, &expected[policy], "{folder}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in names(from).unwrap() {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn kubectl_puts_another_registry_tag_server_and_namespace_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    copy(&repository("deploy"), folder.path());
    let mut site = site();
    let other = [
        ("registry", "registry.local:5000"),
        ("folder", "security/policies"),
        ("tag", "v1.2.3"),
        ("policyServer", "own"),
        ("kubewardenNamespace", "cattle-kubewarden-system"),
    ];
    for (key, value) in other {
        site.insert(key.to_owned(), value.to_owned()).expect(key);
    }
    let file = folder.path().join("base/site.yaml");
    let mut written = yaml::read(&read(&file).unwrap()).unwrap();
    written["data"] = json!(site);
    fs::write(&file, written.to_string()).unwrap();

    let Some(rendered) = render(&folder.path().join("overlays/strict")).unwrap() else {
        return;
    };
    let mut subjects = 0;
    for object in &rendered {
        for subject in object["subjects"].as_array().into_iter().flatten() {
            assert_eq!(subject["namespace"], "cattle-kubewarden-system");
            subjects += 1;
        }
    }
    assert_eq!(subjects, 2);
    for (policy, object) in by_name(rendered) {
        assert_eq!(text(&object, "/spec/module"), module(&site, &policy));
        assert_eq!(text(&object, "/spec/policyServer"), "own");
    }
}

#[test]
fn kubectl_adds_secrets_to_the_audit_only_when_told_to() {
    let granted = |rendered: &[Value]| {
        let mut granted = BTreeMap::new();
        for role in rendered.iter().filter(|it| it["kind"] == "ClusterRole") {
            granted.extend(
                grants(role)
                    .into_iter()
                    .filter(|((_, resource), _)| resource == "secrets"),
            );
        }
        granted
    };
    assert_eq!(granted(&objects("base").unwrap()), BTreeMap::new());
    let folder = tempfile::tempdir().unwrap();
    copy(&repository("deploy"), folder.path());
    // As the comment in the overlays says.
    let file = folder.path().join("overlays/monitor/kustomization.yaml");
    let commented = read(&file).unwrap();
    let written = commented
        .replace("# components:", "components:")
        .replace("# - ../../components", "- ../../components");
    assert_ne!(written, commented);
    fs::write(&file, written).unwrap();
    let Some(rendered) = render(&folder.path().join("overlays/monitor")).unwrap() else {
        return;
    };
    let list = BTreeSet::from(["list".to_owned()]);
    let secrets = (String::new(), "secrets".to_owned());
    assert_eq!(granted(&rendered), BTreeMap::from([(secrets, list)]));
}

#[test]
fn kubectl_grants_secrets_by_name_in_chosen_namespaces_alone() {
    let folder = tempfile::tempdir().unwrap();
    copy(&repository("deploy"), folder.path());
    let own = folder.path().join("overlays/own");
    fs::create_dir(&own).unwrap();
    let written = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": ["../../base"], "components": ["../../components/read-secrets"],
    });
    fs::write(own.join("kustomization.yaml"), written.to_string()).unwrap();
    let Some(rendered) = render(&own).unwrap() else {
        return;
    };
    for object in &rendered {
        survives(object);
    }
    let secrets = (String::new(), "secrets".to_owned());
    let roles = rendered.iter().filter(|it| it["kind"] == "ClusterRole");
    let reading: Vec<_> = roles
        .filter_map(|role| Some((text(role, "/metadata/name"), grants(role).remove(&secrets)?)))
        .collect();
    let get = BTreeSet::from(["get".to_owned()]);
    assert_eq!(reading, [("admission-policies-secrets", get)]);
    let bindings = rendered.iter().filter(|it| !it["roleRef"].is_null());
    for binding in bindings {
        let of_secrets = text(binding, "/roleRef/name") == "admission-policies-secrets";
        let kind = if of_secrets {
            "RoleBinding"
        } else {
            "ClusterRoleBinding"
        };
        assert_eq!(binding["kind"], kind);
        let account = text(binding, "/subjects/0/name");
        assert!(!of_secrets || account == "workload-references");
    }
    let policies = by_name(rendered);
    for (name, policy) in &policies {
        survives(policy);
        is_whole(policy, false);
        let mut asks = policy["spec"]["contextAwareResources"]
            .as_array()
            .into_iter()
            .flatten();
        let reads = asks.any(|resource| resource["kind"] == "Secret");
        assert_eq!(reads, name == "workload-references");
        let server = if reads { "workload-references" } else { "" };
        assert_eq!(
            text(&policy["spec"], "/policyServer").replace("default", ""),
            server
        );
    }
    assert_eq!(
        policies["workload-references"]["spec"]["settings"]["secrets"],
        "granted"
    );
}

/// Group and resource.
type Resource = (String, String);

/// What a role allows.
fn grants(role: &Value) -> BTreeMap<Resource, BTreeSet<String>> {
    let mut grants = BTreeMap::<Resource, BTreeSet<String>>::new();
    let strings = |value: &Value| serde_json::from_value::<Vec<String>>(value.clone()).unwrap();
    for rule in role["rules"].as_array().unwrap() {
        for group in strings(&rule["apiGroups"]) {
            for resource in strings(&rule["resources"]) {
                let verbs = grants.entry((group.clone(), resource)).or_default();
                verbs.extend(strings(&rule["verbs"]));
            }
        }
    }
    grants
}

fn role(name: &str) -> Value {
    let objects = objects("base").unwrap();
    let role = |it: &&Value| it["kind"] == "ClusterRole" && it["metadata"]["name"] == name;
    objects.iter().find(role).unwrap().clone()
}

#[test]
fn the_policy_server_may_read_what_policies_look_up_and_no_more() {
    let kinds = Kinds::default();
    let mut expected = BTreeMap::<Resource, BTreeSet<String>>::new();
    for policy in policies::all().unwrap() {
        let metadata = metadata(&policy);
        let mut capabilities = metadata.host_capabilities.iter();
        // What one of them lists, it lists for what `deploy/` does not ask it about.
        let lists = policy != LEFT_OUT.0
            && capabilities.any(|capability| capability.starts_with("kubernetes/list_"));
        // The policy server lists by a watch.
        let verbs: &[&str] = if lists {
            &["get", "list", "watch"]
        } else {
            &["get"]
        };
        for resource in usual_resources(&policy, &metadata) {
            let (group, _) = split(&resource.api_version);
            // service-routes asks for Pods beside manifests alone.
            if resource.kind == "Pod" {
                continue;
            }
            let plural = kinds.plural(group, &resource.kind);
            // Targets of other projects are asked for by name alone.
            let well_known = shared::kubernetes::autoscaling::SCALABLE_OF_OTHERS;
            let is_target = well_known.contains(&(&resource.api_version, &resource.kind));
            let verbs = if is_target { &["get"] } else { verbs };
            let verbs = verbs.iter().map(|&verb| verb.to_owned());
            expected
                .entry((group.to_owned(), plural))
                .or_default()
                .extend(verbs);
        }
    }
    assert_eq!(grants(&role("admission-policies-context")), expected);
}

/// What the role `view` has of what policies judge. Source: `system:aggregate-to-view` in
/// `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata/cluster-roles.yaml` of kubernetes/kubernetes.
const VIEW: &[(&str, &str)] = &[
    ("", "configmaps"),
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("policy", "poddisruptionbudgets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("networking.k8s.io", "ingresses"),
];

#[test]
fn the_audit_scanner_may_list_what_policies_judge_except_secrets() {
    let mut judged = BTreeSet::new();
    for policy in policies::all().unwrap() {
        // It replays objects as if they were created, and passes over rules for any version.
        let rules = metadata(&policy).rules.into_iter();
        let rules = rules.filter(|rule| rule.api_versions != ["*"]);
        for rule in rules.filter(|rule| rule.operations.contains(&"CREATE".to_owned())) {
            for group in &rule.api_groups {
                let resources = rule.resources.iter();
                judged.extend(resources.map(|resource| (group.clone(), resource.clone())));
            }
        }
    }
    assert!(judged.remove(&(String::new(), "secrets".to_owned())));
    for (group, resource) in VIEW {
        let viewed = ((*group).to_owned(), (*resource).to_owned());
        assert!(judged.remove(&viewed), "{viewed:?}");
    }
    let list = BTreeSet::from(["list".to_owned()]);
    let expected: BTreeMap<Resource, BTreeSet<String>> =
        judged.into_iter().map(|it| (it, list.clone())).collect();
    assert_eq!(grants(&role("admission-policies-audit")), expected);
}

#[test]
fn the_roles_are_bound_to_the_accounts_of_kubewardens_charts() {
    let mut bound = Vec::new();
    for binding in objects("base").unwrap() {
        if binding["kind"] == "ClusterRoleBinding" {
            let (role, subjects) = (text(&binding, "/roleRef/name"), &binding["subjects"]);
            assert_eq!(text(&binding, "/metadata/name"), role);
            assert_eq!(subjects.as_array().unwrap().len(), 1);
            assert_eq!(subjects[0]["kind"], "ServiceAccount");
            bound.push(format!("{role}: {}", text(subjects, "/0/name")));
        }
    }
    assert_eq!(
        bound,
        [
            "admission-policies-context: policy-server",
            "admission-policies-audit: audit-scanner"
        ]
    );
}

#[test]
fn a_server_of_its_own_reads_what_policies_look_up_and_lasts_through_a_drain() {
    let objects = objects("examples").unwrap();
    let of = |kind: &str, name: &str| {
        let is_it = |it: &&Value| it["kind"] == kind && it["metadata"]["name"] == name;
        let found: Vec<&Value> = objects.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{kind} {name}");
        found[0]
    };
    let server = of("PolicyServer", "admission-policies");
    let spec = &server["spec"];
    assert!(spec["minAvailable"].as_u64().unwrap() < spec["replicas"].as_u64().unwrap());
    let account = of("ServiceAccount", text(spec, "/serviceAccountName"));
    assert_eq!(
        account["metadata"]["namespace"],
        site()["kubewardenNamespace"]
    );
    let binding = of("ClusterRoleBinding", "admission-policies-context-own");
    let role = role(text(binding, "/roleRef/name"));
    assert_eq!(text(&role, "/metadata/name"), "admission-policies-context");
    let subjects = json!([{"kind": "ServiceAccount", "name": account["metadata"]["name"],
        "namespace": account["metadata"]["namespace"]}]);
    assert_eq!(binding["subjects"], subjects);
    let signed = of("ConfigMap", text(spec, "/verificationConfig"));
    assert_eq!(
        signed["metadata"]["namespace"],
        account["metadata"]["namespace"]
    );
    let signed = yaml::read(text(signed, "/data/verification-config")).unwrap();
    assert_eq!(signed["allOf"][0]["kind"], "githubAction");
    // The pods of one server keep apart by the label that the controller gives them.
    let apart = spec.pointer("/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/podAffinityTerm");
    let label = &apart.unwrap()["labelSelector"]["matchLabels"]["app.kubernetes.io/instance"];
    assert_eq!(
        *label,
        format!("policy-server-{}", text(server, "/metadata/name"))
    );
}

#[test]
fn a_group_calls_each_of_its_policies_and_nothing_else() {
    let groups = objects("examples").unwrap();
    let mut groups = groups
        .iter()
        .filter(|object| object["kind"] == "ClusterAdmissionPolicyGroup");
    let spec = &groups.next().unwrap()["spec"];
    assert!(groups.next().is_none());
    let expression = text(spec, "/expression");
    let words = expression.split(|it: char| !it.is_alphanumeric() && it != '_');
    let called: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
    let members = spec["policies"].as_object().unwrap();
    assert_eq!(called, members.keys().map(String::as_str).collect());
    let mut ours = 0;
    for member in members.values() {
        let policy = name_of_module(text(member, "/module"));
        if policies::all().unwrap().contains(&policy.to_owned()) {
            let refused = refused_settings(policy, &member["settings"]).unwrap();
            assert_eq!(refused, None);
            ours += 1;
        }
    }
    assert_eq!(ours, 2);

    // What the two of ours say of three pods, and so the group of a pod that is signed, or not.
    let guest = policies::load("hostpath-mounts").unwrap();
    let accepts = |member: &str, path: Option<&str>| {
        let volumes = path.map(|path| json!({"name": "v", "hostPath": {"path": path}}));
        let mount = json!({"name": "v", "mountPath": "/v", "readOnly": true});
        let mut pod = tree::json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"volumes": Vec::from_iter(volumes),
                "containers": [{"name": "app", "volumeMounts": path.map(|_| vec![mount])}]}});
        let kinds = Kinds::of([&pod]);
        complete(&mut pod, &kinds, "default");
        let review = request(&pod, &kinds, 1);
        let settings = &members[member]["settings"];
        let answer = guest.validate(&review, settings, preflight::NoHost);
        answer.unwrap().accepted
    };
    for (path, without, harmless) in [
        (None, true, true),
        (Some("/opt/shop"), false, true),
        (Some("/var/lib/kubelet"), false, false),
    ] {
        assert_eq!(accepts("no_host_paths", path), without, "{path:?}");
        assert_eq!(accepts("no_risky_paths", path), harmless, "{path:?}");
    }
}

/// A fenced block of a page.
struct Block {
    page: String,
    line: usize,
    /// The words after the fence.
    info: String,
    text: String,
}

fn pages() -> Vec<(String, String)> {
    let folder = repository("docs");
    let names = names(&folder).unwrap();
    let pages: Vec<(String, String)> = names
        .into_iter()
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "md")
        })
        .map(|name| {
            let text = read(&folder.join(&name)).unwrap();
            (name, text)
        })
        .collect();
    assert!(pages.len() >= 2);
    pages
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for (page, text) in pages() {
        let mut open: Option<Block> = None;
        let mut indent = 0;
        for (number, line) in text.lines().enumerate() {
            match (open.take(), line.trim_start().strip_prefix("```")) {
                (None, Some(info)) => {
                    indent = line.len() - line.trim_start().len();
                    open = Some(Block {
                        page: page.clone(),
                        line: number + 1,
                        info: info.to_owned(),
                        text: String::new(),
                    });
                }
                (Some(block), Some("")) => blocks.push(block),
                (Some(mut block), _) => {
                    block.text.push_str(line.get(indent..).unwrap_or_default());
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{page} has a block without an end");
    }
    blocks
}

/// Whose YAML stands beside ours.
const OTHERS: &[&str] = &[
    "argocd",
    "fleet",
    "flux",
    "gatekeeper",
    "github",
    "gitlab",
    "hauler",
    "kubernetes",
    "kubewarden",
    "kyverno",
    "pre-commit",
];

/// What stands in another repository beside this one, which is called `admission-policies` there.
fn is_a_kustomization(written: &Value, place: &str) {
    assert_eq!(written["kind"], "Kustomization", "{place}");
    let folder = tempfile::tempdir().unwrap();
    copy(
        &repository("deploy"),
        &folder.path().join("admission-policies/deploy"),
    );
    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("kustomization.yaml"), written.to_string()).unwrap();
    let Some(rendered) = render(&own).unwrap() else {
        return;
    };
    let mut policies = by_name(rendered);
    for (policy, object) in &policies {
        survives(object);
        is_whole(object, false);
        assert_eq!(text(object, "/metadata/name"), policy, "{place}");
    }
    let base = overlay("base").unwrap();
    policies.retain(|policy, object| base[policy] != *object);
    assert!(!policies.is_empty(), "{place} changes nothing");
}

/// `yaml hostpath-mounts` holds settings, `yaml deploy` is for kustomize, `yaml preflight` is a `.preflight.yaml`, `yaml kyverno` and the like are not ours.
#[test]
fn every_setting_in_the_pages_is_taken_by_its_policy() {
    let all = policies::all().unwrap();
    let mut shown = BTreeMap::<String, usize>::new();
    for block in blocks() {
        let place = format!("docs/{}:{}", block.page, block.line);
        let Some(kind) = block.info.strip_prefix("yaml") else {
            let known = ["sh", "text", "console", "mermaid"].contains(&block.info.as_str());
            assert!(known, "{place}: what is {:?}?", block.info);
            continue;
        };
        let kind = kind.trim_start();
        let read = yaml::read(&block.text).unwrap_or_else(|error| panic!("{place}: {error}"));
        if all.iter().any(|policy| policy == kind) {
            let refused = refused_settings(kind, &read).unwrap();
            assert_eq!(refused, None, "{place}");
            *shown.entry(kind.to_owned()).or_default() += 1;
        } else if kind == "deploy" {
            is_a_kustomization(&read, &place);
        } else if kind == "preflight" {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(config::NAME);
            fs::write(&file, &block.text).unwrap();
            Project::read(&file).unwrap_or_else(|error| panic!("{place}: {error}"));
        } else {
            assert!(OTHERS.contains(&kind), "{place}: whose is {kind:?}?");
        }
    }
    let shown: Vec<String> = shown.into_keys().collect();
    assert_eq!(shown, all, "settings of each policy");
}

/// The entries of `allowed` for the agents of a node, in the pages.
fn entries_for_agents() -> Vec<Value> {
    let blocks = blocks().into_iter();
    let mut settings = blocks
        .filter(|block| block.info == "yaml hostpath-mounts")
        .map(|block| yaml::read(&block.text).unwrap());
    let found = settings.find(|settings| settings.to_string().contains("kube-flannel"));
    found.unwrap()["allowed"].as_array().unwrap().clone()
}

#[test]
fn the_agents_of_a_node_run_in_the_strict_overlay_with_the_entries_of_the_pages() {
    let guest = policies::load("hostpath-mounts").unwrap();
    let strict = overlay("strict").unwrap()["hostpath-mounts"]["spec"]["settings"].clone();
    let folder = repository("tests/agents");
    let agents = names(&folder).unwrap();
    assert!(agents.len() >= 5);
    for agent in agents {
        let object = yaml::read(&read(&folder.join(&agent)).unwrap()).unwrap();
        let namespace = text(&object, "/metadata/namespace").to_owned();
        let mut object = object.into();
        let kinds = Kinds::of([&object]);
        complete(&mut object, &kinds, "default");
        let review = request(&object, &kinds, 1);
        let answer = |allowed: Vec<Value>| {
            let mut settings = strict.clone();
            settings["allowed"] = json!(allowed);
            guest
                .validate(&review, &settings, preflight::NoHost)
                .unwrap()
        };
        let response = answer(entries_for_agents());
        assert!(
            response.accepted && response.warnings.is_empty(),
            "{agent}: {response:?}"
        );
        // And each entry for its namespace is needed.
        let is_for = |entry: &Value| {
            entry["namespaces"]
                .as_array()
                .unwrap()
                .contains(&json!(namespace))
        };
        for place in 0..entries_for_agents().len() {
            let mut entries = entries_for_agents();
            let entry = entries.remove(place);
            assert_eq!(
                answer(entries).accepted,
                !is_for(&entry),
                "{agent} without {entry}"
            );
        }
    }
}

/// The texts between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A table whose last head is "to `hostpath-mounts`" holds settings of it there.
#[test]
fn every_setting_in_a_table_of_the_pages_is_taken_by_its_policy() {
    let mut taken = BTreeMap::<String, usize>::new();
    for (page, text) in pages() {
        let mut policy = None;
        for line in text.lines() {
            let Some(row) = line
                .strip_prefix('|')
                .and_then(|line| line.strip_suffix('|'))
            else {
                policy = None;
                continue;
            };
            let last = row.rsplit('|').next().unwrap_or_default().trim();
            if let Some(head) = last.strip_prefix("to ") {
                policy = code(head).next();
                continue;
            }
            let Some(policy) = policy else {
                continue;
            };
            for code in code(last).filter(|code| *code == "{}" || code.contains(": ")) {
                let settings = yaml::read(code).unwrap();
                let refused = refused_settings(policy, &settings).unwrap();
                assert_eq!(refused, None, "docs/{page}: {code}");
                *taken.entry(policy.to_owned()).or_default() += 1;
            }
        }
    }
    let taken: Vec<String> = taken.into_keys().collect();
    assert_eq!(taken, policies::all().unwrap());
}

#[test]
fn every_link_in_the_pages_leads_somewhere() {
    for (page, text) in pages() {
        for rest in text.split("](").skip(1) {
            let (link, _) = rest.split_once(')').unwrap();
            if link.starts_with("http") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { &page } else { file };
            let target = repository("docs").join(file);
            assert!(target.exists(), "docs/{page}: {link}");
            if !heading.is_empty() {
                let text = read(&target).unwrap();
                let mut headings = text.lines().filter_map(|line| line.strip_prefix("## "));
                let is_kept = |c: &char| c.is_alphanumeric() || [' ', '-'].contains(c);
                let anchor = |line: &str| {
                    line.to_lowercase()
                        .chars()
                        .filter(is_kept)
                        .collect::<String>()
                };
                let is_it = |line: &str| anchor(line).replace(' ', "-") == heading;
                assert!(headings.any(is_it), "docs/{page}: {link}");
            }
        }
    }
}

/// What a policy is asked, with a name for people.
struct Question {
    name: String,
    request: Value,
}

fn examples() -> (Vec<Question>, Arc<MemoryCluster>) {
    let read = manifests::read(&[repository("examples/shop")]);
    assert_eq!(read.problems, []);
    let mut objects: Vec<tree::Value> = read
        .objects
        .into_iter()
        .map(|it| Arc::unwrap_or_clone(it.value))
        .collect();
    let kinds = Kinds::of(&objects);
    for object in &mut objects {
        complete(object, &kinds, "default");
    }
    let questions = objects
        .iter()
        .enumerate()
        .map(|(number, object)| {
            let request = Value::from(request(object, &kinds, number));
            let kind = text(&request, "/object/kind");
            let name = match text(&request, "/object/metadata/namespace") {
                "" => format!("{kind} {}", text(&request, "/object/metadata/name")),
                namespace => format!(
                    "{kind} {namespace}/{}",
                    text(&request, "/object/metadata/name")
                ),
            };
            Question { name, request }
        })
        .collect();
    (questions, Arc::new(MemoryCluster::new(objects)))
}

fn captured() -> Vec<Question> {
    let reviews = reviews::all().unwrap().iter();
    reviews
        .map(|review| Question {
            name: review.file.clone(),
            request: review.request.clone(),
        })
        .collect()
}

/// What one policy answers to those of the questions that reach it.
fn answers<'a>(
    policy: &str,
    spec: &Value,
    questions: &'a [Question],
    cluster: &Arc<MemoryCluster>,
) -> Vec<(&'a str, Response)> {
    let guest = policies::load(policy).unwrap();
    let metadata = guest.metadata();
    let mut answers = Vec::new();
    for Question { name, request } in questions {
        let is_asked =
            target(request).is_wanted_by(metadata.unwrap()) && reaches(spec, request).unwrap();
        if is_asked {
            let answer = guest.validate(request, &spec["settings"], cluster.host(metadata));
            answers.push((name.as_str(), answer.unwrap()));
        }
    }
    answers
}

/// The rules in a refusal.
fn refused_by(response: &Response) -> BTreeSet<String> {
    let message = response.message.as_deref().unwrap_or_default();
    let lines = parse_refusal(message).unwrap_or_default();
    lines
        .iter()
        .filter_map(|line| line.rule)
        .map(ToOwned::to_owned)
        .collect()
}

/// The rules in the warnings.
fn warned_by(response: &Response) -> BTreeSet<String> {
    let lines = response.warnings.iter().filter_map(|it| parse_warning(it));
    lines
        .filter_map(|(_, line)| line.rule)
        .map(ToOwned::to_owned)
        .collect()
}

fn quoted(rules: &BTreeSet<String>) -> String {
    let rules: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    rules.join(", ")
}

/// `refused: rules; warns: rules`, or nothing.
fn cell(response: &Response) -> String {
    let mut parts = Vec::new();
    if !response.accepted {
        parts.push(format!("refused: {}", quoted(&refused_by(response))));
    }
    let warned = warned_by(response);
    if !warned.is_empty() {
        parts.push(format!("warns: {}", quoted(&warned)));
    }
    parts.join("; ")
}

fn table_of_examples() -> String {
    let (questions, cluster) = examples();
    // By policy and object: one cell for each overlay.
    let mut rows = BTreeMap::<(String, &str), [String; OVERLAYS.len()]>::new();
    for (column, name) in OVERLAYS.iter().enumerate() {
        for (policy, object) in overlay(name).unwrap() {
            for (question, answer) in answers(&policy, &object["spec"], &questions, &cluster) {
                rows.entry((policy.clone(), question)).or_default()[column] = cell(&answer);
            }
        }
    }
    rows.retain(|_, cells| cells.iter().any(|cell| !cell.is_empty()));
    let mut table =
        String::from("| policy | object | base | strict |\n| --- | --- | --- | --- |\n");
    for ((policy, object), [base, strict]) in rows {
        let strict = if strict == base { "the same" } else { &strict };
        writeln!(table, "| {policy} | {object} | {base} | {strict} |").unwrap();
    }
    table
}

fn table_of_reviews() -> String {
    let questions = captured();
    let mut table = String::from(
        "| policy | overlay | asked | refused | warned | refused by |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for policy in policies::all().unwrap() {
        for name in OVERLAYS {
            let spec = &overlay(name).unwrap()[&policy]["spec"];
            let answers = answers(&policy, spec, &questions, reviews::cluster());
            let refused = answers.iter().filter(|(_, answer)| !answer.accepted);
            let warned = answers
                .iter()
                .filter(|(_, answer)| answer.accepted && !answer.warnings.is_empty());
            let mut rules = BTreeMap::<String, usize>::new();
            for (_, answer) in refused.clone() {
                for rule in refused_by(answer) {
                    *rules.entry(rule).or_default() += 1;
                }
            }
            let rules: Vec<String> = rules
                .iter()
                .map(|(rule, count)| format!("`{rule}` {count}"))
                .collect();
            writeln!(
                table,
                "| {policy} | {name} | {} | {} | {} | {} |",
                answers.len(),
                refused.count(),
                warned.count(),
                rules.join(", ")
            )
            .unwrap();
        }
    }
    table
}

/// Puts `table` between its two marks.
fn replaced(page: &str, mark: &str, table: &str) -> String {
    let begin = format!("<!-- begin {mark}: `make bless` writes it -->\n");
    let end = format!("<!-- end {mark} -->");
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}\n{table}\n{end}{after}")
}

#[test]
fn the_page_says_what_happens_without_a_policy_server() {
    let page = read(&repository("docs/deploying.md")).unwrap();
    for (policy, object) in overlay("base").unwrap() {
        let strict = &overlay("strict").unwrap()[&policy];
        let row = format!(
            "| `{policy}` | `{}` | `{}` | ",
            text(&object, "/spec/failurePolicy"),
            text(strict, "/spec/failurePolicy")
        );
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn the_page_shows_what_each_overlay_refuses() {
    let path = repository("docs/deploying.md");
    let page = read(&path).unwrap();
    let page = replaced(&page, "examples", &table_of_examples());
    let page = replaced(&page, "reviews", &table_of_reviews());
    bless::compare(&path, &page).unwrap_or_else(|difference| panic!("{difference}"));
}
