//! A request that no service here serves: it is answered in its own protocol, and with its own name.

use axum::response::Response;
use card_airlock_iam::Iam;
use http::{HeaderMap, StatusCode, header::AUTHORIZATION, request::Parts};

use crate::{
    account::Account,
    protocol::{Protocol, Written},
    service::Service,
};

/// Which document lists what is here.
const LISTED: &str = "emulator/services/README.md of Card Airlock lists what this local endpoint has";
const MOST_NAME_CHARS: usize = 64;

/// The answer, when the request is for nothing that the services here serve.
pub(crate) fn answer(head: &Parts, body: &[u8], iam: &Iam, account: &Account) -> Option<Response> {
    if let Some((service, operation)) = target(&head.headers) {
        let is_here = Service::of_target(service).is_some_and(|service| service.has(operation));
        return (!is_here).then(|| unknown(Protocol::AwsJson, service, operation).into_response());
    }
    let scope = scope(&head.headers);
    let service = scope.map(|(_, service)| service);
    let action = action(head.uri.query().unwrap_or_default().as_bytes()).or_else(|| action(body));
    let protocol = Protocol::of(&head.method, &head.headers, action.is_some(), service);
    if protocol == Protocol::Query && service == Some("sts") && action.as_deref() == Some("GetCallerIdentity")
    {
        return scope.map(|(caller, _)| caller_identity(caller, iam, account).into_response());
    }
    if protocol == Protocol::Query && scope.is_none() {
        let refusal = protocol.error("MissingAuthenticationToken", "Request is missing Authentication Token");
        return Some(Written { status: StatusCode::FORBIDDEN, ..refusal }.into_response());
    }
    let operation = match (protocol, action) {
        (Protocol::RpcV2Cbor, _) => head.uri.path().rsplit('/').next().unwrap_or_default().to_owned(),
        (_, Some(action)) => action,
        (_, None) => head.method.to_string(),
    };
    Some(unknown(protocol, service.unwrap_or("an unnamed service"), &operation).into_response())
}

fn unknown(protocol: Protocol, service: &str, operation: &str) -> Written {
    let code = match protocol {
        Protocol::AwsJson | Protocol::RestJson | Protocol::RpcV2Cbor => "UnknownOperationException",
        Protocol::Query | Protocol::Ec2 => "InvalidAction",
        Protocol::RestXml => "NotImplemented",
    };
    let (operation, service) = (plain(operation), plain(service));
    protocol.error(code, &format!("{operation} of {service} is not here; {LISTED}"))
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>: no permission is needed.
fn caller_identity(caller: &str, iam: &Iam, account: &Account) -> Written {
    let (name, id) = (plain(caller), &account.id);
    let (arn, user) = if iam.is_role(caller) {
        (format!("arn:aws:sts::{id}:assumed-role/{name}/{name}"), format!("{name}:{name}"))
    } else {
        (format!("arn:aws:iam::{id}:user/{name}"), name)
    };
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{user}</UserId><Account>{id}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
        uuid::Uuid::new_v4()
    );
    Written { status: StatusCode::OK, content_type: "text/xml", header: None, body: body.into() }
}

/// Service and operation of `x-amz-target`.
fn target(headers: &HeaderMap) -> Option<(&str, &str)> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    Some(target.rsplit_once('.').unwrap_or((target, "")))
}

/// The access-key id and the service of `Credential=ID/date/region/service/aws4_request`.
fn scope(headers: &HeaderMap) -> Option<(&str, &str)> {
    let authorization = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let credential = credential.split([',', ' ']).next()?;
    let parts: Vec<&str> = credential.split('/').collect();
    let [id, _, _, service, _] = parts.as_slice() else { return None };
    Some((id, service))
}

/// The `Action` of a form.
fn action(form: &[u8]) -> Option<String> {
    let mut pairs =
        form.split(|byte| *byte == b'&').filter_map(|pair| str::from_utf8(pair).ok()?.split_once('='));
    pairs.find(|(name, _)| *name == "Action").map(|(_, value)| value.to_owned())
}

/// A name without what would have to be escaped; bounded.
fn plain(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "_-. ".contains(*c);
    name.chars().filter(is_plain).take(MOST_NAME_CHARS).collect()
}
