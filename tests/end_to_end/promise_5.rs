//! Any tampering refuses to open. The tables are those of `order::attributes`: every stored attribute, and what
//! becomes of an order when it is altered.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use card_airlock::{
    functions,
    operations::Right,
    sandbox::{Dialect, Failure, named},
};
use order::{
    FoundOut, OrderId, OrderTable, Outcome, ProcessorReference, Settling, Written,
    attributes::{self, Attribute, Protection, Protection::Checked, Protection::Free, Table},
};
use paybill::Sandbox;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    AUDIT, Client, Encryptor, Item, ORDERS, QUARANTINE, VAULT, WITNESS, World, encrypted_order, flipped,
    names, order, order_of, text,
};

/// Where a payment was sent. Under anything else it is not sent again.
const ROUTE: [&str; 4] = ["PaymentProfile", "PaymentProfileDigest", "PaymentOrigin", "PaymentAccount"];

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_the_tables_list_every_attribute_that_is_ever_stored() {
    let world = World::keeping_cards(1).await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let client = merchant(&world);
    client.submit(&priced(order_of("1", Sandbox::DECLINED))).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    client.submit(&priced(order_of("1", Sandbox::DECLINED))).await.is(202);
    world.deliver_last().await;
    let first = json!({ "CustomerOrder": "1", "Amount": 1999, "Currency": "USD" });
    client.pay_with("one", &first).await.is(503);
    let mut clean = names(&world.only_row(ORDERS).await);
    world.advance(std::time::Duration::from_secs(61));
    client.pay("1").await.is(402);
    clean.extend(names(&world.only_row(ORDERS).await));
    let vault = names(&world.only_row(VAULT).await);
    client.put_card("1", "4111-1111-1111-1111").await.is(202);
    let declined = world.only_row(ORDERS).await;
    let mut paying = declined.clone();
    paying.insert("PaymentStatus".into(), s("SUBMITTING"));
    paying.insert("ClaimedUntil".into(), s("2026-01-02T03:04:05.006Z"));
    world.put(ORDERS, paying).await;
    world.deliver_last().await;
    world.put(ORDERS, declined).await;
    world.advance(std::time::Duration::from_secs(121));
    world.sweep().await;
    world.deliver_last().await;
    client.forget("1").await.is(200);
    // Given up alone so often that it is suspected, then beside another.
    client.submit(&order("2")).await.is(202);
    for _ in 0..4 {
        world.give_up().await;
        world.sweep().await;
        world.advance(std::time::Duration::from_mins(5));
    }
    client.submit(&order("3")).await.is(202);
    client.submit(&order("4")).await.is(202);
    world.give_up().await;
    world.sweep().await;
    clean.extend(names(&world.only_row(ORDERS).await));
    clean.extend(names_at_stripe().await);
    let encryptor = Encryptor::of(&world, &client).await;
    let encrypted = encryptor.card("encrypted", "4111111111111111", None);
    world.tokenized(&client, &encrypted_order("encrypted", &encrypted)).await;
    clean.extend(names(&world.row(ORDERS, "encrypted").await.unwrap()));
    let mut quarantine = BTreeSet::new();
    for record in world.records() {
        for image in ["OldImage", "NewImage"] {
            let image = record["dynamodb"][image].as_object();
            quarantine.extend(image.into_iter().flat_map(|image| image.keys().cloned()));
        }
    }
    assert_eq!(quarantine, listed(attributes::QUARANTINE));
    assert_eq!(vault, listed(attributes::VAULT));
    assert_eq!(clean, listed(attributes::CLEAN));
    settle_what_nobody_knows(&world, &client).await;
    let audit: BTreeSet<String> = world.rows(AUDIT).await.iter().flat_map(names).collect();
    assert_eq!(audit, listed(attributes::AUDIT));
    assert_eq!(world.witness().await, None);
    let witness: BTreeSet<String> = world.rows(WITNESS).await.iter().flat_map(names).collect();
    assert_eq!(witness, listed(attributes::WITNESS));
}

/// An operator finds out that a payment was charged.
async fn settle_what_nobody_knows(world: &World, client: &Client) {
    world.tokenized(client, &priced(order("unknown"))).await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    client.pay("unknown").await.is(503);
    world.advance(Duration::from_hours(24));
    client.pay("unknown").await.is(409);
    let config = functions::sdk_config(world.aws.url(), Right::Settle.policy());
    let unknown = OrderId::stored("unknown").unwrap();
    let seen = OrderTable::new(&config, ORDERS.to_owned()).overview(&unknown).await.unwrap().unwrap();
    let seen = seen.payments.unwrap().current.unwrap();
    let found = FoundOut::Charged(ProcessorReference::accept("ch_1").unwrap());
    let settling = Settling::new(&config, ORDERS.to_owned(), AUDIT.to_owned());
    let written = settling.settle(&unknown, &seen, &found, "an operator", world.now().into()).await;
    assert_eq!(written, Ok(Written::Done));
    client.pay("unknown").await.is(200);
}

/// What a clean row has besides, where the processor makes something before it charges and can be asked afterwards.
async fn names_at_stripe() -> BTreeSet<String> {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let client = merchant(&world);
    for (id, card) in [("declined", "stolen"), ("unknown", "approve")] {
        let mut order = priced(order_of(id, named(card).unwrap().number));
        order["CardExpiry"] = json!("12/30");
        world.tokenized(&client, &order).await;
    }
    client.pay("declined").await.is(402);
    world.sandbox.answer_lookups(false);
    world.sandbox.fail_next(Some(Failure::ErrorCharged));
    client.pay("unknown").await.is(503);
    world.advance(Duration::from_hours(24));
    for _ in 0..2 {
        client.pay("unknown").await.is(409);
    }
    world.rows(ORDERS).await.iter().flat_map(names).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_altered_quarantine_row_is_refused_unless_the_attribute_is_free() {
    let world = World::stepped().await;
    let client = merchant(&world);
    world.client("bob").submit(&donors_order()).await.is(202);
    let donor = world.only_row(QUARANTINE).await;
    for (attribute, class) in classes(attributes::QUARANTINE) {
        let id = format!("altered-{attribute}");
        client.submit(&priced(order(&id))).await.is(202);
        let mut row = world.row(QUARANTINE, &id).await.unwrap();
        let id = match attribute {
            "CustomerOrder" => "moved".to_owned(),
            _ => id,
        };
        row.insert(attribute.into(), altered(attribute, &row, &donor));
        world.put(QUARANTINE, row.clone()).await;
        assert_eq!(world.deliver_last().await, None, "{attribute}");
        if ["Status", "ArmAfter"].contains(&attribute) {
            // FAILED waits for a replay, and ArmAfter for the sweep.
            row.insert("Status".into(), s("PENDING"));
            row.remove("ArmAfter");
            world.put(QUARANTINE, row).await;
            world.deliver_last().await;
        }

        let (left, clean) = (world.row(QUARANTINE, &id).await, world.row(ORDERS, &id).await);
        if class == Free {
            assert!(left.is_none() && clean.is_some(), "{attribute}");
            client.pay(&id).await.is(200);
        } else {
            let left = left.unwrap();
            assert_eq!(left["Status"], s("FAILED"), "{attribute}");
            // The digest of an encrypted card does not belong to a card that was sent as it is.
            let is_odd = class == Checked || attribute == "CardJweDigest";
            let reason = if is_odd { "MALFORMED" } else { "ENVELOPE_REFUSED" };
            assert_eq!(left["FailureReason"], s(reason), "{attribute}");
            assert!(clean.is_none(), "{attribute}");
        }
    }
    assert_eq!(world.rows(VAULT).await.len(), world.rows(ORDERS).await.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_altered_vault_row_is_refused_unless_the_attribute_is_free() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&world.client("bob"), &donors_order()).await;
    let donor = world.only_row(VAULT).await;
    for (attribute, class) in classes(attributes::VAULT) {
        world.tokenized(&client, &order(attribute)).await;
        let mut clean = world.row(ORDERS, attribute).await.unwrap();
        let mut row = vault_row(&world, text(&clean, "CreditCardToken")).await;
        world.lose_card(&row).await;
        row.insert(attribute.into(), altered(attribute, &row, &donor));
        world.put(VAULT, row.clone()).await;
        if attribute == "Hash_Key" {
            // The order follows its card to the other token, so that the row is found.
            clean.insert("CreditCardToken".into(), row["Hash_Key"].clone());
            world.put(ORDERS, clean).await;
        }
        let paid = client.pay(attribute).await;
        match class {
            Free => drop(paid.is(200)),
            _ => assert_eq!(paid.is(500).code(), "CARD_UNREADABLE", "{attribute}"),
        }
    }
    assert_eq!(
        world.sandbox.ledger().len(),
        classes(attributes::VAULT).filter(|(_, class)| *class == Free).count()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_altered_clean_row_is_refused_unless_the_attribute_is_free() {
    let world = World::stepped().await;
    let client = merchant(&world);
    world.tokenized(&world.client("bob"), &donors_order()).await;
    let donor = world.only_row(ORDERS).await;
    world.tokenized(&client, &priced(order("paid"))).await;
    client.pay("paid").await.is(200);
    let paid = world.row(ORDERS, "paid").await.unwrap();
    for (attribute, class) in classes(attributes::CLEAN) {
        let id = format!("altered-{attribute}");
        world.tokenized(&client, &priced(order(&id))).await;
        let mut row = world.row(ORDERS, &id).await.unwrap();
        row.insert(attribute.into(), altered(attribute, &row, &donor));
        if attribute.starts_with("Payment") || attribute.starts_with("Claim") {
            // Alone it makes the row unreadable; with what belongs to it, it is a claim that has run out.
            for name in [
                "PaymentStatus",
                "PaymentId",
                "PaymentAmount",
                "PaymentCurrency",
                "PaymentStartedAt",
                "ClaimId",
                "ClaimedUntil",
            ] {
                row.insert(name.into(), altered(name, &row, &donor));
            }
            for name in ROUTE.into_iter().filter(|name| *name != attribute) {
                row.insert(name.into(), paid[name].clone());
            }
        }
        world.put(ORDERS, row.clone()).await;
        let payer = world.client(if attribute == "Owner" { "bob" } else { "ann" });
        let paid = payer.pay(text(&row, "CustomerOrder")).await;
        match class {
            // It says that the card is gone, and is believed.
            Free if attribute == "CardForgottenAt" => drop(paid.is(410)),
            Free if ROUTE.contains(&attribute) => {
                assert_eq!(paid.is(409).code(), "PAYMENT_UNKNOWN", "{attribute}")
            }
            Free => drop(paid.is(200)),
            _ => assert_eq!(paid.is(500).code(), "CARD_UNREADABLE", "{attribute}"),
        }
    }
    let charges = world.sandbox.ledger();
    // A card that is marked as forgotten is not charged, nor is a payment that was sent elsewhere; "paid" was.
    let free = classes(attributes::CLEAN).filter(|(_, class)| *class == Free).count();
    assert_eq!(charges.len(), free - 1 - ROUTE.len() + 1);
    assert!(charges.iter().all(|charge| charge.outcome == Outcome::Submitted));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_altered_audit_rows_open_no_other_card_and_stop_no_payment() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&world.client("bob"), &donors_order()).await;
    let donor = world.only_row(ORDERS).await;
    for (attribute, class) in classes(attributes::AUDIT) {
        assert_eq!(class, Free);
        for round in ["before", "after"] {
            let id = format!("{attribute}-{round}");
            world.tokenized(&client, &order(&id)).await;
            client.pay(&id).await.is(200);
            for mut row in world.rows(AUDIT).await.into_iter().filter(|row| row.contains_key(attribute)) {
                row.insert(attribute.into(), altered(attribute, &row, &donor));
                world.put(AUDIT, row).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_a_token_copied_into_another_order_does_not_open() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    world.tokenized(&ann, &order("ann")).await;
    // The thief's own order shows the same last digits and brand, and differs in nothing else.
    world.tokenized(&bob, &order("bob")).await;
    let stolen = world.row(ORDERS, "ann").await.unwrap()["CreditCardToken"].clone();
    let mut row = world.row(ORDERS, "bob").await.unwrap();
    row.insert("CreditCardToken".into(), stolen);
    world.put(ORDERS, row).await;
    assert_eq!(bob.pay("bob").await.is(500).code(), "CARD_UNREADABLE");
    ann.pay("ann").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_swapped_cards_do_not_open() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for id in ["1", "2"] {
        client.submit(&order(id)).await.is(202);
    }
    let in_quarantine = world.rows(QUARANTINE).await;
    // Both are sealed under one data key, so they differ only in their places.
    assert_eq!(in_quarantine[0]["DataKey"], in_quarantine[1]["DataKey"]);
    swap(&world, QUARANTINE, in_quarantine, &["SealedCard"]).await;
    let records = world.records();
    world.deliver(&records[2..]).await;
    for id in ["1", "2"] {
        assert_eq!(client.status(id).await.text("FailureReason"), "ENVELOPE_REFUSED");
        client.submit(&order(id)).await.is(202);
        world.deliver_last().await;
    }

    swap(&world, VAULT, world.rows(VAULT).await, &["CandidateString", "DataKey"]).await;
    for id in ["1", "2"] {
        assert_eq!(client.pay(id).await.is(500).code(), "CARD_UNREADABLE");
    }
    swap(&world, VAULT, world.rows(VAULT).await, &["CandidateString", "DataKey"]).await;
    for id in ["1", "2"] {
        client.pay(id).await.is(200);
    }
}

/// Another plausible value of an attribute; the donor's value if the donor has one.
fn altered(attribute: &str, row: &Item, donor: &Item) -> AttributeValue {
    match attribute {
        "CandidateString" | "DataKey" => flipped(&row[attribute]),
        "SealedCard" | "CreditCardToken" | "CardLast4" | "CardBrand" | "Owner" => donor[attribute].clone(),
        "AcceptanceId" | "Replaces" | "KeyBatchId" | "Hash_Key" | "PaymentId" | "ClaimId" => {
            s(&Uuid::new_v4().to_string())
        }
        "AcceptedAt" | "ArmedAt" | "FirstArmedAt" | "ArmAfter" | "CreatedAt" | "TokenizedAt"
        | "PaymentSettledAt" | "ClaimedUntil" | "CardForgottenAt" | "CardReplacedAt" | "LookedUpAt" => {
            s("2026-01-02T03:04:05.006Z")
        }
        "At" => s("minute#2026-01-02T03:04Z"),
        "Purpose" => s("REVEAL"),
        "CustomerOrder" => s("moved"),
        "CardJweDigest" => AttributeValue::B(Blob::new([7; 32])),
        "Account_Id" => s("210987654321"),
        "KeyMaterial" => s("1234abcd-12ab-34cd-56ef-1234567890ab"),
        "Principal" | "CustomerName" => s("Somebody Else"),
        "Address" => s("Reno"),
        "Status" => s("FAILED"),
        "FailureReason" => s("REJECTED"),
        "PaymentStatus" => s("SUBMITTING"),
        "PaymentStartedAt" => row["AcceptedAt"].clone(),
        "OrderAmount" | "PaymentAmount" => AttributeValue::N("7".into()),
        "OrderCurrency" | "PaymentCurrency" => s("EUR"),
        "PaymentHistory" => AttributeValue::L(vec![]),
        "PaymentProfile" | "PaymentProfileDigest" | "PaymentOrigin" | "PaymentAccount" => s("another"),
        "PaymentObject" | "ProcessorReference" => s("pi_1"),
        "PaymentPayer" => s("MERCHANT"),
        "HardDeclines" => AttributeValue::Ss(vec!["visa:0000".into()]),
        "CardHasExpiry" => AttributeValue::Bool(true),
        "PaymentKeys" => AttributeValue::M([("key".to_owned(), s(&Uuid::new_v4().to_string()))].into()),
        "TakenUpBeside" => AttributeValue::Ss(vec!["another".into()]),
        "Attempt" | "Deadline" | "Uses" | "TakenUp" | "TakenUpAlone" | "Suspected" => {
            AttributeValue::N("7".into())
        }
        "ExpiresAt" | "CardExpiresAt" => AttributeValue::N("99999999999".into()),
        _ => panic!("{attribute} is new: say what it may be altered to"),
    }
}

/// Ann, who may say what her orders cost.
fn merchant(world: &World) -> Client {
    world.client_in("ann", &["billing"])
}

fn priced(mut order: Value) -> Value {
    order["Amount"] = 1999.into();
    order["Currency"] = "USD".into();
    order
}

/// Another user's order with another card.
fn donors_order() -> Value {
    order_of("donor", "5555-5555-5555-4444")
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn listed(table: Table) -> BTreeSet<String> {
    table.attributes.iter().map(|attribute| attribute.name.to_owned()).collect()
}

fn classes(table: Table) -> impl Iterator<Item = (&'static str, Protection)> {
    table.attributes.iter().map(|Attribute { name, protection, .. }| (*name, *protection))
}

async fn vault_row(world: &World, token: &str) -> Item {
    world.rows(VAULT).await.into_iter().find(|row| text(row, "Hash_Key") == token).unwrap()
}

/// Exchanges attributes of two rows.
async fn swap(world: &World, table: &str, rows: Vec<Item>, attributes: &[&str]) {
    let [mut one, mut other]: [Item; 2] = rows.try_into().unwrap();
    for attribute in attributes {
        std::mem::swap(one.get_mut(*attribute).unwrap(), other.get_mut(*attribute).unwrap());
    }
    world.put(table, one).await;
    world.put(table, other).await;
}
