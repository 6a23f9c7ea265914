//! The operators that event buses have beyond Lambda's filters.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use std::net::IpAddr;

use serde_json::Value;

/// What a value must be.
#[derive(Debug, Clone)]
pub(crate) enum BusOperator {
    /// A text that is so.
    Is(Text),
    /// Anything but a text that is like one of these.
    IsNot(Vec<Text>),
    /// A network and how many bits of it count.
    Cidr(IpAddr, u8),
}

/// What a text is like.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    Prefix(String),
    Suffix(String),
    /// Begins so, in small letters.
    PrefixIgnoreCase(String),
    /// Ends so, in small letters.
    SuffixIgnoreCase(String),
    /// In small letters.
    EqualsIgnoreCase(String),
    /// The parts between the stars.
    Wildcard(Vec<String>),
}

impl BusOperator {
    /// `None`: it is not one of these, or its operand is not valid.
    pub(crate) fn parse(name: &str, operand: &Value) -> Option<Self> {
        let ignoring_case = || {
            let (operator, text) = single(operand)?;
            (operator == "equals-ignore-case").then(|| text.as_str().map(str::to_lowercase))?
        };
        match name {
            "prefix" => ignoring_case().map(Text::PrefixIgnoreCase).map(Self::Is),
            "suffix" => ignoring_case().map(Text::SuffixIgnoreCase).map(Self::Is),
            "wildcard" => parts(operand.as_str()?).map(Text::Wildcard).map(Self::Is),
            "cidr" => network(operand.as_str()?),
            "anything-but" => none_of(operand).map(Self::IsNot),
            _ => None,
        }
    }

    pub(crate) fn holds_for(&self, leaf: &Value) -> bool {
        let text_is = |test: &dyn Fn(&str) -> bool| leaf.as_str().is_some_and(test);
        match self {
            Self::Is(wanted) => text_is(&|text| wanted.is_like(text)),
            Self::IsNot(unwanted) => !text_is(&|text| unwanted.iter().any(|one| one.is_like(text))),
            Self::Cidr(network, bits) => {
                text_is(&|text| text.parse().is_ok_and(|address| is_in(address, *network, *bits)))
            }
        }
    }
}

impl Text {
    fn is_like(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::PrefixIgnoreCase(prefix) => text.to_lowercase().starts_with(prefix),
            Self::SuffixIgnoreCase(suffix) => text.to_lowercase().ends_with(suffix),
            Self::EqualsIgnoreCase(lower) => text.to_lowercase() == *lower,
            Self::Wildcard(parts) => fits(parts, text),
        }
    }
}

/// The one member of an object.
fn single(operand: &Value) -> Option<(&String, &Value)> {
    let mut members = operand.as_object()?.iter();
    let (first, None) = (members.next()?, members.next()) else { return None };
    Some(first)
}

/// `{"prefix": "a"}`, or a list of texts in its place.
fn none_of(operand: &Value) -> Option<Vec<Text>> {
    let (operator, texts) = single(operand)?;
    let texts = texts.as_array().cloned().unwrap_or_else(|| vec![texts.clone()]);
    let one = |text: &Value| {
        let text = text.as_str().filter(|text| !text.is_empty())?;
        match operator.as_str() {
            "prefix" => Some(Text::Prefix(text.to_owned())),
            "suffix" => Some(Text::Suffix(text.to_owned())),
            "equals-ignore-case" => Some(Text::EqualsIgnoreCase(text.to_lowercase())),
            "wildcard" => parts(text).map(Text::Wildcard),
            _ => None,
        }
    };
    let unwanted: Vec<Text> = texts.iter().map(one).collect::<Option<_>>()?;
    (!unwanted.is_empty()).then_some(unwanted)
}

/// What is between the stars. `\*` is a star and `\\` a backslash; two stars in a row are refused.
fn parts(wildcard: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let (mut characters, mut after_star) = (wildcard.chars(), false);
    while let Some(character) = characters.next() {
        let is_star = character == '*';
        if is_star && after_star {
            return None;
        }
        match character {
            '*' => parts.push(String::new()),
            '\\' => parts.last_mut()?.push(characters.next().filter(|next| ['*', '\\'].contains(next))?),
            other => parts.last_mut()?.push(other),
        }
        after_star = is_star;
    }
    Some(parts)
}

/// Whether a text begins with the first part, ends with the last, and has the others in between, in order.
fn fits(parts: &[String], text: &str) -> bool {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    let [_, between @ .., _] = parts else { return text == first };
    let Some(mut rest) = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
    else {
        return false;
    };
    between.iter().all(|part| match rest.split_once(part.as_str()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// `10.0.0.0/24`, or an IPv6 network.
fn network(cidr: &str) -> Option<BusOperator> {
    let (address, bits) = cidr.split_once('/')?;
    let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(BusOperator::Cidr(address, bits))
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let same = |one: u128, other: u128, width: u8| {
        let shift = u32::from(width - bits.min(width));
        // A shift by the whole width leaves nothing to compare.
        one.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
    };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => same(one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(rule: &Value) -> Option<BusOperator> {
        let (name, operand) = single(rule)?;
        BusOperator::parse(name, operand)
    }

    fn holds(rule: Value, leaf: Value) -> bool {
        parse(&rule).unwrap().holds_for(&leaf)
    }

    #[test]
    fn case_can_be_ignored_at_the_beginning_and_the_end() {
        let (prefix, suffix) = (
            json!({ "prefix": { "equals-ignore-case": "EventB" } }),
            json!({ "suffix": { "equals-ignore-case": "Tbridge" } }),
        );
        for service in ["EVENTBRIDGE", "eventbridge", "EventBridge"] {
            assert!(holds(prefix.clone(), json!(service)) && holds(suffix.clone(), json!(service)));
        }
        assert!(!holds(prefix, json!("an eventbridge")));
        assert!(!holds(suffix, json!("eventbridges")));
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        let fits = |wildcard: &str, text: &str| holds(json!({ "wildcard": wildcard }), json!(text));
        for (wildcard, text) in [
            ("dir/*.png", "dir/a.png"),
            ("dir/*.png", "dir/.png"),
            ("*", ""),
            ("*/bin/*", "usr/bin/env"),
            ("a*b*c", "aXbXbXc"),
            ("a*a", "aa"),
            ("a", "a"),
            (r"\*\\*", r"*\x"),
        ] {
            assert!(fits(wildcard, text), "{wildcard} {text}");
        }
        for (wildcard, text) in [
            ("dir/*.png", "dir/a.png.txt"),
            ("dir/*.png", "my/dir/a.png"),
            ("a*a", "a"),
            ("a*b*c", "acb"),
            ("a*b*c", "ac"),
            ("a", "ab"),
            (r"\*", "x"),
        ] {
            assert!(!fits(wildcard, text), "{wildcard} {text}");
        }
        assert!(!holds(json!({ "wildcard": "*" }), json!(1)));
    }

    #[test]
    fn an_address_is_in_a_network() {
        let is_in = |cidr: &str, address: &str| holds(json!({ "cidr": cidr }), json!(address));
        assert!(is_in("10.0.0.0/24", "10.0.0.255"));
        assert!(!is_in("10.0.0.0/24", "10.0.1.0"));
        assert!(is_in("10.0.0.0/32", "10.0.0.0") && !is_in("10.0.0.0/32", "10.0.0.1"));
        assert!(is_in("0.0.0.0/0", "203.0.113.9") && !is_in("0.0.0.0/0", "::1"));
        assert!(is_in("2001:db8::/32", "2001:db8:ffff::1") && !is_in("2001:db8::/32", "2001:db9::1"));
        assert!(is_in("::/0", "2001:db8::1"));
        assert!(!is_in("10.0.0.0/8", "no address"));
    }

    #[test]
    fn anything_but_takes_texts_that_begin_end_or_look_otherwise() {
        for (rule, others, same) in [
            (json!({ "prefix": "us-" }), ["eu-west-1", "x-us-"], ["us-east-1", "us-"]),
            (json!({ "prefix": ["us-", "eu-"] }), ["ap-1", "x"], ["us-1", "eu-1"]),
            (json!({ "suffix": ".png" }), ["a.txt", ".png.txt"], ["a.png", ".png"]),
            (json!({ "suffix": [".png", ".jpg"] }), ["a.txt", "b"], ["a.png", "a.jpg"]),
            (json!({ "equals-ignore-case": "Begun" }), ["begunX", "x"], ["BEGUN", "begun"]),
            (json!({ "equals-ignore-case": ["a", "b"] }), ["c", "ab"], ["A", "B"]),
            (json!({ "wildcard": "*/lib/*" }), ["usr/bin", "lib"], ["usr/lib/x", "/lib/"]),
            (json!({ "wildcard": ["a*", "*z"] }), ["b", "zb"], ["ab", "bz"]),
        ] {
            for text in others {
                assert!(holds(json!({ "anything-but": rule }), json!(text)), "{rule} {text}");
            }
            for text in same {
                assert!(!holds(json!({ "anything-but": rule }), json!(text)), "{rule} {text}");
            }
        }
        assert!(holds(json!({ "anything-but": { "prefix": "1" } }), json!(12)), "a number does not begin so");
    }

    #[test]
    fn what_is_in_neither_table_is_refused() {
        for rule in [
            json!({ "wildcard": "a**b" }),
            json!({ "wildcard": "a\\b" }),
            json!({ "wildcard": "a\\" }),
            json!({ "wildcard": ["a*"] }),
            json!({ "cidr": "10.0.0.0" }),
            json!({ "cidr": "10.0.0.0/33" }),
            json!({ "cidr": "10.0.0/8" }),
            json!({ "cidr": "::/129" }),
            json!({ "prefix": { "suffix": "a" } }),
            json!({ "prefix": { "equals-ignore-case": "a", "suffix": "b" } }),
            json!({ "prefix": { "equals-ignore-case": 1 } }),
            json!({ "anything-but": { "prefix": "" } }),
            json!({ "anything-but": { "prefix": [] } }),
            json!({ "anything-but": { "prefix": ["a", 1] } }),
            json!({ "anything-but": { "cidr": "10.0.0.0/8" } }),
            json!({ "anything-but": { "prefix": "a", "suffix": "b" } }),
            json!({ "anything-but": { "wildcard": "**" } }),
            json!({ "near": "a" }),
        ] {
            assert!(parse(&rule).is_none(), "{rule}");
        }
    }
}
