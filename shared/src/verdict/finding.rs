//! What a rule says of one place of an object.

use std::borrow::Cow;
use std::fmt;

use crate::message::Line;
use crate::rule::Rule;

/// One thing that a rule found.
///
/// On an UPDATE a finding is new unless the old object had the same one. Two findings are the same when they are of one
/// rule and have one identity, wherever they are: lists grow at the front, too. The identity is the reason, as
/// [`Finding::new`] got it; what [`Finding::consequence`] adds is not part of it, and [`Finding::known_as`] replaces
/// it. [`Finding::amounting_to`] compares by place and amount instead. With [`Finding::concerning`] a finding is also
/// new when it concerns more than before.
///
/// It is boxed because findings are moved around a lot: one word each saves 2 KB in a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(pub(super) Box<Said>);

/// What a finding says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) rule: &'static Rule,
    pub(super) path: String,
    pub(super) reason: String,
    /// What tells the finding from others; none where it is the reason.
    pub(super) identity: Option<String>,
    pub(super) fix: Cow<'static, str>,
    /// Who and what is concerned.
    pub(super) concerned: Vec<String>,
    /// How much of something there is.
    pub(super) amount: Option<u64>,
}

impl Finding {
    /// A finding of `rule` at `path`. The reason says what is there, then what is wanted; lower case, no full stop,
    /// user text quoted with [`quote`](crate::quote()).
    pub fn new(rule: &'static Rule, path: &dyn fmt::Display, reason: impl Into<String>) -> Self {
        Self::of(rule, path, reason.into())
    }

    #[inline(never)]
    fn of(rule: &'static Rule, path: &dyn fmt::Display, reason: String) -> Self {
        Self(Box::new(Said {
            rule,
            path: path.to_string(),
            reason,
            identity: None,
            fix: Cow::Borrowed(rule.fix),
            concerned: Vec::new(),
            amount: None,
        }))
    }

    /// Says what to write instead more exactly than the rule can.
    #[must_use]
    pub fn fix(self, fix: impl Into<Cow<'static, str>>) -> Self {
        self.with_fix(fix.into())
    }

    #[inline(never)]
    fn with_fix(mut self, fix: Cow<'static, str>) -> Self {
        self.0.fix = fix;
        self
    }

    /// Adds to the reason what follows from it, such as `, so nothing works`. On an UPDATE a finding is not new only
    /// because something else follows.
    #[must_use]
    pub fn consequence(mut self, consequence: &str) -> Self {
        let Said {
            identity, reason, ..
        } = &mut *self.0;
        identity.get_or_insert_with(|| reason.clone());
        reason.push_str(consequence);
        self
    }

    /// Tells the finding from others of its rule by `identity` instead of its reason. On an UPDATE it is not new only
    /// because it is worded in another way, as that of a path in another spelling.
    #[must_use]
    pub fn known_as(self, identity: impl Into<String>) -> Self {
        self.with_identity(identity.into())
    }

    #[inline(never)]
    fn with_identity(mut self, identity: String) -> Self {
        self.0.identity = Some(identity);
        self
    }

    /// Names who and what is concerned, such as the containers that mount a volume. It is not printed, but on an
    /// UPDATE a finding is new when it concerns more than before.
    #[must_use]
    #[inline(never)]
    pub fn concerning(mut self, concerned: Vec<String>) -> Self {
        self.0.concerned = concerned;
        self
    }

    /// Says how much there is of what is too much. On an UPDATE the finding is new when there is more of it at the same
    /// place than there was, whatever the reason says.
    #[must_use]
    pub fn amounting_to(mut self, amount: u64) -> Self {
        self.0.amount = Some(amount);
        self
    }

    /// What tells the finding from others of its rule.
    pub(super) fn identity(&self) -> &str {
        self.0.identity.as_deref().unwrap_or(&self.0.reason)
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let concerned = self.0.concerned.iter();
        let concerned: usize = concerned.map(|user| user.len() + size_of::<String>()).sum();
        let identity = self.0.identity.as_deref().unwrap_or_default();
        self.0.path.len() + self.0.reason.len() + identity.len() + self.0.fix.len() + concerned
    }

    pub(super) fn line(&self) -> Line<'_> {
        Line {
            path: &self.0.path,
            reason: &self.0.reason,
            fix: Some(&self.0.fix),
            rule: Some(self.0.rule.id),
        }
    }
}
