//! Replays the cases through the `kwctl` on the PATH: `e2e FOLDER [PART-OF-A-NAME]`. Requests, settings and sessions are
//! written to the folder, also where there is no `kwctl`. In CI, that is a failure: there, none replayed is no success.

use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use bundle_tests::kwctl::{self, Replay};
use bundle_tests::{Case, cases, policies};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ended = match arguments.as_slice() {
        [folder] => replay(Path::new(folder), ""),
        [folder, part] => replay(Path::new(folder), part),
        _ => Err("usage: e2e FOLDER [PART-OF-A-NAME]".to_owned()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
    }
}

/// Replays the cases whose `policy/name` holds the part. Whether all of them ended as they have to.
fn replay(folder: &Path, part: &str) -> Result<bool, String> {
    let cases: Vec<(String, String)> = cases()?
        .into_iter()
        .filter(|(policy, name)| format!("{policy}/{name}").contains(part))
        .collect();
    if cases.is_empty() {
        return Err(format!("no case has {part:?} in its name"));
    }
    let version = kwctl::version()?;
    if version.is_none() && env::var_os("CI").is_some() {
        return Err("kwctl is not on the PATH: CI has to install it before `make e2e`".to_owned());
    }
    let failures = in_parallel(&cases, |(policy, name)| {
        let lines = case(folder, policy, name, version.is_some());
        lines.unwrap_or_else(|sentence| vec![sentence])
    });
    let mut failed = 0_usize;
    for ((policy, name), lines) in cases.iter().zip(&failures) {
        if !lines.is_empty() {
            failed += 1;
            println!("{policy}/{name}:\n  {}", lines.join("\n  "));
        }
    }
    let (all, folder) = (cases.len(), folder.display());
    match version {
        Some(version) => {
            println!("cases replayed through {version}: {all}, ended in another way: {failed}");
        }
        None if failed > 0 => println!("{failed} of {all} cases could not be written to {folder}"),
        None => {
            println!("kwctl is not on the PATH: {all} cases written to {folder}, none replayed");
        }
    }
    Ok(failed == 0)
}

/// What is not as it has to be.
fn case(folder: &Path, policy: &str, name: &str, with_kwctl: bool) -> Result<Vec<String>, String> {
    let guest = policies::load(policy)?;
    let replay = Replay::record(&Case::read(policy, name)?, &guest)?;
    let folder = folder.join(policy).join(name);
    replay.write(&folder)?;
    if !with_kwctl {
        return Ok(Vec::new());
    }
    Ok(replay.differences(&replay.run(policy, &folder)?))
}

/// Does something with each item on every core. The results are in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(position) else {
                return done;
            };
            done.push((position, work(item)));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        let ended = workers.into_iter().map(thread::ScopedJoinHandle::join);
        // A worker that panicked has said so, and its cases are missing.
        ended.filter_map(Result::ok).flatten().collect()
    });
    done.sort_by_key(|(position, _)| *position);
    done.into_iter().map(|(_, result)| result).collect()
}
