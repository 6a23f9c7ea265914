//! Whether a table can be restored to any second. Here none can: the state ends with the program.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html>

use serde_json::json;

use super::{Outcome, error::DeclaredError, of_kind, truth};
use crate::{deployed::Deployed, request::Request};

pub(super) const OPERATION: &str = "DescribeContinuousBackups";

pub(super) fn describe(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let named = request.text("TableName").unwrap_or_default();
    let name = named.rsplit_once(":table/").map_or(named, |(_, name)| name);
    let table = of_kind(deployed, "AWS::DynamoDB::Table").find(|table| table.physical_id == name);
    let table = table.ok_or(DeclaredError::NoTable)?;
    let enabled = table.properties.pointer("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled");
    let status = if enabled.and_then(truth) == Some(true) { "ENABLED" } else { "DISABLED" };
    Ok(json!({
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": status },
        },
    }))
}
