//! What a policy looks for.

/// One thing that a policy finds. Each rule is a constant in a file named after its id, `rules/<id>.rs`, so that the id
/// at the end of a message leads to the code. [`rule!`](crate::rule!) writes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The pattern that is found, in snake case: `missing_request`.
    pub id: &'static str,
    /// What is found, in a sentence. For documents, so it is not part of the wasm.
    #[cfg(not(target_arch = "wasm32"))]
    pub summary: &'static str,
    /// What goes wrong in the cluster otherwise. For documents, so it is not part of the wasm.
    #[cfg(not(target_arch = "wasm32"))]
    pub why: &'static str,
    /// What to write instead, as an imperative without a full stop. A finding may replace it by a more exact one.
    pub fix: &'static str,
    /// How serious it is when nothing is set, the usual case first. For documents, so it is not part of the wasm.
    #[cfg(not(target_arch = "wasm32"))]
    pub levels: &'static [DefaultLevel],
}

/// How serious a finding is when nothing is set.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultLevel {
    /// The level.
    pub level: crate::Level,
    /// The setting that changes it, with dots: `form.tls`. Empty where none does.
    pub setting: &'static str,
    /// Of what it is the level, behind the level: `in a new Service`. Empty for the usual case.
    pub place: &'static str,
}

/// A [`Rule`](crate::Rule): its id, a summary, why it matters, the fix, and how serious it is when nothing is set:
/// `[Deny]`, `[Warn by "form.pem"]` with the setting that changes it, `[Warn, Deny for "an init container"]`.
#[macro_export]
macro_rules! rule {
    (
        id: $id:literal,
        summary: $summary:literal,
        why: $why:literal,
        fix: $fix:literal,
        levels: [$($level:ident $(by $setting:literal)? $(for $place:literal)?),+ $(,)?] $(,)?
    ) => {
        $crate::Rule {
            id: $id,
            #[cfg(not(target_arch = "wasm32"))]
            summary: $summary,
            #[cfg(not(target_arch = "wasm32"))]
            why: $why,
            fix: $fix,
            #[cfg(not(target_arch = "wasm32"))]
            levels: &[$($crate::DefaultLevel {
                level: $crate::Level::$level,
                setting: concat!($($setting)?),
                place: concat!($($place)?),
            }),+],
        }
    };
}
