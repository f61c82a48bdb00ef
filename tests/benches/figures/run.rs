//! What one run of a command takes.

use std::env;
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

    /// By a process between, which is small: what a process has when it starts another one counts as the other one's.
    fn of(command: &Command) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg(MEASURED)
            .arg(command.get_program())
            .args(command.get_args())
            .envs(
                command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut output = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            io::copy(&mut stdout, &mut output)?;
        }
        let said = child.wait_with_output()?.stderr;
        let said = String::from_utf8_lossy(&said);
        let mut numbers = said.split_whitespace().map(str::parse);
        let mut next = || match numbers.next() {
            Some(Ok(number)) => Ok(number),
            _ => Err(io::Error::other(said.clone().into_owned())),
        };
        Ok(Self {
            wall: Duration::from_micros(next()?),
            cpu: Duration::from_micros(next()?),
            memory: next()?,
            output,
        })
    }
}

/// What this program is called with in order to run another one.
pub(crate) const MEASURED: &str = "--measured";

/// Runs a program, and prints on standard error what it took: microseconds of time and of the processor, and bytes.
pub(crate) fn measured(program: &[String]) -> Result<(), String> {
    let [program, arguments @ ..] = program else {
        return Err("there is no program to run".to_owned());
    };
    let failed = |error: io::Error| format!("{program}: {error}");
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let used = child.wait4().map_err(failed)?.rusage;
    let (wall, cpu) = (start.elapsed(), used.utime + used.stime);
    eprintln!("{} {} {}", wall.as_micros(), cpu.as_micros(), used.maxrss);
    Ok(())
}
