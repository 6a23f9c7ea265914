//! Wiring of the paybill function.

use std::{convert::Infallible, sync::Arc};

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use order::platform;
use paybill::{Paybill, Sandbox, Settings};
use vault::Clock;

#[tokio::main]
async fn main() -> Result<(), Error> {
    platform::init_logs();
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    let config = platform::sdk_config().await;
    let paybill = Arc::new(Paybill::new(&config, settings, Arc::new(Sandbox::default()), Clock::system()));
    lambda_runtime::run(service_fn(|event: LambdaEvent<ApiGatewayProxyRequest>| {
        let paybill = paybill.clone();
        async move { Ok::<_, Infallible>(paybill.handle(event.payload).await) }
    }))
    .await
}
