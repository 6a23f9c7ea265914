//! Wildcards of policies: `*` for any text, `?` for one character.

/// Whether all of `text` fits. The work grows with the product of both lengths, whatever the pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| head(first, text)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // What fits from a later place on, fits from the first one, so no other is tried.
        let Some(behind) = behind_first(part, rest) else { return false };
        rest = behind;
    }
    is_end(last, rest)
}

/// The same for ARNs: a wildcard stays within its one of the six parts.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(crate) fn matches_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (wanted, parts): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    wanted.len() == parts.len() && wanted.iter().zip(parts).all(|(wanted, part)| matches(wanted, part))
}

/// What follows the first place in `text` that fits a pattern without a star.
fn behind_first<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let mut places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    places.find_map(|at| head(pattern, text.get(at..)?))
}

/// Whether the end of `text` fits a pattern without a star.
fn is_end(pattern: &str, text: &str) -> bool {
    let mut rest = text.chars().rev();
    pattern.chars().rev().all(|wanted| rest.next().is_some_and(|found| wanted == '?' || wanted == found))
}

/// What follows the beginning of `text` that fits a pattern without a star.
fn head<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let mut rest = text.chars();
    for wanted in pattern.chars() {
        let found = rest.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_text_or_one_character() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("kms:Decrypt", "kms:Decrypt", true),
            ("kms:Decrypt", "kms:DecryptX", false),
            ("kms:Get*", "kms:GetKeyPolicy", true),
            ("kms:Get*", "kms:Get", true),
            ("*Key*", "kms:GenerateDataKeyPair", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?*", "ä", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*a?", "aab", true),
            ("*?", "", false),
            ("**", "", true),
            ("a*bc*c", "abc", false),
            ("a*bc*c", "abbcc", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    /// Found by fuzzing: with every place tried for every star, this would take years.
    #[test]
    fn many_stars_take_no_longer() {
        let text = "a".repeat(200);
        assert!(!matches(&format!("{}b", "*a".repeat(60)), &text));
        assert!(matches(&"*a".repeat(60), &text));
        assert!(!matches(&format!("{}?", "*".repeat(60)), ""));
    }

    #[test]
    fn a_wildcard_of_an_arn_stays_in_its_part() {
        let stream = "arn:aws:dynamodb:us-east-1:1:table/T/stream/2026-01-01T00:00:00.000";
        assert!(matches_arn("arn:aws:dynamodb:us-east-1:1:table/T/stream/*", stream));
        assert!(matches_arn("*", stream));
        assert!(!matches_arn("arn:aws:dynamodb:us-east-1:1:table/T", stream));
        assert!(!matches_arn("arn:aws:dynamodb:*:table/T/stream/*", stream));
        assert!(!matches_arn("arn:aws:*", stream));
    }
}
