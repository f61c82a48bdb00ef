//! Look-ups in the cluster, for policies whose verdict depends on more than one object.

use std::fmt;

use serde::Serialize;

use crate::decode::DecodeError;
use crate::json::{self, Json};

#[cfg(target_arch = "wasm32")]
pub(crate) mod host;

/// Where objects are looked up: the host in a cluster, a set of objects in tests.
pub trait Cluster {
    /// Gets an object as JSON, or the host's words on why not.
    fn get(&self, lookup: &Lookup<'_>) -> Result<Vec<u8>, String>;
}

/// An object to get, and the fields of it that are needed: the host watches what policies ask for, and keeps no more
/// than that.
#[derive(Debug, Clone, Serialize)]
pub struct Lookup<'a> {
    /// `v1` for the core group, else group and version.
    pub api_version: &'a str,
    /// The kind in the singular.
    pub kind: &'a str,
    /// The name of the object.
    pub name: &'a str,
    /// None for kinds that belong to no namespace.
    pub namespace: Option<&'a str>,
    /// Whether an answer of the last seconds is not good enough.
    pub disable_cache: bool,
    /// The fields that are needed, dotted and without list indexes, in alphabetic order.
    pub field_masks: &'a [&'a str],
}

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
    /// Source: `crates/policy-evaluator/src/callback_handler/kubernetes/client.rs` and
    /// `crates/policy-evaluator/src/runtimes/callback.rs` of kubewarden/kubewarden-controller.
    fn from_host(text: &str) -> Self {
        let says = |words: &str| {
            text.as_bytes()
                .windows(words.len())
                .any(|window| window == words.as_bytes())
        };
        if says("has not been granted access") || says("is forbidden") {
            Self::Forbidden
        } else if says("Cannot find resource ") || says("error finding resource ") {
            Self::NotServed
        } else if says("Cannot find ") && says(" named ") {
            Self::NotFound
        } else {
            Self::Unavailable(text.to_owned())
        }
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("does not exist"),
            Self::NotServed => f.write_str("is of a kind that the cluster does not know"),
            Self::Forbidden => f.write_str(
                "may not be read: list the kind in spec.contextAwareResources of the policy, and let the service \
                 account of the policy server get, list and watch it",
            ),
            Self::Unavailable(reason) => write!(f, "could not be looked up: {reason}"),
            Self::Undecodable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl std::error::Error for ClusterError {}

/// An object that was looked up, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(String);

impl Answer {
    /// Reads the text. The fields are those that were asked for, so all are kept.
    pub fn parse(&self) -> Result<Json<'_>, ClusterError> {
        json::parse(&self.0).map_err(ClusterError::Undecodable)
    }
}

/// Gets an object. None when there is no such object or kind.
pub fn get(cluster: &dyn Cluster, lookup: &Lookup<'_>) -> Result<Option<Answer>, ClusterError> {
    match cluster.get(lookup) {
        Ok(answer) => Ok(Some(Answer(String::from_utf8_lossy(&answer).into_owned()))),
        Err(text) => match ClusterError::from_host(&text) {
            ClusterError::NotFound | ClusterError::NotServed => Ok(None),
            error => Err(error),
        },
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
                "Host error: Policy has not been granted access to Kubernetes v1/PersistentVolumeClaim resources. \
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
                "error finding resource autoscaling.k8s.io/v1 / VerticalPodAutoscaler: 404",
                NotServed,
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
