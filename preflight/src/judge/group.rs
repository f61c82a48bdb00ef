//! Groups of policies, whose answers an expression puts together.
//!
//! The policy server evaluates the expression with a function for each member, which is true where that accepts. It
//! tells `spec.message`, with the refusals of the members that were asked as causes, and hands on no warnings. Source:
//! kubewarden/adm-controller, `crates/policy-evaluator/src/policy_group_evaluator/evaluator.rs`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use cel::{Context, Program, Value as Cel};
use serde::Serialize;

use super::{Member, surroundings::Surroundings};
use crate::{EvaluationError, PolicyAnswer, Response};

/// A group of policies.
#[derive(Debug)]
pub struct Group {
    members: BTreeMap<String, Member>,
    expression: String,
    program: Program,
    message: String,
}

/// An expression that is not one of members and operators.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExpressionError {
    /// It cannot be read.
    #[error("its expression is not members, &&, || and !")]
    Malformed,
    /// There is no member of this name.
    #[error("its expression calls {0}, which is not in spec.policies")]
    UnknownMember(String),
    /// Nothing can be decided by it.
    #[error("its expression gives neither true nor false")]
    NotBoolean,
}

impl Group {
    pub(crate) fn new(
        members: BTreeMap<String, Member>,
        expression: String,
        message: String,
    ) -> Result<Self, ExpressionError> {
        let program = Program::compile(&expression).map_err(|_| ExpressionError::Malformed)?;
        // Where `||` decides early, an evaluation does not show all of them. Operators are called `_||_` and `!_`.
        let references = program.references();
        let mut names = references.functions();
        names.extend(references.variables());
        let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        names.retain(|name| is_name(name));
        names.sort_unstable();
        if let Some(unknown) = names.iter().find(|name| !members.contains_key(**name)) {
            return Err(ExpressionError::UnknownMember((*unknown).to_owned()));
        }
        let group = Self {
            members,
            expression,
            program,
            message,
        };
        let all_accept = group.members.keys().map(|name| (name.as_str(), true));
        match group.evaluate(all_accept) {
            Some(_) => Ok(group),
            None => Err(ExpressionError::NotBoolean),
        }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Member)> {
        let members = self.members.iter();
        members.map(|(name, member)| (name.as_str(), member))
    }

    pub(super) fn expression(&self) -> &str {
        &self.expression
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// What comes of these answers, and which of them were asked for. `None` when the expression cannot be evaluated.
    fn evaluate<'a>(
        &self,
        answers: impl Iterator<Item = (&'a str, bool)>,
    ) -> Option<(bool, Vec<String>)> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut context = Context::default();
        for (name, accepts) in answers {
            let asked = Arc::clone(&asked);
            let called = name.to_owned();
            let function = move || {
                let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
                asked.push(called.clone());
                accepts
            };
            context.add_function(name, function).ok()?;
        }
        let Ok(Cel::Bool(accepted)) = self.program.execute(&context) else {
            return None;
        };
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some((accepted, asked))
    }

    pub(super) fn validate(
        &self,
        request: &(impl Serialize + ?Sized),
        surroundings: &Surroundings,
        unabridged: bool,
    ) -> Result<PolicyAnswer, EvaluationError> {
        let (mut answers, mut gets) = (BTreeMap::new(), Vec::new());
        for (name, member) in self.members() {
            // Which of them are asked, the expression decides.
            let answer = member.validate(request, surroundings, unabridged);
            let answer = answer.map(|(response, got)| {
                gets.extend(got);
                immutable(response)
            });
            answers.insert(name, answer);
        }
        let accepts = answers.iter().map(|(name, answer)| {
            let accepts = answer.as_ref().is_ok_and(|answer| answer.accepted);
            (*name, accepts)
        });
        let evaluated = self.evaluate(accepts);
        let (accepted, asked) = evaluated.ok_or(EvaluationError::Expression)?;
        let mut causes = Vec::new();
        for name in asked {
            if let Some(answer) = answers.remove(name.as_str()) {
                let answer = answer?;
                if !answer.accepted {
                    causes.push((name, answer));
                }
            }
        }
        if accepted {
            causes.clear();
        }
        Ok(PolicyAnswer {
            response: Response {
                accepted,
                message: (!accepted).then(|| self.message.clone()),
                code: None,
                warnings: Vec::new(),
                audit_annotations: BTreeMap::new(),
                mutated_object: None,
            },
            causes,
            gets,
        })
    }
}

/// A member that changes the object does not accept it.
fn immutable(response: Response) -> Response {
    if response.mutated_object.is_none() {
        return response;
    }
    Response {
        accepted: false,
        message: Some("mutation is not allowed inside of policy group".to_owned()),
        ..response
    }
}
