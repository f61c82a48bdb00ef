//! What a release gives to install: archives, checksums, what package managers need, and the scripts that fetch and check
//! them. The scripts are run as they are, with a folder in place of the code host.
#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bundle_tests::project::{Project, VERSION};
use bundle_tests::{charts, names, read, repository, yaml};
use policy_registry::testing::Registry;
use regex::Regex;
use serde_json::{Value, json};
use similar_asserts::assert_eq;
use tempfile::TempDir;

const X86: &str = "preflight-x86_64-unknown-linux-musl.tar.gz";
const ARM: &str = "preflight-aarch64-apple-darwin.tar.gz";
const WINDOWS: &str = "preflight-x86_64-pc-windows-msvc.zip";

fn write_script(file: &Path, text: &str) {
    std::fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// An archive that holds a `preflight` which prints what it is given.
fn pack(folder: &Path, archive: &str) {
    let work = tempfile::tempdir().unwrap();
    write_script(&work.path().join("preflight"), "printf '<%s> ' \"$@\"");
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(folder.join(archive));
    tar.arg("-C").arg(work.path()).arg("preflight");
    assert!(tar.status().unwrap().success());
}

fn sha256(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(' ').next().unwrap().to_owned()
}

/// A folder with releases: `v<version>/` has the archive for Linux, and its checksum.
fn releases(version: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join(format!("v{version}"));
    std::fs::create_dir(&release).unwrap();
    pack(&release, X86);
    let sums = format!("{}  {X86}\n", sha256(&release.join(X86)));
    std::fs::write(release.join("sha256sums.txt"), sums).unwrap();
    folder
}

/// A script of the repository, on a machine that calls itself as it is told.
fn script(file: &Path, system: &str, cpu: &str) -> (Command, TempDir) {
    let programs = tempfile::tempdir().unwrap();
    let uname = format!("case $1 in -s) echo {system} ;; -m) echo {cpu} ;; esac");
    write_script(&programs.path().join("uname"), &uname);
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", programs.path().display());
    let mut command = Command::new(file);
    command.env("PATH", path).env_remove("PREFLIGHT_DOWNLOADS");
    (command, programs)
}

fn installer() -> PathBuf {
    repository("tools/install-preflight")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// The targets that the release workflow builds.
fn built() -> BTreeSet<String> {
    let text = read(&repository(".github/workflows/release.yml")).unwrap();
    let release = yaml::read(&text).unwrap();
    let matrix = &release["jobs"]["preflight"]["strategy"]["matrix"]["include"];
    let targets = matrix.as_array().unwrap().iter();
    let targets = targets.map(|one| one["target"].as_str().unwrap().to_owned());
    targets.collect()
}

fn target(archive: &str) -> String {
    let name = archive.strip_prefix("preflight-").unwrap();
    let name = name.strip_suffix(".zip").or(name.strip_suffix(".tar.gz"));
    name.unwrap().to_owned()
}

#[test]
fn each_machine_gets_an_archive_that_a_release_has() {
    let machines = [
        ("Linux", "x86_64"),
        ("Linux", "aarch64"),
        ("Darwin", "x86_64"),
        ("Darwin", "arm64"),
        ("MINGW64_NT-10.0-26100", "x86_64"),
    ];
    let archives = machines.map(|(system, cpu)| {
        let (mut script, _programs) = script(&installer(), system, cpu);
        let output = script.arg("--archive").output().unwrap();
        assert!(output.status.success(), "{}", printed(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    });
    let targets: BTreeSet<String> = archives.iter().map(|archive| target(archive)).collect();
    assert_eq!(targets, built());
    assert_eq!(archives[4], WINDOWS);

    let (mut script, _programs) = script(&installer(), "SunOS", "sun4v");
    let output = script.arg("--archive").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = "install-preflight: there is no released preflight for SunOS on sun4v: build it with 'make install'\n";
    assert_eq!(printed(&output), expected);
}

#[test]
fn installs_what_was_released() {
    let releases = releases(VERSION);
    let home = tempfile::tempdir().unwrap();
    // A folder, and an address of it.
    let address = format!("file://{}/", releases.path().display());
    for downloads in [releases.path().to_str().unwrap(), &address] {
        let (mut script, _programs) = script(&installer(), "Linux", "x86_64");
        script
            .env("PREFLIGHT_DOWNLOADS", downloads)
            .env("HOME", home.path());
        let output = script.output().unwrap();
        let folder = home.path().join(".local/bin");
        let expected = format!(
            "preflight {VERSION} is in {folder}, which is not on your PATH\n",
            folder = folder.display()
        );
        assert_eq!(printed(&output), expected);
        assert!(output.status.success());
        let run = Command::new(folder.join("preflight"))
            .arg("x")
            .output()
            .unwrap();
        assert_eq!(printed(&run), "<x> ");
        // Nothing else stays behind.
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn installs_nothing_else() {
    let other = releases("9.9.9");
    let changed = releases("9.9.9");
    pack(&changed.path().join("v9.9.9"), "other.tar.gz");
    let sums = changed.path().join("v9.9.9/sha256sums.txt");
    let released = read(&sums).unwrap();
    let (checksum, _) = released.split_once(' ').unwrap();
    let wrong = "0".repeat(64);
    std::fs::write(&sums, released.replace(checksum, &wrong)).unwrap();
    let changed_at = changed.path().join("v9.9.9").join(X86);
    let incomplete = releases("9.9.9");
    std::fs::write(incomplete.path().join("v9.9.9/sha256sums.txt"), "").unwrap();

    let checks: [(&TempDir, &[&str], String); 6] = [
        (
            &changed,
            &["--version", "v9.9.9"],
            format!(
                "{} is not what was released: its SHA-256 is {checksum} and has to be {wrong}",
                changed_at.display()
            ),
        ),
        (
            &incomplete,
            &["--version", "9.9.9"],
            format!("release 9.9.9 has no checksum of {X86}: it was not built for this machine"),
        ),
        (
            &other,
            &["--version", "9.9.8"],
            format!(
                "cannot get {}/v9.9.8/sha256sums.txt: is there a release of this version, with an archive for this machine?",
                other.path().display()
            ),
        ),
        (
            &other,
            &["--version", "../9.9.9"],
            "a version is written as 1.2.3, not as ../9.9.9".to_owned(),
        ),
        (&other, &["--to"], "--to needs a value".to_owned()),
        (
            &other,
            &["x"],
            "there is no option x: write --version VERSION or --to FOLDER".to_owned(),
        ),
    ];
    for (releases, arguments, expected) in checks {
        let home = tempfile::tempdir().unwrap();
        let (mut script, _programs) = script(&installer(), "Linux", "x86_64");
        script
            .env("PREFLIGHT_DOWNLOADS", releases.path())
            .env("HOME", home.path());
        let output = script.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = printed(&output);
        let (_, said) = text.trim_end().rsplit_once("install-preflight: ").unwrap();
        assert_eq!(said, expected);
        let folder = home.path().join(".local/bin");
        let left = std::fs::read_dir(folder).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{arguments:?}");
    }
}

/// Runs `tools/release-manifests` over the folder of a release. What it prints.
fn manifests(folder: &Path) -> String {
    let mut script = Command::new(repository("tools/release-manifests"));
    script
        .args(["v9.9.9", "https://example.com/owner/repository/"])
        .arg(folder);
    let output = script.output().unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    printed(&output)
}

#[test]
fn package_managers_get_what_was_built_and_hear_what_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let all: Vec<String> = manifests(path).lines().map(ToOwned::to_owned).collect();
    assert_eq!(all.iter().cloned().collect::<BTreeSet<_>>(), built());
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 0);

    for archive in [X86, ARM] {
        pack(path, archive);
    }
    std::fs::write(path.join(WINDOWS), "a zip").unwrap();
    assert_eq!(
        manifests(path),
        "aarch64-unknown-linux-musl\nx86_64-apple-darwin\n"
    );
    let sum = |archive: &str| sha256(&path.join(archive));
    let downloads = "https://example.com/owner/repository/releases/download/v9.9.9";
    let formula = format!(
        "# For a tap. Written by the release.
class Preflight < Formula
  desc \"Shows what admission policies would refuse\"
  homepage \"https://example.com/owner/repository\"
  version \"9.9.9\"
  license \"Apache-2.0\"

  on_macos do
    on_arm do
      url \"{downloads}/{ARM}\"
      sha256 \"{}\"
    end
  end

  on_linux do
    on_intel do
      url \"{downloads}/{X86}\"
      sha256 \"{}\"
    end
  end

  def install
    bin.install \"preflight\"
    generate_completions_from_executable(bin/\"preflight\", \"completions\")
  end

  test do
    assert_match version.to_s, shell_output(\"#{{bin}}/preflight --version\")
  end
end
",
        sum(ARM),
        sum(X86),
    );
    assert_eq!(read(&path.join("preflight.rb")).unwrap(), formula);

    let plugin = yaml::read(&read(&path.join("policy-preflight.yaml")).unwrap()).unwrap();
    let platform = |os: &str, arch: &str, archive: &str, bin: &str| {
        json!({
            "selector": {"matchLabels": {"os": os, "arch": arch}},
            "uri": format!("{downloads}/{archive}"),
            "sha256": sum(archive),
            "bin": bin,
        })
    };
    assert_eq!(
        plugin,
        json!({
            "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
            "kind": "Plugin",
            "metadata": {"name": "policy-preflight"},
            "spec": {
                "version": "v9.9.9",
                "homepage": "https://example.com/owner/repository",
                "shortDescription": "Shows what admission policies would refuse",
                "description": "Runs Kubewarden policies over manifests before they reach a cluster: the same\n\
                                WebAssembly that the cluster enforces, with file, line and fix of each finding.\n",
                "platforms": [
                    platform("linux", "amd64", X86, "preflight"),
                    platform("darwin", "arm64", ARM, "preflight"),
                    platform("windows", "amd64", WINDOWS, "preflight.exe"),
                ],
            },
        })
    );
}

/// The script of a release stands alone: it knows where the release is and what its archives have to be.
#[test]
fn the_script_of_a_release_trusts_its_own_checksums() {
    let releases = tempfile::tempdir().unwrap();
    let release = releases.path().join("v9.9.9");
    std::fs::create_dir(&release).unwrap();
    pack(&release, X86);
    manifests(&release);
    let alone = tempfile::tempdir().unwrap();
    let install = alone.path().join("install.sh");
    std::fs::copy(release.join("install.sh"), &install).unwrap();
    let text = read(&install).unwrap();
    let where_it_is = "\ndownloads=https://example.com/owner/repository/releases/download\n";
    assert!(text.contains(where_it_is));

    let to = alone.path().join("bin");
    let run = || {
        let (mut script, _programs) = script(&install, "Linux", "x86_64");
        script.env("PREFLIGHT_DOWNLOADS", releases.path());
        script.arg("--to").arg(&to).output().unwrap()
    };
    let output = run();
    assert!(output.status.success(), "{}", printed(&output));
    assert!(to.join("preflight").is_file());

    // A mirror may change the archive and the checksums beside it.
    let work = tempfile::tempdir().unwrap();
    write_script(&work.path().join("preflight"), "echo changed");
    let mut tar = Command::new("tar");
    tar.arg("-czf")
        .arg(release.join(X86))
        .arg("-C")
        .arg(work.path());
    assert!(tar.arg("preflight").status().unwrap().success());
    let sums = format!("{}  {X86}\n", sha256(&release.join(X86)));
    std::fs::write(release.join("sha256sums.txt"), sums).unwrap();
    let output = run();
    assert!(!output.status.success());
    assert!(printed(&output).contains("is not what was released"));
    let kept = Command::new(to.join("preflight"))
        .arg("x")
        .output()
        .unwrap();
    assert_eq!(printed(&kept), "<x> ");
}

#[test]
fn cargo_binstall_finds_the_archives() {
    let manifest = read(&repository("preflight/Cargo.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&manifest).unwrap();
    let found = &manifest["package"]["metadata"]["binstall"];
    for target in built() {
        let own = found["overrides"].get(&target);
        let set = |key: &str| {
            own.and_then(|own| own.get(key))
                .unwrap_or(&found[key])
                .as_str()
                .unwrap()
        };
        let url = set("pkg-url")
            .replace("{ version }", "1.2.3")
            .replace("{ target }", &target);
        let (ending, format) = if target.contains("windows") {
            ("zip", "zip")
        } else {
            ("tar.gz", "tgz")
        };
        let expected = format!("{{ repo }}/releases/download/v1.2.3/preflight-{target}.{ending}");
        assert_eq!(url, expected);
        assert_eq!(set("pkg-fmt"), format);
    }
    assert_eq!(found["bin-dir"].as_str(), Some("{ bin }{ binary-ext }"));
}

/// The hook of a clone, with nothing but what the hook needs of it.
#[test]
fn the_pre_commit_hook_needs_no_compiler() {
    let hooks = read(&repository(".pre-commit-hooks.yaml")).unwrap();
    let hooks = yaml::read(&hooks).unwrap();
    assert_eq!(hooks[0]["language"], json!("script"));
    let entry = hooks[0]["entry"].as_str().unwrap();
    // What manifests are written in, and what they are rendered from.
    let files = Regex::new(hooks[0]["files"].as_str().unwrap()).unwrap();
    for (file, counts) in [
        ("deploy/web.yaml", true),
        ("web.yml", true),
        ("deploy/web.json", true),
        ("chart/templates/_helpers.tpl", true),
        ("Kustomization", true),
        ("deploy/Kustomization", true),
        ("deploy/NotKustomization", false),
        ("README.md", false),
    ] {
        assert_eq!(files.is_match(file), counts, "{file}");
    }
    let clone = tempfile::tempdir().unwrap();
    std::fs::create_dir(clone.path().join("tools")).unwrap();
    for file in ["Cargo.toml", "tools/install-preflight", entry] {
        std::fs::copy(repository(file), clone.path().join(file)).unwrap();
    }
    let releases = releases(VERSION);
    let hook = clone.path().join(entry);
    let run = |arguments: &[&str]| {
        let (mut script, _programs) = script(&hook, "Linux", "x86_64");
        script
            .env("PREFLIGHT_DOWNLOADS", releases.path())
            .env_remove("PREFLIGHT");
        let output = script.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", printed(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = run(&["deploy/"]);
    let (_, ran) = first.rsplit_once('\n').unwrap();
    assert_eq!(ran, "<--quiet> <--fail-on> <unjudged> <deploy/> ");
    // What is there is not fetched again.
    std::fs::remove_dir_all(releases.path()).unwrap();
    let own = run(&["--fail-on=violation", "deploy/"]);
    assert_eq!(own, "<--quiet> <--fail-on=violation> <deploy/> ");

    let mut elsewhere = Command::new(repository(entry));
    let output = elsewhere
        .env("PREFLIGHT", "echo")
        .arg("a")
        .output()
        .unwrap();
    assert_eq!(printed(&output), "--quiet --fail-on unjudged a\n");
}

/// Runs the first step of the action, with a `gh` that has a release and that says of attestations what it is told.
fn install_by_the_action(version: &str, attested: bool) -> (Output, String, TempDir) {
    let action = yaml::read(&read(&repository("action.yml")).unwrap()).unwrap();
    let step = &action["runs"]["steps"][0];
    let releases = releases(VERSION);
    let runner = tempfile::tempdir().unwrap();
    let log = runner.path().join("log");
    let bash = PathBuf::from("bash");
    let (mut bash, programs) = script(&bash, "Linux", "x86_64");
    let gh = format!(
        "echo \"$*\" >>{log}\n\
         [ $1 != attestation ] || exit {}\n\
         while [ $1 != --dir ]; do shift; done\n\
         cp {}/* \"$2\"",
        i32::from(!attested),
        releases.path().join(format!("v{VERSION}")).display(),
        log = log.display(),
    );
    write_script(&programs.path().join("gh"), &gh);
    bash.args(["-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
    bash.env("REPOSITORY", "owner/repository")
        .env("VERSION", version);
    bash.env(
        "GITHUB_ACTION_PATH",
        repository("").to_str().unwrap().trim_end_matches('/'),
    );
    bash.env("RUNNER_TEMP", runner.path());
    bash.env("GITHUB_OUTPUT", runner.path().join("output"));
    let output = bash.output().unwrap();
    let calls = read(&log).unwrap();
    (
        output,
        calls.replace(runner.path().to_str().unwrap(), "TEMP"),
        runner,
    )
}

#[test]
fn the_action_runs_what_the_release_workflow_built() {
    for version in ["", VERSION, &format!("v{VERSION}")] {
        let (output, calls, runner) = install_by_the_action(version, true);
        assert!(output.status.success(), "{}", printed(&output));
        let expected = format!(
            "release download v{VERSION} --repo owner/repository --dir TEMP/preflight/v{VERSION} --clobber \
             --pattern {X86} --pattern sha256sums.txt\n\
             attestation verify TEMP/preflight/v{VERSION}/{X86} --repo owner/repository \
             --signer-workflow owner/repository/.github/workflows/release.yml --source-ref refs/tags/v{VERSION}\n"
        );
        assert_eq!(calls, expected);
        let command = runner.path().join("preflight/bin/preflight");
        let told = read(&runner.path().join("output")).unwrap();
        assert_eq!(told, format!("command={}\n", command.display()));
        assert!(command.is_file());
    }
    let (output, _, runner) = install_by_the_action("", false);
    assert!(!output.status.success());
    assert!(!runner.path().join("output").exists());
    assert!(!runner.path().join("preflight/bin").exists());
}

/// A tag, the version and the changelog have to agree.
#[test]
fn the_notes_of_a_release_are_those_of_the_changelog() {
    let clone = tempfile::tempdir().unwrap();
    std::fs::create_dir(clone.path().join("tools")).unwrap();
    let notes = clone.path().join("tools/release-notes");
    std::fs::copy(repository("tools/release-notes"), &notes).unwrap();
    let manifest = "[workspace.package]\nversion = \"1.2.3\"\n";
    std::fs::write(clone.path().join("Cargo.toml"), manifest).unwrap();
    let changelog = |text: &str| std::fs::write(clone.path().join("CHANGELOG.md"), text).unwrap();
    let run = |tag: &str| {
        let output = Command::new(&notes).arg(tag).output().unwrap();
        (output.status.success(), printed(&output))
    };
    changelog(
        "# Changelog\n\n## 1.2.3 - 2026-01-31\n\n- New.\n\n## 1.2.2 - 2026-01-01\n\n- Old.\n",
    );
    assert_eq!(run("v1.2.3"), (true, "\n- New.\n\n".to_owned()));
    let failed = |sentence: &str| (false, format!("release-notes: {sentence}\n"));
    assert_eq!(run("1.2.3"), failed("1.2.3 does not begin with v"));
    assert_eq!(
        run("v1.2.4"),
        failed("the tag says 1.2.4, Cargo.toml 1.2.3")
    );
    changelog("# Changelog\n\n## Unreleased\n\n- New.\n");
    assert_eq!(
        run("v1.2.3"),
        failed("CHANGELOG.md has no section '## 1.2.3 - <date>'")
    );
}

/// Releases stand from the newest on, below what is not released yet, and their parts have the names of old.
#[test]
fn the_changelog_keeps_its_shape() {
    let changelog = read(&repository("CHANGELOG.md")).unwrap();
    let headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let headings: Vec<&str> = headings.collect();
    let mut versions = Vec::new();
    for heading in &headings {
        if *heading == "Unreleased" {
            assert!(versions.is_empty(), "Unreleased does not come first");
            continue;
        }
        let (version, day) = heading.split_once(" - ").unwrap();
        assert_eq!(day.len(), "2026-01-31".len(), "{heading}");
        let numbers: Vec<u64> = version
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect();
        assert_eq!(numbers.len(), 3, "{heading}");
        versions.push(numbers);
    }
    assert!(!headings.is_empty());
    assert!(
        versions.is_sorted_by(|newer, older| newer > older),
        "{versions:?}"
    );
    let parts = [
        "Newly refused",
        "No longer refused",
        "Added",
        "Changed",
        "Fixed",
        "Removed",
    ];
    for part in changelog
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
    {
        assert!(parts.contains(&part), "{part}");
    }
}

#[test]
fn the_page_on_installing_names_the_project_and_its_version() {
    let project = Project::read().unwrap();
    let page = read(&repository("docs/installing.md")).unwrap();
    let releases = format!("{}/releases/latest/download/", project.repository);
    assert!(page.contains(&format!("{releases}install.sh")));
    assert!(page.contains(&format!("{releases}policy-preflight.yaml")));
    assert!(page.contains(&format!("{} preflight`", project.repository)));
    assert!(page.contains(&format!("{}/preflight:v{VERSION} ", project.registry)));
    assert!(page.contains(&format!("rev: v{VERSION}\n")));
}

/// A release is a chart repository: what is packed is there, of the version of the release, and the index leads to it.
#[test]
fn the_charts_are_packed_for_the_version_of_the_release() {
    let packages = tempfile::tempdir().unwrap();
    let Some(names) = pack_charts(packages.path()) else {
        return;
    };
    let index = yaml::read(&read(&packages.path().join("index.yaml")).unwrap()).unwrap();
    let charts = index["entries"].as_object().unwrap();
    assert_eq!(charts.keys().cloned().collect::<Vec<_>>(), names);
    for (name, versions) in charts {
        let [packed] = versions.as_array().unwrap().as_slice() else {
            panic!("{name}: {versions}");
        };
        let file = format!("{name}-{VERSION}.tgz");
        assert_eq!(packed["version"], VERSION, "{name}");
        assert_eq!(packed["appVersion"], VERSION, "{name}");
        let url =
            format!("https://example.com/owner/repository/releases/download/v{VERSION}/{file}");
        assert_eq!(packed["urls"], json!([url]));
        let package = packages.path().join(&file);
        assert_eq!(packed["digest"], sha256(&package), "{name}");

        let unpacked = tempfile::tempdir().unwrap();
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(package).arg("-C").arg(unpacked.path());
        assert!(tar.status().unwrap().success());
        let chart = repository(&format!("charts/{name}"));
        for file in ["values.yaml", "values.schema.json", "README.md", "LICENSE"] {
            let packed = read(&unpacked.path().join(name).join(file)).unwrap();
            assert_eq!(packed, read(&chart.join(file)).unwrap(), "{name}: {file}");
        }
    }

    let output = Command::new(repository("tools/package-charts"))
        .args(["v9.9.9", "https://example.com/owner/repository"])
        .arg(packages.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = "package-charts: admission-policies is not of version 9.9.9: run 'make docs'\n";
    assert_eq!(printed(&output), said);
}

/// The charts as a release has them, and their names. Nothing where there is no Helm.
fn pack_charts(folder: &Path) -> Option<Vec<String>> {
    if !charts::has_helm().unwrap() {
        return None;
    }
    let mut script = Command::new(repository("tools/package-charts"));
    script.arg(format!("v{VERSION}"));
    script.arg("https://example.com/owner/repository/");
    let output = script.arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    Some(names(&repository("charts")).unwrap())
}

/// They are pushed beside the modules, which have the same names, and printed as what can be signed.
#[test]
fn a_chart_is_pushed_to_a_registry_and_named_by_its_digest() {
    let packages = tempfile::tempdir().unwrap();
    let Some(open) = Registry::open().unwrap() else {
        return eprintln!("docker-registry is not installed: nothing was tried");
    };
    if pack_charts(packages.path()).is_none() {
        return;
    }
    let package = packages.path().join(format!("secret-data-{VERSION}.tgz"));
    let home = tempfile::tempdir().unwrap();
    let push = |registry: &Registry| {
        let to = format!("{}/policies/charts", registry.address());
        let mut script = Command::new(repository("tools/push-chart"));
        script.arg(&package).args([&to, "--plain-http"]);
        script.env("DOCKER_CONFIG", home.path());
        (script.output().unwrap(), to)
    };
    let (output, to) = push(&open);
    assert!(output.status.success(), "{}", printed(&output));
    let pushed = String::from_utf8(output.stdout).unwrap();
    let (name, digest) = pushed.trim_end().split_once('@').unwrap();
    assert_eq!(name, format!("{to}/secret-data"));
    // By the digest and by the version there is the same, and it is the package.
    let manifest = manifest(&open, "policies/charts/secret-data", digest);
    assert_eq!(
        manifest,
        self::manifest(&open, "policies/charts/secret-data", VERSION)
    );
    let layer = &manifest["layers"][0];
    assert_eq!(
        layer["mediaType"],
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    );
    assert_eq!(layer["digest"], format!("sha256:{}", sha256(&package)));

    // With what docker has, and not without.
    let closed = Registry::closed().unwrap().unwrap();
    let (output, _) = push(&closed);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    // USER and PASSWORD, as `docker login` writes them.
    let config = json!({"auths": {closed.address(): {"auth": "d3JlbjpvcGVuIHNlc2FtZQ=="}}});
    std::fs::write(home.path().join("config.json"), config.to_string()).unwrap();
    let (output, to) = push(&closed);
    let expected = format!("{to}/secret-data@{digest}\n");
    assert_eq!(printed(&output), expected);
}

fn manifest(registry: &Registry, name: &str, version: &str) -> Value {
    let url = format!(
        "http://{}/v2/{name}/manifests/{version}",
        registry.address()
    );
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--show-error", &url]);
    curl.args([
        "--header",
        "Accept: application/vnd.oci.image.manifest.v1+json",
    ]);
    let output = curl.output().unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Not all that was pushed is a module: `kwctl` gets those alone.
#[test]
fn the_commands_for_an_air_gap_take_the_modules_of_a_release() {
    let page = read(&repository("docs/airgap.md")).unwrap();
    let (_, block) = page.split_once("```sh\n").unwrap();
    let (commands, _) = block.split_once("```\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let one = "registry://registry.example.com/policies/one@sha256:1";
    let two = "registry://registry.example.com/policies/two@sha256:2";
    let pinned = format!(
        "{one}\n{two}\noci://registry.example.com/policies/charts/one@sha256:3\n\
         registry.example.com/policies/preflight@sha256:4\n"
    );
    std::fs::write(folder.path().join("pinned.txt"), pinned).unwrap();
    write_script(&folder.path().join("kwctl"), "echo \"$@\" >>calls");
    let path = std::env::var("PATH").unwrap();
    let mut sh = Command::new("sh");
    sh.args(["-e", "-c", commands]).current_dir(folder.path());
    sh.env("PATH", format!("{}:{path}", folder.path().display()));
    let output = sh.output().unwrap();
    assert_eq!(
        (output.status.code(), printed(&output)),
        (Some(0), String::new())
    );
    let to = "registry://registry.local:5000/policies";
    let calls = format!(
        "pull {one}\npull {two}\nsave --output policies.tar.gz {one} {two}\n\
         load --input policies.tar.gz\n\
         push {one} {to}/one:v{VERSION}\npush {two} {to}/two:v{VERSION}\n"
    );
    assert_eq!(read(&folder.path().join("calls")).unwrap(), calls);
}

/// Who answers is said once, in `Cargo.toml`.
#[test]
fn files_for_contributors_name_the_maintainers_and_the_place_of_the_project() {
    let project = Project::read().unwrap();
    let (_, address) = project.authors[0].split_once('<').unwrap();
    let address = address.trim_end_matches('>');
    let owners = read(&repository(".github/CODEOWNERS")).unwrap();
    let owners = owners.lines().filter(|line| !line.starts_with('#'));
    for line in owners.filter(|line| !line.is_empty()) {
        let (path, owner) = line.split_once(' ').unwrap();
        assert_eq!(owner.trim(), address, "{path}");
        let path = path.trim_matches('/');
        assert!(path == "*" || repository(path).exists(), "{path}");
    }
    let conduct = read(&repository("CODE_OF_CONDUCT.md")).unwrap();
    assert!(conduct.contains(address));

    let folder = repository(".github/ISSUE_TEMPLATE");
    let mut forms = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let form: Value = yaml::read(&read(&file).unwrap()).unwrap();
        let links = form["contact_links"].as_array().into_iter().flatten();
        for link in links {
            let url = link["url"].as_str().unwrap();
            assert!(url.starts_with(&project.repository), "{url}");
        }
        let Some(parts) = form["body"].as_array() else {
            continue;
        };
        forms += 1;
        for field in ["name", "description", "labels"] {
            assert!(!form[field].is_null(), "{}: {field}", file.display());
        }
        let ids: Vec<&Value> = parts
            .iter()
            .filter(|part| part["type"] != "markdown")
            .map(|part| &part["id"])
            .collect();
        let different: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(different.len(), ids.len(), "{}", file.display());
    }
    assert!(forms >= 3);
}
