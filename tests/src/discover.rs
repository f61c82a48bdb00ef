//! What settings a policy knows, asked for from outside.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// A name that no setting is near to.
const NO_SETTING: &str = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";

/// The words in quotes after `mark`, as in `expected one of "a", "b"; next: …`.
fn words(message: &str, mark: &str) -> Option<Vec<String>> {
    let mut rest = message.split_once(mark)?.1;
    let mut words = Vec::new();
    while let Some(quoted) = rest.strip_prefix('"') {
        let (word, behind) = quoted.split_once('"')?;
        words.push(word.to_owned());
        rest = behind.strip_prefix(", ").unwrap_or_default();
    }
    Some(words)
}

/// Asks a policy what settings there are below `path`, by the problems that it tells: the paths of all fields, and the
/// paths with the words that a field takes. `[]` stands for an item of a list.
pub fn discover(
    problem_of: &dyn Fn(&Value) -> String,
    path: &str,
    fields: &mut BTreeSet<String>,
    choices: &mut BTreeSet<(String, String)>,
) {
    let problem = |value: Value| {
        let wrapped =
            path.rsplit('.')
                .filter(|name| !name.is_empty())
                .fold(value, |inner, name| match name.strip_suffix("[]") {
                    Some(list) => json!({ list: [inner] }),
                    None => json!({ name: inner }),
                });
        problem_of(&wrapped)
    };
    let place = path.replace("[]", "[0]");
    let nested = problem(json!({ NO_SETTING: 0 }));
    let separator = if path.is_empty() { "" } else { "." };
    let mark = format!("{place}{separator}{NO_SETTING}: is not a setting; expected one of ");
    if let Some(names) = words(&nested, &mark) {
        for name in names {
            let below = format!("{path}{separator}{name}");
            fields.insert(below.clone());
            discover(problem_of, &below, fields, choices);
            discover(problem_of, &format!("{below}[]"), fields, choices);
        }
    }
    let text = problem(json!(NO_SETTING));
    for mark in ["is not one of ", "expected one of "] {
        let about = text
            .split_once(&format!("{place}: "))
            .map_or("", |(_, about)| about);
        for word in words(about, mark).unwrap_or_default() {
            choices.insert((path.to_owned(), word));
        }
    }
}
