//! Objects in the version that is asked for, as the API server converts them.
//!
//! Only a `HorizontalPodAutoscaler` differs between versions that are served: what v1 has no field for is in an annotation.
//! Source: `pkg/apis/autoscaling/v1/conversion.go` and `pkg/apis/autoscaling/{v2/defaults,helpers}.go` of
//! kubernetes/kubernetes.
//!
//! A Secret is stored with `stringData` among its `data`, and with a type: `Convert_v1_Secret_To_core_Secret` in
//! `pkg/apis/core/v1/conversion.go`, and `SetDefaults_Secret` in `defaults.go` beside it. One for the token of an account
//! is filled at once: `pkg/controller/serviceaccount/tokens_controller.go`.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use tree::{Map, Value, json};

use crate::kinds::text;

/// Where v1 keeps the metrics that it has no field for.
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
/// Annotations of v1 that v2 has no more. Its behavior is not converted: no policy asks for it.
const ROUND_TRIP: &[&str] = &[
    METRICS,
    "autoscaling.alpha.kubernetes.io/behavior",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
];

/// The type of a Secret for the token of a `ServiceAccount`, and the keys that it gets.
const TOKEN: &str = "kubernetes.io/service-account-token";
const TOKEN_KEYS: &[&str] = &["ca.crt", "namespace", "token"];

/// The object in a version; as it is where versions do not differ.
pub(crate) fn to_version<'o>(object: &'o Value, api_version: &str) -> Cow<'o, Value> {
    let is_old = text(object, "/apiVersion") == Some("autoscaling/v1")
        && text(object, "/kind") == Some("HorizontalPodAutoscaler");
    if is_old && api_version == "autoscaling/v2" {
        Cow::Owned(autoscaler(object))
    } else if is_unconverted_secret(object) {
        Cow::Owned(secret(object))
    } else {
        Cow::Borrowed(object)
    }
}

/// Whether a Secret is as people write it, and not as the API server stores it.
fn is_unconverted_secret(object: &Value) -> bool {
    let is_secret =
        text(object, "/apiVersion") == Some("v1") && text(object, "/kind") == Some("Secret");
    let is_typed = |kind: Option<&str>| kind.is_some_and(|kind| !kind.is_empty() && kind != TOKEN);
    is_secret && (object.get("stringData").is_some() || !is_typed(text(object, "/type")))
}

/// A Secret as it is stored.
fn secret(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(fields) = fields(&mut object, "") else {
        return object;
    };
    let written = fields.remove("stringData");
    let kind = fields
        .entry("type".into())
        .or_insert_with(|| json!("Opaque"));
    if kind.is_null() || *kind == json!("") {
        *kind = json!("Opaque");
    }
    let is_token = *kind == json!(TOKEN);
    let written = written.as_ref().and_then(Value::as_object);
    if let Some(written) = written.filter(|written| !written.is_empty())
        && let Some(data) = data(fields)
    {
        // All at once: each that is inserted moves those behind it.
        data.extend(written.iter().map(|(key, value)| {
            let encoded = BASE64_STANDARD.encode(value.as_str().unwrap_or_default());
            (key.clone(), encoded.into())
        }));
    }
    let keys = if is_token { TOKEN_KEYS } else { &[] };
    for key in keys {
        if let Some(data) = data(fields) {
            data.entry((*key).into()).or_insert_with(|| json!(""));
        }
    }
    object
}

/// The data of a Secret; none where it is of another type, which the API server refuses.
fn data(secret: &mut Map) -> Option<&mut Map> {
    let data = secret.entry("data".into()).or_insert_with(|| json!({}));
    if data.is_null() {
        *data = json!({});
    }
    data.as_object_mut()
}

/// A `HorizontalPodAutoscaler` of v1 in v2.
fn autoscaler(object: &Value) -> Value {
    let mut object = object.clone();
    // What cannot be read is as if it were not there.
    let mut metrics = annotated(&object).unwrap_or_default();
    if let Some(spec) = fields(&mut object, "/spec") {
        let percentage = spec.remove("targetCPUUtilizationPercentage");
        if let Some(percentage) = percentage.filter(|percentage| !percentage.is_null()) {
            metrics.push(cpu(&percentage));
        }
        if metrics.is_empty() {
            metrics.push(cpu(&json!(80)));
        }
        spec.insert("metrics".into(), metrics.into());
    }
    if let Some(annotations) = fields(&mut object, "/metadata/annotations") {
        annotations.retain(|key, _| !ROUND_TRIP.contains(&key.as_str()));
    }
    if let Some(status) = fields(&mut object, "/status") {
        status.remove("currentCPUUtilizationPercentage");
    }
    if let Some(object) = fields(&mut object, "") {
        object.insert("apiVersion".into(), json!("autoscaling/v2"));
    }
    object
}

/// The metrics of the annotation.
fn annotated(object: &Value) -> Option<Vec<Value>> {
    let text = object
        .pointer("/metadata/annotations")?
        .get(METRICS)?
        .as_str()?;
    let metrics: Vec<Value> = serde_json::from_str(text).ok()?;
    metrics.iter().map(metric).collect()
}

fn fields<'o>(object: &'o mut Value, pointer: &str) -> Option<&'o mut Map> {
    object.pointer_mut(pointer)?.as_object_mut()
}

fn cpu(percentage: &Value) -> Value {
    let target = json!({"type": "Utilization", "averageUtilization": percentage});
    json!({"type": "Resource", "resource": {"name": "cpu", "target": target}})
}

/// A metric of the annotation in the form of v2. None for what is no metric.
fn metric(old: &Value) -> Option<Value> {
    let old = old.as_object()?;
    let mut new = Map::new();
    for (name, source) in old {
        let read = |field: &str| source.get(field).cloned().unwrap_or_default();
        let value = |field: &str| source.get(field).filter(|value| !value.is_null());
        let identity = |selector: &str| {
            let (name, selector) = (read("metricName"), read(selector));
            without_null(&json!({"name": name, "selector": selector}))
        };
        let converted = match name.as_str() {
            "resource" | "containerResource" => {
                let utilization = value("targetAverageUtilization");
                let kind = if utilization.is_some() {
                    "Utilization"
                } else {
                    "AverageValue"
                };
                let target = json!({
                    "type": kind, "averageUtilization": utilization, "averageValue": value("targetAverageValue"),
                });
                json!({
                    "name": read("name"), "container": value("container"), "target": without_null(&target),
                })
            }
            "pods" => {
                let target =
                    json!({"type": "AverageValue", "averageValue": value("targetAverageValue")});
                json!({"metric": identity("selector"), "target": without_null(&target)})
            }
            "object" => json!({
                "describedObject": read("target"), "metric": identity("selector"),
                "target": amount(value("targetValue"), value("averageValue")),
            }),
            "external" => json!({
                "metric": identity("metricSelector"),
                "target": amount(value("targetValue"), value("targetAverageValue")),
            }),
            _ => source.clone(),
        };
        new.insert(name.clone(), without_null(&converted));
    }
    Some(Value::Object(new))
}

/// What a metric of an object or an external system is compared with.
fn amount(value: Option<&Value>, average: Option<&Value>) -> Value {
    let kind = if average.is_some() {
        "AverageValue"
    } else {
        "Value"
    };
    // A value is always written in v1, as 0 where there is none.
    let value = value.filter(|_| average.is_none());
    without_null(&json!({"type": kind, "value": value, "averageValue": average}))
}

fn without_null(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `HorizontalPodAutoscaler` of v1 with metrics in its annotation and a percentage.
    fn old(metrics: &str, percentage: &Value) -> Value {
        json!({
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "annotations": {METRICS: metrics, "a": "b"}},
            "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": percentage},
        })
    }

    fn metrics(metrics: &str, percentage: &Value) -> Value {
        let object = old(metrics, percentage);
        let new = to_version(&object, "autoscaling/v2").into_owned();
        assert_eq!(new["apiVersion"], "autoscaling/v2");
        assert_eq!(new["metadata"]["annotations"], json!({"a": "b"}));
        assert_eq!(new["spec"].get("targetCPUUtilizationPercentage"), None);
        assert_eq!(new["spec"]["maxReplicas"], 3);
        new["spec"]["metrics"].clone()
    }

    #[test]
    fn the_percentage_follows_what_the_annotation_has() {
        let memory =
            r#"[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":70}}]"#;
        let memory_metric = json!({"type": "Resource", "resource": {
            "name": "memory", "target": {"type": "Utilization", "averageUtilization": 70}}});
        for (annotation, percentage, expected) in [
            ("", json!(50), json!([cpu(&json!(50))])),
            (memory, json!(null), json!([memory_metric])),
            (memory, json!(50), json!([memory_metric, cpu(&json!(50))])),
            // Nothing, and what cannot be read.
            ("", json!(null), json!([cpu(&json!(80))])),
            ("[]", json!(null), json!([cpu(&json!(80))])),
            ("{", json!(null), json!([cpu(&json!(80))])),
            ("[7]", json!(50), json!([cpu(&json!(50))])),
        ] {
            assert_eq!(metrics(annotation, &percentage), expected, "{annotation}");
        }
    }

    #[test]
    fn every_kind_of_metric_has_the_form_of_v2() {
        for (old, new) in [
            (
                json!({"type": "Resource", "resource": {"name": "cpu", "targetAverageValue": "1"}}),
                json!({"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "AverageValue", "averageValue": "1"}}}),
            ),
            (
                json!({"type": "ContainerResource", "containerResource": {
                    "name": "cpu", "container": "app", "targetAverageUtilization": 60}}),
                json!({"type": "ContainerResource", "containerResource": {
                    "name": "cpu", "container": "app", "target": {"type": "Utilization", "averageUtilization": 60}}}),
            ),
            (
                json!({"type": "Pods", "pods": {"metricName": "q", "targetAverageValue": "7"}}),
                json!({"type": "Pods", "pods": {
                    "metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "7"}}}),
            ),
            (
                json!({"type": "Object", "object": {
                    "target": {"kind": "Ingress", "name": "i"}, "metricName": "q", "targetValue": "7"}}),
                json!({"type": "Object", "object": {
                    "describedObject": {"kind": "Ingress", "name": "i"}, "metric": {"name": "q"},
                    "target": {"type": "Value", "value": "7"}}}),
            ),
            (
                json!({"type": "External", "external": {
                    "metricName": "q", "metricSelector": {"matchLabels": {"a": "b"}}, "targetAverageValue": "7"}}),
                json!({"type": "External", "external": {
                    "metric": {"name": "q", "selector": {"matchLabels": {"a": "b"}}},
                    "target": {"type": "AverageValue", "averageValue": "7"}}}),
            ),
        ] {
            assert_eq!(
                metrics(&json!([old]).to_string(), &json!(null)),
                json!([new])
            );
        }
    }

    #[test]
    fn what_is_asked_for_as_it_is_stays_as_it_is() {
        let object = old("[]", &json!(50));
        assert_eq!(*to_version(&object, "autoscaling/v1"), object);
        let mut new = object.clone();
        new["apiVersion"] = json!("autoscaling/v2");
        assert_eq!(*to_version(&new, "autoscaling/v2"), new);
    }

    #[test]
    fn a_secret_has_what_was_written_as_text_among_its_data() {
        let secret = |more: Value| {
            let mut object =
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
            for (key, value) in more.as_object().unwrap() {
                object[key.as_str()] = value.clone();
            }
            object
        };
        for (written, stored) in [
            (
                json!({"stringData": {"a": "x", "b": ""}}),
                json!({"data": {"a": "eA==", "b": ""}, "type": "Opaque"}),
            ),
            (
                json!({"data": null, "stringData": {"a": "x"}, "type": ""}),
                json!({"data": {"a": "eA=="}, "type": "Opaque"}),
            ),
            (
                json!({"data": {"a": "eQ==", "c": "eg=="}, "stringData": {"a": "x"}, "type": "t"}),
                json!({"data": {"a": "eA==", "c": "eg=="}, "type": "t"}),
            ),
            (json!({"stringData": {}}), json!({"type": "Opaque"})),
            (
                json!({"type": TOKEN}),
                json!({"type": TOKEN, "data": {"ca.crt": "", "namespace": "", "token": ""}}),
            ),
            (
                json!({"data": {"a": "eA=="}}),
                json!({"data": {"a": "eA=="}, "type": "Opaque"}),
            ),
        ] {
            let object = secret(written);
            assert_eq!(*to_version(&object, "v1"), secret(stored));
        }
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "stringData": {"a": "x"}});
        assert_eq!(*to_version(&map, "v1"), map);
    }
}
