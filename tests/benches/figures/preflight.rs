//! How fast the command `preflight` gets through a whole cluster, with one thread and with all.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bundle_tests::repository;
use serde_json::Value;
use wait4::Wait4;

use crate::manifests::{self, OBJECTS_OF_AN_APP, REFUSED};
use crate::report::{Report, cores};

const OBJECTS: usize = 20_000;
const ROUNDS: usize = 2;

pub(crate) fn measure(report: &mut Report) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    manifests::write(folder.path(), OBJECTS / OBJECTS_OF_AN_APP)?;
    report.table(
        &format!("preflight, {OBJECTS} objects"),
        &["threads"],
        &[
            "wall time, s",
            "processor time, s",
            "cores used",
            "objects a second",
            "objects a second of a core",
            "memory, MiB",
        ],
    );
    let mut outputs = Vec::new();
    let mut threads = vec![1, cores()];
    threads.dedup();
    for threads in threads {
        let run = Run::fastest(folder.path(), threads)?;
        let used = run.cpu.as_secs_f64() / run.wall.as_secs_f64();
        let objects = f64::from(u32::try_from(OBJECTS).map_err(|error| error.to_string())?);
        report.row(&[
            &threads.to_string(),
            &format!("{:.2}", run.wall.as_secs_f64()),
            &format!("{:.2}", run.cpu.as_secs_f64()),
            &format!("{used:.2}"),
            &format!("{:.0}", objects / run.wall.as_secs_f64()),
            &format!("{:.0}", objects / run.cpu.as_secs_f64()),
            &(run.memory / 1024 / 1024).to_string(),
        ]);
        outputs.push(run.output);
    }
    let [output, others @ ..] = outputs.as_slice() else {
        return Err("preflight did not run".to_owned());
    };
    if others.iter().any(|other| other != output) {
        return Err("the number of threads changes what preflight says".to_owned());
    }
    check(output)
}

/// One run of the command.
struct Run {
    wall: Duration,
    /// Of all threads.
    cpu: Duration,
    /// The most that it had at once, in bytes.
    memory: u64,
    output: Vec<u8>,
}

impl Run {
    fn fastest(folder: &Path, threads: usize) -> Result<Self, String> {
        let runs = (0..ROUNDS).map(|_| Self::of(folder, threads));
        let runs: Vec<Self> = runs
            .collect::<io::Result<_>>()
            .map_err(|error| format!("preflight: {error}"))?;
        let fastest = runs.into_iter().min_by_key(|run| run.wall);
        fastest.ok_or_else(|| "preflight did not run".to_owned())
    }

    fn of(folder: &Path, threads: usize) -> io::Result<Self> {
        let start = Instant::now();
        let mut child = Command::new(repository("target/release/preflight"))
            .args(["--format", "json"])
            .arg(folder)
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            io::copy(&mut stdout, &mut output)?;
        }
        let used = child.wait4()?.rusage;
        Ok(Self {
            wall: start.elapsed(),
            cpu: used.utime + used.stime,
            memory: used.maxrss,
            output,
        })
    }
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
