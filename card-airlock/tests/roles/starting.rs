//! What lets nothing start.

use std::collections::BTreeMap;

use card_airlock::{
    functions,
    stack::{Stack, StackError, StackOptions},
};
use test_support::tables::ORDERS;

use super::{
    TEMPLATE, is_denied,
    world::{World, issuer},
};

#[tokio::test]
async fn a_policy_that_cannot_be_evaluated_lets_nothing_start() {
    for (from, to) in [
        ("ForAllValues:StringEquals:", "ForAllValues:StringEqualsIgnoreCase:"),
        ("kms:EncryptionContextKeys:", "kms:GrantOperations:"),
        ("Action: dynamodb:PutItem", "NotAction: dynamodb:PutItem"),
    ] {
        let outcome = World::spawn(&TEMPLATE.replacen(from, to, 1)).await;
        assert!(matches!(outcome, Err(StackError::Provision(_))), "{to}");
    }
}

#[tokio::test]
async fn a_managed_policy_lets_nothing_start_where_a_function_has_it_and_allows_nothing_elsewhere() {
    let given = BTreeMap::from([("SetApiGatewayAccount".to_owned(), "true".to_owned())]);
    let options = StackOptions { parameters: given.clone(), ..StackOptions::on_free_ports(issuer()) };
    let stack = Stack::start(options).await.unwrap();
    let sdk = functions::sdk_config(&stack.aws_url(), "ApiGatewayLogsRole");
    assert!(is_denied(&aws_sdk_dynamodb::Client::new(&sdk).scan().table_name(ORDERS).send().await));
    let functions_own =
        TEMPLATE.replacen("Role: !GetAtt ReplayRole.Arn", "Role: !GetAtt ApiGatewayLogsRole.Arn", 1);
    assert_ne!(functions_own, TEMPLATE);
    let template = Some(functions_own);
    let options = StackOptions { parameters: given, template, ..StackOptions::on_free_ports(issuer()) };
    assert!(matches!(Stack::start(options).await, Err(StackError::Provision(_))));
}
