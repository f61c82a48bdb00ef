//! Refuses Secrets whose data is wrongly encoded, malformed for its type, or too large.
//!
//! Every value is decoded once, one after the other in one buffer, and judged by itself; then the sizes, and what the
//! type of the Secret promises: values that have a form are kept for that. Nothing of a value ever gets into a message: keys, lengths and kinds of mistakes do.

mod base64;
mod docker;
mod pem;
mod rules;
pub mod settings;
#[cfg(test)]
mod testing;
mod text;
mod tls;
mod value;
mod views;
mod x509;
mod yaml;

use std::borrow::Cow;
use std::mem;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use shared::{Cluster, Cursor, DecodeError, Error, Operation, Policy, Request, Rule, Verdict};

use crate::settings::Settings;
use crate::value::Value;
use crate::views::{Object, Values};

/// The policy.
pub struct SecretData;

shared::export_policy!(SecretData);

impl Policy for SecretData {
    const NAME: &'static str = "secret-data";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;
    const LOOKS_UP: bool = false;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        _: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        if !request.kind.is_a::<Secret>() && !request.kind.is_a::<ConfigMap>() {
            return Ok(Verdict::unclaimed(request));
        }
        // One that cannot be read has nothing to compare with.
        let stored = request.old_object();
        let is_update = request.operation == Operation::Update && !stored.is_null();
        let old = is_update.then(|| read(request, &stored, "Opaque").ok());
        let old = old.flatten();
        // Sources: `SetDefaults_Secret` in `pkg/apis/core/v1/defaults.go`; and for what an UPDATE leaves out,
        // `PrepareForUpdate` in `pkg/registry/core/secret/strategy.go`.
        let default_type = old.as_ref().and_then(|old| old.secret_type);
        let object = read(request, &request.object(), default_type.unwrap_or("Opaque"))?;
        if settings.exempts(object.namespace, object.name, request.username) {
            return Ok(Verdict::accept());
        }
        let mut verdict = Verdict::accept();
        if let Some(old) = &old {
            rules::immutable_change::check(&object, old, &mut verdict);
        }
        judge(&object, settings, &mut verdict);
        // A controller would try again for ever, and its user would not read why.
        Ok(if request.is_by_kubernetes() {
            verdict.into_warnings()
        } else {
            verdict
        })
    }
}

fn read<'a>(
    request: &Request<'a>,
    object: &Cursor<'a>,
    default_type: &'a str,
) -> Result<Object<'a>, DecodeError> {
    if request.kind.is_a::<Secret>() {
        Object::secret(request, object, default_type)
    } else {
        Object::config_map(request, object)
    }
}

fn judge(object: &Object<'_>, settings: &Settings, verdict: &mut Verdict) {
    rules::check_keys(object, settings, verdict);
    let mut sizes = Vec::with_capacity(object.entries.len());
    // The largest value decides: the buffer never grows, so that the guest never holds it twice.
    let written = object.entries.iter().filter(|entry| entry.is_encoded);
    let most = written
        .map(|entry| base64::max_decoded_len(entry.written.len()))
        .max();
    let mut buffer = Vec::with_capacity(most.unwrap_or_default());
    let mut values = Values::default();
    for entry in &object.entries {
        let bytes = if entry.is_encoded {
            match base64::decode(entry.written, &mut buffer) {
                Ok(()) => buffer.as_slice(),
                Err(malformed) => {
                    rules::invalid_base64::check(entry, malformed, settings, verdict);
                    continue;
                }
            }
        } else {
            entry.written.as_bytes()
        };
        sizes.push((entry, bytes.len()));
        let value = Value::new(entry, bytes);
        if !rules::check_value(&value, object, settings, verdict) {
            continue;
        }
        if rules::reads_all(object) || rules::reads_value(object, settings, entry.key) {
            values.push(
                entry,
                if !entry.is_encoded {
                    Cow::Borrowed(entry.written.as_bytes())
                } else if buffer.len() > buffer.capacity() / 2 {
                    Cow::Owned(mem::take(&mut buffer))
                } else {
                    // The room for the largest value is not kept for a small one.
                    Cow::Owned(buffer.clone())
                },
            );
        }
    }
    // The API server decodes all of `data` before it puts `stringData` in.
    for entry in &object.replaced {
        if let Err(malformed) = base64::decode(entry.written, &mut buffer) {
            rules::invalid_base64::check(entry, malformed, settings, verdict);
        }
    }
    rules::check_sizes(object, &sizes, settings, verdict);
    rules::check_form(object, &values, settings, verdict);
    rules::clear_text_copy::check(object, settings, verdict);
}
