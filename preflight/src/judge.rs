//! Puts every object through every policy that wants to see it.

use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;
use serde_json::Value;

use crate::{
    Cluster, EvaluationError, Policy, Response, across,
    cluster::Grants,
    deployed::Deployed,
    kinds::Kinds,
    manifests::{Manifests, Note, Object, Problem},
    report::{Finding, Judged, Report, Subject, Summary},
    review::{Target, complete, request, stamp},
};

/// A policy with its settings.
#[derive(Debug)]
pub struct Configured {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Its settings.
    pub settings: Value,
    /// The resource of the cluster that both are from, if they are.
    pub deployed: Option<Deployed>,
}

impl Configured {
    /// With the rules and look-ups of its own metadata.
    #[must_use]
    pub fn new(policy: impl Into<Arc<Policy>>, settings: Value) -> Self {
        Self {
            policy: policy.into(),
            settings,
            deployed: None,
        }
    }

    /// The name in reports: of the resource, or of the policy itself.
    #[must_use]
    pub fn name(&self) -> &str {
        let deployed = self.deployed.as_ref();
        deployed.map_or(self.policy.name(), |deployed| &deployed.name)
    }

    /// Whether it is asked about this request.
    #[must_use]
    pub fn wants(&self, target: &Target, request: &Value, cluster: &Cluster) -> bool {
        let by_metadata = || {
            let metadata = self.policy.metadata();
            metadata.is_some_and(|metadata| target.is_wanted_by(metadata))
        };
        let deployed = self.deployed.as_ref();
        deployed.map_or_else(by_metadata, |deployed| {
            deployed.wants(target, request, cluster)
        })
    }

    /// Judges a request. It may look up what its metadata grants or, in a cluster, what its resource does.
    pub fn validate(
        &self,
        request: &Value,
        cluster: &Arc<Cluster>,
    ) -> Result<Response, EvaluationError> {
        let mut grants = Grants::of(self.policy.metadata());
        if let Some(deployed) = &self.deployed {
            grants = grants.with_kinds(&deployed.grants);
        }
        self.policy
            .validate(request, &self.settings, cluster.host_with(grants))
    }

    /// Whether it refuses nothing.
    #[must_use]
    pub fn only_reports(&self) -> bool {
        self.deployed.as_ref().is_some_and(Deployed::only_reports)
    }
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
    let without_rules = |configured: &&Configured| {
        configured.deployed.is_none() && configured.policy.metadata().is_none()
    };
    if let Some(unknown) = policies.iter().find(without_rules) {
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
    for deployed in policies.iter().filter_map(|one| one.deployed.as_ref()) {
        let homes = manifests.objects.iter().filter_map(Object::namespace);
        let note = deployed.note_of_namespaces(homes, &cluster);
        manifests.notes.extend(note);
    }

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

    // What no review shows is refused where the policy that it belongs to is asked, and may refuse.
    let is_enforced = |policy: &str, number: usize| {
        let mut verdicts = judged.get(number).into_iter().flatten();
        verdicts.any(|verdict| verdict.by.policy.name() == policy && !verdict.by.only_reports())
    };
    let mut across = across::refusals(&manifests.objects, &identities, is_enforced);

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
    by: &'a Configured,
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
    policies
        .iter()
        .filter(|configured| configured.wants(&target, &request, cluster))
        .map(|by| Verdict {
            by,
            result: by.validate(&request, cluster),
        })
        .collect()
}

fn add(report: &mut Report, object: &Object, verdicts: Vec<Verdict<'_>>, across: Vec<Finding>) {
    let subject = Subject::of(object);
    let (mut refused, mut warned, mut unjudged) = (!across.is_empty(), false, false);
    let unseen = verdicts.is_empty();
    let position = report.judged.len();
    let here = |finding: Finding| finding.at(position);
    report.judged.push(Judged {
        object: subject.clone(),
        place: object.place(),
        policies: verdicts
            .iter()
            .filter(|verdict| verdict.result.is_ok())
            .map(|verdict| verdict.by.name().to_owned())
            .collect(),
    });
    for Verdict { by, result } in verdicts {
        let policy = by.name();
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
            let findings = Finding::of_refusal(policy, object, &response);
            let findings = findings.into_iter().map(here);
            if by.only_reports() {
                warned = true;
                report.warnings.extend(findings.map(Finding::only_reported));
            } else {
                refused = true;
                report.refusals.extend(findings);
            }
        }
        for warning in &response.warnings {
            warned = true;
            let finding = Finding::of_warning(by.policy.name(), object, warning);
            report.warnings.push(here(Finding {
                policy: policy.to_owned(),
                ..finding
            }));
        }
        if response.mutated_object.is_some() {
            let text = format!("{policy} would change {subject}; it was judged as it is written");
            report.notes.push(Note {
                place: object.place(),
                text,
            });
        }
    }
    report.refusals.extend(across.into_iter().map(here));
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
