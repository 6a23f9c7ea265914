//! What is sent to a processor: a profile's template with the values of one payment.

mod encode;
mod values;

pub(super) use encode::render;
pub(super) use values::{Texts, Values, path};
