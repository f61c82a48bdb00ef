//! The rules, one in a file.

use shared::{Level, Rule, Verdict};

use crate::docker::{Form, Mistake, Problem};
use crate::settings::{Encoding, Settings};
use crate::tls::Tls;
use crate::value::Value;
use crate::views::{Entry, Object, Values};

mod byte_order_mark;
mod carriage_return;
pub(crate) mod clear_text_copy;
mod disallowed_type;
mod double_base64;
mod empty_credential;
mod expired_certificate;
mod incomplete_key_pair;
pub(crate) mod invalid_base64;
mod invalid_key;
mod large_data;
mod malformed_bootstrap_token;
mod malformed_docker_config;
mod malformed_file;
mod malformed_pem;
mod mismatched_key;
mod misplaced_pem;
mod missing_key;
mod missing_service_account;
mod oversized_data;
mod oversized_value;
pub(crate) mod placeholder;
mod surrounding_space;
mod too_many_keys;
mod trailing_newline;
mod unencoded_text;
pub(crate) mod unresolved_value;
mod useless_docker_config;
mod utf16_text;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &byte_order_mark::RULE,
    &carriage_return::RULE,
    &clear_text_copy::RULE,
    &disallowed_type::RULE,
    &double_base64::RULE,
    &empty_credential::RULE,
    &expired_certificate::RULE,
    &incomplete_key_pair::RULE,
    &invalid_base64::RULE,
    &invalid_key::RULE,
    &large_data::RULE,
    &malformed_bootstrap_token::RULE,
    &malformed_docker_config::RULE,
    &malformed_file::RULE,
    &malformed_pem::RULE,
    &mismatched_key::RULE,
    &misplaced_pem::RULE,
    &missing_key::RULE,
    &missing_service_account::RULE,
    &oversized_data::RULE,
    &oversized_value::RULE,
    &placeholder::RULE,
    &surrounding_space::RULE,
    &too_many_keys::RULE,
    &trailing_newline::RULE,
    &unencoded_text::RULE,
    &unresolved_value::RULE,
    &useless_docker_config::RULE,
    &utf16_text::RULE,
];

/// What can be said before anything is decoded.
pub(crate) fn check_keys(object: &Object<'_>, settings: &Settings, verdict: &mut Verdict) {
    disallowed_type::check(object, settings, verdict);
    invalid_key::check(object, verdict);
    missing_key::check(object, verdict);
    missing_service_account::check(object, verdict);
}

/// Judges a value by itself, and says whether there is more to say of it. What the type of the Secret has a form for is
/// judged by that form.
pub(crate) fn check_value(
    value: &Value<'_>,
    object: &Object<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) -> bool {
    let key = value.entry.key;
    if value.bytes.is_empty() || settings.exempts_key(key) {
        return true;
    }
    let encoding = &settings.encoding;
    let Some(secret_type) = object.secret_type else {
        // Something in the cluster may decrypt what everybody may read.
        let level = encoding.unresolved_value.at_most(Level::Warn);
        if !unresolved_value::check(value, level, verdict) {
            placeholder::check(value, encoding.placeholder, verdict);
        }
        return true;
    };
    if settings.exempts_type(secret_type) {
        return true;
    }
    if unresolved_value::check(value, encoding.unresolved_value, verdict) {
        return false;
    }
    if has_form(secret_type, key) {
        return true;
    }
    unencoded_text::check(value, encoding.unencoded_text, verdict);
    double_base64::check(value, encoding.double_base64, verdict);
    byte_order_mark::check(value, encoding.byte_order_mark, verdict);
    utf16_text::check(value, encoding.utf16, verdict);
    carriage_return::check(value, encoding.carriage_return, verdict);
    trailing_newline::check(value, encoding.trailing_newline, verdict);
    surrounding_space::check(value, encoding.surrounding_space, verdict);
    placeholder::check(value, encoding.placeholder, verdict);
    malformed_pem::check_any(value, settings.form.pem, verdict);
    malformed_file::check(value, settings.form.files, verdict);
    true
}

/// Judges how much there is. What could not be decoded is not counted: it is refused anyway.
pub(crate) fn check_sizes(
    object: &Object<'_>,
    sizes: &[(&Entry<'_>, usize)],
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let limits = settings.size_of(object, object.namespace);
    too_many_keys::check(object, limits, verdict);
    oversized_value::check(sizes, limits, verdict);
    if !oversized_data::check(sizes, limits, verdict) {
        large_data::check(sizes, limits, verdict);
    }
}

/// Judges what the type of a Secret promises.
pub(crate) fn check_form(
    object: &Object<'_>,
    values: &Values<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let Some(secret_type) = object
        .secret_type
        .filter(|name| !settings.exempts_type(name))
    else {
        return;
    };
    let form = &settings.form;
    match secret_type {
        TLS => {
            let tls = &Tls::of(values);
            misplaced_pem::check(tls, form.tls, verdict);
            malformed_pem::check_tls(tls, form.tls, verdict);
            incomplete_key_pair::check(tls, form.tls, verdict);
            mismatched_key::check(tls, form.tls, verdict);
            let level = form.expired_certificate;
            expired_certificate::check(tls, object.written_at, level, verdict);
        }
        DOCKER_CONFIG_JSON => docker(
            values,
            ".dockerconfigjson",
            Form::ConfigJson,
            settings,
            verdict,
        ),
        DOCKER_CFG => docker(values, ".dockercfg", Form::Cfg, settings, verdict),
        BASIC_AUTH => empty_credential::check(object, form.basic_auth, verdict),
        SSH_AUTH => malformed_pem::check_ssh(values, form.ssh_auth, verdict),
        BOOTSTRAP_TOKEN => {
            malformed_bootstrap_token::check(object, values, form.bootstrap_token, verdict);
        }
        _ => {}
    }
}

fn docker(values: &Values<'_>, key: &str, form: Form, settings: &Settings, verdict: &mut Verdict) {
    let Some((entry, value)) = values.get(key) else {
        return;
    };
    let level = settings.form.docker_config;
    for problem in crate::docker::problems(value, form) {
        malformed_docker_config::check(entry, &problem, level, verdict);
        useless_docker_config::check(entry, &problem, level, verdict);
        if let Problem::Login(number, mistake) = problem {
            login(entry, number, mistake, &settings.encoding, verdict);
        }
    }
}

/// What would be told of a value is told of the user and the password of a registry, too.
fn login(
    entry: &Entry<'_>,
    number: usize,
    mistake: Mistake,
    levels: &Encoding,
    verdict: &mut Verdict,
) {
    let (rule, level, what, fix) = match mistake {
        Mistake::LineBreak => {
            let rule = &trailing_newline::RULE;
            (rule, levels.trailing_newline, "has a line break", rule.fix)
        }
        Mistake::Space => {
            let rule = &surrounding_space::RULE;
            let what = "has white space around it";
            (rule, levels.surrounding_space, what, rule.fix)
        }
        Mistake::Placeholder(what) => {
            let rule = &placeholder::RULE;
            (rule, levels.placeholder, what, rule.fix)
        }
        Mistake::Unresolved((what, fix)) => {
            let rule = &unresolved_value::RULE;
            (rule, levels.unresolved_value, what, fix)
        }
    };
    let reason = format_args!("entry {number} has a login that {what}");
    entry.report(rule, level, reason, fix, verdict);
}

const TLS: &str = "kubernetes.io/tls";
const DOCKER_CONFIG_JSON: &str = "kubernetes.io/dockerconfigjson";
const DOCKER_CFG: &str = "kubernetes.io/dockercfg";
const BASIC_AUTH: &str = "kubernetes.io/basic-auth";
const SSH_AUTH: &str = "kubernetes.io/ssh-auth";
const SERVICE_ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";
const BOOTSTRAP_TOKEN: &str = "bootstrap.kubernetes.io/token";

/// The values that have a form by the type.
const FORMS: &[(&str, &str)] = &[
    (TLS, "tls.crt"),
    (TLS, "tls.key"),
    (TLS, "ca.crt"),
    (DOCKER_CONFIG_JSON, ".dockerconfigjson"),
    (DOCKER_CFG, ".dockercfg"),
    (SSH_AUTH, "ssh-privatekey"),
];

/// Whether a type says what the value of a key looks like.
fn has_form(secret_type: &str, key: &str) -> bool {
    FORMS.contains(&(secret_type, key))
}

/// Whether [`check_form`] reads the value of a key.
pub(crate) fn reads_value(secret_type: Option<&str>, key: &str) -> bool {
    secret_type.is_some_and(|name| name == BOOTSTRAP_TOKEN || has_form(name, key))
}

/// A number of bytes for people.
fn bytes(count: u64) -> String {
    const KIBIBYTE: u64 = 1024;
    const MEBIBYTE: u64 = 1024 * KIBIBYTE;
    match count {
        1 => "1 byte".to_owned(),
        _ if count < 10 * KIBIBYTE => format!("{count} bytes"),
        _ if count.is_multiple_of(MEBIBYTE) => format!("{} MiB", count / MEBIBYTE),
        _ => format!("{} KiB", count / KIBIBYTE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_with_a_form_are_kept() {
        for (secret_type, key, kept) in [
            (Some(TLS), "tls.crt", true),
            (Some(TLS), "ca.crt", true),
            (Some(TLS), "keystore.p12", false),
            (Some(DOCKER_CFG), ".dockerconfigjson", false),
            (Some(BOOTSTRAP_TOKEN), "token-id", true),
            (Some("Opaque"), "tls.crt", false),
            (None, "tls.crt", false),
        ] {
            assert_eq!(reads_value(secret_type, key), kept, "{secret_type:?} {key}");
        }
    }

    #[test]
    fn sizes_are_in_the_unit_that_says_most() {
        for (count, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (2, "2 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 KiB"),
            (1_048_575, "1023 KiB"),
            (1_048_576, "1 MiB"),
            (1_572_864, "1536 KiB"),
            (3_145_728, "3 MiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
