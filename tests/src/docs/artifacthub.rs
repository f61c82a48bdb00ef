//! What Artifact Hub reads of the policies, with the fields that `kwctl scaffold artifacthub` writes.
//!
//! Source: `crates/policy-evaluator/src/policy_artifacthub.rs` and `crates/kwctl/src/scaffold/artifacthub.rs` in
//! kubewarden/adm-controller.

use std::collections::BTreeMap;

use policy_metadata::Metadata;
use serde::Serialize;

use crate::docs::markdown;
use crate::project::{Change, Project};

/// What is hard-coded in `kwctl`.
const PROVIDER: &str = "kubewarden";

/// The chart of Kubewarden. `kwctl` names the one of before 1.37.
const RECOMMENDATION: &str = "https://artifacthub.io/packages/helm/kubewarden/admission-controller";

/// `artifacthub-pkg.yml`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    version: &'a str,
    name: &'a str,
    display_name: &'a str,
    created_at: String,
    description: &'a str,
    license: &'a str,
    #[serde(rename = "homeURL")]
    home_url: &'a str,
    containers_images: [ContainerImage; 1],
    keywords: Vec<&'a str>,
    links: Vec<Link>,
    readme: String,
    install: String,
    maintainers: Vec<Maintainer<'a>>,
    provider: Provider,
    recommendations: [Recommendation; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<PackageChange>,
    annotations: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct ContainerImage {
    name: &'static str,
    image: String,
}

#[derive(Debug, Serialize)]
struct Link {
    name: &'static str,
    url: String,
}

/// Who keeps a package.
#[derive(Debug, Serialize)]
pub(super) struct Maintainer<'a> {
    name: &'a str,
    email: &'a str,
}

#[derive(Debug, Serialize)]
struct Provider {
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct Recommendation {
    url: &'static str,
}

#[derive(Debug, Serialize)]
struct PackageChange {
    kind: &'static str,
    description: String,
}

/// `artifacthub-repo.yml`.
#[derive(Debug, Serialize)]
struct Repository<'a> {
    #[serde(rename = "repositoryID", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    owners: Vec<Maintainer<'a>>,
}

/// The annotations of `metadata.yml` that are the same for all policies, or follow from their names.
#[must_use]
pub fn annotations(project: &Project, policy: &str, version: &str) -> String {
    let of_policy = |name: &str, value: &str| format!("  io.kubewarden.policy.{name}: {value}\n");
    [
        of_policy("author", &project.authors.join(", ")),
        of_policy("ociUrl", &project.oci_url(policy)),
        of_policy("source", &project.repository),
        of_policy("url", &project.homepage),
        of_policy("version", version),
    ]
    .concat()
}

/// The pages of a policy that its package shows.
#[derive(Debug, Clone, Copy)]
pub struct Pages<'a> {
    /// The form for its settings.
    pub questions: &'a str,
    /// Its `README.md`.
    pub readme: &'a str,
}

/// The package of the version of a policy that the project has now.
pub fn package(
    project: &Project,
    metadata: &Metadata,
    version: &str,
    pages: Pages<'_>,
) -> Result<String, String> {
    let annotation = |key: &str| {
        let value = metadata.annotations.get(key).map(String::as_str);
        value.ok_or_else(|| format!("metadata.yml has no annotation {key}"))
    };
    let of_policy = |name: &str| annotation(&format!("io.kubewarden.policy.{name}"));
    let (title, source) = (of_policy("title")?, of_policy("source")?);
    let image = format!("{}:v{version}", of_policy("ociUrl")?);
    let looks_up = !metadata.context_aware_resources.is_empty();
    let blob = format!("{source}/blob/v{version}");
    let mut annotations = BTreeMap::from([
        ("kubewarden/mutation", metadata.mutating.to_string()),
        ("kubewarden/questions-ui", pages.questions.to_owned()),
        (
            "kubewarden/resources",
            annotation("io.artifacthub.resources")?.to_owned(),
        ),
        ("kubewarden/rules", yaml(&metadata.rules)?),
    ]);
    if looks_up {
        annotations.insert(
            "kubewarden/contextAwareResources",
            yaml(&metadata.context_aware_resources)?,
        );
    }
    let package = Package {
        version,
        name: title,
        display_name: annotation("io.artifacthub.displayName")?,
        created_at: format!("{}T00:00:00Z", project.released),
        description: of_policy("description")?,
        license: of_policy("license")?,
        home_url: of_policy("url")?,
        keywords: annotation("io.artifacthub.keywords")?
            .split(',')
            .map(str::trim)
            .collect(),
        links: links(source, version, title),
        readme: markdown::absolute(pages.readme, &format!("policies/{title}"), &blob),
        install: install(&image, looks_up, &blob),
        maintainers: maintainers(of_policy("author")?)?,
        containers_images: [ContainerImage {
            name: "policy",
            image,
        }],
        provider: Provider { name: PROVIDER },
        recommendations: [Recommendation {
            url: RECOMMENDATION,
        }],
        changes: changes(&project.changes, title),
        annotations,
    };
    Ok(format!("# Written by `make docs`.\n{}", yaml(&package)?))
}

/// What is new in a policy: the entries that begin with its name, and those of all policies. Artifact Hub shows them as they
/// are, without Markdown.
fn changes(all: &[Change], policy: &str) -> Vec<PackageChange> {
    let name = markdown::code(policy);
    let is_of = |change: &&Change| {
        change.text.starts_with(&name) || change.text.starts_with("All policies")
    };
    let change = |change: &Change| PackageChange {
        kind: match change.heading.as_str() {
            "Added" => "added",
            "Deprecated" => "deprecated",
            "Fixed" => "fixed",
            "Removed" => "removed",
            "Security" => "security",
            _ => "changed",
        },
        description: change.text.replace('`', ""),
    };
    all.iter().filter(is_of).map(change).collect()
}

/// Who keeps all packages.
pub fn repository(project: &Project) -> Result<String, String> {
    let authors = project.authors.join(", ");
    let owners = maintainers(&authors)?;
    Ok(format!(
        "# Written by `make docs`.\n{}",
        yaml(&Repository {
            id: project.artifacthub.as_deref(),
            owners
        })?
    ))
}

pub(super) fn yaml(value: &impl Serialize) -> Result<String, String> {
    serde_saphyr::to_string(value).map_err(|error| error.to_string())
}

/// The source, and on GitHub the module of the release. `kwctl` calls every module `policy.wasm`, as if a repository had
/// one policy.
fn links(source: &str, version: &str, title: &str) -> Vec<Link> {
    let mut links = Vec::new();
    if source.starts_with("https://github.com/") {
        links.push(Link {
            name: "policy",
            url: format!("{source}/releases/download/v{version}/{title}.wasm"),
        });
    }
    links.push(Link {
        name: "source",
        url: source.to_owned(),
    });
    links
}

fn install(image: &str, looks_up: bool, blob: &str) -> String {
    // Without the option `kwctl` writes a resource that may look nothing up, and whose policy refuses what it would.
    let (option, access) = if looks_up {
        (
            " --allow-context-aware",
            format!(
                "The policy looks things up in the cluster: let the policy server read them, as \
                 [rbac.yaml]({blob}/deploy/base/rbac.yaml) does.\n"
            ),
        )
    } else {
        ("", String::new())
    };
    format!(
        "Fetch the policy with [kwctl](https://docs.kubewarden.io/howtos/install-kwctl):\n\
         ```console\n\
         kwctl pull registry://{image}\n\
         ```\n\
         Write a resource for it, and set what you need:\n\
         ```console\n\
         kwctl scaffold manifest -t ClusterAdmissionPolicy{option} registry://{image}\n\
         ```\n\
         {access}\
         Resources that are ready to be applied are in [deploy]({blob}/docs/deploying.md).\n"
    )
}

/// The parts of `name <address>, name <address>`.
pub(super) fn maintainers(authors: &str) -> Result<Vec<Maintainer<'_>>, String> {
    let one = |author: &'_ str| -> Option<(usize, usize)> {
        let open = author.find(" <")?;
        author.ends_with('>').then_some((open, open + 2))
    };
    authors
        .split(", ")
        .map(|author| {
            let (name, address) = one(author)
                .ok_or_else(|| format!("author {author:?} is not as in: Name <address>"))?;
            let text = |range| author.get(range).unwrap_or_default();
            Ok(Maintainer {
                name: text(0..name),
                email: text(address..author.len() - 1),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: Pages<'static> = Pages {
        questions: "questions: []\n",
        readme: "# web\n\n[Limits](../../docs/limits.md#web)\n",
    };

    fn project() -> Project {
        Project {
            authors: vec![
                "Jane Doe <jane@example.com>".to_owned(),
                "Joe <joe@example.com>".to_owned(),
            ],
            homepage: "https://example.com/home".to_owned(),
            repository: "https://github.com/example/source".to_owned(),
            registry: "registry.example.com/p".to_owned(),
            artifacthub: Some("0000-1111".to_owned()),
            released: "2026-01-31".to_owned(),
            changes: [
                ("Newly refused", "`web`: `a` beside `b`."),
                ("Added", "`webs`: nothing of `web`."),
                ("Fixed", "All policies: a word."),
            ]
            .map(|(heading, text)| Change {
                heading: heading.to_owned(),
                text: text.to_owned(),
            })
            .into(),
        }
    }

    fn metadata() -> Metadata {
        let project = annotations(&project(), "web", "1.2.3");
        let text = format!(
            "rules:
- apiGroups: ['']
  apiVersions: [v1]
  resources: [pods]
  operations: [CREATE]
mutating: false
executionMode: kubewarden-wapc
contextAwareResources:
- {{apiVersion: apps/v1, kind: Deployment}}
annotations:
  io.kubewarden.policy.title: web
  io.kubewarden.policy.description: Refuses webs
  io.kubewarden.policy.license: Apache-2.0
  io.artifacthub.displayName: Webs
  io.artifacthub.resources: Pod
  io.artifacthub.keywords: web, spider web
{project}"
        );
        Metadata::from_yaml(&text).unwrap()
    }

    #[test]
    fn a_package_has_what_kwctl_writes() {
        let expected = "\
# Written by `make docs`.
version: \"1.2.3\"
name: web
displayName: Webs
createdAt: \"2026-01-31T00:00:00Z\"
description: Refuses webs
license: Apache-2.0
homeURL: https://example.com/home
containersImages:
- name: policy
  image: registry.example.com/p/web:v1.2.3
keywords:
- web
- spider web
links:
- name: policy
  url: https://github.com/example/source/releases/download/v1.2.3/web.wasm
- name: source
  url: https://github.com/example/source
readme: |
  # web

  [Limits](https://github.com/example/source/blob/v1.2.3/docs/limits.md#web)
install: |
  Fetch the policy with [kwctl](https://docs.kubewarden.io/howtos/install-kwctl):
  ```console
  kwctl pull registry://registry.example.com/p/web:v1.2.3
  ```
  Write a resource for it, and set what you need:
  ```console
  kwctl scaffold manifest -t ClusterAdmissionPolicy --allow-context-aware registry://registry.example.com/p/web:v1.2.3
  ```
  The policy looks things up in the cluster: let the policy server read them, as [rbac.yaml](https://github.com/example/source/blob/v1.2.3/deploy/base/rbac.yaml) does.
  Resources that are ready to be applied are in [deploy](https://github.com/example/source/blob/v1.2.3/docs/deploying.md).
maintainers:
- name: Jane Doe
  email: jane@example.com
- name: Joe
  email: joe@example.com
provider:
  name: kubewarden
recommendations:
- url: https://artifacthub.io/packages/helm/kubewarden/admission-controller
changes:
- kind: changed
  description: \"web: a beside b.\"
- kind: fixed
  description: \"All policies: a word.\"
annotations:
  kubewarden/contextAwareResources: |
    - apiVersion: apps/v1
      kind: Deployment
  kubewarden/mutation: \"false\"
  kubewarden/questions-ui: |
    questions: []
  kubewarden/resources: Pod
  kubewarden/rules: |
    - apiGroups:
      - \"\"
      apiVersions:
      - v1
      resources:
      - pods
      operations:
      - CREATE
";
        let text = package(&project(), &metadata(), "1.2.3", PAGES).unwrap();
        assert_eq!(text, expected);
    }

    #[test]
    fn a_policy_that_looks_nothing_up_needs_no_access() {
        let text = install(
            "registry.example.com/p/web:v1",
            false,
            "https://example.com",
        );
        assert!(!text.contains("aware") && !text.contains("rbac"), "{text}");
    }

    #[test]
    fn authors_are_names_and_addresses() {
        let text = repository(&project()).unwrap();
        assert_eq!(
            text,
            "# Written by `make docs`.\nrepositoryID: 0000-1111\nowners:\n- name: Jane Doe\n  email: jane@example.com\n- name: Joe\n  \
             email: joe@example.com\n"
        );
        assert_eq!(
            maintainers("Jane").unwrap_err(),
            "author \"Jane\" is not as in: Name <address>"
        );
    }

    #[test]
    fn a_package_needs_all_annotations() {
        let mut metadata = metadata();
        metadata.annotations.remove("io.kubewarden.policy.ociUrl");
        assert_eq!(
            package(&project(), &metadata, "1.2.3", PAGES).unwrap_err(),
            "metadata.yml has no annotation io.kubewarden.policy.ociUrl"
        );
    }
}
