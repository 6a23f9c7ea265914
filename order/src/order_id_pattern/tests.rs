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
        ("[a-z]\\d[A-Z]", vec!["a1A"], vec!["A1A", "a1a"]),
        ("-{0}a", vec!["a"], vec!["-a"]),
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
    assert_eq!("\\d{3,2}".parse::<OrderIdPattern>(), Err(ParseOrderIdPatternError::Count("{3,2}".into())));
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
        // What is never there keeps no digits from being the first, and is no part of the card.
        ("a{0}4999\\d{12}", "4999\\d{12}", "visa", 16),
        ("x\\d{0}-4999\\d{12}", "4999\\d{12}", "visa", 16),
        // What comes after a card does not make it harmless.
        ("4999\\d{12}A", "4999\\d{12}", "visa", 16),
        ("4999\\d{12}[a-z]\\d", "4999\\d{12}", "visa", 16),
        // The longest prefix tells whose it could be.
        ("384\\d{13}", "384\\d{13}", "diners", 16),
        ("384100\\d{10}", "384100\\d{10}", "hipercard", 16),
        // A group of four before it would excuse each of these.
        ("20\\d{2}-\\d{4}-\\d{4}-\\d{4}", "\\d{4}-\\d{4}-\\d{4}", "maestro", 12),
        ("2026-4\\d{3}-\\d{4}-\\d{4}-\\d{4}", "4\\d{3}-\\d{4}-\\d{4}-\\d{4}", "visa", 16),
    ] {
        let refused = text.parse::<OrderIdPattern>().unwrap_err();
        let brand = brand.parse().unwrap();
        assert_eq!(refused, ParseOrderIdPatternError::Card { part: part.into(), brand, length }, "{text}");
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
        // Visa's prefix and length, but these are Elo's, whose numbers have 16 digits.
        "401178\\d{13}",
        // The first digit is that of the run, also before what is never there.
        "1a{0}4999\\d{12}",
        // Letters do not group digits.
        "4\\d{3}A\\d{4}A\\d{4}A\\d{4}",
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
