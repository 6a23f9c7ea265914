//! A card that is no longer there, as intended or by a fault.

use order::{CleanOrder, OrderId, Timestamp};
use platform::{api::Problem, metrics::Metric};

/// Refuses to begin with a card that was forgotten, or whose retention ends before the claim would end.
///
/// # Errors
/// 410; a retry does not help.
pub(crate) fn refuse_gone(clean: &CleanOrder, needed_until: Timestamp) -> Result<(), Problem> {
    if clean.card_forgotten_at.is_some() {
        return Err(Problem::CARD_FORGOTTEN);
    }
    // DynamoDB removes the vault's row at some time after its end.
    if clean.card_expires_at.is_some_and(|end| end <= needed_until.epoch_seconds()) {
        return Err(Problem::CARD_RETENTION_ENDED);
    }
    Ok(())
}

/// Raises the alarm: nobody forgot the card, its retention has not ended, and the vault does not have it.
pub(crate) fn report_missing(order: &OrderId) {
    tracing::error!(%order, "the vault lacks the card of an order");
    Metric::CardMissing.record();
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NEEDED: u64 = 1_795_000_000;

    fn clean(more: &Value) -> CleanOrder {
        let id = "550e8400-e29b-41d4-a716-446655440000";
        let mut row = json!({
            "CustomerOrder": "1", "CustomerName": "Amazon Web Services", "Address": "Las Vegas", "Owner": "me",
            "CreditCardToken": "11111111-2222-4333-8444-aaaaaaaaaaaa", "CardLast4": "1111", "CardBrand": "visa",
            "AcceptanceId": id, "AcceptedAt": "2026-11-21T18:59:33.000Z", "TokenizedAt": "2026-11-21T18:59:34.000Z",
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_card_is_refused_once_it_is_forgotten_and_when_its_retention_ends_before_it_is_charged() {
        let forgotten = json!({ "CardForgottenAt": "2026-11-21T19:00:00.000Z", "CardExpiresAt": NEEDED });
        for (row, expected) in [
            (json!({}), Ok(())),
            (json!({ "CardExpiresAt": NEEDED + 1 }), Ok(())),
            (json!({ "CardExpiresAt": NEEDED }), Err(Problem::CARD_RETENTION_ENDED)),
            (json!({ "CardExpiresAt": NEEDED - 1 }), Err(Problem::CARD_RETENTION_ENDED)),
            (forgotten, Err(Problem::CARD_FORGOTTEN)),
        ] {
            let refused = refuse_gone(&clean(&row), Timestamp::of_epoch_seconds(NEEDED));
            assert_eq!(refused, expected, "{row}");
        }
    }
}
