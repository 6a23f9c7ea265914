//! The permissions that DynamoDB's calls need, with the condition keys of fine-grained access control.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>,
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>

use std::collections::BTreeSet;

use card_airlock_iam::{Context, Request};
use serde_json::{Map, Value};

use super::expression;
use crate::account::Account;

/// Maps whose members are attributes: `Key`, `Item`, and the legacy parameters.
const MAPS: [&str; 8] = [
    "Key",
    "Item",
    "ExclusiveStartKey",
    "AttributeUpdates",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
];

const EXPRESSIONS: [&str; 5] = [
    "ProjectionExpression",
    "ConditionExpression",
    "UpdateExpression",
    "FilterExpression",
    "KeyConditionExpression",
];

pub(super) fn permissions(operation: &str, body: &Value, account: &Account) -> Vec<Request> {
    let unknown = || vec![Request::unknown("dynamodb", operation)];
    let permissions = match operation {
        "GetItem" | "Query" | "Scan" | "PutItem" | "UpdateItem" | "DeleteItem" => {
            vec![item(operation, body, None, account)]
        }
        "TransactWriteItems" | "TransactGetItems" => {
            let actions = body.get("TransactItems").and_then(Value::as_array);
            actions.into_iter().flatten().map(|action| enclosed(operation, action, account)).collect()
        }
        // Their attributes are not read: no statement of the template allows them.
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body.get("RequestItems").and_then(Value::as_object);
            let tables = tables.into_iter().flatten().map(|(table, _)| table);
            tables
                .map(|table| Request {
                    resource: Some(table_arn(table, account)),
                    ..Request::unknown("dynamodb", operation)
                })
                .collect()
        }
        _ => match body.get("TableName").and_then(Value::as_str) {
            Some(table) => {
                vec![Request {
                    resource: Some(table_arn(table, account)),
                    ..Request::unknown("dynamodb", operation)
                }]
            }
            None => unknown(),
        },
    };
    if permissions.is_empty() { unknown() } else { permissions }
}

/// An action of a transaction is authorised as the operation it would be alone.
fn enclosed(enclosing: &str, action: &Value, account: &Account) -> Request {
    let mut members = action.as_object().into_iter().flatten();
    let (Some((name, body)), None) = (members.next(), members.next()) else {
        return Request::unknown("dynamodb", enclosing);
    };
    let operation = match (enclosing, name.as_str()) {
        ("TransactWriteItems", "Put") => "PutItem",
        ("TransactWriteItems", "Update") => "UpdateItem",
        ("TransactWriteItems", "Delete") => "DeleteItem",
        ("TransactWriteItems", "ConditionCheck") => "ConditionCheckItem",
        ("TransactGetItems", "Get") => "GetItem",
        _ => return Request::unknown("dynamodb", enclosing),
    };
    item(operation, body, Some(enclosing), account)
}

fn item(operation: &str, body: &Value, enclosing: Option<&str>, account: &Account) -> Request {
    let text = |member: &str| body.get(member).and_then(Value::as_str);
    let arn = text("TableName").map(|name| table_arn(name, account)).map(|arn| match text("IndexName") {
        Some(index) => format!("{arn}/index/{index}"),
        None => arn,
    });
    Request {
        action: format!("dynamodb:{operation}"),
        resource: arn,
        context: body.as_object().and_then(|body| context(operation, body, enclosing)),
    }
}

fn context(operation: &str, body: &Map<String, Value>, enclosing: Option<&str>) -> Option<Context> {
    let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
    let context = Context::default()
        .with("dynamodb:Attributes", attributes(body)?)
        .with("dynamodb:EnclosingOperation", enclosing.map(str::to_owned));
    // Both "always have a value", also where the request does not give one; a projection is SPECIFIC_ATTRIBUTES.
    Some(match operation {
        "GetItem" | "Query" | "Scan" => {
            let projects =
                ["ProjectionExpression", "AttributesToGet"].iter().any(|name| body.contains_key(*name));
            let implied = if projects { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" };
            context.with("dynamodb:Select", [text("Select").unwrap_or_else(|| implied.to_owned())])
        }
        // A transaction's actions have no such parameter.
        _ if enclosing.is_some() => context,
        _ => {
            context.with("dynamodb:ReturnValues", [text("ReturnValues").unwrap_or_else(|| "NONE".to_owned())])
        }
    })
}

/// The top-level attributes that a request names in any place: read, written or only compared.
fn attributes(body: &Map<String, Value>) -> Option<BTreeSet<String>> {
    let mut attributes = BTreeSet::new();
    for map in MAPS.iter().filter_map(|name| body.get(*name)) {
        attributes.extend(map.as_object()?.keys().cloned());
    }
    for name in body.get("AttributesToGet").and_then(Value::as_array).into_iter().flatten() {
        attributes.insert(name.as_str()?.to_owned());
    }
    let names = body.get("ExpressionAttributeNames").and_then(Value::as_object);
    for expression in EXPRESSIONS.iter().filter_map(|name| body.get(*name)) {
        attributes.extend(expression::attributes(expression.as_str()?, names)?);
    }
    Some(attributes)
}

pub(super) fn table_arn(name: &str, account: &Account) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    account.arn("dynamodb", &format!("table/{name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::account;

    fn contexts(operation: &str, body: Value) -> Vec<Option<Context>> {
        permissions(operation, &body, &account()).into_iter().map(|one| one.context).collect()
    }

    fn named(context: Context, names: &[&str]) -> Context {
        context.with("dynamodb:Attributes", names.iter().map(|name| (*name).to_owned()))
    }

    fn with(key: &str, value: &str) -> Context {
        Context::default().with(key, [value.to_owned()])
    }

    /// A key without a value counts as missing.
    fn of(context: Context) -> Vec<Option<Context>> {
        vec![Some(context.with("dynamodb:EnclosingOperation", []))]
    }

    #[test]
    fn a_read_names_its_key_and_what_it_projects() {
        let read = json!({"TableName": "T", "Key": {"Id": {"S": "1"}}, "ProjectionExpression": "A.B, #s",
            "ExpressionAttributeNames": {"#s": "Status"}});
        let context = named(with("dynamodb:Select", "SPECIFIC_ATTRIBUTES"), &["A", "Id", "Status"]);
        assert_eq!(contexts("GetItem", read), of(context));
    }

    #[test]
    fn a_read_without_a_projection_selects_all_attributes_and_still_names_its_key() {
        let read = json!({"TableName": "T", "Key": {"Id": {"S": "1"}}});
        assert_eq!(contexts("GetItem", read), of(named(with("dynamodb:Select", "ALL_ATTRIBUTES"), &["Id"])));
        assert_eq!(
            contexts("Scan", json!({"TableName": "T", "Select": "COUNT"})),
            of(named(with("dynamodb:Select", "COUNT"), &[]))
        );
    }

    #[test]
    fn a_write_names_what_it_writes_and_compares_and_returns_nothing_unless_asked() {
        let write = json!({"TableName": "T", "Key": {"Id": {"S": "1"}}, "UpdateExpression": "SET A = :a REMOVE B",
            "ConditionExpression": "C = :c"});
        let context = named(with("dynamodb:ReturnValues", "NONE"), &["A", "B", "C", "Id"]);
        assert_eq!(contexts("UpdateItem", write), of(context));
        let put =
            json!({"TableName": "T", "Item": {"Id": {"S": "1"}, "A": {"S": ""}}, "ReturnValues": "ALL_OLD"});
        assert_eq!(
            contexts("PutItem", put),
            of(named(with("dynamodb:ReturnValues", "ALL_OLD"), &["A", "Id"]))
        );
    }

    #[test]
    fn each_action_of_a_transaction_is_a_permission_of_its_own() {
        let transaction = json!({"TransactItems": [
            {"Put": {"TableName": "V", "Item": {"Id": {"S": "1"}}}},
            {"ConditionCheck": {"TableName": "T", "Key": {"Id": {"S": "1"}}}},
            {"Delete": {"TableName": "Q"}},
        ]});
        let asked = permissions("TransactWriteItems", &transaction, &account());
        let told: Vec<_> = asked
            .iter()
            .map(|one| (one.action.as_str(), one.resource.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(
            told,
            [
                ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:123456789012:table/V"),
                ("dynamodb:ConditionCheckItem", "arn:aws:dynamodb:us-east-1:123456789012:table/T"),
                ("dynamodb:DeleteItem", "arn:aws:dynamodb:us-east-1:123456789012:table/Q"),
            ]
        );
        let context = named(with("dynamodb:EnclosingOperation", "TransactWriteItems"), &["Id"]);
        assert_eq!(asked[0].context, Some(context));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        for (operation, body) in [
            ("ExecuteStatement", json!({"Statement": "SELECT * FROM T"})),
            ("TransactWriteItems", json!({"TransactItems": []})),
            ("TransactWriteItems", json!({"TransactItems": [{"Put": {}, "Delete": {}}]})),
            ("TransactWriteItems", json!({"TransactItems": [{"Get": {"TableName": "T"}}]})),
            ("BatchGetItem", json!({"RequestItems": {}})),
            ("GetItem", json!({"Key": {"Id": {"S": "1"}}})),
        ] {
            assert_eq!(permissions(operation, &body, &account())[0].resource, None, "{operation} {body}");
        }
        for (operation, body) in [
            ("GetItem", json!({"TableName": "T", "Key": "Id"})),
            ("GetItem", json!({"TableName": "T", "ProjectionExpression": "#s"})),
            ("BatchGetItem", json!({"RequestItems": {"T": {}}})),
            ("DescribeTable", json!({"TableName": "T"})),
        ] {
            assert_eq!(contexts(operation, body.clone()), [None], "{operation} {body}");
        }
    }
}
