//! How to tell the author of one autoscaler what the other one does, and what to write instead.

use shared::kubernetes::autoscaling::{ContainerPolicy, Goal, Metric, Owner};
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
        match self.written {
            Kind::Horizontal => owner_note(self.horizontal.meta.owner.as_ref()),
            Kind::Vertical if self.vertical.is_of_goldilocks => note("Goldilocks"),
            Kind::Vertical => owner_note(self.vertical.meta.owner.as_ref()),
        }
    }

    /// The field that names the target.
    pub(crate) fn target_field(&self) -> &'static str {
        match self.written {
            Kind::Horizontal => "spec.scaleTargetRef",
            Kind::Vertical => "spec.targetRef",
        }
    }

    /// Who is to change the `VerticalPodAutoscaler`, and whose its fields are.
    fn vertical_author(&self) -> (String, &'static str) {
        match (&self.vertical.meta.owner, self.written) {
            (Some(owner), _) => (format!("have {owner} "), ""),
            (None, Kind::Horizontal) => (String::new(), "its "),
            (None, Kind::Vertical) => (String::new(), ""),
        }
    }

    /// How to remove one of the two for good: what something else makes comes back. Empty where that can only be switched
    /// off; `rest` follows otherwise.
    pub(crate) fn removal(&self, rest: &str) -> String {
        let owners = (&self.horizontal.meta.owner, &self.vertical.meta.owner);
        let is_of_goldilocks = self.vertical.is_of_goldilocks;
        match owners {
            (None, None) if !is_of_goldilocks => format!("remove one of the two{rest}"),
            (None, None) => format!("remove the HorizontalPodAutoscaler{rest}"),
            (Some(owner), None) if is_of_goldilocks => format!("remove {owner}{rest}"),
            (Some(owner), None) => format!("remove {owner} or the VerticalPodAutoscaler{rest}"),
            (None, Some(owner)) => format!("remove {owner} or the HorizontalPodAutoscaler{rest}"),
            (Some(one), Some(other)) => format!("remove {one} or {other}{rest}"),
        }
    }

    /// How to switch the `VerticalPodAutoscaler` off, and `boost`, which is to follow.
    pub(crate) fn switch_off(&self, boost: &str) -> String {
        if self.vertical.is_of_goldilocks {
            return GOLDILOCKS_OFF.to_owned();
        }
        let (author, its) = self.vertical_author();
        format!("{author}set {its}updateMode to \"Off\"{boost}")
    }

    /// What the `HorizontalPodAutoscaler` is to do instead of `metric`: neither that, nor what the other one changes.
    pub(crate) fn measure_instead(&self, metric: &Metric<'_>, container: &str) -> String {
        let author = match (&self.horizontal.meta.owner, self.written) {
            (Some(owner), _) => format!("have {owner} "),
            (None, Kind::Horizontal) => String::new(),
            (None, Kind::Vertical) => "have the HorizontalPodAutoscaler ".to_owned(),
        };
        let mut resources = RESOURCES.iter().filter(|resource| {
            metric.resource == ***resource || self.vertical.controls(container, resource)
        });
        let resources = match (resources.next(), resources.next()) {
            (Some(one), Some(other)) => format!("{one} and {other}"),
            _ => metric.resource.to_string(),
        };
        let version = if metric.is_of_v1() {
            ", as autoscaling/v2 can"
        } else {
            ""
        };
        format!("{author}measure something other than {resources}{version}")
    }
}

/// How to switch off a `VerticalPodAutoscaler` that Goldilocks makes: in what is changed there itself, it puts back what
/// the namespace says. Source: `vpaUpdateModeForResource` in `pkg/vpa/vpa.go` of FairwindsOps/goldilocks.
pub(crate) const GOLDILOCKS_OFF: &str = "set the label or annotation goldilocks.fairwinds.com/vpa-update-mode of the \
    Namespace, or of the target where that has one, to \"off\"";

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
        let (author, its) = pair.vertical_author();
        let is_boosted = self.metric.goal == Goal::Utilization
            && resource == "cpu"
            && vertical.boosts(self.container);
        let boost = if is_boosted && settings.startup_boost == Level::Deny {
            format!(" and remove {its}startupBoost")
        } else {
            String::new()
        };
        if settings.shared_target == Level::Deny {
            return format!("{}{}", pair.removal(", or "), pair.switch_off(&boost));
        }
        let measure = pair.measure_instead(self.metric, self.container);
        if vertical.is_of_goldilocks {
            return format!("{GOLDILOCKS_OFF}, or {measure}");
        }
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
        let policies = format!("{its}spec.resourcePolicy.containerPolicies");
        let policy = if let Some((index, existing)) = existing {
            // Mode Off with these is refused by the webhook of the VerticalPodAutoscaler. Source:
            // `vertical-pod-autoscaler/pkg/admission-controller/resource/vpa/validation.go`.
            let also = if other.is_none() && existing.names_limits {
                " and remove controlledValues there"
            } else {
                ""
            };
            format!("set {policy} in {policies}[{index}]{also}")
        } else {
            let name = quote(name.unwrap_or("*"));
            format!("add {{containerName: {name}, {policy}}} to {policies}")
        };
        // What a policy of a container leaves alone is not boosted either.
        let (or, boost) = match other {
            Some(_) if !boost.is_empty() => (" or", format!(",{boost}")),
            _ => (", or", boost),
        };
        format!("{author}{policy}{or} set {its}updateMode to \"Off\"{boost}, or {measure}")
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

/// `, and ScaledObject "web" owns this autoscaler`: changes have to be made there.
pub(crate) fn owner_note(owner: Option<&Owner<'_>>) -> String {
    match owner {
        Some(owner) => note(&owner.to_string()),
        None => String::new(),
    }
}

fn note(owner: &str) -> String {
    format!(", and {owner} owns this autoscaler")
}
