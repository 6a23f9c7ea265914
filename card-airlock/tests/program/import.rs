//! `card-airlock import`, against a running stack with a table of card numbers beside it.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use card_airlock::{
    functions,
    stack::{Stack, StackOptions},
};
use serde_json::Value;
use test_support::{Client, eventually, tables::ORDERS};

const OWNER: &str = "a8732691-5523-5181-80a7-10c011c2c859";
const CARD: &str = "4111111111111111";
/// What a source may have in its keys.
const CARD_IN_KEY: &str = "5555555555554444";

/// A card number for a key, another one for each number.
fn card_of(number: usize) -> String {
    let start = format!("5100000{number:08}");
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let digits = start.chars().rev().map(|digit| digit.to_digit(10).unwrap());
    let sum: u32 =
        digits.enumerate().map(|(at, digit)| if at % 2 == 0 { doubled(digit) } else { digit }).sum();
    format!("{start}{}", (10 - sum % 10) % 10)
}

/// A stack that works by itself, with so many rows in its source.
async fn stack_with(rows: usize, folder: &Path) -> (Stack, Client) {
    let parameters = [
        ("ImportTable", "Legacy"),
        ("ImportKeyAttribute", "Id"),
        ("ImportNumberAttribute", "Card"),
        ("ImportOrderAttribute", "OrderNo"),
        ("ImportOwner", OWNER),
    ];
    let options = StackOptions {
        parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..StackOptions::on_free_ports(card_airlock::sign_in::kept_in(folder).unwrap())
    };
    let stack = Stack::start(options).await.unwrap();
    let dynamodb = dynamodb(&stack);
    let schema = KeySchemaElement::builder().attribute_name("Id").key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder().attribute_name("Id");
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let table = dynamodb.create_table().table_name("Legacy").billing_mode(BillingMode::PayPerRequest);
    table.key_schema(schema).attribute_definitions(attribute).send().await.unwrap();
    for number in 0..rows {
        put_row(&dynamodb, &format!("row-{number}"), &format!("order-{number}"), CARD).await;
    }
    let client = Client::new(&stack.api_url(), stack.token("ann", &[]).unwrap());
    (stack, client)
}

fn dynamodb(stack: &Stack) -> DynamoDb {
    DynamoDb::new(&functions::sdk_config(&stack.aws_url(), "operator"))
}

async fn put_row(dynamodb: &DynamoDb, id: &str, order: &str, card: &str) {
    let row =
        [("Id", id), ("OrderNo", order), ("Card", card), ("CustomerName", "Ann"), ("Address", "Las Vegas")];
    let row = row.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    dynamodb.put_item().table_name("Legacy").set_item(Some(row.into())).send().await.unwrap();
}

fn import(stack: &Stack, options: &[&str]) -> Command {
    let port = stack.aws_url().rsplit_once(':').unwrap().1.to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["import", "--aws-port", &port]).args(options).stdin(Stdio::null());
    command
}

/// Whether a text has one of the cards in some form.
fn has_card(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !" -".contains(*c)).collect();
    // The first digits of all that are keys.
    let keys = "5100000000000";
    [CARD, CARD_IN_KEY, keys]
        .iter()
        .any(|card| digits.contains(card) || text.contains(&BASE64_STANDARD.encode(card)[..16]))
}

/// The exit code and what was printed, in which no card is.
async fn ran(command: Command) -> (Option<i32>, String) {
    let (code, told) = super::done(command).await;
    assert!(!has_card(&told), "{told}");
    (code, told)
}

/// The results in a file, by order; each row is told once, and no card is.
fn results(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(!has_card(&text), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = lines.iter().map(|line| {
        let order = line["order"].as_str().unwrap_or("hidden").to_owned();
        (order, line["outcome"].as_str().unwrap().to_owned())
    });
    let told: BTreeMap<_, _> = told.collect();
    assert_eq!(told.len(), lines.len(), "{text}");
    told
}

async fn across(stack: &Stack) -> usize {
    let page = dynamodb(stack).scan().table_name(ORDERS).consistent_read(true).send().await.unwrap();
    page.items.unwrap_or_default().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_at_twenty_random_moments_ends_the_same_and_tells_each_row_once() {
    const ROWS: usize = 60;
    const ROUNDS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let (stack, client) = stack_with(0, folder.path()).await;
    // Each key is a card, so each place in the source is one.
    for number in 0..ROWS {
        put_row(&dynamodb(&stack), &card_of(number), &format!("order-{number}"), CARD).await;
    }
    let [state, told] = ["state.json", "results.jsonl"].map(|name| folder.path().join(name));
    let with_files = ["--yes", "--state", state.to_str().unwrap(), "--results", told.to_str().unwrap()];
    let rows_of = || -> usize {
        let Ok(kept) = std::fs::read_to_string(&state) else { return 0 };
        assert!(!has_card(&kept), "{kept}");
        let kept: Value = serde_json::from_str(&kept).unwrap();
        kept["summary"]["rows"].as_u64().unwrap() as usize
    };
    let mut killed_at = Vec::new();
    for round in 0..ROUNDS {
        // A chunk of three rows takes a second. It is killed somewhere in the chunk after so many rows, or in the next ones.
        let mut killed = import(&stack, &[&with_files[..], &["--rate", "3"]].concat());
        let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let place = round * (ROWS - 6) / ROUNDS;
        eventually("the place is reached", async || (rows_of() >= place).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..600))).await;
        assert_eq!(killed.try_wait().unwrap(), None, "round {round} was done before it was killed");
        killed.kill().unwrap();
        killed.wait().unwrap();
        killed_at.push(rows_of());
    }
    // Over the whole run, and the last time not after it.
    assert!(killed_at[ROUNDS - 1] >= ROWS * 3 / 4 && killed_at[ROUNDS - 1] < ROWS, "{killed_at:?}");
    killed_at.dedup();
    assert!(killed_at.len() >= ROUNDS / 2, "{killed_at:?}");
    let before: Value = serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
    assert!(before["summary"]["cursor"].is_string(), "{before}");
    // A pass of another kind does not take the file.
    let (code, printed) = ran(import(&stack, &["--dry-run", "--state", state.to_str().unwrap()])).await;
    assert!(code == Some(1) && printed.contains("of another pass"), "{printed}");

    let (code, printed) = ran(import(&stack, &[&with_files[..], &["--json"]].concat())).await;
    assert_eq!(code, Some(0), "{printed}");
    assert!(!state.exists());
    let outcomes = results(&told);
    assert_eq!(outcomes.len(), ROWS);
    assert!(
        outcomes.values().all(|outcome| ["imported", "there"].contains(&outcome.as_str())),
        "{outcomes:?}"
    );
    eventually("all are across", async || (across(&stack).await == ROWS).then_some(())).await;
    for number in [0, 7, ROWS - 1] {
        client.pay(&format!("order-{number}")).await.is(200);
    }
    let (code, printed) = ran(import(&stack, &["--yes"])).await;
    assert!(code == Some(0) && printed.contains("       60  there already"), "{printed}");
    let (code, printed) = ran(import(&stack, &["--scrub", "--yes"])).await;
    assert!(code == Some(0) && printed.contains("60  with the token in the number's place now"), "{printed}");
    assert_eq!(across(&stack).await, ROWS);
    let source = dynamodb(&stack).scan().table_name("Legacy").send().await.unwrap();
    // The keys stay what they are.
    let numbers: Vec<_> = source.items().iter().map(|row| &row["Card"]).collect();
    assert!(!has_card(&format!("{numbers:?}")), "no number is left in the source");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_somebody_stops_tells_what_it_did_and_the_same_command_continues() {
    const ROWS: usize = 9;
    let folder = tempfile::tempdir().unwrap();
    let (stack, _) = stack_with(ROWS, folder.path()).await;
    let [state, told] = ["state.json", "results.jsonl"].map(|name| folder.path().join(name));
    let (state_path, told_path) = (state.to_str().unwrap(), told.to_str().unwrap());
    let with_files = ["--yes", "--state", state_path, "--results", told_path, "--rate", "2"];
    let mut stopped = import(&stack, &with_files);
    let stopped = stopped.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let has_begun = || results_so_far(&told) > 0;
    eventually("some rows are done", async || has_begun().then_some(())).await;
    let sent = Command::new("kill").args(["-INT", &stopped.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = tokio::task::spawn_blocking(move || stopped.wait_with_output().unwrap()).await.unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{printed}");
    let done = results_so_far(&told);
    assert!(done > 0 && done < ROWS, "{printed}");
    let what = format!(
        "Stopped after {done} rows. {done} were imported, and stay so.\nThe same command continues; "
    );
    assert!(printed.contains(&what) && printed.contains(state_path), "{printed}");
    // What was under way was waited for, so each row is told as what it became.
    let (code, printed) = ran(import(&stack, &with_files)).await;
    assert!(code == Some(0) && printed.contains("        9  sealed"), "{printed}");
    assert!(results(&told).values().all(|outcome| outcome == "imported"), "{:?}", results(&told));
}

/// How many rows a file of results has by now.
#[cfg(unix)]
fn results_so_far(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_would_be_done_and_nothing_is_done_that_nobody_confirms() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, _) = stack_with(3, folder.path()).await;
    let source = dynamodb(&stack);
    put_row(&source, CARD_IN_KEY, "A-1", "4111111111111112").await;
    let told = folder.path().join("dry.jsonl");
    let (code, printed) = ran(import(&stack, &["--dry-run", "--results", told.to_str().unwrap()])).await;
    assert_eq!(code, Some(3), "{printed}");
    for line in
        ["        3  would be imported", "        1  that break a rule", "        1  NUMBER_CHECK_DIGIT"]
    {
        assert!(printed.contains(line), "{printed}");
    }
    assert_eq!(results(&told)["A-1"], "bad");
    // An old file is not overwritten.
    let (code, printed) = ran(import(&stack, &["--dry-run", "--results", told.to_str().unwrap()])).await;
    assert!(code == Some(1) && printed.contains("exists already"), "{printed}");
    for (option, word) in [("--rate=100", "Legacy"), ("--scrub", "THE\nNUMBERS ARE GONE")] {
        let (code, printed) = ran(import(&stack, &[option])).await;
        assert!(code == Some(4) && printed.contains(word) && printed.contains("--dry-run"), "{printed}");
    }
    assert_eq!(across(&stack).await, 0);
    let rows = source.scan().table_name("Legacy").send().await.unwrap();
    assert!(rows.items().iter().all(|row| !row.contains_key("CardAirlockMark")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_names_the_file_of_results_before_that_is_made_and_no_other_file_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, _) = stack_with(3, folder.path()).await;
    let [missing, told, old] = ["none", "results.jsonl", "old.jsonl"].map(|name| folder.path().join(name));
    let state = missing.join("state.json");
    let with = |results: &Path| {
        let (state, results) = (state.to_str().unwrap(), results.to_str().unwrap());
        import(&stack, &["--yes", "--state", state, "--results", results])
    };
    // As if it were killed in between: the state cannot be written.
    let (code, printed) = ran(with(&told)).await;
    assert!(code == Some(1) && printed.contains("state file") && !told.exists(), "{printed}");
    std::fs::create_dir(&missing).unwrap();
    std::fs::write(&old, "old").unwrap();
    let (code, printed) = ran(with(&old)).await;
    assert!(code == Some(1) && printed.contains("exists already") && !state.exists(), "{printed}");
    // The state of a pass whose results go elsewhere.
    let begun = serde_json::json!({
        "table": "Legacy", "results": [told, 0],
        "summary": { "action": "import", "rows": 0, "outcomes": {}, "reasons": {}, "cursor": null },
    });
    std::fs::write(&state, begun.to_string()).unwrap();
    let (code, printed) = ran(with(&old)).await;
    assert!(code == Some(1) && printed.contains("is not the one"), "{printed}");
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "old");
    // Without the name of its file, the results of the rest would be lost. Nobody is asked first.
    let (code, printed) = ran(import(&stack, &["--state", state.to_str().unwrap()])).await;
    assert!(code == Some(1) && printed.contains("name that file again with --results"), "{printed}");
    assert!(!printed.contains("THE") && !printed.contains("is sealed"), "{printed}");
    assert!(state.exists());
    // Killed before the file of results was made, or before it was cut: it goes on.
    std::fs::write(&told, "half a li").unwrap();
    let (code, printed) = ran(with(&told)).await;
    assert_eq!((code, results(&told).len()), (Some(0), 3), "{printed}");
    assert!(!state.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_second_try_can_change_is_told_at_once_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, _) = stack_with(0, folder.path()).await;
    let (code, told) = ran(import(&stack, &["--orphans"])).await;
    assert!(code == Some(1) && told.contains("NO_SAMPLE_VAULT: the stack has no vault"), "{told}");
    let invoked = stack.aws().calls().iter().filter(|call| call.operation == "Invoke").count();
    assert_eq!(invoked, 1, "it is not tried again");
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_table_or_an_endpoint_there_is_nothing_to_import() {
    let folder = tempfile::tempdir().unwrap();
    let options = StackOptions::on_free_ports(card_airlock::sign_in::kept_in(folder.path()).unwrap());
    let stack = Stack::start(options).await.unwrap();
    let (code, told) = ran(import(&stack, &["--yes"])).await;
    assert!(code == Some(1) && told.contains("ImportTable is empty"), "{told}");
    let nobody = import(&stack, &[]);
    stack.shutdown().await;
    let (code, told) = ran(nobody).await;
    assert!(code == Some(1) && told.contains("is running"), "{told}");
}
