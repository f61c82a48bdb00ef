//! The resources that something measures.

use shared::Level;
use shared::kubernetes::autoscaling::Metric;

use crate::settings::Settings;

/// The resources that metrics servers measure.
/// Source: `staging/src/k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go`, and what metrics-server fills in.
pub(crate) const MEASURED: [&str; 2] = ["cpu", "memory"];

/// The right spelling of a resource that is in the wrong case.
pub(crate) fn right_case(resource: &str) -> Option<&'static str> {
    let alike = |known: &&str| known.eq_ignore_ascii_case(resource) && *known != resource;
    MEASURED.into_iter().find(alike)
}

/// Whether something measures the resource of a metric: a metrics server, or one that administrators say there is.
pub(crate) fn is_measured(metric: &Metric<'_>, settings: &Settings) -> bool {
    let resource = &*metric.resource;
    MEASURED.contains(&resource)
        || settings.unknown_resource == Level::Off && right_case(resource).is_none()
}
