//! The template's parameters and the functions' environment, beside docs/settings.md.

use std::collections::{BTreeMap, BTreeSet};

use card_airlock::deployment::SHIPPED;
use card_airlock_template::read_yaml;
use serde_json::{Map, Value};

use super::markdown::{code, rows, section};

const SETTINGS: &str = include_str!("../../../docs/settings.md");

#[test]
fn the_document_lists_every_parameter_with_its_default() {
    let template = read_yaml(SHIPPED).unwrap();
    let declared: BTreeMap<_, _> = template["Parameters"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, parameter)| (name.as_str(), default(parameter)))
        .collect();
    let documented: BTreeMap<_, _> = rows(section(SETTINGS, "## Parameters"))
        .into_iter()
        .map(|row| (code(row[0])[0], row[1].trim_matches('`').to_owned()))
        .collect();
    assert_eq!(documented, declared);
}

#[test]
fn the_document_lists_every_environment_variable_with_what_sets_it() {
    let template = read_yaml(SHIPPED).unwrap();
    let parameters: BTreeSet<_> = template["Parameters"].as_object().unwrap().keys().cloned().collect();
    let filled_in: BTreeSet<_> = code(section(SETTINGS, "## Filled in by the template"))
        .into_iter()
        .filter(|name| name.chars().all(|it| it.is_ascii_uppercase() || it == '_'))
        .collect();
    let environment = environment(&template);
    let mut constants = BTreeMap::new();
    let mut by_parameter: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in &environment {
        let asked: Vec<_> = parameters.iter().filter(|parameter| mentions(value, parameter)).collect();
        if filled_in.contains(name.as_str()) {
            continue;
        }
        match value {
            Value::String(constant) => drop(constants.insert(name.as_str(), constant.clone())),
            _ => assert!(!asked.is_empty(), "nothing says what sets {name}"),
        }
        for parameter in asked {
            by_parameter.entry(parameter).or_default().insert(name);
        }
    }
    let known: BTreeSet<_> = environment.keys().map(String::as_str).collect();
    assert!(filled_in.is_subset(&known), "{filled_in:?}");
    let documented: BTreeMap<_, _> = rows(section(SETTINGS, "## Settings of a function without a parameter"))
        .into_iter()
        .map(|row| (code(row[0])[0], row[1].to_owned()))
        .collect();
    assert_eq!(documented, constants);
    let documented: BTreeMap<_, _> = rows(section(SETTINGS, "## Parameters"))
        .into_iter()
        .map(|row| (code(row[0])[0], code(row[2]).into_iter().collect::<BTreeSet<_>>()))
        .filter(|(_, names)| !names.is_empty())
        .collect();
    assert_eq!(documented, by_parameter);
}

/// The default as the document writes it.
fn default(parameter: &Value) -> String {
    match parameter.get("Default") {
        None => "must be given".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// What the functions are given, of all of them together, as the template says it.
fn environment(template: &Map<String, Value>) -> BTreeMap<String, Value> {
    let functions = template["Resources"].as_object().unwrap().values();
    let functions = functions.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    let own = functions.map(|function| &function["Properties"]);
    own.chain([&template["Globals"]["Function"]])
        .filter_map(|properties| properties["Environment"]["Variables"].as_object())
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Whether a value of the template is made of a parameter.
fn mentions(value: &Value, parameter: &str) -> bool {
    match value {
        Value::String(text) => text == parameter || text.contains(&format!("${{{parameter}}}")),
        Value::Array(items) => items.iter().any(|item| mentions(item, parameter)),
        Value::Object(members) => members.values().any(|member| mentions(member, parameter)),
        _ => false,
    }
}
