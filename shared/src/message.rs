//! How findings are written for people, and read back from that.
//!
//! A refusal with one problem is a line, with several a headline and a line for each:
//!
//! ```text
//! Pod shop/ci violates hostpath-mounts: spec.volumes[0].hostPath.path: "/" is the whole node; fix: … [risky_path]
//! ```
//!
//! Rendering and parsing live side by side, so that tools which show findings in columns follow the text that the API
//! server shows.

use std::fmt::{self, Write};

const FIX: &str = "; fix: ";

/// No warning is longer. The API server cuts one after 256 characters, and all of them after 4096.
/// Source: `staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go`.
const WARNING_LIMIT: usize = 200;

/// No reason is longer: names and paths that users write have no limit of their own everywhere.
pub(crate) const REASON_LIMIT: usize = 300;

/// No fix is longer.
pub(crate) const FIX_LIMIT: usize = 250;

/// At most this many problems are listed; then their number is given.
pub(crate) const LISTED: usize = 15;

/// One problem: where, what, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The field, such as `spec.volumes[0].hostPath.path`.
    pub path: &'a str,
    /// What is there, then what is wanted.
    pub reason: &'a str,
    /// What to write instead.
    pub fix: Option<&'a str>,
    /// The id of the rule.
    pub rule: Option<&'a str>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)?;
        if let Some(fix) = self.fix {
            write!(f, "{FIX}{fix}")?;
        }
        if let Some(rule) = self.rule {
            write!(f, " [{rule}]")?;
        }
        Ok(())
    }
}

/// Writes the message of a refusal with the first lines of `count`. `subject` names the object: `Deployment shop/web`.
pub(crate) fn render_refusal(
    subject: &str,
    policy: &str,
    lines: &[String],
    count: usize,
) -> String {
    let mut message = format!("{subject} violates {policy}");
    if let [line] = lines {
        message.extend([": ", line]);
        return message;
    }
    // Writing to a String cannot fail.
    let _ = write!(message, " in {count} places:");
    for line in lines {
        message.extend(["\n- ", line]);
    }
    if count > lines.len() {
        let _ = write!(message, "\n- and {} more", count - lines.len());
    }
    message
}

/// Writes warnings, each one line that the API server does not cut. There are `more` than these.
pub(crate) fn render_warnings(policy: &str, lines: &[Line<'_>], more: usize) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut rest = more;
    for (place, line) in lines.iter().enumerate() {
        let warning = render_warning(policy, line);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
        if warnings.len() == LISTED {
            rest += lines.len() - place - 1;
            break;
        }
    }
    if rest > 0 {
        let s = if rest == 1 { "" } else { "s" };
        warnings.push(format!("{policy}: and {rest} more warning{s}"));
    }
    warnings
}

/// What is too long loses the fix first, and then the end of the reason; place and rule stay.
fn render_warning(policy: &str, line: &Line<'_>) -> String {
    // Not everything that users wrote is quoted.
    let render = |line: &Line<'_>| one_line(&format!("{policy}: {line}"), usize::MAX);
    let fits = |text: &str| is_within(text, WARNING_LIMIT);
    let whole = render(line);
    if fits(&whole) {
        return whole;
    }
    let without_fix = render(&Line { fix: None, ..*line });
    if fits(&without_fix) {
        return without_fix;
    }
    let excess = without_fix.chars().count() - WARNING_LIMIT;
    let kept = line.reason.chars().count().saturating_sub(excess).max(1);
    let reason = &one_line(line.reason, kept);
    one_line(
        &render(&Line {
            fix: None,
            reason,
            ..*line
        }),
        WARNING_LIMIT,
    )
}

/// Text of a user as one line of at most `limit` characters. The API server drops a warning with a control character.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let cut = !is_within(text, limit);
    // Nearly all texts are fine as they are.
    if !cut && !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let kept = if cut { limit - 1 } else { limit };
    let printable = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    let mut line: String = text.chars().take(kept).map(printable).collect();
    if cut {
        line.push('…');
    }
    line
}

/// Whether a text has at most `limit` characters. They are counted only where there may be more.
fn is_within(text: &str, limit: usize) -> bool {
    text.len() <= limit || text.chars().nth(limit).is_none()
}

/// Reads the problems back from a refusal. `None` when the text is not one that this crate writes.
#[must_use]
pub fn parse_refusal(message: &str) -> Option<Vec<Line<'_>>> {
    let (headline, list) = message
        .split_once('\n')
        .map_or((message, None), |(head, list)| (head, Some(list)));
    let (_, found) = headline.split_once(" violates ")?;
    match list {
        None => {
            let (_, line) = found.split_once(": ")?;
            Some(vec![parse_line(line)?])
        }
        Some(list) => list
            .split('\n')
            .map(|line| line.strip_prefix("- "))
            .filter(|line| !line.is_some_and(is_the_rest))
            .map(|line| line.and_then(parse_line))
            .collect(),
    }
}

/// Reads policy and problem back from a warning. `None` when the text is not one that this crate writes.
#[must_use]
pub fn parse_warning(warning: &str) -> Option<(&str, Line<'_>)> {
    let (policy, line) = warning.split_once(": ")?;
    if policy.contains(' ') {
        return None;
    }
    Some((policy, parse_line(line)?))
}

fn is_the_rest(line: &str) -> bool {
    line.strip_prefix("and ")
        .and_then(|rest| rest.strip_suffix(" more"))
        .is_some_and(|count| count.bytes().all(|byte| byte.is_ascii_digit()))
}

fn parse_line(line: &str) -> Option<Line<'_>> {
    let (line, rule) = match line
        .strip_suffix(']')
        .and_then(|line| line.rsplit_once(" ["))
    {
        Some((line, rule)) if is_rule_id(rule) => (line, Some(rule)),
        _ => (line, None),
    };
    // The fix is written by us, the reason may quote the user: the last mark is the real one.
    let (line, fix) = line
        .rsplit_once(FIX)
        .map_or((line, None), |(line, fix)| (line, Some(fix)));
    let end = end_of_path(line)?;
    let (path, rest) = line.split_at(end);
    Some(Line {
        path,
        reason: rest.strip_prefix(": ")?,
        fix,
        rule,
    })
}

fn is_rule_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The length of the field path at the start of a line. Map keys are quoted and may hold anything.
fn end_of_path(line: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (position, character) in line.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ':' if !quoted => return (position > 0).then_some(position),
            ' ' if !quoted => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: Line<'static> = Line {
        path: r#"data["a: b; fix: \" ["]"#,
        reason: r#""x; fix: y [z]" is odd"#,
        fix: Some("write z"),
        rule: Some("odd_key"),
    };
    const PLAIN: Line<'static> = Line {
        path: "spec.volumes[0]",
        reason: "is bad",
        fix: None,
        rule: None,
    };

    #[test]
    fn one_problem_is_one_line() {
        let message = render_refusal("Pod shop/ci", "hostpath-mounts", &[PLAIN.to_string()], 1);
        assert_eq!(
            message,
            "Pod shop/ci violates hostpath-mounts: spec.volumes[0]: is bad"
        );
        assert_eq!(parse_refusal(&message), Some(vec![PLAIN]));
    }

    #[test]
    fn several_problems_are_a_list() {
        let lines = [ODD.to_string(), PLAIN.to_string()];
        let message = render_refusal("Pod shop/ci", "p", &lines, 2);
        assert_eq!(
            message,
            concat!(
                "Pod shop/ci violates p in 2 places:\n",
                r#"- data["a: b; fix: \" ["]: "x; fix: y [z]" is odd; fix: write z [odd_key]"#,
                "\n- spec.volumes[0]: is bad"
            )
        );
        assert_eq!(parse_refusal(&message), Some(vec![ODD, PLAIN]));
    }

    #[test]
    fn lists_fifteen_problems_and_counts_the_rest() {
        let lines: Vec<String> = (0..LISTED)
            .map(|n| format!("spec.volumes[{n}]: is bad"))
            .collect();
        let message = render_refusal("Pod shop/ci", "p", &lines, 23);
        assert!(
            message
                .starts_with("Pod shop/ci violates p in 23 places:\n- spec.volumes[0]: is bad\n")
        );
        assert!(message.ends_with("\n- spec.volumes[14]: is bad\n- and 8 more"));
        assert_eq!(parse_refusal(&message).map(|lines| lines.len()), Some(15));
        let message = render_refusal("Pod shop/ci", "p", &lines[..15], 15);
        assert!(
            message.ends_with("\n- spec.volumes[14]: is bad"),
            "{message}"
        );
    }

    #[test]
    fn what_is_no_rule_is_part_of_the_reason() {
        for end in ["[]", "[a b]", "[Rule]", "[z]]"] {
            let reason = format!("is {end}");
            let line = Line {
                reason: &reason,
                ..PLAIN
            };
            let message = format!("Pod x violates p: {line}");
            assert_eq!(parse_refusal(&message), Some(vec![line]), "{end}");
        }
        assert_eq!(parse_refusal("Pod x violates p: : is bad"), None, "no path");
        let windows = Line {
            path: r#"data["C:\\"]"#,
            ..PLAIN
        };
        let message = format!("Secret x violates p: {windows}");
        assert_eq!(parse_refusal(&message), Some(vec![windows]));
        // Outside of quotes, a backslash escapes nothing.
        let odd = Line {
            path: r"x\",
            ..PLAIN
        };
        let message = format!("Secret x violates p: {odd}");
        assert_eq!(parse_refusal(&message), Some(vec![odd]));
    }

    #[test]
    fn does_not_claim_to_read_what_others_write() {
        for foreign in [
            "",
            "no",
            "Pod x violates",
            "a violates b: c d: e",
            "a violates b in 2 places:\nx: y",
        ] {
            assert_eq!(parse_refusal(foreign), None, "{foreign}");
        }
        for foreign in ["", "unknown field \"spec.x\"", "use of a b: c: d"] {
            assert_eq!(parse_warning(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_warning_keeps_place_and_rule_when_it_is_cut() {
        let warning = |length: usize, fix| {
            let reason = "ü".repeat(length);
            let line = Line {
                path: "spec",
                reason: &reason,
                fix: Some(fix),
                rule: Some("odd_value"),
            };
            render_warnings("p", &[line], 0).remove(0)
        };
        assert_eq!(
            warning(2, "write z"),
            "p: spec: üü; fix: write z [odd_value]"
        );
        assert_eq!(
            warning(170, "write z"),
            format!("p: spec: {} [odd_value]", "ü".repeat(170))
        );
        assert_eq!(warning(0, "a\tb"), "p: spec: ; fix: a b [odd_value]");
        let long = warning(400, "write z");
        assert_eq!(long.chars().count(), 200);
        assert!(long.ends_with("ü… [odd_value]"), "{long}");
        assert_eq!(render_warnings("p", &[ODD], 0).len(), 1);
        assert_eq!(
            parse_warning(&render_warnings("p", &[ODD], 0).remove(0)),
            Some(("p", ODD))
        );
    }

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(one_line("a: b\n\tc", 20), "a: b  c");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("abcd", 3), "ab…");
    }

    #[test]
    fn lists_fifteen_warnings_and_counts_the_rest() {
        let reasons: Vec<String> = (0..17).map(|n| format!("{n} is odd")).collect();
        let lines: Vec<Line<'_>> = reasons
            .iter()
            .map(|reason| Line { reason, ..PLAIN })
            .collect();
        let warnings = render_warnings("p", &lines, 0);
        assert_eq!(warnings.len(), 16);
        assert_eq!(warnings[15], "p: and 2 more warnings");
        assert_eq!(render_warnings("p", &lines[..15], 0).len(), 15);
        assert_eq!(
            render_warnings("p", &[PLAIN, PLAIN], 0).len(),
            1,
            "said once"
        );
    }
}
