//! Manifests: whatever the text, it is read or not, and what cannot be read is not repeated, for it may be a Secret. What is
//! read can be changed at a field or not, and the lines of a Secret are known.

use manifests::edit::{At, Editor, apply};
use manifests::{read_text, secret_lines};
use tree::json;

use crate::choices::Choices;
use crate::marks::{self, MARK};
use crate::{Outcome, ensure};

/// The bytes are a text. It is read as it is, with a mark behind each word, and with one somewhere, which is chosen from
/// the same bytes.
pub(crate) fn holds(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    reads(&text)?;
    changes(&text)?;
    reads(&marked(&text))?;
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    let place = Choices::new(bytes).below(places.len());
    let mut marked = text.into_owned();
    marked.insert_str(places.get(place).copied().unwrap_or_default(), MARK);
    reads(&marked)
}

/// Fields that objects have, and some that they get.
const FIELDS: [&str; 5] = [
    "metadata.name",
    "metadata.labels.added",
    "spec.containers[0].image",
    "data[\"a\"]",
    "kind",
];

/// More objects than these are all alike.
const OBJECTS: usize = 8;

/// A change of a field is one of these bytes alone, and a Secret is in the lines that are not to be shown.
fn changes(text: &str) -> Outcome {
    let read = read_text("a.yaml", text);
    let editor = Editor::of(text);
    let secret = secret_lines(text);
    for object in read.objects.iter().take(OBJECTS) {
        let at = At {
            line: object.line,
            kind: object.kind(),
            name: object.name().unwrap_or_default(),
        };
        for field in FIELDS {
            let Some(edit) = editor.set(at, field, &json!("changed")) else {
                continue;
            };
            let changed = apply(text, std::slice::from_ref(&edit));
            ensure(
                changed.is_some_and(|changed| changed.contains("changed")),
                || format!("{field} cannot be changed as {edit:?} says"),
            )?;
        }
        let is_hidden = secret.iter().any(|lines| lines.contains(&object.line));
        ensure(object.kind() != "Secret" || is_hidden, || {
            format!("the Secret in line {} would be shown", object.line)
        })?;
    }
    Ok(())
}

/// The text with a mark behind each word, but not in the tags of YAML itself.
fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() * 2);
    for word in text.split_inclusive(|character: char| !character.is_ascii_alphanumeric()) {
        let end = word.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
        marked.push_str(end);
        if !end.is_empty() && !is_tag(&marked, end) {
            marked.push_str(MARK);
        }
        marked.push_str(word.get(end.len()..).unwrap_or_default());
    }
    marked
}

/// Whether a text ends in the tag of YAML with this name.
fn is_tag(text: &str, name: &str) -> bool {
    text.strip_suffix(name)
        .is_some_and(|before| before.ends_with("!!"))
}

/// What is said without the names of fields, which are told where readers differ on them.
fn without_names(said: &str) -> String {
    if !said.starts_with("can be read in two ways: ") {
        return said.to_owned();
    }
    let (mut rest, mut is_name) = (String::new(), false);
    let mut characters = said.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => is_name = !is_name,
            // A name may have quotes itself.
            '\\' if is_name => drop(characters.next()),
            _ if is_name => {}
            _ => rest.push(character),
        }
    }
    rest
}

fn reads(text: &str) -> Outcome {
    let read = read_text("a.yaml", text);
    // For YAML, a carriage return alone is a line break, too. Behind the last one an end of file is found.
    let lines = text.matches(['\n', '\r']).count() + 2;
    let places = (read
        .problems
        .iter()
        .map(|problem| (&problem.text, &problem.place)))
    .chain(read.notes.iter().map(|note| (&note.text, &note.place)));
    for (said, place) in places {
        ensure(
            place.line.is_none_or(|line| (1..=lines).contains(&line)),
            || format!("line {:?} of {lines}: {text:?}", place.line),
        )?;
        ensure(marks::found_in(&without_names(said)).is_none(), || {
            format!("repeats what it read: {said}: {text:?}")
        })?;
        ensure(!said.contains(char::is_control), || {
            format!("has control characters: {said:?}: {text:?}")
        })?;
    }
    for object in &read.objects {
        ensure((1..=lines).contains(&object.line), || {
            format!("line {} of {lines}: {text:?}", object.line)
        })?;
        // JSON is YAML, and says the same.
        let json = object.value.to_string();
        let again = read_text("a.json", &json);
        let values: Vec<_> = again.objects.iter().map(|object| &object.value).collect();
        ensure(values == [&object.value], || {
            format!(
                "{json} is read as {values:?}, {:?}: {text:?}",
                again.problems
            )
        })?;
    }
    Ok(())
}
