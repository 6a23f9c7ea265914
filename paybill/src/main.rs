//! Wiring of the paybill function.

use lambda_runtime::Error;
use order::platform;
use paybill::{Paybill, Settings};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs();
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    let (config, clock) = (platform::sdk_config().await, Clock::system());
    let processor = paybill::connect(&config, &settings.processor, clock.clone())?;
    let paybill = &Paybill::new(&config, settings, processor, clock);
    platform::run(async |request, deadline| Ok(paybill.handle(request, deadline).await)).await
}
