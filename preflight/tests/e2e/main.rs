//! The engine and the command line, with tiny guests that are written as text.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

mod allow;
mod baseline;
mod checks;
mod command_line;
mod config;
mod custom_kinds;
mod definitions;
mod deployed;
mod engine;
mod existing;
mod explain;
mod fix;
mod frames;
mod guests;
mod keda;
mod kubewarden;
mod lookups;
mod needed;
#[cfg(feature = "registry")]
mod registry;
#[cfg(unix)]
mod rendered;
mod reports;
mod requests;
mod secrets;
mod stage;
mod unjudged;
mod unread;
mod untrusted;
