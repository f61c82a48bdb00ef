//! What no policy reads, although it may end up in a cluster: it is not clean, and it is not refused.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Report, Subject};
use crate::manifests::{LeftOut, Place, Why};

/// Of the objects that were not checked for one reason, more than this are counted, not shown.
pub(super) const SHOWN: usize = 10;

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
    /// The object holds others, which policies read where they are by themselves.
    UnreadObject,
    /// Policies in `--policies-from` list the kind of the object, and their selectors leave it out.
    Unselected,
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
    pub(super) const ALL: [Self; 15] = [
        Self::UnservedVersion,
        Self::Encrypted,
        Self::UnreadPods,
        Self::UnreadObject,
        Self::Unselected,
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
            Self::UnreadObject => "unread_object",
            Self::Unselected => "unselected",
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
                Self::UnservedVersion
                | Self::Encrypted
                | Self::UnreadPods
                | Self::UnreadObject
                | Self::Unselected
                | Self::MissingPolicy,
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
            Self::UnservedVersion
            | Self::Encrypted
            | Self::UnreadPods
            | Self::UnreadObject
            | Self::Unselected
            | Self::MissingPolicy => "",
        }
    }

    /// Whether it is about a file or a folder.
    #[must_use]
    pub fn is_of_files(self) -> bool {
        !matches!(
            self,
            Self::UnservedVersion
                | Self::Encrypted
                | Self::UnreadPods
                | Self::UnreadObject
                | Self::Unselected
                | Self::MissingPolicy
        )
    }
}

impl Reason {
    /// What these files and folders are: `2 files left out by --exclude`.
    pub(super) fn of_files(self, files: &[&Unjudged]) -> String {
        let has_folders = files.iter().any(|one| one.place.file.ends_with('/'));
        let things = match (files.len(), has_folders) {
            (1, false) => "1 file".to_owned(),
            (1, true) => "1 folder".to_owned(),
            (count, false) => format!("{count} files"),
            (count, true) => format!("{count} files or folders"),
        };
        format!("{things} {}", self.what(files.len()))
    }
}

impl Report {
    /// What was not checked, for each reason.
    pub(super) fn unjudged_by_reason(&self) -> impl Iterator<Item = (Reason, Vec<&Unjudged>)> {
        let by_reason = Reason::ALL.into_iter().map(|reason| {
            let those = self.unjudged.iter().filter(move |one| one.reason == reason);
            (reason, those.collect::<Vec<_>>())
        });
        by_reason.filter(|(_, those)| !those.is_empty())
    }

    /// What was not checked, in a line each: objects and policies one by one, files by the reason.
    #[must_use]
    pub fn not_checked(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (reason, those) in self.unjudged_by_reason() {
            if reason.is_of_files() {
                lines.push(reason.of_files(&those));
                continue;
            }
            lines.extend(those.iter().take(SHOWN).map(|one| match &one.object {
                Some(object) => format!("{object} ({})", one.place),
                None => one.place.to_string(),
            }));
            if let Some(more) = those.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                lines.push(format!("{more} more like these"));
            }
        }
        lines
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
    #[test]
    fn what_was_not_checked_is_told_in_a_line_each() {
        let left_out = |path: &str, why| LeftOut {
            path: path.to_owned(),
            why,
        };
        let pods = |number: usize| Unjudged {
            reason: Reason::UnreadPods,
            place: Place {
                file: "a.yaml".to_owned(),
                line: Some(number),
                source: None,
            },
            object: Some(Subject {
                api_version: "example.com/v1".to_owned(),
                kind: "Wrap".to_owned(),
                namespace: Some("shop".to_owned()),
                name: "web".to_owned(),
            }),
            text: String::new(),
        };
        let mut report = Report::default();
        report.leave([
            left_out("a/.b/", Why::Hidden),
            left_out("a/c.yaml", Why::Excluded),
            left_out("a/d/", Why::Excluded),
        ]);
        report.leave((1..=SHOWN + 2).map(pods));
        let mut expected: Vec<String> = (1..=SHOWN)
            .map(|number| format!("Wrap shop/web (a.yaml:{number})"))
            .collect();
        expected.extend(
            [
                "2 more like these",
                "1 folder left out because its name begins with a dot",
                "2 files or folders left out by --exclude",
            ]
            .map(ToOwned::to_owned),
        );
        assert_eq!(report.not_checked(), expected);
    }
}
