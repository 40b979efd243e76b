//! Which file of the package imports which, and the circles among them.
//!
//! What lives here: from the texts of files to a graph. What does not: which circles may be
//! (`tidy`).
//!
//! Rules: a name that a module re-exports is an import of the file that has it, wherever it is
//! taken from; a module that only declares its children imports none of them.

use std::collections::{BTreeMap, BTreeSet};

/// Each file and those that it imports.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// A path of a `use`, and the name under which it is known then.
struct Use {
    path: Vec<String>,
    name: String,
    public: bool,
}

/// What a file declares and imports.
struct Module {
    file: String,
    children: BTreeSet<String>,
    uses: Vec<Use>,
    /// The paths in its code.
    inline: Vec<Vec<String>>,
}

/// The words and signs of a source without its comments, texts and tests.
fn tokens(text: &str) -> Vec<String> {
    let text: Vec<char> = text.split("#[cfg(test)]").next().unwrap().chars().collect();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = |at: usize, word: &str| word.chars().enumerate().all(|(i, c)| text.get(at + i) == Some(&c));
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let from = at;
        match text[at] {
            '/' if starts(at, "//") => at += text[at..].iter().take_while(|c| **c != '\n').count(),
            'r' if starts(at, "r\"") || starts(at, "r#\"") => {
                let end = if starts(at, "r#") { "\"#" } else { "\"" };
                at += 1 + end.len();
                at += (at..text.len()).take_while(|at| !starts(*at, end)).count() + end.len();
            }
            '"' => {
                at += 1;
                while at < text.len() && text[at] != '"' {
                    at += if text[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
            }
            // A character, if it is not a lifetime.
            '\'' if starts(at + 1, "\\") => {
                at += 3 + text[at + 3..].iter().take_while(|c| **c != '\'').count() + 1
            }
            '\'' if text.get(at + 2) == Some(&'\'') => at += 3,
            c if is_word(c) => {
                at += text[at..].iter().take_while(|c| is_word(**c)).count();
                found.push(text[from..at].iter().collect());
            }
            _ if starts(at, "::") => {
                at += 2;
                found.push("::".to_owned());
            }
            c => {
                at += 1;
                if !c.is_whitespace() {
                    found.push(c.to_string());
                }
            }
        }
    }
    found
}

/// Reads the tree of a `use` from `at` on, behind `before`; returns where it ends.
fn tree(words: &[String], mut at: usize, before: &[String], public: bool, uses: &mut Vec<Use>) -> usize {
    let mut path = before.to_vec();
    loop {
        match words[at].as_str() {
            "{" => {
                at += 1;
                while words[at] != "}" {
                    at = tree(words, at, &path, public, uses);
                    at += usize::from(words[at] == ",");
                }
                return at + 1;
            }
            "::" => at += 1,
            "," | "}" | ";" => {
                let name = path.last().cloned().unwrap_or_default();
                uses.push(Use { path, name, public });
                return at;
            }
            "as" => {
                uses.push(Use { path, name: words[at + 1].clone(), public });
                return at + 2;
            }
            "self" if !path.is_empty() => at += 1,
            word => {
                path.push(word.to_owned());
                at += 1;
            }
        }
    }
}

fn read(file: &str, text: &str) -> Module {
    let words = tokens(text);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let mut module =
        Module { file: file.to_owned(), children: BTreeSet::new(), uses: Vec::new(), inline: Vec::new() };
    let (mut at, mut public) = (0, false);
    while at < words.len() {
        match word(at) {
            "mod" if word(at + 2) == ";" => {
                module.children.insert(word(at + 1).to_owned());
                at += 2;
            }
            "use" => {
                at = tree(&words, at + 1, &[], public, &mut module.uses);
            }
            _ if word(at + 1) == "::" && word(at.wrapping_sub(1)) != "::" => {
                let mut path = vec![word(at).to_owned()];
                while word(at + 1) == "::"
                    && word(at + 2).starts_with(|c: char| c.is_alphabetic() || c == '_')
                {
                    path.push(word(at + 2).to_owned());
                    at += 2;
                }
                module.inline.push(path);
            }
            _ => {}
        }
        // `pub`, or `pub(super)`
        public =
            word(at) == "pub" || public && ["(", ")", "super", "crate", "self", "in"].contains(&word(at));
        at += 1;
    }
    module
}

/// The path of a module, from the name of its file.
fn place(file: &str) -> Vec<String> {
    let rest = file.strip_prefix("src/").unwrap_or(file).trim_end_matches(".rs");
    let mut path: Vec<String> = rest.split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod" || path.len() == 1 && last == "lib") {
        path.pop();
    }
    path
}

struct Package(BTreeMap<Vec<String>, Module>);

impl Package {
    /// The module in which the item at the end of a path is, as seen from `here`.
    fn find(&self, here: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let (head, rest) = path.split_first()?;
        let mut at = here.to_vec();
        let mut rest = rest;
        match head.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
                while rest.first().is_some_and(|word| word == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            _ => return self.step(here, path, depth).filter(|found| found != here),
        }
        self.step(&at, rest, depth)
    }

    /// From a module along a path, through what it re-exports or, at home, has imported.
    fn step(&self, at: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let module = self.0.get(at)?;
        let Some((word, rest)) = path.split_first() else { return Some(at.to_vec()) };
        if module.children.contains(word) {
            return self.step(&[at, std::slice::from_ref(word)].concat(), rest, depth);
        }
        let known = module.uses.iter().find(|known| known.name == *word && depth < 16);
        match known {
            Some(known) if known.path != path => {
                self.find(at, &[known.path.as_slice(), rest].concat(), depth + 1).or(Some(at.to_vec()))
            }
            _ => Some(at.to_vec()),
        }
    }
}

/// The graph of these files, each given with its text.
pub fn graph<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Graph {
    let package = Package(files.into_iter().map(|(name, text)| (place(name), read(name, text))).collect());
    let mut graph = Graph::new();
    for (here, module) in &package.0 {
        let imports = graph.entry(module.file.clone()).or_default();
        let uses = module.uses.iter().map(|known| (&known.path, known.public));
        for (path, public) in uses.chain(module.inline.iter().map(|path| (path, false))) {
            let Some(found) = package.find(here, path, 0) else { continue };
            if found != *here && !(public && found.starts_with(here)) {
                imports.insert(package.0[&found].file.clone());
            }
        }
    }
    graph
}

/// The circles: each set of files of which every one imports every other, by whatever way.
pub fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let mut reached: Graph = graph.clone();
    loop {
        let before: usize = reached.values().map(BTreeSet::len).sum();
        for file in graph.keys() {
            let further: Vec<String> =
                reached[file].iter().filter_map(|at| reached.get(at)).flatten().cloned().collect();
            reached.get_mut(file).unwrap().extend(further);
        }
        if reached.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    let mut found = BTreeSet::new();
    for (file, all) in reached.iter().filter(|(file, all)| all.contains(*file)) {
        let ring = all.iter().filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)));
        found.insert(ring.cloned().collect::<Vec<String>>());
    }
    found.into_iter().collect()
}

#[test]
fn a_circle_is_found_however_its_imports_are_written() {
    let lib = ("src/lib.rs", "pub mod a;\npub mod b;\n");
    let a = "mod one;\nmod two;\npub use one::First;\npub use two::Second as Other;\n";
    for (one, two) in [
        ("use super::two::Second;\npub struct First;", "use crate::a::one::First;"),
        ("pub struct First;\nfn f() { crate::a::two::f() }", "fn f() { super::one::f() }"),
        ("use crate::{a::{two::{self, Second as S}}, b};", "use super::one::First;\npub struct Second;"),
        // Through what the module re-exports.
        ("use super::Other;\npub struct First;", "use crate::a::{First};\npub struct Second;"),
        ("use crate::b::Again;\npub struct First;", "use super::First;\npub struct Second;"),
        // By the name of a module that was imported.
        ("use crate::a;\nfn f() -> a::Other { lost(\"use\") }", "pub(super) use super::one::First;"),
    ] {
        let files = [
            lib,
            ("src/a.rs", a),
            ("src/a/one.rs", one),
            ("src/a/two.rs", two),
            ("src/b.rs", "pub use crate::a::Other as Again;"),
        ];
        let found = circles(&graph(files));
        assert!(
            found.iter().any(|ring| ring.contains(&"src/a/one.rs".to_owned())),
            "{one}\n{two}\n{found:?}"
        );
    }
}

#[test]
fn a_module_imports_those_of_its_children_that_it_uses() {
    let child = "use super::Whole;\npub struct Part;\n";
    let circle = |module: &str| {
        let files = [("src/lib.rs", "mod a;"), ("src/a/mod.rs", module), ("src/a/part.rs", child)];
        circles(&graph(files))
    };
    let none: Vec<Vec<String>> = Vec::new();
    assert_eq!(circle("pub mod part;\npub use part::Part;\npub struct Whole;"), none);
    assert_eq!(circle("mod part;\n/// [`crate::a::part::Part`]\npub struct Whole;"), none);
    assert_eq!(circle("mod part;\npub struct Whole;\n#[cfg(test)]\nmod tests { use super::part; }"), none);
    let ring = vec![vec!["src/a/mod.rs".to_owned(), "src/a/part.rs".to_owned()]];
    assert_eq!(circle("mod part;\nuse part::Part;\npub struct Whole(Part);"), ring);
    assert_eq!(circle("mod part;\npub struct Whole(part::Part);"), ring);
}
