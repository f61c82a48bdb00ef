//! What an administrator may set.

#[cfg(not(target_arch = "wasm32"))]
use shared::settings::described::{self, Type, Value};
use shared::settings::{
    DataKey, Namespace, NamespacedName, Reason, SettingType, User, has_name, has_object,
};
use shared::{Level, OnUpdate, Reader, quote, settings};

use crate::views::Object;

/// The largest Secret and `ConfigMap` that Kubernetes takes: `MaxSecretSize` in `pkg/apis/core/types.go`.
const MAX_TOTAL: u64 = 1024 * 1024;

/// From this size on, an UPDATE, which carries the object twice in base64, is too large for the policy server: its web
/// framework takes requests of 2 MiB.
const TOO_LARGE_TO_UPDATE: u64 = 700 * 1024;

settings! {
    /// The settings of secret-data. All are optional.
    pub struct Settings {
        /// How large the data may be, in bytes as Kubernetes counts them: decoded, without the keys.
        "size" => size: Size;
        /// Other limits for certain types and namespaces. The first entry that fits counts; what it does not set is as in
        /// `size`.
        "sizeOverrides" => size_overrides: [SizeOverride];
        /// How serious it is when a value is not encoded as it should be.
        "encoding" => pub(crate) encoding: Encoding;
        /// How serious it is when a value is not what the type of the Secret, or the name of the key, promises.
        "form" => pub(crate) form: Form;
        /// A copy of `stringData` in the annotation of `kubectl apply`.
        "clearTextCopy" => pub(crate) clear_text_copy: Level = Level::Warn, example "deny";
        /// A value of a `ConfigMap` that looks like a credential.
        "exposedCredential" => pub(crate) exposed_credential: Level = Level::Warn, example "deny";
        /// The types that a Secret may have. Empty: all.
        "allowedTypes" => allowed_types: [SecretType], example ["Opaque", "kubernetes.io/tls"];
        /// The types that a Secret must not have.
        "deniedTypes" => denied_types: [DeniedType];
        /// What this policy does not concern.
        "exempt" => exempt: Exempt;
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
        check Self::check;
    }

    /// A type of Secrets.
    text SecretType {
        problem: type_problem,
        pattern: "^[^* ]+$",
    }

    /// How large the data of an object may be: `4096`, `700Ki`, `1Mi`.
    pub(crate) struct Size {
        /// All values together. `1Mi` is what Kubernetes takes.
        "total" => pub(crate) total: Bytes = MAX_TOTAL, example "900Ki";
        /// A single value. Not set: no limit.
        "value" => pub(crate) value: Limit, example "128Ki";
        /// The number of keys. Not set: no limit.
        "keys" => pub(crate) keys: Count, example 50;
        /// All values together from which on the user is warned.
        "warnAt" => pub(crate) warn_at: Bytes = TOO_LARGE_TO_UPDATE, example "600Ki";
    }

    /// Limits for certain types and namespaces.
    struct SizeOverride {
        /// The types that the entry is for. Empty: all.
        "types" => types: [SecretType], example ["helm.sh/release.v1"];
        /// The namespaces that the entry is for. Empty: all.
        "namespaces" => namespaces: [Namespace], example ["shop"];
        /// All values together. Not set: as in `size`.
        "total" => total: Limit, example "512Ki";
        /// A single value. Not set: as in `size`.
        "value" => value: Limit, example "512Ki";
        /// The number of keys. Not set: as in `size`.
        "keys" => keys: Count, example 1;
        /// All values together from which on the user is warned. Not set: as in `size`.
        "warnAt" => warn_at: Limit, example "400Ki";
    }

    /// A level for each mistake in an encoding.
    pub(crate) struct Encoding {
        /// A value that is not base64.
        "invalidBase64" => pub(crate) invalid_base64: Level = Level::Deny, example "warn";
        /// A value that is base64 twice.
        "doubleBase64" => pub(crate) double_base64: Level = Level::Warn, example "deny";
        /// A text that was never encoded, and is base64 by chance.
        "unencodedText" => pub(crate) unencoded_text: Level = Level::Deny, example "warn";
        /// A line break behind a value of one line.
        "trailingNewline" => pub(crate) trailing_newline: Level = Level::Warn, example "deny";
        /// A space or a tab around a value of one line.
        "surroundingSpace" => pub(crate) surrounding_space: Level = Level::Warn, example "deny";
        /// Line ends of Windows in PEM, scripts and env files.
        "carriageReturn" => pub(crate) carriage_return: Level = Level::Warn, example "deny";
        /// The byte order mark of UTF-8.
        "byteOrderMark" => pub(crate) byte_order_mark: Level = Level::Warn, example "deny";
        /// Text in UTF-16.
        "utf16" => pub(crate) utf16: Level = Level::Warn, example "deny";
        /// A placeholder that was never filled in.
        "placeholder" => pub(crate) placeholder: Level = Level::Warn, example "off";
        /// A value that a tool was to decrypt or to fill in. In a `ConfigMap` it warns at most.
        "unresolvedValue" => pub(crate) unresolved_value: Level = Level::Deny, example "warn";
    }

    /// A level for each form that a value can have.
    pub(crate) struct Form {
        /// `kubernetes.io/tls`. What only might be wrong, such as half a pair, warns at most.
        "tls" => pub(crate) tls: Level = Level::Deny, example "warn";
        /// A certificate that had expired, or was not valid yet, when the object was written.
        "expiredCertificate" => pub(crate) expired_certificate: Level = Level::Warn, example "deny";
        /// Credentials of registries: `kubernetes.io/dockerconfigjson`, `kubernetes.io/dockercfg`.
        "dockerConfig" => pub(crate) docker_config: Level = Level::Deny, example "warn";
        /// `kubernetes.io/basic-auth`.
        "basicAuth" => pub(crate) basic_auth: Level = Level::Warn, example "deny";
        /// `kubernetes.io/ssh-auth`. An OpenSSH key without its last line break warns at most.
        "sshAuth" => pub(crate) ssh_auth: Level = Level::Deny, example "warn";
        /// `bootstrap.kubernetes.io/token`.
        "bootstrapToken" => pub(crate) bootstrap_token: Level = Level::Deny, example "warn";
        /// PEM in Secrets of other types: when it is damaged, and what `tls.crt` with `tls.key` and SSH keys such as `id_rsa`
        /// have in an Opaque one.
        "pem" => pub(crate) pem: Level = Level::Warn, example "deny";
        /// Keys in `.json`, `.yaml` and `.yml`.
        "files" => pub(crate) files: Level = Level::Warn, example "off";
        /// A certificate of `tls.crt` that was not signed by the next one.
        "brokenChain" => pub(crate) broken_chain: Level = Level::Warn, example "deny";
        /// A pull secret of another type, or a type that is nearly one of Kubernetes.
        "wrongType" => pub(crate) wrong_type: Level = Level::Warn, example "deny";
    }

    /// A type that a Secret must not have.
    pub(crate) struct DeniedType {
        /// The type.
        "type" => name: SecretType, example "kubernetes.io/service-account-token";
        /// Why, in one line for the user who is refused.
        "reason" => pub(crate) reason: Reason, example "use projected tokens";
    }

    /// What the policy does not concern.
    struct Exempt {
        /// Secrets of these types, but for their size. `helm.sh/release.v1` and `kubernetes.io/service-account-token`
        /// always are.
        "types" => types: [SecretType], example ["example.com/sealed"];
        /// The values of these keys. They are not judged by themselves.
        "keys" => keys: [DataKey], example ["legacy.bin"];
        /// These objects: `<namespace>/<name>`.
        "names" => names: [NamespacedName], example ["shop/legacy"];
        /// Objects in these namespaces.
        "namespaces" => namespaces: [Namespace], example ["kube-system"];
        /// Whatever these users ask for.
        "users" => users: [User], example ["system:serviceaccount:vault:operator"];
    }
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
    /// Whether the policy does not concern an object, or the one who writes it.
    pub(crate) fn exempts(&self, namespace: &str, name: &str, username: &str) -> bool {
        let exempt = &self.exempt;
        has_name(&exempt.namespaces, namespace)
            || has_name(&exempt.users, username)
            || has_object(&exempt.names, namespace, name)
    }

    /// Whether only the size of Secrets of a type is judged, not what is in them.
    pub(crate) fn exempts_type(&self, name: &str) -> bool {
        EXEMPT_TYPES.contains(&name) || has_name(&self.exempt.types, name)
    }

    /// Whether the value of a key is not judged by itself.
    pub(crate) fn exempts_key(&self, key: &str) -> bool {
        has_name(&self.exempt.keys, key)
    }

    /// The limits for an object in a namespace.
    pub(crate) fn size_of(&self, object: &Object<'_>, namespace: &str) -> Size {
        let has = |list: &[String], name| list.is_empty() || has_name(list, name);
        let fits = |entry: &&SizeOverride| {
            has(&entry.types, object.secret_type.unwrap_or_default())
                && has(&entry.namespaces, namespace)
        };
        let size = self.size.clone();
        match self.size_overrides.iter().find(fits) {
            Some(entry) => Size {
                total: entry.total.unwrap_or(size.total),
                value: entry.value.or(size.value),
                keys: entry.keys.or(size.keys),
                warn_at: entry.warn_at.unwrap_or(size.warn_at),
            },
            None => size,
        }
    }

    /// Notes limits that contradict each other, and overrides that can never count, because one before them fits whatever
    /// they fit.
    fn check(&mut self, settings: &mut Reader<'_, '_>) {
        let Size {
            total,
            value,
            warn_at,
            ..
        } = self.size;
        // Forms send the default with whatever else is set.
        let warn_at = (warn_at != TOO_LARGE_TO_UPDATE).then_some(warn_at);
        check_size(settings, "size", (total, value, warn_at));
        for (index, entry) in self.size_overrides.iter().enumerate() {
            let place = format!("sizeOverrides[{index}]");
            let total = entry.total.unwrap_or(total);
            check_size(settings, &place, (total, entry.value, entry.warn_at));
            let mut before = self.size_overrides.iter().take(index);
            if let Some(first) = before.position(|first| first.covers(entry)) {
                let problem =
                    format!("never counts, as sizeOverrides[{first}] fits all of that first");
                settings.problem(&place, problem);
            }
        }
    }

    /// Why a Secret may not be of a type; none when it may.
    pub(crate) fn disallows(&self, name: &str) -> Option<Disallowed<'_>> {
        if let Some(denied) = self.denied_types.iter().find(|denied| denied.name == name) {
            return Some(Disallowed::Denied(denied));
        }
        let allowed = &self.allowed_types;
        let is_allowed = allowed.is_empty() || has_name(allowed, name);
        (!is_allowed).then_some(Disallowed::NotAllowed(allowed))
    }
}

impl shared::Settings for Settings {
    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

/// Notes limits, of all values and of those that are set, that contradict each other.
fn check_size(
    settings: &mut Reader<'_, '_>,
    place: &str,
    (total, value, warn_at): (u64, Option<u64>, Option<u64>),
) {
    let is_more = |limit: Option<u64>| limit.is_some_and(|limit| limit > total);
    for (field, is_wrong, problem) in [
        (
            "total",
            total > MAX_TOTAL,
            "is more than Kubernetes takes, which is 1Mi",
        ),
        (
            "value",
            is_more(value),
            "is more than all values together may have",
        ),
        (
            "warnAt",
            is_more(warn_at),
            "is more than total, from where on it is refused",
        ),
    ] {
        if is_wrong {
            settings.problem(&format!("{place}.{field}"), problem);
        }
    }
}

/// A number of bytes: `700Ki`, `1Mi`, `4096`.
pub(crate) enum Bytes {}

impl SettingType for Bytes {
    type Value = u64;
    type Default = u64;

    fn read(size: &mut Reader<'_, '_>, name: &'static str, default: u64) -> u64 {
        read_bytes(size, name).unwrap_or(default)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        Type::unnamed(described::Form::Scalar)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn written(default: u64) -> Option<Value> {
        Some(match default {
            MAX_TOTAL => "1Mi".into(),
            bytes => format!("{}Ki", bytes / 1024).into(),
        })
    }
}

/// A number of bytes that may be unset.
pub(crate) enum Limit {}

impl SettingType for Limit {
    type Value = Option<u64>;
    type Default = ();

    fn read(size: &mut Reader<'_, '_>, name: &'static str, (): ()) -> Option<u64> {
        read_bytes(size, name)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        Type::unnamed(described::Form::Scalar)
    }
}

/// A number of keys that may be unset.
pub(crate) enum Count {}

impl SettingType for Count {
    type Value = Option<u64>;
    type Default = ();

    fn read(size: &mut Reader<'_, '_>, name: &'static str, (): ()) -> Option<u64> {
        let text = size.scalar(name);
        if text.is_empty() {
            return None;
        }
        let count = text.parse().ok().filter(|count| *count > 0);
        if count.is_none() {
            size.problem(name, format!("{} is not a number of keys", quote(&text)));
        }
        count
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        Type::unnamed(described::Form::Scalar)
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
