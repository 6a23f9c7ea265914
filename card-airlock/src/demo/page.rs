//! How a demo shows its steps: what was sent, what came back, what was checked.

use std::{
    io::{self, Write},
    time::Duration,
};

use indicatif::ProgressBar;
use serde_json::Value;

use super::error::DemoError;
use crate::{
    api_client::Answer,
    operator,
    style::{BAD, FAINT, GOOD, HEADING},
};

/// Where a demo is shown. The first check that does not hold ends it.
pub(super) struct Page<'a> {
    pub(super) out: &'a mut dyn Write,
    pub(super) step: u8,
}

impl Page<'_> {
    pub(super) fn step(&mut self, title: &str) -> io::Result<()> {
        self.step += 1;
        writeln!(self.out, "\n{HEADING}{}. {title}{HEADING:#}", self.step)
    }

    /// Shows on standard error, when that is a terminal, that something is awaited.
    pub(super) fn waiting(&self, what: &'static str) -> ProgressBar {
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    pub(super) fn sent(&mut self, method: &str, url: &str) -> io::Result<()> {
        writeln!(self.out, "   > {method} {url}")
    }

    pub(super) fn aws(&mut self, call: &str) -> io::Result<()> {
        writeln!(self.out, "   > aws dynamodb {call}")
    }

    pub(super) fn note(&mut self, note: &str) -> io::Result<()> {
        writeln!(self.out, "   {FAINT}{note}{FAINT:#}")
    }

    pub(super) fn answered(&mut self, answer: &Answer) -> io::Result<()> {
        writeln!(self.out, "   < {}", answer.status_line)?;
        if let Some(location) = &answer.location {
            writeln!(self.out, "   < Location: {location}")?;
        }
        self.json(&answer.json)
    }

    /// A row as `get-item` gives it, an attribute a line.
    pub(super) fn row(&mut self, row: &operator::Row) -> io::Result<()> {
        for (name, value) in operator::as_json(row) {
            writeln!(self.out, "     {name:<17} {value}")?;
        }
        Ok(())
    }

    pub(super) fn json(&mut self, json: &Value) -> io::Result<()> {
        self.indented(&format!("{json:#}"))
    }

    pub(super) fn indented(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| writeln!(self.out, "     {line}"))
    }

    pub(super) fn check(&mut self, holds: bool, expected: &str) -> Result<(), DemoError> {
        if holds {
            writeln!(self.out, "   {GOOD}✓{GOOD:#} {expected}")?;
            Ok(())
        } else {
            writeln!(self.out, "   {BAD}✗ {expected}{BAD:#}")?;
            Err(DemoError::Unexpected { step: self.step, expected: expected.to_owned() })
        }
    }
}
