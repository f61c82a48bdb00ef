//! The policies as this machine's own code, asked in the same way as the built ones: bytes in, bytes out.
//!
//! Whatever depends on the target shows as another answer. And what changes native code, as `make mutants` does, can be
//! held against the cases.

use std::sync::Arc;

use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use policy_metadata::Metadata;
use preflight::{ClusterHost, Response, SettingsResponse};
use secret_data::SecretData;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use service_routes::ServiceRoutes;
use shared::evaluation::{check_settings, evaluate};
use shared::{Cluster, Policy};
use workload_references::WorkloadReferences;

use crate::case::Judge;
use crate::{read, repository};

/// A policy in this program.
#[derive(Debug)]
pub struct Native {
    metadata: Metadata,
    functions: &'static Functions,
}

/// What a guest sends, or why nothing can be sent.
type Sent = Result<Vec<u8>, String>;

/// What a host calls, by the names that it calls it by.
#[derive(Debug)]
struct Functions {
    policy: &'static str,
    validate: fn(&[u8], &dyn Cluster) -> Sent,
    validate_settings: fn(&[u8]) -> Sent,
}

impl Functions {
    const fn of<P: Policy>() -> Self {
        Self {
            policy: P::NAME,
            validate: |payload, cluster| written(&evaluate::<P>(payload, cluster)),
            validate_settings: |payload| written(&check_settings::<P>(payload)),
        }
    }
}

static FUNCTIONS: &[Functions] = &[
    Functions::of::<EmptydirStorage>(),
    Functions::of::<HostpathMounts>(),
    Functions::of::<HpaReplicas>(),
    Functions::of::<HpaTargetRequests>(),
    Functions::of::<HpaVpaOverlap>(),
    Functions::of::<NodeportRange>(),
    Functions::of::<PodDisruption>(),
    Functions::of::<SecretData>(),
    Functions::of::<ServiceRoutes>(),
    Functions::of::<WorkloadReferences>(),
];

/// A policy by its name. What it may look up is in its `metadata.yml`.
pub fn load(name: &str) -> Result<Arc<Native>, String> {
    let functions = FUNCTIONS.iter().find(|functions| functions.policy == name);
    let functions = functions.ok_or_else(|| format!("{name} is not linked in"))?;
    let metadata = read(&repository(&format!("policies/{name}/metadata.yml")))?;
    let metadata = Metadata::from_yaml(&metadata).map_err(|error| format!("{name}: {error}"))?;
    Ok(Arc::new(Native {
        metadata,
        functions,
    }))
}

impl Judge for Native {
    fn metadata(&self) -> Option<&Metadata> {
        Some(&self.metadata)
    }

    fn validate(
        &self,
        request: &Value,
        settings: &Value,
        host: Arc<ClusterHost>,
    ) -> Result<Response, String> {
        let payload = written(&json!({"request": request, "settings": settings}))?;
        answer(&(self.functions.validate)(&payload, host.as_ref())?)
    }

    fn validate_settings(&self, settings: &Value) -> Result<SettingsResponse, String> {
        answer(&(self.functions.validate_settings)(&written(settings)?)?)
    }
}

fn written(value: &impl Serialize) -> Sent {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

fn answer<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}
