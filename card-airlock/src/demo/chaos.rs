//! `card-airlock demo --chaos`: KMS fails, replies are lost, somebody changes a row, and no order is lost or doubled.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Bytes;
use card_airlock_services::{AwsEndpoint, FaultKind, FaultRule, Service, When};
use replay::{Replay, Selection};
use serde_json::{Value, json};

use super::{error::DemoError, page::Page, readable};
use crate::{
    api_client::ApiClient,
    operator::{Operator, Row},
    replay_function::ReplayFunctionError,
};

const ORDERS: usize = 20;
/// A well-known test number.
const CARD: &str = "4111 1111 1111 1111";
const QUARANTINE: &str = "OrderQuarantineTable";
const POISON: &str = "poison-1";
/// Longer than anything takes that the demo waits for.
const PATIENCE: Duration = Duration::from_secs(90);
const GLANCE: Duration = Duration::from_millis(100);

/// What the demo uses besides the API.
pub(super) struct Chaos<'a> {
    pub(super) api: &'a ApiClient<'a>,
    pub(super) operator: Operator,
    pub(super) aws: &'a AwsEndpoint,
    pub(super) replay: Replay,
}

impl Chaos<'_> {
    pub(super) async fn run(&self, out: &mut dyn Write) -> Result<(), DemoError> {
        let mut page = Page::new(out);
        self.accept_without_kms(&mut page).await?;
        self.poison(&mut page).await?;
        self.give_up(&mut page).await?;
        self.recover(&mut page).await?;
        self.count(&mut page).await?;
        self.tell(&mut page).await?;
        page.end(
            &format!("{ORDERS} orders accepted, {ORDERS} tokenized, {ORDERS} paid; 0 lost, 0 doubled."),
            "1 changed row is parked: a person has to look at it.",
        )?;
        Ok(())
    }

    async fn accept_without_kms(&self, page: &mut Page<'_>) -> Result<(), DemoError> {
        page.step("KMS stops opening cards for the worker, while orders still arrive")?;
        self.aws.faults().add(worker(Service::Kms, "Decrypt", FaultKind::Throttled, When::Always));
        let mut accepted = 0;
        for order in orders() {
            let body = json!({
                "CustomerOrder": order, "CustomerName": "Chaos Demo", "CreditCard": CARD, "Address": "Las Vegas",
            });
            accepted += usize::from(self.api.submit(Bytes::from(body.to_string())).await?.status == 202);
        }
        page.note(&format!(
            "{accepted} of {ORDERS} orders answered 202; their cards are sealed in quarantine"
        ))?;
        page.check(accepted == ORDERS, "every order is accepted while KMS is down")
    }

    /// A sealed card moved to another row: what somebody with write access to the table could do.
    async fn poison(&self, page: &mut Page<'_>) -> Result<(), DemoError> {
        page.step("Somebody copies a sealed card into a row of another order")?;
        let rows = self.operator.rows(QUARANTINE).await?;
        let stolen = rows.into_iter().next();
        page.check(stolen.is_some(), "there is a row to copy")?;
        let mut stolen = stolen.unwrap_or_default();
        stolen.insert("CustomerOrder".into(), AttributeValue::S(POISON.into()));
        self.operator.put(QUARANTINE, stolen).await?;
        page.note(&format!("put into {QUARANTINE} as {POISON}"))?;
        Ok(())
    }

    async fn give_up(&self, page: &mut Page<'_>) -> Result<(), DemoError> {
        page.step("Lambda retries, gives up, and sends messages to the dead-letter queue")?;
        let rows = ORDERS as u64 + 1;
        let begun = Instant::now();
        let bar = page.waiting("Lambda retries; this takes about ten seconds");
        while self.given_up() < rows && begun.elapsed() < PATIENCE {
            tokio::time::sleep(GLANCE).await;
        }
        bar.finish_and_clear();
        page.note(&format!(
            "{} records given up after {:.0} s",
            self.given_up(),
            begun.elapsed().as_secs_f32()
        ))?;
        let dry_run = self.replay(&Selection { dry_run: true, ..Selection::default() }).await?;
        page.note(&format!(
            "card-airlock replay --dry-run: {} dead letters, {} rows to re-arm",
            dry_run.messages_settled, dry_run.rearmed
        ))?;
        page.check(dry_run.messages_settled > 0, "the dead-letter queue names what Lambda gave up")?;
        page.check(dry_run.rearmed == rows, "every row is still there")
    }

    /// How many stream records Lambda's own dead letters name.
    fn given_up(&self) -> u64 {
        let snapshot = self.aws.snapshot().unwrap_or_default();
        let queues = snapshot.get("queues").and_then(Value::as_object);
        let sent =
            queues.into_iter().flat_map(|queues| queues.values()).filter_map(Value::as_array).flatten();
        sent.filter_map(|message| {
            let body: Value = serde_json::from_str(message.get("MessageBody")?.as_str()?).ok()?;
            body.pointer("/DDBStreamBatchInfo/batchSize")?.as_u64()
        })
        .sum()
    }

    async fn recover(&self, page: &mut Page<'_>) -> Result<(), DemoError> {
        page.step("KMS works again, replies are lost now; the operator replays once")?;
        self.aws.faults().clear();
        self.aws.faults().add(worker(
            Service::DynamoDb,
            "TransactWriteItems",
            FaultKind::ReplyLost,
            When::First(5),
        ));
        let replayed = self.replay(&Selection::default()).await?;
        page.note(&format!("card-airlock replay: {} orders re-armed", replayed.rearmed))?;
        let begun = Instant::now();
        let mut waiting: BTreeSet<String> = orders().collect();
        let bar = page.waiting("the worker moves the orders to the vault");
        while !waiting.is_empty() && begun.elapsed() < PATIENCE {
            let mut still = BTreeSet::new();
            for order in waiting {
                if self.api.status(None, &order).await?.text("Status") != "TOKENIZED" {
                    still.insert(order);
                }
            }
            waiting = still;
            tokio::time::sleep(GLANCE).await;
        }
        bar.finish_and_clear();
        page.check(waiting.is_empty(), "every order is tokenized")
    }

    async fn count(&self, page: &mut Page<'_>) -> Result<(), DemoError> {
        page.step("The count")?;
        let mut paid = 0;
        for order in orders() {
            paid += usize::from(self.api.pay(&order).await?.status == 200);
        }
        let left = self.parked(page).await?;
        let clean = self.operator.rows("CustomerOrderTable").await?;
        let vault = self.operator.rows("CreditCardTokenizerTable").await?;
        page.note(&format!(
            "{} clean orders, {} cards in the vault, {} row in quarantine, {paid} payments",
            clean.len(),
            vault.len(),
            left.len()
        ))?;
        let text = |name: &str| {
            let row = left.first().and_then(|row| row.get(name));
            row.and_then(|value| value.as_s().ok()).map_or("", String::as_str)
        };
        page.check(clean.len() == ORDERS, "each order is stored once")?;
        page.check(vault.len() == ORDERS, "each card is in the vault once")?;
        page.check(paid == ORDERS, "each order is paid")?;
        page.check(left.len() == 1 && text("CustomerOrder") == POISON, "only the changed row is left")?;
        page.check(text("Status") == "FAILED", "it is parked: FAILED")?;
        page.check(text("FailureReason") == "ENVELOPE_REFUSED", "its reason: ENVELOPE_REFUSED")?;
        let rows = clean.iter().chain(&vault).chain(&left);
        let is_readable = rows.into_iter().any(|row| readable::in_row(CARD, row));
        page.check(!is_readable, "no card number can be read in any row, as text, hex or base64")
    }

    /// What was put on the event bus: at least one event for each change that somebody waits for.
    async fn tell(&self, page: &mut Page<'_>) -> Result<(), DemoError> {
        page.step("What everybody is told: the events on the bus")?;
        let expected = [("order.tokenized", ORDERS), ("payment.submitted", ORDERS), ("order.failed", 1)];
        let begun = Instant::now();
        let told = loop {
            let told = self.told();
            let is_told =
                |(kind, orders): &(&str, usize)| told.get(*kind).is_some_and(|(of, _)| of.len() >= *orders);
            if expected.iter().all(is_told) || begun.elapsed() > PATIENCE {
                break told;
            }
            tokio::time::sleep(GLANCE).await;
        };
        for (kind, (orders, events)) in &told {
            page.note(&format!("{kind}: {} orders, {events} events", orders.len()))?;
        }
        for (kind, orders) in expected {
            let told = told.get(kind).map_or(0, |(of, _)| of.len());
            page.check(told == orders, &format!("{kind} is told of each order, and none is missing"))?;
        }
        Ok(())
    }

    /// The orders and the number of events, by kind.
    fn told(&self) -> BTreeMap<String, (BTreeSet<String>, u64)> {
        let mut told: BTreeMap<String, (BTreeSet<String>, u64)> = BTreeMap::new();
        for event in self.aws.events() {
            let text = |at: &str| event.envelope.pointer(at).and_then(Value::as_str).map(str::to_owned);
            let (orders, events) = told.entry(text("/detail-type").unwrap_or_default()).or_default();
            orders.extend(text("/detail/CustomerOrder"));
            *events += 1;
        }
        told
    }

    /// The rows of the quarantine, once the worker has looked at the last of them.
    async fn parked(&self, page: &mut Page<'_>) -> Result<Vec<Row>, DemoError> {
        let failed = AttributeValue::S("FAILED".into());
        let begun = Instant::now();
        loop {
            let rows = self.operator.rows(QUARANTINE).await?;
            if rows.iter().all(|row| row.get("Status") == Some(&failed)) {
                return Ok(rows);
            }
            if begun.elapsed() > PATIENCE {
                page.check(false, "the worker finishes")?;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    async fn replay(&self, selection: &Selection) -> Result<replay::ReplaySummary, DemoError> {
        let deadline = SystemTime::now() + PATIENCE;
        self.replay
            .replay(selection, deadline)
            .await
            .map_err(|error| ReplayFunctionError::Replay(error).into())
    }
}

fn orders() -> impl Iterator<Item = String> {
    (1..=ORDERS).map(|number| format!("chaos-{number:02}"))
}

fn worker(service: Service, operation: &str, kind: FaultKind, when: When) -> FaultRule {
    FaultRule {
        role: Some("TokenizeWorkerRole".into()),
        service: Some(service),
        operation: Some(operation.into()),
        kind,
        when,
    }
}
