//! What the cases leave out: every rule, setting, word of a setting, kind and risky path must be in some of them.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use bundle_tests::{
    Answer, Case, GENERAL, Input, Verdict, cases, complete, discover, invariants, names, policies,
    repository,
};
use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hostpath_mounts::access::Access;
use hostpath_mounts::catalogue::{RISKS, Risk};
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use preflight::{MemoryCluster, NoHost, Policy as Guest};
use secret_data::SecretData;
use serde_json::{Map, Value, json};
use service_routes::ServiceRoutes;
use shared::{Level, Policy, Rule};
use workload_references::WorkloadReferences;

/// Every case of a policy, with what the policy answers.
fn answers(policy: &str) -> Vec<(Case, Answer)> {
    let guest = policies::load(policy).unwrap();
    let of_policy = cases()
        .unwrap()
        .into_iter()
        .filter(|(owner, _)| owner == policy);
    of_policy
        .map(|(owner, name)| {
            let case = Case::read(&owner, &name).unwrap();
            let answer = case.ask(&*guest).unwrap();
            (case, answer)
        })
        .collect()
}

#[test]
fn every_policy_is_known_here() {
    let known: Vec<&str> = policies::RULES.iter().map(|(name, _)| *name).collect();
    assert_eq!(policies::all().unwrap(), known);
    assert_eq!(names(&repository("tests/cases")).unwrap(), known);
}

#[test]
fn every_rule_has_a_file_of_its_name() {
    for (policy, rules) in policies::RULES {
        let own = repository(&format!("policies/{policy}/src/rules"));
        // What several policies say in the same words.
        let common = repository("shared/src/rules");
        let mut files = names(&own).unwrap();
        let mut ids: Vec<String> = rules.iter().map(|rule| format!("{}.rs", rule.id)).collect();
        ids.sort();
        for file in &ids {
            let folder = if files.contains(file) { &own } else { &common };
            let text = bundle_tests::read(&folder.join(file)).unwrap();
            let id = file.trim_end_matches(".rs");
            assert!(text.contains(&format!("id: \"{id}\"")), "{file}");
        }
        files.retain(|file| !ids.contains(file));
        assert_eq!(files, [""; 0], "{policy} does not list these");
    }
}

#[test]
fn every_case_is_below_a_rule_and_has_a_name_of_its_own() {
    for (policy, rules) in policies::RULES {
        let mut known: BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
        known.insert(GENERAL);
        let mut seen = BTreeSet::new();
        for (_, path) in cases().unwrap().iter().filter(|(owner, _)| owner == policy) {
            let (rule, name) = path.split_once('/').unwrap();
            assert!(
                known.contains(rule),
                "tests/cases/{policy}/{rule} is no rule: move its cases to a rule, or to {GENERAL}"
            );
            assert!(
                seen.insert(name.to_owned()),
                "{policy} has two cases {name}"
            );
        }
    }
}

/// The levels at which a rule shows in an answer.
fn levels(answer: &Answer, id: &str) -> Vec<Level> {
    let Answer::Verdict(Verdict { response, .. }) = answer else {
        return Vec::new();
    };
    let mark = format!(" [{id}]");
    let denied = response.message.iter().map(|line| (line, Level::Deny));
    let warned = response.warnings.iter().map(|line| (line, Level::Warn));
    let lines = denied
        .chain(warned)
        .filter(|(line, _)| line.contains(&mark));
    lines.map(|(_, level)| level).collect()
}

/// Whether the policy judged at all. Of settings alone, and of what cannot be read, no rule says anything.
fn is_judged(answer: &Answer) -> bool {
    matches!(answer, Answer::Verdict(verdict) if !matches!(verdict.response.code, Some(400 | 500)))
}

/// Whether the settings of a case switch the rule off, so that it would say nothing of anything.
fn is_off(case: &Case, rule: &Rule) -> bool {
    let Input::Request {
        settings: Some(settings),
        ..
    } = &case.input
    else {
        return false;
    };
    rule.levels.iter().any(|default| {
        let path = default.setting.replace('.', "/");
        let level = settings.pointer(&format!("/{path}"));
        // Without quotes it is read as false.
        level.is_some_and(|level| *level == json!("off") || *level == json!(false))
    })
}

#[test]
fn every_rule_has_a_case_with_its_finding_and_one_without() {
    let mut missing = Vec::new();
    for (policy, rules) in policies::RULES {
        let answers = answers(policy);
        for rule in *rules {
            let own: Vec<_> = answers
                .iter()
                .filter(|(case, _)| case.rule == rule.id)
                .collect();
            let place = format!("tests/cases/{policy}/{}", rule.id);
            // The usual one is first.
            let default = rule.levels.first().unwrap().level;
            // One that is off by default shows where it is set.
            let finds = |(_, answer): &&(Case, Answer)| match default {
                Level::Off => !levels(answer, rule.id).is_empty(),
                _ => levels(answer, rule.id).contains(&default),
            };
            if !own.iter().any(finds) {
                missing.push(format!(
                    "{place}: no case has its finding at its default level"
                ));
            }
            let finds_nothing = |(case, answer): &&(Case, Answer)| {
                levels(answer, rule.id).is_empty() && is_judged(answer) && !is_off(case, rule)
            };
            if !own.iter().any(finds_nothing) {
                missing.push(format!("{place}: no case is without its finding"));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn every_policy_has_a_case_of_what_it_does_not_judge_and_accepts_something() {
    for (policy, _) in policies::RULES {
        let answers = answers(policy);
        let shown = |id: &str| {
            answers
                .iter()
                .any(|(_, answer)| !levels(answer, id).is_empty())
        };
        assert!(shown("unclaimed_kind"), "{policy}");
        let guest = policies::load(policy).unwrap();
        // What is looked up nowhere cannot fail to be looked up.
        let looks_up = !guest.metadata().unwrap().context_aware_resources.is_empty();
        assert!(shown("unjudged") || !looks_up, "{policy}");
        let unmarked = |answer: &Answer| matches!(answer, Answer::Verdict(verdict) if verdict.response.accepted && verdict.response.warnings.is_empty());
        assert!(answers.iter().any(|(_, answer)| unmarked(answer)));
    }
}

/// Every field of some settings, and every text in one, in the form of [`discover`].
fn used(path: &str, settings: &Value, found: &mut BTreeSet<(String, String)>) {
    match settings {
        Value::Object(fields) => {
            for (name, value) in fields {
                let separator = if path.is_empty() { "" } else { "." };
                let below = format!("{path}{separator}{name}");
                found.insert((below.clone(), String::new()));
                used(&below, value, found);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| used(&format!("{path}[]"), item, found)),
        Value::String(text) => {
            found.insert((path.to_owned(), format!("={text}")));
        }
        _ => {}
    }
}

#[test]
fn every_setting_and_every_word_of_one_is_in_a_case() {
    for (policy, _) in policies::RULES {
        let guest = policies::load(policy).unwrap();
        let (mut fields, mut choices) = (BTreeSet::new(), BTreeSet::new());
        let problem = |settings: &Value| {
            let answer = guest.validate_settings(settings).unwrap();
            answer.message.unwrap_or_default()
        };
        discover(&problem, "", &mut fields, &mut choices);
        assert!(fields.contains("onUpdate"), "{fields:?}");
        assert!(
            choices.contains(&("onUpdate".to_owned(), "enforceAll".to_owned())),
            "{choices:?}"
        );
        let mut found = BTreeSet::new();
        for (case, answer) in answers(policy) {
            let settings = match (case.input, answer) {
                (Input::Settings(settings), Answer::Settings(answer)) if answer.valid => settings,
                (
                    Input::Request {
                        settings: Some(settings),
                        ..
                    },
                    Answer::Verdict(verdict),
                ) if verdict.response.code != Some(500) => settings,
                _ => continue,
            };
            used("", &settings, &mut found);
        }
        // The fields of an item of a list are named with the brackets.
        for field in &fields {
            assert!(
                found.contains(&(field.clone(), String::new())),
                "{policy}: no case with good settings has {field}"
            );
        }
        for (field, word) in &choices {
            assert!(
                found.contains(&(field.clone(), format!("={word}"))),
                "{policy}: no case with good settings has {word:?} for {field}"
            );
        }
    }
}

#[test]
fn every_kind_that_a_policy_wants_to_see_is_in_a_case() {
    for (policy, _) in policies::RULES {
        let guest = policies::load(policy).unwrap();
        let seen: BTreeSet<(String, String)> = answers(policy)
            .iter()
            .filter_map(|(case, _)| match &case.input {
                Input::Request { request, .. } => {
                    let text = |pointer: &str| {
                        request
                            .pointer(pointer)
                            .and_then(Value::as_str)
                            .unwrap_or_default()
                    };
                    let resource = match text("/subResource") {
                        "" => text("/resource/resource").to_owned(),
                        sub => format!("{}/{sub}", text("/resource/resource")),
                    };
                    Some((text("/resource/group").to_owned(), resource))
                }
                Input::Settings(_) => None,
            })
            .collect();
        // Those of other projects are read alike, which a test of the policy tries with each of them.
        let rules = &guest.metadata().unwrap().rules;
        for rule in rules.iter().filter(|rule| rule.api_versions != ["*"]) {
            for group in &rule.api_groups {
                for resource in &rule.resources {
                    let wanted = (group.clone(), resource.clone());
                    assert!(seen.contains(&wanted), "{policy}: no case of {wanted:?}");
                }
            }
        }
    }
}

/// A pod that mounts `path`.
fn pod(path: &str, read_only: bool) -> Value {
    let mount = json!({"name": "v", "readOnly": read_only, "recursiveReadOnly": "IfPossible"});
    let object = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
        "spec": {
            "volumes": [{"name": "v", "hostPath": {"path": path}}],
            "containers": [{"name": "c", "volumeMounts": [mount]}],
        },
    });
    complete(&json!({ "object": object })).unwrap()
}

/// The components of a path, in lower case where case does not matter.
fn components(path: &str) -> Vec<String> {
    let names = path.split('/').filter(|name| !name.is_empty());
    names.map(ToOwned::to_owned).collect()
}

/// A path that the pattern of a risk stands for.
fn written(risk: &Risk) -> String {
    risk.path.replace('*', "0").replace("<pid>", "1")
}

/// Whether `path` is `risk` or inside it.
fn is_in(path: &[String], risk: &Risk) -> bool {
    let risk = components(risk.path);
    risk.len() <= path.len()
        && risk.iter().zip(path).all(|(pattern, name)| {
            let start = pattern.strip_suffix('*');
            pattern == "<pid>" && name == "1"
                || start.map_or(pattern == name, |start| name.starts_with(start))
        })
}

/// Whether `risk` is inside `path`.
fn holds(path: &[String], risk: &Risk) -> bool {
    let risk = components(&written(risk));
    path.len() < risk.len() && risk.starts_with(path)
}

/// What the catalogue says of a path: the deepest entry that it is in, and the strictest that it holds. Written
/// another way than the policy does it, so that the two check each other.
fn access(path: &str) -> Access {
    let path = components(path);
    let mut covering: Vec<&Risk> = RISKS.iter().filter(|risk| is_in(&path, risk)).collect();
    covering.sort_by_key(|risk| components(risk.path).len());
    let own = covering
        .last()
        .map_or(Access::ReadWrite, |risk| risk.kind.access);
    let inside = RISKS.iter().filter(|risk| holds(&path, risk));
    inside.map(|risk| risk.kind.access).fold(own, Ord::min)
}

#[test]
fn every_risky_path_is_judged_as_the_catalogue_says() {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    // Processes are judged by another rule.
    let settings = json!({"nonRecursiveReadOnly": "off", "exposedProcesses": "off"});
    let accepted = |path: &str, read_only: bool| {
        let answer = guest.validate(&pod(path, read_only), &settings, NoHost);
        answer.unwrap().accepted
    };
    for risk in RISKS {
        let path = written(risk);
        let parent = match path.rsplit_once('/').unwrap().0 {
            "" => "/",
            parent => parent,
        };
        assert_eq!(access(&path), inner(&path, risk), "{path}");
        for path in [path.as_str(), &format!("{path}/below"), parent] {
            let access = access(path);
            assert_eq!(accepted(path, true), access >= Access::ReadOnly, "{path}");
            assert_eq!(accepted(path, false), access >= Access::Filled, "{path}");
        }
    }
}

/// What holds for the path of a risk itself: nothing inside it may be allowed more than what is inside it says.
fn inner(path: &str, risk: &Risk) -> Access {
    let inside = RISKS.iter().filter(|other| holds(&components(path), other));
    inside
        .map(|other| other.kind.access)
        .fold(risk.kind.access, Ord::min)
}

#[test]
fn a_message_says_what_the_catalogue_says_and_what_to_use_instead() {
    let guest = policies::load(HostpathMounts::NAME).unwrap();
    for risk in RISKS
        .iter()
        .filter(|risk| risk.kind.access == Access::Never)
    {
        let path = written(risk);
        let answer = guest.validate(&pod(&path, true), &Value::Null, NoHost);
        let message = answer.unwrap().message.unwrap();
        for text in [risk.kind.what, risk.kind.instead()] {
            assert!(message.contains(text), "{message}");
        }
    }
}

/// Makes an object with so many findings, and texts of such a length; and what is in the cluster.
type Bad = fn(usize, usize) -> (Value, Vec<Value>);

/// A pod with `count` risky volumes and names of `length`.
fn bad_pod(count: usize, length: usize) -> (Value, Vec<Value>) {
    let name = "x".repeat(length);
    let volume = |index: usize| json!({"name": index.to_string(), "hostPath": {"path": format!("/root/{name}")}});
    let volumes: Vec<Value> = (0..count).map(volume).collect();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": volumes}});
    (pod, Vec::new())
}

/// A Service with `count` node ports out of range and protocols of `length`.
fn bad_service(count: usize, length: usize) -> (Value, Vec<Value>) {
    let protocol = "x".repeat(length);
    let port =
        |index: usize| json!({"port": index, "protocol": protocol, "nodePort": 40_000 + index});
    let ports: Vec<Value> = (0..count).map(port).collect();
    let spec = json!({"type": "NodePort", "ports": ports});
    let service = json!({"apiVersion": "v1", "kind": "Service", "spec": spec});
    (service, Vec::new())
}

/// A Pod with `count` volumes that its container mounts and no kubelet knows, with names of `length`.
fn bad_scratch(count: usize, length: usize) -> (Value, Vec<Value>) {
    let name = "x".repeat(length);
    let names: Vec<String> = (0..count).map(|index| format!("{index}{name}")).collect();
    let volume = |name: &String| json!({"name": name, "emptyDir": {"medium": name}});
    let volumes: Vec<Value> = names.iter().map(volume).collect();
    let mounts: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let containers = json!([{"name": "app", "volumeMounts": mounts}]);
    let spec = json!({"volumes": volumes, "containers": containers});
    (
        json!({"apiVersion": "v1", "kind": "Pod", "spec": spec}),
        Vec::new(),
    )
}

/// A Deployment with `count` volumes that are listed with a space, with names of `length`.
fn bad_disruption(count: usize, length: usize) -> (Value, Vec<Value>) {
    let names = names_of_containers(count, length);
    let volume = |name: &String| json!({"name": name, "emptyDir": {}});
    let volumes: Vec<Value> = names.iter().map(volume).collect();
    let list = format!(" {}", names.join(", "));
    let key = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
    let template = json!({"metadata": {"annotations": {key: list}}, "spec": {"volumes": volumes}});
    let deployment =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": template}});
    (deployment, Vec::new())
}

/// An autoscaler of the Deployment of a name, with a metric of each container.
fn autoscaler(name: &str, containers: &[String]) -> Value {
    let metric = |container: &String| {
        let target = json!({"type": "Utilization", "averageUtilization": 60});
        let source = json!({"name": "cpu", "container": container, "target": target});
        json!({"type": "ContainerResource", "containerResource": source})
    };
    let metrics: Vec<Value> = containers.iter().map(metric).collect();
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "n"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "metrics": metrics,
        },
    })
}

/// `count` names of containers of `length`.
fn names_of_containers(count: usize, length: usize) -> Vec<String> {
    let name = "x".repeat(length);
    (0..count).map(|index| format!("{index}{name}")).collect()
}

/// An autoscaler that measures `count` containers without requests, with names of `length`.
fn bad_autoscaler(count: usize, length: usize) -> (Value, Vec<Value>) {
    let (name, names) = ("x".repeat(length), names_of_containers(count, length));
    let containers: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "n"},
        "spec": {"template": {"spec": {"containers": containers}}},
    });
    (autoscaler(&name, &names), vec![deployment])
}

/// A Deployment with replicas beside `count` autoscalers, with names of `length`.
fn bad_replicas(count: usize, length: usize) -> (Value, Vec<Value>) {
    let target = "x".repeat(length);
    let names = names_of_containers(count, length);
    let there = names.iter().map(|name| {
        let mut scaler = autoscaler(&target, &[]);
        scaler["metadata"]["name"] = json!(name);
        scaler["spec"]["minReplicas"] = json!(4);
        scaler
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": target, "namespace": "n"},
        "spec": {"replicas": 3},
    });
    (deployment, there.collect())
}

/// An autoscaler that shares `count` containers with another one, with names of `length`.
fn bad_pair(count: usize, length: usize) -> (Value, Vec<Value>) {
    let (name, names) = ("x".repeat(length), names_of_containers(count, length));
    let vertical = json!({
        "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
        "metadata": {"name": name, "namespace": "n"},
        "spec": {"targetRef": {"kind": "Deployment", "name": name}},
    });
    (autoscaler(&name, &names), vec![vertical])
}

/// A Secret with `count` values that were not encoded, and keys of `length`.
fn bad_secret(count: usize, length: usize) -> (Value, Vec<Value>) {
    let key = "x".repeat(length);
    let entry = |index: usize| (format!("{index}{key}"), json!("0123456789abcdef"));
    let data: Map<String, Value> = (0..count).map(entry).collect();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "data": data});
    (secret, Vec::new())
}

/// A Pod with `count` variables of keys of `length` that its `ConfigMap` does not have.
fn bad_references(count: usize, length: usize) -> (Value, Vec<Value>) {
    let key = "x".repeat(length);
    let variable = |index: usize| {
        let reference = json!({"name": "web", "key": format!("{index}{key}")});
        json!({"name": index.to_string(), "valueFrom": {"configMapKeyRef": reference}})
    };
    let env: Vec<Value> = (0..count).map(variable).collect();
    let spec = json!({"containers": [{"name": "app", "env": env}]});
    let metadata = json!({"name": "web", "namespace": "n"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    let data = json!({"a": "1"});
    let config_map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    (pod, vec![config_map])
}

/// An Ingress with `count` paths that its rewrite does not fit, and paths of `length`.
fn bad_ingress(count: usize, length: usize) -> (Value, Vec<Value>) {
    let name = "x".repeat(length);
    let path = |index: usize| json!({"path": format!("/{index}{name}(/|$)(.*)"), "pathType": "ImplementationSpecific"});
    let paths: Vec<Value> = (0..count).map(path).collect();
    let annotations = json!({"nginx.ingress.kubernetes.io/rewrite-target": "/$1"});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "n", "annotations": annotations},
        "spec": {"rules": [{"http": {"paths": paths}}]},
    });
    (ingress, Vec::new())
}

#[test]
fn however_much_is_wrong_the_answer_stays_small() {
    let strict = json!({"ranges": [{"ports": 30000, "protocols": ["TCP"]}]});
    let both_sides = json!({"writtenFirst": "deny"});
    let fixed = json!({"fixedReplicas": "deny"});
    let policies: [(&str, Value, Bad); 10] = [
        (EmptydirStorage::NAME, Value::Null, bad_scratch),
        (HostpathMounts::NAME, Value::Null, bad_pod),
        (HpaReplicas::NAME, fixed, bad_replicas),
        (HpaTargetRequests::NAME, Value::Null, bad_autoscaler),
        (HpaVpaOverlap::NAME, both_sides, bad_pair),
        (NodeportRange::NAME, strict, bad_service),
        (PodDisruption::NAME, Value::Null, bad_disruption),
        (SecretData::NAME, Value::Null, bad_secret),
        (ServiceRoutes::NAME, Value::Null, bad_ingress),
        (WorkloadReferences::NAME, Value::Null, bad_references),
    ];
    assert_eq!(policies.len(), policies::RULES.len(), "one is left out");
    for (policy, settings, object) in policies {
        let guest: Arc<Guest> = policies::load(policy).unwrap();
        for (count, length) in [(1, 100_000), (40, 4_000), (2_000, 10)] {
            let (object, there) = object(count, length);
            let request = complete(&json!({ "object": object })).unwrap();
            let host = Arc::new(MemoryCluster::new(there)).host(guest.metadata());
            let response = guest.validate(&request, &settings, host).unwrap();
            let place = format!("{policy}: {count} findings, names of {length}");
            assert_eq!(response.code, Some(403), "{place}");
            assert_eq!(invariants::check(&response), Ok(()), "{place}");
            let audited: usize = response.audit_annotations.values().map(String::len).sum();
            assert!(
                audited <= 10 * 1024,
                "{place}: {audited} bytes for the audit log"
            );
        }
    }
}
