//! The commands that the documents show, beside what the program takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

/// How a document calls the program, at the beginning of a command.
const PROGRAMS: [&str; 4] =
    ["card-airlock", "target/debug/card-airlock", "target/release/card-airlock", "cargo run --"];

/// And within another command.
const WITHIN: &str = "$(cargo run --quiet --";

#[test]
fn every_command_in_the_documents_is_one_that_the_program_takes() {
    let mut helps = BTreeMap::new();
    let mut shown = BTreeSet::new();
    for (document, line) in commands() {
        let words: Vec<_> =
            line.split_whitespace().take_while(|word| !word.starts_with(['#', '>', '|'])).collect();
        let subcommands: Vec<_> =
            words.iter().copied().take_while(|word| word.chars().all(|it| it.is_ascii_lowercase())).collect();
        // `profile check stripe`: the last word may be an argument.
        let has_own = subcommands.first().is_some_and(|first| ["audit", "profile"].contains(first));
        let depth = subcommands.len().min(if has_own { 2 } else { 1 });
        let subcommand = subcommands[..depth].to_vec();
        let help = helps.entry(subcommand.join(" ")).or_insert_with(|| help(&subcommand));
        for option in words.iter().filter(|word| word.starts_with("--")) {
            let option = option.split('=').next().unwrap().trim_end_matches([',', ':', '`', ')']);
            assert!(help.contains(option), "{document}: {line}: {subcommand:?} has no {option}");
        }
        shown.insert(subcommand.join(" "));
    }
    for command in ["up", "demo", "replay", "token", "load"] {
        assert!(shown.contains(command), "no document shows {command}");
    }
}

/// The program's calls in the documents' blocks of commands and between backticks: document, and what follows the name.
fn commands() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let documents = fs::read_dir(root.join("docs")).unwrap().chain(fs::read_dir(&root).unwrap());
    let documents = documents.map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for document in documents.filter(|path| path.extension().is_some_and(|it| it == "md")) {
        let text = fs::read_to_string(&document).unwrap();
        let name = document.file_name().unwrap().to_string_lossy().into_owned();
        let quoted = text.split('`').skip(1).step_by(2).filter(|quoted| !quoted.contains('\n'));
        let blocks = text.lines().filter(|line| line.starts_with("    ")).flat_map(|line| line.split("&&"));
        for call in quoted.chain(blocks) {
            let call = call.trim();
            let within = call.split_once(WITHIN).map(|(_, rest)| rest.split(')').next().unwrap());
            let after = PROGRAMS.iter().filter_map(|program| call.strip_prefix(program)).next().or(within);
            if let Some(rest) = after.filter(|rest| rest.starts_with(' ')) {
                found.push((name.clone(), rest.trim().to_owned()));
            }
        }
    }
    found
}

/// What the program says of a subcommand; it fails for one that it does not have.
fn help(subcommand: &[&str]) -> String {
    let program =
        Command::new(env!("CARGO_BIN_EXE_card-airlock")).args(subcommand).arg("--help").output().unwrap();
    assert!(program.status.success(), "{subcommand:?}: {}", String::from_utf8_lossy(&program.stderr));
    String::from_utf8(program.stdout).unwrap()
}
