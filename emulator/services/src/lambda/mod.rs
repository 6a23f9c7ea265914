//! Lambda: the functions of the stack that is up, and the mappings that invoke them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>

mod configuration;
mod error;
mod invoke;
mod mappings;

use clock::Clock;
use error::LambdaError;
pub(crate) use mappings::find as mapping_of;

use crate::{
    answer::Answer,
    deployed::{Deployed, DeployedFunction},
    members::stray,
    request::Request,
};

type Outcome = Result<Answer, LambdaError>;

/// The operations.
pub(crate) const OPERATIONS: [&str; 4] =
    ["GetFunctionConfiguration", "Invoke", "ListEventSourceMappings", "UpdateEventSourceMapping"];

/// The only version that a function has here.
const LATEST: &str = "$LATEST";

pub(crate) async fn perform(deployed: Option<&Deployed>, request: Request, clock: &Clock) -> Answer {
    outcome(deployed, request, clock).await.unwrap_or_else(|error| error.answer())
}

async fn outcome(deployed: Option<&Deployed>, request: Request, clock: &Clock) -> Outcome {
    let only = |known: &[&str]| match stray(&request.json, known) {
        None => Ok(()),
        Some(name) => Err(LambdaError::Unsupported(format!("the parameter {name}"))),
    };
    match request.operation.as_str() {
        "Invoke" => {
            only(&["FunctionName", "InvocationType", "LogType", "Qualifier"])?;
            let (name, function) = function_of(deployed, &request)?;
            invoke::invoke(name, function, &request, clock).await
        }
        "GetFunctionConfiguration" => {
            only(&["FunctionName", "Qualifier"])?;
            let (name, function) = function_of(deployed, &request)?;
            let deployed = deployed.ok_or(LambdaError::NoFunction)?;
            Ok(Answer::ok(&configuration::of(deployed, name, function)))
        }
        "ListEventSourceMappings" => {
            only(&["FunctionName", "EventSourceArn", "MaxItems"])?;
            mappings::list(deployed, &request)
        }
        _ => {
            only(&["UUID", "Enabled"])?;
            mappings::update(deployed, &request)
        }
    }
}

/// The function that a request names.
fn function_of<'a>(
    deployed: Option<&'a Deployed>,
    request: &Request,
) -> Result<(&'a str, &'a DeployedFunction), LambdaError> {
    let named = request.text("FunctionName").unwrap_or_default();
    let found = deployed.and_then(|deployed| {
        let (name, version) = name_of(named, deployed)?;
        let is_latest = [version, request.text("Qualifier")].into_iter().flatten().all(|one| one == LATEST);
        deployed.stack.functions.get_key_value(name).filter(|_| is_latest)
    });
    found.map(|(name, function)| (name.as_str(), function)).ok_or(LambdaError::NoFunction)
}

/// The name and the version in a name, a partial ARN or an ARN.
pub(crate) fn name_of<'a>(named: &'a str, deployed: &Deployed) -> Option<(&'a str, Option<&'a str>)> {
    let account = &deployed.account;
    let parts: Vec<&str> = named.split(':').collect();
    let own = match parts.as_slice() {
        ["arn", "aws", "lambda", region, id, "function", own @ ..] => {
            (*region == account.region && *id == account.id).then_some(own)?
        }
        [id, "function", own @ ..] => (*id == account.id).then_some(own)?,
        own => own,
    };
    match own {
        [name] => Some((name, None)),
        [name, version] => Some((name, Some(version))),
        _ => None,
    }
}
