//! Documents that are written from the code, the metadata and the cases: `make docs`.

pub mod artifacthub;
pub mod bundle;
pub mod explain;
pub mod markdown;
pub mod pictures;
pub mod questions;
pub mod readme;
pub mod refusal;
pub mod rules;
pub mod settings;

use std::path::PathBuf;

use policy_metadata::Metadata;
use preflight::config;
use preflight::report::json as report;
use serde_json::{Map, Value, json};

use crate::project::{Project, VERSION};
use crate::settings::Description;
use crate::{policies, read, repository, settings as described};

/// A document as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it is.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

impl Document {
    fn new(path: &str, text: String) -> Self {
        let path = repository(path);
        Self { path, text }
    }

    fn json(path: &str, value: &Value) -> Self {
        Self::new(path, format!("{value:#}\n"))
    }
}

/// A file of a policy.
fn file(policy: &str, name: &str) -> String {
    format!("policies/{policy}/{name}")
}

/// The text of `metadata.yml`, with what it says of the project.
fn metadata_text(policy: &str) -> Result<String, String> {
    let path = file(policy, "metadata.yml");
    let text = read(&repository(&path))?;
    let lines = artifacthub::annotations(&Project::read()?, policy, VERSION);
    let text = markdown::replace(&text, "  # make docs: project", "  # end", &lines);
    text.map_err(|error| format!("{path}: {error}"))
}

/// The metadata of a policy.
pub fn metadata(policy: &str) -> Result<Metadata, String> {
    let metadata = Metadata::from_yaml(&metadata_text(policy)?);
    metadata.map_err(|error| format!("{policy}: {error}"))
}

/// The JSON schemas of the settings, and one for a file with the settings of all policies.
#[must_use]
pub fn schemas() -> Vec<Document> {
    let mut documents = Vec::new();
    let mut policies = Map::new();
    for description in described::ALL {
        let path = file(description.policy, "settings.schema.json");
        let reference = json!({"$ref": format!("../{path}")});
        policies.insert(description.policy.to_owned(), reference);
        documents.push(Document::json(&path, &description.schema()));
    }
    let all = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "preflight --settings",
        "description": "A map from the name of a policy to its settings.",
        "type": "object",
        "properties": policies,
        "additionalProperties": false,
    });
    documents.push(Document::json("preflight/settings.schema.json", &all));
    documents.push(Document::json(
        "preflight/config.schema.json",
        &configuration(),
    ));
    documents.push(Document::json(
        "preflight/report.schema.json",
        &report::schema(),
    ));
    documents
}

/// The JSON schema of `.preflight.yaml`.
fn configuration() -> Value {
    let mut schema = described::schema_of(config::NAME, &config::described());
    // A file, or what would be in it.
    let settings = json!([{"type": "string"}, {"$ref": "settings.schema.json"}]);
    if let Some(property) = schema
        .pointer_mut("/properties/settings")
        .and_then(Value::as_object_mut)
    {
        property.remove("type");
        property.insert("anyOf".to_owned(), settings);
    }
    schema
}

/// The forms for the settings.
pub fn forms() -> Result<Vec<Document>, String> {
    let one = |description: &Description| {
        let text = questions::render((description.settings)().settings())?;
        Ok(Document::new(
            &file(description.policy, "questions-ui.yml"),
            text,
        ))
    };
    described::ALL.iter().map(one).collect()
}

/// What `metadata.yml` says of the project.
pub fn annotations() -> Result<Vec<Document>, String> {
    let one = |policy: String| {
        let text = metadata_text(&policy)?;
        Ok(Document::new(&file(&policy, "metadata.yml"), text))
    };
    policies::all()?.into_iter().map(one).collect()
}

/// The packages for Artifact Hub, and the file about all of them.
pub fn packages() -> Result<Vec<Document>, String> {
    let project = Project::read()?;
    let mut documents = Vec::new();
    for (description, readme) in described::ALL.iter().zip(readmes()?) {
        let policy = description.policy;
        let pages = artifacthub::Pages {
            questions: &questions::render((description.settings)().settings())?,
            readme: &readme.text,
        };
        let text = artifacthub::package(&metadata(policy)?, VERSION, &project.released, pages)?;
        documents.push(Document::new(
            &format!("artifacthub/{policy}/{VERSION}/artifacthub-pkg.yml"),
            text,
        ));
    }
    let text = artifacthub::repository(&project)?;
    documents.push(Document::new("artifacthub/artifacthub-repo.yml", text));
    Ok(documents)
}

/// The parts of the policies' READMEs that are written.
pub fn readmes() -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    for (description, (policy, rules)) in described::ALL.iter().zip(policies::RULES) {
        let path = file(policy, "README.md");
        let mut text = read(&repository(&path))?;
        for (name, part) in [
            ("refusal", refusal::render(policy)?),
            ("rules", rules::table(rules)),
            (
                "settings",
                settings::table((description.settings)().settings()),
            ),
        ] {
            text =
                markdown::part(&text, name, &part).map_err(|error| format!("{path}: {error}"))?;
        }
        documents.push(Document::new(&path, text));
    }
    Ok(documents)
}

/// The READMEs of the bundle, in English and in Korean, but for what commands print.
pub fn bundle() -> Result<Vec<Document>, String> {
    let all: Result<Vec<_>, String> = policies::all()?
        .iter()
        .map(|policy| metadata(policy))
        .collect();
    let all = all?;
    let page = |(name, language): (&str, &bundle::Language)| {
        let text = read(&repository(name))?;
        let table = bundle::table(language, &all, &bundle::descriptions(&text))?;
        let text = markdown::part(&text, "policies", &table)
            .and_then(|text| markdown::part(&text, "message", &refusal::explained()?))
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(Document::new(name, text))
    };
    let pages = [
        ("README.md", &bundle::ENGLISH),
        ("README.ko.md", &bundle::KOREAN),
    ];
    pages.into_iter().map(page).collect()
}
