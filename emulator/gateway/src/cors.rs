//! Cross-origin requests: the preflight that API Gateway answers by itself, and the origin on its own refusals. A
//! function's own answer has the headers that the function set.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html>

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};

use crate::{
    rest_api::RestApi,
    route::{self, Route},
};

/// What SAM writes for a path whose route takes any method (samtranslator, `_make_cors_allowed_methods_for_path_item`).
const METHODS_OF_ANY: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/// The answer to a preflight, on every path that has a route; none if the template has none.
pub(crate) fn preflight(api: &RestApi, method: &Method, path: &str) -> Option<Response> {
    let cors = api.cors.as_ref().filter(|_| method == Method::OPTIONS)?;
    let serves = |route: &&Route| route::find(&api.routes, &api.stage, &route.method, path).is_some();
    // Sorted, as SAM has them.
    let routes: Vec<&Route> = api.routes.iter().filter(serves).collect();
    if routes.is_empty() {
        return None;
    }
    let mut methods: Vec<&str> = if routes.iter().any(|route| route.is_any()) {
        METHODS_OF_ANY.to_vec()
    } else {
        routes.iter().map(|route| route.method.as_str()).collect()
    };
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.dedup();
    let mut response = "{}".into_response();
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, "application/json");
    put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &methods.join(","));
    put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers);
    put(headers, header::ACCESS_CONTROL_MAX_AGE, &cors.max_age);
    Some(with_origin(api, response))
}

/// An answer of the gateway itself, which the one origin may read.
pub(crate) fn with_origin(api: &RestApi, mut response: Response) -> Response {
    if let Some(origin) = api.cors.as_ref().and_then(|cors| cors.allow_origin.as_deref()) {
        put(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
