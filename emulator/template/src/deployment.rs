//! What a template does not say itself: the account, the region and the name of its deployment.

/// Where a template is deployed: the pseudo parameters, and the ids that a service would give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account_id: String,
    /// `AWS::StackName`, with which each name begins that the template leaves to CloudFormation.
    pub stack_name: String,
    /// What `Ref` gives for a user pool.
    pub user_pool_id: String,
    /// What `Ref` gives for a user pool's client.
    pub user_pool_client_id: String,
}

impl Deployment {
    /// The name of a resource that has none in the template.
    pub(crate) fn name(&self, logical_id: &str) -> String {
        format!("{}-{logical_id}", self.stack_name)
    }
}
