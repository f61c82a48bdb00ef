//! Refuses scratch space that cannot be mounted, or whose pods are evicted over and over.
//!
//! Every pod spec of an object is read into a `pod::Pod`, which knows what mounts its `emptyDir` volumes and what its
//! containers may have at most. Then each rule judges it.

mod advice;
mod owner;
mod pod;
mod rules;
pub mod settings;
#[cfg(test)]
mod testing;
mod views;

use shared::kubernetes::kinds;
use shared::kubernetes::volumes;
use shared::kubernetes::workload::{self, PodSpecs};
use shared::rules::missing_pod_spec;
use shared::{Cluster, Error, Level, Policy, Request, Rule, Verdict};

use crate::pod::Pod;
use crate::settings::Settings;
use crate::views::Spec;

/// The policy.
pub struct EmptydirStorage;

shared::export_policy!(EmptydirStorage);

impl Policy for EmptydirStorage {
    const NAME: &'static str = "emptydir-storage";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;
    const LOOKS_UP: bool = false;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
    }

    fn wants_all(settings: &Settings) -> bool {
        !settings.custom_kinds.is_empty()
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        _: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        let mut verdict = Verdict::accept();
        let owner = owner::of(request)?;
        if settings
            .exempt
            .has(request.object_namespace()?, request.username)
            || owner.is_some_and(|owner| owner.was_judged(&request.kind))
        {
            return Ok(verdict);
        }
        // A pod that is refused to its controller is missing for good, and its author never hears why.
        let ceiling = if owner.is_some() || request.is_by_kubernetes() {
            Level::Warn
        } else {
            Level::Deny
        };
        let claims = volumes::claim_templates(request)?;
        let is_whole = kinds::pod_spec_path(&request.kind).is_some();
        let custom = &settings.custom_kinds;
        let specs = verdict.under(ceiling, |verdict| {
            workload::every_pod_spec(request, custom, &mut |_, place, spec| {
                let spec = Spec::view(spec)?;
                let pod = Pod::new(&spec, *place, &claims, is_whole, settings);
                rules::check(&pod, settings, verdict);
                Ok(())
            })
        })?;
        match specs {
            PodSpecs::Unclaimed => return Ok(Verdict::unclaimed(request)),
            PodSpecs::Missing(path) => missing_pod_spec::check(path, &mut verdict),
            PodSpecs::Found => {}
        }
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::kubernetes::kinds::KINDS;
    use shared::kubernetes::kinds::well_known::WELL_KNOWN;
    use shared::testing::places;

    use crate::testing::{lines_of, spec};

    /// An object of a kind with this at a path. A `*` is a role.
    fn nested(group: &str, kind: &str, path: &str, spec: &Value) -> Value {
        let steps = path.rsplit('.');
        let mut object = steps.fold(spec.clone(), |value, name| match name {
            "*" => json!({"Worker": null, "pS": value}),
            name => json!({ name: value }),
        });
        object["apiVersion"] = json!(format!("{group}/v1").trim_start_matches('/'));
        object["kind"] = json!(kind);
        object
    }

    #[test]
    fn judges_every_kind_that_bears_pods() {
        let spec = spec(&json!({"medium": "memory"}));
        let own = KINDS.iter();
        let own = own.map(|known| (known.group, known.kind, known.pod_spec));
        let others = WELL_KNOWN.iter();
        let others = others.map(|known| (known.group, known.kind, known.pod_spec));
        for (group, kind, path) in own.chain(others) {
            let found = places(&lines_of(&nested(group, kind, path, &spec), &json!({})));
            let place = format!(
                "{}.volumes[0].emptyDir.medium [unknown_medium]",
                path.replace('*', "pS")
            );
            assert_eq!(found, [place], "{kind}");
            let elsewhere = nested(group, kind, "spec.elsewhere", &spec);
            assert_eq!(lines_of(&elsewhere, &json!({})), [""; 0], "{kind}");
        }
    }
}
