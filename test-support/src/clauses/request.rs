//! The expressions of a request to DynamoDB, and the request without a clause of one of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::expression::{Changed, conditions, updates};

/// How the clauses of an expression are told.
type Clauses = fn(&str) -> Vec<Changed>;

/// Where an expression stands in a request.
const KINDS: [(&str, Clauses); 4] = [
    ("ConditionExpression", conditions),
    ("FilterExpression", conditions),
    ("KeyConditionExpression", conditions),
    ("UpdateExpression", updates),
];

/// One clause of one expression: which requests have it, and what they are without it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mutant {
    /// The write or read, its table, the kind of expression, and the whole expression.
    place: [String; 4],
    /// The clause that is gone. An expression may have it twice.
    clause: String,
    count: usize,
}

impl Mutant {
    /// As a line of a list, which [`Self::read`] reads.
    pub(super) fn line(&self) -> String {
        let [verb, table, kind, expression] = &self.place;
        format!("{verb}\t{table}\t{kind}\t{}\t{}\t{expression}", self.clause, self.count)
    }

    /// One of those lines.
    pub(super) fn read(line: &str) -> Self {
        let parts: Vec<&str> = line.split('\t').collect();
        let [verb, table, kind, clause, count, expression] = parts.as_slice() else {
            panic!("no line of a list of clauses: {line}")
        };
        Self {
            place: [verb, table, kind, expression].map(|part| (*part).to_owned()),
            clause: (*clause).to_owned(),
            count: count.parse().unwrap(),
        }
    }

    /// Takes the clause out of every expression of the request that has it.
    pub(super) fn take_out(&self, operation: &str, request: &mut Value) -> bool {
        let mut is_changed = false;
        for (verb, action) in actions(operation, request) {
            for (mutant, left) in mutants(&verb, action) {
                if mutant == *self {
                    let kind = &self.place[2];
                    match left {
                        Some(left) => drop(action.insert(kind.clone(), Value::String(left))),
                        None => drop(action.remove(kind)),
                    }
                    drop_unused(action);
                    is_changed = true;
                }
            }
        }
        is_changed
    }
}

/// Every clause of every expression of a request.
pub(super) fn mutants_of(operation: &str, request: &mut Value) -> BTreeSet<Mutant> {
    let of = |(verb, action): (String, &mut Map<String, Value>)| mutants(&verb, action);
    actions(operation, request).into_iter().flat_map(of).map(|(mutant, _)| mutant).collect()
}

/// The request itself, or each action of its transaction.
fn actions<'r>(operation: &str, request: &'r mut Value) -> Vec<(String, &'r mut Map<String, Value>)> {
    let Some(request) = request.as_object_mut() else { return Vec::new() };
    if !request.contains_key("TransactItems") {
        return vec![(operation.to_owned(), request)];
    }
    let items = request.get_mut("TransactItems").and_then(Value::as_array_mut);
    let items = items.into_iter().flatten().filter_map(Value::as_object_mut);
    let actions = items.flat_map(|item| item.iter_mut());
    actions.filter_map(|(verb, action)| Some((format!("Transact{verb}"), action.as_object_mut()?))).collect()
}

fn mutants(verb: &str, action: &Map<String, Value>) -> Vec<(Mutant, Option<String>)> {
    let text = |name: &str| action.get(name).and_then(Value::as_str);
    let table = text("TableName").unwrap_or_default();
    let mut mutants: Vec<(Mutant, Option<String>)> = Vec::new();
    for (kind, changed) in KINDS {
        let Some(expression) = text(kind) else { continue };
        let place = [verb, table, kind, expression].map(str::to_owned);
        for Changed { clause, left } in changed(expression) {
            let same = |(mutant, _): &&(Mutant, _)| mutant.place == place && mutant.clause == clause;
            let count = mutants.iter().filter(same).count();
            mutants.push((Mutant { place: place.clone(), clause, count }, left));
        }
    }
    mutants
}

/// DynamoDB refuses names and values that no expression speaks of: they would tell of the change.
fn drop_unused(action: &mut Map<String, Value>) {
    let expressions = action.iter().filter(|(name, _)| name.ends_with("Expression"));
    let texts: Vec<_> = expressions.filter_map(|(_, text)| text.as_str()).collect();
    let text = texts.join(" ");
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | ':');
    let used: BTreeSet<String> = text.split(|c| !is_part(c)).map(str::to_owned).collect();
    for name in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(map) = action.get_mut(name).and_then(Value::as_object_mut) else { continue };
        map.retain(|placeholder, _| used.contains(placeholder));
        if map.is_empty() {
            action.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_loses_a_clause_and_what_only_that_clause_names() {
        let request = || {
            json!({
                "TableName": "T", "UpdateExpression": "SET #a = :a REMOVE B",
                "ConditionExpression": "#b = :b AND A = :a",
                "ExpressionAttributeNames": {"#a": "A", "#b": "B"},
                "ExpressionAttributeValues": {":a": 1, ":b": 2},
            })
        };
        let mutants = mutants_of("UpdateItem", &mut request());
        assert_eq!(mutants.len(), 5);
        for mutant in &mutants {
            assert_eq!(Mutant::read(&mutant.line()), *mutant);
            let mut changed = request();
            assert!(mutant.take_out("UpdateItem", &mut changed));
            assert!(!mutant.take_out("UpdateItem", &mut changed), "it is gone: {changed}");
            assert!(!mutant.take_out("PutItem", &mut request()), "another request");
        }
        let gone = |clause: &str| {
            let mut changed = request();
            let mutant = mutants.iter().find(|mutant| mutant.clause == clause).unwrap();
            assert!(mutant.take_out("UpdateItem", &mut changed));
            changed
        };
        assert_eq!(
            gone("#b = :b"),
            json!({
                "TableName": "T", "UpdateExpression": "SET #a = :a REMOVE B", "ConditionExpression": "A = :a",
                "ExpressionAttributeNames": {"#a": "A"}, "ExpressionAttributeValues": {":a": 1},
            })
        );
        let without = gone("#b = :b AND A = :a");
        assert_eq!(
            (without.get("ConditionExpression"), &without["ExpressionAttributeValues"]),
            (None, &json!({":a": 1}))
        );
    }

    #[test]
    fn each_action_of_a_transaction_has_its_own_clauses() {
        let mut request = json!({"TransactItems": [
            {"Put": {"TableName": "T", "Item": {}, "ConditionExpression": "attribute_not_exists(Id)"}},
            {"Delete": {"TableName": "T", "Key": {}, "ConditionExpression": "attribute_not_exists(Id)"}},
        ]});
        let mutants = mutants_of("TransactWriteItems", &mut request);
        assert_eq!(mutants.len(), 2);
        assert!(mutants.first().unwrap().take_out("TransactWriteItems", &mut request));
        let left = |place: usize, verb: &str| {
            request["TransactItems"][place][verb].get("ConditionExpression").is_some()
        };
        assert_eq!((left(0, "Put"), left(1, "Delete")), (true, false), "{request}");
    }
}
