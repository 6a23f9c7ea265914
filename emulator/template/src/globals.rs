//! SAM's `Globals`: properties every function has unless it says otherwise.

use serde_json::{Map, Value};

use crate::{declared::DeletionPolicy, resource::Resource, template_error::TemplateError};

/// A declared resource, with the globals of its type put under its own properties.
pub(crate) fn apply(
    globals: &Map<String, Value>,
    logical_id: &str,
    declaration: &Value,
) -> Result<Resource, TemplateError> {
    if let Some(section) = globals.keys().find(|section| *section != "Function") {
        return Err(TemplateError::unsupported("Globals", section.as_str()));
    }
    let kind = declaration.get("Type").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| TemplateError::malformed(logical_id, "it has no Type"))?.to_owned();
    let mut properties = declaration.get("Properties").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    if let ("AWS::Serverless::Function", Some(common)) = (kind.as_str(), globals.get("Function")) {
        merge(&mut properties, common);
    }
    let binary = declaration.pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str);
    let deletion_policy = match declaration.get("DeletionPolicy").map(Value::as_str) {
        None | Some(Some("Delete")) => DeletionPolicy::Delete,
        // On a stack that exists both mean the same.
        Some(Some("Retain" | "RetainExceptOnCreate")) => DeletionPolicy::Retain,
        Some(_) => return Err(TemplateError::unsupported(logical_id, "this DeletionPolicy")),
    };
    Ok(Resource { kind, binary: binary.unwrap_or_default().to_owned(), properties, deletion_policy })
}

/// Mappings merge, lists follow one another, and the resource's own property replaces a global one.
fn merge(own: &mut Value, common: &Value) {
    match (own, common) {
        (Value::Object(own), Value::Object(common)) => {
            for (name, value) in common {
                match own.get_mut(name) {
                    Some(existing) => merge(existing, value),
                    None => {
                        own.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(own), Value::Array(common)) => {
            own.splice(0..0, common.iter().cloned());
        }
        _ => {}
    }
}
