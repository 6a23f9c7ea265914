//! The list of every stored attribute (`order::attributes`), beside what repeats it: the policies and the data model of
//! ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};

use order::attributes::{Protection, TABLES, Table};
use serde_json::Value;

use super::{statements, texts, with_everything};

const ARCHITECTURE: &str = include_str!("../../../ARCHITECTURE.md");

#[test]
fn each_statement_names_the_attributes_that_its_requests_name_and_no_others() {
    let mut listed: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for attribute in TABLES.iter().flat_map(|table| table.attributes) {
        for statement in attribute.named_by.iter().flat_map(|access| access.statements()) {
            listed.entry(*statement).or_default().insert(attribute.name);
        }
    }
    let (template, stack) = with_everything();
    let mut found: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (policy, statement) in statements(&template, &stack) {
        let conditions = statement.get("Condition").and_then(Value::as_object);
        let Some(names) =
            conditions.and_then(|all| all.get("ForAllValues:StringEquals")?.get("dynamodb:Attributes"))
        else {
            continue;
        };
        let sid = statement["Sid"].as_str().unwrap();
        assert!(
            found.insert((policy, sid), texts(names).into_iter().collect()).is_none(),
            "{policy} {sid} twice"
        );
    }
    assert_eq!(found, listed);
}

#[test]
fn the_data_model_lists_each_attribute_with_its_type() {
    for table in TABLES {
        let after = ARCHITECTURE.split_once(&format!("\n`{}`", table.logical_id)).unwrap().1;
        let mut documented = BTreeMap::new();
        for row in rows(after) {
            let types: Vec<_> = row[1].split(", ").collect();
            for (at, name) in names(row[0]).into_iter().enumerate() {
                documented.insert(name, *types.get(at).unwrap_or(&types[0]));
            }
        }
        let listed = table.attributes.iter().map(|attribute| (attribute.name, attribute.kind.to_string()));
        let documented: Vec<_> = documented.into_iter().map(|(name, kind)| (name, kind.to_owned())).collect();
        assert_eq!(
            documented,
            listed.collect::<BTreeMap<_, _>>().into_iter().collect::<Vec<_>>(),
            "{}",
            table.logical_id
        );
    }
}

#[test]
fn the_table_of_protections_says_of_each_attribute_what_holds_it() {
    let after = ARCHITECTURE.split_once("### Every stored attribute").unwrap().1;
    let mut documented = BTreeMap::new();
    for row in rows(after) {
        for name in names(row[1]) {
            documented.insert((row[0], name), row[2].split([' ', ',']).next().unwrap());
        }
    }
    let listed = TABLES.iter().flat_map(|table| {
        table.attributes.iter().map(|attribute| {
            let protection = match attribute.protection {
                Protection::Authenticated => "authenticated",
                Protection::Derived => "derived",
                Protection::Checked => "checked",
                Protection::Free => "free",
            };
            ((word(table), attribute.name), protection)
        })
    });
    assert_eq!(documented, listed.collect());
}

fn word(table: &Table) -> &'static str {
    let words = [
        ("OrderQuarantineTable", "quarantine"),
        ("CreditCardTokenizerTable", "vault"),
        ("CustomerOrderTable", "clean"),
        ("DetokenizeAuditTable", "audit"),
    ];
    words.into_iter().find(|(logical_id, _)| *logical_id == table.logical_id).unwrap().1
}

/// The cells of the first table in a text of markdown, without its head.
fn rows(markdown: &str) -> Vec<Vec<&str>> {
    let table =
        markdown.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    table.skip(2).map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What a cell has between backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}
