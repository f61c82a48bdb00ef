//! The entries of `allowed` in the settings of hostpath-mounts that manifests need, and nothing wider: one path each, in
//! the way in which it is mounted, by the service accounts that mount it.

use std::collections::{BTreeMap, BTreeSet};

use cluster::kinds::split;
use serde_json::json;
use shared::GroupVersionKind;
use shared::kubernetes::kinds::is_whole;
use tree::Value;

use crate::{
    Policy,
    judge::ActivePolicy,
    manifests::{Manifests, Object, Place, is_invisible},
    report::{Reported, Subject},
};

/// The policy whose settings they are.
pub const POLICY: &str = "hostpath-mounts";

/// An entry of `allowed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As the settings have it.
    pub settings: serde_json::Value,
    /// What needs it, and where that is.
    pub needed_by: Vec<(Subject, Place)>,
}

/// What is mounted of a path.
#[derive(Debug, Clone, Default)]
struct Use {
    writable: bool,
    bidirectional: bool,
    types: BTreeSet<String>,
    needed_by: Vec<(Subject, Place)>,
}

/// Who mounts it: a service account, or none for a `PersistentVolume`.
type Account = Option<String>;

/// What these refusals by the policy need. Where no entry can help there is none. `same` has paths of which the policy says
/// that they are others, by a link that every node has.
#[must_use]
pub fn entries(
    refusals: &[Reported],
    manifests: &Manifests,
    same: &BTreeMap<String, String>,
) -> Vec<Entry> {
    let mut uses: BTreeMap<(Account, String), Use> = BTreeMap::new();
    for finding in refusals {
        if let Some(object) = manifests.objects.get(finding.position)
            && let Some((account, path, used)) = used(finding, object)
        {
            let path = same.get(&path).cloned().unwrap_or(path);
            uses.entry((account, path)).or_default().add(used);
        }
    }
    // Who may write to a path may write to all that is in it: an entry for a part of it would take that back.
    let writable: Vec<(Account, String)> = uses
        .iter()
        .filter(|(_, used)| used.writable)
        .map(|(key, _)| key.clone())
        .collect();
    for ((account, path), used) in &mut uses {
        let mut above = writable.iter();
        used.writable |= above.any(|(by, above)| by == account && is_within(path, above));
    }
    // One entry for all accounts that mount a path in one way.
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for ((account, path), used) in uses {
        let settings = used.settings(&path);
        let key = format!("{settings}{}", account.is_none());
        let entry = entries.entry(key).or_insert_with(|| Entry {
            settings,
            needed_by: Vec::new(),
        });
        entry.needed_by.extend(used.needed_by);
        if let (Some(account), Some(fields)) = (account, entry.settings.as_object_mut()) {
            let accounts = fields.entry("serviceAccounts").or_insert_with(|| json!([]));
            if let Some(accounts) = accounts.as_array_mut() {
                accounts.push(json!(account));
            }
        }
    }
    entries.into_values().collect()
}

/// Whether the policy itself found it, by whatever name it goes.
#[must_use]
pub fn is_by_policy(policies: &[ActivePolicy], finding: &Reported) -> bool {
    let mut policies = policies.iter();
    let by = policies.find(|by| by.name() == finding.policy);
    by.and_then(ActivePolicy::policy).map(Policy::name) == Some(POLICY)
}

impl Entry {
    /// The path that it is for.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.settings.get("path");
        path.and_then(serde_json::Value::as_str).unwrap_or_default()
    }
}

impl Use {
    /// An entry of `allowed` for the very path, without the accounts.
    fn settings(&self, path: &str) -> serde_json::Value {
        let mut settings = json!({"path": path, "match": "exact", "readOnly": !self.writable});
        if let Some(fields) = settings.as_object_mut() {
            if self.bidirectional {
                fields.insert("bidirectionalPropagation".to_owned(), json!(true));
            }
            if !self.types.is_empty() {
                fields.insert("types".to_owned(), json!(self.types));
            }
        }
        settings
    }

    fn add(&mut self, other: Self) {
        self.writable |= other.writable;
        self.bidirectional |= other.bidirectional;
        self.types.extend(other.types);
        for needing in other.needed_by {
            if !self.needed_by.contains(&needing) {
                self.needed_by.push(needing);
            }
        }
    }
}

/// The volume that a finding is about.
fn used(finding: &Reported, object: &Object) -> Option<(Account, String, Use)> {
    let field = finding.field.as_deref()?;
    let needed_by = vec![(finding.object.clone(), finding.place.clone())];
    if object.kind() == "PersistentVolume" {
        let spec = object.value.get("spec")?;
        let source = spec.get("hostPath").or_else(|| spec.get("local"))?;
        // Any pod may write to it once it is bound.
        let used = Use {
            writable: true,
            types: types(spec.get("hostPath")),
            needed_by,
            ..Use::default()
        };
        return Some((None, normal(text(source, "path"))?, used));
    }
    let (path, name) = volume_of(object, field)?;
    let pod = object.value_of(path)?;
    let volumes = pod.get("volumes")?.as_array()?;
    let source = volumes.iter().find(|volume| text(volume, "name") == name)?;
    let source = source.get("hostPath")?;
    let mounts: Vec<&Value> = ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .filter_map(|list| pod.get(list)?.as_array())
        .flatten()
        .filter_map(|container| container.get("volumeMounts")?.as_array())
        .flatten()
        .filter(|mount| text(mount, "name") == name)
        .collect();
    let accounts = ["serviceAccountName", "serviceAccount"].map(|key| text(pod, key));
    let account = accounts.into_iter().find(|account| !account.is_empty());
    let (group, version) = split(object.api_version());
    let kind = GroupVersionKind {
        group,
        version,
        kind: object.kind(),
    };
    let containers = pod.get("containers").and_then(Value::as_array);
    // Only a whole spec is known to mean `default` where it names none, as the policy has it.
    let is_whole = is_whole(&kind, path, containers.is_some_and(|it| !it.is_empty()));
    let account = account.or_else(|| is_whole.then_some("default"))?;
    let namespace = finding.object.namespace.as_deref()?;
    let is_read_only = |mount: &Value| mount.get("readOnly") == Some(&Value::Bool(true));
    // What no container of a whole spec mounts may be mounted writable later.
    let may_be_mounted = is_whole && mounts.is_empty();
    let used = Use {
        writable: may_be_mounted || !mounts.iter().copied().all(is_read_only),
        bidirectional: mounts
            .iter()
            .any(|mount| text(mount, "mountPropagation") == "Bidirectional"),
        types: types(Some(source)),
        needed_by,
    };
    Some((
        Some(format!("{namespace}/{account}")),
        normal(text(source, "path"))?,
        used,
    ))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// No type is one, too. A `local` volume has none to list.
fn types(source: Option<&Value>) -> BTreeSet<String> {
    source
        .map(|source| text(source, "type").to_owned())
        .into_iter()
        .collect()
}

/// The path of the pod spec and the name of the volume that a field is about: `spec.volumes[0].hostPath.path`, or
/// `spec.containers[0].volumeMounts[1].readOnly`.
fn volume_of<'a>(object: &'a Object, field: &'a str) -> Option<(&'a str, &'a str)> {
    let lists = [
        "volumes[",
        "initContainers[",
        "containers[",
        "ephemeralContainers[",
    ];
    let (start, _) = lists
        .iter()
        .filter_map(|list| {
            let start = field.find(list)?;
            let before = field.get(..start)?;
            (before.is_empty() || before.ends_with('.')).then_some((start, list))
        })
        .min()?;
    let pod = field.get(..start)?.trim_end_matches('.');
    let end = if field.contains(".volumeMounts[") {
        field.rfind("].").filter(|end| {
            field
                .get(..*end)
                .is_some_and(|it| it.contains(".volumeMounts["))
        })
    } else {
        field.get(start..)?.find(']').map(|end| start + end)
    };
    let entry = object.value_of(field.get(..=end?)?)?;
    Some((pod, text(entry, "name")))
}

/// A path as the settings take it. `None` for one that they do not, because it cannot be told where it leads.
fn normal(path: &str) -> Option<String> {
    if path.contains('\\') || path.contains(':') {
        // Of Windows: as it is written.
        let is_plain = !path.contains("..") && !path.contains('*');
        return (is_plain && !path.chars().any(is_invisible)).then(|| path.to_owned());
    }
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    if path.is_empty()
        || path.contains('*')
        || path.chars().any(is_invisible)
        || parts.clone().any(|part| part == "..")
    {
        return None;
    }
    let mut normal = String::new();
    // `/var/run` is `/run` on every node.
    let mut start = parts.clone();
    if start.next() == Some("var") && start.next() == Some("run") {
        parts.next();
    }
    for part in parts {
        normal.extend(["/", part]);
    }
    Some(if normal.is_empty() {
        "/".to_owned()
    } else {
        normal
    })
}

/// Whether a path is inside another.
fn is_within(path: &str, above: &str) -> bool {
    path.strip_prefix(above.trim_end_matches('/'))
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::read_text;

    #[test]
    fn a_path_is_written_as_the_settings_take_it() {
        for (path, expected) in [
            ("//var///lib/./kubelet/", Some("/var/lib/kubelet")),
            ("var/run/docker.sock", Some("/run/docker.sock")),
            ("/", Some("/")),
            ("C:\\logs", Some("C:\\logs")),
            ("C:\\a\\..\\b", None),
            ("/a/../b", None),
            ("/a*", None),
            ("", None),
            ("/a\u{202e}b", None),
        ] {
            assert_eq!(normal(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn the_volume_of_a_field_is_found() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - volumeMounts: [{name: one}, {name: two}]\n  \
                    volumes: [{name: two}, {name: one}]\n";
        let object = read_text("f.yaml", text).objects.remove(0);
        for (field, expected) in [
            ("spec.volumes[0].hostPath.path", Some("two")),
            ("spec.containers[0].volumeMounts[0].readOnly", Some("one")),
            (
                "spec.containers[0].volumeMounts[1].mountPropagation",
                Some("two"),
            ),
            ("spec.containers[1].volumeMounts[0].readOnly", None),
            ("spec.nodeName", None),
        ] {
            let name = volume_of(&object, field).map(|(_, name)| name);
            assert_eq!(name, expected, "{field}");
        }
    }

    #[test]
    fn a_path_is_within_another_as_a_whole() {
        for (path, above, expected) in [
            ("/var/log", "/var", true),
            ("/var/log", "/", true),
            ("/var/log", "/var/log", false),
            ("/var/logs", "/var/log", false),
        ] {
            assert_eq!(is_within(path, above), expected, "{path} {above}");
        }
    }
}
