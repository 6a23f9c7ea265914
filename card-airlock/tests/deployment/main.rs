//! What a deployed stack must be and no linter sees, by theme.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod alarms;
mod api;
mod attributes;
mod commands;
mod declared;
mod functions;
mod gateway;
mod kept;
mod markdown;
mod migrating;
mod operating;
mod parameters;
mod policies;
mod settings;
mod vpc;

use std::collections::BTreeMap;

use card_airlock::deployment::{self, SHIPPED};
use card_airlock_template::{Resources, Stack, Template};
use serde_json::Value;

const PREVIOUS_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";
/// The key of the AWS sample's vault.
const SAMPLE_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/99999999-2222-4333-8444-555555555555";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:processor-AbCdEf";

/// A user of the user pool.
const OWNER: &str = "550e8400-e29b-41d4-a716-446655440000";

/// What an endpoint would report having made.
fn made() -> Resources {
    let mut resources = deployment::shipped().unwrap().named_here();
    for table in [
        "OrderQuarantineTable",
        "CreditCardTokenizerTable",
        "CustomerOrderTable",
        "DetokenizeAuditTable",
        "AuditWitnessTable",
        "CardKeyTable",
    ] {
        let arn = format!("arn:aws:dynamodb:us-east-1:123456789012:table/{table}");
        resources.insert(table, table, [("Arn", &arn), ("StreamArn", &format!("{arn}/stream/1"))]);
    }
    for key in ["QuarantineKey", "VaultKey", "CardKeyKey", "ImportKey"] {
        resources.insert(key, key, [("Arn", &format!("arn:aws:kms:us-east-1:123456789012:key/{key}"))]);
    }
    for (queue, name) in [("DeadLetterQueue", "dlq"), ("EventDeadLetterQueue", "event-dlq")] {
        let url = format!("http://127.0.0.1:4566/123456789012/card-airlock-{queue}");
        let arn = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
        resources.insert(queue, &url, [("Arn", arn.as_str()), ("QueueName", name)]);
    }
    let bus = "arn:aws:events:us-east-1:123456789012:event-bus/card-airlock-events";
    resources.insert("EventBus", "card-airlock-events", [("Arn", bus)]);
    resources
}

/// The shipped template, with its parameters' defaults.
fn shipped() -> Stack {
    deployment::shipped().unwrap().resolve(&made()).unwrap()
}

/// The shipped template in a VPC, with everything that a parameter may turn on.
fn with_everything() -> (Template, Stack) {
    let on = [
        ("VpcId", "vpc-0a"),
        ("SubnetIds", "subnet-0a,subnet-0b"),
        ("RouteTableIds", "rtb-0a"),
        ("CreateLogsEndpoints", "true"),
        ("WebAclRatePerFiveMinutes", "1000"),
        ("AlarmEmail", "ops@example.com"),
        ("SetApiGatewayAccount", "true"),
        ("SelfSignUp", "true"),
        ("CorsOrigin", "https://shop.example.com"),
        ("OrderIdPattern", r"SO-\d{4}-\d{6}"),
        ("ProcessorUrl", "https://pay.example/charges"),
        ("ProcessorSecretArn", SECRET),
        ("ProcessorProxy", "proxy.example"),
        ("PreviousVaultKeyArn", PREVIOUS_KEY),
        ("ImportTable", "Legacy"),
        ("ImportKeyAttribute", "Id"),
        ("ImportSortKeyAttribute", "Line"),
        ("ImportNumberAttribute", "Card"),
        ("ImportExpiryAttribute", "Until"),
        ("ImportOrderAttribute", "OrderNo"),
        ("ImportNameAttribute", "Client"),
        ("ImportAddressAttribute", "Where"),
        ("ImportAmountAttribute", "Cents"),
        ("ImportCurrencyAttribute", "Money"),
        ("ImportOwnerAttribute", "Buyer"),
        ("ImportOwnerTable", "Buyers"),
        ("ImportOwner", OWNER),
        ("ImportVaultTable", "SampleVault"),
        ("ImportVaultKeyArn", SAMPLE_KEY),
        ("ImportOriginalTable", "CreditCardTokenizerTable"),
    ];
    with(&on)
}

/// The shipped template with some parameters.
fn with(parameters: &[(&str, &str)]) -> (Template, Stack) {
    let mut given = BTreeMap::from([("ProcessorUrl".to_owned(), "sandbox".to_owned())]);
    given.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let template = deployment::template(SHIPPED, &given).unwrap();
    let mut resources = made();
    resources.fill_from(template.named_here());
    let stack = template.resolve(&resources).unwrap();
    (template, stack)
}

fn of_kind<'a>(template: &'a Template, kind: &str) -> Vec<&'a str> {
    template.logical_ids().filter(|id| template.kind(id) == Some(kind)).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap()).collect(),
        value => vec![value.as_str().unwrap()],
    }
}

/// The statements of every policy in the stack, with the resource they stand in.
fn statements<'a>(template: &'a Template, stack: &'a Stack) -> Vec<(&'a str, &'a Value)> {
    let policies = template.logical_ids().flat_map(|logical_id| {
        let properties = stack.properties(logical_id).unwrap();
        let policies = ["PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"].into_iter();
        policies.filter_map(move |name| Some((logical_id, properties.get(name)?)))
    });
    policies
        .flat_map(|(id, policy)| policy["Statement"].as_array().unwrap().iter().map(move |s| (id, s)))
        .collect()
}
