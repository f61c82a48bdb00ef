//! Changes of files: what needs no decision is written, and nothing else.

use serde_json::{Value, json};

use crate::stage::{Stage, out};

const POLICIES: [&str; 4] = [
    "hostpath-mounts",
    "hpa-target-requests",
    "nodeport-range",
    "secret-data",
];

/// A pod that writes where it may only read. Its comments and its order are its own.
const POD: &str = "\
# logs
apiVersion: v1
kind: Pod
metadata: {name: logs, namespace: shop}
spec:
  volumes:
  - {name: logs, hostPath: {path: /var/log, type: Directory}}
  containers:
  - image: shipper   # pinned elsewhere
    name: shipper
    volumeMounts:
    - name: logs
      mountPath: /logs   # the whole folder
";

const SERVICES: &str = "\
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec:
  type: NodePort
  ports:
  - {port: 80, nodePort: 33000}  # was the old one
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: shop}
spec:
  type: NodePort
  ports:
  - port: 80
    nodePort: 33000
";

const SCALER: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef:
    kind: Deployment
    name: web
  minReplicas: 1
  maxReplicas: 3
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}}
";

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
data:
  # of the old cluster
  password: \"hunter2 MARK\"  # change it
  user: YWRtaW4=
";

fn stage() -> Stage {
    let stage = Stage::with_built(&POLICIES);
    stage.write("m/pod.yaml", POD);
    stage.write("m/scaler.yaml", SCALER);
    stage.write("m/secret.yaml", SECRET);
    stage.write("m/services.yaml", SERVICES);
    stage
}

#[test]
fn what_needs_no_decision_is_changed_and_nothing_else() {
    let stage = stage();
    let before: Value = serde_json::from_str(&stage.run(&["-f", "json", "m"]).1).unwrap();
    assert_eq!(before["summary"]["refused"], 5);
    let expected = "FIXED  Pod shop/logs  by hostpath-mounts [writable_read_only_path]
  m/pod.yaml:12  spec.containers[0].volumeMounts[0].readOnly
    readOnly: true

FIXED  HorizontalPodAutoscaler shop/web  by hpa-target-requests [unscalable_target]
  m/scaler.yaml:5  spec.scaleTargetRef.apiVersion
    apiVersion: apps/v1, kind: Deployment

FIXED  Secret shop/db  by secret-data [invalid_base64]
  m/secret.yaml:6  data[\"password\"]
    data[\"password\"]: encoded in base64

FIXED  Service shop/a  by nodeport-range [outside_allowed_ranges]
  m/services.yaml:7  spec.ports[0].nodePort
    nodePort: 30062

FIXED  Service shop/b  by nodeport-range [outside_allowed_ranges]
  m/services.yaml:16  spec.ports[0].nodePort
    nodePort: 30000

5 findings fixed in 4 files; nothing is refused then
";
    assert_eq!(stage.run(&["fix", "m"]), out(0, expected));
    for (file, expected) in [
        (
            "m/pod.yaml",
            POD.replace(
                "# the whole folder\n",
                "# the whole folder\n      readOnly: true\n",
            ),
        ),
        (
            "m/scaler.yaml",
            SCALER.replace(
                "    name: web\n",
                "    name: web\n    apiVersion: apps/v1\n",
            ),
        ),
        (
            "m/secret.yaml",
            SECRET.replace("hunter2 MARK", "aHVudGVyMiBNQVJL"),
        ),
        (
            "m/services.yaml",
            SERVICES
                .replace("nodePort: 33000}", "nodePort: 30062}")
                .replace("nodePort: 33000\n", "nodePort: 30000\n"),
        ),
    ] {
        assert_eq!(stage.read(file), expected);
    }
    let after: Value = serde_json::from_str(&stage.run(&["-f", "json", "m"]).1).unwrap();
    assert_eq!(after["refusals"], json!([]));
    // Once more there is nothing to do.
    let nothing = "nothing was fixed; nothing is refused\n";
    assert_eq!(stage.run(&["fix", "m"]), out(0, nothing));
}

#[test]
fn base64_with_something_around_it_is_left_as_it_is() {
    let stage = stage();
    let secret = SECRET.replace(
        "user: YWRtaW4=",
        "quoted: '\"Y29ycmVjdCBob3JzZQ==\"'\n  shell: Y29ycmVjdCBob3JzZQ==%\n  url: data:text/plain;base64,Y29ycmVjdCBob3JzZQ==\n  \
         list: Y29ycmVjdCBob3JzZQ==,\n  ticks: '`Y29ycmVjdCBob3JzZQ==`'",
    );
    stage.write("m/secret.yaml", &secret);
    let (status, text, _) = stage.run(&["fix", "m/secret.yaml"]);
    assert_eq!(status, 1, "{text}");
    let expected = secret.replace("hunter2 MARK", "aHVudGVyMiBNQVJL");
    assert_eq!(stage.read("m/secret.yaml"), expected);
}

#[test]
fn a_diff_shows_what_would_be_changed_and_no_line_of_a_secret() {
    let stage = stage();
    stage.write("m/secret.yaml", format!("{SECRET}---\n{POD}"));
    let (status, text, errors) = stage.run(&["fix", "--dry-run", "m/secret.yaml"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    let expected = "--- a/m/secret.yaml
+++ b/m/secret.yaml
@@ -3,7 +3,7 @@
 (a line that may hold a secret, not shown)
 (a line that may hold a secret, not shown)
 (a line that may hold a secret, not shown)
-(a line that may hold a secret, not shown)
+(a line that may hold a secret, not shown)
 (a line that may hold a secret, not shown)
 ---
 # logs
@@ -19,3 +19,4 @@
     volumeMounts:
     - name: logs
       mountPath: /logs   # the whole folder
+      readOnly: true

TO FIX  Secret shop/db  by secret-data [invalid_base64]
  m/secret.yaml:6  data[\"password\"]
    data[\"password\"]: encoded in base64

TO FIX  Pod shop/logs  by hostpath-mounts [writable_read_only_path]
  m/secret.yaml:20  spec.containers[0].volumeMounts[0].readOnly
    readOnly: true

2 findings would be fixed in 1 file; nothing is refused then
";
    assert_eq!(text, expected);
    assert_eq!(stage.read("m/secret.yaml"), format!("{SECRET}---\n{POD}"));
}

#[test]
fn what_cannot_be_changed_in_place_is_told() {
    let stage = stage();
    let alias = POD.replace("    - name: logs\n", "    - &mount\n      name: logs\n");
    let alias = format!("{alias}  - {{name: second, image: x, volumeMounts: [*mount]}}\n");
    stage.write("m/pod.yaml", &alias);
    let (status, text, _) = stage.run(&["fix", "m/pod.yaml"]);
    assert_eq!(status, 1);
    assert!(text.contains("NOT FIXED  Pod shop/logs"), "{text}");
    assert_eq!(stage.read("m/pod.yaml"), alias);
    let (status, text, _) = stage.run_with_input(&["fix", "-"], POD);
    let expected = "NOT FIXED  Pod shop/logs  by hostpath-mounts [writable_read_only_path]
  -:12  spec.containers[0].volumeMounts[0].readOnly
    it is no file that could be changed: change what it is rendered from

nothing was fixed; 1 refusal left, which `preflight` explains
";
    assert_eq!((status, text.as_str()), (1, expected));
}

#[test]
fn sarif_has_the_change_but_for_a_secret() {
    let stage = stage();
    let sarif: Value = serde_json::from_str(&stage.run(&["-f", "sarif", "m"]).1).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let mut of_secrets = results
        .iter()
        .filter(|result| result["ruleId"] == "secret-data/invalid_base64");
    assert_eq!(of_secrets.next().unwrap()["fixes"], Value::Null);
    let fixes = results
        .iter()
        .map(|result| result["fixes"][0]["artifactChanges"].clone());
    let fixes: Vec<Value> = fixes.filter(|changes| !changes.is_null()).collect();
    let change = |file: &str, replacements: &[(usize, usize, usize, &str)]| {
        let replacements = replacements.iter().map(|(line, start, end, text)| {
            json!({
                "deletedRegion": {"startLine": line, "startColumn": start, "endLine": line, "endColumn": end},
                "insertedContent": {"text": text},
            })
        });
        json!([{"artifactLocation": {"uri": file}, "replacements": replacements.collect::<Vec<_>>()}])
    };
    assert_eq!(
        fixes,
        [
            change("m/pod.yaml", &[(13, 44, 44, "\n      readOnly: true")]),
            change(
                "m/scaler.yaml",
                &[
                    (7, 14, 14, "\n    apiVersion: apps/v1"),
                    (6, 11, 21, "Deployment")
                ]
            ),
            change("m/services.yaml", &[(7, 26, 31, "30062")]),
            change("m/services.yaml", &[(16, 15, 20, "30000")]),
        ]
    );
}

#[test]
fn what_only_warns_is_changed_where_that_is_wanted() {
    let stage = stage();
    let pod = POD.replace("/var/log", "/opt/data");
    stage.write("m/pod.yaml", &pod);
    let (_, text, _) = stage.run(&["fix", "m/pod.yaml"]);
    assert_eq!(text, "nothing was fixed; nothing is refused\n");
    let (_, text, _) = stage.run(&["fix", "--warnings", "m/pod.yaml"]);
    assert!(text.contains("[writable_mount]"), "{text}");
    assert!(stage.read("m/pod.yaml").contains("readOnly: true"));
}

#[test]
fn what_the_project_excepts_stays_as_it_is() {
    let stage = stage();
    stage.write(
        ".preflight.yaml",
        "paths: [m/pod.yaml]\nexceptions:\n- {policy: hostpath-mounts, rule: writable_read_only_path, file: m, reason: it has \
         to write}\n",
    );
    let nothing = "nothing was fixed; nothing is refused\n";
    assert_eq!(stage.run(&["fix"]), out(0, nothing));
    assert_eq!(stage.read("m/pod.yaml"), POD);
}

#[test]
fn a_file_that_is_named_twice_is_changed_once() {
    let stage = stage();
    let (status, text, _) = stage.run(&["fix", "m/pod.yaml", "m/pod.yaml"]);
    assert_eq!(status, 0, "{text}");
    let expected = POD.replace(
        "# the whole folder\n",
        "# the whole folder\n      readOnly: true\n",
    );
    assert_eq!(stage.read("m/pod.yaml"), expected);
}

#[test]
fn a_file_with_two_names_is_one() {
    let stage = stage();
    let (status, text, _) = stage.run(&["fix", "m/pod.yaml", "./m/pod.yaml", "m/../m"]);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.ends_with("5 findings fixed in 4 files; nothing is refused then\n"),
        "{text}"
    );
    let (_, report, _) = stage.run(&["-f", "json", "m/pod.yaml", "./m/pod.yaml"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["summary"]["objects"], 1);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_of_another_folder_is_that_file() {
    let stage = stage();
    stage.write("dev/other.yaml", SCALER);
    let link = stage.path().join("dev/services.yaml");
    std::os::unix::fs::symlink("../m/services.yaml", &link).unwrap();
    let (_, text, _) = stage.run(&["fix", "."]);
    assert!(text.contains("findings fixed in 5 files"), "{text}");
    assert_eq!(text.matches("nodePort: 30062").count(), 2, "{text}");
    assert!(link.is_symlink());
    let expected = SERVICES
        .replace("nodePort: 33000}", "nodePort: 30062}")
        .replace("nodePort: 33000\n", "nodePort: 30000\n");
    assert_eq!(stage.read("m/services.yaml"), expected);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_told_and_all_else_is_written() {
    let stage = stage();
    let [pod, other] = ["m/pod.yaml", "pod.txt"].map(|file| stage.path().join(file));
    std::fs::hard_link(pod, other).unwrap();
    let (status, text, errors) = stage.run(&["fix", "m/pod.yaml", "m/scaler.yaml"]);
    let expected =
        "FIXED  HorizontalPodAutoscaler shop/web  by hpa-target-requests [unscalable_target]
  m/scaler.yaml:5  spec.scaleTargetRef.apiVersion
    apiVersion: apps/v1, kind: Deployment

NOT FIXED  Pod shop/logs  by hostpath-mounts [writable_read_only_path]
  m/pod.yaml:12  spec.containers[0].volumeMounts[0].readOnly
    the file is not written: it has other names (hard links), which would keep the old text

1 finding fixed in 1 file; 1 refusal left, which `preflight` explains
1 file could not be written
";
    assert_eq!((status, text.as_str(), errors.as_str()), (2, expected, ""));
    assert_eq!(stage.read("m/pod.yaml"), POD);
    assert!(stage.read("m/scaler.yaml").contains("apps/v1"));
}

#[test]
fn what_was_not_checked_is_named() {
    let stage = Stage::with_built(&POLICIES);
    stage.write("m/broken.yaml", "kind: [\n");
    stage.write("m/utf16.yaml", [0xff, 0xfe, b'a', 0]);
    stage.write("m/.hidden/pod.yaml", POD);
    stage.write("m/pod.yaml", POD.replace("kind: Pod", "kind: pod"));
    let (status, text, errors) = stage.run(&["fix", "m"]);
    let expected = "NOT CHECKED  pod shop/logs (m/pod.yaml:3)
NOT CHECKED  1 folder left out because its name begins with a dot
  `preflight` says why

nothing was fixed; nothing is refused
2 inputs could not be checked
";
    let problems = "error: m/broken.yaml:1: cannot be read: what starts here has no end (column 7)
error: m/utf16.yaml:1: is text in UTF-16: save it as UTF-8
";
    assert_eq!(
        (status, text.as_str(), errors.as_str()),
        (2, expected, problems)
    );
}

#[test]
fn what_cannot_be_changed_keeps_nothing_else_from_it() {
    let stage = Stage::with_built(&POLICIES);
    let mounts = "    - { mountPath: /one, name: logs }
    - ? mountPath
      : /two
      ? name
      : logs
";
    let start = POD.find("    - name: logs").unwrap();
    let pod = format!("{}{mounts}", POD.get(..start).unwrap());
    stage.write("pod.yaml", &pod);
    let (status, text, _) = stage.run(&["fix", "pod.yaml"]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("1 finding fixed in 1 file; 1 refusal left"),
        "{text}"
    );
    let expected = pod.replace("name: logs }", "name: logs, readOnly: true }");
    assert_eq!(stage.read("pod.yaml"), expected);
}

#[test]
fn what_would_change_something_else_keeps_nothing_else_from_it() {
    let stage = Stage::with_built(&POLICIES);
    let line = "password: \"hunter2 MARK\"  # change it\n";
    let alias = SECRET.replace(line, "password: &it \"hunter2 MARK\"\n  again: *it\n");
    let list = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: a, namespace: shop}, data: {a: &a \"hunter2 MARK\", b: \"hunter2 MARK\"}}
- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: shop}, data: {a: *a, b: \"hunter2 MARK\"}}
";
    let all = |secret: &str, alias: &str, list: &str| {
        format!("{alias}---\n{secret}---\n{list}---\n{SERVICES}")
    };
    stage.write("all.yaml", all(SECRET, &alias, list));
    let (status, text, _) = stage.run(&["fix", "all.yaml"]);
    assert_eq!(status, 1, "{text}");
    let why = "something else in the file would change, too: change it by hand";
    assert_eq!(text.matches(why).count(), 2, "{text}");
    let encoded = |text: &str| text.replace("hunter2 MARK", "aHVudGVyMiBNQVJL");
    let expected = all(
        &encoded(SECRET),
        &alias,
        &list.replace("b: \"hunter2 MARK", "b: \"aHVudGVyMiBNQVJL"),
    );
    let services = SERVICES
        .replace("nodePort: 33000}", "nodePort: 30062}")
        .replace("nodePort: 33000\n", "nodePort: 30000\n");
    assert_eq!(
        stage.read("all.yaml"),
        expected.replace(SERVICES, &services)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_text_is_not_taken_for_another() {
    use std::os::unix::ffi::OsStrExt;

    let stage = Stage::with_built(&POLICIES);
    stage.write("m/pod\u{fffd}.yaml", "of another\n");
    let name = std::ffi::OsStr::from_bytes(b"m/pod\xff.yaml");
    std::fs::write(stage.path().join(name), POD).unwrap();
    let (status, text, _) = stage.run(&["fix", "m"]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("\n    its name is not text in UTF-8: rename the file\n"),
        "{text}"
    );
    assert_eq!(stage.read("m/pod\u{fffd}.yaml"), "of another\n");
}

#[test]
fn of_very_many_findings_the_next_ones_are_not_new() {
    let stage = Stage::with_built(&POLICIES);
    let start = POD.find("    - name: logs").unwrap();
    let mut pod = POD.get(..start).unwrap().to_owned();
    let mounts = (0..150).map(|number| format!("    - {{name: logs, mountPath: /{number}}}\n"));
    pod.push_str(&mounts.collect::<Vec<_>>().concat());
    stage.write("pod.yaml", pod);
    for (status, expected) in [
        (1, "100 findings fixed in 1 file; 50 refusals left"),
        (0, "50 findings fixed in 1 file; nothing is refused then"),
    ] {
        let (ended, text, _) = stage.run(&["fix", "pod.yaml"]);
        assert_eq!(ended, status, "{text}");
        assert!(text.contains(expected), "{text}");
    }
}
