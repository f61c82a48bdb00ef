//! Two manifests of one object: both are judged, and look-ups find one of them.

use std::collections::{BTreeMap, HashMap};

use tree::{Name, Value};

use super::Identity;
use crate::{
    manifests::{Note, Object, printable},
    report::Subject,
};
use cluster::environments;

/// A note for each manifest of an object that an earlier one in its folder has already written, and one for each two
/// folders that have objects in common which they write differently. Those of other environments are for other clusters.
pub(crate) fn notes(objects: &[Object], identities: &[Identity]) -> Vec<Note> {
    let mut seen: HashMap<&Identity, Vec<&Object>> = HashMap::new();
    // The first such object of two folders, and how many there are.
    let mut apart: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    let mut notes = Vec::new();
    for (object, identity) in objects.iter().zip(identities) {
        let seen = seen.entry(identity).or_default();
        let mut earlier = seen.iter();
        let first = earlier.find(|first| environments::may_be_one(&first.file, &object.file));
        let Some(first) = first else {
            seen.push(object);
            continue;
        };
        let folders = (folder(&first.file), folder(&object.file));
        if folders.0 != folders.1 {
            if says_the_same(&first.value, &object.value) {
                continue;
            }
            let known = apart.entry(folders).or_insert((notes.len(), 0));
            known.1 += 1;
            if known.1 > 1 {
                continue;
            }
        }
        let which = if first.file == object.file {
            "later one"
        } else {
            "nearer one"
        };
        notes.push(Note {
            place: object.place(),
            text: format!(
                "{} is also in {}; look-ups find the {which}",
                Subject::of(object),
                first.place()
            ),
        });
    }
    for ((first, other), (number, count)) in apart {
        if let Some(note) = notes.get_mut(number)
            && count > 1
        {
            let (first, other) = (printable(first), printable(other));
            let more = format!("; {} more of {other} are in {first} as well", count - 1);
            note.text.push_str(&more);
        }
    }
    notes
}

/// Whether two manifests of one object differ in nothing that is written; the API server writes its uid and times.
fn says_the_same(one: &Value, other: &Value) -> bool {
    let of_metadata = |key: &str| {
        let [one, other] = [one, other].map(|object| object.pointer(key).unwrap_or(&Value::Null));
        one == other
    };
    written(one).eq(written(other))
        && of_metadata("/metadata/labels")
        && of_metadata("/metadata/annotations")
}

fn written(object: &Value) -> impl Iterator<Item = (&Name, &Value)> {
    let fields = object.as_object().into_iter().flatten();
    fields.filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status"))
}

/// The folder of a file.
fn folder(file: &str) -> &str {
    file.rsplit_once(['/', '\\'])
        .map_or(".", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checks::identities, manifests::read_text};
    use cluster::kinds::Kinds;

    #[test]
    fn two_folders_have_one_note_for_all_that_they_write_differently() {
        let config = |name: &str, value: &str| {
            format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{a: {value}}}}}\n---\n"
            )
        };
        let all = |value: &str| ["k", "l", "m"].map(|name| config(name, value)).concat();
        let mut objects = Vec::new();
        for (file, text) in [
            ("a/all.yaml", all("one")),
            ("a/more.yaml", config("k", "one")),
            ("b/all.yaml", all("two")),
            ("c/all.yaml", all("one")),
        ] {
            objects.extend(read_text(file, &text).objects);
        }
        let kinds = Kinds::of(objects.iter().map(|object| object.value.as_ref()));
        let identities = identities(&objects, &kinds, "shop");
        let notes = notes(&objects, &identities);
        let notes: Vec<String> = notes
            .iter()
            .map(|it| format!("{}: {}", it.place, it.text))
            .collect();
        assert_eq!(
            notes,
            [
                "a/more.yaml:1: ConfigMap k is also in a/all.yaml:1; look-ups find the nearer one",
                "b/all.yaml:1: ConfigMap k is also in a/all.yaml:1; look-ups find the nearer one; 2 more of b are in a as well",
            ]
        );
    }
}
