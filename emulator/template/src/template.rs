//! A template with the values of its parameters, its conditions evaluated, and its globals applied.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    declared::{EventBus, Key, LambdaFunction, Parameter, Queue, Table},
    deployment::Deployment,
    evaluate::Evaluator,
    globals, parameters,
    resource::Resource,
    resources::Resources,
    rules,
    template_error::TemplateError,
    views,
    yaml::Document,
};

/// A template whose parameters have values, but whose resources are not made yet.
#[derive(Debug, Clone)]
pub struct Template {
    deployment: Deployment,
    description: String,
    parameters: BTreeMap<String, Value>,
    no_echo: BTreeSet<String>,
    conditions: Map<String, Value>,
    pub(crate) resources: BTreeMap<String, Resource>,
    pub(crate) outputs: Map<String, Value>,
}

impl Template {
    /// As [`Template::of`], of a text.
    ///
    /// # Errors
    /// Not YAML; as [`Template::of`].
    pub fn parse(
        text: &str,
        deployment: Deployment,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        Self::of(&Document::read(text)?, deployment, overrides)
    }

    /// Sets a template's parameters (defaults, then `overrides`) and leaves out the resources and outputs whose condition
    /// is false. It does not check what a parameter may be: [`Template::check_parameters`] does.
    ///
    /// # Errors
    /// A construct this reader does not know; a parameter without a value or an unknown override; a combination of values
    /// that a rule refuses.
    pub fn of(
        document: &Document,
        deployment: Deployment,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let section = |name: &str| document.section(name);
        let known =
            ["AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Conditions"];
        let sections = ["Globals", "Resources", "Outputs", "Rules"];
        if let Some(other) =
            document.0.keys().find(|k| !known.contains(&k.as_str()) && !sections.contains(&k.as_str()))
        {
            return Err(TemplateError::unsupported(other, "this section"));
        }

        let mut template = Self {
            deployment,
            description: document.0.get("Description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            no_echo: parameters::without_echo(&section("Parameters"))?,
            parameters: parameters::settle(&section("Parameters"), overrides)?,
            conditions: section("Conditions"),
            resources: BTreeMap::new(),
            outputs: Map::new(),
        };
        let (rules, none) = (section("Rules"), Resources::default());
        rules::check(&rules, |name| template.evaluator(name, &none))?;
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

    /// Whether these parameters may be given, as CloudFormation decides it before it makes anything: their names, what
    /// each may be (the defaults of the others, too), and the rules.
    ///
    /// # Errors
    /// As [`Template::of`]; a value that the template does not allow.
    pub fn check_parameters(
        document: &Document,
        deployment: Deployment,
        given: &BTreeMap<String, String>,
    ) -> Result<(), TemplateError> {
        let template = Self::of(document, deployment, given)?;
        parameters::check(&document.section("Parameters"), &template.parameters)
    }

    /// The attributes that are known before anything is made, because they are only names: those of roles, functions, log
    /// groups, topics, security groups, web ACLs, the API and the user pool.
    #[must_use]
    pub fn named_here(&self) -> Resources {
        Resources::named_here(
            &self.deployment,
            self.resources.iter().map(|(id, resource)| (id.as_str(), resource.kind.as_str())),
        )
    }

    /// What the template says of itself.
    pub(crate) fn description(&self) -> &str {
        &self.description
    }

    /// The parameters as they are in force.
    pub(crate) fn in_force(&self) -> BTreeMap<String, Parameter> {
        let in_force = self.parameters.iter().map(|(name, value)| {
            let value = parameters::text(value);
            (name.clone(), Parameter { value, no_echo: self.no_echo.contains(name) })
        });
        in_force.collect()
    }

    /// The value of a parameter, if it is a text.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)?.as_str()
    }

    /// The logical ids of all resources whose conditions are true.
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

    /// The logical ids of the functions' roles. They are known before anything is made.
    ///
    /// # Errors
    /// A role that is not the template's own, or of a construct that this reader does not know.
    pub fn function_roles(&self) -> Result<BTreeSet<String>, TemplateError> {
        let named = self.named_here();
        let functions =
            self.resources.iter().filter(|(_, resource)| resource.kind == "AWS::Serverless::Function");
        let roles = functions.map(|(logical_id, function)| {
            let role = function.properties.get("Role").unwrap_or(&Value::Null);
            let role = self.evaluator(logical_id, &named).all(role)?;
            let arn =
                role.as_str().ok_or_else(|| TemplateError::malformed(logical_id, "Role must be an ARN"))?;
            Ok(views::role_name(arn))
        });
        roles.collect()
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

    /// The event buses, given what they refer to.
    ///
    /// # Errors
    /// As [`Template::resolve`].
    pub fn event_buses(&self, resources: &Resources) -> Result<Vec<EventBus>, TemplateError> {
        self.of_kind("AWS::Events::EventBus", resources, views::event_bus)
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
