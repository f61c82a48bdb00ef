//! The policies as they are shipped: `dist/<policy>.wasm`, in the engine.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use preflight::judge::ActivePolicy;
use preflight::{Engine, Limits, Policy};
use secret_data::SecretData;
use serde_json::json;
use service_routes::ServiceRoutes;
use shared::{Policy as _, Rule};
use workload_references::WorkloadReferences;

use crate::{names, repository};

/// Every policy of the bundle, with its rules.
pub const RULES: &[(&str, &[&Rule])] = &[
    (EmptydirStorage::NAME, EmptydirStorage::RULES),
    (HostpathMounts::NAME, HostpathMounts::RULES),
    (HpaReplicas::NAME, HpaReplicas::RULES),
    (HpaTargetRequests::NAME, HpaTargetRequests::RULES),
    (HpaVpaOverlap::NAME, HpaVpaOverlap::RULES),
    (NodeportRange::NAME, NodeportRange::RULES),
    (PodDisruption::NAME, PodDisruption::RULES),
    (SecretData::NAME, SecretData::RULES),
    (ServiceRoutes::NAME, ServiceRoutes::RULES),
    (WorkloadReferences::NAME, WorkloadReferences::RULES),
];

type Loaded = Mutex<BTreeMap<String, Result<Arc<Policy>, String>>>;

static ENGINE: LazyLock<Result<Engine, String>> =
    LazyLock::new(|| Engine::new(Limits::default()).map_err(|error| error.to_string()));
static LOADED: LazyLock<Loaded> = LazyLock::new(Mutex::default);

/// The name of every policy: the folders in `policies/`.
pub fn all() -> Result<Vec<String>, String> {
    names(&repository("policies"))
}

/// The bytes of a built policy.
pub fn wasm(name: &str) -> Result<Vec<u8>, String> {
    let path = repository(&format!("dist/{name}.wasm"));
    fs::read(path)
        .map_err(|error| format!("dist/{name}.wasm cannot be read ({error}): run `make wasm`"))
}

/// Every policy with the settings that it has when nothing is set.
pub fn active() -> Result<Vec<ActivePolicy>, String> {
    let active = |name: &String| Ok(ActivePolicy::new(load(name)?, json!({})));
    all()?.iter().map(active).collect()
}

/// A built policy, compiled once and good for any number of evaluations.
pub fn load(name: &str) -> Result<Arc<Policy>, String> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || {
        let engine = ENGINE.as_ref().map_err(Clone::clone)?;
        let policy = engine.load(name, &wasm(name)?);
        policy
            .map(Arc::new)
            .map_err(|error| format!("dist/{name}.wasm {error}"))
    };
    loaded
        .entry(name.to_owned())
        .or_insert_with(compile)
        .clone()
}
