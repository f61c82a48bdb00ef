//! An object of a kind that the policy does not read.

use crate::message::{self, MAX_EXPLANATION_CHARS};
use crate::request::Request;
use crate::rule;
use crate::rule::Rule;
use crate::verdict::Verdict;
use document::FieldPath;
use document::quote;

static UNCLAIMED_KIND: Rule = rule! {
    id: "unclaimed_kind",
    summary: "An object of a kind that the policy does not read",
    why: "The policy was asked about it because its `spec.rules` are too wide, and accepts it unread",
    fix: "narrow spec.rules of the policy",
    levels: [Warn],
};

impl Verdict {
    /// Accepts an object of a kind that the policy does not claim to read, and says so.
    pub fn unclaimed(request: &Request<'_>) -> Self {
        let mut verdict = Self::accept();
        let group = if request.kind.group.is_empty() {
            "the core group"
        } else {
            request.kind.group
        };
        let reason = format!(
            "{} of {group} is not a kind that this policy reads",
            quote(request.kind.kind)
        );
        // A group needs no quotes, but it comes from outside.
        let reason = message::one_line(&reason, MAX_EXPLANATION_CHARS);
        verdict.warn(&UNCLAIMED_KIND, &FieldPath::new("kind"), reason);
        verdict
    }
}
