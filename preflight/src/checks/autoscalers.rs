//! The `HorizontalPodAutoscaler`s among the objects, with those that KEDA makes, and the workloads that they scale.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use shared::kubernetes::autoscaling::{SCALABLE, ScaleTarget};
use tree::Value;

use super::{Manifests, Pods};
use crate::{keda::Derived, manifests::Object, report::Subject};
use cluster::{
    environments,
    kinds::{split, text},
    selector::{self, Requirement},
};

/// An autoscaler, and where it is told of.
pub(super) struct Autoscaler<'a> {
    /// The position of the object that it stands in.
    pub(super) position: usize,
    /// That object.
    pub(super) object: &'a Object,
    value: &'a Value,
    derived: Option<&'a Derived>,
    /// What it scales.
    pub(super) target: ScaleTarget<'a>,
}

impl<'a> Autoscaler<'a> {
    fn read(
        (position, object): (usize, &'a Object),
        value: &'a Value,
        derived: Option<&'a Derived>,
    ) -> Option<Self> {
        let of_target = |field: &str| text(value, &format!("/spec/scaleTargetRef/{field}"));
        let target = ScaleTarget {
            api_version: of_target("apiVersion").unwrap_or_default(),
            kind: of_target("kind")?,
            name: of_target("name")?,
        };
        let is_going = text(value, "/metadata/deletionTimestamp").is_some();
        (!is_going).then_some(Self {
            position,
            object,
            value,
            derived,
            target,
        })
    }

    /// `HorizontalPodAutoscaler shop/web (web.yaml:3)`
    pub(super) fn name_and_place(&self) -> String {
        let subject = Subject::of(self.object);
        let place = self.object.place();
        match self.derived {
            Some(derived) => format!("{} of {subject} ({place})", derived.name()),
            None => format!("{subject} ({place})"),
        }
    }

    /// What is said before a problem, where it is one that no manifest has.
    pub(super) fn prefix(&self) -> String {
        self.derived.map_or_else(String::new, |derived| {
            format!("in {}, which KEDA makes of it: ", derived.name())
        })
    }

    /// Whether it measures pods themselves, and not only what is outside of them.
    pub(super) fn measures_pods(&self) -> bool {
        self.resources().next().is_some()
            || self
                .metrics()
                .any(|metric| text(metric, "/type") == Some("Pods"))
    }

    /// The resources that it measures, and whether as a part of what is requested. Of a single container it needs no
    /// more than that.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&'a str, bool)> {
        let is_v1 = text(self.value, "/apiVersion") == Some("autoscaling/v1");
        let by_default = is_v1 || self.metrics().next().is_none();
        let metrics = self.metrics().filter_map(|metric| {
            let resource = metric.get("resource").or(metric.get("containerResource"))?;
            let target = resource.get("target")?;
            let is_part = metric.get("resource").is_some()
                && target.get("averageValue").is_none_or(Value::is_null);
            Some((text(resource, "/name")?, is_part))
        });
        metrics.chain(by_default.then_some(("cpu", true)))
    }

    fn metrics(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let metrics = self.value.pointer("/spec/metrics");
        metrics.and_then(Value::as_array).into_iter().flatten()
    }
}

/// All of them.
pub(super) fn all<'a>(manifests: &Manifests<'a>) -> Vec<Autoscaler<'a>> {
    let written = manifests.current().filter_map(|(position, object)| {
        let is_one = object.group() == "autoscaling" && object.kind() == "HorizontalPodAutoscaler";
        let read = is_one.then(|| Autoscaler::read((position, object), &object.value, None));
        read.flatten()
    });
    let objects = manifests.objects;
    let derived = objects.derived.iter().filter_map(|derived| {
        let object = objects.all.get(derived.of)?;
        Autoscaler::read((derived.of, object), &derived.value, Some(derived))
    });
    written.chain(derived).collect()
}

/// What an autoscaler scales, with the pods that it selects.
pub(super) struct Workload<'a> {
    /// The object.
    pub(super) object: &'a Object,
    /// The pods that it makes.
    pub(super) pods: Pods<'a>,
    selector: Vec<Requirement>,
}

impl<'a> Workload<'a> {
    /// Reads a workload that the autoscaler finds by its own selector. A Rollout and a `DeploymentConfig` have theirs in
    /// their status.
    fn read(object: &'a Object) -> Option<Self> {
        let (api_version, kind) = (object.api_version(), object.kind());
        let group = split(api_version).0;
        let mut scalable = SCALABLE.iter();
        if !scalable.any(|(version, known)| *known == kind && split(version).0 == group) {
            return None;
        }
        let pods = Pods::of(object)?;
        let spec = object.value.get("spec")?;
        let written = spec.get("selector").filter(|it| !it.is_null());
        let selector = if kind == "ReplicationController" {
            LabelSelector {
                match_labels: Some(
                    serde_json::from_value(written.or(pods.labels)?.clone().into()).ok()?,
                ),
                ..LabelSelector::default()
            }
        } else {
            serde_json::from_value(written?.clone().into()).ok()?
        };
        let selector = selector::of_object(selector).ok()?;
        // Without replicas the autoscaler is off.
        let is_off = spec.get("replicas").and_then(Value::as_i64) == Some(0);
        (!is_off && !selector.is_empty()).then_some(Self {
            object,
            pods,
            selector,
        })
    }

    /// Whether it selects such pods.
    pub(super) fn selects(&self, pods: &Pods<'_>) -> bool {
        let mut selector = self.selector.iter();
        selector.all(|requirement| requirement.holds(pods.label(requirement.key())))
    }
}

/// The workloads of all namespaces, for looking up.
pub(super) struct Workloads<'a>(BTreeMap<[&'a str; 3], Vec<Workload<'a>>>);

impl<'a> Workloads<'a> {
    /// Those that an autoscaler may scale.
    pub(super) fn among(manifests: &Manifests<'a>) -> Self {
        let mut all: BTreeMap<_, Vec<Workload<'a>>> = BTreeMap::new();
        for (_, object) in manifests.current() {
            if let Some(workload) = Workload::read(object) {
                let namespace = object.namespace().unwrap_or_default();
                let key = [namespace, object.kind(), object.name().unwrap_or_default()];
                all.entry(key).or_default().push(workload);
            }
        }
        Self(all)
    }

    /// What an autoscaler scales. None where it is not among the objects, or twice.
    pub(super) fn of(&self, autoscaler: &Autoscaler<'a>) -> Option<&Workload<'a>> {
        let target = &autoscaler.target;
        let namespace = autoscaler.object.namespace().unwrap_or_default();
        let found = self.0.get(&[namespace, target.kind, target.name])?;
        let mut found = found.iter().filter(|workload| {
            workload.object.group() == target.group()
                && environments::may_be_one(&workload.object.file, &autoscaler.object.file)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}
