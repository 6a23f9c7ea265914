//! Carrying an order across: one transaction, and the decision table for a cancelled one.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, CancellationReason, TransactWriteItem},
};
use uuid::Uuid;
use vault::Tokenized;

use crate::{
    clean::{CleanOrder, OrderTable, is_forgotten_for},
    quarantine::{LateCard, QuarantineRow, QuarantineTable},
    row_version::RowVersion,
    same_order::{ComparedCard, Details},
    table_error::{TableError, classify, failed_conditions},
    timestamp::Timestamp,
};

/// How a try to carry an order across ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// The order is across, by this try.
    Across,
    /// The order is across, by an earlier try of the same acceptance.
    AlreadyAcross,
    /// The row was deleted, expired, or is now another acceptance: nothing is left to do.
    Superseded,
    /// The same order is across, by another acceptance or by this one, and the row is still there: it is to be
    /// dropped.
    Duplicate,
    /// The card of that order was forgotten on its owner's request, and the row is still there: it is to be dropped.
    Forgotten,
    /// Another order of that id came across: the row is to be parked.
    OrderExists,
    /// A payment of that order is in progress with the card that this one is to replace: the row is to wait for the
    /// end of the claim.
    PaymentUnderWay {
        /// When the claim ends.
        claimed_until: Timestamp,
    },
    /// The card of that order can no longer be replaced: this one is to end, without a dead letter.
    CardNotReplaced,
    /// The card that is to replace another was sent encrypted, and it was declined permanently before: it is to end,
    /// without a dead letter.
    CardRefused,
    /// The row wants to replace the card of an order that is not there: it is to be parked.
    NothingToReplace,
    /// A temporary fault: try again.
    Transient,
    /// DynamoDB refuses the transaction itself: the row is to be parked.
    Rejected,
}

/// Carries orders across.
#[derive(Debug, Clone)]
pub struct Airlock {
    pub(crate) dynamodb: Client,
    pub(crate) quarantine: QuarantineTable,
    pub(crate) orders: OrderTable,
}

impl Airlock {
    /// How many orders fit into a transaction of 100 actions.
    pub const MOST_TOGETHER: usize = 33;

    /// The two tables are these. The vault's part of the transaction names the vault's table.
    #[must_use]
    pub fn new(config: &SdkConfig, quarantine: QuarantineTable, orders: OrderTable) -> Self {
        Self { dynamodb: Client::new(config), quarantine, orders }
    }

    /// One transaction: the vault row in, if absent; the clean row in, if absent; the quarantine row out, if it
    /// is still this acceptance. All or nothing, and repeating it changes nothing.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
    ///
    /// # Errors
    /// [`TableError`] when the row cannot be written as a clean order. What DynamoDB answers is a [`Crossing`].
    pub async fn carry_across(
        &self,
        row: &QuarantineRow,
        tokenized: &Tokenized,
        now: Timestamp,
    ) -> Result<Crossing, TableError> {
        let clean = clean_order(row, tokenized, now);
        let actions = self.actions(&clean, tokenized)?;
        let reply =
            self.dynamodb.transact_write_items().set_transact_items(Some(actions.into())).send().await;
        Ok(match reply {
            Ok(_) => Crossing::Across,
            Err(error) => crossing_of(&clean, &details(&clean, tokenized), &error),
        })
    }

    /// Carries orders across in one transaction, each by the actions that would carry it alone; at most
    /// [`Self::MOST_TOGETHER`]. Returns for each, in their order, how its try ended. `None`: its own actions did not
    /// fail, or the result is not known. It is to be tried again, because repeating it changes nothing.
    pub async fn carry_together(
        &self,
        orders: &[(&QuarantineRow, &Tokenized)],
        now: Timestamp,
    ) -> Vec<Option<Crossing>> {
        let clean: Vec<_> = orders.iter().map(|(row, tokenized)| clean_order(row, tokenized, now)).collect();
        let actions: Result<Vec<_>, _> =
            clean.iter().zip(orders).map(|(clean, (_, tokenized))| self.actions(clean, tokenized)).collect();
        let Ok(actions) = actions else { return vec![None; orders.len()] };
        let actions = actions.into_iter().flatten().collect();
        match self.dynamodb.transact_write_items().set_transact_items(Some(actions)).send().await {
            Ok(_) => vec![Some(Crossing::Across); orders.len()],
            Err(error) => {
                let own: Vec<_> = clean
                    .iter()
                    .zip(orders)
                    .map(|(clean, (_, tokenized))| (clean, details(clean, tokenized)))
                    .collect();
                each_of(&own, &error)
            }
        }
    }

    /// Drops a row that has not changed since it was seen, if the card of its order was forgotten for this owner: the
    /// answer to that request said that no card is left. It is one transaction, because the worker may not read clean rows.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn drop_if_forgotten(
        &self,
        order: &AttributeValue,
        owner: &AttributeValue,
        seen: &RowVersion,
    ) -> Result<LateCard, TableError> {
        let check = self.orders.check_forgotten(order, owner)?;
        self.quarantine.drop_late_card(check, order, seen).await
    }

    /// Whether an order is across, by whatever acceptance. It is a transaction of one check, because the worker may not
    /// read clean rows.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn is_across(&self, order: &AttributeValue) -> Result<bool, TableError> {
        let check = self.orders.check_across(order)?;
        let reply = self.dynamodb.transact_write_items().transact_items(check).send().await;
        let [is_not_there] = reply.as_ref().err().map_or([false], failed_conditions);
        if is_not_there {
            return Ok(false);
        }
        reply.map(|_| true).map_err(|error| classify("TransactWriteItems order", &error))
    }

    fn actions(
        &self,
        clean: &CleanOrder,
        tokenized: &Tokenized,
    ) -> Result<[TransactWriteItem; 3], TableError> {
        Ok([
            tokenized.vault_put.clone(),
            self.orders.put_if_absent(clean)?,
            self.quarantine.delete_if_this_acceptance(&clean.customer_order, clean.acceptance_id)?,
        ])
    }
}

/// Last4 and brand come from the opened card, never from the row.
fn clean_order(row: &QuarantineRow, tokenized: &Tokenized, now: Timestamp) -> CleanOrder {
    CleanOrder {
        customer_order: row.customer_order.clone(),
        customer: row.customer.clone(),
        credit_card_token: tokenized.token,
        card_last4: tokenized.last4,
        card_brand: tokenized.brands.now(),
        owner: row.owner.clone(),
        acceptance_id: row.acceptance_id,
        accepted_at: row.accepted_at,
        order_amount: row.order_amount,
        order_currency: row.order_currency,
        card_jwe_digest: row.card_jwe_digest,
        tokenized_at: now,
        card_has_expiry: Some(tokenized.has_expiry),
        card_expires_at: tokenized.expires_at,
        card_forgotten_at: None,
        card_replaced_at: None,
    }
}

/// The details of an order whose card was just opened.
fn details(clean: &CleanOrder, tokenized: &Tokenized) -> Details {
    let mut details = clean.details();
    if let ComparedCard::Shown { brands, .. } = &mut details.card {
        *brands = tokenized.brands;
    }
    details
}

/// What the cancellation of a transaction of several orders means for each of them.
fn each_of<R>(
    orders: &[(&CleanOrder, Details)],
    error: &SdkError<TransactWriteItemsError, R>,
) -> Vec<Option<Crossing>>
where
    SdkError<TransactWriteItemsError, R>: aws_sdk_dynamodb::operation::RequestId,
{
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        classify("TransactWriteItems", error);
        return vec![None; orders.len()];
    };
    let obstacles: Vec<_> = cancelled.cancellation_reasons().iter().map(Obstacle::of).collect();
    let mut obstacles = obstacles.as_chunks().0.iter();
    let of = |clean: &CleanOrder, details: &Details, obstacles: &[Obstacle; 3]| {
        let [vault, row, quarantine] = obstacles;
        let is_free = obstacles.iter().all(|obstacle| *obstacle == Obstacle::Nothing);
        (!is_free).then(|| decide(clean.acceptance_id, details, vault, row, quarantine))
    };
    orders.iter().map(|(clean, details)| of(clean, details, obstacles.next()?)).collect()
}

fn crossing_of<R>(
    clean: &CleanOrder,
    details: &Details,
    error: &SdkError<TransactWriteItemsError, R>,
) -> Crossing
where
    SdkError<TransactWriteItemsError, R>: aws_sdk_dynamodb::operation::RequestId,
{
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        let mut obstacles = cancelled.cancellation_reasons().iter().map(Obstacle::of);
        let mut next = || obstacles.next().unwrap_or(Obstacle::Transient);
        return decide(clean.acceptance_id, details, &next(), &next(), &next());
    }
    match classify("TransactWriteItems", error) {
        TableError::Rejected => Crossing::Rejected,
        TableError::Unavailable | TableError::Malformed => Crossing::Transient,
    }
}

/// Why one action of a cancelled transaction failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Obstacle {
    /// Nothing: its condition held, or was not evaluated.
    Nothing,
    /// Its condition failed. It has the row that was there, if there was one.
    Row(Option<HashMap<String, AttributeValue>>),
    /// A conflict, throttling, or a reason unknown to this release.
    Transient,
    /// The action itself is refused.
    Invalid,
}

impl Obstacle {
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html>
    pub(crate) fn of(reason: &CancellationReason) -> Self {
        match reason.code() {
            None | Some("None") => Self::Nothing,
            Some("ConditionalCheckFailed") => {
                Self::Row(reason.item().filter(|item| !item.is_empty()).cloned())
            }
            Some("ValidationError" | "ItemCollectionSizeLimitExceeded") => Self::Invalid,
            Some(_) => Self::Transient,
        }
    }
}

/// What a cancelled transaction means; the first row that matches decides.
///
/// | vault | clean row | quarantine row | then |
/// |---|---|---|---|
/// | any | this acceptance | still this acceptance | a late put brought the row back: drop it |
/// | any | this acceptance | gone, EXPIRED or another acceptance | done already |
/// | conflict, throttled or an unknown reason, at any of the three | | | again |
/// | any | any | gone, EXPIRED or another acceptance | superseded, done |
/// | any | another acceptance with other details, of the same owner, forgotten | still this acceptance | drop it: the owner's answer said that no card is left |
/// | validation error at any of the three | | | park REJECTED |
/// | any | another acceptance | still this acceptance | same details: drop it; else park ORDER_EXISTS |
/// | token exists, or the row that caused the failure is gone | | | again, with another token |
fn decide(
    acceptance: Uuid,
    details: &Details,
    vault: &Obstacle,
    clean: &Obstacle,
    quarantine: &Obstacle,
) -> Crossing {
    let acceptance = AttributeValue::S(acceptance.to_string());
    match (vault, clean, quarantine) {
        // A put of ingest arrived after the crossing and brought the row back: it is to be deleted again.
        (_, Obstacle::Row(Some(row)), Obstacle::Nothing) if row.get("AcceptanceId") == Some(&acceptance) => {
            Crossing::Duplicate
        }
        (_, Obstacle::Row(Some(row)), Obstacle::Row(_)) if row.get("AcceptanceId") == Some(&acceptance) => {
            Crossing::AlreadyAcross
        }
        (Obstacle::Transient, ..) | (_, Obstacle::Transient, _) | (_, _, Obstacle::Transient) => {
            Crossing::Transient
        }
        (_, _, Obstacle::Row(_)) => Crossing::Superseded,
        // The answer to its owner said that this order has no card any more.
        (_, Obstacle::Row(Some(row)), _) if is_forgotten_for(row, &details.owner) => Crossing::Forgotten,
        (Obstacle::Invalid, ..) | (_, Obstacle::Invalid, _) | (_, _, Obstacle::Invalid) => Crossing::Rejected,
        (_, Obstacle::Row(Some(row)), Obstacle::Nothing) => {
            let same = CleanOrder::parse(row.clone()).is_ok_and(|other| other.is_again(details));
            if same { Crossing::Duplicate } else { Crossing::OrderExists }
        }
        // The row that caused the failure is gone, or the token exists already: a new try makes another token.
        (_, Obstacle::Row(None) | Obstacle::Nothing, Obstacle::Nothing) => Crossing::Transient,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OURS: &str = "550e8400-e29b-41d4-a716-446655440000";
    const OTHER: &str = "650e8400-e29b-41d4-a716-446655440000";

    fn clean_row(acceptance: &str, name: &str) -> HashMap<String, AttributeValue> {
        let order: CleanOrder = serde_json::from_value(json!({
            "CustomerOrder": "1", "CustomerName": name, "Address": "Las Vegas", "Owner": "me",
            "CreditCardToken": "11111111-2222-4333-8444-aaaaaaaaaaaa", "CardLast4": "1111", "CardBrand": "visa",
            "AcceptanceId": acceptance,
            "AcceptedAt": "2026-11-21T18:59:33.000Z", "TokenizedAt": "2026-11-21T18:59:34.000Z",
        }))
        .unwrap();
        serde_dynamo::aws_sdk_dynamodb_1::to_item(order).unwrap()
    }

    fn verdict(vault: Obstacle, clean: Obstacle, quarantine: Obstacle) -> Crossing {
        let details = CleanOrder::parse(clean_row(OURS, "AWS")).unwrap().details();
        decide(OURS.parse().unwrap(), &details, &vault, &clean, &quarantine)
    }

    fn quarantine_rows() -> [Obstacle; 3] {
        let other = HashMap::from([("AcceptanceId".into(), AttributeValue::S(OTHER.into()))]);
        [Obstacle::Nothing, Obstacle::Row(None), Obstacle::Row(Some(other))]
    }

    #[test]
    fn a_clean_row_of_this_acceptance_means_done_whatever_else_there_is() {
        for quarantine in quarantine_rows().into_iter().skip(1) {
            let clean = Obstacle::Row(Some(clean_row(OURS, "AWS")));
            assert_eq!(
                verdict(Obstacle::Nothing, clean.clone(), quarantine.clone()),
                Crossing::AlreadyAcross
            );
            assert_eq!(verdict(Obstacle::Transient, clean, quarantine), Crossing::AlreadyAcross);
        }
    }

    #[test]
    fn a_row_that_came_back_after_its_order_crossed_is_dropped() {
        let clean = Obstacle::Row(Some(clean_row(OURS, "AWS")));
        assert_eq!(verdict(Obstacle::Nothing, clean.clone(), Obstacle::Nothing), Crossing::Duplicate);
        assert_eq!(verdict(Obstacle::Nothing, clean, Obstacle::Transient), Crossing::Transient);
        // Whatever became of the order since.
        let mut forgotten = clean_row(OURS, "Other");
        forgotten.insert("CardForgottenAt".into(), AttributeValue::S("2026-11-21T19:00:00.000Z".into()));
        let clean = Obstacle::Row(Some(forgotten));
        assert_eq!(verdict(Obstacle::Nothing, clean, Obstacle::Nothing), Crossing::Duplicate);
        let clean = Obstacle::Row(Some(clean_row(OURS, "Other")));
        assert_eq!(verdict(Obstacle::Transient, clean, Obstacle::Nothing), Crossing::Duplicate);
    }

    #[test]
    fn a_clean_row_of_another_acceptance_makes_ours_a_duplicate_or_one_too_many() {
        for (name, expected) in [("AWS", Crossing::Duplicate), ("Other", Crossing::OrderExists)] {
            let clean = Obstacle::Row(Some(clean_row(OTHER, name)));
            assert_eq!(verdict(Obstacle::Nothing, clean, Obstacle::Nothing), expected);
        }
        let unreadable = Obstacle::Row(Some(HashMap::from([("X".into(), AttributeValue::Null(true))])));
        assert_eq!(verdict(Obstacle::Nothing, unreadable, Obstacle::Nothing), Crossing::OrderExists);
    }

    #[test]
    fn a_card_that_comes_after_its_order_was_forgotten_is_dropped_but_another_customers_is_not() {
        let forgotten = |owner: &str, name: &str| {
            let mut row = clean_row(OTHER, name);
            row.insert("CardForgottenAt".into(), AttributeValue::S("2026-11-21T19:00:00.000Z".into()));
            row.insert("Owner".into(), AttributeValue::S(owner.into()));
            Obstacle::Row(Some(row))
        };
        for (vault, owner, name, quarantine, expected) in [
            (Obstacle::Nothing, "me", "Other", Obstacle::Nothing, Crossing::Forgotten),
            (Obstacle::Row(None), "me", "AWS", Obstacle::Nothing, Crossing::Forgotten),
            (Obstacle::Nothing, "you", "Other", Obstacle::Nothing, Crossing::OrderExists),
            (Obstacle::Invalid, "me", "Other", Obstacle::Nothing, Crossing::Forgotten),
            (Obstacle::Nothing, "me", "Other", Obstacle::Row(None), Crossing::Superseded),
            (Obstacle::Nothing, "me", "Other", Obstacle::Transient, Crossing::Transient),
        ] {
            let case = format!("{vault:?} {owner} {name} {quarantine:?}");
            assert_eq!(verdict(vault, forgotten(owner, name), quarantine), expected, "{case}");
        }
    }

    #[test]
    fn a_quarantine_row_that_is_no_longer_ours_means_superseded() {
        for quarantine in quarantine_rows().into_iter().skip(1) {
            assert_eq!(
                verdict(Obstacle::Nothing, Obstacle::Nothing, quarantine.clone()),
                Crossing::Superseded
            );
            let clean = Obstacle::Row(Some(clean_row(OTHER, "AWS")));
            assert_eq!(verdict(Obstacle::Nothing, clean, quarantine), Crossing::Superseded);
        }
    }

    #[test]
    fn conflicts_and_throttling_anywhere_are_tried_again() {
        for place in 0..3 {
            let at = |n| if n == place { Obstacle::Transient } else { Obstacle::Nothing };
            assert_eq!(verdict(at(0), at(1), at(2)), Crossing::Transient);
        }
        assert_eq!(verdict(Obstacle::Transient, Obstacle::Nothing, Obstacle::Row(None)), Crossing::Transient);
    }

    #[test]
    fn a_token_that_was_minted_before_is_minted_again() {
        assert_eq!(verdict(Obstacle::Row(None), Obstacle::Nothing, Obstacle::Nothing), Crossing::Transient);
    }

    #[test]
    fn a_validation_error_is_permanent() {
        assert_eq!(verdict(Obstacle::Nothing, Obstacle::Invalid, Obstacle::Nothing), Crossing::Rejected);
        assert_eq!(verdict(Obstacle::Nothing, Obstacle::Invalid, Obstacle::Row(None)), Crossing::Superseded);
    }

    #[test]
    fn reasons_are_read_as_aws_documents_them() {
        for (code, obstacle) in [
            (None, Obstacle::Nothing),
            (Some("None"), Obstacle::Nothing),
            (Some("ConditionalCheckFailed"), Obstacle::Row(None)),
            (Some("TransactionConflict"), Obstacle::Transient),
            (Some("ThrottlingError"), Obstacle::Transient),
            (Some("ProvisionedThroughputExceeded"), Obstacle::Transient),
            (Some("ItemCollectionSizeLimitExceeded"), Obstacle::Invalid),
            (Some("ValidationError"), Obstacle::Invalid),
            (Some("SomethingNew"), Obstacle::Transient),
        ] {
            let reason = CancellationReason::builder().set_code(code.map(str::to_owned)).build();
            assert_eq!(Obstacle::of(&reason), obstacle, "{code:?}");
        }
    }
}
