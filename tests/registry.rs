//! The way that a policy takes to a cluster: pushed to a registry, pulled by its digest, run.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::path::PathBuf;

use bundle_tests::{policies, repository};
use policy_registry::testing::Registry;
use preflight::judge::{ActivePolicy, judge};
use preflight::report::Report;
use preflight::{Engine, Limits, bundle, manifests};
use serde_json::json;

/// What these files and references say of the examples.
fn report(modules: &[PathBuf]) -> Report {
    let engine = Engine::new(Limits::default()).unwrap();
    let configured: Vec<ActivePolicy> = bundle::load(&engine, modules)
        .unwrap()
        .into_iter()
        .map(|policy| ActivePolicy::new(policy, json!({})))
        .collect();
    let manifests = manifests::read(&[repository("examples/shop")]);
    judge(manifests, &configured, "default", None, || ()).unwrap()
}

#[test]
fn what_is_pulled_judges_as_what_was_built() {
    let Some(registry) = Registry::open().unwrap() else {
        return eprintln!("docker-registry is not installed: nothing was tried");
    };
    let mut pinned = Vec::new();
    for name in policies::all().unwrap() {
        let wasm = policies::wasm(&name).unwrap();
        let reference = registry.reference(&format!("policies/{name}:v0.1.0"));
        let digest = policy_registry::push(&reference, &wasm).unwrap();
        assert_eq!(policy_registry::pull(&digest).unwrap(), wasm, "{name}");
        pinned.push(PathBuf::from(digest));
    }
    let pulled = report(&pinned);
    assert!(
        pulled.summary.refused > 0,
        "the examples are refused in part"
    );
    assert_eq!(pulled, report(&[repository("dist")]));
}
