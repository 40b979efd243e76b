//! Text of others, made so that a terminal shows it and does not obey it.

/// Bytes of a record as text that a terminal shows and does not obey: control characters,
/// bytes that are no UTF-8, and marks that turn the writing direction are escaped.
#[must_use]
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\\' => out.push('\\'),
                c if is_unsafe(c) => out.extend(c.escape_unicode()),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// Whether a terminal would obey or hide a character.
pub(super) fn is_unsafe(c: char) -> bool {
    // C0, DEL and C1; line separators; and what reorders text or is not shown at all: Unicode's
    // Default_Ignorable_Code_Point (DerivedCoreProperties.txt, version 16).
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// As [`visible`], line by line.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| visible(line.as_bytes())).collect();
    lines.join("\n")
}

/// As [`visible`], and cut where a message would become a page.
#[must_use]
pub fn short(text: &str) -> String {
    const LONGEST: usize = 160;
    match text.char_indices().nth(LONGEST) {
        None => visible(text.as_bytes()),
        Some((end, _)) => visible(&text.as_bytes()[..end]) + "…",
    }
}

/// JSON, with the characters escaped that a terminal would obey: JSON itself leaves
/// DEL, C1 and what turns the writing direction as they are.
#[must_use]
pub fn json_visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // None of them is outside a string.
        match c {
            c if is_unsafe(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(visible(b"a\x1b[2J\xff\n"), "a\\u{1b}[2J\\xff\\n");
        assert_eq!(visible("\u{202e}\u{9b}é".as_bytes()), "\\u{202e}\\u{9b}é");
        assert_eq!(visible(br"a\b"), r"a\b");
        assert_eq!(visible_lines("a\n\x1b[m\n"), "a\n\\u{1b}[m\n");
        assert_eq!(short("\x1b[2J\u{202e}"), "\\u{1b}[2J\\u{202e}");
    }

    #[test]
    fn a_text_that_would_fill_a_page_is_cut() {
        assert_eq!(short("a b"), "a b");
        assert_eq!(short(&"é".repeat(160)), "é".repeat(160));
        assert_eq!(short(&"é".repeat(161)), format!("{}…", "é".repeat(160)));
    }

    #[test]
    fn json_is_the_same_without_what_a_terminal_would_obey() {
        let json = json_visible(&json!({"\u{7f}": "\x1b\u{9b}\u{202e}é"}).to_string());
        assert_eq!(json, r#"{"\u007f":"\u001b\u009b\u202eé"}"#);
        let tag = json!("a\u{e0041}\u{ad}");
        assert_eq!(json_visible(&tag.to_string()), r#""a\udb40\udc41\u00ad""#);
        assert_eq!(serde_json::from_str::<Value>(&json_visible(&tag.to_string())).unwrap(), tag);
    }
}
