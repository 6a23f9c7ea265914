//! Policies of IAM: a document is read or refused, and without a statement that allows, nothing is allowed.
#![no_main]

use card_airlock_iam::{Context, Iam, Policies, Request};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const ACCOUNT: &str = "123456789012";

fuzz_target!(|text: &str| {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return };
    let mut policies = Policies::new(ACCOUNT);
    policies.add_role("R", "arn:aws:iam::123456789012:role/R");
    if policies.attach_to_role("R", "P", &document).is_err() {
        return;
    }
    let iam = Iam::of_account(ACCOUNT);
    iam.enforce(policies);
    let context = Context::default().with("dynamodb:Attributes", ["A".to_owned()]);
    let request = Request {
        action: "dynamodb:GetItem".to_owned(),
        resource: Some("arn:aws:dynamodb:us-east-1:123456789012:table/T".to_owned()),
        context: Some(context),
    };
    let is_allowed = iam.authorize("R", [request]).is_ok();
    assert!(!is_allowed || document.to_string().contains("Allow"), "{text}");
});
