//! The table of what needs which version.

use serde::Deserialize;

use super::charts::KUBERNETES;
use super::markdown::{self, code};
use crate::{read, repository};

/// What does not follow from a file of this repository: what, which version, and why. Sources: the release notes of Kubewarden
/// for these versions, and of rancher/kubewarden-ui.
const OTHERS: [(&str, &str, &str); 5] = [
    (
        "Kubewarden",
        "1.36",
        "the version that these policies were tried with, with its policy server, audit scanner and `kwctl`",
    ),
    (
        "chart `admission-controller`",
        "1.37 or later",
        "of Kubewarden; before, it is the three charts `kubewarden-crds`, `kubewarden-controller` and `kubewarden-defaults`",
    ),
    (
        "`spec.namespacedPoliciesCapabilities` of a PolicyServer",
        "1.35 or later",
        "of Kubewarden",
    ),
    (
        "reports of openreports.io",
        "1.33 or later",
        "of Kubewarden; before, they are `policyreports` of wgpolicyk8s.io",
    ),
    (
        "Rancher's UI for Kubewarden",
        "4 or later",
        "it lists charts; before, it reads Artifact Hub",
    ),
];

#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    package: Package,
    dependencies: Dependencies,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    rust_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Dependencies {
    k8s_openapi: Features,
    wasmtime_provider: Features,
}

#[derive(Deserialize)]
struct Features {
    version: String,
    #[serde(default)]
    features: Vec<String>,
}

/// The table.
pub fn table() -> Result<String, String> {
    rows(&read(&repository("Cargo.toml"))?)
}

fn rows(manifest: &str) -> Result<String, String> {
    let Manifest { workspace } =
        toml::from_str(manifest).map_err(|error| format!("Cargo.toml: {error}"))?;
    let Dependencies {
        k8s_openapi,
        wasmtime_provider,
    } = workspace.dependencies;
    let known = k8s_openapi
        .features
        .iter()
        .find_map(|feature| feature.strip_prefix("v1_"));
    let known = known.ok_or("Cargo.toml: k8s-openapi has no version of Kubernetes")?;
    let oldest = KUBERNETES
        .trim_start_matches(">= ")
        .trim_end_matches(".0-0");
    let mut all = vec![
        (
            "Kubernetes".to_owned(),
            format!("{oldest} or later"),
            "`matchConditions`; the charts ask for it as well".to_owned(),
        ),
        (
            "kinds and fields of Kubernetes".to_owned(),
            format!("1.{known}"),
            "those that policies and preflight know; preflight names what is newer".to_owned(),
        ),
    ];
    all.extend(
        OTHERS.map(|(what, version, why)| (what.to_owned(), version.to_owned(), why.to_owned())),
    );
    all.extend([
        (
            "Helm".to_owned(),
            "3 or 4".to_owned(),
            "for `charts/`; schemas of values are of draft 7".to_owned(),
        ),
        (
            "Rust".to_owned(),
            format!("{} or later", workspace.package.rust_version),
            format!(
                "to build; the engine of preflight is {} {}",
                code("wasmtime-provider"),
                wasmtime_provider.version.trim_start_matches('=')
            ),
        ),
    ]);
    let rows: Vec<[String; 3]> = all
        .into_iter()
        .map(|(what, version, why)| [what, version, why])
        .collect();
    Ok(markdown::table(["what", "version", "because"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_manifest() {
        let text = rows(
            "[workspace.package]\nrust-version = \"1.95\"\n[workspace.dependencies]\n\
             k8s-openapi = { version = \"0.28\", features = [\"v1_36\"] }\n\
             wasmtime-provider = { version = \"=2.19.0\" }\n",
        )
        .unwrap();
        for row in [
            "| Kubernetes | 1.30 or later | ",
            "| kinds and fields of Kubernetes | 1.36 | ",
            "| Rust | 1.95 or later | ",
        ] {
            assert!(text.contains(row), "{text}");
        }
        assert!(text.contains("`wasmtime-provider` 2.19.0 |\n"), "{text}");
        assert!(rows("[workspace.package]\nrust-version = \"1\"\n").is_err());
    }
}
