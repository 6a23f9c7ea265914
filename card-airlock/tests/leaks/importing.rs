//! The same of an import: a table of card numbers is read, and none of them is shown, logged or kept anywhere but there.

use std::{collections::HashMap, path::Path, process::Command};

use aws_sdk_dynamodb::{
    Client as DynamoDb,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use card_airlock::functions;
use test_support::{eventually, tables::ORDERS};

use crate::{
    leaks::{Cards, Searched},
    up::Up,
};

const SOURCE: &str = "Legacy";
const PARAMETERS: [&str; 6] = [
    "ImportTable=Legacy",
    "ImportKeyAttribute=Id",
    "ImportNumberAttribute=Card",
    "ImportOrderAttribute=OrderNo",
    "ImportExpiryAttribute=Until",
    "ImportOwner=a8732691-5523-5181-80a7-10c011c2c859",
];

type Row = HashMap<String, AttributeValue>;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A row that can be imported, with changes.
fn row(id: &str, card: &str, changes: &[(&str, AttributeValue)]) -> Row {
    let row =
        [("Id", id), ("OrderNo", id), ("Card", card), ("CustomerName", "Ann"), ("Address", "Las Vegas")];
    let mut row: Row = row.map(|(name, value)| (name.to_owned(), text(value))).into();
    row.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    row
}

/// Good rows, and rows that are wrong in each place, each with a card of its own there. Of the good ones the number may go.
fn rows(cards: &mut Cards) -> (Vec<String>, Vec<Row>, Vec<Row>) {
    let sent: Vec<_> = (0..14).map(|_| cards.mint()).collect();
    let dashed =
        |card: &str| card.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-");
    let wrong = |card: &str| {
        let (start, last) = card.split_at(card.len() - 1);
        format!("{start}{}", (last.parse::<u8>().unwrap() + 1) % 10)
    };
    let good = vec![
        row("plain", &sent[0], &[]),
        row("dashed", &dashed(&sent[1]), &[]),
        row("a-number", "", &[("Card", AttributeValue::N(sent[2].clone()))]),
        row("with-expiry", &sent[3], &[("Until", text("12/40"))]),
    ];
    let bad = vec![
        row("wrong-digit", &wrong(&sent[4]), &[]),
        row("with-words", &format!("card {}", sent[5]), &[]),
        row("in-the-name", &sent[6], &[("CustomerName", text(&format!("Ann {}", sent[6])))]),
        row("in-the-address", &sent[7], &[("Address", text(&dashed(&sent[8])))]),
        row(&sent[9], &sent[9], &[("OrderNo", text("in-the-key"))]),
        row("in-the-order", &sent[10], &[("OrderNo", text(&sent[10]))]),
        row("in-the-expiry", &sent[11], &[("Until", text(&sent[11]))]),
        row("expired", &sent[12], &[("Until", text("01/20"))]),
        row("in-a-list", "", &[("Card", AttributeValue::L(vec![text(&sent[13])]))]),
    ];
    // What is searched for is what was sent, a wrong last digit too.
    let searched = sent.iter().cloned().chain([wrong(&sent[4])]).collect();
    (searched, good, bad)
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_an_import_at_trace_shows_logs_and_keeps_no_card_outside_its_source() {
    let parameters: Vec<_> = PARAMETERS.iter().flat_map(|parameter| ["--parameter", parameter]).collect();
    let mut up = Up::start(&parameters).await;
    let dynamodb = DynamoDb::new(&functions::sdk_config(up.text("aws"), "operator"));
    let (cards, good, bad) = rows(&mut Cards::random());
    fill(&dynamodb, good.iter().chain(&bad)).await;
    let mut searched = Searched::for_cards(&cards);

    for pass in [&["--dry-run"][..], &[], &[]] {
        search_pass(&up, pass, &mut searched).await;
    }
    eventually("the good rows' orders are across", async || {
        let page = dynamodb.scan().table_name(ORDERS).consistent_read(true).send().await.unwrap();
        // The one whose key looks like a card is good as well.
        (page.count as usize > good.len()).then_some(())
    })
    .await;
    for pass in [&["--scrub", "--dry-run"][..], &["--scrub"], &["--scrub"], &[]] {
        search_pass(&up, pass, &mut searched).await;
    }

    up.park_a_row().await;
    for (place, rows) in up.stored().await.into_iter().filter(|(place, _)| place != SOURCE) {
        searched.bytes(&place, &rows);
    }
    for row in &good {
        let read = dynamodb.get_item().table_name(SOURCE).key("Id", row["Id"].clone()).consistent_read(true);
        let row = read.send().await.unwrap().item.unwrap();
        searched.bytes("a row that was scrubbed", format!("{row:?}").as_bytes());
    }
    for row in &bad {
        let read = dynamodb.get_item().table_name(SOURCE).key("Id", row["Id"].clone()).consistent_read(true);
        assert_eq!(&read.send().await.unwrap().item.unwrap()["CustomerName"], &row["CustomerName"]);
    }
    let log = up.stop();
    for line in ["went over the source", "imported", "tokenized"] {
        assert!(log.contains(line), "no {line} in the log:\n{log}");
    }
    searched.bytes("what the program printed and logged", log.as_bytes());
    assert_eq!(searched.found(), [""; 0]);
}

async fn fill(dynamodb: &DynamoDb, rows: impl Iterator<Item = &Row>) {
    let key = KeySchemaElement::builder().attribute_name("Id").key_type(KeyType::Hash).build().unwrap();
    let kind = AttributeDefinition::builder().attribute_name("Id").attribute_type(ScalarAttributeType::S);
    let table = dynamodb.create_table().table_name(SOURCE).billing_mode(BillingMode::PayPerRequest);
    table.key_schema(key).attribute_definitions(kind.build().unwrap()).send().await.unwrap();
    for row in rows {
        dynamodb.put_item().table_name(SOURCE).set_item(Some(row.clone())).send().await.unwrap();
    }
}

/// A pass by the real program, at TRACE; what it prints, its file of results, and its state while it lasts.
async fn search_pass(up: &Up, options: &[&str], searched: &mut Searched) {
    let port = up.text("aws").rsplit_once(':').unwrap().1.to_owned();
    let (results, state) = (up.home.path().join("results"), up.home.path().join("state"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["import", "--aws-port", &port, "--yes", "--rate", "1000", "--results"]).arg(&results);
    command
        .arg("--state")
        .arg(&state)
        .args(options)
        .env("RUST_LOG", "trace")
        .env("CARD_AIRLOCK_LOG", "trace");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(
        output.status.code(),
        Some(3),
        "some rows are left: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told = std::fs::read(&results).unwrap();
    assert!(told.iter().filter(|byte| **byte == b'\n').count() >= 13, "a result for each row");
    for (what, bytes) in [("printed", &output.stdout), ("logged", &output.stderr), ("told in a file", &told)]
    {
        searched.bytes(&format!("what import {options:?} {what}"), bytes);
    }
    search_folder(up.home.path(), searched);
    std::fs::remove_file(&results).unwrap();
}

/// Every file that the program keeps.
fn search_folder(folder: &Path, searched: &mut Searched) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            search_folder(&entry.path(), searched);
        } else {
            searched.bytes(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap());
        }
    }
}
