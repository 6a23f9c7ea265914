//! What the checks came to, for programs and pages.

use serde_json::{Value, json};

use super::{Checked, difference::PolicyDifference};

/// What the checks came to, as JSON.
#[must_use]
pub fn document(checked: &[Checked]) -> Value {
    let findings = |check: &Checked| {
        let findings = check.outcome.findings.iter();
        findings
            .map(|it| {
                let policies = it.policies.as_deref().map(policies_json);
                json!({ "what": it.what, "why": it.why, "fix": it.fix, "policies": policies })
            })
            .collect::<Vec<_>>()
    };
    let checks = checked.iter().map(|check| {
        json!({ "check": check.name, "findings": findings(check), "notChecked": check.outcome.not_checked })
    });
    let found: usize = checked.iter().map(|check| check.outcome.findings.len()).sum();
    json!({ "findings": found, "checks": checks.collect::<Vec<_>>() })
}

fn policies_json(policies: &PolicyDifference) -> Value {
    let statements = policies.statements.iter().map(|one| {
        json!({
            "sid": one.sid, "onlyInStack": one.only_in_stack, "onlyInTemplate": one.only_in_template,
        })
    });
    json!({
        "stack": policies.stack, "template": policies.template, "statements": statements.collect::<Vec<_>>(),
    })
}
