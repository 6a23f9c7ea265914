//! The few styles of the program's output. The stream drops them when it is no terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

/// A heading.
pub(crate) const HEADING: Style = Style::new().bold();
/// Something that holds.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Something that does not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Something beside the point.
pub(crate) const FAINT: Style = Style::new().dimmed();
