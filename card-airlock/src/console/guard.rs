//! Which requests the console answers: only those to this machine's own names (against DNS rebinding) and from the
//! console's own page (against other sites in the same browser). The page runs only scripts from its own files.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::shown::Refused;

const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ("cache-control", "no-store"),
];

/// Lets the page's own requests through, and puts its policy on every answer.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match refusal(&request) {
        Some((code, message)) => Refused(StatusCode::FORBIDDEN, code, message).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn refusal(request: &Request) -> Option<(&'static str, &'static str)> {
    let headers = request.headers();
    if !card_airlock_gateway::is_local(request) {
        return Some((
            "ACCESS_DENIED",
            "The console answers only at 127.0.0.1 and localhost: use one of these addresses",
        ));
    }
    // Browsers say where a request comes from. Other programs do not.
    if !matches!(text(headers, "sec-fetch-site"), None | Some("same-origin" | "none")) {
        return Some((
            "FOREIGN_SITE",
            "Only the console's own page may send this request: open the console's address",
        ));
    }
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return None;
    }
    let own = text(headers, HOST.as_str()).map(|host| format!("http://{host}"));
    if text(headers, ORIGIN.as_str()).is_none_or(|origin| own.as_deref() != Some(origin)) {
        return Some((
            "FOREIGN_ORIGIN",
            "Only the console's own page may change anything: open the console's address",
        ));
    }
    // Another site's form cannot send this type.
    (text(headers, CONTENT_TYPE.as_str()) != Some("application/json"))
        .then_some(("NOT_JSON", "The console accepts JSON only: set Content-Type to application/json"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
