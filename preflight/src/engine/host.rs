//! What a guest may ask its host.

use std::sync::Arc;

use cluster::ClusterHost;

/// Answers the calls of a guest.
pub trait HostCalls: Send + Sync + 'static {
    /// Answers one call, or says why not in the words that the guest gets to see.
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String>;
}

impl<T: HostCalls + ?Sized> HostCalls for Arc<T> {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        self.as_ref().call(binding, namespace, operation, payload)
    }
}

impl HostCalls for ClusterHost {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        if binding != "kubewarden" {
            return Err(format!("unknown binding: {binding}"));
        }
        if (namespace, operation) == ("tracing", "log") {
            return Ok(Vec::new());
        }
        self.answer(namespace, operation, payload)
    }
}

/// A host that answers nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoHost;

impl HostCalls for NoHost {
    fn call(
        &self,
        _binding: &str,
        namespace: &str,
        operation: &str,
        _payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        Err(format!(
            "there is no host here that answers {namespace}/{operation}"
        ))
    }
}
