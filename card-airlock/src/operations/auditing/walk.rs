//! A chain from its first row to its last.

use std::io;

use order::{
    Timestamp,
    witness::{Chain, Hash, Link, StoredLink, WitnessTable},
};

use super::{AuditFinding, Pass, Told, VerifyAuditError, held::Held, is_recent};

/// How far a chain was followed.
struct Walk {
    chain: Chain,
    /// The number of the last row.
    number: u64,
    /// The hash that the next link must name; none: it cannot be known.
    hash: Option<Hash>,
    /// The first link that is behind all that the log has, and when it was made.
    not_logged: Option<(u64, Timestamp)>,
}

/// Follows a chain. That each link fits the one before is told in the first pass only.
pub(super) async fn walk<F: FnMut(Told) -> io::Result<()>>(
    table: &WitnessTable,
    chain: Chain,
    held: &mut Held,
    pass: &mut Pass<'_, F>,
) -> Result<(), VerifyAuditError> {
    let mut walk = Walk { chain, number: 0, hash: Some(Hash::NONE), not_logged: None };
    let mut from = None;
    loop {
        let (rows, next) = table.page(chain, from).await?;
        for row in &rows {
            let finding = walk.step(row, held, pass);
            if let Some(finding) = finding.filter(|_| held.is_first()) {
                pass.found(finding)?;
            }
        }
        pass.look(rows.len())?;
        from = next;
        if from.is_none() {
            break;
        }
    }
    if let Some(finding) = walk.end(pass).filter(|_| held.is_first()) {
        pass.found(finding)?;
    }
    Ok(())
}

impl Walk {
    fn step<F>(&mut self, row: &StoredLink, held: &mut Held, pass: &mut Pass<'_, F>) -> Option<AuditFinding> {
        let (chain, expected) = (self.chain, self.number.saturating_add(1));
        let forged = |number| Some(AuditFinding::ForgedLink { chain, number });
        let link = match row {
            StoredLink::Link(link) if link.number > 0 => link,
            StoredLink::Link(link) => return forged(Some(link.number)),
            StoredLink::Unreadable(number) => {
                // What comes next is at least behind it.
                if let Some(number) = number.filter(|number| *number >= expected) {
                    (self.number, self.hash) = (number, None);
                }
                return forged(*number);
            }
        };
        let before = self.hash;
        let head = link.head();
        (self.number, self.hash) = (head.number, Some(head.hash));
        held.link(chain, head);
        link.entries.iter().for_each(|entry| held.entry(entry));
        self.count(link, held, pass);
        if link.number > expected {
            Some(AuditFinding::Gap { chain, from: expected, to: link.number - 1 })
        } else if before.is_some_and(|hash| hash != link.previous) {
            Some(AuditFinding::DoesNotFollow { chain, number: link.number })
        } else if link.entries.iter().any(|entry| Chain::of(&entry.principal) != chain) {
            Some(AuditFinding::MisplacedEntry { chain, number: link.number })
        } else {
            None
        }
    }

    fn count<F>(&mut self, link: &Link, held: &Held, pass: &mut Pass<'_, F>) {
        if !held.is_first() {
            return;
        }
        pass.report.links += 1;
        let made = link.witnessed_at;
        pass.first_link = Some(pass.first_link.map_or(made, |first| first.min(made)));
        let logged = pass.logged.get(&self.chain).copied().unwrap_or_default();
        if link.number > logged && self.not_logged.is_none() {
            self.not_logged = Some((link.number, made));
        }
    }

    /// What is wrong with its end.
    fn end<F>(&self, pass: &Pass<'_, F>) -> Option<AuditFinding> {
        let (chain, end) = (self.chain, self.number);
        let logged = pass.logged.get(&chain).copied().unwrap_or_default();
        if logged > end {
            return Some(AuditFinding::CutOff { chain, end, logged });
        }
        let (span, (number, made)) = pass.span.zip(self.not_logged)?;
        // Of a chain of which the log has nothing any more, all lines may be too old.
        let now = Timestamp::from(std::time::SystemTime::now());
        let is_forgotten = logged == 0 && span.keeps.is_some_and(|keeps| made.after(keeps) < now);
        (!is_recent(made) && !is_forgotten).then_some(AuditFinding::NotLogged { chain, number })
    }
}
