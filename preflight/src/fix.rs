//! Changes of files that do what a finding asks for, where that needs no decision: a value that the finding names, or the
//! same value in base64.
//!
//! What is changed is a field, by its bytes in the file. Nothing is written here: the changed texts are judged again
//! first.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tree::{Value, json};

use crate::{
    Policy,
    judge::ActivePolicy,
    manifests::{
        Manifests, Object, bounded,
        edit::{At, Edit, Editor, apply},
        printable, read_text,
    },
    report::{Report, Reported, Subject},
};

/// What to write in a file in place of something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The line and the column where it starts, from 1 on.
    pub start: (usize, usize),
    /// Where it ends.
    pub end: (usize, usize),
    /// What is written there.
    pub text: String,
}

/// A field, and what it is to be.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    field: String,
    to: To,
}

#[derive(Debug, Clone, PartialEq)]
enum To {
    Value(Value),
    /// A port that is free, of those that the finding names: the first, and then ranges of others.
    Port(u64, Vec<(u64, u64)>),
    /// What is written there, in base64.
    Base64,
}

/// A finding that is fixed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// The finding.
    pub finding: Reported,
    /// The file that changes, by the name under which it is read.
    pub file: String,
    /// The line where its object starts.
    line: usize,
    /// The fields, and what each is then.
    values: Vec<(String, Value)>,
    edits: Vec<Edit>,
}

/// A finding that could be fixed, and is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfixed {
    /// The finding.
    pub finding: Reported,
    /// Why.
    pub why: Cow<'static, str>,
}

/// The fixes of a report.
#[derive(Debug, Default)]
pub struct Fixes {
    /// What is changed.
    pub made: Vec<Fix>,
    /// What is not.
    pub left: Vec<Unfixed>,
    texts: BTreeMap<String, String>,
    /// Other names of these files, which are links, and the names under which they are read.
    links: BTreeMap<String, String>,
}

impl Fix {
    /// What is done, for people. Of a Secret nothing is told but the name of the field.
    #[must_use]
    pub fn told(&self) -> String {
        let told = self.values.iter().map(|(field, value)| {
            let name = field.rsplit('.').next().unwrap_or(field);
            if self.is_of_a_secret() {
                format!("{name}: encoded in base64")
            } else {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), ToOwned::to_owned);
                format!("{name}: {value}")
            }
        });
        printable(&told.collect::<Vec<_>>().join(", "))
    }

    fn is_of_a_secret(&self) -> bool {
        is_of_a_secret(&self.finding)
    }
}

fn is_of_a_secret(finding: &Reported) -> bool {
    finding.object.kind == "Secret"
}

/// Adds to findings what may be written in their files. Nothing of a Secret: its value would be in the report.
pub fn propose(report: &mut Report, policies: &[ActivePolicy]) {
    let mut fixes = Fixes::of(report, policies, &Manifests::default(), true);
    fixes.drop("not shown", Fix::is_of_a_secret);
    let mut manifests = Manifests::default();
    for (file, text) in &fixes.texts {
        manifests.objects.extend(read_text(file, text).objects);
    }
    // What would change anything else is dropped.
    fixes.changed(&manifests);
    let Fixes { made, texts, .. } = fixes;
    let mut editors: BTreeMap<&str, Editor<'_>> = BTreeMap::new();
    let mut proposed: BTreeMap<_, Vec<Replacement>> = BTreeMap::new();
    for fix in &made {
        let Some((file, text)) = texts.get_key_value(&fix.file) else {
            continue;
        };
        let editor = editors.entry(file).or_insert_with(|| Editor::of(text));
        let replacements = fix.edits.iter().map(|edit| Replacement {
            start: editor.line_and_column(edit.bytes.start),
            end: editor.line_and_column(edit.bytes.end),
            text: edit.text.clone(),
        });
        proposed.insert(key(&fix.finding), replacements.collect());
    }
    for finding in report.refusals.iter_mut().chain(&mut report.warnings) {
        if let Some(replacements) = proposed.remove(&key(finding)) {
            finding.replacements = replacements;
        }
    }
}

/// What tells the findings of one report apart.
fn key(finding: &Reported) -> (usize, String, Option<String>, Option<String>) {
    (
        finding.position,
        finding.policy.clone(),
        finding.rule.clone(),
        finding.field.clone(),
    )
}

impl Fixes {
    /// What can be fixed of the refusals of a report and, where that is wanted, of its warnings.
    #[must_use]
    pub fn of(
        report: &Report,
        policies: &[ActivePolicy],
        manifests: &Manifests,
        with_warnings: bool,
    ) -> Self {
        let mut fixes = Self::default();
        let warnings = report.warnings.iter().filter(|_| with_warnings);
        let mut by_file: BTreeMap<&str, Vec<(&Reported, Vec<Change>)>> = BTreeMap::new();
        for finding in report.refusals.iter().chain(warnings) {
            let Some(changes) = changes(policies, finding) else {
                continue;
            };
            if is_a_file(finding) {
                let of_file = by_file.entry(&finding.place.file).or_default();
                of_file.push((finding, changes));
            } else {
                fixes.leave(
                    finding,
                    "it is no file that could be changed: change what it is rendered from",
                );
            }
        }
        let mut taken = node_ports(manifests);
        let mut real: BTreeMap<PathBuf, &str> = BTreeMap::new();
        let mut by_first_name: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (name, findings) in by_file {
            // Another file may be called like the sign for what is no text.
            if name.contains(char::REPLACEMENT_CHARACTER) {
                for (finding, _) in findings {
                    fixes.leave(finding, "its name is not text in UTF-8: rename the file");
                }
                continue;
            }
            let file = match fs::canonicalize(name) {
                Ok(path) => *real.entry(path).or_insert(name),
                Err(_) => name,
            };
            if file != name {
                fixes.links.insert(name.to_owned(), file.to_owned());
            }
            by_first_name.entry(file).or_default().extend(findings);
        }
        for (file, findings) in by_first_name {
            let Ok(text) = bounded::read_to_string(file.as_ref()) else {
                for (finding, _) in findings {
                    fixes.leave(finding, "the file cannot be read");
                }
                continue;
            };
            let editor = Editor::of(&text);
            for (finding, changes) in findings {
                let judged = report.judged.get(finding.position);
                let line = judged.and_then(|it| it.place.line).unwrap_or_default();
                fixes.add(&editor, finding, (file, line), &changes, &mut taken);
            }
            fixes.texts.insert(file.to_owned(), text);
        }
        fixes
    }

    fn add(
        &mut self,
        editor: &Editor<'_>,
        finding: &Reported,
        (file, line): (&str, usize),
        changes: &[Change],
        taken: &mut BTreeSet<u64>,
    ) {
        // Two policies may ask for the same, and a file may have two names.
        let mut made = self.made.iter();
        let known = made.find(|fix| {
            let fields = fix.values.iter().map(|(field, _)| field);
            fix.line == line
                && fix.file == file
                && fix.finding.object == finding.object
                && fields.eq(changes.iter().map(|change| &change.field))
        });
        if let Some(known) = known {
            let again = Fix {
                finding: finding.clone(),
                edits: Vec::new(),
                ..known.clone()
            };
            self.made.push(again);
            return;
        }
        match edits(editor, at(&finding.object, line), changes, taken) {
            Ok(edits) => {
                let (values, edits) = edits.into_iter().unzip();
                self.made.push(Fix {
                    finding: finding.clone(),
                    file: file.to_owned(),
                    line,
                    values,
                    edits,
                });
            }
            Err(why) => self.leave(finding, why),
        }
    }

    fn leave(&mut self, finding: &Reported, why: impl Into<Cow<'static, str>>) {
        self.left.push(Unfixed {
            finding: finding.clone(),
            why: why.into(),
        });
    }

    /// Does not make what is not wanted.
    pub fn drop(
        &mut self,
        why: impl Into<Cow<'static, str>>,
        mut is_unwanted: impl FnMut(&Fix) -> bool,
    ) {
        let why = why.into();
        for fix in std::mem::take(&mut self.made) {
            if is_unwanted(&fix) {
                self.leave(&fix.finding, why.clone());
            } else {
                self.made.push(fix);
            }
        }
    }

    /// The files that change: the text before, and after.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<&str, (&str, String)> {
        let mut changed = BTreeMap::new();
        for (file, text) in &self.texts {
            let made = self.made.iter().filter(|fix| &fix.file == file);
            let edits: Vec<Edit> = made.flat_map(|fix| fix.edits.clone()).collect();
            if let Some(new) = apply(text, &edits).filter(|new| new != text) {
                changed.insert(file.as_str(), (text.as_str(), new));
            }
        }
        changed
    }

    /// The manifests after the changes. What would change anything else is not made.
    pub fn changed(&mut self, manifests: &Manifests) -> Manifests {
        let mut changed = manifests.clone();
        let mut objects: BTreeMap<&str, Vec<&mut Object>> = BTreeMap::new();
        for object in &mut changed.objects {
            let name = self.links.get(&object.file).unwrap_or(&object.file);
            if let Some((file, _)) = self.texts.get_key_value(name) {
                objects.entry(file).or_default().push(object);
            }
        }
        let mut failed = BTreeSet::new();
        for (file, text) in &self.texts {
            let made = self.changes_of(file);
            if made.is_empty() {
                continue;
            }
            let mut objects = objects.remove(file.as_str()).unwrap_or_default();
            let of_file = Changed {
                file,
                text,
                objects: objects.iter().map(|object| &**object).collect(),
            };
            let Some(read) = of_file.after(&made) else {
                failed.extend(of_file.at_fault(&made));
                continue;
            };
            for (object, new) in objects.iter_mut().zip(read.iter().cycle()) {
                // It stays where it is by a link.
                let file = std::mem::take(&mut object.file);
                **object = new.clone();
                object.file = file;
            }
        }
        if failed.is_empty() {
            return changed;
        }
        let mut number = 0;
        self.drop(
            "something else in the file would change, too: change it by hand",
            |_| {
                number += 1;
                failed.contains(&(number - 1))
            },
        );
        self.changed(manifests)
    }

    /// The changes of a file, in its order: the same one may be for several findings.
    fn changes_of(&self, file: &str) -> Vec<Same<'_>> {
        let mut changes: BTreeMap<_, Same<'_>> = BTreeMap::new();
        for (number, fix) in self.made.iter().enumerate() {
            if fix.file == file {
                let fields = fix.values.iter().map(|(field, _)| field.as_str());
                let key = (fix.line, &fix.finding.object, fields.collect::<Vec<_>>());
                changes.entry(key).or_default().push((number, fix));
            }
        }
        changes.into_values().collect()
    }
}

/// What changes the same, with its numbers.
type Same<'a> = Vec<(usize, &'a Fix)>;

/// A file that changes.
struct Changed<'a> {
    file: &'a str,
    text: &'a str,
    /// Those of the manifests. They are there once for each name of the file.
    objects: Vec<&'a Object>,
}

impl Changed<'_> {
    /// The objects in the file after these changes, if it is these that change them, and all else stays.
    fn after(&self, changes: &[Same<'_>]) -> Option<Vec<Object>> {
        let fixes = changes.iter().flatten().map(|(_, fix)| *fix);
        let edits: Vec<Edit> = fixes.clone().flat_map(|fix| fix.edits.clone()).collect();
        let read = read_text(self.file, &apply(self.text, &edits)?).objects;
        let mut by_line: BTreeMap<usize, Vec<&Fix>> = BTreeMap::new();
        for fix in fixes {
            by_line.entry(fix.line).or_default().push(fix);
        }
        let are_all =
            !self.objects.is_empty() && self.objects.len().checked_rem(read.len()) == Some(0);
        let mut pairs = self.objects.iter().zip(read.iter().cycle());
        let is_right = pairs.all(|(object, new)| {
            let fixes = by_line.get(&object.line);
            expected(object, fixes.into_iter().flatten()).as_ref() == Some(&new.value)
        });
        (are_all && is_right).then_some(read)
    }

    /// The numbers of the changes without which all others are right.
    fn at_fault(&self, changes: &[Same<'_>]) -> BTreeSet<usize> {
        if self.after(changes).is_some() {
            return BTreeSet::new();
        }
        let numbers = |changes: &[Same<'_>]| -> BTreeSet<usize> {
            changes
                .iter()
                .flatten()
                .map(|(number, _)| *number)
                .collect()
        };
        if changes.len() <= 1 {
            return numbers(changes);
        }
        let (one, other) = changes.split_at(changes.len() / 2);
        let mut wrong = self.at_fault(one);
        wrong.extend(self.at_fault(other));
        if wrong.is_empty() {
            // Each is right without the others.
            return numbers(changes);
        }
        let is_right = |same: &&Same<'_>| same.iter().all(|(number, _)| !wrong.contains(number));
        let rest: Vec<Same<'_>> = changes.iter().filter(is_right).cloned().collect();
        let more = self.at_fault(&rest);
        wrong.extend(more);
        wrong
    }
}

/// What is to come of an object by the changes at its line.
fn expected<'a>(object: &Object, fixes: impl Iterator<Item = &'a &'a Fix>) -> Option<Arc<Value>> {
    let mut changed = object.clone();
    for fix in fixes {
        let is_its = fix.finding.object.kind == object.kind()
            && object
                .name()
                .is_none_or(|name| name == fix.finding.object.name);
        for (field, value) in fix.values.iter().filter(|_| is_its) {
            changed.value = changed.with(field, value)?.into();
        }
    }
    Some(changed.value)
}

/// Whether a finding is in a file of its own, and not in what a tool made of others.
fn is_a_file(finding: &Reported) -> bool {
    finding.place.file != "-" && finding.place.source.is_none()
}

fn at(object: &Subject, line: usize) -> At<'_> {
    At {
        line,
        kind: &object.kind,
        name: &object.name,
    }
}

const FIXED_IN_PLACE: &str = "the field cannot be changed where it stands: change it by hand";
const UNCERTAIN: &str = "it is not certain that it is plain text: change it by hand";

/// A field with its new value, and the change of the text.
type Made = ((String, Value), Edit);

/// The changes of a text, each with the field and its value; or why there are none.
fn edits(
    editor: &Editor<'_>,
    at: At<'_>,
    changes: &[Change],
    taken: &mut BTreeSet<u64>,
) -> Result<Vec<Made>, &'static str> {
    let edits = changes.iter().map(|Change { field, to }| {
        let value = match to {
            To::Value(value) => value.clone(),
            To::Port(first, others) => {
                json!(free(*first, others, taken).ok_or(FIXED_IN_PLACE)?)
            }
            To::Base64 => {
                let text = editor.scalar_at(at, field).ok_or(FIXED_IN_PLACE)?;
                json!(encoded(text).ok_or(UNCERTAIN)?)
            }
        };
        let edit = editor.set(at, field, &value).ok_or(FIXED_IN_PLACE)?;
        Ok(((field.clone(), value), edit))
    });
    edits.collect()
}

/// A text in base64. With white space at its ends it is not certain what was meant, nor where it is base64 that something
/// was copied along with.
fn encoded(text: &str) -> Option<String> {
    let is_certain =
        !text.is_empty() && text.trim() == text && !text.contains('\n') && !holds_base64(text);
    is_certain.then(|| BASE64_STANDARD.encode(text))
}

/// Whether a text may be base64 once what is around it is gone: quotes and brackets, the `%` of a shell, the end of a list,
/// a prefix, or spaces and line breaks between its groups.
fn holds_base64(text: &str) -> bool {
    let spaced = text.replace("\\n", " ").replace("\\r", " ");
    let bare = unwrapped(&spaced);
    let groups: Vec<&str> = bare.split_whitespace().collect();
    let joined = groups.concat();
    let code = joined.trim_end_matches('=');
    let is_padded = code.len() < joined.len();
    // Both alphabets.
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    if code.is_empty() || joined.len() - code.len() > 2 || !code.bytes().all(is_code) {
        return false;
    }
    let is_whole = joined.len() % 4 == 0;
    match groups.split_last() {
        // Words of a sentence are of several lengths.
        Some((_, [first, rest @ ..])) => {
            let are_alike = rest.iter().all(|group| group.len() == first.len());
            is_whole && (is_padded || are_alike && first.len() % 4 == 0)
        }
        _ if bare == text => false,
        // The padding may be lost as well. What is short is a word.
        _ => is_whole || !is_padded && code.len() >= MIN_UNPADDED && code.len() % 4 != 1,
    }
}

/// What is shorter may be a password in quotes as well as base64 without its padding.
const MIN_UNPADDED: usize = 16;

/// A text without what is copied along with base64.
fn unwrapped(text: &str) -> &str {
    let mut rest = text;
    loop {
        let is_around = |it: char| it.is_whitespace() || "\"'`\\,;%()[]{}<>".contains(it);
        let bare = rest.trim_matches(is_around);
        // As Python prints bytes.
        let bytes = bare
            .strip_prefix(['b', 'B'])
            .filter(|it| it.starts_with(['"', '\'']));
        let lower = bare.to_ascii_lowercase();
        let prefixes = ["base64:", "base64,", "b64:"];
        let prefix = prefixes.iter().find(|prefix| lower.starts_with(**prefix));
        let url = lower
            .starts_with("data:")
            .then(|| lower.find(";base64,").map(|at| at + ";base64,".len()))
            .flatten();
        let start = prefix
            .map(|prefix| prefix.len())
            .or(url)
            .unwrap_or_default();
        let bare = bytes.unwrap_or_else(|| bare.get(start..).unwrap_or_default());
        if bare == rest {
            return rest;
        }
        rest = bare;
    }
}

/// The first of these ports that no one has, which is then taken.
fn free(first: u64, others: &[(u64, u64)], taken: &mut BTreeSet<u64>) -> Option<u64> {
    let others = others.iter().flat_map(|(first, last)| *first..=*last);
    let mut ports = [first].into_iter().chain(others);
    let port = ports.find(|port| !taken.contains(port))?;
    taken.insert(port);
    Some(port)
}

/// The node ports that the manifests name.
fn node_ports(manifests: &Manifests) -> BTreeSet<u64> {
    let mut taken = BTreeSet::new();
    for object in &manifests.objects {
        let spec = object.value.get("spec");
        let ports = spec.and_then(|spec| spec.get("ports")?.as_array());
        let ports = ports.into_iter().flatten();
        taken.extend(ports.filter_map(|port| port.get("nodePort")?.as_u64()));
        taken.extend(spec.and_then(|spec| spec.get("healthCheckNodePort")?.as_u64()));
    }
    taken
}

/// What a finding asks for, where that needs no decision.
fn changes(policies: &[ActivePolicy], finding: &Reported) -> Option<Vec<Change>> {
    let mut policies = policies.iter();
    let by = policies.find(|by| by.name() == finding.policy)?;
    // A resource may have another name than the policy that it runs.
    let policy = by.policy().map(Policy::name)?;
    let rule = finding.rule.as_deref()?;
    let field = finding.field.as_deref()?;
    let fix = finding.fix.as_deref()?;
    let (above, name) = field.rsplit_once('.').unwrap_or(("", field));
    let beside = |name: &str, to: To| Change {
        field: format!("{above}.{name}"),
        to,
    };
    let text = |text: &str| To::Value(json!(text));
    match (policy, rule) {
        ("hostpath-mounts", "writable_read_only_path" | "writable_mount")
            if name == "readOnly" && fix.starts_with("set readOnly: true") =>
        {
            Some(vec![beside(name, To::Value(json!(true)))])
        }
        ("nodeport-range", _) if matches!(name, "nodePort" | "healthCheckNodePort") => {
            let Ports {
                first,
                others,
                elsewhere,
            } = ports(fix.strip_prefix(&format!("set {name}: "))?)?;
            let own = field.to_owned();
            let elsewhere = elsewhere.into_iter().map(|port| format!("{port}.{name}"));
            let fields = std::iter::once(own).chain(elsewhere);
            let change = |field| Change {
                field,
                to: To::Port(first, others.clone()),
            };
            Some(fields.map(change).collect())
        }
        ("hpa-target-requests", "unscalable_target")
            if finding.object.kind == "HorizontalPodAutoscaler" =>
        {
            let fix = fix.strip_prefix("write ")?;
            if let Some(kind) = fix.strip_prefix("kind: ") {
                return Some(vec![beside("kind", text(word(kind)?))]);
            }
            let (version, kind) = fix
                .strip_prefix("apiVersion: ")?
                .split_once(" and kind: ")?;
            Some(vec![
                beside("apiVersion", text(word(version)?)),
                beside("kind", text(word(kind)?)),
            ])
        }
        ("secret-data", "invalid_base64")
            if is_of_a_secret(finding)
                && field.starts_with("data[")
                && finding
                    .problem
                    .ends_with(": it looks like text that was never encoded") =>
        {
            Some(vec![Change {
                field: field.to_owned(),
                to: To::Base64,
            }])
        }
        _ => None,
    }
}

/// All of a text, where it is one word: what is said behind it would be for a person.
fn word(text: &str) -> Option<&str> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '/' | '-');
    text.chars().all(is_part).then_some(text)
}

/// What a fix says of a port.
#[derive(Debug, PartialEq, Eq)]
struct Ports<'a> {
    first: u64,
    others: Vec<(u64, u64)>,
    /// Where the number stands as well.
    elsewhere: Vec<&'a str>,
}

/// The ports in `30062 here and at spec.ports[1], or another one of 30000-30085, 30100`.
fn ports(fix: &str) -> Option<Ports<'_>> {
    let (first, rest) = fix.split_once(", or ").unwrap_or((fix, ""));
    let (first, elsewhere) = first.split_once(" here and at ").unwrap_or((first, ""));
    let others = rest.strip_prefix("another one of ").unwrap_or_default();
    let others = others.split(", or ").next().unwrap_or_default();
    let ranges = others.split(", ").map_while(|range| {
        let range = range.split(' ').next()?;
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.parse().ok()?, last.parse().ok()?))
    });
    Some(Ports {
        first: first.parse().ok()?,
        others: ranges.collect(),
        elsewhere: elsewhere.split(", ").filter(|it| !it.is_empty()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_of_a_finding_are_tried_in_their_order() {
        for (fix, first, others, elsewhere) in [
            (
                "30062, or another one of 30000-32767, or leave it out",
                30062,
                vec![(30000, 32767)],
                vec![],
            ),
            (
                "30005, or another one of 30000-30002, 30500 and 3 more",
                30005,
                vec![(30000, 30002), (30500, 30500)],
                vec![],
            ),
            ("30005", 30005, vec![], vec![]),
            (
                "30005 here and at spec.ports[1], spec.ports[3], or leave it out to get a free one",
                30005,
                vec![],
                vec!["spec.ports[1]", "spec.ports[3]"],
            ),
        ] {
            let expected = Ports {
                first,
                others,
                elsewhere,
            };
            assert_eq!(ports(fix), Some(expected), "{fix}");
        }
        assert_eq!(ports("another one"), None);
        let mut taken = BTreeSet::from([1, 3]);
        let of = [(2, 3), (7, 7)];
        let free = [1, 1, 1].map(|first| free(first, &of, &mut taken));
        assert_eq!(free, [Some(2), Some(7), None]);
    }

    #[test]
    fn only_text_that_is_certain_is_encoded() {
        assert_eq!(encoded("hunter2").as_deref(), Some("aHVudGVyMg=="));
        for text in ["", " a", "a\n", "a\nb"] {
            assert_eq!(encoded(text), None, "{text:?}");
        }
        for text in [
            "hunter2 MARK",
            "correct horse",
            "correct horse battery staple",
            "\"hunter2\"",
            "p4ss,word;",
            "100%",
            "data:text/plain,hello",
            "thisisaverylongpassword",
            "my_long-password",
            "Basic dXNlcjpwYXNz",
            "postgres://user:pass@db/shop",
        ] {
            assert_eq!(encoded(text), Some(BASE64_STANDARD.encode(text)), "{text}");
        }
    }

    #[test]
    fn base64_is_not_encoded_once_more_whatever_is_around_it() {
        let code = "Y29ycmVjdCBob3JzZQ==";
        for text in [
            "\"@\"",
            "'@'",
            "`@`",
            "b'@'",
            "\\\"@\\\"",
            "@%",
            "@,",
            "@;",
            "\"@\",",
            "@\\n",
            "\\n@\\r\\n",
            "[@]",
            "data:text/plain;base64,@",
            "\"data:;base64,@\"",
            "base64:@",
            "BASE64:@",
            "base64, @",
        ] {
            for code in [code, code.trim_end_matches('=')] {
                let text = text.replace('@', code);
                assert_eq!(encoded(&text), None, "{text}");
            }
        }
        for text in [
            "Y29y cmVj dCBo b3Jz ZQ==",
            "Y29ycmVj dCBob3Jz ZQ==",
            "Y29ycmVj\\ndCBob3Jz\\nZQ==",
            "Y29ycmVj\\r\\ndCBob3JzZQ==\\n",
            "Y29y cmVj dCBo",
            "\"_-8_\"",
        ] {
            assert_eq!(encoded(text), None, "{text}");
        }
    }
}
