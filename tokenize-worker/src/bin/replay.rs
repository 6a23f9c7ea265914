//! Wiring of the replay function: the sweep by its schedule, the replay by an operator.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use order::platform;
use tokenize_worker::replay::{Replay, ReplaySettings, Request};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs();
    let settings = ReplaySettings::read(&|name| std::env::var(name).ok())?;
    let replay = Arc::new(Replay::new(&platform::sdk_config().await, settings, Clock::system()));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Request>| {
        let replay = replay.clone();
        async move {
            let deadline = event.context.deadline();
            let summary = replay.handle(event.payload, deadline).await?;
            Ok::<_, Error>(summary)
        }
    }))
    .await
}
