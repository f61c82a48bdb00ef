//! Documents that are written from the code, the metadata and the cases: they fail when they are stale, and `make docs`
//! writes them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write;
use std::path::PathBuf;

use anstream::adapter::strip_str;
use bundle_tests::docs::charts::bundle::NAME;
use bundle_tests::docs::readme::{check_headings, sample};
use bundle_tests::docs::{self, Document};
use bundle_tests::project::{Project, VERSION};
use bundle_tests::{bless, cases, policies, read, repository, settings, yaml};
use hostpath_mounts::access::Access;
use hostpath_mounts::catalogue::GROUPS;
use hostpath_mounts::host_path::{LINKS, Link};
use jiff::civil::date;
use preflight::baseline::Baseline;
use preflight::judge::{ActivePolicy, judge};
use preflight::report::table;
use preflight::{NoHost, manifests};
use serde_json::{Value, json};
use shared::kubernetes::kinds::well_known::WELL_KNOWN;
use shared::settings::described::flat;

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
fn the_picture_of_a_terminal_is_what_is_printed() {
    check(&[docs::pictures::frame().unwrap()]);
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
fn the_charts_are_those_of_the_manifests() {
    check(&docs::charts().unwrap());
}

#[test]
fn the_readmes_of_the_policies_list_their_rules_and_settings() {
    check(&docs::readmes().unwrap());
}

#[test]
fn every_rule_has_a_page() {
    let pages = docs::explain::pages().unwrap();
    check(&docs::explain::documents(&pages));
    assert_eq!(
        docs::explain::stray(&pages).unwrap(),
        [""; 0],
        "no rules have these"
    );
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
        assert!((description.read)(&settings).is_ok(), "{policy}");
        let described = (description.settings)();
        for (path, setting) in flat(described.settings()) {
            // What is only an example stands in a comment, or in one line.
            let is_there = text.contains(&format!("{}:", setting.name));
            assert!(is_there, "{policy}: {path}");
        }
        for setting in described.settings() {
            let set = &settings[setting.name];
            if let (Some(default), false) = (&setting.default, set.is_array() || set.is_object()) {
                assert_eq!(set, default, "{policy}: {}", setting.name);
            }
        }
    }
}

/// What `make preflight` prints of manifests.
fn preflight(manifests: &str) -> String {
    // The report names files as they were given.
    env::set_current_dir(repository("")).unwrap();
    let policies = policies::active().unwrap();
    let manifests = manifests::read(&[PathBuf::from(manifests)]);
    let report = judge(manifests, &policies, "default", None, || ()).unwrap();
    let printed = strip_str(&table::render(&report, WIDTH)).to_string();
    printed.trim_end().to_owned()
}

#[test]
fn the_example_of_a_baseline_has_what_is_found() {
    let folder = repository("examples/adopted");
    let project = preflight::config::Project::read(&folder.join(".preflight.yaml")).unwrap();
    let paths = project.config.paths.iter().map(|path| project.path(path));
    let manifests = manifests::read(&paths.collect::<Vec<_>>());
    let policies = policies::active().unwrap();
    let mut report = judge(manifests, &policies, "default", None, || ()).unwrap();
    project
        .exceptions()
        .apply(&mut report, date(2026, 1, 1), true);
    let (baseline, left_out) = Baseline::of(&report);
    assert_eq!(left_out, 0);
    let path = folder.join(&project.config.baseline);
    check(&[Document {
        text: baseline.text().unwrap(),
        path,
    }]);
    let names: Vec<&str> = policies.iter().map(ActivePolicy::name).collect();
    baseline.apply(&mut report, "baseline", &names);
    let summary = report.summary;
    assert_eq!(
        (summary.refused, summary.warned, summary.excepted),
        (0, 0, 1)
    );
    assert!(summary.baselined > 0, "{summary}");
}

/// What `kwctl run -r REVIEW [--settings-json JSON] MODULE | jq -r .status.message` prints: the message of the policy.
fn kwctl(command: &str) -> String {
    let (arguments, filter) = command.split_once(" | ").unwrap();
    assert_eq!(filter, "jq -r .status.message");
    let quoted: Vec<&str> = arguments.split('\'').collect();
    let (words, settings) = match quoted.as_slice() {
        [words] => ((*words).to_owned(), json!({})),
        [before, settings, after] => {
            let before = before.strip_suffix("--settings-json ").unwrap();
            let settings = serde_json::from_str(settings).unwrap();
            (format!("{before}{after}"), settings)
        }
        _ => panic!("{command}"),
    };
    let words: Vec<&str> = words.split_whitespace().collect();
    let ["kwctl", "run", "-r", review, module] = words.as_slice() else {
        panic!("{command}");
    };
    let policy = module
        .strip_prefix("dist/")
        .and_then(|file| file.strip_suffix(".wasm"));
    let review: Value = serde_json::from_str(&read(&repository(review)).unwrap()).unwrap();
    let policy = policies::load(policy.unwrap()).unwrap();
    let answer = policy.validate(&review["request"], &settings, NoHost);
    answer.unwrap().message.unwrap()
}

#[test]
fn the_readmes_of_the_bundle_list_the_policies_and_show_what_commands_print() {
    let mut documents = docs::bundle().unwrap();
    let examples = repository("examples/README.md");
    documents.push(Document {
        text: read(&examples).unwrap(),
        path: examples,
    });
    let mut shown = 0;
    for document in &mut documents {
        let mut blocks: Vec<String> = document
            .text
            .split("```console\n")
            .map(str::to_owned)
            .collect();
        for block in blocks.iter_mut().skip(1) {
            let (content, after) = block.split_once("```\n").unwrap();
            let command = content
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("$ "))
                .unwrap();
            // What is built first is for the tests of the command itself.
            if command.contains(" ARGS=--render") {
                continue;
            }
            let printed = match command.strip_prefix("make preflight") {
                Some("") => preflight("examples/shop"),
                Some(arguments) => preflight(arguments.strip_prefix(" MANIFESTS=").unwrap()),
                None => kwctl(command),
            };
            shown += 1;
            *block = format!("$ {command}\n{printed}\n```\n{after}");
        }
        document.text = blocks.join("```console\n");
    }
    assert_eq!(shown, 7);
    check(&documents);
}

#[test]
fn the_pages_list_versions_and_namespaced_policies_and_show_refusals() {
    check(&docs::pages().unwrap());
}

#[test]
fn a_policy_that_may_be_namespaced_looks_nothing_up_without_its_setting() {
    for (policy, setting) in docs::namespaced::OPTIONAL {
        let mut looked_up = 0;
        for (of, path) in cases().unwrap() {
            let file = |name: &str| repository(&format!("tests/cases/{of}/{path}/{name}"));
            let expected = yaml::read(&read(&file("expected.yaml")).unwrap()).unwrap();
            if of == policy && !expected["calls"].is_null() {
                let settings = yaml::read(&read(&file("settings.yaml")).unwrap()).unwrap();
                assert_eq!(settings[setting], true, "{policy}/{path}");
                looked_up += 1;
            }
        }
        assert!(looked_up > 0, "{policy} has no case with look-ups");
    }
}

/// The pages that are translated. The translation of `page.md` is `page.ko.md`.
const TRANSLATED: &[&str] = &["README", "docs/preflight", "docs/troubleshooting"];

#[test]
fn translations_have_the_commands_and_links_of_the_original() {
    // What a command prints is written into both, and its comments are translated.
    let command = |block: &str| -> Vec<String> {
        let lines = if block.starts_with("console\n") {
            2
        } else {
            usize::MAX
        };
        let commands = block
            .lines()
            .take(lines)
            .map(|line| line.split(" # ").next());
        commands
            .map(|line| line.unwrap_or_default().trim_end().to_owned())
            .collect()
    };
    let blocks = |page: &str| -> Vec<Vec<String>> {
        let blocks = page.split("```").skip(1).step_by(2);
        blocks.map(command).collect()
    };
    let targets = |page: &str| -> Vec<String> {
        let links = page.split("](").skip(1);
        let links = links.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()));
        links.collect()
    };
    // Headings are translated, and a translation leads to translations.
    let untranslated = |link: String| {
        let link = link.replace(".ko.md", ".md");
        let (file, _) = link.split_once('#').unwrap_or((&link, ""));
        let is_translated = |page: &&str| page.ends_with(file.trim_end_matches(".md"));
        if TRANSLATED.iter().any(is_translated) {
            file.to_owned()
        } else {
            link
        }
    };
    let links = |page: &str| -> BTreeSet<String> {
        let links = targets(page)
            .into_iter()
            .filter(|link| !link.starts_with('#'));
        links.map(untranslated).collect()
    };
    let headings = |page: &str| page.lines().filter(|line| line.starts_with("## ")).count();
    let rows = |page: &str| page.lines().filter(|line| line.starts_with("| ")).count();
    for page in TRANSLATED {
        let path = |language: &str| repository(&format!("{page}{language}.md"));
        let [original, translation] = ["", ".ko"].map(|language| read(&path(language)).unwrap());
        similar_asserts::assert_eq!(blocks(&original), blocks(&translation));
        // Each leads to the other.
        similar_asserts::assert_eq!(links(&original), links(&translation));
        assert_eq!(headings(&original), headings(&translation), "{page}");
        assert_eq!(rows(&original), rows(&translation), "{page}");
        for text in [original, translation] {
            let files = targets(&text)
                .into_iter()
                .filter(|link| !link.starts_with("http"));
            for link in files.filter(|link| !link.starts_with('#')) {
                let file = link.split('#').next().unwrap_or_default();
                let folder = path("").parent().unwrap().to_owned();
                assert!(folder.join(file).exists(), "{page}: {link}");
            }
        }
    }
}

#[test]
fn the_pages_name_the_registry_and_version_of_the_project() {
    let project = Project::read().unwrap();
    let registry = &project.registry;
    let page = |path: &str| read(&repository(path)).unwrap();
    for name in ["README.md", "README.ko.md"] {
        let text = page(name);
        assert!(text.contains(&format!("make push REGISTRY={registry} TAG=v{VERSION}\n")));
        assert!(text.contains(&format!("registry://{registry}/secret-data:v{VERSION} ")));
    }
    let image = |policy: &String| format!("  - name: {}:v{VERSION}\n", project.oci_url(policy));
    let images: Vec<String> = policies::all().unwrap().iter().map(image).collect();
    assert!(page("docs/airgap.md").contains(&format!("  images:\n{}```\n", images.concat())));
    let gitops = page("docs/gitops.md");
    let source = &project.repository;
    let charts = format!("oci://{registry}/charts");
    for (name, text) in [
        (
            "docs/deploying.md",
            format!("{charts}/{NAME} --version {VERSION} "),
        ),
        (
            "docs/deploying.md",
            format!("{source}/releases/download/v{VERSION}\n"),
        ),
        (
            "docs/rancher.md",
            format!("{source}/releases/latest/download`"),
        ),
        ("docs/rancher.md", format!("`releases/download/v{VERSION}`")),
        ("docs/rancher.md", format!("`{charts}`")),
        (
            "charts/admission-policies/README.md",
            format!("`{charts}/{NAME} --version {VERSION}`"),
        ),
        (
            "docs/gitops.md",
            format!("`{charts}/{NAME}` with the version `{VERSION}`"),
        ),
    ] {
        assert!(page(name).contains(&text), "{name}: {text}");
    }
    for text in [
        format!("git::{source}//charts/{NAME}?ref=v{VERSION}\n"),
        format!("repoURL: {source}\n    targetRevision: v{VERSION}\n    path: charts/{NAME}\n"),
        format!("chart: ./charts/{NAME}\n"),
    ] {
        assert!(gitops.contains(&text), "{text}");
    }
}

#[test]
fn the_catalogue_page_lists_every_risky_path() {
    let mut page = String::from(
        "# Risky paths of a node\n\n\
         What `hostpath-mounts` knows by itself. Equal paths count, and what is below or above them: a mount of `/var/lib`\n\
         exposes `/var/lib/kubelet`. No policy knows on which node a pod will run, so that all of it counts everywhere.\n\n\
         - `/proc`, and `/proc/<pid>` of a process, have a level of their own besides: `exposedProcesses`.\n\
         - Where pods may write as far as `writableMounts` lets them, they fill the directory. A volume inside it may be a\n\
         \u{20} link that one of them planted, which a read-only mount follows as well.\n\n\
         Generated from `src/catalogue/groups.rs`; `make docs` writes it.\n",
    );
    for group in GROUPS {
        write!(
            page,
            "\n## {}\n\nSource: {}.\n\n| path | a pod may | because it is |\n| --- | --- | --- |\n",
            group.of, group.source
        )
        .unwrap();
        for risk in group.risks {
            let access = match risk.kind.access {
                Access::Never => "not mount it",
                Access::ReadOnly => "read it",
                Access::Filled => "read it, and write it as far as `writableMounts` lets it",
                Access::ReadWrite => "write it",
            };
            writeln!(page, "| `{}` | {access} | {} |", risk.path, risk.kind.what).unwrap();
        }
    }
    page.push_str(
        "\n## Links and mounts of distributions\n\n\
         What counts for the second path counts for the first as well. An entry of `allowed` for the one does not allow the\n\
         other: on another distribution both are places of their own.\n\n\
         | path | the same as | on | source |\n| --- | --- | --- | --- |\n",
    );
    for link in LINKS {
        let Link {
            from,
            to,
            of,
            source,
            ..
        } = link;
        writeln!(page, "| `{from}` | `{to}` | {of} | {source} |").unwrap();
    }
    let path = repository("policies/hostpath-mounts/CATALOGUE.md");
    check(&[Document { path, text: page }]);
}

#[test]
fn the_page_of_kinds_lists_all_that_need_no_setting() {
    let mut page = String::from(
        "# Kinds of other projects that bear pods\n\n\
         What `hostpath-mounts` reads without a setting, beside the kinds of Kubernetes. A path leads through every item of a\n\
         list, and with `*` through every field of a map. Generated from `shared/src/kubernetes/kinds/well_known.rs`, which has the\n\
         sources; `make docs` writes it.\n\n\
         | group | kind | pod specs |\n| --- | --- | --- |\n",
    );
    let mut rows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for known in WELL_KNOWN {
        let paths = rows.entry((known.group, known.kind)).or_default();
        paths.push(format!("`{}`", known.pod_spec));
    }
    for ((group, kind), paths) in rows {
        writeln!(page, "| {group} | {kind} | {} |", paths.join(", ")).unwrap();
    }
    let path = repository("policies/hostpath-mounts/KINDS.md");
    check(&[Document { path, text: page }]);
}
