//! The version of a quarantine row: each write after a read requires that it has not changed.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// `AcceptanceId`, `Status` and `Attempt` as read, in any form: a malformed row has a version too.
#[derive(Debug, Clone, PartialEq)]
pub struct RowVersion([Option<AttributeValue>; 3]);

const ATTRIBUTES: [&str; 3] = ["AcceptanceId", "Status", "Attempt"];
const NAMES: [&str; 3] = ["#acceptance_seen", "#status_seen", "#attempt_seen"];
const VALUES: [&str; 3] = [":acceptance_seen", ":status_seen", ":attempt_seen"];

/// A condition expression with its names and values.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) expression: String,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl RowVersion {
    /// The version of a row as read or as seen in the stream.
    #[must_use]
    pub fn of(item: &HashMap<String, AttributeValue>) -> Self {
        Self(ATTRIBUTES.map(|attribute| item.get(attribute).cloned()))
    }

    /// True while the row exists and none of the three has changed.
    pub(crate) fn unchanged(&self) -> Condition {
        let (mut clauses, mut names, mut values) = (Vec::new(), HashMap::new(), HashMap::new());
        for (((seen, attribute), name), value) in self.0.iter().zip(ATTRIBUTES).zip(NAMES).zip(VALUES) {
            names.insert(name.into(), attribute.into());
            match seen {
                Some(seen) => {
                    clauses.push(format!("{name} = {value}"));
                    values.insert(value.into(), seen.clone());
                }
                None => clauses.push(format!("attribute_not_exists({name})")),
            }
        }
        // What a row has tells it from none. One that has nothing of the three is told by its key.
        if values.is_empty() {
            clauses.push("attribute_exists(CustomerOrder)".into());
        }
        Condition { expression: clauses.join(" AND "), names, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_attribute_must_still_be_missing() {
        let item = HashMap::from([("Status".into(), AttributeValue::S("PENDING".into()))]);
        let condition = RowVersion::of(&item).unchanged();
        assert_eq!(
            condition.expression,
            "attribute_not_exists(#acceptance_seen) AND #status_seen = :status_seen \
             AND attribute_not_exists(#attempt_seen)"
        );
        assert_eq!(
            condition.values,
            HashMap::from([(":status_seen".into(), AttributeValue::S("PENDING".into()))])
        );
    }
}
