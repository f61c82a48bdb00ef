//! Explains rules: one of them whole, or a line for each.

use std::{error::Error, fmt::Write};

use anstyle::Style;
use preflight::{
    bundle,
    explain::{self, Page, sentence},
    report::json as safe,
};
use serde_json::json;
use textwrap::{Options, WordSplitter};

use super::{no_such_format, print};
use crate::{
    cli::{Common, Format},
    terminal,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// `preflight explain RULE`
pub(super) fn one(common: &Common, name: &str) -> Result<u8, Box<dyn Error>> {
    let pages = explain::find(name).map_err(|error| format!("there is no rule {error}"))?;
    show(common, &pages, "explain", whole)
}

/// `preflight rules`
pub(super) fn all(common: &Common) -> Result<u8, Box<dyn Error>> {
    let mut known: Vec<&str> = Vec::new();
    for page in explain::pages() {
        if !known.contains(&page.policy.as_str()) {
            known.push(&page.policy);
        }
    }
    bundle::check_names(&common.policies, known.into_iter())?;
    let is_wanted =
        |page: &&Page| common.policies.is_empty() || common.policies.contains(&page.policy);
    let pages: Vec<&Page> = explain::pages().iter().filter(is_wanted).collect();
    show(common, &pages, "rules", in_short)
}

fn show(
    common: &Common,
    pages: &[&Page],
    command: &str,
    render: fn(&[&Page], usize) -> String,
) -> Result<u8, Box<dyn Error>> {
    let text = match common.format {
        Format::Table => render(pages, terminal::width(common.width)),
        Format::Json => {
            format!("{}\n", safe::text(&json!({"version": 1, "rules": pages}))?)
        }
        _ => return Err(no_such_format(command)),
    };
    print(&text, common.color)?;
    Ok(0)
}

fn in_short(pages: &[&Page], width: usize) -> String {
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
        paragraph(&mut text, "    ", &plain(&sentence(&page.finds)), width);
    }
    text.push_str("\nThe whole of one: preflight explain RULE\n");
    text
}

fn whole(pages: &[&Page], width: usize) -> String {
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
            ("Finds", &page.finds),
            ("Why", &page.why),
            ("Instead", &page.fix),
        ] {
            let _ = writeln!(text, "{BOLD}{heading}{BOLD:#}");
            paragraph(&mut text, "  ", &plain(&sentence(sentences)), width);
        }
        for (heading, part) in page.example() {
            let heading = if heading == "Manifest" {
                "Example"
            } else {
                heading
            };
            let _ = writeln!(text, "{BOLD}{heading}{BOLD:#}");
            for line in part.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        let _ = writeln!(text, "{BOLD}Message{BOLD:#}");
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
