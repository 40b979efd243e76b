//! What to do next, as data: a sentence, and the command to type where there is one.
//!
//! A command's fixed words are literals, and what comes from elsewhere is added as a word or
//! path of its own: so nothing foreign is ever typed unquoted.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

use super::quote::quoted;

/// A command to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(Vec<OsString>);

impl Command {
    /// A command of words that need no quoting.
    #[must_use]
    pub fn new(words: &'static str) -> Self {
        Command(words.split(' ').map(OsString::from).collect())
    }

    /// The same with a further word.
    #[must_use]
    pub fn word(mut self, word: impl AsRef<OsStr>) -> Self {
        self.0.push(word.as_ref().to_owned());
        self
    }

    /// The same with a path, which no program takes for an option.
    #[must_use]
    pub fn path(self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        match path.as_os_str().as_encoded_bytes().starts_with(b"-") {
            true => self.word(Path::new(".").join(path)),
            false => self.word(path),
        }
    }

    /// Its words; what is no UTF-8 in them is replaced.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        self.0.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    sentence: String,
    command: Option<Command>,
}

impl Next {
    /// Something to do that is no one command.
    #[must_use]
    pub fn say(sentence: impl Into<String>) -> Self {
        Next { sentence: sentence.into(), command: None }
    }

    /// A command to type, and for what: "to see it", or nothing.
    #[must_use]
    pub fn typing(purpose: &'static str, command: Command) -> Self {
        Next { sentence: purpose.into(), command: Some(command) }
    }

    /// The same behind another way out.
    #[must_use]
    pub fn or(self, first: &str) -> Self {
        Next { sentence: format!("{first}, or {}", self.sentence).trim_end().to_owned(), ..self }
    }

    /// The command, where there is one.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        self.command.as_ref()
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.sentence)?;
        let Some(command) = &self.command else { return Ok(()) };
        let blank = if self.sentence.is_empty() { "" } else { " " };
        write!(f, "{blank}type: {command}")
    }
}

impl From<&'static str> for Next {
    fn from(sentence: &'static str) -> Self {
        Next::say(sentence)
    }
}

/// An error: as text it says what failed and where.
pub trait Fault: fmt::Display {
    /// What to do next, where that is known.
    fn next(&self) -> Option<Next>;

    /// All of it, for a place that takes a text alone.
    fn told(&self) -> String {
        told(self, self.next().as_ref())
    }
}

/// What failed, and what to do next behind it.
pub fn told(what: &(impl fmt::Display + ?Sized), next: Option<&Next>) -> String {
    let what = what.to_string();
    match next {
        None => what,
        Some(next) if what.contains('\n') => format!("{what}\n{next}"),
        Some(next) => format!("{what}; {next}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foreign_in_a_command_is_one_word() {
        let next = Next::typing("to see it", Command::new("attesh show").path("a; touch b #"));
        assert_eq!(next.to_string(), "to see it type: attesh show 'a; touch b #'");
        assert_eq!(next.command().unwrap().argv(), ["attesh", "show", "a; touch b #"]);
        let next = Next::typing("", Command::new("chmod go=").path("-R"));
        assert_eq!(next.to_string(), "type: chmod go= ./-R");
        assert_eq!(next.or("move it away").to_string(), "move it away, or type: chmod go= ./-R");
    }

    #[test]
    fn a_message_of_several_lines_has_its_next_step_on_a_line_of_its_own() {
        let next = Next::say("try again");
        assert_eq!(told("a", Some(&next)), "a; try again");
        assert_eq!(told("a\nb", Some(&next)), "a\nb\ntry again");
        assert_eq!(told("a", None), "a");
    }
}
