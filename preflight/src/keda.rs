//! KEDA: the `HorizontalPodAutoscaler` that it makes of a `ScaledObject`.
//!
//! Sources, of kedacore/keda: `newHPAForScaledObject` and `getScaledObjectMetricSpecs` in `controllers/keda/hpa.go`,
//! `parseResourceMetadata` in `pkg/scalers/cpu_memory_scaler.go`, `ParseGVKR` in `apis/keda/v1alpha1/gvkr.go`,
//! `NeedToBePausedByAnnotation` in `apis/keda/v1alpha1/scaledobject_types.go`.

use std::collections::HashMap;

use tree::{Map, Value, json};

use crate::review::{User, server::uid_of};
use cluster::kinds::{split, text};

const NAME_LABEL: &str = "scaledobject.keda.sh/name";
const PAUSED: &str = "autoscaling.keda.sh/paused";
const PAUSED_REPLICAS: &str = "autoscaling.keda.sh/paused-replicas";
const TRANSFER: &str = "scaledobject.keda.sh/transfer-hpa-ownership";
const EXCLUDED_LABELS: &str = "scaledobject.keda.sh/hpa-excluded-labels";

/// An autoscaler that no manifest has, because KEDA makes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Derived {
    /// The `HorizontalPodAutoscaler`.
    pub(crate) value: Value,
    /// The position of the `ScaledObject` among the objects.
    pub(crate) of: usize,
    /// The trigger that each metric is of. The one that stands for a formula is of none.
    triggers: Vec<Option<usize>>,
    /// Whether the `ScaledObject` names it.
    is_named: bool,
}

/// What keeps KEDA from making an autoscaler of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) field: String,
    pub(crate) problem: String,
    pub(crate) fix: String,
    /// Whether older versions of KEDA read it.
    is_old: bool,
}

/// What two fields of the autoscaler are called in a `ScaledObject`.
const COUNTS: [(&str, &str); 2] = [
    ("minReplicas", "minReplicaCount"),
    ("maxReplicas", "maxReplicaCount"),
];

/// A text with another word for one, where that stands alone and is no part of a name.
fn reword(told: &str, word: &str, new: &str) -> String {
    let is_of_name =
        |character: char| character.is_ascii_alphanumeric() || "-_\"".contains(character);
    let mut retold = String::with_capacity(told.len());
    let mut rest = told;
    while let Some((before, after)) = rest.split_once(word) {
        retold.push_str(before);
        let is_part = retold.ends_with(is_of_name) || after.starts_with(is_of_name);
        retold.push_str(if is_part { word } else { new });
        rest = after;
    }
    retold.push_str(rest);
    retold
}

/// Whether an object is a `ScaledObject`.
pub(crate) fn is_scaled_object(object: &Value) -> bool {
    text(object, "/kind") == Some("ScaledObject")
        && text(object, "/apiVersion").is_some_and(|version| split(version).0 == "keda.sh")
}

/// Who KEDA is where its chart is installed as its documentation says: settings may leave it alone.
pub(crate) const USER: User = User {
    username: "system:serviceaccount:keda:keda-operator",
    groups: &[
        "system:serviceaccounts",
        "system:serviceaccounts:keda",
        "system:authenticated",
    ],
};

/// The name of the autoscaler that KEDA makes of a `ScaledObject`, or takes over.
fn name(scaled: &Value) -> Option<(String, bool)> {
    let named = text(scaled, "/spec/advanced/horizontalPodAutoscalerConfig/name");
    match named.filter(|name| !name.is_empty()) {
        Some(name) => Some((name.to_owned(), true)),
        None => Some((
            format!("keda-hpa-{}", text(scaled, "/metadata/name")?),
            false,
        )),
    }
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// Whether KEDA deletes the autoscaler: anything but a word for false pauses, as Go's `ParseBool` has them.
fn is_paused(scaled: &Value) -> bool {
    let is_false = |value| ["0", "f", "F", "false", "FALSE", "False"].contains(&value);
    annotation(scaled, PAUSED_REPLICAS).is_some()
        || annotation(scaled, PAUSED).is_some_and(|value| !is_false(value))
}

/// Whether an object is the autoscaler of a `ScaledObject`, as a cluster prints it.
pub(crate) fn is_made_of(autoscaler: &Value, scaled: &Value) -> bool {
    let is_autoscaler = text(autoscaler, "/kind") == Some("HorizontalPodAutoscaler");
    if !is_autoscaler
        || text(autoscaler, "/metadata/namespace") != text(scaled, "/metadata/namespace")
    {
        return false;
    }
    let scaled_name = text(scaled, "/metadata/name");
    let is_owned = owners(autoscaler).any(|owner| Some(owner) == scaled_name);
    let transfers = annotation(scaled, TRANSFER) == Some("true");
    let has_name = || {
        let name = name(scaled).map(|(name, _)| name);
        name.as_deref() == text(autoscaler, "/metadata/name")
    };
    is_owned || !transfers && has_name()
}

/// The namespace and a name.
type Named<'a> = (Option<&'a str>, &'a str);

/// The positions of horizontal autoscalers among objects, found by what connects them with a `ScaledObject`.
#[derive(Debug, Default)]
pub(crate) struct Autoscalers<'a> {
    by_name: HashMap<Named<'a>, Vec<usize>>,
    by_owner: HashMap<Named<'a>, Vec<usize>>,
}

impl<'a> Autoscalers<'a> {
    /// Takes objects with their positions.
    pub(crate) fn among(objects: impl Iterator<Item = (usize, &'a Value)>) -> Self {
        let mut all = Self::default();
        for (position, value) in objects {
            if text(value, "/kind") != Some("HorizontalPodAutoscaler") {
                continue;
            }
            let namespace = text(value, "/metadata/namespace");
            if let Some(name) = text(value, "/metadata/name") {
                let named = all.by_name.entry((namespace, name));
                named.or_default().push(position);
            }
            for name in owners(value) {
                let owned = all.by_owner.entry((namespace, name));
                owned.or_default().push(position);
            }
        }
        all
    }

    /// The positions of those that a `ScaledObject` owns, and of those that have the name of the one that it makes.
    pub(crate) fn beside(&self, scaled: &Value) -> Vec<usize> {
        let namespace = text(scaled, "/metadata/namespace");
        let own_name = text(scaled, "/metadata/name");
        let owned = own_name.and_then(|name| self.by_owner.get(&(namespace, name)));
        let named = name(scaled);
        let named = named.as_ref();
        let named = named.and_then(|(name, _)| self.by_name.get(&(namespace, name)));
        owned.into_iter().chain(named).flatten().copied().collect()
    }
}

/// The names of the `ScaledObjects` that own an object.
fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let owners = object.pointer("/metadata/ownerReferences");
    let owners = owners.and_then(Value::as_array).into_iter().flatten();
    owners
        .filter(|owner| text(owner, "/kind") == Some("ScaledObject"))
        .filter_map(|owner| text(owner, "/name"))
}

/// The autoscaler that KEDA makes of the `ScaledObject` at a position. None where it makes none: it is paused or on its
/// way out, or KEDA cannot read it.
pub(crate) fn derive(scaled: &Value, of: usize) -> Option<Derived> {
    let is_going = text(scaled, "/metadata/deletionTimestamp").is_some();
    if !is_scaled_object(scaled) || is_paused(scaled) || is_going {
        return None;
    }
    if unreadable(scaled).iter().any(|problem| !problem.is_old) {
        return None;
    }
    Derived::of(scaled, of)
}

/// The same where KEDA cannot read the triggers: which policies want it is known all the same.
pub(crate) fn unmade(scaled: &Value, of: usize) -> Option<Derived> {
    (is_scaled_object(scaled) && !is_paused(scaled))
        .then(|| Derived::of(scaled, of))
        .flatten()
}

fn triggers(scaled: &Value) -> impl Iterator<Item = (usize, &Value)> {
    let triggers = scaled.pointer("/spec/triggers").and_then(Value::as_array);
    triggers.into_iter().flatten().enumerate()
}

/// The resource that a trigger measures itself. All other triggers are external metrics.
fn resource(trigger: &Value) -> Option<&str> {
    text(trigger, "/type").filter(|kind| matches!(*kind, "cpu" | "memory"))
}

/// What is written, as text: numbers without quotes are refused for that by the API server.
fn written(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_string(),
    }
}

/// What a trigger on a resource is compared with: `Utilization` or `AverageValue`. Before 2.18, KEDA read it from
/// `metadata.type` as well.
fn metric_type(trigger: &Value) -> String {
    let own = written(trigger.get("metricType"));
    if own.is_empty() {
        written(trigger.pointer("/metadata/type"))
    } else {
        own
    }
}

/// What KEDA cannot read of the triggers on cpu and memory.
pub(crate) fn unreadable(scaled: &Value) -> Vec<Unreadable> {
    let mut found = Vec::new();
    for (index, trigger) in triggers(scaled) {
        let Some(resource) = resource(trigger) else {
            continue;
        };
        let mut add = |field: &str, what: String, fix: &str, is_old| {
            found.push(Unreadable {
                field: format!("spec.triggers[{index}].{field}"),
                problem: what,
                fix: fix.to_owned(),
                is_old,
            });
        };
        let nothing = "so KEDA makes no HorizontalPodAutoscaler and nothing scales";
        let written_type = written(trigger.get("metricType"));
        let kind = metric_type(trigger);
        let value = written(trigger.pointer("/metadata/value"));
        let fix = format!("write metricType: Utilization beside type: {resource}");
        if kind.is_empty() {
            let what = format!("a trigger of type {resource} needs a metricType, {nothing}");
            add(
                "metricType",
                what,
                &format!("{fix}, or metricType: AverageValue"),
                false,
            );
        } else if !matches!(kind.as_str(), "Utilization" | "AverageValue") {
            let field = if written_type.is_empty() {
                "metadata.type"
            } else {
                "metricType"
            };
            let what = format!("{kind:?} is neither Utilization nor AverageValue, {nothing}");
            add(
                field,
                what,
                "write metricType: Utilization or AverageValue",
                false,
            );
        } else if written_type.is_empty() {
            let what = "KEDA reads no metadata.type since 2.18: it makes no HorizontalPodAutoscaler and nothing scales";
            let fix = format!(
                "write metricType: {kind} beside type: {resource}, and leave metadata.type out"
            );
            add("metadata.type", what.to_owned(), &fix, true);
        }
        if value.is_empty() {
            let what = format!("a trigger of type {resource} needs a value, {nothing}");
            add(
                "metadata.value",
                what,
                "write a value, for example \"60\"",
                false,
            );
        } else if kind == "Utilization" && value.parse::<i32>().is_err() {
            let what =
                format!("{value:?} is not a whole number, as Utilization needs it, {nothing}");
            add(
                "metadata.value",
                what,
                "write the percentage alone, for example \"60\"",
                false,
            );
        }
    }
    found
}

/// A metric of the autoscaler, and the trigger that it is of.
fn metric(scaled: &Value, index: usize, trigger: &Value) -> Value {
    let Some(resource) = resource(trigger) else {
        // The name, and what it is compared with, are for each scaler to say, and no policy asks.
        let name = format!("s{index}-{}", text(trigger, "/type").unwrap_or_default());
        return external(scaled, &name, text(trigger, "/metricType"), "1");
    };
    let value = written(trigger.pointer("/metadata/value"));
    let kind = metric_type(trigger);
    let target = match value.parse::<i32>() {
        Ok(percentage) if kind == "Utilization" => {
            json!({"type": kind, "averageUtilization": percentage})
        }
        _ => json!({"type": kind, "averageValue": value}),
    };
    match text(trigger, "/metadata/containerName").filter(|name| !name.is_empty()) {
        Some(container) => json!({
            "type": "ContainerResource",
            "containerResource": {"name": resource, "container": container, "target": target},
        }),
        None => json!({"type": "Resource", "resource": {"name": resource, "target": target}}),
    }
}

fn external(scaled: &Value, name: &str, kind: Option<&str>, amount: &str) -> Value {
    let target = match kind {
        Some("Value") => json!({"type": "Value", "value": amount}),
        _ => json!({"type": "AverageValue", "averageValue": amount}),
    };
    let selector = json!({"matchLabels": {NAME_LABEL: text(scaled, "/metadata/name")}});
    json!({
        "type": "External",
        "external": {"metric": {"name": name, "selector": selector}, "target": target},
    })
}

/// The metrics in their order, each with its trigger.
fn metrics(scaled: &Value) -> Vec<(Option<usize>, Value)> {
    let metrics = triggers(scaled);
    let metrics = metrics.map(|(index, trigger)| (Some(index), metric(scaled, index, trigger)));
    let mut metrics: Vec<_> = metrics.collect();
    metrics.sort_by(|(_, a), (_, b)| text(a, "/type").cmp(&text(b, "/type")));
    let modifiers = scaled.pointer("/spec/advanced/scalingModifiers");
    let formula = modifiers.filter(|one| one.as_object().is_some_and(|map| !map.is_empty()));
    if let Some(formula) = formula {
        // Only metrics of resources stay, and those of one container are none.
        metrics.retain(|(_, metric)| metric.get("resource").is_some());
        let target = written(formula.get("target"));
        let kind = text(formula, "/metricType");
        metrics.push((None, external(scaled, "composite-metric", kind, &target)));
    }
    metrics
}

fn labels(scaled: &Value, name: &str) -> Map {
    let excluded = annotation(scaled, EXCLUDED_LABELS).unwrap_or_default();
    let short = name.get(..63).unwrap_or(name);
    let short = short.trim_end_matches(|character: char| !character.is_alphanumeric());
    let own = text(scaled, "/metadata/name").unwrap_or_default();
    // And `app.kubernetes.io/version`, which is KEDA's.
    let mut labels = Map::from_iter([
        ("app.kubernetes.io/name".into(), json!(short)),
        ("app.kubernetes.io/part-of".into(), json!(own)),
        (
            "app.kubernetes.io/managed-by".into(),
            json!("keda-operator"),
        ),
    ]);
    let written = scaled
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    for (key, value) in written.into_iter().flatten() {
        if !excluded.split(',').any(|one| one == key) {
            labels.insert(key.clone(), value.clone());
        }
    }
    labels.insert(NAME_LABEL.into(), json!(own));
    labels
}

impl Derived {
    fn of(scaled: &Value, of: usize) -> Option<Self> {
        let (name, is_named) = name(scaled)?;
        let target = scaled.pointer("/spec/scaleTargetRef")?;
        let or = |field: &str, default: &str| {
            let written = target.get(field);
            let is_unset = written.is_none_or(|value| value.is_null() || *value == json!(""));
            if is_unset {
                json!(default)
            } else {
                written.cloned().unwrap_or_default()
            }
        };
        let (triggers, metrics): (Vec<_>, Vec<_>) = metrics(scaled).into_iter().unzip();
        // Neither an autoscaler without a target nor one without metrics: KEDA refuses to make it.
        if metrics.is_empty() || text(target, "/name").is_none_or(str::is_empty) {
            return None;
        }
        let count = |field: &str| {
            scaled
                .pointer("/spec")
                .and_then(|spec| spec.get(field)?.as_i64())
        };
        let metadata = |field: &str| scaled.pointer("/metadata").and_then(|it| it.get(field));
        let mut value = json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "name": name,
                "namespace": metadata("namespace"),
                "labels": labels(scaled, &name),
                "ownerReferences": [{
                    "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": metadata("name"),
                    "uid": uid_of(scaled), "controller": true, "blockOwnerDeletion": true,
                }],
            },
            "spec": {
                "scaleTargetRef": {
                    "apiVersion": or("apiVersion", "apps/v1"),
                    "kind": or("kind", "Deployment"),
                    "name": target.get("name"),
                },
                "minReplicas": count("minReplicaCount").filter(|count| *count > 0).unwrap_or(1),
                "maxReplicas": count("maxReplicaCount").unwrap_or(100),
                "metrics": metrics,
            },
        });
        let mut insert = |pointer: &str, field: &str, written: Option<&Value>| {
            let fields = value.pointer_mut(pointer).and_then(Value::as_object_mut);
            if let (Some(fields), Some(written)) = (fields, written.filter(|it| !it.is_null())) {
                fields.insert(field.into(), written.clone());
            }
        };
        insert("/metadata", "annotations", metadata("annotations"));
        let behavior = scaled.pointer("/spec/advanced/horizontalPodAutoscalerConfig/behavior");
        insert("/spec", "behavior", behavior);
        Some(Self {
            value,
            of,
            triggers,
            is_named,
        })
    }

    /// `HorizontalPodAutoscaler "keda-hpa-web"`
    pub(crate) fn name(&self) -> String {
        let name = text(&self.value, "/metadata/name").unwrap_or_default();
        format!("HorizontalPodAutoscaler {name:?}")
    }

    /// The namespace of both.
    pub(crate) fn namespace(&self) -> Option<&str> {
        text(&self.value, "/metadata/namespace")
    }

    /// Whether an object has the name that the autoscaler gets.
    pub(crate) fn has_name_of(&self, other: &Value) -> bool {
        let mut same = ["/kind", "/metadata/namespace", "/metadata/name"].into_iter();
        same.all(|pointer| text(&self.value, pointer) == text(other, pointer))
    }

    /// The field of the `ScaledObject` that a field of the autoscaler comes from; the closest one above it.
    pub(crate) fn field(&self, field: &str) -> String {
        let Some(rest) = field.strip_prefix("spec.metrics") else {
            return match field {
                "spec.minReplicas" | "spec.maxReplicas" => self.retell(field),
                "metadata.name" if self.is_named => {
                    "spec.advanced.horizontalPodAutoscalerConfig.name".to_owned()
                }
                _ => match field.strip_prefix("spec.behavior") {
                    Some(rest) => {
                        format!("spec.advanced.horizontalPodAutoscalerConfig.behavior{rest}")
                    }
                    None => field.to_owned(),
                },
            };
        };
        let index = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((index, rest)) = index else {
            return "spec.triggers".to_owned();
        };
        let trigger = index
            .parse::<usize>()
            .ok()
            .and_then(|index| self.triggers.get(index));
        let Some(Some(trigger)) = trigger else {
            return "spec.advanced.scalingModifiers".to_owned();
        };
        let rest = match rest.rsplit('.').next() {
            Some("averageUtilization" | "averageValue" | "value") => ".metadata.value",
            Some("container") => ".metadata.containerName",
            Some("name") if !rest.contains("metric") => ".type",
            Some("type") => ".metricType",
            _ => "",
        };
        format!("spec.triggers[{trigger}]{rest}")
    }

    /// A text about the autoscaler, with the fields of the `ScaledObject` in it.
    pub(crate) fn retell(&self, told: &str) -> String {
        const METRICS: &str = "spec.metrics[";
        let mut new = String::with_capacity(told.len());
        let mut rest = told;
        while let Some(start) = rest.find(METRICS) {
            let (before, from) = rest.split_at(start);
            new.push_str(before);
            let is_of_path =
                |character: char| character.is_ascii_alphanumeric() || ".[]".contains(character);
            let end = from.find(|character| !is_of_path(character));
            let (path, after) = from.split_at(end.unwrap_or(from.len()));
            let field = path.trim_end_matches('.');
            new.push_str(&self.field(field));
            new.push_str(path.strip_prefix(field).unwrap_or_default());
            rest = after;
        }
        new.push_str(rest);
        COUNTS
            .iter()
            .fold(new, |told, (of_made, own)| reword(&told, of_made, own))
    }

    /// Whether a text about another object names this one as that of its `ScaledObject`.
    pub(crate) fn is_named_in(&self, told: &str) -> bool {
        let scaled = text(&self.value, "/metadata/ownerReferences/0/name").unwrap_or_default();
        told.contains(&format!("{} of ScaledObject {scaled:?}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(annotations: &Value, spec: &Value) -> Value {
        json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "metadata": {
                "name": "web", "namespace": "shop", "uid": "7", "labels": {"team": "a", "x": "y"},
                "annotations": annotations,
            },
            "spec": spec,
        })
    }

    fn cpu() -> Value {
        json!({"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}})
    }

    fn of_triggers(triggers: &Value) -> Value {
        scaled(
            &json!({}),
            &json!({"scaleTargetRef": {"name": "web"}, "triggers": triggers}),
        )
    }

    fn made(scaled: &Value) -> Derived {
        derive(scaled, 0).unwrap()
    }

    #[test]
    fn writes_what_keda_writes() {
        let annotations = json!({EXCLUDED_LABELS: "a.b,x"});
        let behavior = json!({"scaleDown": {"selectPolicy": "Disabled"}});
        let object = scaled(
            &annotations,
            &json!({
                "scaleTargetRef": {"name": "web"}, "triggers": [cpu()],
                "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
            }),
        );
        assert_eq!(
            made(&object).value,
            json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {
                    "name": "keda-hpa-web", "namespace": "shop", "annotations": annotations,
                    "labels": {
                        "app.kubernetes.io/name": "keda-hpa-web", "app.kubernetes.io/part-of": "web",
                        "app.kubernetes.io/managed-by": "keda-operator", "team": "a",
                        "scaledobject.keda.sh/name": "web",
                    },
                    "ownerReferences": [{
                        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "web", "uid": "7",
                        "controller": true, "blockOwnerDeletion": true,
                    }],
                },
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                    "minReplicas": 1, "maxReplicas": 100, "behavior": behavior,
                    "metrics": [{"type": "Resource", "resource": {
                        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}],
                },
            })
        );
    }

    #[test]
    fn takes_target_bounds_and_name_where_they_are_written() {
        let object = scaled(
            &json!({}),
            &json!({
                "scaleTargetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "r"},
                "minReplicaCount": 2, "maxReplicaCount": 6, "triggers": [cpu()],
                "advanced": {"horizontalPodAutoscalerConfig": {"name": "mine"}},
            }),
        );
        let derived = made(&object);
        let spec = &derived.value["spec"];
        assert_eq!(
            spec["scaleTargetRef"],
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "r"})
        );
        assert_eq!(
            (&spec["minReplicas"], &spec["maxReplicas"]),
            (&json!(2), &json!(6))
        );
        assert_eq!(derived.name(), "HorizontalPodAutoscaler \"mine\"");
        let name = "spec.advanced.horizontalPodAutoscalerConfig.name";
        assert_eq!(derived.field("metadata.name"), name);
    }

    #[test]
    fn metrics_are_in_the_order_of_their_types_and_know_their_triggers() {
        let triggers = json!([
            cpu(),
            {"type": "cron", "metadata": {"start": "0 6 * * *"}},
            {"type": "memory", "metricType": "AverageValue", "metadata": {"value": "1Gi", "containerName": "app"}},
        ]);
        let derived = made(&of_triggers(&triggers));
        let metrics = derived.value["spec"]["metrics"].as_array().unwrap();
        let types: Vec<_> = metrics
            .iter()
            .map(|metric| metric["type"].as_str().unwrap())
            .collect();
        assert_eq!(types, ["ContainerResource", "External", "Resource"]);
        assert_eq!(
            metrics[0]["containerResource"],
            json!({"name": "memory", "container": "app", "target": {"type": "AverageValue", "averageValue": "1Gi"}})
        );
        for (field, expected) in [
            (
                "spec.metrics[2].resource.target.averageUtilization",
                "spec.triggers[0].metadata.value",
            ),
            ("spec.metrics[2].resource.name", "spec.triggers[0].type"),
            (
                "spec.metrics[0].containerResource.container",
                "spec.triggers[2].metadata.containerName",
            ),
            (
                "spec.metrics[0].containerResource.target.type",
                "spec.triggers[2].metricType",
            ),
            ("spec.metrics[1]", "spec.triggers[1]"),
            ("spec.metrics[1].external.metric.name", "spec.triggers[1]"),
            ("spec.metrics", "spec.triggers"),
            ("spec.scaleTargetRef.kind", "spec.scaleTargetRef.kind"),
            ("spec.minReplicas", "spec.minReplicaCount"),
            ("spec.maxReplicas", "spec.maxReplicaCount"),
            (
                "spec.behavior.scaleUp",
                "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp",
            ),
            ("metadata.name", "metadata.name"),
        ] {
            assert_eq!(derived.field(field), expected, "{field}");
        }
        let told = "HorizontalPodAutoscaler \"keda-hpa-web\" of ScaledObject \"web\" measures (spec.metrics[2].resource, \
                    x) and spec.metrics[0].";
        assert!(derived.is_named_in(told));
        assert_eq!(
            derived.retell(told),
            "HorizontalPodAutoscaler \"keda-hpa-web\" of ScaledObject \"web\" measures (spec.triggers[0], x) and \
             spec.triggers[2]."
        );
        assert_eq!(
            derived.retell(
                "is down to minReplicas, of \"minReplicas\" and my-maxReplicas: write minReplicas: 2 (spec.maxReplicas)"
            ),
            "is down to minReplicaCount, of \"minReplicas\" and my-maxReplicas: write minReplicaCount: 2 \
             (spec.maxReplicaCount)"
        );
    }

    #[test]
    fn a_formula_takes_the_place_of_all_but_resource_metrics() {
        let mut object = of_triggers(&json!([
            cpu(),
            {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "1", "containerName": "app"}},
            {"type": "cron", "name": "c"},
        ]));
        object["spec"]["advanced"] = json!({"scalingModifiers": {"formula": "c", "target": "5"}});
        let derived = made(&object);
        let metrics = derived.value["spec"]["metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 2);
        assert_eq!(metrics[0]["resource"]["name"], "cpu");
        assert_eq!(metrics[1]["external"]["metric"]["name"], "composite-metric");
        assert_eq!(
            derived.field("spec.metrics[1]"),
            "spec.advanced.scalingModifiers"
        );
    }

    #[test]
    fn makes_none_where_keda_makes_none() {
        let spec = json!({"scaleTargetRef": {"name": "web"}, "triggers": [cpu()]});
        for (annotations, is_made) in [
            (json!({PAUSED: "true"}), false),
            (json!({PAUSED: ""}), false),
            (json!({PAUSED: "yes"}), false),
            (json!({PAUSED: "False"}), true),
            (json!({PAUSED: "false", PAUSED_REPLICAS: "3"}), false),
            (json!({"autoscaling.keda.sh/paused-scale-in": "true"}), true),
        ] {
            let object = scaled(&annotations, &spec);
            assert_eq!(derive(&object, 0).is_some(), is_made, "{annotations}");
        }
        for spec in [
            json!({"triggers": [cpu()]}),
            json!({"scaleTargetRef": {"kind": "Deployment"}, "triggers": [cpu()]}),
            json!({"scaleTargetRef": {"name": "web"}, "triggers": []}),
            json!({"scaleTargetRef": {"name": "web"}}),
            json!(null),
        ] {
            assert_eq!(derive(&scaled(&json!({}), &spec), 0), None, "{spec}");
        }
        let mut job = scaled(&json!({}), &spec);
        job["kind"] = json!("ScaledJob");
        assert_eq!(derive(&job, 0), None);
        let mut going = scaled(&json!({}), &spec);
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(derive(&going, 0), None);
    }

    #[test]
    fn tells_what_keda_cannot_read_of_a_trigger() {
        for (trigger, fields, is_made) in [
            (cpu(), vec![], true),
            (json!({"type": "cron"}), vec![], true),
            (
                json!({"type": "cpu", "metadata": {"value": "60"}}),
                vec!["metricType"],
                false,
            ),
            (
                json!({"type": "cpu", "metadata": {"type": "Utilization", "value": "60"}}),
                vec!["metadata.type"],
                true,
            ),
            (
                json!({"type": "memory", "metricType": "Value", "metadata": {"value": "60"}}),
                vec!["metricType"],
                false,
            ),
            (
                json!({"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60%"}}),
                vec!["metadata.value"],
                false,
            ),
            (
                json!({"type": "cpu"}),
                vec!["metricType", "metadata.value"],
                false,
            ),
        ] {
            let object = of_triggers(&json!([trigger]));
            let found = unreadable(&object).into_iter().map(|it| it.field);
            let fields = fields
                .iter()
                .map(|field| format!("spec.triggers[0].{field}"));
            assert_eq!(
                found.collect::<Vec<_>>(),
                fields.collect::<Vec<_>>(),
                "{trigger}"
            );
            assert_eq!(derive(&object, 0).is_some(), is_made, "{trigger}");
            assert!(unmade(&object, 0).is_some());
        }
    }

    #[test]
    fn knows_its_own_autoscaler() {
        let annotated = |annotations: Value| {
            scaled(
                &annotations,
                &json!({"scaleTargetRef": {"name": "web"}, "triggers": [cpu()]}),
            )
        };
        let (plain, transfer) = (annotated(json!({})), annotated(json!({TRANSFER: "true"})));
        let hpa = |name: &str, namespace: &str, owner: &str| {
            json!({"kind": "HorizontalPodAutoscaler", "metadata": {
                "name": name, "namespace": namespace, "ownerReferences": [{"kind": "ScaledObject", "name": owner}]}})
        };
        for (autoscaler, of_plain, of_transfer) in [
            (hpa("a", "shop", "web"), true, true),
            (hpa("a", "shop", "api"), false, false),
            (hpa("a", "bank", "web"), false, false),
            (hpa("keda-hpa-web", "shop", ""), true, false),
            (hpa("keda-hpa-web", "bank", ""), false, false),
        ] {
            assert_eq!(is_made_of(&autoscaler, &plain), of_plain, "{autoscaler}");
            assert_eq!(
                is_made_of(&autoscaler, &transfer),
                of_transfer,
                "{autoscaler}"
            );
        }
    }
}
