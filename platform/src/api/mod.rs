//! The conventions of the API, the same for every function behind it: the caller, what a request may contain, the
//! form of an error. Of all that a client sends, only a validated order id is sent back.

mod amount;
mod body;
mod caller;
mod cors;
mod deadline;
mod denied;
mod fields;
mod problems;
mod reply;
mod routes;
mod url;

pub use amount::amount;
pub use body::{LARGEST_BODY, json_body, take_body};
pub use caller::Caller;
pub use cors::Cors;
pub use deadline::before;
pub use denied::Denied;
pub use fields::Fields;
pub use problems::Problem;
pub use reply::{Reply, respond};
pub use routes::{ROUTES, no_route};
pub use url::{order_id, order_id_in_path, refuse_card_in_url};
