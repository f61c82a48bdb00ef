//! A file whose key promises a format that it does not have.

use shared::{Json, Level, Rule, Verdict, rule};

use crate::docker::NOT_TEXT;
use crate::text::has;
use crate::value::Value;
use crate::yaml;

pub(crate) static RULE: Rule = rule! {
    id: "malformed_file",
    summary: "JSON behind a key in `.json`, or YAML behind one in `.yaml` or `.yml`, that does not parse",
    why: "The program that reads the file fails when it starts, long after the Secret was accepted",
    fix: "correct the file where it is broken, and read it once with the program that uses it",
    levels: [Warn by "form.files"],
};

/// Files whose readers know comments and trailing commas: of .NET, `TypeScript`, Visual Studio Code, `ESLint`, Babel, and
/// of `V2Ray` and its kin.
const WITH_COMMENTS: &str = "appsettings ocelot tsconfig jsconfig tslint devcontainer settings \
    launch tasks extensions .eslintrc .babelrc babel.config v2ray xray sing-box";

/// Reads files as their keys promise. YAML is read only as far as its commonest mistakes go.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    if level == Level::Off {
        return;
    }
    let ends_in = |end: &str| value.entry.key.ends_with(end);
    let is_json = ends_in(".json");
    if !is_json && !ends_in(".yaml") && !ends_in(".yml") {
        return;
    }
    if WITH_COMMENTS
        .split(' ')
        .any(|name| value.entry.key.starts_with(name))
    {
        return;
    }
    let Some(text) = value.text else {
        value.tell(&RULE, level, NOT_TEXT, verdict);
        return;
    };
    // What has a byte order mark is told so. A template is none of its format yet. Base64 may be meant.
    if text.starts_with('\u{feff}')
        || has(text, "{{")
        || has(text, "${")
        || text.trim_ascii().is_empty()
    {
        return;
    }
    if is_json {
        let is_encoded = value.entry.key == "1password-credentials.json";
        if let (Err(error), false) = (Json::check(text), is_encoded)
            && !are_lines(text)
        {
            value.tell(&RULE, level, &error.problem(), verdict);
        }
    } else if let Some((line, problem)) = yaml::problem(text) {
        let reason = format_args!("is not YAML at line {line}: {}", problem.what());
        value.report(&RULE, level, reason, verdict);
    }
}

/// Whether each of several lines is JSON, as logs and exports have it.
fn are_lines(text: &str) -> bool {
    let mut lines = text
        .split('\n')
        .filter(|line| !line.trim_ascii().is_empty());
    let is_json = |line: &str| Json::check(line).is_ok();
    text.trim_ascii().as_bytes().contains(&b'\n') && lines.all(is_json)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, secret};

    #[test]
    fn reads_what_the_key_promises() {
        for (key, value, reason) in [
            ("a.json", &b"{\"a\": [1, 2]}\n"[..], None),
            (
                "a.json",
                b"{\"a\": hunter2}",
                Some("is not JSON, or too deep, at line 1, column 7"),
            ),
            (
                "a.json",
                b"{'a': 1}",
                Some("is not JSON, or too deep, at line 1, column 2"),
            ),
            (
                "a.json",
                b"{}{}",
                Some("is not JSON, or too deep, at line 1, column 3"),
            ),
            ("a.json", b"\xff", Some("is not text in UTF-8")),
            ("a.yaml", b"a: \xff", Some("is not text in UTF-8")),
            ("a.json", b"{\"a\": {{ .x }}}", None),
            ("a.json", b"", None),
            ("a.yaml", b"a: 1\nb:\n  - c\n", None),
            (
                "a.yml",
                b"a: 1\n\tb: 2\n",
                Some("is not YAML at line 2: has a tab where spaces should be"),
            ),
            ("a.txt", b"{", None),
            ("a.json", b"{\"a\":1}\n{\"a\":2}\n", None),
            ("a.json", b"{\"a\":1}\r\n\r\n{\"a\":2}", None),
            (
                "a.json",
                b"{\"a\":1}\n{\"a\":\n",
                Some("is not JSON, or too deep, at line 2, column 1"),
            ),
            ("tsconfig.json", b"{\n  // no\n}", None),
        ] {
            let expected = reason.map(|reason| {
                format!(
                    "data[{key:?}]: {reason}; fix: correct the file where it is broken, and read it once with the program \
                     that uses it [malformed_file]"
                )
            });
            let found = lines(
                &secret("Opaque", &[(key, value)]),
                &json!({"form": {"files": "deny"}}),
            );
            assert_eq!(
                found,
                expected.into_iter().collect::<Vec<_>>(),
                "{key} {value:?}"
            );
        }
    }
}
