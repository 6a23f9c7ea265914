//! docs/api.md beside the one list of error answers, docs/openapi.yaml and the gateway's answers.

use std::collections::BTreeSet;

use card_airlock_template::read_yaml;
use platform::api::Problem;
use serde_json::Value;

use super::{
    markdown::{rows, section},
    shipped,
};

const API: &str = include_str!("../../../docs/api.md");
const OPENAPI: &str = include_str!("../../../docs/openapi.yaml");
const ANY_ROUTE: &str = "## Any route";
const GATEWAY: &str = "## What the gateway answers";

#[test]
fn the_document_has_every_error_answer_of_the_functions_and_no_others() {
    let functions = API.split_once(GATEWAY).unwrap().0;
    let listed: BTreeSet<_> =
        Problem::ALL.iter().map(|it| (it.status.as_u16(), it.code.to_owned())).collect();
    assert_eq!(answers(functions), listed);
}

#[test]
fn the_document_has_every_answer_of_the_gateway_and_no_others() {
    let stack = shipped();
    let declared = stack.properties("CustomerApi").unwrap()["GatewayResponses"].as_object().unwrap();
    let declared: BTreeSet<_> = declared
        .values()
        .filter_map(|response| {
            let status = u16::try_from(response["StatusCode"].as_u64()?).unwrap();
            let body = response["ResponseTemplates"]["application/json"].as_str().unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            Some((status, body["code"].as_str().unwrap().to_owned()))
        })
        .collect();
    assert_eq!(answers(section(API, GATEWAY)), declared);
}

#[test]
fn each_route_has_the_answers_that_openapi_gives_it() {
    let openapi = read_yaml(OPENAPI).unwrap();
    let anywhere: BTreeSet<_> =
        answers(section(API, ANY_ROUTE)).into_iter().chain(answers(section(API, GATEWAY))).collect();
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let route = format!("## `{} {path}`", method.to_uppercase());
            let documented = answers(section(API, &route));
            let mut described = BTreeSet::new();
            for (status, response) in operation["responses"].as_object().unwrap() {
                codes(response, status.parse().unwrap(), &mut described);
            }
            let unknown: Vec<_> = documented.difference(&described).collect();
            let missing: Vec<_> =
                described.difference(&documented).filter(|it| !anywhere.contains(it)).collect();
            assert!(unknown.is_empty() && missing.is_empty(), "{route}: {unknown:?} {missing:?}");
        }
    }
}

/// Status and code of the errors in the first cells of every table: ``409 `ORDER_PENDING`, `CARD_CHANGING` ``.
fn answers(markdown: &str) -> BTreeSet<(u16, String)> {
    let mut found = BTreeSet::new();
    for row in rows(markdown) {
        let Some(status) = row[0].split(' ').next().and_then(|word| word.parse().ok()) else { continue };
        let codes = row[0].split('`').skip(1).step_by(2);
        found.extend(codes.filter(|_| status >= 400).map(|code| (status, code.to_owned())));
    }
    found
}

/// Every value of every `code: enum: […]`.
fn codes(node: &Value, status: u16, found: &mut BTreeSet<(u16, String)>) {
    match node {
        Value::Object(members) => {
            let list = members.get("code").and_then(|code| code["enum"].as_array());
            found.extend(list.into_iter().flatten().map(|code| (status, code.as_str().unwrap().to_owned())));
            members.values().for_each(|member| codes(member, status, found));
        }
        Value::Array(items) => items.iter().for_each(|item| codes(item, status, found)),
        _ => {}
    }
}
