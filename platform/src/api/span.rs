//! The ids on every log line of a request. [`crate::run`] opens the span that holds them; where there is
//! none, as in a test, nothing happens.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use tracing::Span;

use order::OrderId;

/// Names API Gateway's request id, the one that an error tells the client. Lambda's own is there already.
pub fn name_request(request: &ApiGatewayProxyRequest) {
    if let Some(id) = &request.request_context.request_id {
        Span::current().record("api_request_id", id.as_str());
    }
}

/// Names the order that a request is about.
pub fn name_order(order: &OrderId) {
    Span::current().record("order", order.as_str());
}
