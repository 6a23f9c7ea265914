//! What a pass came to, for a person.

use std::{
    io::{self, Write},
    path::Path,
};

use import::{Action, Outcome, Summary};

use crate::{
    cli::operate::progress::Rate,
    documents::MIGRATING,
    style::{FAINT, HEADING},
};

/// How many rows somebody has to do something about.
pub(super) fn left(pass: &Summary) -> u64 {
    [Outcome::WithoutOwner, Outcome::Bad, Outcome::Orphan, Outcome::Waiting, Outcome::Left]
        .map(|outcome| pass.count(outcome))
        .iter()
        .sum()
}

pub(super) fn question(action: Action) -> &'static str {
    match action {
        Action::Check | Action::Import | Action::Orphans => "Import them?",
        Action::CheckScrub | Action::Scrub => "Take the numbers out?",
    }
}

/// How far the pass is. Counts only.
pub(super) fn progress(pass: &Summary, total: Option<u64>, rate: Rate) -> String {
    let rows = pass.rows;
    let left = total.map(|total| total.saturating_sub(rows)).filter(|left| *left > 0);
    let time = left.and_then(|left| rate.seconds_for(left)).map(|seconds| match seconds {
        0..120 => format!(", about {seconds} s left"),
        120..7_200 => format!(", about {} min left", seconds / 60),
        _ => format!(", about {} h left", seconds / 3_600),
    });
    let of = total.filter(|total| *total >= rows).map(|total| format!(" of about {total}"));
    format!("{rows}{} rows, {rate}{}", of.unwrap_or_default(), time.unwrap_or_default())
}

/// How far a pass came that was stopped, and how it goes on. `state` is where its place is kept.
pub(super) fn stopped(pass: &Summary, state: Option<&Path>) -> String {
    let done = match pass.action {
        Action::Check | Action::CheckScrub | Action::Orphans => "Nothing was changed.".to_owned(),
        Action::Import => format!("{} were imported, and stay so.", pass.count(Outcome::Imported)),
        Action::Scrub => format!("{} were scrubbed, and stay so.", pass.count(Outcome::Scrubbed)),
    };
    let next = match state {
        Some(state) => format!("The same command continues; its place is in {}.", state.display()),
        None => "Without --state the same command begins anew; name another file for --results.".to_owned(),
    };
    format!("Stopped after {} rows. {done}\n{next}", pass.rows)
}

pub(super) fn print(pass: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let (title, would) = match pass.action {
        Action::Check => ("Dry run of an import: nothing was changed", "would be imported"),
        Action::Import => ("Imported", ""),
        Action::CheckScrub => ("Dry run of a scrub: nothing was changed", "would be scrubbed"),
        Action::Scrub => ("Scrubbed", ""),
        Action::Orphans => ("Rows of the AWS sample's vault: nothing was changed", ""),
    };
    writeln!(out, "{HEADING}{title}{HEADING:#}")?;
    writeln!(out, "{:>9}  rows in the table", pass.rows)?;
    let there = match pass.action {
        Action::Check | Action::Import => "there already",
        Action::CheckScrub | Action::Scrub => "with the token already",
        Action::Orphans => "that an order names",
    };
    let lines = [
        (Outcome::Good, would),
        (Outcome::Imported, "sealed"),
        (Outcome::Scrubbed, "with the token in the number's place now"),
        (Outcome::There, there),
        (Outcome::Orphan, "that no order names"),
        (Outcome::Waiting, "whose order is not across yet"),
        (Outcome::WithoutOwner, "without an owner"),
        (Outcome::Bad, "that break a rule"),
        (Outcome::Left, "left as they are"),
    ];
    for (outcome, what) in lines {
        let rows = pass.count(outcome);
        if rows > 0 {
            writeln!(out, "{rows:>9}  {what}")?;
        }
    }
    if !pass.reasons.is_empty() {
        writeln!(out, "{HEADING}Why rows were left{HEADING:#}")?;
    }
    for (reason, rows) in &pass.reasons {
        writeln!(out, "{rows:>9}  {}", reason.code())?;
    }
    let next = match (pass.action, left(pass)) {
        (Action::Check, 0) => "Every row would be imported.".to_owned(),
        (Action::Import, 0) => {
            "When `card-airlock status` has nothing pending, try `import --scrub --dry-run`.".to_owned()
        }
        (Action::Orphans, 0) => "An order names each row.".to_owned(),
        (Action::Orphans, _) => format!("--results has their tokens. {MIGRATING} says what they are."),
        (Action::CheckScrub, 0) => "Every number would be taken out.".to_owned(),
        (Action::Scrub, 0) => {
            format!("No number is left in the table.\n{MIGRATING} says where else there are.")
        }
        (_, _) => {
            format!("{MIGRATING} says what to do about each reason;\n--results names the rows.")
        }
    };
    writeln!(out, "{FAINT}{next}{FAINT:#}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use import::Reason;

    use super::*;

    #[test]
    fn every_line_fits_and_what_is_left_is_counted() {
        for action in [Action::Check, Action::Import, Action::CheckScrub, Action::Scrub, Action::Orphans] {
            let mut pass = Summary::new(action);
            pass.rows = 1_000_000;
            let outcomes = [
                Outcome::Good,
                Outcome::Imported,
                Outcome::There,
                Outcome::WithoutOwner,
                Outcome::Bad,
                Outcome::Scrubbed,
                Outcome::Waiting,
                Outcome::Left,
                Outcome::Orphan,
            ];
            pass.outcomes = outcomes.into_iter().zip([1, 2, 4, 8, 16, 32, 64, 128, 256]).collect();
            pass.reasons = [(Reason::NumberIsAnotherToken, 9), (Reason::CardExpiredInVault, 1)].into();
            assert_eq!(left(&pass), 8 + 16 + 64 + 128 + 256);
            let mut out = Vec::new();
            print(&pass, &mut out).unwrap();
            print(&Summary::new(action), &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let plain = anstream::adapter::strip_str(&text).to_string();
            assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
            assert!(plain.contains("        9  NUMBER_IS_ANOTHER_TOKEN"), "{plain}");
        }
    }

    #[test]
    fn a_pass_that_was_stopped_tells_what_was_done_and_how_it_goes_on() {
        let mut pass = Summary::new(Action::Import);
        (pass.rows, pass.outcomes) = (7, [(Outcome::Imported, 5)].into());
        assert_eq!(
            stopped(&pass, Some(Path::new("import.json"))),
            "Stopped after 7 rows. 5 were imported, and stay so.\nThe same command continues; its place is in import.json."
        );
        let text = stopped(&Summary::new(Action::CheckScrub), None);
        assert!(text.starts_with("Stopped after 0 rows. Nothing was changed.\nWithout --state "), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn the_time_that_is_left_is_told_where_it_is_known() {
        let at = |rows, total, rate| {
            let mut pass = Summary::new(Action::Import);
            pass.rows = rows;
            progress(&pass, total, Rate::of(rate, Duration::from_secs(1)))
        };
        assert_eq!(at(100, Some(300), 2), "100 of about 300 rows, 2.0 rows/s, about 100 s left");
        assert_eq!(at(0, Some(12_000), 10), "0 of about 12000 rows, 10 rows/s, about 20 min left");
        assert_eq!(at(0, Some(7_200), 1), "0 of about 7200 rows, 1.0 rows/s, about 2 h left");
        assert_eq!(at(100, None, 2), "100 rows, 2.0 rows/s");
        assert_eq!(at(100, Some(300), 0), "100 of about 300 rows, 0.0 rows/s");
        // DynamoDB's count is some hours old.
        assert_eq!(at(100, Some(50), 2), "100 rows, 2.0 rows/s");
    }
}
