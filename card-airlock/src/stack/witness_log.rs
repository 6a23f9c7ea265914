//! The log of the witness, which is kept: `audit verify` reads it.

use card_airlock_lambda::Lines;
use card_airlock_services::{AwsEndpoint, LogStream};

use crate::deployment::STACK_NAME;

/// The function whose log is kept.
const WITNESS: &str = "WitnessFunction";

pub(super) fn of(aws: &AwsEndpoint) -> LogStream {
    aws.log_stream(&format!("{STACK_NAME}-WitnessLogs"), WITNESS)
}

/// Lambda's part: what a process of the witness writes is in its log group.
pub(super) fn kept_lines(lines: Lines, log: LogStream) -> Lines {
    Lines::new(move |line| {
        let of_witness = line.strip_prefix('[').and_then(|line| line.strip_prefix(WITNESS));
        if let Some((_, line)) = of_witness.and_then(|line| line.split_once("] ")) {
            log.write(line);
        }
        lines.take(line);
    })
}
