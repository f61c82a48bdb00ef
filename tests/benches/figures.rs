//! What the policies cost, beside a guest that reads nothing and one that decodes the usual way, what is left of that behind
//! HTTP, and how fast preflight starts and gets through a whole cluster. `make bench` prints the tables, and writes them
//! into `docs/benchmarks.md`; with the names of some parts it prints those alone, and draws them in `target`.
//!
//! Time is measured by hand: what counts are ratios, so the guests have to take turns, and a harness that measures one
//! after the other would put the noise of the machine into them.

use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use bundle_tests::{read, repository};

use measure::Guests;
use report::Report;

#[path = "figures/chart.rs"]
mod chart;
#[path = "figures/growth.rs"]
mod growth;
#[path = "figures/manifests.rs"]
mod manifests;
#[path = "figures/measure.rs"]
mod measure;
#[path = "figures/modules.rs"]
mod modules;
#[path = "figures/objects.rs"]
mod objects;
#[path = "figures/preflight.rs"]
mod preflight_run;
#[path = "figures/report.rs"]
mod report;
#[path = "figures/reviews.rs"]
mod reviews;
#[path = "figures/run.rs"]
mod run;
#[path = "figures/server.rs"]
mod server;

/// The names of the parts, in their order.
const PARTS: &[&str] = &["modules", "reviews", "growth", "server", "start", "objects"];

fn main() -> Result<(), String> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [first, program @ ..] = arguments.as_slice()
        && first == run::MEASURED
    {
        return run::measured(program);
    }
    // `cargo test --all-targets` starts it, too.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let named = arguments.iter().filter(|argument| *argument != "--bench");
    let named: Vec<&str> = named.map(String::as_str).collect();
    if let Some(unknown) = named.iter().find(|name| !PARTS.contains(name)) {
        return Err(format!("there is no part {unknown}: there are {PARTS:?}"));
    }
    let is_wanted = |part: &str| named.is_empty() || named.contains(&part);
    let mut report = Report::default();
    let mut panels = Vec::new();
    let guests = Arc::new(Guests::load()?);
    for part in PARTS.iter().filter(|part| is_wanted(part)) {
        match *part {
            "modules" => modules::measure(&guests, &mut report)?,
            "reviews" => reviews::measure(&guests, &mut report)?,
            "growth" => growth::measure(&guests, &mut report)?,
            "server" => panels.push(server::measure(&guests, &mut report)?),
            "start" => panels.push(preflight_run::measure_start(&mut report)?),
            _ => panels.push(preflight_run::measure_all(&mut report)?),
        }
    }
    let text = report.finish()?;
    let figure = if named.is_empty() {
        let path = repository("docs/benchmarks.md");
        write(&path, &report::insert(&read(&path)?, &text)?)?;
        "docs/benchmarks.svg"
    } else {
        "target/benchmarks.svg"
    };
    if panels.is_empty() {
        return Ok(());
    }
    write(&repository(figure), &chart::svg(&panels))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
