//! `card-airlock doctor`.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use super::{
    outcome::{NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    place::PlaceArgs,
    shown,
};
use crate::{
    operations::doctor::{Checked, examine, promised_key_policy},
    style::{BAD, FAINT, GOOD, HEADING},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct DoctorArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Print the policy that the template promises of QuarantineKey or VaultKey, as put-key-policy takes it.
    #[arg(long = "policy", value_name = "KEY")]
    key: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: DoctorArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    if let Some(key) = &args.key {
        writeln!(out, "{}", promised_key_policy(&access, key).await?)?;
        return Ok(NOTHING_LEFT);
    }
    let bar = shown::spinner("looking");
    let checked = examine(&access, shown::now()).await;
    bar.finish_and_clear();
    let checked = checked?;
    let findings: usize = checked.iter().map(|check| check.outcome.findings.len()).sum();
    if args.json {
        writeln!(out, "{}", in_json(&checked))?;
    } else {
        writeln!(out, "{HEADING}{}{HEADING:#}\n", access.title())?;
        checked.iter().try_for_each(|check| print(check, out))?;
        let not_checked: usize = checked.iter().map(|check| check.outcome.not_checked.len()).sum();
        writeln!(out, "\n{findings} findings; {not_checked} things were not checked")?;
    }
    Ok(if findings > 0 { SOMETHING_LEFT } else { NOTHING_LEFT })
}

fn print(check: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let Checked { name, outcome } = check;
    if outcome.findings.is_empty() {
        let (style, word) =
            if outcome.not_checked.is_empty() { (GOOD, "sound") } else { (FAINT, "not checked") };
        writeln!(out, "{name:<12}{style}{word}{style:#}")?;
    }
    for finding in &outcome.findings {
        writeln!(out, "{name:<12}{BAD}wrong{BAD:#}")?;
        wrapped(out, &finding.what)?;
        wrapped(out, &format!("Why: {}", finding.why))?;
        writeln!(out, "    Fix:")?;
        // A command stays on its line, so that it can be pasted.
        finding.fix.lines().try_for_each(|line| writeln!(out, "      {line}"))?;
    }
    outcome.not_checked.iter().try_for_each(|why| wrapped(out, &format!("Not checked: {why}")))
}

/// A text over lines of 80 columns.
fn wrapped(out: &mut dyn Write, text: &str) -> io::Result<()> {
    const WIDTH: usize = 76;
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "    {line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "    {line}")
}

fn in_json(checked: &[Checked]) -> serde_json::Value {
    let findings = |check: &Checked| {
        let findings = check.outcome.findings.iter();
        findings.map(|it| json!({ "what": it.what, "why": it.why, "fix": it.fix })).collect::<Vec<_>>()
    };
    let checks = checked.iter().map(|check| {
        json!({ "check": check.name, "findings": findings(check), "notChecked": check.outcome.not_checked })
    });
    let found: usize = checked.iter().map(|check| check.outcome.findings.len()).sum();
    json!({ "findings": found, "checks": checks.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_wrapped_at_80_columns_and_loses_no_word() {
        let text = "word ".repeat(60);
        let mut out = Vec::new();
        wrapped(&mut out, &text).unwrap();
        let told = String::from_utf8(out).unwrap();
        assert!(told.lines().all(|line| line.len() <= 80), "{told}");
        assert_eq!(told.split_whitespace().count(), 60);
        assert!(told.lines().count() > 3);
    }
}
