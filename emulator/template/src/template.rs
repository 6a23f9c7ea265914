//! A template: its parameters settled, its conditions decided, its globals applied.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    declared::{Key, LambdaFunction, Queue, Table},
    deployment::Deployment,
    evaluate::Evaluator,
    globals,
    resource::Resource,
    resources::Resources,
    template_error::TemplateError,
    views, yaml,
};

/// A template whose parameters are settled, but whose resources are not made yet.
#[derive(Debug, Clone)]
pub struct Template {
    deployment: Deployment,
    parameters: BTreeMap<String, Value>,
    conditions: Map<String, Value>,
    pub(crate) resources: BTreeMap<String, Resource>,
    pub(crate) outputs: Map<String, Value>,
}

impl Template {
    /// Reads a template, settles its parameters (defaults, then `overrides`) and leaves out the resources and
    /// outputs whose condition is false.
    ///
    /// # Errors
    /// Not YAML; a construct this reader does not know; a parameter without a value or an unknown override.
    pub fn parse(
        text: &str,
        deployment: Deployment,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
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
            deployment,
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

    /// The attributes that are known before anything is made, because they are only names: those of roles, functions, log
    /// groups, topics, the API and the user pool.
    #[must_use]
    pub fn named_here(&self) -> Resources {
        Resources::named_here(
            &self.deployment,
            self.resources.iter().map(|(id, resource)| (id.as_str(), resource.kind.as_str())),
        )
    }

    /// The logical ids of all resources that the conditions leave.
    pub fn logical_ids(&self) -> impl Iterator<Item = &str> {
        self.resources.keys().map(String::as_str)
    }

    /// The type of a resource, such as `AWS::DynamoDB::Table`.
    #[must_use]
    pub fn kind(&self, logical_id: &str) -> Option<&str> {
        self.resources.get(logical_id).map(|resource| resource.kind.as_str())
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
        self.of_kind("AWS::DynamoDB::Table", resources, |id, properties| {
            views::table(id, properties, &self.deployment)
        })
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
        self.of_kind("AWS::SQS::Queue", resources, |id, properties| {
            views::queue(id, properties, &self.deployment)
        })
    }

    /// All properties of each resource of a type, given what they refer to, by logical id.
    ///
    /// # Errors
    /// As [`Template::resolve`].
    pub fn properties_of(
        &self,
        kind: &str,
        resources: &Resources,
    ) -> Result<Vec<(String, Value)>, TemplateError> {
        self.of_kind(kind, resources, |logical_id, properties| Ok((logical_id.to_owned(), properties)))
    }

    /// The resources of a type, each as `view` has it.
    fn of_kind<T>(
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

    pub(crate) fn evaluator<'a>(&'a self, logical_id: &'a str, resources: &'a Resources) -> Evaluator<'a> {
        let Self { deployment, parameters, conditions, .. } = self;
        Evaluator { logical_id, deployment, parameters, conditions, resources }
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
