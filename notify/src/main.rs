//! Wiring of the notify function.

use clock::Clock;
use lambda_runtime::Error;
use notify::{Notify, Settings};
use platform::aws_client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let notify = &Notify::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |event, deadline| Ok(notify.handle(event, deadline).await)).await
}
