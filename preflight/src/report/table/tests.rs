//! Whole reports at the widths of a small and of a large terminal.

use super::*;
use crate::{
    manifests::Problem,
    report::{Subject, Summary, Tally},
};

fn place(file: &str, line: usize) -> Place {
    Place {
        file: file.to_owned(),
        line: Some(line),
        source: None,
    }
}

fn finding(
    policy: &str,
    kind: &str,
    line: usize,
    field: &str,
    problem: &str,
    fix: Option<&str>,
) -> Reported {
    Reported {
        policy: policy.to_owned(),
        object: Subject {
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: Some("shop".to_owned()),
            name: "web".to_owned(),
        },
        position: 0,
        place: place("deploy/web.yaml", line),
        field: Some(field.to_owned()),
        steady_field: None,
        problem: problem.to_owned(),
        fix: fix.map(ToOwned::to_owned),
        rule: Some("some_rule".to_owned()),
        severity: None,
        code: Some(403),
        mode: None,
        replacements: Vec::new(),
        more: None,
    }
}

/// An object that the objects at these positions need.
fn needed(kind: &str, name: &str, positions: &[usize]) -> Needed {
    let by = |position: &usize| Reported {
        position: *position,
        ..finding(
            "workload-references",
            "Pod",
            1,
            "spec",
            "it is not there",
            None,
        )
    };
    Needed {
        object: Subject {
            kind: kind.to_owned(),
            name: name.to_owned(),
            ..finding("", "", 1, "", "", None).object
        },
        needed_by: positions.iter().map(by).collect(),
    }
}

fn report() -> Report {
    let root = r#""/" exposes the whole file system of the node"#;
    let socket = r#""/run/containerd/containerd.sock" is the socket of the container runtime"#;
    Report {
        summary: Summary {
            objects: 5,
            policies: 2,
            refused: 2,
            warned: 1,
            incomplete: 2,
            ..Summary::default()
        },
        by_policy: [
            ("hostpath-mounts", 1, 0),
            ("foreign", 1, 0),
            ("nodeport-range", 0, 1),
        ]
        .map(|(policy, refused, warned)| (policy.to_owned(), Tally { refused, warned }))
        .into(),
        judged: Vec::new(),
        baseline: None,
        refusals: vec![
            finding(
                "hostpath-mounts",
                "Deployment",
                23,
                "spec.template.spec.volumes[0].hostPath.path",
                root,
                Some("mount the one folder that is needed, and list it in allowedPaths"),
            ),
            finding(
                "hostpath-mounts",
                "Deployment",
                27,
                "spec.template.spec.volumes[1].hostPath.path",
                socket,
                None,
            ),
            Reported {
                field: None,
                rule: None,
                ..finding("foreign", "Service", 3, "", "no\nservice", None)
            },
        ],
        warnings: vec![finding(
            "nodeport-range",
            "Service",
            9,
            "spec.ports[0]",
            "has no nodePort",
            None,
        )],
        needed_from_elsewhere: vec![
            needed("ConfigMap", "settings", &[1]),
            needed("Secret", "db", &[1, 1, 2]),
        ],
        excepted: Vec::new(),
        unjudged: Vec::new(),
        problems: vec![Problem {
            place: place("broken.yaml", 3),
            text: "cannot be read: unclosed bracket".to_owned(),
        }],
        notes: vec![Note {
            place: place("chart/\u{1b}[2J.yaml", 1),
            text: "values of a Helm chart, skipped".to_owned(),
        }],
    }
}

fn plain(report: &Report, width: usize) -> String {
    anstream::adapter::strip_str(&render(report, width)).to_string()
}

#[test]
fn a_small_terminal_gets_a_list() {
    assert_eq!(plain(&report(), 80), include_str!("at_80.txt"));
}

#[test]
fn a_large_terminal_gets_a_table() {
    assert_eq!(plain(&report(), 200), include_str!("at_200.txt"));
}
