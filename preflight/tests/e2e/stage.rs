//! A folder with policies and manifests, and the program run in it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;
use tempfile::TempDir;

use crate::guests::{Validate, guest, metadata};

/// Where a runner of GitHub says that a step has a summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// A folder with policies in `dist` and whatever else a test needs, and the program in it.
pub(crate) struct Stage(TempDir);

/// Where all stages keep what they compile.
const CACHE: &str = env!("CARGO_TARGET_TMPDIR");

/// Exit status, standard output and standard error.
pub(crate) type Outcome = (i32, String, String);

impl Stage {
    /// With these policies for Pods.
    pub(crate) fn new(policies: &[(&str, Validate<'_>)]) -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        fs::create_dir(stage.path().join("dist")).unwrap();
        for (name, validate) in policies {
            stage.write(
                &format!("dist/{name}.wasm"),
                guest(Some(&metadata(name)), validate),
            );
        }
        stage
    }

    /// With policies of this bundle, as `make wasm` built them.
    pub(crate) fn with_built(policies: &[&str]) -> Self {
        let stage = Self::new(&[]);
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
        for name in policies {
            let file = format!("{name}.wasm");
            let module = fs::read(dist.join(&file)).unwrap();
            stage.write(&format!("dist/{file}"), module);
        }
        stage
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// With one policy for everything.
    pub(crate) fn with_policy_for_all(name: &str, validate: &Validate<'_>) -> Self {
        let stage = Self::new(&[]);
        let mut metadata = metadata(name);
        metadata["rules"][0]["apiGroups"] = json!(["*"]);
        metadata["rules"][0]["resources"] = json!(["*"]);
        stage.write(
            &format!("dist/{name}.wasm"),
            guest(Some(&metadata), validate),
        );
        stage
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs it with a folder of the stage for what it keeps.
    pub(crate) fn run_with_cache(&self, folder: &str, arguments: &[&str]) -> Outcome {
        let folder = self.path().join(folder);
        self.start("", arguments, "", &folder)
    }

    /// How many modules are kept in a folder.
    pub(crate) fn files(&self, folder: &str) -> usize {
        fn all(folder: &Path) -> Vec<PathBuf> {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let below = entries.map(|entry| entry.path()).flat_map(|path| {
                if path.is_dir() {
                    all(&path)
                } else {
                    vec![path]
                }
            });
            below.collect()
        }
        // Beside a module stands how often it was taken.
        let files = all(&self.path().join(folder)).into_iter();
        files.filter(|file| file.extension().is_none()).count()
    }

    /// Runs it in a folder of the stage.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Outcome {
        self.start(folder, arguments, "", Path::new(CACHE))
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        self.start("", arguments, input, Path::new(CACHE))
    }

    /// Runs it as a step of a job on GitHub that has this file for its summary.
    pub(crate) fn run_as_step(&self, summary: &Path, arguments: &[&str]) -> Outcome {
        let mut command = self.command("", arguments);
        command.env(SUMMARY, summary);
        Self::finish(command, "")
    }

    /// Runs it where other programs are looked for in this folder.
    #[cfg(unix)]
    pub(crate) fn run_with_path(&self, path: &std::ffi::OsStr, arguments: &[&str]) -> Outcome {
        let mut command = self.command("", arguments);
        command.env("PATH", path);
        Self::finish(command, "")
    }

    /// Runs it on the files of the repository, with the policies that were built there.
    #[cfg(unix)]
    pub(crate) fn run_in_repository(path: &std::ffi::OsStr, arguments: &[&str]) -> Outcome {
        let mut command = Self::program(arguments);
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        command.current_dir(repository).env("PATH", path);
        Self::finish(command, "")
    }

    fn start(&self, folder: &str, arguments: &[&str], input: &str, cache: &Path) -> Outcome {
        let mut command = self.command(folder, arguments);
        command.env("XDG_CACHE_HOME", cache);
        Self::finish(command, input)
    }

    fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Self::program(arguments);
        command.current_dir(self.path().join(folder));
        command
    }

    fn program(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_preflight"));
        command
            .args(arguments)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env("XDG_CACHE_HOME", CACHE)
            .env_remove(SUMMARY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn finish(mut command: Command, input: &str) -> Outcome {
        let mut child = command.spawn().unwrap();
        // A program that does not read its input may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

pub(crate) fn out(status: i32, text: &str) -> Outcome {
    (status, text.to_owned(), String::new())
}

pub(crate) fn err(text: &str) -> Outcome {
    (2, String::new(), format!("error: {text}\n"))
}
