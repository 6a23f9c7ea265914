//! The card of a request: as it is, or encrypted by its sender for the worker alone.

use std::time::SystemTime;

use order::ComparedCard;
use platform::api::{Fields, Problem};
use vault::{Card, CardExpiry, EncryptedCard, JsonText, Pan, ParsePanError};

/// The fields of a card, in the body of an order and in the one of another card.
pub(crate) const CARD_FIELDS: [&str; 3] = ["CreditCard", "CardExpiry", "EncryptedCard"];
/// What is inside an encrypted card, and so is never sent beside one.
const PLAINTEXT_FIELDS: [&str; 2] = ["CreditCard", "CardExpiry"];

/// A card that is there, and not parsed yet.
#[derive(Debug)]
pub(crate) enum SentCard<'a> {
    Plain(JsonText<'a>),
    Encrypted(JsonText<'a>),
}

/// A card that may be sealed.
#[derive(Debug)]
pub(crate) enum SubmittedCard {
    Plain(Card),
    /// Its form is right. Only the worker can open it, and judges what is inside.
    Encrypted(EncryptedCard),
}

/// What is asked of a card before it is parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CardRules {
    /// Whether a card must be encrypted.
    pub(crate) encrypted_only: bool,
    /// Whether a card without its expiry date is refused.
    pub(crate) expiry_required: bool,
    pub(crate) now: SystemTime,
}

impl<'a> SentCard<'a> {
    /// The card among the fields of a body. A card that must be encrypted and is not is never looked at.
    pub(crate) fn of(fields: &Fields<'a>, rules: CardRules) -> Result<Self, Problem> {
        let has_plaintext = PLAINTEXT_FIELDS.iter().any(|field| fields.raw(field).is_some());
        if has_plaintext && rules.encrypted_only {
            return Err(Problem::ENCRYPTED_CARD_ONLY);
        }
        match fields.string("EncryptedCard", Problem::ENCRYPTED_CARD_NOT_TEXT)? {
            Some(_) if has_plaintext => Err(Problem::CARD_SENT_TWICE),
            Some(encrypted) => Ok(Self::Encrypted(encrypted)),
            None if rules.encrypted_only => Err(Problem::ENCRYPTED_CARD_MISSING),
            None => {
                let number = fields.string("CreditCard", Problem::CARD_MISSING)?;
                number.map(Self::Plain).ok_or(Problem::CARD_MISSING)
            }
        }
    }

    /// Parses it, with the other fields that belong to it.
    pub(crate) fn parse(self, fields: &Fields<'_>, rules: CardRules) -> Result<SubmittedCard, Problem> {
        match self {
            Self::Plain(number) => plain(&number, fields, rules).map(SubmittedCard::Plain),
            Self::Encrypted(text) => match EncryptedCard::parse(&text) {
                Ok(card) => Ok(SubmittedCard::Encrypted(card)),
                Err(error) => {
                    tracing::info!(detail = error.code(), "an encrypted card of a wrong form");
                    Err(Problem::ENCRYPTED_CARD_INVALID)
                }
            },
        }
    }
}

impl SubmittedCard {
    /// What the card is compared by from now on.
    pub(crate) fn compared(&self) -> ComparedCard {
        match self {
            Self::Plain(card) => ComparedCard::Shown { last4: card.last4(), brands: card.brands() },
            Self::Encrypted(card) => ComparedCard::Encrypted(card.digest()),
        }
    }

    /// Whether it has an expiry date. None: only the worker will know.
    pub(crate) fn has_expiry(&self) -> Option<bool> {
        match self {
            Self::Plain(card) => Some(card.expiry.is_some()),
            Self::Encrypted(_) => None,
        }
    }
}

fn plain(number: &str, fields: &Fields<'_>, rules: CardRules) -> Result<Card, Problem> {
    let card = Card { pan: Pan::parse(number).map_err(card_problem)?, expiry: expiry(fields, rules.now)? };
    if card.expiry.is_none() && rules.expiry_required {
        // The payment processor would not charge it.
        return Err(Problem::CARD_EXPIRY_MISSING);
    }
    Ok(card)
}

fn card_problem(error: ParsePanError) -> Problem {
    match error {
        ParsePanError::Characters => Problem::CARD_CHARACTERS,
        ParsePanError::Length => Problem::CARD_LENGTH,
        ParsePanError::CheckDigit => Problem::CARD_CHECK_DIGIT,
    }
}

fn expiry(fields: &Fields<'_>, now: SystemTime) -> Result<Option<CardExpiry>, Problem> {
    let text = fields.string("CardExpiry", Problem::EXPIRY_NOT_TEXT)?;
    let expiry =
        text.map(|text| CardExpiry::parse(&text)).transpose().map_err(|_| Problem::EXPIRY_INVALID)?;
    if expiry.as_ref().is_some_and(|expiry| expiry.has_passed(now)) {
        return Err(Problem::CARD_EXPIRED);
    }
    Ok(expiry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str, encrypted_only: bool) -> &'static str {
        let rules = CardRules { encrypted_only, expiry_required: false, now: SystemTime::UNIX_EPOCH };
        let fields = Fields::parse(body, &CARD_FIELDS).unwrap();
        SentCard::of(&fields, rules)
            .and_then(|card| card.parse(&fields, rules))
            .map_or_else(|problem| problem.code, |_| "")
    }

    #[test]
    fn a_card_has_an_expiry_date_if_one_was_sent() {
        let has_expiry = |body: &str| {
            let rules =
                CardRules { encrypted_only: false, expiry_required: false, now: SystemTime::UNIX_EPOCH };
            let fields = Fields::parse(body, &CARD_FIELDS).unwrap();
            SentCard::of(&fields, rules).unwrap().parse(&fields, rules).unwrap().has_expiry()
        };
        assert_eq!(has_expiry(r#"{"CreditCard":"4111111111111111"}"#), Some(false));
        assert_eq!(has_expiry(r#"{"CreditCard":"4111111111111111","CardExpiry":"12/30"}"#), Some(true));
    }

    #[test]
    fn a_card_comes_in_one_way_only() {
        for (body, code_of_any, code_of_encrypted) in [
            (r#"{"CreditCard":"4111111111111111"}"#, "", "ENCRYPTED_CARD_ONLY"),
            // It is not even looked at where it must not be.
            (r#"{"CreditCard":7}"#, "CARD_MISSING", "ENCRYPTED_CARD_ONLY"),
            (r#"{"CardExpiry":"12/30"}"#, "CARD_MISSING", "ENCRYPTED_CARD_ONLY"),
            (
                r#"{"CreditCard":"4111111111111111","EncryptedCard":"x"}"#,
                "CARD_SENT_TWICE",
                "ENCRYPTED_CARD_ONLY",
            ),
            (r#"{"CardExpiry":"12/30","EncryptedCard":"x"}"#, "CARD_SENT_TWICE", "ENCRYPTED_CARD_ONLY"),
            (
                r#"{"CreditCard":null,"EncryptedCard":"x"}"#,
                "ENCRYPTED_CARD_INVALID",
                "ENCRYPTED_CARD_INVALID",
            ),
            (r#"{"EncryptedCard":"x"}"#, "ENCRYPTED_CARD_INVALID", "ENCRYPTED_CARD_INVALID"),
            (r#"{"EncryptedCard":7}"#, "ENCRYPTED_CARD_INVALID", "ENCRYPTED_CARD_INVALID"),
            (r#"{"EncryptedCard":null}"#, "CARD_MISSING", "CARD_MISSING"),
            ("{}", "CARD_MISSING", "CARD_MISSING"),
        ] {
            assert_eq!((code(body, false), code(body, true)), (code_of_any, code_of_encrypted), "{body}");
        }
    }
}
