//! Sealing: keys, the DSSE envelope, and the formats others accept.
//!
//! Pure, taking bytes and giving values: [`draft`], [`envelope`], [`form`], [`formats`], [`keys`],
//! [`statement`], [`trust`].
//! Doors, touching the world: [`agent`] (a socket) and [`signer`] (key files).
//! The pure ones import none of the doors.

pub mod agent;
pub mod draft;
pub mod envelope;
pub mod form;
pub mod formats;
pub mod keys;
pub mod signer;
pub mod statement;
pub mod trust;

/// Text out of a file that nobody vouches for, fit for a terminal: what is not
/// printable ASCII is escaped, and it is cut where a message would become a page.
pub(crate) fn shown(text: &str) -> String {
    const LIMIT: usize = 160;
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LIMIT {
            out.push('…');
            break;
        }
        if c == ' ' || c.is_ascii_graphic() {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(shown("a b"), "a b");
        assert_eq!(shown("\x1b[2J\u{202e}"), "\\u{1b}[2J\\u{202e}");
        assert_eq!(shown(&"x".repeat(161)), format!("{}…", "x".repeat(160)));
    }
}
