//! The TLS versions that the API accepts.

use aws_sdk_apigateway::Client;
use serde_json::Value;

use super::{
    super::{access::Right, call::CallError},
    finding::{Finding, Outcome},
    subject::Subject,
};

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let judged = async {
        let api = subject.access.names().physical("CustomerApi").map_err(|error| error.to_string())?;
        let read =
            Client::new(&subject.access.config(Right::Read)).get_rest_api().rest_api_id(api).send().await;
        let read =
            read.map_err(CallError::of("API Gateway", "GetRestApi")).map_err(|error| error.to_string())?;
        let properties = subject.promised.stack.properties("CustomerApi");
        let promised =
            properties.and_then(|it| it.get("SecurityPolicy")).and_then(Value::as_str).unwrap_or_default();
        let found = read.security_policy().map(|policy| policy.as_str());
        Ok::<_, String>(judge(&|command| subject.aws(command), api, promised, found))
    };
    Outcome::of("the API", judged.await)
}

fn judge(aws: &dyn Fn(&str) -> String, api: &str, promised: &str, found: Option<&str>) -> Vec<Finding> {
    if found == Some(promised) {
        return Vec::new();
    }
    vec![Finding {
        policies: None,
        what: format!(
            "the API accepts TLS by {}, not by {promised}",
            found.unwrap_or("API Gateway's default")
        ),
        why: "Card numbers come in through it; older versions of TLS can be broken.",
        fix: aws(&format!(
            "apigateway update-rest-api --rest-api-id {api} --patch-operations \
             op=replace,path=/securityPolicy,value={promised}"
        )),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_promised_policy_is_sound() {
        let promised = "SecurityPolicy_TLS13_1_2_2021_06";
        let judged = |found| judge(&str::to_owned, "a", promised, found).len();
        assert_eq!([judged(Some(promised)), judged(Some("TLS_1_0")), judged(None)], [0, 1, 1]);
    }
}
