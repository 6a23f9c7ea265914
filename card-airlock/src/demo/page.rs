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
    deployment::REGION,
    operator,
    style::{BAD, FAINT, GOOD, HEADING},
};

/// The columns of a terminal of the usual size.
const COLUMNS: usize = 80;

/// Where a demo is shown. The first check that fails ends it.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    step: u8,
    has_credentials: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, step: 0, has_credentials: false }
    }

    /// The title and the addresses, which are shown first.
    pub(super) fn title(&mut self, title: &str, addresses: &str) -> io::Result<()> {
        writeln!(self.out, "{title}\n{FAINT}{addresses}{FAINT:#}")
    }

    /// The last lines: the outcome, and a sentence about it.
    pub(super) fn end(&mut self, outcome: &str, more: &str) -> io::Result<()> {
        writeln!(self.out, "\n{GOOD}{outcome}{GOOD:#}\n{more}")
    }

    /// How many steps were shown.
    pub(super) fn steps(&self) -> u8 {
        self.step
    }
    pub(super) fn step(&mut self, title: &str) -> io::Result<()> {
        self.step += 1;
        writeln!(self.out, "\n{HEADING}{}. {title}{HEADING:#}", self.step)
    }

    /// Shows on standard error, when that is a terminal, what the demo waits for.
    pub(super) fn waiting(&self, what: &'static str) -> ProgressBar {
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    pub(super) fn sent(&mut self, method: &str, url: &str) -> io::Result<()> {
        writeln!(self.out, "   > {method} {url}")
    }

    /// A command of the AWS CLI, with what it needs, so that it can be pasted into a shell while the stack runs.
    pub(super) fn aws(
        &mut self,
        aws_url: &str,
        call: &str,
        table: &str,
        key: &[(&str, &str)],
    ) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_credentials, true) {
            self.note("(you can paste these commands while the stack runs: demo --keep)")?;
            writeln!(self.out, "   export AWS_ACCESS_KEY_ID=operator AWS_SECRET_ACCESS_KEY=operator")?;
            writeln!(self.out, "   export AWS_DEFAULT_REGION={REGION}")?;
        }
        writeln!(self.out, "   aws dynamodb {call} --endpoint-url {aws_url} \\")?;
        write!(self.out, "     --table-name {table}")?;
        for (place, (name, value)) in key.iter().enumerate() {
            let opening = if place == 0 { " \\\n     --key '{" } else { ",\n       " };
            write!(self.out, "{opening}\"{name}\": {{\"S\": \"{value}\"}}")?;
        }
        writeln!(self.out, "{}", if key.is_empty() { "" } else { "}'" })
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
        let shown = operator::as_json(row);
        let width = shown.keys().map(|name| name.len()).max().unwrap_or_default();
        shown.iter().try_for_each(|(name, value)| self.line(&format!("{name:<width$} {value}")))
    }

    pub(super) fn json(&mut self, json: &Value) -> io::Result<()> {
        self.indented(&format!("{json:#}"))
    }

    pub(super) fn indented(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| self.line(line))
    }

    /// An indented line, cut at the last column.
    fn line(&mut self, text: &str) -> io::Result<()> {
        const INDENT: usize = 5;
        let room = COLUMNS - INDENT;
        if text.chars().count() <= room {
            return writeln!(self.out, "{:INDENT$}{text}", "");
        }
        let kept: String = text.chars().take(room - 1).collect();
        writeln!(self.out, "{:INDENT$}{kept}…", "")
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
