//! How a policy differs from the one that is promised, statement by statement.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What stands beside the statements.
const BESIDE: &str = "beside the statements";
/// A statement that has no name, or one that is not letters and digits.
const NAMELESS: &str = "a statement without a plain name";

/// Two policies that are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDifference {
    /// The one in force.
    pub stack: Value,
    /// The one that is promised.
    pub template: Value,
    /// Where they differ.
    pub statements: Vec<StatementDifference>,
}

/// A statement that one of them lacks or has otherwise: what it says, a line for each value, such as
/// `Action = kms:Decrypt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementDifference {
    /// Its `Sid`.
    pub sid: String,
    /// What only the policy in force says.
    pub only_in_stack: Vec<String>,
    /// What only the promised one says.
    pub only_in_template: Vec<String>,
}

impl PolicyDifference {
    /// None: they say the same, however they are written.
    pub(super) fn of(stack: &Value, template: &Value) -> Option<Self> {
        if canonical(stack) == canonical(template) {
            return None;
        }
        let (mut here, mut there) = (by_sid(stack), by_sid(template));
        for (sid, statements) in &mut here {
            let others = there.entry(sid.clone()).or_default();
            let same: Vec<_> = statements.iter().filter(|one| others.contains(one)).cloned().collect();
            statements.retain(|one| !same.contains(one));
            others.retain(|one| !same.contains(one));
        }
        let sids: BTreeSet<String> = here.keys().chain(there.keys()).cloned().collect();
        let statements = sids.into_iter().filter_map(|sid| {
            let said = |of: &BTreeMap<String, Vec<Value>>| {
                of.get(&sid).into_iter().flatten().flat_map(lines).collect::<BTreeSet<_>>()
            };
            let (stack, template) = (said(&here), said(&there));
            let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
                these.difference(those).cloned().collect::<Vec<_>>()
            };
            let (only_in_stack, only_in_template) = match (only(&stack, &template), only(&template, &stack)) {
                // The same values, in other statements of one name: together they say something else.
                (here, there) if here.is_empty() && there.is_empty() => {
                    (only(&stack, &BTreeSet::new()), only(&template, &BTreeSet::new()))
                }
                differing => differing,
            };
            let is_same = only_in_stack.is_empty() && only_in_template.is_empty();
            (!is_same).then_some(StatementDifference { sid, only_in_stack, only_in_template })
        });
        Some(Self { stack: stack.clone(), template: template.clone(), statements: statements.collect() })
    }

    /// The names of the statements that differ.
    pub(super) fn named(&self) -> String {
        self.statements.iter().map(|one| one.sid.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// The statements in one form, by their names, and what stands beside them.
fn by_sid(policy: &Value) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::<String, Vec<Value>>::new();
    let mut beside = policy.as_object().cloned().unwrap_or_default();
    // IAM takes one statement for a list of one.
    let statements = match beside.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for statement in statements {
        let sid =
            statement.get("Sid").and_then(Value::as_str).filter(|sid| is_plain(sid)).unwrap_or(NAMELESS);
        found.entry(sid.to_owned()).or_default().push(canonical(&statement));
    }
    if !beside.is_empty() {
        found.entry(BESIDE.to_owned()).or_default().push(canonical(&Value::Object(beside)));
    }
    found
}

/// What a statement says, value by value.
fn lines(statement: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    gather(statement, "", &mut lines);
    lines.retain(|line| !line.starts_with("Sid = "));
    lines
}

fn gather(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
                gather(value, &path, lines);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, path, lines)),
        Value::String(text) => lines.push(format!("{path} = {text}")),
        other => lines.push(format!("{path} = {other}")),
    }
    // Whoever wrote the policy chose these texts: nothing in them moves the cursor of a terminal.
    if let Some(last) = lines.last_mut() {
        *last = last
            .chars()
            .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
            .collect();
    }
}

fn is_plain(sid: &str) -> bool {
    !sid.is_empty() && sid.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A policy in one form: IAM takes one value for a list of one, a list in any order, and a boolean for its text.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), canonical(value))).collect()
        }
        Value::Array(values) => {
            let mut values: Vec<_> = values.iter().map(canonical).collect();
            values.sort_by_key(ToString::to_string);
            values.dedup();
            match (values.pop(), values.is_empty()) {
                (Some(only), true) => only,
                (Some(last), false) => {
                    values.push(last);
                    Value::Array(values)
                }
                (None, _) => Value::Null,
            }
        }
        Value::Bool(truth) => Value::String(truth.to_string()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ours() -> Value {
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "A", "Action": ["kms:Decrypt"], "Condition": {"Null": {"k": "false"}}},
            {"Sid": "B", "Action": ["kms:Get*", "kms:List*"]},
        ]})
    }

    /// Each statement's name with what only the one has, and only the other.
    fn told(stack: &Value, template: &Value) -> Vec<(String, Vec<String>, Vec<String>)> {
        let statements = PolicyDifference::of(stack, template).unwrap().statements;
        statements.into_iter().map(|one| (one.sid, one.only_in_stack, one.only_in_template)).collect()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_policy_is_the_same_however_iam_writes_it_back() {
        let theirs = json!({"Statement": [
            {"Sid": "B", "Action": ["kms:List*", "kms:Get*"]},
            {"Sid": "A", "Action": "kms:Decrypt", "Condition": {"Null": {"k": false}}},
        ], "Version": "2012-10-17"});
        assert_eq!(PolicyDifference::of(&theirs, &ours()), None);
        let one = json!({"Statement": {"Sid": "A", "Action": "kms:*"}});
        assert_eq!(
            PolicyDifference::of(&one, &json!({"Statement": [{"Sid": "A", "Action": "kms:*"}]})),
            None
        );
    }

    #[test]
    fn each_value_that_one_of_them_lacks_is_told_with_its_statement() {
        let mut wider = ours();
        wider["Statement"][0]["Action"] = json!(["kms:Decrypt", "kms:Encrypt"]);
        wider["Statement"][0]["Condition"] = json!({"Null": {"k": "true"}});
        assert_eq!(
            told(&wider, &ours()),
            [(
                "A".to_owned(),
                texts(&["Action = kms:Encrypt", "Condition Null k = true"]),
                texts(&["Condition Null k = false"]),
            )]
        );
        let mut more = ours();
        let new = json!({"Sid": "New", "Effect": "Allow", "Principal": {"AWS": "arn:1"}});
        more["Statement"].as_array_mut().unwrap().push(new);
        let lines = texts(&["Effect = Allow", "Principal AWS = arn:1"]);
        assert_eq!(told(&more, &ours()), [("New".to_owned(), lines.clone(), vec![])]);
        assert_eq!(told(&ours(), &more), [("New".to_owned(), vec![], lines)]);
        let mut older = ours();
        older["Version"] = json!("2008-10-17");
        let beside = (BESIDE.to_owned(), texts(&["Version = 2008-10-17"]), texts(&["Version = 2012-10-17"]));
        assert_eq!(told(&older, &ours()), [beside]);
    }

    #[test]
    fn two_statements_of_one_name_and_one_without_a_name_are_told_apart() {
        let with = |more: Value| {
            let mut policy = ours();
            policy["Statement"].as_array_mut().unwrap().push(more);
            policy
        };
        let twice = with(json!({"Sid": "B", "Action": "kms:Decrypt"}));
        assert_eq!(told(&twice, &ours()), [("B".to_owned(), texts(&["Action = kms:Decrypt"]), vec![])]);
        let nameless = with(json!({"Sid": "\u{1b}[2J", "Action": "kms:\u{1b}[2J"}));
        let action = texts(&["Action = kms:\\u{1b}[2J"]);
        assert_eq!(told(&nameless, &ours()), [(NAMELESS.to_owned(), action, vec![])]);
    }

    #[test]
    fn values_that_moved_between_statements_of_one_name_are_told_whole() {
        let two = |condition_at: usize| {
            let mut statements = [json!({"Sid": "A", "Action": "x"}), json!({"Sid": "A", "Action": "y"})];
            statements[condition_at]["Condition"] = json!("c");
            json!({ "Statement": statements })
        };
        let all = texts(&["Action = x", "Action = y", "Condition = c"]);
        assert_eq!(told(&two(0), &two(1)), [("A".to_owned(), all.clone(), all)]);
    }

    #[test]
    fn no_policy_at_all_differs_in_all_statements() {
        let difference = PolicyDifference::of(&Value::Null, &ours()).unwrap();
        assert_eq!(difference.named(), "A, B, beside the statements");
    }
}
