//! Puts every object through every policy that wants to see it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    Cluster, EvaluationError, Policy, Response,
    cluster::Grants,
    deployed::Deployed,
    manifests::{Manifests, Note, Object, Problem},
    report::{Finding, Judged, Report, Subject, Summary},
    review::Target,
};

mod scene;

pub use scene::Existing;
use scene::Scene;

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

/// Judges all manifests, as [`judge_in`] does it in an empty cluster.
pub fn judge(
    manifests: Manifests,
    policies: &[Configured],
    namespace: &str,
    now: Option<Timestamp>,
    progress: impl Fn() + Sync,
) -> Result<Report, JudgeError> {
    judge_in(
        Existing::default(),
        manifests,
        policies,
        namespace,
        now,
        progress,
    )
}

/// Judges all manifests. With what exists already they are the state of the cluster for look-ups.
///
/// `now` is when all objects are taken to be created; without it they have the time that is written, or none.
/// `progress` is called after each object.
pub fn judge_in(
    existing: Existing,
    manifests: Manifests,
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
    let scene = Scene::new(manifests.objects, existing, namespace, now);
    let mut report = Report {
        problems: manifests.problems,
        notes: manifests.notes,
        ..Report::default()
    };
    report.notes.extend(scene.notes(policies));
    report.summary = Summary {
        objects: scene.written().len(),
        policies: policies.len(),
        ..Summary::default()
    };
    let judged = scene.judge(policies, progress);
    let mut across = scene.across(&judged);
    for (number, (object, verdicts)) in scene.written().iter().zip(judged).enumerate() {
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
    report.count(position);
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
