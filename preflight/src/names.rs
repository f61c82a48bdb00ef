//! Names of policies: of a module, and those that were misspelt.

/// A name that was probably mistyped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?}; {}", suggestion(.nearest.as_deref(), .known))]
pub struct UnknownName {
    /// What was written.
    pub name: String,
    /// What was probably meant.
    pub nearest: Option<String>,
    /// All there is.
    pub known: Vec<String>,
}

fn suggestion(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None => format!("there are: {}", known.join(", ")),
    }
}

impl UnknownName {
    /// Looks for what was meant.
    #[must_use]
    pub fn new<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        /// Below this, names have little more in common than some letters.
        const ALIKE: f64 = 0.8;
        let known: Vec<String> = known.map(ToOwned::to_owned).collect();
        let alike = |other: &String| strsim::jaro_winkler(name, other);
        let nearest = known.iter().filter(|other| alike(other) >= ALIKE);
        let nearest = nearest
            .max_by(|a, b| alike(a).total_cmp(&alike(b)))
            .cloned();
        Self {
            name: name.to_owned(),
            nearest,
            known,
        }
    }
}

/// The last part of a reference, which is the name of the policy in this bundle and in most:
/// `registry://registry.example.com/policies/hostpath-mounts:v0.1.0`.
#[must_use]
pub fn name_of_module(reference: &str) -> &str {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    let name = name.split(['@', ':']).next().unwrap_or(name);
    name.strip_suffix(".wasm").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_of_a_module() {
        for reference in [
            "registry://registry.example.com:5000/policies/hostpath-mounts:v0.1.0",
            "registry://registry.example.com/hostpath-mounts@sha256:0123",
            "file:///tmp/hostpath-mounts.wasm",
            "https://example.com/hostpath-mounts.wasm",
            "hostpath-mounts",
        ] {
            assert_eq!(name_of_module(reference), "hostpath-mounts");
        }
    }

    #[test]
    fn suggests_the_name_that_was_meant() {
        let known = || ["hostpath-mounts", "nodeport-range"].into_iter();
        assert_eq!(
            UnknownName::new("hostpath-mount", known()).to_string(),
            r#""hostpath-mount"; did you mean "hostpath-mounts"?"#
        );
        assert_eq!(
            UnknownName::new("xyz", known()).to_string(),
            r#""xyz"; there are: hostpath-mounts, nodeport-range"#
        );
    }
}
