//! What a check is given, and the commands that fix what it finds.

use order::Timestamp;

use super::{super::access::StackAccess, promised::Promised};

/// What a check is given.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) access: &'a StackAccess,
    pub(super) promised: &'a Promised,
    pub(super) now: Timestamp,
}

impl Subject<'_> {
    /// A command of the AWS CLI, for this stack.
    pub(super) fn aws(&self, command: &str) -> String {
        match self.access.up_url() {
            Some(url) => format!("aws {command} --endpoint-url {url}"),
            None => format!("aws {command} --region {}", self.access.names().region),
        }
    }

    /// A command of this program, for this stack.
    pub(super) fn own(&self, command: &str) -> String {
        match self.access.up_url().and_then(|url| url.rsplit(':').next()) {
            Some(port) => format!("card-airlock {command} --aws-port {port}"),
            None => {
                let names = self.access.names();
                format!("card-airlock {command} --stack {} --region {}", names.stack_name, names.region)
            }
        }
    }
}
