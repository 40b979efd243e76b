//! Values: which are no secrets, whatever their name says, and where one ends.
//!
//! What does not live here: which names say secret (`name`).

use std::ops::Range;

use super::name::{self, Kind, has};

/// Words that stand where a secret could, and are none.
const NEVER: &str = "true false yes no on off none null nil undefined required optional string str bytes bool \
    boolean int integer object any empty inherit hidden masked redacted prompt ask read write \
    function enabled disabled stdin";
/// Words that are none either, save where a password stands.
const ORDINARY: &str = "admin basic bearer digest token password secret oauth oauth2 always never auto env file text \
    username user self type value const let opaque generic list dict default";
/// What a reference in code begins with.
const SOURCES: &str = "process.env os.environ os.getenv env. secrets. vars. var. self. this. args. config. settings. \
    local. data. module. inputs. steps. github. needs. params. env: file: file:// op://";

/// What begins an order to a terminal.
pub(super) const ESCAPE: u8 = 0x1b;

/// From this length on only the beginning of a value is looked at.
const LONG: usize = 1024;

/// The part of a value that is a secret: all of it, what stands behind a variable, or what stands
/// for a variable that is not set.
pub(super) fn secret(value: &[u8], kind: Kind, literal: bool) -> Option<Range<usize>> {
    if !is_plain(value, kind, literal) {
        return Some(0..value.len());
    }
    if literal || value.len() > LONG || value.first() != Some(&b'$') {
        return None;
    }
    let braced = value.get(1) == Some(&b'{');
    let from = 1 + usize::from(braced);
    let of = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let end = from + value[from..].iter().take_while(of).count();
    if end == from {
        return None;
    }
    if braced && value.get(end) != Some(&b'}') {
        let sign = if value.get(end) == Some(&b':') { end + 1 } else { end };
        let start = sign + 1;
        value.get(sign).filter(|sign| b"-=+".contains(sign))?;
        let length = value[start..].iter().position(|byte| *byte == b'}');
        let end = length.map_or(value.len(), |length| start + length);
        return (!is_plain(&value[start..end], kind, false)).then_some(start..end);
    }
    let start = end + usize::from(braced);
    let skip = value[start..].iter().take_while(|byte| b"-_:+".contains(byte)).count();
    let rest = &value[start + skip..];
    let of = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+=".contains(byte);
    (is_drawn(rest, 8) && rest.iter().all(of)).then_some(start + skip..value.len())
}

/// Whether what follows an escaped `$` is a name that another shell reads.
fn is_used(rest: &[u8]) -> bool {
    let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let name = &rest[..name];
    match rest.first() {
        None | Some(b'{' | b'(' | b'@' | b'*' | b'#' | b'?') => true,
        Some(b'0'..=b'9') => rest.iter().all(u8::is_ascii_digit),
        Some(byte) => {
            (byte.is_ascii_uppercase() || *byte == b'_') && !name.iter().any(u8::is_ascii_lowercase)
        }
    }
}

/// Whether digits stand within letters, as in a password and in no name.
fn is_mixed(value: &[u8]) -> bool {
    let of = |from: &[u8]| from.iter().position(u8::is_ascii_digit);
    let Some(digit) = of(value) else { return false };
    value[..digit].iter().any(u8::is_ascii_alphabetic) && value[digit..].iter().any(u8::is_ascii_alphabetic)
}

/// Whether a value is no secret. `literal`: between single quotes, where `$` is a character.
pub(super) fn is_plain(value: &[u8], kind: Kind, literal: bool) -> bool {
    let value = value.trim_ascii();
    let Some(first) = value.first() else { return true };
    if value.len() > LONG {
        return *first == b'$' && !literal || *first == b'`';
    }
    let is = |byte: u8| value.iter().all(|one| *one == byte);
    let digits = value.iter().all(u8::is_ascii_digit);
    value.len() < 3
        || digits && value.len() <= 4
        || digits && kind == Kind::Token && value.len() <= 8
        || is_reference(value, kind, literal)
        || b"*xX.-#?".contains(first) && is(*first)
        || value.starts_with("•".as_bytes())
        || value.starts_with("…".as_bytes())
        || value.starts_with(b"***") && !(kind == Kind::Password && is_mixed(value))
        || has(NEVER, value.strip_suffix(b",").unwrap_or(value))
        || kind != Kind::Password && has(ORDINARY, value)
        || value.len() < 128 && is_source(value, kind)
        || is_number(value)
        || is_pattern(value, kind)
        || kind != Kind::Password && (value.starts_with(b"https://") || value.starts_with(b"http://"))
        || match kind {
            Kind::Password => false,
            Kind::Token => is_path(value) && !value.contains(&b'='),
            Kind::Api => is_path(value) || is_file(value),
            Kind::Key => is_path(value) || is_file(value) || is_below(value),
            Kind::Secret => is_path(value) || is_file(value) || is_slug(value),
            Kind::Login => {
                let public = value.starts_with(b"ssh-") || value.starts_with(b"ecdsa-");
                let named = is_path(value) || is_file(value) || is_below(value) || is_word(value);
                public || named || value.len() < 8
            }
        }
}

/// What code reads from elsewhere.
fn is_source(value: &[u8], kind: Kind) -> bool {
    let rest = SOURCES.split(' ').find_map(|source| value.strip_prefix(source.as_bytes()));
    let drawn = |rest: &[u8]| is_mixed(rest) && rest.iter().all(u8::is_ascii_alphanumeric);
    rest.is_some_and(|rest| kind != Kind::Password || !drawn(rest))
}

/// A variable, a command, a placeholder.
fn is_reference(value: &[u8], kind: Kind, literal: bool) -> bool {
    let inner = &value[1..];
    if let (Kind::Password, true, b'<' | b'%' | b'{') = (kind, is_mixed(inner), value[0]) {
        let of = |byte: &u8| byte.is_ascii_alphanumeric();
        if inner.len() > 6 && inner[..inner.len() - 1].iter().all(of) {
            return false;
        }
    }
    let dollar = value.starts_with(b"$") && (!literal || value.starts_with(b"${{"));
    let percent = value.len() > 2 && value[0] == b'%' && value.ends_with(b"%") && !value.contains(&b' ');
    let angle = value[0] == b'<' && (value.ends_with(b">") || value.starts_with(b"<<"));
    let brace = value[0] == b'{' && value.ends_with(b"}") && !value.contains(&b'"');
    dollar
        || percent
        || angle
        || brace
        || is_capitals(value)
        || value[0] == b'`' && !(literal && is_mixed(value))
        || value.starts_with(b"{{")
        || value.starts_with(b"\\$") && is_used(&value[2..])
        || is_format(value)
}

/// A name in capitals that says secret, as documents write for a value: `YOUR_TOKEN`.
fn is_capitals(value: &[u8]) -> bool {
    let word = has("TOKEN PASSWORD SECRET KEY NAME VALUE APIKEY STRING", value);
    (value.contains(&b'_') || word)
        && value.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
        && (word || name::kind(value).is_some())
}

fn is_path(value: &[u8]) -> bool {
    let starts = [b"/".as_slice(), b"./", b"../", b"~/", b"C:\\", b"projects/", b"arn:"];
    let spelled = value.len() > 1 && value[1..].contains(&b'/') || value.len() < 24;
    starts.iter().any(|start| value.starts_with(start)) && spelled && !is_base64(value)
}

/// Whether a value that could be a path is of base64: a part of it looks drawn.
fn is_base64(value: &[u8]) -> bool {
    let of = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let drawn = |part: &[u8]| part.len() >= 8 && has_all(part);
    value.len() >= 32 && value.iter().all(of) && value.split(|byte| *byte == b'/').any(drawn)
}

/// Whether there are digits, capitals and small letters.
fn has_all(value: &[u8]) -> bool {
    let has = |of: fn(&u8) -> bool| value.iter().any(of);
    has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// What a program searches for or puts in its place: a regular expression, `REDACTED/g`.
fn is_pattern(value: &[u8], kind: Kind) -> bool {
    const SIGNS: [&[u8]; 9] = [b".*", b".+", b"[^", b"\\s", b"\\K", b"\\S", b"\\(", b"[a-z", b"[A-Z"];
    let word = value.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let put = value.get(word) == Some(&b'/') && has(NEVER, &value[..word]);
    let signs = value[0] == b'|' || SIGNS.iter().any(|sign| value[..value.len().min(8)].starts_with(sign));
    put || signs && !(kind == Kind::Password && is_mixed(value) && !value.starts_with(b"["))
}

/// What `printf` puts a word in the place of.
pub(super) fn is_format(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"%") else { return false };
    let flags = rest.iter().take_while(|byte| byte.is_ascii_digit() || b"-.".contains(byte)).count();
    let Some((b's' | b'd' | b'q' | b'b' | b'x' | b'i' | b'f' | b'u', rest)) = rest[flags..].split_first()
    else {
        return false;
    };
    // A shell without quotes takes the backslash from `\n`.
    let rest = rest.strip_prefix(b"\\n").or_else(|| rest.strip_prefix(b"n")).unwrap_or(rest);
    !rest.iter().any(u8::is_ascii_alphanumeric)
}

/// A path below somewhere: of the characters of paths, and not drawn.
fn is_below(value: &[u8]) -> bool {
    let of = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./".contains(byte);
    value.contains(&b'/')
        && value.iter().all(of)
        && !(has_all(value) && value.len() >= 10)
        && value.len() < 128
}

/// A relative path or the name of a file.
fn is_file(value: &[u8]) -> bool {
    const ENDS: [&[u8]; 10] =
        [b".pem", b".key", b".pub", b".json", b".txt", b".crt", b".yml", b".yaml", b".asc", b".gpg"];
    ENDS.iter().any(|end| value.ends_with(end))
}

/// Words of lower-case letters joined by `-`, `_`, `/` or `.`: a name.
fn is_slug(value: &[u8]) -> bool {
    is_word(value) && !value.iter().all(u8::is_ascii_lowercase)
}

/// A name as [`is_slug`] has it, or one word of lower-case letters.
fn is_word(value: &[u8]) -> bool {
    let joins = |byte: &u8| b"-_/.".contains(byte);
    value.len() <= 48
        && value.iter().all(|byte| byte.is_ascii_lowercase() || joins(byte))
        && !value.last().is_none_or(joins)
}

/// A version or a time: digits and dots.
fn is_number(value: &[u8]) -> bool {
    let bare = value.strip_prefix(b"^").or_else(|| value.strip_prefix(b"~")).unwrap_or(value);
    let of = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    bare.contains(&b'.') && bare.iter().all(of) && value.len() <= 16
}

/// `name(…` or `name[…`, as code calls a function or reads a table.
pub(super) fn is_call(value: &[u8]) -> bool {
    if value.len() > LONG {
        return false;
    }
    let name = value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.:".contains(byte)).count();
    let opens = matches!(value.get(name), Some(b'(' | b'['));
    let closes = value.iter().any(|byte| b")]".contains(byte));
    let ends = value.ends_with(b")") || value.ends_with(b"]");
    opens && name > 0 && !value[0].is_ascii_digit() && (ends || !closes)
}

/// Whether a value looks drawn and not written: long, of the letters of tokens, with digits.
pub(super) fn is_drawn(value: &[u8], least: usize) -> bool {
    let of = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+/=.~%".contains(byte);
    value.len() >= least
        && value.iter().all(of)
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
}

/// One character, as it is or as an escape of JSON, a shell or a URL spells it, and its length.
pub(super) fn unit(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let hex = |from: usize, digits: usize| {
        let digits = text.get(from..from + digits)?;
        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match (text.get(at)?, text.get(at + 1)) {
        (b'%', Some(next)) if next.is_ascii_hexdigit() => {
            Some(hex(at + 1, 2).map_or((b'%', 1), |byte| (byte, 3)))
        }
        (b'\\', Some(b'u')) => Some(hex(at + 2, 4).map_or((b'\\', 1), |byte| (byte, 6))),
        (b'\\', Some(b'x')) => Some(hex(at + 2, 2).map_or((b'\\', 1), |byte| (byte, 4))),
        (b'\\', Some(b'\\')) if matches!(text.get(at + 2..at + 4), Some([b'\\', b'"'])) => Some((b'"', 4)),
        (b'\\', Some(next @ (b'"' | b'\'' | b'/' | b'='))) => Some((*next, 2)),
        (byte, _) => Some((*byte, 1)),
    }
}

/// Whether what stands right before this place ends there, so that what begins here begins a word: an
/// escape, the letter of an option, a colour of a terminal.
pub(super) fn begins_word(text: &[u8], at: usize) -> bool {
    let option = || match text[..at] {
        [b'-', letter] => letter.is_ascii_alphabetic(),
        [.., before, b'-', letter] => b" \t\n\"'=".contains(&before) && letter.is_ascii_alphabetic(),
        _ => false,
    };
    let colour = || {
        let digits =
            text[..at - 1].iter().rev().take(8).take_while(|byte| byte.is_ascii_digit() || **byte == b';');
        text[..at - 1 - digits.count()].ends_with(b"[")
    };
    escape_before(text, at) || option() || text[..at].ends_with(b"m") && colour()
}

/// Whether an escape ends right before this place.
fn escape_before(text: &[u8], at: usize) -> bool {
    let back = |count: usize| at.checked_sub(count).map(|from| &text[from..at]);
    matches!(back(2), Some([b'\\', b'n' | b'r' | b't' | b'"' | b'\'' | b'0' | b'b' | b'f' | b'v' | b'e']))
        || matches!(back(3), Some([b'%', tens, ones]) if tens.is_ascii_hexdigit() && ones.is_ascii_hexdigit())
        || matches!(back(4), Some([b'\\', b'x', tens, ones]) if tens.is_ascii_hexdigit() && ones.is_ascii_hexdigit())
        || matches!(back(6), Some([b'\\', b'u', rest @ ..]) if rest.iter().all(u8::is_ascii_hexdigit))
}

/// Whether a word is one of prose or code: lower-case letters and what joins them.
pub(super) fn is_prose(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_lowercase() || b"-_.,:;".contains(byte))
}

/// Whether code follows a type or a word that is no value: `str = None`, `await login()`.
pub(super) fn is_code(line: &[u8]) -> bool {
    let line = &line[..line.len().min(LONG)];
    let word = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let (word, rest) = line.split_at(word);
    let rest = rest.trim_ascii_start();
    let typed = matches!(rest.first(), Some(b'=' | b',' | b'|' | b';' | b')'));
    typed && has(NEVER, word)
        || [b"await".as_slice(), b"new", b"not", b"return"].contains(&word)
            && rest.len() < line.len() - word.len()
        || is_call(line)
        || line.windows(2).any(|two| two == b"::")
            && line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_:<> =".contains(byte))
}
