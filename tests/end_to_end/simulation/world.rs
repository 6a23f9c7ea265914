//! The pipeline with nothing moving by itself: the clock, the stream mapping, the schedules, the customers and the
//! operator all wait for the test.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::{Client as DynamoDb, primitives::Blob, types::AttributeValue};
use card_airlock::{
    functions::{self, Surroundings, sdk_config},
    sandbox::{Charge, Dialect},
    stack::{Stack, StackOptions},
};
use card_airlock_event_source::{Did, Step};
use card_airlock_lambda::Function;
use card_airlock_services::{FaultKind, FaultRule, Faults, When};
use card_airlock_template::LambdaFunction;
use clock::TestClock;
use order::witness::{Link, What, digest_of, is_counter};
use serde_json::{Value, json};
pub(crate) use test_support::tables::QUARANTINE;
use test_support::tables::{AUDIT, ORDERS, WITNESS};

use crate::support::{PREVIOUS_KEY, Watched, eventually, issuer, meanwhile};

use super::{
    at_rest::{AtRest, card_in},
    client::{self, Answer, Bill, MERCHANT},
    details::{Details, EXPIRY},
    processors::{Failing, Route},
};

const PAYBILL: &str = "PaybillFunction";
const TOKENIZE_WORKER: &str = "TokenizeWorkerFunction";
const NOTIFY: &str = "NotifyFunction";
const WITNESS_FUNCTION: &str = "WitnessFunction";

/// The worker's role.
pub(crate) const WORKER: &str = "TokenizeWorkerRole";

/// Longer than the worker's retries, a replay and a claim on a payment take: by then the sweep looks for a row.
pub(crate) const LATER: Duration = Duration::from_secs(76 * 60);

/// The simulation makes each call fail by itself.
const SDK_ATTEMPTS: u32 = 1;

/// Long enough for six retries.
const SOME_RETRIES: Duration = Duration::from_secs(10);

/// The table that orders are imported from, where a test makes it.
pub(crate) const IMPORTED: &str = "Legacy";

/// With them all functions are there.
const PARAMETERS: [(&str, &str); 6] = [
    ("PreviousVaultKeyArn", PREVIOUS_KEY),
    ("ImportTable", IMPORTED),
    ("ImportKeyAttribute", "Id"),
    ("ImportNumberAttribute", "Card"),
    ("ImportOrderAttribute", "Id"),
    ("ImportOwner", "0ada0ada-0000-4000-8000-00000000000a"),
];

/// More steps than any delivery here takes.
const MOST_STEPS: usize = 2_000;

/// A pipeline of the test's own.
pub(crate) struct World {
    pub(crate) stack: Stack,
    /// An operator's, or an intruder's: bound by no role.
    pub(crate) dynamodb: DynamoDb,
    pub(crate) sqs: aws_sdk_sqs::Client,
    /// Every record of the quarantine's stream, trimmed ones too.
    pub(crate) records: Vec<Value>,
    /// The same of the clean table's.
    pub(crate) clean_records: Vec<Value>,
    _watched: Watched,
    pub(crate) time: TestClock,
    client_id: String,
    /// Charges by the stack's own settings.
    processor: Dialect,
    sdk_timeouts: TimeoutConfig,
    /// Where payments are sent, and the function that sends them there; none: as the stack was started.
    moved: Option<(Route, Function)>,
    /// A card number in an answer.
    leaked: RefCell<Option<String>>,
    /// How many of both kinds of records were searched for card numbers; a record never changes.
    searched: Cell<[usize; 2]>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_timeouts(platform::aws_client::timeouts()).await
    }

    /// Calls of the functions' SDK that take longer are given up.
    pub(crate) async fn with_timeouts(sdk_timeouts: TimeoutConfig) -> Self {
        Self::charged_by(Dialect::Airlock, sdk_timeouts).await
    }

    /// The same, with a processor that speaks another format.
    pub(crate) async fn charged_by(processor: Dialect, sdk_timeouts: TimeoutConfig) -> Self {
        // 2026-11-21, 18:59:33: any time will do.
        let time = TestClock::stopped_at(UNIX_EPOCH + Duration::from_millis(1_795_287_573_000));
        let options = StackOptions {
            clock: time.clock(),
            sdk_attempts: SDK_ATTEMPTS,
            sdk_timeouts: sdk_timeouts.clone(),
            processor,
            parameters: PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            self_driven: false,
            ..StackOptions::on_free_ports(issuer())
        };
        let stack = Stack::start(options).await.unwrap();
        stack.aws().answer_receives_at_once();
        let operator = sdk_config(&stack.aws_url(), "Operator");
        let ingest = stack.declared.function("IngestFunction").unwrap();
        Self {
            client_id: ingest.environment["USER_POOL_CLIENT_ID"].clone(),
            dynamodb: DynamoDb::new(&operator),
            sqs: aws_sdk_sqs::Client::new(&operator),
            _watched: Watched(stack.aws().clone()),
            stack,
            records: Vec::new(),
            clean_records: Vec::new(),
            time,
            processor,
            sdk_timeouts,
            moved: None,
            leaked: RefCell::default(),
            searched: Cell::default(),
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.time.now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.time.advance(by);
    }

    pub(crate) fn faults(&self) -> &Faults {
        self.stack.aws().faults()
    }

    /// Something goes wrong with calls of a role.
    pub(crate) fn fault(&self, role: &str, operation: Option<&str>, kind: FaultKind, when: When) {
        let (role, operation) = (Some(role.to_owned()), operation.map(str::to_owned));
        self.faults().add(FaultRule { role, service: None, operation, kind, when });
    }

    // ---- Customers -------------------------------------------------------------------------------------

    pub(crate) async fn submit(&self, order: &str, user: &str, details: &Details) -> Answer {
        self.submit_at(order, user, details, None).await
    }

    /// The same with its card encrypted by the customer.
    pub(crate) async fn submit_encrypted(
        &self,
        order: &str,
        user: &str,
        details: &Details,
        card: &str,
    ) -> Answer {
        let body = json!({
            "CustomerOrder": order, "CustomerName": details.name, "Address": details.address,
            "EncryptedCard": card,
        });
        self.request("IngestFunction", &client::post(&self.client_id, user, "/order", &body)).await
    }

    /// The same with a price, which is none of a customer's to say.
    pub(crate) async fn submit_at(
        &self,
        order: &str,
        user: &str,
        details: &Details,
        cents: Option<u64>,
    ) -> Answer {
        let mut body = body_of(order, details);
        client::price(&mut body, cents);
        self.request("IngestFunction", &client::post(&self.client_id, user, "/order", &body)).await
    }

    /// A merchant places an order for a customer, with its price or without.
    pub(crate) async fn place_for(
        &self,
        order: &str,
        user: &str,
        details: &Details,
        cents: Option<u64>,
    ) -> Answer {
        let mut body = body_of(order, details);
        body["Owner"] = user.into();
        client::price(&mut body, cents);
        self.request("IngestFunction", &client::post(&self.client_id, MERCHANT, "/order", &body)).await
    }

    pub(crate) async fn status(&self, order: &str, user: &str) -> Answer {
        self.request("IngestFunction", &client::get_order(&self.client_id, user, order)).await
    }

    pub(crate) async fn card_keys(&self, user: &str) -> Answer {
        self.request("CardKeysFunction", &client::get_card_keys(&self.client_id, user)).await
    }

    pub(crate) async fn pay(&self, order: &str, user: &str) -> Answer {
        self.pay_by(order, user, Bill::default()).await
    }

    pub(crate) async fn pay_by(&self, order: &str, user: &str, bill: Bill<'_>) -> Answer {
        self.request(PAYBILL, &client::pay(&self.client_id, user, order, bill)).await
    }

    /// Sends another card in place of the declined one.
    pub(crate) async fn put_card(&self, order: &str, user: &str, card: &str) -> Answer {
        let body = json!({ "CreditCard": card, "CardExpiry": EXPIRY });
        self.request("IngestFunction", &client::put_card(&self.client_id, user, order, &body)).await
    }

    /// The same with the card encrypted by the customer.
    pub(crate) async fn put_encrypted_card(&self, order: &str, user: &str, card: &str) -> Answer {
        let body = json!({ "EncryptedCard": card });
        self.request("IngestFunction", &client::put_card(&self.client_id, user, order, &body)).await
    }

    pub(crate) async fn forget(&self, order: &str, user: &str) -> Answer {
        self.request("ForgetFunction", &client::delete_card(&self.client_id, user, order)).await
    }

    /// How the processor fails the next payment; `None`: not at all.
    pub(crate) async fn processor_fails(&self, failing: Option<Failing>) {
        let sandbox = self.stack.sandbox();
        sandbox.set_reachable(failing != Some(Failing::NotReached)).await.unwrap();
        let (charge, before) = match failing {
            Some(Failing::Charge(failure)) => (Some(failure), None),
            Some(Failing::Before(failure)) => (None, Some(failure)),
            Some(Failing::NotReached) | None => (None, None),
        };
        sandbox.fail_next(charge);
        sandbox.fail_next_before(before);
    }

    /// From now on, payments are sent by other settings.
    pub(crate) fn send_payments_by(&mut self, route: Route) {
        // To the stack's own processor, nothing is different.
        let route = if route == Route::To(self.processor) { Route::Own } else { route };
        self.moved = (route != Route::Own).then(|| {
            let mut declared = self.stack.declared.function(PAYBILL).unwrap().clone();
            declared.environment.extend(route.settings(self.processor, self.stack.sandbox()));
            (route, self.handler(&declared))
        });
    }

    fn handler(&self, declared: &LambdaFunction) -> Function {
        let around = Surroundings {
            aws_url: self.stack.aws_url(),
            clock: self.time.clock(),
            sdk_attempts: SDK_ATTEMPTS,
            processes: None,
            sdk_timeouts: self.sdk_timeouts.clone(),
            head_log: functions::HeadLog::new(|_| {}),
        };
        functions::handler(declared, &around).unwrap()
    }

    /// Where payments are sent.
    pub(crate) fn route(&self) -> Route {
        self.moved.as_ref().map_or(Route::Own, |(route, _)| *route)
    }

    /// The format in which payments are charged.
    pub(crate) fn dialect(&self) -> Dialect {
        self.route().dialect(self.processor)
    }

    /// What the processor charged or declined.
    pub(crate) fn charges(&self) -> Vec<Charge> {
        self.stack.sandbox().ledger()
    }

    async fn request(&self, function: &str, event: &Value) -> Answer {
        let reply = self.invoke(function, event).await;
        if let Some(card) = reply.as_deref().and_then(|reply| card_in(&String::from_utf8_lossy(reply))) {
            *self.leaked.borrow_mut() = Some(format!("{card} in an answer of {function}"));
        }
        Answer::of(reply.as_deref())
    }

    // ---- Schedules, operator, Lambda -------------------------------------------------------------------

    /// The summary; none: it stopped, and is to be run again.
    pub(crate) async fn sweep(&mut self) -> Option<Value> {
        let function = self.stack.function("ReplayFunction").unwrap().clone();
        let timeout = self.stack.declared.function("ReplayFunction").unwrap().timeout;
        let (event, deadline) = (json!({ "action": "sweep" }).to_string().into_bytes(), self.now() + timeout);
        let sweep = async move { function.invoke(event, deadline).await };
        let reply = meanwhile(self.stack.mapping(TOKENIZE_WORKER).unwrap(), &self.time, sweep).await.ok()?;
        Some(serde_json::from_slice(&reply).unwrap())
    }

    /// The summary; none: it stopped, and is to be run again.
    pub(crate) async fn replay(&self, mut selection: Value) -> Option<Value> {
        selection["action"] = "replay".into();
        self.upkeep(selection).await
    }

    async fn upkeep(&self, request: Value) -> Option<Value> {
        let reply = self.invoke("ReplayFunction", &request).await?;
        Some(serde_json::from_slice(&reply).unwrap())
    }

    /// Hands records to the worker, whatever the mapping is about to do.
    pub(crate) async fn deliver(&self, records: &[Value]) -> Option<Value> {
        let reply = self.invoke(TOKENIZE_WORKER, &json!({ "Records": records })).await?;
        Some(serde_json::from_slice(&reply).unwrap())
    }

    /// The same to a worker that was deployed before the vault's key was replaced.
    pub(crate) async fn deliver_as_before(&self, records: &[Value]) -> Option<Value> {
        let mut declared = self.stack.declared.function(TOKENIZE_WORKER).unwrap().clone();
        declared.environment.insert("VAULT_KEY_ARN".to_owned(), PREVIOUS_KEY.to_owned());
        let event = json!({ "Records": records }).to_string().into_bytes();
        let reply = self.handler(&declared).invoke(event, self.now() + declared.timeout).await.ok()?;
        Some(serde_json::from_slice(&reply).unwrap())
    }

    /// An operator has the vault re-wrapped, counted or verified; none: it stopped, and is to be run again.
    pub(crate) async fn rewrap(&self, action: &str) -> Option<Value> {
        let reply = self.invoke("RewrapFunction", &json!({ "action": action })).await?;
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        assert_eq!(card_in(&reply.to_string()), None);
        Some(reply)
    }

    /// An operator has a pass over the other table made; none: it stopped, and is to be run again.
    pub(crate) async fn import(&self, action: &str) -> Option<Value> {
        let reply = self.invoke("ImportFunction", &json!({ "action": action })).await?;
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        assert_eq!(card_in(&reply.to_string()), None);
        assert_eq!(reply["cursor"], Value::Null, "one chunk is the whole pass");
        Some(reply)
    }

    /// The schedule has a card key made where one is due, and old halves deleted; none: it stopped, and is to be run again.
    pub(crate) async fn keep_card_keys(&self) -> Option<()> {
        self.invoke("CardKeyMakerFunction", &json!({})).await.map(drop)
    }

    /// The previous key is retired, as docs/keys.md says it.
    pub(crate) async fn retire_the_previous_key(&self) {
        self.rewrap("rewrap").await.expect("re-wrapping without a fault");
        let verified = self.rewrap("verify").await.expect("verifying without a fault");
        assert_eq!(verified["left"], 0, "{verified}");
        let kms = aws_sdk_kms::Client::new(&sdk_config(&self.stack.aws_url(), "Operator"));
        kms.disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    }

    async fn invoke(&self, function: &str, event: &Value) -> Option<Vec<u8>> {
        let timeout = self.stack.declared.function(function).unwrap().timeout;
        let function = match &self.moved {
            Some((_, paybill)) if function == PAYBILL => paybill,
            _ => self.stack.function(function).unwrap(),
        };
        function.invoke(event.to_string().into_bytes(), self.now() + timeout).await.ok()
    }

    /// One action of the worker's stream mapping, if one is due.
    pub(crate) async fn step(&mut self) -> Step {
        self.step_of(TOKENIZE_WORKER).await
    }

    async fn step_of(&mut self, function: &str) -> Step {
        let step = self.stack.mapping(function).unwrap().step().await;
        self.archive();
        step
    }

    /// Lets the mappings work, and the time go by that they wait, until the streams have nothing more for them.
    pub(crate) async fn settle(&mut self) {
        self.settle_within(None).await;
        self.tell_all().await;
    }

    /// The worker's mapping for so long at most: something may hold the stream up.
    pub(crate) async fn settle_within(&mut self, patience: Option<Duration>) {
        self.settle_of(TOKENIZE_WORKER, patience).await;
    }

    /// Notify's mapping alone, until everybody is told of what happened to orders that are across, or nobody can be.
    pub(crate) async fn tell_all(&mut self) {
        self.settle_of(NOTIFY, Some(SOME_RETRIES)).await;
    }

    /// The mapping of the witness alone, until each change of the audit is witnessed, or none can be.
    pub(crate) async fn witness_all(&mut self) {
        self.settle_of(WITNESS_FUNCTION, Some(SOME_RETRIES)).await;
    }

    /// The audit items with their digests, and what the chains say was added; they hold nothing else.
    pub(crate) async fn audit_and_witnessed(&self) -> [BTreeSet<(String, String, String)>; 2] {
        let scan = |table: &str| self.dynamodb.scan().table_name(table).consistent_read(true).send();
        let rows = scan(AUDIT).await.unwrap().items.unwrap();
        let text = |row: &Item, name: &str| row[name].as_s().unwrap().clone();
        let items = rows.iter().filter(|row| !is_counter(&text(row, "At")));
        let items = items.map(|row| (text(row, "Principal"), text(row, "At"), digest_of(row).to_string()));
        let links = scan(WITNESS).await.unwrap().items.unwrap();
        let links = links.iter().map(|row| Link::of_row(row).unwrap());
        let witnessed = links.flat_map(|link| link.entries).map(|entry| {
            assert_eq!(entry.what, What::Added, "{entry:?}");
            (entry.principal, entry.at, entry.digest.to_string())
        });
        [items.collect(), witnessed.collect()]
    }

    async fn settle_of(&mut self, function: &str, patience: Option<Duration>) {
        let end = patience.map(|patience| self.now() + patience);
        for _ in 0..MOST_STEPS {
            let step = self.step_of(function).await;
            match step.did {
                _ if end.is_some_and(|end| self.now() >= end) => return,
                Did::Polled { read: 0, .. } if self.stack.mapping(function).unwrap().is_idle() => return,
                Did::Nothing => {
                    let wait = step.next.duration_since(self.now()).unwrap_or_default();
                    self.advance(wait.max(Duration::from_millis(1)));
                }
                _ => {}
            }
        }
        panic!("the mapping does not come to rest");
    }

    /// Keeps the streams' records beyond their own retention.
    pub(crate) fn archive(&mut self) {
        for (function, records) in [(TOKENIZE_WORKER, &mut self.records), (NOTIFY, &mut self.clean_records)] {
            let stream = &self.stack.declared.stream_mapping(function).unwrap().stream_arn;
            let reader = self.stack.aws().stream(stream).unwrap();
            let last = records.last().map(|record| record["dynamodb"]["SequenceNumber"].clone());
            let after = last.as_ref().and_then(Value::as_str);
            // Where the last one kept is trimmed, nothing unread is: every step and every jump of time reads.
            let new = reader.records_after(after, 1_000).or_else(|_| reader.records_after(None, 1_000));
            records.extend(new.unwrap());
        }
    }

    /// Waits for the calls that their callers have given up on.
    pub(crate) async fn late_calls_done(&self) {
        eventually("no call is under way", async || (self.stack.aws().under_way() == 0).then_some(())).await;
    }

    // ---- Looking ---------------------------------------------------------------------------------------

    /// Everything at rest. Panics when a card number can be read anywhere in it, or in an answer so far.
    pub(crate) fn at_rest(&self) -> AtRest {
        let snapshot = self.stack.aws().snapshot().unwrap();
        let [of_quarantine, of_clean] = self.searched.get();
        let new = [&self.records[of_quarantine..], &self.clean_records[of_clean..]];
        for text in [snapshot.to_string(), serde_json::to_string(&new).unwrap()] {
            assert_eq!(card_in(&text), None, "a card number at rest in the clear");
        }
        self.searched.set([self.records.len(), self.clean_records.len()]);
        assert_eq!(*self.leaked.borrow(), None, "a card number in an answer");
        AtRest::of(&snapshot)
    }

    /// The quarantine row as stored.
    pub(crate) async fn quarantined(&self, order: &str) -> Option<Item> {
        let read = self.dynamodb.get_item().table_name(QUARANTINE).consistent_read(true);
        read.key("CustomerOrder", AttributeValue::S(order.into())).send().await.unwrap().item
    }

    /// The clean row as stored.
    pub(crate) async fn clean(&self, order: &str) -> Option<Item> {
        let read = self.dynamodb.get_item().table_name(ORDERS).consistent_read(true);
        read.key("CustomerOrder", AttributeValue::S(order.into())).send().await.unwrap().item
    }

    /// Writes a quarantine row past every rule; an ingest's put that arrives late is one.
    pub(crate) async fn put_quarantined(&self, row: Item) {
        self.dynamodb.put_item().table_name(QUARANTINE).set_item(Some(row)).send().await.unwrap();
    }

    /// Flips a bit of the sealed card in quarantine: no worker can open it. Once more, and it is as it was.
    pub(crate) async fn alter_card(&self, order: &str) {
        let mut row = self.quarantined(order).await.unwrap();
        let mut sealed = row["SealedCard"].as_b().unwrap().clone().into_inner();
        *sealed.last_mut().unwrap() ^= 1;
        row.insert("SealedCard".into(), AttributeValue::B(Blob::new(sealed)));
        self.put_quarantined(row).await;
    }

    /// Removes a quarantine row past every rule.
    pub(crate) async fn remove_quarantined(&self, order: &str) {
        let delete = self.dynamodb.delete_item().table_name(QUARANTINE);
        delete.key("CustomerOrder", AttributeValue::S(order.into())).send().await.unwrap();
    }
}

fn body_of(order: &str, details: &Details) -> Value {
    let mut body = json!({
        "CustomerOrder": order, "CustomerName": details.name, "Address": details.address,
        "CreditCard": details.card,
    });
    if let Some(expiry) = details.expiry {
        body["CardExpiry"] = expiry.into();
    }
    body
}

/// A row in the SDK's form.
pub(crate) type Item = std::collections::HashMap<String, AttributeValue>;
