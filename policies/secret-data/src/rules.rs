//! The rules, one in a file.

use shared::{Level, Rule, Verdict};

use crate::docker::{Form, Mistake, Problem};
use crate::settings::{Encoding, Settings};
use crate::tls::Tls;
use crate::value::Value;
use crate::views::{Entry, Object, Values};
use crate::x509;

mod broken_chain;
mod byte_order_mark;
mod carriage_return;
pub(crate) mod clear_text_copy;
mod disallowed_type;
mod double_base64;
mod duplicate_key;
mod empty_credential;
mod expired_certificate;
mod exposed_credential;
pub(crate) mod immutable_change;
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
mod premature_certificate;
mod surrounding_space;
mod too_large_to_apply;
mod too_many_keys;
mod trailing_newline;
mod unencoded_text;
pub(crate) mod unresolved_value;
mod useless_docker_config;
mod utf16_text;
mod wrong_type;

/// Everything that the policy looks for.
pub(crate) const ALL: &[&Rule] = &[
    &broken_chain::RULE,
    &byte_order_mark::RULE,
    &carriage_return::RULE,
    &clear_text_copy::RULE,
    &disallowed_type::RULE,
    &double_base64::RULE,
    &duplicate_key::RULE,
    &empty_credential::RULE,
    &expired_certificate::RULE,
    &exposed_credential::RULE,
    &immutable_change::RULE,
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
    &premature_certificate::RULE,
    &surrounding_space::RULE,
    &too_large_to_apply::RULE,
    &too_many_keys::RULE,
    &trailing_newline::RULE,
    &unencoded_text::RULE,
    &unresolved_value::RULE,
    &useless_docker_config::RULE,
    &utf16_text::RULE,
    &wrong_type::RULE,
];

/// What can be said before anything is decoded.
pub(crate) fn check_keys(object: &Object<'_>, settings: &Settings, verdict: &mut Verdict) {
    disallowed_type::check(object, settings, verdict);
    invalid_key::check(object, verdict);
    duplicate_key::check(object, verdict);
    missing_key::check(object, verdict);
    missing_service_account::check(object, verdict);
    wrong_type::check(object, settings, verdict);
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
            exposed_credential::check(value, settings.exposed_credential, verdict);
        }
        return true;
    };
    if settings.exempts_type(secret_type) {
        return true;
    }
    if unresolved_value::check(value, encoding.unresolved_value, verdict) {
        return false;
    }
    if reads_value(object, settings, key) {
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
    let limits = &settings.size_of(object, object.namespace);
    too_many_keys::check(object, limits, verdict);
    oversized_value::check(sizes, limits, verdict);
    if oversized_data::check(sizes, limits, verdict) {
        return;
    }
    large_data::check(sizes, limits, verdict);
    // Nothing that is exempt by its type is applied by kubectl.
    if !object
        .secret_type
        .is_some_and(|name| settings.exempts_type(name))
    {
        too_large_to_apply::check(object, verdict);
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
        TLS => check_pair(object, values, form.tls, settings, verdict),
        DOCKER_CONFIG_JSON => docker(
            values,
            ".dockerconfigjson",
            Form::ConfigJson,
            settings,
            verdict,
        ),
        DOCKER_CFG => docker(values, ".dockercfg", Form::Cfg, settings, verdict),
        BASIC_AUTH => empty_credential::check(object, form.basic_auth, verdict),
        SSH_AUTH => malformed_pem::check_ssh(values, SSH_KEY, form.ssh_auth, verdict),
        OPAQUE => {
            check_pair(object, values, form.pem, settings, verdict);
            for key in SSH_KEYS {
                malformed_pem::check_ssh(values, key, form.pem, verdict);
            }
        }
        BOOTSTRAP_TOKEN => {
            malformed_bootstrap_token::check(object, values, form.bootstrap_token, verdict);
        }
        _ => {}
    }
}

/// Judges a certificate and its key.
fn check_pair(
    object: &Object<'_>,
    values: &Values<'_>,
    level: Level,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let form = &settings.form;
    let is_typed = object.secret_type == Some(TLS);
    let tls = &Tls::of(values);
    misplaced_pem::check(tls, level, verdict);
    malformed_pem::check_tls(tls, is_typed, level, verdict);
    incomplete_key_pair::check(tls, level, verdict);
    let now = x509::number(object.written_at.as_bytes());
    if let Some(file) = &tls.authority {
        let level = form.expired_certificate;
        expired_certificate::check_authorities(
            file.entry,
            &file.certificates(),
            now,
            level,
            verdict,
        );
    }
    let Some(file) = &tls.certificate else {
        return;
    };
    let chain = &*file.certificates();
    let is_in_order = mismatched_key::check(chain, tls.key.as_ref(), level, verdict);
    if is_in_order {
        broken_chain::check(file.entry, chain, form.broken_chain, verdict);
    }
    expired_certificate::check(file.entry, chain, now, form.expired_certificate, verdict);
    premature_certificate::check(file.entry, chain, now, form.expired_certificate, verdict);
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

const OPAQUE: &str = "Opaque";
const TLS: &str = "kubernetes.io/tls";
const DOCKER_CONFIG_JSON: &str = "kubernetes.io/dockerconfigjson";
const DOCKER_CFG: &str = "kubernetes.io/dockercfg";
const BASIC_AUTH: &str = "kubernetes.io/basic-auth";
const SSH_AUTH: &str = "kubernetes.io/ssh-auth";
const SERVICE_ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";
const BOOTSTRAP_TOKEN: &str = "bootstrap.kubernetes.io/token";

/// The types that Kubernetes knows.
const TYPES: &[&str] = &[
    OPAQUE,
    TLS,
    DOCKER_CONFIG_JSON,
    DOCKER_CFG,
    BASIC_AUTH,
    SSH_AUTH,
    SERVICE_ACCOUNT_TOKEN,
    BOOTSTRAP_TOKEN,
];

const SSH_KEY: &str = "ssh-privatekey";

/// What keys of SSH are called where no type says so.
const SSH_KEYS: &[&str] = &[SSH_KEY, "id_rsa", "id_ecdsa", "id_ed25519", "id_dsa"];

/// What a certificate, its key and its authority are called. The first two make a pair.
const PAIR: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

/// Whether [`check_form`] reads the value of a key, which is then judged by nothing else.
pub(crate) fn reads_value(object: &Object<'_>, settings: &Settings, key: &str) -> bool {
    match object.secret_type.unwrap_or_default() {
        TLS => PAIR.contains(&key),
        DOCKER_CONFIG_JSON => key == ".dockerconfigjson",
        DOCKER_CFG => key == ".dockercfg",
        SSH_AUTH => key == SSH_KEY,
        OPAQUE => {
            let is_of_pair = PAIR.contains(&key) && {
                let [certificate, private, _] = PAIR;
                object.entry(certificate).is_some() && object.entry(private).is_some()
            };
            // Here it is not the type that says what a key means.
            (is_of_pair || SSH_KEYS.contains(&key)) && !settings.exempts_key(key)
        }
        _ => false,
    }
}

/// Whether [`check_form`] reads the values of all keys, beside what is judged of each.
pub(crate) fn reads_all(object: &Object<'_>) -> bool {
    object.secret_type == Some(BOOTSTRAP_TOKEN)
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
        let settings = shared::testing::read_settings::<crate::SecretData>(
            &serde_json::json!({"exempt": {"keys": ["id_dsa", "key.pem"]}}),
        )
        .unwrap();
        for (secret_type, keys, kept) in [
            (Some(TLS), &["tls.crt"][..], true),
            (Some(TLS), &["ca.crt"], true),
            (Some(TLS), &["keystore.p12"], false),
            (Some(DOCKER_CFG), &[".dockerconfigjson"], false),
            (Some(BOOTSTRAP_TOKEN), &["token-id"], false),
            (Some(OPAQUE), &["tls.crt"], false),
            (Some(OPAQUE), &["tls.crt", "tls.key"], true),
            (Some(OPAQUE), &["ca.crt", "tls.key", "tls.crt"], true),
            (Some(OPAQUE), &["ca.crt", "tls.crt"], false),
            (Some(OPAQUE), &["id_rsa"], true),
            (Some(OPAQUE), &["id_rsa.pub"], false),
            (Some(OPAQUE), &["id_dsa"], false),
            (Some("example.com/x"), &["tls.crt", "tls.key"], false),
            (None, &["tls.crt", "tls.key"], false),
        ] {
            let entry = |key: &&'static str| Entry {
                field: "data",
                key,
                written: "",
                is_encoded: true,
            };
            let object = Object {
                secret_type,
                entries: keys.iter().map(entry).collect(),
                ..Object::default()
            };
            let read = reads_value(&object, &settings, keys[0]);
            assert_eq!(read, kept, "{secret_type:?} {keys:?}");
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
