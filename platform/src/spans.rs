//! The ids on every log line: spans that hold them, and what names them.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use tracing::{Span, field::Empty};

use order::OrderId;

/// The span of an invocation. Ids are wanted beside errors too, whatever the level.
pub(crate) fn invocation(request_id: &str) -> Span {
    tracing::error_span!("request", request_id, api_request_id = Empty, order = Empty)
}

/// The span whose lines are about one order of many. The key of a row that somebody else wrote may be no order id, or one that reads as a card number.
pub fn order(order: Option<&OrderId>) -> Span {
    tracing::error_span!("order", order = order.and_then(OrderId::shown))
}

/// Names API Gateway's request id, the one that an error tells the client. Lambda's own is there already. Where
/// there is no span of an invocation, as in a test, nothing happens.
pub fn name_request(request: &ApiGatewayProxyRequest) {
    if let Some(id) = &request.request_context.request_id {
        Span::current().record("api_request_id", id.as_str());
    }
}

/// Names the order that a request is about.
pub(crate) fn name_order(order: &OrderId) {
    Span::current().record("order", order.as_str());
}
