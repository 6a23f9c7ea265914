//! What a browser does with a card before it sends it: it gets a key, and encrypts the card for the worker alone.

use std::time::{Duration, Instant, SystemTime};

use vault::{Card, CardIssue, CardPublicKey, Pan};

use super::{error::DemoError, page::Page};
use crate::api_client::ApiClient;

/// Longer than the schedule takes to make the first key.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// The card for the user's order, encrypted with the newest key.
pub(super) async fn encrypt(
    api: &ApiClient<'_>,
    order: &str,
    number: &str,
    page: &mut Page<'_>,
) -> Result<String, DemoError> {
    page.step("The browser gets a key and encrypts the card")?;
    page.sent("GET", api.url("card-keys")?.as_str())?;
    let begun = Instant::now();
    let answer = loop {
        let answer = api.card_keys().await?;
        if answer.status != 503 || begun.elapsed() > PATIENCE {
            break answer;
        }
        tokio::time::sleep(PAUSE).await;
    };
    page.answered(&answer)?;
    page.check(answer.status == 200, "there are keys: 200")?;
    let key = answer.json.pointer("/keys/0").and_then(|key| CardPublicKey::from_jwk(&key.to_string()));
    page.check(key.is_some(), "the first one is a P-256 key")?;
    let owner = api.user()?;
    let issue = CardIssue { order, owner: &owner, issued_at: SystemTime::now() };
    let card = Pan::parse(number).ok().map(|pan| Card { pan, expiry: None });
    let encrypted = key.zip(card).and_then(|(key, card)| key.encrypt(&card, &issue).ok());
    page.check(
        encrypted.is_some(),
        "the card is encrypted, with the order, its owner and the time beside it",
    )?;
    Ok(encrypted.unwrap_or_default())
}
