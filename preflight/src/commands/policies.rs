//! Lists the policies.

use std::{collections::BTreeSet, error::Error, fmt::Write};

use anstyle::Style;
use comfy_table::{ContentArrangement, Table, presets};
use preflight::{
    Policy,
    deployed::PolicyResource,
    judge::{ActivePolicy, LooksAt, Member},
    report::{json as safe, printable},
};
use serde_json::{Map, Value, json};
use textwrap::{Options, WordSplitter};

use super::{chosen, configured_and_told, no_such_format, only_a_table, print};
use crate::{
    cli::{Common, Format},
    terminal,
};

pub(super) fn run(common: &Common, kinds: bool) -> Result<u8, Box<dyn Error>> {
    // Without settings of a user there are none to show.
    let has_settings = common.settings.is_some()
        || common.project_settings.is_some()
        || !common.policies_from.is_empty();
    let policies = if has_settings {
        configured_and_told(common)?
    } else {
        let policies = chosen(common)?.into_iter();
        policies
            .map(|policy| ActivePolicy::new(policy, json!({})))
            .collect()
    };
    if kinds {
        return needed_kinds(common, &policies);
    }
    let text = match common.format {
        Format::Table => {
            let width = terminal::width(common.width);
            let columns = if has_settings { &SETTINGS } else { &MODULES };
            let table = table(columns, &policies, width);
            if width >= TABLE && is_whole(&table, columns, &policies) {
                table
            } else {
                list(columns, &policies, width)
            }
        }
        Format::Json => {
            let as_json = |configured| as_json(configured, has_settings);
            let policies: Vec<Value> = policies.iter().map(as_json).collect();
            format!(
                "{}\n",
                safe::text(&json!({"version": 1, "policies": policies}))?
            )
        }
        _ => return Err(no_such_format("policies")),
    };
    print(&text, common.color)?;
    Ok(0)
}

/// In less room than this a table is hard to read.
const TABLE: usize = 100;

/// Whether a table has room for every name. Settings may be of any length.
fn is_whole(table: &str, columns: &Columns, policies: &[ActivePolicy]) -> bool {
    let named = columns.heads.iter().filter(|head| **head != "Settings");
    policies.iter().all(|policy| {
        let cells = (columns.row)(policy).into_iter().zip(named.clone());
        let mut cells = cells.map(|(cell, _)| printable(&cell));
        cells.all(|cell| cell.split_whitespace().all(|word| table.contains(word)))
    })
}

/// `preflight policies --kinds`
fn needed_kinds(common: &Common, policies: &[ActivePolicy]) -> Result<u8, Box<dyn Error>> {
    only_a_table(common, "policies --kinds")?;
    let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
    for policy in policies {
        let needs = policy.needs();
        own.extend(needs.own);
        others.extend(needs.others);
    }
    if !others.is_empty() {
        let others: Vec<String> = others.into_iter().collect();
        let text = format!(
            "without kinds of other projects, since kubectl refuses a list with one that the cluster lacks: add those that \
             yours has, such as {}",
            others.join(",")
        );
        terminal::remark(&text, common.color);
    }
    let own: Vec<String> = own.iter().map(|name| printable(name)).collect();
    print(&format!("{}\n", own.join(",")), common.color)?;
    Ok(0)
}

/// The policies one below the other, each with what the columns of the table would have.
fn list(columns: &Columns, policies: &[ActivePolicy], width: usize) -> String {
    const BOLD: Style = Style::new().bold();
    const INDENT: &str = "            ";
    let mut text = String::new();
    for policy in policies {
        let cells = (columns.row)(policy);
        for (number, (head, cell)) in columns.heads.iter().zip(cells).enumerate() {
            if number == 0 {
                let _ = writeln!(text, "{BOLD}{}{BOLD:#}", printable(&cell));
                continue;
            }
            for (line, cell) in cell.lines().enumerate() {
                let head = if line == 0 {
                    head.to_lowercase()
                } else {
                    String::new()
                };
                let first = format!("  {head:<10}");
                let options = Options::new(width)
                    .initial_indent(&first)
                    .subsequent_indent(INDENT)
                    .word_splitter(WordSplitter::NoHyphenation)
                    .break_words(false);
                let _ = writeln!(text, "{}", textwrap::fill(&printable(cell), options));
            }
        }
    }
    text
}

/// The heads of five columns, and a row for each policy.
struct Columns {
    heads: [&'static str; 5],
    row: fn(&ActivePolicy) -> [String; 5],
}

const MODULES: Columns = Columns {
    heads: ["Policy", "Version", "Size", "Looks at", "Looks up"],
    row: |configured| {
        let version = configured.policy().and_then(Policy::version);
        let size = configured.policy().map(Policy::size).unwrap_or_default();
        [
            configured.name().to_owned(),
            version.unwrap_or("unknown").to_owned(),
            format!("{} KB", size.div_ceil(1000)),
            resources(configured),
            join(looks_up(configured)),
        ]
    },
};

const SETTINGS: Columns = Columns {
    heads: ["Policy", "Mode", "Looks at", "Looks up", "Settings"],
    row: |configured| {
        let name = configured.name();
        let module = configured.policy().map_or("group", Policy::name);
        [
            if name == module {
                name.to_owned()
            } else {
                format!("{name} ({module})")
            },
            mode(configured).to_owned(),
            resources(configured),
            look_ups(configured),
            settings(configured),
        ]
    },
};

/// In a group those of each member, below the expression.
fn settings(configured: &ActivePolicy) -> String {
    let of_member = |member: &Member| match &member.settings {
        settings if *settings == json!({}) => "defaults".to_owned(),
        settings => settings.to_string(),
    };
    let members = configured.members().into_iter();
    let Some(expression) = configured.expression() else {
        return members.map(|(_, member)| of_member(member)).collect();
    };
    let members = members.map(|(name, member)| {
        let module = member.policy.name();
        format!("{name} ({module}): {}", of_member(member))
    });
    let lines: Vec<String> = [expression.to_owned()].into_iter().chain(members).collect();
    lines.join("\n")
}

fn table(columns: &Columns, policies: &[ActivePolicy], width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(columns.heads);
    for policy in policies {
        // The settings of a group have a line for each member.
        let cells = (columns.row)(policy).map(|cell| {
            let lines: Vec<String> = cell.lines().map(printable).collect();
            lines.join("\n")
        });
        table.add_row(cells);
    }
    format!("{table}\n")
}

fn as_json(configured: &ActivePolicy, has_settings: bool) -> Value {
    let mut json = json!({
        "name": configured.name(),
        "looksAt": configured.looks_at().as_ref().map(LooksAt::all),
        "looksUp": looks_up(configured),
    });
    let Some(fields) = json.as_object_mut() else {
        return json;
    };
    if let Some(policy) = configured.policy() {
        fields.insert("version".to_owned(), json!(policy.version()));
        fields.insert("size".to_owned(), json!(policy.size()));
    }
    if !has_settings {
        return json;
    }
    fields.insert("mode".to_owned(), json!(mode(configured)));
    let missing = cannot_look_up(configured);
    if !missing.is_empty() {
        fields.insert("cannotLookUp".to_owned(), json!(missing));
    }
    let of_member =
        |member: &Member| json!({"module": member.policy.name(), "settings": member.settings});
    let members = configured.members();
    if let Some(expression) = configured.expression() {
        fields.insert("expression".to_owned(), json!(expression));
        let members = members.iter();
        let members = members.map(|(name, member)| ((*name).to_owned(), of_member(member)));
        fields.insert("policies".to_owned(), members.collect::<Map<_, _>>().into());
    } else if let Some((_, member)) = members.first() {
        fields.insert("module".to_owned(), json!(member.policy.name()));
        fields.insert("settings".to_owned(), member.settings.clone());
    }
    json
}

fn mode(configured: &ActivePolicy) -> &'static str {
    let deployed = configured.deployed.as_ref();
    deployed.map_or("protect", PolicyResource::mode)
}

/// The kinds that the policies may ask the cluster for.
fn looks_up(configured: &ActivePolicy) -> BTreeSet<&str> {
    let members = configured.members().into_iter();
    members.flat_map(|(_, member)| member.looks_up()).collect()
}

/// More resources of other projects than these are counted.
const OTHERS: usize = 4;

/// What it looks at, as far as there is room.
fn resources(configured: &ActivePolicy) -> String {
    let Some(looks_at) = configured.looks_at() else {
        return "unknown".to_owned();
    };
    if looks_at.others.len() <= OTHERS || looks_at.own.is_empty() {
        return join(looks_at.all());
    }
    let count = looks_at.others.len();
    format!("{}, and {count} of other projects", join(looks_at.own))
}

/// What it may look up, and what it may not for all its need.
fn look_ups(configured: &ActivePolicy) -> String {
    let missing = cannot_look_up(configured);
    if missing.is_empty() {
        return join(looks_up(configured));
    }
    format!(
        "nothing; a cluster-wide policy could look up {}",
        join(missing)
    )
}

/// What a policy of a namespace needs to look up and cannot.
fn cannot_look_up(configured: &ActivePolicy) -> BTreeSet<&str> {
    let deployed = configured.deployed.as_ref();
    let is_namespaced = deployed.is_some_and(PolicyResource::is_namespaced);
    let members = configured.members().into_iter().filter(|_| is_namespaced);
    members
        .flat_map(|(_, member)| member.needs_to_look_up())
        .collect()
}

fn join<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for name in names {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name.as_ref());
    }
    text
}
