//! How serious each rule says that it is by default, which documents repeat, is what it is in the cases.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use bundle_tests::docs::rules::word;
use bundle_tests::settings;
use bundle_tests::{Answer, Case, Input, cases, policies};
use serde_json::Value;
use shared::settings::described::flat;

/// Rules that no case shows where nothing is set: they find nothing before something is set, or only what is larger
/// than a case should be. Where something is set, they show at their default level, too.
const NEED_SETTINGS: &[(&str, &[&str])] = &[
    ("emptydir-storage", &["missing_pod_spec"]),
    (
        "hostpath-mounts",
        &[
            "denied_path",
            "disallowed_type",
            "missing_pod_spec",
            "path_outside_allowed",
        ],
    ),
    (
        "nodeport-range",
        &[
            "automatic_port",
            "denied_port",
            "forbidden_node_port",
            "node_process_port",
        ],
    ),
    ("pod-disruption", &["missing_pod_spec"]),
    (
        "secret-data",
        &[
            "disallowed_type",
            "large_data",
            "oversized_data",
            "oversized_value",
            "too_many_keys",
        ],
    ),
    ("workload-references", &["missing_pod_spec"]),
];

/// The rules that compare an object with the one that is stored.
const ON_UPDATE: &[&str] = &[
    "immutable_change",
    "lost_pods",
    "lost_port",
    "removed_config",
    "removed_key",
    "reset_replicas",
];

/// The level of each rule that shows where a user creates an object, and not a controller of Kubernetes, for whom
/// refusals become warnings.
fn shown(
    policy: &str,
    wanted: impl Fn(Option<&Value>) -> bool,
) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let guest = policies::load(policy).unwrap();
    let (_, rules) = policies::RULES
        .iter()
        .find(|(name, _)| *name == policy)
        .unwrap();
    let mut shown: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (owner, name) in cases().unwrap() {
        if owner != policy {
            continue;
        }
        let case = Case::read(&owner, &name).unwrap();
        let Input::Request {
            request, settings, ..
        } = &case.input
        else {
            continue;
        };
        let user = request
            .pointer("/userInfo/username")
            .and_then(Value::as_str);
        let is_system = user.is_some_and(|name| name.starts_with("system:"));
        let is_create = request.get("operation") == Some(&Value::from("CREATE"));
        if !wanted(settings.as_ref()) || is_system {
            continue;
        }
        let Answer::Verdict(verdict) = case.ask(guest.as_ref()).unwrap() else {
            continue;
        };
        let response = verdict.response;
        for rule in *rules {
            if is_create == ON_UPDATE.contains(&rule.id) {
                continue;
            }
            let mark = format!(" [{}]", rule.id);
            let mut show = |line: &String, level| {
                if line.contains(&mark) {
                    shown.entry(rule.id).or_default().insert(level);
                }
            };
            response.message.iter().for_each(|line| show(line, "deny"));
            response.warnings.iter().for_each(|line| show(line, "warn"));
        }
    }
    shown
}

#[test]
fn every_rule_shows_at_its_default_levels_and_no_others() {
    for (policy, rules) in policies::RULES {
        let need = NEED_SETTINGS.iter().find(|(name, _)| name == policy);
        let need = need.map_or(&[][..], |(_, rules)| rules);
        let unset = shown(policy, |settings| settings.is_none());
        let set = shown(policy, |settings| settings.is_some());
        for rule in *rules {
            let levels: BTreeSet<&str> = rule
                .levels
                .iter()
                .map(|default| word(default.level))
                .collect();
            assert!(!levels.is_empty());
            // What is off shows at whatever level is set.
            if levels.contains("off") {
                assert_eq!(unset.get(rule.id), None, "{policy}: {}", rule.id);
                let on = BTreeSet::from(["deny", "warn"]);
                assert_eq!(set.get(rule.id), Some(&on), "{policy}: {}", rule.id);
                continue;
            }
            let shown = if need.contains(&rule.id) {
                assert_eq!(unset.get(rule.id), None, "{policy}: {}", rule.id);
                set.get(rule.id)
            } else {
                unset.get(rule.id)
            };
            assert_eq!(shown, Some(&levels), "{policy}: {}", rule.id);
        }
    }
}

#[test]
fn every_level_that_can_be_set_is_that_of_a_rule() {
    for (description, (policy, rules)) in settings::ALL.iter().zip(policies::RULES) {
        assert_eq!(description.policy, *policy);
        let all = (description.settings)();
        let levels: BTreeMap<String, String> = flat(all.settings())
            .into_iter()
            .filter(|(_, setting)| setting.kind.form.is_level())
            .map(|(path, setting)| {
                let default = setting.default.as_ref().and_then(Value::as_str);
                (path, default.unwrap().to_owned())
            })
            .collect();
        let mut named = BTreeSet::new();
        for rule in *rules {
            for default in rule
                .levels
                .iter()
                .filter(|default| !default.setting.is_empty())
            {
                let set = levels.get(default.setting);
                let set =
                    set.unwrap_or_else(|| panic!("{}: {} is no level", rule.id, default.setting));
                // What only might be wrong warns at most.
                let at_most = set == "deny" || set == word(default.level);
                assert!(at_most, "{}: {} is {set}", rule.id, default.setting);
                named.insert(default.setting.to_owned());
            }
        }
        assert_eq!(
            levels.into_keys().collect::<BTreeSet<_>>(),
            named,
            "{policy}"
        );
    }
}
