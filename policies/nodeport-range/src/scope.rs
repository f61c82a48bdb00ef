//! What the settings say of the namespace of a Service.

use crate::ports::PortSet;
use crate::processes;
use crate::settings::{Allowed, Denied, Settings};

/// The settings, as they are for a namespace.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) namespace: &'a str,
    /// None when the whole range of the cluster is allowed.
    ranges: Option<Ranges<'a>>,
}

/// The entries of `ranges` that count for a namespace.
#[derive(Debug)]
struct Ranges<'a> {
    entries: Vec<&'a Allowed>,
    /// Whether they name the namespace.
    are_own: bool,
}

/// The ports that a namespace may use for a protocol.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AllowedPorts {
    pub(crate) ports: PortSet,
    /// Whether the entries name the namespace.
    pub(crate) are_own: bool,
    /// Whether other protocols may use other ports.
    pub(crate) of_protocol: bool,
}

impl<'a> Scope<'a> {
    /// The settings for `namespace`. A namespace that entries name has those alone.
    pub(crate) fn of(settings: &'a Settings, namespace: &'a str) -> Self {
        let entries = |own: bool| -> Vec<&'a Allowed> {
            let entries = settings.ranges.iter();
            entries
                .filter(|entry| {
                    if own {
                        entry.names(namespace)
                    } else {
                        entry.is_general()
                    }
                })
                .collect()
        };
        let own = entries(true);
        let ranges = Ranges {
            are_own: !own.is_empty(),
            entries: if own.is_empty() { entries(false) } else { own },
        };
        Self {
            settings,
            namespace,
            ranges: (!settings.ranges.is_empty()).then_some(ranges),
        }
    }

    /// Whether a port is allowed for a protocol.
    pub(crate) fn allows(&self, number: i64, protocol: &str) -> bool {
        let Some(ranges) = &self.ranges else {
            return self.settings.cluster_range.contains(number);
        };
        let mut entries = ranges.entries.iter();
        entries.any(|entry| entry.covers(protocol) && entry.ports.contains(number))
    }

    /// The ports that are allowed for a protocol. None when no entry of `ranges` is for it.
    pub(crate) fn allowed(&self, protocol: &str) -> Option<AllowedPorts> {
        let Some(ranges) = &self.ranges else {
            return Some(AllowedPorts {
                ports: self.settings.cluster_range.into(),
                are_own: false,
                of_protocol: false,
            });
        };
        let covering: Vec<&Allowed> = ranges
            .entries
            .iter()
            .copied()
            .filter(|entry| entry.covers(protocol))
            .collect();
        (!covering.is_empty()).then(|| AllowedPorts {
            ports: PortSet::all_of(covering.iter().map(|entry| &entry.ports)),
            are_own: ranges.are_own,
            of_protocol: ranges.entries.iter().any(|entry| entry.is_of_protocols()),
        })
    }

    /// The entry that denies a port.
    pub(crate) fn denied(&self, number: i64, protocol: &str) -> Option<&'a Denied> {
        let mut denied = self.settings.denied.iter();
        denied.find(|entry| entry.is_for(self.namespace, protocol) && entry.ports.contains(number))
    }

    /// The ports that are allowed for all of some protocols, not denied, and not those of the nodes themselves.
    pub(crate) fn free<'p>(&self, protocols: impl Iterator<Item = &'p str>) -> PortSet {
        let mut free = processes::free_of(self.settings.cluster_range);
        for protocol in protocols {
            free = match self.allowed(protocol) {
                None => PortSet::default(),
                Some(allowed) => free.within(&allowed.ports),
            };
            let denied = self.settings.denied.iter();
            let denied = denied.filter(|entry| entry.is_for(self.namespace, protocol));
            free = free.without(&PortSet::all_of(denied.map(|entry| &entry.ports)));
        }
        free
    }
}
