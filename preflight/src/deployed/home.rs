//! The namespace that Kubewarden itself runs in, which no policy is asked about.
//!
//! Charts and Rancher choose it: `cattle-kubewarden-system` there. The controller is told by its argument
//! `--deployments-namespace`, and Helm writes the namespace of a release into each resource of it. Sources: the templates
//! of the chart admission-controller, and of kubewarden-controller and kubewarden-defaults before Kubewarden 1.37.

use std::collections::BTreeSet;

use tree::Value;

use crate::manifests::Object;
use cluster::kinds::text;

/// Where it is installed, unless the installation chose another namespace.
pub(super) const DEFAULT: &str = "kubewarden";

/// The argument of the controller.
const ARGUMENT: &str = "--deployments-namespace=";

/// The chart that installs the controller, before Kubewarden 1.37 and since.
const CHARTS: [&str; 2] = ["kubewarden-controller", "admission-controller"];

/// The project, whose name tells its chart from others of the same name.
const PROJECT: &str = "kubewarden";

/// The service account of policy servers, as these charts call it.
const SERVICE_ACCOUNT: &str = "policy-server";

/// What tells the namespace, the surest first: the first that tells any counts.
const SIGNS: &[fn(&Object) -> Vec<&str>] =
    &[of_controller, of_policy_server, of_release, of_binding];

/// The namespaces that these manifests show Kubewarden in: one, or none where nothing is said.
pub(super) fn shown(objects: &[Object]) -> BTreeSet<&str> {
    let of = |sign: &fn(&Object) -> Vec<&str>| -> BTreeSet<&str> {
        let found = objects.iter().flat_map(sign);
        found.filter(|name| !name.is_empty()).collect()
    };
    let mut found = SIGNS.iter().map(of);
    found.find(|found| !found.is_empty()).unwrap_or_default()
}

fn of_controller(object: &Object) -> Vec<&str> {
    if (object.group(), object.kind()) != ("apps", "Deployment") {
        return Vec::new();
    }
    let containers = items(&object.value, "/spec/template/spec/containers");
    let arguments = containers.flat_map(|container| items(container, "/args"));
    arguments
        .filter_map(Value::as_str)
        .filter_map(|argument| argument.strip_prefix(ARGUMENT))
        .collect()
}

/// A `PolicyServer` is in no namespace, but the release is that it belongs to.
fn of_policy_server(object: &Object) -> Vec<&str> {
    if (object.group(), object.kind()) != ("policies.kubewarden.io", "PolicyServer") {
        return Vec::new();
    }
    text(
        &object.value,
        "/metadata/annotations/meta.helm.sh~1release-namespace",
    )
    .into_iter()
    .collect()
}

/// What Flux, k3s and Argo CD read to install a chart.
fn of_release(object: &Object) -> Vec<&str> {
    let (chart, target) = match (object.group(), object.kind()) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            ("/spec/chart/spec/chart", "/spec/targetNamespace")
        }
        ("helm.cattle.io", "HelmChart") => ("/spec/chart", "/spec/targetNamespace"),
        ("argoproj.io", "Application") => ("/spec/source/chart", "/spec/destination/namespace"),
        _ => return Vec::new(),
    };
    let chart = text(&object.value, chart).unwrap_or_default();
    let name = chart.rsplit('/').next().unwrap_or_default();
    let names_project = || {
        let spec = object.value.get("spec");
        spec.is_some_and(|spec| spec.to_string().contains(PROJECT))
    };
    if !CHARTS.contains(&name) || !names_project() {
        return Vec::new();
    }
    // Flux and k3s install into the namespace of the release itself where there is no other.
    let own = object
        .namespace()
        .filter(|_| object.kind() != "Application");
    text(&object.value, target).or(own).into_iter().collect()
}

/// What lets policy servers look something up.
fn of_binding(object: &Object) -> Vec<&str> {
    if (object.group(), object.kind()) != ("rbac.authorization.k8s.io", "ClusterRoleBinding") {
        return Vec::new();
    }
    let subjects = items(&object.value, "/subjects");
    subjects
        .filter(|subject| text(subject, "/kind") == Some("ServiceAccount"))
        .filter(|subject| text(subject, "/name") == Some(SERVICE_ACCOUNT))
        .filter_map(|subject| text(subject, "/namespace"))
        .collect()
}

fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
