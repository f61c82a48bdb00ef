//! The table of settings in the README of a policy.

use serde_json::Value;
use shared::settings::described::{Form, Setting, Type, flat};

use super::markdown::{self, code};
use crate::yaml::flow;

/// A row for each setting, what is below one behind it.
#[must_use]
pub fn table(settings: &[Setting]) -> String {
    let row = |(path, setting): &(String, &Setting)| {
        [
            code(path),
            values(&setting.kind, &setting.example),
            default(setting),
            about(setting),
        ]
    };
    let rows: Vec<[String; 4]> = flat(settings).iter().map(row).collect();
    markdown::table(["setting", "values", "default", "what it does"], &rows)
}

/// What it can be, and an example of what cannot be listed.
fn values(kind: &Type, example: &Value) -> String {
    match &kind.form {
        Form::Choice(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| shown(word)).collect();
            words.join(", ")
        }
        Form::Flag => "`true`, `false`".to_owned(),
        Form::Text { .. } | Form::Scalar => format!("such as {}", code(&plain(example))),
        Form::Map(_) => "a map".to_owned(),
        Form::List(item) => match &item.form {
            Form::Map(_) => "a list of maps".to_owned(),
            Form::Choice(_) => format!("a list of {}", values(item, example)),
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
    if let Form::Choice(words) = &setting.kind.form
        && !setting.kind.form.is_level()
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

    fn setting(name: &'static str, form: Form, default: Option<Value>, example: Value) -> Setting {
        Setting {
            name,
            about: format!("About {name}."),
            kind: Type::unnamed(form),
            default,
            is_required: name == "text",
            example,
        }
    }

    #[test]
    fn a_table_has_every_kind_of_setting() {
        let words = |words: &[(&'static str, &str)]| {
            let words = words.iter();
            Form::Choice(
                words
                    .map(|(word, about)| (*word, (*about).to_owned()))
                    .collect(),
            )
        };
        let level = words(&[("deny", "A."), ("warn", "B."), ("off", "C.")]);
        let text = setting("text", Form::Scalar, None, json!("a|b"));
        let number = setting("number", Form::Scalar, None, json!(7));
        let settings = [
            setting(
                "mode",
                words(&[("one", "The one."), ("", "None.")]),
                Some(json!("one")),
                json!(""),
            ),
            setting("level", level.clone(), Some(json!("warn")), json!("deny")),
            setting("flag", Form::Flag, Some(json!(true)), json!(false)),
            setting(
                "names",
                Form::List(Box::new(Type::unnamed(Form::Scalar))),
                Some(json!([])),
                json!(["a"]),
            ),
            setting(
                "list",
                Form::List(Box::new(Type::unnamed(Form::Map(vec![text, number])))),
                Some(json!([])),
                json!([]),
            ),
            setting(
                "map",
                Form::Map(vec![setting("level", level, Some(json!("off")), json!(""))]),
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
             | `list[].text` | such as `a\\|b` | required | About text. |\n\
             | `list[].number` | such as `7` | not set | About number. |\n\
             | `map` | a map |  | About map. |\n\
             | `map.level` | `deny`, `warn`, `off` | `off` | About level. |\n"
        );
    }
}
