//! The worker: no order is lost, none is doubled, every card opens.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::Client as DynamoDb;
use card_airlock::{deployment::ACCOUNT_ID, functions, stack::Stack};
use clock::Clock;
use test_support::tables::VAULT;
use vault::{CardReference, Detokenizer, DetokenizerSettings};

use crate::setting::{CLEAN, PATIENCE, QUARANTINE, count, random, random_card, setting, slow, start, submit};

const WORKER: &str = "TokenizeWorkerFunction";
const KILLS: usize = 3;
/// A kill must hit the moment between a transaction and the end of its batch. Where none of the rounds did, there are more.
const MOST_ROUNDS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_worker_killed_at_any_point_loses_and_doubles_nothing() {
    let (rounds, orders) = (setting("CRASH_ROUNDS", 2), setting("CRASH_ORDERS", 200));
    let (mut round, mut redelivered) = (0, 0);
    while round < rounds || (redelivered == 0 && round < MOST_ROUNDS) {
        round += 1;
        let begun = Instant::now();
        let Round { crashes, again } = run(orders).await;
        redelivered += again;
        println!(
            "round {round}: {orders} orders, {crashes} kills in mid-batch, {again} orders delivered again after their transaction, {:.1} s",
            begun.elapsed().as_secs_f32()
        );
    }
    assert!(
        redelivered > 0,
        "no batch was ever delivered again after its transaction: the kills prove nothing"
    );
}

struct Round {
    crashes: u64,
    /// Transactions that found their order across already: the record came again after its transaction.
    again: u64,
}

async fn run(orders: usize) -> Round {
    let stack = start([]).await;
    let dynamodb = DynamoDb::new(&functions::sdk_config(&stack.aws_url(), "operator"));
    let cards: BTreeMap<String, String> =
        (0..orders).map(|number| (format!("order-{number}"), random_card())).collect();

    let (accepted, crashes) = tokio::join!(submit(&stack, &cards), kill(&stack, &dynamodb, orders));
    assert_eq!(accepted, orders, "orders answered 202");
    let begun = Instant::now();
    while count(&dynamodb, QUARANTINE).await > 0 {
        assert!(begun.elapsed() < PATIENCE, "every order comes across");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(count(&dynamodb, CLEAN).await, orders);
    assert_eq!(count(&dynamodb, VAULT).await, orders);
    check_cards(&stack, &dynamodb, &cards).await;

    // Nobody else writes here, so a transaction is refused only because its order is across already.
    let again = stack.aws().tally("TokenizeWorkerRole", "TransactWriteItems").refused;
    stack.shutdown().await;
    Round { crashes, again }
}

/// Kills the worker at random points, each time with orders across and orders left.
async fn kill(stack: &Stack, dynamodb: &DynamoDb, orders: usize) -> u64 {
    let processes = stack.processes().unwrap();
    let mut landed = 0;
    // Some transactions take longer, so that the run does not end between two looks at it.
    let transactions = "TokenizeWorkerRole/dynamodb/TransactWriteItems=slow@0.5";
    stack.aws().faults().add(slow(transactions, Duration::from_millis(20)));
    for kill in 0..KILLS {
        // A point of its own for each kill, all in the first half of the run.
        let span = orders / 2 / KILLS;
        let point = kill * span + 1 + random(span);
        let begun = Instant::now();
        let killed_at = loop {
            assert!(begun.elapsed() < PATIENCE, "the run comes to the point of the kill");
            let across = count(dynamodb, CLEAN).await;
            if across >= point && processes.counts(WORKER).under_way > 0 {
                processes.kill(WORKER);
                break across;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        let left = orders - count(dynamodb, CLEAN).await;
        assert!(killed_at > 0 && left > 0, "the kill landed in mid-run: {killed_at} across, {left} left");
        landed += 1;
    }
    stack.aws().faults().clear();
    let crashes = processes.counts(WORKER).crashes;
    assert!(crashes > 0, "{landed} kills, none in mid-batch");
    crashes
}

async fn check_cards(stack: &Stack, dynamodb: &DynamoDb, cards: &BTreeMap<String, String>) {
    let settings = DetokenizerSettings {
        vault_key_arn: stack.declared.function("PaybillFunction").unwrap().environment["VAULT_KEY_ARN"]
            .clone(),
        previous_vault_key_arn: None,
        vault_table: VAULT.into(),
        account: ACCOUNT_ID.into(),
    };
    let config = functions::sdk_config(&stack.aws_url(), "PaybillRole");
    let detokenizer = Detokenizer::new(&config, settings, Clock::system());
    let mut pages = dynamodb.scan().table_name(CLEAN).into_paginator().items().send();
    let mut opened = 0;
    while let Some(row) = pages.next().await {
        let row = row.unwrap();
        let text = |name: &str| row[name].as_s().unwrap().as_str();
        let reference = CardReference {
            token: text("CreditCardToken").parse().unwrap(),
            order: text("CustomerOrder"),
            owner: text("Owner"),
            acceptance: text("AcceptanceId").parse().unwrap(),
            last4: text("CardLast4").parse().unwrap(),
            brand: text("CardBrand").parse().unwrap(),
        };
        let card = detokenizer.detokenize(reference).await.unwrap();
        assert_eq!(card.pan.expose(), cards[text("CustomerOrder")], "the card of {}", text("CustomerOrder"));
        opened += 1;
    }
    assert_eq!(opened, cards.len());
}
