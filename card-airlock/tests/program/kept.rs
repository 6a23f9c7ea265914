//! `up --data DIR`: what a restart keeps, and that a kill at any moment loses nothing that was accepted.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test by panicking"
)]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use card_airlock::{
    data::DataFolder,
    deployment::SHIPPED,
    functions, sign_in,
    stack::{Stack, StackOptions},
};
use parking_lot::Mutex;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{
    eventually,
    tables::{ORDERS, QUARANTINE},
};

const PASSWORD: &str = "Abcdefghij1-";
const CARDS: [&str; 3] = ["4242424242424242", "5555555555554444", "378282246310005"];

/// One user pays everything.
const UNLIMITED: [&str; 2] = ["--parameter", "DetokenizePerMinute=1000000000"];

/// A home of the test's own, with the folder of the state.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
        command.args(["up", "--port", "0", "--aws-port", "0", "--data"]);
        command.arg(self.data()).args(arguments).env("XDG_STATE_HOME", self.0.path());
        if !arguments.contains(&"--log") {
            command.args(["--log", "error"]);
        }
        command.stdin(Stdio::null());
        command
    }

    /// A file of orders, and the option that places them.
    fn seed(&self, lines: &[String]) -> String {
        let path = self.0.path().join("orders.jsonl");
        fs::write(&path, lines.join("\n")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What `up` printed.
    fn printed(&self) -> String {
        fs::read_to_string(self.0.path().join("stdout")).unwrap()
    }

    /// A start that does not come about.
    async fn refused(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Killed(command.spawn().unwrap());
        eventually("up is refused", async || child.0.try_wait().unwrap()).await;
        let mut stderr = Vec::new();
        child.0.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        Output { status: child.0.wait().unwrap(), stdout: Vec::new(), stderr }
    }

    async fn up(&self, arguments: &[&str]) -> Up {
        let ready = self.0.path().join("ready.json");
        let errors = self.0.path().join("stderr");
        let _ = fs::remove_file(&ready);
        let mut command = self.command(arguments);
        command.arg("--ready-file").arg(&ready).stdout(File::create(self.0.path().join("stdout")).unwrap());
        command.stderr(File::create(&errors).unwrap());
        let mut child = Killed(command.spawn().unwrap());
        let text = eventually("up is ready", async || {
            let ended = child.0.try_wait().unwrap();
            assert!(ended.is_none(), "up has ended: {}", fs::read_to_string(&errors).unwrap());
            fs::read(&ready).ok()
        })
        .await;
        Up {
            child,
            ready: serde_json::from_slice(&text).unwrap(),
            http: Client::builder().no_proxy().build().unwrap(),
        }
    }
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running `up`. Dropping it kills it.
struct Up {
    child: Killed,
    ready: Value,
    http: Client,
}

impl Up {
    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// SIGKILL: nothing of the process gets to run any more.
    fn kill(self) {
        drop(self.child);
    }

    /// As Ctrl-C does.
    fn stop(mut self) {
        let process = self.child.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
        assert!(self.child.0.wait().unwrap().success());
    }

    /// The status and the body; `None`: there was no answer.
    async fn ask(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let url = format!("{}{path}", self.text("api"));
        let mut request = self.http.request(method, url).header("Authorization", self.text("token"));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).unwrap_or_default()))
    }

    async fn place(&self, order: &str, card: &str) -> Option<u16> {
        let body = json!({
            "CustomerOrder": order, "CustomerName": "Ann", "CreditCard": card, "Address": "Here 1",
        });
        self.ask(reqwest::Method::POST, "/order", Some(&body)).await.map(|(status, _)| status)
    }

    async fn status(&self, order: &str) -> Option<Value> {
        let asked = self.ask(reqwest::Method::GET, &format!("/order/{order}"), None).await;
        asked.filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    async fn tokenized(&self, order: &str) -> Value {
        eventually(&format!("{order} is tokenized"), async || {
            self.status(order).await.filter(|body| body["Status"] == "TOKENIZED")
        })
        .await
    }

    async fn pay(&self, order: &str) -> Option<u16> {
        let body = json!({ "CustomerOrder": order });
        self.ask(reqwest::Method::POST, "/paybill", Some(&body)).await.map(|(status, _)| status)
    }

    /// What the payment sandbox charged, by order.
    async fn charges(&self) -> BTreeMap<String, u32> {
        let url = self.ledger().await;
        let ledger: Vec<Value> =
            serde_json::from_slice(&self.http.get(url).send().await.unwrap().bytes().await.unwrap()).unwrap();
        let mut charges = BTreeMap::new();
        for charge in ledger {
            *charges.entry(charge["CustomerOrder"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        charges
    }

    /// Where the ledger is, by the parameter that leads to the sandbox.
    async fn ledger(&self) -> String {
        let stack = self.aws("cloudformation", "DescribeStacks", &json!({})).await;
        let (_, after) = stack.split_once("<ParameterKey>ProcessorUrl</ParameterKey>").unwrap();
        let url = after.split_once("<ParameterValue>").unwrap().1.split_once('<').unwrap().0;
        format!("{}/ledger", url.rsplit_once('/').unwrap().0)
    }

    /// A call as the operator, in the protocol of its service.
    async fn aws(&self, service: &str, operation: &str, body: &Value) -> String {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=operator/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = self.http.post(self.text("aws")).header("Authorization", authorization);
        let request = match service {
            "cloudformation" => request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(format!("Action={operation}&Version=2010-05-15")),
            _ => {
                let target = match service {
                    "kms" => "TrentService",
                    "sqs" => "AmazonSQS",
                    "events" => "AWSEvents",
                    "secretsmanager" => "secretsmanager",
                    _ => "AWSCognitoIdentityProviderService",
                };
                request
                    .header("Content-Type", "application/x-amz-json-1.1")
                    .header("X-Amz-Target", format!("{target}.{operation}"))
                    .body(body.to_string())
            }
        };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = String::from_utf8(answer.bytes().await.unwrap().into()).unwrap();
        assert!(status.is_success(), "{operation}: {text}");
        text
    }

    async fn json(&self, service: &str, operation: &str, body: Value) -> Value {
        serde_json::from_str(&self.aws(service, operation, &body).await).unwrap_or_default()
    }

    /// As when the minute of a payment's claim has passed.
    async fn end_claim(&self, order: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = self.dynamodb().update_item().table_name(ORDERS).key("CustomerOrder", text(order));
        let update = update.update_expression("SET ClaimedUntil = :past");
        let update = update.condition_expression("attribute_exists(ClaimedUntil)");
        update.expression_attribute_values(":past", text("2026-01-01T00:00:00.000Z")).send().await.unwrap();
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&functions::sdk_config(self.text("aws"), "operator"))
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every file of a folder, with its bytes.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Each round starts the program, goes on with what the one before left, and kills it at another moment: in the start,
/// while orders are accepted, cross and are paid.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_and_doubles_nothing_that_was_accepted() {
    const ROUNDS: u64 = 4;
    const AT_ONCE: u64 = 4;
    let home = Home::new();
    let (accepted, paid) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    for round in 0..ROUNDS {
        // A start that is killed in between, too.
        let mut early = home.command(&UNLIMITED).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..400))).await;
        early.kill().unwrap();
        early.wait().unwrap();

        let up = home.up(&UNLIMITED).await;
        let (moment, done) = (fastrand::u64(3..25), AtomicU64::new(0));
        let shop = async |shopper: u64| {
            for number in 0.. {
                let (order, card) = (format!("k-{round}-{shopper}-{number}"), CARDS[number % CARDS.len()]);
                if up.place(&order, card).await == Some(202) {
                    accepted.lock().insert(order.clone(), card);
                }
                if number % 2 == 1 {
                    let earlier = format!("k-{round}-{shopper}-{}", number - 1);
                    up.tokenized(&earlier).await;
                    if up.pay(&earlier).await == Some(200) {
                        paid.lock().push(earlier);
                    }
                }
                done.fetch_add(1, Ordering::SeqCst);
            }
        };
        let shops = futures::future::join_all((0..AT_ONCE).map(&shop));
        let enough = async {
            while done.load(Ordering::SeqCst) < moment || (round == 0 && paid.lock().is_empty()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! { _ = shops => {}, () = enough => {} }
        up.kill();
    }
    let (accepted, paid) = (accepted.into_inner(), paid.into_inner());
    assert!(!accepted.is_empty() && !paid.is_empty(), "{} accepted, {} paid", accepted.len(), paid.len());

    let up = home.up(&UNLIMITED).await;
    let mut tokens = BTreeMap::new();
    for (order, card) in &accepted {
        let status = up.tokenized(order).await;
        let last4 = &card[card.len() - 4..];
        assert_eq!(status["CreditCard"], format!("****-****-****-{last4}"), "{order}");
        let token = status["CreditCardToken"].as_str().unwrap().to_owned();
        assert!(tokens.insert(token, order).is_none(), "{order} has a token of its own");
    }
    for order in &paid {
        assert_eq!(up.status(order).await.unwrap()["PaymentStatus"], "SUBMITTED", "{order}");
    }
    for order in accepted.keys() {
        let mut answer = up.pay(order).await;
        if answer == Some(409) {
            // It was interrupted, and holds its claim for a minute.
            up.end_claim(order).await;
            answer = up.pay(order).await;
        }
        assert_eq!(answer, Some(200), "{order}: {:?}", up.status(order).await);
    }
    let charges = up.charges().await;
    for order in accepted.keys() {
        assert_eq!(charges.get(order), Some(&1), "{order} is charged once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_stream_record_was_not_read_crosses_after_the_restart_and_its_event_comes() {
    const ORDERS: usize = 5;
    let home = Home::new();
    let up = home.up(&["--fault", "TokenizeWorkerRole/kms/Decrypt=throttled"]).await;
    let queue = "arn:aws:sqs:us-east-1:123456789012:mine";
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": queue,
    }] });
    let made = json!({ "QueueName": "mine", "Attributes": { "Policy": policy.to_string() } });
    up.json("sqs", "CreateQueue", made).await;
    let buses = up.json("events", "ListEventBuses", json!({})).await;
    let buses = buses["EventBuses"].as_array().unwrap().iter().map(|bus| bus["Name"].as_str().unwrap());
    let bus = buses.into_iter().find(|bus| *bus != "default").unwrap().to_owned();
    let pattern = r#"{"detail-type":["order.tokenized"]}"#;
    let rule = json!({ "Name": "mine", "EventBusName": bus, "EventPattern": pattern });
    up.json("events", "PutRule", rule).await;
    let targets = json!([{ "Id": "1", "Arn": queue }]);
    up.json("events", "PutTargets", json!({ "Rule": "mine", "EventBusName": bus, "Targets": targets })).await;
    for number in 0..ORDERS {
        assert_eq!(up.place(&format!("held-{number}"), CARDS[0]).await, Some(202));
    }
    up.kill();

    let up = home.up(&[]).await;
    for number in 0..ORDERS {
        up.tokenized(&format!("held-{number}")).await;
    }
    let url = up.json("sqs", "GetQueueUrl", json!({ "QueueName": "mine" })).await["QueueUrl"].clone();
    eventually("the events are in the queue", async || {
        let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let attributes = up.json("sqs", "GetQueueAttributes", asked).await;
        let waiting = attributes["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap();
        (waiting.parse::<usize>().unwrap() >= ORDERS).then_some(())
    })
    .await;
    up.stop();

    // What was done before a stop does not come again: neither records behind the positions, nor events that were brought.
    let up = home.up(&[]).await;
    assert_eq!(up.place("last", CARDS[0]).await, Some(202));
    up.tokenized("last").await;
    let url = up.json("sqs", "GetQueueUrl", json!({ "QueueName": "mine" })).await["QueueUrl"].clone();
    let mut told = Vec::new();
    eventually("the last event is in the queue", async || {
        let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 });
        let received = up.json("sqs", "ReceiveMessage", asked).await;
        for message in received["Messages"].as_array().into_iter().flatten() {
            told.push(message["Body"].as_str().unwrap().to_owned());
        }
        told.iter().any(|body| body.contains("\"last\"")).then_some(())
    })
    .await;
    assert_eq!(told.len(), ORDERS + 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_users_queues_rules_secrets_and_transactions_stay() {
    let home = Home::new();
    let up = home.up(&[]).await;
    // A key of somebody's own, and a template's key with another policy.
    let made = up.json("kms", "CreateKey", json!({ "Description": "mine" })).await;
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let sealed = up.json("kms", "Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).await;
    let keys_before = up.json("kms", "ListKeys", json!({})).await;
    let ours = keys_before["Keys"].as_array().unwrap().iter().map(|key| key["KeyArn"].as_str().unwrap());
    let mut policies = BTreeMap::new();
    for arn in ours {
        let read = up.json("kms", "GetKeyPolicy", json!({ "KeyId": arn })).await;
        policies.insert(arn.to_owned(), read["Policy"].as_str().unwrap().to_owned());
    }
    let (changed, policy) = policies.iter().find(|(arn, _)| !arn.ends_with(&key)).unwrap();
    let mut other: Value = serde_json::from_str(policy).unwrap();
    other["Id"] = "changed".into();
    up.json("kms", "PutKeyPolicy", json!({ "KeyId": changed, "Policy": other.to_string() })).await;

    let user = json!({
        "UserPoolId": "us-east-1_CardArlck", "Username": "ann@example.com", "MessageAction": "SUPPRESS",
    });
    up.json("cognito-idp", "AdminCreateUser", user).await;
    let password = json!({
        "UserPoolId": "us-east-1_CardArlck", "Username": "ann@example.com", "Password": PASSWORD, "Permanent": true,
    });
    up.json("cognito-idp", "AdminSetUserPassword", password).await;

    let queue = up.json("sqs", "CreateQueue", json!({ "QueueName": "mine" })).await;
    let url = queue["QueueUrl"].as_str().unwrap().to_owned();
    up.json("sqs", "SendMessage", json!({ "QueueUrl": url, "MessageBody": "waits" })).await;
    let rule = json!({ "Name": "mine", "EventPattern": r#"{"source":["x"]}"#, "State": "DISABLED" });
    up.json("events", "PutRule", rule).await;
    let target = json!([{ "Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:mine" }]);
    up.json("events", "PutTargets", json!({ "Rule": "mine", "Targets": target })).await;
    let secret = json!({ "Name": "mine", "SecretString": "s3cret", "ClientRequestToken": "t" });
    up.json("secretsmanager", "CreateSecret", secret).await;
    let transact = async |up: &Up| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put =
            Put::builder().table_name(QUARANTINE).condition_expression("attribute_not_exists(CustomerOrder)");
        let put = put.item("CustomerOrder", text("by-token")).item("Status", text("FAILED")).build().unwrap();
        let item = TransactWriteItem::builder().put(put).build();
        up.dynamodb().transact_write_items().client_request_token("once").transact_items(item).send().await
    };
    transact(&up).await.unwrap();
    assert_eq!(up.place("paid", CARDS[0]).await, Some(202));
    let before = up.tokenized("paid").await;
    assert_eq!(up.pay("paid").await, Some(200));
    let token = up.text("token").to_owned();
    up.kill();

    let mut up = home.up(&[]).await;
    assert_eq!(up.json("kms", "ListKeys", json!({})).await, keys_before, "no key was made again");
    let asked = json!({ "KeyId": key, "CiphertextBlob": sealed["CiphertextBlob"] });
    assert_eq!(up.json("kms", "Decrypt", asked).await["Plaintext"], "AAAA");
    for (arn, policy) in &policies {
        let read = up.json("kms", "GetKeyPolicy", json!({ "KeyId": arn })).await;
        let read: Value = serde_json::from_str(read["Policy"].as_str().unwrap()).unwrap();
        let wanted = if arn == changed { other.clone() } else { serde_json::from_str(policy).unwrap() };
        assert_eq!(read, wanted, "{arn}");
    }
    let sign_in = json!({
        "ClientId": "cardairlocklocalclienthere", "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "ann@example.com", "PASSWORD": PASSWORD },
    });
    let signed_in = up.json("cognito-idp", "InitiateAuth", sign_in).await;
    assert!(signed_in["AuthenticationResult"]["IdToken"].is_string(), "{signed_in}");
    let url = up.json("sqs", "GetQueueUrl", json!({ "QueueName": "mine" })).await["QueueUrl"].clone();
    let received = up.json("sqs", "ReceiveMessage", json!({ "QueueUrl": url })).await;
    assert_eq!(received["Messages"][0]["Body"], "waits");
    let rule = up.json("events", "DescribeRule", json!({ "Name": "mine" })).await;
    assert_eq!(rule["State"], "DISABLED");
    let targets = up.json("events", "ListTargetsByRule", json!({ "Rule": "mine" })).await;
    assert_eq!(targets["Targets"][0]["Arn"], "arn:aws:sqs:us-east-1:123456789012:mine");
    let secret = up.json("secretsmanager", "GetSecretValue", json!({ "SecretId": "mine" })).await;
    assert_eq!(secret["SecretString"], "s3cret");
    transact(&up).await.expect("a token that was used answers as before, and does nothing");

    // The token of before is still good: its key stays.
    up.ready["token"] = token.into();
    assert_eq!(up.tokenized("paid").await["CreditCardToken"], before["CreditCardToken"]);
    assert_eq!(up.pay("paid").await, Some(200));
    assert_eq!(up.charges().await.get("paid"), Some(&1));
    assert_eq!(up.place("after", CARDS[1]).await, Some(202));
    up.tokenized("after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_knows_the_orders_of_before_and_does_not_move_the_clock() {
    let home = Home::new();
    let up = home.up(&[]).await;
    assert_eq!(up.place("yesterday", CARDS[0]).await, Some(202));
    up.tokenized("yesterday").await;
    up.kill();
    let up = home.up(&[]).await;
    let origin = up.text("api").rsplit_once('/').unwrap().0;
    let found = up.http.get(format!("{origin}/console/orders?text=yesterday")).send().await.unwrap();
    let found = String::from_utf8(found.bytes().await.unwrap().into()).unwrap();
    assert!(found.contains("yesterday"), "{found}");
    let asked = up.http.post(format!("{origin}/console/clock")).header("Content-Type", "application/json");
    let asked = asked.header("Sec-Fetch-Site", "same-origin").header("Origin", origin);
    let refused = asked.body(r#"{"minutes":60}"#).send().await.unwrap();
    assert_eq!(refused.status(), 409);
    let told = String::from_utf8(refused.bytes().await.unwrap().into()).unwrap();
    assert!(told.contains("With --data the clock cannot be moved"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_up_and_a_folder_that_is_not_fit_are_refused_and_nothing_is_changed() {
    let home = Home::new();
    let up = home.up(&[]).await;
    assert_eq!(fs::metadata(home.data()).unwrap().permissions().mode() & 0o777, 0o700);
    for file in bytes(&home.data()).keys() {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let second = home.refused(&[]).await;
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another `card-airlock up` uses"), "{}", stderr(&second));
    assert_eq!(up.place("still", CARDS[0]).await, Some(202), "the first one goes on");
    up.stop();

    let refuses = async |told: &str| {
        let before = bytes(&home.data());
        let output = home.refused(&[]).await;
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains(told), "{told}: {}", stderr(&output));
        assert!(bytes(&home.data()) == before, "{told}: a byte has changed");
    };
    let version = home.data().join("version.json");
    let right = fs::read(&version).unwrap();
    fs::write(&version, r#"{"program":"card-airlock","format":2}"#).unwrap();
    refuses("has format 2, of a newer card-airlock").await;
    fs::write(&version, &right[..right.len() / 2]).unwrap();
    refuses("version.json is damaged").await;
    fs::write(&version, &right).unwrap();
    let state = home.data().join("state.db");
    let whole = fs::read(&state).unwrap();
    fs::write(&state, b"garbage".repeat(1_000)).unwrap();
    refuses("state.db is damaged").await;
    fs::write(&state, whole).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o755)).unwrap();
    refuses("other users can open").await;
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o700)).unwrap();
    let up = home.up(&[]).await;
    up.tokenized("still").await;
}

fn line(order: &str, card: &str) -> String {
    let body =
        json!({ "CustomerOrder": order, "CustomerName": "Ann", "CreditCard": card, "Address": "Here 1" });
    body.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_orders_are_there_when_up_is_ready_and_the_same_file_changes_nothing_again() {
    let home = Home::new();
    let mut priced: Value = serde_json::from_str(&line("priced", CARDS[2])).unwrap();
    (priced["Amount"], priced["Currency"]) = (1999.into(), "USD".into());
    let seed = home.seed(&[line("a", CARDS[0]), String::new(), line("b", CARDS[1]), priced.to_string()]);
    let up = home.up(&["--seed", &seed, "--log", "trace"]).await;
    assert!(home.printed().contains("Seed: 3 orders are accepted, 0 are refused."), "{}", home.printed());
    let mut tokens = Vec::new();
    for order in ["a", "b", "priced"] {
        assert!(up.status(order).await.is_some(), "{order} is there at once");
        tokens.push(up.tokenized(order).await["CreditCardToken"].clone());
    }
    assert_eq!(up.tokenized("priced").await["OrderAmount"], 1999);
    assert_eq!(up.pay("a").await, Some(200));
    let logged = fs::read_to_string(home.0.path().join("stderr")).unwrap();
    for card in CARDS {
        assert!(!logged.contains(card), "no card is logged");
    }
    up.kill();

    let up = home.up(&["--seed", &seed]).await;
    assert!(home.printed().contains("Seed: 3 orders are accepted, 0 are refused."), "{}", home.printed());
    for (order, token) in ["a", "b", "priced"].into_iter().zip(&tokens) {
        assert_eq!(up.status(order).await.unwrap()["CreditCardToken"], *token, "{order}");
    }
    assert_eq!(up.status("a").await.unwrap()["PaymentStatus"], "SUBMITTED");
    assert_eq!(up.charges().await.get("a"), Some(&1));
    up.kill();

    // Another order under an id that is taken: the API refuses it, and the others are placed.
    let seed = home.seed(&[line("a", CARDS[1]), line("c", CARDS[0])]);
    let up = home.up(&["--seed", &seed]).await;
    let printed = home.printed();
    assert!(printed.contains("Seed: 1 orders are accepted, 1 are refused.\n  line 1: 409 "), "{printed}");
    assert_eq!(up.status("a").await.unwrap()["CreditCardToken"], tokens[0]);
    up.tokenized("c").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_wrong_line_places_nothing_and_is_not_repeated() {
    let home = Home::new();
    let wrong = "4242424242424241";
    let seed = home.seed(&[line("a", CARDS[0]), line("stray", wrong)]);
    let output = home.refused(&["--seed", &seed]).await;
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains("line 2 is refused, and no order was placed"), "{told}");
    assert!(!told.contains(wrong) && !told.contains("stray"), "{told}");
    assert!(!home.data().exists(), "nothing was begun");
    let encrypted = ["--seed", &home.seed(&[line("a", CARDS[0])]), "--parameter", "EncryptedCardOnly=true"];
    let output = home.refused(&encrypted).await;
    assert!(
        stderr(&output).contains("line 1 is refused") && stderr(&output).contains("(ENCRYPTED_CARD_ONLY)")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_ends_keeps_no_seeded_order_out() {
    let home = Home::new();
    let seed = home.seed(&[line("a", CARDS[0]), line("b", CARDS[1])]);
    let fault = "IngestRole/kms/GenerateDataKey=throttled@x6";
    let up = home.up(&["--seed", &seed, "--fault", fault]).await;
    assert!(home.printed().contains("Seed: 2 orders are accepted, 0 are refused."), "{}", home.printed());
    up.tokenized("a").await;
    up.tokenized("b").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_with_another_key_of_a_table_is_refused_and_one_with_more_tables_is_taken() {
    let home = Home::new();
    let start = async |template: Option<String>| {
        let issuer = sign_in::ephemeral().unwrap();
        let data = Some(DataFolder::open(&home.data()).unwrap());
        Stack::start(StackOptions {
            data,
            template,
            self_driven: false,
            ..StackOptions::on_free_ports(issuer)
        })
        .await
    };
    start(None).await.unwrap().shutdown().await;
    let before =
        "      AttributeDefinitions:\n        - AttributeName: CustomerOrder\n          AttributeType: S\n";
    let other = SHIPPED.replacen(before, &before.replace("AttributeType: S", "AttributeType: N"), 1);
    assert_ne!(other, SHIPPED);
    let refused = start(Some(other)).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("the table ") && refused.contains("that was kept has another key"),
        "{refused}"
    );
    let more = SHIPPED.replacen(
        "  OrderQuarantineTable:\n    Type: AWS::DynamoDB::Table\n",
        "  MoreTable:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: MoreTable\n      BillingMode: PAY_PER_REQUEST\n      AttributeDefinitions:\n        - AttributeName: Id\n          AttributeType: S\n      KeySchema:\n        - AttributeName: Id\n          KeyType: HASH\n  OrderQuarantineTable:\n    Type: AWS::DynamoDB::Table\n",
        1,
    );
    let stack = start(Some(more)).await.unwrap();
    assert_eq!(stack.aws().rows("MoreTable").unwrap(), [] as [Value; 0]);
    stack.shutdown().await;
}
