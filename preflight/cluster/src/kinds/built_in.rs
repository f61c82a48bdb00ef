//! The kinds that every cluster has, as of Kubernetes 1.36.

/// One group and version: its namespaced kinds, then those of the whole cluster.
struct GroupVersion {
    name: &'static str,
    namespaced: &'static [&'static str],
    cluster: &'static [&'static str],
}

const GROUP_VERSIONS: &[GroupVersion] = &[
    GroupVersion {
        name: "v1",
        namespaced: &[
            "Binding",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
        cluster: &["ComponentStatus", "Namespace", "Node", "PersistentVolume"],
    },
    GroupVersion {
        name: "admissionregistration.k8s.io/v1",
        namespaced: &[],
        cluster: &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    },
    GroupVersion {
        name: "apiextensions.k8s.io/v1",
        namespaced: &[],
        cluster: &["CustomResourceDefinition"],
    },
    GroupVersion {
        name: "apiregistration.k8s.io/v1",
        namespaced: &[],
        cluster: &["APIService"],
    },
    GroupVersion {
        name: "apps/v1",
        namespaced: &[
            "ControllerRevision",
            "DaemonSet",
            "Deployment",
            "ReplicaSet",
            "StatefulSet",
        ],
        cluster: &[],
    },
    GroupVersion {
        name: "authentication.k8s.io/v1",
        namespaced: &[],
        cluster: &["SelfSubjectReview", "TokenReview"],
    },
    GroupVersion {
        name: "authorization.k8s.io/v1",
        namespaced: &["LocalSubjectAccessReview"],
        cluster: &[
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    },
    GroupVersion {
        name: "autoscaling/v1",
        namespaced: &["HorizontalPodAutoscaler"],
        cluster: &[],
    },
    GroupVersion {
        name: "autoscaling/v2",
        namespaced: &["HorizontalPodAutoscaler"],
        cluster: &[],
    },
    GroupVersion {
        name: "batch/v1",
        namespaced: &["CronJob", "Job"],
        cluster: &[],
    },
    GroupVersion {
        name: "certificates.k8s.io/v1",
        namespaced: &[],
        cluster: &["CertificateSigningRequest"],
    },
    GroupVersion {
        name: "coordination.k8s.io/v1",
        namespaced: &["Lease"],
        cluster: &[],
    },
    GroupVersion {
        name: "discovery.k8s.io/v1",
        namespaced: &["EndpointSlice"],
        cluster: &[],
    },
    GroupVersion {
        name: "events.k8s.io/v1",
        namespaced: &["Event"],
        cluster: &[],
    },
    GroupVersion {
        name: "flowcontrol.apiserver.k8s.io/v1",
        namespaced: &[],
        cluster: &["FlowSchema", "PriorityLevelConfiguration"],
    },
    GroupVersion {
        name: "networking.k8s.io/v1",
        namespaced: &["Ingress", "NetworkPolicy"],
        cluster: &["IPAddress", "IngressClass", "ServiceCIDR"],
    },
    GroupVersion {
        name: "node.k8s.io/v1",
        namespaced: &[],
        cluster: &["RuntimeClass"],
    },
    GroupVersion {
        name: "policy/v1",
        namespaced: &["PodDisruptionBudget"],
        cluster: &[],
    },
    GroupVersion {
        name: "rbac.authorization.k8s.io/v1",
        namespaced: &["Role", "RoleBinding"],
        cluster: &["ClusterRole", "ClusterRoleBinding"],
    },
    GroupVersion {
        name: "resource.k8s.io/v1",
        namespaced: &["ResourceClaim", "ResourceClaimTemplate"],
        cluster: &["DeviceClass", "ResourceSlice"],
    },
    GroupVersion {
        name: "scheduling.k8s.io/v1",
        namespaced: &[],
        cluster: &["PriorityClass"],
    },
    GroupVersion {
        name: "storage.k8s.io/v1",
        namespaced: &["CSIStorageCapacity"],
        cluster: &[
            "CSIDriver",
            "CSINode",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
    },
];

/// Kinds that are not Kubernetes' own, and that policies know all the same: the versions in their definitions.
const OF_OTHERS: [(&str, &str); 1] = [("autoscaling.k8s.io/v1", "VerticalPodAutoscaler")];

/// Kinds that a cluster may also serve in an alpha or beta version, behind a feature gate.
const YOUNG: [&str; 11] = [
    "DeviceClass",
    "IPAddress",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
    "ServiceCIDR",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "VolumeAttributesClass",
];

/// Kinds that a cluster may serve in an early version alone, and may get in another.
const COMING: [&str; 6] = [
    "ClusterTrustBundle",
    "DeviceTaintRule",
    "LeaseCandidate",
    "PodCertificateRequest",
    "PodGroup",
    "Workload",
];

/// What is written to a part of an object alone.
const OF_PARTS: [&str; 3] = ["Eviction", "Scale", "TokenRequest"];

/// Groups that Kubernetes once had.
const REMOVED_GROUPS: [&str; 3] = ["auditregistration.k8s.io", "extensions", "settings.k8s.io"];

/// Early versions that no supported Kubernetes has any kind in.
const REMOVED_VERSIONS: [&str; 25] = [
    "apiextensions.k8s.io/v1beta1",
    "apiregistration.k8s.io/v1beta1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v2alpha1",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1beta1",
    "batch/v2alpha1",
    "discovery.k8s.io/v1alpha1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1alpha1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1alpha1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "rbac.authorization.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha1",
    "resource.k8s.io/v1alpha2",
];

/// The kinds that are called like this in letters of any case, or in the plural, with group and version.
pub(super) fn meant(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = GROUP_VERSIONS.iter().flat_map(|served| {
        let kinds = served.namespaced.iter().chain(served.cluster);
        kinds.map(|kind| (served.name, *kind))
    });
    own.chain(OF_OTHERS).filter(move |(_, known)| {
        known.eq_ignore_ascii_case(kind) || super::guess_plural(known).eq_ignore_ascii_case(kind)
    })
}

/// Whether a cluster may have the kind in a version that the list does not name.
pub(super) fn is_young(api_version: &str, kind: &str) -> bool {
    is_early(api_version) && YOUNG.contains(&kind) && !REMOVED_VERSIONS.contains(&api_version)
}

fn is_early(api_version: &str) -> bool {
    // The core has had none for long.
    let (group, version) = super::split(api_version);
    !group.is_empty() && (version.contains("alpha") || version.contains("beta"))
}

/// Whether it is of a group of Kubernetes, and no cluster has the kind in that version. Of an early version that may come,
/// not every kind is known.
pub(super) fn has_not(api_version: &str, kind: &str) -> bool {
    let (group, _) = super::split(api_version);
    let may_be_there = has(api_version, kind)
        || OF_PARTS.contains(&kind)
        || COMING.contains(&kind)
        || is_early(api_version) && !REMOVED_VERSIONS.contains(&api_version);
    REMOVED_GROUPS.contains(&group) || has_group(group) && !may_be_there
}

/// Whether the cluster has the group in that version.
pub(super) fn has_group_version(api_version: &str) -> bool {
    GROUP_VERSIONS
        .iter()
        .any(|served| served.name == api_version)
}

/// Whether the cluster has the group in any version.
pub(super) fn has_group(group: &str) -> bool {
    GROUP_VERSIONS
        .iter()
        .any(|served| super::split(served.name).0 == group)
}

/// All kinds of a group.
pub(super) fn kinds(group: &str) -> impl Iterator<Item = &'static str> {
    let served = GROUP_VERSIONS.iter();
    let served = served.filter(move |served| super::split(served.name).0 == group);
    let kinds = served.flat_map(|served| served.namespaced.iter().chain(served.cluster));
    kinds.copied()
}

/// Whether the cluster has the kind in that version.
pub(super) fn has(api_version: &str, kind: &str) -> bool {
    GROUP_VERSIONS
        .iter()
        .filter(|served| served.name == api_version)
        .any(|served| served.namespaced.contains(&kind) || served.cluster.contains(&kind))
}

/// Whether objects of the kind live in a namespace; `None` for kinds that are not Kubernetes' own.
pub(super) fn namespaced(group: &str, kind: &str) -> Option<bool> {
    GROUP_VERSIONS
        .iter()
        .filter(|served| super::split(served.name).0 == group)
        .find_map(|served| {
            if served.namespaced.contains(&kind) {
                Some(true)
            } else {
                served.cluster.contains(&kind).then_some(false)
            }
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use k8s_openapi::api;
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
    use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource};

    use super::*;

    trait Scope {
        const NAMESPACED: bool;
    }

    impl Scope for NamespaceResourceScope {
        const NAMESPACED: bool = true;
    }

    impl Scope for ClusterResourceScope {
        const NAMESPACED: bool = false;
    }

    /// Group and version, kind, plural, and whether it is namespaced.
    type Row = (&'static str, &'static str, String, bool);

    fn row<K: Resource<Scope: Scope>>() -> Row {
        let plural = K::URL_PATH_SEGMENT.to_owned();
        (K::API_VERSION, K::KIND, plural, K::Scope::NAMESPACED)
    }

    macro_rules! rows {
        ($($group:ident::$version:ident::{$($kind:ident),*})*) => {
            [$($(row::<api::$group::$version::$kind>()),*),*]
        };
    }

    #[test]
    fn they_are_those_of_kubernetes() {
        let rows = rows! {
            admissionregistration::v1::{
                MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration,
                ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration
            }
            apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet}
            authentication::v1::{SelfSubjectReview, TokenReview}
            authorization::v1::{
                LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview
            }
            autoscaling::v1::{HorizontalPodAutoscaler}
            autoscaling::v2::{HorizontalPodAutoscaler}
            batch::v1::{CronJob, Job}
            certificates::v1::{CertificateSigningRequest}
            coordination::v1::{Lease}
            core::v1::{
                Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume,
                PersistentVolumeClaim, Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service,
                ServiceAccount
            }
            discovery::v1::{EndpointSlice}
            events::v1::{Event}
            flowcontrol::v1::{FlowSchema, PriorityLevelConfiguration}
            networking::v1::{IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR}
            node::v1::{RuntimeClass}
            policy::v1::{PodDisruptionBudget}
            rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding}
            resource::v1::{DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice}
            scheduling::v1::{PriorityClass}
            storage::v1::{
                CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass
            }
        };
        let others = [row::<CustomResourceDefinition>(), row::<APIService>()];
        let expected: BTreeSet<Row> = rows.into_iter().chain(others).collect();
        let listed = GROUP_VERSIONS.iter().flat_map(|served| {
            let namespaced = served.namespaced.iter().map(|kind| (kind, true));
            let kinds = namespaced.chain(served.cluster.iter().map(|kind| (kind, false)));
            kinds.map(|(kind, namespaced)| {
                let plural = super::super::guess_plural(kind);
                (served.name, *kind, plural, namespaced)
            })
        });
        assert_eq!(listed.collect::<BTreeSet<Row>>(), expected);
    }
}
