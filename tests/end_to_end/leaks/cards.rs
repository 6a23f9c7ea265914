//! Random card numbers.

/// Issuer prefixes with a length that their numbers have. No longer prefix of another issuer, whose numbers have other
/// lengths, begins with one of them: there, a random number would be no card once in some thousand times.
const KINDS: [(&str, usize); 14] = [
    ("4", 16),
    ("49", 19),
    ("51", 16),
    ("2221", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("3528", 16),
    ("36", 14),
    ("621", 19),
    ("5067", 16),
    ("606282", 16),
    ("506099", 18),
    ("6759", 12),
];

/// A source of valid card numbers. Their digits are mixed, so that none turns up by chance.
#[derive(Debug)]
pub(crate) struct Cards(fastrand::Rng);

impl Cards {
    /// Tells its seed; `SEED` in the environment repeats a run.
    pub(crate) fn random() -> Self {
        let given = std::env::var("SEED").ok().map(|seed| seed.parse().expect("SEED is a number"));
        let seed = given.unwrap_or_else(|| fastrand::u64(..));
        eprintln!("SEED={seed}");
        Self(fastrand::Rng::with_seed(seed))
    }

    /// The next one.
    pub(crate) fn mint(&mut self) -> String {
        loop {
            let (prefix, length) = KINDS[self.0.usize(..KINDS.len())];
            let mut number = prefix.to_owned();
            while number.len() < length - 1 {
                number.push(self.0.digit(10));
            }
            let check = (0..10).find(|check| passes_luhn(&format!("{number}{check}"))).unwrap();
            number = format!("{number}{check}");
            let mixed: std::collections::HashSet<char> = number.chars().collect();
            if mixed.len() >= 6 {
                return number;
            }
        }
    }
}

/// The same number with another last digit.
pub(crate) fn wrong_check_digit(card: &str) -> String {
    let (start, check) = card.split_at(card.len() - 1);
    format!("{start}{}", (check.parse::<u8>().unwrap() + 1) % 10)
}

fn passes_luhn(number: &str) -> bool {
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let digits = number.chars().rev().map(|c| c.to_digit(10).unwrap());
    digits.enumerate().map(|(i, digit)| if i % 2 == 0 { digit } else { doubled(digit) }).sum::<u32>() % 10
        == 0
}

#[test]
fn every_random_card_is_one() {
    let mut cards = Cards::random();
    for card in (0..50_000).map(|_| cards.mint()) {
        assert!(vault::is_card_shaped(&card), "{card}");
    }
}
