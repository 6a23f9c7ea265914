//! Counts the outcomes of a file of orders. Its size does not grow with the file.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::{Serialize, Serializer};

use crate::style::{BAD, GOOD, HEADING};

/// How many lines are named for each kind of failure.
const NAMED: usize = 10;

/// The outcome of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "reason", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Outcome {
    /// It was not accepted, for this reason.
    Refused(String),
    /// It was accepted and has no token, for this reason.
    NotTokenized(String),
    /// It has a token and was not paid, for this reason.
    NotPaid(String),
    /// It has a token and is paid.
    Paid,
}

/// The count.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    #[serde(rename = "orders")]
    lines: u64,
    accepted: u64,
    tokenized: u64,
    paid: u64,
    #[serde(serialize_with = "count_only")]
    refused: Trouble,
    #[serde(serialize_with = "count_only")]
    failed: Trouble,
    #[serde(serialize_with = "count_only")]
    unpaid: Trouble,
}

fn count_only<S: Serializer>(trouble: &Trouble, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(trouble.count)
}

impl Summary {
    /// Counts one line's order.
    pub(super) fn count(&mut self, line: u64, outcome: Outcome) {
        self.lines += 1;
        if let Outcome::Refused(reason) = outcome {
            return self.refused.note(line, reason);
        }
        self.accepted += 1;
        if let Outcome::NotTokenized(reason) = outcome {
            return self.failed.note(line, reason);
        }
        self.tokenized += 1;
        match outcome {
            Outcome::NotPaid(reason) => self.unpaid.note(line, reason),
            _ => self.paid += 1,
        }
    }

    /// Whether there was no order at all.
    pub(super) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// How many orders have a token.
    pub(super) fn tokenized(&self) -> u64 {
        self.tokenized
    }

    /// Whether every order was accepted, tokenized and paid.
    pub(super) fn is_complete(&self) -> bool {
        self.paid == self.lines
    }

    /// Prints the table.
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{HEADING}{:<10} {:>9}{HEADING:#}", "orders", self.lines)?;
        for (name, count) in [("accepted", self.accepted), ("tokenized", self.tokenized), ("paid", self.paid)]
        {
            writeln!(out, "{name:<10} {GOOD}{count:>9}{GOOD:#}")?;
        }
        self.refused.print("refused", out)?;
        self.failed.print("failed", out)?;
        self.unpaid.print("not paid", out)
    }
}

/// Orders that failed in one way, by reason.
#[derive(Debug, Default)]
struct Trouble {
    count: u64,
    reasons: BTreeMap<String, Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    count: u64,
    first: Vec<u64>,
}

impl Trouble {
    fn note(&mut self, line: u64, reason: String) {
        self.count += 1;
        let lines = self.reasons.entry(reason).or_default();
        lines.count += 1;
        // The lines come in the order of their answers; the lowest numbers are kept.
        let place = lines.first.partition_point(|&earlier| earlier < line);
        lines.first.insert(place, line);
        lines.first.truncate(NAMED);
    }

    fn print(&self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let style = if self.count == 0 { GOOD } else { BAD };
        writeln!(out, "{name:<10} {style}{:>9}{style:#}", self.count)?;
        for (reason, lines) in &self.reasons {
            let numbers: Vec<String> = lines.first.iter().map(u64::to_string).collect();
            let more = if lines.count > lines.first.len() as u64 { ", …" } else { "" };
            let word = if lines.count == 1 { "line" } else { "lines" };
            writeln!(out, "{:>20}  {reason}: {word} {}{more}", lines.count, numbers.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(summary: &Summary) -> String {
        let mut out = Vec::new();
        summary.print(&mut anstream::StripStream::new(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_order_is_counted_where_it_stopped() {
        let mut summary = Summary::default();
        summary.count(1, Outcome::Paid);
        summary.count(9, Outcome::Refused("422 CARD".to_owned()));
        summary.count(3, Outcome::Refused("422 CARD".to_owned()));
        summary.count(4, Outcome::NotTokenized("FAILED".to_owned()));
        summary.count(5, Outcome::NotPaid("409 PENDING".to_owned()));
        let expected = "\
orders             5
accepted           3
tokenized          2
paid               1
refused            2
                   2  422 CARD: lines 3, 9
failed             1
                   1  FAILED: line 4
not paid           1
                   1  409 PENDING: line 5
";
        assert_eq!(printed(&summary), expected);
        assert!(!summary.is_complete());
    }

    #[test]
    fn only_the_first_lines_of_many_are_named() {
        let mut summary = Summary::default();
        for line in (1..=1000).rev() {
            summary.count(line, Outcome::Refused("NOT_JSON".to_owned()));
        }
        assert!(printed(&summary).contains("1000  NOT_JSON: lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …\n"));
    }

    #[test]
    fn nothing_wrong_is_complete() {
        let mut summary = Summary::default();
        assert!(summary.is_complete());
        summary.count(1, Outcome::Paid);
        assert!(summary.is_complete());
    }
}
