//! Event source mappings. <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>

use card_airlock_event_source::MappingState;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Outcome, error::LambdaError, function_of};
use crate::{
    answer::Answer,
    deployed::{Deployed, DeployedMapping},
    request::Request,
};

/// All of them on one page: a stack has few.
pub(super) fn list(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let function = match request.text("FunctionName") {
        Some(_) => Some(function_of(deployed, request)?.0),
        None => None,
    };
    let source = request.text("EventSourceArn");
    let most = match request.text("MaxItems").map(str::parse::<usize>) {
        None => usize::MAX,
        Some(Ok(most @ 1..=10_000)) => most,
        Some(_) => return Err(LambdaError::Invalid("MaxItems")),
    };
    let asked = |mapping: &&DeployedMapping| {
        function.is_none_or(|name| name == mapping.function)
            && source.is_none_or(|arn| arn == mapping.source_arn)
    };
    let found = deployed.into_iter().flat_map(|deployed| {
        let of_stack = deployed.stack.mappings.iter().filter(asked);
        of_stack.map(|mapping| configuration(deployed, mapping, mapping.switch.state()))
    });
    let found: Vec<Value> = found.collect();
    if found.len() > most {
        return Err(LambdaError::Unsupported("a page that ends before the list".to_owned()));
    }
    Ok(Answer::ok(&json!({ "EventSourceMappings": found })))
}

/// Turns a mapping off or on; it cannot change anything else.
pub(super) fn update(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let deployed = deployed.ok_or(LambdaError::NoMapping)?;
    let mapping = find(deployed, request).ok_or(LambdaError::NoMapping)?;
    let state = match request.json.get("Enabled") {
        None | Some(Value::Null) => mapping.switch.state(),
        Some(Value::Bool(is_on)) => mapping.switch.set(*is_on).map_err(|_| LambdaError::InUse)?,
        Some(_) => return Err(LambdaError::Invalid("Enabled")),
    };
    let answer = Answer::ok(&configuration(deployed, mapping, state));
    Ok(Answer { status: StatusCode::ACCEPTED, ..answer })
}

/// The mapping with the request's id.
pub(crate) fn find<'a>(deployed: &'a Deployed, request: &Request) -> Option<&'a DeployedMapping> {
    let named = request.text("UUID")?;
    deployed.stack.mappings.iter().find(|mapping| mapping.id.to_string() == named)
}

fn configuration(deployed: &Deployed, mapping: &DeployedMapping, state: MappingState) -> Value {
    let arn = deployed.account.arn("lambda", &format!("event-source-mapping:{}", mapping.id));
    let own = json!({
        "EventSourceArn": mapping.source_arn,
        "EventSourceMappingArn": arn,
        "FunctionArn": deployed.function_arn(&mapping.function),
        "LastModified": deployed.created_epoch(),
        "State": format!("{state:?}"),
        "StateTransitionReason": "User action",
        "UUID": mapping.id,
    });
    let members = [&mapping.settings, &own].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
