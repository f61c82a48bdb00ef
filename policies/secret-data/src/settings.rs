//! What an administrator may set.

#[cfg(feature = "schema")]
pub mod schema;

use shared::{Exempt, Level, OnUpdate, Reader, quote};

use crate::views::Object;

/// The largest Secret and `ConfigMap` that Kubernetes takes: `MaxSecretSize` in `pkg/apis/core/types.go`.
const MOST: u64 = 1024 * 1024;

/// From this size on, an UPDATE, which carries the object twice in base64, is too large for the policy server: its web
/// framework takes requests of 2 MiB.
const TOO_LARGE_TO_UPDATE: u64 = 700 * 1024;

/// What an administrator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How large the data may be.
    size: Size,
    /// Other limits for certain types and namespaces. The first entry that fits counts.
    size_overrides: Vec<SizeOverride>,
    /// How serious it is when a value is not encoded as it should be.
    pub(crate) encoding: Encoding,
    /// How serious it is when a value is not what the type of the Secret, or the name of the key, promises.
    pub(crate) form: Form,
    /// A copy of `stringData` in the annotation of `kubectl apply`.
    pub(crate) clear_text_copy: Level,
    /// A credential in a `ConfigMap`.
    pub(crate) exposed_credential: Level,
    /// The types that a Secret may have. Empty: all.
    allowed_types: Vec<String>,
    /// The types that a Secret must not have.
    denied_types: Vec<DeniedType>,
    /// What this policy does not concern.
    exempt: Exempt,
    exempt_types: Vec<String>,
    exempt_keys: Vec<String>,
    /// Whether an UPDATE is refused for what it makes worse, or for everything.
    on_update: OnUpdate,
}

/// How large the data of an object may be, in bytes as Kubernetes counts them: decoded, without the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// All values together.
    pub(crate) total: u64,
    /// A single value.
    pub(crate) value: Option<u64>,
    /// The number of keys.
    pub(crate) keys: Option<u64>,
    /// From here on the user is warned.
    pub(crate) warn_at: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SizeOverride {
    types: Vec<String>,
    namespaces: Vec<String>,
    size: Size,
}

/// A level for each mistake in an encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) invalid_base64: Level,
    pub(crate) double_base64: Level,
    pub(crate) unencoded_text: Level,
    pub(crate) trailing_newline: Level,
    pub(crate) surrounding_space: Level,
    pub(crate) carriage_return: Level,
    pub(crate) byte_order_mark: Level,
    pub(crate) utf16: Level,
    pub(crate) placeholder: Level,
    pub(crate) unresolved_value: Level,
}

/// A level for each form that a value can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) tls: Level,
    pub(crate) expired_certificate: Level,
    pub(crate) docker_config: Level,
    pub(crate) basic_auth: Level,
    pub(crate) ssh_auth: Level,
    pub(crate) bootstrap_token: Level,
    pub(crate) pem: Level,
    pub(crate) files: Level,
    pub(crate) broken_chain: Level,
    pub(crate) wrong_type: Level,
}

/// A type that a Secret must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeniedType {
    name: String,
    pub(crate) reason: String,
}

/// Why a type is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disallowed<'a> {
    /// `deniedTypes` has it.
    Denied(&'a DeniedType),
    /// `allowedTypes` has not.
    NotAllowed(&'a [String]),
}

/// Their values are meant to be what they are: Helm encodes its releases once more than it had to, and the token
/// controller writes tokens.
const EXEMPT_TYPES: &[&str] = &["helm.sh/release.v1", "kubernetes.io/service-account-token"];

impl SizeOverride {
    /// Whether it fits whatever `other` fits.
    fn covers(&self, other: &Self) -> bool {
        let has_all = |list: &[String], of: &[String]| {
            list.is_empty() || !of.is_empty() && of.iter().all(|name| list.contains(name))
        };
        has_all(&self.types, &other.types) && has_all(&self.namespaces, &other.namespaces)
    }
}

impl Settings {
    /// Whether the policy does not concern an object, or whoever writes it.
    pub(crate) fn exempts(&self, namespace: &str, name: &str, username: &str) -> bool {
        self.exempt.has(namespace, username) || self.exempt.has_object(namespace, name)
    }

    /// Whether only the size of Secrets of a type is judged, not what is in them.
    pub(crate) fn exempts_type(&self, name: &str) -> bool {
        EXEMPT_TYPES.contains(&name) || self.exempt_types.iter().any(|known| known == name)
    }

    /// Whether the value of a key is not judged by itself.
    pub(crate) fn exempts_key(&self, key: &str) -> bool {
        self.exempt_keys.iter().any(|known| known == key)
    }

    /// The limits for an object in a namespace.
    pub(crate) fn size_of(&self, object: &Object<'_>, namespace: &str) -> &Size {
        let fits = |entry: &&SizeOverride| {
            let has =
                |list: &[String], name| list.is_empty() || list.iter().any(|known| known == name);
            has(&entry.types, object.secret_type.unwrap_or_default())
                && has(&entry.namespaces, namespace)
        };
        let entry = self.size_overrides.iter().find(fits);
        entry.map_or(&self.size, |entry| &entry.size)
    }

    /// Why a Secret may not be of a type; none when it may.
    pub(crate) fn disallows(&self, name: &str) -> Option<Disallowed<'_>> {
        if let Some(denied) = self.denied_types.iter().find(|denied| denied.name == name) {
            return Some(Disallowed::Denied(denied));
        }
        let allowed = &self.allowed_types;
        let is_allowed = allowed.is_empty() || allowed.iter().any(|known| known == name);
        (!is_allowed).then_some(Disallowed::NotAllowed(allowed))
    }
}

impl shared::Settings for Settings {
    fn read(settings: &mut Reader<'_, '_>) -> Self {
        let default = Size {
            total: MOST,
            warn_at: TOO_LARGE_TO_UPDATE,
            ..Size::default()
        };
        let size = settings.map("size", |size| read_size(size, &default));
        let size_overrides = settings.list("sizeOverrides", |entry| SizeOverride {
            types: entry.texts("types", type_problem),
            namespaces: entry.namespaces("namespaces"),
            size: read_size(entry, &size),
        });
        check_order(settings, &size_overrides);
        let (exempt_types, exempt_keys, exempt) = settings.map("exempt", |exempt| {
            (
                exempt.texts("types", type_problem),
                exempt.data_keys("keys"),
                Exempt::with_objects(exempt, "names"),
            )
        });
        Self {
            size,
            size_overrides,
            encoding: settings.map("encoding", Encoding::read),
            form: settings.map("form", Form::read),
            clear_text_copy: settings.level("clearTextCopy", Level::Warn),
            exposed_credential: settings.level("exposedCredential", Level::Warn),
            allowed_types: settings.texts("allowedTypes", type_problem),
            denied_types: settings.list("deniedTypes", read_denied_type),
            exempt,
            exempt_types,
            exempt_keys,
            on_update: settings.on_update(),
        }
    }

    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

impl Encoding {
    fn read(encoding: &mut Reader<'_, '_>) -> Self {
        use Level::{Deny, Warn};
        Self {
            invalid_base64: encoding.level("invalidBase64", Deny),
            double_base64: encoding.level("doubleBase64", Warn),
            unencoded_text: encoding.level("unencodedText", Deny),
            trailing_newline: encoding.level("trailingNewline", Warn),
            surrounding_space: encoding.level("surroundingSpace", Warn),
            carriage_return: encoding.level("carriageReturn", Warn),
            byte_order_mark: encoding.level("byteOrderMark", Warn),
            utf16: encoding.level("utf16", Warn),
            placeholder: encoding.level("placeholder", Warn),
            unresolved_value: encoding.level("unresolvedValue", Deny),
        }
    }
}

impl Form {
    fn read(form: &mut Reader<'_, '_>) -> Self {
        use Level::{Deny, Warn};
        Self {
            tls: form.level("tls", Deny),
            expired_certificate: form.level("expiredCertificate", Warn),
            docker_config: form.level("dockerConfig", Deny),
            basic_auth: form.level("basicAuth", Warn),
            ssh_auth: form.level("sshAuth", Deny),
            bootstrap_token: form.level("bootstrapToken", Deny),
            pem: form.level("pem", Warn),
            files: form.level("files", Warn),
            broken_chain: form.level("brokenChain", Warn),
            wrong_type: form.level("wrongType", Warn),
        }
    }
}

/// Notes overrides that can never count, because one before them fits whatever they fit.
fn check_order(settings: &mut Reader<'_, '_>, overrides: &[SizeOverride]) {
    for (index, entry) in overrides.iter().enumerate() {
        let mut before = overrides.iter().take(index);
        if let Some(first) = before.position(|first| first.covers(entry)) {
            settings.problem(
                &format!("sizeOverrides[{index}]"),
                format!("never counts, as sizeOverrides[{first}] fits all of that first"),
            );
        }
    }
}

/// Reads limits; what is not set is as in `default`.
fn read_size(size: &mut Reader<'_, '_>, default: &Size) -> Size {
    let total = read_bytes(size, "total").unwrap_or(default.total);
    let value = read_bytes(size, "value");
    let keys = size.scalar("keys");
    let count = keys.parse().ok();
    if !keys.is_empty() && count.is_none_or(|count| count == 0) {
        size.problem("keys", format!("{} is not a number of keys", quote(&keys)));
    }
    let warn_at = read_bytes(size, "warnAt");
    if total > MOST {
        size.problem("total", "is more than Kubernetes takes, which is 1Mi");
    }
    if value.is_some_and(|value| value > total) {
        size.problem("value", "is more than all values together may have");
    }
    if warn_at.is_some_and(|warn_at| warn_at > total) {
        size.problem("warnAt", "is more than total, from where on it is refused");
    }
    Size {
        total,
        value: value.or(default.value),
        keys: count.or(default.keys),
        warn_at: warn_at.unwrap_or(default.warn_at),
    }
}

fn read_denied_type(entry: &mut Reader<'_, '_>) -> DeniedType {
    let name = entry.text("type");
    if let Some(problem) = type_problem(name) {
        entry.problem("type", problem);
    }
    let reason = entry.reason("reason");
    DeniedType {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}

/// A number of bytes: `700Ki`, `1Mi`, `4096`. None where there is none.
fn read_bytes(size: &mut Reader<'_, '_>, name: &'static str) -> Option<u64> {
    let text = size.scalar(name);
    if text.is_empty() {
        return None;
    }
    let (digits, unit) = if let Some(digits) = text.strip_suffix("Ki") {
        (digits, 1024)
    } else if let Some(digits) = text.strip_suffix("Mi") {
        (digits, 1024 * 1024)
    } else {
        (text.as_ref(), 1)
    };
    let bytes = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|bytes| *bytes > 0);
    if bytes.is_none() {
        size.problem(
            name,
            format!("{} is not a size such as 4096, 700Ki or 1Mi", quote(&text)),
        );
    }
    bytes
}

/// Types are like `kubernetes.io/tls`: a name, mostly behind a domain.
fn type_problem(name: &str) -> Option<String> {
    let is_type = !name.is_empty() && !name.bytes().any(|byte| matches!(byte, b'*' | b' '));
    (!is_type).then(|| {
        format!(
            "{} is not a type of Secrets; write one type in full, such as \"kubernetes.io/tls\"",
            quote(name)
        )
    })
}
