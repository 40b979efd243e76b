//! Colour, where standard output is a terminal that shows it and NO_COLOR is not set.

use std::io::IsTerminal;

use crate::paths;

/// The styles that are used; plain where colour is off.
#[derive(Clone, Copy)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// The style for standard output.
    #[must_use]
    pub fn for_output() -> Self {
        let dumb = paths::variable("TERM").is_none_or(|term| term == "dumb");
        Style { colour: std::io::stdout().is_terminal() && !dumb && paths::variable("NO_COLOR").is_none() }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// For what is well.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// For what is not.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// For what is less important.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// For what stands out.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }
}
