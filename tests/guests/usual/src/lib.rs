//! A guest that does what policies written in Rust usually do before they judge: it decodes the request with the
//! Kubewarden SDK, and the object in it with the types of k8s-openapi. Then it accepts.
#![cfg(target_arch = "wasm32")]

use std::collections::BTreeMap;
use std::hint::black_box;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::CrossVersionObjectReference;
use k8s_openapi::api::autoscaling::{v1, v2};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    PersistentVolume, Pod, PodTemplate, ReplicationController, Secret, Service,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kubewarden_policy_sdk::request::ValidationRequest;
use kubewarden_policy_sdk::settings::Validatable;
use kubewarden_policy_sdk::{
    accept_request, protocol_version_guest, reject_request, validate_settings,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wapc_guest::{CallResult, register_function};

#[allow(unsafe_code, reason = "waPC looks the entry point up by this name")]
#[unsafe(no_mangle)]
extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings::<Settings>);
    register_function("protocol_version", protocol_version_guest);
}

/// No setting at all.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Settings {}

impl Validatable for Settings {
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

fn validate(payload: &[u8]) -> CallResult {
    let request = ValidationRequest::<Settings>::new(payload)?.request;
    let (kind, object) = (request.kind, request.object);
    let decoded = match kind.kind.as_str() {
        "CronJob" => decode::<CronJob>(object),
        "DaemonSet" => decode::<DaemonSet>(object),
        "Deployment" => decode::<Deployment>(object),
        "HorizontalPodAutoscaler" if kind.version == "v1" => {
            decode::<v1::HorizontalPodAutoscaler>(object)
        }
        "HorizontalPodAutoscaler" => decode::<v2::HorizontalPodAutoscaler>(object),
        "Job" => decode::<Job>(object),
        "PersistentVolume" => decode::<PersistentVolume>(object),
        "Pod" => decode::<Pod>(object),
        "PodTemplate" => decode::<PodTemplate>(object),
        "ReplicaSet" => decode::<ReplicaSet>(object),
        "ReplicationController" => decode::<ReplicationController>(object),
        "Secret" => decode::<Secret>(object),
        "Service" => decode::<Service>(object),
        "StatefulSet" => decode::<StatefulSet>(object),
        "VerticalPodAutoscaler" => decode::<VerticalPodAutoscaler>(object),
        // The rest, such as a Scale, is no object of its own.
        _ => Ok(()),
    };
    match decoded {
        Ok(()) => accept_request(),
        Err(error) => reject_request(Some(error.to_string()), Some(400), None, None),
    }
}

/// Custom kinds have no type in k8s-openapi, so policies bring their own.
#[derive(Deserialize)]
#[expect(dead_code, reason = "decoded, and not looked at")]
struct VerticalPodAutoscaler {
    metadata: ObjectMeta,
    spec: VerticalSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded, and not looked at")]
struct VerticalSpec {
    target_ref: Option<CrossVersionObjectReference>,
    update_policy: Option<UpdatePolicy>,
    resource_policy: Option<ResourcePolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded, and not looked at")]
struct UpdatePolicy {
    update_mode: Option<String>,
    min_replicas: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded, and not looked at")]
struct ResourcePolicy {
    #[serde(default)]
    container_policies: Vec<ContainerPolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded, and not looked at")]
struct ContainerPolicy {
    container_name: Option<String>,
    mode: Option<String>,
    #[serde(default)]
    min_allowed: BTreeMap<String, Quantity>,
    #[serde(default)]
    max_allowed: BTreeMap<String, Quantity>,
    controlled_resources: Option<Vec<String>>,
}

fn decode<T: DeserializeOwned>(object: Value) -> serde_json::Result<()> {
    let object: T = serde_json::from_value(object)?;
    // As if it were looked at.
    black_box(&object);
    Ok(())
}
