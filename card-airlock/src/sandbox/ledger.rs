//! What the sandbox has charged: once per payment id, also if it was asked several times.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use aws_lc_rs::hmac;
use card_airlock_services::{Changes, KeepError, Part};
use order::{Amount, DeclineCode, DeclineKind, OrderId, Outcome};
use uuid::Uuid;
use vault::Card;

use super::{
    cards::{self, Does},
    charge::{Charge, Fingerprint},
    dialect::Dialect,
    failure::Failure,
    kept_charge::KeptCharge,
};

/// A request that could be read.
pub(super) struct Asked {
    pub(super) payment_id: Uuid,
    pub(super) order: OrderId,
    pub(super) amount: Option<Amount>,
    pub(super) card: Card,
    pub(super) dialect: Dialect,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Entry {
    /// It is in the ledger, and how to keep the answer from arriving, if it is to.
    Settled(Charge, Option<Failure>),
    /// Nothing was charged; the card is given back.
    Failed(Failure, Option<Card>),
    /// The payment id is another payment's.
    Mismatch,
}

pub(super) struct Ledger {
    key: Arc<hmac::Key>,
    asked: HashMap<Uuid, u32>,
    /// Orders, each with the last four digits of a card that was tried for it.
    tried: HashSet<(String, String)>,
    charges: Vec<Charge>,
    /// The place of a payment among the charges.
    places: HashMap<Uuid, usize>,
    /// What is not written down: payments that were asked for, cards that were tried, and how many charges are.
    new_asked: BTreeSet<Uuid>,
    new_tried: Vec<(String, String)>,
    written: usize,
}

const ASKED: &str = "asked/";
const TRIED: &str = "tried/";
const CHARGE: &str = "charge/";

impl Ledger {
    /// What was written down.
    pub(super) fn open(key: Arc<hmac::Key>, kept: &Part) -> Result<Self, KeepError> {
        let charges = kept.beginning_with::<KeptCharge>(CHARGE)?.into_values();
        let charges: Vec<Charge> = charges.filter_map(|charge| charge.read(&key)).collect();
        let mut places = HashMap::new();
        for (place, charge) in charges.iter().enumerate() {
            if charge.dialect == Dialect::Airlock {
                places.entry(charge.payment_id).or_insert(place);
            }
        }
        let asked = kept.beginning_with::<u32>(ASKED)?.into_iter();
        let asked = asked.filter_map(|(payment, times)| Some((payment.parse().ok()?, times)));
        Ok(Self {
            asked: asked.collect(),
            tried: kept.beginning_with::<(String, String)>(TRIED)?.into_values().collect(),
            written: charges.len(),
            key,
            charges,
            places,
            new_asked: BTreeSet::new(),
            new_tried: Vec::new(),
        })
    }

    pub(super) fn write_changes(&mut self, changes: &mut Changes) {
        for payment in std::mem::take(&mut self.new_asked) {
            changes.put(&format!("{ASKED}{payment}"), &self.asked.get(&payment));
        }
        for tried in std::mem::take(&mut self.new_tried) {
            changes.put(&format!("{TRIED}{}/{}", tried.0, tried.1), &tried);
        }
        for (place, charge) in self.charges.iter().enumerate().skip(self.written) {
            changes.put(&format!("{CHARGE}{place:010}"), &KeptCharge::of(charge));
        }
        self.written = self.charges.len();
    }

    /// Every payment that has come to an outcome, oldest first.
    pub(super) fn charges(&self) -> Vec<Charge> {
        let requests = |charge: &Charge| self.asked.get(&charge.payment_id).copied().unwrap_or_default();
        self.charges.iter().map(|charge| Charge { requests: requests(charge), ..charge.clone() }).collect()
    }

    /// Takes in a request of a format whose payment id is its idempotency key. `failure` is the fault that a test
    /// asks for; otherwise the card decides.
    pub(super) fn enter(&mut self, request: Asked, failure: Option<Failure>) -> Entry {
        let (outcome, kind, failure) = self.decide(&request, failure);
        if let Some(failure) = failure.filter(|failure| !failure.charges()) {
            return Entry::Failed(failure, Some(request.card));
        }
        let place = self.places.get(&request.payment_id);
        if let Some(before) = place.and_then(|place| self.charges.get(*place)) {
            return match is_for(before, &request) {
                true => Entry::Settled(before.clone(), failure),
                false => Entry::Mismatch,
            };
        }
        self.places.insert(request.payment_id, self.charges.len());
        Entry::Settled(self.write(&request, outcome, kind, None), failure)
    }

    /// Charges, whether or not there was such a payment before: what a key protects is the format's own affair.
    pub(super) fn charge(&mut self, request: Asked, failure: Option<Failure>, reference: &str) -> Entry {
        let (outcome, kind, failure) = self.decide(&request, failure);
        match failure.filter(|failure| !failure.charges()) {
            Some(failure) => Entry::Failed(failure, Some(request.card)),
            None => Entry::Settled(self.write(&request, outcome, kind, Some(reference.to_owned())), failure),
        }
    }

    fn decide(
        &mut self,
        request: &Asked,
        failure: Option<Failure>,
    ) -> (Outcome, DeclineKind, Option<Failure>) {
        *self.asked.entry(request.payment_id).or_default() += 1;
        // Of the order, not of the payment: after a refusal the order is paid under another id.
        let tried = (request.order.to_string(), request.card.last4().to_string());
        let first = self.tried.insert(tried.clone());
        self.new_asked.insert(request.payment_id);
        self.new_tried.extend(first.then_some(tried));
        let declined = |code: &str| Outcome::Declined(DeclineCode::of(code));
        let (outcome, kind, of_card) = match cards::does(number(&request.card)) {
            Does::Decline(code) => (declined(code), DeclineKind::Soft, None),
            Does::DeclineForGood(code) => (declined(code), DeclineKind::Hard, None),
            Does::Approve => (Outcome::Submitted, DeclineKind::Soft, None),
            Does::FailOnce(failure) => {
                (Outcome::Submitted, DeclineKind::Soft, Some(failure).filter(|_| first))
            }
        };
        (outcome, kind, failure.or(of_card))
    }

    fn write(
        &mut self,
        request: &Asked,
        outcome: Outcome,
        kind: DeclineKind,
        reference: Option<String>,
    ) -> Charge {
        let charge = Charge {
            payment_id: request.payment_id,
            order: request.order.clone(),
            amount: request.amount,
            last4: request.card.last4(),
            outcome,
            kind,
            dialect: request.dialect,
            reference,
            requests: 0,
            card: Fingerprint {
                key: Arc::clone(&self.key),
                tag: hmac::sign(&self.key, number(&request.card).as_bytes()).as_ref().to_vec(),
            },
        };
        self.charges.push(charge.clone());
        charge
    }
}

fn is_for(charge: &Charge, request: &Asked) -> bool {
    (&charge.order, charge.amount) == (&request.order, request.amount)
        && charge.charged_with(number(&request.card))
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: a processor tells cards by their number")]
fn number(card: &Card) -> &str {
    card.pan.expose()
}
