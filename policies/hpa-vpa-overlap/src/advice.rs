//! How to tell the author of one autoscaler what the other one does, and what to write instead.

use shared::kubernetes::autoscaling::{ContainerPolicy, Goal, Owner};
use shared::{FieldPath, Finding, Level, Rule, Verdict, quote};

use crate::active::{RESOURCES, UNNAMED};
use crate::kind::Kind;
use crate::pair::{Clash, Pair};
use crate::settings::Settings;

impl Pair<'_> {
    /// The autoscaler that is not under review.
    pub(crate) fn other(&self) -> String {
        match self.written {
            Kind::Horizontal => self.vertical.to_string(),
            Kind::Vertical => self.horizontal.to_string(),
        }
    }

    /// Who keeps the autoscaler under review as it is, for the end of a finding.
    pub(crate) fn owner_note(&self) -> String {
        owner_note(self.owner())
    }

    /// The field that names the target.
    pub(crate) fn target_field(&self) -> &'static str {
        match self.written {
            Kind::Horizontal => "spec.scaleTargetRef",
            Kind::Vertical => "spec.targetRef",
        }
    }
}

impl Clash<'_> {
    /// `container "app" of Deployment "web"`. What has no name has none in old and new objects alike.
    pub(crate) fn place(&self) -> String {
        let target = &self.pair.horizontal.target;
        if self.container == UNNAMED {
            format!("containers of {target}")
        } else {
            format!("container {} of {target}", quote(self.container))
        }
    }

    /// The field of the metric, or that of the policy that changes the container: `controlledResources`, or another.
    pub(crate) fn path(&self, policy_field: &'static str, otherwise: &'static str) -> String {
        if self.pair.written == Kind::Horizontal {
            return self.metric.path(match self.metric.goal {
                Goal::AverageValue => "target.averageValue",
                _ => "target.averageUtilization",
            });
        }
        match self.policy_with_index() {
            Some((index, _)) => {
                let policies = FieldPath::new("spec.resourcePolicy.containerPolicies");
                policies.index(index).child(policy_field).to_string()
            }
            None => otherwise.to_owned(),
        }
    }

    /// The policy for the container, and its place.
    fn policy_with_index(&self) -> Option<(usize, &ContainerPolicy<'_>)> {
        self.pair.vertical.policy_with_index(self.container)
    }

    /// What to write instead, ready to be pasted.
    fn fix(&self, settings: &Settings) -> String {
        let (pair, resource) = (self.pair, &*self.metric.resource);
        let vertical = pair.vertical;
        let name = self.metric.container.as_deref();
        let existing = self.policy_with_index();
        // A second policy for the same would not count, and what else the first one says is to stay.
        let existing = existing.filter(|(_, policy)| name.is_none_or(|n| n == policy.container));
        // What it would change instead must not clash, too, nor be new.
        let mut others = RESOURCES.iter().filter(|other| **other != resource);
        let other = others.find(|other| vertical.controls(self.container, other));
        let other = other.filter(|_| !pair.measures_everything());
        let policy = match other {
            None => "mode: \"Off\"".to_owned(),
            Some(other) => format!("controlledResources: [{}]", quote(other)),
        };
        let (its, whoever) = match (pair.written, pair.owner()) {
            (Kind::Horizontal, None) => ("its ", String::new()),
            (Kind::Horizontal, Some(owner)) => ("its ", format!("have {owner} ")),
            (Kind::Vertical, _) => ("", "have the HorizontalPodAutoscaler ".to_owned()),
        };
        let is_boosted = self.metric.goal == Goal::Utilization
            && resource == "cpu"
            && vertical.boosts(self.container);
        let boost = if is_boosted && settings.startup_boost == Level::Deny {
            format!(" and remove {its}startupBoost")
        } else {
            String::new()
        };
        if settings.shared_target == Level::Deny {
            return format!("remove one of the two, or set {its}updateMode to \"Off\"{boost}");
        }
        let policies = format!("{its}spec.resourcePolicy.containerPolicies");
        let policy = if let Some((index, _)) = existing {
            format!("set {policy} in {policies}[{index}]")
        } else {
            let name = quote(name.unwrap_or("*"));
            format!("add {{containerName: {name}, {policy}}} to {policies}")
        };
        // What a policy of a container leaves alone is not boosted either.
        let (or, boost) = match other {
            Some(_) if !boost.is_empty() => (" or", format!(",{boost}")),
            _ => (", or", boost),
        };
        format!(
            "{policy}{or} set {its}updateMode to \"Off\"{boost}, or {whoever}measure something other than {resource}"
        )
    }

    /// Says what the two do to each other, and whatever else does not tell it from others.
    pub(crate) fn report(
        &self,
        (rule, level): (&'static Rule, Level),
        words: &dyn Fn() -> (String, String),
        settings: &Settings,
        verdict: &mut Verdict,
    ) {
        verdict.report_with(level, &|| {
            let (what, besides) = words();
            let path = self.path("controlledResources", "spec.updatePolicy.updateMode");
            let finding = Finding::new(rule, &path, what).consequence(&besides);
            finding.fix(self.fix(settings))
        });
    }
}

/// `, and ScaledObject "web" owns this autoscaler`, where whoever reads it has to look there.
pub(crate) fn owner_note(owner: Option<&Owner<'_>>) -> String {
    match owner {
        Some(owner) => format!(", and {owner} owns this autoscaler"),
        None => String::new(),
    }
}
