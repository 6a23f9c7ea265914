//! The card of a request: a test card by its name, or a card that the page has encrypted. There is no third one: a number
//! that somebody types does not come here.

use axum::http::StatusCode;
use serde::Serialize;

use super::{shown::Refused, test_cards};

const NO_CARD: Refused =
    Refused(StatusCode::BAD_REQUEST, "NO_CARD", "Choose a test card, or type a number into its field");
const NO_TEST_CARD: Refused =
    Refused(StatusCode::BAD_REQUEST, "NO_TEST_CARD", "There is no test card of this name: reload the page");

/// The API's fields of a card.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SentCard<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_card: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_card: Option<&'a str>,
}

impl<'a> SentCard<'a> {
    /// The one that the page names, or has encrypted.
    pub(super) fn of(test_card: Option<&str>, encrypted: Option<&'a str>) -> Result<Self, Refused> {
        match (test_card, encrypted) {
            (Some(name), None) => Ok(Self {
                credit_card: Some(test_cards::number(name).ok_or(NO_TEST_CARD)?),
                // Real processors charge no card without it.
                card_expiry: Some(test_cards::EXPIRY),
                encrypted_card: None,
            }),
            (None, Some(card)) => {
                Ok(Self { credit_card: None, card_expiry: None, encrypted_card: Some(card) })
            }
            _ => Err(NO_CARD),
        }
    }

    pub(super) fn is_encrypted(self) -> bool {
        self.encrypted_card.is_some()
    }
}
