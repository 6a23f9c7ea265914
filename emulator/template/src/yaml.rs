//! YAML with CloudFormation's short tags, read into JSON with the long names: `!GetAtt A.B` becomes
//! `{"Fn::GetAtt": ["A", "B"]}`.

use saphyr::{LoadableYamlNode, Scalar, Tag, Yaml};
use serde_json::{Map, Number, Value, json};

use crate::template_error::TemplateError;

/// The text of a template, read, before anything of it is evaluated.
#[derive(Debug, Clone)]
pub struct Document(pub(crate) Map<String, Value>);

impl Document {
    /// Reads a template's text.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(text: &str) -> Result<Self, TemplateError> {
        read(text).map(Self)
    }

    /// What is under this name at the top; nothing when there is no mapping.
    pub(crate) fn section(&self, name: &str) -> Map<String, Value> {
        self.0.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

/// Reads one YAML document whose top is a mapping.
///
/// # Errors
/// [`TemplateError`] when it is anything else.
pub fn read(text: &str) -> Result<Map<String, Value>, TemplateError> {
    let documents = Yaml::load_from_str(text).map_err(|error| TemplateError::Yaml(error.to_string()))?;
    let [document] = documents.as_slice() else {
        return Err(invalid("it must hold exactly one document"));
    };
    match to_json(document)? {
        Value::Object(sections) => Ok(sections),
        _ => Err(invalid("it must be a mapping")),
    }
}

fn to_json(node: &Yaml<'_>) -> Result<Value, TemplateError> {
    Ok(match node {
        Yaml::Value(scalar) => from_scalar(scalar)?,
        Yaml::Sequence(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| match key {
                Yaml::Value(Scalar::String(key)) => Ok((key.to_string(), to_json(value)?)),
                _ => Err(invalid("every key must be a string")),
            });
            Value::Object(entries.collect::<Result<_, _>>()?)
        }
        Yaml::Tagged(tag, inner) => tagged(tag, to_json(inner)?),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            return Err(invalid("a value could not be read"));
        }
    })
}

fn from_scalar(scalar: &Scalar<'_>) -> Result<Value, TemplateError> {
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => json!(value),
        Scalar::FloatingPoint(value) => Number::from_f64(value.into_inner())
            .map(Value::Number)
            .ok_or_else(|| invalid("a number is not finite"))?,
        Scalar::String(value) => Value::String(value.to_string()),
    })
}

/// The long form of a short tag. The evaluator decides which functions are known.
fn tagged(tag: &Tag, argument: Value) -> Value {
    let name = match tag.suffix.as_str() {
        short @ ("Ref" | "Condition") => short.to_owned(),
        short => format!("Fn::{short}"),
    };
    let argument = match (name.as_str(), argument) {
        ("Fn::GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((logical_id, attribute)) => json!([logical_id, attribute]),
            None => Value::String(path),
        },
        (_, argument) => argument,
    };
    json!({ name: argument })
}

fn invalid(problem: &str) -> TemplateError {
    TemplateError::Yaml(problem.to_owned())
}
