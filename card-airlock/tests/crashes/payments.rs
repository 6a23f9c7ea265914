//! paybill, killed while customers pay: the processor's ledger has no order charged twice, and every row tells what
//! the ledger tells.
//!
//! The processes have the machine's time, and a claim stands for 60 s of it. Between two passes, when nobody who
//! holds a claim is alive, the claims that are left are made to run out by hand, so that the next pass takes them
//! over, and is killed at that too. The last time the clock itself runs ahead: the same function in this process,
//! on the same tables, with the same ledger.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use card_airlock::{
    functions::{self, Surroundings},
    sandbox::{Charge, named},
    stack::Stack,
};
use card_airlock_lambda::Function;
use clock::TestClock;
use futures::{StreamExt, stream};
use order::{MAX_ATTEMPTS, Outcome, Timestamp};
use paybill::CLAIM_SECONDS;
use platform::aws_client;
use serde_json::{Value, json};

use crate::setting::{CLEAN, PATIENCE, QUARANTINE, count, random, random_card, setting, slow, start, submit};

const PAYBILL: &str = "PaybillFunction";
const PASSES: usize = 3;
/// Of a pass; more where there are many orders.
const KILLS: usize = 4;
const DECLINED: usize = 0;

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_paybill_killed_at_any_point_charges_no_order_twice() {
    let (rounds, orders) = (setting("CRASH_ROUNDS", 1), setting("CRASH_ORDERS", 40));
    let mut sum = Coverage::default();
    for round in 1..=rounds {
        let begun = Instant::now();
        let seen = run(orders).await;
        println!("round {round}: {orders} orders, {seen:?}, {:.1} s", begun.elapsed().as_secs_f32());
        sum.add(&seen);
    }
    println!("in all: {sum:?}");
    assert!(sum.crashes >= 3 * rounds, "the kills hit too few requests under way: {sum:?}");
    assert!(sum.left_charged > 0 && sum.left_uncharged > 0, "no claim was left over: {sum:?}");
    assert!(sum.asked_again > 0, "no payment was ever submitted again: the kills prove nothing");
}

/// What happened in a round.
#[derive(Debug, Default)]
struct Coverage {
    kills: usize,
    /// Requests under way that ended because their process was killed.
    crashes: usize,
    /// Claims that were left over after a pass, the payment charged or declined already.
    left_charged: usize,
    /// The same, with nothing in the ledger.
    left_uncharged: usize,
    charged: usize,
    declined: usize,
    /// Payments that the processor was asked for more than once.
    asked_again: usize,
}

impl Coverage {
    fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.crashes += other.crashes;
        self.left_charged += other.left_charged;
        self.left_uncharged += other.left_uncharged;
        self.charged += other.charged;
        self.declined += other.declined;
        self.asked_again += other.asked_again;
    }
}

async fn run(orders: usize) -> Coverage {
    let mut shop = Shop::open(orders).await;
    let mut seen = Coverage::default();
    for pass in 0..PASSES {
        shop.stir();
        let answers = shop.pass(pass, &mut seen).await;
        shop.stack.aws().faults().clear();
        shop.quiet().await;
        shop.answers.extend(answers);
        shop.check(&mut seen).await;
        if pass + 1 < PASSES {
            shop.let_claims_run_out().await;
        }
    }
    shop.pay_to_the_end().await;
    shop.check(&mut Coverage::default()).await;
    shop.check_end(&mut seen).await;
    shop.stack.shutdown().await;
    seen
}

/// The pipeline with its orders across, and every answer that a customer got.
struct Shop {
    stack: Stack,
    dynamodb: DynamoDb,
    http: reqwest::Client,
    token: String,
    cards: BTreeMap<String, String>,
    answers: Vec<Answer>,
}

struct Answer {
    order: String,
    status: u16,
    body: Value,
}

struct Bill {
    order: String,
    key: String,
    amount: Option<usize>,
}

type Row = HashMap<String, AttributeValue>;

impl Shop {
    async fn open(orders: usize) -> Self {
        // One user pays it all, and nobody waits long for a processor that is silent.
        let stack = start([("DetokenizePerMinute", "1000000"), ("ProcessorTimeoutSeconds", "2")]).await;
        let dynamodb = DynamoDb::new(&functions::sdk_config(&stack.aws_url(), "operator"));
        let cards = (0..orders).map(|number| (format!("order-{number:04}"), card(number))).collect();
        assert_eq!(submit(&stack, &cards).await, orders, "orders answered 202");
        let begun = Instant::now();
        while count(&dynamodb, QUARANTINE).await > 0 {
            assert!(begun.elapsed() < PATIENCE, "every order comes across");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // A merchant's, who says how much.
        let token = stack.token("clerk", &["billing".to_owned()]).unwrap();
        Self { stack, dynamodb, http: test_support::http_client(), token, cards, answers: Vec::new() }
    }

    /// Calls take longer, and some writes are lost before or after they are done, so that a kill finds paybill at
    /// all of its steps.
    fn stir(&self) {
        let faults = self.stack.aws().faults();
        for rule in ["UpdateItem=lost-before@0.05", "UpdateItem=reply-lost@0.05"] {
            faults.add(format!("PaybillRole/dynamodb/{rule}").parse().unwrap());
        }
        faults.add(slow("PaybillRole/*/*=slow@0.3", Duration::from_millis(15)));
    }

    /// Each order is paid by two at once, under keys of their own, while paybill is killed again and again. At first
    /// the two differ about the amount.
    async fn pass(&self, pass: usize, seen: &mut Coverage) -> Vec<Answer> {
        let bills = self.cards.keys().enumerate().flat_map(|(number, order)| {
            let bill =
                |who: &str, amount| Bill { order: order.clone(), key: format!("{who}-{pass}"), amount };
            let second = (pass == 0).then_some(2_000_000 + number);
            [bill("a", Some(1_000_000 + number)), bill("b", second)]
        });
        let answered = AtomicUsize::new(0);
        let answers = stream::iter(bills).map(async |bill| {
            let answer = self.pay(&bill).await;
            answered.fetch_add(1, Ordering::SeqCst);
            answer
        });
        let before = self.stack.processes().unwrap().counts(PAYBILL).crashes;
        let (answers, kills) = tokio::join!(answers.buffer_unordered(8).collect(), self.kill(&answered));
        let crashes = self.stack.processes().unwrap().counts(PAYBILL).crashes - before;
        seen.kills += kills;
        seen.crashes += usize::try_from(crashes).unwrap();
        answers
    }

    async fn pay(&self, bill: &Bill) -> Answer {
        let request = self.http.post(format!("{}/paybill", self.stack.api_url()));
        let request = request.header("Content-Type", "application/json").header("Authorization", &self.token);
        let response = request.header("Idempotency-Key", &bill.key).body(bill.body()).send().await.unwrap();
        let status = response.status().as_u16();
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
        Answer { order: bill.order.clone(), status, body }
    }

    /// Kills paybill at random moments of the pass, each time with requests under way, and tells how often.
    async fn kill(&self, answered: &AtomicUsize) -> usize {
        let processes = self.stack.processes().unwrap();
        let kills = KILLS.max(self.cards.len() / 10);
        let span = (self.cards.len() * 2 * 3 / 4 / kills).max(1);
        for kill in 0..kills {
            let point = kill * span + random(span);
            let begun = Instant::now();
            while answered.load(Ordering::SeqCst) < point || processes.counts(PAYBILL).under_way == 0 {
                assert!(begun.elapsed() < PATIENCE, "the pass comes to the point of the kill");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // Not always at the same step of a request.
            tokio::time::sleep(Duration::from_millis(random(40) as u64)).await;
            processes.kill(PAYBILL);
        }
        kills
    }

    /// Nobody works for the customers any more, not even at a call whose caller was killed.
    async fn quiet(&self) {
        let begun = Instant::now();
        let processes = self.stack.processes().unwrap();
        while processes.counts(PAYBILL).under_way > 0 || self.stack.aws().under_way() > 0 {
            assert!(begun.elapsed() < PATIENCE, "every call comes to its end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn rows(&self) -> BTreeMap<String, Row> {
        let scan = self.dynamodb.scan().table_name(CLEAN).consistent_read(true);
        let mut pages = scan.into_paginator().items().send();
        let mut rows = BTreeMap::new();
        while let Some(row) = pages.next().await {
            let row = row.unwrap();
            rows.insert(text(&row, "CustomerOrder").to_owned(), row);
        }
        rows
    }

    async fn let_claims_run_out(&self) {
        let over = Timestamp::from(SystemTime::now() - Duration::from_secs(1)).to_string();
        for (order, row) in self.rows().await {
            if text(&row, "PaymentStatus") == "SUBMITTING" {
                let update = self.dynamodb.update_item().table_name(CLEAN);
                let update = update.key("CustomerOrder", AttributeValue::S(order));
                let update = update.update_expression("SET ClaimedUntil = :over");
                let update = update.expression_attribute_values(":over", AttributeValue::S(over.clone()));
                update.send().await.unwrap();
            }
        }
    }

    /// Every order is paid until its answer is the last, by a function whose clock moves beyond each claim.
    async fn pay_to_the_end(&mut self) {
        let time = TestClock::running();
        let declared = self.stack.declared.function(PAYBILL).unwrap();
        let surroundings = Surroundings {
            aws_url: self.stack.aws_url(),
            clock: time.clock(),
            sdk_attempts: 3,
            processes: None,
            sdk_timeouts: aws_client::timeouts(),
            head_log: functions::HeadLog::new(|_| {}),
        };
        let paybill = functions::handler(declared, &surroundings).unwrap();
        let owner = self.rows().await.into_values().next().map(|row| text(&row, "Owner").to_owned()).unwrap();
        let mut left: Vec<String> = self.cards.keys().cloned().collect();
        for _ in 0..5 {
            time.advance(Duration::from_secs(u64::from(CLAIM_SECONDS) + 1));
            let limit = time.now() + declared.timeout;
            let answers = stream::iter(&left).map(|order| {
                let bill = Bill { order: order.clone(), key: "last".into(), amount: None };
                invoke(&paybill, limit, &owner, &self.stack.declared.user_pool_client_id, bill)
            });
            let answers: Vec<Answer> = answers.buffer_unordered(8).collect().await;
            left = answers.iter().filter(|answer| !answer.is_last()).map(|it| it.order.clone()).collect();
            self.answers.extend(answers);
        }
        assert!(left.is_empty(), "no last answer for {left:?}");
    }

    /// What must hold at any time that nobody pays.
    async fn check(&self, seen: &mut Coverage) {
        let rows = self.rows().await;
        let ledger = self.ledger();
        for (order, card) in &self.cards {
            let charges = ledger.get(order).map_or(&[][..], Vec::as_slice);
            let (declines, charged): (Vec<_>, Vec<_>) = charges.iter().partition(|charge| is_decline(charge));
            assert!(charged.len() <= 1, "{order} was charged twice: {charged:?}");
            assert!(declines.len() <= MAX_ATTEMPTS, "{order} was declined too often: {declines:?}");
            assert!(charges.iter().all(|charge| charge.charged_with(card)), "{order}: another card");

            let row = &rows[order];
            let payment = text(row, "PaymentId");
            let of_row = charges.iter().find(|charge| charge.payment_id.to_string() == payment);
            match (text(row, "PaymentStatus"), of_row) {
                ("", None) => {}
                ("SUBMITTED", Some(charge)) if !is_decline(charge) => {}
                ("DECLINED", Some(charge)) if is_decline(charge) => {}
                ("SUBMITTING", Some(_)) => seen.left_charged += 1,
                ("SUBMITTING", None) => seen.left_uncharged += 1,
                (status, charge) => panic!("{order} is {status}, and the ledger has {charge:?}"),
            }
            if let Some(charge) = of_row {
                assert_eq!(
                    cents(charge),
                    text(row, "PaymentAmount").parse().ok(),
                    "{order}: the amount claimed"
                );
            }
            // Whatever the processor decided is in the row: as the payment, or in the history.
            let known: BTreeSet<_> = history(row).into_iter().chain([payment.to_owned()]).collect();
            let decided: BTreeSet<_> = charges.iter().map(|charge| charge.payment_id.to_string()).collect();
            assert!(decided.is_subset(&known), "{order}: the row knows {known:?}, the ledger {decided:?}");
            assert!(!charged.iter().any(|charge| history(row).contains(&charge.payment_id.to_string())));
        }
        for answer in &self.answers {
            let charges = ledger.get(&answer.order).map_or(&[][..], Vec::as_slice);
            let is_its = |charge: &Charge| {
                answer.body["PaymentId"] == charge.payment_id.to_string()
                    && answer.body["Amount"].as_u64() == cents(charge)
                    && !is_decline(charge)
            };
            let is_right = match answer.status {
                200 => charges.iter().any(is_its),
                402 => charges.iter().any(is_decline),
                status => [409, 422, 502, 503, 504].contains(&status),
            };
            assert!(is_right, "{} was answered {} {}: {charges:?}", answer.order, answer.status, answer.body);
        }
    }

    /// What must hold once everything is paid.
    async fn check_end(&self, seen: &mut Coverage) {
        let (rows, ledger) = (self.rows().await, self.ledger());
        let declining = named("decline").unwrap().number;
        for (order, card) in &self.cards {
            let (row, charges) = (&rows[order], &ledger[order]);
            let declines = charges.iter().filter(|charge| is_decline(charge));
            let declines: BTreeSet<_> = declines.map(|charge| charge.payment_id.to_string()).collect();
            assert_eq!(history(row), declines, "{order}: every decline is kept, once");
            let expected = if card == declining { ("DECLINED", 0) } else { ("SUBMITTED", 1) };
            assert_eq!((text(row, "PaymentStatus"), charges.len() - declines.len()), expected, "{order}");
            seen.charged += charges.len() - declines.len();
            seen.declined += declines.len();
            seen.asked_again += charges.iter().filter(|charge| charge.requests > 1).count();
        }
        assert_eq!(ledger.len(), self.cards.len());
    }

    /// The ledger by order.
    fn ledger(&self) -> BTreeMap<String, Vec<Charge>> {
        let mut ledger = BTreeMap::<String, Vec<Charge>>::new();
        for charge in self.stack.sandbox().ledger() {
            ledger.entry(charge.order.to_string()).or_default().push(charge);
        }
        ledger
    }
}

impl Bill {
    fn body(&self) -> String {
        let mut body = json!({ "CustomerOrder": self.order });
        if let Some(amount) = self.amount {
            body["Amount"] = amount.into();
            body["Currency"] = "EUR".into();
        }
        body.to_string()
    }
}

impl Answer {
    /// Whether asking again would get the same: paid, declined, or declined as often as may be.
    fn is_last(&self) -> bool {
        [200, 402].contains(&self.status) || self.body["code"] == "PAYMENT_ATTEMPTS_EXHAUSTED"
    }
}

/// One request, as API Gateway hands it to the function.
async fn invoke(paybill: &Function, limit: SystemTime, owner: &str, client_id: &str, bill: Bill) -> Answer {
    let claims = json!({ "sub": owner, "token_use": "id", "aud": client_id });
    let event = json!({
        "resource": "/paybill", "path": "/paybill", "httpMethod": "POST", "isBase64Encoded": false,
        "headers": { "Content-Type": "application/json", "Idempotency-Key": bill.key },
        "requestContext": { "httpMethod": "POST", "authorizer": { "claims": claims } },
        "body": bill.body(),
    });
    let reply = paybill.invoke(event.to_string().into_bytes(), limit).await.unwrap();
    let reply: Value = serde_json::from_slice(&reply).unwrap();
    let status = u16::try_from(reply["statusCode"].as_u64().unwrap()).unwrap();
    let body = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
    Answer { order: bill.order, status, body }
}

/// Of five cards one is declined, one gets no answer at first, one an error, and two are charged.
fn card(number: usize) -> String {
    match number % 5 {
        DECLINED => named("decline").unwrap().number.to_owned(),
        1 => named("timeout-once").unwrap().number.to_owned(),
        2 => named("error-once").unwrap().number.to_owned(),
        _ => random_card(),
    }
}

fn is_decline(charge: &Charge) -> bool {
    matches!(charge.outcome, Outcome::Declined(_))
}

fn cents(charge: &Charge) -> Option<u64> {
    charge.amount.map(|amount| amount.minor_units.count())
}

/// The payments of `PaymentHistory`.
fn history(row: &Row) -> BTreeSet<String> {
    let declines = row.get("PaymentHistory").and_then(|list| list.as_l().ok());
    let ids: Vec<_> = declines
        .into_iter()
        .flatten()
        .map(|decline| text(decline.as_m().unwrap(), "PaymentId").to_owned())
        .collect();
    let once: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!(once.len(), ids.len(), "a decline was written twice: {ids:?}");
    once
}

/// A text or number; empty when there is none.
fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    match row.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text,
        _ => "",
    }
}
