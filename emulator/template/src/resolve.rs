//! From a template to what it declares, with every value known.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    declared::{DeclaredResource, Output, Stack},
    resources::Resources,
    template::Template,
    template_error::TemplateError,
    views,
};

impl Template {
    /// Everything that the template declares, once the resources are made that only a service can make.
    ///
    /// # Errors
    /// A construct that is not known here, or an attribute that `resources` does not have.
    pub fn resolve(&self, resources: &Resources) -> Result<Stack, TemplateError> {
        resolve(self, resources)
    }
}

fn resolve(template: &Template, resources: &Resources) -> Result<Stack, TemplateError> {
    let mut properties = BTreeMap::new();
    for (logical_id, resource) in &template.resources {
        let resolved = template.evaluator(logical_id, resources).all(&resource.properties)?;
        properties.insert(logical_id.clone(), resolved);
    }
    let only = |kind: &str| -> Result<&str, TemplateError> {
        let mut ids = template.resources.iter().filter(|(_, resource)| resource.kind == kind);
        match (ids.next(), ids.next()) {
            (Some((logical_id, _)), None) => Ok(logical_id),
            _ => Err(TemplateError::malformed(kind, "the template must have exactly one")),
        }
    };
    let reference = |logical_id: &str| -> Result<String, TemplateError> {
        let reference = resources.reference(logical_id).map(str::to_owned);
        reference.ok_or_else(|| TemplateError::unknown(logical_id, "name for it"))
    };

    let api_id = only("AWS::Serverless::Api")?;
    let api_reference = reference(api_id)?;
    let mut api = views::api(api_id, &api_reference, properties.get(api_id).cloned().unwrap_or_default())?;
    let mut functions = Vec::new();
    let mut stream_mappings = Vec::new();
    let mut schedules = Vec::new();
    for (logical_id, resource) in
        template.resources.iter().filter(|(_, r)| r.kind == "AWS::Serverless::Function")
    {
        let binary = resource.binary.clone();
        let declared =
            views::function(logical_id, binary, properties.get(logical_id).cloned().unwrap_or_default())?;
        functions.push(declared.function);
        stream_mappings.extend(declared.stream_mappings);
        schedules.extend(declared.schedules);
        api.api
            .routes
            .extend(declared.routes.into_iter().map(|route| route.of(&api)).collect::<Result<Vec<_>, _>>()?);
    }
    let mut outputs = BTreeMap::new();
    for (name, output) in &template.outputs {
        let value = output.get("Value").ok_or_else(|| TemplateError::malformed(name, "it has no Value"))?;
        match template.evaluator(name, resources).all(value)? {
            Value::String(value) => {
                let description = output.get("Description").and_then(Value::as_str).map(str::to_owned);
                outputs.insert(name.clone(), Output { value, description })
            }
            _ => return Err(TemplateError::malformed(name, "its Value must be text")),
        };
    }
    let declared = template.resources.iter().map(|(logical_id, resource)| DeclaredResource {
        logical_id: logical_id.clone(),
        kind: resource.kind.clone(),
        reference: resources.reference(logical_id).map(str::to_owned),
        deletion_policy: resource.deletion_policy,
    });
    Ok(Stack {
        description: template.description().to_owned(),
        parameters: template.in_force(),
        resources: declared.collect(),
        tables: template.tables(resources)?,
        keys: template.keys(resources)?,
        queues: template.queues(resources)?,
        functions,
        api: api.api,
        stream_mappings,
        schedules,
        user_pool_id: reference(only("AWS::Cognito::UserPool")?)?,
        user_pool_client_id: reference(only("AWS::Cognito::UserPoolClient")?)?,
        outputs,
        properties,
        kinds: template.resources.iter().map(|(id, resource)| (id.clone(), resource.kind.clone())).collect(),
    })
}
