//! Field paths as policies write them: `spec.containers[1].image`, `data["tls.crt"]`.

use tree::Value;

/// One step down into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a field.
    Key(String),
    /// Into an item.
    Index(usize),
}

/// Reads a path as far as it can be understood: a policy may write anything, and the start is still worth a line.
pub(super) fn parse(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let Some((step, after)) = next(rest) else {
            break;
        };
        steps.push(step);
        rest = after;
    }
    steps
}

/// The value at a path, if all of it is there.
pub(super) fn value<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = object;
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = next(rest)?;
        value = match step {
            Step::Key(key) => value.get(key)?,
            Step::Index(index) => value.get(index)?,
        };
        rest = after;
    }
    Some(value)
}

/// The value at a path, to be changed, if all of it is there.
pub(super) fn value_mut<'a>(object: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

/// A path that stays when a list grows at its front: an item is called by its `name`, or has no number.
pub(super) fn steady(object: &Value, path: &str) -> String {
    let mut steady = String::new();
    let mut value = Some(object);
    let mut rest = path;
    while let Some((step, after)) = next(rest) {
        value = match &step {
            Step::Key(key) => value.and_then(|value| value.get(key)),
            Step::Index(index) => value.and_then(|value| value.get(index)),
        };
        match step {
            Step::Key(_) => {
                let written = rest.len() - after.len();
                steady.push_str(rest.get(..written).unwrap_or_default());
            }
            Step::Index(_) => {
                let name = value.and_then(|item| item.get("name")?.as_str());
                match name {
                    // As JSON writes it, so that no name looks like another path.
                    Some(name) => steady.extend(["[name=", &Value::from(name).to_string(), "]"]),
                    None => steady.push_str("[*]"),
                }
            }
        }
        rest = after;
    }
    steady + rest
}

fn next(path: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = path.strip_prefix("[\"") {
        let (key, after) = unquote(quoted)?;
        return Some((Step::Key(key), after.strip_prefix(']')?));
    }
    if let Some(bracket) = path.strip_prefix('[') {
        let (index, after) = bracket.split_once(']')?;
        let step = index
            .parse()
            .map_or_else(|_| Step::Key(index.to_owned()), Step::Index);
        return Some((step, after));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, after) = path.split_at(end);
    (!key.is_empty()).then(|| (Step::Key(key.to_owned()), after))
}

/// Reads up to the closing quote, in the notation of `shared::quote`.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Some((key, characters.as_str())),
            '\\' => key.push(match characters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'u' => {
                    let (code, after) = characters.as_str().strip_prefix('{')?.split_once('}')?;
                    characters = after.chars();
                    char::from_u32(u32::from_str_radix(code, 16).ok()?)?
                }
                other => other,
            }),
            other => key.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    #[test]
    fn finds_a_value_only_where_all_of_the_path_is_there() {
        let object = json!({"a": [{"b.c": 1}], "d": null});
        for (path, expected) in [
            (r#"a[0]["b.c"]"#, Some(json!(1))),
            ("d", Some(json!(null))),
            ("", Some(object.clone())),
            ("a[1]", None),
            ("a.b", None),
            ("d..x", None),
        ] {
            assert_eq!(value(&object, path), expected.as_ref(), "{path}");
        }
    }

    #[test]
    fn a_steady_path_names_items_and_counts_none() {
        let object =
            json!({"spec": {"containers": [{"name": "a\"]"}, {"image": "b"}]}, "data": {"x.y": 1}});
        for (path, expected) in [
            (
                "spec.containers[0].image",
                r#"spec.containers[name="a\"]"].image"#,
            ),
            ("spec.containers[1].image", "spec.containers[*].image"),
            ("spec.containers[7]", "spec.containers[*]"),
            (r#"data["x.y"]"#, r#"data["x.y"]"#),
            ("spec..x", "spec..x"),
            ("", ""),
        ] {
            assert_eq!(steady(&object, path), expected, "{path}");
        }
    }

    #[test]
    fn reads_the_notation_of_policies() {
        let key = |name: &str| Step::Key(name.to_owned());
        for (path, expected) in [
            ("", vec![]),
            (
                "spec.containers[12].image",
                vec![
                    key("spec"),
                    key("containers"),
                    Step::Index(12),
                    key("image"),
                ],
            ),
            (
                r#"data["tls.crt"].x"#,
                vec![key("data"), key("tls.crt"), key("x")],
            ),
            (r#"data["a\"]b\\"]"#, vec![key("data"), key(r#"a"]b\"#)]),
            (
                "metadata.annotations[a/b]",
                vec![key("metadata"), key("annotations"), key("a/b")],
            ),
            (
                r#"data["a\u{200b}b\n"].x"#,
                vec![key("data"), key("a\u{200b}b\n"), key("x")],
            ),
            (r#"data["a\u{110000}"]"#, vec![key("data")]),
            ("spec..x", vec![key("spec")]),
            (r#"data["open"#, vec![key("data")]),
        ] {
            assert_eq!(parse(path), expected, "{path}");
        }
    }
}
