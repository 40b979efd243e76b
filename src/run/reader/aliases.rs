//! Aliases that change what bash makes of a line.
//!
//! What lives here: the aliases in bash's memory, and which of them are more than words. What does
//! not: when that is looked at (`reader`).
//!
//! An alias of plain words stands for a command, as a function does. One that opens a quote or a
//! comment, or that has an operator or a reserved word, makes another command of the line that it
//! stands in, and nothing of that shows in the lines that bash read.
//!
//! Rules: in doubt an alias is more than words.

use std::io;

use crate::os::remote::Memory;

/// The most aliases, and chains of them, that are looked at.
const ALIASES_MAX: usize = 4096;
const BUCKETS_MAX: u64 = 1 << 16;
/// The longest text of an alias.
const TEXT_MAX: usize = 4096;
/// Where a `HASH_TABLE` has the number of its chains (bash's hashlib.h).
const BUCKETS: u64 = 8;
/// Where a link of a chain has the alias.
const DATA: u64 = 16;
/// The words that mean something to bash's parser.
const RESERVED: [&[u8]; 22] = [
    b"if",
    b"then",
    b"else",
    b"elif",
    b"fi",
    b"case",
    b"esac",
    b"for",
    b"select",
    b"while",
    b"until",
    b"do",
    b"done",
    b"in",
    b"function",
    b"time",
    b"coproc",
    b"{",
    b"}",
    b"!",
    b"[[",
    b"]]",
];

struct Alias {
    name: Vec<u8>,
    text: Vec<u8>,
}

/// The name of an alias that is more than words and that bash meets in these bytes. `table` is
/// where bash has the address of its aliases.
///
/// # Errors
/// bash's memory cannot be read, or has more aliases than are looked at.
pub fn met(memory: &Memory, table: u64, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
    Ok(of_these(&all(memory, table)?, bytes))
}

fn all(memory: &Memory, table: u64) -> io::Result<Vec<Alias>> {
    let mut all = Vec::new();
    let table = memory.pointer(table)?;
    if table == 0 {
        return Ok(all);
    }
    let chains = memory.pointer(table)?;
    let count = u64::from(memory.int(table + BUCKETS)?.cast_unsigned());
    let many = || io::Error::other("more aliases than are looked at");
    if count > BUCKETS_MAX {
        return Err(many());
    }
    for chain in 0..count {
        let mut link = memory.pointer(chains + 8 * chain)?;
        while link != 0 {
            let alias = memory.pointer(link + DATA)?;
            let text = |at: u64| memory.text(memory.pointer(at)?, TEXT_MAX);
            all.push(Alias { name: text(alias)?, text: text(alias + 8)? });
            if all.len() > ALIASES_MAX {
                return Err(many());
            }
            link = memory.pointer(link)?;
        }
    }
    Ok(all)
}

fn of_these(all: &[Alias], bytes: &[u8]) -> Option<Vec<u8>> {
    // A word may go on in the next line, and bash drops NULs.
    let mut joined = Vec::with_capacity(bytes.len());
    let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        joined.extend_from_slice(line.strip_suffix(b"\\\n").unwrap_or(line));
    }
    // An alias may stand for another.
    let mut met: Vec<&Alias> = all.iter().filter(|alias| has(&joined, &alias.name)).collect();
    let mut at = 0;
    while let Some(alias) = met.get(at).copied() {
        let further = all.iter().filter(|other| has(&alias.text, &other.name));
        let further: Vec<&Alias> =
            further.filter(|other| !met.iter().any(|one| one.name == other.name)).collect();
        met.extend(further);
        at += 1;
    }
    met.into_iter().find(|alias| !is_words(alias)).map(|alias| alias.name.clone())
}

/// Whether a text has a name as a word: bash expands no part of one.
fn has(text: &[u8], name: &[u8]) -> bool {
    let ends = |byte: Option<&u8>| byte.is_none_or(|byte| b" \t\r\n;|&()<>`\"'$\\{}!=".contains(byte));
    let found = memchr::memmem::find_iter(text, name);
    let whole = |at: usize| {
        ends(at.checked_sub(1).and_then(|before| text.get(before))) && ends(text.get(at + name.len()))
    };
    found.into_iter().any(whole)
}

/// Whether an alias stands for words alone.
fn is_words(alias: &Alias) -> bool {
    let (mut quote, mut dollar) = (None, false);
    let mut bytes = alias.text.iter();
    while let Some(byte) = bytes.next() {
        let plain = match (quote, byte) {
            (Some(b'"'), b'\\') => bytes.next().is_some_and(|next| *next != b'\n'),
            (Some(b'"'), b'`') | (_, 0) => false,
            (Some(b'"'), b'(' | b'{') => !dollar,
            (Some(open), byte) => {
                if open == *byte {
                    quote = None;
                }
                true
            }
            (None, b'\'' | b'"') => {
                quote = Some(*byte);
                !dollar
            }
            (None, b'#' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b'`' | b'\\' | b'\n') => false,
            (None, b'{') => !dollar,
            (None, _) => true,
        };
        if !plain {
            return false;
        }
        dollar = *byte == b'$';
    }
    // An open subscript goes on in the words behind the alias.
    let count = |wanted: u8| alias.text.iter().filter(|byte| **byte == wanted).count();
    if count(b'[') > count(b']') {
        return false;
    }
    let mut words = alias.text.split(|byte| byte.is_ascii_whitespace()).chain([alias.name.as_slice()]);
    quote.is_none() && !dollar && alias.text.len() < TEXT_MAX && words.all(|word| !RESERVED.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(name: &str, text: &str) -> Alias {
        Alias { name: name.into(), text: text.into() }
    }

    #[test]
    fn an_alias_is_more_than_words() {
        for text in
            ["ls -l", "git --no-pager", "", "sudo ", "echo 'a; b' \"c # $HOME\"", "x=1 make", "test -e a/*"]
        {
            assert!(is_words(&alias("run", text)), "{text:?}");
        }
        for text in [
            "true #",
            "a &&",
            "a;",
            "a |",
            "a &",
            "echo '",
            "echo \"",
            "a \\",
            "a\nb",
            "! ",
            "if a",
            "time a",
            "x()",
            "(",
            "a <<E",
            "a >f",
            "`a",
            "$(a",
            "echo \"$(a",
            "echo \"${a",
            "${a",
            "a$",
            "$'a",
            "{ a",
            "a[",
        ] {
            assert!(!is_words(&alias("run", text)), "{text:?}");
        }
        assert!(!is_words(&alias("if", "echo")));
    }

    #[test]
    fn an_alias_is_met_by_its_name_or_through_another() {
        let all = [alias("run", "true #"), alias("go", "run"), alias("ll", "ls -l")];
        assert_eq!(of_these(&all, b"ru\\\nn a\n"), Some(b"run".to_vec()));
        assert_eq!(of_these(&all, b"r\0un a\n"), Some(b"run".to_vec()));
        assert_eq!(of_these(&all, b"echo running overrun; (run)\n"), Some(b"run".to_vec()));
        assert_eq!(of_these(&all, b"echo running overrun\n"), None);
        assert_eq!(of_these(&all[1..], b"run a\n"), None);
        assert_eq!(of_these(&all, b"go a\n"), Some(b"run".to_vec()));
        assert_eq!(of_these(&[alias("run", "true #"), alias("ll", "ls -l")], b"ll\n"), None);
    }
}
