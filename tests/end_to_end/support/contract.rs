//! `docs/openapi.yaml`, which every answer that a test gets is held to.

use std::{collections::BTreeMap, sync::LazyLock};

use http::{HeaderMap, Method, StatusCode};
use jsonschema::Validator;
use serde_json::Value;

/// The document.
pub(crate) static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../docs/openapi.yaml");
    Value::Object(card_airlock_template::read_yaml(text).expect("docs/openapi.yaml is not YAML"))
});

/// A validator per route, method and status: all that the document allows.
static ANSWERS: LazyLock<BTreeMap<(String, String, String), Validator>> = LazyLock::new(|| {
    let mut answers = BTreeMap::new();
    for (path, operations) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let mut schema = response["content"]["application/json"]["schema"].clone();
                schema["components"] = OPENAPI["components"].clone();
                let validator =
                    jsonschema::draft202012::options().should_validate_formats(true).build(&schema);
                answers.insert((path.clone(), method.clone(), status.clone()), validator.unwrap());
            }
        }
    }
    answers
});

/// Holds an answer to the document. A path that it does not name is left to the test.
#[track_caller]
pub(crate) fn hold(method: &Method, path: &str, status: StatusCode, headers: &HeaderMap, body: &Value) {
    let Some(route) = route(path) else { return };
    let method = method.as_str().to_lowercase();
    if OPENAPI["paths"][route][&method].is_null() {
        return;
    }
    let key = (route.to_owned(), method, status.as_u16().to_string());
    let validator = ANSWERS.get(&key).unwrap_or_else(|| panic!("undocumented: {key:?} {body}"));
    if let Err(error) = validator.validate(body) {
        panic!("{key:?} answered {body}: {error}");
    }
    let documented = &OPENAPI["paths"][route][&key.1]["responses"][&key.2]["headers"];
    for name in ["location", "retry-after"] {
        let known = documented
            .as_object()
            .is_some_and(|names| names.keys().any(|key| key.eq_ignore_ascii_case(name)));
        assert!(known || !headers.contains_key(name), "{key:?} answers with an undocumented {name}");
    }
}

/// The route of a path that begins with the stage.
fn route(path: &str) -> Option<&'static str> {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').skip(1).collect();
    match parts.as_slice() {
        ["order"] => Some("/order"),
        ["order", _] => Some("/order/{CustomerOrder}"),
        ["order", _, "card"] => Some("/order/{CustomerOrder}/card"),
        ["paybill"] => Some("/paybill"),
        ["card-keys"] => Some("/card-keys"),
        _ => None,
    }
}
