//! The policies of a template, with the resources' names put in.

use card_airlock_iam::{Policies, PolicyError};
use card_airlock_template::{Resources, Template, TemplateError};
use serde_json::Value;

use crate::{deployment::ACCOUNT_ID, previous_key};

/// Why the template's policies cannot be enforced: all or nothing, so that nothing is overlooked.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A policy that cannot be evaluated here.
    #[error("{0}: {1}")]
    Policy(String, PolicyError),
}

/// Other ways to give a permission, which are not evaluated here.
const NOT_EVALUATED: [&str; 2] = ["AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy"];

/// What everybody has who has another of the managed policies.
const READING: &str = "OperatorRead";

/// Who may do what, by the template.
pub(crate) fn policies(template: &Template, resources: &Resources) -> Result<Policies, PoliciesError> {
    let declared = |kind: &str| template.properties_of(kind, resources);
    let unknown =
        |id: &str, what: &str| PoliciesError::Policy(id.to_owned(), PolicyError::Unknown(what.to_owned()));
    for kind in NOT_EVALUATED {
        if let Some((id, _)) = declared(kind)?.first() {
            return Err(unknown(id, kind));
        }
    }
    let mut policies = Policies::new(ACCOUNT_ID);
    let functions = declared("AWS::Serverless::Function")?;
    let runs_here = |role: &str| functions.iter().any(|(_, function)| function["Role"] == role);
    for (id, properties) in declared("AWS::IAM::Role")? {
        let arn = resources.attribute(&id, "Arn").unwrap_or_default();
        for other in ["Policies", "ManagedPolicyArns", "PermissionsBoundary"] {
            // A service that is not played assumes it, so it is allowed nothing here.
            let is_unused = other == "ManagedPolicyArns" && !runs_here(arn);
            if properties.get(other).is_some() && !is_unused {
                return Err(unknown(&id, other));
            }
        }
        policies.add_role(&id, arn);
    }
    let mut of_roles = declared("AWS::IAM::RolePolicy")?;
    of_roles.extend(declared("AWS::IAM::Policy")?);
    for (id, properties) in of_roles {
        if ["Users", "Groups"].iter().any(|name| properties.get(*name).is_some()) {
            return Err(unknown(&id, "a policy of users or groups"));
        }
        let several = properties.get("Roles").and_then(Value::as_array).into_iter().flatten();
        for name in several.chain(properties.get("RoleName")) {
            let name = name.as_str().unwrap_or_default();
            let attached = policies.attach_to_role(name, &id, document(&properties, "PolicyDocument"));
            attached.map_err(of(&id))?;
        }
    }
    let managed = declared("AWS::IAM::ManagedPolicy")?;
    for (id, properties) in &managed {
        if ["Users", "Groups", "Roles"].iter().any(|name| properties.get(*name).is_some()) {
            return Err(unknown(id, "a managed policy that is attached"));
        }
        // Nobody has it by the template. Here a principal of its name does, beside the one that lets it look.
        policies.add_role(id, &format!("arn:aws:iam::{ACCOUNT_ID}:role/{id}"));
        for (also, properties) in managed.iter().filter(|(also, _)| also == id || also == READING) {
            let attached = policies.attach_to_role(id, also, document(properties, "PolicyDocument"));
            attached.map_err(of(also))?;
        }
    }
    for (id, properties) in declared("AWS::KMS::Key")? {
        let arn = resources.attribute(&id, "Arn").unwrap_or_default();
        let policy = document(&properties, "KeyPolicy");
        policies.attach_to_key(arn, &id, policy).map_err(of(&id))?;
        let rewrap_role = resources.attribute(previous_key::REWRAP_ROLE, "Arn").unwrap_or_default();
        let of_previous = previous_key::policy(policy, rewrap_role);
        if let Some((arn, policy)) = previous_key::arn(template).zip(of_previous) {
            let attached = policies.attach_to_key(arn, previous_key::NAME, &policy);
            attached.map_err(of(previous_key::NAME))?;
        }
    }
    for (id, properties) in declared("AWS::SQS::QueuePolicy")? {
        let attached = policies.attach_to_resources("sqs", &id, document(&properties, "PolicyDocument"));
        attached.map_err(of(&id))?;
    }
    Ok(policies)
}

fn document<'a>(properties: &'a Value, name: &str) -> &'a Value {
    properties.get(name).unwrap_or(&Value::Null)
}

fn of(id: &str) -> impl FnOnce(PolicyError) -> PoliciesError {
    move |error| PoliciesError::Policy(id.to_owned(), error)
}
