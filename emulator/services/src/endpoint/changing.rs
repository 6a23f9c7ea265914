//! What a program changes of a running endpoint.

use std::sync::atomic::Ordering;

use card_airlock_gateway::Cognito;
use card_airlock_iam::{Policies, PolicyError};
use serde_json::Value;

use super::AwsEndpoint;
use crate::{
    deployed::{Deployed, DeployedStack},
    events::EventDelivery,
    faults::Faults,
    keep::KeepError,
    observer::ObservedCall,
    streams::StreamError,
};

impl AwsEndpoint {
    /// The faults in force, to be changed at will.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Tells `observe` each later call, after it was done and before its caller is answered. The first observer
    /// stays.
    pub fn watch(&self, observe: impl Fn(ObservedCall) + Send + Sync + 'static) {
        self.0.observer.set(Box::new(observe));
    }

    /// From now on the tallies have what DynamoDB and EventBridge charge, too. It costs some time on each of its calls.
    pub fn meter_units(&self) {
        self.0.metering.store(true, Ordering::Relaxed);
    }

    /// From now on an empty queue is reported at once: no receive waits for a message. For tests that drive the stack
    /// step by step, where no message comes by itself.
    pub fn answer_receives_at_once(&self) {
        self.0.sqs.answer_at_once();
    }

    /// From now on events go to the targets of rules like this.
    pub fn deliver_events(&self, delivery: EventDelivery) {
        *self.0.events.delivery.lock() = delivery;
    }

    /// Deletes the rows whose time to live is over by the clock, as DynamoDB does at some time, and returns
    /// their number.
    ///
    /// # Errors
    /// When the embedded database fails.
    pub fn sweep_ttl(&self) -> Result<usize, StreamError> {
        self.0.dynamo.sweep_ttl()
    }

    /// Removes the records of a stream up to a sequence number that are too old to be read: for who has read them. Where
    /// nothing outlives the process it does nothing.
    ///
    /// # Errors
    /// When there is no such stream, or its file cannot be written.
    pub fn forget_records(&self, stream_arn: &str, up_to: &str) -> Result<(), StreamError> {
        self.0.dynamo.forget_records(stream_arn, up_to)
    }

    /// Trims all that the streams hold by now: what was not read yet is lost to readers.
    pub fn trim_streams(&self) {
        self.0.dynamo.trim_streams();
    }

    /// Gives a user pool the users that are kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn bring_back_users(&self, pool: &Cognito) -> Result<(), KeepError> {
        self.0.users.bring_back(pool)
    }

    /// Makes a stack known to CloudFormation, Lambda and Cognito, which know none before. The first one stays.
    pub fn deploy(&self, stack: DeployedStack) {
        let _ = self.0.deployed.set(Deployed::new(stack, &self.0.account));
    }

    /// Puts policies in force in place of those before. A key that they do not speak of keeps its own; of the others
    /// KMS shows these from now on.
    pub fn enforce(&self, policies: Policies) {
        for (key_arn, document) in policies.key_documents() {
            self.0.kms.show_policy(key_arn, document);
        }
        self.0.iam.enforce(policies);
        if self.0.store.keeps() {
            self.0.kms.enforce_shown();
        }
    }

    /// Puts one policy of a role in force in place of the one before, for the calls from now on.
    ///
    /// # Errors
    /// When there is no such role, or an element of the document is not known here.
    pub fn put_role_policy(&self, role: &str, policy: &str, document: &Value) -> Result<(), PolicyError> {
        self.0.iam.enforce_on_role(role, policy, document)
    }

    /// From now on a caller that is not a role of the policies is denied everything. Before, it is the account's
    /// operator, who may do all but use the envelope keys.
    pub fn deny_unknown_callers(&self) {
        self.0.iam.deny_unknown();
    }
}
