//! The chart with all policies, for who does not use kustomize.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::artifacthub::maintainers;
use super::super::markdown;
use super::values::{self, MODES, about, comment};
use super::{
    CHOSEN, Chart, File, Home, IF_SECRETS, KUBERNETES, KUBEWARDEN, OF_ALL, Policy, WRITTEN, head,
    indented, object, registry, template, yaml,
};
use crate::project::Project;

/// Its name.
pub const NAME: &str = "admission-policies";

/// What is known of the policies together.
pub struct Bundle<'a> {
    /// The policies.
    pub policies: &'a [Policy<'a>],
    /// The other objects of `deploy/base`.
    pub roles: &'a [&'a Value],
    /// The rules that let the audit scanner read Secrets.
    pub audited: &'a [Value],
    /// What lets a policy read Secrets.
    pub secrets: &'a Secrets,
    /// The README as it is, with a table of values to be replaced.
    pub readme: &'a str,
}

/// What lets a policy read Secrets, by name, in the namespaces that values list: `deploy/components/read-secrets`.
pub struct Secrets {
    /// The policy.
    pub policy: String,
    /// The `PolicyServer` that is for it alone.
    pub server: String,
    /// What its setting `secrets` is then.
    pub setting: String,
    /// What it looks up then.
    pub kind: Value,
    /// The server, its account, and what this may read.
    pub objects: Vec<Value>,
}

/// Its files.
pub fn files(project: &Project, version: &str, bundle: &Bundle<'_>) -> Result<Vec<File>, String> {
    let policies = bundle.policies;
    let (registry, folder) = registry(&project.registry)?;
    let tag = format!("v{version}");
    let authors = project.authors.join(", ");
    let chart = Chart {
        api_version: "v2",
        name: NAME,
        version,
        app_version: version,
        description: "Admission policies that say what to write instead, for Kubewarden",
        kind: "application",
        kube_version: KUBERNETES,
        home: &project.homepage,
        sources: vec![&project.repository],
        keywords: vec!["Kubewarden", "admission", "policy"],
        maintainers: maintainers(&authors)?,
        annotations: BTreeMap::from([
            ("artifacthub.io/license", "Apache-2.0".to_owned()),
            (
                "catalog.cattle.io/display-name",
                "Admission policies".to_owned(),
            ),
            ("catalog.cattle.io/requires-gvr", KUBEWARDEN.to_owned()),
        ]),
    };
    let mut files = vec![
        ("Chart.yaml".to_owned(), head(&yaml(&chart)?)),
        (
            "values.yaml".to_owned(),
            values(policies, registry, folder, &tag)?,
        ),
        ("values-strict.yaml".to_owned(), strict(policies)?),
        (
            "values.schema.json".to_owned(),
            format!("{:#}\n", schema(policies)?),
        ),
        ("questions.yaml".to_owned(), questions(policies)?),
        (
            "README.md".to_owned(),
            markdown::part(bundle.readme, "values", &table())?,
        ),
        ("templates/rbac.yaml".to_owned(), roles(bundle)?),
        (
            "templates/read-secrets.yaml".to_owned(),
            reading(bundle.secrets)?,
        ),
    ];
    for policy in policies {
        let name = policy.name()?;
        let text = template(policy, Home::Bundle(bundle.secrets))?;
        files.push((format!("templates/{name}.yaml"), text));
    }
    Ok(files)
}

/// What the chart with all policies decides once: its name, its default, and what it does.
fn once() -> Vec<(&'static str, Value, String)> {
    let or_own = |key: &str| format!("{} Each policy may have its own, below.", about(key));
    vec![
        ("policyServer", json!("default"), or_own("policyServer")),
        ("mode", json!("protect"), or_own("mode")),
        ("timeoutSeconds", json!(5), or_own("timeoutSeconds")),
        (
            "kubewarden.namespace",
            json!(""),
            "Where Kubewarden runs. Empty: the namespace of this release.".to_owned(),
        ),
        (
            "kubewarden.policyServerAccount",
            json!("policy-server"),
            "The ServiceAccount of the policy server: policyServer.serviceAccountName of Kubewarden's chart.".to_owned(),
        ),
        (
            "kubewarden.auditScannerAccount",
            json!("audit-scanner"),
            "The ServiceAccount of the audit scanner: auditScanner.serviceAccountName of Kubewarden's chart.".to_owned(),
        ),
        (
            "rbac.create",
            json!(true),
            "Whether these accounts get what policies look up and the audit lists.".to_owned(),
        ),
        (
            "audit.secrets",
            json!(false),
            "Whether the audit scanner may read Secrets, all of them: it has no reports on them otherwise.".to_owned(),
        ),
        (
            "readSecrets.namespaces",
            json!([]),
            "The namespaces whose Secrets workload-references may read, by name. It gets a PolicyServer of its own then.".to_owned(),
        ),
        (
            "readSecrets.image",
            json!(""),
            "The image of that PolicyServer: that of the version of Kubewarden.".to_owned(),
        ),
    ]
}

/// The type of a value, in the words of JSON schemas.
fn kind(default: &Value) -> &'static str {
    match default {
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        _ => "string",
    }
}

/// `values.yaml`.
fn values(
    policies: &[Policy<'_>],
    registry: &str,
    folder: &str,
    tag: &str,
) -> Result<String, String> {
    let mut text = format!(
        "{WRITTEN} from deploy/base, which has the reasons.\n\
         global:\n  cattle:\n    # {}\n    systemDefaultRegistry: {registry}\n\
         module:\n  # The folder of the modules in the registry.\n  repository: {folder}\n  tag: {tag}\n",
        about("registry"),
    );
    let mut group = "";
    for (name, default, about) in once() {
        let (of, name) = name.split_once('.').unwrap_or(("", name));
        if of != group {
            text.extend([of, ":\n"]);
            group = of;
        }
        let indent = if of.is_empty() { 0 } else { 2 };
        text.push_str(&comment(&about, indent));
        text.push_str(&indented(&yaml(&json!({name: default}))?, indent));
    }
    text.push_str(&comment(
        "What each policy decides for itself. The README says what each of these does.",
        0,
    ));
    text.push_str("policies:\n");
    for policy in policies {
        let mut own = Map::from_iter([("enabled".to_owned(), json!(true))]);
        for key in CHOSEN.iter().chain(&["settings"]) {
            if !OF_ALL.contains(key) && *key != "module" {
                own.insert((*key).to_owned(), policy.value(key));
            }
        }
        let name = policy.name()?;
        text.push_str(&indented(&yaml(&json!({name: own}))?, 2));
    }
    Ok(text)
}

/// What the strict overlay changes, as values. Helm merges them as kustomize merges a patch of a custom resource: maps key by
/// key, lists as a whole.
fn strict(policies: &[Policy<'_>]) -> Result<String, String> {
    let mut changed = Map::new();
    for policy in policies {
        let strict = object(policy.strict, "spec");
        let is_value = |key: &String| CHOSEN.contains(&key.as_str()) || key == "settings";
        if let Some(key) = strict.keys().find(|key| !is_value(key)) {
            return Err(format!("no value decides spec.{key}"));
        }
        changed.insert(policy.name()?.to_owned(), Value::Object(strict));
    }
    Ok(format!(
        "{WRITTEN} from deploy/overlays/strict, which has the reasons: helm install --values values-strict.yaml\n{}",
        yaml(&json!({"policies": changed}))?
    ))
}

/// `values.schema.json`.
fn schema(policies: &[Policy<'_>]) -> Result<Value, String> {
    let mut top = values::places();
    let mut of_policies = Map::new();
    let mut definitions = Map::new();
    for (name, default, about) in once() {
        let own = values::properties().get(name).cloned();
        let mut schema = own.unwrap_or_else(|| json!({"type": kind(&default)}));
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), about.into());
        }
        match name.split_once('.') {
            None => drop(top.insert(name.to_owned(), schema)),
            Some((group, name)) => {
                let group = top.entry(group).or_insert_with(
                    || json!({"type": "object", "additionalProperties": false, "properties": {}}),
                );
                if let Some(Value::Object(properties)) = group.pointer_mut("/properties") {
                    properties.insert(name.to_owned(), schema);
                }
            }
        }
    }
    for policy in policies {
        let name = policy.name()?;
        let (settings, own) = values::moved(
            &policy.schema,
            &format!("#/definitions/{name}/definitions/"),
        );
        definitions.insert(name.to_owned(), json!({"definitions": own}));
        let mut properties = values::properties();
        properties.insert("enabled".to_owned(), json!({"type": "boolean"}));
        properties.insert("settings".to_owned(), settings);
        let schema =
            json!({"type": "object", "additionalProperties": false, "properties": properties});
        of_policies.insert(name.to_owned(), schema);
    }
    top.insert(
        "policies".to_owned(),
        json!({"type": "object", "additionalProperties": false, "properties": of_policies}),
    );
    Ok(values::schema(NAME, &top, &definitions))
}

/// The form that Rancher shows when the chart is installed.
fn questions(policies: &[Policy<'_>]) -> Result<String, String> {
    let mut questions = Vec::new();
    for (name, default, about) in once() {
        let mut question = json!({
            "variable": name, "label": name, "description": about, "default": default,
            "type": kind(&default), "group": "Kubewarden",
        });
        if name == "mode"
            && let Value::Object(question) = &mut question
        {
            question.insert("type".to_owned(), json!("enum"));
            question.insert("options".to_owned(), json!(MODES));
        }
        if name == "timeoutSeconds"
            && let Value::Object(question) = &mut question
        {
            question.insert("type".to_owned(), json!("int"));
        }
        if default.is_array()
            && let Value::Object(question) = &mut question
        {
            question.insert("type".to_owned(), json!("array["));
        }
        questions.push(question);
    }
    for policy in policies {
        questions.push(json!({
            "variable": format!("policies.{}.enabled", policy.name()?),
            "label": policy.annotation("io.artifacthub.displayName")?,
            "description": policy.annotation(policy_metadata::DESCRIPTION)?,
            "type": "boolean", "default": true, "group": "Policies",
        }));
    }
    Ok(head(&yaml(&json!({"questions": questions}))?))
}

/// Where Kubewarden runs.
const NAMESPACE: &str =
    "{{- $namespace := .Values.kubewarden.namespace | default .Release.Namespace }}\n";

/// What lets a policy read Secrets, with an image and namespaces from the values.
fn reading(secrets: &Secrets) -> Result<String, String> {
    let mut text = format!(
        "{{{{- /* Written by `make docs` from deploy/components/read-secrets, which has the reasons. */}}}}\n{NAMESPACE}{IF_SECRETS}\
         {{{{- $image := required \"readSecrets.image is missing\" .Values.readSecrets.image }}}}\n"
    );
    for object in &secrets.objects {
        let mut object = object.clone();
        let is_of_namespace = object.get("kind") == Some(&json!("RoleBinding"));
        for (field, value) in [
            ("/spec/image", "{{ $image }}"),
            ("/subjects/0/namespace", "{{ $namespace }}"),
            (
                "/metadata/namespace",
                if is_of_namespace {
                    "{{ . }}"
                } else {
                    "{{ $namespace }}"
                },
            ),
        ] {
            if let Some(field) = object.pointer_mut(field) {
                *field = value.into();
            }
        }
        let [begin, end] = if is_of_namespace {
            [
                "{{- range .Values.readSecrets.namespaces }}\n",
                "{{- end }}\n",
            ]
        } else {
            [""; 2]
        };
        text.extend([begin, "---\n", &yaml(&object)?, end]);
    }
    text.push_str("{{- end }}\n");
    Ok(text)
}

/// The roles, with accounts and a namespace from the values.
fn roles(bundle: &Bundle<'_>) -> Result<String, String> {
    let mut text = format!(
        "{{{{- /* Written by `make docs` from deploy/base/rbac.yaml, which has the reasons. */}}}}\n{NAMESPACE}\
         {{{{- if .Values.rbac.create }}}}\n"
    );
    for (number, role) in bundle.roles.iter().enumerate() {
        if number > 0 {
            text.push_str("---\n");
        }
        let mut role = (*role).clone();
        if let Some(subject) = role.pointer_mut("/subjects/0") {
            let account = match subject.get("name").and_then(Value::as_str) {
                Some("policy-server") => "policyServerAccount",
                Some("audit-scanner") => "auditScannerAccount",
                other => return Err(format!("no value names the account {other:?}")),
            };
            *subject = json!({
                "kind": "ServiceAccount",
                "name": format!("{{{{ .Values.kubewarden.{account} }}}}"),
                "namespace": "{{ $namespace }}",
            });
        }
        text.push_str(&yaml(&role)?);
        let is_audit = role.get("kind") == Some(&json!("ClusterRole"))
            && role.pointer("/metadata/name") == Some(&json!("admission-policies-audit"));
        if is_audit {
            text.push_str("{{- if .Values.audit.secrets }}\n");
            text.push_str(&yaml(&bundle.audited)?);
            text.push_str("{{- end }}\n");
        }
    }
    text.push_str("{{- end }}\n");
    Ok(text)
}

/// The table of values in the README.
fn table() -> String {
    let row = |(name, default, about): (&str, Value, String)| {
        let default = match default.as_str() {
            Some("") => "empty".to_owned(),
            Some(text) => markdown::code(text),
            None if default == json!([]) => "empty".to_owned(),
            None => markdown::code(&default.to_string()),
        };
        [markdown::code(name), default, about]
    };
    let mut rows: Vec<[String; 3]> = once().into_iter().map(row).collect();
    let of_policy = [
        ("enabled", "Whether the policy is there."),
        ("failurePolicy", about("failurePolicy")),
        ("backgroundAudit", about("backgroundAudit")),
        ("namespaceSelector", about("namespaceSelector")),
        ("matchConditions", about("matchConditions")),
        (
            "settings",
            "The settings of the policy, which its README lists.",
        ),
    ];
    rows.extend(of_policy.map(|(name, about)| {
        let name = markdown::code(&format!("policies.<policy>.{name}"));
        [name, "of each policy".to_owned(), about.to_owned()]
    }));
    markdown::table(["value", "default", "what it does"], &rows)
}

#[cfg(test)]
mod tests {
    use policy_metadata::Metadata;

    use super::*;

    #[test]
    fn what_the_strict_overlay_changes_has_to_be_a_value() {
        let metadata = "rules: []\nmutating: false\nexecutionMode: kubewarden-wapc\n\
                        annotations: {io.kubewarden.policy.title: web}\n";
        let metadata = Metadata::from_yaml(metadata).unwrap();
        let strict = |spec: Value| {
            let policy = Policy {
                metadata: &metadata,
                manifest: &Value::Null,
                strict: &json!({"spec": spec}),
                schema: Value::Null,
                questions: "",
                readme: "",
            };
            super::strict(&[policy])
        };
        let text = strict(json!({"failurePolicy": "Fail", "settings": {"a": "off"}})).unwrap();
        let expected =
            "policies:\n  web:\n    failurePolicy: Fail\n    settings:\n      a: \"off\"\n";
        assert_eq!(text.split_once('\n').unwrap().1, expected);
        assert_eq!(
            strict(json!({"rules": []})).unwrap_err(),
            "no value decides spec.rules"
        );
    }
}
