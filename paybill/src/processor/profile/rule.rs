//! What an answer means: ordered rules, of which the first one that matches decides.

use std::{collections::BTreeMap, fmt};

use order::DeclineKind;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::{pointer::Pointer, template::Constant};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) status: Vec<StatusRange>,
    /// All of them must hold.
    pub(crate) when: BTreeMap<Pointer, Test>,
    pub(crate) outcome: RuleOutcome,
}

/// The meaning of an answer that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RuleOutcome {
    /// The step is done, and the next one follows.
    Next,
    /// The payment is accepted.
    Submitted { reference: Option<Pointer> },
    /// The card is declined.
    Declined { code: Vec<CodeSource>, kind: DeclineKind, reference: Option<Pointer> },
    /// The request is at fault, and nothing was charged.
    Refused,
    /// The payment is in progress: the same request may come again.
    InProgress,
    /// It is not known.
    Unknown,
}

/// Where a decline's code is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CodeSource {
    At(Pointer),
    Constant(String),
}

/// Status codes from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusRange {
    pub(super) first: u16,
    pub(super) last: u16,
}

/// A test of the value at a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// It is one of these.
    OneOf(Vec<Constant>),
    /// It is text that begins with this.
    StartsWith(String),
    /// It is there (also as `null`), or it is not.
    Exists(bool),
    /// It is of that type.
    IsText,
}

impl Rule {
    pub(crate) fn is_for(&self, status: u16) -> bool {
        self.status.iter().any(|range| (range.first..=range.last).contains(&status))
    }
}

impl StatusRange {
    const ALL: std::ops::RangeInclusive<u16> = 100..=599;

    fn of(first: u16, last: u16) -> Result<Self, String> {
        if first <= last && Self::ALL.contains(&first) && Self::ALL.contains(&last) {
            Ok(Self { first, last })
        } else {
            Err(format!("{first}-{last} are not status codes: write numbers from 100 to 599"))
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a status: write 402, \"4xx\" or \"500-599\"");
        if let Some(class) = text.strip_suffix("xx") {
            let class: u16 = class.parse().map_err(|_| wrong())?;
            return Self::of(class.saturating_mul(100), class.saturating_mul(100).saturating_add(99));
        }
        let (first, last) = text.split_once('-').ok_or_else(wrong)?;
        Self::of(first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?)
    }
}

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Status;

        impl Visitor<'_> for Status {
            type Value = StatusRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status such as 402, \"4xx\" or \"500-599\"")
            }

            fn visit_i64<E: Error>(self, status: i64) -> Result<StatusRange, E> {
                let status = u16::try_from(status).unwrap_or_default();
                StatusRange::of(status, status).map_err(E::custom)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<StatusRange, E> {
                StatusRange::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Status)
    }
}

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TestVisitor)
    }
}

/// The tests that are written as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestTable {
    exists: Option<bool>,
    starts_with: Option<String>,
    #[serde(rename = "type")]
    kind: Option<TypeName>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TypeName {
    String,
}

struct TestVisitor;

impl<'de> Visitor<'de> for TestVisitor {
    type Value = Test;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a constant, a list of constants, or one of {exists}, {starts_with} and {type}")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Test, E> {
        Ok(Test::OneOf(vec![Constant::Bool(value)]))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Test, E> {
        Ok(Test::OneOf(vec![Constant::Integer(value)]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Test, E> {
        Ok(Test::OneOf(vec![Constant::Text(text.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Test, A::Error> {
        let mut constants = Vec::new();
        while let Some(element) = elements.next_element()? {
            match element {
                Test::OneOf(mut one) if one.len() == 1 => constants.append(&mut one),
                _ => {
                    return Err(A::Error::custom(
                        "a list of constants holds text, whole numbers, true and false",
                    ));
                }
            }
        }
        if constants.is_empty() {
            return Err(A::Error::custom("an empty list never matches"));
        }
        Ok(Test::OneOf(constants))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Test, A::Error> {
        let table = TestTable::deserialize(MapAccessDeserializer::new(map))?;
        match (table.exists, table.starts_with, table.kind) {
            (Some(exists), None, None) => Ok(Test::Exists(exists)),
            (None, Some(start), None) if !start.is_empty() => Ok(Test::StartsWith(start)),
            (None, None, Some(TypeName::String)) => Ok(Test::IsText),
            _ => Err(A::Error::custom("a test is one of exists, starts_with and type")),
        }
    }
}

impl TryFrom<String> for CodeSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with('/') {
            return Pointer::try_from(text).map(Self::At).map_err(|error| error.to_string());
        }
        match order::DeclineCode::accept(&text) {
            Ok(_) => Ok(Self::Constant(text)),
            Err(_) => Err(format!("{text:?} is neither a JSON pointer nor a decline code")),
        }
    }
}
