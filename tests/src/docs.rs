//! Documents that are written from the code, the metadata and the cases: `make docs`.

pub mod artifacthub;
pub mod bundle;
pub mod charts;
pub mod explain;
pub mod markdown;
pub mod namespaced;
pub mod questions;
pub mod readme;
pub mod refusal;
pub mod rules;
pub mod settings;
pub mod versions;

use std::path::PathBuf;

use policy_metadata::Metadata;
use preflight::config;
use serde_json::{Map, Value, json};

use crate::project::{Project, VERSION};
use crate::settings::Description;
use crate::{deploy, policies, read, repository, settings as described};

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
        let text = artifacthub::package(&project, &metadata(policy)?, VERSION, pages)?;
        documents.push(Document::new(
            &format!("artifacthub/{policy}/{VERSION}/artifacthub-pkg.yml"),
            text,
        ));
    }
    let text = artifacthub::repository(&project)?;
    documents.push(Document::new("artifacthub/artifacthub-repo.yml", text));
    Ok(documents)
}

/// The Helm charts.
pub fn charts() -> Result<Vec<Document>, String> {
    let project = Project::read()?;
    let base = deploy::objects("base")?;
    let manifests = deploy::overlay("base")?;
    let strict = deploy::objects("overlays/strict")?;
    let named = |objects: &[Value], name: &str| {
        let found = objects
            .iter()
            .find(|object| object.pointer("/metadata/name") == Some(&json!(name)));
        found
            .cloned()
            .ok_or_else(|| format!("deploy/ has no {name}"))
    };
    let pages: Vec<_> = described::ALL
        .iter()
        .zip(readmes()?)
        .zip(forms()?)
        .map(|((description, readme), form)| {
            let policy = description.policy;
            let manifest = manifests.get(policy).cloned();
            let manifest = manifest.ok_or_else(|| format!("deploy/base has no {policy}"))?;
            Ok((
                description,
                metadata(policy)?,
                manifest,
                named(&strict, policy)?,
                form,
                readme,
            ))
        })
        .collect::<Result<_, String>>()?;
    let policies: Vec<charts::Policy<'_>> = pages
        .iter()
        .map(
            |(description, metadata, manifest, strict, form, readme)| charts::Policy {
                metadata,
                manifest,
                strict,
                schema: description.schema(),
                questions: &form.text,
                readme: &readme.text,
            },
        )
        .collect();
    let license = read(&repository("LICENSE"))?;
    let mut documents = Vec::new();
    let mut keep = |name: &str, files: Vec<charts::File>| {
        let license = ("LICENSE".to_owned(), license.clone());
        for (file, text) in files.into_iter().chain([license]) {
            documents.push(Document::new(&format!("charts/{name}/{file}"), text));
        }
    };
    for ((description, ..), policy) in pages.iter().zip(&policies) {
        keep(
            description.policy,
            charts::policy(&project, VERSION, policy)?,
        );
    }
    let is_role = |object: &&Value| {
        let kind = object.get("kind").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.starts_with("ClusterRole"))
    };
    let roles: Vec<&Value> = base.iter().filter(is_role).collect();
    let all = charts::bundle::Bundle {
        policies: &policies,
        roles: &roles,
        audited: &deploy::patched("components/audit-secrets", "/rules/-")?,
        secrets: &secrets()?,
        readme: &read(&repository(&format!(
            "charts/{}/README.md",
            charts::bundle::NAME
        )))?,
    };
    let files = charts::bundle::files(&project, VERSION, &all)?;
    keep(charts::bundle::NAME, files);
    Ok(documents)
}

/// What `deploy/components/read-secrets` does.
fn secrets() -> Result<charts::bundle::Secrets, String> {
    let component = "components/read-secrets";
    let patched = |path: &str| {
        let value = deploy::patched(component, path)?.pop();
        value.ok_or_else(|| format!("deploy/{component} has nothing for {path}"))
    };
    let word = |path: &str| Ok::<_, String>(patched(path)?.as_str().unwrap_or_default().to_owned());
    let kustomization = deploy::kustomization(component)?;
    let policy = kustomization.pointer("/patches/0/target/name");
    Ok(charts::bundle::Secrets {
        policy: policy
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        server: word("/spec/policyServer")?,
        setting: word("/spec/settings/secrets")?,
        kind: patched("/spec/contextAwareResources/-")?,
        objects: deploy::objects(component)?,
    })
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

/// The parts of pages in `docs/` that are written.
pub fn pages() -> Result<Vec<Document>, String> {
    let all: Vec<(String, Metadata)> = policies::all()?
        .into_iter()
        .map(|policy| metadata(&policy).map(|metadata| (policy, metadata)))
        .collect::<Result<_, String>>()?;
    let refusal = refusal::of_manifest("hostpath-mounts", "examples/shop/node/ci-runner.yaml")?;
    let pages = [
        ("deploying", "namespaced", namespaced::table(&all)),
        ("rancher", "refusal", refusal),
        ("refused", "message", refusal::explained()?),
        ("upgrading", "versions", versions::table()?),
    ];
    let page = |(page, name, part): (&str, &str, String)| {
        let path = format!("docs/{page}.md");
        let text = read(&repository(&path))?;
        let text =
            markdown::part(&text, name, &part).map_err(|error| format!("{path}: {error}"))?;
        Ok(Document::new(&path, text))
    };
    pages.into_iter().map(page).collect()
}
