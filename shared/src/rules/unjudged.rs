//! What could not be checked because a look-up failed.

use crate::error::Error;
use crate::rule;
use crate::rule::Rule;
use crate::verdict::Verdict;
use crate::verdict::finding::Finding;

static UNJUDGED: Rule = rule! {
    id: "unjudged",
    summary: "What could not be checked because a look-up failed, where the request passes all the same (a dry run, \
              an UPDATE by Kubernetes itself, or of nothing that is checked, or any where `onLookupFailure` is `warn`) or is \
              refused for something else",
    why: "A finished Job that cannot let go of its Pods helps no one while the cluster has trouble",
    fix: "see why the look-up failed",
    levels: [Warn],
};

/// How each reason of [`UNJUDGED`] begins.
pub(crate) const UNJUDGED_START: &str = "cannot be judged: ";

impl Verdict {
    /// Goes on without what could not be looked up. It refuses the request in the end, unless something worse is found.
    pub fn keep_failure(&mut self, judged: Result<(), Error>) -> Result<(), Error> {
        match judged {
            Err(error @ Error::Lookup { .. }) => {
                let reason = format!("{UNJUDGED_START}{error}");
                self.fail(Finding::new(&UNJUDGED, &"request", reason));
            }
            judged => judged?,
        }
        Ok(())
    }

    /// The verdict, when all is judged. What could not be, because a look-up failed, is kept, or only told where `passes`
    /// says so.
    pub fn or_unjudged(
        mut self,
        judged: Result<(), Error>,
        passes: impl FnOnce() -> bool,
    ) -> Result<Self, Error> {
        self.keep_failure(judged)?;
        if self.failure().is_some() && passes() {
            self.tell_failures();
        }
        Ok(self)
    }
}
