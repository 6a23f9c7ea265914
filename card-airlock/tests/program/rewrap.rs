//! `card-airlock rewrap`, against a running stack whose vault got another key.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
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
        head_log: functions::HeadLog::new(|_| {}),
    };
    let stream = &stack.declared.stream_mapping("TokenizeWorkerFunction").unwrap().stream_arn;
    let records = stack.aws().stream(stream).unwrap().records_after(None, 1000).unwrap();
    let event = json!({ "Records": records }).to_string().into_bytes();
    let deadline = Clock::system().now() + Duration::from_secs(60);
    functions::handler(&worker, &around).unwrap().invoke(event, deadline).await.unwrap();
    (stack, client)
}

fn rewrap(stack: &Stack, options: &[&str]) -> Command {
    let port = stack.aws_url().rsplit_once(':').unwrap().1.to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["rewrap", "--yes", "--aws-port", &port]).args(options).stdin(Stdio::null());
    command
}

/// The same as on a deployed stack: by its name, with an AWS configuration, whose endpoint is this machine's. The caller is
/// who has the policy for it.
fn rewrap_deployed(stack: &Stack, caller: &str, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["rewrap", "--stack", "card-airlock", "--region", "us-east-1"]).args(options);
    let nowhere = [("AWS_CONFIG_FILE", "/nonexistent"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")];
    command.envs(nowhere).env_remove("AWS_PROFILE").env("AWS_ENDPOINT_URL", stack.aws_url());
    command.env("AWS_ACCESS_KEY_ID", caller).env("AWS_SECRET_ACCESS_KEY", "any").stdin(Stdio::null());
    command
}

/// Whether a text has the card in some form.
fn has_card(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !" -".contains(*c)).collect();
    digits.contains(CARD) || text.contains(&BASE64_STANDARD.encode(CARD)[..16])
}

/// The exit code and what was printed, in which no card is.
async fn ran(command: Command) -> (Option<i32>, String) {
    let (code, told) = super::done(command).await;
    assert!(!has_card(&told), "{told}");
    (code, told)
}

async fn json_of(command: Command) -> (Option<i32>, Value) {
    let (code, told) = ran(command).await;
    // After the result comes what was told on standard error.
    (code, serde_json::from_str(told.lines().next().unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_is_killed_continues_and_nothing_needs_the_previous_key_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, client) = stack_of_before(24, folder.path()).await;
    let (code, told) = ran(rewrap(&stack, &["--dry-run"])).await;
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("       24  rows in the vault") && told.contains("24 rows are to be moved"),
        "{told}"
    );
    let (code, verified) = json_of(rewrap(&stack, &["--verify", "--json"])).await;
    assert_eq!((code, verified["left"].as_u64()), (Some(3), Some(24)));

    // Nobody is at a terminal: it is said what would be done, and nothing is.
    let port = stack.aws_url().rsplit_once(':').unwrap().1.to_owned();
    let mut unconfirmed = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    unconfirmed.args(["rewrap", "--aws-port", &port]).stdin(Stdio::null());
    let (code, told) = ran(unconfirmed).await;
    assert_eq!(code, Some(4), "{told}");
    for word in
        ["with the present key in place of the", "100 rows a second", "rewrap --dry-run --aws-port", "--yes"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    let (_, verified) = json_of(rewrap(&stack, &["--verify", "--json"])).await;
    assert_eq!(verified["left"].as_u64(), Some(24), "nothing was moved");
    // The function has its own role, and the operator the right to invoke it and nothing else.
    assert!(stack.aws().tally("OperatorRewrap", "Invoke").calls > 0, "{:?}", stack.aws().tallies());
    assert_eq!(stack.aws().tally("OperatorRewrap", "ReEncrypt").calls, 0);

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
async fn on_a_deployed_stack_its_function_is_invoked_by_who_has_the_policy_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, client) = stack_of_before(7, folder.path()).await;
    let (code, told) = ran(rewrap_deployed(&stack, "OperatorRewrap", &[])).await;
    assert!(
        code == Some(4) && told.contains("stack card-airlock in us-east-1, account 123456789012"),
        "{told}"
    );
    let next = " rewrap --dry-run --stack card-airlock --region us-east-1\n";
    assert!(told.contains(next) && !told.contains("--aws-port"), "{told}");
    for operator in ["OperatorRead", "OperatorReplay", "OperatorSettle"] {
        let (code, told) = ran(rewrap_deployed(&stack, operator, &["--yes"])).await;
        assert!(
            code == Some(1) && told.contains("Invoke of Lambda failed: AccessDenied"),
            "{operator}: {told}"
        );
        assert!(told.contains("after 0 rows"), "{told}");
    }
    let (code, pass) =
        json_of(rewrap_deployed(&stack, "OperatorRewrap", &["--json", "--rate", "1000", "--verify"])).await;
    assert_eq!((code, pass["left"].as_u64()), (Some(3), Some(7)), "nothing was moved: {pass}");
    let (code, pass) = ran(rewrap_deployed(&stack, "OperatorRewrap", &["--yes", "--rate", "1"])).await;
    assert_eq!(code, Some(0), "{pass}");
    assert!(pass.contains("7  moved to the present key"), "{pass}");
    assert!(pass.contains(" rewrap --verify --stack card-airlock --region us-east-1\n"), "{pass}");
    // A chunk is five seconds of that rate, so two were asked for; and who asked may do nothing of it himself.
    let (code, _) = ran(rewrap_deployed(&stack, "OperatorRewrap", &["--verify"])).await;
    assert_eq!(code, Some(0));
    for operation in ["ReEncrypt", "UpdateItem", "Scan"] {
        assert_eq!(stack.aws().tally("OperatorRewrap", operation).calls, 0, "{operation}");
    }
    assert!(stack.aws().tally("RewrapRole", "ReEncrypt").calls >= 7);
    let kms = aws_sdk_kms::Client::new(&functions::sdk_config(&stack.aws_url(), "operator"));
    kms.disable_key().key_id(PREVIOUS_KEY).send().await.unwrap();
    client.pay("0").await.is(200);
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
    assert!(code == Some(1) && told.contains("`card-airlock up` is running"), "{told}");
}
