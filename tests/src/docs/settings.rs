//! The table of settings in the README of a policy.

use serde_json::Value;

use super::markdown::{self, code};
use crate::settings::{Kind, Setting, flat};
use crate::yaml::flow;

/// A row for each setting, what is below one behind it.
#[must_use]
pub fn table(settings: &[Setting]) -> String {
    let row = |setting: &&Setting| {
        [
            code(&setting.path),
            values(&setting.kind, &setting.example),
            default(setting),
            about(setting),
        ]
    };
    let rows: Vec<[String; 4]> = flat(settings).iter().map(row).collect();
    markdown::table(["setting", "values", "default", "what it does"], &rows)
}

/// What it can be, and an example of what cannot be listed.
fn values(kind: &Kind, example: &Value) -> String {
    match kind {
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| shown(word)).collect();
            words.join(", ")
        }
        Kind::Flag => "`true`, `false`".to_owned(),
        Kind::Text => format!("such as {}", code(&plain(example))),
        Kind::Map(_) => "a map".to_owned(),
        Kind::List(item) => match item.as_ref() {
            Kind::Map(_) => "a list of maps".to_owned(),
            Kind::Choice(_) => format!("a list of {}", values(item, example)),
            _ => format!("a list, such as {}", code(&flow(example))),
        },
    }
}

/// A word of a choice; one of `hostPath.type` is empty.
fn shown(word: &str) -> String {
    code(if word.is_empty() { "\"\"" } else { word })
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| flow(value), ToOwned::to_owned)
}

fn default(setting: &Setting) -> String {
    match &setting.default {
        _ if setting.is_required => "required".to_owned(),
        Some(Value::Array(items)) if items.is_empty() => "empty".to_owned(),
        Some(Value::Object(_)) => String::new(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(value) => code(&plain(value)),
        None => "not set".to_owned(),
    }
}

/// What it does, and what each word of it means. What levels mean is said once for all.
fn about(setting: &Setting) -> String {
    let mut text = setting.about.clone();
    if let Kind::Choice(words) = &setting.kind
        && !setting.kind.is_level()
    {
        for (word, about) in words {
            text.extend([" ", &shown(word), ": ", &in_sentence(about)]);
        }
    }
    text
}

/// A sentence behind a colon.
fn in_sentence(sentence: &str) -> String {
    let mut characters = sentence.chars();
    let first = characters
        .next()
        .map(|first| first.to_lowercase().to_string());
    format!("{}{}", first.unwrap_or_default(), characters.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn setting(path: &str, kind: Kind, default: Option<Value>, example: Value) -> Setting {
        Setting {
            path: path.to_owned(),
            name: path.to_owned(),
            about: format!("About {path}."),
            kind,
            default,
            is_required: path == "list[].text",
            example,
        }
    }

    #[test]
    fn a_table_has_every_kind_of_setting() {
        let words = |words: &[(&str, &str)]| {
            let owned = words
                .iter()
                .map(|(word, about)| ((*word).to_owned(), (*about).to_owned()));
            Kind::Choice(owned.collect())
        };
        let level = words(&[("deny", "A."), ("warn", "B."), ("off", "C.")]);
        let text = setting("list[].text", Kind::Text, None, json!("a|b"));
        let number = setting("list[].number", Kind::Text, None, json!(7));
        let settings = [
            setting(
                "mode",
                words(&[("one", "The one."), ("", "None.")]),
                Some(json!("one")),
                json!(""),
            ),
            setting("level", level.clone(), Some(json!("warn")), json!("deny")),
            setting("flag", Kind::Flag, Some(json!(true)), json!(false)),
            setting(
                "names",
                Kind::List(Box::new(Kind::Text)),
                Some(json!([])),
                json!(["a"]),
            ),
            setting(
                "list",
                Kind::List(Box::new(Kind::Map(vec![text, number]))),
                Some(json!([])),
                json!([]),
            ),
            setting(
                "map",
                Kind::Map(vec![setting(
                    "map.level",
                    level,
                    Some(json!("off")),
                    json!(""),
                )]),
                Some(json!({})),
                json!({}),
            ),
        ];
        assert_eq!(
            table(&settings),
            "| setting | values | default | what it does |\n\
             | --- | --- | --- | --- |\n\
             | `mode` | `one`, `\"\"` | `one` | About mode. `one`: the one. `\"\"`: none. |\n\
             | `level` | `deny`, `warn`, `off` | `warn` | About level. |\n\
             | `flag` | `true`, `false` | `true` | About flag. |\n\
             | `names` | a list, such as `[\"a\"]` | empty | About names. |\n\
             | `list` | a list of maps | empty | About list. |\n\
             | `list[].text` | such as `a\\|b` | required | About list[].text. |\n\
             | `list[].number` | such as `7` | not set | About list[].number. |\n\
             | `map` | a map |  | About map. |\n\
             | `map.level` | `deny`, `warn`, `off` | `off` | About map.level. |\n"
        );
    }
}
