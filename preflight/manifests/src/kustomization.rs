//! What a kustomization that is not built keeps from being judged, field by field.

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
};

use tree::Value;

use super::{
    KUSTOMIZE, LeftOut, Why,
    build::real,
    plan,
    rendered::patch_of,
    walk::{is_own, is_wanted},
};

/// What changes no verdict. Names, namespaces and labels change together with what refers to them, and no policy of the
/// bundle reads images. What is generated is known by its name.
const HARMLESS: [&str; 17] = [
    "apiVersion",
    "buildMetadata",
    "commonLabels",
    "configMapGenerator",
    "crds",
    "generatorOptions",
    "images",
    "kind",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "openapi",
    "secretGenerator",
    "sortOptions",
    // Their entries are looked at.
    "commonAnnotations",
    "labels",
];

/// How the annotations begin that a policy or a check may read.
const READ_ANNOTATIONS: [&str; 12] = [
    "alb.ingress.kubernetes.io/",
    "autoscaling.",
    "cert-manager.io/",
    "cluster-autoscaler.kubernetes.io/",
    "karpenter.sh/",
    "kubernetes.io/",
    "nginx.ingress.kubernetes.io/",
    "nginx.org/",
    "scaledobject.keda.sh/",
    "service.alpha.openshift.io/",
    "service.beta.openshift.io/",
    "traefik.ingress.kubernetes.io/",
];

/// The paths that the user named.
#[derive(Debug)]
pub(super) struct Named<'p> {
    paths: &'p [PathBuf],
    /// The real ones, first those of folders. Few runs ask for them.
    real: OnceCell<(Vec<PathBuf>, Vec<PathBuf>)>,
}

impl<'p> Named<'p> {
    pub(super) fn of(paths: &'p [PathBuf]) -> Self {
        Self {
            paths,
            real: OnceCell::new(),
        }
    }

    /// Whether a file is read, or the kustomization in a folder is, or it is told why not.
    fn reads(&self, path: &Path) -> bool {
        let (folders, files) = self.real.get_or_init(|| {
            let paths = self.paths.iter().filter_map(|path| real(path));
            paths.partition(|path| path.is_dir())
        });
        let file = if path.is_dir() {
            real(path).and_then(|folder| plan::kustomization_in(&folder))
        } else {
            // A link is read as what it is called.
            let above = path.parent().and_then(real);
            let file = above.and_then(|above| Some(above.join(path.file_name()?)));
            file.filter(|file| files.contains(file) || is_wanted(file) && !is_own(file))
        };
        file.is_some_and(|file| {
            let mut folders = folders.iter();
            let is_named = files.contains(&file) || folders.any(|folder| file.starts_with(folder));
            is_named && file.is_file()
        })
    }
}

/// The kustomization in a file, where it is left out because it has to be built before what it applies can be judged.
/// Patches are known as such in the folder `root`.
pub(super) fn left_out(
    value: &Value,
    file: &Path,
    root: Option<&Path>,
    paths: &Named<'_>,
) -> Option<LeftOut> {
    let why = why_not_as_written(value, file, root, paths)?;
    let path = file.display().to_string();
    Some(LeftOut { path, why })
}

/// `None` where that are the files that it names, and they are read.
fn why_not_as_written(
    value: &Value,
    file: &Path,
    root: Option<&Path>,
    paths: &Named<'_>,
) -> Option<Why> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let is_one = text("apiVersion").is_none_or(|version| version.starts_with(KUSTOMIZE))
        && text("kind").is_none_or(|kind| ["Kustomization", "Component"].contains(&kind));
    let fields = value.as_object().filter(|_| is_one)?;
    if let Some(because) = plan::why_not_here(value) {
        return Some(Why::Unbuilt { because });
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let root: Vec<PathBuf> = root.map(Path::to_owned).into_iter().collect();
    let patched = Named::of(&root);
    let (mut changes, mut unread) = (Vec::new(), Vec::new());
    for (key, value) in fields {
        let entries = value.as_array().unwrap_or_default();
        let names = entries.iter().map(Value::as_str);
        let is_change = match key.as_str() {
            "resources" | "bases" | "components" => {
                let names = names.flatten();
                unread.extend(names.filter(|name| !paths.reads(&folder.join(name))));
                false
            }
            "patches" | "patchesJson6902" | "patchesStrategicMerge" => {
                let files = entries.iter().map(|entry| patch_of(key, entry));
                unread.extend(
                    files
                        .clone()
                        .flatten()
                        .filter(|name| !patched.reads(&folder.join(name))),
                );
                files.clone().any(|file| file.is_none())
            }
            // These fields may be any.
            "labels" => entries.iter().any(|entry| entry.get("fields").is_some()),
            "commonAnnotations" => value.as_object().is_some_and(|annotations| {
                let mut keys = annotations.keys();
                keys.any(|key| READ_ANNOTATIONS.iter().any(|read| key.starts_with(read)))
            }),
            key => !HARMLESS.contains(&key) && !is_empty(value),
        };
        if is_change {
            changes.push(format!("`{key}`"));
        }
    }
    let mut because = Vec::new();
    if !changes.is_empty() {
        because.push(format!("it has {}", changes.join(", ")));
    }
    match unread.as_slice() {
        [] => {}
        [name] => because.push(format!("it names {name}, which is not read")),
        [name, more @ ..] => because.push(format!(
            "it names {name} and {} more, which are not read",
            more.len()
        )),
    }
    let because = because.join(", and ");
    (!because.is_empty()).then_some(Why::Kustomization { because })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::parse_one;

    /// Why a kustomization is not as it is written, beside files that are read and files that are not.
    fn told(text: &str) -> Option<String> {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let file = home.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        };
        for name in [
            "k/a.yaml",
            "k/pod.txt",
            "k/e.YAML",
            "k/p.yaml",
            "k/p.txt",
            "k/in/kustomization.yaml",
            "k/none/a.yaml",
            "b/kustomization.yml",
            "b/p.yaml",
            "other/kustomization.yaml",
            "other/a.yaml",
            "other/b.yaml",
        ] {
            write(name);
        }
        let folder = home.path().join("k");
        let named = ["k", "b", "other/b.yaml"].map(|name| home.path().join(name));
        let named = Named::of(&named);
        let value = parse_one(text).unwrap();
        let file = folder.join("kustomization.yaml");
        let why = why_not_as_written(&value, &file, Some(&folder), &named);
        why.map(|why| why.to_string())
    }

    fn not_built(because: &str) -> String {
        format!("a kustomization that is not built: {because}")
    }

    #[test]
    fn what_is_not_read_is_told() {
        let unread = |name: &str| Some(not_built(&format!("it names {name}, which is not read")));
        for (text, expected) in [
            (
                "resources: [a.yaml, in, ./in/, ../b, ../other/b.yaml]\nlabels: [{pairs: {a: b}}]\ncommonLabels: {a: b}\n\
                 namespace: a\nnamePrefix: a-\nimages: [{name: a, newTag: b}]\ncommonAnnotations: {team: a, example.com/a: b}\n\
                 configMapGenerator: [{name: a, literals: [a=b]}]\ngeneratorOptions: {disableNameSuffixHash: true}\n",
                None,
            ),
            (
                "patches: [{path: p.yaml}]\npatchesStrategicMerge: [p.yaml]\n",
                None,
            ),
            ("patches: []\nreplacements: []\nreplicas:\n", None),
            (
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {}\n",
                None,
            ),
            ("apiVersion: v1\nkind: Pod\npatches: [{patch: a}]\n", None),
            ("resources: [pod.txt]\n", unread("pod.txt")),
            ("resources: [e.YAML]\n", unread("e.YAML")),
            ("resources: [missing.yaml]\n", unread("missing.yaml")),
            ("resources: [../other]\n", unread("../other")),
            ("components: [../other]\n", unread("../other")),
            ("bases: [none]\n", unread("none")),
            (
                "resources: [../other/a.yaml, pod.txt, a.yaml]\n",
                Some(not_built(
                    "it names ../other/a.yaml and 1 more, which are not read",
                )),
            ),
            ("patches: [{path: p.txt}]\n", unread("p.txt")),
            // It is read there, and not known as a patch.
            ("patches: [{path: ../b/p.yaml}]\n", unread("../b/p.yaml")),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn what_changes_a_verdict_is_told_field_by_field() {
        let has = |fields: &str| Some(not_built(&format!("it has {fields}")));
        let not_here = |name: &str| Some(format!("not built: it names {name}, which is not here"));
        for (text, expected) in [
            (
                "patches: [{target: {kind: Pod}, patch: '[]'}]\n",
                has("`patches`"),
            ),
            ("patches: [{Path: p.yaml}]\n", has("`patches`")),
            (
                "patchesJson6902: [{patch: '[]'}]\n",
                has("`patchesJson6902`"),
            ),
            (
                "patchesStrategicMerge: ['a: b']\n",
                has("`patchesStrategicMerge`"),
            ),
            (
                "patchesStrategicMerge: [\"a: b\\n\"]\n",
                has("`patchesStrategicMerge`"),
            ),
            (
                "replacements: [{path: a.yaml}]\nreplicas: [{name: a, count: 1}]\nresources: [pod.txt]\n",
                has("`replacements`, `replicas`, and it names pod.txt, which is not read"),
            ),
            ("configurations: [a.yaml]\n", has("`configurations`")),
            (
                "labels: [{pairs: {a: b}, fields: [{path: spec/a}]}]\n",
                has("`labels`"),
            ),
            (
                "commonAnnotations: {karpenter.sh/do-not-disrupt: 'true'}\n",
                has("`commonAnnotations`"),
            ),
            (
                "resources: ['https://example.com/a.yaml']\n",
                not_here("https://example.com/a.yaml"),
            ),
            (
                "resources: ['github.com/a/b?ref=v1']\n",
                not_here("github.com/a/b?ref=v1"),
            ),
            (
                "helmCharts: [{name: a}]\n",
                Some(
                    "not built: it has `helmCharts`, which may run a program or fetch something"
                        .to_owned(),
                ),
            ),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
