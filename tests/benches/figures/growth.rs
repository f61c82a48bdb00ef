//! What becomes of time and memory when objects, and the lists that a policy looks up, grow.

use std::sync::Arc;
use std::time::Duration;

use bundle_tests::complete;
use emptydir_storage::EmptydirStorage;
use hostpath_mounts::HostpathMounts;
use hpa_replicas::HpaReplicas;
use hpa_target_requests::HpaTargetRequests;
use hpa_vpa_overlap::HpaVpaOverlap;
use nodeport_range::NodeportRange;
use pod_disruption::PodDisruption;
use preflight::MemoryCluster;
use secret_data::SecretData;
use serde_json::{Value, json};
use service_routes::ServiceRoutes;
use shared::Policy as _;
use workload_references::WorkloadReferences;

use crate::measure::{Guests, Question, milliseconds};
use crate::objects;
use crate::report::Report;

/// For how long one size is measured.
const TIME: Duration = Duration::from_millis(500);
/// How much more time a byte may take in the largest object than in the middle one.
const MOST_OF_MIDDLE: f64 = 1.3;

/// One thing in growing sizes.
struct Series {
    policy: &'static str,
    unit: &'static str,
    sizes: &'static [usize],
    object: fn(usize) -> Value,
    /// What is in the cluster, for each number below the size.
    others: fn(usize) -> Vec<Value>,
}

const KIBIBYTES: &[usize] = &[16, 32, 128, 512, 1024];
const PARTS: &[usize] = &[1, 5, 25, 100, 500];
const LISTED: &[usize] = &[1, 10, 100, 1_000, 5_000];

/// What asks nothing, or finds nothing.
const NOTHING: fn(usize) -> Vec<Value> = |_| Vec::new();

const SERIES: &[Series] = &[
    Series {
        policy: SecretData::NAME,
        unit: "KiB in one value of a Secret",
        sizes: KIBIBYTES,
        object: objects::one_value,
        others: NOTHING,
    },
    Series {
        policy: SecretData::NAME,
        unit: "KiB in values of 1 KiB",
        sizes: KIBIBYTES,
        object: objects::many_values,
        others: NOTHING,
    },
    Series {
        policy: SecretData::NAME,
        unit: "KiB in a YAML file of a Secret",
        sizes: KIBIBYTES,
        object: objects::one_file,
        others: NOTHING,
    },
    Series {
        policy: EmptydirStorage::NAME,
        unit: "containers of a Pod, with scratch space each",
        sizes: PARTS,
        object: objects::pod_with_scratch_space,
        others: NOTHING,
    },
    Series {
        policy: HostpathMounts::NAME,
        unit: "containers of a Pod",
        sizes: PARTS,
        object: objects::pod,
        others: NOTHING,
    },
    Series {
        policy: HostpathMounts::NAME,
        unit: "containers of a Pod, with a hostPath each",
        sizes: PARTS,
        object: objects::pod_of_the_node,
        others: NOTHING,
    },
    Series {
        policy: NodeportRange::NAME,
        unit: "ports of a Service",
        sizes: PARTS,
        object: objects::service,
        others: NOTHING,
    },
    Series {
        policy: PodDisruption::NAME,
        unit: "volumes of a Deployment, listed each",
        sizes: PARTS,
        object: objects::deployment_with_listed_volumes,
        others: NOTHING,
    },
    Series {
        policy: PodDisruption::NAME,
        unit: "budgets where there is a Deployment",
        sizes: LISTED,
        object: |_| objects::target(),
        others: |number| vec![objects::budget(number)],
    },
    Series {
        policy: HpaReplicas::NAME,
        unit: "autoscalers where there is a Deployment with replicas",
        sizes: LISTED,
        object: |_| objects::target(),
        others: |number| vec![objects::autoscaler(number)],
    },
    Series {
        policy: HpaTargetRequests::NAME,
        unit: "containers of a Deployment",
        sizes: PARTS,
        object: objects::deployment,
        others: NOTHING,
    },
    Series {
        policy: HpaTargetRequests::NAME,
        unit: "autoscalers where there is a Deployment",
        sizes: LISTED,
        object: |_| objects::target(),
        others: |number| vec![objects::autoscaler(number)],
    },
    Series {
        policy: HpaTargetRequests::NAME,
        unit: "autoscalers where there is another",
        sizes: LISTED,
        object: |_| objects::autoscaler(0),
        others: |number| vec![objects::autoscaler(number)],
    },
    Series {
        policy: HpaTargetRequests::NAME,
        unit: "LimitRanges where there is an autoscaler",
        sizes: LISTED,
        object: |_| objects::autoscaler(0),
        others: |number| vec![objects::limit_range(number)],
    },
    Series {
        policy: HpaVpaOverlap::NAME,
        unit: "autoscalers of both kinds where there is a horizontal one",
        sizes: LISTED,
        object: |_| objects::autoscaler(0),
        others: |number| vec![objects::autoscaler(number), objects::vertical(number)],
    },
    Series {
        policy: HpaVpaOverlap::NAME,
        unit: "autoscalers of both kinds where there is a vertical one",
        sizes: LISTED,
        object: |_| objects::vertical(0),
        others: |number| vec![objects::autoscaler(number), objects::vertical(number)],
    },
    Series {
        policy: ServiceRoutes::NAME,
        unit: "paths of an Ingress",
        sizes: PARTS,
        object: objects::ingress,
        others: |number| match number {
            0 => vec![objects::route(0)],
            _ => Vec::new(),
        },
    },
    Series {
        policy: ServiceRoutes::NAME,
        unit: "Services where there is a Deployment that one of them selects",
        sizes: LISTED,
        object: |_| objects::labelled(0),
        others: |number| vec![objects::route(number)],
    },
    Series {
        policy: ServiceRoutes::NAME,
        unit: "Deployments, and a tenth as many Services, where there is a Service of all of them",
        sizes: LISTED,
        object: |_| objects::route_to_all(),
        others: |number| match number % 10 {
            0 => vec![objects::labelled(number), objects::route(number)],
            _ => vec![objects::labelled(number)],
        },
    },
    Series {
        policy: WorkloadReferences::NAME,
        unit: "variables of a Deployment, of one ConfigMap",
        sizes: PARTS,
        object: objects::deployment_with_variables,
        others: |number| match number {
            0 => vec![objects::config_map()],
            _ => Vec::new(),
        },
    },
];

impl Series {
    fn question(&self, size: usize) -> Result<Question, String> {
        // The target of the autoscaler that is judged is always there.
        let others = (0..size).flat_map(self.others).chain([objects::target()]);
        let cluster = Arc::new(MemoryCluster::new(others));
        let request = complete(&json!({ "object": (self.object)(size) }))?;
        Ok(Question::new(&request, &cluster))
    }
}

pub(crate) fn measure(guests: &Guests, report: &mut Report) -> Result<(), String> {
    report.table(
        "Growth",
        &["policy", "size"],
        &[
            "KB",
            "floor, ms",
            "time, ms",
            "usual, ms",
            "over the floor, ns a byte",
            "memory, MiB",
        ],
    );
    for series in SERIES {
        let policy = guests.policy(series.policy)?;
        let (mut pages, mut rates) = (1, Vec::new());
        for size in series.sizes {
            let question = series.question(*size)?;
            let all = [&guests.floor, policy, &guests.usual];
            let [floor, time, usual] = question.times(all, TIME)?;
            let asked = question.bytes(policy)?;
            let bytes = u32::try_from(question.payload.len() + asked);
            let bytes = f64::from(bytes.map_err(|error| error.to_string())?);
            // Memory only grows with the object, so the search goes on where it ended before.
            pages = question.pages(policy, pages)?;
            let rate = time.saturating_sub(floor).as_secs_f64() * 1e9 / bytes;
            rates.push(rate);
            report.row(&[
                series.policy,
                &format!("{size} {}", series.unit),
                &format!("{:.0}", bytes / 1e3),
                &format!("{:.3}", milliseconds(floor)),
                &format!("{:.3}", milliseconds(time)),
                // The usual guest asks for no list.
                &(if asked > 0 {
                    String::new()
                } else {
                    format!("{:.3}", milliseconds(usual))
                }),
                &format!("{rate:.2}"),
                &format!("{:.2}", f64::from(pages) / 16.0),
            ]);
        }
        let middle = rates.get(rates.len() / 2).copied().unwrap_or_default();
        let growth = rates.last().copied().unwrap_or_default() / middle;
        report.target(
            &format!(
                "`{}`, {}: a byte of the largest takes at most {MOST_OF_MIDDLE:.1} times as long as one of the middle",
                series.policy, series.unit
            ),
            &format!("{growth:.2}"),
            growth <= MOST_OF_MIDDLE,
        );
    }
    Ok(())
}
