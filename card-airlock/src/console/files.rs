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
    file!("css/panel.css", CSS),
    file!("css/state.css", CSS),
    file!("css/story.css", CSS),
    file!("icon.svg", SVG),
    file!("js/airlock/airlock.js", JS),
    file!("js/airlock/capsule.js", JS),
    file!("js/airlock/drawing.js", JS),
    file!("js/airlock/geometry.js", JS),
    file!("js/airlock/glyphs.js", JS),
    file!("js/airlock/moves.js", JS),
    file!("js/airlock/slots.js", JS),
    file!("js/announce.js", JS),
    file!("js/answer.js", JS),
    file!("js/banner.js", JS),
    file!("js/break.js", JS),
    file!("js/bulk.js", JS),
    file!("js/card.js", JS),
    file!("js/card_choice.js", JS),
    file!("js/charts.js", JS),
    file!("js/columns.js", JS),
    file!("js/commands.js", JS),
    file!("js/copy.js", JS),
    file!("js/dom.js", JS),
    file!("js/fix.js", JS),
    file!("js/format.js", JS),
    file!("js/inside/about.js", JS),
    file!("js/inside/inside.js", JS),
    file!("js/inside/log_filter.js", JS),
    file!("js/inside/phases.js", JS),
    file!("js/inside/rows.js", JS),
    file!("js/inside/story.js", JS),
    file!("js/inside/tabs.js", JS),
    file!("js/inside/tale.js", JS),
    file!("js/inside/traces.js", JS),
    file!("js/inside/whole.js", JS),
    file!("js/inside/words.js", JS),
    file!("js/jwe.js", JS),
    file!("js/live.js", JS),
    file!("js/main.js", JS),
    file!("js/numbers.js", JS),
    file!("js/operation.js", JS),
    file!("js/order_actions.js", JS),
    file!("js/orders/list.js", JS),
    file!("js/orders/row.js", JS),
    file!("js/orders/search.js", JS),
    file!("js/panel.js", JS),
    file!("js/parts.js", JS),
    file!("js/pay.js", JS),
    file!("js/place.js", JS),
    file!("js/processor.js", JS),
    file!("js/reach.js", JS),
    file!("js/reasons.js", JS),
    file!("js/recovery.js", JS),
    file!("js/roving.js", JS),
    file!("js/server.js", JS),
    file!("js/still.js", JS),
    file!("js/store.js", JS),
    file!("js/sure.js", JS),
    file!("js/switches.js", JS),
    file!("js/theme.js", JS),
    file!("js/who.js", JS),
];

/// A route for each.
pub(super) fn routes() -> Router<Arc<Console>> {
    FILES.iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { ([(CONTENT_TYPE, *kind)], *text) }))
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::FILES;

    #[test]
    fn every_file_of_the_page_is_served() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
        let mut folders = vec!["css".to_owned(), "js".to_owned()];
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(page.join(&folder)).unwrap() {
                let entry = entry.unwrap();
                let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
                if entry.file_type().unwrap().is_dir() {
                    folders.push(name);
                    continue;
                }
                found += 1;
                let route = format!("/console/{name}");
                assert!(FILES.iter().any(|(path, ..)| *path == route), "{name}");
            }
        }
        assert_eq!(found + 2, FILES.len(), "and the page itself and its icon");
    }
}
