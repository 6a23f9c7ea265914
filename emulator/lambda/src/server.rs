//! The Runtime API of one execution environment: HTTP on its own loopback port, for one process
//! (Lambda developer guide, "Using the Lambda runtime API for custom runtimes").

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE, header::HOST},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use parking_lot::Mutex;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinHandle},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::function::{FunctionError, FunctionResult};

/// Lambda accepts answers of up to 6 MB (quota "Invocation payload").
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// One event for the process, and where its answer goes.
pub(crate) struct Invocation {
    pub(crate) event: Zeroizing<Vec<u8>>,
    pub(crate) deadline: SystemTime,
    pub(crate) answer: oneshot::Sender<FunctionResult>,
}

/// What the process reports.
pub(crate) enum Said {
    /// It asks for its next invocation and waits.
    Ready(oneshot::Sender<Invocation>),
    /// It reports that it cannot start.
    InitFailed,
}

/// A served Runtime API. Dropping it stops it.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    said: mpsc::Receiver<Said>,
    server: AbortHandle,
}

impl RuntimeApi {
    /// Serves on a free port.
    pub(crate) async fn start(function_arn: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (tell, said) = mpsc::channel(1);
        let state = Arc::new(ApiState {
            host: address.to_string(),
            function_arn: function_arn.to_owned(),
            tell,
            under_way: Mutex::default(),
        });
        // Otherwise Nagle's algorithm delays an answer in two writes by 40 ms.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let app = routes(state);
        let server: JoinHandle<io::Result<()>> =
            tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, said, server: server.abort_handle() })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next report of the process.
    pub(crate) async fn said(&mut self) -> Said {
        // The server holds the other end as long as this lives.
        self.said.recv().await.unwrap_or(Said::InitFailed)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct ApiState {
    host: String,
    function_arn: String,
    tell: mpsc::Sender<Said>,
    under_way: Mutex<Option<(Uuid, oneshot::Sender<FunctionResult>)>>,
}

impl ApiState {
    /// Who waits for this invocation's answer; nobody when another, or none, is in progress.
    fn take(&self, id: Uuid) -> Option<oneshot::Sender<FunctionResult>> {
        let mut under_way = self.under_way.lock();
        under_way.take_if(|(expected, _)| *expected == id).map(|(_, answer)| answer)
    }
}

fn routes(state: Arc<ApiState>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), only_by_its_address))
        .with_state(state)
}

/// A web page that had its own name resolve to loopback would send that name.
async fn only_by_its_address(State(api): State<Arc<ApiState>>, request: Request, rest: Next) -> Response {
    if request.headers().get(HOST).is_some_and(|host| host.as_bytes() == api.host.as_bytes()) {
        rest.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn next(State(api): State<Arc<ApiState>>) -> Response {
    if api.under_way.lock().is_some() {
        return refuse(StatusCode::FORBIDDEN, "InvalidStateTransition");
    }
    let (ready, given) = oneshot::channel();
    if api.tell.send(Said::Ready(ready)).await.is_err() {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "Stopped");
    }
    let Ok(Invocation { event, deadline, answer }) = given.await else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "Stopped");
    };
    let id = Uuid::new_v4();
    *api.under_way.lock() = Some((id, answer));
    // The event is wiped once it is written.
    let mut response = Response::new(Body::from(Bytes::from_owner(event)));
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id.to_string()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", api.function_arn.clone()),
        ("lambda-runtime-trace-id", trace_id()),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn response(State(api): State<Arc<ApiState>>, Path(id): Path<Uuid>, body: Body) -> Response {
    let answer = to_bytes(body, MAX_ANSWER_BYTES).await;
    let Some(waiting) = api.take(id) else {
        return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID");
    };
    match answer {
        Ok(answer) => {
            let _ = waiting.send(Ok(answer.into()));
            accepted()
        }
        Err(_) => {
            let _ = waiting.send(Err(FunctionError::Unhandled));
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
        }
    }
}

/// What the process says of its error is not read: it may quote the event.
async fn error(State(api): State<Arc<ApiState>>, Path(id): Path<Uuid>, _: Request) -> Response {
    let Some(waiting) = api.take(id) else {
        return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID");
    };
    let _ = waiting.send(Err(FunctionError::Unhandled));
    accepted()
}

async fn init_error(State(api): State<Arc<ApiState>>) -> Response {
    let _ = api.tell.send(Said::InitFailed).await;
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], r#"{"status":"OK"}"#).into_response()
}

fn refuse(status: StatusCode, error_type: &'static str) -> Response {
    let body = format!(r#"{{"errorMessage":"{error_type}","errorType":"{error_type}"}}"#);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// An X-Ray trace that is not sampled: the time, then 96 random bits.
fn trace_id() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let root = Uuid::new_v4().as_u128() >> 32;
    let parent = Uuid::new_v4().as_u64_pair().0;
    format!("Root=1-{seconds:08x}-{root:024x};Parent={parent:016x};Sampled=0")
}
