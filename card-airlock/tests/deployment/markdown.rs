//! Tables in the project's documents, which tests compare with the one list of a thing.

/// What stands below a heading, up to the next heading of any level.
pub(crate) fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let start = document.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let below = &document[start + heading.len()..];
    below.find("\n#").map_or(below, |end| &below[..end])
}

/// The cells of every table in a text, without the heads.
pub(crate) fn rows(markdown: &str) -> Vec<Vec<&str>> {
    let lines: Vec<_> = markdown.lines().collect();
    let is_head = |at: usize| lines.get(at + 1).is_some_and(|next| next.starts_with("|---"));
    let body = (0..lines.len()).filter(|at| lines[*at].starts_with('|') && !lines[*at].starts_with("|---"));
    body.filter(|at| !is_head(*at))
        .map(|at| lines[at].trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What a cell has between backticks.
pub(crate) fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}
