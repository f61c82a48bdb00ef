//! Against registries that do not send what they said.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use policy_registry::{CONFIG, LAYER, pull};
use serde_json::json;

/// The digest of nothing: what is sent is no match, but the comparison is never reached.
const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Answers with a manifest that claims so many bytes, and with a layer that does not end.
fn answer(stream: &mut TcpStream, claimed: i64) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap()?;
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    if request.contains("/blobs/") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        loop {
            // It ends when the other side has had enough.
            stream.write_all(&[0; 4096])?;
        }
    }
    let descriptor = |media_type: &str, size: i64| json!({"mediaType": media_type, "digest": DIGEST, "size": size});
    let body = if request.contains("/manifests/") {
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor(CONFIG, 2),
            "layers": [descriptor(LAYER, claimed)],
        })
        .to_string()
    } else {
        "{}".to_owned()
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What comes of a pull from a registry that claims so many bytes, behind the reference.
fn pulled(claimed: i64) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let reference = format!(
        "registry://{}/policies/one:v1",
        listener.local_addr().unwrap()
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            // An error is the end of the other side.
            let _ = answer(&mut stream.unwrap(), claimed);
        }
    });
    let error = pull(&reference).unwrap_err().to_string();
    error.replace(&reference, "")
}

#[test]
fn a_registry_that_sends_more_than_it_said_is_left() {
    assert_eq!(
        pulled(1000),
        ": sends more than the 1000 bytes of its manifest"
    );
    assert_eq!(
        pulled(1 << 40),
        ": has 1099511627776 bytes, and no policy is that large"
    );
    assert_eq!(pulled(-1), ": has -1 bytes, and no policy has so few");
}
