//! The reader and a real kubectl on generated documents: what is read without a problem is what kubectl reads.
//!
//! `DOCUMENTS=20000 cargo test -p manifests --test kubectl -- --nocapture` tries more than the usual number, and `SEED=7`
//! others. Each failure is printed with the document. It needs `kubectl` on the PATH, and no cluster; CI has to have it.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a generator of documents, which only this test uses"
)]

use std::{
    env,
    fmt::Write as _,
    fs,
    process::{Command, Stdio},
};

use manifests::read_text;
use rayon::prelude::*;
use tree::{Value, json};

/// How many documents each run tries.
const DOCUMENTS: u64 = 300;

/// How many of them have to be read by both, so that something is compared.
const SHARE: u64 = 10;

#[test]
fn what_is_read_without_a_problem_is_what_kubectl_reads() {
    let of = |name: &str| env::var(name).ok().and_then(|number| number.parse().ok());
    let (count, seed) = (
        of("DOCUMENTS").unwrap_or(DOCUMENTS),
        of("SEED").unwrap_or(1),
    );
    let has_kubectl = Command::new("kubectl").arg("help").output().is_ok();
    if !has_kubectl && env::var_os("CI").is_none() {
        return eprintln!("skipped: there is no kubectl on the PATH");
    }
    assert!(has_kubectl, "CI has to have kubectl on the PATH");
    let folder = tempfile::tempdir().unwrap();
    let outcomes: Vec<Outcome> = (0..count)
        .into_par_iter()
        .map(|number| {
            let text = document(&mut Choices::new(seed, number));
            let file = folder.path().join(format!("{number}.yaml"));
            fs::write(&file, &text).unwrap();
            let outcome = compare(&text, file.to_str().unwrap());
            fs::remove_file(file).unwrap();
            outcome
        })
        .collect();
    let differing: Vec<&String> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Differs(text) => Some(text),
            _ => None,
        })
        .collect();
    for text in differing.iter().take(20) {
        eprintln!("{text}\n");
    }
    let same = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Same))
        .count();
    let problems = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Problem))
        .count();
    eprintln!(
        "{count} documents: {same} read alike, {problems} with a problem, {} differ",
        differing.len()
    );
    assert!(differing.is_empty());
    assert!(
        same as u64 * SHARE >= count,
        "too few documents that both read"
    );
}

enum Outcome {
    /// Both read the same objects.
    Same,
    /// There is a problem, and so no claim.
    Problem,
    /// kubectl refuses it, and so applies nothing.
    Refused,
    Differs(String),
}

fn compare(text: &str, file: &str) -> Outcome {
    let read = read_text(file, text);
    if !read.problems.is_empty() {
        return Outcome::Problem;
    }
    let annotated = Command::new("kubectl")
        .args([
            "annotate",
            "--local",
            "--output",
            "json",
            "--filename",
            file,
            "x=y",
        ])
        .env_remove("KUBECONFIG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let output = String::from_utf8(annotated.stdout).unwrap();
    let theirs: Vec<Value> = serde_json::Deserializer::from_str(&output)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let ours: Vec<Value> = read
        .objects
        .iter()
        .map(|object| annotate(&object.value))
        .collect();
    // kubectl goes on behind an object that it refuses, and stops at one that it cannot read.
    let mut rest = ours.iter();
    let are_ours = theirs
        .iter()
        .all(|theirs| rest.any(|ours| same(ours, theirs)));
    if are_ours && theirs.len() == ours.len() && annotated.status.success() {
        Outcome::Same
    } else if are_ours && !annotated.status.success() {
        Outcome::Refused
    } else {
        let mut told = format!("{text:?}\n{text}\n");
        let _ = writeln!(told, "ours:   {}", json!(ours));
        let _ = write!(
            told,
            "kubectl: {} {}",
            json!(theirs),
            String::from_utf8_lossy(&annotated.stderr)
        );
        Outcome::Differs(told)
    }
}

/// What `kubectl annotate` makes of an object.
fn annotate(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        let metadata = fields.entry("metadata".into()).or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("annotations".into(), json!({"x": "y"}));
        }
    }
    object
}

/// kubectl's JSON has floats for whole numbers that are very large.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => {
            ours == theirs || ours.as_f64() == theirs.as_f64()
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
        }
        _ => ours == theirs,
    }
}

/// Choices that a seed decides.
struct Choices(u64);

impl Choices {
    fn new(seed: u64, number: u64) -> Self {
        let mut choices = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_add(1));
        for _ in 0..4 {
            choices.next();
        }
        choices
    }

    /// As `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    /// Mostly one of the first few, which are what people write.
    fn mostly<'a>(&mut self, items: &[&'a str]) -> &'a str {
        if self.one_in(3) {
            self.of(items)
        } else {
            self.of(&items[..5])
        }
    }
}

const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "path",
    "x-y",
    "on",
    "y",
    "No",
    "1",
    "0x10",
    "1.10",
    "1e3",
    "1e6",
    "12_",
    "~",
    "<<",
    "'<<'",
    "\"<<\"",
    "!!merge <<",
    "! '<<'",
    "!!str 1",
    "'1'",
    "\"1\"",
    "? a\n  ",
    "&k kk",
    "*k",
    ".inf",
    "2001-01-01",
    "items",
    "Items",
    "é",
    "\"\\u0061\"",
    "''",
    "- a",
    "a b",
    "a#b",
    "a: b",
    "{a: b}",
    "[a]",
    "=",
    "-",
    "?",
    "!!binary YQ==",
    "\"a\\\n  b\"",
    "a\u{a0}",
    "true",
    "null",
    "18446744073709551615",
    "@a",
    "%a",
    "a\u{feff}",
];
const SCALARS: &[&str] = &[
    "1",
    "a",
    "'a'",
    "\"a\"",
    "yes",
    "~",
    "",
    "null",
    "0777",
    "0o17",
    "1_000",
    "1e3",
    "1.0",
    "-0",
    ".5",
    ".inf",
    "-.inf",
    "12e4567",
    "2001-01-01",
    "12:30",
    "\"a\\tb\\x41\\u0041\\U00000041\\/\\e\\N\\L\\P\\_\"",
    "'it''s'",
    "\"a\n  b\n\n  c\"",
    "'a\n  b'",
    "a\n  b",
    "|\n    a\n    b",
    "|-\n    a\n",
    "|+\n    a\n\n",
    ">\n    a\n    b\n\n    c",
    ">-\n    a\n     b\n    c",
    "|2\n    a",
    "|1-\n   a",
    "# comment",
    "a # comment",
    "a#b",
    "!!str 12",
    "!!int '12'",
    "!!float 3",
    "!!bool on",
    "!!null ''",
    "!foo 12",
    "! 12",
    "! '12'",
    "!!binary aGk=",
    "&a 1",
    "*a",
    "*b",
    "&b {p: 1}",
    "&c [1, 2]",
    "*c",
    "http://a:80/b",
    "a: b",
    "- a",
    "-1",
    "--- a",
    "...",
    "\"\\ud83d\\ude00\"",
    "😀",
    "a\u{2028}b",
    "'a\u{2028}b'",
    "\"a\u{85}b\"",
    "a\u{85}  c: d",
    "a \u{2029}  c: d",
    "a\rb",
    "a\r  c: d",
    "'a\u{2029}  b'",
    "|\n    a\u{2028}    b\u{85}    c",
    "\ta",
    "a\tb",
    "a\t# b",
    "%a",
    "@a",
    "`a",
    "0x1F",
    "0b11",
    "+1",
    "1.",
    "1e",
    "._5",
    "123456789012345678901234567890",
    "18446744073709551615",
    "-9223372036854775808",
    "9223372036854775808",
    "1.7976931348623157e308",
    "<<",
    "=",
    "!!timestamp 2001-01-01",
    "!!set {a, b}",
    "!<tag:yaml.org,2002:str> 1",
    "!e!x 1",
    "? a\n  : b",
    "[a, b]: c",
    "\u{feff}a",
];
const FLOWS: &[&str] = &[
    "[]",
    "{}",
    "[a, b]",
    "[a, b,]",
    "{a: 1, b: 2}",
    "{a, b: 2}",
    "{a: }",
    "[a: b]",
    "[? a : b]",
    "{? a : b}",
    "[a\n  , b]",
    "{'a':1}",
    "{\"a\":1, b:2}",
    "{a:1}",
    "[a:b]",
    "{a: [{b: {c: d}}]}",
    "{<<: *b}",
    "{<<: *b, p: 2}",
    "{p: 2, <<: *b}",
    "{p: 1, <<: *b}",
    "{<<: [*b, {q: 1}]}",
    "{<<: {a: 1}, <<: {a: 2}}",
    "{'<<': {a: 1}}",
    "{!!merge <<: {a: 1}}",
    "{a: 1, a: 2}",
    "{yes: 1, true: 2}",
    "{1: a, '1': b}",
    "{<<: 1}",
    "{<<: }",
    "{<<: [1]}",
    "[!!str , a]",
    "[!!str, a]",
    "{!!str : a}",
    "[*b, *b]",
    "{ *k : 1}",
    "[#a\n  ]",
    "[a #b\n  ]",
    "[a#b]",
    "{a: 'x'y}",
    "[[[[[[[[[[]]]]]]]]]]",
    "{a: \u{2028}  1}",
    "[a,\u{85}  b]",
    "[a # \u{2028}  , b]",
    "{a: \"\\\n  b\"}",
    "[-1, - 1]",
    "{?}",
    "[?a]",
    "{a?: b}",
    "{http://a: b}",
    "{&k kk: 1, *k : 2}",
    "{\"a\" : 1}",
    "{a : 1}",
    "{\"a\"\n  : 1}",
    "[\"a\"\n  : 1]",
    "{:a: b}",
    "{a: :b}",
    "[:]",
    "[::]",
];
const BREAKS: &[&str] = &["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"];
const BETWEEN: &[&str] = &[
    "---\n",
    "--- # c\n",
    "---\t\n",
    "---\r\n",
    "---\u{a0}\n",
    "...\n",
    "# c\n",
    "\n",
    "%YAML 1.1\n---\n",
    "---\n---\n",
    "--- {}\n",
    "--- |\n  a\n---\n",
    "# c\u{2028}",
    "#\u{85}",
    "---\u{2028}",
    "--- \u{85}",
];
const SPECIAL: &[&str] = &[
    " ", "  ", "\t", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{a0}", "\u{feff}", "#", ":",
    ": ", "-", "- ", "?", "? ", ",", "[", "]", "{", "}", "'", "\"", "\\", "|", ">", "&a ", "*a ",
    "!", "!!str ", "<<: ", "%", "@", "`", "~", "\n---\n", "\n...\n", "\u{7f}", "\u{1}", "a", "0",
    "_", ".", "/",
];

/// A text that is mostly a manifest.
fn document(choices: &mut Choices) -> String {
    let mut text = String::new();
    let objects = 1 + usize::from(choices.one_in(4)) + usize::from(choices.one_in(8));
    for number in 0..objects {
        if number > 0 {
            text.push_str(if choices.one_in(2) {
                "---\n"
            } else {
                choices.of(BETWEEN)
            });
        } else if choices.one_in(6) {
            text.push_str(choices.of(BETWEEN));
        }
        object(choices, &mut text);
    }
    if choices.one_in(20) {
        text.insert(0, '\u{feff}');
    }
    if choices.one_in(3) {
        for _ in 0..=choices.below(3) {
            mutate(choices, &mut text);
        }
    }
    text
}

fn object(choices: &mut Choices, text: &mut String) {
    if choices.one_in(12) {
        text.push_str(choices.of(&[
            "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"j\"}, \"x\": \"a\u{2028}\\ud83d\\ude00\\/\u{85}\", \"y\": [1.0, -0, 1e3]}\n",
            "{\"apiVersion\": \"v1\",\t\"kind\": \"Pod\", \"metadata\": {\"name\": \"j\"}, \"x\": 1, \"x\": 2}\n",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: i}\n- {apiVersion: v1, kind: Pod, metadata: {name: k}}\n",
            "apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: i}}]\n",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: l}\nitems: [{metadata: {name: i}}]\n",
            "kind: List\napiVersion: v1\nitems:\n",
            "[a, b]\n",
            "a\n",
        ]));
        return;
    }
    text.push_str("apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\n");
    if !choices.one_in(8) {
        text.push_str("anchors: [&a 1, &b {p: 1, q: 2}, &c [1, 2], &k kk]\n");
    }
    for line in 0..=choices.below(3) {
        let end = if choices.one_in(25) {
            choices.of(BREAKS)
        } else {
            "\n"
        };
        match choices.below(8) {
            0 => {
                text.push_str("# ");
                text.push_str(choices.of(&[
                    "c",
                    "c\u{2028}q: 1",
                    "c\rr: 1",
                    "c\u{85}s: 1",
                    "c\u{2029}  t: 1",
                ]));
            }
            1 | 2 => {
                let _ = write!(
                    text,
                    "s{line}:{end}  {}: {}\n  {}: {}",
                    choices.mostly(KEYS),
                    choices.mostly(SCALARS),
                    choices.mostly(KEYS),
                    choices.of(FLOWS)
                );
            }
            3 => {
                let _ = write!(
                    text,
                    "s{line}:\n- {}\n- {}: {}\n  {}: {}",
                    choices.mostly(SCALARS),
                    choices.mostly(KEYS),
                    choices.mostly(SCALARS),
                    choices.mostly(KEYS),
                    choices.of(FLOWS)
                );
            }
            4 | 5 => {
                let _ = write!(text, "s{line}: {}", choices.of(SCALARS));
            }
            _ => {
                let _ = write!(text, "s{line}: {}", choices.of(FLOWS));
            }
        }
        text.push_str(end);
    }
}

fn mutate(choices: &mut Choices, text: &mut String) {
    if text.is_empty() {
        return;
    }
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    let place = places[choices.below(places.len())];
    match choices.below(4) {
        0 => {
            text.remove(place);
        }
        1 | 2 => text.insert_str(place, choices.of(SPECIAL)),
        _ => {
            let line = text[place..]
                .split_inclusive('\n')
                .next()
                .unwrap()
                .to_owned();
            text.insert_str(place, &line);
        }
    }
}
