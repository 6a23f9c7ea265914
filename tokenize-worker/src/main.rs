//! Wiring of the tokenize-worker function.

use clock::Clock;
use lambda_runtime::Error;
use platform::aws_client;
use tokenize_worker::{Settings, TokenizeWorker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let worker = &TokenizeWorker::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |event, deadline| Ok(worker.handle(event, deadline).await)).await
}
