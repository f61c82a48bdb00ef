//! The charts, as Helm renders them: the policies of `deploy/`, for equal values.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeMap;

use bundle_tests::charts::{NAMESPACE, folder, lint, render};
use bundle_tests::deploy::{POLICY, lost, merge, objects, overlay, patched};
use bundle_tests::docs::charts::bundle::NAME;
use bundle_tests::{names, policies, read, repository, yaml};
use kubewarden_policy_sdk::crd::policies::ClusterAdmissionPolicy;
use serde_json::{Value, json};

/// Kind and name.
type Id = (String, String);

fn by_id(objects: Vec<Value>) -> BTreeMap<Id, Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let id = |object: &Value| (text(&object["kind"]), text(&object["metadata"]["name"]));
    let count = objects.len();
    let objects: BTreeMap<Id, Value> = objects.into_iter().map(|it| (id(&it), it)).collect();
    assert_eq!(objects.len(), count, "one object of a kind and name");
    objects
}

fn policy(objects: &BTreeMap<Id, Value>, name: &str) -> Value {
    objects[&(POLICY.to_owned(), name.to_owned())].clone()
}

/// Kubewarden reads it, and loses no field.
fn survives(object: &Value) {
    let read: ClusterAdmissionPolicy = serde_json::from_value(object.clone()).unwrap();
    assert_eq!(lost(object, &serde_json::to_value(read).unwrap()), None);
}

/// What stands in `deploy/base`, with the policies of an overlay.
fn deployed(name: &str) -> BTreeMap<Id, Value> {
    let mut all = by_id(objects("base").unwrap());
    // Nothing of it reaches a cluster.
    all.retain(|(kind, _), _| kind != "ConfigMap");
    for (policy, object) in overlay(name).unwrap() {
        all.insert((POLICY.to_owned(), policy), object);
    }
    all
}

fn yaml_file(path: &str) -> Value {
    yaml::read(&read(&repository(path)).unwrap()).unwrap()
}

/// Each policy once, and all of them.
fn charts() -> Vec<String> {
    let mut charts = policies::all().unwrap();
    charts.push(NAME.to_owned());
    charts
}

#[test]
fn there_is_a_chart_for_each_policy_and_one_for_all_and_helm_finds_nothing_wrong() {
    let mut expected = charts();
    expected.sort();
    assert_eq!(names(&repository("charts")).unwrap(), expected);
    for chart in expected {
        assert_eq!(lint(&chart), Ok(()), "{chart}");
    }
}

#[test]
fn the_chart_of_a_policy_is_its_manifest() {
    let base = overlay("base").unwrap();
    for name in policies::all().unwrap() {
        let Some(rendered) = render(&name, NAMESPACE, &json!({})).unwrap() else {
            return;
        };
        assert_eq!(rendered.len(), 1, "{name}");
        survives(&rendered[0]);
        similar_asserts::assert_eq!(rendered[0], base[&name], "{name}");
    }
}

#[test]
fn the_values_of_a_policy_decide() {
    let values = json!({
        "global": {"cattle": {"systemDefaultRegistry": "registry.local:5000", "clusterId": "c-1"}},
        "module": {"repository": "security/node-ports", "tag": "v9"},
        "policyServer": "own", "mode": "monitor", "timeoutSeconds": 9, "backgroundAudit": false,
        "namespaceSelector": {"matchLabels": {"team": "shop"}}, "matchConditions": null,
        "settings": {"clusterRange": "20000-20100", "exempt": {"namespaces": ["off", "0", "on"]}},
    });
    let Some(rendered) = render("nodeport-range", NAMESPACE, &values).unwrap() else {
        return;
    };
    survives(&rendered[0]);
    let mut expected = overlay("base").unwrap().remove("nodeport-range").unwrap();
    let spec = expected["spec"].as_object_mut().unwrap();
    spec.remove("matchConditions").unwrap();
    spec.extend([
        (
            "module".to_owned(),
            json!("registry://registry.local:5000/security/node-ports:v9"),
        ),
        // What would be refused is reported.
        ("failurePolicy".to_owned(), json!("Ignore")),
    ]);
    for key in [
        "policyServer",
        "mode",
        "timeoutSeconds",
        "backgroundAudit",
        "namespaceSelector",
        "settings",
    ] {
        spec.insert(key.to_owned(), values[key].clone());
    }
    similar_asserts::assert_eq!(rendered[0], expected);

    // Without a registry of its own, the registry of the policy server.
    let values = json!({"global": {"cattle": {"systemDefaultRegistry": ""}}, "settings": null});
    let rendered = render("nodeport-range", NAMESPACE, &values)
        .unwrap()
        .unwrap();
    let spec = &rendered[0]["spec"];
    let module = format!(
        "registry://policies/nodeport-range:v{}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        (&spec["module"], &spec["settings"]),
        (&json!(module), &json!({}))
    );
}

#[test]
fn the_chart_with_all_policies_is_each_overlay() {
    let strict = yaml_file(&format!("charts/{NAME}/values-strict.yaml"));
    for (values, name) in [
        (json!({}), "base"),
        (strict, "strict"),
        (json!({"mode": "monitor"}), "monitor"),
    ] {
        let Some(rendered) = render(NAME, NAMESPACE, &values).unwrap() else {
            return;
        };
        let rendered = by_id(rendered);
        let mut expected = deployed(name);
        if name == "monitor" {
            let policies = expected
                .values_mut()
                .filter(|object| object["kind"] == POLICY);
            for policy in policies {
                policy["spec"]["mode"] = json!("monitor");
                policy["spec"]["failurePolicy"] = json!("Ignore");
            }
        }
        for policy in policies::all().unwrap() {
            survives(&self::policy(&rendered, &policy));
        }
        similar_asserts::assert_eq!(rendered, expected, "{name}");
    }
}

#[test]
fn the_values_of_all_policies_and_of_one_decide() {
    let values = json!({
        "global": {"cattle": {"systemDefaultRegistry": "registry.local:5000"}},
        "module": {"repository": "security", "tag": "v9"},
        "policyServer": "own", "timeoutSeconds": 7,
        "kubewarden": {"policyServerAccount": "reader", "auditScannerAccount": "auditor"},
        "audit": {"secrets": true},
        "policies": {
            "hostpath-mounts": {"settings": {"allowed": [{"path": "/var/log", "namespaces": ["logging"]}]}},
            "secret-data": {"mode": "monitor", "settings": {"size": {"total": 1_048_576}}},
            "hpa-replicas": {"enabled": false},
            "workload-references": {"policyServer": "other", "timeoutSeconds": 9},
        },
    });
    let Some(rendered) = render(NAME, "cattle-kubewarden-system", &values).unwrap() else {
        return;
    };
    let mut expected = deployed("base");
    expected
        .remove(&(POLICY.to_owned(), "hpa-replicas".to_owned()))
        .unwrap();
    for ((kind, name), object) in &mut expected {
        if kind == POLICY {
            let chosen = json!({"spec": {
                "module": format!("registry://registry.local:5000/security/{name}:v9"),
                "policyServer": "own", "timeoutSeconds": 7,
            }});
            merge(object, &chosen);
            let settings = &values["policies"][name.as_str()]["settings"];
            if !settings.is_null() {
                merge(&mut object["spec"]["settings"], settings);
            }
        }
        if kind == "ClusterRoleBinding" {
            let account = if name.ends_with("-audit") {
                "auditor"
            } else {
                "reader"
            };
            object["subjects"][0]["name"] = json!(account);
            object["subjects"][0]["namespace"] = json!("cattle-kubewarden-system");
        }
        if kind == "ClusterRole" && name.ends_with("-audit") {
            let secrets = patched("components/audit-secrets", "/rules/-").unwrap();
            assert_eq!(secrets.len(), 1);
            object["rules"].as_array_mut().unwrap().extend(secrets);
        }
        match name.as_str() {
            "secret-data" => merge(
                object,
                &json!({"spec": {"mode": "monitor", "failurePolicy": "Ignore"}}),
            ),
            "workload-references" => {
                merge(
                    object,
                    &json!({"spec": {"policyServer": "other", "timeoutSeconds": 9}}),
                );
            }
            _ => {}
        }
    }
    similar_asserts::assert_eq!(by_id(rendered), expected);
}

#[test]
fn a_policy_reads_secrets_in_the_namespaces_of_the_values_alone() {
    let component = objects("components/read-secrets").unwrap();
    let image = component
        .iter()
        .find_map(|object| object["spec"]["image"].as_str());
    let values = json!({"readSecrets": {"namespaces": ["shop", "bank"], "image": image}});
    let Some(rendered) = render(NAME, NAMESPACE, &values).unwrap() else {
        return;
    };
    let (bank, rendered): (Vec<Value>, Vec<Value>) = rendered
        .into_iter()
        .partition(|object| object["metadata"]["namespace"] == "bank");
    let mut expected = deployed("base");
    expected.extend(by_id(component));
    let patch = json!({"spec": {"policyServer": "workload-references", "settings": {"secrets": "granted"}}});
    let policy = expected
        .get_mut(&(POLICY.to_owned(), "workload-references".to_owned()))
        .unwrap();
    merge(policy, &patch);
    let secret = json!({"apiVersion": "v1", "kind": "Secret"});
    policy["spec"]["contextAwareResources"]
        .as_array_mut()
        .unwrap()
        .push(secret);
    let rendered = by_id(rendered);
    similar_asserts::assert_eq!(rendered, expected);

    let (_, shop) = rendered
        .iter()
        .find(|((kind, _), _)| kind == "RoleBinding")
        .unwrap();
    let mut other = shop.clone();
    other["metadata"]["namespace"] = json!("bank");
    assert_eq!(bank, [other]);

    let values = json!({"readSecrets": {"namespaces": ["shop"]}});
    let refused = render(NAME, NAMESPACE, &values).unwrap_err();
    assert!(
        refused.contains("readSecrets.image is missing"),
        "{refused}"
    );
}

#[test]
fn roles_are_for_sites_that_want_them() {
    let values = json!({"rbac": {"create": false}, "kubewarden": {"namespace": "elsewhere"}});
    let Some(rendered) = render(NAME, NAMESPACE, &values).unwrap() else {
        return;
    };
    assert!(rendered.iter().all(|object| object["kind"] == POLICY));
    let values = json!({"kubewarden": {"namespace": "elsewhere"}});
    let rendered = render(NAME, NAMESPACE, &values).unwrap().unwrap();
    let subjects = rendered
        .iter()
        .filter_map(|object| object["subjects"].as_array());
    let namespaces: Vec<&Value> = subjects
        .flatten()
        .map(|subject| &subject["namespace"])
        .collect();
    assert_eq!(namespaces, ["elsewhere", "elsewhere"]);
}

#[test]
fn helm_refuses_values_and_settings_that_are_wrong() {
    if render(NAME, NAMESPACE, &json!({})).unwrap().is_none() {
        return;
    }
    for (chart, values, named) in [
        ("nodeport-range", json!({"mod": "monitor"}), "'mod'"),
        ("nodeport-range", json!({"mode": "audit"}), "/mode"),
        (
            "nodeport-range",
            json!({"settings": {"nodePorts": "off"}}),
            "/settings/nodePorts",
        ),
        (
            "hostpath-mounts",
            json!({"settings": {"allowed": [{"paths": "/"}]}}),
            "/settings/allowed/0",
        ),
        (NAME, json!({"policies": {"hostpath": {}}}), "'hostpath'"),
        (
            NAME,
            json!({"policies": {"secret-data": {"settings": {"size": {"totl": 1}}}}}),
            "'totl'",
        ),
        (
            NAME,
            json!({"kubewarden": {"nameSpace": "x"}}),
            "'nameSpace'",
        ),
    ] {
        let refused = render(chart, NAMESPACE, &values).unwrap_err();
        assert!(refused.contains(named), "{chart} {values}: {refused}");
    }
}

/// What Rancher's UI makes of a chart, in `pkg/kubewarden/components/Policies/Create.vue` of rancher/kubewarden-ui, is what its
/// templates make.
#[test]
fn rancher_reads_what_helm_renders() {
    for name in policies::all().unwrap() {
        let chart = yaml_file(&format!("charts/{name}/Chart.yaml"));
        let annotation = |key: &str| {
            chart["annotations"][key]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        for (key, value) in [
            ("type", "kubewarden-policy"),
            ("ui-component", "kubewarden"),
            ("hidden", "true"),
        ] {
            assert_eq!(
                annotation(&format!("catalog.cattle.io/{key}")),
                value,
                "{name}"
            );
        }
        let listed = |key: &str| match annotation(key).as_str() {
            "" => Value::Null,
            text => yaml::read(text).unwrap(),
        };
        let base = &overlay("base").unwrap()[&name]["spec"];
        let module = ["registry", "repository"]
            .map(|key| annotation(&format!("kubewarden/{key}")))
            .join("/");
        let module = format!("registry://{module}:{}", annotation("kubewarden/tag"));
        assert_eq!(base["module"], module);
        assert_eq!(base["rules"], listed("kubewarden/rules"), "{name}");
        assert_eq!(
            base["contextAwareResources"],
            listed("kubewarden/contextAwareResources"),
            "{name}"
        );
        assert_eq!(
            base["mutating"].to_string(),
            annotation("kubewarden/mutation"),
            "{name}"
        );

        // Newer ones have the module in their values.
        let values = yaml_file(&format!("charts/{name}/values.yaml"));
        let registry = &values["global"]["cattle"]["systemDefaultRegistry"];
        assert_eq!(*registry, annotation("kubewarden/registry"));
        for key in ["repository", "tag"] {
            assert_eq!(
                values["module"][key],
                annotation(&format!("kubewarden/{key}"))
            );
        }
        let form = read(&repository(&format!("policies/{name}/questions-ui.yml"))).unwrap();
        assert_eq!(read(&folder(&name).join("questions.yaml")).unwrap(), form);
    }
}
