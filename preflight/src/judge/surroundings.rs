//! The cluster as it is round an object that is judged.

use std::sync::Arc;

use crate::{ClusterHost, MemoryCluster, cluster::Grants};

/// The cluster, and where in the manifests a policy looks round.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) cluster: Arc<MemoryCluster>,
    /// The file of the object: of several definitions, look-ups find the one that is nearest to it.
    pub(crate) file: Option<Arc<str>>,
    /// The cluster before the change, and the file of the object that is changed.
    pub(crate) before: Option<(Arc<MemoryCluster>, Arc<str>)>,
}

impl Surroundings {
    /// The host of one evaluation with these grants.
    pub(crate) fn host(&self, grants: Grants) -> ClusterHost {
        let host = self.cluster.host_with(grants);
        let host = host.asked_from(self.file.clone());
        host.with_before(self.before.clone())
    }
}
