//! The API Gateway front on one machine: a REST API with a Cognito authorizer and Lambda proxy integrations,
//! over HTTP on loopback. It logs the route and a request id of each request, and nothing that a client sent.

use std::{
    future::Future,
    io,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, header::AUTHORIZATION},
    response::Response,
};
use card_airlock_lambda::{FunctionError, FunctionResult, MAX_EVENT_BYTES};
use clock::Clock;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    cors, event,
    gateway_error::GatewayError,
    issuer::AuthorizerClaims,
    loopback, reply,
    rest_api::RestApi,
    route::{self, Route, RouteMatch},
    wiped::WipedBuffer,
    wiped_body,
};

/// API Gateway gives up on a function after this long (quota "Maximum integration timeout").
pub const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// API Gateway takes bodies of up to 10 MB (quota "Payload size").
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// How long a stopping gateway waits for requests in progress.
const GRACE: Duration = Duration::from_secs(5);

/// Serves `api` on `listener` until `shutdown` is ready and the requests begun are answered, or a few seconds
/// have passed.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    api: RestApi,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_beside(Arc::new(api), Router::new(), listener, shutdown).await
}

/// The same, with routes beside the API's own, which come first. They check their requests themselves.
///
/// # Errors
/// When the listener fails.
pub async fn serve_beside(
    api: Arc<RestApi>,
    beside: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = Router::new().fallback(answer).with_state(api).merge(beside);
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        shutdown.await;
        let _ = stopping.send(());
    });
    // A client that has sent half a request would delay the shutdown forever.
    let out_of_patience = async move {
        match stopped.await {
            Ok(()) => tokio::time::sleep(GRACE).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = server => ended,
        () = out_of_patience => Ok(()),
    }
}

/// The JWKS of the user pool is served beside the stages, where Cognito has it.
fn is_jwks(api: &RestApi, request: &Request) -> bool {
    request.method() == http::Method::GET && request.uri().path() == api.issuer.jwks_path()
}

/// Answers one request as API Gateway would.
pub async fn answer(State(api): State<Arc<RestApi>>, request: Request) -> Response {
    let request_id = Uuid::new_v4();
    let begun = Instant::now();
    let found = admit(&api, &request);
    let resource = found.as_ref().map_or("none", |found| found.route.path.as_str()).to_owned();
    let preflight = match &found {
        // SAM gives each path its own method OPTIONS, which has priority over ANY.
        Ok(found) if !found.route.is_any() => None,
        Ok(_) | Err(GatewayError::NO_ROUTE) => cors::preflight(&api, request.method(), request.uri().path()),
        Err(_) => None,
    };
    let answered = match found {
        _ if preflight.is_some() => preflight.ok_or(GatewayError::NO_ROUTE),
        Ok(found) => invoke(&api, found, request, request_id).await,
        Err(GatewayError::NO_ROUTE) if is_jwks(&api, &request) => Ok(reply::json(&api.issuer.jwks())),
        Err(refused) => Err(refused),
    };
    let response = answered
        .unwrap_or_else(|error| cors::with_origin(&api, error.into_response(api.error_answer, request_id)));
    tracing::info!(
        %request_id,
        resource,
        status = response.status().as_u16(),
        milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    reply::with_request_id(response, request_id)
}

/// The route of a request that came by a local name.
fn admit<'a>(api: &'a RestApi, request: &Request) -> Result<RouteMatch<'a>, GatewayError> {
    if !loopback::is_local(request) {
        return Err(GatewayError::FOREIGN_HOST);
    }
    route::find(&api.routes, &api.stage, request.method(), request.uri().path()).ok_or(GatewayError::NO_ROUTE)
}

/// The whole body of at most `limit` bytes, in a buffer that is wiped; `None` when it is larger or not complete.
pub async fn read_body(body: Body, headers: &HeaderMap, limit: usize) -> Option<WipedBuffer> {
    wiped_body::read(body, headers, limit).await.ok()
}

async fn invoke(
    api: &RestApi,
    found: RouteMatch<'_>,
    request: Request,
    request_id: Uuid,
) -> Result<Response, GatewayError> {
    let claims = authorize(api, found.route, &request)?;
    let (head, stream) = request.into_parts();
    let body = wiped_body::read(stream, &head.headers, MAX_BODY_BYTES).await?;
    let event = event::build(&event::Facts {
        api,
        found: &found,
        head: &head,
        body: body.as_ref(),
        claims: claims.as_ref(),
        request_id,
        now: SystemTime::now(),
    })?;
    drop(body);
    if event.len() > MAX_EVENT_BYTES {
        return Err(GatewayError::TOO_LARGE);
    }
    let answer = run(found.route, event, &api.clock).await.map_err(|error| match error {
        FunctionError::TimedOut => GatewayError::TIMED_OUT,
        FunctionError::Unhandled | FunctionError::Throttled => GatewayError::FUNCTION_FAILED,
    })?;
    reply::from_proxy_response(&answer).ok_or(GatewayError::FUNCTION_FAILED)
}

fn authorize(
    api: &RestApi,
    route: &Route,
    request: &Request,
) -> Result<Option<AuthorizerClaims>, GatewayError> {
    if !route.requires_sign_in {
        return Ok(None);
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let claims = header.and_then(|header| api.issuer.verify(header).ok());
    claims.map(Some).ok_or(GatewayError::UNAUTHORIZED)
}

/// Runs the function in its own task: like Lambda it continues when the client disconnects or API Gateway no longer
/// waits, and a panic ends only this task.
async fn run(route: &Route, event: WipedBuffer, clock: &Clock) -> FunctionResult {
    let (function, timeout) = (route.function.clone(), route.timeout);
    let deadline = clock.now() + timeout;
    let invocation = tokio::spawn(async move {
        let running = function.invoke(event.into_vec(), deadline);
        tokio::time::timeout(timeout, running).await.unwrap_or(Err(FunctionError::TimedOut))
    });
    match tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await {
        Ok(finished) => finished.unwrap_or(Err(FunctionError::Unhandled)),
        Err(_) => Err(FunctionError::TimedOut),
    }
}
