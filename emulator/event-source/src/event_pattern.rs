//! Patterns of EventBridge's rules: which events a rule is for.

use serde_json::Value;

use crate::{filter::Node, filter_error::FilterError, rule::Language};

/// A pattern that an event matches or not: the language of [`FilterCriteria`](crate::FilterCriteria), with the operators
/// that event buses have beyond it.
#[derive(Debug, Clone)]
pub struct EventPattern(Node);

impl EventPattern {
    /// Reads a pattern from its JSON text.
    ///
    /// # Errors
    /// When EventBridge would refuse it.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Node::read(text, Language::EventBus).map(Self)
    }

    /// Whether the event matches.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.matches(Some(event))
    }
}

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html> and the page on operators.
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: &Value, event: &Value) -> bool {
        EventPattern::parse(&pattern.to_string()).unwrap().matches(event)
    }

    /// The event of AWS's own pages.
    fn terminated() -> Value {
        json!({
            "version": "0",
            "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            "detail-type": "EC2 Instance State-change Notification",
            "source": "aws.ec2",
            "account": "111122223333",
            "time": "2017-12-22T18:43:48Z",
            "region": "us-west-1",
            "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],
            "detail": { "instance-id": "i-1234567890abcdef0", "state": "terminated" },
        })
    }

    #[test]
    fn an_event_matches_when_every_field_of_the_pattern_has_one_of_its_values() {
        let event = terminated();
        for pattern in [
            json!({ "source": ["aws.ec2"] }),
            json!({ "source": ["aws.ec2", "aws.fargate"] }),
            json!({ "source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"],
                    "detail": { "state": ["terminated"] } }),
            json!({ "resources": [{ "prefix": "arn:aws:ec2:us-west-1" }] }),
            json!({ "account": ["111122223333"], "version": ["0"] }),
        ] {
            assert!(matches(&pattern, &event), "{pattern}");
        }
        for pattern in [
            json!({ "source": ["aws.s3"] }),
            json!({ "source": ["aws.ec2"], "detail": { "state": ["pending"] } }),
            json!({ "detail": { "none": ["terminated"] } }),
            json!({ "state": ["terminated"] }),
        ] {
            assert!(!matches(&pattern, &event), "{pattern}");
        }
    }

    /// The example with all of it, from the page on content filtering.
    #[test]
    fn operators_are_combined_within_fields_and_between_them() {
        let pattern = json!({
            "time": [{ "prefix": "2017-10-02" }],
            "detail": {
                "state": [{ "anything-but": "initializing" }],
                "c-count": [{ "numeric": [">", 0, "<=", 5] }],
                "d-count": [{ "numeric": ["<", 10] }],
                "x-limit": [{ "anything-but": [100, 200, 300] }],
            },
        });
        let event = |detail: Value| json!({ "time": "2017-10-02T18:00:00Z", "detail": detail });
        let detail = json!({ "state": "running", "c-count": 5, "d-count": 9.5, "x-limit": 101 });
        assert!(matches(&pattern, &event(detail.clone())));
        for (field, value) in [
            ("state", json!("initializing")),
            ("c-count", json!(0)),
            ("d-count", json!(10)),
            ("x-limit", json!(200)),
        ] {
            let mut other = detail.clone();
            other[field] = value;
            assert!(!matches(&pattern, &event(other)), "{field}");
        }
        assert!(!matches(&pattern, &json!({ "time": "2017-10-03", "detail": detail })));
    }

    #[test]
    fn alternatives_stand_in_or() {
        let pattern = json!({ "detail": { "$or": [
            { "c-count": [{ "numeric": [">", 0, "<=", 5] }] },
            { "d-count": [{ "numeric": ["<", 10] }] },
            { "x-limit": [{ "numeric": ["=", 3.018e2] }] },
        ] } });
        for (detail, expected) in [
            (json!({ "c-count": 3, "d-count": 20 }), true),
            (json!({ "c-count": 9, "d-count": 9 }), true),
            (json!({ "x-limit": 301.8 }), true),
            (json!({ "c-count": 9, "d-count": 20 }), false),
        ] {
            assert_eq!(matches(&pattern, &json!({ "detail": detail })), expected, "{detail}");
        }
    }

    #[test]
    fn a_field_can_be_asked_for_by_its_existence() {
        let event = terminated();
        assert!(matches(&json!({ "detail": { "state": [{ "exists": true }] } }), &event));
        assert!(!matches(&json!({ "detail": { "state": [{ "exists": false }] } }), &event));
        assert!(matches(&json!({ "detail": { "c-count": [{ "exists": false }] } }), &event));
        // In place of a value: no such field, or one of these.
        let either = json!({ "detail": { "c-count": [{ "exists": false }, 1] } });
        assert!(matches(&either, &event));
        assert!(!matches(&either, &json!({ "detail": { "c-count": 2 } })));
    }

    #[test]
    fn empty_texts_and_null_are_values() {
        let event = json!({ "detail": { "eventName": "", "responseElements": null } });
        assert!(matches(&json!({ "detail": { "eventName": [""] } }), &event));
        assert!(matches(&json!({ "detail": { "responseElements": [null] } }), &event));
        assert!(!matches(&json!({ "detail": { "eventName": [null] } }), &event));
    }

    #[test]
    fn buses_have_operators_that_filters_have_not() {
        let pattern =
            json!({ "detail": { "path": [{ "wildcard": "dir/*" }], "ip": [{ "cidr": "10.0.0.0/24" }] } });
        let event = json!({ "detail": { "path": "dir/a", "ip": "10.0.0.7" } });
        assert!(matches(&pattern, &event));
        assert!(crate::FilterCriteria::from_patterns([pattern.to_string()]).is_err());
    }

    #[test]
    fn what_eventbridge_refuses_is_refused() {
        for (text, expected) in [
            ("", FilterError::NotJson),
            ("[]", FilterError::NotAPattern),
            ("{}", FilterError::Empty),
            (r#"{"source": "shop"}"#, FilterError::NotAPattern),
            (r#"{"source": []}"#, FilterError::Empty),
            (r#"{"source": [["shop"]]}"#, FilterError::NotAPattern),
            (r#"{"source": [{"starts-with": "s"}]}"#, FilterError::Operator),
            (r#"{"$or": [{"source": ["shop"]}]}"#, FilterError::Or),
        ] {
            assert_eq!(EventPattern::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
