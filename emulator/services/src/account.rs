//! The account and region of the endpoint, as in its ARNs.

use uuid::Uuid;

/// An AWS account in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The account's id, twelve digits.
    pub id: String,
}

/// The one that the embedded SQS and Secrets Manager know.
const EMBEDDED: (&str, &str) = ("us-east-1", "123456789012");

impl Account {
    /// Whether all embedded services support it.
    pub(crate) fn is_supported(&self) -> bool {
        (self.region.as_str(), self.id.as_str()) == EMBEDDED
    }

    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.id)
    }

    pub(crate) fn key_arn(&self, id: Uuid) -> String {
        self.arn("kms", &format!("key/{id}"))
    }
}

#[cfg(test)]
pub(crate) fn account() -> Account {
    Account { region: EMBEDDED.0.to_owned(), id: EMBEDDED.1.to_owned() }
}
