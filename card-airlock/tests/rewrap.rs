//! `card-airlock rewrap`, against a running stack whose vault got another key.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use card_airlock::{
    functions::{self, Surroundings},
    stack::{Stack, StackOptions},
};
use clock::Clock;
use serde_json::{Value, json};
use test_support::{Client, eventually, order};

const PREVIOUS_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";
/// The card of `test_support::order`.
const CARD: &str = "4111111111111111";

/// A stack whose orders all crossed before the vault's key was replaced.
async fn stack_of_before(orders: usize, folder: &Path) -> (Stack, Client) {
    let options = StackOptions {
        self_driven: false,
        parameters: BTreeMap::from([("PreviousVaultKeyArn".to_owned(), PREVIOUS_KEY.to_owned())]),
        ..StackOptions::on_free_ports(card_airlock::sign_in::kept_in(folder).unwrap())
    };
    let stack = Stack::start(options).await.unwrap();
    let client = Client::new(&stack.api_url(), stack.token("ann", &[]).unwrap());
    for number in 0..orders {
        client.submit(&order(&number.to_string())).await.is(202);
    }
    let mut worker = stack.declared.function("TokenizeWorkerFunction").unwrap().clone();
    worker.environment.insert("VAULT_KEY_ARN".to_owned(), PREVIOUS_KEY.to_owned());
    let around = Surroundings {
        aws_url: stack.aws_url(),
        clock: Clock::system(),
        sdk_attempts: 3,
        processes: None,
        sdk_timeouts: platform::aws_client::timeouts(),
    };
    let stream = &stack.declared.stream_mappings[0].stream_arn;
    let records = stack.aws().stream(stream).unwrap().records_after(None, 1000).unwrap();
    let event = json!({ "Records": records }).to_string().into_bytes();
    let deadline = Clock::system().now() + Duration::from_secs(60);
    functions::handler(&worker, &around).unwrap().invoke(event, deadline).await.unwrap();
    (stack, client)
}

fn rewrap(stack: &Stack, options: &[&str]) -> Command {
    let port = stack.aws_url().rsplit_once(':').unwrap().1.to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["rewrap", "--aws-port", &port]).args(options).stdin(Stdio::null());
    command
}

/// Whether a text has the card in some form.
fn has_card(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !" -".contains(*c)).collect();
    digits.contains(CARD) || text.contains(&BASE64_STANDARD.encode(CARD)[..16])
}

/// The exit code and what was printed, in which no card is.
async fn ran(mut command: Command) -> (Option<i32>, String) {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = output;
    let told = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert!(!has_card(&told), "{told}");
    (status.code(), told)
}

async fn json_of(command: Command) -> (Option<i32>, Value) {
    let (code, told) = ran(command).await;
    (code, serde_json::from_str(&told).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_is_killed_continues_and_nothing_needs_the_previous_key_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, client) = stack_of_before(24, folder.path()).await;
    let (code, told) = ran(rewrap(&stack, &["--dry-run"])).await;
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("       24  rows in the vault") && told.contains("move 24 rows"), "{told}");
    let (code, verified) = json_of(rewrap(&stack, &["--verify", "--json"])).await;
    assert_eq!((code, verified["left"].as_u64()), (Some(3), Some(24)));

    let state = folder.path().join("state.json");
    let with_state = ["--state", state.to_str().unwrap()];
    let mut killed = rewrap(&stack, &[&with_state[..], &["--rate", "2"]].concat());
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the first chunk is done", async || state.exists().then_some(())).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let kept = std::fs::read_to_string(&state).unwrap();
    assert!(!has_card(&kept), "{kept}");
    let before: Value = serde_json::from_str(&kept).unwrap();
    let (done, cursor) = (before["rewrapped"].as_u64().unwrap(), &before["cursor"]);
    assert!((1..24).contains(&done) && cursor.is_string(), "{before}");
    // A pass of another kind does not take the file.
    let (code, told) = ran(rewrap(&stack, &[&with_state[..], &["--verify"]].concat())).await;
    assert!(code == Some(1) && told.contains("of another pass"), "{told}");

    let (code, pass) = json_of(rewrap(&stack, &[&with_state[..], &["--json"]].concat())).await;
    assert_eq!((code, pass["rows"].as_u64()), (Some(0), Some(24)), "{pass}");
    // What was moved when it was killed, and not written down yet, says that it is.
    assert_eq!(pass["rewrapped"].as_u64().unwrap() + pass["present"].as_u64().unwrap(), 24, "{pass}");
    assert!(!state.exists());
    let (code, verified) = json_of(rewrap(&stack, &["--verify", "--json"])).await;
    assert_eq!(
        (code, verified["left"].as_u64(), verified["ofAnotherKey"].as_u64()),
        (Some(0), Some(0), Some(24))
    );
    let (code, told) = ran(rewrap(&stack, &["--dry-run"])).await;
    assert!(code == Some(0) && told.contains("Nothing is to be moved"), "{told}");

    let kms = aws_sdk_kms::Client::new(&functions::sdk_config(&stack.aws_url(), "operator"));
    kms.disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    for number in 0..24 {
        client.pay(&number.to_string()).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_previous_key_or_an_endpoint_there_is_nothing_to_re_wrap() {
    let folder = tempfile::tempdir().unwrap();
    let options = StackOptions::on_free_ports(card_airlock::sign_in::kept_in(folder.path()).unwrap());
    let stack = Stack::start(options).await.unwrap();
    let (code, told) = ran(rewrap(&stack, &[])).await;
    assert!(code == Some(1) && told.contains("no previous key"), "{told}");
    let nobody = rewrap(&stack, &[]);
    stack.shutdown().await;
    let (code, told) = ran(nobody).await;
    assert!(code == Some(1) && told.contains("is `card-airlock up` running"), "{told}");
}
