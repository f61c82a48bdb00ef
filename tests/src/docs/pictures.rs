//! The pictures in the README: what preflight prints on a terminal, and the page for a browser.

use std::fs;
use std::path::PathBuf;

use anstyle_svg::{Term, WIN10_CONSOLE};
use preflight::judge::judge;
use preflight::manifests;
use preflight::report::html::{self, Run};
use preflight::report::{Report, table};

use super::Document;
use crate::{browser, policies, repository};

/// What is shown on the terminal.
const FILE: &str = "examples/shop/node/ci-runner.yaml";
/// As wide as a small terminal.
const WIDTH: usize = 80;
/// Of the page, as much as a reader sees first.
const PAGE: (usize, usize) = (1200, 900);

/// The report on a part of the example shop, with the files named from the root of the repository on.
fn report(part: &str) -> Result<Report, String> {
    let root = repository("").display().to_string();
    let mut manifests = manifests::read(&[repository(part)]);
    for object in &mut manifests.objects {
        let file = object.file.strip_prefix(&root).unwrap_or(&object.file);
        object.file = file.trim_start_matches('/').to_owned();
    }
    let active = policies::active()?;
    judge(manifests, &active, "default", None, || ()).map_err(|error| error.to_string())
}

/// What `preflight --frame` prints of a file, as a picture.
pub fn frame() -> Result<Document, String> {
    let printed = table::render_with_frames(&report(FILE)?, WIDTH);
    let terminal = Term::new().palette(WIN10_CONSOLE);
    let picture = terminal.render_svg(&format!("$ preflight {FILE}\n{printed}"));
    Ok(Document::new("docs/pictures/frame.svg", picture))
}

/// Takes the picture of the page on the example shop.
pub fn page() -> Result<PathBuf, String> {
    let report = report("examples/shop")?;
    let active = policies::active()?;
    let run = Run {
        name: "this run",
        report: &report,
        policies: &active,
    };
    let page = html::render(&[run]).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("page.html");
    fs::write(&file, page).map_err(|error| error.to_string())?;
    let picture = repository("docs/pictures/page.png");
    browser::screenshot(&file, PAGE, false, &picture)?;
    Ok(picture)
}
