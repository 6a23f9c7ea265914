//! What a pass came to, for a person.

use std::{
    io::{self, Write},
    path::Path,
};

use rewrap::{Action, Summary};

use crate::{
    documents::KEYS,
    style::{FAINT, HEADING},
};

/// What is shown of an id of key material.
const SHOWN_DIGITS: usize = 8;

/// How many rows somebody has to do something about.
pub(super) fn to_do(pass: &Summary) -> u64 {
    let broken = pass.refused + pass.unreadable;
    match pass.action {
        Action::Count => pass.rows.saturating_sub(pass.present),
        Action::Rewrap => broken,
        Action::Verify => pass.left + broken,
    }
}

pub(super) fn print(pass: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let title = match pass.action {
        Action::Count => "Dry run: nothing was changed",
        Action::Rewrap => "Re-wrapped",
        Action::Verify => "Verified by KMS, row by row: nothing was changed",
    };
    writeln!(out, "{HEADING}{title}{HEADING:#}")?;
    writeln!(out, "{:>9}  rows in the vault", pass.rows)?;
    let lines = [
        (pass.present, "say that they are under the present key"),
        (pass.rewrapped, "moved to the present key"),
        (pass.of_another_key, "were not under the previous key"),
        (pass.changed_meanwhile, "forgotten, replaced or moved by somebody else meanwhile"),
        (pass.left, "still under the previous key"),
        (pass.refused, "that nobody can open: key and token do not belong together"),
        (pass.unreadable, "that cannot be read: no token, another account, or no data key"),
    ];
    for (rows, what) in lines.into_iter().filter(|(rows, _)| *rows > 0) {
        writeln!(out, "{rows:>9}  {what}")?;
    }
    writeln!(out, "{HEADING}By what the rows said of their key{HEADING:#}")?;
    for (material, rows) in &pass.materials {
        writeln!(out, "{rows:>9}  {}", shortened(material))?;
    }
    let then = match (pass.action, to_do(pass)) {
        (Action::Count, 0) => "Nothing is to be moved. This asks KMS of each row:".to_owned(),
        (Action::Count, rows) => format!("{rows} rows are to be moved. This asks KMS to move them:"),
        (Action::Rewrap, 0) => {
            "When every worker runs with the new key, this asks KMS of each row:".to_owned()
        }
        (Action::Verify, 0) => "Nothing needs the previous key any more.".to_owned(),
        (Action::Rewrap | Action::Verify, rows) => format!("{rows} rows are left: see {KEYS}."),
    };
    writeln!(out, "{FAINT}{then}{FAINT:#}")
}

/// How far a pass came that was stopped, and how it goes on. `state` is where its place is kept.
pub(super) fn stopped(pass: &Summary, state: Option<&Path>) -> String {
    let done = match pass.action {
        Action::Count | Action::Verify => "Nothing was changed.".to_owned(),
        Action::Rewrap => format!("{} were moved, and stay so.", pass.rewrapped),
    };
    let next = match state {
        Some(state) => format!("The same command continues; its place is in {}.", state.display()),
        None => "Without --state the same command begins anew; what is moved is not moved again.".to_owned(),
    };
    format!("Stopped after {} rows. {done}\n{next}", pass.rows)
}

/// The command that comes next.
pub(super) fn next(pass: &Summary) -> Option<&'static str> {
    match (pass.action, to_do(pass)) {
        (Action::Count | Action::Rewrap, 0) => Some("rewrap --verify"),
        (Action::Count, _) => Some("rewrap"),
        (Action::Verify, _) if pass.left > 0 => Some("rewrap"),
        (Action::Rewrap | Action::Verify, _) => None,
    }
}

/// A whole id of key material does not fit a line.
fn shortened(material: &str) -> String {
    let cut = material.find('/').and_then(|slash| material.get(..slash + 1 + SHOWN_DIGITS));
    cut.map_or_else(|| material.to_owned(), |cut| format!("{cut}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pass: &Summary) -> String {
        let mut out = Vec::new();
        print(pass, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_pass_that_was_stopped_tells_what_was_done_and_how_it_goes_on() {
        let pass = Summary { rows: 7, rewrapped: 5, ..Summary::new(Action::Rewrap) };
        assert_eq!(
            stopped(&pass, Some(Path::new("rewrap.json"))),
            "Stopped after 7 rows. 5 were moved, and stay so.\nThe same command continues; its place is in rewrap.json."
        );
        let text = stopped(&Summary::new(Action::Verify), None);
        assert!(text.starts_with("Stopped after 0 rows. Nothing was changed.\nWithout --state "), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn every_line_fits_and_what_is_to_be_done_is_told() {
        let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for action in [Action::Count, Action::Rewrap, Action::Verify] {
            let mut pass = Summary {
                rows: 9,
                rewrapped: 1,
                present: 2,
                of_another_key: 1,
                changed_meanwhile: 1,
                left: 1,
                refused: 2,
                unreadable: 1,
                ..Summary::new(action)
            };
            pass.materials.insert(format!("{key}/{}", "ab".repeat(32)), 8);
            pass.materials.insert("unknown".to_owned(), 1);
            let text = told(&pass);
            assert!(text.contains(&format!("{key}/abababab…")), "{text}");
            let plain = anstream::adapter::strip_str(&text).to_string();
            assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
            let expected = match action {
                Action::Count => 7,
                Action::Rewrap => 3,
                Action::Verify => 4,
            };
            assert_eq!(to_do(&pass), expected, "{action:?}");
            let (left, nothing) = match action {
                Action::Count => (Some("rewrap"), Some("rewrap --verify")),
                Action::Rewrap => (None, Some("rewrap --verify")),
                Action::Verify => (Some("rewrap"), None),
            };
            assert_eq!(next(&pass), left, "{action:?}");
            assert_eq!(next(&Summary { rows: 9, present: 9, ..Summary::new(action) }), nothing, "{action:?}");
            assert_eq!(to_do(&Summary { rows: 9, present: 9, ..Summary::new(action) }), 0, "{action:?}");
        }
    }
}
