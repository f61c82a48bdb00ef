//! A `PodDisruptionBudget`.

use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use shared::kubernetes::selector::{LabelSelector, Labels};
use shared::{Cursor, DecodeError, IntOrString, quote};

/// How many pods may go, or have to stay. It prints as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit<'a> {
    /// So many.
    Count(i64),
    /// A share of them: as it is written, and in per cent.
    Share(&'a str, i64),
    /// What the API server refuses.
    Invalid,
}

/// A `PodDisruptionBudget`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget<'a> {
    pub(crate) name: &'a str,
    pub(crate) min_available: Option<Limit<'a>>,
    pub(crate) max_unavailable: Option<Limit<'a>>,
    /// An empty one selects all pods of the namespace, and where there is none, none are.
    pub(crate) selector: Option<LabelSelector<'a>>,
}

impl<'a> Budget<'a> {
    /// Reads the budget at a cursor.
    pub(crate) fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let name = cursor.map("metadata", |metadata| metadata.text("name"))?;
        let spec = cursor.map("spec", |spec| {
            Ok((
                Limit::read(spec, "minAvailable")?,
                Limit::read(spec, "maxUnavailable")?,
                spec.map("selector", LabelSelector::read)?,
            ))
        })?;
        let (min_available, max_unavailable, selector) = spec.unwrap_or_default();
        Ok(Self {
            name: name.unwrap_or_default(),
            min_available,
            max_unavailable,
            selector,
        })
    }

    /// Whether it selects pods with these labels.
    pub(crate) fn selects(&self, labels: &Labels<'_>) -> bool {
        let selector = self.selector.as_ref();
        selector.is_some_and(|selector| selector.matches(labels))
    }

    /// Whether it selects every pod of the namespace.
    pub(crate) fn selects_all(&self) -> bool {
        self.selector.as_ref().is_some_and(LabelSelector::is_empty)
    }

    /// How many of this number of pods it keeps, where it says so by `minAvailable`. A share is rounded up. `maxUnavailable` is
    /// rounded up as well, and so leaves one at least, unless it is 0.
    ///
    /// Source: `getExpectedPodCount` in `pkg/controller/disruption/disruption.go`.
    pub(crate) fn kept(&self, pods: i64) -> Option<i64> {
        match self.min_available? {
            Limit::Count(count) => Some(count),
            Limit::Share(_, share) => {
                let hundredths = pods.saturating_mul(share);
                Some(hundredths.saturating_add(99) / 100)
            }
            Limit::Invalid => None,
        }
    }

    /// Whether it says of itself that it keeps all pods, however many.
    pub(crate) fn keeps_all(&self) -> bool {
        matches!(
            self.max_unavailable,
            Some(Limit::Count(0) | Limit::Share(_, 0))
        ) || matches!(self.min_available, Some(Limit::Share(_, 100..)))
    }
}

/// `PodDisruptionBudget "web"`
impl fmt::Display for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", PodDisruptionBudget::KIND, quote(self.name))
    }
}

impl fmt::Display for Limit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(text, _) => write!(f, "{}", quote(text)),
            Self::Invalid => Ok(()),
        }
    }
}

impl<'a> Limit<'a> {
    /// Source: `IsValidPercent` and `GetScaledValueFromIntOrPercent` in `staging/src/k8s.io/apimachinery`.
    fn read(cursor: &Cursor<'a>, name: &str) -> Result<Option<Self>, DecodeError> {
        let value = cursor.int_or_string(name)?;
        Ok(value.map(|value| match value {
            IntOrString::Int(count) => Self::Count(count),
            IntOrString::String(text) => {
                let share = text.strip_suffix('%').filter(|digits| {
                    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
                });
                match share.and_then(|digits| digits.parse().ok()) {
                    Some(share) => Self::Share(text, share),
                    None => Self::Invalid,
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::{Arena, FieldPath, Json};

    use super::*;

    fn kept(min_available: &Value, pods: i64) -> Option<i64> {
        let text = json!({"spec": {"minAvailable": min_available}}).to_string();
        let arena = Arena::new();
        let json = Json::parse(&text, &arena).unwrap();
        let budget = Budget::read(&Cursor::new(&json, FieldPath::new(""))).unwrap();
        budget.kept(pods)
    }

    #[test]
    fn a_share_is_rounded_up() {
        for (min_available, pods, expected) in [
            (json!(1), 1, Some(1)),
            (json!(5), 3, Some(5)),
            (json!("50%"), 1, Some(1)),
            (json!("50%"), 2, Some(1)),
            (json!("67%"), 3, Some(3)),
            (json!("66%"), 3, Some(2)),
            (json!("0%"), 3, Some(0)),
            (json!("100%"), 3, Some(3)),
            (json!("100%"), i64::MAX, Some(i64::MAX / 100)),
            (json!("50"), 3, None),
            (json!("5 %"), 3, None),
            (json!("-5%"), 3, None),
            (json!("99999999999999999999%"), 3, None),
            (json!(null), 3, None),
        ] {
            assert_eq!(
                kept(&min_available, pods),
                expected,
                "{min_available} {pods}"
            );
        }
    }
}
