//! How fast the command `preflight` starts, and how fast it gets through a whole cluster, with one thread and with all.
//! Checkov reads the same manifests, where it is installed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bundle_tests::repository;
use serde_json::Value;

use crate::chart::{Bar, Panel};
use crate::manifests::{self, OBJECTS_OF_AN_APP, REFUSED};
use crate::report::{Report, cores};
use crate::run::Run;

const OBJECTS: usize = 20_000;
/// What Checkov gets of them: it reads some hundreds a second.
const OBJECTS_OF_PEER: usize = 500;
const ROUNDS: usize = 2;
/// A start is short, and disturbed easily.
const STARTS: usize = 20;

/// The most that a start may take, in seconds of the clock and of the processor.
const MOST_OF_START: (f64, f64) = (0.04, 0.05);
/// The most that all objects may take, in seconds and MiB.
const MOST_OF_ALL: (f64, u64) = (1.6, 150);
/// The policies that the targets for all objects are about.
const JUDGED: &[&str] = &[
    "hostpath-mounts",
    "hpa-target-requests",
    "hpa-vpa-overlap",
    "nodeport-range",
    "secret-data",
];

/// Checkov from `PyPI`, where `python3 -m venv target/tools/checkov` has it. It is there to compare with, and not needed.
const PEER: &str = "target/tools/checkov/bin/checkov";

pub(crate) fn measure_start(report: &mut Report) -> Result<Panel, String> {
    report.table(
        "Start, one file of 5 objects",
        &["command"],
        &["wall time, s", "processor time, s", "memory, MiB"],
    );
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    manifests::write(folder.path(), 1)?;
    let only = JUDGED.first().copied().unwrap_or_default();
    let mut bars = Vec::new();
    for (name, arguments) in [
        ("preflight --version", &["--version"][..]),
        ("preflight", &[]),
        (&format!("preflight -p {only}"), &["-p", only]),
    ] {
        let mut command = preflight();
        command.args(arguments);
        if arguments != ["--version"] {
            command.arg(folder.path());
        }
        let run = Run::fastest(&mut command, STARTS)?;
        row(report, name, &run);
        if arguments.is_empty() {
            let (wall, cpu) = (run.wall.as_secs_f64(), run.cpu.as_secs_f64());
            report.target(
                &format!(
                    "`preflight` takes at most {} s for a file, and {} s of the processor",
                    MOST_OF_START.0, MOST_OF_START.1
                ),
                &format!("{wall:.3}, {cpu:.3}"),
                wall <= MOST_OF_START.0 && cpu <= MOST_OF_START.1,
            );
        }
        bars.push(Bar::new(name, run.wall.as_secs_f64()));
    }
    if let Some(mut peer) = peer(folder.path()) {
        let run = Run::fastest(&mut peer, ROUNDS)?;
        row(report, "checkov", &run);
        bars.push(Bar::new("checkov", run.wall.as_secs_f64()));
    }
    Ok(Panel::new("Start, one file: seconds", bars))
}

fn row(report: &mut Report, name: &str, run: &Run) {
    report.row(&[
        &format!("`{name}`"),
        &format!("{:.3}", run.wall.as_secs_f64()),
        &format!("{:.3}", run.cpu.as_secs_f64()),
        &mebibytes(run),
    ]);
}

pub(crate) fn measure_all(report: &mut Report) -> Result<Panel, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    manifests::write(folder.path(), OBJECTS / OBJECTS_OF_AN_APP)?;
    report.table(
        &format!("{OBJECTS} objects"),
        &["command", "threads"],
        &[
            "wall time, s",
            "processor time, s",
            "cores used",
            "objects a second",
            "objects a second of a core",
            "memory, MiB",
        ],
    );
    let mut bars = Vec::new();
    for (name, policies) in [("preflight", &[][..]), ("preflight, five policies", JUDGED)] {
        let mut outputs = Vec::new();
        let mut threads = vec![1, cores()];
        threads.dedup();
        for threads in threads {
            let mut command = preflight();
            command.args(policies.iter().flat_map(|policy| ["-p", policy]));
            command
                .args(["--format", "json"])
                .arg(folder.path())
                .env("RAYON_NUM_THREADS", threads.to_string());
            let run = Run::fastest(&mut command, ROUNDS)?;
            row_of_all(report, name, &threads.to_string(), OBJECTS, &run)?;
            if threads == cores() {
                bars.push(Bar::new(name, per_second(OBJECTS, run.wall)?));
                if !policies.is_empty() {
                    target(report, &run);
                }
            }
            outputs.push(run.output);
        }
        let [output, others @ ..] = outputs.as_slice() else {
            return Err("preflight did not run".to_owned());
        };
        if others.iter().any(|other| other != output) {
            return Err("the number of threads changes what preflight says".to_owned());
        }
        check(output)?;
    }
    let few = tempfile::tempdir().map_err(|error| error.to_string())?;
    manifests::write(few.path(), OBJECTS_OF_PEER / OBJECTS_OF_AN_APP)?;
    if let Some(mut peer) = peer(few.path()) {
        let run = Run::fastest(&mut peer, 1)?;
        let name = format!("checkov, {OBJECTS_OF_PEER} objects");
        row_of_all(report, &name, "its own", OBJECTS_OF_PEER, &run)?;
        bars.push(Bar::new("checkov", per_second(OBJECTS_OF_PEER, run.wall)?));
    }
    Ok(Panel::new("Objects a second", bars))
}

fn row_of_all(
    report: &mut Report,
    name: &str,
    threads: &str,
    objects: usize,
    run: &Run,
) -> Result<(), String> {
    let used = run.cpu.as_secs_f64() / run.wall.as_secs_f64();
    report.row(&[
        name,
        threads,
        &format!("{:.2}", run.wall.as_secs_f64()),
        &format!("{:.2}", run.cpu.as_secs_f64()),
        &format!("{used:.2}"),
        &format!("{:.0}", per_second(objects, run.wall)?),
        &format!("{:.0}", per_second(objects, run.cpu)?),
        &mebibytes(run),
    ]);
    Ok(())
}

fn target(report: &mut Report, run: &Run) {
    let (wall, memory) = (run.wall.as_secs_f64(), run.memory / 1024 / 1024);
    report.target(
        &format!(
            "{OBJECTS} objects take at most {} s and {} MiB with five policies",
            MOST_OF_ALL.0, MOST_OF_ALL.1
        ),
        &format!("{wall:.2}, {memory}"),
        wall <= MOST_OF_ALL.0 && memory <= MOST_OF_ALL.1,
    );
}

fn per_second(objects: usize, time: Duration) -> Result<f64, String> {
    let objects = u32::try_from(objects).map_err(|error| error.to_string())?;
    Ok(f64::from(objects) / time.as_secs_f64())
}

fn mebibytes(run: &Run) -> String {
    (run.memory / 1024 / 1024).to_string()
}

fn preflight() -> Command {
    Command::new(repository("target/release/preflight"))
}

/// Checkov with all it knows of Kubernetes, and nothing that takes a network. None where it is not installed.
fn peer(folder: &Path) -> Option<Command> {
    let program = repository(PEER);
    if !fs::exists(&program).unwrap_or_default() {
        println!("\nCheckov is not at {PEER}, so it is left out.");
        return None;
    }
    let mut command = Command::new(program);
    command
        .args(["--framework", "kubernetes", "--compact", "--quiet"])
        .args(["--skip-download", "--output", "json", "--directory"])
        .arg(folder);
    Some(command)
}

/// Every object was judged, those that are wrong were refused, and the report is in the order of the files.
fn check(output: &[u8]) -> Result<(), String> {
    let report: Value = serde_json::from_slice(output).map_err(|error| error.to_string())?;
    let count = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64);
    let refused = OBJECTS / OBJECTS_OF_AN_APP * REFUSED.0 / REFUSED.1;
    let expected = [OBJECTS, refused].map(|count| u64::try_from(count).ok());
    let seen = [count("/summary/objects"), count("/summary/refused")];
    if seen != expected {
        return Err(format!(
            "{expected:?} were expected, objects and refused, not {seen:?}"
        ));
    }
    let refusals = report.pointer("/refusals").and_then(Value::as_array);
    let places = refusals.into_iter().flatten().map(|refusal| {
        let file = refusal.get("file").and_then(Value::as_str);
        (file, refusal.get("line").and_then(Value::as_u64))
    });
    if places.is_sorted() {
        Ok(())
    } else {
        Err("the report is not in the order of the files".to_owned())
    }
}
