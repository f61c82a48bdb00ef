//! Runs admission policies over plain manifests, before they reach a cluster.
//!
//! It executes the same wasm that Kubewarden enforces, in the engine that its hosts use, so that what is previewed is
//! what will be enforced. [`Engine`] loads and runs policies, [`MemoryCluster`] answers their look-ups from a set of objects,
//! [`manifests`] reads files and remembers the line of each field, [`review`] builds the admission requests and finds
//! the policies that want them, [`deployed`] follows the policies as a cluster has them, [`judge`] puts all of it together and finds what the API server refuses and
//! what shows only across manifests, [`report`] tells people and programs what came out.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use preflight::{MemoryCluster, Engine, Limits};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new(Limits::default())?;
//! let policy = engine.load("hostpath-mounts", &std::fs::read("dist/hostpath-mounts.wasm")?)?;
//! let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
//! let cluster = Arc::new(MemoryCluster::new([namespace]));
//! let host = Arc::new(cluster.host(policy.metadata()));
//! let request = json!({"uid": "1", "operation": "CREATE", "object": {}});
//! let response = policy.validate(&request, &json!({}), Arc::clone(&host))?;
//! println!("{} after {} look-ups", response.accepted, host.calls().len());
//! # Ok(())
//! # }
//! ```
//!
//! What the API server does before a policy sees an object is not done here: defaults, limit ranges, mutating webhooks,
//! the allocation of node ports, and built-in validation.

pub mod allow;
pub mod baseline;
pub mod bundle;
pub mod checks;
pub mod config;
pub mod deployed;
mod derived;
mod embedded;
pub mod engine;
pub mod exceptions;
pub mod explain;
pub mod fix;
pub mod judge;
mod keda;
pub mod names;
pub mod replace;
pub mod report;
pub mod review;
pub mod settings;

pub use cluster;
pub use cluster::{Call, ClusterHost, MemoryCluster};
pub use engine::{
    Engine, EvaluationError, HostCalls, Limits, LoadError, NoHost, Policy, PolicyAnswer, Response,
    SettingsResponse,
};
pub use manifests;
pub use tree;
