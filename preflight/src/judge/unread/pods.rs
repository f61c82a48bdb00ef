//! Pods by their shape, wherever they are, but for those that policies read.

use std::{collections::HashSet, ptr};

use tree::Value;

use super::search::{Step, find};

/// The lists of a pod's containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Beside the volumes of a pod, what has containers of the same pod: a set of a workflow, and both roles of a Spark
/// application. What they mount are these volumes.
const PARTS: [&str; 3] = ["containerSet", "driver", "executor"];

/// The pods of an object.
pub(super) struct Pods<'a> {
    object: &'a Value,
    /// The pod specs that policies read.
    specs: HashSet<*const Value>,
    /// Parts of them that have containers.
    parts: HashSet<*const Value>,
    /// Whether the status only repeats what is in the object.
    passes_status: bool,
}

impl<'a> Pods<'a> {
    /// Those of an object, of which policies read the pod specs at these paths.
    pub(super) fn new(object: &'a Value, paths: &[String], passes_status: bool) -> Self {
        let mut pods = Self {
            object,
            specs: HashSet::new(),
            parts: HashSet::new(),
            passes_status,
        };
        for path in paths {
            pods.read(object, path);
        }
        pods
    }

    /// Notes the pod specs at a path, which leads through lists and `*` as it does in policies.
    fn read(&mut self, value: &Value, path: &str) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.read(item, path)),
            Value::Object(fields) if path.is_empty() => {
                self.specs.insert(value);
                let parts = PARTS.iter().filter_map(|part| fields.get(*part));
                self.parts.extend(parts.map(ptr::from_ref));
            }
            Value::Object(fields) => {
                let (name, rest) = path.split_once('.').unwrap_or((path, ""));
                for (key, below) in fields {
                    if name == "*" || key == name {
                        self.read(below, rest);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether policies read a pod spec that is there, or below.
    pub(super) fn are_read_in(&self, value: &Value) -> bool {
        let mut look = |_: &Value, _: &str, value: &Value, _: &str| {
            if self.specs.contains(&ptr::from_ref(value)) {
                Step::Found
            } else {
                Step::Below
            }
        };
        !self.specs.is_empty() && find(value, &mut String::new(), &mut look)
    }

    /// The path of the first containers, of volumes that lead to the node, or of a part of a pod that is text, which policies
    /// do not read; and whether it is text.
    pub(super) fn unread(&self) -> Option<(String, bool)> {
        let (mut path, mut is_text) = (String::new(), false);
        let mut look = |holder: &Value, key: &str, value: &Value, _: &str| {
            let is_list = CONTAINERS.contains(&key);
            let holder_is_in = |set: &HashSet<_>| set.contains(&ptr::from_ref(holder));
            let is_read = (is_list || ["volumes", "container"].contains(&key))
                && holder_is_in(&self.specs)
                || is_list && holder_is_in(&self.parts)
                || self.passes_status && key == "status" && ptr::eq(holder, self.object);
            is_text = is_text_of_pods(key, value);
            match is_text || is_of_pods(key, value) {
                _ if is_read => Step::Passed,
                true => Step::Found,
                false => Step::Below,
            }
        };
        find(self.object, &mut path, &mut look).then_some((path, is_text))
    }
}

fn is_of_pods(key: &str, value: &Value) -> bool {
    let has_any = |is_one: &dyn Fn(&Value) -> bool| {
        value
            .as_array()
            .is_some_and(|items| items.iter().any(is_one))
    };
    let is_text = |value: Option<&Value>| value.is_some_and(Value::is_string);
    if CONTAINERS.contains(&key) {
        has_any(&|item| is_text(item.get("image")) || is_text(item.get("name")))
    } else if key == "volumes" {
        has_any(&|item| item.get("hostPath").is_some_and(Value::is_object))
    } else if key == "hostPath" {
        // A volume in a list, or a field, of another name.
        is_text(value.get("path"))
    } else {
        // A step of a workflow is a container without a list round it.
        key == "container" && is_text(value.get("image"))
    }
}

/// Whether it is a part of a pod, or leads to one, that the controller of the kind reads out of a text. Sources: Argo's
/// `podSpecPatch`; Spark, "Running on Kubernetes"; Flink, `KubernetesConfigOptions`.
fn is_text_of_pods(key: &str, value: &Value) -> bool {
    let is_set = value.as_str().is_some_and(|text| !text.trim().is_empty());
    is_set
        && (key == "podSpecPatch"
            || key.starts_with("kubernetes.pod-template-file")
            || key.starts_with("spark.kubernetes.")
                && (key.contains(".volumes.hostPath.") || key.ends_with(".podTemplateFile")))
}

#[cfg(test)]
mod tests {
    use shared::kubernetes::kinds::well_known::WELL_KNOWN;
    use tree::json;

    use super::*;

    fn unread(object: &Value, paths: &[&str]) -> Option<String> {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        let found = Pods::new(object, &paths, false).unread();
        found.map(|(path, _)| path)
    }

    #[test]
    fn finds_pods_by_their_shape_wherever_they_are() {
        let containers = json!([{"name": "a", "image": "b"}]);
        let volumes = json!([{"name": "a", "hostPath": {"path": "/"}}]);
        for (object, expected) in [
            (
                json!({"spec": {"template": {"spec": {"containers": containers}}}}),
                Some("spec.template.spec.containers"),
            ),
            (
                json!({"spec": {"list": [1, {"a.b": {"initContainers": containers}}]}}),
                Some("spec.list[1][\"a.b\"].initContainers"),
            ),
            (json!({"spec": {"volumes": volumes}}), Some("spec.volumes")),
            (
                json!({"spec": {"additionalVolumes": [{"name": "a", "volumeSource": {"hostPath": {"path": "/"}}}]}}),
                Some("spec.additionalVolumes[0].volumeSource.hostPath"),
            ),
            (
                json!({"spec": {"templates": [{"container": {"image": "a"}}]}}),
                Some("spec.templates[0].container"),
            ),
            (json!({"spec": {"containers": ["a", "b"]}}), None),
            (json!({"spec": {"containers": []}}), None),
            (json!({"spec": {"containers": {"name": "a"}}}), None),
            (json!({"spec": {"container": "a"}}), None),
            (json!({"spec": {"volumes": [{"name": "a"}]}}), None),
            (json!({"spec": {"hostPath": "/"}}), None),
            (
                json!({"data": {"pod.yaml": "containers: [{image: a}]"}}),
                None,
            ),
        ] {
            assert_eq!(unread(&object, &[]).as_deref(), expected, "{object}");
        }
    }

    #[test]
    fn finds_parts_of_pods_in_texts() {
        for (object, expected) in [
            (
                json!({"spec": {"templates": [{"podSpecPatch": "volumes: []"}]}}),
                Some("spec.templates[0].podSpecPatch"),
            ),
            (json!({"spec": {"podSpecPatch": " \n"}}), None),
            (
                json!({"sparkConf": {"spark.kubernetes.driver.volumes.hostPath.v.options.path": "/"}}),
                Some("sparkConf[\"spark.kubernetes.driver.volumes.hostPath.v.options.path\"]"),
            ),
            (
                json!({"sparkConf": {"spark.kubernetes.executor.podTemplateFile": "/a.yaml"}}),
                Some("sparkConf[\"spark.kubernetes.executor.podTemplateFile\"]"),
            ),
            (
                json!({"sparkConf": {"spark.kubernetes.driver.volumes.emptyDir.v.mount.path": "/a"}}),
                None,
            ),
            (
                json!({"flinkConfiguration": {"kubernetes.pod-template-file.jobmanager": "/a.yaml"}}),
                Some("flinkConfiguration[\"kubernetes.pod-template-file.jobmanager\"]"),
            ),
        ] {
            let found = Pods::new(&object, &[], false).unread();
            let expected = expected.map(|path: &str| (path.to_owned(), true));
            assert_eq!(found, expected, "{object}");
        }
    }

    #[test]
    fn what_policies_read_is_passed_and_what_is_beside_it_is_not() {
        let volumes = json!([{"name": "a", "hostPath": {"path": "/"}}]);
        let containers = json!([{"name": "a", "image": "b"}]);
        let pod =
            json!({"containers": containers, "initContainers": containers, "volumes": volumes});
        let paths = ["spec", "spec.templates", "spec.roles.*.spec"];
        for (object, expected) in [
            (json!({"spec": pod}), None),
            (
                json!({"spec": {"templates": [
                    {"container": {"image": "a"}, "volumes": volumes},
                    {"containerSet": {"containers": containers}},
                    [pod],
                ]}}),
                None,
            ),
            (
                json!({"spec": {"driver": {"initContainers": containers}}}),
                None,
            ),
            (
                json!({"spec": {"driver": {"volumes": volumes}}}),
                Some("spec.driver.volumes"),
            ),
            (json!({"spec": {"roles": {"a": {"spec": pod}}}}), None),
            (
                json!({"spec": {"roles": {"a": {"other": pod}}}}),
                Some("spec.roles.a.other.containers"),
            ),
            (
                json!({"spec": {"templates": [{"steps": [[{"inline": {"volumes": volumes}}]]}]}}),
                Some("spec.templates[0].steps[0][0].inline.volumes"),
            ),
            (
                json!({"status": {"volumes": volumes}}),
                Some("status.volumes"),
            ),
        ] {
            assert_eq!(unread(&object, &paths).as_deref(), expected, "{object}");
        }
        let live = json!({"status": {"volumes": volumes}});
        assert_eq!(Pods::new(&live, &[], true).unread(), None);
    }

    #[test]
    fn what_is_at_a_path_that_policies_know_is_read() {
        let pod = json!({"containers": [{"name": "a", "image": "b"}], "volumes": [{"hostPath": {"path": "/"}}]});
        for known in WELL_KNOWN {
            let steps = known.pod_spec.rsplit('.');
            let object = steps.fold(pod.clone(), |below, step| match step {
                "*" => json!({"Master": below}),
                _ => json!({step: [[below]]}),
            });
            assert_eq!(unread(&object, &[known.pod_spec]), None, "{known:?}");
            assert!(unread(&object, &["spec.other"]).is_some(), "{known:?}");
        }
    }
}
