//! What the kubelet reads in the credentials of registries.
//!
//! Source: `pkg/credentialprovider/config.go` and `encoding/json` of Go, which finds a field whatever its case.

use shared::{Arena, Json};

use crate::base64;
use crate::rules::{placeholder, unresolved_value};
use crate::text::{has, peel, split};

/// Why the kubelet reads no credential, or one that was not meant. Entries are counted from 1: their names are part of
/// the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is base64 of JSON.
    Encoded,
    /// It starts with the byte order mark of UTF-8, or is UTF-16.
    ByteOrderMark,
    /// It is not JSON, as these words say.
    Syntax(String),
    /// A map is missing where one has to be.
    NoMap,
    /// An entry is not a map, or has something else than text in it.
    Entry(usize),
    /// The `auth` of an entry is not base64 of `user:password`.
    Auth(usize),
    /// There is no entry.
    Empty,
    /// There is only the name of a program that would know the credentials, on the computer that this was copied from:
    /// in `credsStore` or `credHelpers`.
    OnlyHelpers(&'static str),
    /// It has the form of the other type.
    OtherForm(Form),
    /// An entry has no credential.
    NoCredential(usize),
    /// The name of an entry is a URL that is neither `https` nor `http`.
    Scheme(usize),
    /// The name of an entry is not the host of a registry.
    NoHost(usize),
    /// There is something wrong with the user or the password of an entry.
    Login(usize, Mistake),
}

/// What is wrong with a user or a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// There is a line break in it.
    LineBreak,
    /// Something that is not seen stands around it.
    Space,
    /// It is a placeholder, in these words.
    Placeholder(&'static str),
    /// It was never decrypted or filled in.
    Unresolved(unresolved_value::Shape),
}

/// The form of the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{"auths": {"registry": {…}}}`
    ConfigJson,
    /// `{"registry": {…}}`
    Cfg,
}

/// What is said of bytes where JSON or YAML should be.
pub(crate) const NOT_TEXT: &str = "is not text in UTF-8";

/// Every problem with a value.
pub(crate) fn problems(value: &[u8], form: Form) -> Vec<Problem> {
    if matches!(
        value,
        [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..]
    ) {
        return vec![Problem::ByteOrderMark];
    }
    let Ok(text) = std::str::from_utf8(value) else {
        return vec![Problem::Syntax(NOT_TEXT.to_owned())];
    };
    let arena = Arena::new();
    let json = match Json::parse(text, &arena) {
        Ok(json) => json,
        Err(error) => {
            // base64 of `{"`
            let encoded = text.trim_ascii_start().starts_with("eyJ");
            return vec![if encoded {
                Problem::Encoded
            } else {
                Problem::Syntax(error.problem())
            }];
        }
    };
    let helpers = ["credsStore", "credHelpers"]
        .into_iter()
        .find(|name| field(&json, name).is_some());
    let nothing = || vec![helpers.map_or(Problem::Empty, Problem::OnlyHelpers)];
    let entries = match (form, field(&json, "auths")) {
        (Form::Cfg, Some(Json::Map(_))) => return vec![Problem::OtherForm(form)],
        (Form::Cfg, _) => &json,
        (Form::ConfigJson, Some(auths)) => auths,
        (Form::ConfigJson, None) => match &json {
            Json::Map(fields)
                if helpers.is_none()
                    && fields
                        .iter()
                        .any(|(_, entry)| field(entry, "auth").is_some()) =>
            {
                return vec![Problem::OtherForm(form)];
            }
            Json::Map(_) => &Json::Null,
            other => other,
        },
    };
    let Json::Map(entries) = entries else {
        return match entries {
            Json::Null => nothing(),
            _ => vec![Problem::NoMap],
        };
    };
    let mut found = Vec::new();
    for (index, (name, entry)) in entries.iter().enumerate() {
        found.extend(problem(entry, index + 1));
        found.extend(host_problem(name, index + 1));
    }
    let is_without = |problem: &Problem| matches!(problem, Problem::NoCredential(_));
    // Docker leaves an empty entry for each registry of which the store knows the credential.
    let are_in_store =
        helpers.is_some() && found.iter().filter(|it| is_without(it)).count() == entries.len();
    if entries.is_empty() || are_in_store {
        nothing()
    } else {
        found
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
        Some(Json::String(text)) => Some(*text),
        Some(_) => None,
    };
    let (Some(user), Some(_), Some(password), Some(auth)) = (
        text("username"),
        text("email"),
        text("password"),
        text("auth"),
    ) else {
        return Some(Problem::Entry(number));
    };
    if auth.is_empty() {
        if password.is_empty() {
            return Some(Problem::NoCredential(number));
        }
        return mistake(user, password).map(|mistake| Problem::Login(number, mistake));
    }
    if let Some(shape) = unresolved_value::in_line(auth) {
        return Some(Problem::Login(number, Mistake::Unresolved(shape)));
    }
    if let Some(what) = placeholder::what(auth) {
        return Some(Problem::Login(number, Mistake::Placeholder(what)));
    }
    let decoded = base64::decode_auth(auth).unwrap_or_default();
    if !decoded.contains(&b':') {
        return Some(Problem::Auth(number));
    }
    let (user, password) = split(std::str::from_utf8(&decoded).ok()?, ":")?;
    mistake(user, password).map(|mistake| Problem::Login(number, mistake))
}

/// What is wrong with a login. The kubelet takes it to the byte: `decodeDockerConfigFieldAuth`.
fn mistake(user: &str, password: &str) -> Option<Mistake> {
    [user, password].into_iter().find_map(|text| {
        if text.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(Mistake::LineBreak)
        } else if peel(text).1 != text {
            Some(Mistake::Space)
        } else if let Some(shape) = unresolved_value::in_line(text) {
            Some(Mistake::Unresolved(shape))
        } else {
            placeholder::what(text).map(Mistake::Placeholder)
        }
    })
}

/// What is wrong with the name of a registry. `https://` and `http://` are left out of it, and a path may follow.
///
/// Source: `Add` and `parseSchemelessURL` in `pkg/credentialprovider/keyring.go`; what tells a host from the first part of
/// an image's name is in `reference/normalize.go` of distribution.
fn host_problem(name: &str, number: usize) -> Option<Problem> {
    let schemes = ["https://", "http://"];
    let rest = schemes.iter().find_map(|scheme| name.strip_prefix(scheme));
    let rest = rest.unwrap_or(name);
    if has(rest, "://") {
        return Some(Problem::Scheme(number));
    }
    let (host, path) = split(rest, "/").unwrap_or((rest, ""));
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:_*?[]".contains(&byte);
    let is_host = host == "localhost" || host.bytes().any(|byte| b".:*".contains(&byte));
    // No image has a tag where it is compared.
    let is_path = !path.bytes().any(|byte| b":@ ".contains(&byte));
    (!is_host || !is_path || !host.bytes().all(is_of_host)).then_some(Problem::NoHost(number))
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
            Auth, ByteOrderMark, Empty, Encoded, Entry, NoCredential, NoMap, OtherForm, Syntax,
        };
        for (text, form, expected) in [
            (
                r#"{"auths":{"r.io":{"auth":"amFuZTpwdw=="}}}"#,
                ConfigJson,
                &[][..],
            ),
            (
                r#"{"auths":{"r.io":{"auth":"amFuZTpwdw"}}}"#,
                ConfigJson,
                &[],
            ),
            (
                r#"{"Auths":{"r.io":{"AUTH":"amFuZTpwdw"}}}"#,
                ConfigJson,
                &[],
            ),
            (
                r#"{"auths":{"r.io":{"username":"jane","password":"pw"}}}"#,
                ConfigJson,
                &[],
            ),
            (r#"{"r.io":{"auth":"amFuZTpwdw=="}}"#, Cfg, &[]),
            (
                r#"{"auths":{"a.io":{"auth":"amFuZQ=="},"b.io":{"auth":"jane:pw"},"c.io":{"auth":7},"d.io":7,"e.io":null,"f.io":{}}}"#,
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
                r#"{"auths":{"r.io":{"auth":"amFuZTpwdw==","password":12345}}}"#,
                ConfigJson,
                &[Entry(1)],
            ),
            (
                r#"{"auths":{"r.io":{"auth":"","username":"jane"}}}"#,
                ConfigJson,
                &[NoCredential(1)],
            ),
            (r#"{"auths":{}}"#, ConfigJson, &[Empty]),
            (r#"{"auths":null}"#, ConfigJson, &[Empty]),
            ("{}", ConfigJson, &[Empty]),
            ("{}", Cfg, &[Empty]),
            ("null", ConfigJson, &[Empty]),
            (
                r#"{"r.io":{"auth":"amFuZTpwdw=="}}"#,
                ConfigJson,
                &[OtherForm(ConfigJson)],
            ),
            (
                r#"{"auths":{"r.io":{"auth":"amFuZTpwdw=="}}}"#,
                Cfg,
                &[OtherForm(Cfg)],
            ),
            (r#"{"auths":[]}"#, ConfigJson, &[NoMap]),
            ("[]", ConfigJson, &[NoMap]),
            ("7", Cfg, &[NoMap]),
            (
                "{",
                ConfigJson,
                &[Syntax(
                    "is not JSON, or too deep, at line 1, column 1".to_owned(),
                )],
            ),
            ("\u{feff}{}", ConfigJson, &[ByteOrderMark]),
            ("eyJhdXRocyI6e319", ConfigJson, &[Encoded]),
        ] {
            assert_eq!(problems(text.as_bytes(), form), expected, "{text}");
        }
        assert!(matches!(problems(b"\xff", ConfigJson)[..], [Syntax(_)]));
        assert_eq!(problems(b"\xff\xfe{\0", ConfigJson), [ByteOrderMark]);
    }

    #[test]
    fn finds_helpers_logins_and_registries_that_are_none() {
        use Form::{Cfg, ConfigJson};
        use Problem::{Login, NoCredential, NoHost, OnlyHelpers, Scheme};
        for (text, form, expected) in [
            (
                r#"{"credsStore":"desktop"}"#,
                ConfigJson,
                &[OnlyHelpers("credsStore")][..],
            ),
            (
                r#"{"auths":{},"credHelpers":{}}"#,
                ConfigJson,
                &[OnlyHelpers("credHelpers")],
            ),
            (
                r#"{"auths":{"https://index.docker.io/v1/":{},"r.io":{}},"credsStore":"osxkeychain"}"#,
                ConfigJson,
                &[OnlyHelpers("credsStore")],
            ),
            (
                r#"{"auths":{"r.io":{"auth":"amFuZTpwdw=="},"s.io":{}},"credsStore":"desktop"}"#,
                ConfigJson,
                &[NoCredential(2)],
            ),
            (
                r#"{"auths":{"r.io":{"auth":"amFuZTpwdwo="}}}"#,
                ConfigJson,
                &[Login(1, Mistake::LineBreak)],
            ),
            (
                r#"{"r.io":{"username":"a","password":"b\n"}}"#,
                Cfg,
                &[Login(1, Mistake::LineBreak)],
            ),
            (
                r#"{"r.io":{"username":"a","password":"b\u00a0"}}"#,
                Cfg,
                &[Login(1, Mistake::Space)],
            ),
            (
                r#"{"r.io":{"username":"a","password":"CHANGEME"}}"#,
                Cfg,
                &[Login(
                    1,
                    Mistake::Placeholder("is a placeholder, not a value"),
                )],
            ),
            (
                r#"{"r.io":{"auth":"${REGISTRY_AUTH}"}}"#,
                Cfg,
                &[Login(
                    1,
                    Mistake::Placeholder("has a ${…} that was not filled in"),
                )],
            ),
            (
                r#"{"r.io":{"auth":"op://vault/registry/auth"},"oci://r.io":{"auth":"amFuZTpwdw=="}}"#,
                Cfg,
                &[
                    Login(
                        1,
                        Mistake::Unresolved(unresolved_value::in_line("op://a/b").unwrap()),
                    ),
                    Scheme(2),
                ],
            ),
            (
                r#"{"r":{"auth":"amFuZTpwdw=="},"":{"auth":"amFuZTpwdw=="},"r.io/a:1":{"auth":"amFuZTpwdw=="},"https://":{"auth":"amFuZTpwdw=="},"r .io":{"auth":"amFuZTpwdw=="}}"#,
                Cfg,
                &[NoHost(1), NoHost(2), NoHost(3), NoHost(4), NoHost(5)],
            ),
            (
                r#"{"localhost":{"auth":"amFuZTpwdw=="},"*.r.io":{"auth":"amFuZTpwdw=="},"https://r.io/a/":{"auth":"amFuZTpwdw=="},"r:5000":{"auth":"amFuZTpwdw=="},"http://[::1]:5000/v2/":{"auth":"amFuZTpwdw=="}}"#,
                Cfg,
                &[],
            ),
        ] {
            assert_eq!(problems(text.as_bytes(), form), expected, "{text}");
        }
    }
}
