//! The buses of an account, their rules, and what was put on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use card_airlock_event_source::EventPattern;
use clock::Clock;
use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedSender;

use super::{
    archive::{Archive, BusEvent},
    delivery::{Due, EventDelivery},
    error::EventsError,
    target::Target,
};
use crate::{
    account::Account,
    event_names::{DEFAULT_BUS, bus_arn, bus_name, rule_arn},
    not_here::plain,
    request::Request,
};

const MOST_NAME_CHARS: usize = 64;

/// The buses of an account in one region.
pub(crate) struct EventBridge {
    pub(super) account: Account,
    pub(super) clock: Clock,
    /// By name.
    pub(super) buses: Mutex<BTreeSet<String>>,
    /// By bus and name.
    pub(super) rules: Mutex<BTreeMap<RuleKey, Rule>>,
    pub(crate) archive: Archive,
    due: UnboundedSender<Due>,
    pub(crate) delivery: Arc<Mutex<EventDelivery>>,
}

/// The bus and the name of a rule.
pub(super) type RuleKey = (String, String);

/// A rule of a bus.
pub(super) struct Rule {
    /// As it was given.
    pub(super) pattern_text: String,
    pub(super) pattern: EventPattern,
    pub(super) is_enabled: bool,
    pub(super) description: Option<String>,
    /// By id.
    pub(super) targets: BTreeMap<String, Target>,
}

impl EventBridge {
    /// With the bus that every account has. What is due to be brought goes to `due`.
    pub(crate) fn new(account: Account, clock: Clock, due: UnboundedSender<Due>) -> Self {
        Self {
            account,
            clock,
            buses: Mutex::new(BTreeSet::from([DEFAULT_BUS.to_owned()])),
            rules: Mutex::default(),
            archive: Archive::default(),
            due,
            delivery: Arc::default(),
        }
    }

    /// Makes a bus, and gives its ARN. One that is there already stays as it is.
    pub(crate) fn make_bus(&self, name: &str) -> String {
        self.buses.lock().insert(name.to_owned());
        bus_arn(name, &self.account)
    }

    /// The bus that a request names, if it is here; the default bus, if it names none.
    pub(super) fn bus(&self, named: Option<&str>) -> Result<String, EventsError> {
        let named = named.unwrap_or(DEFAULT_BUS);
        let name = bus_name(named, &self.account).filter(|name| self.buses.lock().contains(*name));
        name.map(str::to_owned).ok_or_else(|| EventsError::NoBus(plain(named)))
    }

    /// Sends an event on its way to the targets of each rule that it matches.
    pub(super) fn send(&self, event: &Arc<BusEvent>) {
        for (rule_arn, target) in self.targets_of(event) {
            // Nothing is brought any more when the endpoint has stopped.
            let _ = self.due.send(Due { event: Arc::clone(event), rule_arn, target });
        }
    }

    /// The targets of an event, each with the ARN of its rule.
    pub(super) fn targets_of(&self, event: &BusEvent) -> Vec<(String, Target)> {
        let rules = self.rules.lock();
        let of_bus = rules.iter().filter(|((bus, _), rule)| *bus == event.bus && rule.is_enabled);
        let matching = of_bus.filter(|(_, rule)| rule.pattern.matches(&event.envelope));
        let targets = matching.flat_map(|((bus, name), rule)| {
            let arn = rule_arn(bus, name, &self.account);
            rule.targets.values().map(move |target| (arn.clone(), target.clone()))
        });
        targets.collect()
    }

    /// Works on the rule that a request names.
    pub(super) fn with_rule<T>(
        &self,
        request: &Request,
        member: &str,
        work: impl FnOnce(&RuleKey, &mut Rule) -> Result<T, EventsError>,
    ) -> Result<T, EventsError> {
        let key = self.key(request, member)?;
        match self.rules.lock().get_mut(&key) {
            Some(rule) => work(&key, rule),
            None => Err(EventsError::NoRule(key.1, key.0)),
        }
    }

    /// The bus and the name of the rule that a request names.
    pub(super) fn key(&self, request: &Request, member: &str) -> Result<RuleKey, EventsError> {
        let is_one = |name: &&str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !name.is_empty() && name.len() <= MOST_NAME_CHARS && name.chars().all(is_plain)
        };
        let name = request.text(member).filter(is_one).ok_or(EventsError::Name)?;
        Ok((self.bus(request.text("EventBusName"))?, name.to_owned()))
    }
}
