//! What `make mutants` leaves alone is there: a pattern that matches nothing hides that something was renamed.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::path::Path;

use bundle_tests::{names, read, repository};
use regex::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    exclude_globs: Vec<String>,
    exclude_re: Vec<String>,
}

fn config() -> Config {
    toml::from_str(&read(&repository(".cargo/mutants.toml")).unwrap()).unwrap()
}

/// All files of a folder, as paths in the repository.
fn files(folder: &str, found: &mut Vec<String>) {
    for name in names(&repository(folder)).unwrap() {
        let path = format!("{folder}/{name}");
        if repository(&path).is_dir() {
            files(&path, found);
        } else if Path::new(&path).extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// Those that are examined.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    files("shared/src", &mut found);
    files("shared/document/src", &mut found);
    for policy in names(&repository("policies")).unwrap() {
        files(&format!("policies/{policy}/src"), &mut found);
    }
    found
}

/// What mutants of a file are called, as far as the patterns tell them apart: what a function may return instead, and
/// which operators there are in it. rustfmt wrote the file, so that the places of braces say what belongs together.
fn mutants(file: &str) -> Vec<String> {
    let text = read(&repository(file)).unwrap();
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let mut mutants = Vec::new();
    let (mut owner, mut signature, mut name) = (String::new(), String::new(), String::new());
    for line in code.lines() {
        if line == "}" {
            owner.clear();
        }
        if let Some(head) = line.strip_prefix("impl") {
            let head = head.trim_end_matches(" {");
            // `<'a, T: View<'a>>` in front is not repeated.
            let start = head.find("> ").filter(|_| head.starts_with('<'));
            let head = start.map_or(head, |start| &head[start + 1..]).trim();
            owner = if head.contains(" for ") {
                format!("<impl {head}>::")
            } else {
                format!("{head}::")
            };
        }
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "const fn ",
        ]
        .iter()
        .any(|start| line.trim_start().starts_with(start));
        if is_function {
            signature.push(' ');
        }
        if !signature.is_empty() {
            signature.push_str(line.trim());
            if !line.ends_with('{') {
                continue;
            }
            let (_, rest) = signature.split_once("fn ").unwrap();
            let end = rest.find(['(', '<']).unwrap();
            name = format!("{owner}{}", &rest[..end]);
            let returns = rest.rsplit_once("-> ").map_or("()", |(_, it)| it);
            let returns = returns.trim_end_matches(" {");
            for value in ["true", "0", "Default::default()", "Ok(Default::default())"] {
                mutants.push(format!("{file}: replace {name} -> {returns} with {value}"));
            }
            signature.clear();
            continue;
        }
        for (operator, others) in [
            ("<", "<="),
            (">", ">="),
            ("+", "*"),
            ("^", "|"),
            ("&&", "||"),
        ] {
            if line.contains(&format!(" {operator} ")) {
                mutants.push(format!(
                    "{file}: replace {operator} with {others} in {name}"
                ));
            }
        }
    }
    mutants
}

#[test]
fn each_pattern_of_what_is_left_alone_matches_something() {
    let sources = sources();
    let mutants: Vec<String> = sources.iter().flat_map(|file| mutants(file)).collect();
    for pattern in config().exclude_re {
        let regex = Regex::new(&pattern).unwrap();
        assert!(
            mutants.iter().any(|mutant| regex.is_match(mutant)),
            "{pattern} matches nothing"
        );
    }
    for glob in config().exclude_globs {
        let pattern = regex::escape(&glob)
            .replace(r"\*\*/", ".*")
            .replace(r"\*\*", ".*");
        let regex = Regex::new(&format!("^{pattern}$")).unwrap();
        assert!(
            sources.iter().any(|file| regex.is_match(file)),
            "{glob} matches nothing"
        );
    }
}
