//! `secret-data`: more is never better, an UPDATE is refused for what is new alone, and no value is repeated.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secret_data::SecretData;
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::marks::{self, MARK};
use crate::updates::{World, object};
use crate::{Outcome, ensure};

const SETTINGS: [&str; 5] = [
    "{}",
    r#"{"size": {"total": 40, "value": 20, "keys": 2, "warnAt": 10}}"#,
    r#"{"encoding": {"doubleBase64": "deny", "unencodedText": "warn", "trailingNewline": "deny",
        "surroundingSpace": "deny", "carriageReturn": "deny", "byteOrderMark": "deny", "utf16": "deny", "placeholder": "deny"},
        "form": {"basicAuth": "deny", "pem": "deny", "files": "deny", "expiredCertificate": "deny"},
        "clearTextCopy": "deny"}"#,
    r#"{"encoding": {"invalidBase64": "warn", "unencodedText": "off"}, "form": {"tls": "warn", "dockerConfig": "warn"}}"#,
    r#"{"deniedTypes": [{"type": "Opaque", "reason": "ours"}], "exempt": {"keys": ["password"]}}"#,
];

const TYPES: [&str; 10] = [
    "Opaque",
    "Opaque",
    "kubernetes.io/tls",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/dockercfg",
    "kubernetes.io/basic-auth",
    "kubernetes.io/ssh-auth",
    "bootstrap.kubernetes.io/token",
    "kubernetes.io/service-account-token",
    "helm.sh/release.v1",
];

const KEYS: [&str; 20] = [
    "password",
    "username",
    "tls.crt",
    "tls.key",
    "ca.crt",
    ".dockerconfigjson",
    ".dockercfg",
    "ssh-privatekey",
    "token-id",
    "token-secret",
    "expiration",
    "usage-bootstrap-authentication",
    "auth-extra-groups",
    "token",
    "a.json",
    "a.yaml",
    "app.env",
    "my key",
    "key.pem",
    "a",
];

const LABELS: [&str; 6] = [
    "CERTIFICATE",
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "PUBLIC KEY",
];

const CERTIFICATE: &str =
    include_str!("../../../policies/secret-data/src/testing/pem/ec_certificate.pem");
const KEY: &str = include_str!("../../../policies/secret-data/src/testing/pem/ec_key.pem");
const OTHER_KEY: &str = include_str!("../../../policies/secret-data/src/testing/pem/rsa_key.pem");

/// The bytes choose settings and a Secret.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let world = World::with(choices.pick(&SETTINGS))?;
    let mut secret = object(
        "v1",
        "Secret",
        &json!({"type": choices.pick(&TYPES), "data": {}}),
    );
    for _ in 0..choices.below(4) {
        add(&mut secret, &mut choices);
    }
    world.keeps::<SecretData>(&secret)?;
    let mut more = secret.clone();
    // No type gives a meaning to this key. What is wrong with it is new, and all else stays as it was.
    more["data"]["zz-added"] = json!(choices.pick(&["?", "a===", "\u{e9}", "not base64"]));
    world.adds::<SecretData>(&secret, &more)?;
    world.removes::<SecretData>(&more, &secret)?;
    world.spoils::<SecretData>(&secret, &more)?;
    let mut other = secret.clone();
    add(&mut other, &mut choices);
    world.spoils::<SecretData>(&secret, &other)
}

/// The first bytes choose settings, a type, a key and an encoding, and the rest is the value, with a mark in it.
pub(crate) fn value_holds(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let world = World::with(choices.pick(&SETTINGS))?;
    let secret_type = choices.pick(&TYPES);
    let key = choices.pick(&KEYS);
    let form = choices.below(8);
    let label = choices.pick(&LABELS);
    let place = usize::from(choices.number());
    let value = choices.rest();
    let mut marked = value.to_vec();
    let place = place.min(marked.len());
    marked.splice(place..place, MARK.bytes());
    for value in [value, &marked] {
        let mut fields = formed(form, key, value, label);
        fields["type"] = json!(secret_type);
        let secret = object("v1", "Secret", &fields);
        let answers = [
            world.create::<SecretData>(&secret)?,
            world.update::<SecretData>(&secret, &secret)?,
        ];
        for answer in answers {
            ensure(answer.code != Some(500), || {
                format!("{answer:?}: {}", world.tell(&secret))
            })?;
            let said =
                serde_json::to_string(&(answer.message, answer.warnings, answer.audit_annotations));
            let found = marks::found_in(&said.unwrap_or_default());
            ensure(found.is_none(), || {
                format!("says {found:?}: {}", world.tell(&secret))
            })?;
        }
    }
    Ok(())
}

/// A value behind a key, in one of the forms that it may be written in.
fn formed(form: usize, key: &str, value: &[u8], label: &str) -> Value {
    let text = String::from_utf8_lossy(value).into_owned();
    let encoded = STANDARD.encode(value);
    match form {
        0 => json!({"data": {key: encoded}}),
        1 => json!({"data": {key: text}}),
        2 => json!({"stringData": {key: text}}),
        3 => json!({"stringData": {key: pem(label, value)}}),
        4 => {
            json!({"stringData": {"tls.crt": pem("CERTIFICATE", value), "tls.key": KEY, key: pem(label, value)}})
        }
        5 => json!({"stringData": {"tls.crt": CERTIFICATE, "tls.key": pem(label, value)}}),
        6 => {
            let config = json!({"auths": {"registry.example.com": {"auth": text}, "other": {"auth": encoded}}});
            json!({"stringData": {".dockerconfigjson": config.to_string(), ".dockercfg": config["auths"].to_string()}})
        }
        _ => json!({"stringData": {key: STANDARD.encode(encoded)}}),
    }
}

/// Adds a value, in `data` or in `stringData`.
fn add(secret: &mut Value, choices: &mut Choices<'_>) {
    let key = choices.pick(&KEYS);
    let value = match choices.below(8) {
        0 => CERTIFICATE.to_owned(),
        1 => KEY.to_owned(),
        2 => OTHER_KEY.to_owned(),
        3 => pem(choices.pick(&LABELS), choices.bytes(40)),
        4 => STANDARD.encode(choices.bytes(40)),
        5 => String::new(),
        _ => choices.text(40),
    };
    match choices.below(4) {
        0 => secret["data"][key] = json!(value),
        1 => secret["stringData"][key] = json!(value),
        _ => secret["data"][key] = json!(STANDARD.encode(value)),
    }
}

fn pem(label: &str, bytes: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(bytes)
    )
}
