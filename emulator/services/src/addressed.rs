//! What a request is addressed to, by names that the caller gave.

use http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use serde_json::{Map, Value};

use crate::{
    protocol::{Protocol, is_form},
    rest,
    service::Service,
};

/// Which operation of which service a request is for, in any protocol. It is not known yet whether it exists here.
#[derive(Debug)]
pub(crate) struct Addressed {
    pub(crate) protocol: Protocol,
    /// The access-key id of the credential.
    pub(crate) caller: Option<String>,
    /// As `x-amz-target` or the signature names it.
    pub(crate) service: Option<String>,
    /// The operation; of a REST service whose path is not known here, the method.
    pub(crate) operation: String,
    /// The other values of the path, the query and a form.
    pub(crate) parameters: Map<String, Value>,
}

impl Addressed {
    pub(crate) fn of(head: &Parts, body: &[u8]) -> Self {
        let (caller, signed_for) = credential(&head.headers);
        if let Some((service, operation)) = target(&head.headers) {
            return Self {
                protocol: Protocol::AwsJson,
                caller,
                service: Some(service.to_owned()),
                operation: operation.to_owned(),
                parameters: Map::new(),
            };
        }
        let query = pairs(head.uri.query().unwrap_or_default().as_bytes());
        let form = if is_form(&head.headers) { pairs(body) } else { Map::new() };
        let action = query.get("Action").or_else(|| form.get("Action")).cloned();
        let service = signed_for.as_deref();
        let protocol = Protocol::of(&head.method, &head.headers, action.is_some(), service);
        let (operation, parameters) = match (protocol, action) {
            (Protocol::RpcV2Cbor, _) => {
                (head.uri.path().rsplit('/').next().unwrap_or_default().to_owned(), Map::new())
            }
            (Protocol::Query | Protocol::Ec2, Some(action)) => {
                (action.as_str().unwrap_or_default().to_owned(), query.into_iter().chain(form).collect())
            }
            (Protocol::RestJson, _) => match rest::operation(service, &head.method, head.uri.path()) {
                Some((operation, named)) => (operation.to_owned(), query.into_iter().chain(named).collect()),
                None => (head.method.to_string(), Map::new()),
            },
            (_, _) => (head.method.to_string(), Map::new()),
        };
        Self { protocol, caller, service: signed_for, operation, parameters }
    }

    /// The service, if it and the operation are here.
    pub(crate) fn here(&self) -> Option<Service> {
        self.known().filter(|service| service.has(&self.operation))
    }

    /// The service, if it is here and spoken to in this protocol.
    pub(crate) fn known(&self) -> Option<Service> {
        let name = self.service.as_deref()?;
        match self.protocol {
            Protocol::AwsJson => Service::of_target(name),
            protocol => Service::of_signature(name, protocol),
        }
    }
}

/// Service and operation of `x-amz-target`.
fn target(headers: &HeaderMap) -> Option<(&str, &str)> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    Some(target.rsplit_once('.').unwrap_or((target, "")))
}

/// The access-key id and the service of `AWS4-HMAC-SHA256 Credential=ID/date/region/service/aws4_request, …`.
fn credential(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = authorization.and_then(|value| value.split_once("Credential=")).map(|(_, rest)| rest);
    let scope = credential.and_then(|credential| credential.split([',', ' ']).next()).unwrap_or_default();
    let parts: Vec<&str> = scope.split('/').collect();
    let given =
        |place: usize| parts.get(place).filter(|part| !part.is_empty()).map(|part| (*part).to_owned());
    (given(0), given(3).filter(|_| parts.len() == 5))
}

/// The pairs of a form or a query.
fn pairs(text: &[u8]) -> Map<String, Value> {
    let pairs = form_urlencoded::parse(text);
    pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()
}
