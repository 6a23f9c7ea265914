//! Replacing the card of an order that is not paid: one transaction, and the decision table for a cancelled one.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, TransactWriteItem},
};
use uuid::Uuid;
use vault::{Brands, Last4, Token, Tokenized};

use crate::{
    clean::is_forgotten_for,
    crossing::{Airlock, Crossing, Obstacle},
    owner::Owner,
    payment::{PaymentStatus, is_hard_decline},
    quarantine::QuarantineRow,
    table_error::{TableError, classify},
    timestamp::Timestamp,
};

impl Airlock {
    /// One transaction: the new vault row in, if absent; the clean row to the new token, if it still has the
    /// replaced one, and no payment or a declined one; the quarantine row out, if it is still this acceptance; the old
    /// vault row out (`retired`), because a card that is not used is not kept (PCI DSS 3.2.1). The declines stay in
    /// the clean row. All or nothing, and repeating it changes nothing.
    ///
    /// # Errors
    /// [`TableError`] when an action cannot be made. What DynamoDB answers is a [`Crossing`].
    pub async fn replace_card(
        &self,
        row: &QuarantineRow,
        replaced: Token,
        tokenized: &Tokenized,
        retired: TransactWriteItem,
        now: Timestamp,
    ) -> Result<Crossing, TableError> {
        let reply = self
            .dynamodb
            .transact_write_items()
            .transact_items(self.orders.replace_card(row, replaced, tokenized, now)?)
            .transact_items(
                self.quarantine.delete_if_this_acceptance(&row.customer_order, row.acceptance_id)?,
            )
            .transact_items(tokenized.vault_put.clone())
            .transact_items(retired)
            .send()
            .await;
        Ok(match reply {
            Ok(_) => Crossing::Across,
            Err(error) => {
                let encrypted = row.card_jwe_digest.map(|_| (tokenized.brands, tokenized.last4));
                crossing_of(row, replaced, encrypted, &error)
            }
        })
    }
}

fn crossing_of<R>(
    row: &QuarantineRow,
    replaced: Token,
    encrypted: Option<(Brands, Last4)>,
    error: &SdkError<TransactWriteItemsError, R>,
) -> Crossing
where
    SdkError<TransactWriteItemsError, R>: aws_sdk_dynamodb::operation::RequestId,
{
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        let obstacles: Vec<_> = cancelled.cancellation_reasons().iter().map(Obstacle::of).collect();
        return match obstacles.as_slice() {
            [clean, quarantine, vault @ ..] => {
                let card = Card { acceptance: row.acceptance_id, owner: &row.owner, replaced, encrypted };
                decide(&card, clean, quarantine, vault)
            }
            _ => Crossing::Transient,
        };
    }
    match classify("TransactWriteItems", error) {
        TableError::Rejected => Crossing::Rejected,
        TableError::Unavailable | TableError::Malformed => Crossing::Transient,
    }
}

/// The new card.
struct Card<'a> {
    acceptance: Uuid,
    owner: &'a Owner,
    replaced: Token,
    /// What was seen of it for the first time when it was opened; none: it was sent as it is, and ingest has judged it.
    encrypted: Option<(Brands, Last4)>,
}

/// What a cancelled transaction means; the first row that matches decides.
///
/// | clean row | quarantine row | vault, in and out | then |
/// |---|---|---|---|
/// | this acceptance | still this acceptance | any | a late put brought the row back: drop it |
/// | this acceptance | gone, EXPIRED or another acceptance | any | done already |
/// | conflict, throttled or an unknown reason, at any of the four | | | again |
/// | any | gone, EXPIRED or another acceptance | any | superseded, done |
/// | of this owner, forgotten | still this acceptance | any | drop it: its owner was told that no card is left. Nothing is parked |
/// | validation error at any of the four | | | park REJECTED |
/// | of this owner, with the replaced token, SUBMITTING | still this acceptance | any | a payment is in progress until its `ClaimedUntil`: wait, with `ArmAfter` |
/// | as required, but declined permanently with this card, which was sent encrypted | still this acceptance | any | end: FAILED CARD_REFUSED, the card removed, no dead letter |
/// | not as required otherwise: paid, perhaps paid, another token or owner, or declined permanently with this card | still this acceptance | any | end: FAILED CARD_NOT_REPLACED, the card removed, no dead letter |
/// | none | still this acceptance | any | park MALFORMED: nothing is there to be replaced |
/// | as required | still this acceptance | token exists | again, with another token |
fn decide(card: &Card<'_>, clean: &Obstacle, quarantine: &Obstacle, vault: &[Obstacle]) -> Crossing {
    let across =
        matches!(clean, Obstacle::Row(Some(row)) if is(row, "AcceptanceId", &card.acceptance.to_string()));
    let others = || [clean, quarantine].into_iter().chain(vault);
    match (clean, quarantine) {
        // A put of ingest arrived after the crossing and brought the row back: it is to be deleted again.
        (_, Obstacle::Nothing) if across => Crossing::Duplicate,
        (_, Obstacle::Row(_)) if across => Crossing::AlreadyAcross,
        _ if others().any(|obstacle| *obstacle == Obstacle::Transient) => Crossing::Transient,
        (_, Obstacle::Row(_)) => Crossing::Superseded,
        // The answer to its owner said that this order has no card any more.
        (Obstacle::Row(Some(row)), _) if is_forgotten_for(row, card.owner) => Crossing::Forgotten,
        _ if others().any(|obstacle| *obstacle == Obstacle::Invalid) => Crossing::Rejected,
        (Obstacle::Row(Some(row)), _) => match claim_on(row, card) {
            Some(claimed_until) => Crossing::PaymentUnderWay { claimed_until },
            None if card.is_all_that_is_wrong_with(row) => Crossing::CardRefused,
            // Paid, perhaps paid, or no order of this owner with the card that was to be replaced.
            None => Crossing::CardNotReplaced,
        },
        // Clean orders are never deleted, so this row is wrong.
        (Obstacle::Row(None), _) => Crossing::NothingToReplace,
        // The token exists already: a new try makes another one.
        _ => Crossing::Transient,
    }
}

impl Card<'_> {
    /// Whether the order would take another card, and this one, which was sent encrypted, was declined permanently.
    fn is_all_that_is_wrong_with(&self, row: &HashMap<String, AttributeValue>) -> bool {
        let Some((brands, last4)) = self.encrypted else { return false };
        let declined = row.get("HardDeclines").and_then(|cards| cards.as_ss().ok());
        let declined = declined.into_iter().flatten().cloned().collect();
        let is_payable =
            !row.contains_key("PaymentStatus") || is(row, "PaymentStatus", PaymentStatus::Declined.word());
        is_payable
            && is(row, "CreditCardToken", &self.replaced.to_string())
            && is(row, "Owner", self.owner.as_str())
            && is_hard_decline(&declined, brands, last4)
    }
}

/// Until when the card that is to be replaced is claimed by a payment, if it is.
fn claim_on(row: &HashMap<String, AttributeValue>, card: &Card<'_>) -> Option<Timestamp> {
    let is_claimed = is(row, "PaymentStatus", PaymentStatus::Submitting.word())
        && is(row, "CreditCardToken", &card.replaced.to_string())
        && is(row, "Owner", card.owner.as_str());
    let until = row.get("ClaimedUntil").filter(|_| is_claimed)?;
    until.as_s().ok()?.parse().ok()
}

fn is(row: &HashMap<String, AttributeValue>, name: &str, text: &str) -> bool {
    row.get(name).and_then(|value| value.as_s().ok()).is_some_and(|value| value == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "550e8400-e29b-41d4-a716-446655440000";
    const OTHER: &str = "650e8400-e29b-41d4-a716-446655440000";
    const REPLACED: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";
    const ANOTHER: &str = "11111111-2222-4333-8444-bbbbbbbbbbbb";

    const UNTIL: &str = "2026-11-21T19:00:33.000Z";

    /// A clean row with a claim, which is ignored with another status than SUBMITTING.
    fn row(acceptance: &str, token: &str, payment: &str) -> HashMap<String, AttributeValue> {
        [
            ("Owner", "me"),
            ("AcceptanceId", acceptance),
            ("CreditCardToken", token),
            ("PaymentStatus", payment),
            ("ClaimedUntil", UNTIL),
        ]
        .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.into())))
        .into()
    }

    fn clean(acceptance: &str, token: &str, payment: &str) -> Obstacle {
        Obstacle::Row(Some(row(acceptance, token, payment)))
    }

    fn verdict(clean: Obstacle, quarantine: Obstacle, vault: [Obstacle; 2]) -> Crossing {
        let (acceptance, owner) = (OURS.parse().unwrap(), "me".parse().unwrap());
        let card = Card { acceptance, owner: &owner, replaced: REPLACED.parse().unwrap(), encrypted: None };
        decide(&card, &clean, &quarantine, &vault)
    }

    #[test]
    fn an_encrypted_card_that_was_declined_permanently_is_refused_and_one_that_came_too_late_is_not() {
        let visa = "visa".parse::<vault::CardBrand>().unwrap();
        let encrypted = Some((Brands::from(visa), "1111".parse().unwrap()));
        let with = |payment: Option<&str>, token: &str, declined: &str| {
            let mut row = row(OTHER, token, payment.unwrap_or_default());
            row.retain(|name, _| name != "PaymentStatus" || payment.is_some());
            row.insert("HardDeclines".into(), AttributeValue::Ss(vec!["amex:0005".into(), declined.into()]));
            row
        };
        let ruled_out = || with(Some("DECLINED"), REPLACED, "visa:1111");
        let mut of_another = ruled_out();
        of_another.insert("Owner".into(), AttributeValue::S("you".into()));
        let (refused, late) = (Crossing::CardRefused, Crossing::CardNotReplaced);
        for (row, encrypted, crossing) in [
            (ruled_out(), encrypted, refused),
            (with(None, REPLACED, "visa:1111"), encrypted, refused),
            (ruled_out(), None, late),
            (with(Some("SUBMITTED"), REPLACED, "visa:1111"), encrypted, late),
            (with(Some("DECLINED"), ANOTHER, "visa:1111"), encrypted, late),
            (with(Some("DECLINED"), REPLACED, "visa:1112"), encrypted, late),
            (of_another, encrypted, late),
        ] {
            let (acceptance, owner) = (OURS.parse().unwrap(), "me".parse().unwrap());
            let card = Card { acceptance, owner: &owner, replaced: REPLACED.parse().unwrap(), encrypted };
            let said = decide(&card, &Obstacle::Row(Some(row.clone())), &Obstacle::Nothing, &[]);
            assert_eq!(said, crossing, "{row:?} {encrypted:?}");
        }
    }

    fn other_owners(mut row: HashMap<String, AttributeValue>) -> Obstacle {
        row.insert("Owner".into(), AttributeValue::S("you".into()));
        Obstacle::Row(Some(row))
    }

    #[test]
    fn every_cancelled_replacement_has_its_meaning() {
        use Obstacle::{Invalid, Nothing, Row, Transient};
        let free = || [Nothing, Nothing];
        let under_way = Crossing::PaymentUnderWay { claimed_until: UNTIL.parse().unwrap() };
        let mut forgotten = row(OTHER, REPLACED, "DECLINED");
        forgotten.insert("CardForgottenAt".into(), AttributeValue::S(UNTIL.into()));
        let gone = || Row(Some(forgotten.clone()));
        let mut without_claim = row(OTHER, REPLACED, "SUBMITTING");
        without_claim.remove("ClaimedUntil");
        for (obstacle, quarantine, vault, crossing) in [
            (clean(OURS, ANOTHER, "DECLINED"), Nothing, free(), Crossing::Duplicate),
            (clean(OURS, ANOTHER, "DECLINED"), Row(None), free(), Crossing::AlreadyAcross),
            (clean(OURS, ANOTHER, "DECLINED"), Row(None), [Transient, Nothing], Crossing::AlreadyAcross),
            (Transient, Nothing, free(), Crossing::Transient),
            (clean(OTHER, REPLACED, "SUBMITTED"), Transient, free(), Crossing::Transient),
            (Nothing, Row(None), [Nothing, Transient], Crossing::Transient),
            (gone(), Nothing, [Nothing, Transient], Crossing::Transient),
            (Nothing, Row(None), free(), Crossing::Superseded),
            (clean(OTHER, REPLACED, "SUBMITTED"), Row(None), free(), Crossing::Superseded),
            (gone(), Row(None), free(), Crossing::Superseded),
            (gone(), Nothing, free(), Crossing::Forgotten),
            (gone(), Nothing, [Invalid, Nothing], Crossing::Forgotten),
            (other_owners(forgotten.clone()), Nothing, free(), Crossing::CardNotReplaced),
            (Nothing, Nothing, [Invalid, Nothing], Crossing::Rejected),
            (clean(OTHER, REPLACED, "SUBMITTING"), Nothing, [Invalid, Nothing], Crossing::Rejected),
            (clean(OTHER, REPLACED, "SUBMITTING"), Nothing, free(), under_way),
            (clean(OTHER, ANOTHER, "SUBMITTING"), Nothing, free(), Crossing::CardNotReplaced),
            (other_owners(row(OTHER, REPLACED, "SUBMITTING")), Nothing, free(), Crossing::CardNotReplaced),
            (Row(Some(without_claim)), Nothing, free(), Crossing::CardNotReplaced),
            (clean(OTHER, REPLACED, "SUBMITTED"), Nothing, free(), Crossing::CardNotReplaced),
            (clean(OTHER, REPLACED, "UNKNOWN"), Nothing, free(), Crossing::CardNotReplaced),
            (clean(OTHER, ANOTHER, "DECLINED"), Nothing, free(), Crossing::CardNotReplaced),
            (Row(None), Nothing, free(), Crossing::NothingToReplace),
            (Nothing, Nothing, [Row(None), Nothing], Crossing::Transient),
        ] {
            let case = format!("{obstacle:?} {quarantine:?} {vault:?}");
            assert_eq!(verdict(obstacle, quarantine, vault), crossing, "{case}");
        }
    }
}
