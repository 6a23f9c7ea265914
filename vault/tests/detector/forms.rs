//! Cards, as people write them.

/// Numbers that card schemes and processors publish for tests, of every line of the table.
pub(crate) const CARDS: &[&str] = &[
    "4111111111111111",
    "4242424242424242",
    "4012888888881881",
    "4000000000000000006",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "2720992222222229",
    "378282246310005",
    "371449635398431",
    "343434343434343",
    "30569309025904",
    "36227206271667",
    "38520000023237",
    "3095000000000000",
    "6011111111111117",
    "6011000990139424",
    "6445644564456445",
    "6510000000000133",
    "6011000000000000001",
    "3530111333300000",
    "3566002020360505",
    "3528000000000000007",
    "6200000000000005",
    "6212345678901234569",
    "8171999927660000",
    "2200000000000004",
    "2204000000000000006",
    "6521000000000007",
    "5085000000000007",
    "6070000000000002",
    "8200000000000001",
    "6362970000457013",
    "5067268650517446",
    "5090510000414209",
    "6516539999924898",
    "6550049999924911",
    "4011780000000006",
    "6062826786276634",
    "3841000000000007",
    "5060990580000217499",
    "506099000000000008",
    "5078650000000008",
    "9792000000000003",
    "5019717010103742",
    "6759649826438453003",
    "6759649826438453",
    "501800000009",
    "5020000000003",
    "50380000000005",
    "63040000000000000",
    "6763000000000000007",
    "5600000000000003",
    "6700000000000000",
];

/// A way to write a card: of a number, its text; nothing where cards of that length are not written so.
pub(crate) type Write = fn(&str) -> Option<String>;

/// Digits of another script.
fn in_script(zero: char) -> impl Fn(&str) -> Option<String> {
    move |card| card.bytes().map(|b| char::from_u32(zero as u32 + u32::from(b - b'0'))).collect()
}

fn between_digits(card: &str, what: &str) -> Option<String> {
    Some(card.chars().map(String::from).collect::<Vec<_>>().join(what))
}

fn split(card: &str, sizes: &[usize]) -> Option<Vec<String>> {
    let mut rest = card;
    let mut groups = Vec::new();
    for size in sizes {
        let (group, behind) = rest.split_at_checked(*size)?;
        groups.push(group.to_owned());
        rest = behind;
    }
    rest.is_empty().then_some(groups)
}

/// In fours; what is left over stands last.
fn fours(card: &str) -> Vec<String> {
    (0..card.len()).step_by(4).map(|start| card[start..card.len().min(start + 4)].to_owned()).collect()
}

/// As printed on the card: 15 digits as 4-6-5, 14 as 4-6-4, others in fours.
fn printed(card: &str) -> Vec<String> {
    split(card, &[4, 6, 5]).or_else(|| split(card, &[4, 6, 4])).unwrap_or_else(|| fours(card))
}

macro_rules! joined {
    ($($name:literal: $joint:literal),* $(,)?) => {
        &[$(($name, |card| Some(printed(card).join($joint))),)*]
    };
}

/// As printed, with marks between the groups.
pub(crate) const JOINED: &[(&str, Write)] = joined! {
    "spaces": " ", "dashes": "-", "two spaces": "  ", "three spaces": "   ", "no-break spaces": "\u{a0}",
    "thin spaces": "\u{2009}", "ideographic spaces": "\u{3000}", "tabs": "\t", "line breaks": "\n", "CRLF": "\r\n",
    "dash and line break": "-\n", "dash and CRLF": "-\r\n", "dashes with spaces": " - ", "two dashes": "--",
    "en dashes": "–", "em dashes": "—", "non-breaking hyphens": "\u{2011}", "minus signs": "−",
    "hyphen bullets ⁃": "⁃", "modifier minus ˗": "˗", "slashes": "/", "slashes with spaces": " / ", "points": ".",
    "points with spaces": ". ", "commas": ",", "commas with spaces": ", ", "colons": ":", "semicolons": ";",
    "underscores": "_", "bars": "|", "bars with spaces": " | ", "middle dots ・": "・", "half-width dots ･": "･",
    "prolonged sounds ー": "ー", "half-width ｰ": "ｰ", "bullets": "•", "asterisks": "*", "tildes": "~",
    "backslashes": "\\", "equals signs": "=", "plus signs": "+", "quotes": "\" \"", "apostrophes": "'",
};

/// Without marks between groups, in other groups, or in other digits.
pub(crate) const OTHERS: &[(&str, Write)] = &[
    ("digits only", |card| Some(card.into())),
    ("in parentheses", |card| Some(format!("({})", printed(card).join(")(")))),
    ("in brackets", |card| Some(format!("[{}]", printed(card).join("][")))),
    ("in fours", |card| Some(fours(card).join(" "))),
    ("in fours with dashes", |card| Some(fours(card).join("-"))),
    ("8-8 with a space", |card| Some(split(card, &[8, 8])?.join(" "))),
    ("8-8 with a dash", |card| Some(split(card, &[8, 8])?.join("-"))),
    ("8-8 with a line break", |card| Some(split(card, &[8, 8])?.join("\n"))),
    ("6-13 with a space", |card| Some(split(card, &[6, 13])?.join(" "))),
    ("6-13 with a dash", |card| Some(split(card, &[6, 13])?.join("-"))),
    ("full-width digits", |card| in_script('０')(card)),
    ("full-width digits, spaced", |card| in_script('０')(card).map(|card| grouped_chars(&card))),
    ("Arabic-Indic digits", |card| in_script('٠')(card)),
    ("Persian digits", |card| in_script('۰')(card)),
    ("Devanagari digits", |card| in_script('०')(card)),
    ("Bengali digits", |card| in_script('০')(card)),
    ("Thai digits", |card| in_script('๐')(card)),
    ("bold digits", |card| in_script('\u{1d7ce}')(card)),
    ("keycaps", |card| between_digits(card, "\u{fe0f}\u{20e3}").map(|text| text + "\u{fe0f}\u{20e3}")),
    ("zero-width spaces", |card| between_digits(card, "\u{200b}")),
    ("soft hyphens", |card| between_digits(card, "\u{ad}")),
    ("word joiners", |card| between_digits(card, "\u{2060}")),
    ("combining marks", |card| between_digits(card, "\u{301}")),
    ("right-to-left marks", |card| Some(printed(card).join("\u{200f} \u{200f}"))),
];

/// Full-width digits in fours.
fn grouped_chars(card: &str) -> String {
    let chars: Vec<char> = card.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What stands around a card; `{}` is the card.
pub(crate) const SURROUNDINGS: &[(&str, &str)] = &[
    ("nothing", "{}"),
    ("words", "please charge {} today"),
    ("letters that touch it", "x{}y"),
    ("letters of an account that touch it", "DK{}"),
    ("a label", "Card No. {}."),
    ("parentheses", "Jane Doe ({})"),
    ("JSON", "{\"pan\":\"{}\"}"),
    ("expiry MM/YY", "{} 12/30"),
    ("expiry MM/YYYY", "{} 01/2030"),
    ("expiry MMYY", "{} 1230"),
    ("expiry and CVV", "{} 12/30 123"),
    ("CVV", "{} 123"),
    ("CVV and words", "{} 123 thanks"),
    ("house number and street", "5 Main St, {}"),
    ("postcode before", "89109 {}"),
    ("line break and postcode", "{}\n89109 Las Vegas"),
    ("phone before", "+1 702 555 0123; {}"),
    ("phone behind", "{}, +1 702 555 0123"),
    ("UUID before", "550e8400-e29b-41d4-a716-446655440000 {}"),
    ("Japanese", "カード番号は{}です"),
    ("another card, a line break between", "{}\nand\n{}"),
    ("another card, a comma between", "{}; {}"),
];
