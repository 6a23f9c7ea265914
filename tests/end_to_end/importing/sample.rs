//! The AWS sample as the source: its orders cross at once, under their tokens.

use std::time::UNIX_EPOCH;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use aws_sdk_kms::Client as Kms;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use card_airlock::functions::sdk_config;
use serde_json::{Value, json};
use test_support::sample_vault::{self, Place, Plain, Row};

use super::{
    FIFTEEN_MINUTES, LEGACY, OWNER, Told, all, make_table, n, one, owner, pass, pass_by, put_rows, s,
};
use crate::{
    leaks::{Cards, Searched},
    support::{Fault, Item, Log, ORDERS, Relay, VAULT, World, order_of, text},
};

const SAMPLE: &str = "SampleVault";
const SAMPLE_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/99999999-2222-4333-8444-555555555555";
const ORIGINAL: &str = "CreditCardTokenizerTable";
const ACCOUNT: &str = "123456789012";

/// A pipeline that is told of the sample's orders, and of its vault, which was restored under another name.
pub(crate) async fn world() -> World {
    let world = world_beside(SAMPLE).await;
    let part = |name: &str, kind: KeyType| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    };
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let table = world.dynamodb().create_table().table_name(SAMPLE).billing_mode(BillingMode::PayPerRequest);
    let table =
        table.key_schema(part("Hash_Key", KeyType::Hash)).key_schema(part("Account_Id", KeyType::Range));
    let table = table.attribute_definitions(attribute("Hash_Key"));
    table.attribute_definitions(attribute("Account_Id")).send().await.unwrap();
    world
}

/// The same, whose vault has this name now.
async fn world_beside(vault: &str) -> World {
    let world = World::stepped_under([
        ("ImportTable", LEGACY),
        ("ImportKeyAttribute", "Id"),
        ("ImportOrderAttribute", "Id"),
        ("ImportOwner", OWNER),
        ("ImportVaultTable", vault),
        ("ImportVaultKeyArn", SAMPLE_KEY),
        ("ImportOriginalTable", ORIGINAL),
    ])
    .await;
    make_table(&world, LEGACY, "Id").await;
    world
}

/// The token with this number.
fn token(number: usize) -> String {
    format!("5c1f3f3e-2d0e-4a7a-9c0a-0e6f6a1b2c{number:02}")
}

/// An order of the sample.
fn order(id: &str, token: &str) -> Item {
    [("Id", id), ("CustomerName", "Ann"), ("Address", "Las Vegas"), ("CreditCardToken", token)]
        .map(|(name, value)| (name.to_owned(), s(value)))
        .into()
}

async fn sealed(world: &World, token: &str, plain: Plain<'_>) -> Row {
    let kms = Kms::new(&sdk_config(world.aws.url(), "operator"));
    sample_vault::seal(&kms, SAMPLE_KEY, Place { table: ORIGINAL, token, account: ACCOUNT }, plain).await
}

/// Orders of the sample, each with its card in the sample's vault. The tokens have the numbers of their places.
pub(crate) async fn put_sample(world: &World, orders: &[(&str, Plain<'_>)]) {
    for (number, (id, plain)) in orders.iter().enumerate() {
        let row = sealed(world, &token(number), *plain).await;
        world.put(SAMPLE, row).await;
        put_rows(world, [order(id, &token(number))]).await;
    }
}

fn flipped(row: &Row, name: &str) -> Row {
    let mut row = row.clone();
    let mut bytes = row[name].as_b().unwrap().as_ref().to_vec();
    bytes[0] ^= 1;
    row.insert(name.to_owned(), AttributeValue::B(Blob::new(bytes)));
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_the_sample_cross_at_once_under_their_tokens_and_are_paid() {
    let world = world().await;
    let cards = [
        ("text", Plain::Text("4111-1111-1111-1111")),
        ("spaces", Plain::Text("5555 5555 5555 4444")),
        ("number", Plain::Number("4242424242424242")),
    ];
    let ids = cards.map(|(id, _)| id);
    put_sample(&world, &cards).await;
    assert_eq!(pass(&world, "check").await, all(&ids, "good", ""));
    assert_eq!(world.counts().await, [0, 0, 0], "a dry run changes nothing");
    let before = [world.rows(SAMPLE).await, world.rows(LEGACY).await];
    assert_eq!(pass(&world, "import").await, all(&ids, "imported", ""));
    assert_eq!(world.counts().await, [0, 3, 3]);
    assert_eq!([world.rows(SAMPLE).await, world.rows(LEGACY).await], before, "the source is as it was");
    for (number, id) in ids.iter().enumerate() {
        let clean = world.row(ORDERS, id).await.unwrap();
        assert_eq!((text(&clean, "CreditCardToken"), text(&clean, "Owner")), (token(number).as_str(), OWNER));
        owner(&world).pay(id).await.is(200);
        world.client("bob").pay(id).await.is(404);
    }
    let numbers: Vec<_> = world.sandbox.ledger().into_iter().map(|charge| charge.last4.to_string()).collect();
    assert_eq!(numbers, ["1111", "4444", "4242"]);
    assert_eq!(pass(&world, "import").await, all(&ids, "there", ""), "twice changes nothing");
    // A card that is replaced or forgotten afterwards stays so.
    owner(&world).forget("text").await.is(200);
    assert_eq!(pass(&world, "import").await, all(&ids, "there", ""));
    assert_eq!(world.rows(VAULT).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_is_reported_by_its_reason_and_without_a_card() {
    let world = world().await;
    put_sample(
        &world,
        &[
            ("null", Plain::Null),
            ("words", Plain::Text("my card")),
            ("digits", Plain::Text("4111-1111-1111-1112")),
            ("small", Plain::Number("12")),
        ],
    )
    .await;
    let good = sealed(&world, &token(10), Plain::Text("4111-1111-1111-1111")).await;
    let mut other_account = sealed(&world, &token(12), Plain::Text("4111-1111-1111-1111")).await;
    other_account.insert("Account_Id".to_owned(), s("210987654321"));
    let mut moved = good.clone();
    moved.insert("Hash_Key".to_owned(), s(&token(13)));
    let mut ours = sealed(&world, &token(15), Plain::Text("4111-1111-1111-1111")).await;
    ours.remove("*amzn-ddb-map-desc*");
    let mut twice = sealed(&world, &token(16), Plain::Text("4111-1111-1111-1111")).await;
    world.put(SAMPLE, twice.clone()).await;
    twice.insert("Account_Id".to_owned(), s("210987654321"));
    let row = async |number| sealed(&world, &token(number), Plain::Text("4111-1111-1111-1111")).await;
    for altered in [
        flipped(&row(11).await, "CandidateString"),
        flipped(&row(14).await, "*amzn-ddb-map-sig*"),
        flipped(&row(17).await, "*amzn-ddb-map-desc*"),
        other_account,
        moved,
        ours,
        twice,
        good,
    ] {
        world.put(SAMPLE, altered).await;
    }
    let orders = [
        ("altered", token(11), "SIGNATURE_WRONG"),
        ("account", token(12), "KEY_REFUSED"),
        ("moved", token(13), "KEY_REFUSED"),
        ("signature", token(14), "SIGNATURE_WRONG"),
        ("ours", token(15), "NOT_A_SAMPLE_ROW"),
        ("twice", token(16), "VAULT_ROW_TWICE"),
        ("version", token(17), "DESCRIPTION_UNKNOWN"),
        ("missing", token(18), "VAULT_ROW_MISSING"),
        ("card", "4111-1111-1111-1111".to_owned(), "TOKEN_MALFORMED"),
        ("upper", token(10).to_uppercase(), "TOKEN_MALFORMED"),
    ];
    for (id, token, _) in &orders {
        put_rows(&world, [order(id, token)]).await;
    }
    let mut no_token = order("none", "");
    no_token.insert("CreditCardToken".to_owned(), n("4111111111111111"));
    let mut nameless = order("nameless", &token(10));
    nameless.remove("CustomerName");
    let mut in_name = order("in-name", &token(10));
    in_name.insert("CustomerName".to_owned(), s("4111 1111 1111 1111"));
    put_rows(&world, [no_token, nameless, in_name, order("4111111111111111", &token(19))]).await;

    let mut expected: Vec<_> = orders.iter().flat_map(|(id, _, reason)| one(id, "bad", reason)).collect();
    expected.extend(one("null", "bad", "NO_CARD"));
    expected.extend(all(&["words", "digits", "small"], "bad", "NOT_A_CARD"));
    expected.extend(one("none", "bad", "TOKEN_MALFORMED"));
    expected.extend(one("nameless", "bad", "NAME_MISSING"));
    expected.extend(one("in-name", "bad", "NAME_CARD_SHAPED"));
    expected.push(Told(None, "bad".to_owned(), Some("ORDER_ID_CARD_SHAPED".to_owned())));
    expected.sort();
    for action in ["check", "import"] {
        assert_eq!(pass(&world, action).await, expected, "{action}");
    }
    assert_eq!(world.counts().await, [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_two_orders_name_is_imported_for_neither_and_orphans_are_listed() {
    let world = world().await;
    let card = Plain::Text("4111-1111-1111-1111");
    put_sample(&world, &[("mine", card), ("first", card)]).await;
    put_rows(&world, [order("second", &token(1)), order("third", &token(1))]).await;
    for number in [7, 8] {
        let orphan = sealed(&world, &token(number), card).await;
        world.put(SAMPLE, orphan).await;
    }
    let mut expected = one("mine", "imported", "");
    expected.extend(all(&["first", "second", "third"], "bad", "TOKEN_SHARED"));
    expected.sort();
    // However small the chunks are.
    assert_eq!(pass_by(&world, world.aws.url(), "import", 1).await.unwrap(), expected);
    assert_eq!(world.counts().await, [0, 1, 1]);
    let mut expected = all(&[&token(7), &token(8)], "orphan", "");
    expected.extend(all(&[&token(0), &token(1)], "there", ""));
    expected.sort();
    for limit in [1, 3, 1_000] {
        assert_eq!(pass_by(&world, world.aws.url(), "orphans", limit).await.unwrap(), expected, "{limit}");
    }
    // A pass that begins sees what changed.
    for id in ["second", "third"] {
        world.dynamodb().delete_item().table_name(LEGACY).key("Id", s(id)).send().await.unwrap();
    }
    let mut expected = one("mine", "there", "");
    expected.extend(one("first", "imported", ""));
    expected.sort();
    assert_eq!(pass(&world, "import").await, expected);
    // What is across stays so, whoever else names its token now.
    put_rows(&world, [order("late", &token(0))]).await;
    let expected =
        [one("first", "there", ""), one("late", "bad", "TOKEN_SHARED"), one("mine", "there", "")].concat();
    assert_eq!(pass(&world, "import").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_the_same_id_in_this_stack_stays_as_it_is() {
    let world = world().await;
    let card = Plain::Text("4111-1111-1111-1111");
    let client = world.client("bob");
    client.submit(&order_of("waiting", "5555-5555-5555-4444")).await.is(202);
    world.tokenized(&client, &order_of("across", "5555-5555-5555-4444")).await;
    let before = [world.rows(ORDERS).await, world.rows(VAULT).await];
    put_sample(&world, &[("waiting", card), ("across", card)]).await;
    for action in ["check", "import"] {
        let told = pass(&world, action).await;
        assert!(told.iter().all(|Told(_, outcome, _)| outcome == "bad"), "{told:?}");
        assert!(
            told.iter().all(|Told(_, _, reason)| reason.as_deref() == Some("ORDER_CONFLICT")),
            "{told:?}"
        );
    }
    assert_eq!([world.rows(ORDERS).await, world.rows(VAULT).await], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_the_sample_that_is_cut_off_anywhere_ends_the_same_when_it_is_run_again() {
    let ids = ["1", "2", "3"];
    let card = Plain::Text("4111-1111-1111-1111");
    for operation in ["Query", "GenerateDataKey", "TransactWriteItems"] {
        for fault in [Fault::Lost, Fault::ReplyLost] {
            let world = world().await;
            put_sample(&world, &ids.map(|id| (id, card))).await;
            let what = format!("{operation} {fault:?}");
            let relay = Relay::to(world.aws.url()).await;
            // At the second row, and more often than the SDK tries.
            relay.strike_after(operation, 1, fault.clone(), 9);
            assert_eq!(pass_by(&world, relay.url(), "import", 1).await, None, "{what}");
            let told = pass(&world, "import").await;
            let is_done = |outcome: &str| outcome == "imported" || outcome == "there";
            assert!(
                told.len() == 3 && told.iter().all(|Told(_, outcome, _)| is_done(outcome)),
                "{what} {told:?}"
            );
            assert_eq!(world.counts().await, [0, 3, 3], "{what}");
            assert_eq!(pass(&world, "import").await, all(&ids, "there", ""), "{what}");
            for id in ids {
                owner(&world).pay(id).await.is(200);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_says_when_its_card_of_the_sample_goes_out_of_the_vault() {
    let world = world().await;
    put_sample(&world, &[("1", Plain::Text("4111-1111-1111-1111"))]).await;
    let keeping = [("CARD_RETENTION_DAYS", "2")];
    let function = world.function_with("ImportFunction", world.aws.url(), keeping);
    let before = world.now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    world.invoke(&function, &json!({ "action": "import" }), FIFTEEN_MINUTES).await.unwrap();
    let (clean, vaulted) = (world.only_row(ORDERS).await, world.only_row(VAULT).await);
    assert_eq!(clean["CardExpiresAt"], vaulted["ExpiresAt"]);
    let kept = clean["CardExpiresAt"].as_n().unwrap().parse::<u64>().unwrap() - before;
    assert!((172_800..172_860).contains(&kept), "{kept}");
}

/// The local database has no other reads, so the requests tell.
#[tokio::test(flavor = "multi_thread")]
async fn every_read_of_an_import_is_consistent() {
    let card = Plain::Text("4111-1111-1111-1111");
    let (with_owners, of_the_sample) = (super::with_owners().await, world().await);
    put_rows(&with_owners, [super::row("1", super::CARD)]).await;
    put_sample(&of_the_sample, &[("1", card)]).await;
    for (world, actions, operations) in [
        (&with_owners, ["check", "import", "scrub"], &["GetItem", "Scan"][..]),
        (&of_the_sample, ["check", "import", "orphans"], &["GetItem", "Scan", "Query"][..]),
    ] {
        let relay = Relay::to(world.aws.url()).await;
        for action in actions {
            assert!(pass_by(world, relay.url(), action, 10).await.is_some(), "{action}");
        }
        for operation in operations {
            let reads = relay.bodies(operation);
            assert!(!reads.is_empty(), "{operation}");
            for read in reads {
                assert_eq!(read["ConsistentRead"], true, "{operation} {read}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_samples_vault_no_orphans_are_listed() {
    let world = super::world().await;
    let function = world.function("ImportFunction", world.aws.url());
    let refused = super::refusal(&world, &function, &json!({"action": "orphans"})).await;
    assert_eq!(refused.as_deref(), Some("NO_SAMPLE_VAULT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_this_stacks_own_vault_a_row_is_imported_in_its_place_and_no_customers_card_is_listed() {
    let world = world_beside(VAULT).await;
    world.tokenized(&owner(&world), &order_of("own", "4111-1111-1111-1111")).await;
    let card = Plain::Text("5555-5555-5555-4444");
    for (number, id) in [(1, Some("mine")), (2, None)] {
        let row = sealed(&world, &token(number), card).await;
        world.put(VAULT, row).await;
        if let Some(id) = id {
            put_rows(&world, [order(id, &token(number))]).await;
        }
    }
    let mut expected = all(&[&token(2)], "orphan", "");
    expected.extend(one(&token(1), "there", ""));
    expected.sort();
    for limit in [1, 1_000] {
        assert_eq!(pass_by(&world, world.aws.url(), "orphans", limit).await.unwrap(), expected, "{limit}");
    }
    assert_eq!(pass(&world, "import").await, one("mine", "imported", ""));
    assert_eq!(pass(&world, "orphans").await, one(&token(2), "orphan", ""));
    for id in ["own", "mine"] {
        owner(&world).pay(id).await.is(200);
    }
    assert_eq!(world.rows(VAULT).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_read_at_ten_times_the_rate_and_in_as_many_chunks_as_that_takes() {
    let world = world().await;
    put_rows(&world, (0..30).map(|number| order(&format!("order-{number:02}"), &token(number)))).await;
    let relay = Relay::to(world.aws.url()).await;
    let function = world.function("ImportFunction", relay.url());
    // A second more than is kept for the end.
    let (short, begun) = (std::time::Duration::from_secs(61), world.now());
    let (mut cursor, mut rows) = (Value::Null, Vec::new());
    loop {
        let mut request = json!({ "action": "check", "rate": 1 });
        if !cursor.is_null() {
            request["cursor"] = cursor;
        }
        let answer = world.invoke(&function, &request, short).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        rows.push(answer["rows"].as_u64().unwrap());
        cursor = answer["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((rows.iter().sum::<u64>(), &rows[..2]), (30, &[0, 0][..]), "{rows:?}");
    let passed = world.now().duration_since(begun).unwrap().as_secs();
    assert!(passed >= 2 + 29, "{passed}");
    // None is read twice.
    let reads = relay.bodies("Scan");
    let of_tokens = reads.iter().filter(|read| read["ProjectionExpression"] == "#name").count();
    assert!((3..=4).contains(&of_tokens), "{of_tokens}");
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_listed_at_the_rate() {
    let world = world().await;
    for number in 0..6 {
        world.put(SAMPLE, sealed(&world, &token(number), Plain::Null).await).await;
    }
    let function = world.function("ImportFunction", world.aws.url());
    let begun = world.now();
    let request = json!({ "action": "orphans", "rate": 1 });
    let answer = world.invoke(&function, &request, FIFTEEN_MINUTES).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap()["rows"], 6);
    assert!(world.now().duration_since(begun).unwrap().as_secs() >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_no_card_of_the_samples_vault_is_in_an_answer_a_cursor_a_log_or_a_table() {
    let log = Log::of_all_tests();
    let world = world().await;
    let mut cards = Cards::random();
    let minted: Vec<String> = (0..8).map(|_| cards.mint()).collect();
    let put = async |number: usize, id: &str, plain: Plain<'_>| {
        world.put(SAMPLE, sealed(&world, &token(number), plain).await).await;
        put_rows(&world, [order(id, &token(number))]).await;
    };
    put(1, "text", Plain::Text(&minted[0])).await;
    put(2, "number", Plain::Number(&minted[1])).await;
    // A key that is a card, a name and a token that are.
    put(3, &minted[2], Plain::Text(&minted[3])).await;
    let mut named = order("named", &token(1));
    named.insert("CustomerName".to_owned(), s(&minted[4]));
    put_rows(&world, [named, order("tokenless", &minted[5])]).await;
    // Signed and no card by the rules; and a row whose signature is wrong.
    put(4, "words", Plain::Text(&format!("card {}", minted[6]))).await;
    let altered = sealed(&world, &token(5), Plain::Text(&minted[7])).await;
    world.put(SAMPLE, flipped(&altered, "CandidateString")).await;
    put_rows(&world, [order("altered", &token(5))]).await;
    world.put(SAMPLE, sealed(&world, &token(6), Plain::Text(&minted[7])).await).await;

    let mut searched = Searched::for_cards(&minted);
    let function = world.function("ImportFunction", world.aws.url());
    for action in ["check", "import", "import", "orphans", "scrub"] {
        let mut cursor = Value::Null;
        loop {
            let mut request = json!({ "action": action, "limit": 1 });
            if !cursor.is_null() {
                request["cursor"] = cursor;
            }
            let answer = world.invoke(&function, &request, FIFTEEN_MINUTES).await.unwrap();
            searched.bytes(action, &answer);
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            cursor = answer["cursor"].clone();
            let Some(place) = cursor.as_str() else { break };
            searched.bytes("a cursor", &BASE64_URL_SAFE_NO_PAD.decode(place).unwrap());
        }
    }
    assert_eq!(world.counts().await[2], 1, "`text` shares its token, and one order has a card as its id");
    let mut snapshot = world.aws.snapshot().unwrap();
    // The source's own orders have cards in the clear here.
    snapshot["tables"].as_object_mut().unwrap().remove(LEGACY).unwrap();
    searched.bytes("at rest", snapshot.to_string().as_bytes());
    searched.bytes("the log at TRACE", log.lines().as_bytes());
    assert!(log.lines().contains("went over the source"));
    assert_eq!(searched.found(), [""; 0]);
}
