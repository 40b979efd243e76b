//! Which commands bash may run without announcing them, as far as their words tell.
//!
//! What lives here: definitions of functions, `( ... )`, and compound commands that run in a
//! child. Pure. What does not: where a command ends, which bash knows.
//!
//! Rules: DEBUG fires before simple commands, the heads of `for`, `case` and `select`, `[[ ]]`
//! and `(( ))`, in the shell itself only. Each answer is true unless bash certainly announces
//! the command.

/// Whether bash may run all of a command without announcing it.
#[must_use]
pub fn may_be_silent(command: &str) -> bool {
    let Some(head) = turns(command) else { return may_begin_silently(command) };
    // Without a word the loop has no turn, and bash announces nothing.
    let empty =
        head.split_whitespace().last() == Some("in") || !head.split_whitespace().any(|word| word == "in");
    empty || head.contains(['$', '`', '*', '?', '[', '<']) || may_begin_silently(command)
}

/// Whether bash may run something of a command before it announces any of it.
#[must_use]
pub fn may_begin_silently(command: &str) -> bool {
    if turns(command).is_some_and(|head| ["$(", "`", "<(", "${ "].iter().any(|word| head.contains(word))) {
        return true;
    }
    let (compound, text) = first_command(command);
    let arithmetic = is_arithmetic(text);
    if text.starts_with('(') && !arithmetic || defined(text).is_some() {
        return true;
    }
    let word = text.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    let compound = compound || arithmetic || ["for", "select", "case", "[["].contains(&word);
    let list = command.contains("&&") || command.contains("||");
    let behind = |at: usize| is_lone(command.as_bytes(), at) && command.as_bytes()[at] == b'&';
    let in_background = list && (0..command.len()).any(behind);
    word == "coproc" || in_background || compound && runs_in_a_child(command)
}

/// Whether bash comes to a ( ... ) first in a command.
#[must_use]
pub fn begins_with_subshell(command: &str) -> bool {
    let (_, text) = first_command(command);
    text.starts_with('(') && !is_arithmetic(text)
}

/// Whether a command may fail without a report of bash: of a list with `&&` ERR fires only for
/// the last command, and for none behind `!`. It does fire for what follows a last `||`.
#[must_use]
pub fn may_fail_silently(command: &str) -> bool {
    if is_subshell(command.as_bytes()) {
        return false;
    }
    let words = ["then", "do"];
    let conditional = ["if", "while", "until"].iter().any(|word| command.trim_start().starts_with(word));
    let mut body = command;
    if conditional {
        let from = words.iter().filter_map(|word| command.find(word)).min();
        body = &command[from.unwrap_or(0)..];
    }
    let and = body.rfind("&&");
    let negated = body.split([';', '\n', '&', '|']).any(|part| {
        let part = part.trim_start();
        part.starts_with("! ")
            || ["then ! ", "do ! ", "{ ! ", "( ! "].iter().any(|word| part.starts_with(word))
    });
    negated || and.is_some_and(|and| !body[and..].contains("||"))
}

/// Whether a text is one ( ... ) and nothing else, as far as its parentheses tell.
#[must_use]
pub fn is_subshell(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let mut depth = 0_i64;
    let end = text.iter().position(|byte| {
        depth += i64::from(*byte == b'(') - i64::from(*byte == b')');
        depth == 0
    });
    text.first() == Some(&b'(') && end.is_some_and(|end| end + 1 == text.len())
}

/// The words of a `for` or `select` that a command begins with.
fn turns(command: &str) -> Option<&str> {
    let (_, text) = first_command(command);
    let rest = text.strip_prefix("for").or_else(|| text.strip_prefix("select"))?;
    if !rest.starts_with(|c: char| c.is_whitespace()) || rest.trim_start().starts_with("((") {
        return None;
    }
    Some(&rest[..rest.find([';', '\n']).unwrap_or(rest.len())])
}

/// What bash comes to first, and whether that is in a compound command.
fn first_command(command: &str) -> (bool, &str) {
    let (mut text, mut compound) = (command.trim_start(), false);
    loop {
        if text.starts_with('#') {
            text = text.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
            continue;
        }
        let Some((word, rest)) = text.split_once(|c: char| c.is_whitespace()) else { break };
        if !["{", "!", "if", "while", "until", "time", "-p"].contains(&word) {
            break;
        }
        compound |= !["!", "time", "-p"].contains(&word);
        text = rest.trim_start();
    }
    (compound, text)
}

/// Whether (( is arithmetic, and not a ( inside another.
fn is_arithmetic(text: &str) -> bool {
    let Some(inner) = text.strip_prefix("((").and_then(|rest| rest.split_once("))")).map(|(inner, _)| inner)
    else {
        return false;
    };
    let mut depth = 0_i64;
    let sound = inner.chars().all(|c| {
        depth += i64::from(c == '(') - i64::from(c == ')');
        depth >= 0 && c != ';'
    });
    sound && !(inner.starts_with(' ') && inner.contains(['|', '&']))
}

/// Whether a compound command may run in a child: as a member of a pipeline that does not end
/// with a command that is announced, or in the background. An operator behind the end of a
/// compound command, on the same line, shows it.
fn runs_in_a_child(command: &str) -> bool {
    let (bytes, mut start, mut last) = (command.as_bytes(), 0, None);
    for line in command.split_inclusive(['\n', ';']) {
        let from = end_of_compound(line).unwrap_or(line.len());
        for at in (start + from..start + line.len()).filter(|at| is_lone(bytes, *at)) {
            if bytes[at] == b'&' {
                return true;
            }
            last = Some(at);
        }
        start += line.len();
    }
    let Some(last) = last else { return false };
    let end = command[last + 1..].trim_start_matches('&').trim();
    let plain = end.starts_with(|c: char| c.is_ascii_alphanumeric() || "./_\"'$".contains(c));
    let word = end.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    let keyword =
        ["if", "while", "until", "for", "select", "case", "time", "coproc", "function"].contains(&word);
    !plain || keyword || end.contains([';', '&', '\n', '(', ')'])
}

/// Where the first word of a line ends that can be the end of a compound command.
fn end_of_compound(line: &str) -> Option<usize> {
    let mut at = 0;
    line.split_inclusive(|c: char| c.is_whitespace() || c == '|' || c == '&').find_map(|part| {
        let word = part.trim_end_matches(|c: char| c.is_whitespace() || c == '|' || c == '&');
        let end = at + word.len();
        at += part.len();
        ["}", "fi", "done", "esac", "]]", "))"].iter().any(|close| word.ends_with(close)).then_some(end)
    })
}

/// Whether a `|` or `&` is here that is not half of another operator.
fn is_lone(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| bytes[at]);
    let after = bytes.get(at + 1).copied();
    let twice = before == Some(bytes[at]) || after == Some(bytes[at]);
    match bytes[at] {
        b'|' => !twice && before != Some(b'>'),
        b'&' => !twice && !matches!(before, Some(b'>' | b'<' | b'|')) && after != Some(b'>'),
        _ => false,
    }
}

/// Whether a text has a word; a byte that is not a letter, digit or `_` ends a word.
pub(super) fn has_word(text: &[u8], wanted: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').any(|word| word == wanted)
}

/// The name of the function that a command begins to define, whatever its body is.
#[must_use]
pub fn defined(text: &str) -> Option<&str> {
    definition(text).map(|(name, _)| name)
}

/// The name of the function that a command begins to define, and what follows its head.
fn definition(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let named = text.strip_prefix("function").filter(|rest| rest.starts_with([' ', '\t']));
    let text = named.map_or(text, str::trim_start);
    let name = text.find(|c: char| c.is_whitespace() || "(){}<>&|;$`'\"=".contains(c)).unwrap_or(text.len());
    let rest = text[name..].trim_start();
    let behind = rest.strip_prefix('(').and_then(|rest| rest.trim_start().strip_prefix(')'));
    let rest = behind.map(str::trim_start).or(named.map(|_| rest))?;
    (name > 0).then_some((&text[..name], rest))
}

/// Whether a command certainly defines a function and does nothing else.
#[must_use]
pub fn is_definition(command: &str) -> bool {
    let Some((_, body)) = definition(command) else { return false };
    if !body.starts_with('{') {
        return is_subshell(body.as_bytes());
    }
    let mut depth = 0_i64;
    let mut words = body.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty());
    for word in words.by_ref() {
        match word {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if word.ends_with("(){") => depth += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    depth == 0 && body.ends_with('}') && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_fail_without_a_word_of_bash() {
        for silent in
            ["a && b", "! a", "a || b && c", "for i in x; do a && b; done", "a\n! b", "if a; then b && c; fi"]
        {
            assert!(may_fail_silently(silent), "{silent}");
        }
        for told in
            ["a", "a || b", "cd x || exit 1", "a && b || c", "if a && b; then c; fi", "while ! a; do b; done"]
        {
            assert!(!may_fail_silently(told), "{told}");
        }
    }

    #[test]
    fn what_bash_may_not_announce_is_known() {
        for silent in [
            "(a)",
            " ( a; b ) >x",
            "! (a)",
            "time (a)",
            "time -p (a)",
            "f() { :; }",
            "function f { a; }",
            "f () ( a )",
            "if (a); then b; fi",
            "{ (a); b; }",
            "coproc a",
            "{ a; } &",
            "{ a; }|{ b; }",
            "if a; then b; fi & c",
            "for i in a; do b; done | while read x; do c; done",
            "while a; do b; done &",
            "case x in x) a;; esac | (b)",
            "((i++)) &",
            "((a) | (b))",
            "(a) && b",
            "(a); b",
            "{\n# c\n(a)\nb\n}",
            "f() { :; }; b",
            "f() if a; then b; fi",
            "f() [[ x ]]",
            "((a); (b))",
            "((a) && (b))",
            "{ a; } | b; c",
            "{ a; } | { b; }; c",
            "a && b &",
            "a || b & c",
            "for i in a; do b; done < x | c | (d)",
            "for i in $(a); do b; done",
            "select i in `a`; do b; done",
        ] {
            assert!(may_be_silent(silent) && may_begin_silently(silent), "{silent}");
        }
        for empty in [
            "for i in $x; do b; done",
            "for i in; do b; done",
            "for i; do b; done",
            "for i in *.c\ndo b; done",
        ] {
            assert!(may_be_silent(empty) && !may_begin_silently(empty), "{empty}");
        }
    }

    #[test]
    fn what_bash_announces_is_not_taken_for_silent() {
        for announced in [
            "a",
            "a | b",
            "a &",
            "a | (b)",
            "a && (b)",
            "x=1",
            "x=(1 2)",
            "> f",
            "if a; then (b); fi",
            "{ a; }",
            "for i in a; do (b); done",
            "for ((i = 0; i < 1; i++)); do b; done",
            "((i++))",
            "((i)) && a || b",
            "while a; do b; done 2>&1",
            "until a; do b; done &> x",
            "case x in a) b;; esac",
            "[[ a || b ]]",
            "! a",
            "time a",
            "echo '(a)'",
            "if a 2>&1 >|x; then b; fi",
            "a <(b)",
            "for i in a; do b; done | sort -u",
            "{ a; } |& tee log",
            "if a; then b; fi | c | d",
            "((i = (1 + 2) * 3))",
            "for i in a; do b | c; done",
            "case a in b) c | d;; esac",
            "if a | b; then\n  c | d\nfi",
            "while read x; do a | b; done < f",
            "a && b; c || d",
            "builtin exit 0",
            "function_of x",
            "format x",
        ] {
            assert!(!may_be_silent(announced) && !may_begin_silently(announced), "{announced}");
        }
    }
}
