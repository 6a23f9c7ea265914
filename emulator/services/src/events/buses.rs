//! The buses of the account.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    EventBridge, Outcome,
    error::EventsError,
    names::{DEFAULT_BUS, bus_arn, bus_name},
};
use crate::{not_here::plain, request::Request};

/// The buses by name.
pub(super) struct Buses(Mutex<BTreeSet<String>>);

impl Default for Buses {
    /// The one that every account has.
    fn default() -> Self {
        Self(Mutex::new(BTreeSet::from([DEFAULT_BUS.to_owned()])))
    }
}

impl Buses {
    pub(super) fn make(&self, name: &str) {
        self.0.lock().insert(name.to_owned());
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.lock().contains(name)
    }
}

impl EventBridge {
    /// The bus that a request names, if it is here; the default bus, if it names none.
    pub(super) fn bus(&self, named: Option<&str>) -> Result<String, EventsError> {
        let named = named.unwrap_or(DEFAULT_BUS);
        let name = bus_name(named, &self.account).filter(|name| self.buses.has(name));
        name.map(str::to_owned).ok_or_else(|| EventsError::NoBus(plain(named)))
    }

    fn described(&self, name: &str) -> Value {
        json!({ "Arn": bus_arn(name, &self.account), "Name": name })
    }
}

pub(super) fn describe(events: &EventBridge, request: &Request) -> Outcome {
    Ok(events.described(&events.bus(request.text("Name"))?))
}

pub(super) fn list(events: &EventBridge, request: &Request) -> Outcome {
    let prefix = request.text("NamePrefix").unwrap_or_default();
    let buses = events.buses.0.lock();
    let listed = buses.iter().filter(|name| name.starts_with(prefix)).map(|name| events.described(name));
    Ok(json!({ "EventBuses": listed.collect::<Vec<_>>() }))
}
