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

/// The API server cuts warnings after this many characters.
/// Source: `staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go`.
const WARNING_LIMIT: usize = 256;

/// No reason is longer: names and paths that users write have no limit of their own everywhere.
pub(crate) const REASON_LIMIT: usize = 600;

/// At most this many problems are listed; then their number is given. It keeps a message readable, and below the size
/// of an Event where controllers repeat it.
pub(crate) const LISTED: usize = 20;

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

/// Writes the message of a refusal. `subject` names the object: `Deployment shop/web`.
pub(crate) fn render_refusal(subject: &str, policy: &str, lines: &[String]) -> String {
    let mut message = format!("{subject} violates {policy}");
    if let [line] = lines {
        message.extend([": ", line]);
        return message;
    }
    // Writing to a String cannot fail.
    let _ = write!(message, " in {} places:", lines.len());
    for line in lines.iter().take(LISTED) {
        message.extend(["\n- ", line]);
    }
    if lines.len() > LISTED {
        let _ = write!(message, "\n- and {} more", lines.len() - LISTED);
    }
    message
}

/// Writes warnings, each one line that the API server does not cut.
pub(crate) fn render_warnings(policy: &str, lines: &[String]) -> Vec<String> {
    let warning = |line: &String| one_line(&format!("{policy}: {line}"), WARNING_LIMIT);
    let mut warnings: Vec<String> = lines.iter().take(LISTED).map(warning).collect();
    if lines.len() > LISTED {
        warnings.push(format!(
            "{policy}: and {} more warnings",
            lines.len() - LISTED
        ));
    }
    warnings
}

/// Text of a user as one line of at most `limit` characters. The API server drops a warning with a control character.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let cut = text.chars().nth(limit).is_some();
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
        let message = render_refusal("Pod shop/ci", "hostpath-mounts", &[PLAIN.to_string()]);
        assert_eq!(
            message,
            "Pod shop/ci violates hostpath-mounts: spec.volumes[0]: is bad"
        );
        assert_eq!(parse_refusal(&message), Some(vec![PLAIN]));
    }

    #[test]
    fn several_problems_are_a_list() {
        let message = render_refusal("Pod shop/ci", "p", &[ODD.to_string(), PLAIN.to_string()]);
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
    fn lists_twenty_problems_and_counts_the_rest() {
        let lines: Vec<String> = (0..23)
            .map(|n| format!("spec.volumes[{n}]: is bad"))
            .collect();
        let message = render_refusal("Pod shop/ci", "p", &lines);
        assert!(
            message
                .starts_with("Pod shop/ci violates p in 23 places:\n- spec.volumes[0]: is bad\n")
        );
        assert!(message.ends_with("\n- spec.volumes[19]: is bad\n- and 3 more"));
        assert_eq!(parse_refusal(&message).map(|lines| lines.len()), Some(20));
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
    fn a_warning_is_one_printable_line_within_the_limit() {
        let render = |line: &str| render_warnings("p", &[line.to_owned()]).remove(0);
        let warning = render(&ODD.to_string());
        assert_eq!(parse_warning(&warning), Some(("p", ODD)));
        assert_eq!(render("a: b\n\tc"), "p: a: b  c");
        let long = render(&"ü".repeat(400));
        assert_eq!(long.chars().count(), 256);
        assert!(long.ends_with("ü…"));
        assert_eq!(render(&"x".repeat(253)), format!("p: {}", "x".repeat(253)));
    }

    #[test]
    fn lists_twenty_warnings_and_counts_the_rest() {
        let lines: Vec<String> = (0..22)
            .map(|n| format!("spec.volumes[{n}]: is odd"))
            .collect();
        let warnings = render_warnings("p", &lines);
        assert_eq!(warnings.len(), 21);
        assert_eq!(warnings[20], "p: and 2 more warnings");
    }
}
