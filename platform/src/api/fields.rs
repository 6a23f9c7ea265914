//! The fields of a JSON body, and which of them no body may have.

use std::fmt;

use vault::{JsonObject, JsonText};

use super::problems::Problem;

/// The fields of a JSON object, in the order they came, each value as it was written.
pub struct Fields<'a>(JsonObject<'a>);

/// Sensitive authentication data: must not be stored after authorization (PCI DSS 3.3), so never accepted.
const FORBIDDEN: &[(&str, &str)] = &[
    ("cvv", "cvv must never be sent: remove it"),
    ("cvv2", "cvv2 must never be sent: remove it"),
    ("cvc", "cvc must never be sent: remove it"),
    ("cvc2", "cvc2 must never be sent: remove it"),
    ("cid", "cid must never be sent: remove it"),
    ("csc", "csc must never be sent: remove it"),
    ("cav2", "cav2 must never be sent: remove it"),
    ("securitycode", "securityCode must never be sent: remove it"),
    ("pin", "pin must never be sent: remove it"),
    ("pinblock", "pinBlock must never be sent: remove it"),
    ("track", "track must never be sent: remove it"),
    ("track1", "track1 must never be sent: remove it"),
    ("track2", "track2 must never be sent: remove it"),
    ("magstripe", "magstripe must never be sent: remove it"),
];

impl<'a> Fields<'a> {
    /// Splits a body into its fields.
    ///
    /// # Errors
    /// 400 when it is not a JSON object, or has a field twice, a forbidden one or one that is not `known`.
    pub fn parse(body: &'a str, known: &[&str]) -> Result<Self, Problem> {
        let fields = JsonObject::parse(body).ok_or(Problem::BODY_NOT_AN_OBJECT)?;
        for (index, name) in fields.names().enumerate() {
            if let Some(problem) = forbidden(name) {
                return Err(problem);
            }
            if !known.contains(&name) {
                return Err(Problem::FIELD_UNKNOWN);
            }
            if fields.names().take(index).any(|earlier| earlier == name) {
                return Err(Problem::FIELD_TWICE);
            }
        }
        Ok(Self(fields))
    }

    /// A field as it was written, `None` when it is missing or null.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.raw(name).filter(|text| *text != "null")
    }

    /// A string field, `None` when it is missing or null.
    ///
    /// # Errors
    /// The given problem when it is not a string.
    pub fn string(&self, name: &str, not_a_string: Problem) -> Result<Option<JsonText<'a>>, Problem> {
        self.raw(name).map(|raw| JsonText::parse(raw).ok_or(not_a_string)).transpose()
    }
}

fn forbidden(name: &str) -> Option<Problem> {
    // Compared in place: a key may hold a misplaced card number, and is not copied.
    let bare = || name.chars().filter(|c| !"_- ".contains(*c)).map(|c| c.to_ascii_lowercase());
    let (_, message) = FORBIDDEN.iter().find(|(field, _)| bare().eq(field.chars()))?;
    Some(Problem::FIELD_FORBIDDEN.saying(message))
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.0.names().count())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: [&str; 2] = ["A", "B"];

    fn code(body: &str) -> &'static str {
        Fields::parse(body, &KNOWN).map_or_else(|problem| problem.code, |_| "")
    }

    #[test]
    fn what_is_no_object_or_has_a_wrong_field_is_refused_without_a_word_of_it() {
        for (body, expected) in [
            (r#"{"A":1,"B":[{"x":2}]}"#, ""),
            ("{}", ""),
            ("[]", "BODY_MALFORMED"),
            ("4111111111111111", "BODY_MALFORMED"),
            (r#""4111111111111111""#, "BODY_MALFORMED"),
            (r#"{"A":1"#, "BODY_MALFORMED"),
            (r#"{"A":1} x"#, "BODY_MALFORMED"),
            (r#"{"A":1,"A":1}"#, "FIELD_TWICE"),
            (r#"{"A":1,"\u0041":1}"#, "FIELD_TWICE"),
            (r#"{"4111111111111111":1}"#, "FIELD_UNKNOWN"),
            (r#"{"\u0034111111111111111":1}"#, "FIELD_UNKNOWN"),
            (r#"{"\ud800":1}"#, "FIELD_UNKNOWN"),
            (r#"{"a":1}"#, "FIELD_UNKNOWN"),
            (r#"{"CVV":"123"}"#, "FIELD_FORBIDDEN"),
            (r#"{"security_code":"123"}"#, "FIELD_FORBIDDEN"),
            (r#"{"track-2":";4111"}"#, "FIELD_FORBIDDEN"),
        ] {
            assert_eq!(code(body), expected, "{body}");
        }
    }

    #[test]
    fn who_sends_what_must_never_be_sent_is_told_which_field_it_was() {
        for name in ["CVV", "c-v-v", "cvv2", "Security_Code", "PIN block", "track 2"] {
            let refused = Fields::parse(&format!(r#"{{"{name}":"123"}}"#), &KNOWN).unwrap_err();
            let named: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let (field, _) = refused.message.split_once(' ').unwrap();
            assert!(field.eq_ignore_ascii_case(&named), "{name}: {}", refused.message);
        }
    }

    #[test]
    fn strings_are_read_and_other_values_refused() {
        let problem = Problem::NAME_MISSING;
        let body = r#"{"A": "a\u00e9\n" ,"B":4111111111111111}"#;
        let fields = Fields::parse(body, &KNOWN).unwrap();
        assert_eq!(&*fields.string("A", problem.clone()).unwrap().unwrap(), "aé\n");
        assert_eq!(fields.string("B", problem.clone()).unwrap_err(), problem);
        assert!(fields.string("C", problem.clone()).unwrap().is_none());
        let fields = Fields::parse(r#"{"\u0041":"4111","B":null}"#, &KNOWN).unwrap();
        assert_eq!(&*fields.string("A", problem.clone()).unwrap().unwrap(), "4111");
        assert!(fields.string("B", problem).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_body_makes_parsing_panic(body in ".{0,200}|\\{.{0,100}\\}") {
            let _ = Fields::parse(&body, &KNOWN);
        }
    }
}
