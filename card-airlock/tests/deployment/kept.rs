//! What outlives the stack.

use std::collections::BTreeMap;

use super::{made, of_kind, shipped};
use card_airlock::deployment::{self, SHIPPED};
use card_airlock_template::read_yaml;

#[test]
fn what_holds_data_outlives_the_stack() {
    let declared = read_yaml(SHIPPED).unwrap();
    let kinds = ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Cognito::UserPool", "AWS::Logs::LogGroup"];
    let mut kept = 0;
    for (logical_id, resource) in declared["Resources"].as_object().unwrap() {
        if kinds.contains(&resource["Type"].as_str().unwrap()) || logical_id.ends_with("DeadLetterQueue") {
            // A first deployment that fails must not leave behind what blocks or burdens the next. What is protected
            // from deletion cannot be rolled back, and is made late (scripts/transformed-template.py).
            let properties = &resource["Properties"];
            let is_protected = properties["DeletionProtectionEnabled"] == true
                || properties["DeletionProtection"] == "ACTIVE";
            let policy = if is_protected { "Retain" } else { "RetainExceptOnCreate" };
            assert_eq!(resource["DeletionPolicy"], policy, "{logical_id}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{logical_id}");
            kept += 1;
        }
    }
    assert_eq!(kept, 6 + 4 + 1 + 12 + 2);
    assert_eq!(shipped().properties("UserPool").unwrap()["DeletionProtection"], "ACTIVE");
}

#[test]
fn what_a_deleted_stack_leaves_is_imported_as_it_was() {
    let text = include_str!("../../../docs/retained.yaml");
    let retained = deployment::template(text, &BTreeMap::new()).unwrap();
    assert_eq!(retained.tables(&made()).unwrap(), shipped().tables);
    let kinds = ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Cognito::UserPool"];
    let shipped = deployment::shipped().unwrap();
    for kind in kinds {
        assert_eq!(of_kind(&retained, kind), of_kind(&shipped, kind), "{kind}");
    }
}
