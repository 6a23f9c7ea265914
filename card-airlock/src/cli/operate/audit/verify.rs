//! `card-airlock audit verify`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::json;

use crate::{
    cli::operate::{
        outcome::{NOTHING_LEFT, OperateError, SOMETHING_LEFT},
        place::PlaceArgs,
        shown,
    },
    documents::OPERATING,
    operations::{AuditFinding, AuditReport, AuditSources, Openings, Told, verify_audit},
    style::{BAD, FAINT, GOOD, HEADING},
};

/// How many ends of chains and items are in memory at once: some 30 MB, however many there are.
const MOST_HELD: usize = 50_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Also compare with what KMS opened, by a file that CloudTrail delivered (JSON, also with gzip). May be repeated.
    #[arg(long, value_name = "FILE")]
    cloudtrail: Vec<PathBuf>,
    /// Print JSON, a finding a line, and at the end what it came to.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: VerifyArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    let sources = AuditSources::of(&access)?;
    let openings = Openings::read(&args.cloudtrail, access.names())?;
    let bar = shown::spinner("reading the audit");
    if !args.json {
        writeln!(out, "{HEADING}{}{HEADING:#}\n", access.title())?;
    }
    let mut tell = |told: Told| match told {
        Told::Looked(rows) => {
            bar.set_message(format!("{rows} lines, links and items looked at"));
            Ok(())
        }
        Told::Found(finding) if args.json => bar.suspend(|| writeln!(out, "{}", finding.document())),
        Told::Found(finding) => bar.suspend(|| print(&finding, out)),
    };
    let report = verify_audit(&sources, openings, MOST_HELD, &mut tell).await;
    bar.finish_and_clear();
    let report = report?;
    if args.json {
        writeln!(out, "{}", json!({ "verified": report }))?;
    } else {
        summarize(&report, !args.cloudtrail.is_empty(), out)?;
    }
    Ok(if report.findings > 0 { SOMETHING_LEFT } else { NOTHING_LEFT })
}

fn print(finding: &AuditFinding, out: &mut dyn Write) -> io::Result<()> {
    let word = format!("{BAD}{}{BAD:#}", finding.word());
    match finding {
        AuditFinding::OpenedWithoutItem(opening) => {
            writeln!(out, "{word}  {}", shown::time(opening.at))?;
            let token = opening.token.map_or_else(|| "(not shown)".to_owned(), |token| token.to_string());
            writeln!(out, "    token {token}")?;
            if let Some(event) = opening.event {
                writeln!(out, "    event {event} of CloudTrail")?;
            }
        }
        finding => match finding.links() {
            Some(links) => writeln!(out, "{word}  {links}")?,
            None => writeln!(out, "{word}")?,
        },
    }
    if let Some(key) = finding.item() {
        writeln!(out, "    {}", key.shown_at())?;
        shown::with_id(out, "    of ", key.shown_principal())?;
    }
    writeln!(out, "    {FAINT}{}{FAINT:#}", meaning(finding))
}

/// What a finding says, in a line.
fn meaning(finding: &AuditFinding) -> &'static str {
    match finding {
        AuditFinding::Altered(_) => "It is not, or was not always, what was added.",
        AuditFinding::Removed(_) => "It was added, and was removed.",
        AuditFinding::NeverWitnessed(_) => "No chain has it.",
        AuditFinding::CounterAltered(_) => "A counter of the limit was changed, not counted.",
        AuditFinding::CounterRemoved(_) => "A counter of the limit was removed before its time.",
        AuditFinding::ForgedLink { .. } => "The witness did not write this link as it is.",
        AuditFinding::DoesNotFollow { .. } => "It does not name the hash of the link before it.",
        AuditFinding::MisplacedEntry { .. } => "It has an entry that belongs into another chain.",
        AuditFinding::Gap { .. } => "These links are missing.",
        AuditFinding::CutOff { .. } => "The log has these links; the chain ends before.",
        AuditFinding::NotLogged { .. } => "From here on, the log has nothing of the chain.",
        AuditFinding::TwoHashes { .. } => "The log has two hashes of this link.",
        AuditFinding::UnreadableHead => "A line of the log of the witness cannot be read.",
        AuditFinding::NoLog => "The log group of the witness is not there.",
        AuditFinding::OpenedWithoutItem(_) => "KMS opened this card, and no audit item says so.",
    }
}

fn summarize(report: &AuditReport, has_trail: bool, out: &mut dyn Write) -> io::Result<()> {
    let AuditReport { items, links, older_than_the_witness, waiting, opened, findings } = report;
    writeln!(out, "{items} audit items and {links} links were compared")?;
    for (count, what) in [
        (older_than_the_witness, "items are older than the witness"),
        (waiting, "items are so new that the witness may not have seen them"),
    ] {
        if *count > 0 {
            writeln!(out, "  {FAINT}{count} {what}{FAINT:#}")?;
        }
    }
    if has_trail {
        writeln!(out, "{opened} cards were opened, by CloudTrail")?;
    }
    let style = if *findings == 0 { GOOD } else { BAD };
    writeln!(out, "{style}{findings} findings{style:#}")?;
    if *findings > 0 {
        writeln!(out, "{OPERATING} says what each means")?;
    }
    Ok(())
}
