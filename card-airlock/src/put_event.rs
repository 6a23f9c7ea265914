//! For tests: puts an event on the default bus, as `aws events put-events` does.

use serde_json::json;

/// An event of this kind about an order.
pub(crate) async fn put_event(aws_url: &str, kind: &str, order: &str) {
    let detail = json!({ "CustomerOrder": order }).to_string();
    let entry = json!({ "Source": "test", "DetailType": kind, "Detail": detail });
    let credential =
        "AWS4-HMAC-SHA256 Credential=operator/20260101/us-east-1/events/aws4_request, Signature=0";
    let request = reqwest::Client::new().post(aws_url).header("x-amz-target", "AWSEvents.PutEvents");
    let request = request.header("authorization", credential).body(json!({ "Entries": [entry] }).to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
