//! What an encrypted card has inside: the card, and the order, owner and time that it was made for.

use std::time::{Duration, SystemTime};

use super::error::CardRefusal;
use crate::{
    card::Card, expiry::CardExpiry, identity::QuarantineIdentity, json_object::JsonObject, pan::Pan,
    plaintext::Plaintext,
};

const CREDIT_CARD: &str = "CreditCard";
const CARD_EXPIRY: &str = "CardExpiry";
const CUSTOMER_ORDER: &str = "CustomerOrder";
const OWNER: &str = "Owner";
const ISSUED_AT: &str = "IssuedAt";
const MEMBERS: [&str; 5] = [CREDIT_CARD, CARD_EXPIRY, CUSTOMER_ORDER, OWNER, ISSUED_AT];

/// How far the client's clock may be from ours, with the time that the request takes.
const NEAR: Duration = Duration::from_secs(15 * 60);

/// Reads the card for its place, by the rules that ingest has for a card in plaintext. The text is wiped.
pub(super) fn read(
    text: Plaintext<Vec<u8>>,
    place: QuarantineIdentity<'_>,
    expiry_required: bool,
) -> Result<Card, CardRefusal> {
    let malformed = CardRefusal::ContentMalformed;
    let text = std::str::from_utf8(&text).map_err(|_| malformed)?;
    let content = JsonObject::of_members(text, &MEMBERS).ok_or(malformed)?;
    let member = |name| content.text(name).ok_or(malformed);
    let (number, issued_at) = (member(CREDIT_CARD)?, member(ISSUED_AT)?);
    let (order, owner) = (member(CUSTOMER_ORDER)?, member(OWNER)?);
    let has_expiry = content.raw(CARD_EXPIRY).is_some_and(|value| value != "null");
    let expiry = has_expiry.then(|| member(CARD_EXPIRY)).transpose()?;

    if *order != *place.order {
        return Err(CardRefusal::OtherOrder);
    }
    if *owner != *place.owner {
        return Err(CardRefusal::OtherOwner);
    }
    let issued_at = humantime::parse_rfc3339(&issued_at).map_err(|_| malformed)?;
    if distance(issued_at, place.accepted_at) > NEAR {
        return Err(CardRefusal::IssuedAt);
    }
    let pan = Pan::parse(&number).map_err(|_| CardRefusal::CardInvalid)?;
    let expiry = expiry.map(|text| CardExpiry::parse(&text)).transpose();
    let expiry = expiry.map_err(|_| CardRefusal::ExpiryInvalid)?;
    match &expiry {
        Some(expiry) if expiry.has_passed(place.accepted_at) => Err(CardRefusal::CardExpired),
        None if expiry_required => Err(CardRefusal::ExpiryMissing),
        _ => Ok(Card { pan, expiry }),
    }
}

fn distance(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|earlier| earlier.duration())
}

/// Whom a card is encrypted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardIssue<'a> {
    /// The order id, `CustomerOrder`.
    pub order: &'a str,
    /// Who places it (Cognito `sub`).
    pub owner: &'a str,
    /// When the client encrypts it.
    pub issued_at: SystemTime,
}

/// The text that is encrypted.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: the buffer is encrypted in place")]
pub(super) fn write(card: &Card, issue: &CardIssue<'_>) -> Plaintext<Vec<u8>> {
    let issued_at = humantime::format_rfc3339_millis(issue.issued_at).to_string();
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let (order, owner) = (text(issue.order), text(issue.owner));
    // Room for all of it at once, and for the tag: a buffer that grows leaves a copy of the card behind.
    let mut buffer = Plaintext::new(Vec::with_capacity(order.len() + owner.len() + 256));
    let expiry = card.expiry.as_ref().map_or("", CardExpiry::expose);
    let (before, after) = if expiry.is_empty() { ("", "") } else { (r#","CardExpiry":""#, "\"") };
    for piece in [
        r#"{"CreditCard":""#,
        card.pan.expose(),
        "\"",
        before,
        expiry,
        after,
        r#","CustomerOrder":"#,
        &order,
        r#","Owner":"#,
        &owner,
        r#","IssuedAt":""#,
        &issued_at,
        "\"}",
    ] {
        buffer.extend_from_slice(piece.as_bytes());
    }
    buffer
}
