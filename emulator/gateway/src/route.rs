//! The route table: which function answers which method and path.

use std::time::Duration;

use axum::http::Method;
use card_airlock_lambda::Function;
use percent_encoding::percent_decode_str;

/// One method of one resource.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method, as in the template; `ANY` is each that no other route of the path has.
    pub method: Method,
    /// The resource's path, such as `/notes/{Id}`: without the stage.
    pub path: String,
    /// What answers.
    pub function: Function,
    /// The function's `Timeout`.
    pub timeout: Duration,
    /// Whether it has the Cognito authorizer.
    pub requires_sign_in: bool,
}

impl Route {
    /// Whether it answers each method that no other route of its path has.
    pub(crate) fn is_any(&self) -> bool {
        self.method.as_str() == "ANY"
    }
}

/// The route of a request, and its path.
#[derive(Debug)]
pub(crate) struct RouteMatch<'a> {
    pub(crate) route: &'a Route,
    /// The path below the stage, as it was sent.
    pub(crate) path: String,
    /// The path's parameters, decoded.
    pub(crate) parameters: Vec<(&'a str, String)>,
}

/// The route that serves `method` on `path`. Empty segments do not count: the sample's own URL ends in a slash, and
/// its requests then have two.
pub(crate) fn find<'a>(
    routes: &'a [Route],
    stage: &str,
    method: &Method,
    path: &str,
) -> Option<RouteMatch<'a>> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    if segments.next() != Some(stage) {
        return None;
    }
    let segments: Vec<&str> = segments.collect();
    let matched = |route: &'a Route| {
        let parameters = parameters(&route.path, &segments)?;
        Some(RouteMatch { route, path: format!("/{}", segments.join("/")), parameters })
    };
    let own = routes.iter().filter(|route| route.method == *method).find_map(matched);
    own.or_else(|| routes.iter().filter(|route| route.is_any()).find_map(matched))
}

fn parameters<'a>(template: &'a str, segments: &[&str]) -> Option<Vec<(&'a str, String)>> {
    let parts: Vec<&str> = template.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut parameters = Vec::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => {
                parameters.push((name, percent_decode_str(segment).decode_utf8_lossy().into_owned()));
            }
            None if part == *segment => {}
            None => return None,
        }
    }
    Some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Vec<Route> {
        let route = |method, path: &str| Route {
            method,
            path: path.to_owned(),
            function: Function::new(|_, _| async { Ok(Vec::new()) }),
            timeout: Duration::from_secs(1),
            requires_sign_in: true,
        };
        let any = Method::from_bytes(b"ANY").unwrap();
        vec![
            route(any, "/open"),
            route(Method::POST, "/open"),
            route(Method::POST, "/notes"),
            route(Method::GET, "/notes/{Id}"),
        ]
    }

    fn found(method: Method, path: &str) -> Option<(String, String, Vec<String>)> {
        let routes = routes();
        let found = find(&routes, "dev", &method, path)?;
        let values = found.parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some((found.route.path.clone(), found.path, values))
    }

    #[test]
    fn a_path_below_the_stage_finds_its_route_and_its_parameters_decoded() {
        let order = Some(("/notes".to_owned(), "/notes".to_owned(), vec![]));
        assert_eq!(found(Method::POST, "/dev/notes"), order);
        assert_eq!(found(Method::POST, "/dev//notes"), order, "the sample's URL ends in a slash");
        assert_eq!(found(Method::POST, "/dev/notes/"), order);
        assert_eq!(
            found(Method::GET, "/dev/notes/a%20b"),
            Some(("/notes/{Id}".to_owned(), "/notes/a%20b".to_owned(), vec!["Id=a b".to_owned()]))
        );
    }

    #[test]
    fn any_method_goes_where_the_path_has_no_route_of_that_method() {
        let routes = routes();
        let method_of =
            |method| find(&routes, "dev", &method, "/dev/open").map(|found| found.route.method.to_string());
        assert_eq!(method_of(Method::POST).as_deref(), Some("POST"));
        assert_eq!(method_of(Method::DELETE).as_deref(), Some("ANY"));
        assert!(find(&routes, "dev", &Method::DELETE, "/dev/open/1").is_none());
    }

    #[test]
    fn another_stage_method_or_depth_finds_nothing() {
        for path in ["/", "/notes", "/prod/notes", "/dev", "/dev/other", "/dev/notes/a/b"] {
            assert_eq!(found(Method::POST, path), None, "{path}");
        }
        assert_eq!(found(Method::GET, "/dev/notes"), None);
        assert_eq!(found(Method::DELETE, "/dev/notes/a"), None);
    }
}
