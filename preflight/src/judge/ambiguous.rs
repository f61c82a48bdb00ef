//! Look-ups that found one of several definitions of an object, where another one might be meant.

use std::collections::BTreeMap;

use super::Evaluation;
use crate::{
    cluster::{Found, Get},
    manifests::{Note, Object, printable},
    report::Subject,
};

/// The first object that was checked with a definition, and how many were.
struct Use<'a> {
    object: &'a Object,
    get: &'a Get,
    rivals: &'a [usize],
    count: usize,
}

/// A note for each definition that was found and may not be meant. `at` has the objects by their numbers.
pub(super) fn notes<'a>(
    objects: &'a [Object],
    judged: &'a [Vec<Evaluation<'_>>],
    at: impl Fn(usize) -> Option<&'a Object>,
) -> Vec<Note> {
    let mut uses: BTreeMap<usize, Use<'a>> = BTreeMap::new();
    for (object, evaluations) in objects.iter().zip(judged) {
        let answers = evaluations.iter().flat_map(|evaluation| &evaluation.result);
        let mut found = BTreeMap::new();
        for get in answers.flat_map(|answer| &answer.gets) {
            if let Found::Object { number, rivals } = &get.found
                && !rivals.is_empty()
            {
                found.entry(*number).or_insert((get, rivals));
            }
        }
        for (number, (get, rivals)) in found {
            let first = Use {
                object,
                get,
                rivals,
                count: 0,
            };
            uses.entry(number).or_insert(first).count += 1;
        }
    }
    let uses = uses.iter();
    let notes = uses.filter_map(|(number, told)| note(told, at(*number)?, &at));
    notes.collect()
}

fn note<'a>(
    told: &Use<'_>,
    found: &Object,
    at: &impl Fn(usize) -> Option<&'a Object>,
) -> Option<Note> {
    let mut rivals = told.rivals.iter().filter_map(|rival| at(*rival));
    let rival = rivals.next()?.place();
    let more = match rivals.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let subject = Subject::of(told.object);
    let who = match told.count {
        1 => format!("{subject} was"),
        count => format!("{subject} and {} more were", count.saturating_sub(1)),
    };
    let Get { kind, name, .. } = told.get;
    let place = found.place();
    Some(Note {
        place: told.object.place(),
        text: format!(
            "{who} checked with {} of {place}; it is defined differently in {rival}{more}",
            printable(&format!("{kind} {name}"))
        ),
    })
}
