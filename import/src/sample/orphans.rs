//! Orphans: rows of the sample's vault that no order names. The sample left one whenever an order was sent twice.

use vault::Token;

use super::Sample;
use crate::{
    Import,
    error::ImportError,
    reason::Reason,
    row::Key,
    summary::{Outcome, PageDone, RowResult},
};

impl Import {
    /// Judges up to so many rows of the sample's vault. Rows of this stack's own vault are none of the sample's.
    ///
    /// # Errors
    /// [`ImportError`].
    pub(crate) async fn orphans(
        &self,
        sample: &Sample,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<PageDone, ImportError> {
        let page = sample.rows.tokens(after, limit).await?;
        let mut results = Vec::with_capacity(page.tokens.len());
        for text in page.tokens {
            // A key that is no token may be anything, so it is not shown.
            let token = text.parse::<Token>().ok();
            let (outcome, reason) = match token {
                None => (Outcome::Orphan, Some(Reason::TokenMalformed)),
                Some(token) if self.is_orphan(sample, token).await => (Outcome::Orphan, None),
                Some(_) => (Outcome::There, None),
            };
            let key = vec![token.map(|token| token.to_string())];
            results.push(RowResult { key, order: None, outcome, reason, owner_by: None });
        }
        Ok(PageDone { results, rows: page.rows, next: page.next })
    }
}
