//! The tables, as they are printed while they grow and stand in `docs/benchmarks.md`.

use std::fmt::Write;
use std::process::Command;
use std::{env, fs, thread};

use bundle_tests::repository;
use jiff::Timestamp;

const BEGIN: &str = "<!-- written by make bench -->\n";
const END: &str = "<!-- up to here -->\n";

/// The tables, and which targets are met.
#[derive(Default)]
pub(crate) struct Report {
    tables: String,
    targets: String,
}

impl Report {
    /// Begins a table, whose first columns are words and whose others are numbers.
    pub(crate) fn table(&mut self, title: &str, words: &[&str], numbers: &[&str]) {
        let rule = [vec!["---"; words.len()], vec!["---:"; numbers.len()]].concat();
        self.line(&format!("\n### {title}\n"));
        self.row(&[words, numbers].concat());
        self.row(&rule);
    }

    /// A row of the table that was begun last.
    pub(crate) fn row(&mut self, cells: &[&str]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    fn line(&mut self, line: &str) {
        println!("{line}");
        self.tables.extend([line, "\n"]);
    }

    /// What was wanted, what was seen.
    pub(crate) fn target(&mut self, what: &str, seen: &str, is_met: bool) {
        let met = if is_met { "yes" } else { "**no**" };
        // Writing to a String cannot fail.
        let _ = writeln!(self.targets, "| {what} | {seen} | {met} |");
    }

    /// All of it.
    pub(crate) fn finish(self) -> Result<String, String> {
        let Self { tables, targets } = self;
        let date: String = Timestamp::now().to_string().chars().take(10).collect();
        let head = format!(
            "{}, {date}.\n\n### Targets\n\n| target | seen | met |\n| --- | ---: | --- |\n{targets}",
            machine()?
        );
        println!("\n{head}");
        let figure = "![What the policies and preflight cost](benchmarks.svg)";
        Ok(format!("{figure}\n\n{head}{tables}"))
    }
}

/// Puts the tables into the page, in the place of those of the last time.
pub(crate) fn insert(page: &str, tables: &str) -> Result<String, String> {
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("the page has no place for the tables")?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

/// What this runs on, and what compiled the guests.
fn machine() -> Result<String, String> {
    let facts = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = facts
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(env::consts::ARCH, |(_, model)| model.trim());
    let compiler = Command::new(repository("tools/wasm-cargo"))
        .arg("--version")
        .output()
        .map_err(|error| format!("tools/wasm-cargo: {error}"))?;
    let compiler = String::from_utf8_lossy(&compiler.stdout);
    // Without the commit and its date.
    let compiler: Vec<&str> = compiler.split(' ').take(2).collect();
    let (cores, compiler) = (cores(), compiler.join(" "));
    Ok(format!(
        "{model}, {cores} cores, {}; guests compiled by {compiler}",
        env::consts::OS
    ))
}

/// How many threads can run at once.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
