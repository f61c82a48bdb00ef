//! The pods of a workload: what they refer to, and what mounts what.

use std::ops::Range;

use shared::FieldPath;
use shared::kubernetes::containers::{ContainerRef, Role};

use crate::data::Names;
use crate::place::Place;
use crate::reference::{Reference, Target, Use};
use crate::sharing::Sharing;
use crate::views::{ClaimTemplate, Config, Container, Named, Source, Spec, Volume};

/// What makes the pods, as far as it says more than their template does.
#[derive(Debug, Default)]
pub(crate) struct Workload<'w> {
    /// Claims that a `StatefulSet` makes for each pod. They take the place of volumes of the template of the same name:
    /// `updateStorage` in `pkg/controller/statefulset/stateful_set_utils.go`.
    pub(crate) claims: Vec<ClaimTemplate<'w>>,
    /// The Service of a `StatefulSet`; empty where it has none.
    pub(crate) service: &'w str,
    /// Why more than one pod may have a claim of the template at a time. None where that cannot be, or is not known.
    pub(crate) sharing: Option<Sharing>,
    /// Whether the pods have no other containers and volumes than these. The controllers of other projects add some,
    /// and fill in names.
    pub(crate) is_whole: bool,
    /// The containers that were there before one is added to a running pod, by their names. None where pods are made.
    pub(crate) debugged: Option<Vec<Named<'w>>>,
}

/// The pods of a pod spec.
#[derive(Debug)]
pub(crate) struct Pod<'p> {
    pub(crate) workload: &'p Workload<'p>,
    /// The containers that are judged.
    pub(crate) containers: Vec<ContainerRef<'p, Container<'p>>>,
    /// The volumes that count.
    pub(crate) volumes: Vec<PodVolume<'p>>,
    /// Everything that is named.
    pub(crate) references: Vec<Reference<'p>>,
    /// Whether a volume of it makes Secrets.
    pub(crate) makes_secrets: bool,
    /// Whether it can be on one node alone.
    pub(crate) is_bound: bool,
    base: &'p FieldPath<'p>,
    pub(crate) by_name: Names<'p>,
    pub(crate) claims_by_name: Names<'p>,
}

/// A volume that does not give way to a claim of the same name.
#[derive(Debug)]
pub(crate) struct PodVolume<'p> {
    pub(crate) volume: &'p Volume<'p>,
    pub(crate) place: Place<'p>,
    /// Whether a container mounts it. The kubelet passes over a volume that none mounts, with whatever is wrong in it:
    /// `processPodVolumes` in `pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go`.
    pub(crate) is_mounted: bool,
    /// What it refers to.
    pub(crate) references: Range<usize>,
}

/// A mount of a volume, or the volume as a block device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mounted<'p> {
    pub(crate) container: &'p str,
    pub(crate) volume: &'p str,
    /// A path in it; empty for all.
    pub(crate) sub_path: &'p str,
    pub(crate) is_device: bool,
    pub(crate) place: Place<'p>,
}

impl<'p> Pod<'p> {
    /// The pod of a spec at `base`.
    pub(crate) fn new(
        spec: &'p Spec<'p>,
        base: &'p FieldPath<'p>,
        spec_of_workload: &'p FieldPath<'p>,
        workload: &'p Workload<'p>,
    ) -> Self {
        let mut containers = spec.pod.all_containers();
        if let Some(before) = &workload.debugged {
            containers.retain(|found| {
                let is_old = before.iter().any(|old| old.name == found.container.name);
                found.role == Role::Ephemeral && !is_old
            });
        }
        let mut pod = Self {
            workload,
            containers,
            volumes: Vec::new(),
            references: Vec::new(),
            makes_secrets: false,
            is_bound: spec.is_bound,
            base,
            by_name: Names::default(),
            claims_by_name: Names::of(workload.claims.iter().map(|claim| claim.name).collect()),
        };
        pod.add_variables();
        if workload.debugged.is_none() {
            pod.add_volumes(spec);
            pod.add_others(spec, spec_of_workload);
        }
        pod
    }

    /// A place in the pod spec.
    pub(crate) fn place(&self) -> Place<'p> {
        Place::new(self.base)
    }

    fn add_variables(&mut self) {
        let mut references = Vec::new();
        for found in &self.containers {
            let place = self.place().item(found.list, found.index);
            let container = found.container;
            for (list, variables) in [
                ("envFrom", &found.container.env_from),
                ("env", &found.container.env),
            ] {
                for (index, variable) in variables.iter().enumerate() {
                    let Some(config) = &variable.config else {
                        continue;
                    };
                    let used = match list {
                        "env" => Use::Variable {
                            container,
                            index,
                            key: config.key,
                        },
                        _ => Use::Variables {
                            container,
                            prefix: variable.name,
                            next: references.len() + 1,
                        },
                    };
                    references.push(of(config, place.item(list, index), used));
                }
            }
        }
        self.references = references;
    }

    fn add_volumes(&mut self, spec: &'p Spec<'p>) {
        let mounts = self.mounts();
        let mounted = Names::of(mounts.iter().map(|mount| mount.volume).collect());
        for (index, volume) in spec.pod.volumes.iter().enumerate() {
            if self.claim(volume.name).is_some() {
                continue;
            }
            let places = mounted.places(volume.name, usize::MAX);
            let is_mounted = !places.is_empty();
            let mut of_volume = places.iter().filter_map(|place| mounts.get(*place));
            let has_paths = of_volume.any(|mount| !mount.sub_path.is_empty());
            let place = self.place().item("volumes", index);
            let first = self.references.len();
            self.add_volume(volume, place, is_mounted, has_paths);
            self.makes_secrets |= is_mounted && volume.makes_secrets();
            self.volumes.push(PodVolume {
                volume,
                place,
                is_mounted,
                references: first..self.references.len(),
            });
        }
        self.by_name = Names::of(self.volumes.iter().map(|found| found.volume.name).collect());
    }

    fn add_volume(
        &mut self,
        volume: &'p Volume<'p>,
        place: Place<'p>,
        is_mounted: bool,
        has_paths: bool,
    ) {
        match &volume.source {
            // The scheduler wants every claim: `podHasPVCs` in `pkg/scheduler/framework/plugins/volumebinding`.
            Source::Claim(name) => self.references.push(Reference {
                target: Target::Claim,
                name,
                place: place.field("persistentVolumeClaim").field("claimName"),
                is_optional: false,
                used: Use::Whole,
            }),
            Source::Template(template) => self.add(
                Target::StorageClass,
                template.storage_class,
                place
                    .field("ephemeral.volumeClaimTemplate.spec")
                    .field("storageClassName"),
            ),
            _ if !is_mounted => {}
            Source::Config(config) => self.add_files(config, place, has_paths),
            Source::Projected(sources) => {
                for (index, source) in sources.iter().enumerate() {
                    if let Source::Config(config) = &source.source {
                        let place = place.item("projected.sources", index);
                        self.add_files(config, place, has_paths);
                    }
                }
            }
            Source::Credentials { fields, secret } => {
                let [field, leaf] = **fields;
                self.references.push(Reference {
                    target: Target::Secret,
                    name: secret,
                    place: place.field(field).field(leaf),
                    is_optional: false,
                    used: Use::Credentials,
                });
            }
            Source::Files(_) | Source::Other => {}
        }
    }

    fn add_files(&mut self, config: &'p Config<'p>, place: Place<'p>, has_paths: bool) {
        let used = Use::Files { config, has_paths };
        self.references.push(of(config, place, used));
        let list = if config.is_secret {
            "secret.items"
        } else {
            "configMap.items"
        };
        for (index, item) in config.items.iter().enumerate() {
            let used = Use::File { key: item.key };
            self.references.push(Reference {
                place: place.item(list, index).field("key"),
                ..of(config, place, used)
            });
        }
    }

    fn add_others(&mut self, spec: &'p Spec<'p>, spec_of_workload: &'p FieldPath<'p>) {
        for (index, secret) in spec.pull_secrets.iter().enumerate() {
            let place = self.place().item("imagePullSecrets", index).field("name");
            self.add(Target::PullSecret, secret.name, place);
        }
        let (account, place) = (spec.service_account, self.place());
        // Kubernetes makes it in each namespace.
        if account != "default" {
            let place = place.field("serviceAccountName");
            self.add(Target::ServiceAccount, account, place);
        }
        // Kubernetes has `system-cluster-critical` and `system-node-critical`, and lets users make none of that prefix:
        // `ValidatePriorityClass` in `pkg/apis/scheduling/validation/validation.go`.
        if !spec.priority_class.starts_with("system-") {
            let place = place.field("priorityClassName");
            self.add(Target::PriorityClass, spec.priority_class, place);
        }
        let runtime = place.field("runtimeClassName");
        self.add(Target::RuntimeClass, spec.runtime_class, runtime);
        let (workload, place) = (self.workload, Place::new(spec_of_workload));
        for (index, claim) in workload.claims.iter().enumerate() {
            let place = place.item("volumeClaimTemplates", index);
            let place = place.field("spec").field("storageClassName");
            self.add(Target::StorageClass, claim.storage_class, place);
        }
        self.add(
            Target::Service,
            workload.service,
            place.field("serviceName"),
        );
    }

    /// Adds what only has to be there.
    fn add(&mut self, target: Target, name: &'p str, place: Place<'p>) {
        self.references.push(Reference {
            target,
            name,
            place,
            is_optional: false,
            used: Use::Whole,
        });
    }

    /// Everything that containers mount.
    pub(crate) fn mounts(&self) -> Vec<Mounted<'p>> {
        let mut all = Vec::new();
        for found in &self.containers {
            let (container, place) = (found.container, self.place());
            let place = place.item(found.list, found.index);
            for (list, mounts) in [
                ("volumeMounts", &container.mounts),
                ("volumeDevices", &container.devices),
            ] {
                for (index, mount) in mounts.iter().enumerate() {
                    all.push(Mounted {
                        container: container.name,
                        volume: mount.name,
                        sub_path: mount.sub_path,
                        is_device: list == "volumeDevices",
                        place: place.item(list, index),
                    });
                }
            }
        }
        all
    }

    /// The volume of this name.
    pub(crate) fn volume(&self, name: &str) -> Option<&PodVolume<'p>> {
        self.volumes.get(self.by_name.place(name)?)
    }

    /// The claim of this name that is made for each pod.
    pub(crate) fn claim(&self, name: &str) -> Option<&'p ClaimTemplate<'p>> {
        self.workload.claims.get(self.claims_by_name.place(name)?)
    }

    /// What a volume refers to.
    pub(crate) fn references_of(&self, volume: &PodVolume<'p>) -> &[Reference<'p>] {
        let range = volume.references.clone();
        self.references.get(range).unwrap_or_default()
    }
}

/// A reference to a `ConfigMap` or Secret in an item of a list.
fn of<'p>(config: &'p Config<'p>, place: Place<'p>, used: Use<'p>) -> Reference<'p> {
    let [field, name] = config.fields;
    Reference {
        target: if config.is_secret {
            Target::Secret
        } else {
            Target::ConfigMap
        },
        name: config.name,
        place: place.field(field).field(name),
        is_optional: config.is_optional,
        used,
    }
}
