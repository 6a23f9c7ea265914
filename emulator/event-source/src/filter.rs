//! `FilterCriteria`: which records the function gets.
//!
//! The language is that of the Lambda developer guide, "Filter rule syntax", with the matching of arrays
//! and of missing fields from aws/event-ruler, on which it rests. What is not in that table is an error
//! here, so that a pattern which Lambda would refuse or read differently is not silently accepted.

use serde_json::{Map, Value};

use crate::{
    filter_error::FilterError,
    rule::{Language, Rule},
};

/// Lambda's default quota of filters for one event source.
const MOST_FILTERS: usize = 5;

/// Patterns of which a record must match one; without any, every record passes.
#[derive(Debug, Clone, Default)]
pub struct FilterCriteria {
    patterns: Vec<Node>,
}

impl FilterCriteria {
    /// Reads patterns, each a JSON text.
    ///
    /// # Errors
    ///
    /// When Lambda would refuse a pattern, or it uses what is not supported here.
    pub fn from_patterns<I: IntoIterator<Item: AsRef<str>>>(patterns: I) -> Result<Self, FilterError> {
        let patterns = patterns.into_iter().map(|pattern| Node::read(pattern.as_ref(), Language::Filter));
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        if patterns.len() > MOST_FILTERS {
            return Err(FilterError::TooMany);
        }
        Ok(Self { patterns })
    }

    /// Reads the property `FilterCriteria` of a template: `{"Filters": [{"Pattern": "…"}]}`.
    ///
    /// # Errors
    ///
    /// As [`FilterCriteria::from_patterns`], and when it has another shape.
    pub fn from_property(property: &Value) -> Result<Self, FilterError> {
        let criteria = property.as_object().ok_or(FilterError::NotCriteria)?;
        if criteria.keys().any(|name| name != "Filters") {
            return Err(FilterError::NotCriteria);
        }
        let Some(filters) = criteria.get("Filters") else { return Ok(Self::default()) };
        let pattern = |filter: &Value| Some(filter.as_object()?.get("Pattern")?.as_str()?.to_owned());
        let filters = filters.as_array().ok_or(FilterError::NotCriteria)?;
        let patterns: Option<Vec<_>> = filters.iter().map(pattern).collect();
        Self::from_patterns(patterns.ok_or(FilterError::NotCriteria)?)
    }

    /// Whether the function gets this record.
    #[must_use]
    pub fn matches(&self, record: &Value) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(Some(record)))
    }
}

/// An object of a pattern: all its fields must match, and one of each `$or`.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    fields: Vec<(String, Field)>,
    alternatives: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Field {
    Node(Node),
    Leaf(Vec<Rule>),
}

impl Node {
    /// A pattern from its JSON text.
    pub(crate) fn read(pattern: &str, language: Language) -> Result<Self, FilterError> {
        let pattern: Value = serde_json::from_str(pattern).map_err(|_| FilterError::NotJson)?;
        Self::parse(pattern.as_object().ok_or(FilterError::NotAPattern)?, language)
    }

    fn parse(object: &Map<String, Value>, language: Language) -> Result<Self, FilterError> {
        if object.is_empty() {
            return Err(FilterError::Empty);
        }
        let mut node = Self { fields: Vec::new(), alternatives: Vec::new() };
        for (name, value) in object {
            if name == "$or" {
                node.alternatives = Self::parse_or(value, language)?;
            } else {
                node.fields.push((name.clone(), Field::parse(value, language)?));
            }
        }
        Ok(node)
    }

    fn parse_or(value: &Value, language: Language) -> Result<Vec<Self>, FilterError> {
        let alternatives = value.as_array().filter(|list| list.len() >= 2).ok_or(FilterError::Or)?;
        let parse = |one: &Value| Self::parse(one.as_object().ok_or(FilterError::Or)?, language);
        alternatives.iter().map(parse).collect()
    }

    /// `None` means that the field is not there.
    pub(crate) fn matches(&self, value: Option<&Value>) -> bool {
        // One and the same element of a list must match all fields of a pattern.
        if let Some(Value::Array(items)) = value
            && items.iter().any(|item| item.is_object() || item.is_array())
        {
            return items.iter().any(|item| self.matches(Some(item)));
        }
        let object = value.and_then(Value::as_object);
        self.fields.iter().all(|(name, field)| field.matches(object.and_then(|object| object.get(name))))
            && (self.alternatives.is_empty() || self.alternatives.iter().any(|one| one.matches(value)))
    }
}

impl Field {
    fn parse(value: &Value, language: Language) -> Result<Self, FilterError> {
        match value {
            Value::Object(object) => Node::parse(object, language).map(Self::Node),
            Value::Array(rules) if rules.is_empty() => Err(FilterError::Empty),
            Value::Array(rules) => {
                let rules = rules.iter().map(|rule| Rule::parse(rule, language));
                rules.collect::<Result<_, _>>().map(Self::Leaf)
            }
            _ => Err(FilterError::NotAPattern),
        }
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Node(node) => node.matches(value),
            Self::Leaf(rules) => {
                let mut leaves = Vec::new();
                collect_leaves(value, &mut leaves);
                rules.iter().any(|rule| rule.matches(&leaves))
            }
        }
    }
}

/// A list means its elements. An object is not a leaf, so a rule finds nothing there.
fn collect_leaves<'a>(value: Option<&'a Value>, leaves: &mut Vec<&'a Value>) {
    match value {
        None | Some(Value::Object(_)) => {}
        Some(Value::Array(items)) => items.iter().for_each(|item| collect_leaves(Some(item), leaves)),
        Some(leaf) => leaves.push(leaf),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn passes(pattern: Value, record: &Value) -> bool {
        FilterCriteria::from_patterns([pattern.to_string()]).unwrap().matches(record)
    }

    fn refusal(pattern: &str) -> FilterError {
        FilterCriteria::from_patterns([pattern]).unwrap_err()
    }

    fn record() -> Value {
        json!({
            "eventName": "REMOVE",
            "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
            "dynamodb": {
                "Keys": {"Id": {"S": "a-1"}},
                "OldImage": {"State": {"S": "OPEN"}, "Total": {"N": "12"}, "Tags": {"SS": ["x", "y"]},
                             "Lines": {"L": [{"M": {"Sku": {"S": "p"}, "Size": {"S": "1"}}},
                                             {"M": {"Sku": {"S": "q"}, "Size": {"S": "2"}}}]}},
                "SizeBytes": 26
            }
        })
    }

    #[test]
    fn without_filters_every_record_passes() {
        assert!(FilterCriteria::default().matches(&record()));
        assert!(FilterCriteria::from_property(&json!({})).unwrap().matches(&record()));
        assert!(FilterCriteria::from_property(&json!({"Filters": []})).unwrap().matches(&record()));
    }

    #[test]
    fn a_pattern_reaches_the_event_name_the_identity_and_the_images() {
        let expired = json!({
            "eventName": ["REMOVE"],
            "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
            "dynamodb": {"OldImage": {"State": {"S": ["OPEN", "FAILED"]}}}
        });
        assert!(passes(expired.clone(), &record()));
        for path in ["/eventName", "/userIdentity/principalId", "/dynamodb/OldImage/State/S"] {
            let mut other = record();
            *other.pointer_mut(path).unwrap() = json!("other");
            assert!(!passes(expired.clone(), &other), "{path}");
        }
    }

    #[test]
    fn a_record_passes_when_it_matches_one_of_the_patterns() {
        let criteria = json!({"Filters": [{"Pattern": r#"{"eventName":["INSERT"]}"#},
                                          {"Pattern": r#"{"eventName":["REMOVE"]}"#}]});
        assert!(FilterCriteria::from_property(&criteria).unwrap().matches(&record()));
    }

    #[test]
    fn a_list_in_the_record_matches_when_an_element_does() {
        assert!(passes(json!({"dynamodb": {"OldImage": {"Tags": {"SS": ["y"]}}}}), &record()));
        assert!(!passes(json!({"dynamodb": {"OldImage": {"Tags": {"SS": ["z"]}}}}), &record()));
    }

    #[test]
    fn fields_of_a_list_are_met_by_one_element_of_it() {
        let line = |sku: &str, size: &str| json!({"dynamodb": {"OldImage": {"Lines": {"L": {"M": {"Sku": {"S": [sku]}, "Size": {"S": [size]}}}}}}});
        assert!(passes(line("q", "2"), &record()));
        assert!(!passes(line("p", "2"), &record()));
    }

    #[test]
    fn or_takes_one_of_several_fields_and_the_rest_still_counts() {
        let either = |name: &str| {
            json!({"eventName": [name], "$or": [{"userIdentity": {"type": ["User"]}},
                                                {"dynamodb": {"OldImage": {"State": {"S": ["OPEN"]}}}}]})
        };
        assert!(passes(either("REMOVE"), &record()));
        assert!(!passes(either("INSERT"), &record()));
    }

    #[test]
    fn exists_speaks_of_leaves_only() {
        assert!(passes(json!({"dynamodb": {"NewImage": {"State": {"S": [{"exists": false}]}}}}), &record()));
        assert!(passes(json!({"dynamodb": {"OldImage": {"State": {"S": [{"exists": true}]}}}}), &record()));
        assert!(passes(json!({"dynamodb": {"OldImage": [{"exists": false}]}}), &record()));
    }

    #[test]
    fn what_lambda_refuses_is_refused() {
        assert_eq!(refusal("single-string"), FilterError::NotJson);
        assert_eq!(refusal(r#"[{"eventName": ["INSERT"=123}]"#), FilterError::NotJson);
        assert_eq!(refusal(r#"["INSERT"]"#), FilterError::NotAPattern);
        assert_eq!(refusal(r#"{"eventName": "INSERT"}"#), FilterError::NotAPattern);
        assert_eq!(refusal(r#"{"eventName": []}"#), FilterError::Empty);
        assert_eq!(refusal(r#"{"dynamodb": {}}"#), FilterError::Empty);
        assert_eq!(refusal(r#"{"$or": [{"eventName": ["INSERT"]}]}"#), FilterError::Or);
        let six = vec![r#"{"eventName": ["INSERT"]}"#; 6];
        assert_eq!(FilterCriteria::from_patterns(six).unwrap_err(), FilterError::TooMany);
    }
}
