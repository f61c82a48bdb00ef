//! The settings that let pass what manifests mount, and nothing more.

use serde_json::Value;

use crate::stage::{Stage, err, out};

const AGENT: &str = "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: node}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      serviceAccountName: agent
      containers:
      - name: agent
        image: agent
        volumeMounts:
        - {name: logs, mountPath: /logs}
        - {name: socket, mountPath: /docker.sock, readOnly: true}
        - {name: proc, mountPath: /proc, readOnly: true}
      volumes:
      - {name: logs, hostPath: {path: /var/log}}
      - {name: socket, hostPath: {path: /var/run/docker.sock, type: Socket}}
      - {name: proc, hostPath: {path: //proc/}}
";

const VOLUME: &str = "\
apiVersion: v1
kind: PersistentVolume
metadata: {name: keys}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /etc/kubernetes}
";

const SETTINGS: &str = "\
# What hostpath-mounts has to allow for these manifests, and nothing more: each entry is for one path, in the way and by
# the service accounts that mount it. An entry without service accounts is for a PersistentVolume, and so for all pods.
# Review each before you use it: what is refused leads to the node most often.
hostpath-mounts:
  allowed:
  # PersistentVolume keys (m/volume.yaml:7)
  - path: \"/etc/kubernetes\"
    match: \"exact\"
    readOnly: false
    types: [\"\"]
  # DaemonSet node/agent (m/agent.yaml:20)
  - path: \"/proc\"
    match: \"exact\"
    readOnly: true
    types: [\"\"]
    serviceAccounts: [\"node/agent\"]
  # DaemonSet node/agent (m/agent.yaml:19)
  - path: \"/run/docker.sock\"
    match: \"exact\"
    readOnly: true
    types: [\"Socket\"]
    serviceAccounts: [\"node/agent\"]
  # DaemonSet node/agent (m/agent.yaml:14)
  - path: \"/var/log\"
    match: \"exact\"
    readOnly: false
    types: [\"\"]
    serviceAccounts: [\"node/agent\"]
";

fn stage() -> Stage {
    let stage = Stage::with_built(&["hostpath-mounts"]);
    stage.write("m/agent.yaml", AGENT);
    stage.write("m/volume.yaml", VOLUME);
    stage
}

/// How many objects are refused with the settings.
fn refused(stage: &Stage, arguments: &[&str]) -> Value {
    let arguments = [&["-f", "json", "--settings", "settings.yaml"], arguments].concat();
    let report: Value = serde_json::from_str(&stage.run(&arguments).1).unwrap();
    report["summary"]["refused"].clone()
}

#[test]
fn the_same_manifests_pass_with_what_is_printed() {
    let stage = stage();
    assert_eq!(stage.run(&["allow", "m"]), out(0, SETTINGS));
    stage.write("settings.yaml", SETTINGS);
    assert_eq!(refused(&stage, &["m"]), 0);
}

#[test]
fn nothing_wider_passes() {
    let stage = stage();
    stage.write("settings.yaml", SETTINGS);
    for (what, other) in [
        (
            "another service account",
            AGENT.replace("serviceAccountName: agent", "serviceAccountName: other"),
        ),
        (
            "another namespace",
            AGENT.replace("namespace: node", "namespace: shop"),
        ),
        (
            "a path above",
            AGENT.replace("path: /var/log", "path: /var"),
        ),
        (
            "a path below",
            AGENT.replace("path: //proc/", "path: /proc/1"),
        ),
        ("another type", AGENT.replace("type: Socket", "type: \"\"")),
        (
            "a writable mount",
            AGENT.replace(
                "mountPath: /docker.sock, readOnly: true",
                "mountPath: /docker.sock",
            ),
        ),
        (
            "propagation",
            AGENT.replace(
                "mountPath: /logs",
                "mountPath: /logs, mountPropagation: Bidirectional",
            ),
        ),
    ] {
        assert_ne!(other, AGENT, "{what}");
        stage.write("other.yaml", other);
        assert_eq!(refused(&stage, &["other.yaml"]), 1, "{what}");
    }
}

#[test]
fn the_entries_stand_beside_those_that_are_there() {
    let stage = stage();
    let there = "hostpath-mounts: {mode: allowlist, allowed: [{path: /srv, readOnly: false}]}\n";
    stage.write("there.yaml", there);
    let (status, text, errors) = stage.run(&["allow", "--settings", "there.yaml", "m/agent.yaml"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(
        text.contains("  mode: \"allowlist\"\n  allowed:\n  - {\"path\":\"/srv\",\"readOnly\":false}\n  # DaemonSet"),
        "{text}"
    );
    stage.write("settings.yaml", &text);
    assert_eq!(refused(&stage, &["m/agent.yaml"]), 0);
}

#[test]
fn it_adds_nothing_to_the_settings_of_a_cluster() {
    let stage = stage();
    let text = "`preflight allow` writes settings for --settings, and cannot add to those of";
    assert_eq!(
        stage.run(&["allow", "--policies-from", "p.yaml", "m"]),
        err(&format!("{text} --policies-from: leave it out"))
    );
    stage.write(".preflight.yaml", "policiesFrom: [p.yaml]\n");
    assert_eq!(
        stage.run(&["allow", "m"]),
        err(&format!(
            "{text} `policiesFrom` in .preflight.yaml: give --settings, or --no-config"
        ))
    );
    assert_eq!(stage.run(&["allow", "--no-config", "m"]), out(0, SETTINGS));
    stage.write("settings.yaml", "{}\n");
    let with_settings = ["allow", "--settings", "settings.yaml", "m"];
    assert_eq!(stage.run(&with_settings), out(0, SETTINGS));
}

#[test]
fn what_no_entry_can_allow_is_told() {
    let stage = stage();
    stage.write("m/agent.yaml", AGENT.replace("//proc/", "/proc/../etc"));
    let (status, text, _) = stage.run(&["allow", "m/agent.yaml"]);
    assert_eq!(status, 1);
    let (_, end) = text.split_once("# What no entry can allow:\n").unwrap();
    let expected = "# - DaemonSet node/agent (m/agent.yaml:20): spec.template.spec.volumes[2].hostPath.path: \"/proc/../etc\" \
                    contains \"..\", so where it leads cannot be checked\n";
    assert_eq!(end, expected);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n";
    stage.write("pod.yaml", pod);
    let nothing = "# hostpath-mounts refuses nothing of this: nothing has to be allowed.\n";
    assert_eq!(stage.run(&["allow", "pod.yaml"]), out(0, nothing));
}

#[test]
fn who_may_write_to_a_path_may_write_to_what_is_in_it() {
    let stage = stage();
    let pod = AGENT.replace("path: /var/log}", "path: /}");
    stage.write("m/agent.yaml", pod);
    let (status, text, _) = stage.run(&["allow", "m/agent.yaml"]);
    assert_eq!(status, 0, "{text}");
    stage.write("settings.yaml", &text);
    assert_eq!(refused(&stage, &["m/agent.yaml"]), 0);
}

/// A pod with one volume.
fn pod(name: &str, source: &str, read_only: bool) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: node}}\nspec:\n  containers:\n  - name: a\n    \
         image: a\n    volumeMounts: [{{name: v, mountPath: /v, readOnly: {read_only}}}]\n  volumes: [{{name: v, hostPath: \
         {source}}}]\n"
    )
}

#[test]
fn the_rest_is_printed_where_the_settings_do_not_take_a_path() {
    let stage = stage();
    let pods = [
        pod("root", "{path: /proc/1/root}", false),
        pod("share", r"{path: '\\server\share'}", false),
        pod("short", r"{path: 'C:\Progra~1'}", false),
        pod("logs", "{path: /var/log}", false),
    ];
    stage.write("pods.yaml", pods.concat());
    let (status, text, errors) = stage.run(&["allow", "pods.yaml"]);
    assert_eq!((status, errors.as_str()), (1, ""), "{text}");
    let (entries, rest) = text.split_once("# What no entry can allow:\n").unwrap();
    assert!(entries.contains("  - path: \"/var/log\"\n"), "{text}");
    assert_eq!(entries.matches("- path: ").count(), 1, "{text}");
    let names: Vec<&str> = rest
        .lines()
        .filter_map(|line| line.split(' ').nth(3))
        .collect();
    assert_eq!(names, ["node/root", "node/share", "node/short"], "{text}");
    stage.write("settings.yaml", &text);
    assert_eq!(refused(&stage, &["pods.yaml"]), 3);
}

#[test]
fn an_entry_has_all_types_with_which_an_account_mounts_a_path() {
    let stage = stage();
    let file = pod("writes", "{path: /etc/x, type: File}", false);
    let any = pod("reads", "{path: /etc/x}", true);
    stage.write("pods.yaml", format!("{file}{any}"));
    let (status, text, errors) = stage.run(&["allow", "pods.yaml"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{text}");
    assert!(text.contains("    types: [\"\",\"File\"]\n"), "{text}");
    stage.write("settings.yaml", &text);
    assert_eq!(refused(&stage, &["pods.yaml"]), 0);
}

#[test]
fn a_path_that_looks_like_a_command_is_written_with_an_escape() {
    let stage = stage();
    stage.write(
        "pod.yaml",
        pod("logs", "{path: '/var/log/##[x]###'}", false),
    );
    let (status, text, errors) = stage.run(&["allow", "pod.yaml"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{text}");
    assert!(
        text.contains(r#"path: "/var/log/#\u0023[x]#\u0023#""#),
        "{text}"
    );
    assert!(!text.contains("##"), "{text}");
    stage.write("settings.yaml", &text);
    assert_eq!(refused(&stage, &["pod.yaml"]), 0);
}

#[test]
fn the_account_goes_by_either_name_and_is_none_where_it_may_be_named_elsewhere() {
    let spec = |account: &str| {
        format!(
            "{{{account}containers: [{{name: a}}], volumes: [{{name: v, hostPath: {{path: /etc/kubernetes}}}}]}}"
        )
    };
    let old = spec("serviceAccount: agent, ");
    let bare = spec("");
    for (api_version, kind, spec, accounts) in [
        ("v1", "Pod", old.clone(), Some("shop/agent")),
        ("v1", "Pod", bare.clone(), Some("shop/default")),
        (
            "argoproj.io/v1alpha1",
            "Rollout",
            format!("{{template: {{spec: {bare}}}}}"),
            Some("shop/default"),
        ),
        (
            "opentelemetry.io/v1beta1",
            "OpenTelemetryCollector",
            old,
            Some("shop/agent"),
        ),
        (
            "opentelemetry.io/v1beta1",
            "OpenTelemetryCollector",
            bare,
            None,
        ),
    ] {
        let stage = Stage::with_built(&["hostpath-mounts"]);
        let object = format!(
            "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a, namespace: shop}}\nspec: {spec}\n"
        );
        stage.write("m/a.yaml", object);
        let (_, printed, _) = stage.run(&["allow", "m"]);
        let line = accounts.map(|accounts| format!("serviceAccounts: [\"{accounts}\"]"));
        match line {
            Some(line) => assert!(printed.contains(&line), "{kind} {printed}"),
            None => assert!(!printed.contains("serviceAccounts"), "{kind} {printed}"),
        }
    }
}

#[test]
fn what_no_container_mounts_may_be_mounted_writable_later() {
    let stage = stage();
    let object = |api: &str, kind: &str, spec: &str| {
        format!(
            "---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: a, namespace: shop}}\nspec: {{{spec}, volumes: [{{name: v, \
             hostPath: {{path: /etc/kubernetes}}}}]}}\n"
        )
    };
    for (object, read_only) in [
        (object("v1", "Pod", "containers: [{name: a}]"), false),
        (object("v1", "Pod", "containers: []"), false),
        // Its mounts stand elsewhere.
        (
            object(
                "opentelemetry.io/v1beta1",
                "OpenTelemetryCollector",
                "serviceAccount: agent",
            ),
            true,
        ),
    ] {
        stage.write("a.yaml", &object);
        let (status, text, errors) = stage.run(&["allow", "a.yaml"]);
        assert_eq!((status, errors.as_str()), (0, ""), "{text}");
        assert!(text.contains(&format!("readOnly: {read_only}")), "{text}");
        stage.write("settings.yaml", &text);
        assert_eq!(refused(&stage, &["a.yaml"]), 0, "{text}");
    }
}

#[test]
fn what_was_not_checked_is_named() {
    let stage = stage();
    let wrap = "apiVersion: example.com/v1\nkind: Wrap\nmetadata: {name: a, namespace: shop}\nspec: {template: {spec: \
                {containers: [{name: a, image: a}]}}}\n";
    stage.write("m/wrap.yaml", wrap);
    let rest = "# What was not checked, and may need more (`preflight` says why):\n# - Wrap shop/a (m/wrap.yaml:4)\n";
    let nothing = "# hostpath-mounts refuses nothing of this: nothing has to be allowed.\n";
    assert_eq!(
        stage.run(&["allow", "m/wrap.yaml"]),
        out(0, &format!("{nothing}{rest}"))
    );
    let (_, text, _) = stage.run(&["allow", "m"]);
    assert_eq!(text, format!("{SETTINGS}{rest}"));
}

#[test]
fn two_names_of_one_path_have_one_entry() {
    let stage = stage();
    let pods = [
        pod("writes", "{path: /lib/modules}", false),
        pod("reads", "{path: /usr/lib/modules, type: Directory}", true),
    ];
    stage.write("pods.yaml", pods.concat());
    let (status, text, errors) = stage.run(&["allow", "pods.yaml"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{text}");
    assert_eq!(text.matches("- path: ").count(), 1, "{text}");
    stage.write("settings.yaml", &text);
    assert_eq!(refused(&stage, &["pods.yaml"]), 0);
}
