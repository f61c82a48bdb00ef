//! The fields that this policy reads.

use shared::kubernetes::view::View;
use shared::kubernetes::workload::{self, PodSpec};
use shared::kubernetes::{containers, owner};
use shared::{Cursor, DecodeError, Field, FieldNames, Json};

/// The label of each node that no other has.
const HOST_NAME: &str = "kubernetes.io/hostname";

/// The fields of workloads that views of this module read.
const OWN: &[&str] = &[
    "name",
    "restartPolicy",
    // Containers.
    "env",
    "value",
    "valueFrom",
    "configMapKeyRef",
    "secretKeyRef",
    "key",
    "optional",
    "envFrom",
    "prefix",
    "configMapRef",
    "secretRef",
    "volumeMounts",
    "subPath",
    "volumeDevices",
    // Volumes.
    "configMap",
    "secret",
    "secretName",
    "items",
    "path",
    "mode",
    "defaultMode",
    "projected",
    "sources",
    "downwardAPI",
    "serviceAccountToken",
    "persistentVolumeClaim",
    "claimName",
    "ephemeral",
    "volumeClaimTemplate",
    "csi",
    "driver",
    "nodePublishSecretRef",
    "azureFile",
    "cinder",
    "flexVolume",
    "iscsi",
    // The pod.
    "imagePullSecrets",
    "serviceAccount",
    "priorityClassName",
    "runtimeClassName",
    "nodeName",
    "nodeSelector",
    HOST_NAME,
    // What makes the pods.
    "replicas",
    "strategy",
    "type",
    "rollingUpdate",
    "maxSurge",
    "maxUnavailable",
    "serviceName",
    "volumeClaimTemplates",
    "volumeMode",
    "storageClassName",
];

/// The fields of workloads that a finding may depend on.
static FIELDS: FieldNames = FieldNames::of(&[OWN, workload::FIELDS]);

/// Whether a finding may depend on fields of this name.
pub(crate) fn counts(field: &str) -> bool {
    FIELDS.has(field)
}

/// Whether a view of this module reads fields of this name.
pub(crate) fn wants(field: &str) -> bool {
    // What says whether there is anything to judge.
    let is_state = matches!(field, "status" | "phase" | "conditions");
    counts(field) || is_state || wants_whole(field) || owner::FIELDS.contains(&field)
}

/// Whether a view of this module reads all that is in fields of this name.
pub(crate) fn wants_whole(field: &str) -> bool {
    matches!(field, "data" | "binaryData" | "stringData")
}

/// A pod spec.
#[derive(Debug)]
pub(crate) struct Spec<'a> {
    pub(crate) pod: PodSpec<'a, Container<'a>, Volume<'a>>,
    /// Secrets that images are pulled with.
    pub(crate) pull_secrets: Vec<Named<'a>>,
    pub(crate) priority_class: &'a str,
    pub(crate) runtime_class: &'a str,
    /// Whether it can be on one node alone.
    pub(crate) is_bound: bool,
    /// The account that the pod runs as; empty for the namespace's `default`.
    pub(crate) service_account: &'a str,
}

impl<'a> Spec<'a> {
    /// Reads the pod spec at `cursor`.
    pub(crate) fn view(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let pod: PodSpec<'_, _, _> = PodSpec::view(cursor)?;
        // The old name counts where the new one is empty: `Convert_v1_PodSpec_To_core_PodSpec` in
        // `pkg/apis/core/v1/conversion.go`.
        let service_account = match pod.service_account_name {
            "" => cursor.text("serviceAccount")?,
            name => name,
        };
        let host = cursor.map("nodeSelector", |labels| labels.text(HOST_NAME))?;
        let is_bound = host.is_some_and(|host| !host.is_empty());
        Ok(Self {
            is_bound: is_bound || !cursor.text("nodeName")?.is_empty(),
            pod,
            pull_secrets: cursor.list("imagePullSecrets", Named::read)?,
            priority_class: cursor.text("priorityClassName")?,
            runtime_class: cursor.text("runtimeClassName")?,
            service_account,
        })
    }
}

/// A container of any role.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    pub(crate) name: &'a str,
    restart_policy: &'a str,
    pub(crate) env: Vec<Variable<'a>>,
    /// Objects of which all keys become variables.
    pub(crate) env_from: Vec<Variable<'a>>,
    pub(crate) mounts: Vec<Named<'a>>,
    /// The volumes that it has as block devices.
    pub(crate) devices: Vec<Named<'a>>,
}

impl<'a> View<'a> for Container<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            restart_policy: cursor.text("restartPolicy")?,
            env: cursor.list("env", Variable::read)?,
            env_from: cursor.list("envFrom", Variable::read)?,
            mounts: cursor.list("volumeMounts", Named::read)?,
            devices: cursor.list("volumeDevices", Named::read)?,
        })
    }
}

impl containers::Container for Container<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn restart_policy(&self) -> &str {
        self.restart_policy
    }
}

/// A variable of a container, or all that are made of an object.
#[derive(Debug)]
pub(crate) struct Variable<'a> {
    /// Its name, or what stands in front of the keys.
    pub(crate) name: &'a str,
    /// What is written for it.
    pub(crate) value: &'a str,
    /// What it is made of.
    pub(crate) config: Option<Config<'a>>,
}

impl<'a> View<'a> for Variable<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        // An item of `env` has no prefix, and one of `envFrom` no name.
        let name = match cursor.text("name")? {
            "" => cursor.text("prefix")?,
            name => name,
        };
        Ok(Self {
            name,
            value: cursor.text("value")?,
            config: Config::one_of(cursor, VARIABLES)?,
        })
    }
}

/// What has a name: a mount of a volume, a block device, a pull secret.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    /// Of a mount, a path in the volume; empty for all of it. `subPathExpr` is not known before the pod runs.
    pub(crate) sub_path: &'a str,
}

impl<'a> View<'a> for Named<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            sub_path: cursor.text("subPath")?,
        })
    }
}

/// A `ConfigMap` or Secret that something takes its keys from.
#[derive(Debug)]
pub(crate) struct Config<'a> {
    pub(crate) is_secret: bool,
    /// The field that it is in, and the one of its name there.
    pub(crate) fields: [&'static str; 2],
    pub(crate) name: &'a str,
    /// The key that becomes a variable; empty for all.
    pub(crate) key: &'a str,
    /// The keys that become files; none for all.
    pub(crate) items: Vec<Item<'a>>,
    pub(crate) is_optional: bool,
}

/// A key that becomes a file.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(crate) key: &'a str,
    pub(crate) path: &'a str,
}

impl<'a> View<'a> for Item<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            key: cursor.text("key")?,
            path: cursor.text("path")?,
        })
    }
}

/// Where variables have what they are made of: a `ConfigMap` and a Secret by turns.
const VARIABLES: &[&str] = &[
    "valueFrom.configMapKeyRef",
    "valueFrom.secretKeyRef",
    "configMapRef",
    "secretRef",
];

/// The same of volumes.
const VOLUMES: &[&str] = &["configMap", "secret"];

impl<'a> Config<'a> {
    /// What is in one of these fields, of which there is one at most. The API server refuses two.
    #[inline(never)]
    fn one_of(cursor: &Cursor<'a>, fields: &[&'static str]) -> Result<Option<Self>, DecodeError> {
        for (place, field) in fields.iter().copied().enumerate() {
            let config = cursor.at(field, |config| {
                // So a volume calls the name of a Secret, but for one of several sources.
                let (leaf, name) = match config.text("secretName")? {
                    "" => ("name", config.text("name")?),
                    name => ("secretName", name),
                };
                Ok(Self {
                    is_secret: place % 2 == 1,
                    fields: [field, leaf],
                    name,
                    key: config.text("key")?,
                    items: config.list("items", Item::read)?,
                    is_optional: config.flag("optional")?.unwrap_or_default(),
                })
            })?;
            if config.is_some() {
                return Ok(config);
            }
        }
        Ok(None)
    }
}

/// A volume of a pod, or one of several sources of one.
#[derive(Debug)]
pub(crate) struct Volume<'a> {
    pub(crate) name: &'a str,
    pub(crate) source: Source<'a>,
    /// All that is written of it.
    pub(crate) fields: &'a [Field<'a>],
}

/// What is in a volume.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    /// Files that are the keys of one object.
    Config(Config<'a>),
    /// Files of several sources.
    Projected(Vec<Volume<'a>>),
    /// Files with these paths.
    Files(Vec<Item<'a>>),
    /// A claim of this name.
    Claim(&'a str),
    /// A claim that is made for each pod.
    Template(ClaimTemplate<'a>),
    /// What a driver makes, with the Secret of this name in these fields.
    Credentials {
        fields: &'static [&'static str; 2],
        secret: &'a str,
    },
    /// Whatever else.
    Other,
}

/// A claim that is made of a template.
#[derive(Debug)]
pub(crate) struct ClaimTemplate<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_block: bool,
    pub(crate) storage_class: &'a str,
}

/// Sources with a Secret of their own: where its name is. The Secret is in the namespace of the pod. Of cephfs, rbd, scaleIO
/// and storageos there are the fields alone: no kubelet since 1.31 can mount them.
///
/// Source: `VisitPodSecretNames` in `pkg/api/v1/pod/util.go`.
const CREDENTIALS: &[[&str; 2]] = &[
    ["azureFile", "secretName"],
    ["cinder.secretRef", "name"],
    ["csi.nodePublishSecretRef", "name"],
    ["flexVolume.secretRef", "name"],
    ["iscsi.secretRef", "name"],
];

/// The driver that makes Secrets when a pod mounts its volume (`secretObjects` of a `SecretProviderClass`).
const SECRETS_STORE: &str = "secrets-store.csi.k8s.io";

impl Volume<'_> {
    /// Whether it makes Secrets that the pod then finds.
    pub(crate) fn makes_secrets(&self) -> bool {
        let is_driver = |(name, value): &Field<'_>| match value {
            Json::String(value) => *name == "driver" && *value == SECRETS_STORE,
            _ => false,
        };
        let is_csi = |(name, value): &Field<'_>| match value {
            Json::Map(fields) => *name == "csi" && fields.iter().any(is_driver),
            _ => false,
        };
        self.fields.iter().any(is_csi)
    }
}

impl<'a> View<'a> for Volume<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            source: Source::read(cursor)?,
            fields: cursor.fields()?,
        })
    }
}

impl<'a> Source<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        if let Some(config) = Config::one_of(cursor, VOLUMES)? {
            return Ok(Self::Config(config));
        }
        for (field, name) in [
            ("projected", "sources"),
            ("downwardAPI", "items"),
            ("serviceAccountToken", "path"),
            ("persistentVolumeClaim", "claimName"),
            ("ephemeral", ""),
        ] {
            let source = cursor.map(field, |source| {
                Ok(match field {
                    "projected" => Self::Projected(source.list(name, Volume::read)?),
                    "downwardAPI" => Self::Files(source.list(name, Item::read)?),
                    "serviceAccountToken" => Self::Files(vec![Item::read(source)?]),
                    "persistentVolumeClaim" => Self::Claim(source.text(name)?),
                    _ => match source.map("volumeClaimTemplate", ClaimTemplate::read)? {
                        Some(template) => Self::Template(template),
                        None => Self::Other,
                    },
                })
            })?;
            if let Some(source) = source {
                return Ok(source);
            }
        }
        for fields in CREDENTIALS {
            let [field, leaf] = fields;
            if let Some(secret) = cursor.at(field, |source| source.text(leaf))? {
                return Ok(Self::Credentials { fields, secret });
            }
        }
        Ok(Self::Other)
    }
}

impl<'a> View<'a> for ClaimTemplate<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let name = cursor.map("metadata", |metadata| metadata.text("name"))?;
        let spec = cursor.map("spec", |spec| {
            let is_block = spec.text("volumeMode")? == "Block";
            Ok((is_block, spec.text("storageClassName")?))
        })?;
        let (is_block, storage_class) = spec.unwrap_or_default();
        Ok(Self {
            name: name.unwrap_or_default(),
            is_block,
            storage_class,
        })
    }
}
