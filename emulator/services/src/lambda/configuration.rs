//! What a function is configured with. <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>

use serde_json::{Map, Value, json};

use super::LATEST;
use crate::deployed::{Deployed, DeployedFunction};

/// The properties that CloudFormation and the API call the same.
const SAME: [&str; 11] = [
    "Architectures",
    "Description",
    "EphemeralStorage",
    "Environment",
    "Handler",
    "KmsKeyArn",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "VpcConfig",
];

/// There is no deployment package here, so its size and digest are not shown.
pub(super) fn of(deployed: &Deployed, name: &str, function: &DeployedFunction) -> Value {
    let property = |property: &str| function.properties.get(property).cloned();
    let same = SAME.iter().filter_map(|same| Some(((*same).to_owned(), property(same)?)));
    let mut configuration: Map<String, Value> = same.collect();
    if let Some(variables) = configuration.get_mut("Environment").and_then(|it| it.get_mut("Variables")) {
        variables.as_object_mut().into_iter().flatten().for_each(|(_, value)| *value = text(value));
    }
    // SAM says `Tracing` where CloudFormation has `TracingConfig`.
    let tracing =
        property("Tracing").map(|mode| json!({ "Mode": mode })).or_else(|| property("TracingConfig"));
    let made_up = json!({
        "FunctionArn": deployed.function_arn(name),
        "FunctionName": name,
        "LastModified": format!("{}+0000", deployed.created()),
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "State": "Active",
        "Timeout": function.timeout.as_secs(),
        "TracingConfig": tracing.unwrap_or_else(|| json!({ "Mode": "PassThrough" })),
        "Version": LATEST,
    });
    configuration.extend(made_up.as_object().cloned().unwrap_or_default());
    Value::Object(configuration)
}

/// A variable is a text, also where the template has a number.
fn text(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}
