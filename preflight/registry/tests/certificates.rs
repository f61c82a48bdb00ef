//! A machine without the certificates of authorities, such as an empty container.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::{fs, process::Command};

#[test]
fn a_registry_that_cannot_be_checked_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.wasm");
    fs::write(&file, "\0asm\u{1}\0\0\0").unwrap();
    let reference = "registry://registry.example.com/policies/one:v1";
    let output = Command::new(env!("CARGO_BIN_EXE_policy-push"))
        .arg(&file)
        .arg(reference)
        .env("SSL_CERT_FILE", folder.path().join("none.pem"))
        .env("SSL_CERT_DIR", folder.path())
        .env("DOCKER_CONFIG", folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.starts_with(&format!("error: {reference}: ")),
        "{errors}"
    );
    let advice = "install the certificates of authorities (ca-certificates), or name their file in SSL_CERT_FILE\n";
    assert!(errors.ends_with(advice), "{errors}");
}
