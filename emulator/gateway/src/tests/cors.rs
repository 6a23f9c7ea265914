//! What the pages of another origin are let do.

use super::*;

#[tokio::test]
async fn a_preflight_is_answered_without_a_token_for_the_methods_of_its_path() {
    let front = Front::letting_in(Some("https://shop.example.com")).await;
    for (path, methods) in [
        ("/dev/notes", "OPTIONS,POST"),
        ("/dev/notes/1", "GET,OPTIONS"),
        ("/dev/any", "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"),
    ] {
        let answer = front.ask_with(&format!("OPTIONS {path}"), &[], b"").await;
        assert_eq!(answer.status(), 200, "{}", answer.0);
        for header in [
            "access-control-allow-origin: https://shop.example.com",
            &format!("access-control-allow-methods: {methods}"),
            "access-control-allow-headers: Authorization,Content-Type",
            "access-control-max-age: 600",
        ] {
            assert!(answer.0.contains(&format!("{header}\r\n")), "{header}: {}", answer.0);
        }
        assert!(!answer.0.contains("credentials"), "{}", answer.0);
    }
    let refused = front.ask_with("GET /dev/notes/1", &[], b"").await;
    refused.assert_error(401, "UNAUTHORIZED", "Unauthorized");
    assert!(refused.0.contains("access-control-allow-origin: https://shop.example.com\r\n"), "{}", refused.0);
    let elsewhere = front.ask_with("OPTIONS /dev/nowhere", &[], b"").await;
    elsewhere.assert_error(403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
}

#[tokio::test]
async fn without_an_origin_no_answer_names_one() {
    let front = Front::letting_in(None).await;
    for head in ["OPTIONS /dev/notes", "GET /dev/notes/1", "OPTIONS /dev/nowhere"] {
        let answer = front.ask_with(head, &[], b"").await;
        assert!(!answer.0.contains("access-control-allow-origin"), "{}", answer.0);
    }
}
