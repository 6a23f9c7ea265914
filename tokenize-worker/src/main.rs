//! Wiring of the tokenize-worker function.

use lambda_runtime::Error;
use order::platform;
use tokenize_worker::{Settings, TokenizeWorker};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    let worker = &TokenizeWorker::new(&platform::sdk_config().await, settings, Clock::system());
    platform::run(async |event, deadline| Ok(worker.handle(event, deadline).await)).await
}
