//! What Kubernetes is: its kinds, and views of its objects that hold the fields that rules read.

pub mod autoscaling;
pub mod containers;
pub mod kinds;
pub mod quantity;
pub mod selector;
pub mod view;
pub mod workload;
