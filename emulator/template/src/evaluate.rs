//! CloudFormation's functions, those the template needs: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::Join`,
//! `Fn::Split`, `Fn::If`, in conditions and rules `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not`, in conditions
//! `Condition`, and in rules `Fn::Contains`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{deployment::Deployment, resources::Resources, template_error::TemplateError};

/// Conditions may name conditions; this limit ends a circle of them.
const CONDITION_DEPTH: u8 = 16;

/// The place of a condition: each kind of place has its own functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Condition,
    Rule,
}

/// What is needed to evaluate a value within one resource, condition or output.
pub(crate) struct Evaluator<'a> {
    pub(crate) logical_id: &'a str,
    pub(crate) deployment: &'a Deployment,
    pub(crate) parameters: &'a BTreeMap<String, Value>,
    pub(crate) conditions: &'a Map<String, Value>,
    pub(crate) resources: &'a Resources,
}

impl Evaluator<'_> {
    /// The value with every function in it evaluated.
    pub(crate) fn all(&self, value: &Value) -> Result<Value, TemplateError> {
        self.value(value)?.ok_or_else(|| self.malformed("AWS::NoValue stands where a value is needed"))
    }

    /// Whether a named condition holds.
    pub(crate) fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        self.named_condition(name, 0)
    }

    /// Whether a rule's condition or assertion holds. Beside the functions of conditions it may ask whether a list
    /// contains a value, and it knows no named condition.
    pub(crate) fn rule(&self, condition: &Value) -> Result<bool, TemplateError> {
        self.holds(condition, Place::Rule, 0)
    }

    /// `None` stands for `AWS::NoValue`: the property or element is left out.
    fn value(&self, value: &Value) -> Result<Option<Value>, TemplateError> {
        match value {
            Value::Object(map) => match self.call(map)? {
                Some((function, argument)) => self.function(function, argument),
                None => Ok(Some(Value::Object(self.entries(map)?))),
            },
            Value::Array(items) => {
                let items = items.iter().filter_map(|item| self.value(item).transpose());
                Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    fn entries(&self, map: &Map<String, Value>) -> Result<Map<String, Value>, TemplateError> {
        map.iter()
            .filter_map(|(key, value)| Some(self.value(value).transpose()?.map(|value| (key.clone(), value))))
            .collect()
    }

    /// The function a mapping calls, if it is a call: a mapping of one function name.
    fn call<'m>(&self, map: &'m Map<String, Value>) -> Result<Option<(&'m str, &'m Value)>, TemplateError> {
        let is_function = |name: &str| name == "Ref" || name.starts_with("Fn::");
        match map.iter().find(|(key, _)| is_function(key)) {
            None => Ok(None),
            Some((name, argument)) if map.len() == 1 => Ok(Some((name, argument))),
            Some((name, _)) => Err(self.malformed(&format!("{name} must stand alone"))),
        }
    }

    fn function(&self, function: &str, argument: &Value) -> Result<Option<Value>, TemplateError> {
        match (function, argument) {
            ("Ref", Value::String(name)) if name == "AWS::NoValue" => Ok(None),
            ("Ref", Value::String(name)) => self.reference(name).map(Some),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(logical_id), Value::String(name)] => {
                    self.attribute(logical_id, name).map(Some)
                }
                _ => Err(self.shape(function)),
            },
            ("Fn::Sub", Value::String(text)) => self.substitute(text, &Map::new()).map(Some),
            ("Fn::Sub", Value::Array(arguments)) => match arguments.as_slice() {
                [Value::String(text), Value::Object(variables)] => {
                    self.substitute(text, &self.entries(variables)?).map(Some)
                }
                _ => Err(self.shape(function)),
            },
            ("Fn::Join", Value::Array(arguments)) => match arguments.as_slice() {
                [Value::String(delimiter), list] => self.join(delimiter, list).map(Some),
                _ => Err(self.shape(function)),
            },
            ("Fn::Split", Value::Array(arguments)) => match arguments.as_slice() {
                [Value::String(delimiter), text] if !delimiter.is_empty() => {
                    let text = self.text(&self.all(text)?)?;
                    Ok(Some(text.split(delimiter.as_str()).map(Value::from).collect()))
                }
                _ => Err(self.shape(function)),
            },
            ("Fn::If", Value::Array(arguments)) => match arguments.as_slice() {
                [Value::String(name), then, otherwise] => {
                    self.value(if self.condition(name)? { then } else { otherwise })
                }
                _ => Err(self.shape(function)),
            },
            ("Ref" | "Fn::GetAtt" | "Fn::Sub" | "Fn::Join" | "Fn::Split" | "Fn::If", _) => {
                Err(self.shape(function))
            }
            _ => Err(TemplateError::unsupported(self.logical_id, function)),
        }
    }

    fn reference(&self, name: &str) -> Result<Value, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        let value = match name {
            "AWS::Region" => &self.deployment.region,
            "AWS::AccountId" => &self.deployment.account_id,
            "AWS::Partition" => "aws",
            "AWS::StackName" => &self.deployment.stack_name,
            "AWS::URLSuffix" => "amazonaws.com",
            pseudo if pseudo.starts_with("AWS::") => {
                return Err(TemplateError::unsupported(self.logical_id, pseudo));
            }
            _ => self.resources.reference(name).ok_or_else(|| self.unknown(name))?,
        };
        Ok(Value::String(value.to_owned()))
    }

    fn attribute(&self, logical_id: &str, name: &str) -> Result<Value, TemplateError> {
        let value = self.resources.attribute(logical_id, name);
        let value = value.ok_or_else(|| self.unknown(&format!("{logical_id}.{name}")))?;
        Ok(Value::String(value.to_owned()))
    }

    fn substitute(&self, text: &str, variables: &Map<String, Value>) -> Result<Value, TemplateError> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| self.shape("Fn::Sub"))?;
            result.push_str(before);
            match (name.strip_prefix('!'), variables.get(name), name.split_once('.')) {
                (Some(literal), _, _) => result.push_str(&format!("${{{literal}}}")),
                (None, Some(variable), _) => result.push_str(&self.text(variable)?),
                (None, None, Some((id, attribute))) => {
                    result.push_str(&self.text(&self.attribute(id, attribute)?)?)
                }
                (None, None, None) => result.push_str(&self.text(&self.reference(name)?)?),
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(Value::String(result))
    }

    fn join(&self, delimiter: &str, list: &Value) -> Result<Value, TemplateError> {
        let Value::Array(items) = self.all(list)? else {
            return Err(self.shape("Fn::Join"));
        };
        let items: Vec<String> = items.iter().map(|item| self.text(item)).collect::<Result<_, _>>()?;
        Ok(Value::String(items.join(delimiter)))
    }

    fn text(&self, value: &Value) -> Result<String, TemplateError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(value) => Ok(value.to_string()),
            _ => Err(self.malformed("only text, numbers and booleans may be put into text")),
        }
    }

    fn named_condition(&self, name: &str, depth: u8) -> Result<bool, TemplateError> {
        let condition = self.conditions.get(name).ok_or_else(|| self.unknown(name))?;
        self.holds(condition, Place::Condition, depth)
    }

    fn holds(&self, condition: &Value, place: Place, depth: u8) -> Result<bool, TemplateError> {
        if depth > CONDITION_DEPTH {
            return Err(self.malformed("its condition goes round in a circle"));
        }
        let mut call = condition.as_object().into_iter().flatten();
        let (Some((function, argument)), None) = (call.next(), call.next()) else {
            return Err(self.malformed("a condition must be one function"));
        };
        let all = |arguments: &[Value]| -> Result<Vec<bool>, TemplateError> {
            arguments.iter().map(|argument| self.holds(argument, place, depth + 1)).collect()
        };
        match (function.as_str(), argument) {
            ("Condition", Value::String(name)) => self.named_condition(name, depth + 1),
            ("Fn::Contains", Value::Array(arguments)) if place == Place::Rule => match arguments.as_slice() {
                [Value::Array(list), value] => {
                    let value = self.text(&self.all(value)?)?;
                    let list =
                        list.iter().map(|one| self.text(&self.all(one)?)).collect::<Result<Vec<_>, _>>()?;
                    Ok(list.contains(&value))
                }
                _ => Err(self.shape(function)),
            },
            ("Fn::Equals", Value::Array(sides)) => match sides.as_slice() {
                [left, right] => Ok(self.text(&self.all(left)?)? == self.text(&self.all(right)?)?),
                _ => Err(self.shape(function)),
            },
            ("Fn::And", Value::Array(parts)) => Ok(all(parts)?.into_iter().all(|holds| holds)),
            ("Fn::Or", Value::Array(parts)) => Ok(all(parts)?.into_iter().any(|holds| holds)),
            ("Fn::Not", Value::Array(parts)) => match all(parts)?.as_slice() {
                [holds] => Ok(!holds),
                _ => Err(self.shape(function)),
            },
            ("Condition" | "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not", _) => Err(self.shape(function)),
            _ => Err(TemplateError::unsupported(self.logical_id, function.as_str())),
        }
    }

    fn shape(&self, function: &str) -> TemplateError {
        self.malformed(&format!("{function} has the wrong arguments"))
    }

    fn malformed(&self, problem: &str) -> TemplateError {
        TemplateError::malformed(self.logical_id, problem)
    }

    fn unknown(&self, name: &str) -> TemplateError {
        TemplateError::unknown(self.logical_id, name)
    }
}
