//! `card-airlock doctor`.

use std::io::{self, Write};

use clap::Args;

use super::{
    outcome::{NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    place::PlaceArgs,
    shown,
};
use crate::{
    operations::doctor::{Checked, PolicyDifference, document, examine, promised_key_policy},
    style::{BAD, FAINT, GOOD, HEADING},
};

/// The columns that a value of a policy has, with a sign and its indent before it.
const DIFFERENCE_WIDTH: usize = 70;

#[derive(Debug, Args)]
pub(in crate::cli) struct DoctorArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Print the policy that the template promises of QuarantineKey, VaultKey or CardKeyKey, as put-key-policy takes it.
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
        writeln!(out, "{}", document(&checked))?;
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
        if let Some(policies) = &finding.policies {
            print_difference(policies, out)?;
        }
        wrapped(out, &format!("Why: {}", finding.why))?;
        writeln!(out, "    Fix:")?;
        // A command stays on its line, so that it can be pasted.
        finding.fix.lines().try_for_each(|line| writeln!(out, "      {line}"))?;
    }
    outcome.not_checked.iter().try_for_each(|why| wrapped(out, &format!("Not checked: {why}")))
}

/// Statement by statement, a value a line.
fn print_difference(policies: &PolicyDifference, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "    {FAINT}+ only in the stack, - only in the template{FAINT:#}")?;
    for statement in &policies.statements {
        writeln!(out, "      {}", statement.sid)?;
        for (sign, lines) in [("-", &statement.only_in_template), ("+", &statement.only_in_stack)] {
            for line in lines {
                // An ARN may be longer than the rest of the line.
                let letters: Vec<char> = line.chars().collect();
                for (at, part) in letters.chunks(DIFFERENCE_WIDTH).enumerate() {
                    let sign = if at == 0 { sign } else { " " };
                    writeln!(out, "        {sign} {}", part.iter().collect::<String>())?;
                }
            }
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operations::doctor::StatementDifference;

    #[test]
    fn a_difference_fits_the_screen_and_loses_no_letter() {
        let long = format!("Principal AWS = arn:aws:iam::123456789012:role/{}", "r".repeat(120));
        let statement = StatementDifference {
            sid: "PaybillOpens".to_owned(),
            only_in_stack: vec![long.clone()],
            only_in_template: vec!["Action = kms:Decrypt".to_owned()],
        };
        let policies =
            PolicyDifference { stack: json!(null), template: json!(null), statements: vec![statement] };
        let mut out = Vec::new();
        print_difference(&policies, &mut out).unwrap();
        let told = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
        let (statement, values) = told.split_once("PaybillOpens\n").unwrap();
        assert!(statement.contains("+ only in the stack"), "{told}");
        let (promised, found) = values.split_once("        + ").unwrap();
        assert_eq!(promised, "        - Action = kms:Decrypt\n");
        assert_eq!(found.split("\n          ").collect::<String>().trim_end(), long);
    }

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
