//! Reads a template with one resource of each kind, and prints what it declares.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;

use card_airlock_template::{Deployment, Template, TemplateError};

fn main() -> Result<(), TemplateError> {
    let deployment = Deployment {
        region: "us-east-1".to_owned(),
        account_id: "123456789012".to_owned(),
        stack_name: "shop".to_owned(),
        user_pool_id: "us-east-1_Pool".to_owned(),
        user_pool_client_id: "client".to_owned(),
    };
    let template = Template::parse(include_str!("template.yaml"), deployment, &BTreeMap::new())?;
    let mut resources = template.named_here();
    for table in template.tables(&resources)? {
        println!("make the table {} with the key {:?}", table.name, table.key);
        resources.insert(&table.logical_id, &table.name, [("StreamArn", "arn:the-stream")]);
    }
    for queue in template.queues(&resources)? {
        println!("make the queue {}, messages kept {:?}", queue.name, queue.retention);
        resources.insert(&queue.logical_id, "http://the-queue", [("Arn", "arn:the-queue")]);
    }
    let stack = template.resolve(&resources)?;
    for function in &stack.functions {
        println!("{} runs {} with {:?}", function.logical_id, function.binary, function.environment);
    }
    for route in &stack.api.routes {
        println!("{} {} calls {}", route.method, route.path, route.function);
    }
    for mapping in &stack.stream_mappings {
        println!("{} invokes {}", mapping.stream_arn, mapping.function);
    }
    println!("outputs: {:?}", stack.outputs);
    Ok(())
}
