//! `docs/openapi.yaml` says what the API does: no route and no code more, and none less. Every answer in these tests is
//! held to it besides (`support/contract.rs`).

use std::collections::{BTreeMap, BTreeSet};

use platform::api::Problem;
use serde_json::Value;

use crate::support::{OPENAPI, World, order};

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_the_routes_of_the_template_and_no_others() {
    let world = World::stepped().await;
    // Any other method is answered with 405, which no operation of the document can say.
    let routes = world.declared.api.routes.iter().filter(|route| route.method != "ANY");
    let deployed: BTreeSet<_> = routes.map(|route| (route.method.clone(), route.path.clone())).collect();
    let mut documented = BTreeSet::new();
    for (path, operations) in OPENAPI["paths"].as_object().unwrap() {
        documented.extend(
            operations.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())),
        );
    }
    assert_eq!(documented, deployed);
}

/// Codes that the gateway answers with, here and where it is deployed.
const GATEWAY: [&str; 10] = [
    "BAD_REQUEST_BODY",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "REQUEST_TOO_LARGE",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    // Said by a function where the document has no route.
    "ROUTE_NOT_FOUND",
    "METHOD_NOT_ALLOWED",
];

#[test]
fn the_document_lists_the_currencies_that_are_taken_and_no_others() {
    let letters = || 'A'..='Z';
    let texts =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    let taken: Vec<_> = texts.filter(|text| text.parse::<order::Currency>().is_ok()).collect();
    let listed = OPENAPI["components"]["schemas"]["Currency"]["enum"].as_array().unwrap();
    let listed: Vec<_> = listed.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, taken);
}

/// Each example is what a client sends without a change: it must keep the schema beside it.
#[test]
fn every_body_has_an_example_that_its_schema_allows() {
    let mut seen = 0;
    for (path, operations) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let bodies = operation["responses"].as_object().unwrap().iter();
            let good = bodies.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response);
            for body in operation.get("requestBody").into_iter().chain(good) {
                let content = &body["content"]["application/json"];
                let mut schema = content["schema"].clone();
                schema["components"] = OPENAPI["components"].clone();
                let example =
                    content.get("example").unwrap_or_else(|| panic!("{method} {path} has no example"));
                jsonschema::draft202012::new(&schema).unwrap().validate(example).unwrap();
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn the_document_names_every_code_that_a_function_can_answer_and_no_others() {
    let mut documented = BTreeSet::new();
    codes(&OPENAPI["paths"], &mut documented);
    let written: BTreeSet<_> = Problem::ALL.iter().map(|problem| problem.code.to_owned()).collect();
    let gateway: BTreeSet<_> = GATEWAY.map(str::to_owned).into();
    let undocumented: Vec<_> =
        written.difference(&documented).filter(|code| !gateway.contains(*code)).collect();
    let unknown: Vec<_> = documented.difference(&written).filter(|code| !gateway.contains(*code)).collect();
    assert_eq!((undocumented, unknown), (vec![], vec![]));
}

/// Every value of every `code: enum: […]`.
fn codes(node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::Object(fields) => {
            let list = fields.get("code").and_then(|code| code["enum"].as_array());
            found.extend(list.into_iter().flatten().map(|code| code.as_str().unwrap().to_owned()));
            fields.values().for_each(|field| codes(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| codes(item, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_requests_are_those_that_are_taken() {
    let schema = |name: &str| {
        let mut schema = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
        schema["components"] = OPENAPI["components"].clone();
        jsonschema::draft202012::new(&schema).unwrap()
    };
    let (orders, payments) = (schema("Order"), schema("Payment"));
    let world = World::stepped().await;
    let clerk = world.clerk();
    let with = |changes: &[(&str, Value)]| {
        let mut body = order("documented");
        for (name, value) in changes {
            body[name] = value.clone();
        }
        body
    };
    for (body, taken) in [
        (with(&[]), true),
        (with(&[("CustomerOrder", "a/b".into())]), false),
        (with(&[("CustomerName", "".into())]), false),
        (with(&[("CreditCard", 4111.into())]), false),
        (with(&[("CreditCard", "4111 1111 111".into())]), false),
        (with(&[("CardExpiry", "13/30".into())]), false),
        (with(&[("CVV", "123".into())]), false),
        (with(&[("Amount", 1999.into())]), false),
        (with(&[("Currency", "EUR".into())]), false),
        (with(&[("Amount", 0.into()), ("Currency", "EUR".into())]), false),
        (with(&[("Owner", "ann".into())]), false),
        (with(&[("Owner", "550E8400-E29B-41D4-A716-446655440000".into())]), false),
        (
            with(&[("CustomerOrder", "priced".into()), ("Amount", 1999.into()), ("Currency", "EUR".into())]),
            true,
        ),
        (
            with(&[
                ("CustomerOrder", "placed-for".into()),
                ("Owner", "550e8400-e29b-41d4-a716-446655440000".into()),
            ]),
            true,
        ),
    ] {
        assert_eq!(orders.is_valid(&body), taken, "{body}");
        assert_eq!(clerk.submit(&body).await.status.as_u16() < 300, taken, "{body}");
    }
    world.deliver(&world.records()).await;
    let bills: BTreeMap<&str, bool> = BTreeMap::from([
        (r#"{"CustomerOrder":"documented","Amount":1}"#, false),
        (r#"{"CustomerOrder":"documented","Amount":0,"Currency":"EUR"}"#, false),
        (r#"{"CustomerOrder":"documented","Amount":1.5,"Currency":"EUR"}"#, false),
        (r#"{"CustomerOrder":"documented","Amount":1,"Currency":"EUR","Tip":1}"#, false),
        (r#"{"CustomerOrder":"documented","Amount":1,"Currency":"EUR"}"#, true),
    ]);
    for (bill, taken) in bills {
        assert_eq!(payments.is_valid(&serde_json::from_str(bill).unwrap()), taken, "{bill}");
        assert_eq!(clerk.post("/paybill", bill).await.status.as_u16() < 300, taken, "{bill}");
    }
}
