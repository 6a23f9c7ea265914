//! What Stripe keeps between requests.

use std::collections::HashMap;

use order::{Amount, OrderId};
use uuid::Uuid;
use vault::Card;

use super::ledger::Charge;

/// What Stripe keeps between requests.
#[derive(Default)]
pub(super) struct StripeBooks {
    pub(super) methods: HashMap<String, Option<Card>>,
    pub(super) intents: HashMap<String, Intent>,
}

/// A payment intent.
pub(super) struct Intent {
    pub(super) payment_id: Uuid,
    pub(super) order: OrderId,
    pub(super) amount: Amount,
    pub(super) method: String,
    pub(super) charge: Option<Charge>,
}
