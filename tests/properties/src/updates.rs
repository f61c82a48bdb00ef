//! What holds for every policy when an object is changed, or something is added to it.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::Policy;
use shared::testing::{MemoryCluster, Review};

use crate::answer::Answer;
use crate::{Outcome, ensure};

/// The settings and the cluster that objects are judged with.
pub(crate) struct World {
    /// `onUpdate` is the default, `newViolations`.
    pub(crate) settings: Value,
    pub(crate) cluster: Arc<MemoryCluster>,
}

impl World {
    /// These settings, and a cluster with nothing in it.
    pub(crate) fn with(settings: &str) -> Result<Self, String> {
        Ok(Self {
            settings: serde_json::from_str(settings).map_err(|error| error.to_string())?,
            cluster: Arc::default(),
        })
    }

    /// What a policy says when the object is created.
    pub(crate) fn create<P: Policy>(&self, object: &Value) -> Result<Answer, String> {
        Answer::judge::<P>(&self.place(Review::create(object)))
    }

    /// What a policy says when one object is changed to the other.
    pub(crate) fn update<P: Policy>(&self, old: &Value, new: &Value) -> Result<Answer, String> {
        Answer::judge::<P>(&self.place(Review::update(old, new)))
    }

    fn place(&self, review: Review) -> Review {
        review
            .with(self.settings.clone())
            .in_cluster(Arc::clone(&self.cluster))
    }

    /// An UPDATE that changes nothing is not refused for what it finds.
    pub(crate) fn keeps<P: Policy>(&self, object: &Value) -> Outcome {
        let answer = self.update::<P>(object, object)?;
        ensure(!answer.refuses(), || {
            format!("unchanged, and refused: {answer:?}: {}", self.tell(object))
        })
    }

    /// Whatever refuses an object still refuses it with more in it, which stands behind what it had.
    pub(crate) fn adds<P: Policy>(&self, object: &Value, more: &Value) -> Outcome {
        let answer = self.create::<P>(object)?;
        if !answer.refuses() {
            return Ok(());
        }
        let with_more = self.create::<P>(more)?;
        let (refused, refused_with_more) = (answer.broken_by_field(), with_more.broken_by_field());
        ensure(refused.is_subset(&refused_with_more), || {
            format!(
                "no longer refused: {refused:?}, {refused_with_more:?}: {} and {more}",
                self.tell(object)
            )
        })
    }

    /// An UPDATE that only takes something away is not refused.
    pub(crate) fn removes<P: Policy>(&self, object: &Value, less: &Value) -> Outcome {
        let answer = self.update::<P>(object, less)?;
        ensure(!answer.refuses(), || {
            format!("{answer:?}: {} to {less}", self.tell(object))
        })
    }

    /// An UPDATE is refused when the object is, and the old one was not.
    pub(crate) fn spoils<P: Policy>(&self, old: &Value, new: &Value) -> Outcome {
        if self.create::<P>(old)?.refuses() || !self.create::<P>(new)?.refuses() {
            return Ok(());
        }
        let answer = self.update::<P>(old, new)?;
        ensure(answer.refuses(), || {
            format!("{answer:?}: {} to {new}", self.tell(old))
        })
    }

    /// The object and the settings, to see it again.
    pub(crate) fn tell(&self, object: &Value) -> String {
        format!("settings {}, {object}", self.settings)
    }
}

/// An object in the namespace `shop`, with other fields.
pub(crate) fn object(api_version: &str, kind: &str, fields: &Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"},
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
    object
}
