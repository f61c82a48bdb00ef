//! A path that another one of the same Ingress hides.

use shared::index::{Index, hash};
use shared::{Finding, Level, Rule, Verdict, quote, rule};

use crate::names::told;
use crate::views::{Backend, Ingress, Path};

pub(crate) static RULE: Rule = rule! {
    id: "shadowed_path",
    summary: "A path that the Ingress has twice for one host and path type, with different backends",
    why: "Some controllers, such as ingress-nginx, take the first one, others the last, and the other backend never gets a request",
    fix: "remove one of the two",
    levels: [Deny],
};

/// Refuses each path that was there before with another backend. Conditions in annotations of the AWS controller tell
/// equal paths apart, as do its actions.
pub(crate) fn check(ingress: &Ingress<'_>, verdict: &mut Verdict) {
    if ingress.has_conditions {
        return;
    }
    let hashes: Vec<u64> = ingress.paths.iter().map(key).collect();
    let index = Index::new(&hashes);
    for (path, hash) in ingress.paths.iter().zip(&hashes) {
        let mut same = index
            .places(*hash)
            .filter_map(|place| ingress.paths.get(place));
        let is_same = |other: &&Path<'_>| {
            (other.host, other.path_type, own(other)) == (path.host, path.path_type, own(path))
                && !other.backend.is_by_annotation()
        };
        let Some(first) = same
            .find(is_same)
            .filter(|first| first.backend != path.backend)
        else {
            continue;
        };
        if path.backend.is_by_annotation() {
            continue;
        }
        verdict.report_with(Level::Deny, &|| {
            let (own_path, backend) = (quote(path.path), told_backend(&path.backend));
            let reason = format!(
                "{own_path} of host {} leads to {} already, so {backend} may never get a request",
                quote(path.host),
                told_backend(&first.backend),
            );
            Finding::new(&RULE, &path.place("path"), reason)
                .known_as(format!("{own_path} {backend}"))
                .fix(format!("remove it, or {}", first.place("path")))
        });
    }
}

/// A path as it counts: a prefix ends with a slash or not. Source: `PathType` in `pkg/apis/networking/types.go`.
#[inline(never)]
fn own<'a>(path: &Path<'a>) -> &'a str {
    match path.path_type {
        "Prefix" => path.path.trim_end_matches('/'),
        _ => path.path,
    }
}

fn key(path: &Path<'_>) -> u64 {
    hash(hash(hash(0, path.host), path.path_type), own(path))
}

#[inline(never)]
fn told_backend(backend: &Backend<'_>) -> String {
    match backend.port {
        Some(port) => format!("{} port {}", quote(backend.service), told(port)),
        None => quote(backend.resource).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::Review;

    use crate::ServiceRoutes;
    use crate::testing::fixes;

    /// What is said of an Ingress with a rule for each of these: host, path, type and Service.
    fn lines(paths: &[[&str; 4]]) -> Vec<String> {
        let rule = |[host, path, path_type, service]: &[&str; 4]| {
            let port = match *service {
                "by-annotation" => json!({"name": "use-annotation"}),
                _ => json!({"number": 80}),
            };
            let backend = json!({"service": {"name": service, "port": port}});
            json!({"host": host, "http": {"paths": [{"path": path, "pathType": path_type, "backend": backend}]}})
        };
        let rules: Vec<Value> = paths.iter().map(rule).collect();
        let object = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "shop", "namespace": "shop"},
            "spec": {"ingressClassName": "nginx", "rules": rules},
        });
        Review::create(&object).lines::<ServiceRoutes>()
    }

    #[test]
    fn a_path_is_hidden_by_the_first_one_of_its_host_and_type() {
        let first = ["a.example.com", "/a", "Prefix", "web"];
        let hidden = |index: usize| {
            format!(
                "spec.rules[{index}].http.paths[0].path: remove it, or spec.rules[0].http.paths[0].path"
            )
        };
        for (others, expected) in [
            (
                vec![["a.example.com", "/a", "Prefix", "api"]],
                vec![hidden(1)],
            ),
            (
                vec![["a.example.com", "/a/", "Prefix", "api"]],
                vec![hidden(1)],
            ),
            (
                vec![
                    ["a.example.com", "/a", "Prefix", "api"],
                    ["a.example.com", "/a", "Prefix", "api"],
                ],
                vec![hidden(1), hidden(2)],
            ),
            (vec![["a.example.com", "/a", "Prefix", "web"]], vec![]),
            (vec![["b.example.com", "/a", "Prefix", "api"]], vec![]),
            (vec![["a.example.com", "/b", "Prefix", "api"]], vec![]),
            (vec![["a.example.com", "/a", "Exact", "api"]], vec![]),
            (
                vec![["a.example.com", "/a", "Prefix", "by-annotation"]],
                vec![],
            ),
        ] {
            let mut paths = vec![first];
            paths.extend(others);
            assert_eq!(fixes(&lines(&paths)), expected, "{paths:?}");
        }
        // Only of a prefix a slash at the end does not count.
        let exact = [
            ["a.example.com", "/a", "Exact", "web"],
            ["a.example.com", "/a/", "Exact", "api"],
        ];
        assert_eq!(lines(&exact), [""; 0]);
    }

    #[test]
    fn both_backends_are_named() {
        let paths = [
            ["a.example.com", "/a", "Exact", "web"],
            ["a.example.com", "/a", "Exact", "api"],
        ];
        assert_eq!(
            lines(&paths),
            [
                "spec.rules[1].http.paths[0].path: \"/a\" of host \"a.example.com\" leads to \"web\" port 80 already, so \"api\" \
                 port 80 may never get a request; fix: remove it, or spec.rules[0].http.paths[0].path [shadowed_path]"
            ]
        );
    }
}
