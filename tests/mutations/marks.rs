//! Marks that stand for what is secret, where it is, and whether it came out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use k8s_openapi::ByteString;
use serde_json::{Value, json};

use crate::random::Random;

/// Two of the same form, without a letter in common at the same place.
pub(crate) const MARKS: [&str; 2] = ["qZ7vK2xW9mJ4", "rX3bN6yR8wT5"];

/// Where an object has what is secret.
const FIELDS: [&str; 3] = ["data", "stringData", "binaryData"];
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Four bytes of a mark in a row, as they are and in base64.
static PIECES: LazyLock<BTreeSet<[u8; 4]>> = LazyLock::new(|| {
    let mut pieces = BTreeSet::new();
    for mark in MARKS {
        let mut written = vec![mark.to_owned()];
        for before in ["", "a", "ab"] {
            let encoded = base64(format!("{before}{mark}").as_bytes());
            // What the letters before it, or the end behind it, have a part in is not the mark alone.
            written.push(encoded[4..encoded.len() - 4].to_owned());
        }
        for text in written {
            let windows = text.as_bytes().windows(4);
            pieces.extend(windows.map(|piece| <[u8; 4]>::try_from(piece).unwrap()));
        }
    }
    pieces
});

fn base64(bytes: &[u8]) -> String {
    let value = serde_json::to_value(ByteString(bytes.to_vec())).unwrap();
    value.as_str().unwrap().to_owned()
}

/// How many pieces of marks are in a text.
pub(crate) fn pieces(text: &str) -> usize {
    text.as_bytes()
        .windows(4)
        .filter(|window| <[u8; 4]>::try_from(*window).is_ok_and(|piece| PIECES.contains(&piece)))
        .count()
}

/// Puts a mark into what is secret in the objects of a request. Whether there was anything.
pub(crate) fn put(random: &mut Random, request: &mut Value, mark: &str) -> bool {
    let mut found = false;
    in_objects(request, &mut |text| {
        let long = mark.repeat(4);
        *text = match random.below(10) {
            0..=3 => {
                // Whatever it is, it has the mark in its middle.
                let decoded: Result<ByteString, _> = serde_json::from_value(json!(text));
                match decoded {
                    // What is encoded in there may be broken by the one mark and not by the other, and that is told.
                    Ok(ByteString(bytes)) if bytes.windows(4).any(|word| word == b"auth") => {
                        base64(&[&bytes, mark.as_bytes()].concat())
                    }
                    Ok(ByteString(mut bytes)) => {
                        let middle = bytes.len() / 2;
                        bytes.splice(middle..middle, mark.bytes());
                        base64(&bytes)
                    }
                    Err(_) => format!("{text}{mark}"),
                }
            }
            4 => format!("{text}{mark}"),
            5 => mark.to_owned(),
            6 => base64(mark.as_bytes()),
            7 => base64(base64(long.as_bytes()).as_bytes()),
            8 => base64(format!("{{\"auths\":{{\"{mark}\":{{\"auth\":\"{mark}\"}}}}}}").as_bytes()),
            _ => {
                base64(format!("-----BEGIN {mark}-----\n{long}\n-----END {mark}-----\n").as_bytes())
            }
        };
        found = true;
    });
    found
}

/// The objects of a request that hold secrets, with each text that is one.
fn in_objects(request: &mut Value, each: &mut dyn FnMut(&mut String)) {
    for object in ["object", "oldObject"] {
        let Some(object) = request.get_mut(object) else {
            continue;
        };
        let annotation = format!("/metadata/annotations/{}", LAST_APPLIED.replace('/', "~1"));
        let fields = FIELDS.map(|field| format!("/{field}"));
        for pointer in fields.iter().chain([&annotation]) {
            if let Some(value) = object.pointer_mut(pointer) {
                texts(value, each);
            }
        }
    }
}

fn texts(value: &mut Value, each: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => {
            for item in items {
                texts(item, each);
            }
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                texts(value, each);
            }
        }
        _ => {}
    }
}

/// Takes marks away from where nothing is secret: a change may have moved them to a name, and names are told.
pub(crate) fn keep_in_place(payload: &mut Value) {
    keep(payload, Place::Payload);
}

/// How many pieces of marks stand where they are secret.
pub(crate) fn pieces_in_place(payload: &mut Value) -> usize {
    let mut found = 0;
    if let Some(request) = payload.get_mut("request") {
        in_objects(request, &mut |text| found += pieces(text));
    }
    found
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Payload,
    Request,
    Object,
    Metadata,
    Annotations,
    Open,
    Secret,
}

fn keep(value: &mut Value, place: Place) {
    let below = |key: &str| match (place, key.trim_end_matches('\u{f8fd}')) {
        (Place::Payload, "request") => Place::Request,
        (Place::Request, "object" | "oldObject") => Place::Object,
        (Place::Object, "metadata") => Place::Metadata,
        (Place::Metadata, "annotations") => Place::Annotations,
        (Place::Secret, _) | (Place::Annotations, LAST_APPLIED) => Place::Secret,
        (Place::Object, field) if FIELDS.contains(&field) => Place::Secret,
        _ => Place::Open,
    };
    match value {
        Value::String(text) if place != Place::Secret && pieces(text) > 0 => {
            "moved".clone_into(text);
        }
        Value::Array(items) => {
            let place = match place {
                Place::Secret => Place::Secret,
                _ => Place::Open,
            };
            let place = if place == Place::Secret {
                place
            } else {
                Place::Open
            };
            for item in items {
                keep(item, place);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                keep(value, below(key));
            }
        }
        _ => {}
    }
}
