//! The machine, and some of the variables.
//!
//! Rules: only a variable that is on the list, or that the user named, is recorded; of all others
//! not even the name. A value loses the userinfo of the URLs in it.

use super::{ENVIRONMENT, Seen, Texts, url};
use crate::mask::is_variable;
use crate::record::SHOWN;

/// The variables that are recorded: they change what programs do, and hold no secret by what they
/// are for.
pub const ALLOWED: [&str; 26] = [
    "CC",
    "CFLAGS",
    "CI",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "GOARCH",
    "GOFLAGS",
    "GOOS",
    "GOTOOLCHAIN",
    "HOSTNAME",
    "JAVA_HOME",
    "LANG",
    "LC_ALL",
    "LDFLAGS",
    "MAKEFLAGS",
    "NODE_ENV",
    "NODE_OPTIONS",
    "PATH",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "SHELL",
    "SOURCE_DATE_EPOCH",
    "TERM",
    "TZ",
    "VIRTUAL_ENV",
];
/// What the name of the text of a variable begins with.
pub const PREFIX: &str = "env.";
/// The most variables that a user can name: a record has 64 texts.
pub const NAMED_MAX: usize = 32;
/// The longest value that is recorded whole in bytes.
pub const VALUE_MAX: usize = 4096;

/// What the system says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its name, such as Linux.
    pub system: Vec<u8>,
    /// The processor's architecture, as the kernel names it.
    pub architecture: Vec<u8>,
    /// The kernel's release.
    pub kernel: Vec<u8>,
    /// The distribution, as `os-release(5)` names it.
    pub distribution: Option<Vec<u8>>,
    /// What kind of container this is, if it is known to be one.
    pub container: Option<&'static str>,
}

/// The machine and its variables as a fact.
#[must_use]
pub fn seen(machine: &Machine, named: &[String], variable: impl Fn(&str) -> Option<Vec<u8>>) -> Seen {
    let mut texts = Texts::default();
    texts.add("system", machine.system.as_slice());
    texts.add("architecture", machine.architecture.as_slice());
    texts.add("kernel", machine.kernel.as_slice());
    texts.add_some("distribution", machine.distribution.as_deref());
    texts.add_some("container", machine.container);
    for name in ALLOWED.into_iter().chain(named.iter().map(String::as_str)) {
        let value = variable(name).map(|value| short(url::without_userinfo(&value).into_owned()));
        texts.add_some(&format!("{PREFIX}{name}"), value);
    }
    Seen::new(ENVIRONMENT, texts)
}

/// A value with its end cut off where it is too long, and a mark there.
pub(super) fn short(mut value: Vec<u8>) -> Vec<u8> {
    if value.len() > VALUE_MAX {
        let text = String::from_utf8_lossy(&value[..VALUE_MAX]).trim_end_matches('\u{fffd}').to_owned();
        value = format!("{text}\u{2026}").into_bytes();
    }
    value
}

/// Whether a word can name a variable that is recorded. What ends as the names of masked forms do
/// cannot.
#[must_use]
pub fn is_name(word: &str) -> bool {
    is_variable(word) && !word.ends_with(SHOWN)
}

/// The value of a member of `os-release(5)`.
#[must_use]
pub fn release(text: &[u8], member: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(member)?.strip_prefix('='))?.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let value = quoted.unwrap_or(value);
    (!value.is_empty()).then(|| value.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_nobody_named_is_recorded() {
        let set = |name: &str| match name {
            "PATH" => Some(b"/bin".to_vec()),
            "MINE" => Some(b"https://a:secret@h/x".to_vec()),
            "TOKEN" => Some(b"secret".to_vec()),
            _ => None,
        };
        let machine = Machine { system: b"Linux".to_vec(), container: Some("docker"), ..Machine::default() };
        let seen = seen(&machine, &["MINE".into(), "UNSET".into()], set);
        let texts: Vec<_> = seen.texts.iter().collect();
        assert_eq!(
            texts,
            [
                ("architecture", &b""[..]),
                ("container", b"docker"),
                ("env.MINE", b"https://h/x"),
                ("env.PATH", b"/bin"),
                ("kernel", b""),
                ("system", b"Linux"),
            ]
        );
    }

    #[test]
    fn a_long_value_has_no_mark_where_it_was_cut() {
        assert_eq!(short(vec![b'a'; VALUE_MAX]), vec![b'a'; VALUE_MAX]);
        let cut = String::from_utf8(short("\u{e9}".repeat(VALUE_MAX).into_bytes())).unwrap();
        assert!(cut.ends_with("\u{e9}\u{2026}") && cut.len() <= VALUE_MAX + 3);
    }

    #[test]
    fn a_distribution_has_its_quotes() {
        let text = b"ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID='12'\nX=\n";
        let of = |member: &str| release(text, member).map(|value| String::from_utf8(value).unwrap());
        assert_eq!(of("PRETTY_NAME").as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!((of("VERSION_ID").as_deref(), of("ID").as_deref()), (Some("12"), Some("debian")));
        assert_eq!((of("X"), of("NAME")), (None, None));
    }

    #[test]
    fn each_variable_of_the_list_can_be_recorded_with_those_that_are_named() {
        assert!(ALLOWED.iter().all(|name| is_name(name)) && ALLOWED.is_sorted());
        // The machine has five texts.
        assert!(ALLOWED.len() + NAMED_MAX + 5 < crate::record::TEXTS_MAX);
        for bad in ["", "1A", "A-B", "A=B", "\u{e9}", &"A".repeat(101)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
