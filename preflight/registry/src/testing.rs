//! A real registry on this machine: Debian's `docker-registry`, with its data in a folder of its own.

use std::{
    env, fs, io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

const PROGRAM: &str = "docker-registry";

/// It starts in some milliseconds, on a busy machine in some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The user that a closed registry knows.
pub const USER: &str = "wren";

/// The password of the user.
pub const PASSWORD: &str = "open sesame";

/// As `htpasswd -B` writes them.
const HTPASSWD: &str = "wren:$2b$04$XIG3vVwo8EwC.JIKBmC5kORDGEB3WQwAh/Yzi3Hn6mJWAfO0kfqEq\n";

/// A registry that runs until it is dropped.
#[derive(Debug)]
pub struct Registry {
    child: Child,
    address: String,
    /// Its configuration and its data, which go with it.
    _folder: TempDir,
}

impl Registry {
    /// A registry for everybody. `None` where the program is not installed, which is an error where `CI` is set.
    pub fn open() -> io::Result<Option<Self>> {
        Self::start("")
    }

    /// A registry for [`USER`] alone.
    pub fn closed() -> io::Result<Option<Self>> {
        Self::start("auth: {htpasswd: {realm: tests, path: htpasswd}}\n")
    }

    fn start(auth: &str) -> io::Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        write("htpasswd", HTPASSWD)?;
        write(
            "config.yml",
            &format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage: {{filesystem: {{rootdirectory: data}}}}\nhttp: {{addr: '{address}'}}\n{auth}"
            ),
        )?;
        let child = Command::new(PROGRAM)
            .args(["serve", "config.yml"])
            .current_dir(folder.path())
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && env::var_os("CI").is_none() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut registry = Self {
            child,
            address,
            _folder: folder,
        };
        registry.wait()?;
        Ok(Some(registry))
    }

    fn wait(&mut self) -> io::Result<()> {
        let start = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("{PROGRAM} ended with {status}")));
            }
            if start.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("{PROGRAM} does not answer")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// A reference to something in it: `policies/name:v1`.
    #[must_use]
    pub fn reference(&self, name: &str) -> String {
        format!("{}{}/{name}", crate::SCHEME, self.address)
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now.
fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
