//! Wiring of the forget function.

use lambda_runtime::Error;
use order::platform;
use paybill::forget::{Forget, ForgetSettings};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs();
    let settings = ForgetSettings::read(&|name| std::env::var(name).ok())?;
    let forget = &Forget::new(&platform::sdk_config().await, settings, Clock::system());
    platform::run(async |request, deadline| Ok(forget.handle(request, deadline).await)).await
}
