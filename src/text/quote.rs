//! Words as a shell takes them: whatever is in one, the shell reads one word, that one.

use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt as _;

use super::escape::is_unsafe;

/// A word as a person types it at a POSIX shell: as it is where that is plain; between single
/// quotes; as `$'...'` where it holds what a terminal would obey or what is no UTF-8.
#[must_use]
pub fn quoted(word: &OsStr) -> String {
    match word.to_str() {
        Some(text) if is_plain(text) => text.to_owned(),
        Some(text) if !text.chars().any(is_unsafe) => posix_quoted(text),
        _ => ansi_c_quoted(word.as_encoded_bytes()),
    }
}

/// Words as a person types them, with blanks between.
#[must_use]
pub fn typed(words: &[Vec<u8>]) -> String {
    let words = words.iter().map(|word| quoted(OsStr::from_bytes(word)));
    words.collect::<Vec<_>>().join(" ")
}

/// Whether no shell sees more in a word than its characters.
fn is_plain(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%=:,".contains(c);
    // zsh takes a word that begins with = for the path of a program.
    !word.is_empty() && !word.starts_with('=') && word.chars().all(plain)
}

/// Between `$'` and `'`, for bash, zsh, ksh and what else knows POSIX of 2024. Octal
/// escapes end after three digits, whatever follows.
fn ansi_c_quoted(word: &[u8]) -> String {
    let mut out = String::from("$'");
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\\' | '\'' => out.extend(['\\', c]),
                c if is_unsafe(c) => octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        octal(&mut out, chunk.invalid());
    }
    out.push('\'');
    out
}

fn octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "\\{byte:03o}");
    }
}

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
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn quoting_survives_quotes_and_backslashes() {
        assert_eq!(posix_quoted("it's"), r"'it'\''s'");
        assert_eq!(fish_quoted(r"it's \"), r"'it\'s \\'");
    }

    #[test]
    fn a_word_is_quoted_as_far_as_it_has_to_be() {
        for (word, typed) in [
            (&b"/tmp/a-b_c.d+e@f%g=h:i,j"[..], "/tmp/a-b_c.d+e@f%g=h:i,j"),
            (b"", "''"),
            (b"=ls", "'=ls'"),
            (b"~", "'~'"),
            (b"a b", "'a b'"),
            (b"a; touch b #", "'a; touch b #'"),
            (b"it's", r"'it'\''s'"),
            ("é".as_bytes(), "'é'"),
            (b"a\nb", r"$'a\nb'"),
            (b"\x1b[1m'\\", r"$'\033[1m\'\\'"),
            (b"\xff9", r"$'\3779'"),
            ("\u{202e}".as_bytes(), r"$'\342\200\256'"),
        ] {
            assert_eq!(quoted(OsStr::from_bytes(word)), typed);
        }
    }
}
