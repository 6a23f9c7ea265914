//! Who may ask for what.

use super::{KEY, Page};
use crate::stack::{Stack, StackOptions};

#[tokio::test]
async fn only_a_loopback_host_is_served_and_every_answer_has_the_strict_policy() {
    let page = Page::start().await;
    let own = format!("Host: {}", page.address);
    for path in ["/", "/console/recent", "/console/js/main.js"] {
        let refused = page.raw(&format!("GET {path}"), &["Host: evil.example"], "").await;
        assert!(refused.starts_with("HTTP/1.1 403"), "{path}: {refused}");
        let served = page.raw(&format!("GET {path}"), &[&own], "").await;
        assert!(served.starts_with("HTTP/1.1 200"), "{path}: {served}");
        for answer in [refused, served] {
            let policy = answer.lines().find(|line| line.starts_with("content-security-policy: ")).unwrap();
            for rule in
                ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"]
            {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
        }
    }
}

#[test]
fn the_page_needs_no_inline_script_or_style_and_nothing_from_elsewhere() {
    let html = include_str!("../../../console/index.html");
    for forbidden in ["<style", "style=", "onclick", "onload", "http://", "https://", "javascript:"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let scripts = html.matches("<script").count();
    assert_eq!((scripts, html.matches(r#"<script type="module" src="/console/"#).count()), (1, 1));
}

#[tokio::test]
async fn nothing_changes_without_the_pages_own_origin() {
    let page = Page::start().await;
    let own = format!("Host: {}", page.address);
    let origin = format!("Origin: http://{}", page.address);
    let body = r#"{"name":"kms","on":true}"#;
    let json = "Content-Type: application/json";
    for headers in [
        vec![own.as_str(), json],
        vec![&own, "Origin: http://evil.example", json],
        vec![&own, "Origin: null", json],
        vec![&own, &origin, json, "Sec-Fetch-Site: cross-site"],
        vec![&own, &origin, "Content-Type: text/plain"],
        vec!["Host: evil.example", "Origin: http://evil.example", json],
    ] {
        let answer = page.raw("POST /console/switch", &headers, body).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{headers:?}: {answer}");
        assert!(page.stack.aws().faults().in_force().is_empty(), "{headers:?}");
    }
    for path in [
        "orders",
        "pay",
        "ask",
        "card",
        "forget",
        "processor",
        "operate",
        "operate/cancel",
        "all-off",
        "crash",
        "poison",
        "clock",
        "replay",
        "sweep",
    ] {
        let answer = page.raw(&format!("POST /console/{path}"), &[&own, json], "{}").await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{path}: {answer}");
        if path == "orders" {
            continue; // it can be searched
        }
        let answer = page.raw(&format!("GET /console/{path}"), &[&own], "").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{path}: {answer}");
    }
    let foreign = page.raw("GET /console/recent", &[&own, "Sec-Fetch-Site: same-site"], "").await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let answer = page.raw("POST /console/switch", &[&own, &origin, json], body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(page.stack.aws().faults().in_force().len(), 1);
}

#[tokio::test]
async fn a_stack_without_a_console_serves_none() {
    let issuer = crate::sign_in::kept_in(KEY.path()).unwrap();
    let stack = Stack::start(StackOptions::on_free_ports(issuer)).await.unwrap();
    let answer = reqwest::get(format!("{}/../", stack.api_url())).await.unwrap();
    assert_eq!(answer.status(), 404);
}
