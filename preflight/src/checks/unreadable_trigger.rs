//! A trigger of a `ScaledObject` that KEDA cannot read, so that it makes no autoscaler at all.

use shared::{Level, Rule, rule};

use super::{Found, Manifests};
use crate::keda;

pub(super) static RULE: Rule = rule! {
    id: "unreadable_trigger",
    summary: "A trigger of a ScaledObject that KEDA cannot read",
    why: "KEDA makes no HorizontalPodAutoscaler, and nothing scales",
    fix: "write what the message says",
    levels: [Warn],
};

/// A warning for each field of a trigger that keeps KEDA from making the autoscaler.
pub(super) fn find(manifests: &Manifests<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (position, object, _) in manifests.objects.written() {
        if !keda::is_scaled_object(&object.value) {
            continue;
        }
        for unreadable in keda::unreadable(&object.value) {
            found.push(Found {
                object: position,
                field: unreadable.field,
                problem: unreadable.problem,
                fix: unreadable.fix,
                level: Level::Warn,
                code: None,
                absent: None,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::found;

    #[test]
    fn tells_the_trigger_and_what_follows() {
        let scaled = "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: web}, spec: {\
                      scaleTargetRef: {name: web}, triggers: [\n{type: cron},\n{type: cpu, metadata: {value: '60'}}]}}";
        assert_eq!(
            found(find, scaled),
            [
                "f.yaml:3 spec.triggers[1].metricType a trigger of type cpu needs a metricType, so KEDA makes no \
                 HorizontalPodAutoscaler and nothing scales"
            ]
        );
        let other = scaled.replace("keda.sh", "example.com");
        assert_eq!(found(find, &other), [""; 0]);
    }
}
