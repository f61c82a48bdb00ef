//! Documents that are written from the code, the metadata and the cases: they fail when they are stale, and `make docs`
//! writes them.

use std::env;
use std::fmt::Write;
use std::path::PathBuf;

use anstream::adapter::strip_str;
use bundle_tests::docs::readme::{check_headings, sample};
use bundle_tests::docs::{self, Document};
use bundle_tests::project::{Project, VERSION};
use bundle_tests::{bless, policies, read, repository, settings, yaml};
use hostpath_mounts::catalogue::RISKS;
use hostpath_mounts::ruling::Access;
use preflight::judge::{Configured, judge};
use preflight::report::table;
use preflight::{Engine, Limits, manifests};
use serde_json::Value;

/// As wide as `preflight` writes where there is no terminal.
const WIDTH: usize = 100;

fn check(documents: &[Document]) {
    assert!(!documents.is_empty());
    let stale = documents
        .iter()
        .map(|document| bless::compare_document(&document.path, &document.text));
    let stale: Vec<String> = stale.filter_map(Result::err).collect();
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn the_schemas_describe_the_settings() {
    check(&docs::schemas());
}

#[test]
fn the_forms_ask_for_the_settings() {
    check(&docs::forms().unwrap());
}

#[test]
fn the_metadata_says_where_the_project_is() {
    check(&docs::annotations().unwrap());
}

#[test]
fn the_packages_are_those_of_the_metadata() {
    check(&docs::packages().unwrap());
}

#[test]
fn the_readmes_of_the_policies_list_their_rules_and_settings() {
    check(&docs::readmes().unwrap());
}

#[test]
fn the_readmes_of_the_policies_have_one_shape() {
    for policy in policies::all().unwrap() {
        let readme = read(&repository(&format!("policies/{policy}/README.md"))).unwrap();
        check_headings(&readme).unwrap_or_else(|error| panic!("{policy}: {error}"));
    }
}

#[test]
fn every_policy_is_described_in_one_sentence() {
    for policy in policies::all().unwrap() {
        let file = |name: &str| read(&repository(&format!("policies/{policy}/{name}"))).unwrap();
        let metadata = docs::metadata(&policy).unwrap();
        let sentence = format!(
            "{}.",
            metadata.annotations["io.kubewarden.policy.description"]
        );
        let readme = file("README.md").replace('`', "");
        assert!(
            readme.starts_with(&format!("# {policy}\n\n{sentence}\n\n")),
            "{policy}"
        );
        assert!(
            file("Cargo.toml").contains(&format!("description = \"{sentence}\"\n")),
            "{policy}"
        );
    }
}

#[test]
fn the_sample_in_a_readme_has_every_setting_and_is_valid() {
    for description in settings::ALL {
        let policy = description.policy;
        let readme = read(&repository(&format!("policies/{policy}/README.md"))).unwrap();
        let text = sample(&readme).unwrap_or_else(|| panic!("{policy} has no sample"));
        let settings = yaml::read(text).unwrap();
        assert_eq!((description.parse)(&settings), Ok(()), "{policy}");
        assert!((description.read)(&settings).is_ok(), "{policy}");
        for setting in settings::flat(&description.settings()) {
            // What is only an example stands in a comment, or in one line.
            assert!(
                text.contains(&format!("{}:", setting.name)),
                "{policy}: {}",
                setting.path
            );
        }
        for setting in description.settings() {
            if let (Some(default), false) = (
                &setting.default,
                settings[&setting.name].is_array() || settings[&setting.name].is_object(),
            ) {
                assert_eq!(
                    &settings[&setting.name], default,
                    "{policy}: {}",
                    setting.path
                );
            }
        }
    }
}

#[test]
fn the_readme_of_the_bundle_lists_the_policies_and_shows_what_preflight_prints() {
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

    let Document { path, text } = docs::bundle().unwrap();
    let (before, rest) = text.split_once("$ make preflight\n").expect("the command");
    let (_, after) = rest.split_once("\n```\n").expect("the end of its output");
    let registry = Project::read().unwrap().registry;
    assert!(after.contains(&format!("registry://{registry}/$policy:v{VERSION}")));
    let printed = printed.trim_end();
    let text = format!("{before}$ make preflight\n{printed}\n```\n{after}");
    check(&[Document { path, text }]);
}

#[test]
fn the_catalogue_page_lists_every_risky_path() {
    let mut page = String::from(
        "# Risky paths of a node\n\n\
         What `hostpath-mounts` knows by itself, worst first. Equal paths count, and what is below or above them: a mount of\n\
         `/var/lib` exposes `/var/lib/kubelet`. Generated from `src/catalogue.rs`; `make docs` writes it.\n\n\
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
    check(&[Document { path, text: page }]);
}
