//! Wiring of the card-keys function.

use card_keys::{CardKeys, Settings};
use clock::Clock;
use lambda_runtime::Error;
use platform::aws_client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let keys = &CardKeys::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |request, deadline| Ok(keys.handle(request, deadline).await)).await
}
