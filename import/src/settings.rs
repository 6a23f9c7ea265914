//! What the import function is told by the template.

use std::time::Duration;

use order::{OrderIdPattern, Owner, Terms};
use platform::settings::{
    Lookup, SettingError, data_key_policy, order_id_pattern, parsed, quarantine_terms, text,
};
use serde::Serialize;
use vault::{DataKeyPolicy, ImporterSettings};

use crate::request::Action;

/// The attribute of the AWS sample's orders that names the token.
const SAMPLE_TOKEN: &str = "CreditCardToken";
const DAY: u64 = 24 * 60 * 60;

/// The settings of the import function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `IMPORT_TABLE`: the table that orders are taken out of.
    pub table: String,
    /// The names of that table's attributes.
    pub columns: Columns,
    /// Whose the orders are.
    pub owner: OwnerRule,
    /// What the AWS sample's vault is read with, if the source is the sample's.
    pub sample: Option<SampleSettings>,
    /// `IMPORT_KEY_ARN`: the KMS key of marks and cursors.
    pub import_key_arn: String,
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `QUARANTINE_KEY_ARN`: the KMS key of quarantined cards.
    pub quarantine_key_arn: String,
    /// `DATA_KEY_MAX_ROWS`, `DATA_KEY_MAX_SECONDS`: limits of a data key.
    pub data_key_policy: DataKeyPolicy,
    /// `ORDER_DEADLINE_HOURS`, `QUARANTINE_TTL_DAYS`: how long an order may stay in quarantine.
    pub terms: Terms,
    /// `ORDER_ID_PATTERN`: the form of the shop's own order ids.
    pub order_ids: OrderIdPattern,
    /// `CARD_EXPIRY_REQUIRED`: whether a card without its expiry date is refused.
    pub card_expiry_required: bool,
}

/// The names of the source table's attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Columns {
    /// `IMPORT_KEY_ATTRIBUTE`: the partition key.
    pub key: String,
    /// `IMPORT_SORT_KEY_ATTRIBUTE`: the sort key, if the table has one.
    pub sort_key: Option<String>,
    /// `IMPORT_NUMBER_ATTRIBUTE`: the card number.
    pub number: String,
    /// `IMPORT_EXPIRY_ATTRIBUTE`: the expiry date, `MM/YY`.
    pub expiry: Option<String>,
    /// `IMPORT_ORDER_ATTRIBUTE`: the order id.
    pub order: String,
    /// `IMPORT_NAME_ATTRIBUTE`: the customer's name.
    pub name: String,
    /// `IMPORT_ADDRESS_ATTRIBUTE`: the customer's address.
    pub address: String,
    /// `IMPORT_AMOUNT_ATTRIBUTE`: what the order costs, in minor units.
    pub amount: Option<String>,
    /// `IMPORT_CURRENCY_ATTRIBUTE`: the currency of that amount.
    pub currency: Option<String>,
    /// `IMPORT_OWNER_ATTRIBUTE`: the owner, or what the table of owners finds the owner by.
    pub owner: Option<String>,
    /// Of the AWS sample's orders: the token.
    pub token: Option<String>,
}

/// What the AWS sample's vault is read with.
#[derive(Debug, Clone)]
pub struct SampleSettings {
    /// `IMPORT_VAULT_TABLE`: the table as it is named now.
    pub table: String,
    /// The attribute of the sample's orders that names the token.
    pub token_attribute: String,
    /// `IMPORT_ORIGINAL_TABLE`: the name with which its rows were sealed; the same if it is empty. `IMPORT_VAULT_KEY_ARN`:
    /// their KMS key. `VAULT_KEY_ARN`, `VAULT_TABLE`, `ACCOUNT_ID`, `CARD_RETENTION_DAYS`: this stack's own vault.
    pub importer: ImporterSettings,
}

/// Whose an order is: the first that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRule {
    /// `IMPORT_OWNER_TABLE`: the table of owners, if there is one. Then the row's own attribute is a key of it; without
    /// that attribute, the order id is.
    pub table: Option<String>,
    /// `IMPORT_OWNER`: the owner of every order of which nothing else says whose it is.
    pub all: Option<Owner>,
}

impl Columns {
    /// Whether the number is part of a row's key.
    #[must_use]
    pub fn number_is_key(&self) -> bool {
        self.key == self.number || self.sort_key.as_ref() == Some(&self.number)
    }
}

impl Settings {
    /// What a pass depends on besides the source's rows: a place in it is none in a pass of anything else.
    pub(crate) fn pass(&self, action: Action) -> Vec<u8> {
        let Self { columns, owner, sample, .. } = self;
        let sample = sample.as_ref().map(|sample| {
            let ImporterSettings { source_table, source_key_arn, .. } = &sample.importer;
            (&sample.table, source_table, source_key_arn)
        });
        let all = owner.all.as_ref().map(Owner::as_str);
        // Nothing of it can fail to be written.
        serde_json::to_vec(&(action, columns, &owner.table, all, sample)).unwrap_or_default()
    }

    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`] naming the one that is missing or wrong. `IMPORT_OWNER` is wrong if nothing says whose orders are,
    /// `IMPORT_TABLE` if it is a table of this stack, which has no number in the clear.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        // A variable that is set to nothing names no attribute.
        let optional = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let columns = Columns {
            key: text(lookup, "IMPORT_KEY_ATTRIBUTE")?,
            sort_key: optional("IMPORT_SORT_KEY_ATTRIBUTE"),
            number: text(lookup, "IMPORT_NUMBER_ATTRIBUTE")?,
            expiry: optional("IMPORT_EXPIRY_ATTRIBUTE"),
            order: text(lookup, "IMPORT_ORDER_ATTRIBUTE")?,
            name: text(lookup, "IMPORT_NAME_ATTRIBUTE")?,
            address: text(lookup, "IMPORT_ADDRESS_ATTRIBUTE")?,
            amount: optional("IMPORT_AMOUNT_ATTRIBUTE"),
            currency: optional("IMPORT_CURRENCY_ATTRIBUTE"),
            owner: optional("IMPORT_OWNER_ATTRIBUTE"),
            token: optional("IMPORT_VAULT_TABLE").map(|_| SAMPLE_TOKEN.to_owned()),
        };
        let wrong_owner = || SettingError::Unreadable("IMPORT_OWNER");
        let all = optional("IMPORT_OWNER").map(|sub| Owner::named(&sub).map_err(|_| wrong_owner()));
        let owner = OwnerRule { table: optional("IMPORT_OWNER_TABLE"), all: all.transpose()? };
        if columns.owner.is_none() && owner.table.is_none() && owner.all.is_none() {
            return Err(wrong_owner());
        }
        let (table, own) = (text(lookup, "IMPORT_TABLE")?, ["QUARANTINE_TABLE", "ORDER_TABLE"]);
        if own.iter().any(|own| lookup(own).as_ref() == Some(&table)) {
            return Err(SettingError::Unreadable("IMPORT_TABLE"));
        }
        Ok(Self {
            sample: optional("IMPORT_VAULT_TABLE").map(|table| sample(lookup, table)).transpose()?,
            table,
            columns,
            owner,
            import_key_arn: text(lookup, "IMPORT_KEY_ARN")?,
            quarantine_table: text(lookup, "QUARANTINE_TABLE")?,
            order_table: text(lookup, "ORDER_TABLE")?,
            quarantine_key_arn: text(lookup, "QUARANTINE_KEY_ARN")?,
            data_key_policy: data_key_policy(lookup)?,
            terms: quarantine_terms(lookup)?,
            order_ids: order_id_pattern(lookup)?,
            card_expiry_required: parsed(lookup, "CARD_EXPIRY_REQUIRED")?,
        })
    }
}

fn sample(lookup: Lookup<'_>, table: String) -> Result<SampleSettings, SettingError> {
    let original = lookup("IMPORT_ORIGINAL_TABLE").filter(|name| !name.is_empty());
    let vault_table = text(lookup, "VAULT_TABLE")?;
    let days: u64 = parsed(lookup, "CARD_RETENTION_DAYS")?;
    let importer = ImporterSettings {
        source_table: original.unwrap_or_else(|| table.clone()),
        source_key_arn: text(lookup, "IMPORT_VAULT_KEY_ARN")?,
        vault_key_arn: text(lookup, "VAULT_KEY_ARN")?,
        in_place: vault_table == table,
        vault_table,
        account: text(lookup, "ACCOUNT_ID")?,
        retention: (days > 0).then(|| Duration::from_secs(days.saturating_mul(DAY))),
    };
    Ok(SampleSettings { table, token_attribute: SAMPLE_TOKEN.to_owned(), importer })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(&|name: &str| {
            let changed = changes.iter().find(|(changed, _)| *changed == name);
            changed.map(|(_, value)| (*value).to_owned()).or_else(|| {
                Some(match name {
                    "ORDER_DEADLINE_HOURS" | "QUARANTINE_TTL_DAYS" | "DATA_KEY_MAX_ROWS" => "1".to_owned(),
                    "DATA_KEY_MAX_SECONDS" => "1".to_owned(),
                    "CARD_EXPIRY_REQUIRED" => "false".to_owned(),
                    "IMPORT_TABLE" => "source".to_owned(),
                    "IMPORT_NUMBER_ATTRIBUTE" | "IMPORT_KEY_ATTRIBUTE" => "a".to_owned(),
                    "IMPORT_ORDER_ATTRIBUTE" | "IMPORT_NAME_ATTRIBUTE" | "IMPORT_ADDRESS_ATTRIBUTE" => {
                        "a".to_owned()
                    }
                    name if name.starts_with("IMPORT_") && !name.ends_with("_ARN") => String::new(),
                    "ORDER_ID_PATTERN" => String::new(),
                    _ => "a".to_owned(),
                })
            })
        })
    }

    #[test]
    fn something_says_whose_the_orders_are() {
        let wrong = SettingError::Unreadable("IMPORT_OWNER");
        assert_eq!(with(&[]).err(), Some(wrong.clone()));
        assert_eq!(with(&[("IMPORT_OWNER", "ann")]).err(), Some(wrong));
        let sub = "550e8400-e29b-41d4-a716-446655440000";
        assert_eq!(with(&[("IMPORT_OWNER", sub)]).unwrap().owner.all.unwrap().as_str(), sub);
        assert_eq!(with(&[("IMPORT_OWNER_TABLE", "t")]).unwrap().owner.table.unwrap(), "t");
        assert_eq!(with(&[("IMPORT_OWNER_ATTRIBUTE", "o")]).unwrap().columns.owner.unwrap(), "o");
    }

    #[test]
    fn a_table_of_this_stack_is_no_source() {
        for own in ["QUARANTINE_TABLE", "ORDER_TABLE"] {
            let of_the_stack = [("IMPORT_OWNER_ATTRIBUTE", "o"), (own, "source")];
            assert_eq!(with(&of_the_stack).err(), Some(SettingError::Unreadable("IMPORT_TABLE")), "{own}");
        }
    }

    #[test]
    fn the_samples_vault_was_sealed_under_its_own_name_or_under_the_one_that_is_given() {
        let sample = |changes: &[(&str, &str)]| {
            let owner = ("IMPORT_OWNER_ATTRIBUTE", "o");
            let days = ("CARD_RETENTION_DAYS", "2");
            with(&[changes, &[owner, days, ("IMPORT_VAULT_TABLE", "Sample")]].concat())
        };
        let settings = sample(&[]).unwrap();
        assert_eq!(settings.columns.token.as_deref(), Some("CreditCardToken"));
        let SampleSettings { table, token_attribute, importer } = settings.sample.unwrap();
        assert_eq!((table.as_str(), token_attribute.as_str()), ("Sample", "CreditCardToken"));
        assert_eq!((importer.source_table.as_str(), importer.in_place), ("Sample", false));
        assert_eq!(importer.retention, Some(Duration::from_hours(48)));
        let restored = sample(&[("IMPORT_ORIGINAL_TABLE", "Before"), ("VAULT_TABLE", "Sample")]);
        let restored = restored.unwrap().sample.unwrap().importer;
        assert_eq!((restored.source_table.as_str(), restored.in_place), ("Before", true));
        assert_eq!(sample(&[("CARD_RETENTION_DAYS", "0")]).unwrap().sample.unwrap().importer.retention, None);
        let without = with(&[("IMPORT_OWNER_ATTRIBUTE", "o")]).unwrap();
        assert!(without.sample.is_none() && without.columns.token.is_none());
    }

    #[test]
    fn a_pass_is_another_with_any_other_action_or_parameter() {
        let settings = |changes: &[(&str, &str)]| {
            let sample =
                [("IMPORT_VAULT_TABLE", "v"), ("CARD_RETENTION_DAYS", "0"), ("IMPORT_OWNER_TABLE", "t")];
            with(&[changes, &sample].concat()).unwrap()
        };
        let sub = "550e8400-e29b-41d4-a716-446655440000";
        let mut passes: Vec<_> = [
            ("IMPORT_KEY_ATTRIBUTE", "x"),
            ("IMPORT_SORT_KEY_ATTRIBUTE", "x"),
            ("IMPORT_NUMBER_ATTRIBUTE", "x"),
            ("IMPORT_EXPIRY_ATTRIBUTE", "x"),
            ("IMPORT_ORDER_ATTRIBUTE", "x"),
            ("IMPORT_NAME_ATTRIBUTE", "x"),
            ("IMPORT_ADDRESS_ATTRIBUTE", "x"),
            ("IMPORT_AMOUNT_ATTRIBUTE", "x"),
            ("IMPORT_CURRENCY_ATTRIBUTE", "x"),
            ("IMPORT_OWNER_ATTRIBUTE", "x"),
            ("IMPORT_OWNER_TABLE", "x"),
            ("IMPORT_OWNER", sub),
            ("IMPORT_VAULT_TABLE", "x"),
            ("IMPORT_VAULT_KEY_ARN", "x"),
            ("IMPORT_ORIGINAL_TABLE", "x"),
        ]
        .map(|change| settings(&[change]).pass(Action::Import))
        .into();
        let actions = [Action::Check, Action::Import, Action::CheckScrub, Action::Scrub, Action::Orphans];
        passes.extend(actions.map(|action| settings(&[]).pass(action)));
        let all = passes.len();
        passes.sort();
        passes.dedup();
        assert_eq!((passes.len(), all), (20, 20));
        assert_eq!(settings(&[]).pass(Action::Import), settings(&[]).pass(Action::Import));
    }

    #[test]
    fn a_number_in_the_key_is_found_in_either_part() {
        let columns = |changes: &[(&str, &str)]| {
            with(&[&[("IMPORT_OWNER_ATTRIBUTE", "o"), ("IMPORT_NUMBER_ATTRIBUTE", "n")], changes].concat())
                .unwrap()
                .columns
        };
        assert!(!columns(&[]).number_is_key());
        assert!(columns(&[("IMPORT_KEY_ATTRIBUTE", "n")]).number_is_key());
        assert!(columns(&[("IMPORT_SORT_KEY_ATTRIBUTE", "n")]).number_is_key());
    }
}
