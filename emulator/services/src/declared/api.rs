//! The REST API of API Gateway. <https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApi.html>

use serde_json::{Value, json};

use super::{Outcome, error::DeclaredError, of_kind, truth};
use crate::{
    deployed::{Deployed, StackResource},
    request::Request,
};

pub(super) fn rest_api(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let api = find(deployed, request)?;
    let property = |name: &str| api.properties.get(name).cloned();
    Ok(json!({
        "createdDate": deployed.map(Deployed::created_epoch),
        "endpointAccessMode": property("EndpointAccessMode"),
        "endpointConfiguration": { "types": [api.properties.pointer("/EndpointConfiguration/Type")] },
        "id": api.physical_id,
        "name": property("Name"),
        "securityPolicy": property("SecurityPolicy"),
    }))
}

pub(super) fn stage(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let api = find(deployed, request)?;
    let name = api.properties.get("StageName").and_then(Value::as_str);
    if name.is_none() || name != request.text("stageName") {
        return Err(DeclaredError::NoApi);
    }
    let setting = |place: &str| api.properties.pointer(place).cloned();
    Ok(json!({
        "accessLogSettings": {
            "destinationArn": setting("/AccessLogSetting/DestinationArn"),
            "format": setting("/AccessLogSetting/Format"),
        },
        "createdDate": deployed.map(Deployed::created_epoch),
        "stageName": name,
        "tracingEnabled": setting("/TracingEnabled").as_ref().and_then(truth).unwrap_or_default(),
    }))
}

fn find<'a>(deployed: Option<&'a Deployed>, request: &Request) -> Result<&'a StackResource, DeclaredError> {
    let named = request.text("restApiId").unwrap_or_default();
    let mut apis = of_kind(deployed, "AWS::ApiGateway::RestApi");
    apis.find(|api| api.physical_id == named).ok_or(DeclaredError::NoApi)
}
