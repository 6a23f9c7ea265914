//! What Stripe keeps between requests.

use std::collections::{BTreeSet, HashMap};

use card_airlock_services::{Changes, KeepError, Part};
use order::{Amount, Currency, MinorUnits, OrderId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vault::Card;

use super::{charge::Charge, dialect::Dialect};

const METHOD: &str = "stripe.method/";
const INTENT: &str = "stripe.intent/";

/// What Stripe keeps between requests.
#[derive(Default)]
pub(super) struct StripeBooks {
    methods: HashMap<String, Method>,
    intents: HashMap<String, Intent>,
    /// The ids of those that are not written down as they are.
    changed: BTreeSet<String>,
}

/// A payment method.
pub(super) enum Method {
    Holds(Card),
    /// It was made before this process, and no card is written down: the request that made it brings it again.
    Awaits,
    /// A method is used up by the intent that it belongs to.
    UsedUp,
}

/// A payment intent.
pub(super) struct Intent {
    pub(super) payment_id: Uuid,
    pub(super) order: OrderId,
    pub(super) amount: Amount,
    pub(super) method: String,
    pub(super) charge: Option<Charge>,
}

/// An intent as it is written. Its charge is in the ledger, under its id.
#[derive(Serialize, Deserialize)]
struct KeptIntent {
    payment_id: Uuid,
    order: String,
    minor_units: MinorUnits,
    currency: Currency,
    method: String,
}

impl StripeBooks {
    /// What was written down, with the charges of the ledger.
    pub(super) fn open(kept: &Part, charges: &[Charge]) -> Result<Self, KeepError> {
        let mut books = Self::default();
        for (id, is_used_up) in kept.beginning_with::<bool>(METHOD)? {
            books.methods.insert(id, if is_used_up { Method::UsedUp } else { Method::Awaits });
        }
        for (id, kept) in kept.beginning_with::<KeptIntent>(INTENT)? {
            let is_its = |charge: &&Charge| {
                charge.dialect == Dialect::Stripe && charge.reference.as_deref() == Some(id.as_str())
            };
            let Some(order) = OrderId::stored(kept.order) else { continue };
            let intent = Intent {
                payment_id: kept.payment_id,
                order,
                amount: Amount { minor_units: kept.minor_units, currency: kept.currency },
                method: kept.method,
                charge: charges.iter().find(is_its).cloned(),
            };
            books.intents.insert(id, intent);
        }
        Ok(books)
    }

    pub(super) fn method(&self, id: &str) -> Option<&Method> {
        self.methods.get(id)
    }

    pub(super) fn put_method(&mut self, id: &str, method: Method) {
        self.methods.insert(id.to_owned(), method);
        self.changed.insert(id.to_owned());
    }

    /// Takes the card of a method, which is used up then; `None`: it has none, and stays as it is.
    pub(super) fn take_card(&mut self, id: &str) -> Option<Card> {
        let method = self.methods.get_mut(id)?;
        match std::mem::replace(method, Method::UsedUp) {
            Method::Holds(card) => {
                self.changed.insert(id.to_owned());
                Some(card)
            }
            other => {
                *method = other;
                None
            }
        }
    }

    pub(super) fn intent(&self, id: &str) -> Option<&Intent> {
        self.intents.get(id)
    }

    pub(super) fn put_intent(&mut self, id: &str, intent: Intent) {
        self.intents.insert(id.to_owned(), intent);
        self.changed.insert(id.to_owned());
    }

    /// The charge of an intent, which is in the ledger, too.
    pub(super) fn charged(&mut self, id: &str, charge: Charge) {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.charge = Some(charge);
        }
    }

    pub(super) fn write_changes(&mut self, changes: &mut Changes) {
        for id in std::mem::take(&mut self.changed) {
            if let Some(method) = self.methods.get(&id) {
                changes.put(&format!("{METHOD}{id}"), &matches!(method, Method::UsedUp));
            }
            if let Some(Intent { payment_id, order, amount, method, .. }) = self.intents.get(&id) {
                let kept = KeptIntent {
                    payment_id: *payment_id,
                    order: order.as_str().to_owned(),
                    minor_units: amount.minor_units,
                    currency: amount.currency,
                    method: method.clone(),
                };
                changes.put(&format!("{INTENT}{id}"), &kept);
            }
        }
    }
}
