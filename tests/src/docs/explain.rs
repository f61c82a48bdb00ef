//! A page for each rule, and what `preflight explain` knows: both from the code of the rules and from the cases.

use std::fmt::Write;

use preflight::explain::{Example, Page, Part, sentence};
use preflight::judge::{ActivePolicy, judge};
use preflight::{checks, manifests};
use serde_json::{Value, json};
use shared::Rule;

use super::markdown::{self, code};
use super::refusal::{is_shown, object_of, text_block};
use super::{Document, rules};
use crate::{names, policies, read, repository, yaml};

/// Who finds what no policy does.
const FINDER: &str = "preflight";

/// What there is to say of every rule.
pub fn pages() -> Result<Vec<Page>, String> {
    let mut pages = Vec::new();
    for (policy, all) in policies::RULES {
        for rule in *all {
            let example = example_of_case(policy, rule)?;
            pages.push(page(policy, rule, example));
        }
    }
    let active = policies::active()?;
    for rule in checks::rules() {
        let example = example_of_manifests(rule, &active)?;
        pages.push(page(FINDER, rule, example));
    }
    Ok(pages)
}

fn page(policy: &str, rule: &Rule, example: Example) -> Page {
    Page {
        policy: policy.to_owned(),
        rule: rule.id.to_owned(),
        finds: rule.summary.to_owned(),
        why: rule.why.to_owned(),
        fix: rule.fix.to_owned(),
        level: rules::levels(rule),
        example,
    }
}

/// The case that the README shows; else the shortest that shows the rule, its usual fix and nothing else, with as little
/// besides the object as there is.
fn example_of_case(policy: &str, rule: &Rule) -> Result<Example, String> {
    let folder = format!("tests/cases/{policy}/{}", rule.id);
    let mut best: Option<([usize; 5], Example)> = None;
    for name in names(&repository(&folder))? {
        let file =
            |name_of_file: &str| read(&repository(&format!("{folder}/{name}/{name_of_file}")));
        let (Ok(request), Ok(expected)) = (file("request.yaml"), file("expected.yaml")) else {
            continue;
        };
        let expected = yaml::read(&expected)?;
        let Some((message, is_alone)) = message(&expected, rule.id) else {
            continue;
        };
        let (new, old) = (
            object_of(&request, "object"),
            object_of(&request, "oldObject"),
        );
        // A DELETE has the old object alone.
        let (manifest, before) = match (new, old) {
            (Some(new), old) => (new, old),
            (None, Some(old)) => (old, None),
            (None, None) => continue,
        };
        let example = Example {
            manifest,
            settings: file("settings.yaml").ok(),
            cluster: file("cluster.yaml").ok(),
            before,
            message,
        };
        let beside = [&example.settings, &example.cluster, &example.before];
        let length = beside.iter().filter_map(|text| text.as_deref());
        let length: usize = length.map(str::len).sum::<usize>() + request.len();
        let count = beside.into_iter().flatten().count();
        let is_shown = is_shown(policy, &format!("{}/{name}", rule.id));
        // Of examples that are as good, one with the fix that the page has.
        let is_usual = example.message.contains(rule.fix);
        let [other, among_others, special] =
            [is_shown, is_alone, is_usual].map(|is| usize::from(!is));
        let rank = [other, among_others, count, special, length];
        if best.as_ref().is_none_or(|(best, _)| rank < *best) {
            best = Some((rank, example));
        }
    }
    best.map(|(_, example)| example)
        .ok_or_else(|| format!("{folder} has no case that shows the rule"))
}

/// What the user reads of a rule, and whether it is all that there is to read.
fn message(expected: &Value, rule: &str) -> Option<(String, bool)> {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let message = expected.get("message").and_then(text);
    let warnings = expected.get("warnings").and_then(Value::as_array);
    let warnings = warnings.into_iter().flatten().filter_map(text);
    let lines: Vec<String> = message.into_iter().chain(warnings).collect();
    let mark = format!("[{rule}]");
    let found = lines.iter().find(|line| line.contains(&mark))?.clone();
    let is_alone = lines.len() == 1 && !found.contains('\n');
    Some((found, is_alone))
}

/// What preflight itself says of the manifests that are kept for it.
fn example_of_manifests(rule: &Rule, active: &[ActivePolicy]) -> Result<Example, String> {
    let path = format!("preflight/src/checks/examples/{}.yaml", rule.id);
    let manifest = read(&repository(&path))?;
    let objects = manifests::read_text(&format!("{}.yaml", rule.id), &manifest);
    let report = judge(objects, active, "default", None, || ());
    let report = report.map_err(|error| error.to_string())?;
    let mut all = report.refusals.iter().chain(&report.warnings);
    let found =
        all.find(|finding| finding.policy == FINDER && finding.rule.as_deref() == Some(rule.id));
    let found = found.ok_or_else(|| format!("{path} does not show the rule"))?;
    let fix = found.fix.as_deref().unwrap_or_default();
    let message = format!(
        "{}: {}: {}; fix: {fix} [{}]",
        found.object,
        found.field.as_deref().unwrap_or_default(),
        found.problem,
        rule.id
    );
    Ok(Example {
        manifest,
        settings: None,
        cluster: None,
        before: None,
        message,
    })
}

/// The pages, the list of them, and what the program reads.
#[must_use]
pub fn documents(pages: &[Page]) -> Vec<Document> {
    let mut documents: Vec<Document> = pages
        .iter()
        .map(|page| Document::new(&page.path(), markdown_of(page)))
        .collect();
    documents.push(Document::new("docs/rules/README.md", index(pages)));
    documents.push(Document::json("preflight/src/explain.json", &json!(pages)));
    documents
}

/// The files of pages that no rule has, or not any more.
pub fn stray(pages: &[Page]) -> Result<Vec<String>, String> {
    let known: Vec<String> = pages.iter().map(Page::path).collect();
    let mut stray = Vec::new();
    for policy in names(&repository("docs/rules"))? {
        if policy == "README.md" {
            continue;
        }
        for name in names(&repository(&format!("docs/rules/{policy}")))? {
            let path = format!("docs/rules/{policy}/{name}");
            if !known.contains(&path) {
                stray.push(path);
            }
        }
    }
    Ok(stray)
}

fn markdown_of(page: &Page) -> String {
    let (policy, rule) = (&page.policy, &page.rule);
    let mut text = format!("# {rule}\n\n{}.\n\n", page.finds);
    let of = if policy == FINDER {
        "Found by [preflight](../../preflight.md) alone, for it shows only before a cluster or across manifests".to_owned()
    } else {
        format!("A rule of [{policy}](../../../policies/{policy}/README.md)")
    };
    let _ = write!(text, "{of}. By default: {}.\n\n", page.level);
    let _ = write!(text, "## Why\n\n{}.\n\n", page.why);
    let _ = write!(
        text,
        "## What to write instead\n\n{}\n\n",
        sentence(&page.fix)
    );
    text.push_str("## Example\n\n");
    for (part, content) in page.example() {
        if part != Part::Manifest {
            let _ = write!(text, "{}:\n\n", part.heading());
        }
        let _ = write!(text, "```yaml\n{}\n```\n\n", content.trim_end());
    }
    let _ = write!(
        text,
        "The message:\n\n{}",
        text_block(&page.example.message)
    );
    text
}

fn index(pages: &[Page]) -> String {
    let mut text = "# Rules\n\nEach message ends with the name of its rule, in brackets. `preflight explain RULE` prints the \
                    same page.\n"
        .to_owned();
    let mut policy = "";
    let mut rows: Vec<[String; 3]> = Vec::new();
    let close = |text: &mut String, rows: &mut Vec<[String; 3]>| {
        if !rows.is_empty() {
            text.push_str(&markdown::table(["rule", "finds", "default"], rows));
            rows.clear();
        }
    };
    for page in pages {
        if page.policy != policy {
            close(&mut text, &mut rows);
            policy = &page.policy;
            let _ = write!(text, "\n## {policy}\n\n");
        }
        rows.push([
            format!("[{}]({}.md)", code(&page.rule), page.name()),
            page.finds.clone(),
            page.level.clone(),
        ]);
    }
    close(&mut text, &mut rows);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_that_of_the_rule_and_maybe_not_alone() {
        let expected =
            json!({"message": "a violates p: x: y [one]", "warnings": ["p: z: w [two]"]});
        assert_eq!(
            message(&expected, "two"),
            Some(("p: z: w [two]".to_owned(), false))
        );
        assert_eq!(message(&expected, "three"), None);
        let alone = json!({"message": "a violates p: x: y [one]"});
        assert_eq!(
            message(&alone, "one"),
            Some(("a violates p: x: y [one]".to_owned(), true))
        );
    }
}
