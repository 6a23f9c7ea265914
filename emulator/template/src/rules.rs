//! Rules: which combinations of parameters a template allows.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{evaluate::Evaluator, template_error::TemplateError};

/// Those that are known here; AWS has some more for lists of parameters.
const FUNCTIONS: [&str; 6] = ["Ref", "Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Rule {
    rule_condition: Option<Value>,
    assertions: Vec<Assertion>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Assertion {
    assert: Value,
    assert_description: Option<String>,
}

/// Refuses the parameters when an assertion of a rule that applies is false.
pub(crate) fn check<'a>(
    rules: &'a Map<String, Value>,
    evaluator: impl Fn(&'a str) -> Evaluator<'a>,
) -> Result<(), TemplateError> {
    for (name, rule) in rules {
        let rule =
            Rule::deserialize(rule).map_err(|error| TemplateError::malformed(name, error.to_string()))?;
        for value in
            rule.rule_condition.iter().chain(rule.assertions.iter().map(|assertion| &assertion.assert))
        {
            must_be_a_rules(name, value)?;
        }
        let evaluator = evaluator(name);
        let applies = rule.rule_condition.as_ref().map_or(Ok(true), |condition| evaluator.rule(condition))?;
        for assertion in rule.assertions.iter().filter(|_| applies) {
            if !evaluator.rule(&assertion.assert)? {
                let why = assertion.assert_description.as_deref().unwrap_or("an assertion does not hold");
                return Err(TemplateError::malformed(name, why));
            }
        }
    }
    Ok(())
}

/// A rule has fewer functions than a condition or a property: `Fn::If` is not one of them.
fn must_be_a_rules(rule: &str, value: &Value) -> Result<(), TemplateError> {
    match value {
        Value::Object(call) => call.iter().try_for_each(|(name, argument)| {
            if !FUNCTIONS.contains(&name.as_str()) {
                return Err(TemplateError::unsupported(rule, name.as_str()));
            }
            must_be_a_rules(rule, argument)
        }),
        Value::Array(arguments) => arguments.iter().try_for_each(|argument| must_be_a_rules(rule, argument)),
        _ => Ok(()),
    }
}
