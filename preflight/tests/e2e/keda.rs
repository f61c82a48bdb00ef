//! What KEDA makes of a `ScaledObject` is judged, and told at the `ScaledObject`.

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, out},
};

const SCALED: &str = "apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: web
  namespace: shop
spec:
  scaleTargetRef:
    name: web
  triggers:
  - type: cron
  - type: cpu
    metricType: Utilization
    metadata:
      value: '60'
";

/// A policy for autoscalers.
fn stage(name: &str, validate: &Validate<'_>) -> Stage {
    let stage = Stage::new(&[]);
    let mut metadata = metadata(name);
    metadata["rules"] = json!([{
        "apiGroups": ["autoscaling"], "apiVersions": ["v2"], "resources": ["horizontalpodautoscalers"],
        "operations": ["CREATE", "UPDATE"],
    }]);
    stage.write(
        &format!("dist/{name}.wasm"),
        guest(Some(&metadata), validate),
    );
    stage.write("so.yaml", SCALED);
    stage
}

/// What a policy is asked, with these arguments.
fn requests(arguments: &[&str], files: &[(&str, &str)]) -> Vec<Value> {
    let stage = stage("echo", &Validate::Echo);
    for (file, text) in files {
        stage.write(file, text);
    }
    let arguments = [&["-f", "json"], arguments].concat();
    let report: Value = serde_json::from_str(&stage.run(&arguments).1).unwrap();
    let refusals = report["refusals"].as_array().unwrap();
    let asked = refusals.iter().map(|refusal| {
        let text = refusal["problem"].as_str().unwrap();
        let (_, text) = text.split_once('{').unwrap();
        let text = format!("{{{text}").replace('\'', "\"");
        let mut payload: Value = serde_json::from_str(&text).unwrap();
        payload["request"].take()
    });
    asked.collect()
}

fn hpa(name: &str, owner: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {name}\n  namespace: shop\n  \
         ownerReferences: [{{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, name: {owner}, uid: u}}]\nspec: {{}}\n"
    )
}

#[test]
fn a_finding_is_told_at_the_trigger_and_the_object_is_counted_once() {
    let refusal = r#"{"accepted":false,"code":403,"message":"HorizontalPodAutoscaler shop/keda-hpa-web violates hpa: spec.metrics[1].resource.target.averageUtilization: is odd; fix: change spec.metrics[1] [odd]","warnings":["hpa: spec.scaleTargetRef.name: hm [hm]"]}"#;
    let stage = stage("hpa", &Validate::Answer(refusal));
    let expected = "REFUSED  ScaledObject shop/web  by hpa
  so.yaml:14  spec.triggers[1].metadata.value
    in HorizontalPodAutoscaler \"keda-hpa-web\", which KEDA makes of it: is odd [odd]
    fix: change spec.triggers[1]

WARNING  ScaledObject shop/web  by hpa
  so.yaml:8  spec.scaleTargetRef.name
    in HorizontalPodAutoscaler \"keda-hpa-web\", which KEDA makes of it: hm [hm]

1 object, 1 policy: 1 refused
";
    assert_eq!(stage.run(&["--width", "100", "so.yaml"]), out(1, expected));
}

#[test]
fn the_request_is_one_of_keda() {
    let asked = requests(&["so.yaml"], &[]);
    let [request] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(request["operation"], "CREATE");
    let user = "system:serviceaccount:keda:keda-operator";
    assert_eq!(request["userInfo"]["username"], user);
    assert_eq!(request["object"]["metadata"]["name"], "keda-hpa-web");
    let owner = &request["object"]["metadata"]["ownerReferences"][0];
    assert!(owner["uid"].is_string(), "{owner}");
}

#[test]
fn one_that_is_among_the_manifests_is_not_doubled() {
    for (name, owner, count) in [
        ("keda-hpa-web", "web", 1),
        ("mine", "web", 1),
        ("keda-hpa-web", "", 1),
        ("other", "api", 2),
    ] {
        let asked = requests(&["so.yaml", "hpa.yaml"], &[("hpa.yaml", &hpa(name, owner))]);
        assert_eq!(asked.len(), count, "{name}");
    }
}

#[test]
fn one_that_is_in_the_cluster_is_updated() {
    let old = hpa("keda-hpa-web", "web");
    let before = SCALED.replace("60", "70");
    for (file, text) in [("hpa.yaml", old.as_str()), ("old.yaml", before.as_str())] {
        let asked = requests(&["--old", file, "so.yaml"], &[(file, text)]);
        let operations: Vec<_> = asked.iter().map(|request| &request["operation"]).collect();
        assert_eq!(operations, ["UPDATE"], "{file}");
        assert_eq!(asked[0]["oldObject"]["metadata"]["name"], "keda-hpa-web");
    }
}

#[test]
fn where_keda_makes_none_there_is_none() {
    let paused = SCALED.replace(
        "  namespace: shop",
        "  namespace: shop\n  annotations: {autoscaling.keda.sh/paused: 'true'}",
    );
    for text in [&paused, &SCALED.replace("ScaledObject", "ScaledJob")] {
        assert_eq!(
            requests(&["so.yaml"], &[("so.yaml", text)]),
            [Value::Null; 0]
        );
    }
}

#[test]
fn a_trigger_that_keda_cannot_read_warns_where_the_policy_runs() {
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    let text = SCALED.replace("    metricType: Utilization\n", "");
    let stage_of = |name| {
        let stage = stage(name, &accept);
        stage.write("so.yaml", &text);
        stage
    };
    let expected = "WARNING  ScaledObject shop/web  by preflight
  so.yaml:11  spec.triggers[1].metricType
    a trigger of type cpu needs a metricType, so KEDA makes no HorizontalPodAutoscaler and nothing
    scales [unreadable_trigger]
    fix: write metricType: Utilization beside type: cpu, or metricType: AverageValue

1 object, 1 policy: 1 with warnings
";
    let stage = stage_of("hpa-target-requests");
    assert_eq!(stage.run(&["--width", "100", "so.yaml"]), out(0, expected));
    let (status, printed, _) = stage_of("other").run(&["so.yaml"]);
    assert_eq!(
        (status, printed.contains("WARNING")),
        (0, false),
        "{printed}"
    );
}
