//! What a web page of another origin may read of an answer. API Gateway answers the preflight request itself; the
//! real answer needs its headers from the function.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html>

use http::{HeaderMap, HeaderValue, header};

use crate::settings::{Lookup, SettingError};

/// The one origin whose pages may read answers, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors(Option<HeaderValue>);

impl Cors {
    /// `CORS_ORIGIN`, such as `https://shop.example.com`; empty: none.
    ///
    /// # Errors
    /// [`SettingError`] when it is missing, or has characters that a header cannot have.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        let wrong = || SettingError::Unreadable("CORS_ORIGIN");
        let origin = lookup("CORS_ORIGIN").ok_or_else(wrong)?;
        if origin.is_empty() {
            return Ok(Self(None));
        }
        origin.parse().map(|origin| Self(Some(origin))).map_err(|_| wrong())
    }

    /// Lets that origin read an answer, and those of our headers that a browser would otherwise hide from the page.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        if let Some(origin) = &self.0 {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let shown = HeaderValue::from_static("Location, Retry-After");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, shown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: &str) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        Cors::read(&|_| Some(origin.to_owned())).unwrap().add_to(&mut headers);
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn an_answer_may_be_read_by_the_given_origin_or_by_none() {
        assert_eq!(headers(""), []);
        let both = [
            ("access-control-allow-origin", "https://shop.example.com"),
            ("access-control-expose-headers", "Location, Retry-After"),
        ];
        assert_eq!(
            headers("https://shop.example.com"),
            both.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn an_origin_that_is_missing_or_breaks_a_header_is_a_wrong_setting() {
        for origin in [None, Some("https://a\r\nSet-Cookie: b")] {
            let read = Cors::read(&|_| origin.map(str::to_owned));
            assert_eq!(read, Err(SettingError::Unreadable("CORS_ORIGIN")));
        }
    }
}
