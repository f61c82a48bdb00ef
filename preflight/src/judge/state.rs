//! The cluster as look-ups find it.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use tree::Value;

use crate::{
    MemoryCluster,
    checks::Identity,
    derived::{self, Additions, DerivedObject},
    keda::{self, Autoscalers},
    manifests::Object,
};
use cluster::{Origin, Rank};

/// The objects of a run, those that are judged first, then what is there beside them, and then what is changed.
#[derive(Clone, Copy)]
pub(super) struct All<'a> {
    pub(super) objects: &'a [Object],
    pub(super) identities: &'a [Identity],
    /// How many are judged.
    pub(super) written: usize,
    /// Where those begin that are changed.
    pub(super) first_old: usize,
}

/// The cluster, and what is in it although no manifest has it.
pub(super) struct State {
    pub(super) cluster: Arc<MemoryCluster>,
    pub(super) derived: Vec<DerivedObject>,
}

impl All<'_> {
    fn origin(&self, position: usize) -> Origin {
        let rank = if position < self.written {
            Rank::Written
        } else {
            Rank::There
        };
        // What is in `cluster` is of the cluster that is meant, wherever its files are.
        let is_of_cluster = (self.written..self.first_old).contains(&position);
        let object = self.objects.get(position).filter(|_| !is_of_cluster);
        Origin {
            rank,
            file: object.map(|object| object.file.as_str().into()),
            number: position,
        }
    }

    /// The cluster when everything is applied. `made` is what KEDA makes of the objects at these positions.
    pub(super) fn after<'m>(
        self,
        made: impl Iterator<Item = (usize, &'m Value)> + Clone,
        kustomizations: &[Object],
        namespace: &str,
    ) -> State {
        let replaced: HashSet<&Identity> = self.identities.iter().take(self.written).collect();
        let all = self.objects.iter().zip(self.identities).enumerate();
        let current = all.filter(|(position, (_, identity))| {
            *position < self.written || !replaced.contains(identity)
        });
        let current = current.map(|(_, (object, _))| object);
        let derived = derived::derive(current, kustomizations, namespace);
        // What KEDA has made is hidden by what is there, and what it is about to make hides that.
        let is_new = |(position, _): &(usize, &Value)| *position < self.written;
        let of_keda =
            |(position, value): (usize, &Value)| (Arc::new(value.clone()), self.origin(position));
        let has_made = made.clone().filter(|one| !is_new(one)).map(of_keda);
        let makes = made.filter(is_new).map(of_keda);
        let additions = Additions::of(self.objects.iter(), &derived);
        let values = self.objects.iter().enumerate();
        let values = values
            .map(|(position, object)| (additions.add_to(&object.value), self.origin(position)));
        let others = derived_values(&derived, self.objects.len());
        let all = has_made.chain(values).chain(makes).chain(others);
        State {
            cluster: Arc::new(MemoryCluster::with_origins(all)),
            derived,
        }
    }

    /// The cluster before anything is applied. Of the kinds of which nothing is there, what is written is taken to be there:
    /// `kubectl get` prints those that it is asked for.
    pub(super) fn before(self, kustomizations: &[Object], namespace: &str) -> Arc<MemoryCluster> {
        let there = self.objects.iter().enumerate().skip(self.written);
        let kind = |object: &Object| (object.group().to_owned(), object.kind().to_owned());
        let kinds: BTreeSet<_> = there.clone().map(|(_, object)| kind(object)).collect();
        let written = self.objects.iter().enumerate().take(self.written);
        let unknown = written.filter(|(_, object)| !kinds.contains(&kind(object)));
        let all = there.chain(unknown);
        let derived = all.clone().map(|(_, object)| object);
        let derived = derived::derive(derived, kustomizations, namespace);
        let autoscalers = all.clone().map(|(position, it)| (position, &*it.value));
        let autoscalers = Autoscalers::among(autoscalers);
        let of_keda = all.clone().filter_map(|(position, object)| {
            let made = keda::derive(&object.value, position)?;
            let is_its = |other: &Object| keda::is_made_of(&other.value, &object.value);
            let others = autoscalers.beside(&object.value);
            let mut others = others.iter().filter_map(|other| self.objects.get(*other));
            let is_there = others.any(is_its);
            (!is_there).then(|| (Arc::new(made.value), self.origin(position)))
        });
        let additions = Additions::of(all.clone().map(|(_, object)| object), &derived);
        let values = all.clone();
        let values = values
            .map(|(position, object)| (additions.add_to(&object.value), self.origin(position)));
        let others = derived_values(&derived, self.objects.len());
        let all = of_keda.chain(values).chain(others);
        Arc::new(MemoryCluster::with_origins(all))
    }
}

/// The derived objects with their origins. Their numbers begin behind those of the others.
fn derived_values(
    derived: &[DerivedObject],
    first: usize,
) -> impl Iterator<Item = (Arc<Value>, Origin)> {
    derived.iter().enumerate().map(move |(number, derived)| {
        let file = derived.maker.as_ref().map(|maker| Arc::clone(&maker.file));
        let origin = Origin {
            rank: Rank::Derived,
            file,
            number: first.saturating_add(number),
        };
        (Arc::new(derived.value.clone()), origin)
    })
}
