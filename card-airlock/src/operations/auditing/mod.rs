//! Is the audit what the witness saw? The log group has the ends of the chains, the chains have the digests of the items, and
//! the table has the items. Each is compared with the next. At most so many of them are held in memory at once: where
//! there are more, they are looked at in several passes, each over another part.

mod finding;
mod head_log;
mod held;
mod openings;
mod walk;

use std::{collections::BTreeMap, io, time::Duration};

use order::{
    TableError, Timestamp,
    witness::{AuditRow, AuditRows, Chain, WitnessTable, is_counter},
};

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    call::CallError,
};
pub use finding::{AuditFinding, ItemKey};
use head_log::{HeadLogGroup, LogSpan};
use held::{Held, Part};
pub use openings::{CloudTrailError, Opening, Openings};

/// How long an item may wait for the witness, and a link for its line in the log; `WitnessIteratorAgeAlarm` is raised then.
const GRACE: Duration = Duration::from_secs(15 * 60);
/// How long after its log group the witness may begin to read: a deployment makes one before the other.
const DEPLOYMENT: Duration = Duration::from_secs(60 * 60);

/// Why the audit could not be verified to the end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyAuditError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// What is told while it is verified.
#[derive(Debug)]
pub enum Told {
    /// Something does not fit.
    Found(AuditFinding),
    /// So many log lines, links and rows were looked at.
    Looked(u64),
}

/// What it came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// Audit items in the table.
    pub items: u64,
    /// Links of all chains.
    pub links: u64,
    /// Items from before the witness was there.
    pub older_than_the_witness: u64,
    /// Items that the witness may not have seen yet.
    pub waiting: u64,
    /// Cards that CloudTrail's records say were opened.
    pub opened: u64,
    pub findings: u64,
}

/// What is compared.
#[derive(Debug)]
pub struct AuditSources {
    log: HeadLogGroup,
    chains: WitnessTable,
    rows: AuditRows,
}

impl AuditSources {
    /// Those of a stack.
    ///
    /// # Errors
    /// [`AccessError`] when the stack has no witness.
    pub fn of(access: &StackAccess) -> Result<Self, AccessError> {
        let (names, config) = (access.names(), access.config(Right::Audit));
        let name = |logical_id| names.physical(logical_id).map(str::to_owned);
        Ok(Self {
            log: HeadLogGroup::new(&config, name("WitnessLogs")?),
            chains: WitnessTable::new(&config, name("AuditWitnessTable")?),
            rows: AuditRows::new(&config, name("DetokenizeAuditTable")?),
        })
    }
}

/// Compares everything, with at most `most_held` heads and items in memory at once, and tells each finding.
///
/// # Errors
/// [`VerifyAuditError`]; what was found until then is right.
pub async fn verify_audit(
    sources: &AuditSources,
    mut openings: Openings,
    most_held: usize,
    tell: &mut impl FnMut(Told) -> io::Result<()>,
) -> Result<AuditReport, VerifyAuditError> {
    let report = AuditReport { opened: openings.count(), ..AuditReport::default() };
    let span = sources.log.span().await?;
    let mut pass = Pass { tell, report, span, looked: 0, logged: BTreeMap::new(), first_link: None };
    if pass.span.is_none() {
        pass.found(AuditFinding::NoLog)?;
    }
    let mut part = Part::WHOLE;
    loop {
        let mut held = Held::new(part, most_held);
        // In this order: what is in the log is in a chain, and what is in a chain is in the table.
        if pass.span.is_some() {
            sources.log.read(&mut held, &mut pass).await?;
        }
        for chain in Chain::all() {
            walk::walk(&sources.chains, chain, &mut held, &mut pass).await?;
        }
        let mut from = None;
        loop {
            let (rows, next) = sources.rows.page(from).await?;
            for row in &rows {
                pass.row(row, &mut held)?;
                if held.is_first() {
                    openings.see(row);
                }
            }
            pass.look(rows.len())?;
            from = next;
            if from.is_none() {
                break;
            }
        }
        part = held.part();
        held.findings().try_for_each(|finding| pass.found(finding))?;
        match part.next() {
            Some(next) => part = next,
            None => break,
        }
    }
    openings.without_item().try_for_each(|opening| pass.found(AuditFinding::OpenedWithoutItem(opening)))?;
    Ok(pass.report)
}

/// What all passes know.
struct Pass<'a, F> {
    tell: &'a mut F,
    report: AuditReport,
    /// None: there is no log group.
    span: Option<LogSpan>,
    looked: u64,
    /// The greatest number of each chain in the log.
    logged: BTreeMap<Chain, u64>,
    /// When the first link of all was made.
    first_link: Option<Timestamp>,
}

impl<F: FnMut(Told) -> io::Result<()>> Pass<'_, F> {
    fn found(&mut self, finding: AuditFinding) -> io::Result<()> {
        self.report.findings += 1;
        (self.tell)(Told::Found(finding))
    }

    fn look(&mut self, more: usize) -> io::Result<()> {
        self.looked += u64::try_from(more).unwrap_or_default();
        (self.tell)(Told::Looked(self.looked))
    }

    fn row(&mut self, row: &AuditRow, held: &mut Held) -> io::Result<()> {
        let key = ItemKey { principal: row.principal.clone(), at: row.at.clone() };
        if is_counter(&row.at) || !held.has(&key) {
            return Ok(());
        }
        self.report.items += 1;
        if held.see(&key, row.digest) {
            return Ok(());
        }
        let time = row.at.split('#').next().and_then(|time| time.parse().ok());
        match time {
            Some(time) if is_recent(time) => self.report.waiting += 1,
            Some(time) if self.is_older(time) => self.report.older_than_the_witness += 1,
            _ => return self.found(AuditFinding::NeverWitnessed(key)),
        }
        Ok(())
    }

    /// Whether an item is from before the witness: from before its first link, while it was deployed at the latest.
    fn is_older(&self, time: Timestamp) -> bool {
        let is_before_deployment = self.span.is_none_or(|span| time < span.created.after(DEPLOYMENT));
        is_before_deployment && self.first_link.is_none_or(|first| time < first)
    }
}

/// Whether a time is so close to now that what follows it may not have happened yet. One that is far ahead is nobody's.
fn is_recent(time: Timestamp) -> bool {
    let now = Timestamp::from(std::time::SystemTime::now());
    let grace = GRACE.as_millis();
    u128::from(time.milliseconds_until(now)) <= grace && u128::from(now.milliseconds_until(time)) <= grace
}
