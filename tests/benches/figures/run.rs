//! What one run of a command takes.

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// One run of a command.
pub(crate) struct Run {
    pub(crate) wall: Duration,
    /// Of all threads.
    pub(crate) cpu: Duration,
    /// The most that it had at once, in bytes.
    pub(crate) memory: u64,
    pub(crate) output: Vec<u8>,
}

impl Run {
    /// The fastest of some runs.
    pub(crate) fn fastest(command: &mut Command, rounds: usize) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let runs = (0..rounds).map(|_| Self::of(command));
        let runs: io::Result<Vec<Self>> = runs.collect();
        let runs = runs.map_err(|error| format!("{name}: {error}"))?;
        let fastest = runs.into_iter().min_by_key(|run| run.wall);
        fastest.ok_or_else(|| format!("{name} did not run"))
    }

    fn of(command: &mut Command) -> io::Result<Self> {
        let start = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
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
