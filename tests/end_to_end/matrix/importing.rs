//! What an operator does who brings an order of another table in: imports it, again, and takes its number out there.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

use super::faults::{End, ORDERED, Stage, run_again};
use crate::simulation::world::{IMPORTED, Item, World};

/// A row is imported and scrubbed.
pub(super) struct Importing;

impl Stage for Importing {
    async fn begin(&self, world: &mut World, order: &str) {
        only_row(world, order).await;
    }

    async fn go(&self, world: &mut World, order: &str) {
        pass(world, "import").await;
        // It meets its own order in quarantine.
        pass(world, "import").await;
        pass(world, "scrub").await;
        assert_eq!(
            row(world, order).await["Card"],
            text(ORDERED.card),
            "it was scrubbed before its order was across"
        );
        world.settle().await;
        pass(world, "scrub").await;
        // And its own token.
        pass(world, "scrub").await;
        pass(world, "import").await;
        let clean = world.clean(order).await.expect("it is not across");
        let row = row(world, order).await;
        assert_eq!(row["Card"], clean["CreditCardToken"]);
        assert!(!row.contains_key("CardAirlockMark"), "{row:?}");
    }

    fn end(&self) -> End {
        End::Tokenized
    }
}

async fn pass(world: &World, action: &str) {
    run_again(world, async |world: &World| world.import(action).await).await;
}

/// A source with nothing in it but a row of this order.
async fn only_row(world: &World, order: &str) {
    let tables = world.dynamodb.list_tables().send().await.unwrap().table_names.unwrap();
    if !tables.iter().any(|name| name == IMPORTED) {
        let key = KeySchemaElement::builder().attribute_name("Id").key_type(KeyType::Hash).build().unwrap();
        let kind = AttributeDefinition::builder().attribute_name("Id").attribute_type(ScalarAttributeType::S);
        let table =
            world.dynamodb.create_table().table_name(IMPORTED).billing_mode(BillingMode::PayPerRequest);
        let table = table.key_schema(key).attribute_definitions(kind.build().unwrap());
        table.send().await.unwrap();
    }
    for row in world.dynamodb.scan().table_name(IMPORTED).send().await.unwrap().items.unwrap() {
        let delete = world.dynamodb.delete_item().table_name(IMPORTED).key("Id", row["Id"].clone());
        delete.send().await.unwrap();
    }
    let row =
        [("Id", order), ("Card", ORDERED.card), ("CustomerName", ORDERED.name), ("Address", ORDERED.address)];
    let row: Item = row.map(|(name, value)| (name.to_owned(), text(value))).into();
    world.dynamodb.put_item().table_name(IMPORTED).set_item(Some(row)).send().await.unwrap();
}

async fn row(world: &World, order: &str) -> Item {
    let read = world.dynamodb.get_item().table_name(IMPORTED).key("Id", text(order)).consistent_read(true);
    read.send().await.unwrap().item.expect("the row is gone")
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
