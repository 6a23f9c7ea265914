//! Wiring of the ingest function.

use clock::Clock;
use ingest::{Ingest, Settings};
use lambda_runtime::Error;
use platform::aws_client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let ingest = &Ingest::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |request, deadline| Ok(ingest.handle(request, deadline).await)).await
}
