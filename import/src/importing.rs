//! Importing a row: its card is sealed for an acceptance of its order, the row is marked with that acceptance, and then the
//! order is put into the quarantine, if there is none of its id. From there on it is an order like any other.

use std::time::Duration;

use order::{
    CleanOrder, Details, FailureReason, OrderId, QuarantineRow, QuarantineStatus, QuarantineView, TableError,
    Written,
    accepting::{Acceptance, decide},
};
use platform::metrics::Metric;
use vault::{Mark, MarkedRow, Pan, QuarantineIdentity, Token, opaque_id};

use crate::{
    Import,
    error::ImportError,
    reading::{self, Content, Reading, SourceOrder},
    reason::Reason,
    source::{Number, Row},
    summary::{Outcome, RowResult, THERE, Verdict, bad, left},
};

impl Import {
    /// Imports a row, or tells what an import would do.
    ///
    /// # Errors
    /// [`ImportError`]; the row is as it was, or imported, and the same call continues.
    pub(crate) async fn import_row(&self, row: &Row, is_dry: bool) -> Result<RowResult, ImportError> {
        let key = row.shown_key(&self.settings.columns);
        let told = |order: Option<OrderId>, (outcome, reason): Verdict| {
            let order = order.filter(|order| row.may_show(order.as_str()));
            Ok(RowResult { key, order, outcome, reason })
        };
        let Reading { order, content } = match reading::read(row, &self.settings, self.clock.now()) {
            Ok(read) => read,
            Err(reason) => return told(reading::order_id(row, &self.settings).ok(), bad(reason)),
        };
        let verdict = match content {
            Content::Token(token) => self.judge_scrubbed(&order, token).await?,
            Content::Order(source) => self.import_order(row, &order, *source, is_dry).await?,
        };
        told(Some(order), verdict)
    }

    /// A row that has a token in its number's place was scrubbed, if it is its order's token.
    pub(crate) async fn judge_scrubbed(&self, order: &OrderId, token: Token) -> Result<Verdict, ImportError> {
        Ok(match self.orders.order(order).await {
            Ok(Some(clean)) if clean.credit_card_token == token => THERE,
            // The card was replaced after the scrub; the row has the token that it had then.
            Ok(Some(clean)) if clean.card_replaced_at.is_some() => THERE,
            Ok(_) => bad(Reason::NumberIsAnotherToken),
            Err(TableError::Malformed) => bad(Reason::OrderUnreadable),
            Err(error) => return Err(error.into()),
        })
    }

    async fn import_order(
        &self,
        row: &Row,
        order: &OrderId,
        source: SourceOrder<'_>,
        is_dry: bool,
    ) -> Result<Verdict, ImportError> {
        let SourceOrder { number, customer, card, amount } = source;
        let owner = match self.owners.of(row, order, &self.settings.columns).await? {
            Ok(owner) => owner,
            Err(Reason::OwnerMissing) => return Ok((Outcome::WithoutOwner, Some(Reason::OwnerMissing))),
            Err(reason) => return Ok(bad(reason)),
        };
        let (last4, brands) = (card.last4(), card.brands());
        let details = Details { owner, customer, last4, brands, replaces: None, amount };
        let marked = reading::mark(row);
        if let Some(verdict) = self.judge_clean(order, &details, marked.as_ref()).await? {
            return Ok(verdict);
        }
        if is_dry {
            let there =
                self.judge_quarantined(order, &details, marked.as_ref()).await?.map(|found| found.verdict);
            let has_ended = marked.as_ref().is_some_and(|mark| self.has_ended(mark));
            let ended = has_ended.then(|| left(Reason::OrderGone));
            return Ok(there.or(ended).unwrap_or((Outcome::Good, None)));
        }
        let kept = self.kept_mark(row, &card.pan, marked).await?;
        if let Some(mark) = &kept {
            let there = self.judge_quarantined(order, &details, Some(mark)).await?.map(|found| found.verdict);
            let ended = self.has_ended(mark).then(|| left(Reason::OrderGone));
            if let Some(verdict) = there.or(ended) {
                return Ok(verdict);
            }
        }
        let (mark, is_first) = match kept {
            Some(mark) => (mark, false),
            None => (self.new_mark(row, &card.pan).await?, true),
        };
        let acceptance = mark.acceptance();
        let place = QuarantineIdentity {
            order: order.as_str(),
            owner: details.owner.as_str(),
            acceptance,
            accepted_at: self.now().into(),
        };
        let sealed = self.sealer.seal(card, place).await?;
        // First the mark: a row whose order is in quarantine always has it, whenever this is cut off.
        if is_first && self.source.mark(row, number, &mark).await? == Written::LostRace {
            return Ok(left(Reason::ChangedMeanwhile));
        }
        let accepted = QuarantineRow::accepted(
            order.clone(),
            &details,
            acceptance,
            sealed,
            self.now(),
            self.settings.terms,
        );
        if self.quarantine.put_if_absent(&accepted).await? == Written::Done {
            tracing::info!(acceptance = %acceptance, "imported");
            Metric::Accepted.record();
            return Ok((Outcome::Imported, None));
        }
        // Its own put, whose reply was lost, or another order, or one that just crossed.
        if let Some(found) = self.judge_quarantined(order, &details, Some(&mark)).await? {
            let is_own_put = is_first && found.is_own && found.verdict == THERE;
            return Ok(if is_own_put { (Outcome::Imported, None) } else { found.verdict });
        }
        let crossed = self.judge_clean(order, &details, Some(&mark)).await?;
        Ok(crossed.unwrap_or_else(|| left(Reason::ChangedMeanwhile)))
    }

    /// The mark that the row has, if it is one of this number: its acceptance is taken again, so that however often an
    /// import is cut off and repeated, there is one acceptance of the row.
    async fn kept_mark(
        &self,
        row: &Row,
        number: &Pan,
        marked: Option<Mark>,
    ) -> Result<Option<Mark>, ImportError> {
        let Some(marked) = marked else { return Ok(None) };
        let right = self.mark_of(row, number, &marked).await?;
        Ok(Some(marked).filter(|marked| marked.is(&right)))
    }

    /// What a mark is if it is one of this row and this number.
    pub(crate) async fn mark_of(&self, row: &Row, number: &Pan, marked: &Mark) -> Result<Mark, ImportError> {
        let key = row.key.bytes();
        let place = MarkedRow { key: &key, acceptance: marked.acceptance(), at: marked.at() };
        Ok(self.key.mark(number, place).await?)
    }

    async fn new_mark(&self, row: &Row, number: &Pan) -> Result<Mark, ImportError> {
        let key = row.key.bytes();
        let place = MarkedRow { key: &key, acceptance: opaque_id(), at: self.now().epoch_seconds() };
        Ok(self.key.mark(number, place).await?)
    }

    /// Whether an order that was marked then, and is in no table, has ended: it expired, or its card was forgotten while it
    /// was in quarantine. An import that was cut off between mark and put is repeated before that.
    fn has_ended(&self, mark: &Mark) -> bool {
        let age = self.now().epoch_seconds().saturating_sub(mark.at());
        Duration::from_secs(age) >= self.settings.terms.deadline
    }

    /// What a clean row says. None: there is none.
    async fn judge_clean(
        &self,
        order: &OrderId,
        details: &Details,
        mark: Option<&Mark>,
    ) -> Result<Option<Verdict>, ImportError> {
        let clean = match self.orders.order(order).await {
            Ok(Some(clean)) => clean,
            Ok(None) => return Ok(None),
            Err(TableError::Malformed) => return Ok(Some(bad(Reason::OrderUnreadable))),
            Err(error) => return Err(error.into()),
        };
        let is_own = |clean: &CleanOrder| mark.is_some_and(|mark| mark.acceptance() == clean.acceptance_id);
        let is_same = decide(details, None, Some(&clean)) == Acceptance::AlreadyTokenized;
        Ok(Some(if is_own(&clean) || is_same { THERE } else { bad(Reason::OrderConflict) }))
    }

    /// What a quarantine row says. None: there is none.
    async fn judge_quarantined(
        &self,
        order: &OrderId,
        details: &Details,
        mark: Option<&Mark>,
    ) -> Result<Option<Quarantined>, ImportError> {
        let view = match self.quarantine.view(order).await {
            Ok(Some((view, _))) => view,
            Ok(None) => return Ok(None),
            Err(TableError::Malformed) => {
                return Ok(Some(Quarantined { verdict: bad(Reason::OrderUnreadable), is_own: false }));
            }
            Err(error) => return Err(error.into()),
        };
        let is_own = mark.is_some_and(|mark| Some(mark.acceptance()) == view.acceptance_id);
        Ok(Some(Quarantined { verdict: by_view(&view, details, is_own), is_own }))
    }
}

/// What a quarantine row says of a row of the source.
struct Quarantined {
    verdict: Verdict,
    /// Whether it is of the acceptance that the row is marked with.
    is_own: bool,
}

fn by_view(view: &QuarantineView, details: &Details, is_own: bool) -> Verdict {
    let is_same = is_own || decide(details, Some(view), None) == Acceptance::AlreadyPending;
    match view.status {
        None => bad(Reason::OrderUnreadable),
        Some(QuarantineStatus::Pending) if is_same => THERE,
        Some(QuarantineStatus::Pending) => bad(Reason::OrderConflict),
        // What ended is not begun again by a row of long ago: a person decides.
        _ if !is_own && view.owner.as_ref() != Some(&details.owner) => bad(Reason::OrderConflict),
        _ if view.failure_reason == Some(FailureReason::Forgotten) => left(Reason::CardForgotten),
        Some(QuarantineStatus::Failed) => left(Reason::OrderFailed),
        Some(QuarantineStatus::Expired) => left(Reason::OrderExpired),
    }
}

/// The number of a row, to be compared with its mark.
pub(crate) fn pan(number: &Number) -> Result<Pan, Reason> {
    Pan::parse(&number.text).map_err(Reason::of_number)
}
