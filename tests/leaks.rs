//! No value of a Secret leaves `secret-data`, nor `workload-references`, which looks Secrets up: no part of one, decoded or not.
//!
//! Every object is made twice, with another mark in its values. What comes out must be the same to the byte, so that it
//! can say nothing about a mark; and no four bytes of a mark are in it, in any encoding that the object has.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use anstream::adapter::strip_str;
use bundle_tests::{complete, invariants, policies, read, repository};
use k8s_openapi::ByteString;
use preflight::judge::{ActivePolicy, judge};
use preflight::report::{json as programs, table};
use preflight::{Engine, Limits, MemoryCluster, Policy as Guest, Response, manifests};
use secret_data::SecretData;
use serde_json::{Value, json};
use shared::Policy;
use workload_references::WorkloadReferences;

/// What must not be seen, in the alphabets that some rules want. The marks of a pair have the same form: a letter where
/// the other has a letter, a digit where it has a digit.
struct Mark {
    text: &'static str,
    hex: &'static str,
    lower: &'static str,
    number: u64,
}

const MARKS: [Mark; 2] = [
    Mark {
        text: "qZ7vK2xW9mJ4",
        hex: "9c4e1f7ab3d05682",
        lower: "kq7vw2xj9zp4mfd8gth6",
        number: 4_815_162_342,
    },
    Mark {
        text: "gX3bN6yR8wT5",
        hex: "8f9b4e2dc6a31570",
        lower: "xz3bn6yr8wt5kqj9vpd2",
        number: 7_392_048_617,
    },
];

fn base64(bytes: impl AsRef<[u8]>) -> String {
    let value = serde_json::to_value(ByteString(bytes.as_ref().to_vec())).unwrap();
    value.as_str().unwrap().to_owned()
}

/// What base64 decodes to; none where it does not.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let bytes: Result<ByteString, _> = serde_json::from_value(json!(text));
    bytes.ok().map(|ByteString(bytes)| bytes)
}

fn utf16(text: &str) -> Vec<u8> {
    let mark = [0xff, 0xfe].into_iter();
    mark.chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect()
}

/// What a value may look like, with the mark in it.
fn values(mark: &Mark) -> Vec<Vec<u8>> {
    let Mark {
        text, hex, lower, ..
    } = mark;
    let long = text.repeat(4);
    let twice = base64(base64(format!("{text} and {text}")));
    let texts = [
        (*text).to_owned(),
        long.clone(),
        (*hex).to_owned(),
        (*lower).to_owned(),
        format!("{text}\n"),
        format!("{text}\r\n"),
        format!(" {text}"),
        format!("{text}\t"),
        format!("\u{feff}{text}"),
        format!("#!{text}\r\n{text}\r\n"),
        // Encoded again.
        base64(format!("{text} and {text}")),
        base64(format!("{{\"{text}\":\"{text}\"}}")),
        base64(format!("-----BEGIN {text}-----\n{long}")),
        twice,
        // Placeholders.
        format!("${{{text}}}"),
        format!("{text}${{A}}{text}"),
        format!("{{{{ .{text} }}}}"),
        format!("<{text}>"),
        format!("__{}__", text.to_uppercase()),
        format!("#{{{text}}}#"),
        format!("your-{text}-token"),
        format!("postgres://{text}:CHANGEME@{text}"),
        format!("map[{text}:{text}]"),
        format!("%!s(string={text})"),
        format!("{text}\u{a0}"),
        format!("{text}\n\t"),
        // What was never decrypted or filled in.
        format!("ENC[AES256_GCM,data:{text}]"),
        format!("$ANSIBLE_VAULT;1.1;AES256\n{text}\n"),
        format!("ref+vault://{text}/{text}"),
        format!("https://<path:{text}#{text}>"),
        format!("op://{text}/{text}"),
        // PEM, damaged in every way.
        format!("-----BEGIN CERTIFICATE-----\n{long}\n-----END CERTIFICATE-----\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{long}\n-----END PRIVATE KEY-----\n"),
        format!(
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{long}\n-----END ENCRYPTED PRIVATE KEY-----\n"
        ),
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{long}\n-----END OPENSSH PRIVATE KEY-----\n"),
        format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\r\n{long}\r\n-----END OPENSSH PRIVATE KEY-----\r\n"
        ),
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{long}\n-----END OPENSSH PRIVATE KEY-----"),
        format!("-----BEGIN {text}-----\n{long}\n-----END {text}-----\n"),
        format!("-----BEGIN CERTIFICATE-----\n{long}\n"),
        format!("-----BEGIN CERTIFICATE-----\n?{long}\n-----END CERTIFICATE-----\n"),
        format!("-----BEGIN CERTIFICATE-----\\n{long}\\n-----END CERTIFICATE-----\\n"),
        format!("-----BEGIN CERTIFICATE----- {long} -----END CERTIFICATE-----"),
        format!("-----BEGIN CERTIFICATE-----\n{long}\n-----END {text}-----\n"),
        base64(format!(
            "-----BEGIN CERTIFICATE-----\n{long}\n-----END CERTIFICATE-----\n"
        )),
        format!("PuTTY-User-Key-File-3: {text}\n"),
        format!("ssh-ed25519 {long} {text}\n"),
        // Credentials of registries.
        format!("{{\"auths\":{{\"{text}\":{{\"auth\":\"{text}\"}}}}}}"),
        format!(
            "{{\"auths\":{{\"{text}\":{{\"auth\":\"{}\"}}}}}}",
            base64(text)
        ),
        format!("{{\"auths\":{{\"{text}\":\"{text}\"}}}}"),
        format!(
            "{{\"auths\":{{\"oci://{text}\":{{\"auth\":\"{}\"}}}}}}",
            base64(format!("{text}:{text}\n"))
        ),
        format!(
            "{{\"auths\":{{\"{text}.io\":{{\"username\":\"{text}\",\"password\":\"{text} \"}}}}}}"
        ),
        format!("\u{feff}{{\"auths\":{{\"{text}\":{{}}}}}}"),
        format!("{{\"auths\":{{\"{text}\":{{\"email\":\"{text}\"}}}}}}"),
        format!("{{\"auths\":{{}},\"credsStore\":\"{text}\"}}"),
        format!("{{\"auths\":\"{text}\"}}"),
        format!(
            "{{\"{text}\":{{\"auth\":\"{}\"}}}}",
            base64(format!("{text}:{text}"))
        ),
        format!("{{\"{text}\":{{\"auth\":[\"{text}\"]}}}}"),
        format!("{{\"{text}\":\"{text}\"}}"),
        // JSON that breaks at the mark.
        format!("{{\"{text}\": {text}}}"),
        format!("{{\"{text}\"{text}"),
        format!("{{'{text}': 1}}"),
        format!("[\"{text}\",\"\\{text}\"]"),
        format!("{}{text}", "[".repeat(200)),
        format!("\"{text}"),
        // YAML that does.
        format!("{text}: {text}: {text}\n"),
        format!("{text}: 1\n\t{text}: 2\n"),
        format!("{text}: 1\n  {text}: 2\n"),
        format!("a: \"{text}\n"),
        format!("a: [{text}\n"),
        // Times and parts of tokens.
        format!("2026-01-31T{text}Z"),
        (*text).get(..6).unwrap().to_owned(),
    ];
    let mut values: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    values.push(utf16(text));
    values.push([b"\xff\x00", text.as_bytes(), b"\xfe"].concat());
    values.push([&b"\x30\x82\x01\x02\xff"[..], text.as_bytes()].concat());
    values
}

/// The types of Secrets, with keys that mean something in them.
const PLACES: &[(&str, &str)] = &[
    ("Opaque", "password"),
    ("Opaque", "a.json"),
    ("Opaque", "a.yaml"),
    ("Opaque", "app.env"),
    ("Opaque", "my key"),
    ("kubernetes.io/tls", "tls.crt"),
    ("kubernetes.io/tls", "tls.key"),
    ("kubernetes.io/tls", "ca.crt"),
    ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
    ("kubernetes.io/dockercfg", ".dockercfg"),
    ("kubernetes.io/basic-auth", "password"),
    ("kubernetes.io/ssh-auth", "ssh-privatekey"),
    ("bootstrap.kubernetes.io/token", "token-id"),
    ("bootstrap.kubernetes.io/token", "token-secret"),
    ("bootstrap.kubernetes.io/token", "expiration"),
    ("kubernetes.io/service-account-token", "token"),
    ("helm.sh/release.v1", "release"),
];

fn object(kind: &str, fields: &Value) -> Value {
    let mut object =
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "db", "namespace": "shop"}});
    let all = object.as_object_mut().unwrap();
    for (name, value) in fields.as_object().unwrap() {
        all.insert(name.clone(), value.clone());
    }
    object
}

fn secret(fields: &Value) -> Value {
    object("Secret", fields)
}

fn pem(name: &str) -> String {
    let path = format!("policies/secret-data/src/testing/pem/{name}.pem");
    read(&repository(&path)).unwrap()
}

/// A TLS Secret whose certificate and key have the mark around them.
fn tls(mark: &Mark, certificate: &str, key: &str, metadata: &Value) -> Value {
    let around = |pem: &str| base64(format!("{0}\n{pem}\n{0}\n", mark.text));
    let data = json!({"tls.crt": around(certificate), "tls.key": around(key)});
    secret(&json!({"type": "kubernetes.io/tls", "data": data, "metadata": metadata}))
}

/// Objects for the rules that look at more than one value.
fn whole(mark: &Mark) -> Vec<Value> {
    let Mark { text, number, .. } = mark;
    let encoded = base64(text);
    let named = json!({"name": "db", "namespace": "shop"});
    let copy = json!({"kind": "Secret", "stringData": {"password": text}, "data": {"a": encoded}})
        .to_string();
    let annotated = |copy: &str| {
        let annotations =
            json!({"kubectl.kubernetes.io/last-applied-configuration": copy, "note": text});
        json!({"name": "db", "namespace": "shop", "annotations": annotations})
    };
    let expired = json!({
        "name": "db", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": text, "time": "2026-01-01T00:00:00Z"}],
    });
    let (certificate, other) = (pem("ec_certificate"), pem("ed_certificate"));
    let key = pem("ec_key");
    let mut objects = vec![
        tls(mark, &certificate, &pem("other_ec_key"), &named),
        tls(mark, &format!("{other}\n{certificate}"), &key, &named),
        tls(mark, &pem("expired_certificate"), &key, &expired),
        tls(mark, &key, &certificate, &named),
        tls(mark, &certificate, &pem("encrypted_key"), &named),
        secret(&json!({"metadata": annotated(&copy), "data": {"password": encoded}})),
        secret(
            &json!({"metadata": annotated(&copy[..copy.len() - 9]), "data": {"password": encoded}}),
        ),
        secret(
            &json!({"type": "kubernetes.io/tls", "data": {"a": encoded, "tls.crt": base64(&certificate), "tls.key": ""}}),
        ),
        secret(&json!({"type": "kubernetes.io/dockerconfigjson", "data": {"a": encoded}})),
        secret(
            &json!({"type": "kubernetes.io/basic-auth", "data": {"username": encoded, "password": ""}}),
        ),
        secret(&json!({"type": "kubernetes.io/basic-auth", "stringData": {"user": text}})),
        secret(&json!({"type": "kubernetes.io/service-account-token", "data": {"token": encoded}})),
        secret(&json!({"type": "example.com/denied", "data": {"a": encoded, "b": encoded}})),
        // What is not of the type that it should be.
        secret(&json!({"data": text})),
        secret(&json!({"data": [text]})),
        secret(&json!({"data": {"a": {"b": text}}})),
        secret(&json!({"data": {"a": [text]}})),
        secret(&json!({"data": {"a": number}})),
        secret(&json!({"stringData": {"a": number}})),
        secret(&json!({"stringData": {"a": {text.to_owned(): text}}})),
        secret(&json!({"type": [text], "data": {"a": encoded}})),
        secret(
            &json!({"metadata": {"name": "db", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": [text]}}}),
        ),
        secret(&json!({"metadata": {"name": "db", "annotations": text}})),
        secret(&json!({"metadata": {"name": "db", "managedFields": [{"time": [text]}]}})),
        secret(&json!({"spec": {"password": text}, "password": text})),
        tls(
            mark,
            &format!("{}{}", pem("chain_server"), pem("chain_root")),
            &pem("chain_server_key"),
            &json!({"name": "db", "namespace": "shop", "creationTimestamp": "2020-01-01T00:00:00Z"}),
        ),
        secret(
            &json!({"data": {"tls.crt": encoded, "tls.key": encoded, "id_rsa": encoded, ".dockercfg": encoded}}),
        ),
        secret(&json!({"type": "opaque", "immutable": true, "data": {"a": encoded}})),
        object(
            "ConfigMap",
            &json!({"data": {"a": text, "DB_PASSWORD": text, "url": format!("a://b:{text}@c"), "x": format!("glpat-{text}{text}")},
                "binaryData": {"a": encoded}, "immutable": true}),
        ),
        // Each of these is six bytes in a copy.
        secret(&json!({"stringData": {"a": format!("{text}{}", "\u{1}".repeat(43_800))}})),
        object("ConfigMap", &json!({"data": {"a": number}})),
        object("ConfigMap", &json!({"data": {"a": {"b": text}}})),
        object(
            "ConfigMap",
            &json!({"metadata": annotated(&copy), "data": {"a": text}}),
        ),
        object(
            "Pod",
            &json!({"data": {"a": encoded}, "spec": {"containers": text}}),
        ),
    ];
    for value in values(mark) {
        let text = String::from_utf8_lossy(&value).into_owned();
        let fields = json!({"data": {"a": text, "my key": text}, "binaryData": {"b": base64(&value), "c": text}});
        objects.push(object("ConfigMap", &fields));
    }
    objects
}

/// Every value in every place, as data, as what was not encoded, and in clear text.
fn objects(mark: &Mark) -> Vec<Value> {
    let mut objects = whole(mark);
    for (secret_type, key) in PLACES {
        for value in values(mark) {
            let encoded = base64(&value);
            let text = String::from_utf8_lossy(&value).into_owned();
            let broken = format!("-{}", encoded.trim_end_matches('='));
            for fields in [
                json!({"data": {*key: encoded}}),
                json!({"data": {*key: text}}),
                json!({"data": {*key: broken}}),
                json!({"stringData": {*key: text}}),
            ] {
                let mut object = secret(&fields);
                object["type"] = json!(secret_type);
                objects.push(object);
            }
        }
    }
    objects
}

/// Everything that a rule can say is said, each as loud as it may be.
fn settings() -> [Value; 3] {
    let of = |level: &str| {
        let levels = |names: &[&str]| -> Value {
            names
                .iter()
                .map(|name| ((*name).to_owned(), json!(level)))
                .collect()
        };
        let encoding = levels(&[
            "invalidBase64",
            "doubleBase64",
            "unencodedText",
            "trailingNewline",
            "surroundingSpace",
            "carriageReturn",
            "byteOrderMark",
            "utf16",
            "placeholder",
            "unresolvedValue",
        ]);
        let form = levels(&[
            "tls",
            "expiredCertificate",
            "dockerConfig",
            "basicAuth",
            "sshAuth",
            "bootstrapToken",
            "pem",
            "files",
            "brokenChain",
            "wrongType",
        ]);
        json!({
            "encoding": encoding, "form": form, "clearTextCopy": level, "exposedCredential": level, "onUpdate": "enforceAll",
            "size": {"total": 10, "value": 5, "keys": 1, "warnAt": 5},
            "deniedTypes": [{"type": "example.com/denied", "reason": "it is gone"}],
        })
    };
    [Value::Null, of("deny"), of("warn")]
}

/// Requests to make an object, to keep it, and to bring in what is wrong with it, each with settings.
fn requests(object: &Value) -> Vec<(Value, Value)> {
    let clean = secret(&json!({"data": {"a": ""}}));
    let [default, deny, warn] = settings();
    let mut keep = deny.clone();
    keep["onUpdate"] = json!("newViolations");
    let written = [
        (json!({"object": object}), default),
        (json!({"object": object}), warn),
        (
            json!({"operation": "UPDATE", "object": object, "oldObject": object}),
            keep.clone(),
        ),
        (
            json!({"operation": "UPDATE", "object": object, "oldObject": clean}),
            deny,
        ),
        (
            json!({"operation": "UPDATE", "object": clean, "oldObject": object}),
            keep,
        ),
    ];
    written
        .into_iter()
        .map(|(written, settings)| (complete(&written).unwrap(), settings))
        .collect()
}

/// All texts and numbers of some JSON, each on a line of its own, so that no marks stand between them.
fn strings(json: &Value) -> String {
    let lines: Vec<String> = match json {
        Value::Array(items) => items.iter().map(strings).collect(),
        Value::Object(fields) => {
            let values = fields.values().map(strings);
            fields.keys().cloned().chain(values).collect()
        }
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    };
    lines.join("\n")
}

/// All that comes out of the guest.
fn answer(guest: &Guest, request: &Value, settings: &Value) -> (Response, String) {
    let host = Arc::new(Arc::new(MemoryCluster::default()).host(guest.metadata()));
    let response = guest
        .validate(request, settings, Arc::clone(&host))
        .unwrap();
    let text = strings(&serde_json::to_value(&response).unwrap());
    assert_eq!(host.calls(), [], "it asks for nothing");
    (response, text)
}

/// Four bytes in a row, for every place where they start.
fn windows(bytes: &[u8]) -> BTreeSet<&[u8]> {
    bytes.windows(4).collect()
}

/// The texts of values, but not the keys.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// What is secret in an object: its values, and what is in them.
fn secrets(object: &Value) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for field in ["data", "stringData", "binaryData"] {
        texts(&object[field], &mut found);
    }
    texts(&object["metadata"]["annotations"], &mut found);
    let mut all: Vec<Vec<u8>> = Vec::new();
    for text in found {
        let once = decoded(text);
        let twice = once
            .as_ref()
            .and_then(|once| decoded(str::from_utf8(once).ok()?));
        all.extend(
            [Some(text.as_bytes().to_vec()), once, twice]
                .into_iter()
                .flatten(),
        );
    }
    all
}

/// The pieces of the marks in the encodings that an object may have: as they are, and in base64 at each of three places.
static PIECES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut written = Vec::new();
    for mark in &MARKS {
        written.push(mark.number.to_string());
        for text in [mark.text, mark.hex, mark.lower] {
            written.extend([text.to_owned(), text.to_lowercase()]);
            for before in ["", "a", "ab"] {
                let encoded = base64(format!("{before}{text}"));
                // What the letters before it, or the end behind it, have a part in is not the mark alone.
                written.push(encoded.get(4..encoded.len() - 4).unwrap().to_owned());
            }
        }
    }
    let pieces = written.iter().flat_map(|text| text.as_bytes().windows(4));
    pieces
        .map(|piece| String::from_utf8(piece.to_vec()).unwrap())
        .collect()
});

/// What is the same for both marks says nothing about either.
fn check(what: &str, objects: [&Value; 2], outputs: [&str; 2]) {
    let [one, other] = outputs;
    let differ = one
        .lines()
        .zip(other.lines())
        .find(|(one, other)| one != other);
    assert!(one == other, "{what}: it depends on a value: {differ:?}");
    let text: String = one.split_whitespace().collect();
    let pieces = windows(text.as_bytes());
    for piece in &*PIECES {
        assert!(
            !pieces.contains(piece.as_bytes()),
            "{what}: {piece:?} is in {one}"
        );
    }
    // The same once more for whatever is in the objects, and not the same in both.
    let shown = windows(one.as_bytes());
    let [first, second] = objects.map(secrets);
    let common: BTreeSet<&[u8]> = second.iter().flat_map(|secret| windows(secret)).collect();
    for secret in &first {
        for window in windows(secret) {
            assert!(
                common.contains(window) || !shown.contains(window),
                "{what}: {:?} is in {one}",
                String::from_utf8_lossy(window)
            );
        }
    }
}

#[test]
fn no_rule_tells_a_value() {
    let guest = policies::load(SecretData::NAME).unwrap();
    let [one, other] = [&MARKS[0], &MARKS[1]].map(objects);
    let mut driven = BTreeSet::new();
    for (first, second) in one.iter().zip(&other) {
        assert_ne!(first, second, "an object without a mark");
        for ((request, settings), (twin, _)) in requests(first).iter().zip(requests(second)) {
            let (response, text) = answer(&guest, request, settings);
            let (_, same) = answer(&guest, &twin, settings);
            check(
                &format!("{request} {settings}"),
                [first, second],
                [&text, &same],
            );
            assert_eq!(invariants::check(&response), Ok(()), "{request}");
            let lines = response.message.iter().chain(&response.warnings);
            driven.extend(lines.flat_map(|line| line.split('[')).filter_map(|rest| {
                let (id, _) = rest.split_once(']')?;
                Some(id.to_owned())
            }));
        }
    }
    let rules: BTreeSet<String> = SecretData::RULES
        .iter()
        .map(|rule| rule.id.to_owned())
        .collect();
    let missing: Vec<&String> = rules.difference(&driven).collect();
    assert!(missing.is_empty(), "nothing here drives {missing:?}");
}

/// A Pod that names Secret `db` in every way, with keys that are there and others.
fn naming_pod() -> Value {
    let variable =
        |key: &str| json!({"name": key, "valueFrom": {"secretKeyRef": {"name": "db", "key": key}}});
    let items = |key: &str| json!({"secretName": "db", "items": [{"key": key, "path": "file"}]});
    object(
        "Pod",
        &json!({"spec": {
            "imagePullSecrets": [{"name": "db"}],
            "containers": [{
                "name": "app",
                "env": [variable("password"), variable("passwort"), variable("absent")],
                "envFrom": [{"prefix": "P_", "secretRef": {"name": "db"}}],
                "volumeMounts": [
                    {"name": "all", "mountPath": "/a", "subPath": "Password"},
                    {"name": "absent", "mountPath": "/b"},
                ],
            }],
            "volumes": [{"name": "all", "secret": {"secretName": "db"}}, {"name": "absent", "secret": items("absent")}],
        }}),
    )
}

#[test]
fn no_value_of_a_secret_that_is_looked_up_is_told() {
    let guest = policies::load(WorkloadReferences::NAME).unwrap();
    let deny =
        json!({"unfit": {"binaryVariables": "deny"}, "users": "deny", "secrets": "required"});
    let all = |mark: &Mark| {
        let long = mark.text.repeat(12_000);
        values(mark)
            .into_iter()
            .chain([long.into_bytes()])
            .collect::<Vec<_>>()
    };
    let [one, other] = [&MARKS[0], &MARKS[1]].map(all);
    let mut driven = BTreeSet::new();
    for (first, second) in one.iter().zip(&other) {
        let secrets = [first, second].map(|value| {
            let (encoded, text) = (base64(value), String::from_utf8_lossy(value).into_owned());
            [json!({"password": encoded}), json!({"password": text})]
        });
        let [first, second] = secrets.map(|data| data.map(|data| secret(&json!({"data": data}))));
        for (first, second) in first.iter().zip(&second) {
            let deployment = json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"template": {"spec": naming_pod()["spec"]}},
            });
            let empty = secret(&json!({"data": {}}));
            let written = [
                |_: &Value, _: &Value| json!({ "object": naming_pod() }),
                |secret: &Value, empty: &Value| json!({"operation": "UPDATE", "object": empty, "oldObject": secret}),
                |secret: &Value, _: &Value| json!({"operation": "DELETE", "oldObject": secret}),
            ];
            for write in written {
                let tell = |secret: &Value| {
                    let request = complete(&write(secret, &empty)).unwrap();
                    let cluster = MemoryCluster::new([secret.clone(), deployment.clone()]);
                    let host = Arc::new(Arc::new(cluster).host(guest.metadata()));
                    let response = guest.validate(&request, &deny, host).unwrap();
                    strings(&serde_json::to_value(&response).unwrap())
                };
                let (text, same) = (tell(first), tell(second));
                check(&first.to_string(), [first, second], [&text, &same]);
                driven.extend(
                    text.split('[')
                        .filter_map(|rest| Some(rest.split_once(']')?.0.to_owned())),
                );
            }
        }
    }
    for rule in [
        "binary_variable",
        "missing_file",
        "missing_key",
        "removed_config",
        "removed_key",
        "unusable_variable",
        "wrong_pull_secret_type",
    ] {
        assert!(driven.contains(rule), "nothing here drives {rule}");
    }
}

/// The report of preflight on manifests: for people and for programs.
fn report(objects: &[Value], settings: &Value) -> (String, String) {
    // Of one name: where another number stood in the path, it could be one of a mark.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("leaks");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("all.yaml");
    // JSON is YAML.
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    let text = documents.join("\n---\n");
    fs::write(&file, text).unwrap();
    let read = manifests::read(&[file]);
    fs::remove_dir_all(&folder).unwrap();
    let engine = Engine::new(Limits::default()).unwrap();
    let policy = engine.load(SecretData::NAME, &policies::wasm(SecretData::NAME).unwrap());
    let configured = ActivePolicy::new(policy.unwrap(), settings.clone());
    let report = judge(read, &[configured], "default", None, || ()).unwrap();
    assert_eq!(report.summary.objects, objects.len());
    let table = strip_str(&table::render(&report, 100)).to_string();
    let json = serde_json::from_str(&programs::render(&report).unwrap()).unwrap();
    (table, strings(&json))
}

#[test]
fn preflight_tells_no_value() {
    // Fewer of them: the number of a line may not be one of a mark.
    let some = |mark| objects(mark).into_iter().step_by(7).collect::<Vec<_>>();
    let [one, other] = [&MARKS[0], &MARKS[1]].map(some);
    for settings in settings() {
        let (table, json) = report(&one, &settings);
        let (same_table, same_json) = report(&other, &settings);
        let all = [json!({"data": one}), json!({"data": other})];
        check("the table", [&all[0], &all[1]], [&table, &same_table]);
        check("the JSON", [&all[0], &all[1]], [&json, &same_json]);
        assert!(
            json.contains("oversized_data") || settings.is_null(),
            "{json}"
        );
    }
}

#[test]
fn wrong_settings_and_broken_requests_tell_no_value() {
    let guest = policies::load(SecretData::NAME).unwrap();
    let broken = |mark: &Mark| {
        let payloads = [
            "{\"request\":{\"object\":{\"data\":{\"a\":\"@@\"}}",
            "{\"request\":{\"object\":{\"data\":{\"a\":\"\\@@\"}}}}",
            "{\"request\":{\"object\":{\"data\":{\"a\":@@}}}}",
            "{\"request\":{\"object\":{\"data\":{\"a\":\"@@\",\"a\":\"@@\"},\"kind\":\"Secret\"}}}",
            "{\"request\":{\"kind\":{\"group\":\"\",\"kind\":\"Secret\"},\"object\":{\"data\":{\"a\":\"eA==\"},\"data\":{\"a\":\"@@\"}}}}",
            "{\"request\":\"@@\"}",
            "{\"request\":{\"object\":\"@@\",\"kind\":{\"group\":\"\",\"kind\":\"Secret\"}}}",
            "{\"request\":{\"operation\":\"UPDATE\",\"oldObject\":\"@@\",\"object\":{\"data\":[\"@@\"]},\"kind\":{\"group\":\"\",\"kind\":\"Secret\"}}}",
            "@@",
        ];
        payloads.map(|payload| payload.replace("@@", mark.text))
    };
    let [one, other] = [&MARKS[0], &MARKS[1]].map(broken);
    for (first, second) in one.iter().zip(&other) {
        let tell = |payload: &str| {
            let host = Arc::new(Arc::new(MemoryCluster::default()).host(guest.metadata()));
            let response = guest.validate_payload(payload.as_bytes(), host).unwrap();
            strings(&serde_json::to_value(&response).unwrap())
        };
        check(
            first,
            [&Value::Null, &Value::Null],
            [&tell(first), &tell(second)],
        );
    }
}
