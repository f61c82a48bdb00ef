//! Writes the completions for a shell.

use std::{error::Error, fmt::Write};

use clap::{Arg, Command, builder::PossibleValue};
use clap_complete::Shell;

use super::print_unchanged;
use crate::cli::{self, Common};

/// The name of the program.
const PROGRAM: &str = "preflight";

/// `preflight completions SHELL`
pub(super) fn run(common: &Common, shell: Shell) -> Result<u8, Box<dyn Error>> {
    let mut command = cli::with_names();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, PROGRAM, &mut text);
    let mut text = String::from_utf8_lossy(&text).into_owned();
    match shell {
        Shell::Fish => text = fish(&text, &command),
        Shell::Zsh => text = zsh(&text).unwrap_or(text),
        _ => {}
    }
    // A program for a shell, which is to be obeyed.
    print_unchanged(&text, common.color).map(|()| 0)
}

/// What `clap_complete` leaves out for fish: the value of an option at the end, options behind a path, which it takes for a
/// command, and what stands behind a command without an option.
fn fish(text: &str, command: &Command) -> String {
    let parse = format!("    argparse -s (__fish_{PROGRAM}_global_optspecs) -- $cmd 2>/dev/null\n");
    let names = command.get_subcommands().map(Command::get_name);
    let names: Vec<&str> = names.collect();
    let mut text = text
        .replacen(
            &format!("{parse}    or return\n"),
            &format!(
                "{parse}    or begin\n        # An option that has no value yet.\n        set -e cmd[-1]\n    {parse}    end\n    or \
                 return\n"
            ),
            1,
        )
        .replacen(
            "    if set -q argv[1]\n",
            &format!("    if contains -- \"$argv[1]\" {}\n", names.join(" ")),
            1,
        );
    for subcommand in command.get_subcommands() {
        for values in subcommand.get_positionals().filter_map(values) {
            let _ = writeln!(
                text,
                "complete -c {PROGRAM} -n \"__fish_{PROGRAM}_using_subcommand {}\" -f -a \"{values}\"",
                subcommand.get_name()
            );
        }
    }
    text
}

/// What `clap_complete` does not expect for zsh, a command in place of paths: it takes the first word for a path, and only the
/// second for a command.
fn zsh(text: &str) -> Option<String> {
    const ARGUMENTS: &str = "_arguments \"${_arguments_options[@]}\" : \\\n";
    const END: &str = "        esac\n    ;;\nesac\n}\n";
    let (head, rest) = text.split_once(ARGUMENTS)?;
    let (options, rest) = rest.split_once("'::paths")?;
    let (paths, rest) = rest.split_once('\n')?;
    let (commands, rest) = rest.split_once(END)?;
    let first = format!("\": :_{PROGRAM}_commands");
    let commands = commands
        .replacen(
            &format!("\":: :_{PROGRAM}_commands"),
            &format!("{first}_or_paths"),
            1,
        )
        .replace("$line[2]", "$line[1]");
    Some(format!(
        "{head}{ARGUMENTS}{options}{commands}(*)\n{ARGUMENTS}{options}'*:paths{paths}\n&& ret=0\n;;\n{END}
_{PROGRAM}_commands_or_paths() {{
    local ret=1
    _{PROGRAM}_commands && ret=0
    _files && ret=0
    return ret
}}
{rest}"
    ))
}

/// What an argument may be, where that is known.
fn values(argument: &Arg) -> Option<String> {
    let values = argument.get_possible_values();
    let values = values.iter().map(PossibleValue::get_name);
    let values: Vec<&str> = values.collect();
    (!values.is_empty()).then(|| values.join(" "))
}
