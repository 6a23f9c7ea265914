//! A card that its sender encrypts: ingest seals it as it came, and the worker opens it, or refuses it for good.

use super::{
    faults::{ADA, End, ORDERED, Stage, insist},
    steps::tokenized,
};
use crate::{
    simulation::{
        client::Answer,
        details::{DETAILS, OTHER_CARDS},
        world::World,
    },
    support::Encryptor,
};

/// Which order the card was encrypted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encrypted {
    ForItsOrder,
    /// Only the worker can see it.
    ForAnother,
}

/// The card that a new order comes with.
pub(super) struct EncryptedCard(pub(super) Encrypted);

impl Stage for EncryptedCard {
    async fn begin(&self, world: &mut World, _: &str) {
        world.keep_card_keys().await.expect("a key is made without a fault");
    }

    async fn go(&self, world: &mut World, order: &str) {
        let encryptor = encryptor(world).await;
        let made_for = match self.0 {
            Encrypted::ForItsOrder => order,
            Encrypted::ForAnother => "another",
        };
        let card = encryptor.card(made_for, ORDERED.card, ORDERED.expiry);
        // Again while it is pending, by a customer who has seen no answer.
        for _ in 0..2 {
            let answer =
                insist(world, async |world: &World| world.submit_encrypted(order, ADA, ORDERED, &card).await)
                    .await;
            assert_eq!(answer.status, 202, "{answer:?}");
        }
        world.settle().await;
    }

    fn end(&self) -> End {
        match self.0 {
            Encrypted::ForItsOrder => End::Tokenized,
            Encrypted::ForAnother => End::CardRefused,
        }
    }
}

/// The card that is to replace the one that an order has.
pub(super) struct AnotherEncryptedCard;

impl Stage for AnotherEncryptedCard {
    async fn begin(&self, world: &mut World, order: &str) {
        world.keep_card_keys().await.expect("a key is made without a fault");
        tokenized(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        let card = encryptor(world).await.card(order, OTHER_CARDS[0], DETAILS[0].expiry);
        let put = async |world: &World| world.put_encrypted_card(order, ADA, &card).await;
        assert_eq!(insist(world, put).await.status, 202);
        world.settle().await;
        let again = insist(world, put).await;
        assert_eq!((again.status, again.text("CreditCard")), (200, "****-****-****-1117"), "{again:?}");
    }

    fn end(&self) -> End {
        End::PaidWithAnotherCard(0)
    }
}

/// A customer's page, with the newest key.
async fn encryptor(world: &World) -> Encryptor {
    let keys: Answer = insist(world, async |world: &World| world.card_keys(ADA).await).await;
    assert_eq!(keys.status, 200, "{keys:?}");
    Encryptor::with(&keys.body, ADA, world.now())
}
