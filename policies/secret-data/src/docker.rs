//! What the kubelet reads in the credentials of registries.
//!
//! Source: `pkg/credentialprovider/config.go` and `encoding/json` of Go, which finds a field whatever its case.

use shared::Json;

use crate::base64;

/// Why the kubelet reads no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is base64 of JSON.
    Encoded,
    /// It is not JSON.
    Syntax,
    /// A map is missing where one has to be.
    NoMap,
    /// An entry is not a map, or has something else than text in it. Entries are counted from 1: their names are part of the value.
    Entry(usize),
    /// The `auth` of an entry is not base64 of `user:password`.
    Auth(usize),
    /// There is no entry.
    Empty,
    /// There are only names of programs that would know the credentials, on the computer that this was copied from.
    OnlyHelpers,
    /// It has the form of the other type.
    OtherForm,
    /// An entry has no credential.
    NoCredential(usize),
}

/// The form of the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{"auths": {"registry": {…}}}`
    ConfigJson,
    /// `{"registry": {…}}`
    Cfg,
}

/// Every problem with a value.
pub(crate) fn problems(value: &[u8], form: Form) -> Vec<Problem> {
    let text = std::str::from_utf8(value).unwrap_or("not UTF-8");
    let Ok(json) = Json::parse(text) else {
        // base64 of `{"`
        let encoded = text.trim_ascii_start().starts_with("eyJ");
        return vec![if encoded {
            Problem::Encoded
        } else {
            Problem::Syntax
        }];
    };
    let helpers = field(&json, "credsStore").or(field(&json, "credHelpers"));
    let nothing = if helpers.is_some() {
        Problem::OnlyHelpers
    } else {
        Problem::Empty
    };
    let entries = match (form, field(&json, "auths")) {
        (Form::Cfg, Some(Json::Map(_))) => return vec![Problem::OtherForm],
        (Form::Cfg, _) => &json,
        (Form::ConfigJson, Some(auths)) => auths,
        (Form::ConfigJson, None) => match &json {
            Json::Map(fields)
                if helpers.is_none()
                    && fields
                        .iter()
                        .any(|(_, entry)| field(entry, "auth").is_some()) =>
            {
                return vec![Problem::OtherForm];
            }
            Json::Map(_) => &Json::Null,
            other => other,
        },
    };
    match entries {
        Json::Null => vec![nothing],
        Json::Map(entries) if entries.is_empty() => vec![nothing],
        Json::Map(entries) => {
            let problem = |(index, (_, entry)): (usize, &(_, Json<'_>))| problem(entry, index + 1);
            entries.iter().enumerate().filter_map(problem).collect()
        }
        _ => vec![Problem::NoMap],
    }
}

fn problem(entry: &Json<'_>, number: usize) -> Option<Problem> {
    let Json::Map(_) = entry else {
        return Some(match entry {
            Json::Null => Problem::NoCredential(number),
            _ => Problem::Entry(number),
        });
    };
    // One that is not read is the end of all: `DockerConfigEntry.UnmarshalJSON`.
    let text = |name| match field(entry, name) {
        None | Some(Json::Null) => Some(""),
        Some(Json::String(text)) => Some(text.as_ref()),
        Some(_) => None,
    };
    let (Some(_), Some(_), Some(password), Some(auth)) = (
        text("username"),
        text("email"),
        text("password"),
        text("auth"),
    ) else {
        return Some(Problem::Entry(number));
    };
    if auth.is_empty() {
        return password.is_empty().then_some(Problem::NoCredential(number));
    }
    let decoded = base64::decode_auth(auth);
    let is_pair = decoded.is_some_and(|pair| pair.contains(&b':'));
    (!is_pair).then_some(Problem::Auth(number))
}

fn field<'j, 'a>(json: &'j Json<'a>, name: &str) -> Option<&'j Json<'a>> {
    let Json::Map(fields) = json else {
        return None;
    };
    fields
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_the_kubelet_cannot_use() {
        use Form::{Cfg, ConfigJson};
        use Problem::{
            Auth, Empty, Encoded, Entry, NoCredential, NoMap, OnlyHelpers, OtherForm, Syntax,
        };
        for (text, form, expected) in [
            (
                r#"{"auths":{"r":{"auth":"amFuZTpwdw=="}}}"#,
                ConfigJson,
                &[][..],
            ),
            (r#"{"auths":{"r":{"auth":"amFuZTpwdw"}}}"#, ConfigJson, &[]),
            (r#"{"Auths":{"r":{"AUTH":"amFuZTpwdw"}}}"#, ConfigJson, &[]),
            (
                r#"{"auths":{"r":{"username":"jane","password":"pw"}}}"#,
                ConfigJson,
                &[],
            ),
            (r#"{"r":{"auth":"amFuZTpwdw=="}}"#, Cfg, &[]),
            (
                r#"{"auths":{"a":{"auth":"amFuZQ=="},"b":{"auth":"jane:pw"},"c":{"auth":7},"d":7,"e":null,"f":{}}}"#,
                ConfigJson,
                &[
                    Auth(1),
                    Auth(2),
                    Entry(3),
                    Entry(4),
                    NoCredential(5),
                    NoCredential(6),
                ],
            ),
            (
                r#"{"auths":{"r":{"auth":"amFuZTpwdw==","password":12345}}}"#,
                ConfigJson,
                &[Entry(1)],
            ),
            (
                r#"{"auths":{"r":{"auth":"","username":"jane"}}}"#,
                ConfigJson,
                &[NoCredential(1)],
            ),
            (r#"{"credsStore":"desktop"}"#, ConfigJson, &[OnlyHelpers]),
            (
                r#"{"auths":{},"credHelpers":{}}"#,
                ConfigJson,
                &[OnlyHelpers],
            ),
            (r#"{"auths":{}}"#, ConfigJson, &[Empty]),
            (r#"{"auths":null}"#, ConfigJson, &[Empty]),
            ("{}", ConfigJson, &[Empty]),
            ("{}", Cfg, &[Empty]),
            ("null", ConfigJson, &[Empty]),
            (r#"{"r":{"auth":"amFuZTpwdw=="}}"#, ConfigJson, &[OtherForm]),
            (
                r#"{"auths":{"r":{"auth":"amFuZTpwdw=="}}}"#,
                Cfg,
                &[OtherForm],
            ),
            (r#"{"auths":[]}"#, ConfigJson, &[NoMap]),
            ("[]", ConfigJson, &[NoMap]),
            ("7", Cfg, &[NoMap]),
            ("{", ConfigJson, &[Syntax]),
            ("\u{feff}{}", ConfigJson, &[Syntax]),
            ("eyJhdXRocyI6e319", ConfigJson, &[Encoded]),
        ] {
            assert_eq!(problems(text.as_bytes(), form), expected, "{text}");
        }
        assert_eq!(problems(b"\xff", ConfigJson), [Syntax]);
    }
}
