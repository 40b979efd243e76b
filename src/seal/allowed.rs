//! What a line of a trust file says: OpenSSH's public key lines and `allowed_signers`.
//!
//! Lives here: one line read strictly, its principals, options, times and comment; the key that it
//! trusts, and when. Not here: the file around it (`trust`).
//!
//! Rules:
//! * a line that looks restricted is restricted or an error: an option where principals belong
//!   (`authorized_keys`), or behind the key, a marker (`@revoked`), a host of `known_hosts`, a list
//!   that leaves a name out and a certificate are never read as a plain key;
//! * what is refused is told from what is damaged: it says what stands there, why attesh does not
//!   take it, and what to write instead;
//! * no message quotes a long word: the file may be a private key that was named by mistake;
//! * a time without a zone is local time, as ssh-keygen(1) has it; the caller says what that is.

use std::fmt;

use data_encoding::BASE64;

use super::keys::{KeyError, PublicKey, SSH_ED25519, is_key_type};
use crate::text::short;

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
        Self::of(key, None, Validity::default())
    }

    fn of(key: PublicKey, principals: Option<String>, validity: Validity) -> Self {
        Self { key, principals, validity }
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

/// Why a line makes no key trusted.
pub(super) enum Reject {
    /// The line is damaged or refused: the file is not read.
    Bad(KeyError),
    /// The line is sound, and makes no key trusted here.
    Unused(String),
    /// So is this one: a key of another type.
    OtherType(String),
}

fn refuse(what: impl Into<String>, instead: &'static str) -> Reject {
    Reject::Bad(KeyError::refused(what, instead))
}

/// Reads a line that is neither empty nor a remark.
pub(super) fn read_line(line: &str, local: LocalTime) -> Result<TrustedKey, Reject> {
    let no_key = |found: &str| {
        let found = format!("expected a public key, found {}", quote(found));
        Reject::Bad(KeyError::NotAKey(found))
    };
    let (first, rest) = word(line)?;
    if is_key_type(first) {
        let (key, comment) = key_of(first, rest)?;
        expect_comment(comment)?;
        let principals = (!comment.is_empty()).then(|| comment.to_owned());
        return Ok(TrustedKey::of(key, principals, Validity::default()));
    }
    expect_principals(first)?;
    let (second, after_second) = word(rest)?;
    if second.is_empty() {
        return Err(no_key(first));
    }
    let (options, kind, rest) = if is_key_type(second) {
        (Options::default(), second, after_second)
    } else {
        let (kind, rest) = word(after_second)?;
        if kind.is_empty() {
            return Err(no_key(second));
        }
        (Options::read(second)?, kind, rest)
    };
    if !is_key_type(kind) {
        return Err(no_key(kind));
    }
    let (key, comment) = key_of(kind, rest)?;
    expect_comment(comment)?;
    if options.authority {
        return Err(Reject::Unused("a certificate authority, and attesh takes keys alone".to_owned()));
    }
    if let Some(patterns) = &options.namespaces
        && !matches_any(patterns, NAMESPACE)
    {
        return Err(Reject::Unused(format!("its namespaces do not have {NAMESPACE:?}")));
    }
    let validity = Validity {
        after: options.after.map(|t| time("valid-after", &t, local)).transpose()?,
        before: options.before.map(|t| time("valid-before", &t, local)).transpose()?,
    };
    Ok(TrustedKey::of(key, Some(first.trim_matches('"').to_owned()), validity))
}

/// What restricts a key in `authorized_keys` or `known_hosts` stands where `allowed_signers` has
/// the principals: such a line trusts nobody without its restriction. ssh-keygen(1) would read it
/// as names as well, so whoever has such a name puts it in quotes.
fn expect_principals(word: &str) -> Result<(), Reject> {
    const REMOVE: &str = "remove the line: only the keys that stand in the file are trusted";
    let bare = word.trim_matches('"');
    let names = || bare.split(',');
    if bare.starts_with('@') {
        let what = "is a marker of known_hosts, and attesh reads no revocations and no certificates";
        return Err(refuse(format!("{} {what}", quote(word)), REMOVE));
    }
    if bare.eq_ignore_ascii_case("revoked") {
        let what = "before a key looks like a revocation, and attesh reads none";
        return Err(refuse(format!("{} {what}", quote(word)), REMOVE));
    }
    if bare.starts_with(['[', '|']) {
        let what = "is a host of known_hosts, and a trust file names people";
        let instead = "put the name of who holds the key there: NAME ssh-ed25519 AAAA…";
        return Err(refuse(format!("{} {what}", quote(word)), instead));
    }
    if !word.starts_with('"') && names().any(is_signer_option) {
        let what = "stands where the names belong, and would restrict nothing there";
        let instead = "put a name or * before it: * valid-before=\"20270101Z\" ssh-ed25519 AAAA…";
        return Err(refuse(format!("{} {what}", quote(word)), instead));
    }
    if !word.starts_with('"') && names().any(is_login_option) {
        let what = "looks like an option of authorized_keys, and attesh keeps none of those";
        let instead = "remove it, or use those of allowed_signers: NAME valid-before=\"20270101Z\" ssh-ed25519 AAAA…; if it is a name, put it in quotes";
        return Err(refuse(format!("{} {what}", quote(word)), instead));
    }
    if names().any(|one| one.starts_with('!')) {
        let what = "leaves a name out, and attesh asks for no names: it would trust the key all the same";
        return Err(refuse(format!("{} {what}", quote(word)), "name only who is trusted"));
    }
    if names().all(str::is_empty) {
        let instead = "put a name or * there: * ssh-ed25519 AAAA…";
        return Err(refuse("the names are empty, so the line trusts nobody", instead));
    }
    Ok(())
}

/// What stands behind a key is a comment. An option that stands there restricts nothing, and
/// whoever wrote it thinks that it does. Of the names of options only `namespaces` is a word that
/// a comment has by chance, so it is taken for the option only with a value.
fn expect_comment(comment: &str) -> Result<(), Reject> {
    let words = comment.split_ascii_whitespace().take_while(|word| !word.starts_with('#'));
    let limits = |word: &&str| {
        let name = option_name(word);
        name == "expiry-time" || is_signer_option(word) && (name != "namespaces" || word.len() > name.len())
    };
    match words.flat_map(|word| word.split(',')).find(limits) {
        None => Ok(()),
        Some(word) => {
            let what = "behind the key is a comment, and restricts nothing";
            let instead = "put it between the names and the key: NAME valid-before=\"20270101Z\" ssh-ed25519 AAAA…; if it is a remark, put a # before it";
            Err(refuse(format!("{} {what}", quote(word)), instead))
        }
    }
}

/// A word of the file in a message: what is as long as a key is not printed, for it may be one.
pub(super) fn quote(word: &str) -> String {
    const MOST: usize = 32;
    match word.chars().count() {
        ..=MOST => format!("{:?}", short(word)),
        count => format!("a word of {count} characters"),
    }
}

/// The name of an option, however its value is put.
fn option_name(word: &str) -> String {
    word.trim_start_matches('-').split(['=', ':']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether this is an option of ssh-keygen(1)'s `allowed_signers`.
fn is_signer_option(word: &str) -> bool {
    matches!(&*option_name(word), "cert-authority" | "namespaces" | "valid-after" | "valid-before")
}

/// Whether this is an option of sshd(8)'s `authorized_keys`: all that take a value have an equals
/// sign.
fn is_login_option(word: &str) -> bool {
    const FLAGS: [&str; 8] = [
        "agent-forwarding",
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
    name.contains(['=', '"']) || FLAGS.contains(&flag)
}

fn open_quote() -> Reject {
    refuse("a quote in it does not end", "close the quote: NAME namespaces=\"attesh\" ssh-ed25519 AAAA…")
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
        return Err(open_quote());
    }
    Ok((line, ""))
}

fn key_of<'a>(kind: &str, rest: &'a str) -> Result<(PublicKey, &'a str), Reject> {
    if kind.contains("-cert-v") {
        return Err(Reject::Unused("a certificate of OpenSSH, and attesh takes keys alone".to_owned()));
    }
    if kind != SSH_ED25519 {
        return Err(Reject::OtherType(short(kind)));
    }
    let (text, comment) = word(rest)?;
    let blob = BASE64.decode(text.as_bytes()).map_err(|_| {
        let what = "the key data is not base64".to_owned();
        Reject::Bad(KeyError::Malformed(what))
    })?;
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
                "cert-authority" => {
                    return Err(refuse("cert-authority has a value", "write cert-authority alone"));
                }
                _ => return Err(unknown_option(name)),
            };
            if let Some(slot) = slot {
                let value = value.ok_or_else(|| refuse(format!("{name} has no value"), OPTIONS))?;
                if slot.replace(value).is_some() {
                    return Err(refuse(format!("{name} is there twice"), "keep the one that is meant"));
                }
            }
            text = match rest.strip_prefix(',') {
                Some("") => return Err(refuse("a comma has no option behind it", "remove the comma")),
                Some(more) => more,
                None if rest.is_empty() => "",
                None => return Err(refuse("no comma stands between two options", OPTIONS)),
            };
        }
        Ok(options)
    }
}

/// How options are written.
const OPTIONS: &str =
    "write options as in: NAME namespaces=\"attesh\",valid-before=\"20270101Z\" ssh-ed25519 AAAA…";

fn unknown_option(name: &str) -> Reject {
    let what = "stands between the names and the key, and is no option that attesh knows";
    let instead = "put commas between names, and remove other options than namespaces, valid-after, valid-before and cert-authority";
    refuse(format!("{} {what}", quote(name)), instead)
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
    Err(open_quote())
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with `Z` in UTC, else in local time.
fn time(option: &str, text: &str, local: LocalTime) -> Result<i64, Reject> {
    let wrong = || {
        let instead = "write YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a Z behind it for UTC";
        refuse(format!("{option}={} is not a time", quote(text)), instead)
    };
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
pub(super) fn matches_any(patterns: &str, name: &str) -> bool {
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
