//! A cluster in memory: answers the look-ups of policies from a set of objects, in the words of the real host.
//!
//! [`MemoryCluster`] has the objects and converts, selects and masks them. Where it has several definitions of one, the
//! nearest to the asking file is found ([`Origin`]), and none in another of its [`environments`]. [`ClusterHost`] is what
//! one evaluation asks: it checks what the policy is granted, and remembers the calls. [`kinds`] and [`selector`] are what
//! they know of Kubernetes.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cluster::{Grants, MemoryCluster};
//! use serde_json::json;
//!
//! let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
//! let host = Arc::new(MemoryCluster::new([namespace])).host_with(Grants::all());
//! let request = json!({"api_version": "v1", "kind": "Namespace", "name": "shop"}).to_string();
//! let answer = host.answer("kubernetes", "get_resource", request.as_bytes());
//! assert!(answer.is_ok());
//! assert_eq!(host.calls().len(), 1);
//! ```

mod convert;
pub mod environments;
mod grants;
mod host;
pub mod kinds;
mod lookup;
mod mask;
mod memory;
mod origin;
pub mod selector;
#[cfg(test)]
mod tests;

pub use grants::Grants;
pub use host::{Call, ClusterHost, Found, Get};
pub use memory::{DEFAULT_NAMESPACE, MemoryCluster};
pub use origin::{Origin, Rank};
