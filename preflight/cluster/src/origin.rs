//! Where objects are from, and which of several definitions of one object a look-up finds.
//!
//! A repository may define an object several times: in a base and in its overlays, or in each variant of an installation.
//! What is applied together with a manifest is mostly near to it.

use std::{cmp::Reverse, sync::Arc};

use crate::environments::{folders, may_be_one};

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

/// One of several definitions, and those that might be meant in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) position: usize,
    /// Empty where it is clear which one is meant.
    pub(crate) rivals: Vec<usize>,
}

/// How near a definition is to the file that asks. More is nearer.
type Nearness = (Place, usize, Reverse<usize>);

/// Which way leads to a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// It is not known where it is, or who asks.
    Unknown,
    /// Through a folder that both are in.
    Folder,
    SameFile,
}

/// Of the definitions of one object the one that is meant in a file: what is in the same file, then what is in the same
/// folder, then what is in the folders around it, from the nearest on, and in each of these what is directly in it before
/// what is below. Of those that are equally near, it is the later one. None where all are of other environments.
pub(crate) fn choose(origins: &[&Origin], asker: Option<&str>) -> Option<Choice> {
    let meets = |origin: &Origin| match (asker, &origin.file) {
        (Some(asker), Some(file)) => may_be_one(asker, file),
        _ => true,
    };
    let near = origins.iter().enumerate();
    let near = near.filter(|(_, origin)| meets(origin));
    let rank = near.clone().map(|(_, origin)| origin.rank).max()?;
    let near: Vec<(usize, Nearness)> = near
        .filter(|(_, origin)| origin.rank == rank)
        .map(|(position, origin)| (position, nearness(origin, asker)))
        .collect();
    let (position, nearest) = near.iter().copied().max_by_key(|(_, nearness)| *nearness)?;
    let is_rival = |other: Nearness| match nearest {
        // The later one replaces the others, when the file is applied.
        (Place::Unknown | Place::SameFile, ..) => false,
        // It is in the folder, or in one above it.
        (Place::Folder, _, Reverse(0)) => other == nearest,
        (Place::Folder, ..) => true,
    };
    let rivals = near
        .iter()
        .filter(|(other, nearness)| *other != position && is_rival(*nearness));
    Some(Choice {
        position,
        rivals: rivals.map(|(position, _)| *position).collect(),
    })
}

fn nearness(origin: &Origin, asker: Option<&str>) -> Nearness {
    let (Some(asker), Some(file)) = (asker, &origin.file) else {
        return (Place::Unknown, 0, Reverse(0));
    };
    if **file == *asker {
        return (Place::SameFile, 0, Reverse(0));
    }
    let (from, to) = (folders(asker), folders(file));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    (
        Place::Folder,
        common,
        Reverse(to.len().saturating_sub(common)),
    )
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
        let origins: Vec<Origin> = files.iter().map(|file| origin(file)).collect();
        let asker = (!asker.is_empty()).then_some(asker);
        let choice = choose(&origins.iter().collect::<Vec<_>>(), asker)?;
        let rivals = choice.rivals.iter();
        Some((
            files[choice.position],
            rivals.map(|rival| files[*rival]).collect(),
        ))
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
