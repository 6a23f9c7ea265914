//! Random ids that nobody can mistake for a card number.

use uuid::Uuid;

use crate::card_text::is_card_shaped;

/// A random UUID (version 4), minted again while its text is card-shaped: one in 270 is.
#[must_use]
pub fn opaque_id() -> Uuid {
    first_not_card_shaped(Uuid::new_v4)
}

fn first_not_card_shaped(mut mint: impl FnMut() -> Uuid) -> Uuid {
    loop {
        let id = mint();
        if !is_card_shaped(&id.to_string()) {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shaped_id_is_minted_again() {
        let card_shaped: Uuid = "a4111111-1111-4111-9111-abcdefabcdef".parse().unwrap();
        let card_shaped = (0..10_u128)
            .map(|n| Uuid::from_u128(card_shaped.as_u128() & !(0xf << 48) | (n << 48)))
            .find(|id| is_card_shaped(&id.to_string()))
            .unwrap();
        let fine = Uuid::from_u128(0xabcdef);
        let mut mints = [card_shaped, card_shaped, fine].into_iter();
        assert_eq!(first_not_card_shaped(|| mints.next().unwrap()), fine);
    }
}
