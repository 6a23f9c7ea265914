//! No card is shown.

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{super::test_cards, PATIENCE, Page};

/// Promise 1 at the console: what it answers and streams is searched for every card that was placed.
#[tokio::test]
async fn promise_1_no_card_is_in_any_answer_or_event_of_the_console() {
    let page = Page::start().await;
    let typed = "4929 1234 5678 1236";
    let mut events = BufReader::new(TcpStream::connect(page.address).await.unwrap());
    let ask = format!("GET /console/events HTTP/1.1\r\nHost: {}\r\n\r\n", page.address);
    events.get_mut().write_all(ask.as_bytes()).await.unwrap();
    let reader = tokio::spawn(async move {
        let mut heard = String::new();
        while !heard.contains("\"typed\",") || !heard.contains("\"paid\":1") {
            if events.read_line(&mut heard).await.unwrap() == 0 {
                break;
            }
        }
        heard
    });
    let mut said = String::new();
    for card in test_cards::all() {
        said += &page.place(&format!("card-{}", card.name), card.name).await.1.to_string();
    }
    let card = page.encrypt("typed", typed, json!({})).await;
    let order = json!({ "order": "typed", "name": "A", "address": "B", "encryptedCard": card });
    let (_, placed) = page.post("/console/orders", order).await;
    assert_eq!(placed["status"], 202, "{placed}");
    said += &placed.to_string();
    for wrong in [
        json!({ "order": typed, "name": typed, "address": typed, "testCard": typed, "odd": typed }),
        json!({ "order": typed, "name": typed, "address": typed, "encryptedCard": typed }),
        json!({ "order": "x", "name": "A", "address": "B", "number": typed, "expiry": "12/39" }),
    ] {
        said += &page.post("/console/orders", wrong).await.1.to_string();
    }
    page.until("typed", "tokenized").await;
    page.until("card-visa", "tokenized").await;
    let numbered =
        json!({ "order": typed, "testCard": typed, "key": typed, "by": { "user": typed, "merchant": true } });
    for path in ["pay", "ask", "card", "card-keys", "forget", "processor", "operate"] {
        said += &page.post(&format!("/console/{path}"), numbered.clone()).await.1.to_string();
    }
    for (path, asked) in [
        ("pay", json!({ "order": "typed" })),
        ("ask", json!({ "order": "typed" })),
        ("pay", json!({ "order": typed })),
        ("card-keys", json!({ "order": typed })),
        ("card", json!({ "order": typed, "testCard": "visa" })),
        ("card", json!({ "order": "typed", "encryptedCard": typed })),
        ("card", json!({ "order": "typed", "testCard": "visa" })),
        ("forget", json!({ "order": "card-amex" })),
    ] {
        said += &page.post(&format!("/console/{path}"), asked).await.1.to_string();
    }
    for path in [
        "recent",
        "orders",
        "orders/typed",
        "orders/typed/whole",
        "orders/card-visa",
        "orders/card-visa/whole",
        "orders/card-sample",
    ] {
        said += &page.get(&format!("/console/{path}")).await.1.to_string();
    }
    said += &tokio::time::timeout(PATIENCE, reader).await.unwrap().unwrap();
    assert!(
        said.contains("event: state") && said.contains("SealedCard") && said.contains("TransactWriteItems")
    );
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    // The position of an event begins with many zeros, as the number of the sample's card.
    let unseparated = without_positions(&said).replace([' ', '-'], "");
    for number in test_cards::all()
        .iter()
        .map(|card| card.number)
        .chain([typed])
        .filter(|number| digits(number).len() > 12)
    {
        assert!(!unseparated.contains(&digits(number)), "{number}");
    }
}

/// A text without the values of members `Position`.
fn without_positions(text: &str) -> String {
    let mut parts = text.split("\"Position\":\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').map_or("", |(_, rest)| rest))
}
