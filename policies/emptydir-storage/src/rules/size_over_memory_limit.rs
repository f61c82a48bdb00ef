//! Memory volumes that a container cannot fill.

use std::fmt::Display;

use shared::index::{Index, hash};
use shared::kubernetes::containers::ContainerRef;
use shared::kubernetes::quantity::amount::{Amount, Size};
use shared::{Finding, Rule, Verdict, quote, rule};

use crate::pod::{Pod, Scratch};
use crate::settings::Settings;
use crate::views::{Container, Medium};

pub(crate) static RULE: Rule = rule! {
    id: "size_over_memory_limit",
    summary: "Volumes of `medium: Memory` that a container writes to, with as much as its memory limit or more",
    why: "What a container writes to them counts as its memory: it is OOMKilled before it reads \"no space left on device\"",
    fix: "lower sizeLimit, or raise the memory limit above the volumes",
    levels: [Warn by "sizeOverMemoryLimit"],
};

/// At most this many volumes are listed.
const MAX_LISTED: usize = 3;

/// Reports each such container. A mount that is read-only costs it nothing.
///
/// Source: "Memory backed emptyDir" in <https://kubernetes.io/docs/concepts/storage/volumes/>.
pub(crate) fn check(pod: &Pod<'_>, settings: &Settings, verdict: &mut Verdict) {
    for container in &pod.containers {
        let own = container.container.resources.memory.as_deref();
        let own = own.filter(|limit| limit.amount_or_zero().is_positive());
        let (limit, place): (_, &dyn Display) = match (own, pod.memory_limit) {
            (Some(limit), _) => (
                limit,
                &pod.field_of_container(container, "resources.limits.memory"),
            ),
            (None, Some(limit)) => (limit, &pod.memory_limit_field()),
            (None, None) => continue,
        };
        let volumes = written_by(container, pod);
        let sizes = volumes.iter().filter_map(|volume| volume.limit());
        let sum = sizes.fold(Amount::ZERO, |sum, size| sum.plus(size.amount_or_zero()));
        if volumes.is_empty() || sum < limit.amount_or_zero() {
            continue;
        }
        let level = settings.size_over_memory_limit;
        verdict.report_with(level, &|| finding(container, &volumes, limit, place));
    }
}

fn finding(
    container: &ContainerRef<'_, Container<'_>>,
    volumes: &[&Scratch<'_>],
    limit: &Size<'_>,
    place: &dyn Display,
) -> Finding {
    let name = container.container.name;
    let mut listed = String::new();
    for volume in volumes.iter().take(MAX_LISTED) {
        let size = volume.limit().map(ToString::to_string).unwrap_or_default();
        let comma = if listed.is_empty() { "" } else { ", " };
        let named = format!("{comma}{} ({size})", quote(volume.name));
        listed.push_str(&named);
    }
    if volumes.len() > MAX_LISTED {
        listed.push_str(" and others");
    }
    let reason = format!(
        "{limit} is no more than the memory volumes that container {} writes to may hold: {listed}. What is in them counts as \
         its memory, so it is OOMKilled before they are full",
        quote(name)
    );
    let names = volumes.iter().map(|volume| volume.name.to_owned());
    Finding::new(&RULE, place, reason)
        .known_as(name)
        .concerning(names.collect())
}

/// The memory volumes with a limit that a container may write to, each once.
fn written_by<'a, 'p>(
    container: &ContainerRef<'p, Container<'p>>,
    pod: &'a Pod<'p>,
) -> Vec<&'a Scratch<'p>> {
    let mounts = container.container.volume_mounts.iter();
    let names = mounts
        .filter(|mount| !mount.read_only)
        .map(|mount| mount.name);
    let names: Vec<&str> = names.collect();
    let index = Index::of(&mut names.iter().copied());
    let is_first = |(place, name): &(usize, &&str)| {
        let mut places = index.places(hash(0, name));
        places.find(|other| names.get(*other) == Some(*name)) == Some(*place)
    };
    let once = names.iter().enumerate().filter(is_first);
    let volumes = once.filter_map(|(_, name)| pod.volume(name));
    let is_memory = |volume: &&Scratch<'_>| {
        volume.medium == Medium::Memory && volume.is_mounted && volume.limit().is_some()
    };
    volumes.filter(is_memory).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{Review, places};

    use crate::EmptydirStorage;
    use crate::testing::{lines_of, of_spec, spec};

    fn volume(name: &str, size: &str) -> Value {
        json!({"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": size}})
    }

    /// A Deployment whose container `app` has a memory limit and these mounts.
    fn object(volumes: &[Value], mounts: &Value, limit: &str) -> Value {
        let resources = json!({"limits": {"memory": limit}});
        let app = json!({"name": "app", "volumeMounts": mounts, "resources": resources});
        of_spec(&json!({"volumes": volumes, "containers": [app]}))
    }

    #[test]
    fn names_the_container_and_the_volumes() {
        let both = json!([{"name": "a"}, {"name": "b"}]);
        let volumes = [volume("a", "512Mi"), volume("b", "0.5Gi")];
        assert_eq!(
            lines_of(&object(&volumes, &both, "1Gi"), &json!({})),
            [
                "warning: emptydir-storage: spec.template.spec.containers[0].resources.limits.memory: \"1Gi\" is no more than \
                 the memory volumes that container \"app\" writes to may hold: \"a\" (\"512Mi\"), \"b\" (\"0.5Gi\"). \
                 What is in them counts as its memory, so it is OOMKilled before they are full; fix: lower sizeLimit, or \
                 raise the memory limit above the volumes [size_over_memory_limit]"
            ]
        );
        assert_eq!(
            lines_of(&object(&volumes, &both, "1025Mi"), &json!({})),
            [""; 0]
        );
        let settings = json!({"sizeOverMemoryLimit": "off"});
        assert_eq!(
            lines_of(&object(&volumes, &both, "1Gi"), &settings),
            [""; 0]
        );
        let many: Vec<Value> = ["a", "b", "c", "d"].map(|name| volume(name, "1Gi")).into();
        let mounts: Value = ["a", "b", "c", "d"]
            .map(|name| json!({"name": name}))
            .into_iter()
            .collect();
        let found = lines_of(&object(&many, &mounts, "1Gi"), &json!({}));
        assert!(
            found[0].contains("\"c\" (\"1Gi\") and others. What"),
            "{found:?}"
        );
    }

    #[test]
    fn only_what_a_container_may_write_counts() {
        let one = [volume("v", "1Gi")];
        let place = [
            "warning: spec.template.spec.containers[0].resources.limits.memory [size_over_memory_limit]",
        ];
        let disk = [json!({"name": "v", "emptyDir": {"sizeLimit": "1Gi"}})];
        let unlimited = [json!({"name": "v", "emptyDir": {"medium": "Memory"}})];
        for (volumes, mounts, limit, expected) in [
            (&one, json!([{"name": "v"}]), "1Gi", &place[..]),
            (&one, json!([{"name": "v", "readOnly": true}]), "1Gi", &[]),
            (
                &one,
                json!([{"name": "v", "readOnly": true}, {"name": "v"}]),
                "1Gi",
                &place,
            ),
            // Mounted twice it is one volume.
            (
                &one,
                json!([{"name": "v", "subPath": "a"}, {"name": "v", "subPath": "b"}]),
                "2Gi",
                &[],
            ),
            (&one, json!([{"name": "w"}]), "1Gi", &[]),
            (&one, json!([{"name": "v"}]), "0", &[]),
            (&disk, json!([{"name": "v"}]), "1Gi", &[]),
            (&unlimited, json!([{"name": "v"}]), "1Gi", &[]),
        ] {
            let found = places(&lines_of(&object(volumes, &mounts, limit), &json!({})));
            let found: Vec<String> = found
                .into_iter()
                .filter(|line| !line.ends_with("[unbounded_memory]"))
                .collect();
            assert_eq!(found, expected, "{volumes:?} {mounts} {limit}");
        }
    }

    #[test]
    fn the_limit_of_the_pod_is_that_of_a_container_without_one() {
        let mut spec = spec(&json!({"medium": "Memory", "sizeLimit": "2Gi"}));
        spec["resources"] = json!({"limits": {"memory": "1Gi"}});
        let found = lines_of(&of_spec(&spec), &json!({}));
        let start = "warning: emptydir-storage: spec.template.spec.resources.limits.memory: \"1Gi\" is no more than the \
                     memory volumes that container \"app\" writes to may hold: \"v\" (\"2Gi\").";
        assert!(found.len() == 1 && found[0].starts_with(start), "{found:?}");
        let older = json!({"podLevelResources": false});
        assert_eq!(lines_of(&of_spec(&spec), &older), [""; 0]);
    }

    #[test]
    fn another_volume_is_new() {
        let volumes = [volume("a", "1Gi"), volume("b", "1Gi")];
        let old = object(&volumes, &json!([{"name": "a"}]), "1Gi");
        let deny = json!({"sizeOverMemoryLimit": "deny"});
        for (mounts, limit, accepted) in [
            (json!([{"name": "a"}]), "512Mi", true),
            (json!([{"name": "a"}, {"name": "b"}]), "1Gi", false),
        ] {
            let new = object(&volumes, &mounts, limit);
            let review = Review::update(&old, &new).with(deny.clone());
            assert_eq!(
                review.judge::<EmptydirStorage>().accepted,
                accepted,
                "{new}"
            );
        }
    }
}
