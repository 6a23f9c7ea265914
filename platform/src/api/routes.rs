//! The API's resources and their methods, and the answer to a request for any other.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;

use super::problems::Problem;

/// Each resource with its methods, as the header `Allow` lists them (RFC 9110, 10.2.1). Tested against template.yaml.
pub const ROUTES: [(&str, &str); 5] = [
    ("/card-keys", "GET"),
    ("/order", "POST"),
    ("/order/{CustomerOrder}", "GET"),
    ("/order/{CustomerOrder}/card", "DELETE, PUT"),
    ("/paybill", "POST"),
];

/// The answer to a request that has no route: 405 if its resource has other methods, otherwise 404.
#[must_use]
pub fn no_route(request: &ApiGatewayProxyRequest) -> Problem {
    let resource = request.resource.as_deref();
    let methods = ROUTES.into_iter().find(|(path, _)| resource == Some(path)).map(|(_, methods)| methods);
    methods.map_or(Problem::ROUTE_NOT_FOUND, |methods| Problem::METHOD_NOT_ALLOWED.allowing(methods))
}
