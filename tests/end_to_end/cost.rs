//! What an order costs, in AWS calls and DynamoDB units: numbers that no machine changes. A change that makes an order
//! dearer finds it here.

use std::{collections::BTreeMap, time::Duration};

use card_airlock_services::{CallKind, Tally, Units};
use serde_json::json;
use test_support::sample_vault::Plain;

use crate::{
    importing,
    support::{Client, Encryptor, ORDERS, PREVIOUS_KEY, World, encrypted_order, order},
};

/// As many as one data key of quarantine seals (`DATA_KEY_MAX_ROWS`), and as one batch of the mapping holds.
const ORDERS_PLACED: u32 = 100;
const NO_LIMIT: &str = "1000000000";

/// Calls, write units and read units by role and operation.
type Bill = BTreeMap<(String, String), (u64, f64, f64)>;

/// The events that buses took of a role.
fn events(world: &World, role: &str) -> f64 {
    let of_role = world.aws.tallies().into_iter().filter(|(kind, _)| kind.role == role);
    of_role.map(|(_, tally)| tally.units.events).sum()
}

/// What the functions' roles have asked since `before`; nothing of it was refused.
fn bill(world: &World, before: &BTreeMap<CallKind, Tally>) -> Bill {
    for (kind, tally) in world.aws.tallies() {
        assert_eq!(tally.refused, before.get(&kind).map_or(0, |earlier| earlier.refused), "{kind:?}");
    }
    bill_with_refusals(world, before)
}

/// The same, and some of it may have been refused.
fn bill_with_refusals(world: &World, before: &BTreeMap<CallKind, Tally>) -> Bill {
    let mut bill = Bill::new();
    for (kind, tally) in world.aws.tallies() {
        let earlier = before.get(&kind).copied().unwrap_or_default();
        let Units { write, read, .. } = tally.units - earlier.units;
        let calls = tally.calls - earlier.calls;
        if calls > 0 && kind.role.ends_with("Role") {
            bill.insert((kind.role, kind.operation), (calls, write, read));
        }
    }
    bill
}

#[track_caller]
fn assert_bill(bill: Bill, expected: &[(&str, &str, u64, f64, f64)]) {
    let expected = expected.iter().map(|(role, operation, calls, write, read)| {
        (((*role).to_owned(), (*operation).to_owned()), (*calls, *write, *read))
    });
    assert_eq!(bill, expected.collect());
}

async fn metered() -> (World, Client) {
    let world = World::stepped_under([("DetokenizePerMinute", NO_LIMIT)]).await;
    world.aws.meter_units();
    let client = world.client("ann");
    (world, client)
}

async fn place(client: &Client, orders: u32) {
    for id in 0..orders {
        client.submit(&order(&format!("order-{id}"))).await.is(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_costs_one_kms_call_and_a_hundredth_seven_write_units_and_one_read_unit_until_it_is_across()
{
    let (world, client) = metered().await;
    let before = world.aws.tallies();
    place(&client, ORDERS_PLACED).await;
    assert_eq!(world.deliver(&world.records()).await, None);
    assert_eq!(world.rows(ORDERS).await.len(), 100);

    // A put of at most 1 KB is one unit; of an order's three actions each is two, and ten orders share a
    // transaction. A consistent read of what is not there is one.
    assert_bill(
        bill(&world, &before),
        &[
            ("IngestRole", "GenerateDataKey", 1, 0.0, 0.0),
            ("IngestRole", "GetItem", 100, 0.0, 100.0),
            ("IngestRole", "PutItem", 100, 100.0, 0.0),
            ("TokenizeWorkerRole", "Decrypt", 1, 0.0, 0.0),
            ("TokenizeWorkerRole", "GenerateDataKey", 100, 0.0, 0.0),
            ("TokenizeWorkerRole", "TransactWriteItems", 10, 600.0, 0.0),
        ],
    );
}

/// Two calls more for a hundred orders than with plain cards: ingest looks for the key once, and so does the worker, which
/// has it unwrapped once.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_an_encrypted_card_costs_one_kms_call_and_three_hundredths() {
    let (world, client) = metered().await;
    let encryptor = Encryptor::of(&world, &client).await;
    let before = world.aws.tallies();
    for id in 0..ORDERS_PLACED {
        let id = format!("order-{id}");
        let card = encryptor.card(&id, "4111-1111-1111-1111", Some("12/30"));
        client.submit(&encrypted_order(&id, &card)).await.is(202);
    }
    assert_eq!(world.deliver(&world.records()).await, None);
    assert_eq!(world.rows(ORDERS).await.len(), 100);
    let bill = bill(&world, &before);
    let calls = |role: &str, operation: &str| {
        bill.get(&(role.to_owned(), operation.to_owned())).map_or(0, |(calls, ..)| *calls)
    };
    let kms = ["GenerateDataKey", "Decrypt"].map(|operation| {
        ["IngestRole", "TokenizeWorkerRole"].map(|role| calls(role, operation)).iter().sum::<u64>()
    });
    assert_eq!(kms, [101, 2], "{bill:?}");
    let looked_for = [calls("IngestRole", "Scan"), calls("TokenizeWorkerRole", "GetItem")];
    assert_eq!(looked_for, [1, 1], "{bill:?}");
    assert_eq!([calls("IngestRole", "GetItem"), calls("IngestRole", "PutItem")], [100, 100]);
    assert_eq!(calls("TokenizeWorkerRole", "TransactWriteItems"), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_costs_one_kms_call_six_write_units_and_three_read_units_and_a_repeat_one_read_unit() {
    let (world, client) = metered().await;
    place(&client, 10).await;
    assert_eq!(world.deliver(&world.records()).await, None);
    let before = world.aws.tallies();
    for id in 0..10 {
        client.pay(&format!("order-{id}")).await.is(200);
    }
    // The clean row, a card that may be on its way, and the vault row are a read unit each. The claim and the outcome are a unit each, the audit's transaction of two actions four.
    assert_bill(
        bill(&world, &before),
        &[
            ("PaybillRole", "Decrypt", 10, 0.0, 0.0),
            ("PaybillRole", "GetItem", 30, 0.0, 30.0),
            ("PaybillRole", "GetSecretValue", 1, 0.0, 0.0),
            ("PaybillRole", "TransactWriteItems", 10, 40.0, 0.0),
            ("PaybillRole", "UpdateItem", 20, 20.0, 0.0),
        ],
    );

    let before = world.aws.tallies();
    client.pay("order-0").await.is(200);
    assert_bill(bill(&world, &before), &[("PaybillRole", "GetItem", 1, 0.0, 1.0)]);
}

/// Ten in a call, and nothing of DynamoDB: Lambda reads the stream, which costs nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_costs_one_event_when_it_is_across_and_one_when_it_is_paid() {
    let (world, client) = metered().await;
    place(&client, 20).await;
    assert_eq!(world.deliver(&world.records()).await, None);
    let before = world.aws.tallies();
    assert_eq!(world.tell().await, None);
    assert_bill(bill(&world, &before), &[("NotifyRole", "PutEvents", 2, 0.0, 0.0)]);
    assert_eq!(events(&world, "NotifyRole"), 20.0);
    client.pay("order-0").await.is(200);
    assert_eq!(world.tell().await, None);
    assert_eq!(events(&world, "NotifyRole"), 20.0 + 20.0 + 1.0, "all that was told before, and the payment");
}

/// A link for the items of one chain, up to 25 of them; a look at the end of each chain, and nothing of the audit.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_costs_a_link_and_a_look_at_the_end_of_its_chain_to_witness() {
    let (world, client) = metered().await;
    place(&client, 40).await;
    assert_eq!(world.deliver(&world.records()).await, None);
    client.pay("order-0").await.is(200);
    let before = world.aws.tallies();
    assert_eq!(world.witness().await, None);
    // The chain has no link yet: half a kilobyte of nothing is half a unit, and a strongly consistent read costs one.
    let alone = [("WitnessRole", "PutItem", 1, 1.0, 0.0), ("WitnessRole", "Query", 1, 0.0, 1.0)];
    assert_bill(bill(&world, &before), &alone);
    for id in 1..40 {
        client.pay(&format!("order-{id}")).await.is(200);
    }
    let before = world.aws.tallies();
    assert_eq!(world.witness().await, None);
    // All 40 again, as one user's: 25 entries of 0.2 KB fill five units, and 15 fill three.
    let bill = bill(&world, &before);
    let counts: Vec<_> = bill.iter().map(|((_, call), (calls, ..))| (call.as_str(), *calls)).collect();
    assert_eq!(counts, [("PutItem", 2), ("Query", 2)]);
    let written: f64 = bill.values().map(|(_, written, _)| written).sum();
    assert!(written / 40.0 <= 0.3, "{written}");
}

/// 100 rows of about half a kilobyte: two pages are read where the table has more than one, and half a kilobyte of each
/// row is charged whatever is projected.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_costs_one_kms_call_and_one_write_unit_to_re_wrap_and_one_kms_call_to_verify() {
    let world = World::stepped_under([("PreviousVaultKeyArn", PREVIOUS_KEY)]).await;
    world.aws.meter_units();
    place(&world.client("ann"), ORDERS_PLACED).await;
    let before = [("VAULT_KEY_ARN", PREVIOUS_KEY)];
    let worker = world.function_with("TokenizeWorkerFunction", world.aws.url(), before);
    assert_eq!(world.deliver_to(&worker, &world.records()).await, None);
    let rewrap = async |action: &str| {
        let before = world.aws.tallies();
        let function = world.function("RewrapFunction", world.aws.url());
        let asked = json!({ "action": action });
        world.invoke(&function, &asked, Duration::from_mins(15)).await.unwrap();
        // Re-wrapping tells by KMS's refusals what is under another key already.
        bill_with_refusals(&world, &before)
    };
    let cost = |bill: &Bill, operation: &str| {
        let (calls, write, read) =
            bill.get(&("RewrapRole".to_owned(), operation.to_owned())).copied().unwrap_or_default();
        (calls, write, read)
    };
    let counted = rewrap("count").await;
    let (pages, _, read) = cost(&counted, "Scan");
    assert!(pages <= 2 && (8.0..=20.0).contains(&read), "{counted:?}");
    assert_eq!(counted.len(), 1, "{counted:?}");
    let moved = rewrap("rewrap").await;
    assert_eq!(cost(&moved, "ReEncrypt").0, 100);
    assert_eq!(cost(&moved, "UpdateItem"), (100, 100.0, 0.0));
    assert_eq!((cost(&moved, "Scan").0, moved.len()), (pages, 3));
    let again = rewrap("rewrap").await;
    assert_eq!((again.len(), cost(&again, "Scan").0), (1, pages), "what was moved costs a read");
    let verified = rewrap("verify").await;
    assert_eq!((cost(&verified, "ReEncrypt").0, verified.len()), (100, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_row_costs_four_write_units_a_read_unit_and_one_kms_call_and_a_scrubbed_one_as_much() {
    let world = importing::world().await;
    world.aws.meter_units();
    importing::put_rows(
        &world,
        (0..ORDERS_PLACED).map(|id| importing::row(&format!("order-{id}"), importing::CARD)),
    )
    .await;
    let run = async |action: &str| {
        let before = world.aws.tallies();
        importing::pass(&world, action).await;
        bill(&world, &before)
    };
    // A consistent read of 4 KB is a unit, and of what is not there one.
    let (scans, scanned) = (2, 4.0);
    let role = "ImportRole";
    assert_bill(
        run("check").await,
        &[
            (role, "Scan", scans, 0.0, scanned),
            (role, "GenerateMac", 1, 0.0, 0.0),
            (role, "GetItem", 200, 0.0, 200.0),
        ],
    );
    assert_bill(
        run("import").await,
        &[
            (role, "Scan", scans, 0.0, scanned),
            (role, "GenerateMac", 101, 0.0, 0.0),
            (role, "GetItem", 100, 0.0, 100.0),
            (role, "GenerateDataKey", 1, 0.0, 0.0),
            // Of a transaction each of the two actions is two units.
            (role, "TransactWriteItems", 100, 400.0, 0.0),
        ],
    );
    assert_eq!(world.deliver(&world.records()).await, None);
    let (scans, scanned) = (2, 6.0);
    assert_bill(
        run("import").await,
        &[
            (role, "Scan", scans, 0.0, scanned),
            (role, "GenerateMac", 1, 0.0, 0.0),
            (role, "GetItem", 100, 0.0, 100.0),
        ],
    );
    assert_bill(
        run("scrub").await,
        &[
            (role, "Scan", scans, 0.0, scanned),
            (role, "GenerateMac", 101, 0.0, 0.0),
            (role, "GetItem", 100, 0.0, 100.0),
            (role, "TransactWriteItems", 100, 400.0, 0.0),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_the_samples_vault_costs_four_write_units_three_read_units_and_two_kms_calls() {
    let world = importing::sample::world().await;
    let orders: Vec<_> = (0..20).map(|number| format!("order-{number}")).collect();
    let card = Plain::Text("4111-1111-1111-1111");
    importing::sample::put_sample(&world, &orders.iter().map(|id| (id.as_str(), card)).collect::<Vec<_>>())
        .await;
    world.aws.meter_units();
    let run = async |action: &str| {
        let before = world.aws.tallies();
        importing::pass(&world, action).await;
        bill(&world, &before)
    };
    let role = "ImportRole";
    // The orders are read twice, the first time for their tokens alone.
    let scan = (role, "Scan", 2, 0.0, 2.0);
    let looked = |clean| (role, "GetItem", clean, 0.0, f64::from(u32::try_from(clean).unwrap()));
    assert_bill(
        run("check").await,
        &[
            scan,
            (role, "GenerateMac", 1, 0.0, 0.0),
            looked(40),
            (role, "Query", 20, 0.0, 20.0),
            (role, "Decrypt", 20, 0.0, 0.0),
        ],
    );
    assert_bill(
        run("import").await,
        &[
            scan,
            (role, "GenerateMac", 1, 0.0, 0.0),
            looked(40),
            (role, "Query", 20, 0.0, 20.0),
            (role, "Decrypt", 20, 0.0, 0.0),
            (role, "GenerateDataKey", 20, 0.0, 0.0),
            (role, "TransactWriteItems", 20, 80.0, 0.0),
        ],
    );
    assert_bill(run("import").await, &[scan, (role, "GenerateMac", 1, 0.0, 0.0), looked(20)]);
}

/// As all that decides about an order for good.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_looked_up_consistently() {
    let world = importing::with_owners().await;
    world.aws.meter_units();
    importing::put_rows(&world, (0..10).map(|id| importing::row(&format!("order-{id}"), importing::CARD)))
        .await;
    let before = world.aws.tallies();
    importing::pass(&world, "import").await;
    // A clean order that is not there, and an owner who is.
    let read = bill(&world, &before)[&("ImportRole".to_owned(), "GetItem".to_owned())];
    assert_eq!(read, (20, 0.0, 20.0));
    assert_eq!(world.counts().await, [10, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_status_costs_two_read_units() {
    let (world, client) = metered().await;
    place(&client, 1).await;
    let before = world.aws.tallies();
    client.status("order-0").await.is(200);
    assert_bill(bill(&world, &before), &[("IngestRole", "GetItem", 2, 0.0, 2.0)]);
}

/// The rules of <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>,
/// on items of known size: the meter counts by them.
#[tokio::test(flavor = "multi_thread")]
async fn units_follow_the_size_of_the_item_and_the_kind_of_call() {
    let (world, client) = metered().await;
    let mut large = order("large");
    // 500 characters of four bytes each.
    large["Address"] = json!("\u{1F3E0}".repeat(500));
    let before = world.aws.tallies();
    client.submit(&large).await.is(202);
    let bill = bill(&world, &before);
    let (calls, write, _) = bill[&("IngestRole".to_owned(), "PutItem".to_owned())];
    assert_eq!((calls, write), (1, 3.0), "2,000 bytes of address and some 600 of the rest");
}
