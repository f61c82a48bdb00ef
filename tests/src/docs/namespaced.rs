//! Which policies can be an `AdmissionPolicy`, which is for one namespace.

use policy_metadata::Metadata;

use super::markdown::{self, code};

/// What only a setting has looked up: without it, a policy needs no look-ups.
pub const OPTIONAL: [(&str, &str); 1] = [("hostpath-mounts", "followClaims")];

/// Resources of no namespace whose names do not begin with `cluster`.
const CLUSTER_WIDE: [&str; 2] = ["persistentvolumes", "sidecarsets"];

/// A row for each policy.
#[must_use]
pub fn table(policies: &[(String, Metadata)]) -> String {
    let row = |(name, metadata): &(String, Metadata)| {
        let optional = OPTIONAL.iter().find(|(policy, _)| policy == name);
        let can = match optional {
            _ if metadata.context_aware_resources.is_empty() => "yes".to_owned(),
            Some((_, setting)) => format!("yes, without {}", code(setting)),
            None => "no: it looks things up in the cluster".to_owned(),
        };
        let leave_out = if can.starts_with("yes") {
            cluster_wide(metadata).join(", ")
        } else {
            String::new()
        };
        [code(name), can, leave_out]
    };
    let rows: Vec<[String; 3]> = policies.iter().map(row).collect();
    markdown::table(
        [
            "policy",
            "as an `AdmissionPolicy`",
            "what to leave out of its `rules`",
        ],
        &rows,
    )
}

/// The resources in the rules of a policy that are in no namespace.
fn cluster_wide(metadata: &Metadata) -> Vec<String> {
    let resources = metadata.rules.iter().flat_map(|rule| &rule.resources);
    let mut found: Vec<String> = resources
        .filter(|resource| {
            resource.starts_with("cluster") || CLUSTER_WIDE.contains(&resource.as_str())
        })
        .map(|resource| code(resource))
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_looks_things_up_is_for_the_cluster() {
        let metadata = |resources: &str, looked_up: &str| {
            let text = format!(
                "rules: [{{apiGroups: [''], apiVersions: [v1], resources: [{resources}], operations: [CREATE]}}]\n\
                 mutating: false\nexecutionMode: kubewarden-wapc\ncontextAwareResources: [{looked_up}]\n"
            );
            Metadata::from_yaml(&text).unwrap()
        };
        let claim = "{apiVersion: v1, kind: PersistentVolumeClaim}";
        let policies = [
            (
                "hostpath-mounts".to_owned(),
                metadata("pods, persistentvolumes, clusterworkflows", claim),
            ),
            ("a".to_owned(), metadata("pods, persistentvolumes", claim)),
            ("b".to_owned(), metadata("pods", "")),
        ];
        assert_eq!(
            table(&policies),
            "| policy | as an `AdmissionPolicy` | what to leave out of its `rules` |\n\
             | --- | --- | --- |\n\
             | `hostpath-mounts` | yes, without `followClaims` | `clusterworkflows`, `persistentvolumes` |\n\
             | `a` | no: it looks things up in the cluster |  |\n\
             | `b` | yes |  |\n"
        );
    }
}
