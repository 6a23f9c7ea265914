//! The ends of the chains in the log group of the witness, which no function of the stack can edit.

use std::{
    io,
    time::{Duration, UNIX_EPOCH},
};

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use order::{Timestamp, witness::LoggedHead};

use super::{AuditFinding, CallError, Pass, Told, VerifyAuditError, held::Held};

const SERVICE: &str = "CloudWatch Logs";

#[derive(Debug)]
pub(super) struct HeadLogGroup {
    logs: Client,
    name: String,
}

/// What times a log group has lines of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogSpan {
    pub(super) created: Timestamp,
    /// How long it keeps a line. None: for ever.
    pub(super) keeps: Option<Duration>,
}

impl HeadLogGroup {
    pub(super) fn new(config: &SdkConfig, name: String) -> Self {
        Self { logs: Client::new(config), name }
    }

    /// None: there is no such group.
    pub(super) async fn span(&self) -> Result<Option<LogSpan>, CallError> {
        let read = self.logs.describe_log_groups().log_group_name_prefix(&self.name).send().await;
        let read = read.map_err(CallError::of(SERVICE, "DescribeLogGroups"))?;
        let group = read.log_groups().iter().find(|group| group.log_group_name() == Some(&self.name));
        Ok(group.map(|group| {
            let created = group.creation_time().and_then(|time| u64::try_from(time).ok()).unwrap_or_default();
            let days = group.retention_in_days().and_then(|days| u64::try_from(days).ok());
            LogSpan {
                created: Timestamp::from(UNIX_EPOCH + Duration::from_millis(created)),
                keeps: days.map(|days| Duration::from_secs(days * 24 * 60 * 60)),
            }
        }))
    }

    /// Reads every end of a chain that the log has.
    pub(super) async fn read<F: FnMut(Told) -> io::Result<()>>(
        &self,
        held: &mut Held,
        pass: &mut Pass<'_, F>,
    ) -> Result<(), VerifyAuditError> {
        let mut pages = self
            .logs
            .filter_log_events()
            .log_group_name(&self.name)
            .filter_pattern(LoggedHead::FILTER)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(CallError::of(SERVICE, "FilterLogEvents"))?;
            let lines = page.events().iter().filter_map(|event| event.message());
            lines.clone().try_for_each(|line| take(line, held, pass))?;
            pass.look(lines.count())?;
        }
        Ok(())
    }
}

fn take<F: FnMut(Told) -> io::Result<()>>(
    line: &str,
    held: &mut Held,
    pass: &mut Pass<'_, F>,
) -> io::Result<()> {
    let Some(LoggedHead { chain, head }) = LoggedHead::of_line(line) else {
        return if held.is_first() { pass.found(AuditFinding::UnreadableHead) } else { Ok(()) };
    };
    if held.is_first() {
        let greatest = pass.logged.entry(chain).or_default();
        *greatest = head.number.max(*greatest);
    }
    held.logged(chain, head);
    Ok(())
}
