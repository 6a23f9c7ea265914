//! Condition operators and keys, as IAM evaluates them. An unknown one is an error.
//!
//! Known: `StringEquals`, `StringNotEquals`, `StringLike`, `Bool` and `Null`, with `IfExists`, `ForAllValues` and
//! `ForAnyValue`; of `aws:SourceArn` also `ArnEquals` and `ArnLike`, which are the same. `lambda:SourceFunctionArn` is in no request here, so a policy may only ask for its absence.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>

use std::collections::BTreeMap;

use crate::{pattern, policy_error::PolicyError};

/// What is known about a request: values by condition key. Keys are compared without regard to case, as in IAM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// With more values of a key.
    #[must_use]
    pub fn with(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.0.entry(key.to_lowercase()).or_default().extend(values);
        self
    }

    /// No values: the request does not have the key.
    fn values(&self, key: &str) -> &[String] {
        self.0.get(&key.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Whether a key that has at most one value has more: what AWS would then decide is not documented.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.0.iter().any(|(key, values)| values.len() > 1 && arity(key) == Some(Arity::One))
    }
}

/// One test of a statement's `Condition`. All must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    quantifier: Quantifier,
    if_exists: bool,
    test: Test,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    One,
    ForAllValues,
    ForAnyValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    StringEquals,
    StringNotEquals,
    StringLike,
    ArnLike,
    Bool,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arity {
    One,
    Many,
}

/// What a service says of the resource for which it calls another.
const SOURCE_ARN: &str = "aws:sourcearn";
/// What Lambda adds to the calls of a function's own code. Here nothing does.
const SOURCE_FUNCTION: &str = "lambda:sourcefunctionarn";

/// How many values a condition key may have in a request; `None`: no key that is known here.
fn arity(key: &str) -> Option<Arity> {
    let key = key.to_lowercase();
    match key.as_str() {
        "dynamodb:attributes" | "kms:encryptioncontextkeys" => Some(Arity::Many),
        "dynamodb:select" | "dynamodb:returnvalues" | "dynamodb:enclosingoperation" => Some(Arity::One),
        "kms:datakeypairspec" | "kms:viaservice" | "aws:securetransport" | SOURCE_FUNCTION => {
            Some(Arity::One)
        }
        "events:source" | "events:detail-type" | "aws:sourceaccount" | SOURCE_ARN => Some(Arity::One),
        _ => key.strip_prefix("kms:encryptioncontext:").filter(|name| !name.is_empty()).map(|_| Arity::One),
    }
}

impl Condition {
    pub(crate) fn parse(operator: &str, key: &str, values: Vec<String>) -> Result<Self, PolicyError> {
        let unknown = || PolicyError::Unknown(format!("condition {operator} {key}"));
        let (quantifier, name) = match operator.split_once(':') {
            None => (Quantifier::One, operator),
            Some(("ForAllValues", name)) => (Quantifier::ForAllValues, name),
            Some(("ForAnyValue", name)) => (Quantifier::ForAnyValue, name),
            Some(_) => return Err(unknown()),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |plain| (plain, true));
        let test = match name {
            "StringEquals" => Test::StringEquals,
            "StringNotEquals" => Test::StringNotEquals,
            "StringLike" => Test::StringLike,
            "ArnEquals" | "ArnLike" if key.to_lowercase() == SOURCE_ARN => Test::ArnLike,
            "Bool" => Test::Bool,
            "Null" if quantifier == Quantifier::One && !if_exists => Test::Null,
            _ => return Err(unknown()),
        };
        // Without a set operator, IAM does not say what many values mean.
        match arity(key).ok_or_else(unknown)? {
            Arity::Many if quantifier == Quantifier::One && test != Test::Null => return Err(unknown()),
            Arity::Many | Arity::One => {}
        }
        let asks_for_absence = test == Test::Null && values == ["true"];
        if key.to_lowercase() == SOURCE_FUNCTION && !asks_for_absence {
            return Err(unknown());
        }
        let is_truth = |value: &String| value == "true" || value == "false";
        let shaped = match test {
            Test::Null => values.len() == 1 && values.iter().all(is_truth),
            Test::Bool => !values.is_empty() && values.iter().all(is_truth),
            // A policy variable would have to be replaced.
            _ => !values.is_empty() && values.iter().all(|value| !value.contains("${")),
        };
        if !shaped {
            return Err(PolicyError::Unknown(format!("a value of condition {operator} {key}")));
        }
        Ok(Self { quantifier, if_exists, test, key: key.to_owned(), values })
    }

    pub(crate) fn holds(&self, context: &Context) -> bool {
        let present = context.values(&self.key);
        if self.test == Test::Null {
            return self.values.iter().any(|value| (value == "true") == present.is_empty());
        }
        match self.quantifier {
            Quantifier::ForAllValues => present.iter().all(|value| self.accepts(value)),
            _ if present.is_empty() && self.if_exists => true,
            Quantifier::ForAnyValue => present.iter().any(|value| self.accepts(value)),
            // A negated operator holds where the key is missing.
            Quantifier::One if present.is_empty() => self.test == Test::StringNotEquals,
            Quantifier::One => present.iter().all(|value| self.accepts(value)),
        }
    }

    /// Its values that a request used, each with its key.
    pub(crate) fn used(&self, context: &Context) -> impl Iterator<Item = (String, String)> {
        let present = context.values(&self.key);
        let used = self
            .values
            .iter()
            .filter(|value| self.test == Test::Null || present.iter().any(|found| self.equals(value, found)));
        used.map(|value| (self.key.clone(), value.clone()))
    }

    /// All its values, each with its key.
    pub(crate) fn all(&self) -> impl Iterator<Item = (String, String)> {
        self.values.iter().map(|value| (self.key.clone(), value.clone()))
    }

    fn accepts(&self, value: &str) -> bool {
        let listed = self.values.iter().any(|wanted| self.equals(wanted, value));
        listed != (self.test == Test::StringNotEquals)
    }

    fn equals(&self, wanted: &str, value: &str) -> bool {
        match self.test {
            Test::StringLike => pattern::matches(wanted, value),
            Test::ArnLike => pattern::matches_arn(wanted, value),
            Test::Bool => wanted.eq_ignore_ascii_case(value),
            Test::StringEquals | Test::StringNotEquals | Test::Null => wanted == value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: &str = "kms:EncryptionContext:purpose";
    const KEYS: &str = "kms:EncryptionContextKeys";

    fn holds(operator: &str, key: &str, values: &[&str], present: &[&str]) -> bool {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let present = present.iter().map(|value| (*value).to_owned());
        let context = Context::default().with(key, present);
        Condition::parse(operator, key, values).unwrap().holds(&context)
    }

    #[test]
    fn string_equals_takes_any_of_its_values_and_no_missing_key() {
        assert!(holds("StringEquals", PURPOSE, &["vault", "quarantine"], &["quarantine"]));
        assert!(!holds("StringEquals", PURPOSE, &["vault"], &["Vault"]));
        assert!(!holds("StringEquals", PURPOSE, &["v*"], &["vault"]));
        assert!(!holds("StringEquals", PURPOSE, &["vault"], &[]));
    }

    #[test]
    fn string_not_equals_takes_none_of_its_values_and_a_missing_key() {
        assert!(holds("StringNotEquals", PURPOSE, &["vault"], &["quarantine"]));
        assert!(!holds("StringNotEquals", PURPOSE, &["vault", "quarantine"], &["quarantine"]));
        assert!(holds("StringNotEquals", PURPOSE, &["vault"], &[]));
    }

    #[test]
    fn string_like_knows_wildcards() {
        assert!(holds("StringLike", PURPOSE, &["v*t"], &["vault"]));
        assert!(!holds("StringLike", PURPOSE, &["v?t"], &["vault"]));
        assert!(!holds("StringLike", PURPOSE, &["*"], &[]));
    }

    #[test]
    fn if_exists_takes_a_missing_key_and_nothing_else_more() {
        assert!(holds("StringEqualsIfExists", "dynamodb:Select", &["SPECIFIC_ATTRIBUTES"], &[]));
        assert!(!holds("StringEqualsIfExists", "dynamodb:Select", &["COUNT"], &["ALL_ATTRIBUTES"]));
        assert!(holds("StringEqualsIfExists", "dynamodb:Select", &["COUNT"], &["COUNT"]));
    }

    #[test]
    fn null_asks_whether_the_key_is_missing() {
        assert!(holds("Null", PURPOSE, &["true"], &[]));
        assert!(!holds("Null", PURPOSE, &["true"], &["vault"]));
        assert!(holds("Null", KEYS, &["false"], &["a", "b"]));
        assert!(!holds("Null", KEYS, &["false"], &[]));
    }

    #[test]
    fn bool_compares_truth() {
        assert!(holds("Bool", "aws:SecureTransport", &["true"], &["true"]));
        assert!(!holds("Bool", "aws:SecureTransport", &["false"], &["true"]));
        assert!(!holds("Bool", "aws:SecureTransport", &["false"], &[]));
    }

    #[test]
    fn for_all_values_wants_every_value_listed_and_takes_a_missing_key() {
        let listed = &["purpose", "token"];
        assert!(holds("ForAllValues:StringEquals", KEYS, listed, &["token"]));
        assert!(!holds("ForAllValues:StringEquals", KEYS, listed, &["purpose", "token", "more"]));
        assert!(holds("ForAllValues:StringEquals", KEYS, listed, &[]));
        assert!(!holds("ForAllValues:StringNotEquals", KEYS, listed, &["more", "token"]));
        assert!(holds("ForAllValues:StringLike", KEYS, &["t*"], &["token", "t"]));
    }

    #[test]
    fn for_any_value_wants_one_value_listed_and_refuses_a_missing_key() {
        let listed = &["purpose", "token"];
        assert!(holds("ForAnyValue:StringEquals", KEYS, listed, &["more", "token"]));
        assert!(!holds("ForAnyValue:StringEquals", KEYS, listed, &["more"]));
        assert!(!holds("ForAnyValue:StringEquals", KEYS, listed, &[]));
        assert!(holds("ForAnyValue:StringNotEquals", KEYS, listed, &["more", "token"]));
        assert!(!holds("ForAnyValue:StringNotEquals", KEYS, listed, &[]));
    }

    #[test]
    fn a_functions_own_code_cannot_be_told_from_lambda() {
        let key = "lambda:SourceFunctionArn";
        assert!(holds("Null", key, &["true"], &[]));
        for (operator, value) in [("Null", "false"), ("StringEquals", "arn:aws:lambda:r:1:function:f")] {
            assert!(Condition::parse(operator, key, vec![value.into()]).is_err(), "{operator} {value}");
        }
    }

    #[test]
    fn events_are_told_by_source_and_detail_type() {
        for key in ["events:source", "events:detail-type"] {
            assert!(holds("StringEquals", key, &["shop", "office"], &["shop"]), "{key}");
            assert!(
                !holds("StringEquals", key, &["shop"], &["other"])
                    && !holds("StringEquals", key, &["shop"], &[])
            );
        }
    }

    #[test]
    fn the_resource_for_which_a_service_calls_is_told_by_its_arn() {
        let rule = "arn:aws:events:us-east-1:123456789012:rule/shop/R";
        for operator in ["ArnEquals", "ArnLike", "StringEquals"] {
            assert!(holds(operator, "aws:SourceArn", &[rule], &[rule]), "{operator}");
            assert!(!holds(
                operator,
                "aws:SourceArn",
                &[rule],
                &["arn:aws:events:us-east-1:123456789012:rule/S"]
            ));
            assert!(!holds(operator, "aws:SourceArn", &[rule], &[]), "{operator}");
        }
        let any = "arn:aws:events:*:123456789012:rule/*";
        assert!(holds("ArnLike", "aws:SourceArn", &[any], &[rule]));
        assert!(!holds("ArnLike", "aws:SourceArn", &["arn:aws:events:*:rule/*"], &[rule]), "within its part");
        assert!(holds("StringEquals", "aws:SourceAccount", &["123456789012"], &["123456789012"]));
    }

    #[test]
    fn condition_keys_differ_by_more_than_case() {
        let context = Context::default().with("KMS:encryptioncontext:PURPOSE", ["vault".to_owned()]);
        let condition = Condition::parse("StringEquals", PURPOSE, vec!["vault".into()]).unwrap();
        assert!(condition.holds(&context));
    }

    #[test]
    fn what_is_not_known_is_no_condition() {
        for (operator, key, value) in [
            ("StringEqualsIgnoreCase", PURPOSE, "vault"),
            ("ArnLike", PURPOSE, "vault"),
            ("ArnEquals", "aws:SourceAccount", "1"),
            ("ForSomeValues:StringEquals", PURPOSE, "vault"),
            ("NullIfExists", PURPOSE, "true"),
            ("StringEquals", "dynamodb:LeadingKeys", "me"),
            ("StringEquals", "aws:PrincipalTag/team", "me"),
            ("StringEquals", "kms:EncryptionContext:", "vault"),
            // Many values without a set operator.
            ("StringEquals", "dynamodb:Attributes", "Owner"),
            ("StringEquals", PURPOSE, "${aws:userid}"),
            ("Null", PURPOSE, "no"),
            ("Bool", "aws:SecureTransport", "1"),
        ] {
            assert!(Condition::parse(operator, key, vec![value.into()]).is_err(), "{operator} {key}");
        }
        assert!(Condition::parse("StringEquals", PURPOSE, vec![]).is_err());
    }
}
