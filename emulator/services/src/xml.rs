//! An answer as the query protocol writes it. <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use aws_smithy_xml::encode::{ScopeWriter, XmlWriter};
use serde_json::Value;
use uuid::Uuid;

/// What an operation answers: its members in its result, and the request's id.
pub(crate) fn response(namespace: &str, operation: &str, members: &Value) -> String {
    let mut text = String::new();
    let mut document = XmlWriter::new(&mut text);
    let name = format!("{operation}Response");
    let mut response = document.start_el(&name).write_ns(namespace, None).finish();
    // An operation without members has no result.
    if members.as_object().is_some_and(|members| !members.is_empty()) {
        element(&mut response, &format!("{operation}Result"), members);
    }
    element(&mut response, "ResponseMetadata", &serde_json::json!({ "RequestId": Uuid::new_v4() }));
    response.finish();
    text
}

/// The elements of an error, each within the one before: `around` names them from the outside in.
pub(crate) fn error(around: &[&str], members: &Value, request_id: &str) -> String {
    let mut text = String::new();
    let mut document = XmlWriter::new(&mut text);
    let Some((outermost, inside)) = around.split_first() else { return text };
    let mut outermost = document.start_el(outermost).finish();
    let nested = inside.iter().rev().fold(members.clone(), |inner, name| serde_json::json!({ *name: inner }));
    elements(&mut outermost, &nested);
    element(&mut outermost, request_id, &serde_json::json!(Uuid::new_v4()));
    outermost.finish();
    text
}

fn elements(parent: &mut ScopeWriter<'_, '_>, members: &Value) {
    for (name, value) in members.as_object().into_iter().flatten() {
        element(parent, name, value);
    }
}

/// A list's elements are called `member`; what is null is left out.
fn element(parent: &mut ScopeWriter<'_, '_>, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    let mut here = parent.start_el(name).finish();
    match value {
        Value::Object(_) => elements(&mut here, value),
        Value::Array(items) => items.iter().for_each(|item| element(&mut here, "member", item)),
        Value::String(text) => here.data(text),
        other => here.data(&other.to_string()),
    }
    here.finish();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_lists_and_texts_are_elements_and_nothing_in_them_becomes_markup() {
        let members = json!({
            "Stacks": [{ "Name": "a<b>&", "Enabled": false, "Count": 2, "None": null, "Empty": [] }],
        });
        let text = response("http://example.com/doc/", "DescribeStacks", &members);
        let expected = "<DescribeStacksResponse xmlns=\"http://example.com/doc/\"><DescribeStacksResult><Stacks>\
                        <member><Count>2</Count><Empty></Empty><Enabled>false</Enabled><Name>a&lt;b&gt;&amp;</Name>\
                        </member></Stacks></DescribeStacksResult><ResponseMetadata><RequestId>";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("</RequestId></ResponseMetadata></DescribeStacksResponse>"), "{text}");
    }

    #[test]
    fn an_operation_without_members_has_no_result() {
        let text = response("http://example.com/doc/", "DeleteStack", &json!({}));
        assert!(
            text.starts_with("<DeleteStackResponse xmlns=\"http://example.com/doc/\"><ResponseMetadata>")
        );
    }
}
