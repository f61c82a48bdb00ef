//! The autoscalers of a namespace, as the host lists them.

use std::cell::Cell;

use shared::cluster::{Answer, List};
use shared::kubernetes::autoscaling::{AutoscalerMeta, ScaleTarget, insert_by_name};
use shared::{ClusterError, Cursor, DecodeError, Error, Verdict};

use crate::kind::Kind;
use crate::review::Review;
use crate::rules::unreadable_object;
use crate::views;

/// The autoscalers of one kind.
pub(crate) struct Siblings<'l> {
    kind: Kind,
    list: Option<List<'l>>,
    /// Whether those without a target that can be read were told already.
    reported: Cell<bool>,
}

/// Judges one of them.
type Judge<'j> = dyn Fn(&Cursor<'_>, &mut Verdict) -> Result<(), Error> + 'j;

/// Whether one with such a target is to be judged.
pub(crate) type Wanted<'w> = dyn Fn(&ScaleTarget<'_>) -> bool + 'w;

/// Asks for all autoscalers of a kind. None where the cluster does not know the kind: without its definition there is
/// no `VerticalPodAutoscaler`.
pub(crate) fn ask(kind: Kind, review: &Review<'_>) -> Result<Option<Answer>, Error> {
    match kind.all(review.namespace).ask(review.cluster) {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Lookup {
            error: ClusterError::NotServed,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl<'l> Siblings<'l> {
    /// Reads what [`ask`] was told.
    pub(crate) fn read(
        kind: Kind,
        answer: Option<&'l Answer>,
        review: &Review<'_>,
    ) -> Result<Self, Error> {
        let lookup = kind.all(review.namespace);
        let list = answer.map(|answer| lookup.parse(answer, views::wants));
        Ok(Self {
            kind,
            list: list.transpose()?,
            reported: Cell::new(false),
        })
    }

    /// Judges those whose target is wanted, in the order of their names, which a list does not have. Only of these more
    /// than the target is read. Whatever is on its way out does not count, nor does the object under review itself.
    pub(crate) fn each(
        &self,
        review: &Review<'_>,
        wanted: &Wanted<'_>,
        verdict: &mut Verdict,
        judge: &Judge<'_>,
    ) -> Result<(), Error> {
        let mut found: Vec<(&str, Cursor<'_>)> = Vec::new();
        for item in self.list.iter().flat_map(List::items) {
            let target = match self.kind.target(&item) {
                Ok(target) => target,
                Err(error) => {
                    if !self.reported.get() {
                        self.pass_over(&item, &error, verdict);
                    }
                    continue;
                }
            };
            if !wanted(&target) {
                continue;
            }
            match self.name_of(&item, review) {
                Ok(None) => {}
                Ok(Some(name)) => insert_by_name(&mut found, name, item),
                Err(error) => self.pass_over(&item, &error, verdict),
            }
        }
        self.reported.set(true);
        for (_, item) in &found {
            match judge(item, verdict) {
                Err(Error::Object(error)) => self.pass_over(item, &error, verdict),
                judged => verdict.keep_failure(judged)?,
            }
        }
        Ok(())
    }

    fn pass_over(&self, item: &Cursor<'_>, error: &DecodeError, verdict: &mut Verdict) {
        unreadable_object::check(self.kind.name(), item, error, verdict);
    }

    /// The name of an autoscaler, if it is to be judged.
    fn name_of<'a>(
        &self,
        item: &Cursor<'a>,
        review: &Review<'_>,
    ) -> Result<Option<&'a str>, DecodeError> {
        let meta = AutoscalerMeta::read(item)?;
        let uid = item.map("metadata", |metadata| metadata.text("uid"))?;
        let is_itself = self.kind == review.kind
            && (meta.name == review.name
                || uid.is_some_and(|uid| !uid.is_empty() && uid == review.uid));
        let exempt = review
            .settings
            .exempt
            .has_object(review.namespace, meta.name);
        Ok((!is_itself && !exempt && !meta.deleting).then_some(meta.name))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use shared::testing::{MemoryCluster, Review};

    use crate::HpaVpaOverlap;
    use crate::testing::{all, cpu, deployment, is_accepted, lines, memory};

    #[test]
    fn a_failed_look_up_refuses_or_warns() {
        let grant = "Policy has not been granted access to Kubernetes autoscaling.k8s.io/v1/VerticalPodAutoscaler \
                     resources. The violation has been reported.";
        let may_not = "may not be read by the policy: add the kind to its spec.contextAwareResources, which only a ClusterAdmissionPolicy has, and let the service \
                       account of its policy server get, list and watch it";
        let with = |object: Value, (api_version, kind), words: &str| {
            Arc::new(MemoryCluster::new([object]).with_error(api_version, kind, words))
        };
        let horizontal = ("autoscaling/v2", "HorizontalPodAutoscaler");
        let vertical = ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler");
        let deployment = ("apps/v1", "Deployment");
        let no_answer = "could not be looked up: deadline has elapsed";
        let trouble = "error finding resource autoscaling.k8s.io/v1 / VerticalPodAutoscaler: HyperError: timed out";
        let in_trouble = format!("could not be looked up: {trouble}");
        for (object, there, subject, reason) in [
            (
                cpu(),
                with(all(), vertical, trouble),
                "the list of VerticalPodAutoscalers in shop",
                &*in_trouble,
            ),
            (
                cpu(),
                with(all(), vertical, grant),
                "the list of VerticalPodAutoscalers in shop",
                may_not,
            ),
            (
                cpu(),
                with(memory(), horizontal, "deadline has elapsed"),
                "the list of HorizontalPodAutoscalers in shop",
                no_answer,
            ),
            (
                all(),
                with(cpu(), horizontal, "deadline has elapsed"),
                "the list of HorizontalPodAutoscalers in shop",
                no_answer,
            ),
            (
                all(),
                with(cpu(), deployment, "deadline has elapsed"),
                "Deployment shop/web",
                no_answer,
            ),
        ] {
            let review = Review::create(&object).in_cluster(Arc::clone(&there));
            let response = review.judge::<HpaVpaOverlap>();
            let message = response.message.unwrap();
            let kind = object["kind"].as_str().unwrap();
            assert_eq!(
                message,
                format!("{kind} shop/web cannot be judged by hpa-vpa-overlap: {subject} {reason}")
            );
            assert_eq!(response.code, Some(500));
            let mut labelled = object.clone();
            labelled["metadata"]["labels"] = json!({"a": "b"});
            let update = Review::update(&object, &labelled).in_cluster(Arc::clone(&there));
            assert!(is_accepted(&update));
            assert!(!is_accepted(
                &update.with(json!({"onUpdate": "enforceAll"}))
            ));
            labelled["spec"]["targetRef"] = json!({"kind": "Deployment", "name": "web"});
            let update = Review::update(&object, &labelled).in_cluster(there);
            assert!(!is_accepted(&update));
        }
    }

    #[test]
    fn a_list_of_doubles_that_fails_does_not_hide_the_pair() {
        let silent = "deadline has elapsed";
        for (object, there, api_version, fails) in [
            (cpu(), all(), "autoscaling/v2", "HorizontalPodAutoscaler"),
            (
                all(),
                cpu(),
                "autoscaling.k8s.io/v1",
                "VerticalPodAutoscaler",
            ),
        ] {
            let found = Review::create(&object)
                .in_cluster(MemoryCluster::new([there]).with_error(api_version, fails, silent))
                .with(json!({"onLookupFailure": "warn", "writtenFirst": "deny"}))
                .lines::<HpaVpaOverlap>();
            let ends: Vec<_> = found
                .iter()
                .filter_map(|line| line.rsplit_once('['))
                .collect();
            let rules: Vec<_> = ends.iter().map(|(_, rule)| *rule).collect();
            assert_eq!(rules, ["shared_resource]", "unjudged]"], "{fails}");
        }
    }

    #[test]
    fn without_the_definition_there_is_no_vertical_autoscaler() {
        assert_eq!(lines(&cpu(), &[&deployment(&["app"])], &json!({})), [""; 0]);
    }
}
