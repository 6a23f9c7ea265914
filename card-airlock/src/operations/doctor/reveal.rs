//! Whether whole card numbers are in answers.

use super::{
    finding::{Finding, Outcome},
    subject::Subject,
};

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let parameters = &subject.access.names().parameters;
    let judged = match parameters.get("RevealCard") {
        Some(reveal) => Ok(judge(reveal)),
        None => Err("CloudFormation does not say the parameter RevealCard"),
    };
    Outcome::of("RevealCard", judged)
}

fn judge(reveal: &str) -> Vec<Finding> {
    if reveal == "false" {
        return Vec::new();
    }
    vec![Finding {
        policies: None,
        what: "RevealCard is on".to_owned(),
        why: "Each payment by the billing group answers with the whole card number: who gets it is in PCI scope.",
        fix: "Deploy with RevealCard=false: sam deploy --parameter-overrides RevealCard=false …".to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_false_is_sound() {
        assert_eq!(judge("false"), []);
        assert_eq!(judge("true").len(), 1);
    }
}
