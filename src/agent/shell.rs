//! How a shell is called to run a text, and how a text is quoted for it.
//!
//! What lives here: the words of a start as a call of a shell, and one word of a shell undone. What
//! does not: what the text means to an agent (`rules`).
//!
//! Rules: what is not plain has no answer. A guess would show another text than what ran.

use crate::fact::process::Started;

/// Programs that run a text that is given behind -c.
pub const SHELLS: [&str; 10] = ["ash", "bash", "dash", "fish", "ksh", "ksh93", "mksh", "sh", "yash", "zsh"];
/// Options with two hyphens that take the next word.
const TAKES_WORD: [&[u8]; 4] = [b"--init-file", b"--rcfile", b"--emulate", b"--init-command"];
/// The program that is many.
const MANY: &[u8] = b"busybox";

/// The last part of a path.
fn last(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// The name of the program of a start; `None` where its path was taken out. A file that was open has
/// no name of its own: there it is the name that it was given.
#[must_use]
pub fn name(start: &Started) -> Option<&[u8]> {
    let path = start.path.as_deref()?;
    let given = || start.words.as_ref()?.first().map(|word| last(word)).filter(|name| !name.is_empty());
    // Where the kernel shows open files, and what is in memory alone.
    let first = path.split(|byte| *byte == b'/').nth(1).unwrap_or_default();
    let is_open = first == b"proc" || path.starts_with(b"/dev/fd/") || first.starts_with(b"memfd:");
    Some(if is_open { given().unwrap_or(path) } else { last(path) })
}

/// The text that a shell was called to run; `None` if the start is no such call.
#[must_use]
pub fn call(start: &Started) -> Option<&[u8]> {
    let mut words = start.words.as_ref()?.iter().map(Vec::as_slice);
    let mut program = name(start)?;
    let mut given = last(words.next()?);
    if program == MANY {
        if given == MANY {
            given = words.next()?;
        }
        program = given;
    }
    SHELLS.iter().any(|shell| shell.as_bytes() == program).then_some(())?;
    let (mut runs_text, mut skip) = (false, 0);
    while let Some(word) = words.nth(skip) {
        skip = match word {
            [b'-', b'-', _, ..] => {
                if let Some(text) = word.strip_prefix(b"--command=") {
                    return Some(text);
                }
                runs_text |= word == b"--command";
                usize::from(TAKES_WORD.contains(&word))
            }
            [b'-' | b'+', letters @ ..] if !letters.is_empty() && word != b"--" => {
                runs_text |= word[0] == b'-' && letters.contains(&b'c');
                letters.iter().filter(|letter| matches!(letter, b'o' | b'O')).count()
            }
            b"--" | b"-" => return words.next().filter(|_| runs_text),
            text => return runs_text.then_some(text),
        };
    }
    None
}

/// The one word at the beginning of a text, its quotes undone, and what is left behind it. `None` where
/// a shell would make of it another word than stands there, or more than one.
#[must_use]
pub fn word(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut out, mut left, mut is_word) = (Vec::new(), text, false);
    loop {
        left = match left {
            [b'\'', rest @ ..] => {
                let end = rest.iter().position(|byte| *byte == b'\'')?;
                out.extend_from_slice(&rest[..end]);
                &rest[end + 1..]
            }
            [b'"', rest @ ..] => doubly(rest, &mut out)?,
            [b'\\', b'\n', ..] => return None,
            [b'\\', byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
            [byte, rest @ ..] if byte.is_ascii_alphanumeric() || b"_-./:=@%+,^".contains(byte) => {
                out.push(*byte);
                rest
            }
            [] | [b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')', ..] => {
                return is_word.then_some((out, left));
            }
            _ => return None,
        };
        is_word = true;
    }
}

/// The rest behind what stands in double quotes.
fn doubly<'a>(mut left: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        left = match left {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', byte @ (b'$' | b'`' | b'"' | b'\\'), rest @ ..] => {
                out.push(*byte);
                rest
            }
            [b'\\', b'\n', ..] | [b'$' | b'`', ..] | [] => return None,
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::process::{Hidden, Numbers, When};

    fn start(path: &str, words: &[&str]) -> Started {
        Started {
            numbers: Numbers { id: 1, of: None, pid: 1 },
            when: When::In(1),
            path: Some(path.as_bytes().to_vec()),
            words: Some(words.iter().map(|word| word.as_bytes().to_vec()).collect()),
            cut: false,
            workdir: None,
            hidden: Hidden::default(),
            unsure: false,
            end: None,
        }
    }

    #[test]
    fn a_call_of_a_shell_is_not_seen_or_what_is_none_is() {
        for (path, words, text) in [
            ("/bin/sh", &["sh", "-c", "a b"][..], Some("a b")),
            ("/bin/bash", &["bash", "-lc", "a"], Some("a")),
            ("/bin/bash", &["bash", "-c", "-l", "a", "b"], Some("a")),
            ("/bin/bash", &["-bash", "-i", "-c", "a"], Some("a")),
            (
                "/bin/bash",
                &["bash", "--norc", "--rcfile", "x", "-o", "pipefail", "-ec", "--", "a"],
                Some("a"),
            ),
            ("/bin/bash", &["bash", "-eo", "pipefail", "-c", "a"], Some("a")),
            ("/bin/bash", &["bash", "-c", "--", "-x"], Some("-x")),
            ("/bin/busybox", &["sh", "-c", "a"], Some("a")),
            ("/bin/busybox", &["busybox", "sh", "-c", "a"], Some("a")),
            ("/bin/busybox", &["busybox", "ls", "-c", "a"], None),
            ("/proc/self/fd/7", &["bash", "-c", "a"], Some("a")),
            ("/usr/bin/fish", &["fish", "--command=a"], Some("a")),
            ("/usr/bin/fish", &["fish", "--command", "a"], Some("a")),
            ("/bin/bash", &["bash", "+c", "a"], None),
            ("/bin/bash", &["bash", "a", "-c", "b"], None),
            ("/bin/bash", &["bash", "-c"], None),
            ("/bin/bash", &["bash"], None),
            ("/bin/bash", &[], None),
            ("/bin/git", &["bash", "-c", "a"], None),
        ] {
            assert_eq!(call(&start(path, words)), text.map(str::as_bytes), "{words:?}");
        }
        assert_eq!(call(&Started { words: None, ..start("/bin/sh", &[]) }), None);
        assert_eq!(call(&Started { path: None, ..start("/bin/sh", &["sh", "-c", "a"]) }), None);
    }

    #[test]
    fn a_word_is_undone_otherwise_than_a_shell_does() {
        for (text, out, left) in [
            ("'a b' c", "a b", " c"),
            ("'it'\"'\"'s'", "it's", ""),
            ("'it'\\''s'&&x", "it's", "&&x"),
            ("\"a\\$b\\`\\\"\\\\\\n\"", "a$b`\"\\\\n", ""),
            ("''", "", ""),
            ("a/b.c<d", "a/b.c", "<d"),
            ("'$x `y`'", "$x `y`", ""),
        ] {
            let (word, rest) = word(text.as_bytes()).unwrap();
            assert_eq!((word, rest), (out.as_bytes().to_vec(), left.as_bytes()), "{text}");
        }
        for bad in [
            "", " a", "'a", "\"a", "\"$x\"", "$x", "`x`", "a*", "~", "$'a'", "a\\\nb", "\"`x`\"", "{a,b}",
            "\\",
        ] {
            assert_eq!(word(bad.as_bytes()), None, "{bad}");
        }
    }
}
