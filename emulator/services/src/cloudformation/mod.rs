//! CloudFormation: describes the running stack, and deletes it.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html>

mod error;
mod stack;

use error::CloudFormationError;
use serde_json::Value;

use crate::{answer::Answer, deployed::Deployed, members::stray, request::Request};

type Outcome = Result<Value, CloudFormationError>;

/// The operations.
pub(crate) const OPERATIONS: [&str; 5] = [
    "DeleteStack",
    "DescribeStackResource",
    "DescribeStackResources",
    "DescribeStacks",
    "ListStackResources",
];

pub(crate) fn perform(deployed: Option<&Deployed>, request: &Request) -> Answer {
    match outcome(deployed, request) {
        Ok(members) => Answer::ok(&members),
        Err(error) => error.answer(),
    }
}

fn outcome(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let only = |known: &[&str]| match stray(&request.json, &[known, &["Action", "Version"]].concat()) {
        None => Ok(()),
        Some(name) => Err(CloudFormationError::Unsupported(name)),
    };
    let named = request.text("StackName");
    let logical_id = request.text("LogicalResourceId");
    match request.operation.as_str() {
        "DescribeStacks" => {
            only(&["StackName"])?;
            stack::describe(deployed, named)
        }
        "DescribeStackResources" => {
            only(&["StackName", "LogicalResourceId", "PhysicalResourceId"])?;
            stack::resources(deployed, named, logical_id, request.text("PhysicalResourceId"))
        }
        "DescribeStackResource" => {
            only(&["StackName", "LogicalResourceId"])?;
            stack::resource(deployed, named, logical_id)
        }
        "ListStackResources" => {
            only(&["StackName", "NextToken"])?;
            stack::list(deployed, named, request.text("NextToken"))
        }
        _ => {
            only(&["StackName", "ClientRequestToken"])?;
            stack::delete(deployed, named)
        }
    }
}
