//! `card-airlock profile check`: what a profile sends, and what each answer means.

use std::io::{self, Write};

use clap::Args;
use paybill::{ShownRequest, preview, profile::Profile};
use serde_json::{Value, json};

use super::{super::CliError, CardArgs, load};
use crate::style::{FAINT, GOOD, HEADING};

#[derive(Debug, Args)]
pub(in super::super) struct CheckArgs {
    /// A shipped profile's name (airlock, stripe, adyen, checkout), or the path of a file.
    #[arg(value_name = "NAME|FILE")]
    profile: String,
    #[command(flatten)]
    card: CardArgs,
    /// Print it as one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn print(args: &CheckArgs, out: &mut dyn Write) -> Result<(), CliError> {
    let profile = load(&args.profile)?;
    let requests = preview(&profile, args.card.card()?)?;
    if args.json {
        serde_json::to_writer(&mut *out, &as_json(&profile, &requests)).map_err(io::Error::from)?;
        return Ok(writeln!(out)?);
    }
    needs(&profile, out)?;
    for (request, rules) in requests.iter().zip(profile.shown_rules()) {
        writeln!(out, "\n{HEADING}{}{HEADING:#}", request.request)?;
        writeln!(out, "  {}", request.line)?;
        for header in &request.headers {
            writeln!(out, "  {FAINT}{header}{FAINT:#}")?;
        }
        if let Some(body) = &request.body {
            writeln!(out, "\n  {body}")?;
        }
        if let Some(body) = &request.body_under_agreement {
            writeln!(
                out,
                "\n  {FAINT}if a merchant pays, with StoredCardAgreement=true:{FAINT:#}\n  {body}"
            )?;
        }
        writeln!(out)?;
        for (index, rule) in rules.rules.iter().enumerate() {
            writeln!(out, "  {:>2}  {}\n      → {}", index + 1, rule.answer, rule.outcome)?;
        }
        writeln!(out, "      any other answer, or none\n      → unknown")?;
    }
    writeln!(out, "\n{GOOD}The profile {} is correct.{GOOD:#}", profile.name)?;
    Ok(())
}

fn as_json(profile: &Profile, requests: &[ShownRequest]) -> Value {
    let requests = requests.iter().zip(profile.shown_rules()).map(|(request, rules)| {
        let rules = rules.rules.iter().map(|rule| json!({ "answer": rule.answer, "outcome": rule.outcome }));
        json!({
            "request": request.request,
            "line": request.line,
            "headers": request.headers,
            "body": request.body,
            "bodyUnderAgreement": request.body_under_agreement,
            "rules": rules.collect::<Vec<_>>(),
            "anyOtherAnswer": "unknown",
        })
    });
    json!({
        "profile": profile.name,
        "needsSecret": profile.needs_secret,
        "needsAccount": profile.needs_account,
        "needsAmount": profile.needs_amount,
        "needsExpiry": profile.needs_expiry,
        "keepsIdempotencyKeysForHours": profile.kept_hours,
        "hasLookup": profile.has_lookup(),
        "requests": requests.collect::<Vec<_>>(),
    })
}

fn needs(profile: &Profile, out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(out, "{HEADING}Profile {}{HEADING:#}", profile.name)?;
    for (needed, what) in [
        (profile.needs_secret, "a secret (ProcessorSecretArn)"),
        (profile.needs_account, "the merchant's account (ProcessorAccount)"),
        (profile.needs_amount, "an amount with each payment"),
        (
            profile.needs_expiry,
            "the card's expiry date (with CardExpiryRequired=true, orders without it are refused)",
        ),
    ] {
        if needed {
            writeln!(out, "  needs {what}")?;
        }
    }
    let lookup = if profile.has_lookup() { "can be asked" } else { "cannot be asked" };
    writeln!(out, "  keeps idempotency keys for {} hours", profile.kept_hours)?;
    writeln!(out, "  {lookup} for the outcome of a payment")?;
    Ok(())
}
