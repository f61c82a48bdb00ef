//! Objects that are defined several times, and objects that no manifest has: what look-ups find.

use serde_json::{Value, json};

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, out},
};

/// A policy for Pods that looks something up, and sends what it finds as its verdict.
fn looking_up(kind: &str, request: &Value) -> Stage {
    let stage = Stage::new(&[]);
    let mut metadata = metadata("look");
    metadata["rules"][0]["operations"] = json!(["CREATE", "UPDATE"]);
    metadata["contextAwareResources"] = json!([{"apiVersion": "v1", "kind": kind}]);
    let look = Validate::LookUp {
        operation: "get_resource",
        request: &request.to_string(),
    };
    stage.write("dist/look.wasm", guest(Some(&metadata), &look));
    stage
}

fn config(namespace: &str, message: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: {namespace}}}\naccepted: false\nmessage: {message}\n"
    )
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n";

/// What the policy was told for each Pod, by its place.
fn told(stage: &Stage, arguments: &[&str]) -> Vec<(String, String)> {
    let report = report(stage, arguments);
    let refusals = report["refusals"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    refusals
        .map(|one| (text(&one["file"]), text(&one["problem"])))
        .collect()
}

fn report(stage: &Stage, arguments: &[&str]) -> Value {
    let text = stage.run(&[&["-f", "json"], arguments].concat()).1;
    serde_json::from_str(&text).unwrap()
}

fn web() -> Value {
    json!({"api_version": "v1", "kind": "ConfigMap", "name": "web", "namespace": "shop"})
}

#[test]
fn a_manifest_meets_the_definition_that_is_nearest_to_it() {
    let stage = looking_up("ConfigMap", &web());
    for folder in ["app/base", "app/overlays/dev", "app/overlays/prod", "other"] {
        stage.write(&format!("m/{folder}/config.yaml"), config("shop", folder));
        stage.write(&format!("m/{folder}/pod.yaml"), POD);
    }
    stage.write(
        "m/app/overlays/prod/both.yaml",
        POD.to_owned() + "---\n" + &config("shop", "both"),
    );
    let expected = [
        ("m/app/base/pod.yaml", "app/base"),
        ("m/app/overlays/dev/pod.yaml", "app/overlays/dev"),
        ("m/app/overlays/prod/both.yaml", "both"),
        ("m/app/overlays/prod/pod.yaml", "app/overlays/prod"),
        ("m/other/pod.yaml", "other"),
    ];
    let expected = expected.map(|(file, folder)| (file.to_owned(), folder.to_owned()));
    assert_eq!(told(&stage, &["m"]), expected);
}

#[test]
fn a_definition_that_may_not_be_meant_is_noted_once() {
    let stage = looking_up("ConfigMap", &web());
    stage.write("m/a/config.yaml", config("shop", "a"));
    stage.write("m/b/config.yaml", config("shop", "b"));
    stage.write("m/c/pod.yaml", POD);
    stage.write("m/c/pods.yaml", POD.replace("name: a", "name: b"));
    let expected = "REFUSED  Pod shop/a  by look
  m/c/pod.yaml:1
    b

REFUSED  Pod shop/b  by look
  m/c/pods.yaml:1
    b

note: m/b/config.yaml:1: ConfigMap shop/web is also in m/a/config.yaml:1; look-ups find the nearer
      one
note: m/c/pod.yaml:1: Pod shop/a and 1 more were checked with ConfigMap web of m/b/config.yaml:1; it
      is defined differently in m/a/config.yaml:1

4 objects, 1 policy: 2 refused, 2 clean (2 not covered by any policy)
";
    assert_eq!(stage.run(&["m"]), out(1, expected));
    // Where both say the same, it does not matter which one it is.
    stage.write("m/a/config.yaml", config("shop", "b"));
    let (_, text, _) = stage.run(&["m"]);
    assert!(!text.contains("were checked with"), "{text}");
}

#[test]
fn what_is_for_two_environments_is_not_twice_there() {
    let stage = looking_up("ConfigMap", &web());
    for environment in ["dev", "prod"] {
        stage.write(&format!("m/overlays/{environment}/pod.yaml"), POD);
    }
    let config = config("shop", "found");
    stage.write("m/overlays/dev/config.yaml", &config);
    let (_, text, _) = stage.run(&["m"]);
    assert!(!text.contains("note: "), "{text}");
    // What is missing in one of them is not found in the other.
    let report = report(&stage, &["m"]);
    let places = ["refusals", "problems"].map(|kind| report[kind][0]["file"].clone());
    assert_eq!(
        places,
        [
            json!("m/overlays/dev/pod.yaml"),
            json!("m/overlays/prod/pod.yaml")
        ]
    );
}

#[test]
fn what_controllers_make_is_found_and_neither_judged_nor_counted() {
    let request =
        json!({"api_version": "v1", "kind": "Secret", "name": "tls", "namespace": "shop"});
    let stage = looking_up("Secret", &request);
    stage.write("pod.yaml", POD);
    let certificate = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web, namespace: shop}\nspec: \
                       {secretName: tls}\n";
    stage.write("certificate.yaml", certificate);
    let report = report(&stage, &["pod.yaml", "certificate.yaml"]);
    assert_eq!(report["summary"]["objects"], 2);
    // The Secret is no verdict.
    let problem = report["problems"][0]["text"].as_str().unwrap();
    assert!(
        problem.starts_with("look could not check Pod shop/a: "),
        "{problem}"
    );
    // A manifest counts in its place.
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: shop}\naccepted: false\nmessage: found\n";
    stage.write("secret.yaml", secret);
    assert_eq!(
        told(
            &stage,
            &["pod.yaml", "certificate.yaml", "--cluster", "secret.yaml"]
        ),
        [("pod.yaml".to_owned(), "found".to_owned())]
    );
}

#[test]
fn what_is_asked_about_the_old_object_is_answered_from_the_old_state() {
    let question = |before: bool| {
        let mut request = web();
        request["before"] = json!(before);
        looking_up("ConfigMap", &request)
    };
    for (before, expected) in [(false, "new"), (true, "old")] {
        let stage = question(before);
        for state in ["old", "new"] {
            stage.write(&format!("{state}/pod.yaml"), POD);
            stage.write(&format!("{state}/config.yaml"), config("shop", state));
        }
        let told = told(&stage, &["--old", "old", "new"]);
        assert_eq!(told, [("new/pod.yaml".to_owned(), expected.to_owned())]);
    }
    // Nothing of the kind is there: it is as it is written.
    let stage = question(true);
    stage.write("old.yaml", POD);
    stage.write(
        "new.yaml",
        POD.to_owned() + "---\n" + &config("shop", "new"),
    );
    assert_eq!(
        told(&stage, &["--old", "old.yaml", "new.yaml"]),
        [("new.yaml".to_owned(), "new".to_owned())]
    );
}

#[test]
fn the_old_object_is_the_one_whose_path_ends_alike() {
    let stage = Stage::new(&[]);
    let mut metadata = metadata("echo");
    metadata["rules"][0]["operations"] = json!(["UPDATE"]);
    stage.write("dist/echo.wasm", guest(Some(&metadata), &Validate::Echo));
    for (folder, label) in [("a", "one"), ("b", "two")] {
        let pod = POD.replace(
            "namespace: shop",
            &format!("namespace: shop, labels: {{x: {label}}}"),
        );
        stage.write(&format!("before/{folder}/pod.yaml"), pod);
        stage.write(&format!("m/{folder}/pod.yaml"), POD);
    }
    let told = told(&stage, &["--old", "before", "m"]);
    let labels = told.iter().map(|(file, payload)| {
        let payload: Value = serde_json::from_str(&payload.replace('\'', "\"")).unwrap();
        let label = payload["request"]["oldObject"]["metadata"]["labels"]["x"].clone();
        (file.as_str(), label)
    });
    assert_eq!(
        labels.collect::<Vec<_>>(),
        [
            ("m/a/pod.yaml", json!("one")),
            ("m/b/pod.yaml", json!("two"))
        ]
    );
}
