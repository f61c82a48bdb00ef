//! What came out: findings with their places, for people ([`table`], [`markdown`], [`html`]), for programs ([`json`]), for
//! code hosts ([`sarif`], [`github`], [`gitlab`]) and for build servers ([`junit`]).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::message::Line;
use tree::Value;

use crate::{
    Policy, PolicyAnswer, Response,
    baseline::Compared,
    explain::{self, Page},
    fix::Replacement,
    judge::ActivePolicy,
    keda::Derived,
    manifests::{Note, Object, Place, Problem, Written},
};

mod by_namespace;
mod counted;
mod excepted;
mod frame;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod needed;
pub mod sarif;
pub mod summary;
pub mod table;
mod unjudged;

pub use excepted::{Because, Excepted};
pub use needed::Needed;
pub use summary::{Outcome, Summary};
pub use unjudged::{Reason, Unjudged};

pub use crate::manifests::printable;

/// All that one run has to say, in the order of the input.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The numbers.
    pub summary: Summary,
    /// How many objects each policy refuses or warns about, if any.
    pub by_policy: BTreeMap<String, Tally>,
    /// What a cluster would refuse.
    pub refusals: Vec<Reported>,
    /// What a cluster would let pass with a warning.
    pub warnings: Vec<Reported>,
    /// What objects need and no manifest has, in order of kind, namespace and name.
    pub needed_from_elsewhere: Vec<Needed>,
    /// What does not count, because the project says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excepted: Vec<Excepted>,
    /// What came of the baseline, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Compared>,
    /// What no policy reads, although it may end up in a cluster.
    pub unjudged: Vec<Unjudged>,
    /// What could not be read or checked, and why.
    pub problems: Vec<Problem>,
    /// What else is worth knowing. [`json`] adds a sentence for each of `unjudged`.
    #[serde(skip)]
    pub notes: Vec<Note>,
    /// All objects, also those of which there is nothing to say.
    #[serde(skip)]
    pub judged: Vec<Judged>,
}

/// How many objects one policy has something to say of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tally {
    /// Those that it refuses.
    pub refused: usize,
    /// Of the others, those that it warns about.
    pub warned: usize,
}

/// `2 refused, 1 with warnings`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.refused, "refused"), (self.warned, "with warnings")];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

impl Report {
    /// How many inputs could not be checked, in words, if any.
    fn unreadable(&self) -> Option<String> {
        match self.problems.len() {
            0 => None,
            1 => Some("1 input could not be checked".to_owned()),
            count => Some(format!("{count} inputs could not be checked")),
        }
    }

    /// Adds what was not checked, and counts it. Objects are counted where they are.
    pub fn leave<T: Into<Unjudged>>(&mut self, unjudged: impl IntoIterator<Item = T>) {
        for one in unjudged {
            let one = one.into();
            let summary = &mut self.summary;
            summary.left_out += usize::from(one.reason.is_of_files());
            summary.missing_policies += usize::from(one.reason == Reason::MissingPolicy);
            self.unjudged.push(one);
        }
    }

    /// Adds a finding about an object that is needed from elsewhere.
    pub(crate) fn need(&mut self, object: Subject, finding: Reported) {
        Needed::add(&mut self.needed_from_elsewhere, object, finding);
    }

    /// Says of each finding how bad the policy takes it to be.
    pub(crate) fn rate(&mut self, policies: &[ActivePolicy]) {
        let severities: BTreeMap<&str, &str> = policies
            .iter()
            .filter_map(|policy| Some((policy.name(), policy.severity()?)))
            .collect();
        let needed = self.needed_from_elsewhere.iter_mut();
        let needed = needed.flat_map(|needed| &mut needed.needed_by);
        let findings = self.refusals.iter_mut().chain(&mut self.warnings);
        for finding in findings.chain(needed) {
            let severity = severities.get(finding.policy.as_str());
            finding.severity = severity.map(|severity| (*severity).to_owned());
        }
    }

    /// Counts the objects of each policy.
    pub(crate) fn tally(&mut self) {
        let of = |findings: &[Reported]| -> BTreeSet<(String, usize)> {
            let findings = findings.iter();
            let findings = findings.map(|finding| (finding.policy.clone(), finding.position));
            findings.collect()
        };
        let (refused, warned) = (of(&self.refusals), of(&self.warnings));
        self.by_policy.clear();
        for (policy, _) in warned.difference(&refused) {
            self.by_policy.entry(policy.clone()).or_default().warned += 1;
        }
        for (policy, _) in refused {
            self.by_policy.entry(policy).or_default().refused += 1;
        }
    }
}

/// An object, and who judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The object.
    pub object: Subject,
    /// Where it stands.
    pub place: Place,
    /// The policies that judged it.
    pub policies: Vec<String>,
    /// What it is counted as.
    pub outcome: Outcome,
    /// Whether it was not checked, or not by every policy.
    pub is_unjudged: bool,
    /// How it is written.
    pub written: Arc<Written>,
}

/// One thing that a policy found, or preflight itself where no single review shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reported {
    /// The policy, or `preflight`.
    pub policy: String,
    /// The object.
    pub object: Subject,
    /// The position of the object in [`Report::judged`]: two objects may have one name.
    #[serde(skip)]
    pub position: usize,
    /// The file, and the line of the field.
    #[serde(flatten)]
    pub place: Place,
    /// The field, when the policy names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The field without the numbers of list items, by which a baseline knows it.
    #[serde(skip)]
    pub steady_field: Option<String>,
    /// What is there, then what is wanted.
    pub problem: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The id of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How bad it is, in the word of the policy: `low`, `medium`, `high` or `critical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The HTTP status of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// `monitor` where it would be a refusal, and is only reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    /// What to write in the file, where that needs no decision.
    #[serde(skip)]
    pub replacements: Vec<Replacement>,
    /// How many findings it stands for, where the policy only counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<usize>,
}

/// The name of an object.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subject {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace, of kinds that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// For people: what an object is called may be anything.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("{} ", self.kind);
        if let Some(namespace) = &self.namespace {
            text.extend([namespace, "/"]);
        }
        text.push_str(if self.name.is_empty() {
            "(without a name)"
        } else {
            &self.name
        });
        f.write_str(&printable(&text))
    }
}

impl Subject {
    /// Names an object.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        Self {
            api_version: object.api_version().to_owned(),
            kind: object.kind().to_owned(),
            namespace: object.namespace().map(ToOwned::to_owned),
            name: object.name().unwrap_or_default().to_owned(),
        }
    }
}

impl Reported {
    /// The findings of a refusal. Those of a group begin with its own message.
    pub(crate) fn of_answer(policy: &str, object: &Object, answer: &PolicyAnswer) -> Vec<Self> {
        let mut findings = Self::of_refusal(policy, object, &answer.response);
        for (member, refusal) in &answer.causes {
            for finding in Self::of_refusal(policy, object, refusal) {
                findings.push(Self {
                    problem: format!("{member}: {}", finding.problem),
                    ..finding
                });
            }
        }
        findings
    }

    /// One finding for each problem in a refusal. The message of a foreign policy is one finding as a whole.
    pub(crate) fn of_refusal(policy: &str, object: &Object, response: &Response) -> Vec<Self> {
        let message = response
            .message
            .as_deref()
            .unwrap_or("refused without a reason");
        let lines = shared::message::parse_refusal(message);
        let mut findings: Vec<Self> = if let Some(lines) = lines {
            let of_line = |line| Self::of_line(policy, object, line);
            let more = shared::message::parse_rest_of_refusal(message);
            let more = more.map(|count| Self::of_more(policy, object, count));
            lines.iter().map(of_line).chain(more).collect()
        } else {
            let malformed = Self::of_malformed(policy, object, message);
            vec![malformed.unwrap_or_else(|| Self::whole(policy, object, message))]
        };
        for finding in &mut findings {
            finding.code = response.code;
        }
        findings
    }

    /// The finding about the object at this position.
    pub(crate) fn at(self, position: usize, object: &Object) -> Self {
        let field = self.field.as_deref();
        Self {
            position,
            steady_field: field.map(|field| object.steady(field)),
            ..self
        }
    }

    /// The finding in the refusal of an object that is not what it should be. `None` when the text is another one.
    fn of_malformed(policy: &str, object: &Object, message: &str) -> Option<Self> {
        let (_, found) = message.split_once(" cannot be judged by ")?;
        let (_, line) = shared::message::parse_warning(found)?;
        let path = line.path.strip_prefix("object.")?;
        let fix = object.value_of(path);
        let fix = fix.and_then(|value| fix_of_type(value, line.reason));
        let line = Line { path, fix, ..line };
        Some(Self::of_line(policy, object, &line))
    }

    /// The finding as policies write it, with this rule behind it.
    pub(crate) fn line(&self, rule: Option<&str>) -> String {
        let line = Line {
            path: self.field.as_deref().unwrap_or_default(),
            reason: &self.told(),
            fix: self.fix.as_deref(),
            rule,
        };
        let line = line.to_string();
        match self.field {
            Some(_) => line,
            None => line.trim_start_matches(": ").to_owned(),
        }
    }

    /// What is told to people.
    pub(crate) fn told(&self) -> Cow<'_, str> {
        match self.mode {
            Some(mode) => format!("{} (only reported: mode is {mode})", self.problem).into(),
            None => self.problem.as_str().into(),
        }
    }

    /// The finding in a warning.
    pub(crate) fn of_warning(policy: &str, object: &Object, warning: &str) -> Self {
        if let Some(count) = shared::message::parse_rest_of_warnings(policy, warning) {
            return Self::of_more(policy, object, count);
        }
        match shared::message::parse_warning(warning) {
            Some((named, line)) if named == policy => Self::of_line(policy, object, &line),
            _ => Self::whole(policy, object, warning),
        }
    }

    /// The finding about what KEDA makes of an object, told about the object itself.
    pub(crate) fn of_derived(self, object: &Object, derived: &Derived) -> Self {
        let field = self.field.map(|field| derived.field(&field));
        let told = derived.retell(&self.problem);
        Self {
            place: object.place_of(field.as_deref().unwrap_or_default()),
            problem: format!("in {}, which KEDA makes of it: {told}", derived.name()),
            fix: self.fix.map(|fix| derived.retell(&fix)),
            field,
            ..self
        }
    }

    /// The finding with the fields of the `ScaledObject`, where it is about what KEDA makes of one.
    pub(crate) fn retold(self, all_derived: &[&Derived]) -> Self {
        let namespace = self.object.namespace.as_deref();
        let mut derived = all_derived.iter().filter(|derived| {
            derived.namespace() == namespace && derived.is_named_in(&self.problem)
        });
        match (derived.next(), derived.next()) {
            (Some(derived), None) => Self {
                problem: derived.retell(&self.problem),
                fix: self.fix.map(|fix| derived.retell(&fix)),
                ..self
            },
            _ => self,
        }
    }

    /// What a policy in `mode: monitor` would refuse.
    pub(crate) fn only_reported(self) -> Self {
        Self {
            mode: Some("monitor"),
            ..self
        }
    }

    fn of_line(policy: &str, object: &Object, line: &Line<'_>) -> Self {
        Self {
            place: object.place_of(line.path),
            field: Some(line.path.to_owned()),
            fix: line.fix.map(ToOwned::to_owned),
            rule: line.rule.map(ToOwned::to_owned),
            ..Self::whole(policy, object, line.reason)
        }
    }

    /// What a policy found beyond what it lists.
    pub(crate) fn of_more(policy: &str, object: &Object, count: usize) -> Self {
        let problem = format!("and {count} more, which the policy counts and does not list");
        Self {
            more: Some(count),
            ..Self::whole(policy, object, &problem)
        }
    }

    /// A finding about an object as a whole.
    pub(crate) fn whole(policy: &str, object: &Object, problem: &str) -> Self {
        Self {
            policy: policy.to_owned(),
            object: Subject::of(object),
            position: 0,
            place: object.place_of(""),
            field: None,
            steady_field: None,
            problem: problem.to_owned(),
            fix: None,
            rule: None,
            severity: None,
            code: None,
            mode: None,
            replacements: Vec::new(),
            more: None,
        }
    }
}

/// The page of the rule behind a finding. A resource may have another name than the policy that it runs.
fn page(finding: &Reported, policies: &[ActivePolicy]) -> Option<&'static Page> {
    let name = finding.policy.as_str();
    let configured = policies.iter().find(|policy| policy.name() == name);
    let policy = configured.and_then(ActivePolicy::policy);
    explain::page(policy.map_or(name, Policy::name), finding.rule.as_deref()?)
}

/// What to do about a value of the wrong type, where quotes are all that is wrong with it.
fn fix_of_type(value: &Value, problem: &str) -> Option<&'static str> {
    let wants = |what: &str| problem.starts_with(&format!("must be {what}, not "));
    match value {
        Value::Bool(_) | Value::Number(_) if wants("a string") => Some("quote it"),
        Value::String(text) => {
            let is_other = wants("a whole number") && text.parse::<i64>().is_ok()
                || wants("true or false") && text.parse::<bool>().is_ok();
            is_other.then_some("write it without quotes")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests;

    /// Line, field, problem and fix of what a policy says of this Service.
    fn finding(
        spec: &str,
        message: &str,
    ) -> (Option<usize>, Option<String>, String, Option<String>) {
        let text =
            format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec:\n  {spec}\n");
        let manifests = manifests::read_text("f.yaml", &text);
        let response = Response {
            accepted: false,
            message: Some(message.to_owned()),
            code: Some(400),
            warnings: Vec::new(),
            audit_annotations: std::collections::BTreeMap::new(),
            mutated_object: None,
        };
        let finding = Reported::of_refusal("p", &manifests.objects[0], &response).remove(0);
        assert_eq!(finding.code, Some(400));
        (
            finding.place.line,
            finding.field,
            finding.problem,
            finding.fix,
        )
    }

    #[test]
    fn a_value_of_the_wrong_type_has_a_line_and_maybe_a_fix() {
        for (spec, found, fix) in [
            (
                "type: 12",
                "type: must be a string, not a number",
                Some("quote it"),
            ),
            (
                "type: on",
                "type: must be a string, not true or false",
                Some("quote it"),
            ),
            ("type: []", "type: must be a string, not a list", None),
            (
                "port: '12'",
                "port: must be a whole number, not a string",
                Some("write it without quotes"),
            ),
            (
                "port: '1x'",
                "port: must be a whole number, not a string",
                None,
            ),
            (
                "flag: 'true'",
                "flag: must be true or false, not a string",
                Some("write it without quotes"),
            ),
        ] {
            let message = format!("Service default/a cannot be judged by p: object.spec.{found}");
            let (field, problem) = found.split_once(": ").unwrap();
            assert_eq!(
                finding(spec, &message),
                (
                    Some(5),
                    Some(format!("spec.{field}")),
                    problem.to_owned(),
                    fix.map(ToOwned::to_owned)
                )
            );
        }
    }

    #[test]
    fn what_names_no_field_of_the_object_is_told_as_it_is() {
        for message in [
            "Service default/a cannot be judged by p: request.uid: is missing",
            "Service default/a cannot be judged by p: is too large",
            "who cannot be judged by anyone",
        ] {
            let whole = (Some(1), None, message.to_owned(), None);
            assert_eq!(finding("a: 1", message), whole);
        }
    }
}
