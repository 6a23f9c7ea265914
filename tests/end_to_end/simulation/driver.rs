//! Does one operation after the other, and holds the world against the model after each.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use card_airlock::sandbox::{Charge, Dialect};
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use order::MAX_ATTEMPTS;
use serde_json::{Value, json};

use super::{
    at_rest::{AtRest, history, is_decline, text},
    client::{Answer, Bill, MERCHANT},
    details::{DETAILS, OTHER_CARDS},
    events::{check_subscriber, untold_ends},
    model::{Model, Told},
    operations::{BARGAIN, KEYS, ORDERS, Op, Sender, USERS},
    processors::{Circumstances, End, Failing, Processors, Route, is_open},
    world::{Item, LATER, QUARANTINE, WORKER, World},
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// DynamoDB takes no request that was signed longer ago.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);

/// A world and what is known of it.
pub(super) struct Simulation {
    pub(super) world: World,
    model: Model,
    processors: Processors,
    /// Whether a call of a function may fail.
    may_fault: bool,
    /// Whether the processor says the outcome of a payment.
    answers_lookups: bool,
    /// The orders of whose end an event may be lost: its record was trimmed before the worker got it.
    untold: BTreeSet<String>,
}

impl Simulation {
    pub(super) async fn new() -> Self {
        Self::charged_by(Dialect::Airlock).await
    }

    /// The same, with a processor that speaks another format.
    pub(super) async fn charged_by(dialect: Dialect) -> Self {
        Self {
            world: World::charged_by(dialect, platform::aws_client::timeouts()).await,
            model: Model::default(),
            processors: Processors::default(),
            may_fault: false,
            answers_lookups: true,
            untold: BTreeSet::new(),
        }
    }

    /// Everything in turn, then the end.
    pub(super) async fn run(dialect: Dialect, operations: &[Op]) -> Self {
        let mut simulation = Self::charged_by(dialect).await;
        simulation.go(operations).await;
        simulation.end().await;
        simulation
    }

    /// Everything in turn.
    pub(super) async fn go(&mut self, operations: &[Op]) {
        for operation in operations {
            self.once(operation).await;
            self.check();
        }
    }

    async fn once(&mut self, operation: &Op) {
        let world = &mut self.world;
        match *operation {
            Op::Submit { order, user, details, by } => {
                let (order, user, details) = (ORDERS[order], USERS[user], &DETAILS[details]);
                let before = world.at_rest();
                let (answer, price) = match by {
                    Sender::Customer => (world.submit(order, user, details).await, None),
                    Sender::Haggler => {
                        let answer = world.submit_at(order, user, details, Some(BARGAIN)).await;
                        assert_eq!((answer.status, answer.text("code")), (403, "MERCHANT_ONLY"));
                        assert_eq!(
                            world.at_rest().quarantine,
                            before.quarantine,
                            "a haggler changed something"
                        );
                        return;
                    }
                    Sender::Merchant(price) => (world.place_for(order, user, details, price).await, price),
                };
                self.model.submitted(order, user, Told { details, price }, &answer, &before);
                Model::check_price(order, price, &before, &world.at_rest());
            }
            Op::Pay { order, user, by_merchant, key, amount, failure } => {
                world.processor_fails(failure).await;
                let bill = Bill { key: key.map(|key| KEYS[key]), amount };
                let payer = if by_merchant { MERCHANT } else { USERS[user] };
                let (answer, before, _) = self.pay(ORDERS[order], payer, bill, failure).await;
                self.model.paid(ORDERS[order], payer, amount, &answer, &before);
                let charges = self.world.charges();
                let mut charges = charges.iter().filter(|charge| charge.order.as_str() == ORDERS[order]);
                let is_told = |charge: &Charge| {
                    let cents = charge.amount.map(|amount| amount.minor_units.count());
                    answer.text("PaymentId") == charge.payment_id.to_string()
                        && answer.body["Amount"].as_u64() == cents
                        && !is_decline(charge)
                };
                let is_right = match answer.status {
                    200 => charges.any(is_told),
                    402 => charges.any(is_decline),
                    status => [403, 404, 409, 410, 422, 502, 503].contains(&status),
                };
                assert!(is_right, "{answer:?}, and the ledger tells otherwise");
            }
            Op::PutCard { order, user, card } => {
                let (order, user, card) = (ORDERS[order], USERS[user], OTHER_CARDS[card]);
                let before = world.at_rest();
                let answer = world.put_card(order, user, card).await;
                self.model.put_card(order, user, card, &answer, &before);
            }
            Op::Forget { order, user } => {
                let (order, user) = (ORDERS[order], USERS[user]);
                let answer = world.forget(order, user).await;
                self.model.asked_to_forget(order, user, &answer, &world.at_rest());
            }
            Op::Step => drop(world.step().await),
            Op::Settle => world.settle().await,
            Op::Redeliver { from, count } => {
                world.deliver(&some_of(&world.records, from, count)).await.expect("the worker failed");
            }
            Op::RedeliverAsBefore { from, count } => {
                let again = some_of(&world.records, from, count);
                world.deliver_as_before(&again).await.expect("the worker failed");
            }
            Op::Rewrap => drop(world.rewrap("rewrap").await),
            Op::LatePut { record } => self.late_put(record).await,
            Op::Route(route) => world.send_payments_by(route),
            Op::Lookups(answers) => self.answer_lookups(answers),
            Op::Fault { role, kind, nth } => {
                world.fault(role, None, kind, When::Nth(nth));
                self.may_fault = true;
            }
            Op::KmsDown => world.faults().add(FaultRule {
                role: Some(WORKER.into()),
                service: Some(Service::Kms),
                operation: None,
                kind: FaultKind::InternalError,
                when: When::Always,
            }),
            Op::FaultsOver => self.end_faults(),
            Op::Advance(by) => {
                // Everybody is told of what is across before its records are trimmed.
                world.tell_all().await;
                if by >= DAY {
                    self.untold.extend(untold_ends(world, &world.at_rest()));
                }
                world.advance(by);
            }
            Op::Ttl => drop(world.stack.aws().sweep_ttl().unwrap()),
            Op::Sweep => {
                // A sweep that did all it had to leaves no card of a forgotten order.
                if world.sweep().await.is_some() {
                    Model::check_no_late_card(&world.at_rest());
                }
            }
            Op::Replay { order, dry_run } => {
                let mut selection = json!({ "dryRun": dry_run });
                if let Some(order) = order {
                    selection["order"] = ORDERS[order].into();
                }
                world.replay(selection).await;
            }
        }
        // Before time passes and the stream trims.
        self.world.archive();
    }

    fn answer_lookups(&mut self, answers: bool) {
        self.world.stack.sandbox().answer_lookups(answers);
        self.answers_lookups = answers;
    }

    fn end_faults(&mut self) {
        self.world.faults().clear();
        self.may_fault = false;
    }

    /// Asks for a payment. Gives what was there before, and after.
    async fn pay(
        &mut self,
        order: &str,
        payer: &str,
        bill: Bill<'_>,
        failing: Option<Failing>,
    ) -> (Answer, AtRest, AtRest) {
        let (before, earlier) = (self.world.at_rest(), self.world.charges());
        let now = self.circumstances(failing);
        let answer = self.world.pay_by(order, payer, bill).await;
        let (after, all) = (self.world.at_rest(), self.world.charges());
        let now = Circumstances { has_failed: self.world.stack.sandbox().fails_next().is_none(), ..now };
        self.processors.asked(now, before.clean.get(order), after.clean.get(order), [&earlier, &all]);
        (answer, before, after)
    }

    fn circumstances(&self, failing: Option<Failing>) -> Circumstances {
        Circumstances {
            route: self.world.route(),
            dialect: self.world.dialect(),
            failing,
            has_failed: false,
            answers_lookups: self.answers_lookups,
            may_fault: self.may_fault,
            now: self.world.now(),
        }
    }

    async fn late_put(&self, record: usize) {
        let now = self.world.now();
        let is_recent = |record: &&Value| {
            let written = record["dynamodb"]["ApproximateCreationDateTime"].as_f64().unwrap();
            now.duration_since(epoch(written)).is_ok_and(|age| age < SIGNED_FOR)
        };
        let first = |record: &&Value| record["eventName"] == "INSERT";
        let puts: Vec<_> = self.world.records.iter().filter(first).filter(is_recent).collect();
        let Some(place) = record.checked_rem(puts.len()) else { return };
        let put = self.world.dynamodb.put_item().table_name(QUARANTINE);
        let put = put.set_item(Some(item(&puts[place]["dynamodb"]["NewImage"])));
        // What it meets is as ingest's own condition has it.
        drop(put.condition_expression("attribute_not_exists(CustomerOrder)").send().await);
    }

    fn check(&mut self) {
        let rest = self.world.at_rest();
        let charges = self.world.charges();
        rest.check(&charges).unwrap();
        self.model.check(&rest, &self.world.records);
        self.model.check_charges(&rest, &charges);
        Processors::check(&rest, &charges);
    }

    /// The faults are over; schedule and operator do their rounds until nothing is on its way. Then everything
    /// must be where the model has it, and every card must be the right one.
    pub(super) async fn end(&mut self) {
        self.end_faults();
        self.world.processor_fails(None).await;
        self.answer_lookups(true);
        self.world.send_payments_by(Route::Own);
        self.come_to_rest().await;
        self.check();
        let rest = self.world.at_rest();
        self.model.check_end(&rest, &self.world.records);
        check_subscriber(&self.world, &rest, &self.untold);
        // What customers ask for from here on needs the present key only.
        self.world.retire_the_previous_key().await;
        self.look_at_all().await;
        if self.world.at_rest().clean.values().any(is_open) {
            self.end_open_payments().await;
        }
        self.world.tell_all().await;
        self.check();
        check_subscriber(&self.world, &self.world.at_rest(), &self.untold);
    }

    async fn come_to_rest(&mut self) {
        self.world.settle().await;
        for _ in 0..3 {
            self.world.advance(LATER);
            self.world.sweep().await.expect("a sweep without a fault");
            self.world.settle().await;
            self.world.replay(json!({})).await.expect("a replay without a fault");
            self.world.settle().await;
        }
    }

    /// After a day no key protects a charge any more; after a week a lookup where it was sent still finds it.
    async fn end_open_payments(&mut self) {
        self.world.tell_all().await;
        self.world.advance(DAY);
        self.come_to_rest().await;
        self.look_at_all().await;
        self.world.tell_all().await;
        self.world.advance(7 * DAY);
        for route in self.processors.routes_of(&self.world.at_rest().clean) {
            self.world.send_payments_by(route);
            self.look_at_all().await;
        }
        let rest = self.world.at_rest();
        assert!(
            rest.clean.values().all(|row| text(row, "PaymentStatus") != "SUBMITTING"),
            "{:?}",
            rest.clean
        );
    }

    async fn look_at_all(&mut self) {
        // A claim is over by then, and the next lookup due.
        self.world.advance(2 * MINUTE);
        for order in ORDERS {
            for user in USERS {
                self.look(order, user).await;
            }
        }
    }

    /// What a customer sees, and pays, in the end.
    async fn look(&mut self, order: &'static str, user: &str) {
        let seen = self.world.status(order, user).await;
        let found = Model::status_of(order, user, &self.world.at_rest());
        let told = (seen.status == 200)
            .then(|| (seen.text("Status").to_owned(), seen.text("FailureReason").to_owned()));
        assert_eq!(told, found, "{order} as {user} sees it");
        let charges = self.world.charges();
        let (paid, before, after) = self.pay(order, user, Bill::default(), None).await;
        let is_across = found.is_some_and(|(status, _)| status == "TOKENIZED");
        let Some((before, after)) = before.clean.get(order).zip(after.clean.get(order)).filter(|_| is_across)
        else {
            assert_ne!(paid.status, 200, "{order} of {user}: {paid:?}");
            return;
        };
        // That row and ledger tell the same, the check at rest sees.
        let charge = charges.iter().find(|charge| charge.payment_id.to_string() == text(before, "PaymentId"));
        let now = self.circumstances(None);
        let end = self.processors.end_of(now, before, charge);
        let expected = match (text(after, "PaymentStatus"), end) {
            ("SUBMITTED", End::Settled) => (200, ""),
            ("DECLINED", End::Settled) => (402, "PAYMENT_DECLINED"),
            ("SUBMITTING", End::Open) => (503, "PAYMENT_UNCONFIRMED"),
            ("UNKNOWN", End::Unknown) => (409, "PAYMENT_UNKNOWN"),
            ("", End::Settled) => why_none_begins(after, now.dialect),
            (status, end) => {
                panic!("{order} is left {status:?}, expected {end:?}: {now:?} {before} {charge:?}")
            }
        };
        assert_eq!((paid.status, paid.text("code")), expected, "{order} of {user}: {paid:?} {after}");
    }

    /// The status of the quarantine rows in the order of [`ORDERS`].
    pub(super) fn quarantined(&self) -> [Option<String>; 3] {
        let rest = self.world.at_rest();
        ORDERS.map(|order| rest.quarantine.get(order).map(|row| text(row, "Status").to_owned()))
    }

    /// Which of [`ORDERS`] are across.
    pub(super) fn across(&self) -> [bool; 3] {
        let rest = self.world.at_rest();
        ORDERS.map(|order| rest.clean.contains_key(order))
    }
}

/// Why the payment of an order does not begin that a customer asks for.
fn why_none_begins(row: &Value, dialect: Dialect) -> (u64, &'static str) {
    let is_real = dialect != Dialect::Airlock;
    if history(row).len() >= MAX_ATTEMPTS {
        (409, "PAYMENT_ATTEMPTS_EXHAUSTED")
    } else if is_real && row["CardHasExpiry"]["BOOL"] == false {
        (409, "EXPIRY_MISSING")
    } else if is_real && row.get("OrderAmount").is_none() {
        (409, "AMOUNT_NOT_SET")
    } else {
        assert!(row.get("CardForgottenAt").is_some(), "nothing stands in its way: {row}");
        (410, "CARD_FORGOTTEN")
    }
}

/// So many stream records from a place on, or fewer.
fn some_of(records: &[Value], from: usize, count: usize) -> Vec<Value> {
    let Some(from) = from.checked_rem(records.len()) else { return Vec::new() };
    records[from..records.len().min(from + count)].to_vec()
}

fn epoch(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

/// An image of a stream record, in the SDK's form.
fn item(image: &Value) -> Item {
    let attribute = |value: &Value| {
        let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
        let value = value.as_str().unwrap().to_owned();
        match kind.as_str() {
            "S" => AttributeValue::S(value),
            "N" => AttributeValue::N(value),
            "B" => AttributeValue::B(Blob::new(STANDARD.decode(value).unwrap())),
            other => panic!("an attribute of type {other}"),
        }
    };
    image.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}
