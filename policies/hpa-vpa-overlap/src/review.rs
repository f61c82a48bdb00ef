//! A request for an autoscaler, and what the answer depends on.

use std::cell::OnceCell;

use shared::kubernetes::autoscaling::{self, AutoscalerMeta, ScaleTarget};
use shared::{Cluster, Error, Level, OnUpdate, Operation, Request, Settings as _};

use crate::kind::Kind;
use crate::settings::Settings;
use crate::workload::{self, Workload};

/// What is asked, and what the answer depends on.
pub(crate) struct Review<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) settings: &'r Settings,
    pub(crate) cluster: &'r dyn Cluster,
    pub(crate) namespace: &'r str,
    pub(crate) kind: Kind,
    pub(crate) name: &'r str,
    pub(crate) uid: &'r str,
    /// The target of the object, once it was looked up.
    target: OnceCell<Result<Option<Workload>, Error>>,
}

impl<'r> Review<'r> {
    /// Reads what every rule needs of the object.
    pub(crate) fn read(
        request: &'r Request<'r>,
        settings: &'r Settings,
        cluster: &'r dyn Cluster,
        kind: Kind,
    ) -> Result<Self, Error> {
        let uid = request
            .object()
            .at("metadata", |metadata| metadata.text("uid"))?;
        Ok(Self {
            request,
            settings,
            cluster,
            namespace: request.object_namespace()?,
            kind,
            name: request.object_name()?,
            uid: uid.unwrap_or_default(),
            target: OnceCell::new(),
        })
    }

    pub(crate) fn is_exempt(&self) -> bool {
        let (exempt, namespace) = (&self.settings.exempt, self.namespace);
        exempt.has(namespace, self.request.username) || exempt.has_object(namespace, self.name)
    }

    /// Whether an UPDATE writes a status and nothing that is judged. Older recommenders do so without `/status`, once a
    /// minute for each object.
    pub(crate) fn is_status(&self) -> bool {
        self.request.operation == Operation::Update
            && !self.request.keeps("status")
            && autoscaling::keeps_spec(self.request)
    }

    /// Whether an UPDATE changes nothing that is judged, so that nothing it could be refused for is new.
    pub(crate) fn is_untouched(&self) -> bool {
        self.settings.on_update() == OnUpdate::NewViolations
            && autoscaling::keeps_spec(self.request)
    }

    /// Keeps the owner that an UPDATE takes off, as the garbage collector does to let go of an object: what that owner
    /// kept apart is not refused for it.
    pub(crate) fn keep_removed_owner<'a>(&'a self, meta: &mut AutoscalerMeta<'a>) {
        if meta.owner.is_none()
            && let Ok(old) = AutoscalerMeta::read(&self.request.old_object())
        {
            meta.owner = old.owner;
        }
    }

    /// How serious it may be that there is another one of the same kind. Of one kind, Helm, Argo CD and Flux write first
    /// what comes first by its name, and the set that they apply may change the other one behind it.
    pub(crate) fn most_beside(&self, other: &str) -> Level {
        // The server has not made up every name yet.
        if self.name.is_empty() || self.name > other {
            Level::Deny
        } else {
            self.settings.written_first
        }
    }

    /// The target of the object, looked up once.
    pub(crate) fn target(&self, target: &ScaleTarget<'_>) -> Result<Option<&Workload>, Error> {
        let look_up = || {
            // Only groups of Kubernetes itself have no dot. That of a kind that it knows, a `VerticalPodAutoscaler` does
            // not read.
            let is_known = self.kind == Kind::Vertical && target.well_known_group().is_some();
            if !is_known && target.group().contains('.') {
                return Ok(None);
            }
            workload::look_up((target.kind, target.name), self.namespace, self.cluster)
        };
        match self.target.get_or_init(look_up) {
            Ok(workload) => Ok(workload.as_ref()),
            Err(error) => Err(error.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaVpaOverlap;
    use crate::testing::{all, cpu, is_accepted};

    #[test]
    fn an_update_of_the_status_alone_is_never_in_the_way() {
        let recommended = |mut object: Value, spec: bool| {
            object["status"] = json!({"recommendation": {"containerRecommendations": []}});
            if spec {
                object["spec"]["updatePolicy"]["updateMode"] = json!("Auto");
            }
            object
        };
        for (new, accepted) in [
            (recommended(all(), false), true),
            (recommended(all(), true), false),
            (all(), false),
        ] {
            let review = Review::update(&all(), &new)
                .with(json!({"onUpdate": "enforceAll"}))
                .by("system:serviceaccount:vpa:recommender")
                .in_cluster(MemoryCluster::failing("deadline has elapsed"));
            assert_eq!(is_accepted(&review), accepted, "{new}");
        }
    }

    #[test]
    fn exempts_whom_the_platform_team_names_on_either_side() {
        for (exempt, accepted) in [
            (json!({"namespaces": ["shop"]}), true),
            (json!({"users": ["jane"]}), true),
            (json!({"names": ["shop/web"]}), true),
            (json!({"names": ["shop/sizer"]}), true),
            (
                json!({"namespaces": ["shopping"], "users": ["janet"], "names": ["other/web", "shop/we"]}),
                false,
            ),
        ] {
            let mut sizer = all();
            sizer["metadata"]["name"] = json!("sizer");
            let review = Review::create(&cpu())
                .with(json!({"exempt": exempt, "writtenFirst": "deny"}))
                .in_cluster(MemoryCluster::new([sizer]));
            assert_eq!(is_accepted(&review), accepted, "{exempt}");
        }
    }

    /// Whether each object passes, in a cluster with the others, at each level of `writtenFirst`.
    fn passes(object: &Value, there: &[Value]) -> [bool; 3] {
        ["deny", "warn", "off"].map(|level| {
            let review = Review::create(object).in_cluster(MemoryCluster::new(there.to_vec()));
            is_accepted(&review.with(json!({ "writtenFirst": level })))
        })
    }

    #[test]
    fn of_a_pair_the_one_that_is_written_last_is_refused() {
        let named = |mut object: Value, name: &str| {
            object["metadata"]["name"] = json!(name);
            object
        };
        let strict = |object: &Value, there: &Value| {
            let settings = json!({"duplicateVertical": "deny"});
            let review = Review::create(object).in_cluster(MemoryCluster::new([there.clone()]));
            is_accepted(&review.with(settings))
        };
        assert_eq!(passes(&cpu(), &[all()]), [false, true, true]);
        assert_eq!(passes(&all(), &[cpu()]), [false; 3]);
        let (a, b) = (named(cpu(), "a"), named(cpu(), "b"));
        assert_eq!(passes(&a, std::slice::from_ref(&b)), [false, true, true]);
        assert_eq!(passes(&b, &[a]), [false; 3]);
        let (a, b) = (named(all(), "a"), named(all(), "b"));
        assert!(strict(&a, &b) && !strict(&b, &a));
        // The server has not made up its name, so nothing says that it comes first.
        let mut unnamed = cpu();
        unnamed["metadata"] = json!({"generateName": "a-", "namespace": "shop"});
        assert_eq!(passes(&unnamed, &[cpu()]), [false; 3]);
    }

    #[test]
    fn the_one_that_is_written_first_is_told_or_is_not() {
        let lines = |level: &str| {
            Review::create(&cpu())
                .with(json!({"writtenFirst": level, "scope": "target"}))
                .in_cluster(MemoryCluster::new([all()]))
                .lines::<HpaVpaOverlap>()
        };
        let warning = "warning: hpa-vpa-overlap: spec.scaleTargetRef: shares Deployment \"web\" with \
                       VerticalPodAutoscaler \"web\", which the policy forbids (scope: target); fix: remove one of the two, or \
                       set its updateMode to \"Off\" [shared_target]";
        assert_eq!(lines("warn"), [warning]);
        assert_eq!(lines("off"), [""; 0]);
    }
}
