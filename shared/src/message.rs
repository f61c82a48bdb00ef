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

pub(crate) use document::one_line;

const FIX: &str = "; fix: ";

/// The most characters of warnings in one answer. The API server shows all warnings of a request in full up to 4096
/// characters, and cuts each to 256 beyond that: `staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go`. Half
/// of that is left to other policies.
const MAX_WARNINGS_CHARS: usize = 2048;

/// The longest warning where [`MAX_WARNINGS_CHARS`] is not enough for all of them in full.
const MAX_WARNING_CHARS: usize = 256;

/// The longest reason, in characters: names and paths that users write may have no limit of their own.
pub(crate) const MAX_REASON_CHARS: usize = 300;

/// The longest fix, in characters.
pub(crate) const MAX_FIX_CHARS: usize = 250;

/// The longest reason, in characters, of an answer that is not about a field: why an object could not be checked.
pub(crate) const MAX_EXPLANATION_CHARS: usize = 2000;

/// At most this many findings are listed; then the number of the rest is given.
pub const MAX_LISTED: usize = 15;

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

impl Line<'_> {
    /// The line with its reason and its fix cut to these numbers of characters.
    fn cut(&self, reason: usize, fix: usize) -> String {
        Line {
            reason: &one_line(self.reason, reason),
            fix: self.fix.map(|text| one_line(text, fix)).as_deref(),
            ..*self
        }
        .to_string()
    }
}

/// The first lines, or all where nothing is to be left out, and the number of the others.
fn listed<'l, 't>(lines: &'l [Line<'t>], unabridged: bool) -> (&'l [Line<'t>], usize) {
    let listed = lines.get(..MAX_LISTED).filter(|_| !unabridged);
    let listed = listed.unwrap_or(lines);
    (listed, lines.len() - listed.len())
}

/// Writes the message of a refusal. `subject` names the object: `Deployment shop/web`. There are `more` lines than these.
pub(crate) fn render_refusal(
    subject: &str,
    policy: &str,
    lines: &[Line<'_>],
    more: usize,
    unabridged: bool,
) -> String {
    let mut message = format!("{subject} violates {policy}");
    let (listed, rest) = listed(lines, unabridged);
    let line = |line: &Line<'_>| line.cut(MAX_REASON_CHARS, MAX_FIX_CHARS);
    if let ([one], 0) = (listed, more) {
        message.extend([": ", &line(one)]);
        return message;
    }
    // Writing to a String cannot fail.
    let _ = write!(message, " in {} places:", lines.len() + more);
    for one in listed {
        message.extend(["\n- ", &line(one)]);
    }
    if rest + more > 0 {
        add_rest_of_refusal(&mut message, rest + more);
    }
    message
}

/// Writes how many problems of a refusal are not listed.
pub fn add_rest_of_refusal(message: &mut String, rest: usize) {
    // Writing to a String cannot fail.
    let _ = write!(message, "\n- and {rest} more");
}

/// Writes warnings, each one line. There are `more` than these.
pub(crate) fn render_warnings(
    policy: &str,
    lines: &[Line<'_>],
    more: usize,
    unabridged: bool,
) -> Vec<String> {
    let (listed, rest) = listed(lines, unabridged);
    let mut warnings = Vec::new();
    for limit in [usize::MAX, MAX_WARNING_CHARS] {
        let mut length = 0;
        warnings.clear();
        for line in listed {
            let warning = render_warning(policy, line, limit);
            length += characters(&warning);
            warnings.push(warning);
            if length > MAX_WARNINGS_CHARS && limit > MAX_WARNING_CHARS && !unabridged {
                break;
            }
        }
        if unabridged || length <= MAX_WARNINGS_CHARS {
            break;
        }
    }
    let rest = rest + more;
    if rest > 0 {
        warnings.push(render_rest_of_warnings(policy, rest));
    }
    warnings
}

/// Writes how many warnings are not listed.
#[must_use]
pub fn render_rest_of_warnings(policy: &str, rest: usize) -> String {
    let s = if rest == 1 { "" } else { "s" };
    format!("{policy}: and {rest} more warning{s}")
}

/// What is too long loses the end of the reason first, and then that of the fix; place and rule stay.
fn render_warning(policy: &str, line: &Line<'_>, limit: usize) -> String {
    // Not everything that users wrote is quoted.
    let render = |reason, fix| {
        let line = line.cut(reason, fix);
        one_line(&format!("{policy}: {line}"), usize::MAX)
    };
    let whole = render(MAX_REASON_CHARS, MAX_FIX_CHARS);
    if characters(&whole) <= limit {
        return whole;
    }
    let kept = |text: &str, most: usize, warning: &str| {
        let excess = characters(warning).saturating_sub(limit);
        let shown = characters(text).min(most);
        shown.saturating_sub(excess).max(1)
    };
    let reason = kept(line.reason, MAX_REASON_CHARS, &whole);
    let shorter = render(reason, MAX_FIX_CHARS);
    let fix = kept(line.fix.unwrap_or_default(), MAX_FIX_CHARS, &shorter);
    one_line(&render(reason, fix), limit)
}

// It is not inlined, which makes policies smaller.
#[inline(never)]
fn characters(text: &str) -> usize {
    text.chars().count()
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
            .filter(|line| !line.is_some_and(|line| parse_rest(line, &[" more"]).is_some()))
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

/// How many problems of a refusal are not listed.
#[must_use]
pub fn parse_rest_of_refusal(message: &str) -> Option<usize> {
    let (_, last) = message.rsplit_once("\n- ")?;
    parse_rest(last, &[" more"])
}

/// How many warnings of a policy are not listed.
#[must_use]
pub fn parse_rest_of_warnings(policy: &str, warning: &str) -> Option<usize> {
    let rest = warning.strip_prefix(policy)?.strip_prefix(": ")?;
    parse_rest(rest, &[" more warning", " more warnings"])
}

fn parse_rest(line: &str, ends: &[&str]) -> Option<usize> {
    let line = line.strip_prefix("and ")?;
    let count = ends.iter().find_map(|end| line.strip_suffix(end))?;
    // As many as a policy may find, and few enough to be added to each other.
    count.parse::<u32>().ok()?.try_into().ok()
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

    fn refusal(lines: &[Line<'_>], more: usize) -> String {
        render_refusal("Pod shop/ci", "p", lines, more, false)
    }

    fn warnings(lines: &[Line<'_>], more: usize) -> Vec<String> {
        render_warnings("p", lines, more, false)
    }

    #[test]
    fn one_problem_is_one_line() {
        let message = refusal(&[PLAIN], 0);
        assert_eq!(message, "Pod shop/ci violates p: spec.volumes[0]: is bad");
        assert_eq!(parse_refusal(&message), Some(vec![PLAIN]));
    }

    #[test]
    fn several_problems_are_a_list() {
        let message = refusal(&[ODD, PLAIN], 0);
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
        let paths: Vec<String> = (0..17).map(|n| format!("spec.volumes[{n}]")).collect();
        let lines: Vec<Line<'_>> = paths.iter().map(|path| Line { path, ..PLAIN }).collect();
        let message = refusal(&lines, 6);
        let start = "Pod shop/ci violates p in 23 places:\n- spec.volumes[0]: is bad\n";
        assert!(message.starts_with(start), "{message}");
        assert!(message.ends_with("\n- spec.volumes[14]: is bad\n- and 8 more"));
        assert_eq!(parse_refusal(&message), Some(lines[..15].to_vec()));
        assert_eq!(parse_rest_of_refusal(&message), Some(8));
        let message = refusal(&lines[..15], 0);
        assert!(
            message.ends_with("\n- spec.volumes[14]: is bad"),
            "{message}"
        );
        assert_eq!(parse_rest_of_refusal(&message), None);
        let one = refusal(&[PLAIN], 1);
        assert!(
            one.ends_with(" in 2 places:\n- spec.volumes[0]: is bad\n- and 1 more"),
            "{one}"
        );
    }

    #[test]
    fn leaves_nothing_out_where_there_is_room_for_all() {
        let paths: Vec<String> = (0..40).map(|n| format!("spec.volumes[{n}]")).collect();
        let (reason, fix) = ("word ".repeat(50), "fix it ".repeat(30));
        let line = |path| Line {
            path,
            reason: reason.trim(),
            fix: Some(fix.trim()),
            rule: Some("a_rule"),
        };
        let lines: Vec<Line<'_>> = paths.iter().map(|path| line(path)).collect();
        let message = render_refusal("Pod shop/ci", "p", &lines, 0, true);
        assert_eq!(parse_refusal(&message), Some(lines.clone()));
        let counted = render_refusal("Pod shop/ci", "p", &lines, 7, true);
        assert!(
            counted.ends_with("[a_rule]\n- and 7 more"),
            "what was not kept is counted"
        );
        assert_eq!(parse_refusal(&counted), Some(lines.clone()));
        let warnings = render_warnings("p", &lines, 1, true);
        let parsed = warnings.iter().map_while(|warning| parse_warning(warning));
        assert_eq!(parsed.map(|(_, line)| line).collect::<Vec<_>>(), lines);
        assert_eq!(warnings.last().unwrap(), "p: and 1 more warning");
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
    fn a_warning_is_whole_where_the_api_server_shows_it_whole() {
        let reason = "word ".repeat(58);
        let fix = "write it in another way ".repeat(10);
        let line = Line {
            reason: reason.trim(),
            fix: Some(fix.trim()),
            rule: Some("odd_value"),
            ..PLAIN
        };
        let [one] = &warnings(&[line], 0)[..] else {
            panic!("one line is one warning")
        };
        assert_eq!(parse_warning(one), Some(("p", line)));
        assert!(one.chars().count() > 500, "{one}");
        assert_eq!(warnings(&[line; 3], 0), vec![one.clone(); 3]);
        for cut in warnings(&[line; 4], 0) {
            assert!(cut.chars().count() <= 256, "{cut}");
            let (_, cut) = parse_warning(&cut).unwrap();
            assert_eq!(
                (cut.path, cut.rule, cut.reason),
                (line.path, line.rule, "…")
            );
            assert!(cut.fix.unwrap().ends_with(" in another way…"), "{cut}");
        }
        assert_eq!(warnings(&[ODD], 0).len(), 1);
        let tab = Line {
            reason: "",
            fix: Some("a\tb"),
            ..ODD
        };
        assert!(warnings(&[tab], 0)[0].ends_with(": ; fix: a b [odd_key]"));
    }

    #[test]
    fn a_warning_that_is_cut_keeps_place_fix_and_rule() {
        let cut = |reason: &str, fix: &str| {
            let line = Line {
                path: "spec",
                reason,
                fix: Some(fix),
                rule: Some("odd_value"),
            };
            render_warning("p", &line, 59)
        };
        for (reason, fix, expected) in [
            (
                "is odd",
                "write z",
                "p: spec: is odd; fix: write z [odd_value]",
            ),
            (
                "is odd, which is not even",
                "write z",
                "p: spec: is odd, which is not…; fix: write z [odd_value]",
            ),
            (
                "is odd, so that is uneven",
                "write z",
                "p: spec: is odd, so that is…; fix: write z [odd_value]",
            ),
            (
                "is odd",
                "write what is even",
                "p: spec: is odd; fix: write what is even [odd_value]",
            ),
            (
                "is odd and not even",
                "write what is even",
                "p: spec: is odd and…; fix: write what is even [odd_value]",
            ),
            (
                "is odd",
                "write what is even, or leave it out",
                "p: spec: …; fix: write what is even, or leave… [odd_value]",
            ),
            (
                "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüü",
                "write z",
                "p: spec: üüüüüüüüüüüüüüüüüüüüüüü…; fix: write z [odd_value]",
            ),
        ] {
            assert_eq!(cut(reason, fix), expected);
            assert!(expected.chars().count() <= 59, "{expected}");
        }
        let long = "x".repeat(70);
        let line = Line { path: &long, ..ODD };
        assert_eq!(render_warning("p", &line, 60).chars().count(), 60);
    }

    #[test]
    fn lists_fifteen_warnings_and_counts_the_rest() {
        let reasons: Vec<String> = (0..17).map(|n| format!("{n} is odd")).collect();
        let lines: Vec<Line<'_>> = reasons
            .iter()
            .map(|reason| Line { reason, ..PLAIN })
            .collect();
        let listed = warnings(&lines, 0);
        assert_eq!(listed.len(), 16);
        assert_eq!(listed[15], "p: and 2 more warnings");
        assert_eq!(warnings(&lines[..15], 0).len(), 15);
        for (warning, rest) in [
            (&*listed[15], Some(2)),
            (&listed[14], None),
            ("p: and 1 more warning", Some(1)),
            ("q: and 1 more warning", None),
            ("p: and 18446744073709551615 more warnings", None),
        ] {
            assert_eq!(parse_rest_of_warnings("p", warning), rest, "{warning}");
        }
    }

    #[test]
    fn what_is_cut_leaves_room_for_others_within_the_limit_of_the_api_server() {
        let (reason, fix) = ("word ".repeat(100), "fix ".repeat(100));
        let line = Line {
            reason: &reason,
            fix: Some(&fix),
            ..ODD
        };
        let all: usize = warnings(&[line; 20], 0)
            .iter()
            .map(|one| one.chars().count())
            .sum();
        assert!((3_000..4_000).contains(&all), "{all}");
    }
}
