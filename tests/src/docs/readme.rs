//! The shape that the READMEs of all policies have.

/// The headings of every README, in their order. Sections of the policy's own stand between [`OWN`] and the next.
pub const HEADINGS: &[&str] = &[
    "A refusal",
    "Settings",
    "Every setting",
    "Rules",
    "Access to the cluster",
    "Limits",
    "Compared with Kubernetes",
];

/// The heading behind which a policy has sections of its own.
pub const OWN: &str = "Access to the cluster";

/// What is wrong with the headings of a README.
pub fn check_headings(readme: &str) -> Result<(), String> {
    let found = || readme.lines().filter_map(|line| line.strip_prefix("## "));
    let common: Vec<&str> = found()
        .filter(|heading| HEADINGS.contains(heading))
        .collect();
    if common != HEADINGS {
        return Err(format!(
            "has the headings {common:?} instead of {HEADINGS:?}"
        ));
    }
    let behind = found().skip_while(|heading| *heading != OWN).skip(1);
    let own: Vec<&str> = behind.take_while(|heading| *heading != "Limits").collect();
    match found().find(|heading| !HEADINGS.contains(heading) && !own.contains(heading)) {
        Some(stray) => Err(format!("{stray:?} does not stand behind {OWN:?}")),
        None => Ok(()),
    }
}

/// The sample of settings: the YAML behind the heading `Settings`.
#[must_use]
pub fn sample(readme: &str) -> Option<&str> {
    let (_, section) = readme.split_once("\n## Settings\n")?;
    let (_, yaml) = section.split_once("\n```yaml\n")?;
    let (sample, _) = yaml.split_once("\n```\n")?;
    Some(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_in_one_order() {
        let page = |headings: &[&str]| {
            let sections = headings.iter().map(|heading| format!("## {heading}\n"));
            sections.collect::<Vec<_>>().join("\n")
        };
        let mut headings = HEADINGS.to_vec();
        assert_eq!(check_headings(&page(&headings)), Ok(()));
        headings.insert(5, "Who chose a number");
        assert_eq!(check_headings(&page(&headings)), Ok(()));
        headings.insert(1, "Why");
        assert_eq!(
            check_headings(&page(&headings)).unwrap_err(),
            "\"Why\" does not stand behind \"Access to the cluster\""
        );
        headings.swap(0, 2);
        assert!(check_headings(&page(&headings)).is_err());
    }

    #[test]
    fn a_sample_is_the_yaml_of_its_section() {
        let readme =
            "# a\n\n```yaml\nb: 1\n```\n\n## Settings\n\nAll.\n\n```yaml\nc: 1\nd: 2\n```\n\n";
        assert_eq!(sample(readme), Some("c: 1\nd: 2"));
        assert_eq!(sample("## Settings\n"), None);
    }
}
