//! Why a metric cannot be computed for pods.

use shared::kubernetes::autoscaling::{Goal, Metric};

use crate::measured::right_case;
use crate::pods::{Failure, Pods};

/// Whether it depends on `LimitRange`s that a metric can be computed for these pods.
pub(crate) fn depends_on_defaults(metric: &Metric<'_>, pods: &Pods<'_>) -> bool {
    match failure(metric, pods) {
        Some(Failure::MissingRequest(_) | Failure::MissingPodRequest) => true,
        // Containers without a request are not missed there, and may get one.
        Some(Failure::ZeroRequest(None)) => pods.pod_level_path().is_some(),
        _ => false,
    }
}

/// Whether a metric is a share of requests, of which nothing else was said already.
pub(crate) fn needs_requests(metric: &Metric<'_>) -> bool {
    metric.goal == Goal::Utilization && right_case(&metric.resource).is_none()
}

/// Why a metric cannot be computed for these pods.
pub(crate) fn failure<'p>(metric: &Metric<'_>, pods: &'p Pods<'_>) -> Option<Failure<'p>> {
    if !needs_requests(metric) {
        return None;
    }
    match &metric.container {
        None => pods.failure(&metric.resource),
        Some(container) => pods.container_failure(container, &metric.resource),
    }
}
