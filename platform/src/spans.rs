//! The ids on every log line: the spans that have them, and the functions that add them.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use tracing::{Span, field::Empty};

use order::OrderId;

/// The span of an invocation. It is at ERROR, so that errors have the ids at every level.
pub(crate) fn invocation(request_id: &str) -> Span {
    tracing::error_span!("request", request_id, api_request_id = Empty, order = Empty)
}

/// The span whose lines are about one order of many. The key of a row that somebody else wrote may not be an order id, or may look like a card number.
pub fn order(order: Option<&OrderId>) -> Span {
    tracing::error_span!("order", order = order.and_then(OrderId::shown))
}

/// Adds API Gateway's request id, which an error answer gives to the client. Lambda's own id is there already. Without
/// a span of an invocation, as in a test, nothing happens.
pub fn name_request(request: &ApiGatewayProxyRequest) {
    if let Some(id) = &request.request_context.request_id {
        Span::current().record("api_request_id", id.as_str());
    }
}

/// Adds the order that a request is about.
pub(crate) fn name_order(order: &OrderId) {
    Span::current().record("order", order.as_str());
}
