//! Looks up an UNKNOWN payment at the processor: before any card is opened, at most once a minute.

use order::{CleanOrder, Outcome, Payer, Payment, Written};
use platform::{
    api::{Problem, Reply},
    metrics::Metric,
};
use serde_json::json;

use crate::{Paybill, pay::submitted};

impl Paybill {
    /// Asks for the outcome of an UNKNOWN payment. Only a final outcome settles it; "not found" proves nothing.
    pub(crate) async fn look_up_unknown(
        &self,
        clean: &CleanOrder,
        payment: &Payment,
        payer: Payer,
    ) -> Result<Reply, Problem> {
        let order = &clean.customer_order;
        if self.orders.mark_looked_up(order, payment, self.now()).await? == Written::LostRace {
            return Err(Problem::PAYMENT_UNKNOWN);
        }
        let exchange = self.processor.exchange(payment.id, clean.card_last4);
        let found = self.processor.look_up(exchange, payment.object.as_ref()).await;
        let settlement = found.ok_or(Problem::PAYMENT_UNKNOWN)?;
        if self.orders.record_found(clean, payment, &settlement, self.now()).await? == Written::LostRace {
            return Err(Problem::PAYMENT_IN_PROGRESS);
        }
        let word = settlement.outcome.standing().word();
        tracing::info!(%order, payment = %payment.id, outcome = word, "settled by a lookup");
        Metric::Payment(word).record();
        match settlement.outcome {
            Outcome::Submitted => {
                let card = json!(clean.card_last4.mask());
                Ok(submitted(card, payment.id, payment.amount, settlement.reference.as_ref(), payer))
            }
            Outcome::Declined(_) => Err(Problem::PAYMENT_DECLINED),
        }
    }
}
