//! The template's parameters on the command line of `up`.

use std::collections::BTreeMap;

use card_airlock_template::TemplateError;
use reqwest::Url;

use crate::deployment;

const CORS_ORIGIN: &str = "CorsOrigin";

/// Why parameters are not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum ParametersError {
    /// A parameter is given twice.
    #[error("the parameter {0} is given twice: give it once")]
    Twice(String),
    /// No page has this origin, so no page could call the API.
    #[error(
        "{CORS_ORIGIN}: no browser sends this origin. Give http or https, a host in lower case, and a port if it is \
         not the default one, without a slash at the end, such as https://shop.example.com or http://localhost:8080"
    )]
    NoOrigin,
    /// The template does not accept them.
    #[error("template.yaml does not accept these parameters: {0}")]
    Template(#[from] TemplateError),
}

/// Reads `NAME=VALUE`.
pub(super) fn split(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE, where NAME is one of the Parameters in template.yaml"),
    }
}

/// The parameters that are given, if a deployment could be given them.
pub(super) fn given(
    named: &[(String, String)],
    cors_origin: Option<&str>,
) -> Result<BTreeMap<String, String>, ParametersError> {
    let origin = cors_origin.map(|origin| (CORS_ORIGIN.to_owned(), origin.to_owned()));
    let mut parameters = BTreeMap::new();
    for (name, value) in named.iter().cloned().chain(origin) {
        if parameters.insert(name.clone(), value).is_some() {
            return Err(ParametersError::Twice(name));
        }
    }
    if parameters.get(CORS_ORIGIN).is_some_and(|origin| !origin.is_empty() && !is_sent(origin)) {
        return Err(ParametersError::NoOrigin);
    }
    deployment::check_parameters(&parameters)?;
    Ok(parameters)
}

/// Whether a browser writes an origin in this form. <https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin>
fn is_sent(origin: &str) -> bool {
    let url = Url::parse(origin).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    url.is_some_and(|url| url.origin().ascii_serialization() == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(parameters: &[&str], cors_origin: Option<&str>) -> Option<String> {
        let parameters: Vec<_> = parameters.iter().map(|text| split(text).unwrap()).collect();
        given(&parameters, cors_origin).err().map(|error| error.to_string())
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused() {
        for origin in ["http://localhost:8080", "https://shop.example.com", "http://127.0.0.1:3000", ""] {
            assert_eq!(refusal(&[], Some(origin)), None, "{origin}");
        }
        for origin in [
            "https://shop.example.com/",
            "https://shop.example.com:443",
            "http://shop.example.com:80",
            "https://Shop.example.com",
            "HTTPS://shop.example.com",
            "https://shop.example.com/page",
            "https://shop.example.com:99999",
            "https://user@shop.example.com",
            "http://127.1:3000",
            "http://localhost:08080",
            "shop.example.com",
            "localhost:8080",
            "ftp://shop.example.com",
            "file://",
            "null",
            "*",
            " http://localhost:8080",
        ] {
            let told = refusal(&[], Some(origin)).unwrap();
            assert!(told.starts_with("CorsOrigin: no browser sends this origin"), "{origin}: {told}");
            assert_eq!(refusal(&[&format!("CorsOrigin={origin}")], None), Some(told));
        }
    }

    #[test]
    fn a_parameter_is_given_once_and_as_the_template_allows() {
        let told = |parameters: &[&str]| refusal(parameters, None).unwrap_or_default();
        assert_eq!(told(&["AmountRequired=true", "LogRetentionDays=30"]), "");
        assert_eq!(told(&["OrderIdPattern=SO-\\d{4}-\\d{6}"]), "");
        assert_eq!(
            told(&["AmountRequired=true", "AmountRequired=true"]),
            "the parameter AmountRequired is given twice: give it once"
        );
        let both = refusal(&["CorsOrigin=http://localhost:1"], Some("http://localhost:1"));
        assert_eq!(both.unwrap(), "the parameter CorsOrigin is given twice: give it once");
        for (parameter, why) in [
            ("AmountRequire=true", "AmountRequire: there is no such parameter"),
            ("AmountRequired=yes", "AmountRequired: must be one of auto, true, false"),
            ("DetokenizePerMinute=0", "DetokenizePerMinute: must be at least 1"),
            ("ProcessorTimeoutSeconds=21", "ProcessorTimeoutSeconds: must be at most 20"),
            ("DetokenizePerMinute=many", "DetokenizePerMinute: must be a number"),
            ("StageName=a/b", "StageName: must fit the pattern [A-Za-z0-9_]{1,128}"),
            ("ProcessorUrl=http://processor", "ProcessorUrl: must fit the pattern sandbox|https://.+"),
            ("SubnetIds=subnet-1", "NothingOfAVpcWithoutOne: SubnetIds needs VpcId"),
            ("VpcId=vpc-1", "AVpcHasSubnets: VpcId needs SubnetIds"),
            (
                "WebAclRatePerFiveMinutes=9",
                "AWebAclCountsTenOrMore: WebAclRatePerFiveMinutes is 0, or 10 or more",
            ),
        ] {
            let told = told(&[parameter]);
            assert!(told.contains(why), "{parameter}: {told}");
        }
        for text in ["", "AmountRequired", "=true"] {
            assert!(split(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_rules_refuse_what_would_fail_late_and_nothing_else() {
        let vpc = ["VpcId=vpc-1", "SubnetIds=subnet-1", "RouteTableIds=rtb-1"];
        let with = |more: &[&str]| refusal(&[&vpc, more].concat(), None).unwrap_or_default();
        assert_eq!(with(&["CreateLogsEndpoints=true"]), "");
        assert!(
            with(&["CreateLogsEndpoints=true", "CreateVpcEndpoints=false"])
                .contains("needs CreateVpcEndpoints")
        );
        let [id, subnets, tables] = vpc;
        assert!(refusal(&[id, subnets], None).unwrap().contains("needs RouteTableIds"));
        assert_eq!(refusal(&[id, subnets, "CreateVpcEndpoints=false"], None), None);
        for (alone, why) in
            [(tables, "RouteTableIds needs VpcId"), ("CreateLogsEndpoints=true", "needs VpcId")]
        {
            assert!(refusal(&[alone], None).unwrap().contains(why), "{alone}");
        }
        let secret =
            "ProcessorSecretArn=arn:aws:secretsmanager:us-east-1:123456789012:secret:processor-AbCdEf";
        let url = "ProcessorUrl=https://processor.example";
        for (profile, account) in [("stripe", false), ("adyen", true), ("checkout", true)] {
            let profile = &format!("ProcessorProfile={profile}");
            let told = |more: &[&str]| refusal(&[&[url, profile], more].concat(), None).unwrap_or_default();
            assert!(told(&["ProcessorAccount=a"]).contains("needs ProcessorSecretArn"), "{profile}");
            assert_eq!(told(&[secret]).contains("needs ProcessorAccount"), account, "{profile}");
            assert_eq!(told(&[secret, "ProcessorAccount=a"]), "", "{profile}");
            assert_eq!(refusal(&[profile], None), None, "the sandbox needs neither");
        }
        assert_eq!(refusal(&[url], None), None);
        for rate in ["0", "10", "2000000000"] {
            assert_eq!(refusal(&[&format!("WebAclRatePerFiveMinutes={rate}")], None), None, "{rate}");
        }
    }
}
