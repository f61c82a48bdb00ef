//! Puts every object through every policy that wants to see it.

use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;
use serde_json::Value;

use crate::{
    Cluster, EvaluationError, Policy, Response, across,
    kinds::Kinds,
    manifests::{Manifests, Note, Object, Problem},
    report::{Finding, Report, Subject, Summary},
    review::{Target, complete, request, stamp},
};

/// A policy with its settings.
#[derive(Debug)]
pub struct Configured {
    /// The policy.
    pub policy: Policy,
    /// Its settings.
    pub settings: Value,
}

/// Policies that cannot take part.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// Nothing says which objects the policy wants.
    #[error(
        "{0} has no metadata, so nobody knows which objects it wants to see; annotate it with `kwctl annotate`, or \
         give it a single request with `preflight review --policy {0} FILE`"
    )]
    NoMetadata(String),
}

/// Judges all manifests. They are also the state of the cluster for look-ups.
///
/// `now` is when all objects are taken to be created; without it they have the time that is written, or none.
/// `progress` is called after each object.
pub fn judge(
    mut manifests: Manifests,
    policies: &[Configured],
    namespace: &str,
    now: Option<Timestamp>,
    progress: impl Fn() + Sync,
) -> Result<Report, JudgeError> {
    if let Some(unknown) = policies
        .iter()
        .find(|configured| configured.policy.metadata().is_none())
    {
        return Err(JudgeError::NoMetadata(unknown.policy.name().to_owned()));
    }
    let kinds = Kinds::of(manifests.objects.iter().map(|object| &object.value));
    let identities = across::identities(&manifests.objects, &kinds, namespace);
    let doubles = across::doubles::notes(&manifests.objects, &identities);
    manifests.notes.extend(doubles);
    for object in &mut manifests.objects {
        complete(&mut object.value, &kinds, namespace);
    }
    let cluster = Arc::new(Cluster::new(
        manifests.objects.iter().map(|object| object.value.clone()),
    ));
    // Only what is reviewed is being created: look-ups find the others as they are.
    if let Some(now) = now {
        for object in &mut manifests.objects {
            stamp(&mut object.value, now);
        }
    }
    let names = policies.iter().map(|configured| configured.policy.name());
    let mut across = across::refusals(&manifests.objects, &identities, names);

    let judged: Vec<Vec<Verdict<'_>>> = manifests
        .objects
        .par_iter()
        .enumerate()
        .map(|(number, object)| {
            let verdicts = judge_object(object, number, policies, &cluster);
            progress();
            verdicts
        })
        .collect();

    let mut report = Report {
        problems: manifests.problems,
        notes: manifests.notes,
        ..Report::default()
    };
    report.summary = Summary {
        objects: manifests.objects.len(),
        policies: policies.len(),
        ..Summary::default()
    };
    for (number, (object, verdicts)) in manifests.objects.iter().zip(judged).enumerate() {
        let across = across.remove(&number).unwrap_or_default();
        add(&mut report, object, verdicts, across);
    }
    Ok(report)
}

/// What one policy says of an object.
struct Verdict<'a> {
    policy: &'a str,
    result: Result<Response, EvaluationError>,
}

fn judge_object<'a>(
    object: &Object,
    number: usize,
    policies: &'a [Configured],
    cluster: &Arc<Cluster>,
) -> Vec<Verdict<'a>> {
    let request = request(&object.value, cluster.kinds(), number);
    let target = Target::of(&request);
    let wanted = |configured: &&Configured| {
        configured
            .policy
            .metadata()
            .is_some_and(|it| target.is_wanted_by(it))
    };
    let verdicts = policies
        .iter()
        .filter(wanted)
        .map(|Configured { policy, settings }| Verdict {
            policy: policy.name(),
            result: policy.validate(&request, settings, cluster.host(policy.metadata())),
        });
    verdicts.collect()
}

fn add(report: &mut Report, object: &Object, verdicts: Vec<Verdict<'_>>, across: Vec<Finding>) {
    let subject = Subject::of(object);
    let (mut refused, mut warned, mut unjudged) = (!across.is_empty(), false, false);
    let unseen = verdicts.is_empty();
    for Verdict { policy, result } in verdicts {
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                unjudged = true;
                let text = format!("{policy} could not judge {subject}: {error}");
                report.problems.push(Problem {
                    place: object.place(),
                    text,
                });
                continue;
            }
        };
        if !response.accepted {
            refused = true;
            report
                .refusals
                .extend(Finding::of_refusal(policy, object, &response));
        }
        for warning in &response.warnings {
            warned = true;
            report
                .warnings
                .push(Finding::of_warning(policy, object, warning));
        }
        if response.mutated_object.is_some() {
            let text = format!("{policy} would change {subject}; it was judged as it is written");
            report.notes.push(Note {
                place: object.place(),
                text,
            });
        }
    }
    report.refusals.extend(across);
    let summary = &mut report.summary;
    let count = if refused {
        &mut summary.refused
    } else if unjudged {
        &mut summary.unjudged
    } else if warned {
        &mut summary.warned
    } else {
        summary.unseen += usize::from(unseen);
        &mut summary.clean
    };
    *count += 1;
}
