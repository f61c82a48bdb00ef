//! Lists the policies.

use std::{collections::BTreeSet, error::Error};

use comfy_table::{ContentArrangement, Table, presets};
use preflight::{deployed::Deployed, judge::Configured};
use serde_json::{Value, json};

use super::{chosen, configured, no_such_format, print, remark};
use crate::{
    cli::{Common, Format},
    terminal,
};

pub(super) fn run(common: &Common) -> Result<u8, Box<dyn Error>> {
    // Without settings of a user there are none to show.
    let has_settings = common.settings.is_some() || !common.policies_from.is_empty();
    let policies = if has_settings {
        let (policies, notes) = configured(common)?;
        remark(&notes, common.color);
        policies
    } else {
        let policies = chosen(common)?.into_iter();
        policies
            .map(|policy| Configured::new(policy, json!({})))
            .collect()
    };
    let text = match common.format {
        Format::Table => {
            let width = terminal::width(common.width);
            if has_settings {
                table(&SETTINGS, &policies, width)
            } else {
                table(&MODULES, &policies, width)
            }
        }
        Format::Json => {
            let as_json = |configured| as_json(configured, has_settings);
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

/// The heads of five columns, and a row for each policy.
struct Columns {
    heads: [&'static str; 5],
    row: fn(&Configured) -> [String; 5],
}

const MODULES: Columns = Columns {
    heads: ["Policy", "Version", "Size", "Looks at", "Looks up"],
    row: |configured| {
        let policy = &configured.policy;
        [
            policy.name().to_owned(),
            policy.version().unwrap_or("unknown").to_owned(),
            format!("{} KB", policy.size().div_ceil(1000)),
            looks_at(configured).map_or_else(|| "unknown".to_owned(), join),
            join(looks_up(configured)),
        ]
    },
};

const SETTINGS: Columns = Columns {
    heads: ["Policy", "Mode", "Looks at", "Looks up", "Settings"],
    row: |configured| {
        let (name, module) = (configured.name(), configured.policy.name());
        let settings = &configured.settings;
        [
            if name == module {
                name.to_owned()
            } else {
                format!("{name} ({module})")
            },
            mode(configured).to_owned(),
            looks_at(configured).map_or_else(|| "unknown".to_owned(), join),
            join(looks_up(configured)),
            if *settings == json!({}) {
                "defaults".to_owned()
            } else {
                settings.to_string()
            },
        ]
    },
};

fn table(columns: &Columns, policies: &[Configured], width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(columns.heads);
    for policy in policies {
        table.add_row((columns.row)(policy));
    }
    format!("{table}\n")
}

fn as_json(configured: &Configured, has_settings: bool) -> Value {
    let policy = &configured.policy;
    let mut json = json!({
        "name": configured.name(),
        "version": policy.version(),
        "size": policy.size(),
        "looksAt": looks_at(configured),
        "looksUp": looks_up(configured),
    });
    if let (true, Some(fields)) = (has_settings, json.as_object_mut()) {
        fields.insert("module".to_owned(), json!(policy.name()));
        fields.insert("mode".to_owned(), json!(mode(configured)));
        fields.insert("settings".to_owned(), configured.settings.clone());
    }
    json
}

fn mode(configured: &Configured) -> &'static str {
    let deployed = configured.deployed.as_ref();
    deployed.map_or("protect", Deployed::mode)
}

/// The resources in the rules; `None` when nobody says.
fn looks_at(configured: &Configured) -> Option<BTreeSet<&str>> {
    if let Some(deployed) = &configured.deployed {
        return Some(deployed.resources().collect());
    }
    let rules = &configured.policy.metadata()?.rules;
    let listed = rules.iter().flat_map(|rule| &rule.resources);
    Some(listed.map(String::as_str).collect())
}

/// The kinds that the policy may ask the cluster for.
fn looks_up(configured: &Configured) -> BTreeSet<&str> {
    if let Some(deployed) = &configured.deployed {
        return deployed.kinds().collect();
    }
    let metadata = configured.policy.metadata();
    let granted = metadata.map(|metadata| &metadata.context_aware_resources);
    let granted = granted.into_iter().flatten();
    granted.map(|resource| resource.kind.as_str()).collect()
}

fn join(names: BTreeSet<&str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
