//! Scrubbing a row: the token is put in the place of the number that was imported. It is the one step that destroys what
//! may be the only copy of a number, so it is done only where nothing is in doubt.

use order::{CleanOrder, OrderId};

use crate::{
    Import,
    error::ImportError,
    importing::{ended, pan},
    reading,
    reason::Reason,
    row::Row,
    source::RowWritten,
    stored::Stored,
    summary::{Outcome, RowResult, THERE, Verdict, left},
};

impl Import {
    /// Scrubs a row, or tells whether it would be scrubbed. The first rule that matches decides:
    ///
    /// | the row | then |
    /// |---|---|
    /// | has no order id, or nothing in its number's place | left, with that reason |
    /// | has its order's token, or had it | there |
    /// | has another token | left `NUMBER_IS_ANOTHER_TOKEN` |
    /// | has its number in its key | left `NUMBER_IN_KEY` |
    /// | has no mark | left `NOT_MARKED` |
    /// | has a mark of another number or order id | left `NUMBER_EDITED` |
    /// | has an order that failed, expired or is in no table | left, with that reason |
    /// | has an order in quarantine | waiting |
    /// | has an order whose card was forgotten, or replaced, or whose retention ended | left, with that reason |
    /// | has an order of another acceptance than its mark's | left `CARD_REPLACED` |
    /// | else | scrubbed, if row and order are still as they were read |
    ///
    /// # Errors
    /// [`ImportError`]; the row is as it was, or scrubbed, and the same call continues.
    pub(crate) async fn scrub_row(&self, row: &Row, is_dry: bool) -> Result<RowResult, ImportError> {
        let key = row.shown_key(&self.settings.columns);
        let order = reading::order_id(row, &self.settings);
        let (outcome, reason) = match &order {
            Ok(order) => self.scrub_order(row, order, is_dry).await?,
            Err(reason) => left(*reason),
        };
        let order = order.ok().filter(|order| row.may_show(order.as_str()));
        Ok(RowResult { key, order, outcome, reason, owner_by: None })
    }

    async fn scrub_order(&self, row: &Row, order: &OrderId, is_dry: bool) -> Result<Verdict, ImportError> {
        let number = match reading::number(row) {
            Ok(number) => number,
            Err(reason) => return Ok(left(reason)),
        };
        if let Some(token) = reading::token(number) {
            let (_, reason) = self.judge_scrubbed(order, token).await?;
            return Ok(reason.map_or(THERE, left));
        }
        if self.settings.columns.number_is_key() {
            return Ok(left(Reason::NumberInKey));
        }
        let Some(mark) = reading::mark(row) else { return Ok(left(Reason::NotMarked)) };
        let pan = match pan(number) {
            Ok(pan) => pan,
            Err(_) => return Ok(left(Reason::NumberEdited)),
        };
        if !mark.is(&self.mark_of(row, order, &pan, mark.acceptance()).await?) {
            return Ok(left(Reason::NumberEdited));
        }
        drop(pan);
        let clean = match self.stored(order).await? {
            Stored::Clean(clean) => clean,
            Stored::Quarantined(view) => return Ok(ended(&view).map_or((Outcome::Waiting, None), left)),
            Stored::Nothing => return Ok(left(Reason::OrderGone)),
            Stored::Unreadable => return Ok(left(Reason::OrderUnreadable)),
        };
        if let Some(reason) = self.reason_to_leave(&clean) {
            return Ok(left(reason));
        }
        if clean.acceptance_id != mark.acceptance() {
            return Ok(left(Reason::CardReplaced));
        }
        if is_dry {
            return Ok((Outcome::Good, None));
        }
        let check = self.orders.check_card_of(order, mark.acceptance())?;
        Ok(match self.source.scrub(row, number, clean.credit_card_token, check).await? {
            RowWritten::Done => (Outcome::Scrubbed, None),
            RowWritten::RowChanged | RowWritten::OtherChanged => left(Reason::ChangedMeanwhile),
            RowWritten::Refused => left(Reason::RefusedByTable),
        })
    }

    fn reason_to_leave(&self, clean: &CleanOrder) -> Option<Reason> {
        let has_ended = |end: u64| end <= self.now().epoch_seconds();
        if clean.card_forgotten_at.is_some() {
            Some(Reason::CardForgotten)
        } else if clean.card_replaced_at.is_some() {
            Some(Reason::CardReplaced)
        } else if clean.card_expires_at.is_some_and(has_ended) {
            Some(Reason::CardExpiredInVault)
        } else {
            None
        }
    }
}
