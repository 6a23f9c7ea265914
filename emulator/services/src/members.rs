//! The unknown members of a call: they would have no effect.

use serde_json::Value;

use crate::not_here::plain;

/// The first member that is given and not among the known ones, by its plain name. Of a list in a form
/// (`Tags.member.1`), the list's name.
pub(crate) fn stray(parameters: &Value, known: &[&str]) -> Option<String> {
    let given = parameters.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let mut names = given.map(|(name, _)| name.split('.').next().unwrap_or_default());
    names.find(|name| !known.contains(name)).map(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_that_is_not_known_is_named_unless_it_is_null() {
        let known = ["KeyId", "Tags"];
        assert_eq!(stray(&json!({ "KeyId": 1, "Tags.member.1": "a", "Other": null }), &known), None);
        assert_eq!(stray(&json!({ "KeyId": 1, "Other<.member.1": 1 }), &known).as_deref(), Some("Other"));
        assert_eq!(stray(&json!("text"), &known), None);
    }
}
