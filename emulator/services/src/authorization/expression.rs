//! Which attributes a DynamoDB expression names: for `dynamodb:Attributes`, the first element of every path.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html>

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Reserved words: they are attributes only after a `#name`.
const WORDS: [&str; 9] = ["AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"];

const FUNCTIONS: [&str; 8] = [
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "size",
    "if_not_exists",
    "list_append",
];

/// The top-level attributes that an expression names, with `#name`s looked up. `None` when that is not known.
/// For an expression that DynamoDB refuses, it may have a name too many, but never one too few.
pub(super) fn attributes(expression: &str, names: Option<&Map<String, Value>>) -> Option<BTreeSet<String>> {
    let mut attributes = BTreeSet::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let path = rest.split(|c: char| !is_of_path(c)).next().unwrap_or_default();
        if path.is_empty() {
            if !first.is_whitespace() && !"(),=<>+-".contains(first) {
                return None;
            }
            rest = rest.get(first.len_utf8()..)?;
            continue;
        }
        rest = rest.get(path.len()..)?;
        let calls = rest.trim_start().starts_with('(');
        let name = path.split(['.', '[']).next().unwrap_or_default();
        if name.starts_with('#') {
            attributes.insert(names?.get(name)?.as_str()?.to_owned());
        } else if !(name.is_empty()
            || name.starts_with(':')
            || calls && FUNCTIONS.contains(&name)
            || WORDS.iter().any(|word| word.eq_ignore_ascii_case(name)))
        {
            attributes.insert(name.to_owned());
        }
    }
    Some(attributes)
}

fn is_of_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_#:.[]".contains(c)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(expression: &str) -> Option<Vec<String>> {
        let names = json!({"#status": "Status", "#n": "Name.With.Dots", "#odd": 1});
        attributes(expression, names.as_object()).map(|attributes| attributes.into_iter().collect())
    }

    #[test]
    fn every_kind_of_expression_names_its_attributes() {
        for (expression, attributes) in [
            ("CustomerOrder, #status,Attempt", vec!["Attempt", "CustomerOrder", "Status"]),
            ("Address.City, Lines[0].Sku, #n", vec!["Address", "Lines", "Name.With.Dots"]),
            ("attribute_not_exists(CustomerOrder)", vec!["CustomerOrder"]),
            ("#status = :seen AND NOT (Attempt<:n) or size (Name) > :n", vec!["Attempt", "Name", "Status"]),
            (
                "SET #status = :failed, A = if_not_exists(B, :n) + C REMOVE D ADD E :n",
                vec!["A", "B", "C", "D", "E", "Status"],
            ),
            ("Attempt BETWEEN :a AND :b AND Brand IN (:c, :d)", vec!["Attempt", "Brand"]),
            ("begins_with(Owner,:o) AND contains = :c", vec!["Owner", "contains"]),
            ("A<>:b", vec!["A"]),
            ("", vec![]),
        ] {
            assert_eq!(named(expression).unwrap(), attributes, "{expression}");
        }
    }

    #[test]
    fn an_expression_that_cannot_be_read_names_nothing_that_can_be_told() {
        for expression in ["#unknown", "#odd", "A ; B", "Ä", "\"A\""] {
            assert_eq!(named(expression), None, "{expression}");
        }
        assert_eq!(attributes("#status", None), None);
    }
}
