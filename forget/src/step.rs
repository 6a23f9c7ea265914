//! The rules of forgetting: the next step, by the rows of the order.

use order::{CardStanding, HeldCard, QuarantineStatus, RowVersion, Timestamp};
use platform::api::Problem;
use vault::Token;

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'a> {
    /// No card is left anywhere. It has the time at which the vault's card was forgotten.
    Nothing { forgotten_at: Option<Timestamp> },
    /// Remove the card from the quarantine row of that version.
    Expire(&'a RowVersion),
    /// Delete the card from the vault.
    Delete(Token),
}

/// Decides by the rows that the caller may see; the first row that matches decides.
///
/// | quarantine row | clean row | then |
/// |---|---|---|
/// | none | none | 404 `ORDER_NOT_FOUND` |
/// | PENDING, FAILED, or a status that cannot be read | forgotten | EXPIRED with the reason FORGOTTEN, as below: it came while the order was being forgotten, and can no longer cross. Read again |
/// | PENDING, also of a card that is to replace another, or a status that cannot be read (the sweep parks it) | not forgotten, none | 409 `ORDER_PENDING`, Retry-After as for a PENDING order |
/// | any | SUBMITTING, not forgotten; also when the claim has ended, because it may have been charged. UNKNOWN does not prevent it: nothing would use the card | 409 `PAYMENT_IN_PROGRESS`, Retry-After 5 |
/// | FAILED | any | EXPIRED with the reason FORGOTTEN; `SealedCard`, `DataKey`, `KeyBatchId`, `CustomerName`, `Address` removed. Read again |
/// | EXPIRED, none | not forgotten | one transaction: the vault row out; `CardForgottenAt`, if the token is the one read, not SUBMITTING, not forgotten yet. Read again |
/// | EXPIRED, none | forgotten, none | 200 `{"CustomerOrder","CardForgottenAt"}`; no time if the card never reached the vault |
///
/// # Errors
/// 404 if there is no row, 409 while the card is pending or being charged.
pub(super) fn next<'a>(
    held: Option<&'a HeldCard>,
    clean: Option<&CardStanding>,
    now: Timestamp,
) -> Result<Step<'a>, Problem> {
    if held.is_none() && clean.is_none() {
        return Err(Problem::ORDER_NOT_FOUND);
    }
    let in_vault = clean.filter(|clean| clean.card_forgotten_at.is_none());
    let is_forgotten = clean.is_some_and(|clean| clean.card_forgotten_at.is_some());
    match held.map(|held| (held.status, held)) {
        Some((status, held)) if is_forgotten && status != Some(QuarantineStatus::Expired) => {
            Ok(Step::Expire(&held.version))
        }
        Some((None | Some(QuarantineStatus::Pending), held)) => {
            Err(Problem::ORDER_PENDING.retry_after(held.pending.retry_after(now)))
        }
        _ if in_vault.is_some_and(CardStanding::is_being_charged) => Err(Problem::CARD_BEING_CHARGED),
        Some((Some(QuarantineStatus::Failed), held)) => Ok(Step::Expire(&held.version)),
        Some((Some(QuarantineStatus::Expired), _)) | None => Ok(match in_vault {
            Some(clean) => Step::Delete(clean.credit_card_token),
            None => Step::Nothing { forgotten_at: clean.and_then(|clean| clean.card_forgotten_at) },
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use order::Pending;
    use serde_json::{Value, json};

    use super::*;

    const TOKEN: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";
    const AT: &str = "2026-11-21T18:59:33.000Z";

    fn held(status: Option<QuarantineStatus>) -> HeldCard {
        HeldCard {
            owner: None,
            status,
            pending: Pending::default(),
            version: RowVersion::of(&HashMap::new()),
        }
    }

    fn clean(more: &Value) -> CardStanding {
        let mut row = json!({"Owner": "me", "CreditCardToken": TOKEN});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    }

    fn said(held: Option<&HeldCard>, clean: Option<&CardStanding>) -> String {
        match next(held, clean, AT.parse().unwrap()) {
            Ok(Step::Nothing { forgotten_at }) => format!("nothing, {}", forgotten_at.is_some()),
            Ok(Step::Expire(_)) => "expire".into(),
            Ok(Step::Delete(token)) => format!("delete {token}"),
            Err(problem) => problem.code.into(),
        }
    }

    #[test]
    fn what_is_next_follows_from_both_rows() {
        let stored = clean(&json!({}));
        let declined = clean(&json!({"PaymentStatus": "DECLINED"}));
        let paying = clean(&json!({"PaymentStatus": "SUBMITTING"}));
        let forgotten = clean(&json!({"CardForgottenAt": AT, "PaymentStatus": "SUBMITTED"}));
        let [pending, failed, expired] =
            [QuarantineStatus::Pending, QuarantineStatus::Failed, QuarantineStatus::Expired]
                .map(|status| held(Some(status)));
        let unreadable = held(None);
        let delete = format!("delete {TOKEN}");
        for (held, clean, expected) in [
            (None, None, "ORDER_NOT_FOUND"),
            (Some(&pending), None, "ORDER_PENDING"),
            (Some(&pending), Some(&stored), "ORDER_PENDING"),
            (Some(&pending), Some(&forgotten), "expire"),
            (Some(&unreadable), None, "ORDER_PENDING"),
            (Some(&unreadable), Some(&stored), "ORDER_PENDING"),
            (Some(&unreadable), Some(&forgotten), "expire"),
            (Some(&failed), None, "expire"),
            (Some(&failed), Some(&stored), "expire"),
            (Some(&failed), Some(&forgotten), "expire"),
            (Some(&failed), Some(&paying), "PAYMENT_IN_PROGRESS"),
            (Some(&expired), None, "nothing, false"),
            (Some(&expired), Some(&stored), &delete),
            (Some(&expired), Some(&forgotten), "nothing, true"),
            (None, Some(&stored), &delete),
            (None, Some(&declined), &delete),
            (None, Some(&paying), "PAYMENT_IN_PROGRESS"),
            (None, Some(&forgotten), "nothing, true"),
        ] {
            assert_eq!(said(held, clean), expected, "{held:?} {clean:?}");
        }
    }
}
