//! Asking before anything is changed.

use std::io::{self, BufRead, IsTerminal, Write};

/// Whether to go on: `yes` was given, or the person at the terminal says so. Without a terminal nobody can, and
/// nothing is changed.
pub(super) fn confirm(question: &str, yes: bool) -> io::Result<bool> {
    if yes {
        return Ok(true);
    }
    let mut told = anstream::stderr();
    let input = io::stdin();
    if !input.is_terminal() {
        writeln!(told, "Nothing was changed: nobody is here to confirm it. A script gives --yes.")?;
        return Ok(false);
    }
    write!(told, "{question} [y/N] ")?;
    told.flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    let is_confirmed = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
    if !is_confirmed {
        writeln!(told, "Nothing was changed.")?;
    }
    Ok(is_confirmed)
}
