//! Words as a shell takes them: whatever is in one, the shell reads one word, that one.

/// A word between single quotes, for a POSIX shell.
#[must_use]
pub fn posix_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A word between single quotes, for fish.
#[must_use]
pub fn fish_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_survives_quotes_and_backslashes() {
        assert_eq!(posix_quoted("it's"), r"'it'\''s'");
        assert_eq!(fish_quoted(r"it's \"), r"'it\'s \\'");
    }
}
