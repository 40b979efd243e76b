//! What GitLab's runner makes of a job's list of commands: one text for `eval`, with a notice
//! before each item that prints the item.
//!
//! What lives here: the runner's own lines, the items between them, and which of those come
//! after the line that starts the recording. Pure. What does not: how a shell is hooked
//! (`shell/block.bash`), what is recorded (`run::block`).
//!
//! Source of the shapes: gitlab-runner, `shells/bash.go` and `helpers/shell_escape.go`.

use memchr::memmem;

use super::Script;

/// The beginning and the end of what the runner prints of an item.
const NOTICE: &[u8] = b"\x1b[32;1m$ ";
const NOTICE_END: &[u8] = b"\x1b[0;m";
/// What it puts behind the first line of an item of several lines.
const COLLAPSED: &[u8] = b" # collapsed multi-line command";
/// A line with these words starts the recording.
const INIT: &[u8] = b"attesh init";

/// What one of the runner's own lines says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// An item comes next.
    Item {
        /// Its text, or its first line.
        text: Vec<u8>,
        /// The text is all of it.
        whole: bool,
    },
    /// The item before has ended, and no other begins.
    After,
}

/// What a command says, if it is one of the runner's own, in the text or as bash prints it.
#[must_use]
pub fn said(command: &[u8]) -> Option<Said> {
    let after: [&[u8]; 1] = [b"_runner_exit_code=$?"];
    if after.iter().any(|own| command.starts_with(own)) {
        return Some(Said::After);
    }
    if !command.starts_with(b"echo ") && !command.starts_with(b"printf ") {
        return None;
    }
    let plain = unquoted(command)?;
    let Some(at) = memmem::find(&plain, NOTICE) else {
        return (command.starts_with(b"printf ") && memmem::find(&plain, b"section_end:").is_some())
            .then_some(Said::After);
    };
    let text = &plain[at + NOTICE.len()..];
    let text = text.trim_ascii_end().strip_suffix(NOTICE_END)?;
    Some(match text.strip_suffix(COLLAPSED) {
        Some(first) => Said::Item { text: first.to_vec(), whole: false },
        None => Said::Item { text: text.to_vec(), whole: true },
    })
}

/// The text that an `eval` was given, from the command as bash prints it.
#[must_use]
pub fn evaluated(command: &[u8]) -> Option<Vec<u8>> {
    unquoted(command.strip_prefix(b"eval ")?)
}

/// The items of such a text, in order.
#[must_use]
pub fn items(text: &[u8]) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let mut items = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        at += 1;
        let Some(Said::Item { text, whole }) = said(lines[at - 1]) else { continue };
        let first = lines.get(at).copied().unwrap_or_default();
        let own: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        let end = if whole {
            (lines.get(at..at + own.len()) == Some(&own[..])).then_some(at + own.len())
        } else if first == text {
            let next = (at + 1..lines.len()).find(|next| is_own(&lines, *next));
            // The newline at the end of the text makes an empty last line.
            Some(next.unwrap_or_else(|| lines.len() - usize::from(lines.last() == Some(&&b""[..]))))
        } else {
            // The item itself ends with the runner's words.
            (first == [text.as_slice(), COLLAPSED].concat()).then_some(at + 1)
        };
        // If something else follows the notice, an item printed it.
        let Some(end) = end else { continue };
        items.push(lines[at..end].join(&b'\n'));
        at = end;
    }
    items
}

/// Whether a line is the runner's own, and not one that looks like it.
fn is_own(lines: &[&[u8]], at: usize) -> bool {
    match said(lines[at]) {
        None => false,
        Some(Said::After) => true,
        Some(Said::Item { text, .. }) => {
            let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            lines.get(at + 1).is_some_and(|line| line.starts_with(first))
        }
    }
}

/// The items behind the one that starts the recording; all items if none starts it.
#[must_use]
pub fn after_init(items: &[Vec<u8>]) -> &[Vec<u8>] {
    let init = items.iter().position(|item| is_init(item));
    &items[init.map_or(0, |at| at + 1)..]
}

/// Whether an item starts the recording: a line of it evaluates what `attesh init` prints.
#[must_use]
pub fn is_init(item: &[u8]) -> bool {
    let evaluates =
        |line: &[u8]| ["eval ", "source ", ". "].iter().any(|word| line.starts_with(word.as_bytes()));
    item.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_start)
        .any(|line| evaluates(line) && memmem::find(line, INIT).is_some())
}

/// The items as a script, each a unit of it.
#[must_use]
pub fn script(items: &[Vec<u8>]) -> Option<Script> {
    let (mut bytes, mut ranges, mut line) = (Vec::new(), Vec::new(), 1);
    for item in items {
        let lines = 1 + item.iter().filter(|byte| **byte == b'\n').count() as u64;
        ranges.push((line, line + lines - 1));
        line += lines;
        bytes.extend_from_slice(item);
        bytes.push(b'\n');
    }
    Script::new(bytes, ranges)
}

/// Whether this is what the runner prints of a unit: all of it, or its first line.
#[must_use]
pub fn is_printed_of(text: &[u8], unit: &[u8]) -> bool {
    unit.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest[0] == b'\n')
}

/// A text without the quotes that bash removes; `None` if a quote is not closed.
pub(super) fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
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

    #[test]
    fn the_runners_lines_are_told_from_those_of_a_job() {
        let item = |text: &str, whole| Some(Said::Item { text: text.into(), whole });
        assert_eq!(said(br"echo $'\e[32;1m$ cd src\e[0;m'"), item("cd src", true));
        assert_eq!(said(b"echo '\x1b[32;1m$ cd src\x1b[0;m'"), item("cd src", true));
        assert_eq!(said(b"echo \"\x1b[32;1m\\$ a \\\"b\\\"\x1b[0;m\""), item("a \"b\"", true));
        assert_eq!(
            said(br"echo $'\x1b[32;1m$ if x # collapsed multi-line command\x1b[0;m'"),
            item("if x", false)
        );
        let section =
            b"printf '%b\\n' section_start:$(date +%s):section_script_1\r\x1b[0K$'\\e[32;1m$ a\\nb\\e[0;m'";
        assert_eq!(said(section), item("a\nb", true));
        assert_eq!(
            said(b"printf '%b\\n' section_end:$(date +%s):section_script_1\r\x1b[0K"),
            Some(Said::After)
        );
        assert_eq!(said(b"_runner_exit_code=$?"), Some(Said::After));
        for other in [&b"echo hello"[..], b"cd src", b"printf x", br"echo $'\e[32;1mgreen\e[0;m'", b""] {
            assert_eq!(said(other), None);
        }
    }

    #[test]
    fn items_are_what_stands_between_the_runners_lines() {
        let text = br#"export A=$'x'
cd $'/b'
echo $'\e[32;1m$ eval "$(attesh init bash --ci)"\e[0;m'
eval "$(attesh init bash --ci)"
echo $'\e[32;1m$ cd src\e[0;m'
cd src
_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi
echo $'\e[32;1m$ if true; then # collapsed multi-line command\e[0;m'
if true; then
  make
fi
echo $'\e[32;1m$ not what follows\e[0;m'
echo $'\e[32;1m$ true\e[0;m'
true
"#;
        let items = items(text);
        let texts: Vec<_> = after_init(&items).iter().map(|item| String::from_utf8_lossy(item)).collect();
        let many = "if true; then\n  make\nfi\necho $'\\e[32;1m$ not what follows\\e[0;m'";
        assert_eq!(texts, ["cd src", many, "true"]);
        let script = script(after_init(&items)).unwrap();
        assert_eq!(script.ranges_text(), "1-1,2-5,6-6");
    }

    #[test]
    fn what_eval_was_given_is_read_from_the_command() {
        assert_eq!(evaluated(b"eval 'a\nb'\\''c'").as_deref(), Some(&b"a\nb'c"[..]));
        assert_eq!(evaluated(b"evaluate x"), None);
    }
}
