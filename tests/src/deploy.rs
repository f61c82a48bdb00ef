//! The manifests in `deploy/`: as they are written, as an overlay changes them, and as `kubectl kustomize` renders them.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use preflight::deployed::Conditions;
use preflight::manifests;
use serde_json::{Value, json};

use crate::{names, policies, read, repository, yaml};

/// The overlays that say what is refused; `monitor` refuses nothing.
pub const OVERLAYS: [&str; 2] = ["base", "strict"];

/// The kind of most manifests here.
pub const POLICY: &str = "ClusterAdmissionPolicy";

/// Where kustomize puts its own objects.
const KUSTOMIZATION: &str = "kustomization.yaml";

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The files of a folder in `deploy/` that hold manifests.
pub fn files(folder: &str) -> Result<Vec<String>, String> {
    let mut files = names(&repository(&format!("deploy/{folder}")))?;
    files.retain(|file| file != KUSTOMIZATION);
    Ok(files)
}

/// All objects of a folder in `deploy/`.
pub fn objects(folder: &str) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    for file in files(folder)? {
        objects.extend(parse(&repository(&format!("deploy/{folder}/{file}")))?);
    }
    Ok(objects)
}

/// All objects of a file, or of a folder with its subfolders.
pub fn parse(path: &Path) -> Result<Vec<Value>, String> {
    let read = manifests::read(&[path.to_path_buf()]);
    if let Some(problem) = read.problems.first() {
        return Err(format!("{}: {}", problem.place, problem.text));
    }
    Ok(read
        .objects
        .into_iter()
        .map(|it| Arc::unwrap_or_clone(it.value).into())
        .collect())
}

/// What kustomize is told in a folder of `deploy/`.
pub fn kustomization(folder: &str) -> Result<Value, String> {
    yaml::read(&read(&repository(&format!(
        "deploy/{folder}/{KUSTOMIZATION}"
    )))?)
}

/// What the patches of a component in `deploy/` add or put at a path.
pub fn patched(component: &str, path: &str) -> Result<Vec<Value>, String> {
    let kustomization = kustomization(component)?;
    let patches = kustomization.get("patches").and_then(Value::as_array);
    let mut values = Vec::new();
    for patch in patches.into_iter().flatten() {
        let operations = yaml::read(text(patch, "/patch"))?;
        for operation in operations.as_array().into_iter().flatten() {
            if text(operation, "/path") == path {
                values.extend(operation.get("value").cloned());
            }
        }
    }
    Ok(values)
}

/// The policies of an overlay by their names, merged here, so that it needs no kubectl.
pub fn overlay(name: &str) -> Result<BTreeMap<String, Value>, String> {
    let mut policies: BTreeMap<String, Value> = objects("base")?
        .into_iter()
        .filter(|object| text(object, "/kind") == POLICY)
        .map(|object| (text(&object, "/metadata/name").to_owned(), object))
        .collect();
    if name == "strict" {
        for change in objects("overlays/strict")? {
            let name = text(&change, "/metadata/name");
            let policy = policies
                .get_mut(name)
                .ok_or_else(|| format!("there is no {name} to change"))?;
            merge(policy, &change);
        }
    }
    Ok(policies)
}

/// As kustomize merges custom resources: maps key by key, all else as a whole.
pub fn merge(into: &mut Value, change: &Value) {
    if let (Value::Object(into), Value::Object(change)) = (&mut *into, change) {
        for (key, value) in change {
            merge(into.entry(key).or_insert(Value::Null), value);
        }
    } else {
        into.clone_from(change);
    }
}

/// What `kubectl kustomize` makes of a folder, or nothing where there is no kubectl: a line on the console says so. That
/// is an error where `CI` is set.
pub fn render(folder: &Path) -> Result<Option<Vec<Value>>, String> {
    let output = match Command::new("kubectl")
        .arg("kustomize")
        .arg(folder)
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound && env::var_os("CI").is_none() => {
            // Not by eprintln, which the test harness keeps to itself when all is well.
            let _ = writeln!(
                io::stderr(),
                "skipped: there is no kubectl to render {}",
                folder.display()
            );
            return Ok(None);
        }
        Err(error) => return Err(format!("kubectl: {error}")),
    };
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let rendered = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = rendered.path().join("rendered.yaml");
    std::fs::write(&file, output.stdout).map_err(|error| error.to_string())?;
    parse(&file).map(Some)
}

/// Whether the API server sends a request to a policy with this `spec`, whose rules fit it.
pub fn reaches(spec: &Value, request: &Value) -> Result<bool, String> {
    let list = |pointer: &str| {
        let items = spec.pointer(pointer).and_then(Value::as_array);
        items.into_iter().flatten()
    };
    // What is in no namespace is never left out by a selector.
    let namespace = request.get("namespace");
    for expression in list("/namespaceSelector/matchExpressions") {
        let by_name = text(expression, "/key") == "kubernetes.io/metadata.name"
            && text(expression, "/operator") == "NotIn";
        if !by_name {
            return Err(format!("unknown selector {expression}"));
        }
        let values = expression.get("values").and_then(Value::as_array);
        if let Some(namespace) = namespace
            && values.is_some_and(|values| values.contains(namespace))
        {
            return Ok(false);
        }
    }
    let conditions = list("/matchConditions").cloned();
    let conditions = serde_json::from_value(conditions.collect());
    let conditions = Conditions::read(conditions.map_err(|error| error.to_string())?);
    match conditions.unknown() {
        [] => Ok(conditions.hold(&request.clone().into())),
        unknown => Err(format!("unknown conditions {}", unknown.join(", "))),
    }
}

/// Why a policy does not take its settings, or nothing.
pub fn refused_settings(policy: &str, settings: &Value) -> Result<Option<String>, String> {
    let response = policies::load(policy)?
        .validate_settings(settings)
        .map_err(|error| error.to_string())?;
    Ok((!response.valid).then(|| response.message.unwrap_or_default()))
}

/// The path of the first thing that is in `written` and not in `kept`.
#[must_use]
pub fn lost(written: &Value, kept: &Value) -> Option<String> {
    match (written, kept) {
        (Value::Object(written), Value::Object(kept)) => written.iter().find_map(|(key, value)| {
            let inside = lost(value, kept.get(key).unwrap_or(&json!(null)))?;
            Some(format!(".{key}{inside}"))
        }),
        (Value::Array(written), Value::Array(kept)) if written.len() == kept.len() => {
            let mut items = written.iter().zip(kept).enumerate();
            items.find_map(|(number, (written, kept))| {
                Some(format!("[{number}]{}", lost(written, kept)?))
            })
        }
        _ => (written != kept).then(String::new),
    }
}
