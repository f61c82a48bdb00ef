//! With `--old`, what a manifest makes worse is told apart from what another manifest of the same change makes worse for it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use bundle_tests::repository;
use preflight::judge::{ActivePolicy, Existing, judge_in};
use preflight::report::Reported;
use preflight::{Engine, Limits, bundle, manifests};
use serde_json::{Value, json};

/// Kind and rule of what is refused and of what is warned about, where `old` becomes `new`.
fn told(policy: &str, settings: &Value, old: &str, new: &str) -> [Vec<String>; 2] {
    let engine = Engine::new(Limits::default()).unwrap();
    let module = repository("dist").join(format!("{policy}.wasm"));
    let mut policies = bundle::load(&engine, &[module]).unwrap();
    let policy = ActivePolicy::new(policies.remove(0), settings.clone());
    let existing = Existing {
        old: manifests::read_text("old.yaml", old).objects,
        ..Existing::default()
    };
    let new = manifests::read_text("new.yaml", new);
    let report = judge_in(existing, new, &[policy], "shop", None, || ()).unwrap();
    assert_eq!(report.problems, []);
    let line = |finding: &Reported| {
        let rule = finding.rule.as_deref().unwrap_or_default();
        format!("{} {rule}", finding.object.kind)
    };
    [&report.refusals, &report.warnings].map(|findings| findings.iter().map(line).collect())
}

fn autoscalers(percentage: u32, mode: &str) -> String {
    let target = "{apiVersion: apps/v1, kind: Deployment, name: web}";
    format!(
        "
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec:
  scaleTargetRef: {target}
  maxReplicas: 3
  metrics:
  - type: Resource
    resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {percentage}}}}}
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {{name: web}}
spec:
  targetRef: {target}
  updatePolicy: {{updateMode: '{mode}'}}
"
    )
}

const HORIZONTAL: &str = "HorizontalPodAutoscaler shared_resource";
const VERTICAL: &str = "VerticalPodAutoscaler shared_resource";

#[test]
fn what_another_manifest_of_the_change_breaks_is_new() {
    let settings = json!({"writtenFirst": "deny"});
    let told = |old: &str, new: &str| told("hpa-vpa-overlap", &settings, old, new);
    let off = autoscalers(60, "Off");
    let nothing: [&str; 0] = [];
    for (old, new, refused, warned) in [
        (
            &off,
            autoscalers(61, "Recreate"),
            &[HORIZONTAL, VERTICAL][..],
            &nothing[..],
        ),
        // The horizontal one is as it was.
        (
            &off,
            autoscalers(60, "Recreate"),
            &[VERTICAL],
            &[HORIZONTAL],
        ),
        // Both had it before.
        (
            &autoscalers(60, "Recreate"),
            autoscalers(61, "Auto"),
            &[],
            &[HORIZONTAL, VERTICAL],
        ),
        (
            &autoscalers(60, "Recreate"),
            autoscalers(61, "Off"),
            &[],
            &[],
        ),
    ] {
        assert_eq!(told(old, &new), [refused, warned], "{new}");
    }
    // Nothing is known of vertical ones: what is written is taken to be there.
    let horizontal = off.split("---").next().unwrap();
    assert_eq!(
        told(horizontal, &autoscalers(61, "Recreate")),
        [vec![VERTICAL], vec![HORIZONTAL]]
    );
}

/// A `ConfigMap` with these keys, and a Deployment that reads one.
fn config(keys: &str, read: &str) -> String {
    format!(
        "
apiVersion: v1
kind: ConfigMap
metadata: {{name: web}}
data: {{{keys}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: app
        env:
        - name: HOST
          valueFrom: {{configMapKeyRef: {{name: web, key: {read}}}}}
"
    )
}

#[test]
fn a_key_that_goes_is_told_where_it_goes_while_something_reads_it() {
    let told = |old: &str, new: &str| told("workload-references", &json!({}), old, new);
    let before = config("A: a, B: b", "B");
    let nothing: [&str; 0] = [];
    let [refused, warned] = told(&before, &config("A: a", "B"));
    assert_eq!(refused, nothing);
    assert!(
        warned.contains(&"ConfigMap removed_key".to_owned()),
        "{warned:?}"
    );
    // Changed together.
    assert_eq!(told(&before, &config("A: a", "A")), [nothing, nothing]);
    // What is written anew has no excuse.
    let [refused, _] = told(&config("A: a", "A"), &config("A: a", "B"));
    assert_eq!(refused, ["Deployment missing_key"]);
}
