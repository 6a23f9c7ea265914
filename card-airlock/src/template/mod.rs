//! The deployed template, read as CloudFormation and SAM would read it: what runs on this machine is what
//! is deployed. Only the constructs the template needs are known; anything else is an error, never a guess.

mod evaluate;
mod globals;
mod properties;
mod resources;
mod stack;
mod views;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use evaluate::Evaluator;
pub use resources::Resources;
pub use stack::{
    Api, Cors, Key, KeyAttribute, LambdaFunction, Queue, Route, Schedule, Stack, StreamMapping, Table,
};
pub use yaml::read as read_yaml;

/// The region everything on this machine claims to be in.
pub const REGION: &str = "us-east-1";
/// The account everything on this machine claims to belong to.
pub const ACCOUNT_ID: &str = "123456789012";
/// The stack's name, with which names begin that the template leaves to CloudFormation.
pub const STACK_NAME: &str = "card-airlock";

/// The text of the repository's `template.yaml`.
pub const SHIPPED: &str = include_str!("../../../template.yaml");

/// Why a template cannot be run here. Quotes the template, which holds no secrets.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not YAML, or YAML that no CloudFormation template may hold.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// A construct this reader does not know.
    #[error("{logical_id}: {construct} is not supported here")]
    Unsupported {
        /// The resource, parameter, condition or output.
        logical_id: String,
        /// The function, resource type or property.
        construct: String,
    },
    /// A parameter, condition, resource or attribute that is not there.
    #[error("{logical_id}: there is no {name}")]
    Unknown {
        /// Where it was asked for.
        logical_id: String,
        /// What was asked for.
        name: String,
    },
    /// A known construct with the wrong shape.
    #[error("{logical_id}: {problem}")]
    Malformed {
        /// The resource, parameter, condition or output.
        logical_id: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl TemplateError {
    fn unsupported(logical_id: &str, construct: impl Into<String>) -> Self {
        Self::Unsupported { logical_id: logical_id.to_owned(), construct: construct.into() }
    }

    fn unknown(logical_id: &str, name: impl Into<String>) -> Self {
        Self::Unknown { logical_id: logical_id.to_owned(), name: name.into() }
    }

    fn malformed(logical_id: &str, problem: impl Into<String>) -> Self {
        Self::Malformed { logical_id: logical_id.to_owned(), problem: problem.into() }
    }
}

/// A template whose parameters are settled, but whose resources are not made yet.
#[derive(Debug, Clone)]
pub struct Template {
    parameters: BTreeMap<String, Value>,
    conditions: Map<String, Value>,
    resources: BTreeMap<String, Resource>,
    outputs: Map<String, Value>,
}

#[derive(Debug, Clone)]
struct Resource {
    kind: String,
    /// What `Metadata` names as the program to build; empty when it names none.
    binary: String,
    properties: Value,
}

impl Template {
    /// The repository's `template.yaml`, with its parameters' defaults; `ProcessorUrl`, which has none, is `sandbox`.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn shipped() -> Result<Self, TemplateError> {
        Self::shipped_with([])
    }

    /// The same, with other values for some parameters.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn shipped_with<const N: usize>(overrides: [(&str, &str); N]) -> Result<Self, TemplateError> {
        let sandbox = [("ProcessorUrl", "sandbox")].into_iter();
        let overrides = sandbox.chain(overrides).map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::parse(SHIPPED, &overrides.collect())
    }

    /// Reads a template, settles its parameters (defaults, then `overrides`) and leaves out the resources and
    /// outputs whose condition is false.
    ///
    /// # Errors
    /// Not YAML; a construct this reader does not know; a parameter without a value or an unknown override.
    pub fn parse(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let document = yaml::read(text)?;
        let section = |name: &str| document.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let known =
            ["AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Conditions"];
        let sections = ["Globals", "Resources", "Outputs"];
        if let Some(other) =
            document.keys().find(|k| !known.contains(&k.as_str()) && !sections.contains(&k.as_str()))
        {
            return Err(TemplateError::unsupported(other, "this section"));
        }

        let mut template = Self {
            parameters: settle(&section("Parameters"), overrides)?,
            conditions: section("Conditions"),
            resources: BTreeMap::new(),
            outputs: Map::new(),
        };
        let globals = section("Globals");
        for (logical_id, declaration) in section("Resources") {
            if template.exists(&logical_id, &declaration)? {
                let resource = globals::apply(&globals, &logical_id, &declaration)?;
                template.resources.insert(logical_id, resource);
            }
        }
        for (name, declaration) in section("Outputs") {
            if template.exists(&name, &declaration)? {
                template.outputs.insert(name, declaration);
            }
        }
        Ok(template)
    }

    /// Everything the template declares, once the resources that only an endpoint can make are made.
    ///
    /// # Errors
    /// A construct this reader does not know, or an attribute that `resources` does not have.
    pub fn resolve(&self, resources: &Resources) -> Result<Stack, TemplateError> {
        stack::resolve(self, resources)
    }

    /// The attributes that are known before anything is made, because this machine just names them: those of
    /// roles, functions, log groups, the API and the user pool.
    #[must_use]
    pub fn named_here(&self) -> Resources {
        Resources::named_here(
            self.resources.iter().map(|(id, resource)| (id.as_str(), resource.kind.as_str())),
        )
    }

    /// One function, given what it refers to.
    ///
    /// # Errors
    /// As [`Template::resolve`]; there must be such a function.
    pub fn function(&self, logical_id: &str, resources: &Resources) -> Result<LambdaFunction, TemplateError> {
        let declared = self.resources.get(logical_id);
        let declared = declared.ok_or_else(|| TemplateError::unknown(logical_id, "such function"))?;
        let properties = self.evaluator(logical_id, resources).all(&declared.properties)?;
        Ok(views::function(logical_id, declared.binary.clone(), properties)?.function)
    }

    /// The tables, given what they refer to.
    ///
    /// # Errors
    /// As [`Template::resolve`].
    pub fn tables(&self, resources: &Resources) -> Result<Vec<Table>, TemplateError> {
        self.of_kind("AWS::DynamoDB::Table", resources, views::table)
    }

    /// The KMS keys, given what they refer to.
    ///
    /// # Errors
    /// As [`Template::resolve`].
    pub fn keys(&self, resources: &Resources) -> Result<Vec<Key>, TemplateError> {
        self.of_kind("AWS::KMS::Key", resources, views::key)
    }

    /// The queues, given what they refer to.
    ///
    /// # Errors
    /// As [`Template::resolve`].
    pub fn queues(&self, resources: &Resources) -> Result<Vec<Queue>, TemplateError> {
        self.of_kind("AWS::SQS::Queue", resources, views::queue)
    }

    /// The resources of a type, each as `view` has it.
    pub(crate) fn of_kind<T>(
        &self,
        kind: &str,
        resources: &Resources,
        view: impl Fn(&str, Value) -> Result<T, TemplateError>,
    ) -> Result<Vec<T>, TemplateError> {
        let of_kind = self.resources.iter().filter(|(_, resource)| resource.kind == kind);
        of_kind
            .map(|(logical_id, resource)| {
                let properties = self.evaluator(logical_id, resources).all(&resource.properties)?;
                view(logical_id, properties)
            })
            .collect()
    }

    fn evaluator<'a>(&'a self, logical_id: &'a str, resources: &'a Resources) -> Evaluator<'a> {
        Evaluator { logical_id, parameters: &self.parameters, conditions: &self.conditions, resources }
    }

    fn exists(&self, logical_id: &str, declaration: &Value) -> Result<bool, TemplateError> {
        match declaration.get("Condition") {
            None => Ok(true),
            Some(Value::String(name)) => self.evaluator(logical_id, &Resources::default()).condition(name),
            Some(_) => Err(TemplateError::malformed(logical_id, "Condition must be a name")),
        }
    }
}

/// The value of each parameter: its override, or its default.
fn settle(
    declared: &Map<String, Value>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, TemplateError> {
    let names: BTreeSet<&str> = declared.keys().map(String::as_str).collect();
    if let Some(stray) = overrides.keys().find(|name| !names.contains(name.as_str())) {
        return Err(TemplateError::unknown(stray, "such parameter"));
    }
    declared
        .iter()
        .map(|(name, declaration)| {
            match declaration.get("Type").and_then(Value::as_str) {
                Some("String" | "Number") => {}
                other => return Err(TemplateError::unsupported(name, other.unwrap_or("a missing Type"))),
            }
            let given = overrides.get(name).map(|value| Value::String(value.clone()));
            let value = given.or_else(|| declaration.get("Default").cloned());
            let value = value.ok_or_else(|| TemplateError::unknown(name, "value for this parameter"))?;
            Ok((name.clone(), value))
        })
        .collect()
}

#[cfg(test)]
mod deployment_tests;
#[cfg(test)]
pub(crate) mod tests;
