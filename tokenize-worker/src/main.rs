//! Wiring of the tokenize-worker function.

use std::{convert::Infallible, sync::Arc};

use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use order::platform;
use tokenize_worker::{Settings, TokenizeWorker};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs();
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    let worker = Arc::new(TokenizeWorker::new(&platform::sdk_config().await, settings, Clock::system()));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| {
        let worker = worker.clone();
        async move {
            let deadline = event.context.deadline();
            Ok::<_, Infallible>(worker.handle(event.payload, deadline).await)
        }
    }))
    .await
}
