//! The page's files, within the program.

use std::sync::Arc;

use axum::{Router, http::header::CONTENT_TYPE, routing::get};

use super::state::Console;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! file {
    ($path:literal, $kind:expr) => {
        (concat!("/console/", $path), $kind, include_str!(concat!("../../console/", $path)))
    };
}

const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../../console/index.html")),
    file!("css/airlock.css", CSS),
    file!("css/base.css", CSS),
    file!("css/controls.css", CSS),
    file!("css/inside.css", CSS),
    file!("css/layout.css", CSS),
    file!("icon.svg", SVG),
    file!("js/airlock/airlock.js", JS),
    file!("js/airlock/capsule.js", JS),
    file!("js/airlock/drawing.js", JS),
    file!("js/airlock/geometry.js", JS),
    file!("js/airlock/glyphs.js", JS),
    file!("js/airlock/slots.js", JS),
    file!("js/answer.js", JS),
    file!("js/break.js", JS),
    file!("js/card.js", JS),
    file!("js/dom.js", JS),
    file!("js/format.js", JS),
    file!("js/inside/inside.js", JS),
    file!("js/inside/rows.js", JS),
    file!("js/inside/tabs.js", JS),
    file!("js/inside/traces.js", JS),
    file!("js/live.js", JS),
    file!("js/main.js", JS),
    file!("js/fix.js", JS),
    file!("js/numbers.js", JS),
    file!("js/orders.js", JS),
    file!("js/pay.js", JS),
    file!("js/place.js", JS),
    file!("js/server.js", JS),
    file!("js/store.js", JS),
];

/// A route for each.
pub(super) fn routes() -> Router<Arc<Console>> {
    FILES.iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { ([(CONTENT_TYPE, *kind)], *text) }))
    })
}
