//! The program as a shell sees it: what it prints, what it changes, exit codes. These are one binary, for they wait more
//! than they compute, and `cargo test` runs one binary after another.

mod command_line;
mod import;
mod kept;
mod load;
mod operator;
mod rewrap;
mod snapshots;

use std::process::{Command, Output};

/// The exit code of a command, and all that it printed.
#[expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]
async fn done(mut command: Command) -> (Option<i32>, String) {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = output;
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}
