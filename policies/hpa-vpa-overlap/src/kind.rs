//! The two kinds of autoscalers.

use k8s_openapi::Resource;
use k8s_openapi::api::autoscaling::v2;
use shared::cluster::ListLookup;
use shared::kubernetes::autoscaling::{
    ScaleTarget, VerticalPodAutoscaler, horizontal_pod_autoscalers, vertical_pod_autoscalers,
};
use shared::{Cursor, DecodeError};

/// A kind of autoscaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Horizontal,
    Vertical,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Horizontal => v2::HorizontalPodAutoscaler::KIND,
            Self::Vertical => VerticalPodAutoscaler::KIND,
        }
    }

    /// All of a namespace.
    pub(crate) fn all(self, namespace: &str) -> ListLookup<'_> {
        match self {
            Self::Horizontal => horizontal_pod_autoscalers(namespace),
            Self::Vertical => vertical_pod_autoscalers(namespace),
        }
    }

    /// What the autoscaler at `cursor` scales.
    pub(crate) fn target<'a>(self, cursor: &Cursor<'a>) -> Result<ScaleTarget<'a>, DecodeError> {
        match self {
            Self::Horizontal => ScaleTarget::of_horizontal(cursor),
            Self::Vertical => ScaleTarget::of_vertical(cursor),
        }
    }
}
