//! What can go wrong with an engine, a module or an evaluation, in sentences.

use crate::engine::Limits;

/// No policy can run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine or the limits do not allow it.
    #[error("the WebAssembly engine does not start: {0}")]
    Configuration(String),
    /// Without a clock there is no time limit.
    #[error("the thread that keeps the time limit does not start: {0}")]
    Clock(#[from] std::io::Error),
}

/// A module that cannot be used as a policy.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LoadError {
    /// Not wasm, or a broken one.
    #[error("is not a WebAssembly module: {0}")]
    NotWasm(String),
    /// The module wants something that only another kind of host has.
    #[error(
        "imports `{name}` from `{module}`, and a policy gets nothing but waPC's functions here; build it for \
         wasm32-unknown-unknown, without WASI"
    )]
    ForeignImport {
        /// The module that the import names.
        module: String,
        /// The function.
        name: String,
    },
    /// A module without the entry of waPC.
    #[error("does not export `{0}`: it is not a waPC policy")]
    NotAPolicy(&'static str),
    /// A policy for another runtime.
    #[error("is made for the execution mode {0:?}, and only \"kubewarden-wapc\" runs here")]
    ExecutionMode(String),
    /// The module cannot start within the memory limit.
    #[error("starts with {wanted} bytes of memory, over the limit of {limit}")]
    Memory {
        /// What it starts with.
        wanted: u64,
        /// What it may have.
        limit: u64,
    },
    /// The section that `kwctl annotate` writes is broken.
    #[error("has metadata that cannot be read: {0}")]
    Metadata(String),
    /// wasmtime refuses it.
    #[error("does not compile: {0}")]
    Compile(String),
}

/// An evaluation that gave no answer. In a cluster the user sees a refusal with code 500.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EvaluationError {
    /// The guest ran for too long.
    #[error("it ran over the time limit of {} ms", .0.as_millis())]
    TimedOut(std::time::Duration),
    /// The guest stopped itself. Rust policies do so on a panic, and when they get no more memory: the two look alike
    /// from outside.
    #[error(
        "it gave up (`unreachable`): it met a bug of its own, or needs more than its memory limit of {} MiB",
        .memory_limit / (1024 * 1024)
    )]
    GaveUp {
        /// What it may have, in bytes.
        memory_limit: u64,
    },
    /// The guest called too deep.
    #[error("it used up its stack")]
    StackOverflow,
    /// Another trap, in the words of the engine.
    #[error("it was stopped: {0}")]
    Trapped(String),
    /// The guest told the host to read outside of its memory.
    #[error("it pointed the host outside of its memory")]
    BadPointer,
    /// The guest answered with an error of its own.
    #[error("it failed: {0}")]
    Failed(String),
    /// The answer is not the JSON that it should be.
    #[error("its answer cannot be read (line {0}, column {1})")]
    UnreadableAnswer(usize, usize),
    /// The answers of a group cannot be put together.
    #[error("its expression cannot be evaluated")]
    Expression,
    /// The request cannot be written as JSON.
    #[error("the request cannot be written as JSON")]
    UnwritableRequest,
}

impl EvaluationError {
    /// Tells from the provider's text, which is all that it hands on, what happened.
    pub(crate) fn of_guest(text: &str, limits: Limits) -> Self {
        if text.contains("execution deadline exceeded") {
            return Self::TimedOut(limits.time);
        }
        let Some((_, trap)) = text.split_once("wasm trap: ") else {
            return Self::Failed(without_payload(text));
        };
        if trap.contains("unreachable") {
            Self::GaveUp {
                memory_limit: limits.memory,
            }
        } else if trap.contains("call stack exhausted") {
            Self::StackOverflow
        } else {
            Self::Trapped(without_payload(trap))
        }
    }
}

/// Drops what may be the request or a value in it, and either may be that of a Secret. Policies built on the Kubewarden
/// SDK put the whole payload into their error text, and serde the value that it did not want, in quotes.
fn without_payload(text: &str) -> String {
    const SHOWN: usize = 300;
    let safe = text
        .find(['{', '[', '"', '`', '\''])
        .map_or(text, |position| text.get(..position).unwrap_or_default());
    let shown: String = safe.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        let short = shown.trim_end();
        format!("{short} (the rest may hold the request and is not shown)")
            .trim_start()
            .to_owned()
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_apart_how_a_guest_ended() {
        let limits = Limits::default();
        let cases = [
            (
                "guest code interrupted, execution deadline exceeded",
                "it ran over the time limit of 2000 ms",
            ),
            (
                "wasm trap: wasm `unreachable` instruction executed",
                "it gave up (`unreachable`): it met a bug of its own, or needs more than its memory limit of 256 MiB",
            ),
            ("wasm trap: call stack exhausted", "it used up its stack"),
            (
                "wasm trap: integer divide by zero",
                "it was stopped: integer divide by zero",
            ),
            ("No such thing", "it failed: No such thing"),
            (
                r#"cannot go on: wasm trap: "hunter2""#,
                "it was stopped: (the rest may hold the request and is not shown)",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(
                EvaluationError::of_guest(text, limits).to_string(),
                expected
            );
        }
    }

    #[test]
    fn never_repeats_the_request() {
        for text in [
            r#"cannot decode {"request":{"object":{"data":{"password":"aHVudGVyMg=="}}}}"#,
            r#"cannot decode "hunter2", expected a map"#,
            "cannot decode `4815162342`, expected a string",
            "cannot decode 'hunter2'",
            "cannot decode [104, 117, 110, 116, 101, 114, 50]",
        ] {
            assert_eq!(
                EvaluationError::of_guest(text, Limits::default()).to_string(),
                "it failed: cannot decode (the rest may hold the request and is not shown)"
            );
        }
    }
}
