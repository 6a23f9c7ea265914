#![doc = include_str!("../README.md")]

mod cognito;
mod cors;
mod event;
mod gateway_error;
mod issuer;
mod loopback;
mod reply;
mod rest_api;
mod route;
mod serve;
#[cfg(test)]
mod tests;
mod wiped;
mod wiped_body;

pub use cognito::{Cognito, CognitoError, CognitoSettings, CognitoSettingsError, CognitoState};
pub use gateway_error::{ErrorAnswer, GatewayError, aws_error_answer};
pub use issuer::{AuthorizerClaims, Issuer, IssuerError, KeyError, TOKEN_LIFETIME, TokenError, UserPool};
pub use loopback::is_local;
pub use rest_api::{Cors, RestApi};
pub use route::Route;
pub use serve::{INTEGRATION_TIMEOUT, MAX_BODY_BYTES, answer, read_body, serve, serve_beside};
pub use wiped::WipedBuffer;
