//! The payment of an order: claimed, remembered, settled, looked up, given back and given up, each only while the row is
//! what was read.

use aws_sdk_dynamodb::types::AttributeValue;
use order::{
    Amount, Claim, CleanOrder, DeclineCode, DeclineKind, OrderTable, Outcome, Payer, PaymentKey,
    PaymentObject, PaymentRoute, Payments, ProcessorReference, Settlement, Written,
};
use test_support::tables::ORDERS;

use crate::{
    rows::{BEFORE, Change, Item, LATER, NOW, OTHER, OURS, changed, clean, item, n, s, set},
    world::{World, order_id},
};

const CLAIM: &str = "750e8400-e29b-41d4-a716-446655440000";
const ANOTHER_CLAIM: &str = "850e8400-e29b-41d4-a716-446655440000";
const SETTLED: &str = "2026-11-21T19:30:00.000Z";

const ROUTE: [&str; 4] = ["PaymentProfile", "PaymentProfileDigest", "PaymentOrigin", "PaymentAccount"];

fn orders(world: &World) -> OrderTable {
    OrderTable::new(&world.config, ORDERS.into())
}

/// What paybill reads of a row.
async fn read(world: &World, row: &Item) -> (CleanOrder, Payments) {
    world.have(ORDERS, Some(row)).await;
    orders(world).with_payments(&order_id()).await.unwrap().unwrap()
}

fn text<const N: usize>(texts: [(&'static str, &str); N]) -> [(&'static str, AttributeValue); N] {
    texts.map(|(name, text)| (name, s(text)))
}

/// A payment of five euros, begun by the owner under another profile, that stands so.
pub(crate) fn paid(status: &str) -> Item {
    let row = changed(&clean(), [("PaymentAmount", n(500))], &[]);
    let with = text([
        ("PaymentStatus", status),
        ("PaymentId", OTHER),
        ("PaymentCurrency", "EUR"),
        ("PaymentStartedAt", BEFORE),
        ("PaymentProfile", "adyen"),
        ("PaymentProfileDigest", "old"),
        ("PaymentOrigin", "https://old.example/"),
        ("PaymentAccount", "shop"),
        ("PaymentPayer", "OWNER"),
        ("PaymentObject", "pi_1"),
    ]);
    changed(&row, with, &[])
}

/// A payment that was declined, with all that one leaves.
fn declined_before() -> Item {
    changed(&paid("DECLINED"), text([("LookedUpAt", BEFORE), ("ProcessorReference", "ch_1")]), &[])
}

/// The same, claimed by a request.
fn claimed() -> Item {
    changed(&paid("SUBMITTING"), text([("ClaimId", CLAIM), ("ClaimedUntil", NOW)]), &[])
}

/// The same, and the client's key stands for it.
fn with_keys(row: &Item) -> Item {
    let keys = AttributeValue::M(item([("first", s(OTHER))]));
    changed(row, [("PaymentKeys", keys)], &[])
}

fn route() -> PaymentRoute {
    let [profile, digest, origin, account] = ["stripe", "new", "https://new.example/", ""].map(str::to_owned);
    PaymentRoute { profile, digest, origin, account }
}

fn dollars(count: u64) -> Amount {
    Amount { minor_units: count.try_into().unwrap(), currency: "USD".parse().unwrap() }
}

/// A claim of a new payment, in place of what stood there.
fn claim(payments: &Payments) -> Claim {
    Claim {
        id: ANOTHER_CLAIM.parse().unwrap(),
        until: LATER.parse().unwrap(),
        payment: OURS.parse().unwrap(),
        amount: Some(dollars(1999)),
        started_at: NOW.parse().unwrap(),
        route: route(),
        payer: Payer::Merchant,
        key: None,
        seen: payments.current.clone(),
    }
}

/// A claim of the payment that stood there.
fn takeover(payments: &Payments) -> Claim {
    let seen = payments.current.clone().unwrap();
    Claim { payment: seen.id, amount: seen.amount, started_at: seen.started_at, ..claim(payments) }
}

/// What a new claim leaves.
fn after_claim(row: &Item) -> Item {
    let with = text([
        ("PaymentStatus", "SUBMITTING"),
        ("PaymentId", OURS),
        ("PaymentStartedAt", NOW),
        ("ClaimId", ANOTHER_CLAIM),
        ("ClaimedUntil", LATER),
        ("PaymentCurrency", "USD"),
        ("PaymentPayer", "MERCHANT"),
        ("PaymentProfile", "stripe"),
        ("PaymentProfileDigest", "new"),
        ("PaymentOrigin", "https://new.example/"),
        ("PaymentAccount", ""),
    ]);
    let row = changed(row, with, &["PaymentObject", "LookedUpAt", "ProcessorReference"]);
    changed(&row, [("PaymentAmount", n(1999))], &[])
}

/// The card was replaced or forgotten since the row was read.
fn other_cards() -> [Change; 3] {
    [Change::Gone, Change::With("TokenizedAt", s(NOW)), Change::With("CardForgottenAt", s(NOW))]
}

/// Another payment began, was claimed or was settled since the row was read.
fn other_payments() -> [Change; 4] {
    [
        Change::With("PaymentStatus", s("SUBMITTED")),
        Change::With("PaymentId", s(OURS)),
        Change::With("ClaimId", s(ANOTHER_CLAIM)),
        Change::Without("ClaimId"),
    ]
}

#[tokio::test]
async fn a_first_payment_is_claimed_while_there_is_none_and_the_card_is_the_same() {
    let world = World::start().await;
    let (order, payments) = read(&world, &clean()).await;
    let claim = claim(&payments);
    let write = async || orders(&world).claim_payment(&order, &payments, &claim).await;
    world.loses(ORDERS, &clean(), &other_cards(), write, Ok(Written::LostRace)).await;
    let others =
        ["SUBMITTING", "SUBMITTED", "DECLINED", "UNKNOWN"].map(|it| Change::With("PaymentStatus", s(it)));
    world.loses(ORDERS, &clean(), &others, write, Ok(Written::LostRace)).await;
    let after = after_claim(&clean());
    world.leaves(ORDERS, Some(&clean()), write(), (Ok(Written::Done), Some(&after)), "claimed").await;
}

#[tokio::test]
async fn a_new_payment_takes_the_place_of_the_one_that_was_read_and_of_no_other() {
    let world = World::start().await;
    let row = declined_before();
    let (order, payments) = read(&world, &row).await;
    let claim = claim(&payments);
    let write = async || orders(&world).claim_payment(&order, &payments, &claim).await;
    let others = [
        Change::With("PaymentStatus", s("SUBMITTED")),
        Change::Without("PaymentStatus"),
        Change::With("PaymentId", s(OURS)),
    ];
    world.loses(ORDERS, &row, &[&other_cards()[..], &others].concat(), write, Ok(Written::LostRace)).await;
    let after = after_claim(&row);
    world.leaves(ORDERS, Some(&row), write(), (Ok(Written::Done), Some(&after)), "claimed").await;
}

#[tokio::test]
async fn a_claim_is_taken_over_from_the_request_that_was_read_and_the_payment_keeps_its_beginning() {
    let world = World::start().await;
    let (order, payments) = read(&world, &claimed()).await;
    let claim = takeover(&payments);
    let write = async || orders(&world).claim_payment(&order, &payments, &claim).await;
    let others = [&other_cards()[..], &other_payments()].concat();
    world.loses(ORDERS, &claimed(), &others, write, Ok(Written::LostRace)).await;
    // What the processor has made, the beginning and the amount are the payment's own.
    let own = text([("PaymentId", OTHER), ("PaymentStartedAt", BEFORE), ("PaymentObject", "pi_1")]);
    let after = changed(&after_claim(&claimed()), own, &[]);
    let after = changed(&after, [("PaymentAmount", n(500)), ("PaymentCurrency", s("EUR"))], &[]);
    world.leaves(ORDERS, Some(&claimed()), write(), (Ok(Written::Done), Some(&after)), "claimed").await;
}

#[tokio::test]
async fn a_payment_without_an_amount_leaves_none_of_an_earlier_one() {
    let world = World::start().await;
    let row = declined_before();
    let (order, payments) = read(&world, &row).await;
    let claim = Claim { amount: None, ..claim(&payments) };
    let after = changed(&after_claim(&row), [], &["PaymentAmount", "PaymentCurrency"]);
    let write = async { orders(&world).claim_payment(&order, &payments, &claim).await };
    world.leaves(ORDERS, Some(&row), write, (Ok(Written::Done), Some(&after)), "claimed").await;
}

#[tokio::test]
async fn a_clients_key_stands_for_the_payment_beside_the_keys_before_it() {
    let world = World::start().await;
    let second = ("second", s(OURS));
    let before = declined_before();
    for (row, keys) in
        [(before.clone(), item([second.clone()])), (with_keys(&before), item([("first", s(OTHER)), second]))]
    {
        let (order, payments) = read(&world, &row).await;
        let claim = Claim { key: Some(PaymentKey::accept("second").unwrap()), ..claim(&payments) };
        let after = changed(&after_claim(&row), [("PaymentKeys", AttributeValue::M(keys))], &[]);
        let write = async { orders(&world).claim_payment(&order, &payments, &claim).await };
        world.leaves(ORDERS, Some(&row), write, (Ok(Written::Done), Some(&after)), "claimed").await;
    }
}

#[tokio::test]
async fn what_the_processor_made_is_remembered_under_the_claim_that_had_it_made() {
    let world = World::start().await;
    let (_, payments) = read(&world, &claimed()).await;
    let claim = Claim { id: CLAIM.parse().unwrap(), ..takeover(&payments) };
    let object = PaymentObject::accept("pi_2").unwrap();
    let write = async || orders(&world).remember_object(&order_id(), &claim, &object).await;
    let others = [
        Change::Gone,
        Change::With("PaymentStatus", s("SUBMITTED")),
        Change::With("ClaimId", s(ANOTHER_CLAIM)),
    ];
    world.loses(ORDERS, &claimed(), &others, write, Ok(Written::LostRace)).await;
    let after = changed(&claimed(), text([("PaymentObject", "pi_2")]), &[]);
    world.leaves(ORDERS, Some(&claimed()), write(), (Ok(Written::Done), Some(&after)), "remembered").await;
}

fn declined(kind: DeclineKind, reference: Option<&str>) -> Settlement {
    let reference = reference.map(|reference| ProcessorReference::accept(reference).unwrap());
    Settlement { outcome: Outcome::Declined(DeclineCode::accept("do_not_honor").unwrap()), kind, reference }
}

fn submitted(reference: Option<&str>) -> Settlement {
    Settlement { outcome: Outcome::Submitted, ..declined(DeclineKind::Soft, reference) }
}

/// An entry of the history.
fn entry(kind: &str) -> AttributeValue {
    let entry = text([
        ("PaymentId", OTHER),
        ("Currency", "EUR"),
        ("DeclineCode", "do_not_honor"),
        ("DeclineKind", kind),
        ("SettledAt", SETTLED),
        ("CardLast4", "1111"),
        ("CardBrand", "visa"),
    ]);
    AttributeValue::M(changed(&item(entry), [("Amount", n(500))], &[]))
}

#[tokio::test]
async fn an_outcome_is_written_once_on_the_payment_that_it_is_of_and_says_all_of_it() {
    let world = World::start().await;
    let earlier = AttributeValue::M(changed(&item([]), text([("PaymentId", OURS)]), &[]));
    let with =
        [("PaymentHistory", AttributeValue::L(vec![earlier.clone()])), ("HardDeclines", set(&["visa:0002"]))];
    let history = |row: &Item| changed(row, with.clone(), &[]);
    let unknown =
        changed(&paid("UNKNOWN"), text([("LookedUpAt", BEFORE), ("ProcessorReference", "ch_0")]), &[]);
    let (order, payments) = read(&world, &claimed()).await;
    let (claim, payment) = (takeover(&payments), payments.current.unwrap());
    let at = SETTLED.parse().unwrap();
    for row in [claimed(), history(&claimed()), unknown.clone(), history(&unknown)] {
        let is_unknown = row["PaymentStatus"] == s("UNKNOWN");
        let settled = |status: &str, reference: Option<&str>| {
            let with = text([("PaymentStatus", status), ("PaymentSettledAt", SETTLED)]);
            let mut row =
                changed(&row, with, &["ClaimId", "ClaimedUntil", "LookedUpAt", "ProcessorReference"]);
            row.extend(reference.map(|reference| ("ProcessorReference".to_owned(), s(reference))));
            row
        };
        let told = |row: &Item, kind: &str| {
            let mut entries = row.get("PaymentHistory").map_or(vec![], |list| list.as_l().unwrap().clone());
            entries.push(entry(kind));
            changed(row, [("PaymentHistory", AttributeValue::L(entries))], &[])
        };
        let ruled_out = |row: &Item| {
            let mut cards = row.get("HardDeclines").map_or(vec![], |set| set.as_ss().unwrap().clone());
            cards.push("visa:1111".to_owned());
            changed(row, [("HardDeclines", AttributeValue::Ss(cards))], &[])
        };
        for (settlement, after) in [
            (submitted(None), settled("SUBMITTED", None)),
            (submitted(Some("ch_1")), settled("SUBMITTED", Some("ch_1"))),
            (declined(DeclineKind::Soft, Some("ch_1")), told(&settled("DECLINED", Some("ch_1")), "SOFT")),
            (declined(DeclineKind::Hard, None), ruled_out(&told(&settled("DECLINED", None), "HARD"))),
        ] {
            let write = async || {
                if is_unknown {
                    orders(&world).record_found(&order, &payment, &settlement, at).await
                } else {
                    orders(&world).record_outcome(&order, &claim, &settlement, at).await
                }
            };
            let stood = if is_unknown { "SUBMITTING" } else { "UNKNOWN" };
            let others = [
                Change::Gone,
                Change::With("PaymentStatus", s(stood)),
                Change::With("PaymentStatus", s("DECLINED")),
                Change::Without("PaymentStatus"),
                Change::With("PaymentId", s(OURS)),
            ];
            world.loses(ORDERS, &row, &others, write, Ok(Written::LostRace)).await;
            let case = format!("{settlement:?}");
            world.leaves(ORDERS, Some(&row), write(), (Ok(Written::Done), Some(&after)), &case).await;
        }
    }
}

#[tokio::test]
async fn one_request_at_a_time_looks_an_unknown_payment_up() {
    let world = World::start().await;
    let never = paid("UNKNOWN");
    let once = changed(&never, text([("LookedUpAt", BEFORE)]), &[]);
    for (row, other) in [
        (&never, Change::With("LookedUpAt", s(BEFORE))),
        (&once, Change::With("LookedUpAt", s(LATER))),
        (&once, Change::Without("LookedUpAt")),
    ] {
        let (_, payments) = read(&world, row).await;
        let payment = payments.current.unwrap();
        let write = async || orders(&world).mark_looked_up(&order_id(), &payment, NOW.parse().unwrap()).await;
        let others = [
            other,
            Change::Gone,
            Change::With("PaymentStatus", s("SUBMITTED")),
            Change::With("PaymentId", s(OURS)),
        ];
        world.loses(ORDERS, row, &others, write, Ok(Written::LostRace)).await;
        let after = changed(row, text([("LookedUpAt", NOW)]), &[]);
        world.leaves(ORDERS, Some(row), write(), (Ok(Written::Done), Some(&after)), "looked up").await;
    }
}

#[tokio::test]
async fn a_first_claim_is_given_back_and_the_row_says_what_it_said_before() {
    let world = World::start().await;
    let declined = changed(&paid("DECLINED"), text([("ProcessorReference", "ch_1")]), &[]);
    let nothing_of_the_route = changed(&declined, [], &ROUTE);
    let without_amount =
        changed(&declined, [], &["PaymentAmount", "PaymentCurrency", "PaymentPayer", "PaymentObject"]);
    for before in [clean(), declined, nothing_of_the_route, without_amount, with_keys(&clean())] {
        for key in [None, Some(PaymentKey::accept("second").unwrap())] {
            for has_expiry in [None, Some(false)] {
                let (order, payments) = read(&world, &before).await;
                let claim = Claim { key: key.clone(), ..claim(&payments) };
                let claimed = orders(&world).claim_payment(&order, &payments, &claim).await;
                assert_eq!(claimed, Ok(Written::Done));
                // An object that was made under the claim goes with it.
                let object = PaymentObject::accept("pi_2").unwrap();
                assert_eq!(
                    orders(&world).remember_object(&order_id(), &claim, &object).await,
                    Ok(Written::Done)
                );
                let row = world.row(ORDERS).await.unwrap();
                let row = changed(&row, text([("ProcessorReference", "ch_9")]), &[]);
                let write = async || orders(&world).release_claim(&order_id(), &claim, has_expiry).await;
                let others = [
                    Change::Gone,
                    Change::With("PaymentStatus", s("SUBMITTED")),
                    Change::With("ClaimId", s(CLAIM)),
                ];
                world.loses(ORDERS, &row, &others, write, Ok(Written::LostRace)).await;
                let mut after = before.clone();
                after.extend(has_expiry.map(|has| ("CardHasExpiry".to_owned(), AttributeValue::Bool(has))));
                if key.is_some() && !before.contains_key("PaymentKeys") {
                    after.insert("PaymentKeys".to_owned(), AttributeValue::M([].into()));
                }
                let ends = (Ok(Written::Done), Some(&after));
                world.leaves(ORDERS, Some(&row), write(), ends, &format!("{before:?}")).await;
            }
        }
    }
}

#[tokio::test]
async fn a_payment_is_given_up_while_it_stands_under_the_claim_that_was_read() {
    let world = World::start().await;
    let (_, payments) = read(&world, &claimed()).await;
    let payment = payments.current.unwrap();
    let at = SETTLED.parse().unwrap();
    let write = async || orders(&world).give_payment_up(&order_id(), &payment, at).await;
    let others = [&[Change::Gone][..], &other_payments()].concat();
    world.loses(ORDERS, &claimed(), &others, write, Ok(Written::LostRace)).await;
    let with = text([("PaymentStatus", "UNKNOWN"), ("PaymentSettledAt", SETTLED)]);
    let after = changed(&claimed(), with, &["ClaimId", "ClaimedUntil"]);
    world.leaves(ORDERS, Some(&claimed()), write(), (Ok(Written::Done), Some(&after)), "given up").await;

    // One that nobody submits is not.
    let (_, payments) = read(&world, &paid("SUBMITTED")).await;
    let payment = payments.current.unwrap();
    assert_eq!(orders(&world).give_payment_up(&order_id(), &payment, at).await, Ok(Written::LostRace));
    assert_eq!(world.row(ORDERS).await, Some(paid("SUBMITTED")));
}
