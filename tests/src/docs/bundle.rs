//! The table of policies in the README of the bundle.

use std::collections::BTreeMap;

use policy_metadata::Metadata;

use super::markdown;

/// The bytes of each module, by the page that `make bench` writes: the ones of another compiler differ by some percent.
#[must_use]
pub fn sizes(benchmarks: &str) -> BTreeMap<&str, usize> {
    let modules = benchmarks.split_once("### Modules\n");
    let rows = modules.into_iter().flat_map(|(_, rest)| {
        let table = rest.split("\n###").next().unwrap_or_default();
        table.lines().filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            Some((cells.next()?, cells.next()?.parse().ok()?))
        })
    });
    rows.collect()
}

/// What stands in the second column for each policy, so that a translation can be kept.
#[must_use]
pub fn descriptions(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| [")?.split(" | ");
        let (name, _) = cells.next()?.split_once(']')?;
        let description = cells.next()?.trim_end_matches([' ', '|']);
        Some((name.to_owned(), description.to_owned()))
    });
    rows.collect()
}

/// A row for each policy. A description that is given counts in place of the one in the metadata.
#[must_use]
pub fn table(
    head: [&str; 5],
    policies: &[Metadata],
    descriptions: &BTreeMap<String, String>,
    sizes: &BTreeMap<&str, usize>,
) -> String {
    let row = |metadata: &Metadata| {
        let annotation = |name: &str| {
            let value = metadata
                .annotations
                .get(&format!("io.kubewarden.policy.{name}"));
            value.cloned().unwrap_or_default()
        };
        let name = annotation("title");
        let asks = !metadata.context_aware_resources.is_empty();
        let description = descriptions.get(&name).cloned();
        let size = sizes.get(name.as_str());
        [
            format!("[{name}](policies/{name}/README.md)"),
            description.unwrap_or_else(|| annotation("description")),
            annotation("severity"),
            if asks { "✓" } else { "" }.to_owned(),
            size.map_or_else(String::new, |size| format!("{} KB", size.div_ceil(1000))),
        ]
    };
    let rows: Vec<[String; 5]> = policies.iter().map(row).collect();
    markdown::table(head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCHMARKS: &str = "
### Modules

| module | wasm, bytes | code |
| --- | ---: | ---: |
| floor | 22632 | 20050 |
| web | 123456 | 115494 |

### Reviews

| web | 7 |
";

    #[test]
    fn a_row_says_what_a_policy_does() {
        let text = "
rules: []
mutating: false
executionMode: kubewarden-wapc
contextAwareResources:
- {apiVersion: v1, kind: Pod}
annotations:
  io.kubewarden.policy.title: web
  io.kubewarden.policy.description: Refuses webs
  io.kubewarden.policy.severity: low
";
        let head = [
            "policy",
            "what it does",
            "severity",
            "looks things up",
            "wasm",
        ];
        let policies = [Metadata::from_yaml(text).unwrap()];
        let head_line = "| policy | what it does | severity | looks things up | wasm |\n| --- | --- | --- | --- | --- |\n";
        for (page, described) in [
            ("", "Refuses webs"),
            ("| [web](a) | 그물 거부 |", "그물 거부"),
            ("| [web](a) | 그물 거부 | low |", "그물 거부"),
        ] {
            let row =
                format!("| [web](policies/web/README.md) | {described} | low | ✓ | 124 KB |\n");
            assert_eq!(
                table(head, &policies, &descriptions(page), &sizes(BENCHMARKS)),
                format!("{head_line}{row}")
            );
        }
    }
}
