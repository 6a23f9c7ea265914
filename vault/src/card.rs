//! What is sealed: a card number with its optional expiry, and its plaintext form inside an envelope.

use zeroize::Zeroizing;

use crate::{brand::CardBrand, brand_versions::Brands, expiry::CardExpiry, last4::Last4, pan::Pan};

/// A card in plaintext.
#[derive(Debug)]
pub struct Card {
    /// The number.
    pub pan: Pan,
    /// The expiry, when the client gave one.
    pub expiry: Option<CardExpiry>,
}

static_assertions::assert_not_impl_any!(Card: Clone, Copy, PartialEq, std::fmt::Display);

/// The longest sealed text: 19 digits, a semicolon, `MM/YY`.
pub(crate) const LONGEST_TEXT: usize = 25;

/// Separates the number from the expiry.
const SEPARATOR: char = ';';

impl Card {
    /// The last four digits of the number.
    #[must_use]
    pub fn last4(&self) -> Last4 {
        self.pan.last4()
    }

    /// The card scheme.
    #[must_use]
    pub fn brand(&self) -> CardBrand {
        self.pan.brand()
    }

    /// The card scheme, by every version of the issuers' table.
    #[must_use]
    pub fn brands(&self) -> Brands {
        self.pan.brands()
    }

    /// Whether last4 and brand, which are stored unencrypted, fit this card. The brand may be that of any version of
    /// the issuers' table.
    pub(crate) fn is_claimed(&self, last4: Last4, brand: CardBrand) -> bool {
        self.last4() == last4 && self.brands().include(brand)
    }

    /// Appends the text that is sealed, `digits` or `digits;MM/YY`, to a buffer that has room for it.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: sealing; the buffer is encrypted in place")]
    pub(crate) fn write_text(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(self.pan.expose().as_bytes());
        if let Some(expiry) = &self.expiry {
            buffer.push(SEPARATOR as u8);
            buffer.extend_from_slice(expiry.expose().as_bytes());
        }
    }

    /// Reads back what [`Card::write_text`] wrote; nothing if the text was never written by it.
    pub(crate) fn read_text(text: &Zeroizing<Vec<u8>>) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (digits, expiry) = match text.split_once(SEPARATOR) {
            // Of an expiry, white space around it would be read, too.
            Some((_, expiry)) if expiry.trim() != expiry => return None,
            Some((digits, expiry)) => (digits, Some(CardExpiry::parse(expiry).ok()?)),
            None => (text, None),
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { pan: Pan::parse(digits).ok()?, expiry })
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: made-up cards of the tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        DataKeyPolicy, DetokenizeError, KeyringError, ParseExpiryError, ParsePanError, QuarantineIdentity,
        QuarantinedCard, SealError, TokenizeError, VaultIdentity,
        data_key::DataKey,
        envelope::{self, Identity},
        issuers, opaque_id,
    };

    #[test]
    fn the_sealed_text_is_read_back() {
        for (number, expiry, text) in [
            ("4111-1111-1111-1111", None, "4111111111111111"),
            ("0000000000000000000", Some("12/30"), "0000000000000000000;12/30"),
        ] {
            let card = Card {
                pan: Pan::parse(number).unwrap(),
                expiry: expiry.map(|e| CardExpiry::parse(e).unwrap()),
            };
            let mut buffer = Zeroizing::new(Vec::with_capacity(LONGEST_TEXT));
            card.write_text(&mut buffer);
            assert_eq!(buffer.as_slice(), text.as_bytes());
            assert!(buffer.capacity() == LONGEST_TEXT, "no reallocation leaves a copy behind");
            let read = Card::read_text(&buffer).unwrap();
            assert_eq!(read.pan.expose(), card.pan.expose());
            assert_eq!(read.expiry.as_ref().map(CardExpiry::expose), expiry);
        }
    }

    #[test]
    fn text_of_another_shape_is_no_card() {
        for text in [
            "",
            "4111-1111-1111-1111",
            "4111111111111111;",
            "4111111111111111; 12/30",
            "4111111111111111;12/30\u{a0}",
            "4111111111111111;12/30;",
            "4111111111111112",
        ] {
            assert!(Card::read_text(&Zeroizing::new(text.into())).is_none(), "{text}");
        }
    }

    /// Seals with the first release's table and opens with today's, and the other way round, in quarantine's place
    /// and in the vault's: the two capabilities compare alike.
    #[test]
    fn a_card_of_every_prefix_that_moved_is_opened_by_both_tables_claims() {
        let key = DataKey::take(vec![7; 32]).unwrap();
        let id = opaque_id();
        let (order, owner) = ("1", "me");
        let place = Identity::Quarantine(QuarantineIdentity {
            order,
            owner,
            acceptance: id,
            accepted_at: std::time::UNIX_EPOCH,
        });
        let token = crate::Token::mint();
        let vault = Identity::Vault(VaultIdentity { token, account: "0", order, owner, acceptance: id });
        let brand = |table, prefix: u32| {
            let digits = prefix.to_string().into_bytes().into_iter().map(|b| b - b'0');
            issuers::line_of(table, digits).map(|line| line.brand)
        };
        let mut moved = Vec::new();
        for prefix in issuers::ISSUERS.iter().flat_map(|line| line.low..=line.high) {
            let (first, now) = (brand(issuers::FIRST_ISSUERS, prefix), brand(issuers::ISSUERS, prefix));
            if first == now {
                continue;
            }
            let (first, now) = (first.unwrap(), now.unwrap());
            moved.push((first.name(), now.name()));
            let pan = (0..10).find_map(|check| Pan::parse(&format!("{prefix:0<15}{check}")).ok()).unwrap();
            let card = Card { pan, expiry: None };
            for place in [&place, &vault] {
                let sealed = envelope::seal(&card, &key, place).unwrap();
                let opened = envelope::open(&sealed, &key, place).unwrap();
                assert!(
                    opened.is_claimed(card.last4(), first) && opened.is_claimed(card.last4(), now),
                    "{prefix}"
                );
                assert!(!opened.is_claimed(card.last4(), CardBrand::Amex), "{prefix}");
                assert!(!opened.is_claimed("1111".parse().unwrap(), now), "{prefix}");
            }
        }
        let count = moved.len();
        moved.sort_unstable();
        moved.dedup();
        let pairs = [
            ("diners", "hipercard"),
            ("discover", "elo"),
            ("discover", "rupay"),
            ("discover", "verve"),
            ("maestro", "dankort"),
            ("maestro", "elo"),
            ("maestro", "verve"),
            ("rupay", "hipercard"),
            ("unionpay", "elo"),
            ("visa", "elo"),
        ];
        assert_eq!((count, moved.as_slice()), (1_781, pairs.as_slice()));
    }

    proptest! {
        #[test]
        fn promise_1_no_debug_or_error_text_of_any_type_shows_seven_digits_of_a_card(middle in "[1-9][0-9]{11,17}") {
            let check = (b'0'..=b'9').map(char::from)
                .find(|check| Pan::parse(&format!("{middle}{check}")).is_ok()).unwrap();
            let number = format!("{middle}{check}");
            let card = Card {
                pan: Pan::parse(&number).unwrap(), expiry: Some(CardExpiry::parse("12/30").unwrap()),
            };
            let mut text = Zeroizing::new(Vec::with_capacity(LONGEST_TEXT));
            card.write_text(&mut text);
            let quarantined = QuarantinedCard {
                sealed: text.to_vec().into(), // even if a card stood where sealed bytes belong
                data_key: number.clone().into_bytes().into(),
                key_batch: opaque_id(),
                last4: Some(card.last4()),
                brand: Some(card.brand()),
                jwe_digest: None,
            };
            let wrong = format!("{number}1");
            let key = DataKey::take([number.as_bytes(), &[0; 32]].concat()[..32].to_vec()).unwrap();
            let errors: Vec<Box<dyn std::error::Error>> = vec![
                Box::new(Pan::parse(&format!("{number}x")).unwrap_err()),
                Box::new(Pan::parse(&number[..11]).unwrap_err()),
                Box::new(CardExpiry::parse(&wrong).unwrap_err()),
                Box::new(wrong.parse::<crate::Token>().unwrap_err()),
                Box::new(wrong.parse::<crate::Last4>().unwrap_err()),
                Box::new(wrong.parse::<CardBrand>().unwrap_err()),
                Box::new(ParsePanError::CheckDigit), Box::new(ParseExpiryError),
                Box::new(KeyringError::Refused), Box::new(SealError::Cipher),
                Box::new(TokenizeError::Refused), Box::new(DetokenizeError::Refused),
            ];
            let mut said = format!("{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                card, card.pan, card.expiry, quarantined, key, card.last4().mask(), DataKeyPolicy::default());
            for error in errors {
                said.push_str(&format!("{error} {error:?}"));
            }
            for window in number.as_bytes().windows(7) {
                prop_assert!(!said.contains(std::str::from_utf8(window).unwrap()), "{}", said);
            }
        }
    }
}
