//! The stack, its resources, and its end.

use serde_json::{Value, json};

use super::{Outcome, error::CloudFormationError};
use crate::deployed::{Deployed, StackResource};

/// The text in place of a parameter that is not shown.
const NOT_SHOWN: &str = "****";

/// How many resources one answer names.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html>
const PAGE: usize = 100;

/// `DescribeStacks`: all, or the one that is named.
pub(super) fn describe(deployed: Option<&Deployed>, named: Option<&str>) -> Outcome {
    let stacks = match named {
        Some(named) => vec![described(find(deployed, named)?)],
        None => deployed.into_iter().map(described).collect(),
    };
    Ok(json!({ "Stacks": stacks }))
}

/// `DescribeStackResources`: of a stack, or of the stack that a resource belongs to.
pub(super) fn resources(
    deployed: Option<&Deployed>,
    named: Option<&str>,
    logical_id: Option<&str>,
    physical_id: Option<&str>,
) -> Outcome {
    let deployed = match (named, physical_id) {
        (Some(named), None) => find(deployed, named)?,
        (None, Some(physical_id)) => deployed
            .filter(|deployed| deployed.stack.resources.iter().any(|one| one.physical_id == physical_id))
            .ok_or(CloudFormationError::NoStack)?,
        _ => return Err(CloudFormationError::OneOfTwo),
    };
    let asked = |resource: &&StackResource| logical_id.is_none_or(|id| id == resource.logical_id);
    let found: Vec<Value> = deployed
        .stack
        .resources
        .iter()
        .filter(asked)
        .take(PAGE)
        .map(|one| resource_of(deployed, one))
        .collect();
    if found.is_empty() && logical_id.is_some() {
        return Err(CloudFormationError::NoResource);
    }
    Ok(json!({ "StackResources": found }))
}

/// `DescribeStackResource`.
pub(super) fn resource(
    deployed: Option<&Deployed>,
    named: Option<&str>,
    logical_id: Option<&str>,
) -> Outcome {
    let deployed = find(deployed, named.ok_or(CloudFormationError::Missing("stackName"))?)?;
    let logical_id = logical_id.ok_or(CloudFormationError::Missing("logicalResourceId"))?;
    let found = deployed.stack.resources.iter().find(|resource| resource.logical_id == logical_id);
    let mut detail = last_updated(resource_of(deployed, found.ok_or(CloudFormationError::NoResource)?));
    if let Some(members) = detail.as_object_mut() {
        members.insert("Metadata".to_owned(), "{}".into());
    }
    Ok(json!({ "StackResourceDetail": detail }))
}

/// `ListStackResources`, page by page. The token is the number of resources that earlier pages had.
pub(super) fn list(deployed: Option<&Deployed>, named: Option<&str>, token: Option<&str>) -> Outcome {
    let deployed = find(deployed, named.ok_or(CloudFormationError::Missing("stackName"))?)?;
    let resources = &deployed.stack.resources;
    let start = token.map_or(Some(0), |token| token.parse().ok().filter(|start| *start < resources.len()));
    let start = start.ok_or(CloudFormationError::Token)?;
    let page = resources.iter().skip(start).take(PAGE).map(|one| {
        let mut summary = last_updated(resource_of(deployed, one));
        if let Some(members) = summary.as_object_mut() {
            members.retain(|name, _| !["StackId", "StackName"].contains(&name.as_str()));
        }
        summary
    });
    let page: Vec<Value> = page.collect();
    let end = start + page.len();
    let next = (end < resources.len()).then(|| end.to_string());
    Ok(json!({ "StackResourceSummaries": page, "NextToken": next }))
}

fn last_updated(mut resource: Value) -> Value {
    if let Some(members) = resource.as_object_mut() {
        let changed = members.remove("Timestamp");
        members.insert("LastUpdatedTimestamp".to_owned(), changed.unwrap_or_default());
    }
    resource
}

/// `DeleteStack`. A stack that is not there is deleted, too.
pub(super) fn delete(deployed: Option<&Deployed>, named: Option<&str>) -> Outcome {
    let named = named.ok_or(CloudFormationError::Missing("stackName"))?;
    if let Ok(deployed) = find(deployed, named) {
        deployed.stack.deletion.cancel();
    }
    Ok(json!({}))
}

fn find<'a>(deployed: Option<&'a Deployed>, named: &str) -> Result<&'a Deployed, CloudFormationError> {
    deployed.filter(|deployed| deployed.is_named(named)).ok_or(CloudFormationError::NoStack)
}

fn described(deployed: &Deployed) -> Value {
    let stack = &deployed.stack;
    let parameters = stack.parameters.iter().map(|parameter| {
        let value = if parameter.no_echo { NOT_SHOWN } else { &parameter.value };
        json!({ "ParameterKey": parameter.key, "ParameterValue": value })
    });
    let outputs = stack.outputs.iter().map(|output| {
        json!({
            "OutputKey": output.key, "OutputValue": output.value, "Description": output.description,
        })
    });
    let is_ending = stack.deletion.is_cancelled();
    json!({
        "StackId": deployed.id,
        "StackName": stack.name,
        "Description": stack.description,
        "Parameters": parameters.collect::<Vec<_>>(),
        "Outputs": outputs.collect::<Vec<_>>(),
        "CreationTime": format!("{}Z", deployed.created()),
        "StackStatus": if is_ending { "DELETE_IN_PROGRESS" } else { "CREATE_COMPLETE" },
        "DisableRollback": false,
        "EnableTerminationProtection": false,
        "NotificationARNs": [],
        "Tags": [],
        "DriftInformation": { "StackDriftStatus": "NOT_CHECKED" },
    })
}

/// Of a stack that ends, CloudFormation skips what is retained.
fn resource_of(deployed: &Deployed, resource: &StackResource) -> Value {
    let status = match (deployed.stack.deletion.is_cancelled(), resource.is_retained) {
        (false, _) => "CREATE_COMPLETE",
        (true, true) => "DELETE_SKIPPED",
        (true, false) => "DELETE_IN_PROGRESS",
    };
    json!({
        "StackId": deployed.id,
        "StackName": deployed.stack.name,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.kind,
        "Timestamp": format!("{}Z", deployed.created()),
        "ResourceStatus": status,
        "DriftInformation": { "StackResourceDriftStatus": "NOT_CHECKED" },
    })
}
