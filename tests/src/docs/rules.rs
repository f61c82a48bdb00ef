//! The table of rules in the README of a policy.

use shared::{DefaultLevel, Level, Rule};

use super::markdown::{self, code};

/// A row for each rule, what is refused before what is warned of.
#[must_use]
pub fn table(rules: &[&Rule]) -> String {
    let (refused, others): (Vec<&Rule>, Vec<&Rule>) = rules.iter().partition(|rule| {
        let usual = rule.levels.first();
        usual.is_some_and(|usual| usual.level == Level::Deny)
    });
    let row = |rule: &Rule| {
        [
            code(rule.id),
            rule.summary.to_owned(),
            rule.why.to_owned(),
            levels(rule),
        ]
    };
    let rows: Vec<[String; 4]> = refused.into_iter().chain(others).map(row).collect();
    markdown::table(["rule", "finds", "because", "default"], &rows)
}

/// What comes of a rule when nothing is set.
pub(super) fn levels(rule: &Rule) -> String {
    let levels: Vec<String> = rule.levels.iter().map(default).collect();
    levels.join("; ")
}

/// `warn (`form.pem`) for Secrets whose type does not ask for PEM`
fn default(default: &DefaultLevel) -> String {
    let mut text = word(default.level).to_owned();
    if !default.setting.is_empty() {
        text.extend([" (", &code(default.setting), ")"]);
    }
    if !default.place.is_empty() {
        text.extend([" for ", default.place]);
    }
    text
}

/// The word for a level.
#[must_use]
pub fn word(level: Level) -> &'static str {
    match level {
        Level::Deny => "deny",
        Level::Warn => "warn",
        Level::Off => "off",
    }
}

#[cfg(test)]
mod tests {
    use shared::rule;

    use super::*;

    static ODD: Rule = rule! {
        id: "odd_value",
        summary: "A value that is odd",
        why: "It cannot be halved",
        fix: "write an even value",
        levels: [Deny],
    };
    static LARGE: Rule = rule! {
        id: "large_value",
        summary: "A value over `a|b`",
        why: "It is large",
        fix: "write less",
        levels: [Warn by "size.large", Deny for "a new object"],
    };

    #[test]
    fn a_table_has_all_that_a_rule_says() {
        assert_eq!(
            table(&[&LARGE, &ODD]),
            "| rule | finds | because | default |\n\
             | --- | --- | --- | --- |\n\
             | `odd_value` | A value that is odd | It cannot be halved | deny |\n\
             | `large_value` | A value over `a\\|b` | It is large | warn (`size.large`); deny for a new object |\n"
        );
    }
}
