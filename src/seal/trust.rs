//! Which public keys are trusted, and when: the files that `--trust` takes.
//!
//! Lives here: SPKI PEM, OpenSSH lines and `allowed_signers`, read from bytes; times of
//! validity. Not here: where the files are, what time it is.
//!
//! Rules:
//! * a damaged line is an error that names the line; a line that is sound but of no use here
//!   (another type of key, another namespace) is skipped and named, because one trust file
//!   often serves several programs, and skipping a key only trusts less;
//! * a line that looks restricted is restricted or an error: an option where principals belong
//!   (`authorized_keys`), or behind the key, a marker (`@revoked`), a host of `known_hosts`, a list
//!   that matches nobody and a certificate are never read as a plain key;
//! * no message quotes a long word: the file may be a private key that was named by mistake;
//! * a time without a zone is local time, as ssh-keygen(1) has it; the caller says what that is.

use std::error::Error;
use std::fmt;

use data_encoding::BASE64;

use super::keys::{KeyError, PublicKey, SSH_ED25519, is_key_type, pem_blocks};
use crate::text::{Fault, Next, short};

/// Larger trust files are not read.
pub const MAX_TRUST_FILE_BYTES: usize = 1 << 20;

/// The name in `namespaces="…"` of an `allowed_signers` line for keys that may seal sessions. A
/// line without that option allows every namespace.
pub const NAMESPACE: &str = "attesh";

/// From when until when a key is trusted, in seconds since 1970, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// `valid-after`.
    pub after: Option<i64>,
    /// `valid-before`.
    pub before: Option<i64>,
}

impl Validity {
    /// Is it trusted at every time?
    pub fn is_unlimited(&self) -> bool {
        self.after.is_none() && self.before.is_none()
    }

    /// Is it trusted at this time?
    pub fn holds_at(&self, at: i64) -> bool {
        self.after.is_none_or(|after| after <= at) && self.before.is_none_or(|before| at <= before)
    }

    /// A time as RFC 3339 in UTC.
    pub fn show(at: i64) -> String {
        jiff::Timestamp::from_second(at).map_or_else(|_| format!("@{at}"), |t| t.to_string())
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.after, self.before) {
            (None, None) => f.write_str("at any time"),
            (Some(after), None) => write!(f, "from {} on", Self::show(after)),
            (None, Some(before)) => write!(f, "until {}", Self::show(before)),
            (Some(after), Some(before)) => {
                write!(f, "from {} until {}", Self::show(after), Self::show(before))
            }
        }
    }
}

/// A calendar time of this machine in seconds since 1970; `None` if it does not exist.
pub type LocalTime = fn(jiff::civil::DateTime) -> Option<i64>;

/// A public key that is trusted, with what the file says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    key: PublicKey,
    principals: Option<String>,
    validity: Validity,
}

impl TrustedKey {
    /// A key that is trusted at any time.
    pub fn new(key: PublicKey) -> Self {
        Self { key, principals: None, validity: Validity::default() }
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whose it is: the principals of an `allowed_signers` line, the comment of a key line.
    /// Text that the owner of the trust file wrote; escape it for a terminal.
    pub fn principals(&self) -> Option<&str> {
        self.principals.as_deref()
    }

    /// When it is trusted.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// A trust file of this key alone, with its times of validity; only its principals may be lost.
    pub fn to_file(&self) -> String {
        if self.validity.is_unlimited() {
            return self.key.to_spki_pem();
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "@._-*?!,".contains(c);
        let principals =
            self.principals().filter(|text| text.chars().all(plain) && expect_principals(text).is_ok());
        let option = |name: &str, at: Option<i64>| Some(format!("{name}=\"{}\"", compact(at?)?));
        let times = [("valid-after", self.validity.after), ("valid-before", self.validity.before)];
        let options: Vec<String> = times.iter().filter_map(|(name, at)| option(name, *at)).collect();
        format!("{} {} {}\n", principals.unwrap_or("*"), options.join(","), self.key.to_ssh_line())
    }
}

/// A sound line that makes no key trusted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Its number, from 1.
    pub line: usize,
    /// Why.
    pub why: String,
    /// The type of key, if that is what is wrong.
    pub other_type: Option<String>,
}

impl Unused {
    fn other(line: usize, kind: String) -> Self {
        let why = format!("a key of type {kind}, but attesh reads only Ed25519 keys");
        Unused { line, why, other_type: Some(kind) }
    }
}

/// A trust file as read: never without a key.
#[derive(Debug)]
pub struct TrustFile {
    /// The keys in it, in order.
    pub keys: Vec<TrustedKey>,
    /// The lines that were skipped, to be named to the user.
    pub unused: Vec<Unused>,
}

impl TrustFile {
    /// Reads SPKI PEM blocks, or OpenSSH public key lines and `allowed_signers` lines.
    pub fn read(bytes: &[u8], local: LocalTime) -> Result<Self, TrustError> {
        let whole = |why| TrustError { line: None, why };
        if bytes.len() > MAX_TRUST_FILE_BYTES {
            let size = format!("{} bytes", bytes.len());
            return Err(whole(KeyError::NotAKey(size)));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| whole(KeyError::NotAKey("no text".to_owned())))?;
        // Editors of Windows begin a text with this mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file =
            if text.contains("-----BEGIN ") { Self::read_pem(text)? } else { Self::read_lines(text, local)? };
        if file.keys.is_empty() {
            let Some(first) = file.unused.first() else {
                return Err(whole(KeyError::NotAKey("no key in it".to_owned())));
            };
            let line = Some(first.line);
            return Err(match &first.other_type {
                Some(kind) => TrustError { line, why: KeyError::NotEd25519(kind.clone()) },
                None => {
                    whole(KeyError::NotAKey(format!("no usable key (line {}: {})", first.line, first.why)))
                }
            });
        }
        Ok(file)
    }

    fn read_pem(text: &str) -> Result<Self, TrustError> {
        let mut keys = Vec::new();
        let mut unused = Vec::new();
        let mut done = 0;
        for (_, pem) in pem_blocks(text) {
            let start = pem.as_ptr() as usize - text.as_ptr() as usize;
            // A key line between the blocks would be skipped in silence, so it is an error.
            only_comments(text, done, start)?;
            done = start + pem.len();
            match PublicKey::from_spki_pem(pem) {
                Ok(key) => keys.push(TrustedKey::new(key)),
                Err(KeyError::NotEd25519(kind)) => unused.push(Unused::other(line_of(text, start), kind)),
                Err(why) => return Err(TrustError { line: Some(line_of(text, start)), why }),
            }
        }
        only_comments(text, done, text.len())?;
        Ok(Self { keys, unused })
    }

    fn read_lines(text: &str, local: LocalTime) -> Result<Self, TrustError> {
        let mut keys = Vec::new();
        let mut unused = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match read_line(line, local) {
                Ok(key) => keys.push(key),
                Err(Reject::Unused(why)) => unused.push(Unused { line: line_number, why, other_type: None }),
                Err(Reject::OtherType(kind)) => unused.push(Unused::other(line_number, kind)),
                Err(Reject::Bad(why)) => {
                    return Err(TrustError { line: Some(line_number), why });
                }
            }
        }
        Ok(Self { keys, unused })
    }
}

/// Why a trust file cannot be used, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustError {
    /// The line, from 1, if one line is wrong.
    pub line: Option<usize>,
    /// What is wrong.
    pub why: KeyError,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        self.why.fmt(f)
    }
}

impl Error for TrustError {}

impl Fault for TrustError {
    fn next(&self) -> Option<Next> {
        self.why.next()
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn only_comments(text: &str, from: usize, to: usize) -> Result<(), TrustError> {
    let between = &text[from..to];
    let stray = between.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    match stray {
        None => Ok(()),
        Some(stray) => {
            let at = from + between.find(stray).unwrap_or(0);
            Err(TrustError {
                line: Some(line_of(text, at)),
                why: KeyError::Malformed(format!("{} is outside the PEM blocks", quote(stray))),
            })
        }
    }
}

enum Reject {
    /// The line is damaged: the file is not read.
    Bad(KeyError),
    /// The line is sound, and makes no key trusted here.
    Unused(String),
    /// So is this one: a key of another type.
    OtherType(String),
}

fn bad(what: &str) -> Reject {
    Reject::Bad(KeyError::Malformed(what.to_owned()))
}

fn read_line(line: &str, local: LocalTime) -> Result<TrustedKey, Reject> {
    let (first, rest) = word(line)?;
    if is_key_type(first) {
        let (key, comment) = key_of(first, rest)?;
        expect_comment(comment)?;
        let principals = (!comment.is_empty()).then(|| comment.to_owned());
        return Ok(TrustedKey { key, principals, validity: Validity::default() });
    }
    expect_principals(first)?;
    let (second, after_second) = word(rest)?;
    if second.is_empty() {
        let found = format!("expected a public key, found {}", quote(first));
        return Err(Reject::Bad(KeyError::NotAKey(found)));
    }
    let (options, kind, rest) = if is_key_type(second) {
        (Options::default(), second, after_second)
    } else {
        let options = Options::read(second)?;
        let (kind, rest) = word(after_second)?;
        (options, kind, rest)
    };
    if !is_key_type(kind) {
        let found = format!("expected a type of key, found {}", quote(kind));
        return Err(Reject::Bad(KeyError::NotAKey(found)));
    }
    let (key, comment) = key_of(kind, rest)?;
    expect_comment(comment)?;
    if options.authority {
        return Err(Reject::Unused("a certificate authority".to_owned()));
    }
    if let Some(patterns) = &options.namespaces
        && !matches_any(patterns, NAMESPACE)
    {
        return Err(Reject::Unused(format!("its namespaces do not have {NAMESPACE:?}")));
    }
    Ok(TrustedKey {
        key,
        principals: Some(first.trim_matches('"').to_owned()),
        validity: Validity {
            after: options.after.map(|t| time("valid-after", &t, local)).transpose()?,
            before: options.before.map(|t| time("valid-before", &t, local)).transpose()?,
        },
    })
}

/// What restricts a key in `authorized_keys` or `known_hosts` stands where `allowed_signers` has
/// the principals: such a line trusts nobody without its restriction. ssh-keygen(1) would read it
/// as names as well, so whoever has such a name puts it in quotes.
fn expect_principals(word: &str) -> Result<(), Reject> {
    let what =
        "an option is not read here; in an allowed_signers file the principals come first, then the options";
    let bare = word.trim_matches('"');
    if bare.starts_with('@') {
        return Err(bad(&format!("{}: a marker is not read here; remove the line", quote(word))));
    }
    if bare.eq_ignore_ascii_case("revoked") {
        return Err(bad(&format!("{}: this looks like a revoked key; remove the line", quote(word))));
    }
    if bare.starts_with(['[', '|']) {
        let what = "a line of known_hosts names a host, and no signer; put the names of signers there";
        return Err(bad(&format!("{}: {what}", quote(word))));
    }
    if !word.starts_with('"') && word.split(',').any(is_option) {
        return Err(bad(&format!("{}: {what}", quote(word))));
    }
    if bare.split(',').any(|one| one.starts_with('!')) {
        let what = "attesh asks for no name, so it cannot leave one out; name who is trusted";
        return Err(bad(&format!("{}: {what}", quote(word))));
    }
    if bare.split(',').all(str::is_empty) {
        return Err(bad("the principals are empty, so they are nobody; remove the line, or name one"));
    }
    Ok(())
}

/// What stands behind a key is a comment. An option of allowed_signers that stands there restricts
/// nothing, and whoever wrote it thinks that it does.
fn expect_comment(comment: &str) -> Result<(), Reject> {
    let words = comment.split_ascii_whitespace().take_while(|word| !word.starts_with('#'));
    match words.flat_map(|word| word.split(',')).find(|word| is_signer_option(word)) {
        None => Ok(()),
        Some(word) => {
            let what = "an option behind the key is a comment; put it before the key, behind the principals";
            Err(bad(&format!("{}: {what}", quote(word))))
        }
    }
}

/// A word of the file in a message: what is as long as a key is not printed, for it may be one.
fn quote(word: &str) -> String {
    const MOST: usize = 32;
    match word.chars().count() {
        ..=MOST => format!("{:?}", short(word)),
        count => format!("a word of {count} characters"),
    }
}

/// Whether this is an option of ssh-keygen(1)'s `allowed_signers`, however its value is put.
fn is_signer_option(word: &str) -> bool {
    let name = word.trim_start_matches('-').split(['=', ':']).next().unwrap_or_default().to_ascii_lowercase();
    matches!(&*name, "cert-authority" | "namespaces" | "valid-after" | "valid-before")
}

/// Whether this is an option of sshd(8)'s `authorized_keys` or of ssh-keygen(1)'s
/// `allowed_signers`, in the spelling of either: all that take a value have an equals sign.
fn is_option(word: &str) -> bool {
    const FLAGS: [&str; 9] = [
        "agent-forwarding",
        "cert-authority",
        "port-forwarding",
        "pty",
        "restrict",
        "touch-required",
        "user-rc",
        "verify-required",
        "x11-forwarding",
    ];
    let name = word.to_ascii_lowercase();
    let flag = name.strip_prefix("no-").unwrap_or(&name);
    name.contains(['=', '"']) || is_signer_option(&name) || FLAGS.contains(&flag)
}

/// The next word of a line and what follows it; quotes may hold spaces.
fn word(line: &str) -> Result<(&str, &str), Reject> {
    let line = line.trim_start();
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok((&line[..at], &line[at..])),
            _ => {}
        }
    }
    if quoted {
        return Err(bad("a quote that does not end"));
    }
    Ok((line, ""))
}

fn key_of<'a>(kind: &str, rest: &'a str) -> Result<(PublicKey, &'a str), Reject> {
    if kind != SSH_ED25519 {
        return Err(Reject::OtherType(short(kind)));
    }
    let (text, comment) = word(rest)?;
    let blob = BASE64.decode(text.as_bytes()).map_err(|_| bad("the key data is not base64"))?;
    let key = PublicKey::from_ssh_blob(&blob).map_err(Reject::Bad)?;
    Ok((key, comment.trim()))
}

/// The options of an `allowed_signers` line.
#[derive(Default)]
struct Options {
    authority: bool,
    namespaces: Option<String>,
    after: Option<String>,
    before: Option<String>,
}

impl Options {
    fn read(mut text: &str) -> Result<Self, Reject> {
        let mut options = Self::default();
        while !text.is_empty() {
            let name_end = text.find(['=', ',']).unwrap_or(text.len());
            let (name, rest) = text.split_at(name_end);
            let (value, rest) = match rest.strip_prefix('=') {
                Some(rest) => {
                    let (value, rest) = quoted(rest)?;
                    (Some(value), rest)
                }
                None => (None, rest),
            };
            let slot = match name.to_ascii_lowercase().as_str() {
                "cert-authority" if value.is_none() => {
                    options.authority = true;
                    None
                }
                "namespaces" => Some(&mut options.namespaces),
                "valid-after" => Some(&mut options.after),
                "valid-before" => Some(&mut options.before),
                _ => return Err(bad(&format!("unknown option {}", quote(name)))),
            };
            if let Some(slot) = slot {
                let value = value.ok_or_else(|| bad(&format!("{name} needs a value")))?;
                if slot.replace(value).is_some() {
                    return Err(bad(&format!("{name} is given twice")));
                }
            }
            text = match rest.strip_prefix(',') {
                Some("") => return Err(bad("a comma with no option after it")),
                Some(more) => more,
                None if rest.is_empty() => "",
                None => return Err(bad("options are separated by commas")),
            };
        }
        Ok(options)
    }
}

/// The value at the start of `text`, in quotes or up to the next comma, and the rest.
fn quoted(text: &str) -> Result<(String, &str), Reject> {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &inner[at + 1..])),
            '\\' if inner[at + 1..].starts_with('"') => {
                chars.next();
                value.push('"');
            }
            c => value.push(c),
        }
    }
    Err(bad("a quote that does not end"))
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with `Z` in UTC, else in local time.
fn time(option: &str, text: &str, local: LocalTime) -> Result<i64, Reject> {
    let wrong = || bad(&format!("{option}={} is not a time", quote(text)));
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return Err(wrong());
    }
    let part =
        |range: std::ops::Range<usize>| -> i8 { digits.get(range).and_then(|d| d.parse().ok()).unwrap_or(0) };
    let year: i16 = digits[..4].parse().map_err(|_| wrong())?;
    let civil =
        jiff::civil::DateTime::new(year, part(4..6), part(6..8), part(8..10), part(10..12), part(12..14), 0)
            .map_err(|_| wrong())?;
    if digits.len() == text.len() {
        return local(civil).ok_or_else(wrong);
    }
    let at = jiff::tz::TimeZone::UTC.to_timestamp(civil).map_err(|_| wrong())?;
    Ok(at.as_second())
}

/// A time as [`time`] reads it.
fn compact(at: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(at).ok()?;
    Some(time.strftime("%Y%m%d%H%M%SZ").to_string())
}

/// OpenSSH's pattern lists: comma-separated, `*` and `?`, and `!` to exclude.
fn matches_any(patterns: &str, name: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if glob(excluded.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= glob(pattern.as_bytes(), name.as_bytes()),
        }
    }
    found
}

/// Iterative, so that many stars cost no more than the product of the lengths.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
