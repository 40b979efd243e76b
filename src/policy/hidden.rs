//! Where the own status of a script's unit hides that something in it failed.
//!
//! What lives here: lists, pipelines and compound commands, as far as the words of a script tell,
//! and what is said of them to who writes a policy. What does not: where a unit ends, which bash
//! knows.
//!
//! Rules: this warns only; no verdict rests on it.

use std::collections::{BTreeSet, HashSet};

use super::commands::may_pipe;
use super::lexer::{Token, tokens};
use crate::script::{Script, Unit};

/// What hides a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hides {
    /// A pipeline without pipefail that is all of a unit.
    Pipeline,
    /// One within another command: its statuses may be followed by others.
    InnerPipeline,
    /// Commands behind each other, without errexit.
    List,
    /// A loop, without errexit.
    Loop,
    /// `||` and what stands behind it.
    Or,
    /// A `&` without its `wait`.
    Background,
    /// All of the program is one function.
    Program,
}

impl Hides {
    /// What is so.
    #[must_use]
    pub fn what(self) -> &'static str {
        self.words().split_once("; ").map_or(self.words(), |(what, _)| what)
    }

    /// What is so, and what to write instead.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Hides::Pipeline => {
                "a pipeline has the status of its last command; begin the script with set -o pipefail"
            }
            Hides::InnerPipeline => {
                "a pipeline within other commands has the status of its last command; begin the script with set -o pipefail"
            }
            Hides::List => {
                "of several commands only the last one's status counts; begin the script with set -e, or give each a line of its own"
            }
            Hides::Loop => "a loop has the status of its last turn; begin the script with set -e",
            Hides::Or => {
                "what is behind || hides the failure of what is before it; write || exit, or leave it out"
            }
            Hides::Background => "nobody sees how what & starts ends; write wait $! behind it",
            Hides::Program => {
                "the whole program is one function, of which only one status is seen; call its parts one by one"
            }
        }
    }
}

/// Options of bash that are in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A command that fails ends the script.
    pub errexit: bool,
    /// A pipeline fails where one of its commands does.
    pub pipefail: bool,
}

impl Options {
    /// What the words before a script say.
    #[must_use]
    pub fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut options = Options::default();
        options.take(words);
        options
    }

    /// Takes over what the words behind `set` or `bash` say.
    pub(super) fn take<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        let mut named = None;
        for word in words {
            if let Some(on) = named.take() {
                match word {
                    "errexit" => self.errexit = on,
                    "pipefail" => self.pipefail = on,
                    _ => {}
                }
                continue;
            }
            let Some(sign) = word.chars().next().filter(|sign| matches!(sign, '-' | '+')) else { continue };
            let letters = word[1..].chars().all(|c| c.is_ascii_alphabetic());
            for letter in word[1..].chars().filter(|_| letters) {
                match letter {
                    'e' => self.errexit = sign == '-',
                    'o' => named = Some(sign == '-'),
                    _ => {}
                }
            }
        }
    }
}

/// What hides a failure in a script, with its line, where these options are in force at first.
#[must_use]
pub fn hidden(script: &Script, options: Options) -> Vec<(u64, Hides)> {
    let mut walk = Walk::new(options);
    let first = script.texts().next().filter(|line| line.starts_with(b"#!")).unwrap_or_default();
    let words: Vec<String> =
        String::from_utf8_lossy(first).split_ascii_whitespace().skip(1).map(str::to_owned).collect();
    walk.options.take(words.iter().map(String::as_str));
    script.units().for_each(|unit| walk.unit(unit));
    walk.finish()
}

/// Whether each `|` of a script is in a unit that is one pipeline and nothing else: a policy that
/// asks for each status of a pipeline denies others, because nobody sees their statuses.
#[must_use]
pub fn pipes_are_seen(script: &Script) -> bool {
    script.units().filter(|unit| may_pipe(unit.text)).all(|unit| {
        let mut walk = Walk::new(Options::default());
        walk.unit(unit);
        walk.found.iter().any(|(_, what)| *what == Hides::Pipeline)
    })
}

/// How deep commands may lie in each other; what lies deeper is not looked at.
const DEPTH_MAX: usize = 100;

/// How many words and operators of a group behind `||` are looked at.
const GROUP_MAX: usize = 200;

/// What was found on the way through a script.
struct Walk {
    options: Options,
    found: BTreeSet<(u64, Hides)>,
    /// The lines in which something goes into the background that nobody has waited for yet.
    background: Vec<u64>,
    /// The commands at the top level.
    parts: Vec<Part>,
    /// How many commands lie around this one.
    depth: usize,
}

/// A command at the top level.
enum Part {
    /// A function's definition.
    Definition(String),
    /// It sets something and does nothing else.
    Setting,
    /// It calls this.
    Call(String, u64),
    /// Anything else.
    Other,
}

impl Walk {
    fn new(options: Options) -> Self {
        Walk { options, found: BTreeSet::new(), background: Vec::new(), parts: Vec::new(), depth: 0 }
    }

    fn unit(&mut self, unit: Unit) {
        let all = tokens(&String::from_utf8_lossy(unit.text), unit.first);
        Parser { tokens: &all, at: 0, walk: self, place: Place::TOP }.list(&[]);
    }

    fn finish(mut self) -> Vec<(u64, Hides)> {
        self.found.extend(self.background.iter().map(|line| (*line, Hides::Background)));
        let defined: HashSet<&str> = (self.parts.iter())
            .filter_map(|part| match part {
                Part::Definition(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if let Some((Part::Call(name, line), before)) = self.parts.split_last() {
            let sets = |part: &Part| matches!(part, Part::Definition(_) | Part::Setting);
            if defined.contains(name.as_str()) && before.iter().all(sets) {
                self.found.insert((*line, Hides::Program));
            }
        }
        self.found.into_iter().collect()
    }
}

/// Where a command stands.
#[derive(Clone, Copy)]
struct Place {
    /// Not within another command.
    top: bool,
    /// What it sets holds for the script.
    shell: bool,
    /// It is asked whether it succeeds, so that it may fail.
    condition: bool,
}

impl Place {
    const TOP: Place = Place { top: true, shell: true, condition: false };

    fn within(self) -> Place {
        Place { top: false, ..self }
    }

    fn child(self) -> Place {
        Place { top: false, shell: false, ..self }
    }

    fn condition(self) -> Place {
        Place { top: false, condition: true, ..self }
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    walk: &'a mut Walk,
    place: Place,
}

/// The reserved words that end a list.
const ENDS: [&str; 8] = ["then", "do", "done", "fi", "else", "elif", "esac", "}"];
/// Commands that set something and do nothing else.
const SETTINGS: [&str; 13] = [
    "set", "shopt", "export", "readonly", "declare", "typeset", "local", "source", ".", "trap", "umask",
    "cd", "unset",
];

impl Parser<'_> {
    fn operator(&self) -> Option<&'static str> {
        self.tokens.get(self.at)?.operator()
    }

    fn word(&self) -> Option<&str> {
        self.tokens.get(self.at)?.word()
    }

    fn line(&self) -> u64 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, Token::line)
    }

    fn find(&mut self, line: u64, what: Hides) {
        self.walk.found.insert((line, what));
    }

    fn in_place<T>(&mut self, place: Place, parse: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.place, place);
        let parsed = parse(self);
        self.place = outer;
        parsed
    }

    /// Passes operators that mean nothing here.
    fn skip(&mut self, operators: &[&str]) {
        while self.operator().is_some_and(|text| operators.contains(&text)) {
            self.at += 1;
        }
    }

    /// A list of commands, up to one of these operators or a word that ends it. The top list
    /// goes on behind what it does not understand.
    fn list(&mut self, ends: &[&str]) {
        let mut before: Option<(u64, bool)> = None;
        loop {
            self.skip(&["\n", ";"]);
            if self.at >= self.tokens.len()
                || self.operator().is_some_and(|text| ends.contains(&text))
                || self.word().is_some_and(|word| ENDS.contains(&word) && !self.place.top)
            {
                return;
            }
            let (line, from) = (self.line(), self.at);
            let errexit = self.walk.options.errexit;
            if let Some((line, joined)) = before
                && !self.place.condition
                && (!errexit || joined)
            {
                self.find(line, Hides::List);
            }
            let joined = self.and_or();
            if self.operator() == Some("&") {
                self.at += 1;
                self.walk.background.push(line);
                before = None;
            } else {
                before = Some((line, joined));
            }
            if self.at == from {
                self.at += 1;
            }
        }
    }

    /// Commands joined by && and ||; whether there are several.
    fn and_or(&mut self) -> bool {
        let mut joined = false;
        let line = self.line();
        self.pipeline();
        while let Some(operator @ ("&&" | "||")) = self.operator() {
            self.at += 1;
            self.skip(&["\n"]);
            if operator == "||" && !self.place.condition && !self.leaves() {
                self.find(line, Hides::Or);
            }
            joined = true;
            let place = self.place.within();
            self.in_place(place, Self::pipeline);
        }
        joined
    }

    /// Whether what comes next ends the script or function with the failure, or with another.
    fn leaves(&self) -> bool {
        let mut rest = self.tokens.get(self.at..).unwrap_or_default();
        if self.word() == Some("{") {
            // The last command of a group.
            rest = &rest[..rest.len().min(GROUP_MAX)];
            let end = rest.iter().position(|token| token.word() == Some("}")).unwrap_or(rest.len());
            let group = &rest[..end];
            let last = group.iter().rposition(|token| token.word().is_some()).map_or(0, |at| at + 1);
            let from = group[..last].iter().rposition(|token| token.operator().is_some());
            rest = &group[from.map_or(1, |at| at + 1).min(last)..last];
        }
        let words: Vec<&str> = rest.iter().map_while(Token::word).take(3).collect();
        let fails = |word: &str| word.parse::<u8>().is_ok_and(|status| status != 0) || word == "$?";
        match words[..] {
            ["exit" | "return" | "false"] => true,
            ["exit" | "return", status, ..] => fails(status),
            _ => false,
        }
    }

    fn pipeline(&mut self) {
        let (line, start) = (self.line(), self.at);
        while self.word().is_some_and(|word| matches!(word, "!" | "time" | "-p" | "coproc")) {
            self.at += 1;
        }
        let (from, parts) = (self.at, self.walk.parts.len());
        self.command();
        let mut several = false;
        while let Some("|" | "|&") = self.operator() {
            several = true;
            self.at += 1;
            self.skip(&["\n"]);
            let place = self.place.child();
            self.in_place(place, Self::command);
        }
        if several && !self.walk.options.pipefail {
            let is_end = |token: &Token| matches!(token.operator(), Some("\n" | ";"));
            let others = self.tokens[..start].iter().chain(self.tokens.iter().skip(self.at));
            // Behind ! a status of 0 is that of a failure.
            let alone = self.place.top && start == from && others.into_iter().all(is_end);
            self.find(line, if alone { Hides::Pipeline } else { Hides::InnerPipeline });
        }
        if self.place.top && (several || self.walk.parts.len() == parts && self.at > from) {
            self.walk.parts.truncate(parts);
            self.walk.parts.push(Part::Other);
        }
    }

    fn command(&mut self) {
        if self.walk.depth == DEPTH_MAX {
            self.at = self.tokens.len();
            return;
        }
        self.walk.depth += 1;
        self.one();
        self.walk.depth -= 1;
    }

    fn one(&mut self) {
        match (self.operator(), self.word()) {
            (Some("("), _) => {
                self.at += 1;
                let place = self.place.child();
                let options = self.walk.options;
                self.in_place(place, |parser| parser.list(&[")"]));
                self.walk.options = options;
                self.at += 1;
            }
            (Some(_), _) | (None, None) => {}
            (None, Some(word)) => match word {
                "{" => self.body(),
                "if" => self.choice(),
                "while" | "until" => {
                    self.at += 1;
                    let place = self.place.condition();
                    self.in_place(place, |parser| parser.list(&[]));
                    self.turns();
                }
                "for" | "select" => {
                    self.at += 1;
                    while self.at < self.tokens.len() && !matches!(self.word(), Some("do" | "{")) {
                        self.inner();
                        self.at += 1;
                    }
                    self.turns();
                }
                "case" => self.cases(),
                "function" => {
                    self.at += 1;
                    let name = self.word().unwrap_or_default().to_owned();
                    self.at += 1;
                    self.definition(name);
                }
                _ => self.simple(),
            },
        }
        // What a compound command is redirected to may be made by a command.
        while self.tokens.get(self.at).is_some_and(|token| {
            matches!(token, Token::Word { inner, text, .. } if !inner.is_empty() && !ENDS.contains(&text.as_str()))
        }) {
            self.inner();
            self.at += 1;
        }
    }

    /// From a word that opens a list to the word that ends it.
    fn body(&mut self) {
        self.at += 1;
        let place = self.place.within();
        self.in_place(place, |parser| parser.list(&[]));
        self.at += 1;
    }

    /// The body of a loop.
    fn turns(&mut self) {
        if !self.walk.options.errexit && !self.place.condition {
            let line = self.line();
            self.find(line, Hides::Loop);
        }
        self.body();
    }

    /// if ... fi
    fn choice(&mut self) {
        while let Some(word) = self.word() {
            match word {
                "if" | "elif" => {
                    self.at += 1;
                    let place = self.place.condition();
                    self.in_place(place, |parser| parser.list(&[]));
                }
                "then" | "else" => {
                    self.at += 1;
                    let place = self.place.within();
                    self.in_place(place, |parser| parser.list(&[]));
                }
                "fi" => {
                    self.at += 1;
                    return;
                }
                _ => return,
            }
        }
    }

    /// case ... esac
    fn cases(&mut self) {
        while self.at < self.tokens.len() && self.word() != Some("in") {
            self.inner();
            self.at += 1;
        }
        self.at += 1;
        loop {
            self.skip(&["\n", ";;", ";&", ";;&", "("]);
            if self.at >= self.tokens.len() || self.word() == Some("esac") {
                break;
            }
            while self.at < self.tokens.len() && self.operator() != Some(")") {
                self.at += 1;
            }
            self.at += 1;
            let place = self.place.within();
            self.in_place(place, |parser| parser.list(&[";;", ";&", ";;&"]));
            if self.word().is_some_and(|word| word != "esac") {
                // A word that ends another list: the text is not understood.
                self.at += 1;
            }
        }
        self.at += 1;
    }

    /// The body of a function that has this name.
    fn definition(&mut self, name: String) {
        self.skip(&["(", ")", "\n"]);
        if self.place.top {
            self.walk.parts.push(Part::Definition(name));
        }
        let place = Place { condition: false, ..self.place.child() };
        let options = self.walk.options;
        self.in_place(place, Self::command);
        self.walk.options = options;
    }

    /// What the substitutions of a word run.
    fn inner(&mut self) {
        let Some(Token::Word { inner, .. }) = self.tokens.get(self.at) else { return };
        let place = self.place.child();
        for tokens in inner {
            let options = self.walk.options;
            Parser { tokens, at: 0, walk: self.walk, place }.list(&[]);
            self.walk.options = options;
        }
    }

    fn simple(&mut self) {
        let line = self.line();
        let mut words = Vec::new();
        while let Some(word) = self.word() {
            words.push(word.to_owned());
            self.inner();
            self.at += 1;
            if words.len() == 1 && self.operator() == Some("(") {
                return self.definition(words.remove(0));
            }
        }
        let called = words.iter().position(|word| !is_assignment(word));
        let part = match called.map(|at| words[at].as_str()) {
            None => Part::Setting,
            Some(name) if SETTINGS.contains(&name) => Part::Setting,
            Some(name) => Part::Call(name.to_owned(), line),
        };
        if self.place.top {
            self.walk.parts.push(part);
        }
        let Some(at) = called else { return };
        if words[at] == "set" && self.place.shell {
            self.walk.options.take(words[at + 1..].iter().map(String::as_str));
        }
        // `wait` alone succeeds, however what it waited for ended.
        if words[at] == "wait" && words.len() > at + 1 {
            self.walk.background.clear();
        }
    }
}

/// Whether a word is NAME=VALUE.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end_matches('+');
        let name = name.split('[').next().unwrap_or_default();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
#[path = "hidden_tests.rs"]
mod tests;
