//! Every AWS call of every function, as recorded from a run, with every fault: the stages are the tests.

mod customers;
mod faults;
mod forgetting;
mod operators;
mod steps;

use std::collections::BTreeSet;

use customers::{Accepting, Crossing, LatePut, Paying, PayingTooEarly};
use faults::{recorded, survives_every_fault};
use forgetting::{Forgetting, ForgettingInQuarantine};
use operators::{
    Expiring, GivingUp, LetterOfATokenized, OutOfAttempts, Parking, Rearming, RemovedByTtl, Renewing,
    Replaying, SweptMalformed,
};
use serde_json::Value;

use crate::simulation::world::World;

macro_rules! survive_every_fault {
    ($($name:ident: $stage:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                survives_every_fault($stage).await;
            }
        )*

        /// Role and operation of every call that some stage makes.
        async fn met() -> BTreeSet<(String, String)> {
            let mut met = BTreeSet::new();
            $(met.extend(recorded(&$stage).await.into_iter().map(|(call, _)| (call.role, call.operation)));)*
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
    forgetting_a_card_survives_every_fault: Forgetting;
    forgetting_cards_in_both_places_survives_every_fault: ForgettingInQuarantine;
}

/// What a policy allows and no stage does would go without a fault.
#[tokio::test]
async fn every_operation_that_a_role_may_do_is_in_the_matrix() {
    let met = met().await;
    let declared = World::new().await.stack.declared;
    for role in ["Ingest", "TokenizeWorker", "Replay", "Paybill", "Forget"] {
        let policy = declared.properties(&format!("{role}Policy")).unwrap();
        for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
            let actions = &statement["Action"];
            let actions = actions.as_array().cloned().unwrap_or_else(|| vec![actions.clone()]);
            let in_transaction = statement.to_string().contains("EnclosingOperation");
            for action in actions.iter().filter_map(Value::as_str) {
                let (service, operation) = action.split_once(':').unwrap();
                // Lambda's own poller reads the stream, Lambda's own runtime writes the logs.
                let is_lambdas = service == "logs" || statement["Sid"] == "ReadTheStream";
                let operation = if in_transaction { "TransactWriteItems" } else { operation };
                let is_met = met.contains(&(format!("{role}Role"), operation.to_owned()));
                assert!(is_lambdas || is_met, "{role} may {action}, and no stage does");
            }
        }
    }
}
