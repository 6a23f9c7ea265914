//! Who sends events is killed with SIGKILL while the bus takes them: everybody is told of every order all the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use card_airlock::{functions, stack::Stack};

use crate::setting::{CLEAN, PATIENCE, QUARANTINE, count, random_card, setting, slow, start, submit};

const KILLS: usize = 3;

/// The orders of which the bus has an event of this kind.
fn told(stack: &Stack, kind: &str) -> BTreeSet<String> {
    let events = stack.aws().events();
    let of_kind = events.iter().filter(|event| event.envelope["detail-type"] == kind);
    of_kind.map(|event| event.envelope["detail"]["CustomerOrder"].as_str().unwrap().to_owned()).collect()
}

/// Kills a function while a call of it to the bus is under way, which takes long enough to be seen.
async fn kill(stack: &Stack, function: &str, role: &str) {
    let processes = stack.processes().unwrap();
    stack.aws().faults().add(slow(&format!("{role}/events/PutEvents=slow"), Duration::from_millis(300)));
    let mut known = 0;
    for kill in 1..=KILLS {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "the run comes to kill {kill} of {function}");
            let calls = stack.aws().tally(role, "PutEvents").calls;
            if calls > known && processes.counts(function).under_way > 0 {
                processes.kill(function);
                known = calls;
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    stack.aws().faults().clear();
    assert!(processes.counts(function).crashes > 0, "{KILLS} kills of {function}, none in mid-batch");
}

async fn all_are_told(stack: &Stack, kind: &str, orders: &BTreeSet<String>) {
    let begun = Instant::now();
    while !told(stack, kind).is_superset(orders) {
        assert!(begun.elapsed() < PATIENCE, "nobody is told of all: {:?}", told(stack, kind).len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notify_killed_in_the_middle_of_a_call_tells_of_every_order_that_is_across() {
    let orders = setting("CRASH_ORDERS", 200);
    let stack = start([]).await;
    let dynamodb = DynamoDb::new(&functions::sdk_config(&stack.aws_url(), "operator"));
    let cards: BTreeMap<String, String> =
        (0..orders).map(|number| (format!("order-{number}"), random_card())).collect();
    let killing = kill(&stack, "NotifyFunction", "NotifyRole");
    let (accepted, ()) = tokio::join!(submit(&stack, &cards), killing);
    assert_eq!(accepted, orders, "orders answered 202");
    all_are_told(&stack, "order.tokenized", &cards.into_keys().collect()).await;
    assert_eq!(count(&dynamodb, CLEAN).await, orders);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_the_middle_of_a_call_tells_of_every_order_that_failed() {
    const ORDERS: usize = 60;
    let stack = start([]).await;
    let dynamodb = DynamoDb::new(&functions::sdk_config(&stack.aws_url(), "operator"));
    let names: BTreeSet<String> = (0..ORDERS).map(|number| format!("broken-{number}")).collect();
    let breaking = async {
        for name in &names {
            // No worker can make sense of it: it is parked.
            let row = [("CustomerOrder", name.as_str()), ("Status", "PENDING")];
            let row = row.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())));
            let put = dynamodb.put_item().table_name(QUARANTINE).set_item(Some(row.into()));
            put.send().await.unwrap();
        }
    };
    let killing = kill(&stack, "TokenizeWorkerFunction", "TokenizeWorkerRole");
    tokio::join!(breaking, killing);
    all_are_told(&stack, "order.failed", &names).await;
    stack.shutdown().await;
}
