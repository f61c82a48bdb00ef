//! The table of policies in the README of the bundle.

use policy_metadata::Metadata;

use super::markdown;

/// A row for each policy. Sizes are not in it: they differ between compilers, and one limit holds for all.
#[must_use]
pub fn table(policies: &[Metadata]) -> String {
    let row = |metadata: &Metadata| {
        let annotation = |name: &str| {
            let value = metadata
                .annotations
                .get(&format!("io.kubewarden.policy.{name}"));
            value.cloned().unwrap_or_default()
        };
        let name = annotation("title");
        let asks = if metadata.context_aware_resources.is_empty() {
            "no"
        } else {
            "yes"
        };
        [
            format!("[{name}](policies/{name}/README.md)"),
            annotation("description"),
            annotation("severity"),
            asks.to_owned(),
        ]
    };
    let rows: Vec<[String; 4]> = policies.iter().map(row).collect();
    markdown::table(
        ["policy", "what it does", "severity", "looks things up"],
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            table(&[Metadata::from_yaml(text).unwrap()]),
            "| policy | what it does | severity | looks things up |\n\
             | --- | --- | --- | --- |\n\
             | [web](policies/web/README.md) | Refuses webs | low | yes |\n"
        );
    }
}
