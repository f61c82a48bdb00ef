//! A list of volumes that lacks one, or has one that is not there.

use shared::index::{Index, hash};
use shared::{Finding, Rule, Verdict, quote, rule};

use crate::annotations::LOCAL_VOLUMES;
use crate::settings::Settings;
use crate::template::Template;

pub(crate) static RULE: Rule = rule! {
    id: "unlisted_volume",
    summary: "A list in `safe-to-evict-local-volumes` that lacks a local volume of the pod, or has a name that none of its \
              volumes has",
    why: "A single local volume that is not listed keeps the node, whatever else is listed",
    fix: "list the names of all volumes of type emptyDir and hostPath",
    levels: [Warn by "unlistedVolume"],
};

/// Reports each.
pub(crate) fn check(
    list: &str,
    template: &Template<'_>,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let listed: Vec<&str> = list.split(',').map(str::trim).collect();
    let by_name = Index::of(&mut listed.iter().copied());
    let is_listed = |name: &str| {
        let mut places = by_name.places(hash(0, name));
        places.any(|place| listed.get(place) == Some(&name))
    };
    let place = template.mark("annotations", LOCAL_VOLUMES);
    for volume in &template.volumes {
        let Some(kind) = volume.local.filter(|_| !is_listed(volume.name)) else {
            continue;
        };
        let name = quote(volume.name);
        verdict.report_with(settings.unlisted_volume, &|| {
            let reason =
                format!("does not list {kind} volume {name}, which keeps the node all the same");
            Finding::new(&RULE, &place, reason).fix(format!("add {}", volume.name))
        });
    }
    for name in listed {
        if name.is_empty() || template.named(name).is_some() {
            continue;
        }
        verdict.report_with(settings.unlisted_volume, &|| {
            let reason = format!("lists {}, which is the name of no volume here", quote(name));
            let finding = Finding::new(&RULE, &place, reason);
            finding.fix("correct the name, unless something adds the volume to the pods")
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::annotations::LOCAL_VOLUMES;
    use crate::testing::{deployment, disk, lines};

    #[test]
    fn one_volume_is_enough_to_keep_the_node() {
        let volumes = json!([
            disk("a"), {"name": "b", "hostPath": {"path": "/b"}}, {"name": "c", "configMap": {"name": "c"}},
            {"name": "d", "emptyDir": {"medium": "Memory"}}, {"name": "e"},
            {"name": "f", "emptyDir": {"medium": "HugePages"}},
        ]);
        let lacks = |kind: &str, name: &str| {
            format!(
                "does not list {kind} volume \"{name}\", which keeps the node all the same; fix: add {name} [unlisted_volume]"
            )
        };
        let has = |name: &str| {
            format!(
                "lists \"{name}\", which is the name of no volume here; fix: correct the name, unless something adds the \
                 volume to the pods [unlisted_volume]"
            )
        };
        for (list, expected) in [
            ("a,b,e,f", vec![]),
            ("a,b,e,f,c,d,", vec![]),
            ("a,e,f", vec![lacks("hostPath", "b")]),
            ("a,b,f", vec![lacks("emptyDir", "e")]),
            ("a,b,e,f,datadog", vec![has("datadog")]),
            (
                "true",
                vec![
                    lacks("emptyDir", "a"),
                    lacks("hostPath", "b"),
                    lacks("emptyDir", "e"),
                    lacks("emptyDir", "f"),
                    has("true"),
                ],
            ),
        ] {
            let object = deployment(&json!({"annotations": {LOCAL_VOLUMES: list}}), &volumes);
            let place = format!("spec.template.metadata.annotations[\"{LOCAL_VOLUMES}\"]");
            let expected: Vec<String> = expected
                .iter()
                .map(|line| format!("warning: pod-disruption: {place}: {line}"))
                .collect();
            assert_eq!(lines(&object, &json!({})), expected, "{list}");
            assert_eq!(lines(&object, &json!({"unlistedVolume": "off"})), [""; 0]);
        }
    }

    #[test]
    fn a_claim_takes_the_place_of_a_volume() {
        let mut object = deployment(
            &json!({"annotations": {LOCAL_VOLUMES: "a"}}),
            &json!([disk("a"), disk("b")]),
        );
        object["kind"] = json!("StatefulSet");
        object["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "b"}}]);
        assert_eq!(lines(&object, &json!({})), [""; 0]);
        // The pods have a volume of each claim. Source: `updateStorage` in
        // `pkg/controller/statefulset/stateful_set_utils.go`.
        object["spec"]["template"]["metadata"]["annotations"][LOCAL_VOLUMES] = json!("a,b,c");
        object["spec"]["volumeClaimTemplates"] =
            json!([{"metadata": {"name": "b"}}, {"metadata": {"name": "c"}}]);
        assert_eq!(lines(&object, &json!({})), [""; 0]);
    }
}
