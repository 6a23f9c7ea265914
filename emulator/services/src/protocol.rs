//! In which of AWS's protocols a request is made, and how each says that something is not here.
//!
//! <https://smithy.io/2.0/aws/protocols/index.html>

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{cbor, xml};

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `x-amz-target` and JSON: DynamoDB, KMS, CloudWatch Logs.
    AwsJson,
    /// A form with an `Action`, answered in XML: STS, IAM, SNS, CloudFormation.
    Query,
    /// The same with errors of its own shape: EC2.
    Ec2,
    /// Paths and XML: S3.
    RestXml,
    /// Paths and JSON: Lambda, API Gateway.
    RestJson,
    /// CBOR: CloudWatch.
    RpcV2Cbor,
}

/// An answer in any protocol.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

/// Whom AWS's XML names as its author.
const XML_SERVICES: [&str; 5] = ["s3", "s3express", "s3-outposts", "route53", "cloudfront"];

impl Protocol {
    /// By the request's shape, and the service that its credential is for.
    pub(crate) fn of(method: &Method, headers: &HeaderMap, has_action: bool, service: Option<&str>) -> Self {
        if headers.contains_key("x-amz-target") {
            Self::AwsJson
        } else if headers.contains_key("smithy-protocol") {
            Self::RpcV2Cbor
        } else if has_action && (is_form(headers) || method == Method::GET) {
            if service == Some("ec2") { Self::Ec2 } else { Self::Query }
        } else {
            match service {
                Some(service) if XML_SERVICES.contains(&service) => Self::RestXml,
                Some(_) => Self::RestJson,
                None => Self::AwsJson,
            }
        }
    }

    /// Members in CBOR.
    pub(crate) fn cbor(status: StatusCode, members: &Value) -> Written {
        let body = cbor::write(members);
        let headers = vec![("smithy-protocol", "rpc-v2-cbor".to_owned())];
        Written { status, content_type: "application/cbor", headers, body: body.into() }
    }

    /// An error as this protocol writes it.
    pub(crate) fn error(self, code: &str, message: &str) -> Written {
        let json = |name: &str| json!({ name: code, "message": message }).to_string();
        let (status, content_type, body) = match self {
            Self::AwsJson => (StatusCode::BAD_REQUEST, "application/x-amz-json-1.0", json("__type")),
            Self::RestJson => (StatusCode::NOT_FOUND, "application/json", json("code")),
            Self::Query => (
                StatusCode::BAD_REQUEST,
                "text/xml",
                xml::error(
                    &["ErrorResponse", "Error"],
                    &json!({ "Type": "Sender", "Code": code, "Message": message }),
                    "RequestId",
                ),
            ),
            Self::Ec2 => (
                StatusCode::BAD_REQUEST,
                "text/xml",
                xml::error(
                    &["Response", "Errors", "Error"],
                    &json!({ "Code": code, "Message": message }),
                    "RequestID",
                ),
            ),
            Self::RestXml => (
                StatusCode::NOT_IMPLEMENTED,
                "application/xml",
                xml::error(&["Error"], &json!({ "Code": code, "Message": message }), "RequestId"),
            ),
            Self::RpcV2Cbor => {
                return Self::cbor(StatusCode::BAD_REQUEST, &json!({ "__type": code, "message": message }));
            }
        };
        let headers = (self == Self::RestJson).then(|| ("x-amzn-errortype", code.to_owned()));
        Written { status, content_type, headers: headers.into_iter().collect(), body: body.into() }
    }
}

/// Whether the body is a form, as the query protocol sends it.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

impl Written {
    pub(crate) fn into_response(self) -> axum::response::Response {
        let mut response = axum::response::Response::new(self.body.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
