//! How buses of events and their rules are named: by name or by ARN.

use serde_json::Value;

use crate::account::Account;

/// The bus of each account that AWS's own services use.
pub(crate) const DEFAULT_BUS: &str = "default";

/// The ARN of a bus; a name that is an ARN is that.
pub(crate) fn bus_arn(named: &str, account: &Account) -> String {
    if named.starts_with("arn:") {
        return named.to_owned();
    }
    account.arn("events", &format!("event-bus/{named}"))
}

/// The ARN of a rule. That of a rule of the default bus does not name the bus.
pub(crate) fn rule_arn(bus: &str, name: &str, account: &Account) -> String {
    let bus = bus_name(bus, account).unwrap_or(bus);
    let path = if bus == DEFAULT_BUS { name.to_owned() } else { format!("{bus}/{name}") };
    account.arn("events", &format!("rule/{path}"))
}

/// The name of a bus of this account and region; `None`: it is another's.
pub(crate) fn bus_name<'a>(named: &'a str, account: &Account) -> Option<&'a str> {
    if !named.starts_with("arn:") {
        return Some(named);
    }
    named.strip_prefix(account.arn("events", "event-bus/").as_str())
}

/// The bus and the name of the rule that a request names, as they are written.
pub(crate) fn named_rule(asked: &Value) -> Option<(&str, &str)> {
    let text = |member: &str| asked.get(member).and_then(Value::as_str);
    let name = text("Name").or_else(|| text("Rule"))?;
    Some((text("EventBusName").unwrap_or(DEFAULT_BUS), name))
}

/// What a call is about: the bus of each entry, or one rule or bus.
pub(crate) fn resources<'a>(operation: &str, asked: &'a Value) -> Vec<&'a str> {
    let bus = |entry: &'a Value| entry.get("EventBusName").and_then(Value::as_str).unwrap_or(DEFAULT_BUS);
    if operation == "PutEvents" {
        return asked.get("Entries").and_then(Value::as_array).into_iter().flatten().map(bus).collect();
    }
    named_rule(asked).map(|(_, name)| name).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::account;

    #[test]
    fn a_rule_of_the_default_bus_does_not_name_it() {
        let of = |bus: &str| rule_arn(bus, "R", &account());
        assert_eq!(of("default"), "arn:aws:events:us-east-1:123456789012:rule/R");
        let arn = "arn:aws:events:us-east-1:123456789012:event-bus/shop";
        assert_eq!(of("shop"), "arn:aws:events:us-east-1:123456789012:rule/shop/R");
        assert_eq!(of(arn), of("shop"));
    }

    #[test]
    fn a_bus_is_named_by_its_name_or_its_arn() {
        let account = account();
        let arn = "arn:aws:events:us-east-1:123456789012:event-bus/shop";
        for named in ["shop", arn] {
            assert_eq!((bus_arn(named, &account).as_str(), bus_name(named, &account)), (arn, Some("shop")));
        }
        for other in [
            "arn:aws:events:eu-west-1:123456789012:event-bus/shop",
            "arn:aws:events:us-east-1:210987654321:event-bus/shop",
            "arn:aws:sqs:us-east-1:123456789012:shop",
        ] {
            assert_eq!((bus_arn(other, &account).as_str(), bus_name(other, &account)), (other, None));
        }
    }
}
