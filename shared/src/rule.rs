//! What a policy looks for.

/// One thing that a policy finds. Each rule is a constant in a file named after its id, `rules/<id>.rs`, so that the id
/// at the end of a message leads to the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The pattern that is found, in snake case: `missing_request`.
    pub id: &'static str,
    /// What is found, in a sentence.
    pub summary: &'static str,
    /// What goes wrong in the cluster otherwise.
    pub why: &'static str,
    /// What to write instead, as an imperative without a full stop. A finding may replace it by a more exact one.
    pub fix: &'static str,
}
