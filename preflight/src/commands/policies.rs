//! Lists the policies.

use std::{collections::BTreeSet, error::Error};

use comfy_table::{ContentArrangement, Table, presets};
use preflight::Policy;
use serde_json::{Value, json};

use super::{chosen, no_such_format, print};
use crate::{
    cli::{Common, Format},
    terminal,
};

pub(super) fn run(common: &Common) -> Result<u8, Box<dyn Error>> {
    let policies = chosen(common)?;
    let text = match common.format {
        Format::Table => table(&policies, terminal::width(common.width)),
        Format::Json => {
            let policies: Vec<Value> = policies.iter().map(as_json).collect();
            format!(
                "{}\n",
                serde_json::to_string_pretty(&json!({"version": 1, "policies": policies}))?
            )
        }
        Format::Sarif | Format::Junit => return Err(no_such_format("policies")),
    };
    print(&text, common.color)?;
    Ok(0)
}

fn table(policies: &[Policy], width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(["Policy", "Version", "Size", "Looks at", "Looks up"]);
    for policy in policies {
        table.add_row([
            policy.name().to_owned(),
            policy.version().unwrap_or("unknown").to_owned(),
            format!("{} KB", policy.size().div_ceil(1000)),
            looks_at(policy).map_or_else(|| "unknown".to_owned(), join),
            join(looks_up(policy)),
        ]);
    }
    format!("{table}\n")
}

fn as_json(policy: &Policy) -> Value {
    json!({
        "name": policy.name(),
        "version": policy.version(),
        "size": policy.size(),
        "looksAt": looks_at(policy),
        "looksUp": looks_up(policy),
    })
}

/// The resources in the rules; `None` when the policy does not say.
fn looks_at(policy: &Policy) -> Option<BTreeSet<&str>> {
    let rules = &policy.metadata()?.rules;
    Some(
        rules
            .iter()
            .flat_map(|rule| &rule.resources)
            .map(String::as_str)
            .collect(),
    )
}

/// The kinds that the policy asks the cluster for.
fn looks_up(policy: &Policy) -> BTreeSet<&str> {
    let granted = policy
        .metadata()
        .map(|metadata| &metadata.context_aware_resources);
    granted
        .into_iter()
        .flatten()
        .map(|resource| resource.kind.as_str())
        .collect()
}

fn join(names: BTreeSet<&str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
