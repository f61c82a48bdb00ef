//! Reviews that a real API server sent: the files in `reviews/`.

use std::sync::{Arc, LazyLock};

use preflight::MemoryCluster;
use serde_json::Value;

use crate::{names, read, repository};

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// The name of its file.
    pub file: String,
    /// Its request.
    pub request: Value,
}

static ALL: LazyLock<Result<Vec<Review>, String>> = LazyLock::new(|| {
    let folder = repository("tests/reviews");
    let files = names(&folder)?.into_iter();
    files
        .filter(|file| file != "expected.yaml")
        .map(|file| {
            let text = read(&folder.join(&file))?;
            let review: Value =
                serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
            let request = review.get("request").cloned().unwrap_or_default();
            Ok(Review { file, request })
        })
        .collect()
});

static CLUSTER: LazyLock<Arc<MemoryCluster>> = LazyLock::new(|| {
    let requests = ALL.iter().flatten().map(|review| &review.request);
    let created = requests
        .filter(|request| {
            let is = |key: &str, wanted: Value| request.get(key) == Some(&wanted);
            is("operation", "CREATE".into()) && !is("dryRun", true.into())
        })
        .filter_map(|request| request.get("object").cloned());
    Arc::new(MemoryCluster::new(created))
});

/// Every review, in alphabetic order of the files.
pub fn all() -> Result<&'static [Review], String> {
    ALL.as_deref().map_err(Clone::clone)
}

/// What the reviews created, for look-ups.
#[must_use]
pub fn cluster() -> &'static Arc<MemoryCluster> {
    &CLUSTER
}
