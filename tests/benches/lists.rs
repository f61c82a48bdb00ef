//! What long lists cost a policy: a table of time and memory of an evaluation, to see that both grow with the list and no
//! faster. `make bench`
//!
//! It is the guest that is measured, so the profile that this is built with matters little.

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bundle_tests::{complete, policies};
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use preflight::{Cluster, Engine, HostCalls, Limits, Policy};
use serde_json::{Value, json};
use shared::Policy as _;

const SIZES: [usize; 5] = [0, 10, 100, 1_000, 5_000];
/// For how long one thing is measured.
const TIME: Duration = Duration::from_millis(500);
const PAGE: u64 = 64 * 1024;
/// More than any evaluation here takes, so that its end is not the host's doing.
const LIMITS: Limits = Limits {
    time: Duration::from_mins(1),
    memory: 256 * 1024 * 1024,
};

fn main() -> Result<(), String> {
    // `cargo test --all-targets` starts it, too.
    if !env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    for (name, title, object, item) in [
        (
            HpaTargetRequests::NAME,
            "a Deployment, where there are autoscalers",
            deployment(0),
            (|number| vec![autoscaler(number)]) as fn(usize) -> Vec<Value>,
        ),
        (
            HpaTargetRequests::NAME,
            "an autoscaler, where there are others",
            autoscaler(0),
            |number| vec![autoscaler(number)],
        ),
        (
            HpaTargetRequests::NAME,
            "an autoscaler of pods without requests, where there are LimitRanges",
            autoscaler(0),
            |number| vec![limit_range(number)],
        ),
        (
            HpaVpaOverlap::NAME,
            "a HorizontalPodAutoscaler, where there are so many of both kinds",
            autoscaler(0),
            |number| vec![autoscaler(number), vertical(number)],
        ),
        (
            HpaVpaOverlap::NAME,
            "a VerticalPodAutoscaler, where there are so many of both kinds",
            vertical(0),
            |number| vec![autoscaler(number), vertical(number)],
        ),
    ] {
        let wasm = policies::wasm(name)?;
        let policy = load(name, &wasm, LIMITS)?;
        println!("\n{name}: {title}");
        println!(
            "{:>8} {:>12} {:>10} {:>12} {:>12}",
            "items", "answers, KB", "time, ms", "per item, µs", "memory, MiB"
        );
        // Memory only grows with the list, so the search goes on where it ended before.
        let (mut pages, mut base) = (1, Duration::ZERO);
        for size in SIZES {
            let setting = Setting::new(&object, (0..size).flat_map(item).collect())?;
            let time = setting.median(&policy)?;
            pages = setting.least_pages(name, &wasm, pages)?;
            if size == 0 {
                base = time;
            }
            let count = u32::try_from(size.max(1)).map_err(|error| error.to_string())?;
            let each = time.saturating_sub(base) / count;
            println!(
                "{size:>8} {:>12} {:>10.3} {:>12.2} {:>12.2}",
                setting.answered(&policy)? / 1024,
                time.as_secs_f64() * 1e3,
                each.as_secs_f64() * 1e6,
                f64::from(pages) / 16.0,
            );
        }
    }
    Ok(())
}

fn load(name: &str, wasm: &[u8], limits: Limits) -> Result<Policy, String> {
    let engine = Engine::new(limits).map_err(|error| error.to_string())?;
    let policy = engine.load(name, wasm);
    policy.map_err(|error| error.to_string())
}

/// A request, and the cluster that it comes to.
struct Setting {
    request: Value,
    cluster: Arc<Cluster>,
}

impl Setting {
    fn new(object: &Value, mut others: Vec<Value>) -> Result<Self, String> {
        // The target of the autoscaler that is judged.
        others.push(deployment(0));
        Ok(Self {
            request: complete(&json!({ "object": object }))?,
            cluster: Arc::new(Cluster::new(others)),
        })
    }

    fn evaluate(&self, policy: &Policy, host: impl HostCalls) -> Result<(), String> {
        let response = policy.validate(&self.request, &json!({}), host);
        let response = response.map_err(|error| error.to_string())?;
        match response.code {
            Some(400 | 500) => Err(format!("{response:?}")),
            _ => Ok(()),
        }
    }

    /// The time of an evaluation. The host has its answers ready after the first.
    fn median(&self, policy: &Policy) -> Result<Duration, String> {
        let started = Instant::now();
        let mut times = Vec::new();
        while times.len() < 10 || started.elapsed() < TIME {
            let host = self.cluster.host(policy.metadata());
            let start = Instant::now();
            self.evaluate(policy, host)?;
            times.push(start.elapsed());
        }
        times.sort();
        times
            .get(times.len() / 2)
            .copied()
            .ok_or_else(|| "nothing was measured".to_owned())
    }

    /// The fewest pages of memory, of 64 KiB, that an evaluation gets by with.
    fn least_pages(&self, name: &str, wasm: &[u8], from: u32) -> Result<u32, String> {
        let is_enough = |pages: u32| {
            let memory = u64::from(pages) * PAGE;
            let policy = load(name, wasm, Limits { memory, ..LIMITS });
            // A module that starts with more is not even loaded.
            policy.is_ok_and(|policy| {
                let host = self.cluster.host(policy.metadata());
                self.evaluate(&policy, host).is_ok()
            })
        };
        let (mut low, mut high) = (from, from);
        while !is_enough(high) {
            if u64::from(high) * PAGE > LIMITS.memory {
                return Err("no memory is enough".to_owned());
            }
            low = high + 1;
            high *= 2;
        }
        while low < high {
            let middle = low.midpoint(high);
            if is_enough(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(high)
    }

    /// How many bytes the host answers.
    fn answered(&self, policy: &Policy) -> Result<usize, String> {
        let host = Arc::new(self.cluster.host(policy.metadata()));
        self.evaluate(policy, Arc::clone(&host))?;
        let mut bytes = 0;
        for call in host.calls() {
            let request = call.request.to_string();
            let answer = host.call(
                "kubewarden",
                "kubernetes",
                &call.operation,
                request.as_bytes(),
            );
            // Where there are no items, the kind of one may not be known.
            bytes += answer.map_or(0, |answer| answer.len());
        }
        Ok(bytes)
    }
}

/// The metadata of an object that has been in a cluster for a while.
fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "namespace": "shop",
        "uid": "8f1b5f0e-6c0f-4c55-9a52-0d2a6c2f7a11",
        "resourceVersion": "1234567",
        "generation": 3,
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "labels": {
            "app.kubernetes.io/name": name,
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/managed-by": "Helm",
            "helm.sh/chart": "shop-1.2.3",
        },
    })
}

fn deployment(number: usize) -> Value {
    let name = format!("app-{number}");
    let container = json!({"name": "app", "image": "registry.example.com/app:1"});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(&name),
        "spec": {"template": {"spec": {"containers": [container]}}},
    })
}

/// An autoscaler of a Deployment of its own.
fn autoscaler(number: usize) -> Value {
    let name = format!("app-{number}");
    let metric = |resource: &str| {
        let target = json!({"type": "Utilization", "averageUtilization": 60});
        json!({"type": "Resource", "resource": {"name": resource, "target": target}})
    };
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(&name),
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 10,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "metrics": [metric("cpu"), metric("memory")],
        },
        "status": {"currentReplicas": 2, "desiredReplicas": 2},
    })
}

/// An autoscaler of the other kind, of the same Deployment.
fn vertical(number: usize) -> Value {
    let name = format!("app-{number}");
    let recommended =
        json!({"containerName": "app", "target": {"cpu": "100m", "memory": "262144k"}});
    json!({
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": metadata(&name),
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "updatePolicy": {"updateMode": "Auto"},
            "resourcePolicy": {"containerPolicies": [{"containerName": "*", "minAllowed": {"cpu": "50m"}}]},
        },
        "status": {"recommendation": {"containerRecommendations": [recommended]}},
    })
}

fn limit_range(number: usize) -> Value {
    let item = json!({"type": "Container", "max": {"cpu": "4", "memory": "8Gi"}});
    json!({
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata(&format!("limits-{number}")),
        "spec": {"limits": [item]},
    })
}
