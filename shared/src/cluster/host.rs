//! The cluster as the host of a guest sees it.

use super::Cluster;

/// Asks the host.
pub(crate) struct Host;

impl Cluster for Host {
    fn ask(&self, operation: &str, request: &[u8]) -> Result<Vec<u8>, String> {
        wapc_guest::host_call("kubewarden", "kubernetes", operation, request)
            .map_err(|error| error.to_string())
    }
}
