//! One entry of PutEvents.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>

use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use uuid::Uuid;

use super::error::EventsError;
use crate::{account::Account, members::stray};

const MEMBERS: [&str; 6] = ["Detail", "DetailType", "EventBusName", "Resources", "Source", "Time"];

/// What a time counts for, however it is written.
const TIME_BYTES: usize = 14;
/// What begins so is an event of AWS's own services.
const AWS: &str = "aws.";

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    /// In seconds since 1970.
    time: Option<f64>,
    #[serde(default)]
    resources: Vec<String>,
    pub(super) event_bus_name: Option<String>,
}

/// Why one entry is refused, while the others are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    code: &'static str,
    message: &'static str,
}

impl Refusal {
    /// AWS takes an event for a bus that is not there, and drops it. What is not done is not answered as done here.
    pub(super) const NO_BUS: Self =
        Self::invalid("Parameter EventBusName is not valid. Reason: no such event bus.");
    /// By a fault.
    pub(super) const ON_PURPOSE: Self =
        Self { code: "InternalFailure", message: crate::observer::ON_PURPOSE };
    const NO_SOURCE: Self =
        Self::invalid("Parameter Source is not valid. Reason: Source is a required argument.");
    const NO_DETAIL_TYPE: Self =
        Self::invalid("Parameter DetailType is not valid. Reason: DetailType is a required argument.");
    const NO_DETAIL: Self =
        Self::invalid("Parameter Detail is not valid. Reason: Detail is a required argument.");
    const NO_TIME: Self = Self::invalid("Parameter Time is not valid.");
    const MALFORMED: Self = Self { code: "MalformedDetail", message: "Detail is malformed." };
    const NOT_AWS: Self =
        Self { code: "NotAuthorizedForSourceException", message: "Not authorized for the source." };

    const fn invalid(message: &'static str) -> Self {
        Self { code: "InvalidArgument", message }
    }

    pub(super) fn result(self) -> Value {
        json!({ "ErrorCode": self.code, "ErrorMessage": self.message })
    }
}

impl Entry {
    pub(super) fn read(entry: &Value) -> Result<Self, EventsError> {
        if let Some(name) = stray(entry, &MEMBERS) {
            return Err(EventsError::Unsupported(name));
        }
        Self::deserialize(entry).map_err(|_| EventsError::Shape)
    }

    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>
    pub(super) fn size(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        texts.into_iter().flatten().chain(&self.resources).map(String::len).sum::<usize>()
            + if self.time.is_some() { TIME_BYTES } else { 0 }
    }

    /// The event that targets get. `now` is its time, if the entry has none.
    pub(super) fn envelope(&self, account: &Account, now: OffsetDateTime) -> Result<Value, Refusal> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let source = given(&self.source).ok_or(Refusal::NO_SOURCE)?;
        let detail_type = given(&self.detail_type).ok_or(Refusal::NO_DETAIL_TYPE)?;
        let detail = given(&self.detail).ok_or(Refusal::NO_DETAIL)?;
        if source.starts_with(AWS) {
            return Err(Refusal::NOT_AWS);
        }
        let detail: Map<String, Value> = serde_json::from_str(&detail).map_err(|_| Refusal::MALFORMED)?;
        let time = match self.time {
            None => now,
            Some(seconds) => {
                let since_1970 = time::Duration::saturating_seconds_f64(seconds);
                OffsetDateTime::UNIX_EPOCH.checked_add(since_1970).ok_or(Refusal::NO_TIME)?
            }
        };
        Ok(json!({
            "version": "0",
            "id": Uuid::new_v4(),
            "detail-type": detail_type,
            "source": source,
            "account": account.id,
            "time": time.format(SECONDS).map_err(|_| Refusal::NO_TIME)?,
            "region": account.region,
            "resources": self.resources,
            "detail": detail,
        }))
    }
}
