//! TOML that a user wrote, and the line and column of what is wrong with it.
//!
//! What lives here: text to tables, within bounds. What the tables may say is the business of who
//! asks for them.

use toml::Spanned;
use toml::de::DeTable;
use toml_parser::Source as Lexed;

use super::line_and_column;

/// The most tokens of a file: the parser takes some fifty bytes of memory for each, however short.
pub const TOKENS_MAX: usize = 200_000;

/// Why a file cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl std::error::Error for Wrong {}

/// The text of a file, to say where something is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a>(pub &'a str);

impl<'a> Source<'a> {
    /// What is wrong at a byte of the text.
    #[must_use]
    pub fn wrong(self, at: usize, what: impl Into<String>) -> Wrong {
        let (line, column) = line_and_column(self.0, at);
        Wrong { line, column, what: what.into() }
    }

    /// Reads a file of at most `max` bytes.
    ///
    /// # Errors
    /// It is longer, has more than [`TOKENS_MAX`] tokens, or is no TOML in UTF-8.
    pub fn read(bytes: &'a [u8], max: usize) -> Result<(Self, Spanned<DeTable<'a>>), Wrong> {
        if bytes.len() > max {
            return Err(Source("").wrong(0, format!("longer than {max} bytes")));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            Source(good).wrong(good.len(), "not UTF-8")
        })?;
        let source = Source(text);
        if let Some(token) = Lexed::new(text).lex().nth(TOKENS_MAX) {
            let what = format!("more than {TOKENS_MAX} words, marks and line ends");
            return Err(source.wrong(token.span().start(), what));
        }
        let table = DeTable::parse(text).map_err(|error| {
            source.wrong(error.span().map_or(0, |span| span.start), error.message().trim())
        })?;
        Ok((source, table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let read = |bytes: &[u8]| Source::read(bytes, 1 << 20).map(|_| ()).map_err(|wrong| wrong.to_string());
        assert_eq!(read(b"a = 1\n"), Ok(()));
        assert_eq!(read(b"a = 1\nb = \xff"), Err("line 2, column 5: not UTF-8".into()));
        assert!(read(b"a = 1\n\nb = [[}").unwrap_err().starts_with("line 3, column 7: "));
        assert_eq!(
            Source::read(b"a = 1", 4).unwrap_err().to_string(),
            "line 1, column 1: longer than 4 bytes"
        );
        // The end of the text is a token, too.
        let lines = "\n".repeat(TOKENS_MAX - 1);
        assert_eq!(read(lines.as_bytes()), Ok(()));
        let more = format!("{lines}\n#");
        let place = format!("line {}, column 1: more than 200000 words, marks and line ends", TOKENS_MAX + 1);
        assert_eq!(read(more.as_bytes()), Err(place));
    }
}
