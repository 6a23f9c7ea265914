//! Wiring.

use std::process::ExitCode;

fn main() -> ExitCode {
    card_airlock::cli::run()
}
