//! The vault's key is replaced: cards under either key are charged, data keys are moved, and the previous key is retired.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use aws_sdk_kms::Client as Kms;
use card_airlock::functions::sdk_config;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    Client, Fault, Item, ORDERS, PREVIOUS_KEY, QUARANTINE, Relay, VAULT, World, eventually, flipped, order,
    order_of, text,
};

const FIFTEEN_MINUTES: Duration = Duration::from_mins(15);
const CARD: &str = "4111111111111111";

/// A pipeline whose vault has another key than before.
async fn world() -> World {
    World::stepped_under([("PreviousVaultKeyArn", PREVIOUS_KEY)]).await
}

/// Orders that crossed before the key was replaced: their data keys are under the previous one.
async fn tokenized_before(world: &World, client: &Client, orders: &[&str]) {
    let before = [("VAULT_KEY_ARN", PREVIOUS_KEY)];
    let worker = world.function_with("TokenizeWorkerFunction", world.aws.url(), before);
    for id in orders {
        client.submit(&order(id)).await.is(202);
        let records = world.records();
        assert_eq!(world.deliver_to(&worker, &records[records.len() - 1..]).await, None);
    }
}

async fn rewrap(world: &World, request: Value) -> Value {
    rewrap_at(world, world.aws.url(), request).await
}

async fn rewrap_at(world: &World, aws_url: &str, request: Value) -> Value {
    let function = world.function("RewrapFunction", aws_url);
    serde_json::from_slice(&world.invoke(&function, &request, FIFTEEN_MINUTES).await.unwrap()).unwrap()
}

/// Of a summary, in this order: rewrapped, present, ofAnotherKey, changedMeanwhile, left, refused, unreadable.
fn counts(summary: &Value) -> [u64; 7] {
    ["rewrapped", "present", "ofAnotherKey", "changedMeanwhile", "left", "refused", "unreadable"]
        .map(|name| summary[name].as_u64().unwrap())
}

async fn vault_row(world: &World, order: &str) -> Item {
    let clean = world.row(ORDERS, order).await.unwrap();
    let token = text(&clean, "CreditCardToken");
    world.rows(VAULT).await.into_iter().find(|row| text(row, "Hash_Key") == token).unwrap()
}

fn present_key(world: &World) -> String {
    world.declared.outputs["VaultKeyArn"].value.clone()
}

/// How a row names the material with which a key wraps now.
async fn material(world: &World, key: &str) -> String {
    let described = kms(world).describe_key().key_id(key).send().await.unwrap().key_metadata.unwrap();
    format!("{}/{}", described.key_id, described.current_key_material_id.unwrap())
}

fn kms(world: &World) -> Kms {
    Kms::new(&sdk_config(world.aws.url(), "operator"))
}

/// How often a role has asked for an operation.
fn asked(world: &World, role: &str, operation: &str) -> u64 {
    let tallies = world.aws.tallies().into_iter();
    let of_it = tallies.filter(|(kind, _)| kind.role == role && kind.operation == operation);
    of_it.map(|(_, tally)| tally.calls).sum()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_row_says_which_key_and_material_wrapped_its_data_key() {
    let world = World::stepped().await;
    let client = world.client("ann");
    let key = present_key(&world);
    world.tokenized(&client, &order("first")).await;
    let first = material(&world, &key).await;
    assert_eq!(text(&vault_row(&world, "first").await, "KeyMaterial"), first);
    kms(&world).rotate_key_on_demand().key_id(&key).send().await.unwrap();
    let second = material(&world, &key).await;
    assert_ne!(first, second);
    // So does the row of a card that replaces another one.
    client.put_card("first", "5555-5555-5555-4444").await.is(202);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(text(&vault_row(&world, "first").await, "KeyMaterial"), second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_under_either_key_is_charged_and_under_the_present_one_with_one_kms_call() {
    let mut world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old", "older"]).await;
    world.tokenized(&client, &order("new")).await;
    assert_eq!(
        text(&vault_row(&world, "old").await, "KeyMaterial"),
        material(&world, PREVIOUS_KEY).await,
        "a worker from before"
    );
    let asked = || asked(&world, "PaybillRole", "Decrypt");
    client.pay("new").await.is(200);
    assert_eq!(asked(), 1, "nobody asks the previous key");
    client.pay("old").await.is(200);
    assert_eq!(asked(), 3, "the present key first, then the previous one");
    // The row's own word of its key chooses none.
    let mut row = vault_row(&world, "older").await;
    row.insert("KeyMaterial".into(), s(&material(&world, &present_key(&world)).await));
    world.put(VAULT, row).await;
    client.pay("older").await.is(200);

    tokenized_before(&world, &client, &["oldest"]).await;
    let without = client.at(&world.front_with([("PREVIOUS_VAULT_KEY_ARN", "")]).await);
    assert_eq!(without.pay("oldest").await.is(500).code(), "CARD_UNREADABLE");
    client.pay("oldest").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_neither_key_wrapped_is_refused_and_a_previous_key_out_of_use_is_no_final_answer() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["altered", "waiting"]).await;
    let mut row = vault_row(&world, "altered").await;
    row.insert("DataKey".into(), flipped(&row["DataKey"]));
    world.put(VAULT, row).await;
    assert_eq!(client.pay("altered").await.is(500).code(), "CARD_UNREADABLE");
    kms(&world).disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    client.pay("waiting").await.is(503);
    kms(&world).enable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    client.pay("waiting").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_keys_are_moved_verified_and_the_previous_key_is_retired() {
    let world = world().await;
    let client = world.client("ann");
    let old = ["old-1", "old-2", "old-3", "unmarked"];
    tokenized_before(&world, &client, &old).await;
    world.tokenized(&client, &order("new")).await;
    let mut unmarked = vault_row(&world, "unmarked").await;
    unmarked.remove("KeyMaterial");
    let (key, account) = (unmarked["Hash_Key"].clone(), unmarked["Account_Id"].clone());
    let forget = world.dynamodb().update_item().table_name(VAULT).key("Hash_Key", key);
    forget.key("Account_Id", account).update_expression("REMOVE KeyMaterial").send().await.unwrap();
    let previous = material(&world, PREVIOUS_KEY).await;
    let present = material(&world, &present_key(&world)).await;
    let materials = json!({ &previous: 3, &present: 1, "unknown": 1 });
    let sorted = async || {
        let mut rows = world.rows(VAULT).await;
        rows.sort_by_key(|row| text(row, "Hash_Key").to_owned());
        rows
    };
    let before = sorted().await;

    let counted = rewrap(&world, json!({"action": "count"})).await;
    assert_eq!(
        (counts(&counted), &counted["materials"], &counted["rows"]),
        ([0, 1, 0, 0, 0, 0, 0], &materials, &json!(5))
    );
    assert_eq!(counted["cursor"], Value::Null);
    assert_eq!(asked(&world, "RewrapRole", "ReEncrypt"), 0, "counting asks KMS nothing");
    let verified = rewrap(&world, json!({"action": "verify"})).await;
    assert_eq!(counts(&verified), [0, 0, 1, 0, 4, 0, 0]);
    assert_eq!(sorted().await, before, "neither changes anything");

    let moved = rewrap(&world, json!({"action": "rewrap"})).await;
    assert_eq!((counts(&moved), &moved["materials"]), ([4, 1, 0, 0, 0, 0, 0], &materials));
    for (row, earlier) in sorted().await.iter().zip(&before) {
        let is_new = earlier.get("KeyMaterial") == Some(&s(&present));
        assert_eq!(row["DataKey"] == earlier["DataKey"], is_new);
        assert_eq!(row["KeyMaterial"], s(&present));
        for (name, value) in
            earlier.iter().filter(|(name, _)| !["DataKey", "KeyMaterial"].contains(&name.as_str()))
        {
            assert_eq!(&row[name], value, "{name}");
        }
    }
    assert_eq!(counts(&rewrap(&world, json!({"action": "verify"})).await), [0, 0, 5, 0, 0, 0, 0]);
    let before = asked(&world, "RewrapRole", "ReEncrypt");
    assert_eq!(counts(&rewrap(&world, json!({"action": "rewrap"})).await), [0, 5, 0, 0, 0, 0, 0]);
    assert_eq!(
        asked(&world, "RewrapRole", "ReEncrypt"),
        before,
        "what says that it is moved costs no KMS call"
    );

    kms(&world).disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    for id in old.iter().chain(&["new"]) {
        client.pay(id).await.is(200);
    }
    assert_eq!(asked(&world, "PaybillRole", "Decrypt"), 5);
    let operations: Vec<_> = world
        .aws
        .tallies()
        .into_keys()
        .filter(|kind| kind.role == "RewrapRole")
        .map(|kind| kind.operation)
        .collect();
    assert_eq!(operations.len(), 3, "{operations:?}");
    assert!(
        operations.iter().all(|operation| ["Scan", "ReEncrypt", "UpdateItem"].contains(&operation.as_str()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn verifying_finds_a_row_that_says_a_wrong_key_and_all_moves_it() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old"]).await;
    world.tokenized(&client, &order("new")).await;
    let (mut old, mut new) = (vault_row(&world, "old").await, vault_row(&world, "new").await);
    let [of_old, of_new] = [&old, &new].map(|row| row["KeyMaterial"].clone());
    old.insert("KeyMaterial".into(), of_new);
    new.insert("KeyMaterial".into(), of_old);
    world.put(VAULT, old).await;
    world.put(VAULT, new.clone()).await;
    assert_eq!(counts(&rewrap(&world, json!({"action": "rewrap"})).await), [0, 1, 1, 0, 0, 0, 0]);
    assert_eq!(counts(&rewrap(&world, json!({"action": "verify"})).await), [0, 0, 1, 0, 1, 0, 0]);
    assert_eq!(
        counts(&rewrap(&world, json!({"action": "rewrap", "all": true})).await),
        [1, 0, 1, 0, 0, 0, 0]
    );
    assert_eq!(counts(&rewrap(&world, json!({"action": "verify"})).await), [0, 0, 2, 0, 0, 0, 0]);
    assert_eq!(vault_row(&world, "new").await, new, "KMS found nothing to move there");
    kms(&world).disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    for id in ["old", "new"] {
        client.pay(id).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_goes_on_from_its_cursor_chunk_by_chunk() {
    let world = world().await;
    let client = world.client("ann");
    let orders = ["1", "2", "3", "4", "5", "6", "7"];
    tokenized_before(&world, &client, &orders).await;
    let (mut cursor, mut chunks) = (Value::Null, Vec::new());
    loop {
        let mut request = json!({"action": "rewrap", "limit": 3});
        if !cursor.is_null() {
            request["cursor"] = cursor;
        }
        let chunk = rewrap(&world, request).await;
        chunks.push(chunk["rewrapped"].as_u64().unwrap());
        assert_eq!(chunk["rows"], chunk["rewrapped"]);
        cursor = chunk["cursor"].clone();
        if cursor.is_null() {
            break;
        }
        // A row that the cursor names may go meanwhile.
        if chunks.len() == 1 {
            let gone =
                world.rows(VAULT).await.into_iter().find(|row| text(row, "Hash_Key") == cursor).unwrap();
            world.lose_card(&gone).await;
        }
    }
    assert_eq!((chunks.iter().sum::<u64>(), chunks[0]), (7, 3), "{chunks:?}");
    assert_eq!(rewrap(&world, json!({"action": "verify"})).await["left"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_keeps_to_its_rate_and_ends_before_the_functions_time_does() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["1", "2", "3", "4", "5", "6", "7"]).await;
    let begun = world.now();
    let summary = rewrap(&world, json!({"action": "rewrap", "rate": 2})).await;
    assert_eq!((summary["rewrapped"].as_u64(), summary["cursor"].is_null()), (Some(7), true));
    let took = world.now().duration_since(begun).unwrap();
    assert!((Duration::from_secs(3)..Duration::from_secs(30)).contains(&took), "{took:?}");

    // Also where a chunk ends, after which the next one begins at once.
    let (begun, mut cursor) = (world.now(), Value::Null);
    loop {
        let mut request = json!({"action": "verify", "rate": 2, "limit": 2});
        if !cursor.is_null() {
            request["cursor"] = cursor;
        }
        cursor = rewrap(&world, request).await["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    let took = world.now().duration_since(begun).unwrap();
    assert!((Duration::from_secs(3)..Duration::from_secs(30)).contains(&took), "{took:?}");

    // With a minute left no further page begins, and one page is always done.
    let function = world.function("RewrapFunction", world.aws.url());
    let request = json!({"action": "verify", "rate": 2});
    let chunk = world.invoke(&function, &request, Duration::from_mins(1)).await.unwrap();
    let chunk: Value = serde_json::from_slice(&chunk).unwrap();
    assert_eq!((chunk["rows"].as_u64(), chunk["cursor"].is_string()), (Some(2), true), "{chunk}");
}

/// A re-wrap whose write reaches the table only after something else was done to the row.
async fn overtaken(world: &World, meanwhile: impl Future<Output = ()>) -> Value {
    let relay = Relay::to(world.aws.url()).await;
    let let_through = Arc::new(Notify::new());
    relay.strike("UpdateItem", Fault::Held(let_through.clone()), 1);
    let function = world.function("RewrapFunction", relay.url());
    let request = json!({"action": "rewrap"}).to_string().into_bytes();
    let (answer, ()) =
        futures::future::join(function.invoke(request, world.now() + FIFTEEN_MINUTES), async {
            eventually("the write is held", async || (relay.struck() == 1).then_some(())).await;
            meanwhile.await;
            let_through.notify_one();
        })
        .await;
    serde_json::from_slice(&answer.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_forgotten_meanwhile_stays_forgotten() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old"]).await;
    let summary = overtaken(&world, async { drop(client.forget("old").await.is(200)) }).await;
    assert_eq!(counts(&summary), [0, 0, 0, 1, 0, 0, 0]);
    assert!(world.rows(VAULT).await.is_empty(), "an update makes no row");
    assert_eq!(client.pay("old").await.is(410).code(), "CARD_FORGOTTEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_replaced_meanwhile_is_the_one_that_is_charged() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old"]).await;
    let summary = overtaken(&world, async {
        client.put_card("old", "5555-5555-5555-4444").await.is(202);
        assert_eq!(world.deliver_last().await, None);
    })
    .await;
    assert_eq!(counts(&summary), [0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(world.rows(VAULT).await.len(), 1);
    let paid = client.pay("old").await;
    assert_eq!(paid.is(200).text("CreditCard Charged"), "****-****-****-4444");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_meanwhile_is_charged_once() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old"]).await;
    let summary = overtaken(&world, async { drop(client.pay("old").await.is(200)) }).await;
    assert_eq!(counts(&summary), [1, 0, 0, 0, 0, 0, 0]);
    client.pay("old").await.is(200);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_re_wraps_at_once_the_second_changes_nothing() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old"]).await;
    let summary = overtaken(&world, async {
        assert_eq!(counts(&rewrap(&world, json!({"action": "rewrap"})).await), [1, 0, 0, 0, 0, 0, 0]);
    })
    .await;
    assert_eq!(counts(&summary), [0, 0, 0, 1, 0, 0, 0]);
    kms(&world).disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    client.pay("old").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_is_cut_off_at_any_call_and_run_again_ends_the_same() {
    for (operation, calls) in [("Scan", 3), ("ReEncrypt", 3), ("UpdateItem", 3)] {
        for fault in [Fault::Lost, Fault::ReplyLost] {
            let world = world().await;
            let client = world.client("ann");
            tokenized_before(&world, &client, &["1", "2", "3"]).await;
            for passed in 0..calls {
                let relay = Relay::to(world.aws.url()).await;
                // More often than the SDK tries.
                relay.strike_after(operation, passed, fault.clone(), 9);
                let function = world.function("RewrapFunction", relay.url());
                let request = json!({"action": "rewrap", "rate": 1});
                let cut_off = world.invoke(&function, &request, FIFTEEN_MINUTES).await;
                // A row that was moved before is not asked about again.
                assert!(cut_off.is_err() || operation != "Scan", "{operation} {passed}");
            }
            let end = rewrap(&world, json!({"action": "rewrap"})).await;
            assert_eq!(end["cursor"], Value::Null);
            assert_eq!(rewrap(&world, json!({"action": "verify"})).await["left"], 0, "{operation} {fault:?}");
            kms(&world).disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
            for id in ["1", "2", "3"] {
                client.pay(id).await.is(200);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_not_answered_fails_the_chunk_and_is_no_lost_race() {
    let world = world().await;
    tokenized_before(&world, &world.client("ann"), &["old"]).await;
    let relay = Relay::to(world.aws.url()).await;
    // More often than the SDK tries.
    relay.strike("UpdateItem", Fault::Lost, 9);
    let function = world.function("RewrapFunction", relay.url());
    let request = json!({"action": "rewrap"});
    assert!(world.invoke(&function, &request, FIFTEEN_MINUTES).await.is_err());
    assert_eq!(counts(&rewrap(&world, request).await), [1, 0, 0, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_fails_fails_its_chunk_after_the_others_of_its_page_were_moved() {
    let world = world().await;
    tokenized_before(&world, &world.client("ann"), &["1", "2", "3"]).await;
    let relay = Relay::to(world.aws.url()).await;
    let refused = json!({ "__type": "DisabledException", "message": "refused" });
    relay.strike("ReEncrypt", Fault::AnsweredWith(refused.to_string()), 1);
    let function = world.function("RewrapFunction", relay.url());
    let request = json!({"action": "rewrap"});
    assert!(world.invoke(&function, &request, FIFTEEN_MINUTES).await.is_err());
    assert_eq!(relay.struck(), 1);
    assert_eq!(counts(&rewrap(&world, request).await), [1, 2, 0, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_rows_that_cannot_be_read_are_counted_and_nothing_of_them_is_shown() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old", "swapped", "hinted"]).await;
    let old = vault_row(&world, "old").await;
    let with = |changes: &[(&str, Option<AttributeValue>)]| {
        let mut row = old.clone();
        for (name, value) in changes {
            match value {
                Some(value) => drop(row.insert((*name).to_owned(), value.clone())),
                None => drop(row.remove(*name)),
            }
        }
        row
    };
    let token = |number: u8| Some(s(&format!("11111111-2222-4333-8444-{number:012}")));
    for row in [
        with(&[("Hash_Key", Some(s(CARD)))]),
        with(&[("Hash_Key", token(1)), ("Account_Id", Some(s(CARD)))]),
        with(&[("Hash_Key", token(2)), ("DataKey", None)]),
        with(&[("Hash_Key", token(3)), ("DataKey", Some(s(CARD)))]),
        // Another row's wrapped key, and one that KMS never made.
        with(&[("Hash_Key", token(4))]),
        with(&[("Hash_Key", token(5)), ("DataKey", Some(AttributeValue::B(Blob::new([7]))))]),
    ] {
        world.put(VAULT, row).await;
    }
    let mut hinted = vault_row(&world, "hinted").await;
    hinted.insert("KeyMaterial".into(), s(CARD));
    world.put(VAULT, hinted).await;
    for request in [json!({"action": "count", "limit": 1}), json!({"action": "verify", "limit": 2})] {
        // A page ends at a token, whatever lies behind it.
        let (mut rows, mut cursor) = (0, Value::Null);
        loop {
            let mut request = request.clone();
            if !cursor.is_null() {
                request["cursor"] = cursor;
            }
            let chunk = rewrap(&world, request).await;
            assert!(!chunk.to_string().contains(CARD), "{chunk}");
            rows += chunk["rows"].as_u64().unwrap();
            cursor = chunk["cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(rows, 9);
    }
    let summary = rewrap(&world, json!({"action": "rewrap"})).await;
    assert_eq!(counts(&summary), [3, 0, 0, 0, 0, 2, 4], "{summary}");
    assert_eq!(summary["materials"]["unknown"], 1);
    assert!(!summary.to_string().contains(CARD));
    for id in ["old", "swapped", "hinted"] {
        client.pay(id).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_used_stops_the_pass_and_changes_nothing() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["old"]).await;
    let before = world.rows(VAULT).await;
    for key in [PREVIOUS_KEY, &present_key(&world)] {
        kms(&world).disable_key().key_id(key).send().await.unwrap();
        for action in ["rewrap", "verify"] {
            let function = world.function("RewrapFunction", world.aws.url());
            let answer = world.invoke(&function, &json!({"action": action}), FIFTEEN_MINUTES).await;
            assert!(answer.is_err(), "{key} {action}");
        }
        kms(&world).enable_key().key_id(key).send().await.unwrap();
    }
    assert_eq!(world.rows(VAULT).await, before);
    assert!(world.rows(QUARANTINE).await.is_empty());
}

/// The other way round: a row may also be of another card's order when the operator looks away.
#[tokio::test(flavor = "multi_thread")]
async fn promise_5_a_rewrapped_card_opens_in_its_own_order_only() {
    let world = world().await;
    let client = world.client("ann");
    tokenized_before(&world, &client, &["one"]).await;
    client.submit(&order_of("other", "5555-5555-5555-4444")).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    rewrap(&world, json!({"action": "rewrap"})).await;
    let [mut one, mut other] = [vault_row(&world, "one").await, vault_row(&world, "other").await];
    let (key, of_other) = (one["DataKey"].clone(), other["DataKey"].clone());
    one.insert("DataKey".into(), of_other);
    other.insert("DataKey".into(), key);
    world.put(VAULT, one).await;
    world.put(VAULT, other).await;
    for id in ["one", "other"] {
        assert_eq!(client.pay(id).await.is(500).code(), "CARD_UNREADABLE");
    }
}
