//! What an administrator may set.

use shared::settings::{Exempt, OnLookupFailure};
use shared::{Level, OnUpdate, settings};

settings! {
    /// The settings of hpa-replicas. All are optional.
    pub struct Settings {
        /// A manifest with the number of replicas that an autoscaler sets. With `deny`, a set that changes both may never
        /// get through, such as one that puts `replicas` in the place of an autoscaler.
        "fixedReplicas" => pub(crate) fixed_replicas: Level = Level::Warn, example "deny";
        /// A write that sets the number back which an autoscaler may have chosen.
        "resets" => pub(crate) resets: Level = Level::Warn, example "off";
        /// A number of 0, which switches an autoscaler off.
        "zeroReplicas" => pub(crate) zero_replicas: Level = Level::Warn, example "deny";
        /// Whom this policy does not concern, such as what switches a namespace off at night.
        "exempt" => pub(crate) exempt: Exempt;
        /// What to do when the cluster does not answer.
        "onLookupFailure" => pub(crate) on_lookup_failure: OnLookupFailure = OnLookupFailure::Warn, example "deny";
        /// What to do about violations that an object already had before an UPDATE.
        "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
    }
}

impl Settings {
    /// Whether nothing is looked for.
    pub(crate) fn are_off(&self) -> bool {
        [self.fixed_replicas, self.resets, self.zero_replicas] == [Level::Off; 3]
    }
}

impl shared::Settings for Settings {
    fn on_update(&self) -> OnUpdate {
        self.on_update
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review, settings_problems};

    use crate::HpaReplicas;
    use crate::testing::{deployment, hpa};

    fn problems(settings: &Value) -> String {
        settings_problems::<HpaReplicas>(settings)
    }

    #[test]
    fn takes_nothing_and_everything() {
        assert_eq!(problems(&json!({})), "");
        let everything = json!({
            "fixedReplicas": "deny", "resets": "off", "zeroReplicas": "deny",
            "exempt": {"namespaces": ["sandbox"], "users": ["system:serviceaccount:kube-downscaler:kube-downscaler"]},
            "onLookupFailure": "deny", "onUpdate": "enforceAll",
        });
        assert_eq!(problems(&everything), "");
    }

    #[test]
    fn tells_every_problem() {
        let settings = json!({
            "fixedReplicas": true, "resets": "no", "replicas": 3, "onLookupFailure": "off",
            "exempt": {"namespaces": ["team-*"], "users": ["*"]},
        });
        assert_eq!(
            problems(&settings).replace("; ", "\n"),
            "wrong settings of hpa-replicas: fixedReplicas: must be a string, not true or false\n\
             resets: \"no\" is not one of \"deny\", \"warn\", \"off\"\n\
             exempt.namespaces[0]: \"team-*\" cannot be a namespace, and patterns are not supported\n\
             write each name in full\n\
             exempt.users[0]: \"*\" has a \"*\", and patterns are not supported\n\
             write each user in full, such as \"system:serviceaccount:shop:robot\"\n\
             onLookupFailure: \"off\" is not one of \"deny\", \"warn\"\n\
             replicas: is not a setting\n\
             expected one of \"fixedReplicas\", \"resets\", \"zeroReplicas\", \"exempt\", \"onLookupFailure\", \
             \"onUpdate\""
        );
    }

    #[test]
    fn what_is_exempt_or_off_asks_nothing() {
        let off = json!({"fixedReplicas": "off", "resets": "off", "zeroReplicas": "off"});
        for (settings, asks) in [
            (json!({}), true),
            (off, false),
            (json!({"exempt": {"namespaces": ["shop"]}}), false),
            (json!({"exempt": {"namespaces": ["shops"]}}), true),
            (json!({"exempt": {"users": ["jane"]}}), false),
            (json!({"exempt": {"users": ["janet"]}}), true),
        ] {
            for object in [deployment(&json!(3)), hpa(4, 10)] {
                let review = Review::create(&object)
                    .with(settings.clone())
                    .in_cluster(MemoryCluster::new([deployment(&json!(3)), hpa(4, 10)]));
                assert_eq!(
                    review.lines::<HpaReplicas>().len(),
                    usize::from(asks),
                    "{settings}"
                );
                assert_eq!(
                    review.asked::<HpaReplicas>().len(),
                    usize::from(asks),
                    "{settings}"
                );
            }
        }
    }
}
