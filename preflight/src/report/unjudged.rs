//! What no policy reads, although it may end up in a cluster: it is not clean, and it is not refused.

use schemars::JsonSchema;
use serde::Serialize;

use super::Subject;
use crate::manifests::{LeftOut, Place, Why};

/// Something that was not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unjudged {
    /// Why.
    pub reason: Reason,
    /// Where it is. A folder has a `/` behind it.
    #[serde(flatten)]
    pub place: Place,
    /// The object, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Subject>,
    /// What it is, and what to do.
    pub text: String,
}

/// The id of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No server has the kind in this group and version, so its fields are not those that policies read.
    UnservedVersion,
    /// SOPS encrypted what policies would read of the object.
    Encrypted,
    /// The object holds pods, and no policy reads it.
    UnreadPods,
    /// A policy in `--policies-from` cannot be followed.
    MissingPolicy,
    /// A `.gitignore` leaves the file or folder out.
    Ignored,
    /// The name of the file or folder begins with a dot.
    Hidden,
    /// `--exclude` leaves the file or folder out.
    Excluded,
    /// The file is a template of a Helm chart, or another part of one, such as a packed chart.
    Template,
    /// The file is a patch of a kustomization.
    Patch,
    /// The kustomization changes what is applied or adds to it, and is not built.
    Kustomization,
    /// The kustomization is not built, because that may run a program or fetch something.
    Unbuilt,
    /// The file is another template for text.
    Unrendered,
    /// The folder is a link to one outside.
    Link,
}

impl Reason {
    /// All of them, in the order in which they are shown.
    pub(super) const ALL: [Self; 13] = [
        Self::UnservedVersion,
        Self::Encrypted,
        Self::UnreadPods,
        Self::MissingPolicy,
        Self::Ignored,
        Self::Hidden,
        Self::Excluded,
        Self::Template,
        Self::Patch,
        Self::Kustomization,
        Self::Unbuilt,
        Self::Unrendered,
        Self::Link,
    ];

    /// As in JSON.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::UnservedVersion => "unserved_version",
            Self::Encrypted => "encrypted",
            Self::UnreadPods => "unread_pods",
            Self::MissingPolicy => "missing_policy",
            Self::Ignored => "ignored",
            Self::Hidden => "hidden",
            Self::Excluded => "excluded",
            Self::Template => "template",
            Self::Patch => "patch",
            Self::Kustomization => "kustomization",
            Self::Unbuilt => "unbuilt",
            Self::Unrendered => "unrendered",
            Self::Link => "link",
        }
    }

    /// What such files and folders are, behind their number. Empty for what is no file.
    pub(super) fn what(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Ignored, _) => "left out by a .gitignore",
            (Self::Hidden, 1) => "left out because its name begins with a dot",
            (Self::Hidden, _) => "left out because their names begin with a dot",
            (Self::Excluded, _) => "left out by --exclude",
            (Self::Template, 1) => "left out as a part of a Helm chart",
            (Self::Template, _) => "left out as parts of Helm charts",
            (Self::Patch, 1) => "left out as a patch of a kustomization",
            (Self::Patch, _) => "left out as patches of kustomizations",
            (Self::Kustomization, 1) => "left out as a kustomization that changes what is applied",
            (Self::Kustomization, _) => "left out as kustomizations that change what is applied",
            (Self::Unbuilt, 1) => "not built, because it may run a program or fetch something",
            (Self::Unbuilt, _) => "not built, because they may run a program or fetch something",
            (Self::Unrendered, 1) => "left out as a template",
            (Self::Unrendered, _) => "left out as templates",
            (Self::Link, 1) => "left out as a link to a folder outside",
            (Self::Link, _) => "left out as links to folders outside",
            (
                Self::UnservedVersion | Self::Encrypted | Self::UnreadPods | Self::MissingPolicy,
                _,
            ) => "",
        }
    }

    /// What to do about files and folders. Empty for what is no file.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Ignored => "read it with --no-ignore, or name it",
            Self::Hidden | Self::Link => "name it, if it holds manifests",
            Self::Excluded => "name it, if it is to be checked",
            Self::Template => {
                "give --render, or pipe what `helm template CHART` renders into `preflight -`"
            }
            Self::Patch => {
                "give --render, or pipe what `kubectl kustomize DIR` builds into `preflight -`"
            }
            Self::Kustomization => {
                "give its folder and --render, or pipe what `kubectl kustomize DIR` builds into `preflight -`"
            }
            Self::Unbuilt => "pipe what `kubectl kustomize DIR` builds into `preflight -`",
            Self::Unrendered => "pipe what it is rendered to into `preflight -`",
            Self::UnservedVersion | Self::Encrypted | Self::UnreadPods | Self::MissingPolicy => "",
        }
    }

    /// Whether it is about a file or a folder.
    #[must_use]
    pub fn is_of_files(self) -> bool {
        !matches!(
            self,
            Self::UnservedVersion | Self::Encrypted | Self::UnreadPods | Self::MissingPolicy
        )
    }
}

impl From<LeftOut> for Unjudged {
    fn from(LeftOut { path, why }: LeftOut) -> Self {
        let reason = match why {
            Why::Ignored { .. } => Reason::Ignored,
            Why::Hidden => Reason::Hidden,
            Why::Excluded => Reason::Excluded,
            Why::Template { .. } | Why::PackedChart { .. } | Why::IncompleteChart { .. } => {
                Reason::Template
            }
            Why::Patch { .. } => Reason::Patch,
            Why::Kustomization { .. } => Reason::Kustomization,
            Why::Unbuilt { .. } => Reason::Unbuilt,
            Why::Unrendered => Reason::Unrendered,
            Why::Link => Reason::Link,
        };
        Self {
            reason,
            place: Place {
                file: path,
                line: None,
                source: None,
            },
            object: None,
            text: format!("{why}; {}", reason.advice()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_json() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::json!(reason), reason.id());
            let has_words = !reason.what(1).is_empty() && !reason.advice().is_empty();
            assert_eq!(has_words, reason.is_of_files(), "{reason:?}");
        }
    }
}
