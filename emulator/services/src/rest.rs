//! The operations of services that are asked by path.

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The service by the name in its signature, the method, the path, and the operation.
type RestOperation = (&'static str, Method, &'static str, &'static str);

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html>
const OPERATIONS: [RestOperation; 6] = [
    ("lambda", Method::POST, "2015-03-31/functions/{FunctionName}/invocations", "Invoke"),
    ("lambda", Method::GET, "2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"),
    ("lambda", Method::GET, "2015-03-31/event-source-mappings", "ListEventSourceMappings"),
    ("apigateway", Method::GET, "restapis/{restApiId}", "GetRestApi"),
    ("apigateway", Method::GET, "restapis/{restApiId}/stages/{stageName}", "GetStage"),
    ("lambda", Method::PUT, "2015-03-31/event-source-mappings/{UUID}", "UpdateEventSourceMapping"),
];

/// The operation at a path, and what the path names.
pub(crate) fn operation(
    service: Option<&str>,
    method: &Method,
    path: &str,
) -> Option<(&'static str, Vec<(String, Value)>)> {
    let of_service = OPERATIONS.iter().filter(|(of, with, ..)| Some(*of) == service && with == method);
    of_service.into_iter().find_map(|(_, _, pattern, operation)| Some((*operation, named(pattern, path)?)))
}

/// What a path names, if it is of this pattern. A slash at its end does not count.
fn named(pattern: &str, path: &str) -> Option<Vec<(String, Value)>> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let parts: Vec<&str> = pattern.split('/').collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut named = Vec::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => {
                let value = percent_decode_str(segment).decode_utf8().ok()?;
                named.push((name.to_owned(), Value::String(value.into_owned())));
            }
            None if part == segment => {}
            None => return None,
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Method, path: &str) -> Option<(&'static str, Vec<String>)> {
        let (operation, named) = operation(Some("lambda"), &method, path)?;
        Some((operation, named.iter().map(|(name, value)| format!("{name}={value}")).collect()))
    }

    #[test]
    fn a_path_has_its_operation_and_its_names_decoded() {
        let invoke = |name: &str| Some(("Invoke", vec![format!("FunctionName=\"{name}\"")]));
        assert_eq!(found(Method::POST, "/2015-03-31/functions/f/invocations"), invoke("f"));
        let arn = "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations/";
        assert_eq!(found(Method::POST, arn), invoke("arn:aws:lambda"));
        let list = Some(("ListEventSourceMappings", vec![]));
        assert_eq!(found(Method::GET, "/2015-03-31/event-source-mappings/"), list);
        assert_eq!(found(Method::GET, "/2015-03-31/event-source-mappings"), list);
    }

    #[test]
    fn another_path_method_or_service_has_none() {
        assert_eq!(found(Method::GET, "/2015-03-31/functions/f/invocations"), None);
        assert_eq!(found(Method::POST, "/2015-03-31/functions/f/invocations/more"), None);
        assert_eq!(found(Method::POST, "/2015-03-31/functions/%ff/invocations"), None);
        assert_eq!(found(Method::GET, "/2015-03-31/functions/"), None);
        let path = "/2015-03-31/functions/f/invocations";
        assert_eq!(operation(Some("s3"), &Method::POST, path), None);
        assert_eq!(operation(None, &Method::POST, path), None);
    }
}
