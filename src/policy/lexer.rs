//! The words and operators of a script, for what its writer is warned of.
//!
//! What lives here: quotes, here-documents, comments, substitutions. What does not: commands
//! and what they hide (`hidden`).
//!
//! Rules: a verdict never rests on this, because bash alone knows where a word ends; a text that
//! is not understood gives fewer tokens, never an error.

/// A piece of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word as it is written, and what its substitutions run.
    Word { text: String, line: u64, inner: Vec<Vec<Token>> },
    /// An operator; a line's end is `\n`. What a redirection names is no token.
    Operator { text: &'static str, line: u64 },
}

impl Token {
    /// The line that it begins in.
    pub(super) fn line(&self) -> u64 {
        match self {
            Token::Word { line, .. } | Token::Operator { line, .. } => *line,
        }
    }

    /// The operator, if it is one.
    pub(super) fn operator(&self) -> Option<&'static str> {
        match self {
            Token::Operator { text, .. } => Some(text),
            Token::Word { .. } => None,
        }
    }

    /// The word, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Token::Word { text, .. } => Some(text),
            Token::Operator { .. } => None,
        }
    }
}

/// Operators that part commands, the longest first.
const OPERATORS: [&str; 11] = [";;&", ";;", ";&", "&&", "||", "|&", ";", "&", "|", "(", ")"];
/// Operators that redirect, the longest first.
const REDIRECTIONS: [&str; 13] =
    ["<<<", "<<-", "&>>", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "<(", ">(", "<"];
/// Words behind which a command begins.
const BEFORE_COMMANDS: [&str; 12] =
    ["then", "do", "else", "elif", "if", "while", "until", "{", "!", "time", "coproc", "-p"];

/// The tokens of a text whose first line has this number.
pub(super) fn tokens(text: &str, first_line: u64) -> Vec<Token> {
    Lexer { text: text.as_bytes(), at: 0, line: first_line, documents: Vec::new(), depth: 0 }.tokens(false)
}

/// How deep substitutions may lie in each other; what lies deeper is not looked at.
const DEPTH_MAX: usize = 50;

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    /// The here-documents that begin behind this line: the word that ends each.
    documents: Vec<String>,
    depth: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &[u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Goes on by so many bytes.
    fn pass(&mut self, count: usize) {
        let end = (self.at + count).min(self.text.len());
        self.line += self.text[self.at..end].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = end;
    }

    /// All tokens up to the end, or up to the `)` of a substitution.
    fn tokens(&mut self, in_substitution: bool) -> Vec<Token> {
        let mut out: Vec<Token> = Vec::new();
        // What is open: `(`, or `c` for a case, whose patterns have a `)` of their own.
        let mut open: Vec<u8> = Vec::new();
        while let Some(byte) = self.peek() {
            let line = self.line;
            match byte {
                b' ' | b'\t' | b'\r' => self.pass(1),
                b'\\' if self.rest().starts_with(b"\\\n") => self.pass(2),
                b'#' => {
                    let length = self.rest().iter().take_while(|byte| **byte != b'\n').count();
                    self.pass(length);
                }
                b'\n' => {
                    self.pass(1);
                    out.push(Token::Operator { text: "\n", line });
                    self.skip_documents();
                }
                b'(' if begins_command(&out) && self.rest().starts_with(b"((") => {
                    let start = self.at;
                    self.skip_parentheses();
                    let text = self.text_from(start);
                    out.push(Token::Word { text, line, inner: Vec::new() });
                }
                _ => {
                    if let Some(redirection) = self.redirection(&mut out) {
                        self.redirect(redirection, &mut out);
                    } else if let Some(text) =
                        OPERATORS.iter().find(|op| self.rest().starts_with(op.as_bytes()))
                    {
                        if *text == ")" {
                            match open.last() {
                                None if in_substitution => {
                                    self.pass(1);
                                    return out;
                                }
                                Some(b'(') => drop(open.pop()),
                                _ => {}
                            }
                        } else if *text == "(" {
                            open.push(b'(');
                        }
                        self.pass(text.len());
                        out.push(Token::Operator { text, line });
                    } else {
                        self.command_word(&mut out, &mut open);
                    }
                }
            }
        }
        out
    }

    /// A word, and what it opens or closes if it is reserved.
    fn command_word(&mut self, out: &mut Vec<Token>, open: &mut Vec<u8>) {
        let first = begins_command(out);
        let word = self.word();
        let text = word.word().unwrap_or_default().to_owned();
        out.push(word);
        match &*text {
            "case" if first => open.push(b'c'),
            "esac" if first && open.contains(&b'c') => while open.pop().is_some_and(|one| one != b'c') {},
            "[[" if first => self.condition(out),
            _ => {}
        }
    }

    /// Up to the `]]` of a condition: its operators are not those of commands.
    fn condition(&mut self, out: &mut Vec<Token>) {
        while let Some(byte) = self.peek() {
            if byte.is_ascii_whitespace() || b"<>()&|;".contains(&byte) {
                self.pass(1);
                continue;
            }
            let word = self.word();
            let end = word.word() == Some("]]");
            out.push(word);
            if end {
                return;
            }
        }
    }

    /// A redirection that begins here; the number before it is no word.
    fn redirection(&self, out: &mut Vec<Token>) -> Option<&'static str> {
        let found = REDIRECTIONS.iter().copied().find(|one| self.rest().starts_with(one.as_bytes()));
        let found = found.or_else(|| self.rest().starts_with(b">").then_some(">"))?;
        let adjacent = self.at > 0 && self.text[self.at - 1].is_ascii_digit();
        let is_number =
            |token: &Token| token.word().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        if adjacent && out.last().is_some_and(is_number) {
            out.pop();
        }
        Some(found)
    }

    /// Passes a redirection and what it names.
    fn redirect(&mut self, operator: &str, out: &mut Vec<Token>) {
        if operator.ends_with('(') {
            // <( ... ) is a word.
            let word = self.word();
            out.push(word);
            return;
        }
        self.pass(operator.len());
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.pass(1);
        }
        let Token::Word { text, line, inner } = self.word() else { return };
        if matches!(operator, "<<" | "<<-") {
            self.documents.push(text.chars().filter(|c| !"'\"\\".contains(*c)).collect());
        } else if !inner.is_empty() {
            // What is named may be made by a command.
            out.push(Token::Word { text, line, inner });
        }
    }

    /// Passes the here-documents that begin in this line.
    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.documents) {
            while self.peek().is_some() {
                let length = self.rest().iter().take_while(|byte| **byte != b'\n').count();
                let line = String::from_utf8_lossy(&self.rest()[..length]).into_owned();
                self.pass(length + 1);
                if line.trim_start_matches('\t') == end {
                    break;
                }
            }
        }
    }

    fn text_from(&self, start: usize) -> String {
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    /// A word, quotes and substitutions included; at least one byte.
    fn word(&mut self) -> Token {
        let (start, line) = (self.at, self.line);
        let mut inner = Vec::new();
        while let Some(byte) = self.peek() {
            let begins = self.at == start;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                b'<' | b'>' if self.rest().get(1) == Some(&b'(') => {
                    self.pass(2);
                    inner.extend(self.substitution());
                }
                b'<' | b'>' => break,
                // An array, or a pattern of extglob, as in a=( ... ) and @( ... ).
                b'(' if !begins && b"=?*+@!".contains(&self.text[self.at - 1]) => self.skip_parentheses(),
                b'(' => break,
                _ => self.piece(&mut inner),
            }
        }
        if self.at == start {
            self.pass(1);
        }
        Token::Word { text: self.text_from(start), line, inner }
    }

    /// A piece of a word: a character, a quotation, a substitution.
    fn piece(&mut self, inner: &mut Vec<Vec<Token>>) {
        match self.rest() {
            [b'\\', ..] => self.pass(2),
            [b'\'', ..] => self.single_quoted(1, false),
            [b'$', b'\'', ..] => self.single_quoted(2, true),
            [b'"', ..] => self.double_quoted(inner),
            [b'$', b'(', b'(', ..] => {
                self.pass(1);
                self.skip_parentheses();
            }
            [b'$', b'(', ..] => {
                self.pass(2);
                inner.extend(self.substitution());
            }
            [b'$', b'{', ..] => self.braces(inner),
            [b'`', ..] => self.backquoted(inner),
            _ => self.pass(1),
        }
    }

    fn single_quoted(&mut self, head: usize, escapes: bool) {
        self.pass(head);
        while let Some(byte) = self.peek() {
            self.pass(if byte == b'\\' && escapes { 2 } else { 1 });
            if byte == b'\'' {
                return;
            }
        }
    }

    fn double_quoted(&mut self, inner: &mut Vec<Vec<Token>>) {
        self.pass(1);
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => return self.pass(1),
                b'\'' => self.pass(1),
                _ => self.piece(inner),
            }
        }
    }

    /// `${ ... }`.
    fn braces(&mut self, inner: &mut Vec<Vec<Token>>) {
        self.pass(2);
        self.depth += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'}' => {
                    self.pass(1);
                    break;
                }
                _ if self.depth > DEPTH_MAX => self.pass(1),
                _ => self.piece(inner),
            }
        }
        self.depth -= 1;
    }

    fn backquoted(&mut self, inner: &mut Vec<Vec<Token>>) {
        self.pass(1);
        let (start, line) = (self.at, self.line);
        while let Some(byte) = self.peek() {
            if byte == b'`' {
                break;
            }
            self.pass(if byte == b'\\' { 2 } else { 1 });
        }
        let text = self.text_from(start).replace("\\`", "`");
        self.pass(1);
        if self.depth < DEPTH_MAX {
            let depth = self.depth + 1;
            let text = text.as_bytes();
            inner.push(Lexer { text, at: 0, line, documents: Vec::new(), depth }.tokens(false));
        }
    }

    /// The tokens up to the closing parenthesis.
    fn substitution(&mut self) -> Option<Vec<Token>> {
        if self.depth >= DEPTH_MAX {
            self.pass(self.text.len());
            return None;
        }
        self.depth += 1;
        let tokens = self.tokens(true);
        self.depth -= 1;
        Some(tokens)
    }

    /// Passes what stands between parentheses, quotes included.
    fn skip_parentheses(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.pass(1),
                b'\'' => {
                    self.single_quoted(1, false);
                    continue;
                }
                b'"' => {
                    self.double_quoted(&mut Vec::new());
                    continue;
                }
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.pass(1);
            if depth == 0 {
                return;
            }
        }
    }
}

/// Whether a command begins behind these tokens.
fn begins_command(before: &[Token]) -> bool {
    match before.last() {
        None | Some(Token::Operator { .. }) => true,
        Some(Token::Word { text, .. }) => BEFORE_COMMANDS.contains(&text.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens in one text: operators stand between ‹ ›, what is within a word between { }.
    fn told(tokens: &[Token]) -> String {
        let one = |token: &Token| match token {
            Token::Operator { text, .. } => format!("‹{}›", text.replace('\n', "n")),
            Token::Word { text, inner, .. } => {
                let inner: Vec<String> = inner.iter().map(|tokens| format!("{{{}}}", told(tokens))).collect();
                text.replace('\n', "/") + &inner.concat()
            }
        };
        tokens.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_and_operators_are_other_than_bash_has_them() {
        for (text, tokens) in [
            ("a;b&&c||d|e|&f&", "a ‹;› b ‹&&› c ‹||› d ‹|› e ‹|&› f ‹&›"),
            ("a 'b; c' \"d | e\" f\\;g", "a 'b; c' \"d | e\" f\\;g"),
            ("a $'it\\'s | x' | b", "a $'it\\'s | x' ‹|› b"),
            ("a # b | c\nd#e", "a ‹n› d#e"),
            ("a \\\n  b", "a b"),
            ("a 2>&1 >x 2> y <z | b", "a ‹|› b"),
            ("a &>f &>>g >|h", "a"),
            ("a $(b; c) d", "a $(b; c){b ‹;› c} d"),
            ("a \"$(b | c)\" `d & e`", "a \"$(b | c)\"{b ‹|› c} `d & e`{d ‹&› e}"),
            ("a ${b:-$(c; d)} ${e#|}", "a ${b:-$(c; d)}{c ‹;› d} ${e#|}"),
            ("a $((1 | 2)) b", "a $((1 | 2)) b"),
            ("((a | b)) && c", "((a | b)) ‹&&› c"),
            ("[[ a || b && ( c ) ]] | d", "[[ a b c ]] ‹|› d"),
            ("(a; b)", "‹(› a ‹;› b ‹)›"),
            ("f() { a; }", "f ‹(› ‹)› { a ‹;› }"),
            ("a=(b | c) d", "a=(b | c) d"),
            ("a <(b; c) >(d)", "a <(b; c){b ‹;› c} >(d){d}"),
            (
                "a $(case b in c) d;; (e) f;; esac; g) h",
                "a $(case b in c) d;; (e) f;; esac; g){case b in c ‹)› d ‹;;› ‹(› e ‹)› f ‹;;› esac ‹;› g} h",
            ),
            ("cat <<E | b\nx | y; z\nE\nc", "cat ‹|› b ‹n› c"),
            ("cat <<-'E' <<F\nx\n\tE\ny &\nF\nc", "cat ‹n› c"),
            ("cat <<< 'a; b'; c", "cat ‹;› c"),
            ("a > $(b; c)", "a $(b; c){b ‹;› c}"),
            ("case a in b|c) d;; esac", "case a in b ‹|› c ‹)› d ‹;;› esac"),
        ] {
            assert_eq!(told(&super::tokens(text, 1)), tokens, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_wrongly() {
        let text = "a 'x\ny' b\n\nc <<E\nd\nE\n$(e\nf) g";
        let lines: Vec<(String, u64)> = super::tokens(text, 5)
            .iter()
            .filter_map(|token| Some((token.word()?.chars().take(1).collect(), token.line())))
            .collect();
        let want = [("a", 5), ("'", 5), ("b", 6), ("c", 8), ("$", 11), ("g", 12)];
        assert_eq!(lines, want.map(|(word, line)| (word.to_owned(), line)));
    }

    #[test]
    fn an_unfinished_text_does_not_end_the_program() {
        let text =
            "a 'b' \"$(c `d` ${e} $((1)) <(f) <<E\n[[ g ]] | (h) case i in j) k;; esac $'l'\nE\n)\" ((m";
        for at in 0..text.len() {
            super::tokens(&text[at..], 1);
            super::tokens(&text[..at], 1);
        }
        super::tokens(&"$(".repeat(100_000), 1);
        super::tokens(&"`\\".repeat(10_000), 1);
        super::tokens(&"${".repeat(10_000), 1);
        super::tokens(&"\"$(".repeat(10_000), 1);
        super::tokens(&"(".repeat(100_000), 1);
    }
}
