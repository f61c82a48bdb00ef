//! Runs a program over files that may be a stranger's: without a shell, without an end only for so long, and without what the
//! user's own files would add to it.

use std::{
    env,
    io::ErrorKind,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::bounded;

/// A program that takes longer is ended.
const MAX_TIME: Duration = Duration::from_mins(1);
/// How often it is looked whether a program has ended.
const STEP: Duration = Duration::from_millis(5);
/// What a program needs of the environment to be found and to run. All else may change what it does.
const KEPT_VARIABLES: [&str; 6] = ["PATH", "PATHEXT", "SystemRoot", "TMPDIR", "TEMP", "TMP"];
/// Where kubectl, kustomize, Helm and git look for plugins and settings.
const HOMES: [&str; 10] = [
    "HOME",
    "USERPROFILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "HELM_CACHE_HOME",
    "HELM_CONFIG_HOME",
    "HELM_DATA_HOME",
    "HELM_PLUGINS",
    "KUSTOMIZE_PLUGIN_HOME",
];
/// What leads to no network, should a program want one all the same: a proxy that is not there, and no way for git.
const NO_NETWORK: [(&str, &str); 4] = [
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// What a program prints, or why there is nothing. What it says of an error is not repeated: it may quote a Secret.
///
/// `home` is an empty folder.
pub(super) fn output(command: &mut Command, home: &Path) -> Result<String, String> {
    output_within(command, home, MAX_TIME)
}

fn output_within(command: &mut Command, home: &Path, limit: Duration) -> Result<String, String> {
    let end = Instant::now() + limit;
    command.env_clear();
    for name in KEPT_VARIABLES {
        command.envs(env::var_os(name).map(|value| (name, value)));
    }
    command.envs(HOMES.map(|name| (name, home)));
    command.envs(NO_NETWORK);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!("there is no `{name}` on the PATH"));
        }
        Err(error) => return Err(format!("`{name}` cannot be run: {error}")),
    };
    let printed = printed_until(&mut child, end);
    // It may have closed its output, and run on.
    let status = printed
        .is_ok()
        .then(|| ended_until(&mut child, end))
        .flatten();
    let Some(status) = status else {
        // It may just have ended.
        let _ = child.kill();
        let _ = child.wait();
        let too_long = || format!("`{name}` took longer than {} seconds", limit.as_secs());
        return Err(printed.err().flatten().unwrap_or_else(too_long));
    };
    if status.success() {
        return printed.map_err(Option::unwrap_or_default);
    }
    Err(format!("`{name}` failed ({status})"))
}

/// All of the output, or why it is of no use; nothing where the time is over.
fn printed_until(child: &mut Child, end: Instant) -> Result<String, Option<String>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        // A thread, since something that the program left behind may keep the pipe open for ever.
        thread::spawn(move || {
            let read = bounded::take(stdout, bounded::MAX_BYTES, "what is printed is larger than");
            // The time may be over.
            let _ = sender.send(read);
        });
    }
    let left = end.saturating_duration_since(Instant::now());
    let bytes = receiver.recv_timeout(left).map_err(|_| None)?;
    let bytes = bytes.map_err(|error| Some(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| Some("what is printed is not text in UTF-8".to_owned()))
}

fn ended_until(child: &mut Child, end: Instant) -> Option<std::process::ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(STEP);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<String, String> {
        let home = tempfile::tempdir().unwrap();
        output_within(Command::new("sh").args(["-c", script]), home.path(), limit)
    }

    #[test]
    fn a_program_gets_no_input_little_of_the_environment_and_some_time() {
        let long = Duration::from_mins(1);
        let short = Duration::from_millis(200);
        for (script, limit, expected) in [
            ("cat; echo $CARGO_PKG_NAME; echo no >&2", long, Ok("\n")),
            ("exit 3", long, Err("`sh` failed (exit status: 3)")),
            ("sleep 30", short, Err("`sh` took longer than 0 seconds")),
            // One that has closed its output, and one that left something behind.
            (
                "exec >&-; sleep 30",
                short,
                Err("`sh` took longer than 0 seconds"),
            ),
            (
                "sleep 3 & exit 0",
                short,
                Err("`sh` took longer than 0 seconds"),
            ),
            (
                "exec yes",
                long,
                Err("what is printed is larger than 64 MiB; split it"),
            ),
            (
                r"printf '\377'",
                long,
                Err("what is printed is not text in UTF-8"),
            ),
        ] {
            let expected = expected.map(ToOwned::to_owned).map_err(ToOwned::to_owned);
            assert_eq!(sh(script, limit), expected, "{script}");
        }
        let home = tempfile::tempdir().unwrap();
        assert_eq!(
            output(&mut Command::new("preflight-has-no-such"), home.path()),
            Err("there is no `preflight-has-no-such` on the PATH".to_owned())
        );
    }
}
