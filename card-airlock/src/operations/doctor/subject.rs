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
        self.access.aws(command)
    }

    /// A command of this program, for this stack.
    pub(super) fn own(&self, command: &str) -> String {
        self.access.own(command)
    }
}
