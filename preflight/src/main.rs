//! The command line of `preflight`.

use std::process::ExitCode;

mod cli;
mod commands;
mod terminal;

fn main() -> ExitCode {
    commands::run(&cli::parse())
}
