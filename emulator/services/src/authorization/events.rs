//! EventBridge: which bus a call is about, and what an event says of itself.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>

use card_airlock_iam::{Context, Request};
use serde_json::Value;

use crate::{
    account::Account,
    event_names::{DEFAULT_BUS, bus_arn, named_rule, rule_arn},
    request::Request as Asked,
};

pub(super) fn permissions(request: &Asked, account: &Account) -> Vec<Request> {
    let operation = request.operation.as_str();
    let needs = |resource: String, context: Context| Request {
        action: format!("events:{operation}"),
        resource: Some(resource),
        context: Some(context),
    };
    let bus = |named: Option<&str>| bus_arn(named.unwrap_or(DEFAULT_BUS), account);
    match operation {
        // One for each entry: AWS refuses the call if one is denied.
        "PutEvents" => {
            let entries = request.json.get("Entries").and_then(Value::as_array);
            let entries = entries.map(Vec::as_slice).unwrap_or_default();
            let of_entry = |entry: &Value| {
                let text = |name: &str| entry.get(name).and_then(Value::as_str);
                let given = |name: &str| text(name).map(str::to_owned);
                let context = Context::default()
                    .with("events:source", given("Source"))
                    .with("events:detail-type", given("DetailType"));
                needs(bus(text("EventBusName")), context)
            };
            if entries.is_empty() {
                return vec![needs(bus(None), Context::default())];
            }
            entries.iter().map(of_entry).collect()
        }
        "DescribeEventBus" => vec![needs(bus(request.text("Name")), Context::default())],
        // What lists or tests is a permission on everything, as AWS has it.
        _ => {
            let rule = named_rule(&request.json).map(|(bus, name)| rule_arn(bus, name, account));
            vec![needs(rule.unwrap_or_else(|| "*".to_owned()), Context::default())]
        }
    }
}
