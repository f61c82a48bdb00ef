//! `HorizontalPodAutoscaler`s of every version, in one form.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::autoscaling::v2;

use super::{AutoscalerMeta, METRICS_ANNOTATION, ScaleTarget};
use crate::index::{hash, keep_first};
use document::Cursor;
use document::DecodeError;
use document::FieldPath;
use document::json::{self, Arena, Json};
use document::quote;

/// A `HorizontalPodAutoscaler`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HorizontalPodAutoscaler<'a> {
    /// Name, owner, and whether it is being deleted.
    pub meta: AutoscalerMeta<'a>,
    /// What it scales.
    pub target: ScaleTarget<'a>,
    /// What it measures of the pods' resources, each goal of a resource and its container once.
    pub metrics: Vec<Metric<'a>>,
    /// How many other metrics it has: those of Pods, objects and external systems, which need no requests.
    pub other_metrics: usize,
}

/// A resource of the pods that is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric<'a> {
    /// Where it is written.
    pub source: MetricSource,
    /// `cpu` or `memory`. Other names are accepted, and never found.
    pub resource: Cow<'a, str>,
    /// The one container that is measured; None for the whole pod.
    pub container: Option<Cow<'a, str>>,
    /// What the measure is compared with.
    pub goal: Goal,
}

/// Where a metric is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricSource {
    /// `spec.metrics`, by its place there.
    Spec(usize),
    /// The annotation of a v1 object, which holds text.
    Annotation,
    /// `spec.targetCPUUtilizationPercentage` of a v1 object, where it is written or was left out.
    Percentage,
    /// Nowhere: an autoscaler without metrics measures 80 % cpu.
    /// Source: `SetDefaults_HorizontalPodAutoscaler` in `pkg/apis/autoscaling/v2/defaults.go`.
    Default,
}

/// What the measure of a metric is compared with. The controller decides by the field that is set, the average value
/// first, and never looks at `target.type` (`computeStatusForResourceMetricGeneric`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A share of what the containers request, in per cent: nothing to compare with where they request nothing.
    Utilization,
    /// An amount, whatever is requested.
    AverageValue,
    /// Neither: the API server refuses it.
    Neither,
}

impl Metric<'_> {
    /// The field `rest` of the metric, such as `spec.metrics[0].resource.target.averageUtilization`; where v1 has no such
    /// field, the place of the whole metric.
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        let source = self.source;
        match (source, &self.container) {
            (MetricSource::Spec(_), None) => format!("{source}.resource.{rest}"),
            (MetricSource::Spec(_), Some(_)) => format!("{source}.containerResource.{rest}"),
            _ => source.to_string(),
        }
    }

    /// Whether it is written in v1, which can measure nothing but utilization of cpu without the annotation.
    #[must_use]
    pub fn is_of_v1(&self) -> bool {
        matches!(
            self.source,
            MetricSource::Annotation | MetricSource::Percentage
        )
    }

    /// What tells it from others.
    fn measure(&self) -> (Goal, &str, Option<&str>) {
        (self.goal, &self.resource, self.container.as_deref())
    }

    /// The event and condition that say that the metric cannot be computed.
    #[must_use]
    pub fn failure_reason(&self) -> &'static str {
        if self.container.is_some() {
            "FailedGetContainerResourceMetric"
        } else {
            "FailedGetResourceMetric"
        }
    }
}

/// The field to show, `spec.metrics[0]` for example.
impl fmt::Display for MetricSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(index) => write!(f, "spec.metrics[{index}]"),
            Self::Annotation => write!(f, "metadata.annotations[{}]", quote(METRICS_ANNOTATION)),
            Self::Percentage => f.write_str("spec.targetCPUUtilizationPercentage"),
            Self::Default => f.write_str("spec.metrics"),
        }
    }
}

/// The names of fields, which v1 has in its annotation and v2 in its spec.
struct Shape {
    v1: bool,
}

impl<'a> HorizontalPodAutoscaler<'a> {
    /// Reads one. `version` is that of the object: `v1` has fields of its own. What v1 has in an annotation means
    /// nothing in v2 (`pkg/apis/autoscaling/v2/conversion.go` drops it).
    pub fn read(cursor: &Cursor<'a>, version: &str) -> Result<Self, DecodeError> {
        let (mut metrics, mut others) = (Vec::new(), 0);
        if version == "v1" {
            // Metrics of the annotation come first. Source: `pkg/apis/autoscaling/v1/conversion.go`.
            let annotation =
                cursor.at("metadata.annotations", |map| map.text(METRICS_ANNOTATION))?;
            // What is not what it should be there is ignored, as by the API server.
            if let Some((found, more)) = from_annotation(annotation.unwrap_or_default()) {
                (metrics, others) = (found, more);
            }
            let percentage = cursor.map("spec", |spec| {
                spec.integer("targetCPUUtilizationPercentage")
            })?;
            if percentage.flatten().is_some() {
                metrics.push(cpu(MetricSource::Percentage));
            }
        } else if let Some(found) = cursor.map("spec", |spec| {
            let read = |metric: &Cursor<'a>| Shape { v1: false }.read(metric);
            spec.list("metrics", read)
        })? {
            for (index, found) in found.into_iter().enumerate() {
                match found {
                    None => others += 1,
                    Some((resource, container, goal)) => metrics.push(Metric {
                        source: MetricSource::Spec(index),
                        resource: Cow::Borrowed(resource),
                        container: container.map(Cow::Borrowed),
                        goal,
                    }),
                }
            }
        }
        if metrics.is_empty() && others == 0 {
            // In v1 that is the field of this, which has no `spec.metrics`.
            metrics.push(cpu(if version == "v1" {
                MetricSource::Percentage
            } else {
                MetricSource::Default
            }));
        }
        // There may be thousands of them, most of them the same.
        let hash = |metric: &Metric<'_>| {
            let container = metric.container.as_deref().unwrap_or_default();
            hash(hash(0, &metric.resource), container)
        };
        keep_first(&mut metrics, hash, |one, other| {
            one.measure() == other.measure()
        });
        Ok(Self {
            meta: AutoscalerMeta::read(cursor)?,
            target: ScaleTarget::of_horizontal(cursor)?,
            metrics,
            other_metrics: others,
        })
    }
}

/// `HorizontalPodAutoscaler "web"`, with its owner if it has one.
impl fmt::Display for HorizontalPodAutoscaler<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meta.describe(v2::HorizontalPodAutoscaler::KIND, f)
    }
}

fn cpu(source: MetricSource) -> Metric<'static> {
    Metric {
        source,
        resource: Cow::Borrowed("cpu"),
        container: None,
        goal: Goal::Utilization,
    }
}

/// The metrics in the annotation, and the number of others.
fn from_annotation(text: &str) -> Option<(Vec<Metric<'static>>, usize)> {
    let arena = Arena::new();
    let json = json::parse(text, &arena).ok()?;
    let Json::List(list) = with_known_names(json, &arena) else {
        return None;
    };
    let (mut metrics, mut others) = (Vec::new(), 0);
    for item in list {
        let found = Shape { v1: true }.read(&Cursor::new(item, FieldPath::new("")));
        match found.ok()? {
            None => others += 1,
            Some((resource, container, goal)) => metrics.push(Metric {
                source: MetricSource::Annotation,
                resource: Cow::Owned(resource.to_owned()),
                container: container.map(|name| Cow::Owned(name.to_owned())),
                goal,
            }),
        }
    }
    Some((metrics, others))
}

/// The fields of a metric in the annotation.
const V1_FIELDS: [&str; 7] = [
    "type",
    "resource",
    "containerResource",
    "name",
    "container",
    "targetAverageValue",
    "targetAverageUtilization",
];

/// A value with its fields called what they are called where they are defined: the decoder of Go takes them in any case,
/// and the last of several. Source: `object` in `encoding/json/decode.go`.
fn with_known_names<'a>(json: Json<'a>, arena: &'a Arena) -> Json<'a> {
    match json {
        Json::List(items) => {
            let items = items.iter().map(|item| with_known_names(*item, arena));
            Json::List(arena.alloc_slice_fill_iter(items))
        }
        Json::Map(fields) => {
            let mut known = Vec::new();
            for name in V1_FIELDS {
                let last = fields.iter().rev();
                let mut last = last.filter(|(key, _)| key.eq_ignore_ascii_case(name));
                if let Some((_, value)) = last.next() {
                    known.push((name, with_known_names(*value, arena)));
                }
            }
            Json::Map(arena.alloc_slice_copy(&known))
        }
        other => other,
    }
}

/// Resource, container and goal.
type Read<'a> = (&'a str, Option<&'a str>, Goal);

impl Shape {
    /// Reads a metric. None for what is no resource of the pods.
    fn read<'a>(&self, metric: &Cursor<'a>) -> Result<Option<Read<'a>>, DecodeError> {
        let of_container = match metric.text("type")? {
            "Resource" => false,
            "ContainerResource" => true,
            _ => return Ok(None),
        };
        let field = if of_container {
            "containerResource"
        } else {
            "resource"
        };
        let found = metric.map(field, |source| {
            let goal = if self.v1 {
                Some(goal(
                    source,
                    "targetAverageValue",
                    "targetAverageUtilization",
                )?)
            } else {
                source.map("target", |target| {
                    goal(target, "averageValue", "averageUtilization")
                })?
            };
            let container = if of_container {
                Some(source.text("container")?)
            } else {
                None
            };
            Ok((
                source.text("name")?,
                container,
                goal.unwrap_or(Goal::Neither),
            ))
        })?;
        Ok(Some(found.unwrap_or(("", None, Goal::Neither))))
    }
}

fn goal(target: &Cursor<'_>, value: &str, utilization: &str) -> Result<Goal, DecodeError> {
    Ok(if !matches!(target.value(value)?, Json::Null) {
        Goal::AverageValue
    } else if target.integer(utilization)?.is_some() {
        Goal::Utilization
    } else {
        Goal::Neither
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Each metric in words, and the number of others.
    fn metrics(version: &str, object: &Value) -> (Vec<String>, usize) {
        let text = object.to_string();
        let arena = Arena::new();
        let json = json::parse(&text, &arena).unwrap();
        let cursor = Cursor::new(&json, FieldPath::new("object"));
        let hpa = HorizontalPodAutoscaler::read(&cursor, version).unwrap();
        let words = |metric: &Metric<'_>| {
            let container = metric.container.as_deref().unwrap_or("-");
            format!(
                "{} {} {container} {:?}",
                metric.source, metric.resource, metric.goal
            )
        };
        (hpa.metrics.iter().map(words).collect(), hpa.other_metrics)
    }

    fn v2(metrics: &Value) -> Value {
        json!({"spec": {"metrics": metrics}})
    }

    #[test]
    fn decides_by_the_field_that_is_set() {
        for (target, goal) in [
            (
                json!({"type": "Utilization", "averageUtilization": 60}),
                "Utilization",
            ),
            (
                json!({"type": "AverageValue", "averageUtilization": 60}),
                "Utilization",
            ),
            (
                json!({"type": "Utilization", "averageValue": "1"}),
                "AverageValue",
            ),
            (
                json!({"averageValue": 1, "averageUtilization": 60}),
                "AverageValue",
            ),
            (
                json!({"averageValue": null, "averageUtilization": 60}),
                "Utilization",
            ),
            (json!({"type": "Utilization"}), "Neither"),
            (json!(null), "Neither"),
        ] {
            let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
            let (found, others) = metrics("v2", &v2(&json!([metric])));
            assert_eq!(found, [format!("spec.metrics[0] cpu - {goal}")], "{target}");
            assert_eq!(others, 0);
        }
    }

    #[test]
    fn reads_every_type_of_metric() {
        let utilization = json!({"type": "Utilization", "averageUtilization": 60});
        let list = json!([
            {"type": "External", "external": {}},
            {"type": "ContainerResource",
                "containerResource": {"name": "memory", "container": "app", "target": utilization}},
            {"type": "Pods"},
            {"type": "Object"},
            {"type": "Resource", "resource": {"name": "CPU", "target": utilization}},
            // The type decides, whatever else is there.
            {"type": "Pods", "resource": {"name": "cpu", "target": utilization}},
            {"resource": {"name": "cpu", "target": utilization}},
            {"type": "Resource"},
        ]);
        let (found, others) = metrics("v2", &v2(&list));
        assert_eq!(
            found,
            [
                "spec.metrics[1] memory app Utilization",
                "spec.metrics[4] CPU - Utilization",
                "spec.metrics[7]  - Neither",
            ]
        );
        assert_eq!(others, 5);
    }

    #[test]
    fn what_is_measured_twice_is_read_once() {
        let of = |name: &str, goal: &str, container: Option<&str>| {
            let mut source = json!({"name": name, "target": {goal: 1}});
            match container {
                None => json!({"type": "Resource", "resource": source}),
                Some(container) => {
                    source["container"] = json!(container);
                    json!({"type": "ContainerResource", "containerResource": source})
                }
            }
        };
        let cpu = |goal: &str, container: Option<&str>| of("cpu", goal, container);
        let list = json!([
            cpu("averageUtilization", None),
            cpu("averageUtilization", None),
            cpu("averageValue", None),
            cpu("averageUtilization", Some("")),
            cpu("averageUtilization", Some("app")),
            cpu("averageUtilization", Some("app")),
            cpu("averageUtilization", None),
            of("memory", "averageUtilization", None),
            {"type": "Pods"},
            {"type": "Pods"},
        ]);
        let (found, others) = metrics("v2", &v2(&list));
        assert_eq!(
            found,
            [
                "spec.metrics[0] cpu - Utilization",
                "spec.metrics[2] cpu - AverageValue",
                "spec.metrics[3] cpu  Utilization",
                "spec.metrics[4] cpu app Utilization",
                "spec.metrics[7] memory - Utilization",
            ]
        );
        assert_eq!(others, 2);
    }

    #[test]
    fn no_metrics_are_eighty_per_cent_cpu() {
        let of = |place: &str| (vec![format!("{place} cpu - Utilization")], 0);
        for object in [
            json!({}),
            json!({"spec": null}),
            v2(&json!(null)),
            v2(&json!([])),
        ] {
            for (version, place) in [
                ("v1", "spec.targetCPUUtilizationPercentage"),
                ("v2", "spec.metrics"),
            ] {
                assert_eq!(metrics(version, &object), of(place), "{version} {object}");
            }
        }
        let external = v2(&json!([{"type": "External"}]));
        assert_eq!(metrics("v2", &external), (vec![], 1));
    }

    #[test]
    fn reads_percentage_and_annotation_of_v1() {
        let v1 = |annotation: Value, percentage: Value| {
            let text = annotation
                .as_str()
                .map_or_else(|| annotation.to_string(), str::to_owned);
            let annotations = json!({"autoscaling.alpha.kubernetes.io/metrics": text});
            let spec = json!({"targetCPUUtilizationPercentage": percentage});
            metrics(
                "v1",
                &json!({"metadata": {"annotations": annotations}, "spec": spec}),
            )
        };
        let place = "metadata.annotations[\"autoscaling.alpha.kubernetes.io/metrics\"]";
        let memory =
            |field: &str| json!({"type": "Resource", "resource": {"name": "memory", field: 70}});
        let container = json!({"type": "ContainerResource",
            "containerResource": {"name": "cpu", "container": "app", "targetAverageUtilization": 70}});
        for (annotation, percentage, expected, others) in [
            (
                json!([memory("targetAverageUtilization")]),
                json!(null),
                vec![format!("{place} memory - Utilization")],
                0,
            ),
            (
                json!([memory("targetAverageValue")]),
                json!(50),
                vec![
                    format!("{place} memory - AverageValue"),
                    "spec.targetCPUUtilizationPercentage cpu - Utilization".to_owned(),
                ],
                0,
            ),
            (
                json!([{"type": "Pods"}, container]),
                json!(null),
                vec![format!("{place} cpu app Utilization")],
                1,
            ),
            // Fields have no case, but values have.
            (
                json!([{"TYPE": "Resource", "Resource": {"Name": "CPU", "name": "memory", "targetaverageutilization": 70}}]),
                json!(null),
                vec![format!("{place} memory - Utilization")],
                0,
            ),
            (
                json!([{"type": "resource", "resource": {"name": "memory", "targetAverageUtilization": 70}}]),
                json!(50),
                vec!["spec.targetCPUUtilizationPercentage cpu - Utilization".to_owned()],
                1,
            ),
            // The shape of v2 means nothing here.
            (
                json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 1}}}]),
                json!(null),
                vec![format!("{place} cpu - Neither")],
                0,
            ),
            // What cannot be read is ignored.
            (
                json!("[{"),
                json!(null),
                vec!["spec.targetCPUUtilizationPercentage cpu - Utilization".to_owned()],
                0,
            ),
            (
                json!([7]),
                json!(50),
                vec!["spec.targetCPUUtilizationPercentage cpu - Utilization".to_owned()],
                0,
            ),
        ] {
            assert_eq!(v1(annotation, percentage), (expected, others));
        }
    }

    #[test]
    fn an_annotation_of_v2_means_nothing() {
        let object = json!({
            "metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/metrics": "[{\"type\":\"Pods\"}]"}},
            "spec": {"targetCPUUtilizationPercentage": 50, "metrics": [{"type": "External"}]},
        });
        assert_eq!(metrics("v2", &object), (vec![], 1));
    }

    #[test]
    fn names_the_field_that_cannot_be_read() {
        for (spec, problem) in [
            (
                json!({"metrics": {}}),
                "object.spec.metrics: must be a list, not a map",
            ),
            (
                json!({"metrics": [{"type": "Resource", "resource": {"name": 7}}]}),
                "object.spec.metrics[0].resource.name: must be a string, not a number",
            ),
            (
                json!({"scaleTargetRef": {"name": []}}),
                "object.spec.scaleTargetRef.name: must be a string, not a list",
            ),
        ] {
            let text = json!({ "spec": spec }).to_string();
            let arena = Arena::new();
            let json = json::parse(&text, &arena).unwrap();
            let cursor = Cursor::new(&json, FieldPath::new("object"));
            let error = HorizontalPodAutoscaler::read(&cursor, "v2").unwrap_err();
            assert_eq!(error.to_string(), problem);
        }
    }
}
