//! Names of variables, keys, options and headers: which say that their value is secret.
//!
//! What lives here: how a name is split into parts, and the words that decide. What does not: which
//! values are secrets (`value`).
//!
//! Rules: a name is read without regard to case, part by part; parts are split at `_ - .` and where
//! camelCase begins a word. What stands last tells what the value is: `TOKEN_FILE` is a path.

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A password: whatever stands there.
    Password,
    /// A token or another secret that a program reads.
    Token,
    /// A name such as `secret`, whose value may be the name of one.
    Secret,
    /// A key of a service: a path is no secret where it says where it begins.
    Api,
    /// A key or a name such as `pwd`: a path is no secret.
    Key,
    /// A way to log in: a word is no secret.
    Login,
}

/// Parts that say secret wherever they stand in a name, also inside of a part.
const INSIDE: [(&[u8], Kind); 9] = [
    (b"password", Kind::Password),
    (b"passwd", Kind::Password),
    (b"passphrase", Kind::Password),
    (b"passcode", Kind::Password),
    (b"credential", Kind::Key),
    (b"apikey", Kind::Api),
    (b"accesskey", Kind::Api),
    (b"secretkey", Kind::Key),
    (b"privatekey", Kind::Key),
];
/// Parts that say secret as a whole.
const WHOLE: [(&[u8], Kind); 7] = [
    (b"secret", Kind::Secret),
    (b"secrets", Kind::Secret),
    (b"token", Kind::Token),
    (b"tokens", Kind::Token),
    (b"authkey", Kind::Key),
    (b"authtoken", Kind::Token),
    (b"accountkey", Kind::Key),
];
/// Parts that say secret as the last of a name: elsewhere they are other words.
const LAST: [(&[u8], Kind); 10] = [
    (b"pass", Kind::Password),
    (b"pwd", Kind::Key),
    (b"pw", Kind::Password),
    (b"creds", Kind::Key),
    (b"pat", Kind::Key),
    (b"dsn", Kind::Key),
    (b"jwt", Kind::Token),
    (b"psk", Kind::Password),
    (b"otp", Kind::Password),
    (b"bearer", Kind::Token),
];
/// What stands before `key` in the name of a secret key.
const KEYS: &str = "api access application preshared role openai anthropic stripe sendgrid mailgun gemini groq \
    mistral deepseek kaggle deploy ssh private auth encryption signing master secret account shared storage encrypt \
    decryption session admin hmac license subscription app";
/// Last parts that say the value is something of a secret, and not it.
const ABOUT: &str = "file files path paths name names id ids url uri dir type length len ttl expiry expires \
    expiration lifetime count helper enabled disabled ref refs policy version size min max format \
    prefix suffix header field var env command cmd prompt stdin manager provider store class mount \
    mounts backend endpoint arn status age limit fd authentication scanning budget bucket rotation \
    complexity strength generator generation change input label placeholder hint \
    callback location folder required optional supported check checks timeout method mode source \
    host port server service user username list only regex pattern rule rules algorithm alg \
    template number usage keyid group scope scopes event through config configuration settings options spec specification exp";
/// First parts that ask or allow, or count.
const ASKS: &str = "no with show use uses without allow enable disable require requires ask prompt get list skip \
    include has is print save existing max min num total pad eos bos unk cls sep next \
    page continuation stop special persist rotate delete";
/// First parts that do something with a secret, and last ones that show it: in a name of capitals
/// they say what the secret is for.
const DOES: &str = "check generate create verify reset mask text";
/// Parts that end in `pass` or `token` and name no secret.
const OTHERS: &str = "onepass minipass multipass bypass compass trespass surpass secretary overpass underpass impass bytoken askpass";

/// What stands before `pass` where it is a step.
const STEPS: &str = "first second third last next two one n num single multi render shader compiler encode";

/// The longest name that is read; of a longer one, the end.
const NAME_MAX: usize = 96;
/// The most parts that are read.
const PARTS_MAX: usize = 24;

/// Whether a list of words has this one, whatever its case.
pub(super) fn has(list: &str, word: &[u8]) -> bool {
    list.split(' ').any(|one| one.as_bytes().eq_ignore_ascii_case(word))
}

/// What decides of a name, for the manual: what the words do, and the words in order.
#[must_use]
pub fn words_of_names() -> [(&'static str, Vec<&'static str>); 7] {
    let of = |table: &'static [(&[u8], Kind)]| {
        let words = table.iter().map(|(word, _)| std::str::from_utf8(word).unwrap_or_default());
        words.collect::<Vec<_>>()
    };
    let list = |words: &'static str| words.split(' ').collect();
    [
        ("say secret wherever they stand in a part", of(&INSIDE)),
        ("say secret as a part", of(&WHOLE)),
        ("say secret as the last part", of(&LAST)),
        ("before key", list(KEYS)),
        ("say secret no more as the last part", list(ABOUT)),
        ("say secret no more as the first part", list(ASKS)),
        ("say secret no more as the first or last part of a name with small letters", list(DOES)),
    ]
}

/// Whether a word can name a variable.
#[must_use]
pub fn is_variable(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = word.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    first && word.len() <= 100 && word.bytes().all(plain)
}

/// Whether a variable's name says that its value is secret.
#[must_use]
pub fn says_secret(name: &[u8]) -> bool {
    kind(name).is_some()
}

/// What a name says of its value; `None` if nothing.
pub(super) fn kind(name: &[u8]) -> Option<Kind> {
    let name = &name[name.len().saturating_sub(NAME_MAX)..];
    if !name.windows(2).any(|two| is_hint([two[0] | 0x20, two[1] | 0x20])) {
        return None;
    }
    let mut lower = [0; NAME_MAX];
    let mut ends = [(0, 0); PARTS_MAX];
    let count = split(name, &mut lower, &mut ends);
    let part = |at: usize| &lower[ends[at].0..ends[at].1];
    let mut count = count;
    while count > 1 && is_version(part(count - 1)) {
        count -= 1;
    }
    if count == 0 || name == b"PWD" || name == b"OLDPWD" {
        return None;
    }
    let last = part(count - 1);
    let small = || name.iter().any(u8::is_ascii_lowercase);
    let does = || (has(DOES, last) || has(DOES, part(0))) && small();
    if count > 1 && (has(ABOUT, last) || has(ASKS, part(0)) || does()) {
        return None;
    }
    if count > 1 && matches!(last, b"pass" | b"passes") && has(STEPS, part(count - 2)) {
        return None;
    }
    let found = (0..count).rev().find_map(|at| says(part(at), at + 1 == count));
    let pair = || {
        let before =
            (1..count).find(|at| is_key(part(*at)) && has(KEYS, part(at - 1))).map(|at| part(at - 1));
        before.map(|before| match before {
            b"ssh" | b"deploy" => Kind::Login,
            b"private" => Kind::Key,
            _ => Kind::Api,
        })
    };
    let login = || count > 1 && last == b"auth" || name == b"auth" || name == b"AUTH" || name == b"_auth";
    found.or_else(pair).or_else(|| login().then_some(Kind::Login))
}

/// Whether a word that says secret has these two letters; most names have none of them.
fn is_hint(two: [u8; 2]) -> bool {
    matches!(
        &two,
        b"pa" | b"pw" | b"se" | b"to" | b"cr" | b"ke" | b"ds" | b"jw" | b"ps" | b"au" | b"ot" | b"be"
    )
}

fn is_key(part: &[u8]) -> bool {
    part == b"key" || part == b"keys"
}

/// Whether a part only counts: `2`, `v2`.
fn is_version(part: &[u8]) -> bool {
    part.strip_prefix(b"v").unwrap_or(part).iter().all(u8::is_ascii_digit)
}

fn says(part: &[u8], is_last: bool) -> Option<Kind> {
    let part = part.trim_ascii_end();
    let digits = part.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let part = &part[..part.len() - digits];
    if part.len() < 2 || has(OTHERS, part) {
        return None;
    }
    let of = |table: &'static [(&[u8], Kind)]| table.iter().find(|(word, _)| *word == part);
    let whole = of(&WHOLE).or_else(|| of(&LAST).filter(|_| is_last));
    let inside = || INSIDE.iter().find(|(word, _)| part.windows(word.len()).any(|window| window == *word));
    if let Some((_, kind)) = whole.or_else(inside) {
        return Some(*kind);
    }
    let ends = |word: &[u8]| part.ends_with(word);
    match () {
        () if ends(b"token") || ends(b"tokens") => Some(Kind::Token),
        () if ends(b"secret") || part.starts_with(b"secretkey") => Some(Kind::Secret),
        () if ends(b"pass") && is_last && part.len() > 4 && part.len() <= 12 => Some(Kind::Password),
        () if ends(b"pwd") && is_last && part.len() <= 12 && part != b"oldpwd" => Some(Kind::Key),
        () => None,
    }
}

/// The parts of a name in lower case.
fn split(name: &[u8], lower: &mut [u8; NAME_MAX], ends: &mut [(usize, usize); PARTS_MAX]) -> usize {
    let (mut count, mut start) = (0, 0);
    for at in 0..=name.len() {
        let byte = name.get(at).copied().unwrap_or(b'_');
        let is_split = !byte.is_ascii_alphanumeric();
        if let Some(slot) = lower.get_mut(at) {
            *slot = byte.to_ascii_lowercase();
        }
        let before = at.checked_sub(1).map_or(b'_', |before| name[before]);
        let after = name.get(at + 1).copied().unwrap_or(b'_');
        let begins = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || before.is_ascii_uppercase() && after.is_ascii_lowercase());
        if (is_split || begins) && start < at {
            if count == PARTS_MAX {
                ends.copy_within(1.., 0);
                count -= 1;
            }
            ends[count] = (start, at);
            count += 1;
        }
        if is_split {
            start = at + 1;
        } else if begins {
            start = at;
        }
    }
    count
}

/// Whether a header of this name holds what logs in; whether a word before the value tells how.
pub(super) fn header(name: &[u8]) -> Option<bool> {
    let ends = |word: &[u8]| {
        name.len().checked_sub(word.len()).is_some_and(|from| name[from..].eq_ignore_ascii_case(word))
    };
    match () {
        () if ends(b"authorization") => Some(true),
        () if ends(b"cookie") && (name.len() <= 8 || ends(b"set-cookie")) => Some(false),
        () if matches!(name.first(), Some(b'x' | b'X')) && name.get(1) == Some(&b'-') => {
            (ends(b"-key") || ends(b"-token") || ends(b"-secret") || ends(b"-auth")).then_some(false)
        }
        () => None,
    }
}
