//! Words of a shell without their quotes.
//!
//! What lives here: what bash makes of `'…'`, `"…"`, `$'…'` and backslashes that it expands nothing
//! in. Pure.

/// A text without the quotes that bash removes; `None` if a quote is not closed.
#[must_use]
pub fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'$', [b'\'', after @ ..]) => ansi_c(after, &mut out)?,
            (b'\'', _) => {
                let end = after.iter().position(|byte| *byte == b'\'')?;
                out.extend_from_slice(&after[..end]);
                &after[end + 1..]
            }
            (b'"', _) => double_quoted(after, &mut out)?,
            (b'\\', [escaped, after @ ..]) => {
                out.push(*escaped);
                after
            }
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    Some(out)
}

/// Up to the closing `"`; what follows it.
fn double_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', escaped @ (b'$' | b'`' | b'"' | b'\\'), after @ ..] => {
                out.push(*escaped);
                rest = after;
            }
            [b'\\', b'\n', after @ ..] => rest = after,
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

/// Up to the closing `'` of `$'…'`; what follows it.
fn ansi_c<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        if *byte == b'\'' {
            return Some(rest);
        }
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (kind, after) = rest.split_first()?;
        rest = after;
        let plain = match kind {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => *kind,
            b'x' => {
                let (value, after) = digits(rest, 16, 2);
                rest = after;
                u8::try_from(value).ok()?
            }
            b'0'..=b'7' => {
                let (value, after) = digits(std::slice::from_ref(kind), 8, 1);
                let (more, left) = digits(rest, 8, 2);
                let value = value << (3 * (rest.len() - left.len())) | more;
                debug_assert!(after.is_empty());
                rest = left;
                u8::try_from(value & 0xff).ok()?
            }
            b'u' | b'U' => {
                let (value, after) = digits(rest, 16, if *kind == b'u' { 4 } else { 8 });
                rest = after;
                let mut buffer = [0; 4];
                out.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut buffer).as_bytes());
                continue;
            }
            other => {
                out.push(b'\\');
                *other
            }
        };
        out.push(plain);
    }
}

/// A number of at most so many digits, and what follows it.
fn digits(text: &[u8], base: u32, most: usize) -> (u32, &[u8]) {
    let count = text.iter().take(most).take_while(|byte| char::from(**byte).is_digit(base)).count();
    let value = text[..count]
        .iter()
        .fold(0_u32, |value, byte| value * base + char::from(*byte).to_digit(base).unwrap_or_default());
    (value, &text[count..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_come_off_as_bash_takes_them_off() {
        for (quoted, plain) in [
            (&br"$'a\e[0m\x41\101\u00e9\'\\n\q'"[..], &b"a\x1b[0mAA\xc3\xa9'\\n\\q"[..]),
            (br"'it'\''s'", b"it's"),
            (br#""a \"b\" \$c \d""#, br#"a "b" $c \d"#),
            (b"a' 'b", b"a b"),
        ] {
            assert_eq!(unquoted(quoted).as_deref(), Some(plain), "{}", String::from_utf8_lossy(quoted));
        }
        for open in [&b"'a"[..], b"\"a", b"$'a", br"$'a\'"] {
            assert_eq!(unquoted(open), None);
        }
    }
}
