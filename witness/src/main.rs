//! Wiring of the witness.

use clock::Clock;
use lambda_runtime::Error;
use platform::aws_client;
use witness::{HeadLog, Settings, Witness};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    platform::init_logs()?;
    let lookup = &|name: &str| std::env::var(name).ok();
    let settings = Settings::read(lookup)?;
    let config = aws_client::sdk_config(lookup)?;
    let witness = &Witness::new(&config, settings, HeadLog::standard_output(), Clock::system());
    platform::run(async |event, deadline| Ok(witness.handle(event, deadline).await)).await
}
