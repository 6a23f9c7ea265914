//! What `Ref` and `Fn::GetAtt` give for each resource.

use crate::issuer::{USER_POOL_CLIENT_ID, USER_POOL_ID};
use std::collections::BTreeMap;

use super::{ACCOUNT_ID, REGION, STACK_NAME};

const REFERENCE: &str = "Ref";

/// The attributes of resources that exist, by logical id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources(pub(super) BTreeMap<String, BTreeMap<String, String>>);

impl Resources {
    /// What `Ref` gives for a resource.
    #[must_use]
    pub fn reference(&self, logical_id: &str) -> Option<&str> {
        self.attribute(logical_id, REFERENCE)
    }

    /// What `Fn::GetAtt` gives for a resource's attribute.
    #[must_use]
    pub fn attribute(&self, logical_id: &str, name: &str) -> Option<&str> {
        self.0.get(logical_id)?.get(name).map(String::as_str)
    }

    /// Records a resource: what `Ref` gives, and its attributes.
    pub fn insert<const N: usize>(
        &mut self,
        logical_id: &str,
        reference: &str,
        attributes: [(&str, &str); N],
    ) {
        let attributes = attributes.into_iter().chain([(REFERENCE, reference)]);
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.0.insert(logical_id.to_owned(), attributes.collect());
    }

    /// The resources that no service on this machine makes: they only need names.
    pub(super) fn named_here<'a>(declared: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut resources = Self::default();
        for (logical_id, kind) in declared {
            match kind {
                "AWS::IAM::Role" => {
                    let arn = format!("arn:aws:iam::{ACCOUNT_ID}:role/{logical_id}");
                    resources.insert(logical_id, logical_id, [("Arn", &arn)]);
                }
                "AWS::Serverless::Function" => {
                    let name = format!("{STACK_NAME}-{logical_id}");
                    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}");
                    resources.insert(logical_id, &name, [("Arn", &arn)]);
                }
                "AWS::Logs::LogGroup" => {
                    let name = format!("{STACK_NAME}-{logical_id}");
                    let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{name}:*");
                    resources.insert(logical_id, &name, [("Arn", &arn)]);
                }
                "AWS::Cognito::UserPool" => {
                    let id = USER_POOL_ID;
                    let arn = format!("arn:aws:cognito-idp:{REGION}:{ACCOUNT_ID}:userpool/{id}");
                    let provider = format!("cognito-idp.{REGION}.amazonaws.com/{id}");
                    resources.insert(logical_id, id, [("Arn", &arn), ("ProviderName", &provider)]);
                }
                "AWS::Cognito::UserPoolClient" => resources.insert(logical_id, USER_POOL_CLIENT_ID, []),
                "AWS::SNS::Topic" => {
                    let name = format!("{STACK_NAME}-{logical_id}");
                    let arn = format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{name}");
                    resources.insert(logical_id, &arn, [("TopicName", &name)]);
                }
                "AWS::EC2::SecurityGroup" => {
                    let id = format!("sg-{}", logical_id.to_lowercase());
                    resources.insert(logical_id, &id, [("GroupId", &id)]);
                }
                "AWS::Serverless::Api" => {
                    resources.insert(logical_id, &logical_id.to_lowercase(), []);
                }
                _ => {}
            }
        }
        resources
    }
}
