//! How many pods a `HorizontalPodAutoscaler` wants, whatever it measures.

use std::fmt;

use k8s_openapi::Resource;
use k8s_openapi::api::autoscaling::v2;

use super::{AutoscalerMeta, ScaleTarget};
use document::Cursor;
use document::DecodeError;

/// How many pods a `HorizontalPodAutoscaler` lets its target have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaRange {
    /// The least; 1 where none is written: `SetDefaults_HorizontalPodAutoscaler` in `pkg/apis/autoscaling/v2/defaults.go`.
    pub min: i64,
    /// The most.
    pub max: i64,
}

impl ReplicaRange {
    /// Reads the range of the `HorizontalPodAutoscaler` at `cursor`, of any version.
    pub fn of_horizontal(cursor: &Cursor<'_>) -> Result<Self, DecodeError> {
        let read = cursor.map("spec", |spec| {
            Ok((spec.integer("minReplicas")?, spec.integer("maxReplicas")?))
        })?;
        let (min, max) = read.unwrap_or_default();
        Ok(Self {
            min: min.unwrap_or(1),
            // The API server refuses one without.
            max: max.unwrap_or(i64::from(i32::MAX)),
        })
    }

    /// Whether the autoscaler may have chosen a number.
    #[must_use]
    pub const fn contains(self, replicas: i64) -> bool {
        self.min <= replicas && replicas <= self.max
    }

    /// Whether the autoscaler can choose no other number than this.
    #[must_use]
    pub const fn is_only(self, replicas: i64) -> bool {
        self.min == replicas && self.max == replicas
    }
}

/// `between 2 and 10 pods`, `3 pods`
impl fmt::Display for ReplicaRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (1, 1) => f.write_str("1 pod"),
            (min, max) if min == max => write!(f, "{min} pods"),
            (min, max) => write!(f, "between {min} and {max} pods"),
        }
    }
}

/// A `HorizontalPodAutoscaler` without what it measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaler<'a> {
    /// Name, owner, and whether it is being deleted.
    pub meta: AutoscalerMeta<'a>,
    /// What it scales.
    pub target: ScaleTarget<'a>,
    /// How far.
    pub range: ReplicaRange,
}

impl<'a> Scaler<'a> {
    /// Reads one, of any version.
    pub fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            meta: AutoscalerMeta::read(cursor)?,
            target: ScaleTarget::of_horizontal(cursor)?,
            range: ReplicaRange::of_horizontal(cursor)?,
        })
    }

    /// Whether KEDA made it, which scales between 0 and 1 itself, and up to `minReplicaCount`: `RequestScale` in
    /// `pkg/scaling/executor/scale_scaledobjects.go` of kedacore/keda.
    #[must_use]
    pub fn is_of_keda(&self) -> bool {
        self.meta
            .owner
            .is_some_and(|owner| owner.kind == "ScaledObject")
    }
}

/// `HorizontalPodAutoscaler "web"`, with its owner if it has one.
impl fmt::Display for Scaler<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meta.describe(v2::HorizontalPodAutoscaler::KIND, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::FieldPath;
    use document::json::{self, Arena};

    fn read(text: &str, check: impl Fn(Scaler<'_>)) {
        let arena = Arena::new();
        let json = json::parse(text, &arena).unwrap();
        check(Scaler::read(&Cursor::new(&json, FieldPath::new(""))).unwrap());
    }

    #[test]
    fn knows_how_far_it_scales() {
        for (spec, min, max, words) in [
            (
                r#"{"minReplicas":4,"maxReplicas":10}"#,
                4,
                10,
                "between 4 and 10 pods",
            ),
            (
                r#"{"minReplicas":null,"maxReplicas":3}"#,
                1,
                3,
                "between 1 and 3 pods",
            ),
            (
                r#"{"minReplicas":0,"maxReplicas":1}"#,
                0,
                1,
                "between 0 and 1 pods",
            ),
            (r#"{"minReplicas":3,"maxReplicas":3}"#, 3, 3, "3 pods"),
            (r#"{"maxReplicas":1}"#, 1, 1, "1 pod"),
            ("null", 1, 2_147_483_647, "between 1 and 2147483647 pods"),
        ] {
            read(&format!(r#"{{"spec":{spec}}}"#), |scaler| {
                assert_eq!(scaler.range, ReplicaRange { min, max }, "{spec}");
                assert_eq!(scaler.range.to_string(), words);
                for replicas in [min - 1, min, max, max + 1] {
                    let inside = replicas == min || replicas == max;
                    assert_eq!(scaler.range.contains(replicas), inside, "{spec} {replicas}");
                    assert_eq!(scaler.range.is_only(replicas), inside && min == max);
                }
            });
        }
    }

    #[test]
    fn knows_what_keda_made() {
        for (owner, is_of_keda, words) in [
            (
                r#"{"kind":"ScaledObject","name":"a","controller":true}"#,
                true,
                r#"HorizontalPodAutoscaler "web" of ScaledObject "a""#,
            ),
            (
                r#"{"kind":"ScaledObject","name":"a"}"#,
                false,
                r#"HorizontalPodAutoscaler "web""#,
            ),
            (
                r#"{"kind":"Shop","name":"a","controller":true}"#,
                false,
                r#"HorizontalPodAutoscaler "web" of Shop "a""#,
            ),
        ] {
            let text = format!(r#"{{"metadata":{{"name":"web","ownerReferences":[{owner}]}}}}"#);
            read(&text, |scaler| {
                assert_eq!(scaler.is_of_keda(), is_of_keda, "{owner}");
                assert_eq!(scaler.to_string(), words);
            });
        }
    }
}
