//! Wiring of the paybill function.

use clock::Clock;
use lambda_runtime::Error;
use paybill::{Paybill, Settings};
use platform::aws_client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let (config, clock) = (aws_client::sdk_config(lookup)?, Clock::system());
    let processor = paybill::connect(&config, &settings.processor, clock.clone())?;
    let paybill = &Paybill::new(&config, settings, processor, clock);
    platform::run(async |request, deadline| Ok(paybill.handle(request, deadline).await)).await
}
