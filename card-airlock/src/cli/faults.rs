//! The faults on the command line of `up`: a caller that there is not makes no call that could fail.

use std::collections::BTreeMap;

use card_airlock_services::{FaultRule, SERVICE_OF_EVENTS};
use card_airlock_template::{Template, TemplateError};

use crate::{deployment, operator::OPERATOR};

/// Why faults are not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum FaultsError {
    /// Nobody calls under this name, so the fault would do nothing.
    #[error(
        "--fault: nobody makes calls as this ROLE. ROLE is one of {}. A role that the template has with a parameter only \
         is there with this parameter only",
        .0.join(", ")
    )]
    NoCaller(Vec<String>),
    /// The template does not accept the parameters beside them.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Whether each names a caller of a stack with these parameters, or all.
pub(super) fn check(faults: &[FaultRule], parameters: &BTreeMap<String, String>) -> Result<(), FaultsError> {
    let callers = callers(&deployment::with_parameters(parameters)?)?;
    let is_there = |fault: &FaultRule| fault.role.as_ref().is_none_or(|role| callers.contains(role));
    if faults.iter().all(is_there) { Ok(()) } else { Err(FaultsError::NoCaller(callers)) }
}

/// Who calls AWS on this machine: the functions, the operator's program with each of its rights, the operator, and
/// EventBridge.
fn callers(template: &Template) -> Result<Vec<String>, TemplateError> {
    let mut callers: Vec<String> = template.function_roles()?.into_iter().collect();
    let rights = template.logical_ids().filter(|id| template.kind(id) == Some("AWS::IAM::ManagedPolicy"));
    callers.extend(rights.chain([OPERATOR, SERVICE_OF_EVENTS]).map(str::to_owned));
    Ok(callers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(fault: &str, parameters: &[(&str, &str)]) -> bool {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        match check(&[fault.parse().unwrap()], &parameters.collect()) {
            Err(FaultsError::NoCaller(callers)) => {
                assert!(callers.contains(&"TokenizeWorkerRole".to_owned()), "{callers:?}");
                true
            }
            other => other.is_err(),
        }
    }

    #[test]
    fn a_fault_of_a_caller_that_is_not_there_is_refused() {
        for role in ["*", "TokenizeWorkerRole", "OperatorReplay", "operator", "events.amazonaws.com"] {
            assert!(!refused(&format!("{role}/sqs/SendMessage=error"), &[]), "{role}");
        }
        assert!(!refused("kms/*=error", &[]));
        for role in ["TokenizeWorker", "tokenizeworkerrole", "TokenizeWorkerFunction", "someone"] {
            assert!(refused(&format!("{role}/sqs/SendMessage=error"), &[]), "{role}");
        }
    }

    #[test]
    fn a_role_of_a_parameter_is_there_with_that_parameter() {
        let importing = [("ImportTable", "Orders"), ("ImportOwnerAttribute", "Sub")];
        assert!(refused("ImportRole/*/*=error", &[]));
        assert!(!refused("ImportRole/*/*=error", &importing));
    }
}
