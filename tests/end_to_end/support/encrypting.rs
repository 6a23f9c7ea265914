//! The side of a customer who encrypts a card, as a page or a shop's back end does.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use vault::{Card, CardExpiry, CardIssue, CardPublicKey, Pan};

use super::{Client, World, order};

impl World {
    /// The schedule makes a key that cards are encrypted for, if one is due.
    pub(crate) async fn make_card_key(&self) {
        let maker = self.function("CardKeyMakerFunction", self.aws.url());
        self.invoke(&maker, &json!({}), Duration::from_mins(1)).await.unwrap();
    }
}

/// Somebody who encrypts cards for one owner.
#[derive(Debug, Clone)]
pub(crate) struct Encryptor {
    key: CardPublicKey,
    owner: String,
    now: SystemTime,
}

impl Encryptor {
    /// With the newest key, for the client's own orders. The schedule has made a key.
    pub(crate) async fn of(world: &World, client: &Client) -> Self {
        world.make_card_key().await;
        let keys = client.get("/card-keys").await.is(200);
        Self::with(&keys.json, &client.sub(), world.now())
    }

    /// With the first key of a key set.
    pub(crate) fn with(keys: &Value, owner: &str, now: SystemTime) -> Self {
        let key = CardPublicKey::from_jwk(&keys["keys"][0].to_string()).unwrap();
        Self { key, owner: owner.to_owned(), now }
    }

    /// The same for the orders of somebody else.
    pub(crate) fn for_owner(&self, owner: &str) -> Self {
        Self { owner: owner.to_owned(), ..self.clone() }
    }

    /// The same by a clock that goes otherwise.
    pub(crate) fn at(&self, now: SystemTime) -> Self {
        Self { now, ..self.clone() }
    }

    /// A card for an order, encrypted. Each call gives other bytes.
    pub(crate) fn card(&self, order: &str, number: &str, expiry: Option<&str>) -> String {
        let pan = Pan::parse(number).unwrap();
        let card = Card { pan, expiry: expiry.map(|text| CardExpiry::parse(text).unwrap()) };
        self.key.encrypt(&card, &CardIssue { order, owner: &self.owner, issued_at: self.now }).unwrap()
    }

    /// Any text, encrypted as a card is.
    pub(crate) fn text(&self, text: &str) -> String {
        self.key.encrypt_text(text).unwrap()
    }

    /// What is inside a card, as a client writes it.
    pub(crate) fn content(&self, order: &str, number: &str) -> Value {
        let issued_at = humantime::format_rfc3339_millis(self.now).to_string();
        json!({ "CreditCard": number, "CustomerOrder": order, "Owner": self.owner, "IssuedAt": issued_at })
    }
}

/// The sample's order with an encrypted card.
pub(crate) fn encrypted_order(id: &str, card: &str) -> Value {
    let mut order = order(id);
    order.as_object_mut().unwrap().remove("CreditCard");
    order["EncryptedCard"] = card.into();
    order
}
