//! Against a real registry.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
};

use policy_registry::{
    pull, push,
    testing::{PASSWORD, Registry, USER},
};
use serde_json::{Value, json};

/// A module with metadata of one line and of two.
fn module() -> Vec<u8> {
    let metadata = json!({
        "rules": [], "mutating": false, "executionMode": "kubewarden-wapc",
        "annotations": {"io.kubewarden.policy.title": "one", "io.kubewarden.policy.usage": "two\nlines"},
    });
    let metadata = metadata
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    wat::parse_str(format!(
        "(module (@custom \"io.kubewarden.metadata\" \"{metadata}\"))"
    ))
    .unwrap()
}

/// What a registry answers, below the headers.
fn get(registry: &Registry, path: &str) -> String {
    let mut stream = TcpStream::connect(registry.address()).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: {}\r\nAccept: application/vnd.oci.image.manifest.v1+json\r\n\r\n",
        registry.address()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn what_is_pushed_is_pulled_by_tag_and_by_digest() {
    let Some(registry) = Registry::open().unwrap() else {
        return eprintln!("docker-registry is not installed: nothing was tried");
    };
    let wasm = module();
    let tagged = registry.reference("policies/one:v1");
    let pinned = push(&tagged, &wasm).unwrap();
    assert!(
        pinned.starts_with(&registry.reference("policies/one@sha256:")),
        "{pinned}"
    );
    assert_eq!(pull(&tagged).unwrap(), wasm);
    assert_eq!(pull(&pinned).unwrap(), wasm);
    // The digest goes on to mean these bytes when the tag does not.
    let other = wat::parse_str("(module)").unwrap();
    push(&tagged, &other).unwrap();
    assert_eq!(pull(&tagged).unwrap(), other);
    assert_eq!(pull(&pinned).unwrap(), wasm);
}

#[test]
fn the_manifest_is_what_kubewarden_pulls() {
    let Some(registry) = Registry::open().unwrap() else {
        return eprintln!("docker-registry is not installed: nothing was tried");
    };
    let wasm = module();
    push(&registry.reference("policies/one:v1"), &wasm).unwrap();
    let manifest: Value =
        serde_json::from_str(&get(&registry, "/v2/policies/one/manifests/v1")).unwrap();
    let layer = manifest["layers"][0]["digest"].clone();
    assert_eq!(
        manifest,
        json!({
            "schemaVersion": 2,
            "config": {
                "mediaType": "application/vnd.wasm.config.v1+json",
                // Of `{}`.
                "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                "size": 2,
            },
            "layers": [{
                "mediaType": "application/vnd.wasm.content.layer.v1+wasm",
                "digest": layer,
                "size": wasm.len(),
            }],
            "annotations": {"io.kubewarden.policy.title": "one"},
        })
    );
}

#[test]
fn says_what_is_not_there() {
    let Some(registry) = Registry::open().unwrap() else {
        return eprintln!("docker-registry is not installed: nothing was tried");
    };
    let reference = registry.reference("policies/none:v1");
    assert_eq!(
        pull(&reference).unwrap_err().to_string(),
        format!("{reference}: there is no such policy")
    );
    let address = registry.address().to_owned();
    drop(registry);
    let error = pull(&reference).unwrap_err().to_string();
    assert!(
        error.contains(&address) && error.contains("onnection refused"),
        "{error}"
    );
}

/// `policy-push` with this Docker configuration.
fn push_with(configuration: &Value, file: &Path, reference: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), configuration.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_policy-push"))
        .arg(file)
        .arg(reference)
        .env("DOCKER_CONFIG", folder.path())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn credentials_come_from_the_docker_configuration() {
    let Some(registry) = Registry::closed().unwrap() else {
        return eprintln!("docker-registry is not installed: nothing was tried");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.wasm");
    fs::write(&file, module()).unwrap();
    let reference = registry.reference("policies/one:v1");
    let with = |user: &str, password: &str| json!({"auths": {registry.address(): {"username": user, "password": password}}});
    let (pushed, text) = push_with(&with(USER, PASSWORD), &file, &reference);
    assert!(
        pushed && text.starts_with(&registry.reference("policies/one@sha256:")),
        "{text}"
    );
    let refused = format!(
        "error: {reference}: the registry wants other credentials: `docker login` writes them where \
         they are looked for\n"
    );
    for wrong in [json!({}), with(USER, "wrong")] {
        assert_eq!(
            push_with(&wrong, &file, &reference),
            (false, refused.clone())
        );
    }
    let helper = json!({"credHelpers": {registry.address(): "there-is-no-such-helper"}});
    let expected = format!(
        "error: {reference}: no credentials from the Docker configuration: its helper cannot be run\n"
    );
    assert_eq!(push_with(&helper, &file, &reference), (false, expected));
}
