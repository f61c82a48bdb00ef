//! What of a folder was not read, although it may be a manifest.

use std::fmt;

/// A file or a folder that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file, or the folder with a `/` behind it.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why something was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A `.gitignore` says so.
    Ignored {
        /// The pattern in it.
        pattern: String,
        /// The `.gitignore`.
        file: String,
    },
    /// Its name begins with a dot.
    Hidden,
    /// The user says so.
    Excluded,
    /// It is a template of a Helm chart.
    Template {
        /// The folder of the chart.
        chart: String,
    },
    /// It is a chart in a package, which another brings with it.
    PackedChart {
        /// The folder of the other chart.
        chart: String,
    },
    /// It describes a Helm chart that names others, which are not there.
    IncompleteChart {
        /// The folder of the chart.
        chart: String,
        /// What it lacks.
        missing: String,
    },
    /// It is a patch.
    Patch {
        /// The kustomization that names it.
        kustomization: String,
    },
    /// It is a kustomization that changes what is applied, or adds to it.
    Kustomization {
        /// By what.
        because: String,
    },
    /// It is a kustomization that is not built, because that may run a program or fetch something.
    Unbuilt {
        /// What of it.
        because: String,
    },
    /// It is another template for text.
    Unrendered,
    /// It is a link to a folder somewhere else.
    Link,
}

/// What it is: `a patch of k/kustomization.yaml`.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignored { pattern, file } => write!(f, "left out by `{pattern}` in {file}"),
            Self::Hidden => f.write_str("left out because its name begins with a dot"),
            Self::Excluded => f.write_str("left out by --exclude"),
            Self::Template { chart } => write!(f, "a template of the Helm chart in {chart}"),
            Self::PackedChart { chart } => write!(f, "a packed chart in the Helm chart in {chart}"),
            Self::IncompleteChart { chart, missing } => write!(
                f,
                "a Helm chart whose folder `charts` lacks {missing}: run `helm dependency build {chart}` first"
            ),
            Self::Patch { kustomization } => write!(f, "a patch of {kustomization}"),
            Self::Kustomization { because } => {
                write!(f, "a kustomization that is not built: {because}")
            }
            Self::Unbuilt { because } => write!(f, "not built: {because}"),
            Self::Unrendered => f.write_str("a template, which is rendered before it is applied"),
            Self::Link => f.write_str("a link to a folder outside, which is not followed"),
        }
    }
}
