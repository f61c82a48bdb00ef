//! A value that no variable can have.

use shared::{Level, Rule, Verdict, quote, rule};

use super::{Found, Said, note};
use crate::pod::Pod;
use crate::reference::Use;
use crate::settings::Settings;
use crate::values::{Flaw, Flaws, is_replaced};

pub(crate) static RULE: Rule = rule! {
    id: "unusable_variable",
    summary: "A variable whose value has a NUL byte, or that has more than 131071 bytes with its name",
    why: "No process can be started with it, so that the container never starts",
    fix: "mount it as a file",
    levels: [Deny by "unfit.variables"],
};

/// The most bytes of `NAME=VALUE`, with a NUL behind them: 32 pages of 4 KiB.
/// Source: `MAX_ARG_STRLEN` in `include/uapi/linux/binfmts.h` of Linux.
const MAX_BYTES: usize = 131_071;

/// What is told of values with a NUL byte, and of those that are too long.
const PROBLEMS: [&str; 2] = [
    "has a NUL byte, which no variable can have",
    "is too long for a variable, which has at most 131071 bytes with its name",
];

/// Refuses each, without a byte of the value, and without its length.
pub(crate) fn check(found: &Found<'_>, flaws: &Flaws<'_>, verdict: &mut Verdict) {
    let level = found.judging.settings.unfit.variables;
    let [has_nul, is_long] = PROBLEMS;
    let never = "never starts";
    report(
        &RULE,
        level,
        has_nul,
        never,
        found,
        flaws,
        &|flaw, _| flaw.has_nul,
        verdict,
    );
    let is_too_long = |flaw: Flaw, name: usize| !flaw.has_nul && name + 1 + flaw.length > MAX_BYTES;
    report(
        &RULE,
        level,
        is_long,
        never,
        found,
        flaws,
        &is_too_long,
        verdict,
    );
}

/// The same of what is written in the pod.
pub(crate) fn check_written(pod: &Pod<'_>, settings: &Settings, verdict: &mut Verdict) {
    let [has_nul, is_long] = PROBLEMS;
    for found in &pod.containers {
        let container = found.container;
        for (index, variable) in container.env.iter().enumerate() {
            let (name, value) = (variable.name, variable.value);
            let problem = if value.bytes().any(|byte| byte == 0) {
                has_nul
            } else if name.len() + 1 + value.len() > MAX_BYTES
                // Another variable in it may make it shorter.
                && !value.bytes().any(|byte| byte == b'$')
            {
                is_long
            } else {
                continue;
            };
            let place = pod.place().item(found.list, found.index).item("env", index);
            if !is_replaced(container, name, index + 1) {
                let what = format!("the value {problem}");
                let consequence = format!(", so container {} never starts", quote(container.name));
                let (level, place) = (settings.unfit.variables, place.field("value"));
                note(&RULE, level, &place, &what, &consequence, "", &[], verdict);
            }
        }
    }
}

/// Reports values with a problem.
#[expect(
    clippy::too_many_arguments,
    reason = "two rules say the same in other words"
)]
pub(crate) fn report(
    rule: &'static Rule,
    level: Level,
    problem: &str,
    starts: &str,
    found: &Found<'_>,
    flaws: &Flaws<'_>,
    is_flawed: &dyn Fn(Flaw, usize) -> bool,
    verdict: &mut Verdict,
) {
    flaws.each(found, is_flawed, &mut |key, references| {
        let Some(Use::Variable { container, .. } | Use::Variables { container, .. }) =
            references.first().map(|first| first.used)
        else {
            return;
        };
        let said = Said {
            level,
            is_of_key: true,
            ..Said::new(
                rule,
                format!("has a key {} that {problem}", quote(key)),
                format!(", so container {} {starts}", quote(container.name)),
            )
        };
        found.tell(&said, references, verdict);
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{config_map, lines, places_in, secret};

    fn of_key(kind: &str, name: &str, key: &str) -> Value {
        json!({"name": "V", "valueFrom": {kind: {"name": name, "key": key}}})
    }

    fn with(container: &Value) -> Value {
        let mut container = container.clone();
        container["name"] = json!("app");
        json!({"containers": [container]})
    }

    #[test]
    fn no_byte_of_a_value_is_told() {
        let db = secret(
            "db",
            "Opaque",
            json!({"k": "YQBi", "fine": "YWI=", "broken": "Y"}),
        );
        let spec = with(
            &json!({"env": [of_key("secretKeyRef", "db", "k"), of_key("secretKeyRef", "db", "fine")]}),
        );
        // Of one name only the last value counts.
        assert_eq!(lines(&spec, std::slice::from_ref(&db), &json!({})), [""; 0]);
        let spec = with(
            &json!({"env": [of_key("secretKeyRef", "db", "broken"), of_key("secretKeyRef", "db", "k")]}),
        );
        assert_eq!(
            lines(&spec, &[db], &json!({})),
            [
                "spec.template.spec.containers[0].env[1].valueFrom.secretKeyRef.key: Secret \"db\" has a key \"k\" \
                 that has a NUL byte, which no variable can have, so container \"app\" never starts; fix: mount it as \
                 a file [unusable_variable]"
            ]
        );
    }

    #[test]
    fn name_and_value_have_a_longest_length() {
        for (name, length, findings) in [
            ("V", 131_069, 0),
            ("V", 131_070, 1),
            ("LONGER", 131_065, 1),
            ("V", 99_999, 0),
        ] {
            let big = config_map(
                "web",
                json!({"V": "x".repeat(length), "LONGER": "x".repeat(length)}),
            );
            let mut variable = of_key("configMapKeyRef", "web", "V");
            variable["name"] = json!(name);
            let found = places_in(
                &with(&json!({"env": [variable]})),
                std::slice::from_ref(&big),
                &json!({}),
            );
            let place = "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key [unusable_variable]";
            assert_eq!(found, vec![place; findings], "{name} {length}");
            let literal = json!({"env": [{"name": name, "value": "x".repeat(length)}]});
            let place = "spec.template.spec.containers[0].env[0].value [unusable_variable]";
            assert_eq!(
                places_in(&with(&literal), &[], &json!({})),
                vec![place; findings]
            );
        }
        let expanded = format!("$(A){}", "x".repeat(140_000));
        let literal = |value: &str| with(&json!({"env": [{"name": "V", "value": value}]}));
        assert_eq!(lines(&literal(&expanded), &[], &json!({})), [""; 0]);
        assert_eq!(lines(&literal("a\0b"), &[], &json!({})).len(), 1);
        let prefixed = json!({"envFrom": [{"prefix": "P_", "configMapRef": {"name": "web"}}]});
        for (length, findings) in [(131_067, 0), (131_068, 1)] {
            let big = config_map("web", json!({"V": "x".repeat(length)}));
            let found = places_in(&with(&prefixed), &[big], &json!({}));
            let place =
                "spec.template.spec.containers[0].envFrom[0].configMapRef.name [unusable_variable]";
            assert_eq!(found, vec![place; findings], "{length}");
        }
    }

    #[test]
    fn only_the_last_value_counts() {
        let big = config_map("big", json!({"BIG": "x".repeat(140_000)}));
        let small = config_map("small", json!({"BIG": "x", "P_BIG": "x"}));
        let there = [big, small];
        let import =
            |name: &str, prefix: &str| json!({"prefix": prefix, "configMapRef": {"name": name}});
        let variable = |optional: bool| json!({"name": "BIG", "valueFrom": {"configMapKeyRef": {"name": "small", "key": "BIG", "optional": optional}}});
        for (container, findings) in [
            (json!({"envFrom": [import("big", "")]}), 1),
            (
                json!({"envFrom": [import("big", "")], "env": [{"name": "BIG", "value": "x"}]}),
                0,
            ),
            (
                json!({"envFrom": [import("big", "")], "env": [{"name": "OTHER", "value": "x"}]}),
                1,
            ),
            (
                json!({"envFrom": [import("big", "P_")], "env": [{"name": "BIG", "value": "x"}]}),
                1,
            ),
            (
                json!({"envFrom": [import("big", "")], "env": [variable(false)]}),
                0,
            ),
            // Whether what is optional is there was not looked up.
            (
                json!({"envFrom": [import("big", "")], "env": [variable(true)]}),
                0,
            ),
            (
                json!({"envFrom": [import("big", ""), import("small", "")]}),
                0,
            ),
            (
                json!({"envFrom": [import("small", ""), import("big", "")]}),
                1,
            ),
            (
                json!({"envFrom": [import("big", "P_"), import("small", "")]}),
                0,
            ),
            (
                json!({"envFrom": [import("big", ""), import("small", "P_")]}),
                1,
            ),
        ] {
            let found = lines(&with(&container), &there, &json!({}));
            assert_eq!(found.len(), findings, "{container}: {found:?}");
        }
        let off = json!({"unfit": {"variables": "off", "binaryVariables": "off"}});
        let spec = with(&json!({"envFrom": [import("big", "")]}));
        assert_eq!(lines(&spec, &there, &off), [""; 0]);
    }
}
