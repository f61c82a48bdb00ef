//! Why a policy cannot judge: its input cannot be read, or the cluster does not answer.

use std::fmt;

use document::DecodeError;

/// Why a policy could not judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The object is of a kind that the policy reads, and is not what it should be.
    Object(DecodeError),
    /// Something that the verdict depends on could not be looked up.
    Lookup {
        /// What was looked up: `PersistentVolumeClaim shop/data`.
        subject: String,
        /// What came of it.
        error: ClusterError,
    },
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Object(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(error) => error.fmt(f),
            Self::Lookup { subject, error } => write!(f, "{subject} {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Why a look-up had no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterError {
    /// There is no such object.
    NotFound,
    /// The cluster does not know the kind.
    NotServed,
    /// The policy, or the policy server, may not read the kind.
    Forbidden,
    /// The cluster did not answer, or not in time.
    Unavailable(String),
    /// The answer is not what it should be.
    Undecodable(DecodeError),
}

impl ClusterError {
    /// The host tells errors apart in words only.
    ///
    /// `error finding resource` starts whatever went wrong when the host asked for the kinds of a group, so that only
    /// the status behind it tells a group that is not there from a cluster in trouble.
    ///
    /// Behind its first words, the host repeats the name that was asked for, which a user made up: these count first.
    ///
    /// Source: `crates/policy-evaluator/src/callback_handler/kubernetes/client.rs` and
    /// `crates/policy-evaluator/src/runtimes/callback.rs` of kubewarden/adm-controller.
    pub(crate) fn from_host(text: &str) -> Self {
        let says = |words: &str| says(text, words);
        let start = text
            .strip_prefix("Callback evaluation failure: ")
            .unwrap_or(text);
        let starts = |words: &str| start.starts_with(words);
        if starts("Cannot find resource ") || starts("error finding resource ") && says("code: 404")
        {
            Self::NotServed
        } else if starts("Cannot find ") && says(" named ") {
            Self::NotFound
        } else if says("has not been granted access") || says("is forbidden") {
            Self::Forbidden
        } else {
            Self::Unavailable(text.to_owned())
        }
    }
}

#[inline(never)]
fn says(text: &str, words: &str) -> bool {
    let mut windows = text.as_bytes().windows(words.len());
    windows.any(|window| window == words.as_bytes())
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("does not exist"),
            Self::NotServed => f.write_str("is of a kind that the cluster does not know"),
            Self::Forbidden => f.write_str(
                "may not be read by the policy: add the kind to its spec.contextAwareResources, which only a \
                 ClusterAdmissionPolicy has, and let the service account of its policy server get, list and watch it",
            ),
            Self::Unavailable(reason) => write!(f, "could not be looked up: {reason}"),
            Self::Undecodable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl std::error::Error for ClusterError {}

impl From<DecodeError> for ClusterError {
    fn from(error: DecodeError) -> Self {
        Self::Undecodable(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_words_of_the_host_apart() {
        use ClusterError::{Forbidden, NotFound, NotServed, Unavailable};
        for (text, error) in [
            (
                "Policy has not been granted access to Kubernetes v1/PersistentVolumeClaim resources. \
                 The violation has been reported.",
                Forbidden,
            ),
            (
                "Policy has not been granted access to the 'kubernetes/get_resource' host capability. The violation \
                 has been reported.",
                Forbidden,
            ),
            (
                "persistentvolumes \"a\" is forbidden: User \"x\" cannot get resource",
                Forbidden,
            ),
            (
                "Cannot find v1/PersistentVolume named 'a' inside of namespace 'None'",
                NotFound,
            ),
            ("Cannot find resource example.com/v1/Gadget", NotServed),
            (
                "Callback evaluation failure: Cannot find apps/v1/Deployment named 'web is forbidden' \
                 inside of namespace 'shop'",
                NotFound,
            ),
            (
                "Callback evaluation failure: deployments.apps \"Cannot find a named b\" is forbidden: User \"x\" \
                 cannot get resource",
                Forbidden,
            ),
            (
                "error finding resource autoscaling.k8s.io/v1 / VerticalPodAutoscaler: ApiError: 404 page not found\n: \
                 Failed to parse error data (Status { status: Some(Failure), code: 404, message: \"404 page",
                NotServed,
            ),
            (
                "error finding resource a.io/v1 / Gadget: HyperError: tcp connect error: 10.0.0.1:4043",
                Unavailable(
                    "error finding resource a.io/v1 / Gadget: HyperError: tcp connect error: 10.0.0.1:4043"
                        .to_owned(),
                ),
            ),
            (
                "error finding resource a.io/v1 / Gadget: ApiError: (Status { code: 503 })",
                Unavailable(
                    "error finding resource a.io/v1 / Gadget: ApiError: (Status { code: 503 })"
                        .to_owned(),
                ),
            ),
            (
                "Cannot find the cluster",
                Unavailable("Cannot find the cluster".to_owned()),
            ),
            (
                "no service named 'kubernetes'",
                Unavailable("no service named 'kubernetes'".to_owned()),
            ),
            (
                "deadline has elapsed",
                Unavailable("deadline has elapsed".to_owned()),
            ),
        ] {
            assert_eq!(ClusterError::from_host(text), error, "{text}");
        }
    }
}
