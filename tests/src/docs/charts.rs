//! The Helm charts: one for each policy, as Rancher lists them, and one with all of them.
//!
//! Rancher's UI for Kubewarden reads the annotations, the questions and the README of a chart, and writes the policy itself.
//! What it wants is what `pkg2chart` of kubewarden/policy-catalog writes. `helm install` takes the same chart: it has
//! templates besides, which are those of `deploy/base`.

pub mod bundle;
mod values;

use std::collections::BTreeMap;

use policy_metadata::Metadata;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::artifacthub::{Maintainer, maintainers, yaml};
use super::markdown;
use crate::project::Project;

/// The first line of what is written here.
const WRITTEN: &str = "# Written by `make docs`";

/// What Kubewarden's chart provides, in Rancher's words.
const KUBEWARDEN: &str = "policyservers.policies.kubewarden.io/v1";

/// From here on, the conditions in CEL are served.
pub(super) const KUBERNETES: &str = ">= 1.30.0-0";

/// What the values of a chart decide. All else of a policy is fixed.
const CHOSEN: [&str; 8] = [
    "backgroundAudit",
    "failurePolicy",
    "matchConditions",
    "mode",
    "module",
    "namespaceSelector",
    "policyServer",
    "timeoutSeconds",
];

/// What those of one policy decide in the chart with all of them, where these are decided once.
const OF_ALL: [&str; 3] = ["mode", "policyServer", "timeoutSeconds"];

/// A file of a chart: its path in the folder of the chart, and its text.
pub type File = (String, String);

/// `Chart.yaml`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Chart<'a> {
    api_version: &'static str,
    name: &'a str,
    version: &'a str,
    app_version: &'a str,
    description: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    kube_version: &'static str,
    home: &'a str,
    sources: Vec<&'a str>,
    keywords: Vec<&'a str>,
    maintainers: Vec<Maintainer<'a>>,
    annotations: BTreeMap<&'static str, String>,
}

/// What is known of a policy.
pub struct Policy<'a> {
    /// Its metadata.
    pub metadata: &'a Metadata,
    /// Its manifest in `deploy/base`.
    pub manifest: &'a Value,
    /// What the strict overlay changes.
    pub strict: &'a Value,
    /// The schema of its settings.
    pub schema: Value,
    /// The form for them.
    pub questions: &'a str,
    /// Its README.
    pub readme: &'a str,
}

impl Policy<'_> {
    fn annotation(&self, key: &str) -> Result<&str, String> {
        let value = self.metadata.annotations.get(key).map(String::as_str);
        value.ok_or_else(|| format!("metadata.yml has no annotation {key}"))
    }

    fn name(&self) -> Result<&str, String> {
        self.annotation("io.kubewarden.policy.title")
    }

    /// A field of the manifest's `spec`.
    fn of_spec(&self, key: &str) -> &Value {
        let field = self.manifest.pointer(&format!("/spec/{key}"));
        field.unwrap_or(&Value::Null)
    }

    /// The same, as values have it: what is left out is written out.
    fn value(&self, key: &str) -> Value {
        match key {
            "namespaceSelector" if self.of_spec(key).is_null() => json!({}),
            "matchConditions" if self.of_spec(key).is_null() => json!([]),
            _ => self.of_spec(key).clone(),
        }
    }

    fn keywords(&self) -> Result<Vec<&str>, String> {
        let keywords = self.annotation("io.artifacthub.keywords")?.split(',');
        Ok(keywords.map(str::trim).collect())
    }
}

/// A reference such as `registry.example.com/policies`: the registry, and what is below it.
fn registry(reference: &str) -> Result<(&str, &str), String> {
    let parts = reference.split_once('/');
    parts.ok_or_else(|| format!("{reference:?} has no folder in a registry"))
}

/// The chart of a policy.
pub fn policy(project: &Project, version: &str, policy: &Policy<'_>) -> Result<Vec<File>, String> {
    let name = policy.name()?;
    let module = project.oci_url(name);
    let (registry, repository) = registry(&module)?;
    let tag = format!("v{version}");
    let mut annotations = BTreeMap::from([
        ("catalog.cattle.io/hidden", "true".to_owned()),
        ("catalog.cattle.io/requires-gvr", KUBEWARDEN.to_owned()),
        ("catalog.cattle.io/type", "kubewarden-policy".to_owned()),
        ("catalog.cattle.io/ui-component", "kubewarden".to_owned()),
        (
            "kubewarden/displayName",
            policy.annotation("io.artifacthub.displayName")?.to_owned(),
        ),
        ("kubewarden/mutation", policy.metadata.mutating.to_string()),
        // Rancher's UI makes the module of these three.
        ("kubewarden/registry", registry.to_owned()),
        ("kubewarden/repository", repository.to_owned()),
        ("kubewarden/tag", tag.clone()),
        (
            "kubewarden/resources",
            policy.annotation("io.artifacthub.resources")?.to_owned(),
        ),
        ("kubewarden/rules", yaml(policy.of_spec("rules"))?),
    ]);
    let looked_up = policy.of_spec("contextAwareResources");
    if !looked_up.is_null() {
        annotations.insert("kubewarden/contextAwareResources", yaml(looked_up)?);
    }
    let chart = Chart {
        api_version: "v2",
        name,
        version,
        app_version: version,
        description: policy.annotation(policy_metadata::DESCRIPTION)?,
        kind: "application",
        kube_version: KUBERNETES,
        home: &project.homepage,
        sources: vec![&project.repository],
        keywords: policy.keywords()?,
        maintainers: maintainers(policy.annotation("io.kubewarden.policy.author")?)?,
        annotations,
    };
    let blob = project.blob(version);
    let readme = markdown::absolute(policy.readme, &format!("policies/{name}"), &blob);
    Ok(vec![
        ("Chart.yaml".to_owned(), head(&yaml(&chart)?)),
        (
            "values.yaml".to_owned(),
            values::of_policy(policy, registry, repository, &tag)?,
        ),
        (
            "values.schema.json".to_owned(),
            format!("{:#}\n", values::schema_of_policy(policy)?),
        ),
        ("questions.yaml".to_owned(), policy.questions.to_owned()),
        ("README.md".to_owned(), readme),
        (
            "templates/policy.yaml".to_owned(),
            template(policy, Home::Own)?,
        ),
    ])
}

fn head(text: &str) -> String {
    format!("{WRITTEN}.\n{text}")
}

/// Moves all lines but empty ones to the right.
fn indented(text: &str, width: usize) -> String {
    textwrap::indent(text, &" ".repeat(width))
}

/// The registry, with a slash behind it unless there is none.
const REGISTRY: &str = "\
{{- $registry := \"\" }}
{{- with .Values.global.cattle.systemDefaultRegistry }}
{{- $registry = printf \"%s/\" . }}
{{- end }}
";

/// Where values let a policy read Secrets.
const IF_SECRETS: &str = "{{- if .Values.readSecrets.namespaces }}\n";

/// Where a template of a policy stands.
#[derive(Clone, Copy)]
enum Home<'a> {
    /// In the chart of the policy.
    Own,
    /// In the chart with all policies, whose values may let one of them read Secrets.
    Bundle(&'a bundle::Secrets),
}

/// The template of a policy.
fn template(policy: &Policy<'_>, home: Home<'_>) -> Result<String, String> {
    let name = policy.name()?;
    let mut text = format!(
        "{{{{- /* Written by `make docs` from deploy/base/{name}.yaml, which has the reasons. */}}}}\n{REGISTRY}"
    );
    let mut end = "";
    let mut granted = None;
    if let Home::Bundle(secrets) = home {
        text.extend(["{{- $policy := index .Values.policies \"", name, "\" }}\n"]);
        for key in OF_ALL {
            text.extend([
                "{{- $",
                key,
                " := $policy.",
                key,
                " | default .Values.",
                key,
                " }}\n",
            ]);
        }
        text.extend([
            "{{- $module := printf \"registry://%s%s/",
            name,
            ":%s\" $registry .Values.module.repository .Values.module.tag }}\n",
            "{{- $settings := $policy.settings | default dict }}\n",
        ]);
        if secrets.policy == name {
            text.extend([
                IF_SECRETS,
                "{{- $policyServer = \"",
                &secrets.server,
                "\" }}\n{{- $settings = merge (dict \"secrets\" \"",
                &secrets.setting,
                "\") $settings }}\n{{- end }}\n",
            ]);
            granted = Some(&secrets.kind);
        }
        text.push_str("{{- if $policy.enabled }}\n");
        end = "{{- end }}\n";
    } else {
        text.push_str("{{- $policy := .Values }}\n");
        for key in OF_ALL {
            text.extend(["{{- $", key, " := .Values.", key, " }}\n"]);
        }
        text.push_str(
            "{{- $module := printf \"registry://%s%s:%s\" $registry .Values.module.repository .Values.module.tag }}\n\
             {{- $settings := .Values.settings | default dict }}\n",
        );
    }
    let mut fixed = object(policy.manifest, "spec");
    fixed.retain(|key, _| !CHOSEN.contains(&key.as_str()) && key != "settings");
    // The last of the lists, for more may follow.
    let looked_up = fixed.remove("contextAwareResources");
    let top = json!({
        "apiVersion": policy.manifest.get("apiVersion"),
        "kind": policy.manifest.get("kind"),
        "metadata": object(policy.manifest, "metadata"),
    });
    text.push_str(&yaml(&top)?);
    text.push_str(
        "spec:
  module: {{ $module | quote }}
  policyServer: {{ $policyServer | quote }}
  mode: {{ $mode | quote }}
  failurePolicy: {{ if eq $mode \"monitor\" }}Ignore{{ else }}{{ $policy.failurePolicy }}{{ end }}
  timeoutSeconds: {{ $timeoutSeconds }}
  backgroundAudit: {{ $policy.backgroundAudit }}
{{- with $policy.namespaceSelector }}
  namespaceSelector:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- with $policy.matchConditions }}
  matchConditions:
    {{- toYaml . | nindent 4 }}
{{- end }}
",
    );
    text.push_str(&indented(&yaml(&fixed)?, 2));
    if let Some(looked_up) = looked_up {
        let list = yaml(&json!({"contextAwareResources": looked_up}))?;
        text.push_str(&indented(&list, 2));
    }
    if let Some(kind) = granted {
        text.push_str(IF_SECRETS);
        text.push_str(&indented(&yaml(&[kind])?, 2));
        text.push_str("{{- end }}\n");
    }
    text.push_str("  settings:\n    {{- toYaml $settings | nindent 4 }}\n");
    text.push_str(end);
    Ok(text)
}

/// A part of a manifest that is a map.
fn object(manifest: &Value, key: &str) -> Map<String, Value> {
    let part = manifest.get(key).and_then(Value::as_object);
    part.cloned().unwrap_or_default()
}
