//! The page's words for what the functions say.

use order::FailureReason;
use strum::VariantArray;

const REASONS: &str = include_str!("../../../console/js/reasons.js");

#[test]
fn every_reason_has_its_words_and_the_page_names_those_that_no_replay_starts_again() {
    let ended = REASONS.lines().find(|line| line.starts_with("const ENDED")).unwrap();
    for reason in FailureReason::VARIANTS {
        let code = reason.code();
        let is_told = REASONS.lines().any(|line| line.trim_start().starts_with(&format!("{code}: \"")));
        assert!(is_told, "{code}");
        assert_eq!(ended.contains(&format!("\"{code}\"")), !reason.is_replayable(), "{code}");
    }
}
