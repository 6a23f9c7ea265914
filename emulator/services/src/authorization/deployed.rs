//! CloudFormation, Lambda and Cognito: which stack, function, mapping or user pool a call is about.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html>,
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>,
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html>

use card_airlock_iam::{Context, Request};

use crate::{
    account::Account,
    deployed::Deployed,
    lambda::{mapping_of, name_of},
    request::Request as Asked,
};

/// A stack that is not there has an ARN without an id.
pub(super) fn stack(request: &Asked, account: &Account, deployed: Option<&Deployed>) -> Request {
    let arn = match request.text("StackName") {
        None => "*".to_owned(),
        Some(named) => match deployed.filter(|deployed| deployed.is_named(named)) {
            Some(deployed) => deployed.id.clone(),
            None => account.arn("cloudformation", &format!("stack/{named}/")),
        },
    };
    let action = format!("cloudformation:{}", request.operation);
    Request { action, resource: Some(arn), context: Some(Context::default()) }
}

/// Listing mappings is a permission on everything, as AWS has it.
pub(super) fn lambda(request: &Asked, account: &Account, deployed: Option<&Deployed>) -> Request {
    let function_arn = |name: &str| account.arn("lambda", &format!("function:{name}"));
    let operation = request.operation.as_str();
    let (action, resource, context) = match operation {
        "ListEventSourceMappings" => (operation, "*".to_owned(), Context::default()),
        "UpdateEventSourceMapping" => {
            let mapping = deployed.and_then(|deployed| mapping_of(deployed, request));
            let function = mapping.map(|mapping| function_arn(&mapping.function));
            let id = request.text("UUID").unwrap_or_default();
            let arn = account.arn("lambda", &format!("event-source-mapping:{id}"));
            (operation, arn, Context::default().with("lambda:FunctionArn", function))
        }
        _ => {
            let named = request.text("FunctionName").unwrap_or_default();
            let name = deployed.and_then(|deployed| name_of(named, deployed)).map_or(named, |(name, _)| name);
            let action = if operation == "Invoke" { "InvokeFunction" } else { operation };
            (action, function_arn(name), Context::default())
        }
    };
    Request { action: format!("lambda:{action}"), resource: Some(resource), context: Some(context) }
}

/// What needs no credential needs no permission either.
pub(super) fn user_pool(request: &Asked, account: &Account) -> Request {
    let arn =
        account.arn("cognito-idp", &format!("userpool/{}", request.text("UserPoolId").unwrap_or_default()));
    let action = format!("cognito-idp:{}", request.operation);
    Request { action, resource: Some(arn), context: Some(Context::default()) }
}
