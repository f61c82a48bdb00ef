//! Which folders are applied to different clusters.
//!
//! A repository holds the manifests of several environments, such as `overlays/dev` and `overlays/prod`. What is in two of
//! them never meets. What they have in common, such as `base` or `overlays/common`, is in all of them.

/// Each folder in one of these is an environment.
const PARENTS: &[&str] = &[
    "clusters",
    "env",
    "environments",
    "envs",
    "overlays",
    "stages",
];

/// Folders of these names are environments wherever they are.
const NAMES: &[&str] = &[
    "dev",
    "development",
    "preprod",
    "preproduction",
    "pre-production",
    "prod",
    "production",
    "qa",
    "sandbox",
    "stage",
    "staging",
    "test",
    "testing",
    "uat",
];

/// What all environments have in common, also where each folder beside it is one.
const COMMON: &[&str] = &["all", "base", "common", "global", "shared"];

/// The parts of a path.
pub(crate) fn parts(path: &str) -> Vec<&str> {
    let parts = path.split(['/', '\\']);
    parts.filter(|part| !matches!(*part, "" | ".")).collect()
}

/// The folders on the way to a file.
fn folders(file: &str) -> Vec<&str> {
    let mut folders = parts(file);
    folders.pop();
    folders
}

/// The first folder that is an environment. `above` is the one that the first is in.
fn environment<'a>(folders: &[&'a str], mut above: &'a str) -> Option<&'a str> {
    for folder in folders {
        let is_one = PARENTS.contains(&above) && !COMMON.contains(folder);
        if is_one || NAMES.contains(folder) {
            return Some(folder);
        }
        above = folder;
    }
    None
}

/// Whether two files may be applied to one cluster: not where their paths part in folders of different environments.
#[must_use]
pub fn may_be_one(file: &str, other: &str) -> bool {
    file == other || may_be_of_one(&folders(file), &folders(other))
}

/// The same of what is in two folders.
pub(crate) fn may_be_of_one(one: &[&str], other: &[&str]) -> bool {
    let common = common(one, other);
    let above = common.checked_sub(1).and_then(|last| one.get(last));
    let above = above.copied().unwrap_or_default();
    let rest = |folders: &[&'_ str]| -> Option<String> {
        let rest = folders.get(common..).unwrap_or_default();
        environment(rest, above).map(ToOwned::to_owned)
    };
    match (rest(one), rest(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// How many folders two ways have in common, from the top.
pub(crate) fn common(one: &[&str], other: &[&str]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_that_differ_are_different_clusters() {
        for (file, other, expected) in [
            ("overlays/dev/a.yaml", "overlays/prod/a.yaml", false),
            ("overlays/eu/a.yaml", "overlays/us/b/a.yaml", false),
            ("apps/dev/a.yaml", "apps/prod/a.yaml", false),
            ("dev/a.yaml", "clusters/prod/a.yaml", false),
            ("clusters\\a\\dev\\x.yaml", "clusters/b/dev/x.yaml", false),
            (
                "/home/dev/x/overlays/a/x.yaml",
                "/home/dev/x/overlays/b/x.yaml",
                false,
            ),
            // One environment, or none.
            ("api/overlays/dev/a.yaml", "web/overlays/dev/a.yaml", true),
            ("overlays/prod/eu/a.yaml", "overlays/prod/us/a.yaml", true),
            ("dev/api/a.yaml", "./dev/web/a.yaml", true),
            ("base/a.yaml", "overlays/prod/a.yaml", true),
            ("base/a.yaml", "other/a.yaml", true),
            ("overlays/common/a.yaml", "overlays/prod/a.yaml", true),
            ("clusters/all/dev/a.yaml", "clusters/all/prod/a.yaml", false),
            ("overlays/a.yaml", "overlays/b.yaml", true),
            ("dev.yaml", "prod.yaml", true),
            ("-", "-", true),
        ] {
            assert_eq!(may_be_one(file, other), expected, "{file} {other}");
            assert_eq!(may_be_one(other, file), expected, "{other} {file}");
        }
    }
}
