//! A declined card, another card, and a payment, in the format of a real processor: each step is shown and checked.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use order::{DeclineKind, Outcome};
use serde_json::json;

use super::{error::DemoError, page::Page, readable};
use crate::{
    api_client::{Answer, ApiClient},
    operator::Operator,
    sandbox::{Charge, Dialect, Sandbox, TestCard, named},
};

const ORDER_ID: &str = "123456789";
const AMOUNT: u64 = 1999;
const CURRENCY: &str = "USD";
const EXPIRY: &str = "12/30";

/// The longest wait between two requests for the status, whatever `Retry-After` says: the demo is the only client.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// Longer than a card takes to cross.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the steps have in common.
struct Walk<'a, 'o> {
    api: &'a ApiClient<'a>,
    aws_url: &'a str,
    processor: Dialect,
    page: Page<'o>,
    declined: &'static TestCard,
    charged: &'static TestCard,
}

/// Takes an order with a card that is declined through the API of `api`, as a merchant, and charges another card.
pub(super) async fn walk(
    api: &ApiClient<'_>,
    aws_url: &str,
    (processor, sandbox): (Dialect, &Sandbox),
    out: &mut dyn Write,
) -> Result<(), DemoError> {
    let (Some(declined), Some(charged)) = (named("insufficient-funds"), named("approve")) else {
        return Err(DemoError::Incomplete);
    };
    let mut walk = Walk { api, aws_url, processor, page: Page::new(out), declined, charged };
    let name = processor.profile();
    walk.page.title(
        &format!("Card Airlock on this machine. It charges by paybill/profiles/{name}.toml."),
        &format!(
            "API {}   processor {}",
            api.url("")?.as_str().trim_end_matches('/'),
            sandbox.url_of(processor)
        ),
    )?;
    walk.order().await?;
    walk.decline().await?;
    walk.another_card().await?;
    let reference = walk.pay().await?;
    walk.row(&reference).await?;
    walk.ledger(sandbox, &reference)?;
    let outcome = format!("All {} steps passed.", walk.page.steps());
    walk.page.end(&outcome, "The first card was declined. The second card was charged, once.")?;
    Ok(())
}

impl Walk<'_, '_> {
    async fn order(&mut self) -> Result<(), DemoError> {
        self.page.step("A merchant places an order with an amount; its card has too little money")?;
        let order = |number: &str| {
            json!({
                "CustomerOrder": ORDER_ID,
                "CustomerName": "Amazon Web Services",
                "Address": "Reinvent2019, Las Vegas, USA",
                "CreditCard": number,
                "CardExpiry": EXPIRY,
                "Amount": AMOUNT,
                "Currency": CURRENCY,
            })
        };
        self.page.sent("POST", self.api.url("order")?.as_str())?;
        self.page.json(&order("****-****-****-9995"))?;
        let answer = self.api.submit(Bytes::from(order(self.declined.number).to_string())).await?;
        self.page.answered(&answer)?;
        self.page.check(answer.status == 202, "the order is accepted: 202")?;
        self.crosses(&answer, self.declined).await
    }

    async fn decline(&mut self) -> Result<(), DemoError> {
        self.page.step("The processor declines the card")?;
        let answer = self.pays().await?;
        self.page.check(answer.status == 402, "the card is declined: 402")?;
        self.page
            .check(answer.text("code") == "PAYMENT_DECLINED", "the answer has the code PAYMENT_DECLINED")?;
        self.no_card_in(&answer)
    }

    async fn another_card(&mut self) -> Result<(), DemoError> {
        self.page.step("The customer sends another card")?;
        self.page.sent("PUT", self.api.card_url(ORDER_ID)?.as_str())?;
        let body = json!({ "CreditCard": self.charged.number, "CardExpiry": EXPIRY }).to_string();
        let answer = self.api.put_card(ORDER_ID, Bytes::from(body)).await?;
        self.page.answered(&answer)?;
        self.page.check(answer.status == 202, "the card is accepted: 202")?;
        self.crosses(&answer, self.charged).await
    }

    async fn pay(&mut self) -> Result<String, DemoError> {
        self.page.step("The order is paid")?;
        let answer = self.pays().await?;
        let reference = answer.text("ProcessorReference").to_owned();
        self.page.check(answer.status == 200, "the payment is submitted: 200")?;
        self.page.check(
            answer.json.get("Amount") == Some(&json!(AMOUNT)) && answer.text("Currency") == CURRENCY,
            "the payment has the order's amount",
        )?;
        self.page.check(
            reference.is_empty() == (self.processor == Dialect::Airlock),
            "the merchant gets the processor's id of the payment, if there is one",
        )?;
        self.no_card_in(&answer)?;
        Ok(reference)
    }

    async fn row(&mut self, reference: &str) -> Result<(), DemoError> {
        const TABLE: &str = "CustomerOrderTable";
        self.page.step("The order as it is stored")?;
        let key = [("CustomerOrder", ORDER_ID)];
        self.page.aws(self.aws_url, "get-item", TABLE, &key)?;
        let row = Operator::new(self.aws_url).row(TABLE, &key).await?.unwrap_or_default();
        self.page.row(&row)?;
        let text = |name: &str| row.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
        self.page.check(text("PaymentStatus") == Some("SUBMITTED"), "it is paid")?;
        self.page.check(
            text("PaymentProfile") == Some(self.processor.profile()),
            "it names the profile that was used",
        )?;
        self.page.check(
            text("ProcessorReference").unwrap_or_default() == reference,
            "it holds the processor's own id of the payment",
        )?;
        let history = row.get("PaymentHistory").and_then(|value| value.as_l().ok());
        self.page.check(history.is_some_and(|history| history.len() == 1), "its history has the decline")?;
        let clean = [self.declined, self.charged].iter().all(|card| !readable::in_row(card.number, &row));
        self.page.check(clean, "no card number can be read in it, as text, hex or base64")
    }

    fn ledger(&mut self, sandbox: &Sandbox, reference: &str) -> Result<(), DemoError> {
        self.page.step("What the processor has recorded")?;
        let ledger = sandbox.ledger();
        for charge in &ledger {
            let Charge { payment_id, last4, outcome, .. } = charge;
            let why = match outcome {
                Outcome::Submitted => String::new(),
                Outcome::Declined(code) => format!(": {code} ({})", charge.kind),
            };
            let reference = charge.reference.as_deref().unwrap_or("no reference");
            self.page.note(&format!("payment {payment_id}:"))?;
            let word = outcome.standing().word();
            self.page.note(&format!("  {word}{why}, on the card that ends in {last4}"))?;
            self.page.note(&format!("  at the processor {reference}"))?;
        }
        let [declined, charged] = ledger.as_slice() else {
            return self.page.check(false, "two payments came in");
        };
        self.page.check(
            matches!(declined.outcome, Outcome::Declined(_)) && declined.kind == DeclineKind::Soft,
            "the first was declined",
        )?;
        self.page.check(declined.charged_with(self.declined.number), "with the first card")?;
        self.page.check(charged.outcome == Outcome::Submitted, "the second was charged")?;
        self.page.check(charged.charged_with(self.charged.number), "with the other card")?;
        self.page.check(
            charged.reference.as_deref().unwrap_or_default() == reference,
            "under the id that the merchant got",
        )
    }

    async fn pays(&mut self) -> Result<Answer, DemoError> {
        self.page.sent("POST", self.api.url("paybill")?.as_str())?;
        self.page.indented(&format!("{{ \"CustomerOrder\": \"{ORDER_ID}\" }}"))?;
        let answer = self.api.pay(ORDER_ID).await?;
        self.page.answered(&answer)?;
        Ok(answer)
    }

    /// Waits until the order has the card.
    async fn crosses(&mut self, accepted: &Answer, card: &TestCard) -> Result<(), DemoError> {
        let mask = format!("****-****-****-{}", card.number.get(12..).unwrap_or_default());
        let begun = Instant::now();
        let mut wait = accepted.wait(LONGEST_WAIT);
        loop {
            tokio::time::sleep(wait).await;
            let answer = self.api.status(accepted.location.as_deref(), ORDER_ID).await?;
            let is_there = answer.text("Status") == "TOKENIZED" && answer.text("CreditCard") == mask;
            if is_there || begun.elapsed() > PATIENCE {
                self.page.note(&format!("after {} ms", begun.elapsed().as_millis()))?;
                self.page.check(is_there, "the order has the new card")?;
                return self.no_card_in(&answer);
            }
            wait = answer.wait(LONGEST_WAIT);
        }
    }

    fn no_card_in(&mut self, answer: &Answer) -> Result<(), DemoError> {
        let text = answer.json.to_string();
        let clean = [self.declined, self.charged]
            .iter()
            .all(|card| !readable::in_bytes(card.number, text.as_bytes()));
        self.page.check(clean, "the answer shows no card number")
    }
}
