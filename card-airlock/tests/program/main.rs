//! The program as a shell sees it: what it prints, what it changes, exit codes. These are one binary, for they wait more
//! than they compute, and `cargo test` runs one binary after another.

mod command_line;
mod import;
mod kept;
mod load;
mod operator;
mod rewrap;
mod snapshots;
