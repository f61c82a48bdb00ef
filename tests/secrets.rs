//! How much `secret-data` counts, and how much it needs: Secrets are built from the types of k8s-openapi, written by it,
//! judged by the real wasm, and judged once more on the typed objects by a few lines of this file.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use bundle_tests::{Random, complete, policies, read, repository, yaml};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use policy_metadata::Metadata;
use preflight::review::Target;
use preflight::{Engine, Limits, NoHost, Policy as Guest, Response};
use secret_data::SecretData;
use serde::Serialize;
use serde_json::{Value, json};
use shared::Policy;

/// Change it to try other objects; what fails is printed with it.
const SEED: u64 = 0x5eed_0003;

const KIBIBYTE: usize = 1024;
const MEBIBYTE: usize = 1024 * KIBIBYTE;

fn guest() -> std::sync::Arc<Guest> {
    policies::load(SecretData::NAME).unwrap()
}

fn metadata() -> ObjectMeta {
    ObjectMeta {
        name: Some("db".to_owned()),
        namespace: Some("shop".to_owned()),
        ..ObjectMeta::default()
    }
}

fn secret(data: impl IntoIterator<Item = (String, Vec<u8>)>) -> Secret {
    let encoded = data
        .into_iter()
        .map(|(key, value)| (key, ByteString(value)));
    Secret {
        metadata: metadata(),
        data: Some(encoded.collect()),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

fn config_map(data: &[(&str, &str)], binary: &[(&str, &[u8])]) -> ConfigMap {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let bytes = |(key, value): &(&str, &[u8])| ((*key).to_owned(), ByteString(value.to_vec()));
    ConfigMap {
        metadata: metadata(),
        data: Some(data.iter().map(owned).collect()),
        binary_data: Some(binary.iter().map(bytes).collect()),
        ..ConfigMap::default()
    }
}

fn judge(object: &impl Serialize, settings: &Value) -> Response {
    let object = serde_json::to_value(object).unwrap();
    let request = complete(&json!({ "object": object })).unwrap();
    guest().validate(&request, settings, NoHost).unwrap()
}

/// The rules that refuse, and the fields that they refuse.
fn refused(response: &Response) -> BTreeMap<String, BTreeSet<String>> {
    let of_rule = |(rule, paths): (&String, &String)| {
        let paths = paths.split(", ").map(ToOwned::to_owned);
        (rule.clone(), paths.collect())
    };
    response.audit_annotations.iter().map(of_rule).collect()
}

#[test]
fn a_mebibyte_is_accepted_and_one_byte_more_is_not() {
    let of = |values: &[usize]| {
        let value = |(place, size): (usize, &usize)| (format!("k{place}"), vec![b'z'; *size]);
        judge(&secret(values.iter().enumerate().map(value)), &Value::Null)
    };
    for values in [
        &[MEBIBYTE][..],
        &[MEBIBYTE - 7, 7],
        &[MEBIBYTE / 2, 0, MEBIBYTE / 2],
    ] {
        let response = of(values);
        assert!(response.accepted, "{response:?}");
        assert_eq!(
            response.warnings,
            [
                "secret-data: data: holds 1 MiB, so that an UPDATE may be too large for the policy server; fix: move large \
                 files to a volume or an object store, or split the object [large_data]",
                "secret-data: data: has more than the 256 KiB that client-side kubectl apply can keep a copy of; fix: use \
                 kubectl apply --server-side, which keeps no copy [too_large_to_apply]"
            ]
        );
    }
    let over = "Secret shop/db violates secret-data: data: holds 1048577 bytes, 1 over the limit of 1 MiB; ";
    let fix = "; fix: move large files to a volume or an object store, or split the object [oversized_data]";
    assert_eq!(
        of(&[MEBIBYTE + 1]).message.unwrap(),
        format!("{over}it is all in \"k0\" with 1024 KiB{fix}")
    );
    assert_eq!(
        of(&[MEBIBYTE - 20 * KIBIBYTE, 1, 20 * KIBIBYTE - 9, 9])
            .message
            .unwrap(),
        format!(
            "{over}the largest keys are \"k0\" with 1004 KiB, \"k2\" with 19 KiB, \"k3\" with 9 bytes{fix}"
        )
    );
}

#[test]
fn the_bytes_of_a_config_map_are_counted() {
    // Three bytes each.
    let text = "語".repeat(MEBIBYTE / 3);
    let rest = MEBIBYTE - text.len();
    for (more, accepted) in [(rest, true), (rest + 1, false)] {
        let object = config_map(&[("a", &text)], &[("b", &vec![0xff; more])]);
        let response = judge(&object, &Value::Null);
        assert_eq!(response.accepted, accepted, "{:?}", response.message);
    }
}

/// What Go's JSON decoder takes for base64, in another way than the policy finds it out.
fn is_base64(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    let is_symbol = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    text.len().is_multiple_of(4)
        && padding <= 2
        && body.chars().all(is_symbol)
        && body.len() % 4 != 1
}

/// A text that was base64, and perhaps no longer is.
fn damaged(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..random.below(3) {
        let place = random.below(text.len() + 1);
        match random.below(8) {
            0 => {
                text.pop();
            }
            1 => text.insert(place, '\n'),
            2 => text.insert_str(place, "\r\n"),
            3 => text.insert(place, ' '),
            4 => text.insert(place, '-'),
            5 => text.push('='),
            6 => text.insert(place, 'A'),
            _ => text.truncate(place),
        }
    }
    text
}

#[test]
fn secrets_are_read_as_k8s_openapi_writes_them() {
    let (total, value, keys) = (40, 15, 4);
    let off = [
        "doubleBase64",
        "unencodedText",
        "trailingNewline",
        "surroundingSpace",
    ];
    let off = off
        .iter()
        .chain(&["carriageReturn", "byteOrderMark", "utf16", "placeholder"]);
    let mut encoding: BTreeMap<&str, &str> = off.map(|name| (*name, "off")).collect();
    encoding.insert("invalidBase64", "deny");
    let settings = json!({
        "size": {"total": total, "value": value, "keys": keys, "warnAt": total},
        "encoding": encoding,
    });
    let mut random = Random::new(SEED);
    let (mut accepted, mut broken) = (0, 0);
    for round in 0..3_000 {
        let mut secret =
            secret((0..random.below(6)).map(|key| (format!("k{key}"), random.bytes(18))));
        let clear = (0..random.below(3)).map(|key| {
            let text = "aé語".repeat(random.below(4));
            (format!("k{}", key * 2), text)
        });
        let clear: BTreeMap<String, String> = clear.collect();
        secret.string_data = (random.below(2) == 0).then_some(clear);
        let mut object = serde_json::to_value(&secret).unwrap();
        let written = object
            .get_mut("data")
            .and_then(Value::as_object_mut)
            .unwrap();
        if random.below(2) == 0 {
            for text in written.values_mut() {
                *text = json!(damaged(text.as_str().unwrap(), &mut random));
            }
        }
        let clear = secret.string_data.clone().unwrap_or_default();
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut found =
            |rule: &str, field: String| expected.entry(rule.to_owned()).or_default().insert(field);
        let mut sum = 0;
        let mut count = clear.len();
        for (key, text) in written {
            let text = text.as_str().unwrap();
            let is_replaced = clear.contains_key(key);
            count += usize::from(!is_replaced);
            if is_replaced && is_base64(text) {
                continue;
            }
            if is_base64(text) {
                let symbols = text
                    .chars()
                    .filter(|c| !matches!(c, '\r' | '\n' | '='))
                    .count();
                let size = symbols * 3 / 4;
                sum += size;
                if size > value {
                    found("oversized_value", format!("data[\"{key}\"]"));
                }
            } else {
                broken += 1;
                found("invalid_base64", format!("data[\"{key}\"]"));
            }
        }
        for (key, text) in &clear {
            sum += text.len();
            if text.len() > value {
                found("oversized_value", format!("stringData[\"{key}\"]"));
            }
        }
        if sum > total {
            found("oversized_data", "data".to_owned());
        }
        if count > keys {
            found("too_many_keys", "data".to_owned());
        }
        let response = judge(&object, &settings);
        let place = format!("seed {SEED:#x}, round {round}: {object}");
        assert_eq!(refused(&response), expected, "{place}");
        assert_eq!(response.accepted, expected.is_empty(), "{place}");
        accepted += usize::from(response.accepted);
    }
    assert!(
        accepted > 500 && broken > 500,
        "{accepted} accepted, {broken} values broken"
    );
}

/// A request to change a Secret, or to make it.
fn request(object: &Secret, old: Option<&Secret>) -> Value {
    let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
    let written = json!({"operation": operation, "object": object, "oldObject": old});
    complete(&written).unwrap()
}

/// Requests with much data.
fn large_requests() -> Vec<(&'static str, Value)> {
    let text = |size: usize| {
        b"correct horse battery staple "
            .iter()
            .copied()
            .cycle()
            .take(size)
    };
    let one = |size: usize| secret([("k".to_owned(), text(size).collect())]);
    let ten =
        |size: usize| secret((0..10).map(|key| (format!("k{key}"), text(size / 10).collect())));
    // Items that a tree of JSON would need many times their length for.
    let json = |size: usize| {
        let mut value = b"[".to_vec();
        value.extend(b"0,".iter().copied().cycle().take(size / 2 * 2 - 4));
        value.extend(b"0]");
        secret([("k.json".to_owned(), value)])
    };
    let lines = |size: usize| b"a: 1\n".iter().copied().cycle().take(size);
    let yaml = |size: usize| secret([("k.yaml".to_owned(), lines(size).collect())]);
    let binary = |size: usize| {
        let bytes = (0..size).map(|place| u8::try_from(place * 7 % 251).unwrap());
        secret([("k".to_owned(), bytes.collect())])
    };
    vec![
        ("one value", request(&one(MEBIBYTE), None)),
        ("ten values", request(&ten(MEBIBYTE), None)),
        ("one value of JSON", request(&json(MEBIBYTE), None)),
        ("one value of YAML", request(&yaml(MEBIBYTE), None)),
        ("one binary value", request(&binary(MEBIBYTE), None)),
        (
            "an UPDATE of one value",
            request(&one(700 * KIBIBYTE), Some(&one(700 * KIBIBYTE))),
        ),
        (
            "an UPDATE of ten values",
            request(&ten(700 * KIBIBYTE), Some(&ten(700 * KIBIBYTE))),
        ),
        (
            "an UPDATE of JSON",
            request(&json(700 * KIBIBYTE), Some(&json(700 * KIBIBYTE))),
        ),
    ]
}

/// The memory of a guest is counted in these.
const PAGE: u64 = 64 * 1024;

/// What a guest with so much memory answers; none when that is not enough.
fn within(pages: u64, request: &Value, settings: &Value) -> Option<Response> {
    let limits = Limits {
        memory: pages * PAGE,
        ..Limits::default()
    };
    let engine = Engine::new(limits).unwrap();
    let guest = engine.load(SecretData::NAME, &policies::wasm(SecretData::NAME).unwrap());
    guest.unwrap().validate(request, settings, NoHost).ok()
}

#[test]
fn a_large_secret_needs_less_memory_than_two_and_a_half_times_the_request() {
    // On an UPDATE, the old object is judged only where the new one is refused.
    let strict = json!({"size": {"total": "100Ki", "warnAt": "100Ki"}});
    let mut short = Vec::new();
    for (name, request) in large_requests() {
        for settings in [Value::Null, strict.clone()] {
            let payload = json!({"request": request, "settings": settings}).to_string();
            let pages = u64::try_from(payload.len()).unwrap() * 5 / 2 / PAGE;
            let Some(response) = within(pages, &request, &settings) else {
                let enough = |pages: &u64| within(*pages, &request, &settings).is_some();
                let least = (pages..pages * 2).find(enough);
                short.push(format!(
                    "{name}, {settings}: {} bytes need {least:?} pages of 64 KiB, over {pages}",
                    payload.len()
                ));
                continue;
            };
            let passes = settings.is_null() || name.starts_with("an UPDATE");
            assert_eq!(
                response.accepted, passes,
                "{name}, {settings}: {response:?}"
            );
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn config_maps_are_judged_but_where_the_example_leaves_them_out() {
    let text = |path: &str| read(&repository(path)).unwrap();
    let metadata = Metadata::from_yaml(&text("policies/secret-data/metadata.yml")).unwrap();
    let example = yaml::read(&text("deploy/examples/secret-data-without-configmaps.yaml")).unwrap();
    let spec = example.get("spec").unwrap();
    let rules = serde_json::from_value(spec.get("rules").unwrap().clone()).unwrap();
    let narrow = Metadata {
        rules,
        ..metadata.clone()
    };
    let target = |resource: &str, operation: &str| Target {
        version: "v1".to_owned(),
        group: String::new(),
        resource: resource.to_owned(),
        subresource: String::new(),
        operation: operation.to_owned(),
    };
    for operation in ["CREATE", "UPDATE"] {
        for resource in ["secrets", "configmaps"] {
            let target = target(resource, operation);
            assert!(target.is_wanted_by(&metadata), "{resource} {operation}");
            assert_eq!(target.is_wanted_by(&narrow), resource == "secrets");
        }
    }
}
