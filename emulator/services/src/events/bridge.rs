//! The buses of an account, their rules, and what was put on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use card_airlock_event_source::EventPattern;
use clock::Clock;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use super::{
    archive::{Archive, BusEvent},
    delivery::{Due, EventDelivery},
    error::EventsError,
    target::Target,
};
use crate::{
    account::Account,
    event_names::{DEFAULT_BUS, bus_arn, bus_name, rule_arn},
    keep::{KeepError, Mirror, Part, Store},
    not_here::plain,
    request::Request,
};

const MOST_NAME_CHARS: usize = 64;
/// The part of the store with what is on its way.
pub(crate) const DUE: &str = "events.due";

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
    kept_buses: Mirror,
    kept_rules: Mirror,
    /// What is on its way to targets.
    kept_due: Part,
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

/// A rule as it is written.
#[derive(Serialize, Deserialize)]
struct KeptRule {
    bus: String,
    name: String,
    pattern: String,
    is_enabled: bool,
    description: Option<String>,
    targets: BTreeMap<String, Target>,
}

impl EventBridge {
    /// With the bus that every account has, and what is kept. What is due to be brought goes to `due`, first what was
    /// not brought before this process.
    pub(crate) fn new(
        account: Account,
        clock: Clock,
        due: UnboundedSender<Due>,
        store: &Store,
    ) -> Result<Self, KeepError> {
        let (kept_buses, buses) = Mirror::open::<()>(store.part("events.buses"))?;
        let (kept_rules, rules) = Mirror::open::<KeptRule>(store.part("events.rules"))?;
        let kept_due = store.part(DUE);
        for waiting in kept_due.all::<Due>()?.into_values() {
            // The reader of the other end is there until the endpoint stops.
            let _ = due.send(waiting);
        }
        let rules = rules.into_values().map(|kept| {
            let pattern = EventPattern::parse(&kept.pattern).map_err(|_| store.damaged())?;
            let rule = Rule {
                pattern_text: kept.pattern,
                pattern,
                is_enabled: kept.is_enabled,
                description: kept.description,
                targets: kept.targets,
            };
            Ok(((kept.bus, kept.name), rule))
        });
        Ok(Self {
            account,
            clock,
            buses: Mutex::new(buses.into_keys().chain([DEFAULT_BUS.to_owned()]).collect()),
            rules: Mutex::new(rules.collect::<Result<_, KeepError>>()?),
            archive: Archive::default(),
            due,
            delivery: Arc::default(),
            kept_buses,
            kept_rules,
            kept_due,
        })
    }

    /// Writes what an operation changed of buses and rules.
    pub(super) fn keep(&self) {
        self.kept_buses.show(|| self.buses.lock().iter().map(|bus| (bus.clone(), ())).collect());
        self.kept_rules.show(|| {
            let rules = self.rules.lock();
            let kept = rules.iter().map(|((bus, name), rule)| KeptRule {
                bus: bus.clone(),
                name: name.clone(),
                pattern: rule.pattern_text.clone(),
                is_enabled: rule.is_enabled,
                description: rule.description.clone(),
                targets: rule.targets.clone(),
            });
            kept.map(|rule| (format!("{}/{}", rule.bus, rule.name), rule)).collect()
        });
    }

    /// Makes a bus, and gives its ARN. One that is there already stays as it is.
    pub(crate) fn make_bus(&self, name: &str) -> String {
        self.buses.lock().insert(name.to_owned());
        self.keep();
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
            let due = Due { id: Uuid::new_v4(), event: Arc::clone(event), rule_arn, target };
            self.kept_due.put(&due.id.to_string(), &due);
            // Nothing is brought any more when the endpoint has stopped.
            let _ = self.due.send(due);
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
