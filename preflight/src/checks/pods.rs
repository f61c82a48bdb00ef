//! The pods that an object makes, whatever its kind.

use tree::Value;

use crate::manifests::Object;

/// Where kinds have the template of their pods.
const TEMPLATES: &[&str] = &[
    "spec.template",
    "spec.jobTemplate.spec.template",
    "spec.jobTargetRef.template",
    "template",
];

/// What the pods of an object have in common.
pub(super) struct Pods<'a> {
    /// Their labels.
    pub(super) labels: Option<&'a Value>,
    /// Their spec.
    pub(super) spec: &'a Value,
    /// Where that is.
    pub(super) path: String,
}

impl<'a> Pods<'a> {
    /// Reads the template of an object, or the pod that it is. None where it makes no pods.
    pub(super) fn of(object: &'a Object) -> Option<Self> {
        let is_pod = object.kind() == "Pod" && object.group().is_empty();
        let templates = TEMPLATES.iter().filter(|_| !is_pod);
        let mut templates = templates.filter_map(|path| Some((*path, object.value_of(path)?)));
        let (path, template) = if is_pod {
            ("", &*object.value)
        } else {
            templates.find(|(_, template)| containers(template).is_some())?
        };
        let dot = if path.is_empty() { "" } else { "." };
        Some(Self {
            labels: template.pointer("/metadata/labels"),
            spec: template.get("spec")?,
            path: format!("{path}{dot}spec"),
        })
    }

    /// The value of a label.
    pub(super) fn label(&self, key: &str) -> Option<&'a str> {
        self.labels?.get(key)?.as_str()
    }

    /// Containers that run as long as the pod does, each with its list and its place there.
    pub(super) fn containers(&self) -> impl Iterator<Item = (&'static str, usize, &'a Value)> {
        let spec = self.spec;
        ["containers", "initContainers"]
            .into_iter()
            .flat_map(move |list| {
                let items = spec.get(list).and_then(Value::as_array);
                let items = items.into_iter().flatten().enumerate();
                items.map(move |(index, container)| (list, index, container))
            })
            .filter(|(list, _, container)| {
                *list == "containers"
                    || container.get("restartPolicy").and_then(Value::as_str) == Some("Always")
            })
    }
}

fn containers(template: &Value) -> Option<&[Value]> {
    template.pointer("/spec/containers")?.as_array()
}
