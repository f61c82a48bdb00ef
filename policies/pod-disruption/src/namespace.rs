//! What is in a namespace: budgets, the workloads that they are for, and the autoscalers of those.

use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use shared::cluster::{Answer, List, ListLookup};
use shared::kubernetes::autoscaling::{AutoscalerMeta, Scaler, insert_by_name};
use shared::kubernetes::selector::Labels;
use shared::rules::unreadable_object;
use shared::{Cursor, DecodeError, Error, GroupVersionKind, Verdict, quote};

use crate::review::Review;
use crate::views;

/// A `Deployment` or a `StatefulSet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workload<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    /// How many pods it asks for.
    pub(crate) replicas: i64,
    /// The labels of its pods.
    pub(crate) labels: Labels<'a>,
}

/// The kinds whose pods are counted. Others run to an end, or once on each node.
pub(crate) const WORKLOADS: [&str; 2] = [Deployment::KIND, StatefulSet::KIND];

/// Whether the pods of a kind are counted.
pub(crate) fn is_workload(kind: &GroupVersionKind<'_>) -> bool {
    kind.is_a::<Deployment>() || kind.is_a::<StatefulSet>()
}

impl<'a> Workload<'a> {
    /// Reads the workload of a kind at a cursor.
    pub(crate) fn read(cursor: &Cursor<'a>, kind: &'a str) -> Result<Self, DecodeError> {
        let name = cursor.map("metadata", |metadata| metadata.text("name"))?;
        let replicas = cursor.map("spec", |spec| spec.integer("replicas"))?;
        let labels = cursor.at("spec.template.metadata", |metadata| {
            Labels::read_field(metadata, "labels")
        })?;
        Ok(Self {
            kind,
            name: name.unwrap_or_default(),
            // `SetDefaults_Deployment` and `SetDefaults_StatefulSet` in `pkg/apis/apps/v1/defaults.go`.
            replicas: replicas.flatten().unwrap_or(1),
            labels: labels.unwrap_or_default(),
        })
    }
}

/// `Deployment "web"`
impl fmt::Display for Workload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, quote(self.name))
    }
}

/// All budgets of a namespace.
pub(crate) const fn budgets(namespace: &str) -> ListLookup<'_> {
    ListLookup {
        api_version: PodDisruptionBudget::API_VERSION,
        kind: PodDisruptionBudget::KIND,
        namespace,
        field_masks: &["spec.maxUnavailable", "spec.minAvailable", "spec.selector"],
    }
}

/// All workloads of a kind in a namespace.
pub(crate) const fn workloads<'n>(kind: &'n str, namespace: &'n str) -> ListLookup<'n> {
    ListLookup {
        api_version: Deployment::API_VERSION,
        kind,
        namespace,
        field_masks: &["spec.replicas", "spec.template.metadata.labels"],
    }
}

/// Reads a list.
pub(crate) fn parse<'l>(lookup: &ListLookup<'_>, answer: &'l Answer) -> Result<List<'l>, Error> {
    lookup.parse_with(answer, views::OF_LISTS)
}

/// Calls `found` with the items of a list in the order of their names, but for the one under review, and what is being
/// deleted.
pub(crate) fn each<'l>(
    list: &'l List<'_>,
    kind: &str,
    review: &Review<'_>,
    verdict: &mut Verdict,
    found: &mut dyn FnMut(&Cursor<'l>) -> Result<(), DecodeError>,
) {
    let mut items: Vec<(&str, Cursor<'l>)> = Vec::new();
    for item in list.items() {
        match AutoscalerMeta::read(&item) {
            Ok(meta) if meta.deleting || review.is_itself(kind, meta.name) => {}
            Ok(meta) => insert_by_name(&mut items, meta.name, item),
            Err(error) => unreadable_object::check(kind, &item, &error, verdict),
        }
    }
    for (_, item) in &items {
        if let Err(error) = found(item) {
            unreadable_object::check(kind, item, &error, verdict);
        }
    }
}

/// How many pods a workload has at the least, and the autoscaler that says so. One of a workload that is to have none does
/// nothing (`ScalingDisabled`), unless KEDA made it, which starts the first pod itself.
///
/// Source: `reconcileAutoscaler` in `pkg/controller/podautoscaler/horizontal.go`.
pub(crate) fn least<'s>(
    workload: &Workload<'_>,
    scalers: &'s [Scaler<'s>],
) -> (i64, Option<&'s Scaler<'s>>) {
    let mut least = (workload.replicas, None);
    for scaler in scalers {
        let is_target = scaler
            .target
            .is(Deployment::GROUP, workload.kind, workload.name);
        let is_on = workload.replicas != 0 || scaler.is_of_keda();
        if is_target && is_on && (least.1.is_none() || scaler.range.min < least.0) {
            least = (scaler.range.min, Some(scaler));
        }
    }
    least
}
