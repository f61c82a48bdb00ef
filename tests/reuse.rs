//! A host may ask one guest many times instead of starting another: it answers as a fresh one does, and gives back all
//! the memory that it took.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::sync::Arc;

use bundle_tests::{policies, reviews};
use preflight::HostCalls;
use serde_json::{Value, json};
use wapc::WapcHost;
use wasmtime_provider::WasmtimeEngineProviderBuilder;
use wasmtime_provider::wasmtime::{Config, Engine};

/// Enough for the largest review, and not for what all of them need.
const MEMORY: u64 = 1024 * 1024;

/// How often a guest is asked everything.
const ROUNDS: usize = 20;

/// A guest that lives on.
fn start(policy: &str) -> WapcHost {
    let mut config = Config::new();
    // A memory that may not move cannot grow over what was reserved for it.
    config.memory_reservation(MEMORY).memory_may_move(false);
    let provider = WasmtimeEngineProviderBuilder::new()
        .engine(Engine::new(&config).unwrap())
        .module_bytes(&policies::wasm(policy).unwrap())
        .build()
        .unwrap();
    let metadata = policies::load(policy).unwrap().metadata().cloned();
    let host = Arc::clone(reviews::cluster()).host(metadata.as_ref());
    let callback = move |_, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
        host.call(binding, namespace, operation, payload)
            .map_err(Into::into)
    };
    WapcHost::new(Box::new(provider), Some(Box::new(callback))).unwrap()
}

#[test]
fn a_guest_that_is_asked_again_answers_the_same_in_no_more_memory() {
    let payloads = reviews::all().unwrap().iter().map(|review| {
        let payload = json!({"request": review.request, "settings": {}});
        serde_json::to_vec(&payload).unwrap()
    });
    let payloads: Vec<Vec<u8>> = payloads.collect();
    for (policy, _) in policies::RULES {
        let guest = start(policy);
        let round = || -> Vec<Value> {
            let answer =
                |payload| serde_json::from_slice(&guest.call("validate", payload).unwrap());
            payloads
                .iter()
                .map(|payload| answer(payload).unwrap())
                .collect()
        };
        let first = round();
        let taken: usize = payloads.iter().map(Vec::len).sum();
        assert!(taken * ROUNDS > 2 * usize::try_from(MEMORY).unwrap());
        for _ in 1..ROUNDS {
            assert_eq!(round(), first, "{policy}");
        }
    }
}
