//! Resources of a cluster that cannot be followed, in sentences.

use crate::{
    manifests::{Place, Problem, printable},
    names::UnknownName,
    settings::SettingsError,
};

/// Resources of a cluster that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum DeployedError {
    /// A file cannot be read.
    #[error("{}: {}", .0.place, printable(&.0.text))]
    Unreadable(Problem),
    /// There is nothing to follow.
    #[error(
        "{0}: there is no policy in it to judge with: no ClusterAdmissionPolicy, no AdmissionPolicy, and no group of \
         them; an overlay is rendered first: `kubectl kustomize DIR | preflight --policies-from - PATH`"
    )]
    None(String),
    /// There is something to follow, but nothing of the policies that were named.
    #[error("{paths}: no policy in it has a module named {}; there are: {}", .wanted.join(" or "), .there.join(", "))]
    NotWanted {
        /// The files.
        paths: String,
        /// The names.
        wanted: Vec<String>,
        /// The modules of the policies that are there.
        there: Vec<String>,
    },
    /// The manifests show Kubewarden in more than one namespace.
    #[error(
        "the manifests show Kubewarden in several namespaces: {}; name the one that it runs in with \
         --kubewarden-namespace",
        .0.join(", ")
    )]
    Homes(Vec<String>),
    /// A resource is not what it should be.
    #[error("{place}: {}: {}", printable(name), printable(text))]
    Malformed {
        /// Where it stands.
        place: Place,
        /// Its name.
        name: String,
        /// What is wrong, and what to do.
        text: String,
    },
    /// No policy of the module's name is loaded.
    #[error(
        "{place}: {}: spec.module: there is no policy {unknown}; name its file with --wasm",
        printable(name)
    )]
    UnknownModule {
        /// Where the resource stands.
        place: Place,
        /// Its name.
        name: String,
        /// The name of the module, and what was probably meant.
        unknown: Box<UnknownName>,
    },
    /// The policy says no to the settings.
    #[error("{place}: {}: {error}", printable(name))]
    Settings {
        /// Where the resource stands.
        place: Place,
        /// Its name.
        name: String,
        /// Why.
        error: Box<SettingsError>,
    },
    /// More than one of these.
    #[error("{}", lines(.0))]
    Several(Vec<Self>),
}

fn lines(errors: &[DeployedError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
