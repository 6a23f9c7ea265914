//! Wiring of the import function.

use clock::Clock;
use import::{Import, Settings};
use lambda_runtime::Error;
use platform::aws_client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let import = &Import::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |request, deadline| Ok(import.handle(request, deadline).await?)).await
}
