//! The functions as processes: Lambda's rules on crashes, timeouts and concurrency, with the programs that are built.
//! They are found beside this test's own; `cargo test --workspace` builds them, or `cargo build --workspace`.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use card_airlock::stack::{Stack, StackOptions};
use card_airlock_lambda::{
    Function, FunctionConfiguration, FunctionError, Lines, ProcessOptions, Processes, ProgramMissingError,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const CARD: &str = "4111111111111111";
/// The payment processor declines it.
const DECLINED: &str = "4000000000000002";
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that has a minute to become true.
async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn is_running(process_id: u32) -> bool {
    Path::new(&format!("/proc/{process_id}")).exists()
}

/// Options that keep what the processes write.
fn options() -> (ProcessOptions, Arc<Mutex<Vec<String>>>) {
    let written = Arc::new(Mutex::new(Vec::new()));
    let keeper = Arc::clone(&written);
    let lines = Lines::new(move |line| keeper.lock().unwrap().push(line.to_owned()));
    (ProcessOptions { lines, ..ProcessOptions::beside_this_program().unwrap() }, written)
}

/// An AWS endpoint that takes calls and never answers.
async fn silent_aws() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn ingest(timeout: Duration) -> FunctionConfiguration {
    let settings = [
        ("METRICS_NAMESPACE", "CardAirlock/processes"),
        ("QUARANTINE_TABLE", "quarantine"),
        ("ORDER_TABLE", "orders"),
        ("QUARANTINE_KEY_ARN", "key"),
        ("BILLING_GROUP", "billing"),
        ("USER_POOL_CLIENT_ID", "client"),
        ("CORS_ORIGIN", ""),
        ("ORDER_ID_PATTERN", ""),
        ("CARD_EXPIRY_REQUIRED", "false"),
        ("CARD_KEY_TABLE", "card-keys"),
        ("ENCRYPTED_CARD_ONLY", "false"),
        ("ORDER_DEADLINE_HOURS", "72"),
        ("QUARANTINE_TTL_DAYS", "7"),
        ("DATA_KEY_MAX_ROWS", "100"),
        ("DATA_KEY_MAX_SECONDS", "300"),
    ];
    FunctionConfiguration {
        id: "IngestFunction".into(),
        name: "card-airlock-IngestFunction".into(),
        arn: "arn:aws:lambda:us-east-1:123456789012:function:card-airlock-IngestFunction".into(),
        region: "us-east-1".into(),
        access_key_id: "IngestRole".into(),
        environment: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        timeout,
        memory_mib: 256,
        program: "ingest".into(),
    }
}

/// A function that, unlike the API's, does not answer by itself before its time is over.
fn replay(timeout: Duration) -> FunctionConfiguration {
    let settings = [
        ("METRICS_NAMESPACE", "CardAirlock/processes"),
        ("QUARANTINE_TABLE", "quarantine"),
        ("ORDER_TABLE", "orders"),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1/queue"),
        ("REARM_AFTER_MINUTES", "75"),
        ("EXHAUSTED_AFTER_HOURS", "48"),
    ];
    FunctionConfiguration {
        id: "ReplayFunction".into(),
        name: "card-airlock-ReplayFunction".into(),
        arn: "arn:aws:lambda:us-east-1:123456789012:function:card-airlock-ReplayFunction".into(),
        region: "us-east-1".into(),
        access_key_id: "ReplayRole".into(),
        environment: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        timeout,
        memory_mib: 256,
        program: "replay".into(),
    }
}

/// An order that ingest must ask AWS about.
fn order_event() -> Vec<u8> {
    let body = json!({ "CustomerOrder": "1", "CustomerName": "Ann", "CreditCard": CARD, "Address": "Here" });
    let claims = json!({ "sub": "user", "aud": "client", "token_use": "id" });
    json!({
        "httpMethod": "POST", "path": "/order", "resource": "/order", "body": body.to_string(),
        "headers": { "Content-Type": "application/json" }, "isBase64Encoded": false,
        "requestContext": { "httpMethod": "POST", "path": "/dev/order", "authorizer": { "claims": claims } },
    })
    .to_string()
    .into_bytes()
}

/// A request without claims: answered with 401 at once.
fn stranger_event() -> Vec<u8> {
    json!({ "httpMethod": "GET", "requestContext": { "httpMethod": "GET" } }).to_string().into_bytes()
}

async fn status(function: &Function, event: Vec<u8>) -> Result<Value, FunctionError> {
    let answer = function.invoke(event, SystemTime::now() + PATIENCE).await?;
    Ok(serde_json::from_slice::<Value>(&answer).unwrap()["statusCode"].clone())
}

fn environment_of(process_id: u32) -> BTreeMap<String, String> {
    let variables = std::fs::read_to_string(format!("/proc/{process_id}/environ")).unwrap();
    let variables = variables.split_terminator('\0').map(|variable| variable.split_once('=').unwrap());
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A stack whose functions are processes, and a client of its API.
struct Client {
    stack: Stack,
    token: String,
    written: Arc<Mutex<Vec<String>>>,
}

impl Client {
    async fn start() -> Self {
        Self::start_with(BTreeMap::new()).await
    }

    async fn start_with(parameters: BTreeMap<String, String>) -> Self {
        let (processes, written) = options();
        let options = StackOptions {
            processes: Some(processes),
            parameters,
            ..StackOptions::on_free_ports(card_airlock::sign_in::ephemeral().unwrap())
        };
        let stack = Stack::start(options).await.unwrap();
        let token = stack.token("ann", &[]).unwrap();
        Self { stack, token, written }
    }

    fn processes(&self) -> &Processes {
        self.stack.processes().unwrap()
    }

    /// The user whose token this client shows.
    fn user(&self) -> test_support::Client {
        test_support::Client::new(&self.stack.api_url(), self.token.clone())
    }

    async fn submit(&self, id: &str) -> u16 {
        self.submit_with(id, CARD).await
    }

    async fn submit_with(&self, id: &str, card: &str) -> u16 {
        self.user().submit(&test_support::order_of(id, card)).await.status.as_u16()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        parts(self.user().post(&format!("/{path}"), body.to_string()).await)
    }

    async fn pay(&self, id: &str) -> (u16, Value) {
        parts(self.user().pay(id).await)
    }

    async fn put_card(&self, id: &str) -> (u16, Value) {
        parts(self.user().put_card(id, CARD).await)
    }

    /// One request on each route that names an order.
    async fn on_each_route(&self, id: &str) -> [(u16, Value); 4] {
        [
            parts(self.user().status(id).await),
            self.put_card(id).await,
            self.pay(id).await,
            self.forget(id).await,
        ]
    }

    async fn order(&self, id: &str) -> Value {
        self.user().status(id).await.json
    }

    async fn forget(&self, id: &str) -> (u16, Value) {
        parts(self.user().forget(id).await)
    }

    async fn tokenized(&self, id: &str) {
        until(&format!("order {id} is tokenized"), async || self.order(id).await["Status"] == "TOKENIZED")
            .await;
    }

    /// How many rows a table has.
    async fn rows(&self, table: &str) -> i32 {
        let config = card_airlock::functions::sdk_config(&self.stack.aws_url(), "operator");
        let scan = aws_sdk_dynamodb::Client::new(&config).scan().table_name(table).consistent_read(true);
        scan.send().await.unwrap().count()
    }
}

/// What the metric `Denied` counted: each one's function, reason and order.
fn denied_in(written: &Mutex<Vec<String>>) -> Vec<(String, String, String)> {
    let of = |line: &String| {
        let (process, line) = line.split_once("] ")?;
        let line: Value = serde_json::from_str(line).ok().filter(|line: &Value| line["Denied"] == 1)?;
        let function = process.trim_start_matches('[').split(' ').next()?;
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Some((function.to_owned(), text("Reason"), text("order")))
    };
    written.lock().unwrap().iter().filter_map(of).collect()
}

fn parts(answer: test_support::Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_all_the_way_through_processes_that_are_gone_after_a_shutdown() {
    let client = Client::start().await;
    assert_eq!(client.submit("order-1").await, 202);
    client.tokenized("order-1").await;
    let (code, paid) = client.post("paybill", json!({ "CustomerOrder": "order-1" })).await;
    assert_eq!((code, &paid["message"]), (200, &json!("Payment Submitted Successfully")));
    let ledger = client.stack.sandbox().ledger();
    assert!(ledger.len() == 1 && ledger[0].charged_with(CARD), "{ledger:?}");

    let (code, forgotten) = client.forget("order-1").await;
    assert_eq!((code, &forgotten["CustomerOrder"]), (200, &json!("order-1")));

    // Its audit item is witnessed, and the end of the chain is in the log group, as Lambda puts it there.
    let config = card_airlock::functions::sdk_config(&client.stack.aws_url(), "operator");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    until("the end of a chain is in the log group", async || {
        let read = logs.filter_log_events().log_group_name("card-airlock-WitnessLogs");
        let read = read.filter_pattern(order::witness::LoggedHead::FILTER).send().await.unwrap();
        let heads = read.events().iter().filter_map(|event| event.message());
        heads.filter_map(order::witness::LoggedHead::of_line).any(|logged| logged.head.number == 1)
    })
    .await;

    let functions = ["IngestFunction", "TokenizeWorkerFunction", "PaybillFunction", "ForgetFunction"];
    let running: Vec<u32> = functions.iter().flat_map(|name| client.processes().process_ids(name)).collect();
    for name in functions {
        let counts = client.processes().counts(name);
        assert_eq!((counts.starts, counts.crashes, counts.under_way), (1, 0, 0), "{name}: reused");
    }
    assert!(running.len() == functions.len() && running.iter().all(|id| is_running(*id)));
    client.stack.shutdown().await;
    assert!(!running.iter().any(|id| is_running(*id)));
    let written = client.written.lock().unwrap().join("\n");
    assert!(written.contains(&format!("[IngestFunction {}] ", running[0])), "{written}");
    assert!(!written.contains(CARD) && !written.contains("Ann"), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_and_billing_are_never_counted_as_denied_and_a_stranger_once_per_request() {
    let mut client = Client::start().await;
    // On every route, an owner and a clerk, with an order on its way, declined, replaced, paid and forgotten.
    assert_eq!(client.submit_with("order-1", DECLINED).await, 202);
    client.tokenized("order-1").await;
    assert_eq!(client.submit_with("order-1", DECLINED).await, 200);
    assert_eq!(client.pay("order-1").await.0, 402);
    assert_eq!(client.put_card("order-1").await.0, 202);
    until("the card is replaced", async || {
        client.order("order-1").await["CreditCard"] != "****-****-****-0002"
    })
    .await;
    client.token = client.stack.token("clerk", &["billing".into()]).unwrap();
    assert_eq!(client.put_card("order-1").await.0, 200);
    assert_eq!(client.pay("order-1").await.0, 200);
    assert_eq!(client.forget("order-1").await.0, 200);
    assert_eq!(client.order("order-1").await["Status"], "TOKENIZED");
    client.token = client.stack.token("bob", &[]).unwrap();
    // There is no such order, and nobody is denied it.
    for (code, answer) in client.on_each_route("order-2").await {
        assert_eq!((code, &answer["code"]), (404, &json!("ORDER_NOT_FOUND")));
    }
    for (code, answer) in client.on_each_route("order-1").await {
        assert_eq!((code, &answer["code"]), (404, &json!("ORDER_NOT_FOUND")));
    }
    client.stack.shutdown().await;
    let mut denied = denied_in(&client.written);
    denied.sort();
    let of = |function: &str| (function.to_owned(), "NOT_THE_OWNER".to_owned(), "order-1".to_owned());
    let expected = ["ForgetFunction", "IngestFunction", "IngestFunction", "PaybillFunction"].map(of);
    assert_eq!(denied, expected, "one for each of four routes");
    let namespace = "\"Namespace\":\"CardAirlock/card-airlock\"";
    assert!(client.written.lock().unwrap().iter().any(|line| line.contains(namespace)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_by_whoever_meets_it_first_and_leaves_nothing() {
    let client = Client::start().await;
    let order = |padding: usize| {
        let address = "x".repeat(padding);
        json!({ "CustomerOrder": "large", "CustomerName": "Ann", "CreditCard": CARD, "Address": address })
    };
    let (our_limit, lambdas, gateways) = (16 * 1024, 6 * 1024 * 1024, 10 * 1024 * 1024);
    for (padding, code, invocations) in [
        (our_limit, "BODY_TOO_LARGE", 1),
        (our_limit * 64, "BODY_TOO_LARGE", 2),
        (lambdas, "REQUEST_TOO_LARGE", 2),
        (gateways, "REQUEST_TOO_LARGE", 2),
    ] {
        let (status, answer) = client.post("order", order(padding)).await;
        assert_eq!((status, &answer["code"]), (413, &json!(code)), "{padding}");
        assert!(!answer.to_string().contains(CARD));
        assert_eq!(client.processes().counts("IngestFunction").invocations, invocations, "{padding}");
    }
    assert_eq!(client.submit("small").await, 202);
    client.tokenized("small").await;
    assert_eq!(client.processes().counts("IngestFunction").starts, 1, "the process lives on");
    assert_eq!(client.rows("CustomerOrderTable").await, 1);
    client.stack.shutdown().await;
    assert!(!client.written.lock().unwrap().join("\n").contains(CARD));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_one_origin_read_every_answer_of_the_programs_and_by_default_none_does() {
    const ORIGIN: &str = "https://shop.example.com";
    for origin in [Some(ORIGIN), None] {
        let given = origin.map(|origin| ("CorsOrigin".to_owned(), origin.to_owned()));
        let client = Client::start_with(given.into_iter().collect()).await;
        let url = |path: &str| format!("{}/{path}", client.stack.api_url());
        let order =
            json!({ "CustomerOrder": "1", "CustomerName": "Ann", "CreditCard": CARD, "Address": "Here" });
        let http = test_support::http_client();
        let json_body = |body: Value| {
            http.post(url("order")).header("Content-Type", "application/json").body(body.to_string())
        };
        let preflight = http.request(reqwest::Method::OPTIONS, url("order"));
        let preflight = preflight.header("Origin", ORIGIN).header("Access-Control-Request-Method", "POST");
        for (request, status, shown) in [
            (preflight, 200, false),
            (json_body(order).header("Authorization", &client.token), 202, true),
            (json_body(json!({})).header("Authorization", &client.token), 400, true),
            (http.post(url("paybill")).body("{}").header("Authorization", &client.token), 415, true),
            (http.get(url("order/1")), 401, false),
        ] {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status);
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("access-control-allow-origin"), origin, "{status}");
            let expected = origin.filter(|_| shown).map(|_| "Location, Retry-After");
            assert_eq!(header("access-control-expose-headers"), expected, "{status}");
        }
        client.stack.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_worker_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing() {
    let client = Client::start().await;
    let worker = "TokenizeWorkerFunction";
    let mut orders = 0;
    // A round whose kill comes too late proves nothing: then there is another.
    until("a kill lands in the middle of a batch", async || {
        let killed = async {
            until("the worker has a batch", async || client.processes().counts(worker).under_way > 0).await;
            client.processes().kill(worker);
        };
        let client = &client;
        let submitted = futures::future::join_all(
            (orders..orders + 40)
                .map(|number| async move { client.submit(&format!("order-{number}")).await }),
        );
        let (codes, ()) = tokio::join!(submitted, killed);
        assert!(codes.iter().all(|code| *code == 202), "{codes:?}");
        orders += 40;
        client.processes().counts(worker).crashes > 0
    })
    .await;
    for number in 0..orders {
        client.tokenized(&format!("order-{number}")).await;
    }
    assert_eq!(client.rows("OrderQuarantineTable").await, 0);
    assert_eq!(client.rows("CustomerOrderTable").await, orders);
    assert_eq!(client.rows("CreditCardTokenizerTable").await, orders);
    let counts = client.processes().counts(worker);
    assert!(counts.starts > counts.crashes, "{counts:?}: started again after each crash");
    client.stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_that_runs_out_of_time_is_failed_and_its_process_killed() {
    let (_aws, url) = silent_aws().await;
    let processes = Processes::new(options().0, url);
    // The sweep begins while two seconds are left, and its scan is never answered; the SDK would give up after 7 s.
    let replay = processes.function(&replay(Duration::from_secs(6))).unwrap();
    let sweep = || br#"{"action":"sweep"}"#.to_vec();
    let nothing = || br#"{"action":"none"}"#.to_vec();
    assert_eq!(status(&replay, nothing()).await, Err(FunctionError::Unhandled));
    let before = processes.process_ids("ReplayFunction");
    assert_eq!(status(&replay, sweep()).await, Err(FunctionError::TimedOut));
    assert!(before.len() == 1 && !is_running(before[0]));
    assert_eq!(status(&replay, nothing()).await, Err(FunctionError::Unhandled));
    let counts = processes.counts("ReplayFunction");
    assert_eq!(
        (counts.starts, counts.timeouts, counts.crashes),
        (2, 1, 0),
        "the next has a process of its own"
    );
    processes.shutdown().await;
    assert_eq!(status(&replay, nothing()).await, Err(FunctionError::Throttled));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_has_one_invocation_at_a_time_and_more_of_them_start_more_up_to_the_bound() {
    let (_aws, url) = silent_aws().await;
    let processes = Processes::new(ProcessOptions { at_once: 2, ..options().0 }, url);
    let ingest = processes.function(&ingest(PATIENCE)).unwrap();
    let stuck = futures::future::join_all((0..2).map(|_| status(&ingest, order_event())));
    let rest = async {
        until("both are under way", async || processes.counts("IngestFunction").under_way == 2).await;
        assert_eq!(processes.process_ids("IngestFunction").len(), 2);
        let waiting = status(&ingest, stranger_event());
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        assert_eq!(processes.kill("IngestFunction"), 2);
        assert_eq!(waiting.await, Ok(json!(401)), "it had only to wait");
    };
    let (failed, ()) = tokio::join!(stuck, rest);
    assert_eq!(failed, [Err(FunctionError::Unhandled), Err(FunctionError::Unhandled)]);
    let counts = processes.counts("IngestFunction");
    assert_eq!((counts.starts, counts.crashes, counts.timeouts), (3, 2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_between_two_invocations_costs_none_of_them() {
    let (_aws, url) = silent_aws().await;
    let processes = Processes::new(options().0, url);
    let ingest = processes.function(&ingest(PATIENCE)).unwrap();
    assert_eq!(status(&ingest, stranger_event()).await, Ok(json!(401)));
    assert_eq!(processes.kill("IngestFunction"), 1);
    until("it is gone", async || processes.process_ids("IngestFunction").is_empty()).await;
    assert_eq!(status(&ingest, stranger_event()).await, Ok(json!(401)));
    let counts = processes.counts("IngestFunction");
    assert_eq!((counts.starts, counts.crashes, counts.invocations), (2, 0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_sees_what_the_template_and_lambda_set_and_nothing_else() {
    let processes = Processes::new(options().0, silent_aws().await.1);
    let declared = ingest(PATIENCE);
    let ingest = processes.function(&declared).unwrap();
    assert_eq!(status(&ingest, stranger_event()).await, Ok(json!(401)));
    let seen = environment_of(processes.process_ids("IngestFunction")[0]);
    for (name, value) in &declared.environment {
        assert_eq!(seen.get(name), Some(value));
    }
    assert_eq!(seen["AWS_ACCESS_KEY_ID"], declared.access_key_id);
    assert_eq!(seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    let lambdas = ["_HANDLER", "LAMBDA_TASK_ROOT", "LANG", "TZ"];
    let strangers = seen.keys().filter(|name| {
        !declared.environment.contains_key(*name) && !name.starts_with("AWS_") && !lambdas.contains(&&***name)
    });
    assert_eq!(strangers.count(), 0, "{:?}", seen.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_api_takes_requests_by_its_own_address_and_answers_to_its_own_ids_only() {
    let processes = Processes::new(options().0, silent_aws().await.1);
    let ingest = processes.function(&ingest(PATIENCE)).unwrap();
    assert_eq!(status(&ingest, stranger_event()).await, Ok(json!(401)));
    let mut seen = environment_of(processes.process_ids("IngestFunction")[0]);
    let runtime_api = seen.remove("AWS_LAMBDA_RUNTIME_API").unwrap();
    let http = test_support::http_client_within(Duration::from_secs(10));
    let invocation = format!("http://{runtime_api}/2018-06-01/runtime/invocation");
    let foreign = http.get(format!("{invocation}/next")).header("Host", "example.com").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    let id = "00000000-0000-4000-8000-000000000000";
    for what in ["response", "error"] {
        let stray = http.post(format!("{invocation}/{id}/{what}")).body("{}").send().await.unwrap();
        assert_eq!(stray.status(), 400, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_of_the_function_fails_and_the_process_lives_on() {
    let (options, written) = options();
    let processes = Processes::new(options, silent_aws().await.1);
    let ingest = processes.function(&ingest(PATIENCE)).unwrap();
    let wrong = json!({ "httpMethod": 4_111_111_111_111_111_u64 }).to_string().into_bytes();
    assert_eq!(status(&ingest, wrong).await, Err(FunctionError::Unhandled));
    assert_eq!(status(&ingest, stranger_event()).await, Ok(json!(401)));
    assert_eq!(processes.counts("IngestFunction").starts, 1);
    assert!(!written.lock().unwrap().join("").contains(CARD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_start_fails_every_invocation_and_says_why() {
    let (options, written) = options();
    let processes = Processes::new(options, silent_aws().await.1);
    let function = FunctionConfiguration { environment: BTreeMap::new(), ..ingest(PATIENCE) };
    let ingest = processes.function(&function).unwrap();
    for _ in 0..2 {
        assert_eq!(status(&ingest, stranger_event()).await, Err(FunctionError::Unhandled));
    }
    assert_eq!(processes.counts("IngestFunction").starts, 2);
    assert!(written.lock().unwrap().join("\n").contains("METRICS_NAMESPACE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_whose_programs_are_not_built_does_not_start_and_says_how_to_build_them() {
    let nothing = tempfile::tempdir().unwrap();
    let processes = ProcessOptions { folder: nothing.path().to_owned(), ..options().0 };
    let options = StackOptions {
        processes: Some(processes.clone()),
        ..StackOptions::on_free_ports(card_airlock::sign_in::ephemeral().unwrap())
    };
    let error = Stack::start(options).await.unwrap_err().to_string();
    assert!(error.contains("is not built yet: run `cargo build --workspace`"), "{error}");
    let not_built: ProgramMissingError =
        Processes::new(processes, String::new()).function(&ingest(PATIENCE)).unwrap_err();
    assert_eq!(not_built.program, "ingest");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_processes_without_a_shutdown_kills_them() {
    let processes = Processes::new(options().0, silent_aws().await.1);
    let ingest = processes.function(&ingest(PATIENCE)).unwrap();
    assert_eq!(status(&ingest, stranger_event()).await, Ok(json!(401)));
    let running = processes.process_ids("IngestFunction");
    drop((processes, ingest));
    until("the process is gone", async || !running.iter().any(|id| is_running(*id))).await;
}
