//! The pipeline, running whole or stepped by the test.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use card_airlock::{
    aws,
    deployment::{self, SHIPPED},
    front,
    functions::{self, Surroundings},
    sandbox::{Dialect, Sandbox},
    stack::{Stack, StackOptions},
};
use card_airlock_gateway::{self as gateway, Issuer, RestApi};
use card_airlock_lambda::{Function, FunctionError, FunctionResult};
use card_airlock_services::AwsEndpoint;
use card_airlock_template::Stack as Declared;
use clock::{Clock, TestClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};

use super::{
    Fault, Relay, Watched,
    client::{self, Answer, Client},
    eventually, messages,
    rows::{Item, ORDERS, QUARANTINE, VAULT, flipped},
};

/// The key that was the vault's before, where the parameter `PreviousVaultKeyArn` names it.
pub(crate) const PREVIOUS_KEY: &str =
    "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";

/// How long a sweep or a replay may take.
const REPLAYS_TIME: Duration = Duration::from_mins(15);

/// A pipeline of the test's own. Dropping it stops it.
pub(crate) struct World {
    pub(crate) aws: AwsEndpoint,
    pub(crate) declared: Declared,
    pub(crate) api: String,
    /// The payment processor.
    pub(crate) sandbox: Sandbox,
    worker: Function,
    time: TestClock,
    _running: Option<Stack>,
    _watched: Watched,
    stop: watch::Sender<bool>,
}

impl World {
    /// The whole pipeline, as `card-airlock up` runs it.
    pub(crate) async fn running() -> Self {
        let time = TestClock::running();
        let options = StackOptions { clock: time.clock(), ..StackOptions::on_free_ports(issuer()) };
        let stack = Stack::start(options).await.unwrap();
        let (aws, declared, api) = (stack.aws().clone(), stack.declared.clone(), stack.api_url());
        let sandbox = stack.sandbox().clone();
        Self::of(aws, declared, api, time, sandbox, Some(stack))
    }

    /// The pipeline without its stream mapping: the test delivers.
    pub(crate) async fn stepped() -> Self {
        Self::stepped_under([]).await
    }

    /// The same, with cards kept for so many days.
    pub(crate) async fn keeping_cards(days: u32) -> Self {
        Self::stepped_under([("CardRetentionDays", &days.to_string())]).await
    }

    /// The same, with other values for some of the template's parameters.
    pub(crate) async fn stepped_under<const N: usize>(parameters: [(&str, &str); N]) -> Self {
        Self::charged_by(Dialect::Airlock, parameters).await
    }

    /// The same, with a processor that speaks another format.
    pub(crate) async fn charged_by<const N: usize>(dialect: Dialect, parameters: [(&str, &str); N]) -> Self {
        let time = TestClock::running();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (stop, mut stopping) = watch::channel(false);
        let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
        let aws = aws::start(listener, time.clock(), stopped).await.unwrap();
        let sandbox = Sandbox::start().await.unwrap();
        let mut all = sandbox.parameters(&aws, dialect).await.unwrap();
        all.extend(parameters.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let template = deployment::template(SHIPPED, &all).unwrap();
        let declared = template.resolve(&aws::provision(&aws, &template).await.unwrap()).unwrap();
        let mut world = Self::of(aws, declared, String::new(), time, sandbox, None);
        world.stop = stop;
        world.api = world.front(world.aws.url()).await;
        world
    }

    fn of(
        aws: AwsEndpoint,
        declared: Declared,
        api: String,
        time: TestClock,
        sandbox: Sandbox,
        running: Option<Stack>,
    ) -> Self {
        let around = Surroundings {
            aws_url: aws.url().to_owned(),
            clock: time.clock(),
            sdk_attempts: 3,
            sdk_timeouts: platform::aws_client::timeouts(),
            processes: None,
            head_log: functions::HeadLog::new(|_| {}),
        };
        let worker =
            functions::handler(declared.function("TokenizeWorkerFunction").unwrap(), &around).unwrap();
        let (stop, _) = watch::channel(false);
        let watched = Watched(aws.clone());
        Self { aws, declared, api, sandbox, worker, time, _running: running, _watched: watched, stop }
    }

    /// One more API of the same pipeline, whose functions reach AWS at another address.
    pub(crate) async fn front(&self, aws_url: &str) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stage = self.declared.api.stage.clone();
        let url = format!("http://{}/{stage}", listener.local_addr().unwrap());
        let names = self.declared.api.routes.iter().map(|route| route.function.clone());
        let functions = names.map(|name| (name.clone(), self.function(&name, aws_url))).collect();
        let api = front::rest_api(&self.declared, &functions, Arc::new(issuer()), self.time.clock()).unwrap();
        let front = RestApi { cors: None, ..api };
        let mut stopping = self.stop.subscribe();
        tokio::spawn(gateway::serve(
            front,
            listener,
            async move { drop(stopping.wait_for(|stop| *stop).await) },
        ));
        url
    }

    /// A new instance of a function, reaching AWS at an address.
    pub(crate) fn function(&self, logical_id: &str, aws_url: &str) -> Function {
        self.function_with(logical_id, aws_url, [])
    }

    /// The same with other settings.
    pub(crate) fn function_with<const N: usize>(
        &self,
        logical_id: &str,
        aws_url: &str,
        settings: [(&str, &str); N],
    ) -> Function {
        let around = Surroundings {
            aws_url: aws_url.to_owned(),
            clock: self.time.clock(),
            sdk_attempts: 3,
            sdk_timeouts: platform::aws_client::timeouts(),
            processes: None,
            head_log: functions::HeadLog::new(|_| {}),
        };
        let mut declared = self.declared.function(logical_id).unwrap().clone();
        declared.environment.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
        functions::handler(&declared, &around).unwrap()
    }

    /// One more API of the same pipeline, whose paybill has other settings.
    pub(crate) async fn front_with<const N: usize>(&mut self, settings: [(&str, &str); N]) -> String {
        let functions = self.declared.functions.clone();
        for function in &mut self.declared.functions {
            if function.logical_id == "PaybillFunction" {
                let changed = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
                function.environment.extend(changed);
            }
        }
        let url = self.front(self.aws.url()).await;
        self.declared.functions = functions;
        url
    }

    /// A new worker, reaching AWS at an address.
    pub(crate) fn worker(&self, aws_url: &str) -> Function {
        self.function("TokenizeWorkerFunction", aws_url)
    }

    /// A clerk of billing.
    pub(crate) fn clerk(&self) -> Client {
        self.client_in("clerk", &["billing"])
    }

    /// A user of the API.
    pub(crate) fn client(&self, user: &str) -> Client {
        self.client_in(user, &[])
    }

    /// The same, in groups of the user pool.
    pub(crate) fn client_in(&self, user: &str, groups: &[&str]) -> Client {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        client::client(&self.api, issuer().token_issued_at(self.time.now(), user, &groups).unwrap())
    }

    /// A token that was good until an hour ago.
    pub(crate) fn expired_token(&self, user: &str) -> String {
        issuer().token_issued_at(SystemTime::now() - Duration::from_secs(2 * 60 * 60), user, &[]).unwrap()
    }

    /// The functions' clock.
    pub(crate) fn clock(&self) -> Clock {
        self.time.clock()
    }

    /// Everybody's time but sign-in's.
    pub(crate) fn now(&self) -> SystemTime {
        self.time.now()
    }

    /// Moves everybody's clock but sign-in's.
    pub(crate) fn advance(&self, by: Duration) {
        self.time.advance(by);
    }

    /// The quarantine's stream from its beginning, as the function of the mapping would see it.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.records_of("TokenizeWorkerFunction")
    }

    /// The same of another function's stream.
    pub(crate) fn records_of(&self, function: &str) -> Vec<Value> {
        let reader = self.aws.stream(&self.declared.stream_mapping(function).unwrap().stream_arn).unwrap();
        let mut records: Vec<Value> = Vec::new();
        loop {
            let last = records.last().map(|record| record["dynamodb"]["SequenceNumber"].as_str().unwrap());
            let page = reader.records_after(last.map(str::to_owned).as_deref(), 1000).unwrap();
            if page.is_empty() {
                return records;
            }
            records.extend(page);
        }
    }

    /// Hands records to the worker as one batch; gives the sequence number it reports as failed, if any.
    pub(crate) async fn deliver(&self, records: &[Value]) -> Option<String> {
        deliver_to(&self.worker, self.time.now(), records).await
    }

    /// The same to a worker of the test's own.
    pub(crate) async fn deliver_to(&self, worker: &Function, records: &[Value]) -> Option<String> {
        deliver_to(worker, self.time.now(), records).await
    }

    /// Hands every change of clean rows to notify as one batch; gives the sequence number it reports as failed, if any.
    pub(crate) async fn tell(&self) -> Option<String> {
        let notify = self.function("NotifyFunction", self.aws.url());
        deliver_to(&notify, self.time.now(), &self.records_of("NotifyFunction")).await
    }

    /// Hands every change of the audit to the witness as one batch; gives the sequence number it reports as failed, if any.
    pub(crate) async fn witness(&self) -> Option<String> {
        let witness = self.function("WitnessFunction", self.aws.url());
        deliver_to(&witness, self.time.now(), &self.records_of("WitnessFunction")).await
    }

    /// Delivers the newest record.
    pub(crate) async fn deliver_last(&self) -> Option<String> {
        self.deliver(&self.records()[self.records().len() - 1..]).await
    }

    /// An operator's client.
    pub(crate) fn dynamodb(&self) -> DynamoDb {
        DynamoDb::new(&functions::sdk_config(self.aws.url(), "operator"))
    }

    /// All rows of a table.
    pub(crate) async fn rows(&self, table: &str) -> Vec<Item> {
        let page = self.dynamodb().scan().table_name(table).consistent_read(true).send().await.unwrap();
        assert!(page.last_evaluated_key.is_none(), "one page holds a test's rows");
        page.items.unwrap_or_default()
    }

    /// The one row of a table.
    pub(crate) async fn only_row(&self, table: &str) -> Item {
        let mut rows = self.rows(table).await;
        assert_eq!(rows.len(), 1, "{table}");
        rows.remove(0)
    }

    /// How many rows lie in quarantine, vault and clean table.
    pub(crate) async fn counts(&self) -> [usize; 3] {
        [self.rows(QUARANTINE).await.len(), self.rows(VAULT).await.len(), self.rows(ORDERS).await.len()]
    }

    /// The row of an order, in quarantine or clean.
    pub(crate) async fn row(&self, table: &str, order: &str) -> Option<Item> {
        let key = AttributeValue::S(order.to_owned());
        let read = self.dynamodb().get_item().table_name(table).key("CustomerOrder", key);
        read.consistent_read(true).send().await.unwrap().item
    }

    /// The card of a token disappears from the vault without a trace.
    pub(crate) async fn lose_card(&self, row: &Item) {
        let delete = self.dynamodb().delete_item().table_name(VAULT);
        let key = ["Hash_Key", "Account_Id"].iter();
        key.fold(delete, |delete, name| delete.key(*name, row[*name].clone())).send().await.unwrap();
    }

    /// An operator replays an order.
    pub(crate) async fn replay(&self, order: &str) -> Value {
        self.operate(&json!({ "action": "replay", "order": order })).await
    }

    /// The schedule sweeps.
    pub(crate) async fn sweep(&self) -> Value {
        self.operate(&json!({ "action": "sweep" })).await
    }

    /// The same by a function that reaches AWS at an address.
    pub(crate) async fn sweep_at(&self, aws_url: &str) -> Value {
        self.sweep_beside(aws_url, async || {}).await
    }

    /// A sweep that may fail.
    pub(crate) async fn try_sweep(&self, event: &Value) -> Result<Value, FunctionError> {
        let swept = self.invoke_replay(self.aws.url(), event, REPLAYS_TIME, async || {}).await;
        swept.map(|swept| serde_json::from_slice(&swept).unwrap())
    }

    /// A sweep, and what is done each time that it waits.
    pub(crate) async fn sweep_beside(&self, aws_url: &str, at_each_wait: impl AsyncFnMut()) -> Value {
        let sweep = json!({ "action": "sweep" });
        let swept = self.invoke_replay(aws_url, &sweep, REPLAYS_TIME, at_each_wait).await;
        serde_json::from_slice(&swept.unwrap()).unwrap()
    }

    /// A sweep that has so much time.
    pub(crate) async fn sweep_within(&self, time: Duration) -> Value {
        let sweep = json!({ "action": "sweep" });
        let swept = self.invoke_replay(self.aws.url(), &sweep, time, async || {}).await;
        serde_json::from_slice(&swept.unwrap()).unwrap()
    }

    async fn operate(&self, event: &Value) -> Value {
        self.try_sweep(event).await.unwrap()
    }

    /// While it waits, time passes; the rows that it arms are not delivered.
    async fn invoke_replay(
        &self,
        aws_url: &str,
        event: &Value,
        time: Duration,
        at_each_wait: impl AsyncFnMut(),
    ) -> FunctionResult {
        self.aws.answer_receives_at_once();
        let replay = self.function("ReplayFunction", aws_url);
        self.invoke_waiting(&replay, event, time, at_each_wait).await
    }

    /// Invokes a function that has so much time. Where it waits, time passes.
    pub(crate) async fn invoke(&self, function: &Function, event: &Value, time: Duration) -> FunctionResult {
        self.invoke_waiting(function, event, time, async || {}).await
    }

    async fn invoke_waiting(
        &self,
        function: &Function,
        event: &Value,
        time: Duration,
        mut at_each_wait: impl AsyncFnMut(),
    ) -> FunctionResult {
        let deadline = self.time.now() + time;
        let mut answer = pin!(function.invoke(event.to_string().into_bytes(), deadline));
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer,
                wake_at = self.time.until_asleep() => {
                    at_each_wait().await;
                    self.time.advance_to(wake_at);
                }
            }
        }
    }

    /// Lambda says that it gave up all that was armed until now.
    pub(crate) async fn give_up(&self) {
        self.give_up_at(self.time.now()).await;
    }

    /// Lambda says that it gave up all that was armed until then.
    pub(crate) async fn give_up_at(&self, time: SystemTime) {
        let time = humantime::format_rfc3339_seconds(time).to_string();
        let message = json!({ "DDBStreamBatchInfo": { "approximateArrivalOfLastRecord": time } });
        let (sqs, url) = self.dead_letter_queue();
        sqs.send_message().queue_url(url).message_body(message.to_string()).send().await.unwrap();
    }

    /// An operator's client, and the URL of the dead-letter queue.
    pub(crate) fn dead_letter_queue(&self) -> (aws_sdk_sqs::Client, String) {
        let url = &self.declared.function("ReplayFunction").unwrap().environment["DEAD_LETTER_QUEUE_URL"];
        (aws_sdk_sqs::Client::new(&functions::sdk_config(self.aws.url(), "operator")), url.clone())
    }

    /// A row is gone, past every rule.
    pub(crate) async fn remove(&self, table: &str, order: &str) {
        let delete = self.dynamodb().delete_item().table_name(table);
        delete.key("CustomerOrder", AttributeValue::S(order.to_owned())).send().await.unwrap();
    }

    /// An operator puts a row as it is.
    pub(crate) async fn put(&self, table: &str, item: Item) {
        self.dynamodb().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    /// An order has read that its id is free; before its put, the id's first order comes in and goes across.
    /// Gives the late one's answer.
    pub(crate) async fn race(&self, first: &Value, late: &Value) -> Answer {
        let relay = Relay::to(self.aws.url()).await;
        let ann = self.client("ann");
        let slow = ann.at(&self.front(relay.url()).await);
        let let_through = Arc::new(Notify::new());
        relay.strike("PutItem", Fault::Held(let_through.clone()), 1);
        let (answer, ()) = futures::future::join(slow.submit(late), async {
            eventually("the late put is held", async || (relay.struck() == 1).then_some(())).await;
            self.tokenized(&ann, first).await;
            let_through.notify_one();
        })
        .await;
        answer
    }

    /// Flips a bit of the one sealed card in quarantine: the row is armed again, and no worker can open it.
    pub(crate) async fn alter_card(&self) {
        let mut row = self.only_row(QUARANTINE).await;
        row.insert("SealedCard".into(), flipped(&row["SealedCard"]));
        self.put(QUARANTINE, row).await;
    }

    /// Every dead letter ever sent, oldest first.
    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        messages(&self.aws.snapshot().unwrap(), "DeadLetterQueue")
    }

    /// Submits an order and carries it across.
    pub(crate) async fn tokenized(&self, client: &Client, order: &Value) {
        client.submit(order).await.is(202);
        assert_eq!(self.deliver_last().await, None);
    }
}

async fn deliver_to(worker: &Function, now: SystemTime, records: &[Value]) -> Option<String> {
    let event = json!({ "Records": records }).to_string().into_bytes();
    let answer = worker.invoke(event, now + Duration::from_secs(60)).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.first().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// One user pool for all worlds: making its key takes a moment.
pub(crate) fn issuer() -> Issuer {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        card_airlock::sign_in::kept_in(folder.path()).unwrap();
        folder
    });
    card_airlock::sign_in::kept_in(folder.path()).unwrap()
}

/// The answer to a request whose next call of an operation reaches AWS only after something else was done.
pub(crate) async fn overtaken(
    world: &World,
    client: &Client,
    operation: &str,
    request: impl AsyncFnOnce(Client) -> Answer,
    meanwhile: impl Future<Output = ()>,
) -> Answer {
    overtaken_after(world, client, (operation, 0), request, meanwhile).await
}

/// The same of a later call of the operation: so many pass first.
pub(crate) async fn overtaken_after(
    world: &World,
    client: &Client,
    (operation, passed): (&str, usize),
    request: impl AsyncFnOnce(Client) -> Answer,
    meanwhile: impl Future<Output = ()>,
) -> Answer {
    let relay = Relay::to(world.aws.url()).await;
    let slow = client.at(&world.front(relay.url()).await);
    let let_through = Arc::new(Notify::new());
    relay.strike_after(operation, passed, Fault::Held(let_through.clone()), 1);
    let (answer, ()) = futures::future::join(request(slow), async {
        eventually("the call is held", async || (relay.struck() == 1).then_some(())).await;
        meanwhile.await;
        let_through.notify_one();
    })
    .await;
    answer
}
