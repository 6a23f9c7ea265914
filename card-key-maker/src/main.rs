//! Wiring of the card-key-maker function.

use card_key_maker::{Maker, Settings};
use clock::Clock;
use lambda_runtime::Error;
use platform::aws_client;
use serde::de::IgnoredAny;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let maker = &Maker::new(&aws_client::sdk_config(lookup)?, settings, Clock::system());
    platform::run(async |_: IgnoredAny, _| Ok(maker.run().await?)).await
}
