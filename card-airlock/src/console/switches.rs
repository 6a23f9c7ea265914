//! The faults that a page can switch on and off.

use card_airlock_services::{FaultRule, Faults};
use serde_json::{Value, json};

/// A switch's name, and what goes wrong while it is on.
const SWITCHES: [(&str, &str); 4] = [
    // Ingest still seals, so orders are accepted and wait. Every crossing needs a new data key of the vault.
    ("kms-worker", "TokenizeWorkerRole/kms/*=error"),
    ("kms", "kms/*=error"),
    ("dynamodb", "dynamodb/*=throttled@0.5"),
    ("reply", "TokenizeWorkerRole/dynamodb/TransactWriteItems=reply-lost@0.7"),
];

/// `{name: is it on}`.
pub(super) fn states(faults: &Faults) -> Value {
    let in_force = faults.in_force();
    let states = SWITCHES.iter().filter_map(|(name, rule)| {
        let rule: FaultRule = rule.parse().ok()?;
        Some(((*name).to_owned(), json!(in_force.contains(&rule))))
    });
    Value::Object(states.collect())
}

/// Switches one on or off. `None`: there is no such switch.
pub(super) fn set(faults: &Faults, name: &str, on: bool) -> Option<()> {
    let (_, rule) = SWITCHES.iter().find(|(switch, _)| *switch == name)?;
    let rule: FaultRule = rule.parse().ok()?;
    match (on, faults.in_force().contains(&rule)) {
        (true, false) => faults.add(rule),
        (false, true) => faults.remove(&rule),
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_goes_on_once_and_off() {
        let faults = Faults::default();
        for (name, _) in SWITCHES {
            for on in [true, true] {
                set(&faults, name, on).unwrap();
            }
            assert_eq!((&states(&faults)[name], faults.in_force().len()), (&json!(true), 1), "{name}");
            set(&faults, name, false).unwrap();
            assert!(faults.in_force().is_empty(), "{name}");
        }
        assert!(set(&faults, "other", true).is_none());
    }
}
