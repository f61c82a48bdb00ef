//! What follows from a number, and how to leave it to the autoscaler.

use shared::kubernetes::autoscaling::{ReplicaRange, ScaleTarget};

use crate::rules::Wish;
use crate::sent::Client;

/// What happens where the number comes into force.
pub(crate) fn effect(replicas: i64, range: ReplicaRange) -> String {
    let back = "until the autoscaler brings them back";
    match replicas {
        0 if range.min > 0 => format!("takes all pods away {back}"),
        1 if range.min > 1 => format!("takes all but 1 pod away {back}"),
        _ if replicas < range.min => format!("takes all but {replicas} pods away {back}"),
        _ if replicas > range.max => "adds pods that the autoscaler takes away at once".to_owned(),
        _ => format!("starts the scale over at {replicas}"),
    }
}

/// How the number comes into force again, and what happens then.
pub(crate) fn recurrence(replicas: i64, client: Client, range: ReplicaRange) -> String {
    let effect = effect(replicas, range);
    match client {
        // What the autoscaler scaled belongs to it.
        Client::ServerSide => {
            format!("so each apply fails with a conflict or, if forced, {effect}")
        }
        Client::Helm => format!("so each upgrade {effect}"),
        Client::Kubectl | Client::Other => format!("so each apply {effect}"),
    }
}

/// `spec.replicas`, of the object itself or of another one.
fn field(target: Option<&ScaleTarget<'_>>) -> String {
    match target {
        Some(target) => format!("spec.replicas of {target}"),
        None => "spec.replicas".to_owned(),
    }
}

/// How to leave the number to the autoscaler.
pub(crate) fn leaving_out(wish: &Wish<'_>) -> String {
    let field = field(wish.target);
    // A patch takes the field out, and the default takes its place.
    if wish.was_applied {
        return format!(
            "first take {field} out of the last-applied configuration (kubectl apply edit-last-applied), then out of the \
             manifest, or the pods go down to 1"
        );
    }
    match wish.client {
        Client::Helm => format!(
            "leave {field} out of the chart; the upgrade that does so takes the pods down to 1 once"
        ),
        _ => format!("leave {field} out"),
    }
}
