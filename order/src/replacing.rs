//! Replacing the card of an order whose payment was declined: one transaction, and the decision table of what a
//! cancelled one means.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, TransactWriteItem},
};
use uuid::Uuid;
use vault::{Token, Tokenized};

use crate::{
    crossing::{Airlock, Crossing, Obstacle},
    quarantine::QuarantineRow,
    table_error::{TableError, classify},
    timestamp::Timestamp,
};

impl Airlock {
    /// One transaction: the new vault row in, if absent; the clean row to the new token, if it still has the
    /// replaced one and its payment is declined; the quarantine row out, if it is still this acceptance; the old
    /// vault row out (`retired`), for a card that is not used is not kept (PCI DSS 3.2.1). The declines stay in
    /// the clean row. All or nothing, and repeating it changes nothing.
    pub async fn replace_card(
        &self,
        row: &QuarantineRow,
        replaced: Token,
        tokenized: &Tokenized,
        retired: TransactWriteItem,
        now: Timestamp,
    ) -> Crossing {
        let reply = self
            .dynamodb
            .transact_write_items()
            .transact_items(self.orders.replace_card(row, replaced, tokenized, now))
            .transact_items(self.quarantine.delete_if_this_acceptance(&row.customer_order, row.acceptance_id))
            .transact_items(tokenized.vault_put.clone())
            .transact_items(retired)
            .send()
            .await;
        match reply {
            Ok(_) => Crossing::Across,
            Err(error) => crossing_of(row.acceptance_id, &error),
        }
    }
}

fn crossing_of<R>(acceptance: Uuid, error: &SdkError<TransactWriteItemsError, R>) -> Crossing
where
    SdkError<TransactWriteItemsError, R>: aws_sdk_dynamodb::operation::RequestId,
{
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        let obstacles: Vec<_> = cancelled.cancellation_reasons().iter().map(Obstacle::of).collect();
        return match obstacles.as_slice() {
            [clean, quarantine, vault @ ..] => decide(acceptance, clean, quarantine, vault),
            _ => Crossing::Transient,
        };
    }
    match classify("TransactWriteItems", error) {
        TableError::Rejected => Crossing::Rejected,
        TableError::Unavailable | TableError::Malformed => Crossing::Transient,
    }
}

/// The table "Another card" of ARCHITECTURE.md, row by row from the top.
fn decide(acceptance: Uuid, clean: &Obstacle, quarantine: &Obstacle, vault: &[Obstacle]) -> Crossing {
    let is = |row: &HashMap<String, AttributeValue>, name: &str, text: &str| {
        row.get(name).and_then(|value| value.as_s().ok()).is_some_and(|value| value == text)
    };
    let across =
        matches!(clean, Obstacle::Row(Some(row)) if is(row, "AcceptanceId", &acceptance.to_string()));
    let others = || [clean, quarantine].into_iter().chain(vault);
    match (clean, quarantine) {
        // A put of ingest's that arrived after the crossing has brought the row back: it is to go again.
        (_, Obstacle::Nothing) if across => Crossing::Duplicate,
        (_, Obstacle::Row(_)) if across => Crossing::AlreadyAcross,
        _ if others().any(|obstacle| *obstacle == Obstacle::Transient) => Crossing::Transient,
        (_, Obstacle::Row(_)) => Crossing::Superseded,
        _ if others().any(|obstacle| *obstacle == Obstacle::Invalid) => Crossing::Rejected,
        // Paid, or being paid with the old card: whoever wants this one in sends it again after a decline.
        (Obstacle::Row(_), _) => Crossing::CardNotReplaced,
        // The token was minted before: a new try mints another.
        _ => Crossing::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "550e8400-e29b-41d4-a716-446655440000";
    const OTHER: &str = "650e8400-e29b-41d4-a716-446655440000";
    const REPLACED: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";
    const ANOTHER: &str = "11111111-2222-4333-8444-bbbbbbbbbbbb";

    fn clean(acceptance: &str, token: &str, payment: &str) -> Obstacle {
        let row = [("AcceptanceId", acceptance), ("CreditCardToken", token), ("PaymentStatus", payment)];
        let row = row.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.into())));
        Obstacle::Row(Some(HashMap::from(row)))
    }

    fn verdict(clean: Obstacle, quarantine: Obstacle, vault: [Obstacle; 2]) -> Crossing {
        decide(OURS.parse().unwrap(), &clean, &quarantine, &vault)
    }

    #[test]
    fn every_cancelled_replacement_has_its_meaning() {
        use Obstacle::{Invalid, Nothing, Row, Transient};
        let free = || [Nothing, Nothing];
        for (obstacle, quarantine, vault, crossing) in [
            (clean(OURS, ANOTHER, "DECLINED"), Nothing, free(), Crossing::Duplicate),
            (clean(OURS, ANOTHER, "DECLINED"), Row(None), free(), Crossing::AlreadyAcross),
            (clean(OURS, ANOTHER, "DECLINED"), Row(None), [Transient, Nothing], Crossing::AlreadyAcross),
            (Transient, Nothing, free(), Crossing::Transient),
            (clean(OTHER, REPLACED, "SUBMITTED"), Transient, free(), Crossing::Transient),
            (Nothing, Row(None), [Nothing, Transient], Crossing::Transient),
            (Nothing, Row(None), free(), Crossing::Superseded),
            (clean(OTHER, REPLACED, "SUBMITTED"), Row(None), free(), Crossing::Superseded),
            (Nothing, Nothing, [Invalid, Nothing], Crossing::Rejected),
            (clean(OTHER, REPLACED, "SUBMITTING"), Nothing, free(), Crossing::CardNotReplaced),
            (clean(OTHER, ANOTHER, "SUBMITTING"), Nothing, free(), Crossing::CardNotReplaced),
            (clean(OTHER, REPLACED, "SUBMITTED"), Nothing, free(), Crossing::CardNotReplaced),
            (clean(OTHER, ANOTHER, "DECLINED"), Nothing, free(), Crossing::CardNotReplaced),
            (Row(None), Nothing, free(), Crossing::CardNotReplaced),
            (Nothing, Nothing, [Row(None), Nothing], Crossing::Transient),
        ] {
            let case = format!("{obstacle:?} {quarantine:?} {vault:?}");
            assert_eq!(verdict(obstacle, quarantine, vault), crossing, "{case}");
        }
    }
}
