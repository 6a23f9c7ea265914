//! One rule of a pattern: what a single value must be.

use serde_json::{Map, Value};

use crate::{bus_operator::BusOperator, filter_error::FilterError};

/// Numbers outside this range cannot be in a `numeric` rule (aws/event-ruler).
const LARGEST_NUMBER: f64 = 5.0e9;

/// Whose table of operators applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Lambda's filters.
    Filter,
    /// Event buses, which have more.
    EventBus,
}

#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Equals(Value),
    EqualsIgnoreCase(String),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Value>),
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
    OfBuses(BusOperator),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Rule {
    pub(crate) fn parse(value: &Value, language: Language) -> Result<Self, FilterError> {
        match value {
            Value::Array(_) => Err(FilterError::NotAPattern),
            Value::Object(operator) => Self::parse_operator(operator, language),
            exact => Ok(Self::Equals(exact.clone())),
        }
    }

    fn parse_operator(operator: &Map<String, Value>, language: Language) -> Result<Self, FilterError> {
        let mut entries = operator.iter();
        let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
            return Err(FilterError::Operator);
        };
        let of_buses = || BusOperator::parse(name, operand);
        if let (Language::EventBus, Some(rule)) = (language, of_buses()) {
            return Ok(Self::OfBuses(rule));
        }
        let text = || operand.as_str().map(str::to_owned);
        let rule = match name.as_str() {
            "prefix" => text().map(Self::Prefix),
            "suffix" => text().map(Self::Suffix),
            "equals-ignore-case" => text().map(|text| Self::EqualsIgnoreCase(text.to_lowercase())),
            "exists" => operand.as_bool().map(Self::Exists),
            "anything-but" => parse_anything_but(operand).map(Self::AnythingBut),
            "numeric" => operand.as_array().and_then(|list| parse_numeric(list)).map(Self::Numeric),
            _ => None,
        };
        rule.ok_or(FilterError::Operator)
    }

    /// `leaves`: the values the record has at the rule's field, none when it has no such field.
    pub(crate) fn matches(&self, leaves: &[&Value]) -> bool {
        match self {
            Self::Exists(expected) => leaves.is_empty() != *expected,
            rule => leaves.iter().any(|leaf| rule.holds_for(leaf)),
        }
    }

    pub(crate) fn holds_for(&self, leaf: &Value) -> bool {
        let text_is = |test: &dyn Fn(&str) -> bool| leaf.as_str().is_some_and(test);
        match self {
            // serde_json distinguishes 300 from 300.0, as Lambda does.
            Self::Equals(value) => leaf == value,
            Self::EqualsIgnoreCase(lower) => text_is(&|text| text.to_lowercase() == *lower),
            Self::Prefix(prefix) => text_is(&|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text_is(&|text| text.ends_with(suffix)),
            Self::AnythingBut(values) => !values.contains(leaf),
            // DynamoDB's numbers are strings (`{"N": "12"}`), which no numeric rule matches: so in Lambda too.
            Self::Numeric(bounds) => leaf
                .as_f64()
                .is_some_and(|number| bounds.iter().all(|(sign, bound)| sign.holds(number, *bound))),
            Self::Exists(expected) => *expected,
            Self::OfBuses(rule) => rule.holds_for(leaf),
        }
    }
}

/// A string, a number, or a list of only strings or only numbers.
fn parse_anything_but(operand: &Value) -> Option<Vec<Value>> {
    let values = match operand {
        Value::Array(values) => values.clone(),
        single => vec![single.clone()],
    };
    let uniform = values.iter().all(Value::is_string) || values.iter().all(Value::is_number);
    (uniform && !values.is_empty()).then_some(values)
}

/// `["=", 5]`, `["<", 5]` or a range such as `[">", 0, "<=", 5]`.
fn parse_numeric(list: &[Value]) -> Option<Vec<(Comparison, f64)>> {
    let bound = |pair: &[Value]| match pair {
        [sign, number] => {
            let number = number.as_f64().filter(|number| number.abs() <= LARGEST_NUMBER)?;
            Some((Comparison::parse(sign.as_str()?)?, number))
        }
        _ => None,
    };
    let bounds: Vec<_> = list.chunks(2).map(bound).collect::<Option<_>>()?;
    match bounds.as_slice() {
        [_] => Some(bounds),
        [(lower, low), (upper, high)] if lower.is_lower_bound() && upper.is_upper_bound() && low < high => {
            Some(bounds)
        }
        _ => None,
    }
}

impl Comparison {
    fn parse(sign: &str) -> Option<Self> {
        Some(match sign {
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "=" => Self::Equal,
            ">=" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            _ => return None,
        })
    }

    fn is_lower_bound(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual)
    }

    fn is_upper_bound(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual)
    }

    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            // Bitwise equality would distinguish 0 from -0.
            Self::Equal => number.partial_cmp(&bound) == Some(std::cmp::Ordering::Equal),
            Self::GreaterOrEqual => number >= bound,
            Self::Greater => number > bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(rule: Value, leaf: Value) -> bool {
        Rule::parse(&rule, Language::Filter).unwrap().matches(&[&leaf])
    }

    #[test]
    fn exact_values_match_by_type_and_representation() {
        assert!(holds(json!("a"), json!("a")));
        assert!(!holds(json!("a"), json!("A")));
        assert!(holds(json!(""), json!("")));
        assert!(holds(json!(null), json!(null)));
        assert!(!holds(json!(null), json!("null")));
        assert!(holds(json!(true), json!(true)));
        assert!(holds(json!(300), json!(300)));
        assert!(!holds(json!(300), json!(300.0)));
        assert!(!holds(json!(300), json!("300")));
    }

    #[test]
    fn prefix_suffix_and_ignored_case_match_strings() {
        assert!(holds(json!({"prefix": "us-"}), json!("us-east-1")));
        assert!(!holds(json!({"prefix": "us-"}), json!("eu-us-1")));
        assert!(holds(json!({"suffix": ".png"}), json!("a.png")));
        assert!(!holds(json!({"suffix": ".png"}), json!("a.png.txt")));
        assert!(holds(json!({"equals-ignore-case": "Alice"}), json!("aLICE")));
        assert!(!holds(json!({"equals-ignore-case": "Alice"}), json!("Alicia")));
        assert!(!holds(json!({"prefix": "1"}), json!(12)));
    }

    #[test]
    fn anything_but_wants_a_value_that_is_another() {
        assert!(holds(json!({"anything-but": ["a", "b"]}), json!("c")));
        assert!(!holds(json!({"anything-but": ["a", "b"]}), json!("b")));
        assert!(!holds(json!({"anything-but": "a"}), json!("a")));
        assert!(holds(json!({"anything-but": [1, 2]}), json!(3)));
        assert!(
            !Rule::parse(&json!({"anything-but": "a"}), Language::Filter).unwrap().matches(&[]),
            "a missing field is no value"
        );
    }

    #[test]
    fn numeric_rules_match_json_numbers_within_their_bounds() {
        let range = json!({"numeric": [">", 10, "<=", 20]});
        assert!(holds(range.clone(), json!(20)));
        assert!(holds(range.clone(), json!(10.5)));
        assert!(!holds(range.clone(), json!(10)));
        assert!(!holds(range, json!("15")), "DynamoDB's numbers are strings");
        assert!(holds(json!({"numeric": ["=", 3.018e2]}), json!(301.8)));
        assert!(holds(json!({"numeric": [">=", 0]}), json!(0)));
        assert!(!holds(json!({"numeric": ["<", 0]}), json!(0)));
    }

    #[test]
    fn what_is_not_in_lambdas_table_is_refused() {
        for rule in [
            json!({"wildcard": "a*"}),
            json!({"cidr": "10.0.0.0/8"}),
            json!({"prefix": {"equals-ignore-case": "a"}}),
            json!({"anything-but": {"prefix": "a"}}),
            json!({"anything-but": ["a", 1]}),
            json!({"anything-but": []}),
            json!({"exists": "true"}),
            json!({"numeric": []}),
            json!({"numeric": ["!=", 1]}),
            json!({"numeric": [">", "1"]}),
            json!({"numeric": ["<", 1, ">", 5]}),
            json!({"numeric": [">", 5, "<", 1]}),
            json!({"numeric": ["<", 1.0e10]}),
            json!({"prefix": "a", "suffix": "b"}),
            json!({}),
        ] {
            let refused = Rule::parse(&rule, Language::Filter).unwrap_err();
            assert_eq!(refused, FilterError::Operator, "{rule}");
        }
    }
}
