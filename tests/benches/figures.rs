//! What the policies cost, beside a guest that reads nothing and one that decodes the usual way, and how fast preflight
//! gets through a whole cluster. `make bench` prints the tables, and writes them into `docs/benchmarks.md`.
//!
//! Time is measured by hand: what counts are ratios, so the guests have to take turns, and a harness that measures one
//! after the other would put the noise of the machine into them.

use std::{env, fs};

use bundle_tests::{read, repository};

use measure::Guests;
use report::Report;

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

fn main() -> Result<(), String> {
    // `cargo test --all-targets` starts it, too.
    if !env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let mut report = Report::default();
    let guests = Guests::load()?;
    modules::measure(&guests, &mut report)?;
    reviews::measure(&guests, &mut report)?;
    growth::measure(&guests, &mut report)?;
    preflight_run::measure(&mut report)?;
    let text = report.finish()?;
    let path = repository("docs/benchmarks.md");
    let page = report::insert(&read(&path)?, &text)?;
    fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))
}
