//! Every AWS call of every function, as recorded from a run, with every fault: the stages are the tests.

mod card_keys;
mod customers;
mod encrypted_cards;
mod events;
mod faults;
mod forgetting;
mod importing;
mod operators;
mod payments;
mod prices;
mod rewrapping;
mod steps;
mod witnessing;

use std::collections::BTreeSet;

use card_airlock::sandbox::{Dialect, Failure};
use card_keys::CardKeyOver;
use customers::{Accepting, Crossing, LatePut, Paying, PayingTooEarly};
use encrypted_cards::{AnotherEncryptedCard, Encrypted, EncryptedCard};
use events::{EndRefused, EventRefused};
use faults::{recorded_once, survives_every_fault};
use forgetting::{
    AnotherCardForAForgottenOrder, Forgetting, ForgettingInQuarantine, LateCardThatCannotBeOpened,
    LateCardThatTheSweepMeets,
};
use importing::Importing;
use operators::{
    Expiring, GivingUp, LetterOfATokenized, OutOfAttempts, Parking, Rearming, RemovedByTtl, Renewing,
    Replaying, SweptMalformed,
};
use payments::{
    AnotherCard, AnotherCardBeforeAnyPayment, AnotherCardMeetsAPayment, Declining, PayingAt, PayingByKey,
    PayingDespite, PayingTooLate, Trouble,
};
use prices::{PlacedByAMerchant, PricedAtPaying, RenewedByItsOwner};
use rewrapping::{ForgottenAfterRewrapping, PaidUnderThePreviousKey, Rewrapping};
use serde_json::Value;
use witnessing::Witnessing;

use crate::simulation::world::World;

macro_rules! survive_every_fault {
    ($($name:ident: $stage:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                survives_every_fault(stringify!($name), $stage).await;
            }
        )*

        /// Every call that some stage makes: role, operation, and a table, key, queue or secret.
        async fn met() -> BTreeSet<(String, String, String)> {
            let mut met = BTreeSet::new();
            $(for (call, _) in recorded_once(stringify!($name), &$stage).await {
                let with = |resource| (call.role.clone(), call.operation.clone(), resource);
                met.extend(call.resources.iter().cloned().map(with));
            })*
            met
        }
    };
}

survive_every_fault! {
    promise_2_accepting_survives_every_fault: Accepting;
    promise_3_crossing_survives_every_fault: Crossing;
    promise_3_dropping_a_duplicate_survives_every_fault: LatePut { of_another: false };
    promise_2_parking_an_order_whose_id_is_taken_survives_every_fault: LatePut { of_another: true };
    promise_2_parking_survives_every_fault: Parking;
    promise_2_replaying_one_order_survives_every_fault: Replaying { alone: true };
    promise_2_replaying_all_orders_survives_every_fault: Replaying { alone: false };
    promise_2_renewing_a_parked_order_survives_every_fault: Renewing;
    promise_2_giving_up_positions_survives_every_fault: GivingUp;
    promise_2_rearming_survives_every_fault: Rearming;
    promise_2_sweeping_a_malformed_row_survives_every_fault: SweptMalformed;
    promise_2_sweeping_an_exhausted_row_survives_every_fault: OutOfAttempts;
    promise_2_expiring_survives_every_fault: Expiring;
    promise_2_word_of_what_ttl_removed_survives_every_fault: RemovedByTtl;
    promise_2_settling_an_old_letter_survives_every_fault: LetterOfATokenized;
    promise_6_paying_survives_every_fault: Paying;
    promise_6_paying_too_early_survives_every_fault: PayingTooEarly;
    promise_6_paying_by_key_and_amount_survives_every_fault: PayingByKey;
    promise_6_a_decline_and_a_new_key_survive_every_fault: Declining { answer_lost: false };
    promise_6_a_decline_without_answer_survives_every_fault: Declining { answer_lost: true };
    promise_6_paying_with_another_card_survives_every_fault: AnotherCard;
    promise_6_another_card_before_any_payment_survives_every_fault: AnotherCardBeforeAnyPayment;
    promise_6_another_card_that_meets_a_payment_survives_every_fault: AnotherCardMeetsAPayment;
    promise_6_paying_past_the_processors_memory_survives_every_fault: PayingTooLate;
    promise_6_an_answer_of_the_processor_lost_beside_every_fault: PayingDespite(Trouble::Fails(Failure::AnswerLost));
    promise_6_an_error_of_the_processor_beside_every_fault: PayingDespite(Trouble::Fails(Failure::Error));
    promise_6_a_refusal_of_the_processor_beside_every_fault: PayingDespite(Trouble::Fails(Failure::Refused));
    promise_6_a_processor_out_of_reach_beside_every_fault: PayingDespite(Trouble::Unreachable);
    promise_6_a_merchants_price_survives_every_fault: PlacedByAMerchant;
    promise_6_a_price_survives_its_failed_acceptance_and_every_fault: RenewedByItsOwner;
    promise_6_a_price_at_paying_is_the_merchants_at_every_fault: PricedAtPaying;
    promise_6_paying_at_stripe_survives_every_fault: PayingAt { processor: Dialect::Stripe, answer_lost: false };
    promise_6_an_answer_of_stripe_lost_beside_every_fault: PayingAt { processor: Dialect::Stripe, answer_lost: true };
    promise_6_paying_at_adyen_survives_every_fault: PayingAt { processor: Dialect::Adyen, answer_lost: false };
    promise_6_an_answer_of_adyen_lost_beside_every_fault: PayingAt { processor: Dialect::Adyen, answer_lost: true };
    promise_6_paying_at_checkout_survives_every_fault: PayingAt { processor: Dialect::Checkout, answer_lost: false };
    promise_6_an_answer_of_checkout_lost_beside_every_fault: PayingAt { processor: Dialect::Checkout, answer_lost: true };
    forgetting_a_card_survives_every_fault: Forgetting;
    forgetting_another_card_that_comes_late_survives_every_fault: AnotherCardForAForgottenOrder;
    forgetting_a_late_card_that_cannot_be_opened_survives_every_fault: LateCardThatCannotBeOpened;
    forgetting_a_late_card_that_the_sweep_meets_survives_every_fault: LateCardThatTheSweepMeets;
    forgetting_cards_in_both_places_survives_every_fault: ForgettingInQuarantine;
    an_event_that_the_bus_refuses_survives_every_fault: EventRefused;
    an_event_of_the_worker_that_the_bus_refuses_survives_every_fault: EndRefused;
    bearing_witness_survives_every_fault: Witnessing;
    the_next_card_key_survives_every_fault: CardKeyOver;
    an_encrypted_card_survives_every_fault: EncryptedCard(Encrypted::ForItsOrder);
    an_encrypted_card_that_is_refused_survives_every_fault: EncryptedCard(Encrypted::ForAnother);
    another_card_that_is_encrypted_survives_every_fault: AnotherEncryptedCard;
    importing_survives_every_fault: Importing;
    rewrapping_survives_every_fault: Rewrapping { marked: true };
    rewrapping_a_row_that_does_not_say_its_key_survives_every_fault: Rewrapping { marked: false };
    promise_6_paying_under_the_previous_key_survives_every_fault: PaidUnderThePreviousKey;
    forgetting_a_rewrapped_card_survives_every_fault: ForgottenAfterRewrapping;
}

/// What a policy allows and no stage does would go without a fault.
#[tokio::test]
async fn every_operation_that_a_role_may_do_is_in_the_matrix() {
    let met = met().await;
    let declared = World::new().await.stack.declared;
    let audited = ("PaybillRole", "TransactWriteItems", "DetokenizeAuditTable");
    assert!(met.contains(&(audited.0.into(), audited.1.into(), audited.2.into())));
    let roles: BTreeSet<_> =
        declared.functions.iter().map(|function| function.role.strip_suffix("Role").unwrap()).collect();
    assert!(roles.contains("Forget") && roles.contains("Rewrap"));
    for role in roles {
        let policy = declared.properties(&format!("{role}Policy")).unwrap();
        for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
            let actions = &statement["Action"];
            let actions = actions.as_array().cloned().unwrap_or_else(|| vec![actions.clone()]);
            let in_transaction = statement.to_string().contains("EnclosingOperation");
            let resources = &statement["Resource"];
            let resources = resources.as_array().cloned().unwrap_or_else(|| vec![resources.clone()]);
            let names: Vec<_> = resources.iter().filter_map(Value::as_str).map(name_of).collect();
            for action in actions.iter().filter_map(Value::as_str) {
                let (service, operation) = action.split_once(':').unwrap();
                // Lambda's own poller reads the stream, Lambda's own runtime writes the logs.
                let is_lambdas = service == "logs" || statement["Sid"] == "ReadTheStream";
                // A check is never anything but part of a transaction.
                let in_transaction = in_transaction || operation == "ConditionCheckItem";
                let operation = if in_transaction { "TransactWriteItems" } else { operation };
                for name in &names {
                    let is_met = met.iter().any(|(caller, done, resource)| {
                        (caller.strip_suffix("Role"), done.as_str(), name_of(resource))
                            == (Some(role), operation, *name)
                    });
                    assert!(is_lambdas || is_met, "{role} may {action} {name}, and no stage does");
                }
            }
        }
    }
}

/// Of a table the caller names the last part only, of a queue the URL; a secret is another in every world.
fn name_of(resource: &str) -> &str {
    let name = resource.rsplit(['/', ':']).next().unwrap_or_default();
    let secret = name.rsplit_once('-').filter(|_| resource.contains(":secret:"));
    secret.map_or(name, |(name, _)| name)
}
