//! The command line of `preflight`.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

use mimalloc::MiMalloc;

mod cli;
mod commands;
mod project;
mod terminal;

/// Manifests are read into a million small pieces.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Where this program last panicked.
static PANIC: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    // The text of a panic may quote what was at hand, such as the value of a Secret: only the place is told. A policy
    // that makes its host panic is a problem in the report, and says nothing here.
    panic::set_hook(Box::new(|panic| {
        if let Some(location) = panic.location() {
            *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = location.to_string();
        }
    }));
    let cli = cli::parse();
    panic::catch_unwind(AssertUnwindSafe(|| commands::run(cli.clone()))).unwrap_or_else(|_| {
        let place = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        let text = format!("preflight met a bug of its own and stopped, at {place}");
        terminal::complain(&text, cli.common.color);
        ExitCode::from(commands::NOT_JUDGED)
    })
}
