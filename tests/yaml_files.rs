//! `secret-data` looks for mistakes in YAML without a parser. It may miss one; it must never see one where there is none:
//! what the parser of `preflight` reads, the policy accepts.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::path::{Path, PathBuf};

use bundle_tests::{Random, names, read, repository};
use preflight::manifests::parse_one;
use secret_data::SecretData;
use serde_json::json;
use shared::Cluster;
use shared::evaluation::evaluate;

/// Change it to try other documents; what fails is printed.
const SEED: u64 = 0x5eed_0002;

/// So many documents are made.
const ROUNDS: usize = 60_000;

struct Nothing;

impl Cluster for Nothing {
    fn ask(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("there is no cluster".to_owned())
    }
}

/// Why the policy refuses a text behind a key in `.yaml`; none when it accepts it.
fn refusal(text: &str) -> Option<String> {
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
        "stringData": {"a.yaml": text},
    });
    let request = json!({
        "uid": "1", "operation": "CREATE", "name": "s", "namespace": "shop", "object": object,
        "kind": {"group": "", "version": "v1", "kind": "Secret"},
    });
    let settings = json!({"form": {"files": "deny"}, "encoding": {"unresolvedValue": "off"}});
    let payload = json!({"request": request, "settings": settings}).to_string();
    evaluate::<SecretData>(payload.as_bytes(), &Nothing).message
}

/// Whether the parser reads every document of a text, which is cut where kubectl cuts.
fn parses(text: &str) -> bool {
    let mut documents = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let is_start = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if is_start {
            documents.push(String::new());
        }
        documents.last_mut().unwrap().push_str(line);
    }
    documents.iter().all(|document| parse_one(document).is_ok())
}

/// A whole document in which something is unusual, or looks like a mistake.
const WHOLE: &[&str] = &[
    "# only a comment\n",
    "just text\n",
    "text that goes on\nin a second line\n",
    "\"quoted: text\"\n",
    "'it''s: quoted'\n",
    "42\n",
    "{a: 1, b: [c, {d: e}]}\n",
    "[a, b,\n  c]\n",
    "{\n  \"a\": 1,\n  \"b\": {\"c\": [1, 2]}\n}\n",
    "|\n  a: b: c\n  \"\n",
    ">-\n  folded\n\n  text\n",
    "--- text\n",
    "--- {a: b}\n",
    "---\na: 1\n---\nb: 2\n...\n",
    "%YAML 1.2\n---\na: 1\n",
    "- a\n- - b\n  - c\n-\n  - d\n- {e: f}\n",
    "-\n- a\n-   b\n",
    "- a: 1\n  b: 2\n-   a: 3\n    b: 4\n",
    "- - - a\n    - b\n  - c\n- d\n",
    "- a: b\n  c:\n  - d\n  - e: f\n    g: h\n",
    "a:\n- b\n- c\nd:\n    - e\n",
    "a:\n  b:\n      c: d\n  e: f\n",
    "a: b\n\n\n\nc: d\n",
    "  a: 1\n  b: 2\n",
    "a: |\n  keep: this: text\n   \"deeper\n  - [\n\nb: 1\n",
    "a: |2\n    indented\n  less\nb: 1\n",
    "a: >+\n  text\n\n\nb: |-\n  more\n",
    "a: | # comment\n  text\nb: 1\n",
    "a:\n  |\n  text\n",
    "a:\n  >-\n  text: x\nb: c\n",
    "- |\n  text: a: b\n- >\n  more\n",
    "- |\n text\n",
    "- - |\n    x: y: z\n  - b\n",
    "a:\n- |\n  x: y: z\n- b\n",
    "a:\n- b: |\n    x: y: z\n  c: d\n",
    "a: text that\n  goes on\n  - here\n  and: there\nb: c\n",
    "a: text that\n  goes on # comment\nb: c\n",
    "a:\n  text that\n  goes on\nb: c\n",
    "a: \"text that\n  goes: on\n\n  # no comment\"\nb: c\n",
    "a: 'text that\n  goes: on''s\n  '\nb: c\n",
    "a:\n  \"text\"\nb: c\n",
    "a: \"b\" # comment: x\nc: 'd'   # e\n",
    "a: \"quoted \\\" mark: x\"\n",
    "a: \"ends in \\\\\"\nb: 1\n",
    "\"a b\": c\n'd: e': f\n",
    "\"a\":b\n",
    "a b c: d\n",
    "a#b: c#d\n",
    "a: b#c: d\n",
    "a: b # c: d\n",
    "a: #comment\n  b\n",
    "a: # comment: x\n  b: c\n",
    "a: http://example.com:80/x?y=z#f\n",
    "http://example.com: a\n",
    "a: 12:30:45\nb: 2026-01-31T12:00:00Z\n",
    "a: C:\\Users\\jane\nb: \\\\server\\share\n",
    "a: a:b:c\n",
    "a: :b\nc: -d\ne: -1\nf: ?g\n",
    "a: - b\n",
    "-a: b\n",
    "a:b\n",
    "a:b: c\n",
    "a: b:\n",
    "a: b::c\n",
    "::a: b\n",
    "? a\n: b\n",
    "? - a\n  - b\n: c\n",
    "? [a]\n: - b\n",
    "a: &x b\nc: *x\n",
    "a: &x\n  b: c\nd:\n  <<: *x\n  e: f\n",
    "&x a: b\n",
    "- &x a\n- *x\n",
    "*x : a\n",
    "a: !!str 1\nb: !custom {c: d}\n",
    "!!map\na: b\n",
    "a: [b, 'c: d', \"e\", {f: g}] # h\n",
    "a: [\n  b,\n  c\n]\n",
    "a: [\nb\n]\n",
    "a: {b: c,\n  d: e}\n",
    "a: {\"b\":c}\n",
    "a: {b: 'it''s', c: it's}\n",
    "a: [it's, \"x\"]\n",
    "a: [a'b, c]\n",
    "a: [http://x, y#z, # comment\n  w]\n",
    "a: [ # ]\n  b]\n",
    "a: {b: {c: [d]}}\ne: f\n",
    "a: []\nb: {}\nc: ''\nd: \"\"\n",
    "[a]: b\n{c: d}: e\n",
    "a: it's\n",
    "a: say \"x: y\"\n",
    "a: b\"c\n",
    "a: b [c\n",
    "a: b {c: d\n",
    "a: ]\n",
    "a: b: c\n",
    "a:\tb\n",
    "a: b\t# c\n",
    "a: b\t\n\t\nc: d\n",
    "a:\n\t\n  b: c\n",
    "- a\n\t\n- b\n",
    "-\ta\n",
    "a:\n  - b\n  -\tc\n",
    "a: text\n\tmore\n",
    "a: |\n  x\n\ty\n",
    "a: |\n \tx: y\n  z\n",
    "a: \"b\n\tc: d\"\n",
    "a: [\n\tb\n]\n",
    "a: ~\nb: null\nc:\nd: ''\n",
    "? \n: a\n",
    "a: @b\n",
    "a: `b`\n",
    "a: %b\n",
    "%a: b\n",
    "a: | \n  b\n",
    "a: |-2\n    b: c: d\n",
    "a: |\nb: c\n",
    "a:\n  b: |\n\n   x\n   y: z: w\n  c: d\n",
    "a:\n - b\n - c:\n    d: e\n",
    "a:\n -  b: c\n    d: e\n -  f\n",
    "key with spaces: value with spaces\nother key:   padded\n",
    "a : b\nc  : d\n",
    "\u{e4}\u{f6}: \u{fc}\n\u{65e5}\u{672c}: \u{8a9e}: x\n",
    "a: \u{a0}b\n",
    "a: b\r\nc:\r\n- d\r\n- e\r\n",
    "a: |\r\n  b: c: d\r\ne: f\r\n",
    "a: \"x\\\n  y\"\n",
    "'a':\n  'b': 'c'\n\"d\":\n- \"e\"\n",
    "\"a\":\n  b: c\n  \"d\": e\nf: g\n",
    "a:\n  \"b\": c\n  d: e\n",
    "a:\n  'b c': |\n    x: y: z\n  d: e\n",
    "- \"a\": b\n  c: d\n",
    "- \"a: b\"\n- 'c'\n- \"d\": e\n",
    "a:\n    b: c\n    - d\n",
    "a: b\n  c: d\n",
    "a:\n    b: 1\n  c: 2\n",
    "a: <<EOF\n",
    "a: >b\n",
    "a: |b\n",
    "a: =\n=: a\n",
    "a: ...\n... b\n",
    "--- # comment\na: b\n",
    "--- |\n  a: b: c\n",
    "--- >\na: b: c\n",
    "---a: b\n",
    "--- a: b\n",
    "...\n",
    "a: b\n... # end\n",
    "- a: |\n   x: y: z\n  b: c\n",
    "- a:\n  - b\n  c: d\n",
    "- a:\n    - b\n  c: d\n",
    "-  a:\n   - b\n   c: d\n",
    "-   - a\n    - b\n-   c\n",
    "- - a: 1\n    b: 2\n  - c\n- d: |\n    e: f: g\n  h: i\n",
    "- a\n  b\n- c: d\n   e\n",
    "- a\n b: c\n",
    "a:\n- b\n  c: d\n",
    "a: b\n c\nd: e\n",
    "a: b\n - c\n",
    "a: 'b\n\n  c'\nd: e\n",
    "a:\n  b\n   c: d\n",
    "- 'a'\n- b: 'c\n    d: e'\n",
    "server: |\n  events {\n    x: 1;\n  }\n",
    "x: {a: \"}\", b: ']'}\ny: 1\n",
    "x: [\"a\\\"]\", b]\ny: 1\n",
    "x: {a: b}c\n",
    "x: \"a\"b\n",
    "x: [a]: b\n",
    "{a: b}: c\nd: e\n",
    "{ a: b }\n# end\n",
    "[\n]\n",
    "- [a, b]: c\n",
    "- {a: b}\n- [c]\n- \"d\"\n",
    "-\n  a: b\n  c: d\n-\n  e: f\n",
    "- # comment\n  a: b\n",
    "- ? a\n  : b\n",
    "a:\n  ? b\n  : c\n",
    "a: !!binary |\n  aGVsbG8=\nb: c\n",
    "a: &x |\n  b: c: d\ne: f\n",
    "a: !t >\n  b: c: d\ne: f\n",
    "a:\n  &x\n  b: c\n",
    "- &x |\n  a: b: c\n- d\n",
    "- !t\n  a: b\n",
];

/// A line that is put somewhere.
const LINES: &[&str] = &[
    "a: b",
    "- a",
    "- a: b",
    "- - a",
    "a:",
    "-",
    "a: |",
    "- |",
    "a: >-",
    "a: \"b",
    "b\"",
    "a: 'b: c'",
    "\"a\": b",
    "'a': b",
    "a: [b,",
    "c]",
    "a: {b: c}",
    "# a: b: c",
    "a: b # c: d",
    "text",
    "text: text: text",
    "a: b c",
    "",
    "   ",
    "\t",
    "---",
    "...",
    "? a",
    ": b",
    "a: &x b",
    "a: *x",
    "<<: *x",
    "a: http://x:80/y",
    "a: C:\\x",
    "a: it's",
    "[a, b]",
    "{a: b}",
    "\"a: b\"",
];

/// Characters that mean something in YAML.
const SPECIAL: &[char] = &[
    ' ', ' ', ' ', '\n', '\n', '\t', ':', '-', '#', '"', '\'', '[', ']', '{', '}', ',', '|', '>',
    '?', '&', '*', '!', '%', '@', '`', '\\', 'a', 'b', '\r', '\u{e4}', '=', '.',
];

fn mutated(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
    for _ in 0..=random.below(3) {
        let place = random.below(lines.len());
        let line = lines.get(place).cloned().unwrap_or_default();
        let indent = " ".repeat(random.below(7));
        match random.below(12) {
            0 if lines.len() > 1 => {
                lines.remove(place);
            }
            1 => lines.insert(place, line),
            2 => {
                let other = random.below(lines.len());
                lines.swap(place, other);
            }
            3 | 4 => *lines.get_mut(place).unwrap() = format!("{indent}{line}"),
            5 => *lines.get_mut(place).unwrap() = format!("{indent}{}", line.trim_start()),
            6 | 7 => lines.insert(place, format!("{indent}{}", random.pick::<&str>(LINES))),
            8 if place + 1 < lines.len() => {
                let next = lines.remove(place + 1);
                lines.get_mut(place).unwrap().push_str(next.trim_start());
            }
            9 => {
                let ends: Vec<usize> = line.char_indices().map(|(end, _)| end).collect();
                if !ends.is_empty() {
                    let end = *random.pick(&ends);
                    let line = lines.get_mut(place).unwrap();
                    line.remove(end);
                }
            }
            _ => {
                let mut ends: Vec<usize> = line.char_indices().map(|(end, _)| end).collect();
                ends.push(line.len());
                let end = *random.pick(&ends);
                let line = lines.get_mut(place).unwrap();
                line.insert(end, *random.pick(SPECIAL));
            }
        }
    }
    lines.join("\n")
}

/// A document of lines that are put together at random.
fn generated(random: &mut Random) -> String {
    let mut text = String::new();
    let mut indent = 0;
    for _ in 0..=random.below(8) {
        match random.below(4) {
            0 => indent += 2,
            1 => indent = random.below(indent + 1) / 2 * 2,
            _ => {}
        }
        text.push_str(&" ".repeat(indent));
        text.push_str(random.pick::<&str>(LINES));
        text.push('\n');
    }
    text
}

/// Every YAML file in a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for name in names(folder).unwrap() {
        let path = folder.join(&name);
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "dist" | ".git") {
                files(&path, found);
            }
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
}

/// Whether it is a false alarm: the parser reads the text, and the policy sees a mistake in it.
fn false_alarm(text: &str) -> Option<String> {
    let refusal = refusal(text)?;
    parses(text).then(|| format!("{refusal}\n{text:?}\n{text}"))
}

#[test]
fn what_is_unusual_is_no_mistake() {
    let alarms: Vec<String> = WHOLE.iter().filter_map(|text| false_alarm(text)).collect();
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

#[test]
fn no_file_of_this_repository_has_a_mistake() {
    let mut found = Vec::new();
    files(&repository(""), &mut found);
    assert!(found.len() > 500, "{} files", found.len());
    for path in found {
        let text = read(&path).unwrap();
        if let Some(alarm) = false_alarm(&text) {
            panic!("{}: {alarm}", path.display());
        }
    }
}

#[test]
fn what_the_parser_reads_is_accepted_whatever_was_changed() {
    let mut random = Random::new(SEED);
    let mut found = Vec::new();
    files(&repository("examples"), &mut found);
    files(&repository("policies"), &mut found);
    let mut texts: Vec<String> = found.iter().map(|path| read(path).unwrap()).collect();
    texts.retain(|text| text.len() < 2_000);
    texts.extend(WHOLE.iter().map(|text| (*text).to_owned()));
    let (mut alarms, mut seen, mut readable) = (Vec::new(), 0, 0);
    for _ in 0..ROUNDS {
        let text = match random.below(4) {
            0 => generated(&mut random),
            1 => format!(
                "{}{}",
                mutated(random.pick::<&str>(WHOLE), &mut random),
                random.pick::<&str>(WHOLE)
            ),
            _ => {
                let text = random.pick(&texts).clone();
                mutated(&text, &mut random)
            }
        };
        match refusal(&text) {
            Some(_) => {
                seen += 1;
                alarms.extend(false_alarm(&text));
            }
            None => readable += 1,
        }
    }
    alarms.sort_by_key(String::len);
    let shortest: Vec<String> = alarms.iter().take(9).cloned().collect();
    assert!(
        alarms.is_empty(),
        "seed {SEED:#x}: {} false alarms, such as\n{}",
        alarms.len(),
        shortest.join("\n")
    );
    // It has to see some mistakes, or it would be of no use.
    assert!(
        seen > 1_000 && readable > 1_000,
        "{seen} mistakes, {readable} without"
    );
}
