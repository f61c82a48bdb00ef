//! What is wrong with pairs, each thing once: several metrics may need one request, and so may several autoscalers.

use shared::{Finding, Level, Rule, Verdict};

/// At most this many findings wait for others that say the same. There may be thousands of them.
const MAX_WAITING: usize = 64;

/// Collects findings about pairs, and reports them to a verdict.
pub(crate) struct Report<'v> {
    pub(crate) verdict: &'v mut Verdict,
    /// How serious they may be at most.
    most: Level,
    waiting: Vec<Found>,
}

/// Something that was found in a pair.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    pub(crate) path: String,
    /// What is there. Tells it from others, with the fix and the path.
    pub(crate) what: String,
    /// What is there besides, which does not tell it from others.
    pub(crate) besides: String,
    /// What does not work, without a comma before it.
    pub(crate) effect: String,
    /// What follows from that, where there is nothing else that does not work.
    pub(crate) rest: &'static str,
    /// The autoscaler, and its metric. Empty where the finding is about the autoscaler itself.
    pub(crate) concerned: [String; 2],
    pub(crate) fix: String,
}

impl<'v> Report<'v> {
    pub(crate) fn new(most: Level, verdict: &'v mut Verdict) -> Self {
        Self {
            verdict,
            most,
            waiting: Vec::new(),
        }
    }

    /// Counts what is wrong, where it will not be read. Says whether that was so.
    pub(crate) fn count_unread(&mut self, rule: &'static Rule, level: Level) -> bool {
        let level = self.verdict.capped(level.at_most(self.most));
        // The first refusal has words, whatever was said before.
        let is_read =
            self.verdict.keeps_findings() || level == Level::Deny && self.verdict.is_accepted();
        if !is_read {
            self.verdict.report(level, Finding::new(rule, &"", ""));
        }
        !is_read
    }

    /// Adds what was found, to what says the same if there is any.
    pub(crate) fn add(&mut self, mut found: Found) {
        found.level = found.level.at_most(self.most);
        if let Some(known) = self.waiting.iter_mut().find(|known| known.is_same(&found)) {
            known.take_in(found);
            return;
        }
        if self.waiting.len() == MAX_WAITING {
            self.flush();
        }
        self.waiting.push(found);
    }

    /// Reports what has waited.
    pub(crate) fn flush(&mut self) {
        for found in std::mem::take(&mut self.waiting) {
            let consequence = format!("{}, so {}{}", found.besides, found.effect, found.rest);
            let finding = Finding::new(found.rule, &found.path, found.what);
            let finding = finding.consequence(&consequence).fix(found.fix);
            self.verdict.report(found.level, finding);
        }
    }
}

impl Found {
    /// Whether the other one has to be corrected by the same change.
    fn is_same(&self, other: &Self) -> bool {
        (&self.what, &self.fix) == (&other.what, &other.fix)
            && self.level == other.level
            && (self.path == other.path || other.concerned.iter().all(String::is_empty))
    }

    fn take_in(&mut self, other: Self) {
        let [autoscaler, metric] = &other.concerned;
        // Of one autoscaler it is said once.
        if self.concerned.first() != other.concerned.first() {
            self.effect.push_str(", nor does ");
            self.effect.push_str(autoscaler);
            self.effect.push_str(metric);
            self.rest = "";
            self.concerned = other.concerned;
        }
    }
}
