//! What a deployed stack must be and no linter sees, by theme.

mod alarms;
mod functions;
mod gateway;
mod kept;
mod policies;
mod vpc;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SHIPPED, Stack, Template, tests::made};

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:processor-AbCdEf";

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
        ("ProcessorUrl", "https://pay.example/charges"),
        ("ProcessorSecretArn", SECRET),
        ("ProcessorProxy", "proxy.example"),
    ];
    with(&on)
}

/// The shipped template with some parameters.
fn with(parameters: &[(&str, &str)]) -> (Template, Stack) {
    let mut given = BTreeMap::from([("ProcessorUrl".to_owned(), "sandbox".to_owned())]);
    given.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let template = Template::parse(SHIPPED, &given).unwrap();
    let mut resources = made();
    for (logical_id, attributes) in template.named_here().0 {
        resources.0.entry(logical_id).or_insert(attributes);
    }
    resources.insert("ApiGatewayAccount", "account", []);
    resources.insert("WebAcl", "acl", [("Arn", "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/acl")]);
    let stack = template.resolve(&resources).unwrap();
    (template, stack)
}

fn of_kind<'a>(template: &'a Template, kind: &str) -> Vec<&'a str> {
    let of_kind = template.resources.iter().filter(|(_, resource)| resource.kind == kind);
    of_kind.map(|(logical_id, _)| logical_id.as_str()).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap()).collect(),
        value => vec![value.as_str().unwrap()],
    }
}

/// The statements of every policy in the stack, with the resource they stand in.
fn statements<'a>(template: &'a Template, stack: &'a Stack) -> Vec<(&'a str, &'a Value)> {
    let policies = template.resources.keys().flat_map(|logical_id| {
        let properties = stack.properties(logical_id).unwrap();
        let policies = ["PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"].into_iter();
        policies.filter_map(move |name| Some((logical_id.as_str(), properties.get(name)?)))
    });
    policies
        .flat_map(|(id, policy)| policy["Statement"].as_array().unwrap().iter().map(move |s| (id, s)))
        .collect()
}
