//! Wiring of the rewrap function.

use clock::Clock;
use lambda_runtime::Error;
use platform::aws_client;
use rewrap::{Rewrap, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let rewrap = &Rewrap::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |request, deadline| Ok(rewrap.handle(request, deadline).await?)).await
}
