//! The few styles of the program's output. The stream drops them when it is not a terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

/// A heading.
pub(crate) const HEADING: Style = Style::new().bold();
/// Something that is right.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Something that is wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Something less important.
pub(crate) const FAINT: Style = Style::new().dimmed();
