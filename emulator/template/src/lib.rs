#![doc = include_str!("../README.md")]

mod declared;
mod deployment;
mod evaluate;
mod globals;
mod parameters;
mod properties;
mod resolve;
mod resource;
mod resources;
mod rules;
mod template;
mod template_error;
#[cfg(test)]
mod tests;
mod views;
mod yaml;

pub use declared::{
    Api, Cors, DeclaredResource, DeletionPolicy, EventBus, Key, KeyAttribute, LambdaFunction, Output,
    Parameter, Queue, Route, Schedule, Stack, StreamMapping, Table,
};
pub use deployment::Deployment;
pub use resources::Resources;
pub use template::Template;
pub use template_error::TemplateError;
pub use yaml::{Document, read as read_yaml};
