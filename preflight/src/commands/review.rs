//! Judges one admission review.

use std::{
    error::Error,
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use anstyle::{AnsiColor, Style};
use preflight::{
    EvaluationError, MemoryCluster, PolicyAnswer,
    deployed::PolicyResource,
    judge::ActivePolicy,
    manifests::{self, bounded},
    report::{json as safe, printable},
    review::{Target, complete},
};
use serde_json::{Value, json};

use super::{NOT_JUDGED, REFUSED, configured_and_told, no_such_format, print};
use crate::{
    cli::{Common, Format},
    terminal,
};

const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();

/// What one policy says.
struct Evaluation<'a> {
    policy: &'a str,
    only_reports: bool,
    /// What a user reads in place of the message of a refusal.
    message: Option<&'a str>,
    result: Result<PolicyAnswer, EvaluationError>,
}

pub(super) fn run(common: &Common, file: &Path, cluster: &[PathBuf]) -> Result<u8, Box<dyn Error>> {
    let policies = configured_and_told(common)?;
    let request = read(file)?;
    let cluster = Arc::new(state(cluster, common.namespace())?);
    let target = Target::of(&request);
    let asked = |configured: &&ActivePolicy| {
        !common.policies.is_empty() || configured.wants(&target, &&request, &cluster)
    };
    let evaluations: Vec<Evaluation<'_>> = policies
        .iter()
        .filter(asked)
        .map(|configured| Evaluation {
            policy: configured.name(),
            only_reports: configured.only_reports(),
            message: configured
                .deployed
                .as_ref()
                .and_then(PolicyResource::message),
            result: configured.validate(&request, &cluster, false),
        })
        .collect();

    let text = match common.format {
        Format::Table => as_text(&evaluations, &target, terminal::width(common.width)),
        Format::Json => format!("{}\n", safe::text(&as_json(&evaluations)?)?),
        _ => return Err(no_such_format("review")),
    };
    print(&text, common.color)?;
    let refused = |evaluation: &Evaluation<'_>| {
        let refusal = evaluation.result.as_ref();
        !evaluation.only_reports && refusal.is_ok_and(|answer| !answer.response.accepted)
    };
    Ok(
        if evaluations
            .iter()
            .any(|evaluation| evaluation.result.is_err())
        {
            NOT_JUDGED
        } else if evaluations.iter().any(refused) {
            REFUSED
        } else {
            0
        },
    )
}

/// The request in a review, or the request that a file is.
fn read(file: &Path) -> Result<tree::Value, Box<dyn Error>> {
    let name = printable(&file.display().to_string());
    let text = bounded::read_to_string(file);
    let text = text.map_err(|error| format!("{name}: cannot be read: {error}"))?;
    // Several of them are most often meant for preflight itself.
    let is_of_reviews = |kind: &str| kind.eq_ignore_ascii_case("AdmissionReview");
    let read = manifests::read_text(&name, &text).objects;
    if !read.is_empty() && !read.iter().any(|object| is_of_reviews(object.kind())) {
        let text = format!(
            "{name}: holds manifests, and no AdmissionReview: check it with `preflight {name}`"
        );
        return Err(text.into());
    }
    let mut review = manifests::parse_one(&text).map_err(|error| format!("{name}, {error}"))?;
    let request = match review.get_mut("request") {
        Some(request) => std::mem::take(request),
        None => review,
    };
    let problem = problem(&request);
    problem.map_or(Ok(request), |problem| {
        Err(format!("{name}: {problem}").into())
    })
}

/// What keeps a request from being one that an API server would send.
fn problem(request: &tree::Value) -> Option<&'static str> {
    let operation = request.get("operation");
    if operation.is_none() || request.get("resource").is_none() {
        return Some(
            "neither an AdmissionReview nor its request: `operation` and `resource` must be there",
        );
    }
    if request.pointer("/kind/kind").is_none() {
        return Some("`kind` must be there, with the kind of the object in it");
    }
    let has = |field| request.get(field).is_some_and(tree::Value::is_object);
    let old = has("oldObject") || has("old_object");
    match operation.and_then(tree::Value::as_str) {
        Some("CREATE") if !has("object") => {
            Some("`object` must be there, for it is what a CREATE writes")
        }
        Some("UPDATE") if !has("object") => {
            Some("`object` must be there, for it is what an UPDATE writes")
        }
        Some("UPDATE") if !old => {
            Some("`oldObject` must be there, for it is what an UPDATE replaces")
        }
        Some("CREATE" | "UPDATE" | "DELETE" | "CONNECT") => None,
        _ => Some("`operation` must be CREATE, UPDATE, DELETE or CONNECT"),
    }
}

/// The objects that policies find when they look something up.
fn state(paths: &[PathBuf], namespace: &str) -> Result<MemoryCluster, Box<dyn Error>> {
    let read = manifests::read(paths);
    if let Some(problem) = read.problems.first() {
        return Err(format!("{}: {}", problem.place, printable(&problem.text)).into());
    }
    let mut objects: Vec<tree::Value> = read
        .objects
        .into_iter()
        .map(|object| Arc::unwrap_or_clone(object.value))
        .collect();
    let kinds = preflight::cluster::kinds::Kinds::of(&objects);
    for object in &mut objects {
        complete(object, &kinds, namespace);
    }
    Ok(MemoryCluster::new(objects))
}

fn as_json(evaluations: &[Evaluation<'_>]) -> Result<Value, serde_json::Error> {
    let mut responses = Vec::new();
    for evaluation in evaluations {
        let mut response = json!({"policy": evaluation.policy});
        if let Some(fields) = response.as_object_mut() {
            if evaluation.only_reports {
                fields.insert("mode".to_owned(), json!("monitor"));
            }
            if let Some(message) = evaluation.message {
                fields.insert("message".to_owned(), json!(message));
            }
            match &evaluation.result {
                Ok(answer) => {
                    let response = serde_json::to_value(&answer.response)?;
                    fields.insert("response".to_owned(), response);
                    if !answer.causes.is_empty() {
                        fields.insert("causes".to_owned(), causes(answer));
                    }
                }
                Err(error) => {
                    fields.insert("error".to_owned(), json!(error.to_string()));
                }
            }
        }
        responses.push(response);
    }
    Ok(json!({"version": 1, "responses": responses}))
}

fn causes(answer: &PolicyAnswer) -> Value {
    let causes = answer.causes.iter();
    causes
        .map(|(member, response)| json!({"policy": member, "message": response.message}))
        .collect()
}

fn as_text(evaluations: &[Evaluation<'_>], target: &Target, width: usize) -> String {
    let mut text = String::new();
    for Evaluation {
        policy,
        only_reports,
        message,
        result,
    } in evaluations
    {
        let (style, word) = match result {
            Ok(answer) if answer.response.accepted => (GREEN, "accepts it".to_owned()),
            Ok(_) if *only_reports => (YELLOW, "only reports it (mode: monitor)".to_owned()),
            Ok(answer) => (
                RED,
                answer
                    .response
                    .code
                    .map_or("refuses it".to_owned(), |code| {
                        format!("refuses it ({code})")
                    }),
            ),
            Err(_) => (RED, "could not check it".to_owned()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {style}{word}{style:#}", printable(policy));
        match result {
            Ok(PolicyAnswer {
                response, causes, ..
            }) => {
                let told = message.filter(|_| !response.accepted);
                if let Some(told) = told {
                    paragraph(&mut text, told, width);
                }
                if let Some(message) = &response.message {
                    let cause = if told.is_some() { "cause: " } else { "" };
                    paragraph(&mut text, &format!("{cause}{message}"), width);
                }
                for (member, refusal) in causes {
                    let reason = refusal.message.as_deref().unwrap_or_default();
                    paragraph(&mut text, &format!("cause: {member}: {reason}"), width);
                }
                for warning in &response.warnings {
                    paragraph(&mut text, &format!("warning: {warning}"), width);
                }
            }
            Err(error) => paragraph(&mut text, &error.to_string(), width),
        }
    }
    if evaluations.is_empty() {
        let Target {
            operation,
            resource,
            subresource,
            ..
        } = target;
        let slash = if subresource.is_empty() { "" } else { "/" };
        let target = printable(&format!("{operation} of {resource}{slash}{subresource}"));
        let _ = writeln!(text, "no policy covers {target}");
    }
    text
}

fn paragraph(text: &mut String, content: &str, width: usize) {
    let options = textwrap::Options::new(width)
        .initial_indent("  ")
        .subsequent_indent("  ")
        .break_words(false);
    // The lines of a refusal are those of this bundle, any others may be a stranger's.
    let is_list = shared::message::parse_refusal(content).is_some();
    let lines: Vec<&str> = if is_list {
        content.split('\n').collect()
    } else {
        vec![content]
    };
    for line in lines {
        let _ = writeln!(text, "{}", textwrap::fill(&printable(line), &options));
    }
}
