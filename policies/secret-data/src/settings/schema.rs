//! The settings as documents describe them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::schema::{
    DataKey, Described, Level, Namespace, NamespacedName, OnUpdate, Reason, Scalar, User, list,
};

/// The settings of secret-data. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "secret-data")]
pub struct Settings {
    /// How large the data may be, in bytes as Kubernetes counts them: decoded, without the keys.
    pub size: Size,
    /// Other limits for certain types and namespaces. The first entry that fits counts; what it does not set is as in
    /// `size`.
    pub size_overrides: Vec<SizeOverride>,
    /// How serious it is when a value is not encoded as it should be.
    pub encoding: Encoding,
    /// How serious it is when a value is not what the type of the Secret, or the name of the key, promises.
    pub form: Form,
    /// A copy of `stringData` in the annotation of `kubectl apply`.
    pub clear_text_copy: Level,
    /// A value of a `ConfigMap` that looks like a credential.
    pub exposed_credential: Level,
    /// The types that a Secret may have. Empty: all.
    pub allowed_types: Vec<SecretType>,
    /// The types that a Secret must not have.
    pub denied_types: Vec<DeniedType>,
    /// What this policy does not concern.
    pub exempt: Exempt,
    /// What to do about violations that an object already had before an UPDATE.
    pub on_update: OnUpdate,
}

/// A type of Secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretType(#[schemars(regex(pattern = "^[^* ]+$"))] pub String);

/// How large the data of an object may be: `4096`, `700Ki`, `1Mi`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Size {
    /// All values together. `1Mi` is what Kubernetes takes.
    pub total: Scalar,
    /// A single value. Not set: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Scalar")]
    pub value: Option<Scalar>,
    /// The number of keys. Not set: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Scalar")]
    pub keys: Option<Scalar>,
    /// All values together from which on the user is warned.
    pub warn_at: Scalar,
}

/// Limits for certain types and namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct SizeOverride {
    /// The types that the entry is for. Empty: all.
    pub types: Vec<SecretType>,
    /// The namespaces that the entry is for. Empty: all.
    pub namespaces: Vec<Namespace>,
    /// All values together. Not set: as in `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Scalar")]
    pub total: Option<Scalar>,
    /// A single value. Not set: as in `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Scalar")]
    pub value: Option<Scalar>,
    /// The number of keys. Not set: as in `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Scalar")]
    pub keys: Option<Scalar>,
    /// All values together from which on the user is warned. Not set: as in `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Scalar")]
    pub warn_at: Option<Scalar>,
}

/// A level for each mistake in an encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Encoding {
    /// A value that is not base64.
    pub invalid_base64: Level,
    /// A value that is base64 twice.
    pub double_base64: Level,
    /// A text that was never encoded, and is base64 by chance.
    pub unencoded_text: Level,
    /// A line break behind a value of one line.
    pub trailing_newline: Level,
    /// A space or a tab around a value of one line.
    pub surrounding_space: Level,
    /// Line ends of Windows in PEM, scripts and env files.
    pub carriage_return: Level,
    /// The byte order mark of UTF-8.
    pub byte_order_mark: Level,
    /// Text in UTF-16.
    pub utf16: Level,
    /// A placeholder that nobody filled in.
    pub placeholder: Level,
    /// A value that a tool was to decrypt or to fill in. In a `ConfigMap` it warns at most.
    pub unresolved_value: Level,
}

/// A level for each form that a value can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Form {
    /// `kubernetes.io/tls`. What only might be wrong, such as half a pair, warns at most.
    pub tls: Level,
    /// A certificate that had expired, or was not valid yet, when the object was written.
    pub expired_certificate: Level,
    /// Credentials of registries: `kubernetes.io/dockerconfigjson`, `kubernetes.io/dockercfg`.
    pub docker_config: Level,
    /// `kubernetes.io/basic-auth`.
    pub basic_auth: Level,
    /// `kubernetes.io/ssh-auth`. An OpenSSH key without its last line break warns at most.
    pub ssh_auth: Level,
    /// `bootstrap.kubernetes.io/token`.
    pub bootstrap_token: Level,
    /// PEM in Secrets of other types: when it is damaged, and what `tls.crt` with `tls.key` and SSH keys such as `id_rsa`
    /// have in an Opaque one.
    pub pem: Level,
    /// Keys in `.json`, `.yaml` and `.yml`.
    pub files: Level,
    /// A certificate of `tls.crt` that was not signed by the next one.
    pub broken_chain: Level,
    /// A pull secret of another type, or a type that is nearly one of Kubernetes.
    pub wrong_type: Level,
}

/// A type that a Secret must not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeniedType {
    /// The type.
    #[serde(rename = "type")]
    pub name: SecretType,
    /// Why, in one line for the user who is refused.
    pub reason: Reason,
}

/// What the policy does not concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Exempt {
    /// Secrets of these types, but for their size. `helm.sh/release.v1` and `kubernetes.io/service-account-token`
    /// always are.
    pub types: Vec<SecretType>,
    /// The values of these keys. They are not judged by themselves.
    pub keys: Vec<DataKey>,
    /// These objects: `<namespace>/<name>`.
    pub names: Vec<NamespacedName>,
    /// Objects in these namespaces.
    pub namespaces: Vec<Namespace>,
    /// Whatever these users ask for.
    pub users: Vec<User>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            size: Size::default(),
            size_overrides: Vec::new(),
            encoding: Encoding::default(),
            form: Form::default(),
            clear_text_copy: Level::Warn,
            exposed_credential: Level::Warn,
            allowed_types: Vec::new(),
            denied_types: Vec::new(),
            exempt: Exempt::default(),
            on_update: OnUpdate::NewViolations,
        }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self {
            total: Scalar::from("1Mi"),
            value: None,
            keys: None,
            warn_at: Scalar::from("700Ki"),
        }
    }
}

impl Default for Encoding {
    fn default() -> Self {
        Self {
            invalid_base64: Level::Deny,
            double_base64: Level::Warn,
            unencoded_text: Level::Deny,
            trailing_newline: Level::Warn,
            surrounding_space: Level::Warn,
            carriage_return: Level::Warn,
            byte_order_mark: Level::Warn,
            utf16: Level::Warn,
            placeholder: Level::Warn,
            unresolved_value: Level::Deny,
        }
    }
}

impl Default for Form {
    fn default() -> Self {
        Self {
            tls: Level::Deny,
            expired_certificate: Level::Warn,
            docker_config: Level::Deny,
            basic_auth: Level::Warn,
            ssh_auth: Level::Deny,
            bootstrap_token: Level::Deny,
            pem: Level::Warn,
            files: Level::Warn,
            broken_chain: Level::Warn,
            wrong_type: Level::Warn,
        }
    }
}

impl Described for Settings {
    fn example() -> Self {
        Self {
            size: Size {
                total: Scalar::from("900Ki"),
                value: Some(Scalar::from("128Ki")),
                keys: Some(Scalar::Number(50)),
                warn_at: Scalar::from("600Ki"),
            },
            size_overrides: vec![SizeOverride {
                types: list(SecretType, &["helm.sh/release.v1"]),
                namespaces: list(Namespace, &["shop"]),
                total: Some(Scalar::from("512Ki")),
                value: Some(Scalar::from("512Ki")),
                keys: Some(Scalar::Number(1)),
                warn_at: Some(Scalar::from("400Ki")),
            }],
            encoding: Encoding {
                invalid_base64: Level::Warn,
                double_base64: Level::Deny,
                unencoded_text: Level::Warn,
                trailing_newline: Level::Deny,
                surrounding_space: Level::Deny,
                carriage_return: Level::Deny,
                byte_order_mark: Level::Deny,
                utf16: Level::Deny,
                placeholder: Level::Off,
                unresolved_value: Level::Warn,
            },
            form: Form {
                tls: Level::Warn,
                expired_certificate: Level::Deny,
                docker_config: Level::Warn,
                basic_auth: Level::Deny,
                ssh_auth: Level::Warn,
                bootstrap_token: Level::Warn,
                pem: Level::Deny,
                files: Level::Off,
                broken_chain: Level::Deny,
                wrong_type: Level::Deny,
            },
            clear_text_copy: Level::Deny,
            exposed_credential: Level::Deny,
            allowed_types: list(SecretType, &["Opaque", "kubernetes.io/tls"]),
            denied_types: vec![DeniedType {
                name: SecretType("kubernetes.io/service-account-token".to_owned()),
                reason: Reason("use projected tokens".to_owned()),
            }],
            exempt: Exempt {
                types: list(SecretType, &["example.com/sealed"]),
                keys: list(DataKey, &["legacy.bin"]),
                names: list(NamespacedName, &["shop/legacy"]),
                namespaces: list(Namespace, &["kube-system"]),
                users: list(User, &["system:serviceaccount:vault:operator"]),
            },
            on_update: OnUpdate::EnforceAll,
        }
    }
}
