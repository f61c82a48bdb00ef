//! A credential in a `ConfigMap`.

use shared::{Level, Rule, Verdict, rule};

use super::{placeholder, unresolved_value};
use crate::base64::is_of_alphabet;
use crate::text::{has, split};
use crate::value::{Value, ends_in};

pub(crate) static RULE: Rule = rule! {
    id: "exposed_credential",
    summary: "A value of a ConfigMap that looks like a credential: by the name of its key, as a token of a known service, as a private key, or as a URL with a password",
    why: "ConfigMaps are read by everyone who may look at a namespace, and shown by dashboards and in logs",
    fix: "put it into a Secret",
    levels: [Warn by "exposedCredential"],
};

/// How tokens start that say whose they are: of GitHub, GitLab, Slack, Stripe, npm, `PyPI`, Docker, Vault, `SendGrid`,
/// `OpenAI`, `DigitalOcean`, Google and `HuggingFace`.
const TOKENS: &str = "ghp_ gho_ ghs_ ghu_ ghr_ github_pat_ glpat- xoxb- xoxp- xoxa- xapp- sk_live_ rk_live_ sk-proj- \
    npm_ pypi- dckr_pat_ hvs. hvb. SG. dop_v1_ AIza ya29. hf_";

/// How the keys of passwords end. Whatever is behind them is one.
const PASSWORDS: &str = "password passwd pwd passphrase";

/// How the keys of what may also be a name end.
const OTHERS: &str = "secret token apikey api_key api-key secretkey secret_key secret-key accesskey access_key \
    access-key privatekey private_key private-key";

/// Finds what does not belong into a `ConfigMap`.
pub(crate) fn check(value: &Value<'_>, level: Level, verdict: &mut Verdict) {
    if level == Level::Off {
        return;
    }
    let key = value.entry.key;
    let has_end = |ends: &str| ends.split(' ').any(|end| ends_in(key, end));
    let line = value.line.unwrap_or_default();
    let text = value.text.unwrap_or_default();
    let reason = if text.starts_with("-----BEGIN ") && has(text, "PRIVATE KEY-----") {
        "has a private key"
    } else if line.is_empty() || line.len() > 1024 || is_filled_in_later(line) {
        return;
    } else if line.len() >= 20 && TOKENS.split(' ').any(|start| line.starts_with(start)) {
        "looks like a token"
    } else if has_login(line) {
        "has a password in a URL"
    } else if has_end(PASSWORDS) && is_password(line) || has_end(OTHERS) && is_random(line) {
        "looks like a credential, by the name of its key"
    } else {
        return;
    };
    value.tell(&RULE, level, reason, verdict);
}

/// Whether a text is filled in later: also a handle of the Datadog Agent, `ENC[…]`.
fn is_filled_in_later(line: &str) -> bool {
    placeholder::what(line).is_some()
        || unresolved_value::in_line(line).is_some()
        || line.starts_with("ENC[")
}

/// `scheme://user:password@host`
fn has_login(line: &str) -> bool {
    let behind = split(line, "://").map_or("", |(_, behind)| behind);
    let login = split(behind, "@").map_or("", |(login, _)| login);
    split(login, ":").is_some_and(|(_, password)| !password.is_empty() && !has(login, "/"))
}

/// Whether a text is a password where one is expected: not a path, a sentence, a flag or a number of few digits.
fn is_password(line: &str) -> bool {
    const FLAGS: &str = "true false none null required optional enabled disabled";
    line.len() >= 4
        && !has(line, " ")
        && (!has(line, "/") || is_base64(line))
        && !FLAGS.split(' ').any(|flag| line.eq_ignore_ascii_case(flag))
}

/// Whether a text with a slash is base64, as the keys of AWS are, and no path.
fn is_base64(line: &str) -> bool {
    let has = |of: fn(&u8) -> bool| line.bytes().any(|byte| of(&byte));
    let is_of_it = |byte| is_of_alphabet(byte) || byte == b'=';
    line.bytes().all(is_of_it)
        && !line.starts_with('/')
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
}

/// Whether a text was made by a machine: a name has no capitals beside its digits, and a word no digits.
fn is_random(line: &str) -> bool {
    let has = |of: fn(&u8) -> bool| line.as_bytes().iter().any(of);
    let is_name = has(|byte| matches!(byte, b'-' | b'.' | b':')) && !has(u8::is_ascii_uppercase);
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    line.len() >= 12 && is_mixed && !is_name && is_password(line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{lines, rules_of};

    fn of(key: &str, value: &str) -> serde_json::Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"},
            "data": {key: value},
        })
    }

    #[test]
    fn finds_credentials() {
        let pem = crate::testing::pem::EC_KEY;
        let pem = std::str::from_utf8(pem).unwrap();
        for (key, value, reason) in [
            (
                "DB_PASSWORD",
                "xk29dkqP",
                "looks like a credential, by the name of its key",
            ),
            (
                "POSTGRES_PASSWORD",
                "postgres",
                "looks like a credential, by the name of its key",
            ),
            (
                "smtp.Password",
                "1234",
                "looks like a credential, by the name of its key",
            ),
            (
                "client-secret",
                "9c4e1f7ab3d05682",
                "looks like a credential, by the name of its key",
            ),
            (
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "looks like a credential, by the name of its key",
            ),
            (
                "DB_PASSWORD",
                "xK2/9dkqPa",
                "looks like a credential, by the name of its key",
            ),
            (
                "x",
                "ghp_aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3",
                "looks like a token",
            ),
            ("x", "glpat-aB3aB3aB3aB3aB3aB3aB", "looks like a token"),
            (
                "DATABASE_URL",
                "postgres://shop:hunter2@db/shop",
                "has a password in a URL",
            ),
            ("tls.key", pem, "has a private key"),
        ] {
            assert_eq!(
                lines(&of(key, value), &json!({})),
                [format!(
                    "warning: secret-data: data[{key:?}]: {reason}; fix: put it into a Secret [exposed_credential]"
                )],
                "{key}: {value}"
            );
        }
        let object = of("DB_PASSWORD", "xk29dkqP");
        assert_eq!(
            rules_of(&object, &json!({"exposedCredential": "deny"})),
            ["exposed_credential"]
        );
        assert_eq!(
            rules_of(&object, &json!({"exposedCredential": "off"})),
            [""; 0]
        );
    }

    #[test]
    fn takes_names_paths_and_flags_for_what_they_are() {
        for (key, value) in [
            ("DB_PASSWORD", ""),
            ("DB_PASSWORD_FILE", "/run/secrets/db"),
            ("password", "/run/secrets/db"),
            ("show-password", "true"),
            ("password", "see the Secret"),
            ("DB_PASSWORD", "secret/data/shop/db2"),
            ("DB_PASSWORD", "kv/Shop/db2#password"),
            ("DB_PASSWORD", "ENC[dd_db_password]"),
            ("DD_API_KEY", "ENC[k8s_secret@Vault-dd-2]"),
            ("DB_PASSWORD", "/Run/secrets/db2"),
            ("DB_PASSWORD", "./Secrets/db2"),
            ("token", "registry.example.com/Shop/app2"),
            ("secret", "shop-tls-2024-renewed"),
            ("tls-secret", "shop-tls"),
            ("token", "default-token-x7k2p"),
            ("max_token", "4096"),
            ("token", "serviceaccounttoken"),
            ("secret", "registry.example.com:5000"),
            ("url", "https://shop.example.com/a:b@c"),
            ("url", "https://jane@shop.example.com"),
            (
                "ca.crt",
                "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n",
            ),
            ("notes", "password: see below"),
            ("prefix", "ghp_"),
        ] {
            assert_eq!(
                rules_of(&of(key, value), &json!({})),
                [""; 0],
                "{key}: {value}"
            );
        }
        assert_eq!(
            rules_of(&of("DB_PASSWORD", "${DB_PASSWORD}"), &json!({})),
            ["placeholder?"]
        );
    }
}
