//! The event a function gets: API Gateway's REST proxy event, version 1.0
//! (developer guide, "Input format of a Lambda function for proxy integration").

use std::{
    borrow::Cow,
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::{
    HeaderMap,
    header::{HOST, USER_AGENT},
    request::Parts,
};
use serde::Serialize;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use uuid::Uuid;

use crate::{
    gateway_error::GatewayError, issuer::AuthorizerClaims, rest_api::RestApi, route::RouteMatch,
    wiped::WipedBuffer,
};

/// The gateway listens on loopback only, so every request comes from this address.
const SOURCE_IP: &str = "127.0.0.1";
/// The Common Log Format's time, as `requestTime` has it.
const REQUEST_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

/// What an event is built from.
pub(crate) struct Facts<'a> {
    pub(crate) api: &'a RestApi,
    pub(crate) found: &'a RouteMatch<'a>,
    pub(crate) head: &'a Parts,
    pub(crate) body: &'a [u8],
    pub(crate) claims: Option<&'a AuthorizerClaims>,
    pub(crate) request_id: Uuid,
    pub(crate) now: SystemTime,
}

/// The event's JSON, written directly into a buffer that is wiped.
pub(crate) fn build(facts: &Facts<'_>) -> Result<WipedBuffer, GatewayError> {
    let copy = std::str::from_utf8(facts.body).is_err().then(|| replaced(facts.body));
    let bytes = copy.as_ref().map_or(facts.body, AsRef::as_ref);
    let text = std::str::from_utf8(bytes).map_err(|_| GatewayError::BODY_BROKEN)?;
    let event = event(facts, Some(text).filter(|text| !text.is_empty()));
    let mut json = WipedBuffer::with_capacity(facts.body.len().saturating_add(8 * 1024));
    // Cannot fail for these types; if it did, the error's text could quote the request.
    serde_json::to_writer(&mut json, &event).map_err(|_| GatewayError::FUNCTION_FAILED)?;
    Ok(json)
}

fn event<'a>(facts: &'a Facts<'_>, body: Option<&'a str>) -> ProxyEvent<'a> {
    let (found, head) = (facts.found, facts.head);
    let headers = headers(facts);
    let query = query(head.uri.query());
    ProxyEvent {
        resource: &found.route.path,
        path: &found.path,
        http_method: head.method.as_str(),
        headers: last_of_each(&headers),
        multi_value_headers: headers,
        query_string_parameters: query.as_ref().map(last_of_each),
        multi_value_query_string_parameters: query,
        path_parameters: (!found.parameters.is_empty())
            .then(|| found.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect()),
        stage_variables: None,
        request_context: request_context(facts),
        body,
        is_base64_encoded: false,
    }
}

fn request_context<'a>(facts: &'a Facts<'_>) -> RequestContext<'a> {
    let since_epoch = facts.now.duration_since(UNIX_EPOCH).unwrap_or_default();
    RequestContext {
        account_id: &facts.api.account_id,
        api_id: &facts.api.id,
        authorizer: facts.claims.map(|claims| Authorizer { claims }),
        extended_request_id: extended_id(facts.request_id),
        http_method: facts.head.method.as_str(),
        identity: Identity {
            source_ip: SOURCE_IP,
            user_agent: facts.head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()),
            ..Identity::default()
        },
        path: format!("/{}{}", facts.api.stage, facts.found.path),
        protocol: "HTTP/1.1",
        request_id: facts.request_id,
        request_time: OffsetDateTime::from(facts.now).format(REQUEST_TIME).unwrap_or_default(),
        request_time_epoch: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        resource_id: resource_id(facts),
        resource_path: &facts.found.route.path,
        stage: &facts.api.stage,
    }
}

/// API Gateway's other request id: fifteen characters and an equals sign.
fn extended_id(request_id: Uuid) -> String {
    let simple = request_id.simple().to_string();
    format!("{}=", simple.get(..15).unwrap_or_default())
}

fn resource_id(facts: &Facts<'_>) -> String {
    let position = facts.api.routes.iter().position(|route| route.path == facts.found.route.path);
    format!("local{}", position.unwrap_or_default())
}

/// The client's headers, and those that API Gateway sets itself.
fn headers<'a>(facts: &'a Facts<'_>) -> Multi<'a> {
    let sent = &facts.head.headers;
    let mut all = Multi::new();
    for (name, value) in sent {
        all.entry(Cow::Borrowed(name.as_str())).or_default().push(String::from_utf8_lossy(value.as_bytes()));
    }
    let trace = facts.request_id.simple().to_string();
    let (begin, rest) = trace.split_at_checked(8).unwrap_or_default();
    let own = [
        ("x-forwarded-for", Cow::Borrowed(SOURCE_IP)),
        ("x-forwarded-port", Cow::Borrowed(port(sent))),
        ("x-forwarded-proto", Cow::Borrowed("http")),
        ("x-amzn-trace-id", Cow::Owned(format!("Root=1-{begin}-{rest}"))),
    ];
    for (name, value) in own {
        all.insert(Cow::Borrowed(name), vec![value]);
    }
    all
}

fn port(headers: &HeaderMap) -> &str {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.rsplit_once(':').map_or("80", |(_, port)| port)
}

fn query(query: Option<&str>) -> Option<Multi<'_>> {
    let mut all = Multi::new();
    for (name, value) in form_urlencoded::parse(query?.as_bytes()) {
        all.entry(name).or_default().push(value);
    }
    (!all.is_empty()).then_some(all)
}

fn last_of_each<'a>(all: &Multi<'a>) -> BTreeMap<Cow<'a, str>, Cow<'a, str>> {
    all.iter().filter_map(|(name, values)| Some((name.clone(), values.last()?.clone()))).collect()
}

/// A copy of a body that is not UTF-8, with what is not replaced: without binary media types, API Gateway takes
/// every body as text.
fn replaced(body: &[u8]) -> WipedBuffer {
    let mut text = WipedBuffer::with_capacity(body.len().saturating_mul(3));
    for chunk in body.utf8_chunks() {
        text.extend(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            text.extend("\u{fffd}".as_bytes());
        }
    }
    text
}

type Multi<'a> = BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyEvent<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    multi_value_headers: Multi<'a>,
    query_string_parameters: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    multi_value_query_string_parameters: Option<Multi<'a>>,
    path_parameters: Option<BTreeMap<&'a str, &'a str>>,
    stage_variables: Option<()>,
    request_context: RequestContext<'a>,
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    extended_request_id: String,
    http_method: &'a str,
    identity: Identity<'a>,
    path: String,
    protocol: &'a str,
    request_id: Uuid,
    request_time: String,
    request_time_epoch: u64,
    resource_id: String,
    resource_path: &'a str,
    stage: &'a str,
}

#[derive(Serialize)]
struct Authorizer<'a> {
    claims: &'a AuthorizerClaims,
}

/// Who called. A Cognito authorizer leaves all of IAM's fields empty.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    access_key: Option<()>,
    account_id: Option<()>,
    caller: Option<()>,
    cognito_authentication_provider: Option<()>,
    cognito_authentication_type: Option<()>,
    cognito_identity_id: Option<()>,
    cognito_identity_pool_id: Option<()>,
    principal_org_id: Option<()>,
    source_ip: &'a str,
    user: Option<()>,
    user_agent: Option<&'a str>,
    user_arn: Option<()>,
}
