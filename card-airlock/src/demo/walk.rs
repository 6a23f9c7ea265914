//! The sample's steps 6.10 to 6.13, one after the other. Each is shown and checked.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use order::Outcome;
use uuid::{Uuid, Version};

use super::{encrypting, error::DemoError, page::Page, readable};
use crate::{
    api_client::{Answer, ApiClient},
    deployment::ACCOUNT_ID,
    operator::Operator,
    sandbox::{Charge, Sandbox},
};

/// The sample's order, exactly as the sample has it (its step 6.10).
const ORDER: &str = r#"{
"CustomerOrder": "123456789",
"CustomerName": "Amazon Web Services",
"CreditCard": "0000-0000-0000-0000",
"Address": "Reinvent2019, Las Vegas, USA"
}"#;
const ORDER_ID: &str = "123456789";
const CARD: &str = "0000-0000-0000-0000";
const MASK: &str = "****-****-****-0000";

/// The longest wait between two requests for the status, whatever `Retry-After` says: the demo is the only client.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// Longer than an order takes to cross.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends the sample's order through the API of `api`, and looks at the tables behind `aws_url` and at what the payment
/// processor charged.
pub(super) async fn walk(
    api: &ApiClient<'_>,
    aws_url: &str,
    processor: &Sandbox,
    is_encrypted: bool,
    out: &mut dyn Write,
) -> Result<(), DemoError> {
    let mut page = Page::new(out);
    let operator = Operator::new(aws_url);
    page.title(
        "Card Airlock runs on this machine, for this demo only. Everything uses HTTP.",
        &format!("API {}   AWS {aws_url}", api.url("")?.as_str().trim_end_matches('/')),
    )?;
    let accepted =
        if is_encrypted { encrypted_order(api, &mut page).await? } else { order(api, &mut page).await? };
    let token = status(api, &accepted, &mut page).await?;
    pay(api, &mut page).await?;
    clean_row((&operator, aws_url), &token, &mut page).await?;
    vault_row((&operator, aws_url), &token, &mut page).await?;
    quarantine((&operator, aws_url), &mut page).await?;
    charged(processor, &mut page)?;
    let outcome = format!("All {} steps passed.", page.steps());
    page.end(&outcome, "The order is stored with a token. The card is stored encrypted in its vault.")?;
    Ok(())
}

async fn order(api: &ApiClient<'_>, page: &mut Page<'_>) -> Result<Answer, DemoError> {
    page.step("An order arrives with a card number (the sample's step 6.10)")?;
    page.sent("POST", api.url("order")?.as_str())?;
    page.indented(&ORDER.replace(CARD, MASK))?;
    page.note("the card is masked here, not in the request")?;
    let answer = api.submit(Bytes::from_static(ORDER.as_bytes())).await?;
    accepted(answer, page)
}

async fn encrypted_order(api: &ApiClient<'_>, page: &mut Page<'_>) -> Result<Answer, DemoError> {
    let card = encrypting::encrypt(api, ORDER_ID, CARD, page).await?;
    page.step("An order arrives with the encrypted card (the sample's step 6.10)")?;
    page.sent("POST", api.url("order")?.as_str())?;
    let plain = format!("\"CreditCard\": \"{CARD}\"");
    let with = |card: &str| ORDER.replace(&plain, &format!("\"EncryptedCard\": \"{card}\""));
    let shown = card.get(..24).unwrap_or_default();
    page.indented(&with(&format!("{shown}…")))?;
    page.note(&format!("the encrypted card is cut here, not in the request: it has {} bytes", card.len()))?;
    let body = with(&card);
    page.check(!readable::in_bytes(CARD, body.as_bytes()), "no card number can be read in the request")?;
    accepted(api.submit(Bytes::from(body)).await?, page)
}

fn accepted(answer: Answer, page: &mut Page<'_>) -> Result<Answer, DemoError> {
    page.answered(&answer)?;
    page.check(answer.status == 202, "the order is accepted: 202")?;
    page.check(answer.text("CustomerOrder") == ORDER_ID, "the answer names the order")?;
    page.check(answer.text("Status") == "PENDING", "it is pending")?;
    page.check(Uuid::try_parse(answer.text("AcceptanceId")).is_ok(), "it has an acceptance id")?;
    page.check(answer.location.is_some(), "the answer says where its status is")?;
    no_card_in(&answer, page)?;
    Ok(answer)
}

async fn status(api: &ApiClient<'_>, accepted: &Answer, page: &mut Page<'_>) -> Result<String, DemoError> {
    page.step("A moment later the order has a token")?;
    let location = accepted.location.as_deref();
    page.sent("GET", api.status_url(location, ORDER_ID)?.as_str())?;
    let begun = Instant::now();
    let mut wait = accepted.wait(LONGEST_WAIT);
    let mut asked = 0_u32;
    let answer = loop {
        tokio::time::sleep(wait).await;
        asked += 1;
        let answer = api.status(location, ORDER_ID).await?;
        if answer.text("Status") != "PENDING" || begun.elapsed() > PATIENCE {
            break answer;
        }
        wait = answer.wait(LONGEST_WAIT);
    };
    page.note(&format!("asked {asked} times in {} ms", begun.elapsed().as_millis()))?;
    page.answered(&answer)?;
    let token = answer.text("CreditCardToken").to_owned();
    page.check(answer.status == 200, "the status is there: 200")?;
    page.check(answer.text("Status") == "TOKENIZED", "the order is tokenized")?;
    page.check(is_token(&token), "it has a token in the card's place: a random UUID")?;
    no_card_in(&answer, page)?;
    Ok(token)
}

async fn pay(api: &ApiClient<'_>, page: &mut Page<'_>) -> Result<(), DemoError> {
    page.step("The order is paid (step 6.11)")?;
    page.sent("POST", api.url("paybill")?.as_str())?;
    page.indented(&format!("{{ \"CustomerOrder\": \"{ORDER_ID}\" }}"))?;
    let answer = api.pay(ORDER_ID).await?;
    page.answered(&answer)?;
    page.check(answer.status == 200, "the payment is submitted: 200")?;
    page.check(
        answer.text("message") == "Payment Submitted Successfully",
        "the answer has the sample's message",
    )?;
    page.check(answer.text("CreditCard Charged") == MASK, "the answer shows the card's mask")?;
    no_card_in(&answer, page)
}

async fn clean_row(
    (operator, aws_url): (&Operator, &str),
    token: &str,
    page: &mut Page<'_>,
) -> Result<(), DemoError> {
    const TABLE: &str = "CustomerOrderTable";
    page.step("The order as it is stored (step 6.12)")?;
    let key = [("CustomerOrder", ORDER_ID)];
    page.aws(aws_url, "get-item", TABLE, &key)?;
    let row = operator.row(TABLE, &key).await?.unwrap_or_default();
    page.row(&row)?;
    let text = |name: &str| row.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    page.check(!row.is_empty(), "the row is there")?;
    page.check(text("CreditCardToken") == Some(token), "it holds the token")?;
    page.check(text("CustomerName") == Some("Amazon Web Services"), "it holds the customer's name as sent")?;
    page.check(text("Address") == Some("Reinvent2019, Las Vegas, USA"), "it holds the address as sent")?;
    page.check(!readable::in_row(CARD, &row), "no card number can be read in it, as text, hex or base64")
}

async fn vault_row(
    (operator, aws_url): (&Operator, &str),
    token: &str,
    page: &mut Page<'_>,
) -> Result<(), DemoError> {
    const TABLE: &str = "CreditCardTokenizerTable";
    page.step("The card in its vault (step 6.13)")?;
    let key = [("Hash_Key", token), ("Account_Id", ACCOUNT_ID)];
    page.aws(aws_url, "get-item", TABLE, &key)?;
    let row = operator.row(TABLE, &key).await?.unwrap_or_default();
    page.row(&row)?;
    let sealed = row.get("CandidateString").and_then(|value| value.as_b().ok());
    page.check(!row.is_empty(), "the row is there, under the token")?;
    page.check(sealed.is_some_and(|sealed| !sealed.as_ref().is_empty()), "it holds the sealed card")?;
    page.check(row.contains_key("DataKey"), "it holds the data key, wrapped by KMS")?;
    page.check(!readable::in_row(CARD, &row), "no card number can be read in it, as text, hex or base64")
}

async fn quarantine((operator, aws_url): (&Operator, &str), page: &mut Page<'_>) -> Result<(), DemoError> {
    const TABLE: &str = "OrderQuarantineTable";
    page.step("Nothing is left in quarantine")?;
    page.aws(aws_url, "scan", TABLE, &[])?;
    let left = operator.rows(TABLE).await?.len();
    page.note(&format!("{left} rows"))?;
    page.check(left == 0, "the quarantine is empty")
}

fn charged(processor: &Sandbox, page: &mut Page<'_>) -> Result<(), DemoError> {
    page.step("What the payment processor (a sandbox on this machine) charged")?;
    let ledger = processor.ledger();
    for charge in &ledger {
        let (payment, order, last4) = (charge.payment_id, &charge.order, charge.last4);
        page.note(&format!("payment {payment} of order {order}:"))?;
        page.note(&format!("  {} on the card that ends in {last4}", charge.outcome.standing().word()))?;
    }
    page.check(ledger.len() == 1, "one payment came in")?;
    let right =
        |charge: &Charge| charge.order.as_str() == ORDER_ID && charge.charged_with(&CARD.replace('-', ""));
    page.check(ledger.iter().all(right), "it was for this order, with the card that was sent")?;
    page.check(ledger.iter().all(|charge| charge.outcome == Outcome::Submitted), "it was charged")
}

fn no_card_in(answer: &Answer, page: &mut Page<'_>) -> Result<(), DemoError> {
    let clean = !readable::in_bytes(CARD, answer.json.to_string().as_bytes());
    page.check(clean, "the answer shows no card number")
}

fn is_token(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|token| token.get_version() == Some(Version::Random))
}
