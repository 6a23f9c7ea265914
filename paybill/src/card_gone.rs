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
