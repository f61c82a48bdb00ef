//! Who mounts a path.

use shared::settings::has_object;

/// What a pod runs as. All is empty for a `PersistentVolume`, which belongs to no namespace.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Identity<'a> {
    /// The namespace of the pod.
    pub(crate) namespace: &'a str,
    /// The service account in it; empty where it is not known, so that no list names it.
    pub(crate) service_account: &'a str,
    /// Whether it may have more mounts than those that are known.
    pub(crate) has_other_mounts: bool,
}

impl<'a> Identity<'a> {
    /// What a pod runs as whose spec names a service account, or none. A whole spec means `default` then. One that is not
    /// whole is that of a custom kind: it may name the account elsewhere, and more mounts, or get them from its operator.
    ///
    /// Source: `Admit` in `plugin/pkg/admission/serviceaccount/admission.go`.
    pub(crate) fn new(namespace: &'a str, service_account: &'a str, is_whole: bool) -> Self {
        let service_account = match service_account {
            "" if is_whole => "default",
            name => name,
        };
        Self {
            namespace,
            service_account,
            has_other_mounts: !is_whole,
        }
    }

    /// Whether a list names the service account, as `<namespace>/<name>`.
    pub(crate) fn is_one_of(&self, accounts: &[String]) -> bool {
        has_object(accounts, self.namespace, self.service_account)
    }
}
