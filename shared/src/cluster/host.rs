//! The cluster as the host of a guest sees it.

use super::Cluster;
use crate::guest;

/// Asks the host.
pub(crate) struct Host;

impl Cluster for Host {
    fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
        guest::ask(operation, request).map_err(|error| String::from_utf8_lossy(&error).into_owned())
    }
}
