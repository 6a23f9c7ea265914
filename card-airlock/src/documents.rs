//! How messages name the documents: who has the program alone has no file of the repository.

pub(crate) const DEPLOYING: &str = "\"Deploying Card Airlock\" in the documentation";
pub(crate) const KEYS: &str = "\"The keys\" in the documentation";
pub(crate) const MIGRATING: &str = "\"Migrating\" in the documentation";
pub(crate) const OPERATING: &str = "\"Operating Card Airlock\" in the documentation";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_by_its_title() {
        for (name, text) in [
            (DEPLOYING, include_str!("../../docs/deploying.md")),
            (KEYS, include_str!("../../docs/keys.md")),
            (MIGRATING, include_str!("../../docs/migrating.md")),
            (OPERATING, include_str!("../../docs/operating.md")),
        ] {
            let title = name.split('"').nth(1).unwrap();
            assert!(text.starts_with(&format!("# {title}")), "{name}");
        }
    }
}
