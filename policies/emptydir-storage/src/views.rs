//! The fields that this policy reads.

use shared::kubernetes::containers;
use shared::kubernetes::kinds::well_known;
use shared::kubernetes::owner;
use shared::kubernetes::quantity::amount::{Amount, Size};
use shared::kubernetes::view::View;
use shared::kubernetes::volumes;
use shared::kubernetes::workload::{self, PodSpec};
use shared::{Cursor, DecodeError, FieldNames};

/// The fields that views of this module read.
const OWN: &[&str] = &[
    "name",
    "restartPolicy",
    "volumeMounts",
    "readOnly",
    "resources",
    "priorityClassName",
    "volumeClaimTemplates",
];

/// The fields that are read of objects.
static FIELDS: FieldNames =
    FieldNames::of(&[OWN, workload::FIELDS, well_known::STEPS, owner::FIELDS]);

/// What the names of resources of huge pages begin with, and media with the sizes of pages.
/// Source: `staging/src/k8s.io/api/core/v1/types.go`.
const HUGE_PAGES: &str = "hugepages-";

/// The names of the priorities of pods that the kubelet never evicts for what they write.
/// Source: `pkg/apis/scheduling/types.go`, and `IsCriticalPod` in `pkg/kubelet/types/pod_update.go`.
const CRITICAL: &[&str] = &["system-cluster-critical", "system-node-critical"];

/// Whether fields of this name are read.
pub(crate) fn wants(field: &str) -> bool {
    FIELDS.has(field) || wants_whole(field)
}

/// Whether all that is in fields of this name is read. A volume without any source is an `emptyDir`,
/// so that it takes all of its fields to know one.
pub(crate) fn wants_whole(field: &str) -> bool {
    matches!(field, "volumes" | "requests" | "limits") || well_known::wants_whole(field)
}

/// A pod spec.
#[derive(Debug)]
pub(crate) struct Spec<'a> {
    pub(crate) pod: PodSpec<'a, Container<'a>, Volume<'a>>,
    /// What the pod as a whole may have.
    pub(crate) resources: Resources<'a>,
    /// Whether the kubelet leaves the pod alone whatever it writes: `evictPod` in
    /// `pkg/kubelet/eviction/eviction_manager.go`.
    pub(crate) is_critical: bool,
}

impl<'a> Spec<'a> {
    /// Reads the pod spec at `cursor`.
    pub(crate) fn view(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            pod: PodSpec::view(cursor)?,
            resources: Resources::read(cursor)?,
            is_critical: CRITICAL.contains(&cursor.text("priorityClassName")?),
        })
    }
}

/// A container of any role.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    pub(crate) name: &'a str,
    restart_policy: &'a str,
    pub(crate) volume_mounts: Vec<VolumeMount<'a>>,
    pub(crate) resources: Resources<'a>,
}

impl<'a> View<'a> for Container<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            restart_policy: cursor.text("restartPolicy")?,
            volume_mounts: cursor.list("volumeMounts", VolumeMount::read)?,
            resources: Resources::read(cursor)?,
        })
    }
}

impl containers::Container for Container<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn restart_policy(&self) -> &str {
        self.restart_policy
    }
}

/// A volume in the file system of a container.
#[derive(Debug)]
pub(crate) struct VolumeMount<'a> {
    pub(crate) name: &'a str,
    pub(crate) read_only: bool,
}

impl<'a> View<'a> for VolumeMount<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: cursor.text("name")?,
            read_only: cursor.flag("readOnly")?.unwrap_or_default(),
        })
    }
}

/// What a container or a pod may have, of what scratch space is made of. Sizes are boxed: most containers have none, and
/// users write lists with ten thousands of entries.
#[derive(Debug, Default)]
pub(crate) struct Resources<'a> {
    pub(crate) memory: Option<Box<Size<'a>>>,
    pub(crate) ephemeral_storage: Option<Box<Size<'a>>>,
    /// The sizes of huge pages of which it requests some. A limit is a request, too, where there is no other:
    /// `SetDefaults_Pod` in `pkg/apis/core/v1/defaults.go`.
    pub(crate) page_sizes: Vec<&'a str>,
}

impl<'a> Resources<'a> {
    /// Reads the field `resources` of the container or pod spec at `cursor`.
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let resources = cursor.map("resources", |resources| {
            let mut read = Self::default();
            for list in ["requests", "limits"] {
                resources.map(list, |quantities| {
                    for (name, _) in quantities.fields()? {
                        read.page_sizes.extend(name.strip_prefix(HUGE_PAGES));
                    }
                    if list == "limits" {
                        read.memory = Size::read_valid(quantities, "memory")?.map(Box::new);
                        read.ephemeral_storage =
                            Size::read_valid(quantities, "ephemeral-storage")?.map(Box::new);
                    }
                    Ok(())
                })?;
            }
            Ok(read)
        })?;
        Ok(resources.unwrap_or_default())
    }
}

/// A volume of a pod.
#[derive(Debug)]
pub(crate) struct Volume<'a> {
    pub(crate) name: &'a str,
    pub(crate) empty_dir: Option<EmptyDir<'a>>,
}

impl<'a> View<'a> for Volume<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        let is_implicit = volumes::is_implicit_empty_dir(cursor)?;
        let empty_dir = cursor.map("emptyDir", EmptyDir::read)?;
        Ok(Self {
            name: cursor.text("name")?,
            empty_dir: empty_dir.or_else(|| is_implicit.then(EmptyDir::default)),
        })
    }
}

/// Scratch space.
#[derive(Debug, Default)]
pub(crate) struct EmptyDir<'a> {
    pub(crate) medium: Medium<'a>,
    pub(crate) size_limit: Option<Box<Size<'a>>>,
}

impl<'a> View<'a> for EmptyDir<'a> {
    fn read(cursor: &Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            medium: Medium::of(cursor.text("medium")?),
            size_limit: Size::read(cursor, "sizeLimit")?.map(Box::new),
        })
    }
}

/// What scratch space is made of. The kubelet compares exactly: `SetUpAt` in `pkg/volume/emptydir/empty_dir.go`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Medium<'a> {
    /// The disk of the node.
    #[default]
    Disk,
    /// A tmpfs.
    Memory,
    /// Huge pages, of this size; empty for the only size that the pod requests.
    HugePages(&'a str),
    /// Nothing that the kubelet knows.
    Unknown(&'a str),
}

impl<'a> Medium<'a> {
    fn of(text: &'a str) -> Self {
        match text {
            "" => Self::Disk,
            "Memory" => Self::Memory,
            "HugePages" => Self::HugePages(""),
            _ => match text.strip_prefix("HugePages-") {
                Some(size) if is_page_size(size) => Self::HugePages(size),
                _ => Self::Unknown(text),
            },
        }
    }
}

/// Whether a text is the size of huge pages. Pages of no bytes no container can request:
/// `IsHugePageResourceValueDivisible` in `pkg/apis/core/v1/helper/helpers.go`.
pub(crate) fn is_page_size(text: &str) -> bool {
    page_size(text) >= Some(Amount::whole(1))
}

/// The quantity behind `HugePages-`. A space is trimmed where a quantity stands alone, and not here.
pub(crate) fn page_size(text: &str) -> Option<Amount> {
    Amount::parse(text).filter(|_| !text.contains(' '))
}
