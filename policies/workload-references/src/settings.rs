//! What an administrator may set.

use shared::kubernetes::kinds::custom::CustomKind;
use shared::settings::{Exempt, OnLookupFailure, is_data_key, is_object_name};
use shared::{Level, OnUpdate, quote, settings};

use crate::reference::Target;

settings! {
    /// The settings of workload-references. All are optional.
    pub struct Settings {
        /// What is not there, or not yet.
        "missing" => pub(crate) missing: Missing;
        /// What is there and cannot serve.
        "unfit" => pub(crate) unfit: Unfit;
        /// Which Secrets are looked up.
        "secrets" => pub(crate) secrets: Secrets = Secrets::Granted, example "required";
        /// Names of what something makes in every namespace, with one `*` at most. What is missing is not told of
        /// these, nor of
        /// `kube-root-ca.crt`, `istio-ca-root-cert` and `openshift-service-ca.crt`.
        "expected" => expected: [ExpectedName], example ["*-generated"];
        /// Annotations and labels of ConfigMaps and Secrets that something else fills: what such an object lacks only
        /// warns. Those of cert-manager, External Secrets, and the like are known.
        "filledBy" => filled_by: [Mark], example ["example.com/generated"];
        /// What workloads need of a ConfigMap or Secret that is changed or deleted. The policy has to be asked about
        /// these.
        "users" => pub(crate) users: Level = Level::Warn, example "off";
        /// More kinds that bear pods, beside those that need no setting. List them in `spec.rules` of the policy, too.
        "customKinds" => pub(crate) custom_kinds: [CustomKind];
        /// Whom this policy does not concern.
        "exempt" => pub(crate) exempt: Exempt;
        /// What to do when the cluster does not answer.
        "onLookupFailure" => pub(crate) on_lookup_failure: OnLookupFailure = OnLookupFailure::Warn, example "deny";
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
    }

    /// What is not there, or not yet.
    pub(crate) struct Missing {
        /// A ConfigMap.
        "configMaps" => pub(crate) config_maps: Level = Level::Warn, example "deny";
        /// A Secret, but for those that images are pulled with.
        "secrets" => pub(crate) secrets: Level = Level::Warn, example "deny";
        /// A Secret of `imagePullSecrets`.
        "pullSecrets" => pub(crate) pull_secrets: Level = Level::Warn, example "deny";
        /// A PersistentVolumeClaim, also one that is being deleted or has lost its volume.
        "claims" => pub(crate) claims: Level = Level::Warn, example "deny";
        /// A ServiceAccount.
        "serviceAccounts" => pub(crate) service_accounts: Level = Level::Warn, example "deny";
        /// A PriorityClass, RuntimeClass or StorageClass.
        "classes" => pub(crate) classes: Level = Level::Warn, example "off";
        /// The Service of a StatefulSet.
        "services" => pub(crate) services: Level = Level::Warn, example "off";
    }

    /// What is there and cannot serve.
    pub(crate) struct Unfit {
        /// A ConfigMap or Secret without the key or file that is named.
        "keys" => pub(crate) keys: Level = Level::Deny, example "warn";
        /// A value that no variable can have.
        "variables" => pub(crate) variables: Level = Level::Deny, example "warn";
        /// A value that is not UTF-8, which some nodes do not take for a variable.
        "binaryVariables" => pub(crate) binary_variables: Level = Level::Warn, example "deny";
        /// A Secret of `imagePullSecrets` that is of another type.
        "pullSecrets" => pub(crate) pull_secrets: Level = Level::Deny, example "warn";
        /// A block device that is mounted as files, or files as a block device.
        "volumeModes" => pub(crate) volume_modes: Level = Level::Deny, example "warn";
        /// A claim for one pod that more than one has.
        "claims" => pub(crate) claims: Level = Level::Deny, example "warn";
        /// A claim for one node that pods on several may have.
        "sharedClaims" => pub(crate) shared_claims: Level = Level::Warn, example "off";
        /// A file mode of which the leading zero was forgotten.
        "fileModes" => pub(crate) file_modes: Level = Level::Warn, example "off";
    }

    /// Which Secrets are looked up.
    pub(crate) enum Secrets {
        /// Those that the policy server may read.
        "granted" => Granted,
        /// All; one that the policy server may not read is a failed look-up.
        "required" => Required,
        /// None.
        "off" => Off,
    }

    /// The name of an object, with one `*` at most.
    text ExpectedName {
        problem: expected_name_problem,
        pattern: r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?|([a-z0-9][-.a-z0-9]*)?\*([-.a-z0-9]*[a-z0-9])?)$",
        max_length: 253,
    }

    /// The name of an annotation or a label.
    text Mark {
        problem: mark_problem,
        pattern: r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?\.?[-_A-Za-z0-9][-._A-Za-z0-9]*$",
        max_length: 317,
    }
}

/// What is in every namespace. Sources: `RootCACertConfigMapName` in
/// `pkg/controller/certificates/rootcacertpublisher/publisher.go`, `CACertNamespaceConfigMap` in
/// `pkg/config/constants/constants.go` of istio/istio, and "service serving certificates" in the manual of `OpenShift`.
const EXPECTED: &[&str] = &[
    "kube-root-ca.crt",
    "istio-ca-root-cert",
    "openshift-service-ca.crt",
];

/// Annotations and labels that tools put on the objects that they fill, each in its documentation.
const FILLED_BY: &[&str] = &[
    "cert-manager.io/certificate-name",
    "reconcile.external-secrets.io/data-hash",
    "reconcile.external-secrets.io/managed",
    "secret-generator.v1.mittwald.de/autogenerate",
    "replicator.v1.mittwald.de/replicate-from",
    "reflector.v1.k8s.emberstack.com/reflects",
    "service.beta.openshift.io/inject-cabundle",
    "config.openshift.io/inject-trusted-cabundle",
    "sealedsecrets.bitnami.com/managed",
    "sealedsecrets.bitnami.com/patch",
];

impl Settings {
    /// Whether something that Kubernetes or a mesh brings has this name in every namespace.
    pub(crate) fn is_in_every_namespace(name: &str) -> bool {
        EXPECTED.contains(&name)
    }

    /// How serious it is that something is missing.
    pub(crate) fn missing(&self, target: Target) -> Level {
        let missing = &self.missing;
        match target {
            Target::ConfigMap => missing.config_maps,
            Target::Secret => missing.secrets,
            Target::PullSecret => missing.pull_secrets,
            Target::Claim => missing.claims,
            Target::ServiceAccount => missing.service_accounts,
            Target::PriorityClass | Target::RuntimeClass | Target::StorageClass => missing.classes,
            Target::Service => missing.services,
        }
    }

    /// Whether a finding may depend on whether an object is there, whatever is in its data.
    pub(crate) fn judges_existence(&self, target: Target) -> bool {
        let unfit = &self.unfit;
        let levels = match target {
            Target::PullSecret => [unfit.pull_secrets, Level::Off, Level::Off],
            Target::Claim => [unfit.volume_modes, unfit.claims, unfit.shared_claims],
            _ => [Level::Off; 3],
        };
        self.missing(target) != Level::Off || levels != [Level::Off; 3]
    }

    /// Whether the values of variables are judged.
    pub(crate) fn judges_values(&self) -> bool {
        [self.unfit.variables, self.unfit.binary_variables] != [Level::Off; 2]
    }

    /// Whether something makes an object of this name sooner or later.
    pub(crate) fn expects(&self, name: &str) -> bool {
        let fits = |pattern: &String| match pattern.split_once('*') {
            None => pattern == name,
            Some((start, end)) => name
                .strip_prefix(start)
                .is_some_and(|rest| rest.ends_with(end)),
        };
        self.expected.iter().any(fits)
    }

    /// Whether an annotation or label says that something else fills the object.
    pub(crate) fn is_filled_by(&self, mark: &str) -> bool {
        FILLED_BY.contains(&mark) || self.filled_by.iter().any(|known| known == mark)
    }
}

fn expected_name_problem(name: &str) -> Option<String> {
    let is_name = match name.split_once('*') {
        None => is_object_name(name),
        Some((start, end)) => is_object_name(&format!("{start}a{end}")),
    };
    (!is_name).then(|| {
        format!(
            "{} cannot be a name; write at most 253 of a-z, 0-9, \"-\", \".\", and one \"*\" for anything",
            quote(name)
        )
    })
}

fn mark_problem(mark: &str) -> Option<String> {
    let (prefix, name) = mark.split_once('/').unwrap_or(("a", mark));
    (!(is_object_name(prefix) && is_data_key(name))).then(|| {
        format!(
            "{} cannot be an annotation or a label; write its name alone, such as example.com/generated",
            quote(mark)
        )
    })
}

impl shared::Settings for Settings {
    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}
