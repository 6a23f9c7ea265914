//! The host names by which a request may reach this machine. A page in the user's browser can make its own name point at
//! 127.0.0.1 (DNS rebinding); the Host header then still has that name.

use axum::{extract::Request, http::header::HOST};

/// Whether the request was sent to this machine by one of its own loopback names.
#[must_use]
pub fn is_local(request: &Request) -> bool {
    let named_in_target = request.uri().authority().is_none_or(|name| is_loopback_name(name.as_str()));
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => named_in_target && host.to_str().is_ok_and(is_loopback_name),
        _ => false,
    }
}

fn is_loopback_name(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].into_iter().any(|name| {
        host.split_at_checked(name.len())
            .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(name) && is_port_or_nothing(rest))
    })
}

fn is_port_or_nothing(rest: &str) -> bool {
    rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_ours() {
        for ours in ["127.0.0.1", "127.0.0.1:3000", "localhost:3000", "LocalHost", "[::1]:3000", "[::1]"] {
            assert!(is_loopback_name(ours), "{ours}");
        }
        let others = ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:3000"];
        for other in others.into_iter().chain(["localhost:x", "127.0.0.1:", "127.0.0.2", "user@localhost"]) {
            assert!(!is_loopback_name(other), "{other}");
        }
    }
}
