//! Where a payment was sent: part of its claim. Under another route it is not sent again and not looked up.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// Where payments are sent, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRoute {
    /// The processor profile's name.
    #[serde(rename = "PaymentProfile")]
    pub profile: String,
    /// A digest of all that shapes the requests which charge.
    #[serde(rename = "PaymentProfileDigest")]
    pub digest: String,
    /// The processor's address.
    #[serde(rename = "PaymentOrigin")]
    pub origin: String,
    /// The merchant's account there; empty if none is sent.
    #[serde(rename = "PaymentAccount")]
    pub account: String,
}

/// Who pays. Some processors get this, so a repeat must say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Payer {
    /// The order's owner.
    Owner,
    /// A merchant, who may pay every order.
    Merchant,
}

impl Payer {
    /// The word as stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}
