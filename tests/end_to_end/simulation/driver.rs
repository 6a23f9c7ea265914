//! Does one operation after the other, and holds the world against the model after each.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use card_airlock::sandbox::Charge;
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use serde_json::{Value, json};

use super::{
    at_rest::{AtRest, is_decline, text},
    client::{Bill, MERCHANT},
    details::{DETAILS, OTHER_CARDS},
    model::{Model, Told},
    operations::{BARGAIN, KEYS, ORDERS, Op, Sender, USERS},
    world::{Item, LATER, QUARANTINE, WORKER, World},
};

/// DynamoDB takes no request that was signed longer ago.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);

/// A world and what is known of it.
pub(super) struct Simulation {
    pub(super) world: World,
    model: Model,
}

impl Simulation {
    pub(super) async fn new() -> Self {
        Self { world: World::new().await, model: Model::default() }
    }

    /// Everything in turn, then the end.
    pub(super) async fn run(operations: &[Op]) -> Self {
        let mut simulation = Self::new().await;
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
                let before = world.at_rest();
                let answer = world.pay_by(ORDERS[order], payer, bill).await;
                self.model.paid(ORDERS[order], payer, amount, &answer, &before);
                let charges = world.charges();
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
                let records = world.records.len();
                if let Some(from) = from.checked_rem(records) {
                    let again = world.records[from..records.min(from + count)].to_vec();
                    world.deliver(&again).await.expect("the worker failed");
                }
            }
            Op::LatePut { record } => self.late_put(record).await,
            Op::Fault { role, kind, nth } => world.fault(role, None, kind, When::Nth(nth)),
            Op::KmsDown => world.faults().add(FaultRule {
                role: Some(WORKER.into()),
                service: Some(Service::Kms),
                operation: None,
                kind: FaultKind::InternalError,
                when: When::Always,
            }),
            Op::FaultsOver => world.faults().clear(),
            Op::Advance(by) => world.advance(by),
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
    }

    /// The faults are over; schedule and operator do their rounds until nothing is on its way. Then everything
    /// must be where the model has it, and every card must be the right one.
    pub(super) async fn end(&mut self) {
        self.world.faults().clear();
        self.world.processor_fails(None).await;
        self.world.settle().await;
        for _ in 0..3 {
            self.world.advance(LATER);
            self.world.sweep().await.expect("a sweep without a fault");
            self.world.settle().await;
            self.world.replay(json!({})).await.expect("a replay without a fault");
            self.world.settle().await;
        }
        self.check();
        let rest = self.world.at_rest();
        self.model.check_end(&rest, &self.world.records);
        for order in ORDERS {
            for user in USERS {
                self.look(order, user, &rest).await;
            }
        }
        self.check();
    }

    /// What a customer sees, and pays, in the end.
    async fn look(&self, order: &str, user: &str, rest: &AtRest) {
        let seen = self.world.status(order, user).await;
        let found = Model::status_of(order, user, rest);
        let told = (seen.status == 200)
            .then(|| (seen.text("Status").to_owned(), seen.text("FailureReason").to_owned()));
        assert_eq!(told, found, "{order} as {user} sees it");
        let paid = self.world.pay(order, user).await;
        let is_across = found.is_some_and(|(status, _)| status == "TOKENIZED");
        // That row and ledger tell the same, the check at rest sees.
        let after = self.world.at_rest();
        let row = after.clean.get(order).filter(|_| is_across);
        let expected = match row.map(|row| text(row, "PaymentStatus")) {
            Some("SUBMITTED") => (200, ""),
            Some("DECLINED") => (402, "PAYMENT_DECLINED"),
            Some("UNKNOWN") => (409, "PAYMENT_UNKNOWN"),
            Some("") if row.is_some_and(|row| row.get("CardForgottenAt").is_some()) => {
                (410, "CARD_FORGOTTEN")
            }
            Some("") => (409, "PAYMENT_ATTEMPTS_EXHAUSTED"),
            Some(other) => panic!("{order} is left {other}"),
            None => (paid.status, paid.text("code")),
        };
        assert_eq!((paid.status, paid.text("code")), expected, "{order} of {user}: {paid:?}");
        assert!(is_across || paid.status != 200, "{order} of {user}: {paid:?}");
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
