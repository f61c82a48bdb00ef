//! The report for programs.
//!
//! ```json
//! {
//!   "version": 1,
//!   "summary": {"objects": 2, "policies": 1, "refused": 1, "unjudged": 0, "warned": 0, "incomplete": 1, "clean": 0,
//!               "unseen": 0, "leftOut": 1, "missingPolicies": 0},
//!   "byPolicy": {"hostpath-mounts": {"refused": 1, "warned": 0}},
//!   "byNamespace": [{"namespace": "shop", "objects": 2, "refused": 1, "unjudged": 0, "warned": 0, "incomplete": 1,
//!                    "excepted": 0, "clean": 0}],
//!   "refusals": [{
//!     "policy": "hostpath-mounts",
//!     "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
//!     "file": "web.yaml", "line": 23,
//!     "field": "spec.template.spec.volumes[0].hostPath.path",
//!     "problem": "…", "fix": "…", "rule": "risky_path", "severity": "high", "code": 403
//!   }],
//!   "warnings": [],
//!   "neededFromElsewhere": [{
//!     "apiVersion": "v1", "kind": "Secret", "namespace": "shop", "name": "db",
//!     "neededBy": [{"policy": "workload-references", "object": {…}, "file": "api.yaml", "line": 17, …}]
//!   }],
//!   "unjudged": [{"reason": "ignored", "file": "out/", "text": "…"}],
//!   "problems": [{"file": "broken.yaml", "line": 3, "text": "…"}],
//!   "notes": [{"file": "out/", "text": "…"}]
//! }
//! ```
//!
//! `report.schema.json` in the folder of this program describes all of it. `namespace`, `line`, `field`, `fix`, `rule`,
//! `severity` and `code` are left out where there is none, `byPolicy` has the policies that refuse or warn, `byNamespace`
//! the objects of each namespace, and those that are in none. `source`, beside `line`, is the template that Helm rendered. What a policy in
//! `mode: monitor` would refuse is among the warnings, with its `code` and `"mode": "monitor"`. A finding of a policy that
//! is not of this bundle has its whole message as `problem`. What shows only across manifests is found by preflight
//! itself, and says `preflight` for `policy`. What is found of the `HorizontalPodAutoscaler` that KEDA makes of a
//! `ScaledObject` has the latter for `object`, and its file, line and field. Where a policy counts findings that it does not list, the last finding has
//! their number as `more`.
//!
//! `excepted` has the findings that do not count because `.preflight.yaml` says so, each with its `level` (`refusal`,
//! `warning` or `needed`), the `reason`, and maybe `until`; `summary.excepted` counts the objects that have no others. Both
//! are left out where there are none. With a baseline it has the findings that are in it, too, with its file as `baseline`
//! in place of a reason; `summary.baselined` counts the objects that have no others. `baseline` then says how many findings
//! were `known`, what has `gone`, each with its `object`, `policy`, `rule`, `level`, `field`, `problem` and maybe `count`, and
//! how many were `notChecked`, because their object or policy was not given.
//!
//! `neededFromElsewhere` has the objects that others name and no manifest has, in order of kind, namespace and name, each
//! with the findings about it. These are no warnings; `summary.incomplete` counts those others of which there is nothing
//! else to say. Where the manifests have the same name in another namespace, or nearly the same name, it is a warning.
//!
//! `unjudged` has what no policy read, each with a `reason`: `unserved_version`, `encrypted`, `unread_pods`,
//! `unread_object` and `unselected`, with the `object`; `missing_policy`; and files and folders that were not read, `ignored`, `hidden`,
//! `excluded`, `template`, `patch`, `kustomization`, `unbuilt`, `unrendered` and `link`. Of these, `summary.unjudged` counts
//! objects, with those that a policy gave no answer about, `leftOut` files and folders, and `missingPolicies` policies. `notes` repeats them for people, before all others.
//!
//! The data are exact. Characters that a terminal or a build server may obey are written as escapes of JSON. New keys may come; a change of these raises `version`.

use std::fmt::Write;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::Value;

use super::{
    Report,
    by_namespace::{OfNamespace, by_namespace},
};
use crate::manifests::{Note, is_invisible};

/// What `version` says.
const VERSION: u32 = 1;

/// What `preflight --format json` writes. New keys may come; a change of these raises `version`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "preflight --format json")]
struct Versioned<'a> {
    /// The version of the format.
    version: u32,
    #[serde(flatten)]
    report: &'a Report,
    /// The numbers of each namespace.
    by_namespace: Vec<OfNamespace>,
    /// What else is worth knowing, behind a sentence for each of `unjudged`.
    notes: Vec<Note>,
}

/// The JSON schema of the report.
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings
        .into_generator()
        .into_root_schema_for::<Versioned<'_>>();
    schema.to_value()
}

/// Writes the report.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let unjudged = report.unjudged.iter();
    let unjudged = unjudged.map(|one| Note {
        place: one.place.clone(),
        text: match &one.object {
            Some(object) => format!("{object}: {}", one.text),
            None => format!("{}: {}", one.place, one.text),
        },
    });
    text(&Versioned {
        version: VERSION,
        report,
        by_namespace: by_namespace(&report.judged),
        notes: unjudged.chain(report.notes.iter().cloned()).collect(),
    })
}

/// Writes JSON for people and programs, also into a log: the data are exact, but nothing in the text is obeyed or unseen.
pub fn text(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        // All of these stand in strings, but for the line breaks between the fields.
        let is_command = character == '#' && safe.ends_with('#');
        if is_command || is_invisible(character) && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    Ok(safe)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_text_is_safe_and_the_data_are_exact() {
        let data = json!({
            "a": "##vso[x]y ###", "b": "\u{1b}[2J\u{9b}\u{7f}", "c": "x\u{202e}y\u{2028}", "d": "\u{e0041}",
            "e": "line\n::error::x",
        });
        let text = text(&data).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), data);
        assert_eq!(
            text,
            concat!(
                "{\n",
                r##"  "a": "#\u0023vso[x]y #\u0023#",
  "b": "\u001b[2J\u009b\u007f",
  "c": "x\u202ey\u2028",
  "d": "\udb40\udc41",
  "e": "line\n::error::x"
}"##
            )
        );
    }
}
