//! The table of policies in the README of the bundle.

use std::collections::BTreeMap;

use policy_metadata::Metadata;

use super::markdown;

/// Which policies are about one thing. Each [`Language`] has the words for it.
const GROUPS: [&[&str]; 6] = [
    &["hpa-target-requests", "hpa-vpa-overlap", "hpa-replicas"],
    &["secret-data"],
    &["nodeport-range", "service-routes"],
    &["hostpath-mounts", "emptydir-storage"],
    &["pod-disruption"],
    &["workload-references"],
];

/// The words of a page.
pub struct Language {
    head: [&'static str; 4],
    groups: [&'static str; GROUPS.len()],
    /// Whether the descriptions are those of the metadata. In another language they stand in the page alone.
    is_original: bool,
}

/// The language of the metadata.
pub const ENGLISH: Language = Language {
    head: ["about", "policy", "what it does", "needs cluster lookups"],
    groups: [
        "autoscaling",
        "data",
        "network",
        "storage",
        "disruption",
        "workloads",
    ],
    is_original: true,
};

/// The language of the translation.
pub const KOREAN: Language = Language {
    head: ["분야", "정책", "하는 일", "클러스터 조회"],
    groups: [
        "오토스케일링",
        "데이터",
        "네트워크",
        "스토리지",
        "중단",
        "워크로드",
    ],
    is_original: false,
};

/// What a page says of each policy, so that a translation is kept.
#[must_use]
pub fn descriptions(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter_map(|line| {
        let (_, row) = line.strip_prefix("| ")?.split_once('[')?;
        let (name, rest) = row.split_once("](policies/")?;
        let description = rest.split(" | ").nth(1)?;
        Some((name.to_owned(), description.to_owned()))
    });
    rows.collect()
}

/// A row for each policy, in groups. `translated` has the descriptions of another language than the metadata's.
///
/// # Errors
///
/// When a policy is in no group, or a group has a policy that there is not.
pub fn table(
    language: &Language,
    policies: &[Metadata],
    translated: &BTreeMap<String, String>,
) -> Result<String, String> {
    let annotation = |metadata: &Metadata, name: &str| {
        let value = metadata
            .annotations
            .get(&format!("io.kubewarden.policy.{name}"));
        value.cloned().unwrap_or_default()
    };
    let mut rows = Vec::new();
    for (names, about) in GROUPS.iter().zip(language.groups) {
        for (place, name) in names.iter().enumerate() {
            let metadata = policies
                .iter()
                .find(|metadata| annotation(metadata, "title") == **name)
                .ok_or_else(|| format!("there is no policy {name}"))?;
            let description = match translated.get(*name) {
                Some(translated) if !language.is_original => translated.clone(),
                _ => annotation(metadata, "description"),
            };
            let asks = !metadata.context_aware_resources.is_empty();
            rows.push([
                if place == 0 { about } else { "" }.to_owned(),
                format!("[{name}](policies/{name}/README.md)"),
                description,
                if asks { "✓" } else { "" }.to_owned(),
            ]);
        }
    }
    if rows.len() != policies.len() {
        return Err("a policy is in no group of the README".to_owned());
    }
    Ok(markdown::table(language.head, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(title: &str) -> Metadata {
        let text = format!(
            "rules: []\nmutating: false\nexecutionMode: kubewarden-wapc\n\
             contextAwareResources:\n- {{apiVersion: v1, kind: Pod}}\n\
             annotations:\n  io.kubewarden.policy.title: {title}\n  \
             io.kubewarden.policy.description: Refuses {title}\n"
        );
        Metadata::from_yaml(&text).unwrap()
    }

    #[test]
    fn rows_stand_in_groups_and_keep_a_translation() {
        let names = GROUPS.iter().flat_map(|names| names.iter());
        let mut policies: Vec<Metadata> = names.map(|name| metadata(name)).collect();
        let page = "| 스토리지 | [hostpath-mounts](policies/hostpath-mounts/README.md) | 마운트 거부 | ✓ |\n";
        let translated = descriptions(page);
        for (language, row) in [
            (
                &ENGLISH,
                "| storage | [hostpath-mounts](policies/hostpath-mounts/README.md) | Refuses hostpath-mounts | ✓ |\n",
            ),
            (&KOREAN, page),
        ] {
            let table = table(language, &policies, &translated).unwrap();
            assert!(table.contains(row), "{table}");
            assert_eq!(table.lines().count(), 2 + policies.len());
        }
        let second = "\n|  | [hpa-vpa-overlap](policies/hpa-vpa-overlap/README.md) | Refuses hpa-vpa-overlap | ✓ |\n";
        assert!(
            table(&ENGLISH, &policies, &translated)
                .unwrap()
                .contains(second)
        );
        policies.push(metadata("other"));
        assert!(table(&ENGLISH, &policies, &translated).is_err());
        policies.drain(..2);
        assert!(table(&ENGLISH, &policies, &translated).is_err());
    }
}
