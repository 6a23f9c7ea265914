//! A request that no service here supports: the answer is in its own protocol, and has its name.

use axum::response::Response;
use card_airlock_iam::Iam;
use http::StatusCode;

use crate::{
    account::Account,
    addressed::Addressed,
    protocol::{Protocol, Written},
    service::Service,
    xml,
};

const MOST_NAME_CHARS: usize = 64;

/// The answer to a request that the services here do not support.
pub(crate) fn answer(addressed: &Addressed, iam: &Iam, account: &Account) -> Response {
    let Addressed { protocol, caller, service, operation, .. } = addressed;
    if *protocol == Protocol::Query {
        let Some((caller, service)) = caller.as_deref().zip(service.as_deref()) else {
            let refusal =
                protocol.error("MissingAuthenticationToken", "Request is missing Authentication Token");
            return Written { status: StatusCode::FORBIDDEN, ..refusal }.into_response();
        };
        if (service, operation.as_str()) == ("sts", "GetCallerIdentity") {
            return caller_identity(caller, iam, account).into_response();
        }
    }
    let service = service.as_deref().unwrap_or("an unnamed service");
    unknown(*protocol, service, operation, addressed.known()).into_response()
}

/// `known`: the service, if it is here without this operation.
fn unknown(protocol: Protocol, service: &str, operation: &str, known: Option<Service>) -> Written {
    let code = match protocol {
        Protocol::AwsJson | Protocol::RestJson | Protocol::RpcV2Cbor => "UnknownOperationException",
        Protocol::Query | Protocol::Ec2 => "InvalidAction",
        Protocol::RestXml => "NotImplemented",
    };
    let (operation, service) = (plain(operation), plain(service));
    let listed = match known {
        Some(known) => format!("of {} there are {}", known.signing_name(), known.operations().join(", ")),
        None => {
            let services: Vec<_> = Service::all().map(Service::signing_name).collect();
            format!("this local endpoint has {}", services.join(", "))
        }
    };
    protocol.error(code, &format!("{operation} of {service} is not here; {listed}"))
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>: no permission is needed.
fn caller_identity(caller: &str, iam: &Iam, account: &Account) -> Written {
    let (name, id) = (plain(caller), &account.id);
    let (arn, user) = if iam.is_role(caller) {
        (format!("arn:aws:sts::{id}:assumed-role/{name}/{name}"), format!("{name}:{name}"))
    } else {
        (format!("arn:aws:iam::{id}:user/{name}"), name)
    };
    let members = serde_json::json!({ "Arn": arn, "UserId": user, "Account": id });
    let body = xml::response("https://sts.amazonaws.com/doc/2011-06-15/", "GetCallerIdentity", &members);
    Written { status: StatusCode::OK, content_type: "text/xml", headers: Vec::new(), body: body.into() }
}

/// A caller's name for something, without what would have to be escaped; bounded.
pub(crate) fn plain(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "_-. ".contains(*c);
    name.chars().filter(is_plain).take(MOST_NAME_CHARS).collect()
}
