//! A payment processor that charges nobody, in a stack that is not a test.

use super::{
    finding::{Finding, Outcome},
    subject::Subject,
};
use crate::documents::DEPLOYING;

/// How the stages of tests begin.
const TESTS: [&str; 4] = ["dev", "test", "sandbox", "staging"];

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let parameter = |name: &str| subject.access.names().parameters.get(name).map(String::as_str);
    let judged = match (parameter("ProcessorUrl"), parameter("StageName")) {
        (Some(url), Some(stage)) => Ok(judge(url, stage)),
        _ => Err("CloudFormation does not say the parameters ProcessorUrl and StageName"),
    };
    Outcome::of("the processor", judged)
}

fn judge(url: &str, stage: &str) -> Vec<Finding> {
    if url != "sandbox" || TESTS.iter().any(|test| stage.to_ascii_lowercase().starts_with(test)) {
        return Vec::new();
    }
    vec![Finding {
        policies: None,
        what: format!("the stage {stage} pays through the sandbox"),
        why: "The sandbox charges nobody: orders are answered as paid, and no money comes.",
        fix: format!(
            "Deploy with ProcessorUrl, ProcessorProfile and ProcessorSecretArn of your processor ({DEPLOYING}), or name \
             the stage for what it is: dev, test, sandbox or staging."
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_is_for_stages_of_tests() {
        for stage in ["dev", "Dev2", "test", "sandbox", "staging_eu"] {
            assert_eq!(judge("sandbox", stage), [], "{stage}");
        }
        for stage in ["prod", "live", "v1", "latest"] {
            assert_eq!(judge("sandbox", stage).len(), 1, "{stage}");
            assert_eq!(judge("https://pay.example/", stage), [], "{stage}");
        }
    }
}
