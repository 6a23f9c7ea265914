//! `OrderIdPattern`: how a shop's own order ids look, so that they are known to be no cards before one is sent.
//!
//! A pattern is a small part of a regular expression, and always matches whole ids: letters, digits, `-`, `_`, `~` and
//! `\.` stand for themselves, `\d` or `[0-9]` for a digit, `[A-Z]`, `[a-z]` and `[A-Za-z]` for a letter, and each may
//! have a count behind it, `{4}` or `{1,12}`. `^` in front and `$` behind change nothing.

use std::{ops::Range, str::FromStr};

use vault::{CardBrand, PatternClass, PatternPart, possible_card};

use crate::order_id::{LONGEST, OrderId, ParseOrderIdError};

/// The ids that pass without the detector; none unless the operator names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderIdPattern(Option<Vec<Part>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    class: Class,
    least: usize,
    most: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Literal(char),
    Digit,
    Upper,
    Lower,
    Letter,
}

/// Why a pattern is refused. Says where; a pattern is the operator's own text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseOrderIdPatternError {
    /// Something that is not in the syntax.
    #[error(
        "cannot be read from `{0}` on: it has letters, digits, -, _, ~, \\., \\d, [0-9], [A-Z], [a-z], [A-Za-z] and counts such as {{4}} or {{1,12}}"
    )]
    Syntax(String),
    /// A count that is the wrong way about.
    #[error("has the count `{0}`, whose end is before its start")]
    Count(String),
    /// Ids that would be longer than an order id may be.
    #[error("admits ids of more than {LONGEST} characters")]
    TooLong,
    /// Ids that would be empty, or begin with a mark.
    #[error("admits ids that do not start with a letter or digit")]
    Start,
    /// Ids that could hold a card number.
    #[error(
        "admits card numbers: `{part}` could be {length} digits of {brand}; put a letter into it, or digits in front of it that no issuer's numbers begin with"
    )]
    Card {
        /// The part of the pattern that could be one.
        part: String,
        /// Whose it could be.
        brand: CardBrand,
        /// How many digits it could have.
        length: usize,
    },
}

impl OrderIdPattern {
    /// Whether a text is an id of this pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some(parts) = &self.0 else { return false };
        let text: Vec<char> = text.chars().collect();
        let ends = parts.iter().fold(vec![0], |starts, part| {
            let mut ends: Vec<usize> = starts.iter().flat_map(|start| part.ends(&text, *start)).collect();
            ends.sort_unstable();
            ends.dedup();
            ends
        });
        ends.contains(&text.len())
    }

    /// Judges the id that a client sends: one of this pattern by its form alone, any other by the detector too.
    ///
    /// # Errors
    /// As [`OrderId::accept`].
    pub fn accept(&self, text: &str) -> Result<OrderId, ParseOrderIdError> {
        match OrderId::stored(text).filter(|_| self.matches(text)) {
            Some(id) => Ok(id),
            None => OrderId::accept(text),
        }
    }
}

impl Part {
    /// Where this part can end when it starts there.
    fn ends(self, text: &[char], start: usize) -> impl Iterator<Item = usize> {
        let rest = text.get(start..).unwrap_or_default();
        let most = rest.iter().take(self.most).take_while(|c| self.class.has(**c)).count();
        (self.least..=most).map(move |count| start + count)
    }
}

impl Class {
    fn has(self, c: char) -> bool {
        match self {
            Self::Literal(literal) => c == literal,
            Self::Digit => c.is_ascii_digit(),
            Self::Upper => c.is_ascii_uppercase(),
            Self::Lower => c.is_ascii_lowercase(),
            Self::Letter => c.is_ascii_alphabetic(),
        }
    }
}

/// Empty text is no pattern.
impl FromStr for OrderIdPattern {
    type Err = ParseOrderIdPatternError;

    fn from_str(text: &str) -> Result<Self, ParseOrderIdPatternError> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let (parts, places) = read(text)?;
        if parts.iter().map(|part| part.most).sum::<usize>() > LONGEST {
            return Err(ParseOrderIdPatternError::TooLong);
        }
        if !starts_well(&parts) {
            return Err(ParseOrderIdPatternError::Start);
        }
        let to_judge: Vec<PatternPart> = parts.iter().map(|part| part.to_judge()).collect();
        if let Some(card) = possible_card(&to_judge) {
            let places = places.get(card.parts).unwrap_or_default();
            let (start, end) = (places.first().map_or(0, |p| p.start), places.last().map_or(0, |p| p.end));
            let part = text.get(start..end).unwrap_or_default().to_owned();
            return Err(ParseOrderIdPatternError::Card { part, brand: card.brand, length: card.length });
        }
        Ok(Self(Some(parts)))
    }
}

/// Whether every id of these parts has a first character, which is a letter or digit.
fn starts_well(parts: &[Part]) -> bool {
    for part in parts.iter().filter(|part| part.most > 0) {
        if matches!(part.class, Class::Literal(c) if !c.is_ascii_alphanumeric()) {
            return false;
        }
        if part.least > 0 {
            return true;
        }
    }
    false
}

impl Part {
    fn to_judge(self) -> PatternPart {
        let class = match self.class {
            Class::Literal(c) => PatternClass::Literal(c),
            Class::Digit => PatternClass::Digit,
            Class::Upper | Class::Lower | Class::Letter => PatternClass::Letter,
        };
        PatternPart { class, least: self.least, most: self.most }
    }
}

/// The parts of a pattern, and the place in its text of each.
fn read(text: &str) -> Result<(Vec<Part>, Vec<Range<usize>>), ParseOrderIdPatternError> {
    let mut rest = text.strip_prefix('^').unwrap_or(text);
    rest = rest.strip_suffix('$').unwrap_or(rest);
    let end = text.len() - usize::from(text.ends_with('$'));
    let (mut parts, mut places) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let start = end - rest.len();
        let syntax = || ParseOrderIdPatternError::Syntax(rest.to_owned());
        let (class, behind) = class(rest).ok_or_else(syntax)?;
        let (least, most, behind) = match behind.strip_prefix('{') {
            None => (1, 1, behind),
            Some(counted) => {
                let (count, behind) = counted.split_once('}').ok_or_else(syntax)?;
                let (least, most) = count.split_once(',').unwrap_or((count, count));
                let (least, most) = (number(least).ok_or_else(syntax)?, number(most).ok_or_else(syntax)?);
                if most < least {
                    return Err(ParseOrderIdPatternError::Count(format!("{{{count}}}")));
                }
                (least, most, behind)
            }
        };
        parts.push(Part { class, least, most });
        places.push(start..end - behind.len());
        rest = behind;
    }
    Ok((parts, places))
}

fn class(text: &str) -> Option<(Class, &str)> {
    const CLASSES: [(&str, Class); 7] = [
        ("\\d", Class::Digit),
        ("[0-9]", Class::Digit),
        ("[A-Z]", Class::Upper),
        ("[a-z]", Class::Lower),
        ("[A-Za-z]", Class::Letter),
        ("[a-zA-Z]", Class::Letter),
        ("\\.", Class::Literal('.')),
    ];
    let named = CLASSES.iter().find_map(|(name, class)| Some((*class, text.strip_prefix(name)?)));
    named.or_else(|| {
        let literal = text.chars().next().filter(|c| c.is_ascii_alphanumeric() || "-_~".contains(*c))?;
        Some((Class::Literal(literal), text.get(1..)?))
    })
}

/// A count in plain digits, of at most what an id can have.
fn number(text: &str) -> Option<usize> {
    let is_plain = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> OrderIdPattern {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_pattern_matches_whole_ids_and_no_others() {
        for (text, ids, others) in [
            (
                "SO-\\d{4}-\\d{6}",
                vec!["SO-2026-001234"],
                vec!["SO-2026-00123", "so-2026-001234", "SO-2026-001234x", "xSO-2026-001234"],
            ),
            ("^[A-Z]{2}[0-9]{1,3}$", vec!["AB1", "AB123"], vec!["AB", "AB1234", "ab1", "^AB1$"]),
            ("[A-Za-z]{0,2}x{2}", vec!["xx", "axx", "xxxx"], vec!["x", "xxxxx"]),
            ("a\\.b~c_d", vec!["a.b~c_d"], vec!["axb~c_d"]),
            ("\\d{1,3}\\d{2}", vec!["123", "12345"], vec!["12", "123456"]),
            ("20\\d{14}", vec!["2026112814301500"], vec!["2126112814301500"]),
        ] {
            let pattern = pattern(text);
            for id in ids {
                assert!(pattern.matches(id), "{text} {id}");
                assert_eq!(pattern.accept(id).unwrap().as_str(), id);
            }
            for other in others {
                assert!(!pattern.matches(other), "{text} {other}");
            }
        }
        let none = pattern("");
        assert!(!none.matches("") && !none.matches("1"));
        assert!(none.accept("4111111111111111").is_err() && none.accept("1").is_ok());
        assert!(
            pattern("SO-\\d{4}").accept("4111111111111111").is_err(),
            "what is no id of the pattern is judged"
        );
    }

    #[test]
    fn what_is_not_in_the_syntax_is_refused_with_its_place() {
        for (text, place) in [
            ("a.b", ".b"),
            ("a+", "+"),
            ("a|b", "|b"),
            ("(a)", "(a)"),
            ("[A-F]", "[A-F]"),
            ("[0-9A-Z]", "[0-9A-Z]"),
            ("\\w", "\\w"),
            ("a\\d{2", "\\d{2"),
            ("\\d{}", "\\d{}"),
            ("\\d{1,}", "\\d{1,}"),
            ("\\d{+1}", "\\d{+1}"),
            ("\\d{0001}", "\\d{0001}"),
            ("\\d{1}{2}", "{2}"),
            ("a$b", "$b"),
            ("é", "é"),
            ("a b", " b"),
        ] {
            assert_eq!(
                text.parse::<OrderIdPattern>(),
                Err(ParseOrderIdPatternError::Syntax(place.into())),
                "{text}"
            );
        }
        assert_eq!(
            "\\d{3,2}".parse::<OrderIdPattern>(),
            Err(ParseOrderIdPatternError::Count("{3,2}".into()))
        );
        assert_eq!("a\\d{64}".parse::<OrderIdPattern>(), Err(ParseOrderIdPatternError::TooLong));
        assert!("a[A-Z]{63}".parse::<OrderIdPattern>().is_ok());
        for text in ["-a", "a{0,1}-", "a{0}", "^$", "a{0}-\\d"] {
            assert_eq!(text.parse::<OrderIdPattern>(), Err(ParseOrderIdPatternError::Start), "{text}");
        }
    }

    #[test]
    fn a_pattern_that_admits_a_card_is_refused_with_the_part_and_the_issuer() {
        for (text, part, brand, length) in [
            ("4999\\d{12}", "4999\\d{12}", "visa", 16),
            ("^ORD\\d{16}$", "\\d{16}", "visa", 16),
            ("ORD-\\d{8,20}", "\\d{8,20}", "maestro", 12),
            ("99\\d{2}-9\\d{15}", "9\\d{15}", "troy", 16),
            ("A\\d{4}-\\d{4}-\\d{4}-\\d{4}B", "\\d{4}-\\d{4}-\\d{4}", "maestro", 12),
            ("\\d{4}_-_\\d{6}_-_\\d{5}", "\\d{4}_-_\\d{6}_-_\\d{5}", "amex", 15),
            ("5\\d{7}-\\d{8}", "5\\d{7}-\\d{8}", "mastercard", 16),
            ("62\\d{4}-\\d{13}", "62\\d{4}-\\d{13}", "unionpay", 19),
            // The letters between may be none, and so may the digits before.
            ("3\\d{5}[A-Z]{0,3}\\d{9}", "3\\d{5}[A-Z]{0,3}\\d{9}", "amex", 15),
            ("\\d{0,2}3\\d{13}", "\\d{0,2}3\\d{13}", "diners", 14),
            ("6\\d{3}-[a-z]{0,1}\\d{4}-\\d{4}-\\d{4}", "6\\d{3}-[a-z]{0,1}\\d{4}-\\d{4}", "maestro", 12),
            // Only one of the counts has a card's length, and only one of the prefixes is an issuer's.
            ("979\\d{12,13}", "979\\d{12,13}", "troy", 16),
            ("5018{1}0{0,20}", "5018{1}0{0,20}", "maestro", 12),
            // A group of four before it would excuse each of these.
            ("20\\d{2}-\\d{4}-\\d{4}-\\d{4}", "\\d{4}-\\d{4}-\\d{4}", "maestro", 12),
            ("2026-4\\d{3}-\\d{4}-\\d{4}-\\d{4}", "4\\d{3}-\\d{4}-\\d{4}-\\d{4}", "visa", 16),
        ] {
            let refused = text.parse::<OrderIdPattern>().unwrap_err();
            let brand = brand.parse().unwrap();
            assert_eq!(
                refused,
                ParseOrderIdPatternError::Card { part: part.into(), brand, length },
                "{text}"
            );
            assert!(refused.to_string().contains(&format!("{length} digits of {brand}")), "{refused}");
        }
    }

    #[test]
    fn a_pattern_whose_digits_are_never_a_card_is_let_through() {
        for text in [
            "\\d{1,11}",
            "\\d{20,40}",
            "20\\d{14}",
            "1\\d{18}",
            "0\\d{15}",
            "979[A-Z]\\d{11}",
            "9791\\d{12}",
            "4\\d{12}",
            "4\\d{16,17}",
            "34\\d{14}",
            "\\d{3}-\\d{7}-\\d{7}",
            "\\d{4}-\\d{4}",
            "\\d{4}-\\d{4}_\\d{4}-\\d{4}",
            "\\d{4}----\\d{4}----\\d{4}----\\d{4}",
            "\\d{8}_\\d{8}",
            "\\d{8}--\\d{8}",
            "\\d{4}-[A-Z]\\d{4}-\\d{4}-[A-Z]\\d{4}",
            "[A-Z]{2}\\d{9}[A-Z]{2}",
        ] {
            assert!(text.parse::<OrderIdPattern>().is_ok(), "{:?}", text.parse::<OrderIdPattern>());
        }
    }

    /// Parts that make digit runs and groupings of cards likely.
    fn any_pattern() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "\\d{4}",
            "\\d{4}",
            "-",
            "-",
            "_",
            "4",
            "5018",
            "34",
            "20",
            "9",
            "\\d{6}",
            "\\d{5}",
            "\\d{8}",
            "\\d{12}",
            "\\d{1,3}",
            "\\d{0,4}",
            "[A-Z]{0,1}",
            "[a-z]",
            "\\d{13}",
            "7{0,2}",
            "~",
            "\\.",
        ]);
        prop::collection::vec(part, 1..9).prop_map(|parts| parts.concat())
    }

    /// A text of a pattern, as its choices say.
    fn text_of(pattern: &str, choices: &[u8]) -> Option<String> {
        let (parts, _) = read(pattern).ok()?;
        let mut choices = choices.iter().copied().cycle();
        let mut choice = move |of: usize| usize::from(choices.next().unwrap_or_default()) % of;
        let mut text = String::new();
        for part in parts {
            for _ in 0..part.least + choice(part.most - part.least + 1) {
                text.push(match part.class {
                    Class::Literal(c) => c,
                    Class::Digit => char::from(b'0' + choice(10) as u8),
                    Class::Upper | Class::Letter => char::from(b'A' + choice(26) as u8),
                    Class::Lower => char::from(b'a' + choice(26) as u8),
                });
            }
        }
        Some(text)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// In the URL of every route too, encoded or not.
        #[test]
        fn no_id_of_a_pattern_that_is_let_through_is_a_card_alone_or_in_its_url(
            pattern in any_pattern(), choices in prop::collection::vec(any::<u8>(), 80),
        ) {
            let Ok(accepted) = pattern.parse::<OrderIdPattern>() else { return Ok(()) };
            let id = text_of(&pattern, &choices).unwrap();
            prop_assert!(accepted.matches(&id), "{} {}", pattern, id);
            prop_assert!(!vault::is_card_shaped(&id), "{} {}", pattern, id);
            for encoded in [id.clone(), id.replace('~', "%7E"), id.replace('-', "%2D")] {
                for path in [format!("/order/{encoded}"), format!("/Prod/order/{encoded}/card")] {
                    prop_assert!(!vault::is_card_shaped_in_url(&path), "{} {}", pattern, path);
                }
            }
        }
    }

    /// The other way about: of a pattern that is refused, some id is a card (with letters around it, so that what is
    /// beside it does not excuse it).
    #[test]
    fn a_pattern_that_is_refused_admits_an_id_that_the_detector_finds() {
        let mut rng = fastrand::Rng::with_seed(1);
        for pattern in [
            "4999\\d{12}",
            "\\d{4}-\\d{4}-\\d{4}-\\d{4}",
            "37\\d{2}_\\d{6}_\\d{5}",
            "979\\d{12,13}",
            "62\\d{4}-\\d{13}",
        ] {
            assert!(pattern.parse::<OrderIdPattern>().is_err());
            let found = (0..100_000).any(|_| {
                let choices: Vec<u8> = (0..80).map(|_| rng.u8(..)).collect();
                vault::is_card_shaped(&text_of(pattern, &choices).unwrap())
            });
            assert!(found, "{pattern}");
        }
    }
}
