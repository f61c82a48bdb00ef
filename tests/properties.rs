//! What holds for every input holds for those that the fuzzer found to be interesting, in `fuzz/corpus`, and for some
//! thousand others. `make fuzz` tries more.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::fs;

use bundle_tests::{Random, names, repository};
use properties::{ALL, Property};

/// Change it to try other bytes; what fails is printed.
const SEED: u64 = 0x5eed_0004;

/// So many inputs are made for each property.
const ROUNDS: usize = 1000;

/// An object is made from at most so many bytes.
const MOST: usize = 300;

/// What was found to be interesting, in the order of the names.
fn corpus(property: &Property) -> Vec<Vec<u8>> {
    let folder = repository("fuzz/corpus").join(property.name);
    let files = names(&folder).unwrap().into_iter();
    files
        .map(|name| fs::read(folder.join(name)).unwrap())
        .collect()
}

/// Bytes that stand for choices, or a text with a part of another one in it, or with a part left out.
fn made(property: &Property, corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    if !property.is_text {
        return random.bytes(MOST);
    }
    let mut text = random.pick(corpus).clone();
    let other = random.pick(corpus);
    let (start, end) = (random.below(text.len() + 1), random.below(text.len() + 1));
    let (from, to) = (random.below(other.len() + 1), random.below(other.len() + 1));
    let part = other.get(from..to).unwrap_or_default().iter().copied();
    text.splice(start.min(end)..start.max(end), part);
    text
}

#[test]
fn what_holds_for_every_input_holds_for_these() {
    let mut wrong = Vec::new();
    for property in ALL {
        let mut random = Random::new(SEED);
        let corpus = corpus(property);
        let made: Vec<Vec<u8>> = (0..ROUNDS)
            .map(|_| made(property, &corpus, &mut random))
            .collect();
        // One input that breaks a property is enough to see what is wrong.
        let broken = corpus
            .iter()
            .chain(&made)
            .find_map(|bytes| Some((bytes, (property.holds)(bytes).err()?)));
        if let Some((bytes, said)) = broken {
            let bytes = bytes.escape_ascii();
            wrong.push(format!("{}, of b\"{bytes}\": {said}", property.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_property_has_a_target_and_a_corpus() {
    let all: Vec<&str> = ALL.iter().map(|property| property.name).collect();
    let targets = names(&repository("fuzz/fuzz_targets")).unwrap();
    let targets: Vec<&str> = targets
        .iter()
        .filter_map(|name| name.strip_suffix(".rs"))
        .collect();
    assert_eq!(targets, all);
    assert_eq!(names(&repository("fuzz/corpus")).unwrap(), all);
}
