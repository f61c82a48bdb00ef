//! What a policy is.

use crate::cluster::Cluster;
use crate::error::Error;
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

    /// Whether it judges that an object is deleted, by what is stored of it. All others let that pass unread.
    const JUDGES_DELETIONS: bool = false;

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
