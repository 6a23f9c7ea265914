//! The payments of a clean order, as its row has them.

mod decline_kind;
mod key;
mod processor_id;
mod route;
mod row;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_with::{DisplayFromStr, serde_as};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;
use vault::{Brands, CardBrand, Last4};

pub use self::{
    decline_kind::DeclineKind,
    key::{ParsePaymentKeyError, PaymentKey},
    processor_id::{ParseProcessorIdError, PaymentObject, ProcessorReference},
    route::{Payer, PaymentRoute},
};
use crate::{
    amount::{Amount, Currency, MinorUnits},
    decline_code::DeclineCode,
    timestamp::Timestamp,
};

/// The most payments of one order: card networks count repeated declines against the merchant.
pub const MAX_ATTEMPTS: usize = 5;

/// The payments of an order: one after the other, and all but the last one are declined.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "row::Attributes")]
pub struct Payments {
    /// The last one. None: nobody has tried to pay yet, or the declined card was replaced.
    pub current: Option<Payment>,
    /// Every payment that was declined, the oldest first; the current one too.
    pub declines: Vec<Decline>,
    /// The cards that were declined permanently, each by its brand and last digits.
    hard_declines: BTreeSet<String>,
    /// The payment of each client's key. `None`: the row has no such map yet.
    pub(crate) keys: Option<BTreeMap<String, Uuid>>,
}

/// One payment: at most one charge, however often it is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The processor knows the payment by this id, in every request.
    pub id: Uuid,
    /// What is charged: the order's amount, or the one that a merchant gave for this payment.
    pub amount: Option<Amount>,
    /// When it was first claimed.
    pub started_at: Timestamp,
    /// Its state.
    pub standing: Standing,
    /// Where it was sent. None: an earlier release claimed it.
    pub route: Option<PaymentRoute>,
    /// What the processor has made before the charge.
    pub object: Option<PaymentObject>,
    /// Who paid when it began; none: an earlier release claimed it.
    pub payer: Option<Payer>,
    /// The processor's own id of it, once it is settled.
    pub reference: Option<ProcessorReference>,
    /// When the processor was last asked for its outcome.
    pub looked_up_at: Option<Timestamp>,
}

/// `PaymentStatus`: the state of a payment, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum PaymentStatus {
    /// Claimed by a request that has not written an outcome.
    Submitting,
    /// The processor accepted it.
    Submitted,
    /// The processor declined it.
    Declined,
    /// Its outcome is not known.
    Unknown,
}

/// The state of a payment: its status and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Claimed by a request that has not written an outcome.
    Submitting {
        /// The claim of that request.
        claim: Uuid,
        /// When the claim ends and another request may take the payment over.
        until: Timestamp,
    },
    /// The processor accepted it.
    Submitted,
    /// The processor declined it. The last of [`Payments::declines`] says why.
    Declined,
    /// It was interrupted, and the processor can no longer distinguish a repeat from a second payment: only a person
    /// can find out its outcome.
    Unknown,
}

/// A payment that was declined: an entry of `PaymentHistory`.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Decline {
    pub payment_id: Uuid,
    /// What was to be charged, in minor units, with the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<MinorUnits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<Currency>,
    /// The processor's reason.
    pub decline_code: DeclineCode,
    /// Whether the card may be tried again; none: an earlier release wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_kind: Option<DeclineKind>,
    /// When it was written down.
    pub settled_at: Timestamp,
    /// Which card it was.
    #[serde_as(as = "DisplayFromStr")]
    pub card_last4: Last4,
    /// The scheme of the card.
    #[serde_as(as = "DisplayFromStr")]
    pub card_brand: CardBrand,
}

/// A claim to be written: for some time, only this request submits the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// This request's own id.
    pub id: Uuid,
    /// When it ends.
    pub until: Timestamp,
    /// The payment: a new one, or that of the claim taken over.
    pub payment: Uuid,
    /// What is charged.
    pub amount: Option<Amount>,
    /// When the payment was first claimed.
    pub started_at: Timestamp,
    /// Where it is sent.
    pub route: PaymentRoute,
    /// Who paid when it began.
    pub payer: Payer,
    /// The client's key, which from now on belongs to this payment.
    pub key: Option<PaymentKey>,
    /// The payment in the row when it was read. The claim is written only if it is still there.
    pub seen: Option<Payment>,
}

/// What the processor answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It accepted the payment.
    Submitted,
    /// It declined the card, for that reason.
    Declined(DeclineCode),
}

/// A processor's answer that settles a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// What it answered.
    pub outcome: Outcome,
    /// Of a decline: whether the card may be tried again.
    pub kind: DeclineKind,
    /// Its own id of the payment, if it gave one.
    pub reference: Option<ProcessorReference>,
}

impl Settlement {
    /// An answer with an outcome only.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        Self { outcome, kind: DeclineKind::Soft, reference: None }
    }
}

impl Payments {
    /// The payment of a client's key.
    #[must_use]
    pub fn of_key(&self, key: &PaymentKey) -> Option<Uuid> {
        self.keys.as_ref()?.get(key.as_str()).copied()
    }

    /// Whether a card was declined permanently: it is not tried again.
    #[must_use]
    pub fn is_declined_for_good(&self, brand: CardBrand, last4: Last4) -> bool {
        is_hard_decline(&self.hard_declines, brand.into(), last4)
    }

    /// The decline of a payment, if it was declined.
    #[must_use]
    pub fn decline_of(&self, payment: Uuid) -> Option<&Decline> {
        self.declines.iter().find(|decline| decline.payment_id == payment)
    }
}

impl Claim {
    /// Whether the payment starts with this claim: nobody can have submitted it before.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.id != self.payment)
    }

    /// The payment as the row has it once this claim is written.
    #[must_use]
    pub fn standing_now(&self) -> Payment {
        let before = self.seen.as_ref().filter(|_| !self.is_first());
        Payment {
            id: self.payment,
            amount: self.amount,
            started_at: self.started_at,
            standing: Standing::Submitting { claim: self.id, until: self.until },
            route: Some(self.route.clone()),
            object: before.and_then(|before| before.object.clone()),
            payer: Some(self.payer),
            reference: None,
            looked_up_at: None,
        }
    }
}

impl Decline {
    /// What was to be charged. None: there is no amount.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        Amount::of_parts(self.amount, self.currency).ok().flatten()
    }
}

impl Standing {
    /// The same in one word.
    #[must_use]
    pub fn status(&self) -> PaymentStatus {
        match self {
            Self::Submitting { .. } => PaymentStatus::Submitting,
            Self::Submitted => PaymentStatus::Submitted,
            Self::Declined => PaymentStatus::Declined,
            Self::Unknown => PaymentStatus::Unknown,
        }
    }

    /// The word as stored and shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.status().word()
    }
}

impl PaymentStatus {
    /// The word as stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

impl Outcome {
    /// The state of a payment after it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Submitted => Standing::Submitted,
            Self::Declined(_) => Standing::Declined,
        }
    }
}

/// The form of a card in `HardDeclines`.
#[must_use]
pub(crate) fn hard_decline(brand: CardBrand, last4: Last4) -> String {
    format!("{brand}:{last4}")
}

/// Whether a card is in `HardDeclines`, by the brand that any version of the issuers' table gives it.
pub(crate) fn is_hard_decline(declined: &BTreeSet<String>, brands: Brands, last4: Last4) -> bool {
    declined.iter().filter_map(|card| card.split_once(':')).any(|(brand, digits)| {
        digits == last4.to_string() && brand.parse().is_ok_and(|brand| brands.include(brand))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn seen(id: Uuid) -> Payment {
        let at: Timestamp = "2026-11-21T18:59:33.120Z".parse().unwrap();
        Payment {
            id,
            amount: None,
            started_at: at,
            standing: Standing::Submitting { claim: OTHER, until: at },
            route: None,
            object: PaymentObject::accept("pi_1").ok(),
            payer: None,
            reference: ProcessorReference::accept("ch_1").ok(),
            looked_up_at: Some(at),
        }
    }

    #[test]
    fn a_claim_goes_on_with_what_was_made_for_its_own_payment_and_for_no_other() {
        for (before, object, is_first) in [
            (None, None, true),
            (Some(seen(OTHER)), None, true),
            (Some(seen(OURS)), PaymentObject::accept("pi_1").ok(), false),
        ] {
            let at: Timestamp = "2026-11-21T19:59:33.120Z".parse().unwrap();
            let claim = Claim {
                id: OURS,
                until: at,
                payment: OURS,
                amount: Some(Amount {
                    minor_units: 500_u64.try_into().unwrap(),
                    currency: "EUR".parse().unwrap(),
                }),
                started_at: at,
                route: PaymentRoute {
                    profile: "stripe".into(),
                    digest: "d".into(),
                    origin: "https://api.example/".into(),
                    account: String::new(),
                },
                payer: Payer::Merchant,
                key: None,
                seen: before,
            };
            assert_eq!(claim.is_first(), is_first);
            let standing = Standing::Submitting { claim: OURS, until: at };
            let expected = Payment {
                amount: claim.amount,
                started_at: at,
                standing,
                route: Some(claim.route.clone()),
                object,
                payer: Some(Payer::Merchant),
                reference: None,
                looked_up_at: None,
                ..seen(OURS)
            };
            assert_eq!(claim.standing_now(), expected);
        }
    }
}
