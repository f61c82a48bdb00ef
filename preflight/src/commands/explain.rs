//! Explains rules: one of them whole, or a line for each.

use std::{error::Error, fmt::Write};

use anstyle::Style;
use preflight::{
    bundle,
    explain::{self, Page, Part, sentence},
    report::json as safe,
};
use textwrap::{Options, WordSplitter};
use tree::json;

use super::{no_such_format, print};
use crate::{
    cli::{Common, Format, Language},
    terminal,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// What is said around the texts of the pages.
struct Words {
    finds: &'static str,
    why: &'static str,
    instead: &'static str,
    part: fn(Part) -> &'static str,
    message: &'static str,
    /// What there is to say of the message.
    of_message: &'static str,
    /// How to read more than a line about a rule.
    more: &'static str,
    /// A text of a page, as it is to be read.
    sentence: fn(&str) -> String,
}

const ENGLISH: Words = Words {
    finds: "Finds",
    why: "Why",
    instead: "Instead",
    part: |part| match part {
        Part::Manifest => "Example",
        other => other.heading(),
    },
    message: "Message",
    of_message: "",
    more: "More about one: preflight explain RULE",
    sentence,
};

const KOREAN: Words = Words {
    finds: "찾는 것",
    why: "이유",
    instead: "대신 쓸 것",
    part: |part| match part {
        Part::Manifest => "예",
        Part::Before => "이전 오브젝트",
        Part::Cluster => "클러스터에 있는 것",
        Part::Settings => "설정",
    },
    message: "메시지",
    of_message: "예와 메시지는 클러스터에서 보는 그대로 영어입니다",
    more: "규칙 하나의 자세한 설명: preflight explain RULE --lang ko",
    // They have their full stops, and begin with names that have no capital.
    sentence: str::to_owned,
};

/// `preflight explain RULE`
pub(super) fn one(common: &Common, name: &str, language: Language) -> Result<u8, Box<dyn Error>> {
    let pages = explain::find(name).map_err(|unknown| {
        let name = &unknown.name;
        let is_policy = explain::pages().iter().any(|page| page.policy == *name);
        match &unknown.nearest {
            _ if is_policy => format!(
                "{name:?} is a policy: `preflight rules -p {name}` lists its rules, each of which can be explained"
            ),
            Some(_) => format!("there is no rule {unknown}"),
            None => format!("there is no rule {name:?}: `preflight rules` lists all"),
        }
    })?;
    show(common, language, pages, "explain", whole)
}

/// `preflight rules`
pub(super) fn all(common: &Common, language: Language) -> Result<u8, Box<dyn Error>> {
    let mut known: Vec<&str> = Vec::new();
    for page in explain::pages() {
        if !known.contains(&page.policy.as_str()) {
            known.push(&page.policy);
        }
    }
    bundle::check_names(&common.policies, known.into_iter())?;
    let is_wanted =
        |page: &&Page| common.policies.is_empty() || common.policies.contains(&page.policy);
    let pages = explain::pages().iter().filter(is_wanted).collect();
    show(common, language, pages, "rules", in_short)
}

fn show(
    common: &Common,
    language: Language,
    pages: Vec<&Page>,
    command: &str,
    render: fn(&[Page], &Words, usize) -> String,
) -> Result<u8, Box<dyn Error>> {
    let pages = pages.into_iter();
    let (pages, words): (Vec<Page>, _) = match language {
        Language::En => (pages.cloned().collect(), &ENGLISH),
        Language::Ko => (pages.map(explain::korean).collect(), &KOREAN),
    };
    let text = match common.format {
        Format::Table => render(&pages, words, terminal::width(common.width)),
        Format::Json => {
            format!("{}\n", safe::text(&json!({"version": 1, "rules": pages}))?)
        }
        _ => return Err(no_such_format(command)),
    };
    print(&text, common.color)?;
    Ok(0)
}

fn in_short(pages: &[Page], words: &Words, width: usize) -> String {
    let mut text = String::new();
    let mut policy = "";
    for page in pages {
        if page.policy != policy {
            let line = if policy.is_empty() { "" } else { "\n" };
            policy = &page.policy;
            let _ = writeln!(text, "{line}{BOLD}{policy}{BOLD:#}");
        }
        let _ = writeln!(
            text,
            "  {BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}",
            page.rule,
            plain(&page.level)
        );
        let finds = (words.sentence)(&page.finds);
        paragraph(&mut text, "    ", &plain(&finds), width);
    }
    let _ = writeln!(text, "\n{}", words.more);
    text
}

fn whole(pages: &[Page], words: &Words, width: usize) -> String {
    let mut text = String::new();
    for (place, page) in pages.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        let _ = writeln!(
            text,
            "{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}\n",
            page.name(),
            plain(&page.level)
        );
        for (heading, sentences) in [
            (words.finds, &page.finds),
            (words.why, &page.why),
            (words.instead, &page.fix),
        ] {
            let _ = writeln!(text, "{BOLD}{heading}{BOLD:#}");
            let sentences = (words.sentence)(sentences);
            paragraph(&mut text, "  ", &plain(&sentences), width);
        }
        for (part, content) in page.example() {
            let _ = writeln!(text, "{BOLD}{}{BOLD:#}", (words.part)(part));
            for line in content.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        let _ = write!(text, "{BOLD}{}{BOLD:#}", words.message);
        if !words.of_message.is_empty() {
            let _ = write!(text, "  {DIM}{}{DIM:#}", words.of_message);
        }
        text.push('\n');
        for line in page.example.message.lines() {
            paragraph(&mut text, "  ", line, width);
        }
        let _ = writeln!(text, "\n{DIM}{}{DIM:#}", page.address());
    }
    text
}

/// What is code in Markdown stands without its marks.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn paragraph(text: &mut String, indent: &str, words: &str, width: usize) {
    let options = Options::new(width)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_splitter(WordSplitter::NoHyphenation);
    text.push_str(&textwrap::fill(words, options));
    text.push('\n');
}
