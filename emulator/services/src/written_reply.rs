//! The answer to the caller, in the protocol of its service.

use std::io;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::{
    answer::{Answer, Reply},
    protocol::{Protocol, Written},
    service::Service,
    xml,
};

/// The reply of a service to one of its operations.
pub(crate) fn write(reply: Reply, protocol: Protocol, service: Service, operation: &str) -> Response {
    match reply {
        Reply::Answer(answer) if protocol == Protocol::AwsJson => answer.into_response(),
        Reply::Answer(answer) => written(answer, protocol, service, operation).into_response(),
        // A body that fails makes the server close the connection.
        Reply::Lost => {
            let broken = futures::stream::iter([Err::<Bytes, _>(io::Error::other("lost on purpose"))]);
            Response::new(Body::from_stream(broken))
        }
    }
}

/// Each service of ours answers in JSON.
fn written(answer: Answer, protocol: Protocol, service: Service, operation: &str) -> Written {
    let Answer { status, body, headers } = answer;
    if !status.is_success() {
        let error: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        return Written { status, ..protocol.error(text("__type"), text("message")) };
    }
    let (content_type, body) = match protocol {
        Protocol::RpcV2Cbor => {
            let members: Value = serde_json::from_slice(&body).unwrap_or_default();
            return Protocol::cbor(status, &members);
        }
        Protocol::Query => {
            let members = serde_json::from_slice(&body).unwrap_or_default();
            ("text/xml", xml::response(service.namespace(), operation, &members).into())
        }
        _ => ("application/json", body),
    };
    Written { status, content_type, headers, body }
}
