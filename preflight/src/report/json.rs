//! The report for programs.
//!
//! ```json
//! {
//!   "version": 1,
//!   "summary": {"objects": 2, "policies": 1, "refused": 1, "unjudged": 0, "warned": 0, "clean": 1, "unseen": 0},
//!   "byPolicy": {"hostpath-mounts": {"refused": 1, "warned": 0}},
//!   "refusals": [{
//!     "policy": "hostpath-mounts",
//!     "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
//!     "file": "web.yaml", "line": 23,
//!     "field": "spec.template.spec.volumes[0].hostPath.path",
//!     "problem": "…", "fix": "…", "rule": "risky_path", "code": 403
//!   }],
//!   "warnings": [],
//!   "problems": [{"file": "broken.yaml", "line": 3, "text": "…"}],
//!   "notes": []
//! }
//! ```
//!
//! `namespace`, `line`, `field`, `fix`, `rule` and `code` are left out where there is none, `byPolicy` has the policies
//! that refuse or warn. `source`, beside `line`, is the template that Helm rendered. What a policy in
//! `mode: monitor` would refuse is among the warnings, with its `code` and `"mode": "monitor"`. A finding of a policy that
//! is not of this bundle has its whole message as `problem`. What shows only across manifests is found by preflight
//! itself, and says `preflight` for `policy`. New keys may come; a change of these raises `version`.

use serde::Serialize;

use super::Report;

/// What `version` says.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Versioned<'a> {
    version: u32,
    #[serde(flatten)]
    report: &'a Report,
}

/// Writes the report.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Versioned {
        version: VERSION,
        report,
    })
}
