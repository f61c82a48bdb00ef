//! Where objects are from, and which of several definitions of one object a look-up finds.
//!
//! A repository may define an object several times: in a base and in its overlays, or in each variant of an installation.
//! What is applied together with a manifest is mostly near to it.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::environments::{common, may_be_of_one, parts};

/// Why an object is there. One of a higher rank hides those of lower ranks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// No manifest has it: something makes it of another object. It is got by its name, and in no list.
    Derived,
    /// A cluster has it already.
    There,
    /// It is about to be applied.
    #[default]
    Written,
}

/// Where an object is from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Why it is there.
    pub rank: Rank,
    /// The file that it is from. An object without one is as near as any other.
    pub file: Option<Arc<str>>,
    /// What the caller knows it by.
    pub number: usize,
}

/// The folders that objects are from. How one is seen from another is found out once.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    numbers: HashMap<String, usize>,
    seen: Mutex<HashMap<String, Arc<Seen>>>,
}

/// What is in each folder, as it is seen from one of them.
#[derive(Debug)]
struct Seen {
    /// How many folders they have in common, and how deep it is below these. None where the folders are of different
    /// environments.
    folders: Vec<Option<(usize, Reverse<usize>)>>,
    /// Whether none is of another environment.
    has_all: bool,
}

/// Where an object is from.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) origin: Origin,
    /// The number of its folder.
    folder: Option<usize>,
}

/// What a file has around it.
pub(crate) struct View<'f> {
    file: &'f str,
    seen: Arc<Seen>,
}

impl View<'_> {
    /// Whether nothing is of another environment.
    pub(crate) fn has_all(&self) -> bool {
        self.seen.has_all
    }
}

/// How near a definition is to the file that asks. More is nearer.
type Nearness = (Way, usize, Reverse<usize>);

/// Which way leads to a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// It is not known where it is, or who asks.
    Unknown,
    /// Through a folder that both are in.
    Folder,
    SameFile,
}

/// The folder that a file is in.
fn folder(file: &str) -> &str {
    let end = file.rfind(['/', '\\']);
    end.and_then(|end| file.get(..end)).unwrap_or_default()
}

impl Folders {
    /// The place of an object.
    pub(crate) fn place(&mut self, origin: Origin) -> Place {
        let folder = origin.file.as_deref().map(|file| {
            let next = self.numbers.len();
            *self.numbers.entry(folder(file).to_owned()).or_insert(next)
        });
        Place { origin, folder }
    }

    /// Whether no object has a file.
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// What a file has around it.
    pub(crate) fn view<'f>(&self, file: &'f str) -> View<'f> {
        let path = folder(file);
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(path).map(Arc::clone);
        let seen = known.unwrap_or_else(|| {
            let found = Arc::new(self.seen_from(path));
            all.insert(path.to_owned(), Arc::clone(&found));
            found
        });
        View { file, seen }
    }

    fn seen_from(&self, path: &str) -> Seen {
        let from = parts(path);
        let mut folders = vec![None; self.numbers.len()];
        for (path, number) in &self.numbers {
            let to = parts(path);
            let common = common(&from, &to);
            let below = Reverse(to.len().saturating_sub(common));
            if let Some(seen) = folders.get_mut(*number) {
                *seen = may_be_of_one(&from, &to).then_some((common, below));
            }
        }
        let has_all = folders.iter().all(Option::is_some);
        Seen { folders, has_all }
    }
}

/// Of the definitions of one object the one that is meant in a file: what is in the same file, then what is in the same
/// folder, then what is in the folders around it, from the nearest on, and in each of these what is directly in it before
/// what is below. Of those that are equally near, it is the later one. None where all are of other environments.
pub(crate) fn choose<'p>(
    places: impl Iterator<Item = &'p Place>,
    view: Option<&View<'_>>,
) -> Option<usize> {
    let near = places.enumerate().filter_map(|(position, place)| {
        let nearness = nearness(place, view)?;
        Some((position, (place.origin.rank, nearness)))
    });
    near.max_by_key(|(_, near)| *near)
        .map(|(position, _)| position)
}

/// Those that might be meant in place of the chosen one. There are none where it is clear.
pub(crate) fn rivals<'p>(
    places: impl Iterator<Item = &'p Place>,
    chosen: usize,
    view: Option<&View<'_>>,
) -> Vec<usize> {
    let places: Vec<&Place> = places.collect();
    let Some((best, nearest)) = places
        .get(chosen)
        .and_then(|best| Some((best, nearness(best, view)?)))
    else {
        return Vec::new();
    };
    let is_rival = |other: Nearness| match nearest {
        // The later one replaces the others, when the file is applied.
        (Way::Unknown | Way::SameFile, ..) => false,
        // It is in the folder, or in one above it.
        (Way::Folder, _, Reverse(0)) => other == nearest,
        (Way::Folder, ..) => true,
    };
    let others = places.iter().enumerate().filter(|(position, other)| {
        *position != chosen
            && other.origin.rank == best.origin.rank
            && nearness(other, view).is_some_and(is_rival)
    });
    others.map(|(position, _)| position).collect()
}

/// None where it is of another environment.
fn nearness(place: &Place, view: Option<&View<'_>>) -> Option<Nearness> {
    let (Some(view), Some(file), Some(folder)) = (view, &place.origin.file, place.folder) else {
        return Some((Way::Unknown, 0, Reverse(0)));
    };
    if **file == *view.file {
        return Some((Way::SameFile, 0, Reverse(0)));
    }
    let (common, below) = view.seen.folders.get(folder).copied().flatten()?;
    Some((Way::Folder, common, below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(file: &str) -> Origin {
        let (rank, file) = match file.split_once(' ') {
            Some(("there", file)) => (Rank::There, file),
            Some((_, file)) => (Rank::Derived, file),
            None => (Rank::Written, file),
        };
        Origin {
            rank,
            file: (!file.is_empty()).then(|| file.into()),
            number: 0,
        }
    }

    /// The file that is chosen, and those that might be meant.
    fn chosen<'a>(asker: &str, files: &[&'a str]) -> Option<(&'a str, Vec<&'a str>)> {
        let mut folders = Folders::default();
        let places = files.iter().map(|file| folders.place(origin(file)));
        let places: Vec<Place> = places.collect();
        let view = (!asker.is_empty()).then(|| folders.view(asker));
        let chosen = choose(places.iter(), view.as_ref())?;
        let rivals = rivals(places.iter(), chosen, view.as_ref());
        let rivals = rivals.iter().map(|rival| files[*rival]);
        Some((files[chosen], rivals.collect()))
    }

    #[test]
    fn takes_the_nearest_definition() {
        for (asker, files, expected, rivals) in [
            // The same file, the same folder.
            (
                "m/a.yaml",
                &["m/a.yaml", "m/b.yaml"][..],
                "m/a.yaml",
                &[][..],
            ),
            (
                "m/x/a.yaml",
                &["m/x/b.yaml", "m/c.yaml", "d.yaml"],
                "m/x/b.yaml",
                &[],
            ),
            ("./m/a.yaml", &["m/b.yaml", "n/a.yaml"], "m/b.yaml", &[]),
            // Folders above, and what is below them.
            ("m/x/y/a.yaml", &["m/b.yaml", "c.yaml"], "m/b.yaml", &[]),
            (
                "app/overlays/prod/a.yaml",
                &["app/base/b.yaml", "c.yaml", "other/base/b.yaml"],
                "app/base/b.yaml",
                &["c.yaml", "other/base/b.yaml"],
            ),
            (
                "m/a.yaml",
                &["m/x/y/b.yaml", "m/z/b.yaml"],
                "m/z/b.yaml",
                &["m/x/y/b.yaml"],
            ),
            // Of those that are equally near, the later one.
            (
                "m/a.yaml",
                &["m/b.yaml", "m/c.yaml", "n/d.yaml"],
                "m/c.yaml",
                &["m/b.yaml"],
            ),
            ("-", &["-", "-"], "-", &[]),
            // Other environments.
            (
                "overlays/prod/a.yaml",
                &["overlays/dev/b.yaml", "base/b.yaml"],
                "base/b.yaml",
                &[],
            ),
            // What is written hides what is there, and both hide what is derived.
            ("m/a.yaml", &["there m/a.yaml", "n/b.yaml"], "n/b.yaml", &[]),
            (
                "m/a.yaml",
                &["derived m/a.yaml", "there n/b.yaml"],
                "there n/b.yaml",
                &[],
            ),
            (
                "prod/a.yaml",
                &["there c.yaml", "dev/b.yaml"],
                "there c.yaml",
                &[],
            ),
            // It is not known where they are, or who asks.
            ("m/a.yaml", &["there ", "there "], "there ", &[]),
            ("", &["m/a.yaml", "n/b.yaml"], "n/b.yaml", &[]),
        ] {
            assert_eq!(
                chosen(asker, files),
                Some((expected, rivals.to_vec())),
                "{asker} {files:?}"
            );
        }
        assert_eq!(chosen("prod/a.yaml", &["dev/b.yaml"]), None);
        assert_eq!(chosen("prod/a.yaml", &[]), None);
    }
}
