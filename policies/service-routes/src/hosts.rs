//! Hosts of rules, and hosts of certificates.

use shared::index::{Index, hash};

/// Hosts, found by their names.
pub(crate) struct Hosts<'h> {
    pub(crate) all: &'h [&'h str],
    index: Index,
}

impl<'h> Hosts<'h> {
    pub(crate) fn of(all: &'h [&'h str]) -> Self {
        let index = Index::of(&mut all.iter().copied());
        Self { all, index }
    }

    /// The first place of a host.
    #[inline(never)]
    pub(crate) fn first(&self, host: &str) -> Option<usize> {
        let mut places = self.index.places(hash(0, host));
        places.find(|place| self.all.get(*place) == Some(&host))
    }

    /// Whether one of them is a host, or the wildcard that covers it, which stands for one label.
    pub(crate) fn cover(&self, host: &str) -> bool {
        self.first(host).is_some() || self.first(&wildcard_of(host)).is_some()
    }
}

/// The wildcard that covers a host; empty where there is none.
#[inline(never)]
pub(crate) fn wildcard_of(host: &str) -> String {
    match host.split_once('.') {
        Some((_, rest)) => format!("*.{rest}"),
        None => String::new(),
    }
}
