//! Pages that show what the programs print: they fail when they are stale, and `make bless` writes them.

use std::env;
use std::fmt::Write;
use std::path::PathBuf;

use anstream::adapter::strip_str;
use bundle_tests::{bless, policies, read, repository};
use hostpath_mounts::catalogue::RISKS;
use hostpath_mounts::ruling::Access;
use preflight::judge::{Configured, judge};
use preflight::report::table;
use preflight::{Engine, Limits, manifests};
use serde_json::Value;

/// As wide as `preflight` writes where there is no terminal.
const WIDTH: usize = 100;

#[test]
fn the_readme_shows_what_preflight_prints() {
    // The report names files as they were given.
    env::set_current_dir(repository("")).unwrap();
    let engine = Engine::new(Limits::default()).unwrap();
    let configured: Vec<Configured> = policies::all()
        .unwrap()
        .iter()
        .map(|name| {
            let policy = engine.load(name, &policies::wasm(name).unwrap()).unwrap();
            Configured::new(policy, Value::Null)
        })
        .collect();
    let manifests = manifests::read(&[PathBuf::from("examples")]);
    let report = judge(manifests, &configured, "default", None, || ()).unwrap();
    let printed = strip_str(&table::render(&report, WIDTH)).to_string();

    let path = repository("README.md");
    let readme = read(&path).unwrap();
    let (before, rest) = readme
        .split_once("$ make preflight\n")
        .expect("the command");
    let (_, after) = rest.split_once("\n```\n").expect("the end of its output");
    let current = format!(
        "{before}$ make preflight\n{}\n```\n{after}",
        printed.trim_end()
    );
    bless::compare(&path, &current).unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn the_catalogue_page_lists_every_risky_path() {
    let mut page = String::from(
        "# Risky paths of a node\n\n\
         What `hostpath-mounts` knows by itself, worst first. Equal paths count, and what is below or above them: a mount of\n\
         `/var/lib` exposes `/var/lib/kubelet`. Generated from `src/catalogue.rs`; `make bless` writes it.\n\n\
         | path | a pod may | because it is | evidence |\n| --- | --- | --- | --- |\n",
    );
    for risk in RISKS {
        let access = match risk.access {
            Access::Never => "not mount it",
            Access::ReadOnly => "read it",
            Access::ReadWrite => "write it",
        };
        writeln!(
            page,
            "| `{}` | {access} | {} | {} |",
            risk.path, risk.what, risk.evidence
        )
        .unwrap();
    }
    let path = repository("policies/hostpath-mounts/CATALOGUE.md");
    bless::compare(&path, &page).unwrap_or_else(|difference| panic!("{difference}"));
}
