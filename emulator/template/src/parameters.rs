//! The parameters of a template: what they may be, and what they are.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::template_error::TemplateError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Declaration {
    #[serde(rename = "Type")]
    kind: Kind,
    default: Option<Value>,
    #[serde(rename = "Description")]
    _description: Option<String>,
    no_echo: Option<Value>,
    constraint_description: Option<String>,
    allowed_values: Option<Vec<Value>>,
    allowed_pattern: Option<String>,
    min_value: Option<f64>,
    max_value: Option<f64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Kind {
    String,
    Number,
}

/// The value of each parameter: its override, or its default.
pub(crate) fn settle(
    declared: &Map<String, Value>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, TemplateError> {
    if let Some(stray) = overrides.keys().find(|name| !declared.contains_key(*name)) {
        return Err(TemplateError::unknown(stray, "such parameter"));
    }
    declared
        .iter()
        .map(|(name, declaration)| {
            let given = overrides.get(name).map(|value| Value::String(value.clone()));
            let value = given.or(read(name, declaration)?.default);
            let value = value.ok_or_else(|| TemplateError::unknown(name, "value for this parameter"))?;
            Ok((name.clone(), value))
        })
        .collect()
}

/// The names of the parameters that are not shown.
pub(crate) fn without_echo(declared: &Map<String, Value>) -> Result<BTreeSet<String>, TemplateError> {
    let mut hidden = BTreeSet::new();
    for (name, declaration) in declared {
        match read(name, declaration)?.no_echo.as_ref().map(text).as_deref() {
            None | Some("false") => {}
            Some("true") => drop(hidden.insert(name.clone())),
            Some(_) => return Err(TemplateError::malformed(name, "NoEcho must be true or false")),
        }
    }
    Ok(hidden)
}

/// Refuses a value that the template does not allow, as CloudFormation does before it makes anything.
pub(crate) fn check(
    declared: &Map<String, Value>,
    settled: &BTreeMap<String, Value>,
) -> Result<(), TemplateError> {
    for (name, value) in settled {
        let declaration = read(name, declared.get(name).unwrap_or(&Value::Null))?;
        if let Some(wrong) = declaration.wrong_with(name, &text(value))? {
            let wrong = declaration.constraint_description.unwrap_or(wrong);
            return Err(TemplateError::malformed(name, wrong));
        }
    }
    Ok(())
}

fn read(name: &str, declaration: &Value) -> Result<Declaration, TemplateError> {
    Declaration::deserialize(declaration).map_err(|error| TemplateError::malformed(name, error.to_string()))
}

impl Declaration {
    /// The rule that a value breaks.
    fn wrong_with(&self, name: &str, value: &str) -> Result<Option<String>, TemplateError> {
        if let Some(allowed) = &self.allowed_values {
            let allowed: Vec<String> = allowed.iter().map(text).collect();
            if !allowed.iter().any(|one| one == value) {
                return Ok(Some(format!("must be one of {}", allowed.join(", "))));
            }
        }
        if self.kind == Kind::Number {
            let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
            let Some(number) = number else { return Ok(Some("must be a number".to_owned())) };
            let below = self.min_value.filter(|least| number < *least);
            let above = self.max_value.filter(|most| number > *most);
            return Ok(below
                .map(|least| format!("must be at least {least}"))
                .or_else(|| above.map(|most| format!("must be at most {most}"))));
        }
        let length = value.chars().count();
        if let Some(least) = self.min_length.filter(|least| length < *least) {
            return Ok(Some(format!("must have at least {least} characters")));
        }
        if let Some(most) = self.max_length.filter(|most| length > *most) {
            return Ok(Some(format!("must have at most {most} characters")));
        }
        let Some(pattern) = &self.allowed_pattern else { return Ok(None) };
        // The whole value must match.
        let whole = Regex::new(&format!("^(?:{pattern})$"));
        let whole = whole.map_err(|_| TemplateError::unsupported(name, "this AllowedPattern"))?;
        Ok((!whole.is_match(value)).then(|| format!("must fit the pattern {pattern}")))
    }
}

/// How a parameter's value is written.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
