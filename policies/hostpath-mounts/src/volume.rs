//! A path of the node that is made a volume, with everything that mounts it.

use crate::host_path::HostPath;
use crate::identity::Identity;
use shared::index::{Index, hash};
use shared::kubernetes::containers::ContainerRef;
use shared::kubernetes::workload::PodSpec;
use shared::{FieldPath, Finding, Level, Rule, Verdict, quote};

use crate::views::{Container, Source, Volume, VolumeMount};

/// What to do about a `PersistentVolume`, which any pod of any namespace may write once it is bound.
pub(crate) const OF_PERSISTENT_VOLUME: &str = "use another path, or have the platform team list it in `allowed`, for all \
                                               namespaces and with readOnly: false";

/// At most this many mounts of volumes that share a name are judged; see [`Mounts::most_pairs`].
const MORE_PAIRS: usize = 10_000;

/// A path of the node that is made a volume.
#[derive(Debug)]
pub(crate) struct HostVolume<'a> {
    /// The path as it is written.
    pub(crate) written: &'a str,
    /// The path in its one spelling.
    pub(crate) path: HostPath,
    /// The `type` of the volume: empty for no check by the kubelet, none where there is no such field.
    pub(crate) kind: Option<&'a str>,
    /// Where it was found.
    pub(crate) place: Place<'a>,
    /// Who mounts it.
    pub(crate) identity: Identity<'a>,
    /// What mounts it.
    pub(crate) mounts: &'a [Mount<'a>],
    /// Whether no mount of it can be writable.
    pub(crate) read_only: bool,
}

/// Where a path of the node was found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// A volume of a pod.
    Volume {
        path: FieldPath<'a>,
        kind: FieldPath<'a>,
    },
    /// A `PersistentVolume`.
    PersistentVolume {
        path: FieldPath<'a>,
        kind: FieldPath<'a>,
    },
    /// A `PersistentVolume` behind a claim that a pod uses.
    Claim {
        name: FieldPath<'a>,
        volume: &'a str,
    },
}

/// A mount of a volume in a container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mount<'a> {
    /// The mount as it is written.
    pub(crate) view: &'a VolumeMount<'a>,
    /// The name of the container.
    pub(crate) container: &'a str,
    /// Whether the container can write through it.
    pub(crate) writable: bool,
    /// The variables that the expressions of the container use.
    variables: &'a [String],
    base: FieldPath<'a>,
    list: &'static str,
    container_index: usize,
    index: usize,
}

impl<'a> HostVolume<'a> {
    pub(crate) fn new(
        source: &'a Source<'a>,
        place: Place<'a>,
        identity: Identity<'a>,
        mounts: &'a [Mount<'a>],
    ) -> Self {
        Self {
            written: source.path,
            path: HostPath::parse(source.path),
            kind: source.kind,
            place,
            identity,
            mounts,
            read_only: false,
        }
    }

    /// The field to look at when the path is wrong.
    pub(crate) fn field(&self) -> FieldPath<'a> {
        match self.place {
            Place::Volume { path, .. } | Place::PersistentVolume { path, .. } => path,
            Place::Claim { name, .. } => name,
        }
    }

    /// The field to look at when the type is wrong.
    pub(crate) fn kind_field(&self) -> FieldPath<'a> {
        match self.place {
            Place::Volume { kind, .. } | Place::PersistentVolume { kind, .. } => kind,
            Place::Claim { name, .. } => name,
        }
    }

    /// The path for a message: as it is written, and what that means where it is not obvious.
    pub(crate) fn quoted(&self) -> String {
        let mut quoted = quoted(self.written, &self.path);
        if let Place::Claim { volume, .. } = self.place {
            quoted = format!("{quoted} of PersistentVolume {}", quote(volume));
        }
        quoted
    }

    /// What tells a finding about the path from those about others, in whatever spelling.
    pub(crate) fn identity(&self) -> &str {
        identity(self.written, &self.path)
    }

    /// Refuses the path itself. On an UPDATE it is new for a container that did not use it before.
    pub(crate) fn refuse(
        &self,
        rule: &'static Rule,
        reason: String,
        fix: &'static str,
        verdict: &mut Verdict,
    ) {
        self.report(Level::Deny, rule, reason, fix, verdict);
    }

    /// Reports the path itself. On an UPDATE it is new for a container that did not use it before.
    pub(crate) fn report(
        &self,
        level: Level,
        rule: &'static Rule,
        reason: String,
        fix: &'static str,
        verdict: &mut Verdict,
    ) {
        let finding = Finding::new(rule, &self.field(), reason).fix(fix);
        let finding = finding.known_as(self.identity());
        let finding = finding.concerning(self.uses(verdict));
        verdict.report(level, finding);
    }

    /// Who does what with it, for a finding of a verdict. Writing goes with reading, so that less of the same is nothing
    /// new.
    pub(crate) fn uses(&self, verdict: &Verdict) -> Vec<String> {
        let mut uses = Vec::new();
        // A finding that is only counted needs none, and there may be very many.
        if !verdict.keeps_findings() && !verdict.is_accepted() {
            return uses;
        }
        let mut last: &[String] = &[];
        for Mount {
            container,
            view,
            writable,
            variables,
            ..
        } in self.mounts
        {
            let place = format!("{container}/{}/{}", view.sub_path, view.sub_path_expr);
            if *writable {
                uses.push(format!("write {place}"));
            }
            uses.push(place);
            if !view.sub_path_expr.is_empty() && !std::ptr::eq(last, *variables) {
                uses.extend_from_slice(variables);
                last = variables;
            }
        }
        // The other types only check what is there.
        let creates = self.kind.filter(|kind| kind.ends_with("OrCreate"));
        uses.extend(creates.map(str::to_owned));
        uses
    }

    /// Whether it is the `local` source of a `PersistentVolume`, which has no type.
    pub(crate) fn is_local(&self) -> bool {
        self.kind.is_none()
    }

    /// Whether it is what a claim of a pod is bound to.
    pub(crate) fn is_of_a_claim(&self) -> bool {
        matches!(self.place, Place::Claim { .. })
    }

    /// Whether a pod uses the path, rather than a volume that pods may use in time.
    pub(crate) fn is_of_a_pod(&self) -> bool {
        !matches!(self.place, Place::PersistentVolume { .. })
    }
}

/// What tells a finding about a path from those about others: its one spelling, and where it cannot be told where it leads,
/// the one in which it is written.
pub(crate) fn identity<'a>(written: &'a str, path: &'a HostPath) -> &'a str {
    if path.may_lead_anywhere() || path.has_backsteps() {
        written
    } else {
        path.as_str()
    }
}

/// A path for a message: as it is written, and what that means where it is not obvious.
pub(crate) fn quoted(written: &str, path: &HostPath) -> String {
    if path.may_lead_anywhere() {
        format!("{} (which may lead anywhere on the node)", quote(written))
    } else if written == path.as_str() || written.strip_suffix('/') == Some(path.as_str()) {
        format!("{}", quote(written))
    } else {
        format!(
            "{written} (that is {})",
            quote(path.as_str()),
            written = quote(written)
        )
    }
}

impl Mount<'_> {
    /// Which parts of the volume it may reach: all, or what the variables of its `subPathExpr` say. What that leaves out
    /// is reached as well when it goes.
    pub(crate) fn parts(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if self.view.sub_path_expr.is_empty() {
            parts.push("all of it".to_owned());
        } else {
            parts.extend_from_slice(self.variables);
        }
        parts
    }

    /// Reports a finding about a field of the mount, and words it only where it will be kept.
    pub(crate) fn report_with(
        &self,
        name: &str,
        level: Level,
        verdict: &mut Verdict,
        finding: &dyn Fn(&FieldPath<'_>) -> Finding,
    ) {
        let list = self.base.child(self.list);
        let container = list.index(self.container_index);
        let mounts = container.child("volumeMounts");
        let mount = mounts.index(self.index);
        verdict.report_with(level, &|| finding(&mount.child(name)));
    }
}

/// All mounts of a pod.
#[derive(Debug)]
pub(crate) struct Mounts<'a> {
    /// In the order of its containers.
    all: Vec<Mount<'a>>,
    /// By the names of their volumes.
    index: Index,
}

impl<'a> Mounts<'a> {
    pub(crate) fn of(
        pod: &'a PodSpec<'a, Container<'a>, Volume<'a>>,
        variables: &'a [Vec<String>],
        base: FieldPath<'a>,
    ) -> Self {
        let mut all = Vec::new();
        let containers = pod.all_containers().into_iter().zip(variables);
        for (
            ContainerRef {
                container,
                list,
                index: container_index,
                ..
            },
            variables,
        ) in containers
        {
            for (index, mount) in container.volume_mounts.iter().enumerate() {
                all.push(Mount {
                    view: mount,
                    container: container.name,
                    writable: !mount.read_only,
                    variables,
                    base,
                    list,
                    container_index,
                    index,
                });
            }
        }
        let index = Index::of(&mut all.iter().map(|mount| mount.view.name));
        Self { all, index }
    }

    /// The mounts of a volume. Where the volume itself is read-only, so is each mount.
    pub(crate) fn of_volume(&self, name: &str, read_only: bool) -> Vec<Mount<'a>> {
        let places = self.index.places(hash(0, name));
        let mounts = places.filter_map(|place| self.all.get(place));
        mounts
            .filter(|mount| mount.view.name == name)
            .map(|mount| Mount {
                writable: mount.writable && !read_only,
                ..*mount
            })
            .collect()
    }

    /// How many times a volume may be judged with a mount: as many as there are where each volume has a name of its own,
    /// and some more, since the API server does not look at custom kinds.
    pub(crate) fn most_pairs(&self) -> usize {
        self.all.len() + MORE_PAIRS
    }

    /// All mounts, in the order of the containers.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Mount<'a>> {
        self.all.iter()
    }
}
