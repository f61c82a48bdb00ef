//! What a policy is.

use std::fmt;

use crate::cluster::{Cluster, ClusterError};
use crate::decode::DecodeError;
use crate::request::Request;
use crate::rule::Rule;
use crate::settings::Settings;
use crate::verdict::Verdict;

/// A policy: a name, what it looks for, its settings, and one pure function.
pub trait Policy: 'static {
    /// The name, as it stands in messages.
    const NAME: &'static str;
    /// Everything that it looks for.
    const RULES: &'static [&'static Rule];
    /// What an administrator may set.
    type Settings: Settings;
    /// Whether it asks the cluster. A module that does not has no way to: it does not import the host's call.
    const LOOKS_UP: bool = true;

    /// Whether a rule reads fields of this name, at any depth of an object. All others are left out when a request is
    /// read, which makes most of the speed.
    fn wants(field: &str) -> bool;

    /// Whether a rule reads all that is in a field of this name, whatever it is called: `data`, whose keys users choose.
    #[must_use]
    fn wants_whole(_field: &str) -> bool {
        false
    }

    /// Whether `settings` name fields that [`Policy::wants`] cannot know, so that all have to be read.
    fn wants_all(_settings: &Self::Settings) -> bool {
        false
    }

    /// Judges the object of a request. `Err` means "could not judge", never "not allowed". A look-up that failed hides
    /// nothing of what can be found without it: [`Verdict::keep_failure`] keeps it for the end.
    fn validate(
        request: &Request<'_>,
        settings: &Self::Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error>;
}

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
