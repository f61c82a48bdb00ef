//! What happens to a payload before a policy gets it: first to its values, then to its bytes.
//!
//! No change looks at what a text says, only at how long it is: two payloads that differ in nothing but that are changed
//! in the same places.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// A key that ends with it loses it when the payload is written, and stands there twice.
const TWICE: char = '\u{f8fd}';
/// A half of a surrogate pair, which a `String` cannot have.
const HALF: char = '\u{f8fe}';
/// A text that starts with it is written without quotes.
const BARE: char = '\u{f8ff}';

/// Texts that one reader reads in another way than another.
const TEXTS: &[&str] = &[
    "",
    " ",
    "\u{0}",
    "\u{7f}\u{85}\u{9b}31m",
    "\u{1b}[2J",
    "a\nb\r\nc\td",
    "\n- fake: line [risky_path]",
    "\u{202e}gnp.exe\u{2066}",
    "\u{feff}text",
    "\u{2028}\u{2029}",
    "e\u{301}\u{301}\u{301}",
    "👩‍👩‍👧‍👦",
    "ＣＰＵ",
    "\u{f8fe}",
    "x\u{f8fe}y",
    "\u{10ffff}\u{fffd}",
    "\"\\\"'`{{}}[[]]",
    "a.b[0].c",
    "/",
    "//../..//./",
    "/var/run/docker.sock/..",
    "%00%2f",
    "1Ei",
    "100m",
    "-1",
    "+.5e-3",
    "1e999999999",
    "9223372036854775808",
    "1n",
    "0x10",
    "NaN",
    "30000-32767",
    "32767-30000",
    "65536",
    "null",
    "true",
    "!!binary AAAA",
    "====",
    "AA==",
    "QUFB\nQUFB",
    "eyJhIjp7fX0=",
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
    "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n",
    "${A}",
    "*",
    "kube-system",
    "Utilization",
    "ContainerResource",
    "Auto",
    "cpu",
    "memory",
    "hugepages-2Mi",
    "/scale",
];

/// Numbers at the edges of what types can hold.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "0.1",
    "1.0",
    "1e3",
    "32767",
    "32768",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e309",
    "-1e309",
    "5e-324",
    "1e-400",
    "123456789012345678901234567890123456789012345678901234567890",
    "0.10000000000000000000000000000000000000000000000000000000001",
];

const KINDS: &[(&str, &str, &str)] = &[
    ("", "v1", "Pod"),
    ("", "v1", "Secret"),
    ("", "v1", "ConfigMap"),
    ("", "v1", "Service"),
    ("", "v1", "PodTemplate"),
    ("", "v1", "PersistentVolume"),
    ("", "v1", "ReplicationController"),
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "DaemonSet"),
    ("apps", "v1", "StatefulSet"),
    ("apps", "v1", "ReplicaSet"),
    ("batch", "v1", "Job"),
    ("batch", "v1", "CronJob"),
    ("autoscaling", "v1", "HorizontalPodAutoscaler"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler"),
    ("autoscaling", "v1", "Scale"),
    ("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler"),
    ("autoscaling.k8s.io", "v1beta2", "VerticalPodAutoscaler"),
    ("example.com", "v1", "Secret"),
    ("", "", ""),
];

/// Bytes that mean something to a reader of JSON, or nothing at all.
const PIECES: &[&[u8]] = &[
    b"\xff",
    b"\"",
    b"{",
    b"}",
    b"[",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\udc00",
    b"null",
    b"\0",
    b"\xed\xa0\x80",
    b"/**/",
    b" ",
    b"\n",
];

const OPERATIONS: &[&str] = &[
    "CREATE", "UPDATE", "UPDATE", "DELETE", "CONNECT", "PATCH", "",
];

const SUB_RESOURCES: &[&str] = &[
    "",
    "",
    "ephemeralcontainers",
    "resize",
    "scale",
    "status",
    "finalize",
    "x\n",
];

const USERS: &[&str] = &[
    "kubernetes-admin",
    "system:serviceaccount:kube-system:deployment-controller",
    "system:serviceaccount:shop:kube-system",
    "system:kube-controller-manager",
    "system:node:a",
    "",
];

/// One change to the values of a payload; what it did in a word, to be printed with what fails.
pub(crate) fn change(random: &mut Random, payload: &mut Value) -> &'static str {
    if random.once_in(8) {
        let request = payload.get_mut("request");
        return request.map_or("nothing", |request| change_request(random, request));
    }
    // Mostly what is judged.
    let part = match random.below(8) {
        0 => "",
        1 => "/settings",
        2 => "/request/oldObject",
        3 => "/request/object/metadata",
        4 | 5 => "/request/object/spec",
        _ => "/request/object",
    };
    let mut place = payload;
    for key in part.split('/').skip(1) {
        // What is not there would be made by an index.
        if place.get(key).is_none_or(Value::is_null) {
            break;
        }
        place = &mut place[key];
    }
    change_anywhere(random, place)
}

/// One change somewhere in a value.
pub(crate) fn change_anywhere(random: &mut Random, value: &mut Value) -> &'static str {
    if random.once_in(2) {
        change_value(random, value)
    } else {
        change_list_or_map(random, value)
    }
}

/// Changes what the request says of itself.
fn change_request(random: &mut Random, request: &mut Value) -> &'static str {
    let Some(fields) = request.as_object_mut() else {
        return "nothing";
    };
    let mut set = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    match random.below(6) {
        0 => {
            let (group, version, kind) = random.pick(KINDS);
            set(
                "kind",
                json!({"group": group, "version": version, "kind": kind}),
            );
            "kind"
        }
        1 => {
            set("operation", json!(random.pick(OPERATIONS)));
            "operation"
        }
        2 => {
            set("subResource", json!(random.pick(SUB_RESOURCES)));
            "subresource"
        }
        3 => {
            set("userInfo", json!({"username": random.pick(USERS)}));
            "user"
        }
        4 => {
            let object = fields.get("object").cloned().unwrap_or_default();
            fields.insert("oldObject".to_owned(), object);
            fields.insert("operation".to_owned(), json!("UPDATE"));
            "update"
        }
        _ => {
            let (object, old) = (fields.remove("object"), fields.remove("oldObject"));
            fields.insert("object".to_owned(), old.unwrap_or_default());
            fields.insert("oldObject".to_owned(), object.unwrap_or_default());
            "objects"
        }
    }
}

/// Puts something else in the place of a value.
fn change_value(random: &mut Random, within: &mut Value) -> &'static str {
    let number = random.below(count(within));
    let Some(value) = nth(within, &mut { number }, &|_| true) else {
        return "nothing";
    };
    match random.below(10) {
        0 => {
            *value = Value::Null;
            "null"
        }
        1 => {
            *value = random.pick(&others()).clone();
            "another type"
        }
        2 | 3 => {
            *value = edge(random);
            "number"
        }
        4 | 5 => {
            *value = json!(random.pick(TEXTS));
            "text"
        }
        6 => {
            let size = if random.once_in(50) { 300_000 } else { 3_000 };
            let piece = random.pick(&["x", "é", "\u{1}", "/", "\"", "=", "A", " ", "🦀"]);
            *value = json!(piece.repeat(random.below(size)));
            "huge text"
        }
        7 => {
            let depth = if random.once_in(4) { 300 } else { 20 };
            for _ in 0..random.below(depth) {
                *value = if random.once_in(2) {
                    json!([value.take()])
                } else {
                    json!({ "spec": value.take() })
                };
            }
            "nesting"
        }
        8 => {
            if let Value::String(text) = value {
                let piece = random.pick(TEXTS);
                let mut at = random.below(text.len() + 1);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.insert_str(at, piece);
            } else {
                *value = json!(value.to_string());
            }
            "inserted text"
        }
        _ => {
            let copy = value.clone();
            *value = json!([copy, copy]);
            "list of it"
        }
    }
}

/// Changes which values a list or a map has.
fn change_list_or_map(random: &mut Random, within: &mut Value) -> &'static str {
    let filled = |value: &Value| match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => false,
    };
    let number = random.below(count_of(within, &filled));
    match nth(within, &mut { number }, &filled) {
        Some(Value::Array(items)) => change_list(random, items),
        Some(Value::Object(fields)) => change_map(random, fields),
        _ => "nothing",
    }
}

fn change_list(random: &mut Random, items: &mut Vec<Value>) -> &'static str {
    let (first, second) = (random.below(items.len()), random.below(items.len()));
    match random.below(6) {
        0 | 1 => {
            items.remove(first);
            "dropped item"
        }
        2 => {
            items.swap(first, second);
            "swapped items"
        }
        3 => {
            items.insert(second, items[first].clone());
            "item twice"
        }
        4 => {
            let size = items[first].to_string().len();
            let most = (if random.once_in(20) { 200_000 } else { 4_000 }) / size.max(1);
            let copies = vec![items[first].clone(); random.below(most)];
            items.extend(copies);
            "many items"
        }
        _ => {
            items.insert(second, random.pick(&others()).clone());
            "odd item"
        }
    }
}

fn change_map(random: &mut Random, fields: &mut Map<String, Value>) -> &'static str {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let (first, second) = (random.pick(&keys), random.pick(&keys));
    match random.below(8) {
        0 | 1 => {
            fields.remove(first);
            "dropped field"
        }
        2 => {
            let (one, other) = (fields[first].take(), fields[second].take());
            fields.insert(first.clone(), other);
            if first != second {
                fields.insert(second.clone(), one);
            }
            "swapped fields"
        }
        3 => {
            let copy = fields[second].clone();
            fields.insert(format!("{first}{TWICE}"), copy);
            "field twice"
        }
        4 => {
            let value = fields.remove(first).unwrap_or_default();
            let key = match random.below(4) {
                0 => first.to_uppercase(),
                1 => first.repeat(1 + random.below(300)),
                2 => format!("{first}{}", random.pick(TEXTS)),
                _ => (*random.pick(TEXTS)).to_owned(),
            };
            fields.insert(key, value);
            "renamed field"
        }
        5 => {
            let copy = fields[first].clone();
            for number in 0..random.below(60) {
                fields.insert(format!("{second}-{number}"), copy.clone());
            }
            "many fields"
        }
        6 => {
            let entry = json!({
                "manager": random.pick(TEXTS), "operation": "Update", "apiVersion": "v1",
                "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:data": {".": {}, "f:a": {}}, "f:spec": {"f:ports": {".": {}, "f:nodePort": edge(random)}}},
            });
            let entries = vec![entry; random.below(40)];
            fields.insert("managedFields".to_owned(), json!(entries));
            "managed fields"
        }
        _ => {
            let (key, value) = match random.below(5) {
                0 => ("deletionTimestamp", json!("2026-01-01T00:00:00Z")),
                1 => ("generateName", json!(random.pick(TEXTS))),
                2 => ("namespace", json!(random.pick(TEXTS))),
                3 => ("name", json!(random.pick(TEXTS))),
                _ => (
                    "ownerReferences",
                    json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": random.pick(TEXTS), "controller": true}]),
                ),
            };
            fields.insert(key.to_owned(), value);
            "odd field"
        }
    }
}

fn others() -> [Value; 9] {
    [
        json!(true),
        json!(7),
        json!(-1.5),
        json!(""),
        json!("text"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"a": {"b": []}}),
    ]
}

fn edge(random: &mut Random) -> Value {
    json!(format!("{BARE}{}", random.pick(NUMBERS)))
}

fn count(value: &Value) -> usize {
    count_of(value, &|_| true)
}

/// How many values there are of a sort, with the value itself.
fn count_of(value: &Value, sort: &dyn Fn(&Value) -> bool) -> usize {
    let below: usize = match value {
        Value::Array(items) => items.iter().map(|item| count_of(item, sort)).sum(),
        Value::Object(fields) => fields.values().map(|field| count_of(field, sort)).sum(),
        _ => 0,
    };
    below + usize::from(sort(value))
}

/// The value that comes after so many of a sort.
fn nth<'v>(
    value: &'v mut Value,
    number: &mut usize,
    sort: &dyn Fn(&Value) -> bool,
) -> Option<&'v mut Value> {
    if sort(value) {
        if *number == 0 {
            return Some(value);
        }
        *number -= 1;
    }
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, number, sort)),
        Value::Object(fields) => fields
            .values_mut()
            .find_map(|field| nth(field, number, sort)),
        _ => None,
    }
}

/// The text of a payload, with what a [`Value`] cannot have.
pub(crate) fn write(payload: &Value) -> String {
    let text = payload.to_string();
    if !text.contains([TWICE, HALF, BARE]) {
        return text;
    }
    let text = text.replace(TWICE, "").replace(HALF, "\\ud83d");
    // What was put behind the mark of a bare number is no longer one.
    let mut parts = text.split(BARE);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match (written.strip_suffix('"'), part.split_once('"')) {
            (Some(before), Some((number, rest))) if NUMBERS.contains(&number) => {
                written = format!("{before}{number}{rest}");
            }
            _ => written.push_str(part),
        }
    }
    written
}

/// One change to the bytes of a payload.
pub(crate) fn damage(random: &mut Random, bytes: &mut Vec<u8>) -> &'static str {
    let at = random.below(bytes.len());
    let end = (at + random.below(40)).min(bytes.len());
    match random.below(7) {
        0 => {
            bytes.truncate(at);
            "truncated"
        }
        1 | 2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
            "flipped"
        }
        3 => {
            let piece = random.pick(PIECES);
            bytes.splice(at..at, piece.iter().copied());
            "inserted bytes"
        }
        4 => {
            bytes.drain(at..end);
            "dropped bytes"
        }
        5 => {
            let piece = bytes[at..end].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, piece);
            "copied bytes"
        }
        _ => {
            let copy = bytes.clone();
            bytes.extend(copy);
            "two payloads"
        }
    }
}
