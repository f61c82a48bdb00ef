//! `questions-ui.yml`, the form that Rancher shows for the settings of a policy.
//!
//! The format is that of Rancher's charts, with `sequence[` for lists of maps: what the components in
//! `pkg/kubewarden/components/Questions` of rancher/kubewarden-ui read. A variable below a map has the whole path, one
//! below a list only its own name. What is left empty is sent as an empty text or list, which policies read as
//! not set.

use serde::Serialize;
use serde_json::{Value, json};
use shared::settings::described::{Form, Setting};

/// The tab for whatever is no map of its own.
const GROUP: &str = "Settings";

/// The form.
pub fn render(settings: &[Setting]) -> Result<String, String> {
    let questions = settings.iter().map(|setting| {
        let label = label(setting.name);
        let group = match setting.kind.form {
            Form::Map(_) => label.as_str(),
            _ => GROUP,
        };
        question(setting, group, setting.name)
    });
    let form = Questions {
        questions: questions.collect(),
    };
    let text = serde_saphyr::to_string(&form).map_err(|error| error.to_string())?;
    Ok(format!("# Written by `make docs`.\n{text}"))
}

#[derive(Serialize)]
struct Questions {
    questions: Vec<Question>,
}

/// A field of the form.
#[derive(Debug, Serialize)]
struct Question {
    variable: String,
    label: String,
    description: String,
    #[serde(rename = "type")]
    kind: &'static str,
    default: Value,
    required: bool,
    group: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    /// A map has no field of its own.
    #[serde(skip_serializing_if = "is_false")]
    hide_input: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subquestions: Vec<Question>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sequence_questions: Vec<Question>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !*flag
}

fn question(setting: &Setting, group: &str, variable: &str) -> Question {
    let below = |of_list: bool| -> Vec<Question> {
        let children = setting.kind.settings().iter();
        let variable = |child: &Setting| {
            if of_list {
                child.name.to_owned()
            } else {
                format!("{variable}.{}", child.name)
            }
        };
        children
            .map(|child| question(child, group, &variable(child)))
            .collect()
    };
    let (kind, empty) = match &setting.kind.form {
        Form::Choice(_) => ("enum", json!("")),
        Form::Flag => ("boolean", json!(false)),
        Form::Text { .. } | Form::Scalar => ("string", json!("")),
        Form::Map(_) => ("map[", json!({})),
        Form::List(item) if matches!(item.form, Form::Map(_)) => ("sequence[", json!([])),
        Form::List(_) => ("array[", json!([])),
    };
    let is_map = matches!(setting.kind.form, Form::Map(_));
    Question {
        variable: variable.to_owned(),
        label: label(setting.name),
        description: description(setting),
        kind,
        // What is in a map is asked for by the questions below it.
        default: setting.default.clone().filter(|_| !is_map).unwrap_or(empty),
        required: setting.is_required,
        group: group.to_owned(),
        options: match &setting.kind.form {
            Form::Choice(words) => words.iter().map(|(word, _)| (*word).to_owned()).collect(),
            _ => Vec::new(),
        },
        hide_input: is_map,
        subquestions: if is_map { below(false) } else { Vec::new() },
        sequence_questions: if kind == "sequence[" {
            below(true)
        } else {
            Vec::new()
        },
    }
}

/// What the setting does, and what each word means.
fn description(setting: &Setting) -> String {
    let mut text = setting.about.clone();
    let words = match &setting.kind.form {
        Form::Choice(words) => words.as_slice(),
        Form::List(item) => match &item.form {
            Form::Choice(words) => {
                let shown = |(word, _): &(&'static str, String)| match *word {
                    "" => "nothing",
                    word => word,
                };
                let words: Vec<&str> = words.iter().map(shown).collect();
                text.extend([" Each is one of ", &words.join(", "), "."]);
                &[]
            }
            _ => &[],
        },
        _ => &[],
    };
    for (word, about) in words {
        text.extend([" ", word, ": ", about]);
    }
    text
}

/// `readOnlyIsEnough` as people write it: `Read only is enough`.
fn label(name: &str) -> String {
    let mut label = String::new();
    for (index, character) in name.chars().enumerate() {
        if index == 0 {
            label.extend(character.to_uppercase());
        } else if character.is_uppercase() {
            label.push(' ');
            label.extend(character.to_lowercase());
        } else {
            label.push(character);
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use shared::settings::described::Type;

    use super::*;

    fn setting(name: &'static str, form: Form, default: Option<Value>) -> Setting {
        Setting {
            name,
            about: format!("About: {name}."),
            is_required: default.is_none(),
            kind: Type::unnamed(form),
            default,
            example: Value::Null,
        }
    }

    #[test]
    fn a_form_has_every_kind_of_setting() {
        let words = Form::Choice(vec![("off", "No.".to_owned())]);
        let settings = [
            setting("onUpdate", words, Some(json!("off"))),
            setting(
                "size",
                Form::Map(vec![setting("total", Form::Scalar, Some(json!("1Mi")))]),
                Some(json!({"total": "1Mi"})),
            ),
            setting(
                "names",
                Form::List(Box::new(Type::unnamed(Form::Scalar))),
                Some(json!([])),
            ),
            setting(
                "ranges",
                Form::List(Box::new(Type::unnamed(Form::Map(vec![
                    setting("ports", Form::Scalar, None),
                    setting("open", Form::Flag, Some(json!(true))),
                ])))),
                Some(json!([])),
            ),
        ];
        let expected = r#"# Written by `make docs`.
questions:
- variable: onUpdate
  label: On update
  description: "About: onUpdate. off: No."
  type: enum
  default: "off"
  required: false
  group: Settings
  options:
  - "off"
- variable: size
  label: Size
  description: "About: size."
  type: map[
  default: {}
  required: false
  group: Size
  hide_input: true
  subquestions:
  - variable: size.total
    label: Total
    description: "About: total."
    type: string
    default: 1Mi
    required: false
    group: Size
- variable: names
  label: Names
  description: "About: names."
  type: array[
  default: []
  required: false
  group: Settings
- variable: ranges
  label: Ranges
  description: "About: ranges."
  type: sequence[
  default: []
  required: false
  group: Settings
  sequence_questions:
  - variable: ports
    label: Ports
    description: "About: ports."
    type: string
    default: ""
    required: true
    group: Settings
  - variable: open
    label: Open
    description: "About: open."
    type: boolean
    default: true
    required: false
    group: Settings
"#;
        assert_eq!(render(&settings).unwrap(), expected);
    }

    #[test]
    fn labels_are_words() {
        assert_eq!(label("healthCheckNodePort"), "Health check node port");
        assert_eq!(label("utf16"), "Utf16");
    }
}
