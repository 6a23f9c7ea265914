//! The list of every stored attribute (`order::attributes`), beside what repeats it: the policies and
//! docs/data-model.md.

use std::collections::{BTreeMap, BTreeSet};

use order::attributes::{Access, Protection, TABLES, Table};
use serde_json::Value;

use super::{
    markdown::{code, rows, section},
    statements, texts, with_everything,
};

/// The source of an import and its table of owners are not the stack's: parameters name their attributes.
const OF_OTHER_TABLES: [(&str, &str); 3] = [
    ("ImportPolicy", "ReadTheSource"),
    ("ImportPolicy", "MarkOrScrubARow"),
    ("ImportPolicy", "LookAnOwnerUp"),
];

const DATA_MODEL: &str = include_str!("../../../docs/data-model.md");

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
        if OF_OTHER_TABLES.contains(&(policy, sid)) {
            continue;
        }
        assert!(
            found.insert((policy, sid), texts(names).into_iter().collect()).is_none(),
            "{policy} {sid} twice"
        );
    }
    assert_eq!(found, listed);
}

#[test]
fn an_import_names_the_attributes_that_its_parameters_name_and_writes_two() {
    let (template, stack) = with_everything();
    let named = |sid: &str| -> BTreeSet<&str> {
        let all = statements(&template, &stack);
        let (_, statement) =
            all.iter().find(|(policy, of)| *policy == "ImportPolicy" && of["Sid"] == sid).unwrap();
        texts(&statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"])
            .into_iter()
            .collect()
    };
    let key_and_number = ["CardAirlockMark", "Id", "Line", "Card"];
    let others = ["Until", "OrderNo", "Client", "Where", "Cents", "Money", "Buyer", "CreditCardToken"];
    assert_eq!(named("MarkOrScrubARow"), key_and_number.into());
    assert_eq!(named("ReadTheSource"), key_and_number.into_iter().chain(others).collect());
    assert_eq!(named("LookAnOwnerUp"), ["Id", "Owner"].into());
}

#[test]
fn the_data_model_lists_each_attribute_with_its_type() {
    for table in TABLES {
        let mut documented = BTreeMap::new();
        for row in rows(of(&table)) {
            let types: Vec<_> = row[1].split(", ").collect();
            for (at, name) in code(row[0]).into_iter().enumerate() {
                documented.insert(name, (*types.get(at).unwrap_or(&types[0])).to_owned());
            }
        }
        let listed = table.attributes.iter().map(|attribute| (attribute.name, attribute.kind.to_string()));
        assert_eq!(documented, listed.collect(), "{}", table.logical_id);
    }
}

#[test]
fn the_data_model_names_every_function_whose_writes_name_an_attribute() {
    for table in TABLES {
        let (_, puts) = words(&table);
        for row in rows(of(&table)) {
            let documented: BTreeSet<_> = FUNCTIONS
                .into_iter()
                .filter(|function| row[2].contains(function) && *function != puts)
                .collect();
            for name in code(row[0]) {
                let attribute = table.attributes.iter().find(|attribute| attribute.name == name).unwrap();
                let writes = attribute.named_by.iter().filter(|access| !reads(**access));
                let policies = writes.flat_map(|access| access.statements()).map(|(policy, _)| *policy);
                let listed: BTreeSet<_> =
                    policies.map(function_of).filter(|function| *function != puts).collect();
                assert_eq!(documented, listed, "{} {name}", table.logical_id);
            }
        }
    }
}

#[test]
fn the_data_model_says_what_is_removed_on_expiry() {
    for table in TABLES {
        for row in rows(of(&table)) {
            for name in code(row[0]) {
                let attribute = table.attributes.iter().find(|attribute| attribute.name == name).unwrap();
                let removed = attribute.named_by.contains(&Access::ExpiryRemoves);
                assert_eq!(row[2].contains("removed on expiry"), removed, "{} {name}", table.logical_id);
            }
        }
    }
}

#[test]
fn the_table_of_protections_says_of_each_attribute_what_holds_it() {
    let mut documented = BTreeMap::new();
    for row in rows(section(DATA_MODEL, "## Every stored attribute: authenticated, derived, checked or free"))
    {
        for name in code(row[1]) {
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
            ((words(table).0, attribute.name), protection)
        })
    });
    assert_eq!(documented, listed.collect());
}

/// The functions as the data model calls them, and the person who settles payments.
const FUNCTIONS: [&str; 11] = [
    "ingest",
    "worker",
    "replay",
    "paybill",
    "forget",
    "rewrap",
    "import",
    "card-key-maker",
    "card-keys",
    "witness",
    "operator",
];

/// The function of a policy.
fn function_of(policy: &str) -> &'static str {
    let policies = [
        "IngestPolicy",
        "TokenizeWorkerPolicy",
        "ReplayPolicy",
        "PaybillPolicy",
        "ForgetPolicy",
        "RewrapPolicy",
        "ImportPolicy",
        "CardKeyMakerPolicy",
        "CardKeysPolicy",
        "WitnessPolicy",
        "OperatorSettle",
    ];
    let at = policies.into_iter().position(|known| known == policy).unwrap();
    FUNCTIONS[at]
}

/// A table's name in the table of protections, and the function that puts its rows, which names no attributes in IAM.
fn words(table: &Table) -> (&'static str, &'static str) {
    match table.logical_id {
        "OrderQuarantineTable" => ("quarantine", "ingest"),
        "CreditCardTokenizerTable" => ("vault", "worker"),
        "CustomerOrderTable" => ("clean", "worker"),
        "DetokenizeAuditTable" => ("audit", "paybill"),
        "AuditWitnessTable" => ("witness", "witness"),
        "CardKeyTable" => ("card keys", "card-key-maker"),
        other => panic!("{other} has no name"),
    }
}

/// The section of the data model about a table.
fn of(table: &Table) -> &'static str {
    let after = DATA_MODEL.split_once(&format!("\n`{}`", table.logical_id)).unwrap().1;
    after.find("\n#").map_or(after, |end| &after[..end])
}

/// Whether a request only reads.
fn reads(access: Access) -> bool {
    format!("{access:?}").starts_with("Read")
}
