//! Colours, widths, progress.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use preflight::{manifests::without_commands, report::printable};

/// The width where there is no terminal.
const DEFAULT_WIDTH: usize = 100;
/// Narrower than this is not readable.
const LEAST_WIDTH: usize = 40;
/// Work of this many objects takes long enough to want to see it move.
const LONG_WORK: usize = 500;

/// Prints a text with colours, or without them where they are not wanted.
pub(crate) fn print(text: &str, color: ColorChoice) -> io::Result<()> {
    let mut out = AutoStream::new(io::stdout().lock(), choice(color));
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Tells why nothing, or not everything, was done.
pub(crate) fn complain(text: &str, color: ColorChoice) {
    const STYLE: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
    let mut out = AutoStream::new(io::stderr().lock(), choice(color));
    let text = format!("{STYLE}error:{STYLE:#} {}\n", lines(text));
    // There is no one left to tell.
    let _ = out.write_all(without_commands(&text).as_bytes());
}

/// Says what else is worth knowing, beside a result.
pub(crate) fn remark(text: &str, color: ColorChoice) {
    const STYLE: anstyle::Style = anstyle::Style::new().dimmed();
    let mut out = AutoStream::new(io::stderr().lock(), choice(color));
    let text = format!("{STYLE}note: {}{STYLE:#}\n", lines(text));
    // There is no one left to tell.
    let _ = out.write_all(without_commands(&text).as_bytes());
}

/// Several errors have a line each. What is in them may be a stranger's.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

fn choice(color: ColorChoice) -> anstream::ColorChoice {
    match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::AlwaysAnsi,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
}

/// Whether a person reads what is printed, as far as one can know.
pub(crate) fn is_there() -> bool {
    io::stdout().is_terminal()
}

/// How wide to write.
pub(crate) fn width(wanted: Option<usize>) -> usize {
    // Terminals of build servers have no size.
    let terminal = || {
        let width = comfy_table::Table::new().width().map(usize::from);
        width.filter(|width| *width > 0)
    };
    wanted
        .or_else(terminal)
        .unwrap_or(DEFAULT_WIDTH)
        .max(LEAST_WIDTH)
}

/// A bar on the standard error, if that is a terminal and the work is long.
pub(crate) fn progress(objects: usize) -> ProgressBar {
    if objects < LONG_WORK {
        return ProgressBar::hidden();
    }
    let bar =
        ProgressBar::with_draw_target(u64::try_from(objects).ok(), ProgressDrawTarget::stderr());
    // The template is constant; should it be wrong, the bar has the default look.
    match ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} objects") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
