//! What the command line says, word for word: help, wrong arguments, files that are not there. `TRYCMD=overwrite cargo
//! test --workspace --test program snapshots` writes the files of `tests/snapshots/` again.
#![cfg(unix)]

#[test]
fn the_command_line_says_what_the_snapshots_say() {
    trycmd::TestCases::new().case("tests/snapshots/*.trycmd").env("COLUMNS", "100");
}
