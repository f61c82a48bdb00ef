//! What a pod refers to, in one list.

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::{
    ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::api::storage::v1::StorageClass;

use crate::place::Place;
use crate::views::{Config, Container};

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    ConfigMap,
    Secret,
    /// A Secret of which the type alone counts.
    PullSecret,
    Claim,
    ServiceAccount,
    PriorityClass,
    RuntimeClass,
    StorageClass,
    Service,
}

/// How a kind is looked up.
pub(crate) struct Kind {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) is_namespaced: bool,
    /// The fields that are asked for.
    pub(crate) mask: &'static [&'static str],
    /// Those that are asked for where it only has to be there.
    pub(crate) existence: &'static [&'static str],
}

const fn kind<K: Resource>(
    is_namespaced: bool,
    mask: &'static [&'static str],
    existence: &'static [&'static str],
) -> Kind {
    Kind {
        api_version: K::API_VERSION,
        kind: K::KIND,
        is_namespaced,
        mask,
        existence,
    }
}

const CLAIM: &[&str] = &[
    "spec.accessModes",
    "spec.volumeMode",
    "spec.volumeName",
    "status.phase",
];

impl Target {
    /// How it is looked up. A mask cannot be empty, which would ask for all: of what only has to be there it names
    /// something small.
    pub(crate) fn kind(self) -> &'static Kind {
        match self {
            Self::ConfigMap => {
                const { &kind::<ConfigMap>(true, &["binaryData", "data"], &["immutable"]) }
            }
            Self::Secret => const { &kind::<Secret>(true, &["data", "type"], &["type"]) },
            Self::PullSecret => const { &small::<Secret>(true, &["type"]) },
            Self::Claim => const { &small::<PersistentVolumeClaim>(true, CLAIM) },
            Self::ServiceAccount => {
                const { &small::<ServiceAccount>(true, &["automountServiceAccountToken"]) }
            }
            Self::PriorityClass => const { &small::<PriorityClass>(false, &["value"]) },
            Self::RuntimeClass => const { &small::<RuntimeClass>(false, &["handler"]) },
            Self::StorageClass => const { &small::<StorageClass>(false, &["provisioner"]) },
            Self::Service => const { &small::<Service>(true, &["spec.type"]) },
        }
    }

    /// Whether it is a Secret, which the policy may not be allowed to read.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::PullSecret)
    }
}

const fn small<K: Resource>(is_namespaced: bool, mask: &'static [&'static str]) -> Kind {
    kind::<K>(is_namespaced, mask, mask)
}

/// A place that names an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'p> {
    pub(crate) target: Target,
    pub(crate) name: &'p str,
    /// Where the name is.
    pub(crate) place: Place<'p>,
    /// Whether the pod can do without.
    pub(crate) is_optional: bool,
    pub(crate) used: Use<'p>,
}

/// What is made of the object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use<'p> {
    /// It only has to be there.
    Whole,
    /// One of its keys becomes a variable of this container.
    Variable {
        container: &'p Container<'p>,
        /// Which one of its list.
        index: usize,
        key: &'p str,
    },
    /// All of its keys become variables of this container.
    Variables {
        container: &'p Container<'p>,
        prefix: &'p str,
        /// The place of the next reference.
        next: usize,
    },
    /// Its keys become files of a volume.
    Files {
        config: &'p Config<'p>,
        /// Whether a container mounts the volume by a path in it.
        has_paths: bool,
    },
    /// One of its keys becomes a file.
    File { key: &'p str },
    /// A driver of volumes needs it.
    Credentials,
}
