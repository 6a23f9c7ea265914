//! Trails of CloudTrail. <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html>

use serde_json::{Value, json};

use super::{Outcome, error::DeclaredError, of_kind, truth};
use crate::{
    deployed::{Deployed, StackResource},
    request::Request,
};

/// No event is recorded here, whatever a trail declares.
pub(super) fn describe(deployed: Option<&Deployed>, _: &Request) -> Outcome {
    let trails = of_kind(deployed, KIND).filter_map(|trail| {
        let deployed = deployed?;
        let property = |name: &str| trail.properties.get(name);
        Some(json!({
            "HomeRegion": deployed.account.region,
            "IsMultiRegionTrail": property("IsMultiRegionTrail").and_then(truth).unwrap_or_default(),
            "Name": trail.physical_id,
            "S3BucketName": property("S3BucketName"),
            "TrailARN": arn(deployed, trail),
        }))
    });
    Ok(json!({ "trailList": trails.collect::<Vec<Value>>() }))
}

pub(super) fn status(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let (_, trail) = find(deployed, request.text("Name"))?;
    Ok(json!({ "IsLogging": trail.properties.get("IsLogging").and_then(truth).unwrap_or_default() }))
}

pub(super) fn selectors(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let (deployed, trail) = find(deployed, request.text("TrailName"))?;
    let property = |name: &str| trail.properties.get(name).cloned().unwrap_or_else(|| json!([]));
    Ok(json!({
        "AdvancedEventSelectors": property("AdvancedEventSelectors"),
        "EventSelectors": property("EventSelectors"),
        "TrailARN": arn(deployed, trail),
    }))
}

const KIND: &str = "AWS::CloudTrail::Trail";

fn arn(deployed: &Deployed, trail: &StackResource) -> String {
    deployed.account.arn("cloudtrail", &format!("trail/{}", trail.physical_id))
}

fn find<'a>(
    deployed: Option<&'a Deployed>,
    named: Option<&str>,
) -> Result<(&'a Deployed, &'a StackResource), DeclaredError> {
    let (deployed, named) = deployed.zip(named).ok_or(DeclaredError::NoTrail)?;
    let is_named = |trail: &&StackResource| trail.physical_id == named || arn(deployed, trail) == named;
    let found = of_kind(Some(deployed), KIND).find(is_named);
    found.map(|trail| (deployed, trail)).ok_or(DeclaredError::NoTrail)
}
