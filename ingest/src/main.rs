//! Wiring of the ingest function.

use ingest::{Ingest, Settings};
use lambda_runtime::Error;
use order::platform;
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    let ingest = &Ingest::new(&platform::sdk_config().await, settings, Clock::system());
    platform::run(async |request, deadline| Ok(ingest.handle(request, deadline).await)).await
}
