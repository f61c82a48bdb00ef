//! The values that become variables, as far as not every variable can have them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::Json;

use crate::data::Data;
use crate::objects::State;
use crate::reference::{Reference, Use};
use crate::rules::{Found, Judging};
use crate::views::{Container, Variable};

/// The values of an object that not every variable can have, by their keys.
pub(crate) struct Flaws<'f>(Vec<(&'f str, Flaw)>);

/// At most this many of an object are told apart. Where there are more, the first ones tell enough.
const MAX_VALUES: usize = 100;

impl<'f> Flaws<'f> {
    /// Those of an object, if any of it becomes a variable. The values of a Secret are decoded.
    pub(crate) fn of(found: &Found<'f>, data: &Data<'f>) -> Self {
        let mut flaws = Vec::new();
        let becomes_variable = |reference: &&Reference<'_>| {
            matches!(reference.used, Use::Variable { .. } | Use::Variables { .. })
        };
        if !found.judging.settings.judges_values()
            || !found.references().iter().any(becomes_variable)
        {
            return Self(flaws);
        }
        for (key, value) in data.values() {
            let Json::String(value) = value else { continue };
            let flaw = if found.object.target.is_secret() {
                // As the API server writes it.
                let decoded = STANDARD.decode(value.as_bytes());
                decoded.ok().and_then(|value| Flaw::of(&value))
            } else {
                Flaw::of(value.as_bytes())
            };
            if let Some(flaw) = flaw.filter(|_| flaws.len() < MAX_VALUES) {
                flaws.push((*key, flaw));
            }
        }
        Self(flaws)
    }

    /// Calls `told` with each key that has a flaw in some variables, and with the references that make these of it. One
    /// that is defined again later does not count: only the last value reaches the container.
    ///
    /// Source: `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`.
    pub(crate) fn each(
        &self,
        found: &Found<'f>,
        is_flawed: &dyn Fn(Flaw, usize) -> bool,
        told: &mut dyn FnMut(&str, &[&Reference<'f>]),
    ) {
        for (key, flaw) in &self.0 {
            let mut references = found.references();
            references.retain(|reference| match reference.used {
                Use::Variable {
                    container,
                    index,
                    key: named,
                } => {
                    let name = container
                        .env
                        .get(index)
                        .map_or("", |variable| variable.name);
                    named == *key
                        && is_flawed(*flaw, name.len())
                        && !is_named_again(container, name, index + 1)
                }
                Use::Variables {
                    container,
                    prefix,
                    next,
                } => {
                    let name = format!("{prefix}{key}");
                    is_flawed(*flaw, name.len())
                        && !is_named_again(container, &name, 0)
                        && !is_imported_again(found.judging, container, next, &name)
                }
                _ => false,
            });
            told(key, &references);
        }
    }
}

/// Whether a variable is defined again, by one from this place on, certainly or maybe.
fn is_named_again(container: &Container<'_>, name: &str, from: usize) -> bool {
    named(container, name, from).next().is_some()
}

/// Whether a variable is certainly defined again, by one from this place on. One that is optional may leave it as it
/// was.
pub(crate) fn is_replaced(container: &Container<'_>, name: &str, from: usize) -> bool {
    named(container, name, from).any(|variable| {
        let config = variable.config.as_ref();
        config.is_none_or(|config| !config.is_optional)
    })
}

/// The variables of this name, from this place on.
fn named<'c>(
    container: &'c Container<'_>,
    name: &'c str,
    from: usize,
) -> impl Iterator<Item = &'c Variable<'c>> {
    let later = container.env.iter().skip(from);
    later.filter(move |variable| variable.name == name)
}

/// Whether an object that is imported from this place on has the variable, too, or may have it: what is optional was not
/// looked up. Those of a container stand together.
fn is_imported_again(
    judging: &Judging<'_>,
    container: &Container<'_>,
    mut place: usize,
    name: &str,
) -> bool {
    while let Some(later) = judging.pod.references.get(place)
        && let Use::Variables {
            container: own,
            prefix,
            next,
        } = later.used
        && std::ptr::eq(container, own)
    {
        if let (Some(key), Some(found)) = (name.strip_prefix(prefix), judging.found(place))
            && (matches!(found.state, State::Unknown)
                || Data::of(found.state).is_some_and(|data| data.text.has(key)))
        {
            return true;
        }
        place = next;
    }
    false
}

/// What is to be said of a value that becomes a variable. Nothing of the value is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) has_nul: bool,
    pub(crate) is_binary: bool,
    /// Its bytes.
    pub(crate) length: usize,
}

/// A value of this many bytes is too long with some name, or nearly so.
const LONG: usize = 100_000;

impl Flaw {
    /// What is to be said of a value; None where every variable can have it.
    fn of(value: &[u8]) -> Option<Self> {
        let flaw = Self {
            has_nul: value.contains(&0),
            is_binary: std::str::from_utf8(value).is_err(),
            length: value.len(),
        };
        (flaw.has_nul || flaw.is_binary || flaw.length > LONG).then_some(flaw)
    }
}
