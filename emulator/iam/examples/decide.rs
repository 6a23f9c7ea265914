//! A role that may read two attributes of a table, and a permission that is never used.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use card_airlock_iam::{Context, Iam, Policies, PolicyError, Request};
use serde_json::json;

const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/Events";

fn main() -> Result<(), PolicyError> {
    let mut policies = Policies::new("123456789012");
    policies.add_role("Reader", "arn:aws:iam::123456789012:role/Reader");
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:Query"],
            "Resource": TABLE,
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["Id", "State"]}},
        }],
    });
    policies.attach_to_role("Reader", "ReadEvents", &document)?;
    let iam = Iam::default();
    iam.enforce(policies);
    for attributes in [["Id", "State"], ["Id", "Secret"]] {
        let context = Context::default().with("dynamodb:Attributes", attributes.map(str::to_owned));
        let request = Request {
            action: "dynamodb:GetItem".to_owned(),
            resource: Some(TABLE.to_owned()),
            context: Some(context),
        };
        let allowed = iam.authorize("Reader", [request]).is_ok();
        println!("GetItem of {attributes:?}: {}", if allowed { "allowed" } else { "denied" });
    }
    for element in iam.declared().difference(&iam.used()) {
        println!("never used: {} {} {}", element.policy, element.element, element.value);
    }
    Ok(())
}
