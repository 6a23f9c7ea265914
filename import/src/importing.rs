//! Importing a row: its card is sealed for an acceptance of its order; then, in one transaction, the row is marked with that
//! acceptance and the order is put into the quarantine, if there is none of its id. From there on it is an order like any
//! other.

use order::{
    ComparedCard, Details, FailureReason, OrderId, Owner, QuarantineRow, QuarantineStatus, QuarantineView,
    accepting::{Acceptance, decide},
};
use platform::metrics::Metric;
use uuid::Uuid;
use vault::{Mark, MarkedRow, Pan, QuarantineIdentity, Token, opaque_id};

use crate::{
    Import,
    error::ImportError,
    owners::Found,
    reading::{self, Content, Reading, SourceOrder},
    reason::Reason,
    row::{Number, Row},
    source::RowWritten,
    stored::Stored,
    summary::{Outcome, RowResult, THERE, Verdict, bad, left},
};

impl Import {
    /// Imports a row, or tells what an import would do. The first rule that matches decides:
    ///
    /// | the row | then |
    /// |---|---|
    /// | breaks a rule of an order, or has no owner | bad, or without owner |
    /// | has a token in the number's place | there, if it is its order's |
    /// | has an order with the same details, or of its mark's acceptance | there; left, if that order ended |
    /// | has another order of its id | bad `ORDER_CONFLICT` |
    /// | has a mark of its number and order id | left `ORDER_GONE`: it was accepted |
    /// | else | imported, if the row is still as it was read and there is still no order |
    ///
    /// # Errors
    /// [`ImportError`]; the row is as it was, or imported, and the same call continues.
    pub(crate) async fn import_row(&self, row: &Row, is_dry: bool) -> Result<RowResult, ImportError> {
        let key = row.shown_key(&self.settings.columns);
        let told = |order: Option<OrderId>, (outcome, reason): Verdict, owner_by| {
            let order = order.filter(|order| row.may_show(order.as_str()));
            Ok(RowResult { key, order, outcome, reason, owner_by })
        };
        let Reading { order, content } = match reading::read(row, &self.settings, self.clock.now()) {
            Ok(read) => read,
            Err(reason) => return told(reading::order_id(row, &self.settings).ok(), bad(reason), None),
        };
        let (verdict, owner_by) = match content {
            Content::Token(token) => (self.judge_scrubbed(&order, token).await?, None),
            Content::Order(source) => match self.owners.of(row, &order, &self.settings.columns).await? {
                Ok(Found { owner, by }) => {
                    (self.import_order(row, &order, *source, owner, is_dry).await?, Some(by))
                }
                Err(verdict) => (verdict, None),
            },
        };
        told(Some(order), verdict, owner_by)
    }

    /// A row that has a token in its number's place was scrubbed, if it is its order's token.
    pub(crate) async fn judge_scrubbed(&self, order: &OrderId, token: Token) -> Result<Verdict, ImportError> {
        Ok(match self.clean(order).await? {
            Stored::Clean(clean) if clean.credit_card_token == token => THERE,
            // The card was replaced after the scrub; the row has the token that it had then.
            Stored::Clean(clean) if clean.card_replaced_at.is_some() => THERE,
            Stored::Unreadable => bad(Reason::OrderUnreadable),
            _ => bad(Reason::NumberIsAnotherToken),
        })
    }

    async fn import_order(
        &self,
        row: &Row,
        order: &OrderId,
        source: SourceOrder<'_>,
        owner: Owner,
        is_dry: bool,
    ) -> Result<Verdict, ImportError> {
        let SourceOrder { number, customer, card, amount } = source;
        let seen = ComparedCard::Shown { last4: card.last4(), brands: card.brands() };
        let details = Details { owner, customer, card: seen, replaces: None, amount };
        let marked = reading::mark(row);
        let stored = match &marked {
            Some(_) => self.stored(order).await?,
            None if is_dry => self.seen(order).await?,
            // The put itself finds out what is in quarantine.
            None => self.clean(order).await?,
        };
        let own = match &marked {
            // Only where the answer depends on it: it costs a request to KMS.
            Some(mark) if is_doubtful(&stored, &details) => {
                self.own_acceptance(row, order, &card.pan, mark).await?
            }
            _ => None,
        };
        if let Some(verdict) = judge(&stored, &details, own) {
            return Ok(verdict);
        }
        if own.is_some() {
            return Ok(left(Reason::OrderGone));
        }
        if is_dry {
            return Ok((Outcome::Good, None));
        }
        let mark = self.new_mark(row, order, &card.pan).await?;
        let acceptance = mark.acceptance();
        let accepted_at = self.now();
        let place = QuarantineIdentity {
            order: order.as_str(),
            owner: details.owner.as_str(),
            acceptance,
            accepted_at: accepted_at.into(),
        };
        let sealed = self.sealer.seal(card, place).await?;
        let accepted = QuarantineRow::accepted(
            order.clone(),
            &details,
            acceptance,
            sealed,
            accepted_at,
            self.settings.terms,
        );
        let accepting = self.quarantine.action_to_put_if_absent(&accepted)?;
        let written = self.source.mark(row, number, &mark, accepting).await?;
        match written {
            RowWritten::Done => {
                tracing::info!(acceptance = %acceptance, "imported");
                Metric::Accepted.record();
                Ok((Outcome::Imported, None))
            }
            RowWritten::Refused => Ok(left(Reason::RefusedByTable)),
            RowWritten::RowChanged | RowWritten::OtherChanged => {
                self.judge_unwritten(order, &details, acceptance, written).await
            }
        }
    }

    /// Its own write, whose reply was lost; or another run's; or there is another order; or somebody changed the row.
    async fn judge_unwritten(
        &self,
        order: &OrderId,
        details: &Details,
        acceptance: Uuid,
        written: RowWritten,
    ) -> Result<Verdict, ImportError> {
        let stored = self.stored(order).await?;
        if stored.acceptance() == Some(acceptance) {
            return Ok((Outcome::Imported, None));
        }
        let verdict = judge(&stored, details, None);
        Ok(match verdict {
            Some(verdict) if verdict == THERE || written == RowWritten::OtherChanged => verdict,
            _ => left(Reason::ChangedMeanwhile),
        })
    }

    /// The acceptance of a row's mark, if it is a mark of this number and this order.
    async fn own_acceptance(
        &self,
        row: &Row,
        order: &OrderId,
        number: &Pan,
        marked: &Mark,
    ) -> Result<Option<Uuid>, ImportError> {
        let right = self.mark_of(row, order, number, marked.acceptance()).await?;
        Ok(marked.is(&right).then(|| marked.acceptance()))
    }

    /// The mark of this row, with this number, for an acceptance of this order.
    pub(crate) async fn mark_of(
        &self,
        row: &Row,
        order: &OrderId,
        number: &Pan,
        acceptance: Uuid,
    ) -> Result<Mark, ImportError> {
        let key = row.key.bytes();
        let place = MarkedRow { key: &key, order: order.as_str(), acceptance };
        Ok(self.key.mark(number, place).await?)
    }

    async fn new_mark(&self, row: &Row, order: &OrderId, number: &Pan) -> Result<Mark, ImportError> {
        self.mark_of(row, order, number, opaque_id()).await
    }
}

/// Whether an order is another one by its details, or is nowhere.
fn is_doubtful(stored: &Stored, details: &Details) -> bool {
    match stored {
        Stored::Clean(clean) => decide(details, None, Some(clean)) != Acceptance::AlreadyTokenized,
        Stored::Quarantined(view) => decide(details, Some(view), None) != Acceptance::AlreadyPending,
        Stored::Nothing => true,
        Stored::Unreadable => false,
    }
}

/// What is stored of an order says of a row of the source. `own` is the acceptance of the row's mark. None: nothing.
fn judge(stored: &Stored, details: &Details, own: Option<Uuid>) -> Option<Verdict> {
    let is_own = own.is_some() && stored.acceptance() == own;
    let is_same = is_own || !is_doubtful(stored, details);
    match stored {
        Stored::Nothing => None,
        Stored::Unreadable => Some(bad(Reason::OrderUnreadable)),
        Stored::Clean(_) if is_same => Some(THERE),
        Stored::Clean(_) => Some(bad(Reason::OrderConflict)),
        Stored::Quarantined(view) => Some(match ended(view) {
            Some(Reason::OrderUnreadable) => bad(Reason::OrderUnreadable),
            // What ended is not begun again by a row of long ago: a person decides.
            Some(reason) if is_own || view.owner.as_ref() == Some(&details.owner) => left(reason),
            None if is_same => THERE,
            Some(_) | None => bad(Reason::OrderConflict),
        }),
    }
}

/// How an order in quarantine ended; none: it did not.
pub(crate) fn ended(view: &QuarantineView) -> Option<Reason> {
    match view.status {
        None => Some(Reason::OrderUnreadable),
        Some(QuarantineStatus::Pending) => None,
        _ if view.failure_reason == Some(FailureReason::Forgotten) => Some(Reason::CardForgotten),
        Some(QuarantineStatus::Failed) => Some(Reason::OrderFailed),
        Some(QuarantineStatus::Expired) => Some(Reason::OrderExpired),
    }
}

/// The number of a row, to be compared with its mark.
pub(crate) fn pan(number: &Number) -> Result<Pan, Reason> {
    Pan::parse(&number.text).map_err(Reason::of_number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vault::CardBrand;

    use super::*;

    fn details(owner: &str) -> Details {
        Details {
            owner: owner.parse().unwrap(),
            customer: serde_json::from_value(json!({"CustomerName": "Ann", "Address": "Las Vegas"})).unwrap(),
            card: ComparedCard::Shown { last4: "1111".parse().unwrap(), brands: CardBrand::Visa.into() },
            replaces: None,
            amount: None,
        }
    }

    #[test]
    fn how_an_order_ended_is_told_of_its_owners_rows_and_of_the_row_that_it_came_from() {
        let (its_own, another) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let failed = json!({"Owner": "ann", "Status": "FAILED", "AcceptanceId": its_own.to_string()});
        let failed = Stored::Quarantined(Box::new(serde_json::from_value(failed).unwrap()));
        let (ended, conflict) = (left(Reason::OrderFailed), bad(Reason::OrderConflict));
        for (owner, mark, expected) in [
            ("ann", None, ended),
            ("ann", Some(another), ended),
            ("ann", Some(its_own), ended),
            ("bob", None, conflict),
            ("bob", Some(another), conflict),
            ("bob", Some(its_own), ended),
        ] {
            assert_eq!(judge(&failed, &details(owner), mark), Some(expected), "{owner} {mark:?}");
        }
    }
}
