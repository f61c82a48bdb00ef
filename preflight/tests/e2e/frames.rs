//! The lines of manifests in the report for people. None of them is of a Secret.

use crate::{
    guests::Validate,
    stage::{Stage, out},
};

const REFUSAL: &str = r#"{"accepted":false,"code":403,"message":"Pod default/web violates strict: spec.volumes[0].hostPath.path: \"/\" is the whole node; fix: mount less [risky_path]","warnings":["strict: spec.absent: is not there [absent]","strict: no field at all"]}"#;

fn stage() -> Stage {
    Stage::new(&[("strict", Validate::Answer(REFUSAL))])
}

#[test]
fn a_field_is_underlined_below_its_place() {
    let stage = stage();
    stage.write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  volumes:\n  - name: root\n    hostPath:\n      \
         path: /   # all of it\n      type: Directory\n",
    );
    let expected = "\
REFUSED  Pod default/web  by strict
  pod.yaml:9  spec.volumes[0].hostPath.path
   8 |     hostPath:
   9 |       path: /   # all of it
     |       ^^^^^^^
  10 |       type: Directory
    \"/\" is the whole node [risky_path]
    fix: mount less

WARNING  Pod default/web  by strict
  pod.yaml:5  spec.absent
  4 |   name: web
  5 | spec:
    | ^^^^^
  6 |   volumes:
    is not there [absent]
  pod.yaml:1
    strict: no field at all

1 object, 1 policy: 1 refused
";
    assert_eq!(stage.run(&["--frame", "pod.yaml"]), out(1, expected));
    // A wide terminal gets the same, and not a table.
    let wide = stage.run(&["--frame", "--width", "200", "pod.yaml"]);
    assert_eq!(wide, out(1, expected));
    let without: Vec<&str> = expected
        .lines()
        .filter(|line| !line.contains('|'))
        .collect();
    let without = format!("{}\n", without.join("\n"));
    assert_eq!(stage.run(&["pod.yaml"]), out(1, &without));
    assert_eq!(
        stage.run(&["--frame", "--no-frame", "pod.yaml"]),
        out(1, &without)
    );
}

#[test]
fn a_long_line_is_cut_to_the_width() {
    let stage = stage();
    let long = "x".repeat(500);
    stage.write(
        "pod.json",
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "web", "labels": {{"a": "{long}"}}}}, "spec": {{"volumes": [{{"name": "a", "hostPath": {{"path": "/"}}}}], "b": "{long}"}}}}"#
        ),
    );
    let (_, text, _) = stage.run(&["--frame", "--width", "80", "pod.json"]);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(text.contains(r#""path": "/""#), "{text}");
}
