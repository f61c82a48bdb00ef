//! What holds for every input: properties of the policies and of the reader of manifests, as functions of bytes.
//!
//! The fuzzer looks for bytes that break one, and an ordinary test runs each over the bytes that were found to be
//! interesting, and over others that are made from them. Policies run natively here, so that no engine has to be compiled.
//! What a property found becomes a case of its own in `tests/cases`, or a row of a unit test.

#![expect(
    clippy::indexing_slicing,
    reason = "`Value` answers null for what is not there, and a choice of nothing is a mistake in a property"
)]

mod answer;
mod autoscalers;
mod choices;
mod disruption;
mod host_path;
mod marks;
mod payload;
mod pods;
mod quantity;
mod references;
mod replicas;
mod routes;
mod scratch;
mod secrets;
mod services;
mod settings;
mod updates;
mod yaml;

pub use answer::Answer;

/// What is wrong, in words that are enough to see it again.
pub type Outcome = Result<(), String>;

/// A property, by the name of its fuzz target and of its folder in `fuzz/corpus`.
pub struct Property {
    /// The name.
    pub name: &'static str,
    /// Whether the bytes are text that another may have written, rather than choices that an object is made from.
    pub is_text: bool,
    /// Tells whether the property holds for these bytes.
    pub holds: fn(&[u8]) -> Outcome,
}

const fn of_text(name: &'static str, holds: fn(&[u8]) -> Outcome) -> Property {
    Property {
        name,
        is_text: true,
        holds,
    }
}

const fn of_choices(name: &'static str, holds: fn(&[u8]) -> Outcome) -> Property {
    Property {
        name,
        is_text: false,
        holds,
    }
}

/// Every property.
pub const ALL: &[Property] = &[
    of_choices("autoscalers", autoscalers::holds),
    of_choices("disruption", disruption::holds),
    of_text("host_path", host_path::holds),
    of_text("manifests", yaml::holds),
    of_text("payload", payload::holds),
    of_choices("pods", pods::holds),
    of_text("quantity", quantity::holds),
    of_choices("references", references::holds),
    of_choices("replicas", replicas::holds),
    of_choices("routes", routes::holds),
    of_choices("scratch", scratch::holds),
    of_choices("secret_values", secrets::value_holds),
    of_choices("secrets", secrets::holds),
    of_choices("services", services::holds),
    of_text("settings", settings::holds),
];

/// Tells whether a property holds, by its name.
pub fn holds(name: &str, bytes: &[u8]) -> Outcome {
    let property = ALL.iter().find(|property| property.name == name);
    let property = property.ok_or_else(|| format!("there is no property {name}"))?;
    (property.holds)(bytes)
}

/// Whether a condition holds, or what is wrong if not.
fn ensure(condition: bool, wrong: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(wrong()) }
}
