//! How buses are named: by name or by ARN.

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

/// The name of a bus of this account and region; `None`: it is another's.
pub(super) fn bus_name<'a>(named: &'a str, account: &Account) -> Option<&'a str> {
    if !named.starts_with("arn:") {
        return Some(named);
    }
    named.strip_prefix(account.arn("events", "event-bus/").as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::account;

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
