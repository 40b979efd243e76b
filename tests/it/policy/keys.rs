//! The keys of policies: attesh-policy(5) against the table in the code, and every error
//! with its line and column.

use std::collections::BTreeSet;
use std::path::Path;

use attesh::policy::keys::{KEYS, Type};
use attesh::policy::{AHEAD_MAX_S, POLICY_MAX, Policy};
use attesh::text::toml::TOKENS_MAX;

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/attesh-policy.5")).unwrap()
}

/// The policy of the page that has every key.
fn full() -> String {
    let page = page();
    let part = page.split_once("\n.Sh EXAMPLES\n").unwrap().1;
    let text = part.split_once(".Bd -literal -offset indent\n").unwrap().1.split_once(".Ed").unwrap().0;
    text.replace("\\e", "\\")
}

fn error(text: &str) -> String {
    match Policy::read(text.as_bytes()) {
        Ok(_) => panic!("this is taken:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_key_stands_in_the_table_of_the_page_and_none_other() {
    let (mut heading, mut rows) = (String::new(), BTreeSet::new());
    for line in page().lines() {
        if let Some(table) = line.strip_prefix(".Ss Keys of ") {
            table.trim_start_matches("the ").clone_into(&mut heading);
        } else if line.starts_with(".S") {
            heading.clear();
        } else if let Some(row) = line.strip_prefix(".It Va ").filter(|_| !heading.is_empty()) {
            let cells: Vec<&str> = row.split(" Ta ").collect();
            let [name, kind, presence, default, meaning] = cells[..] else { panic!("{line}") };
            let key = KEYS.iter().find(|key| key.table == heading && key.name == name);
            let key = key.unwrap_or_else(|| panic!("there is no key {name} in {heading}"));
            assert_eq!(kind, key.kind.name(), "{line}");
            assert_eq!(presence, if key.required { "always" } else { "optional" }, "{line}");
            if let Type::Word(words) = key.kind {
                let list = match words {
                    [one] => format!("{one}: "),
                    [one, two] => format!("{one} or {two}: "),
                    _ => format!("{} or {}: ", words[..words.len() - 1].join(", "), words.last().unwrap()),
                };
                assert!(meaning.starts_with(&list), "{line}");
                assert!(words.contains(&default) || ["by mode", "none"].contains(&default), "{line}");
            }
            rows.insert((heading.clone(), name.to_owned()));
        }
    }
    let keys: BTreeSet<(String, String)> =
        KEYS.iter().map(|key| (key.table.to_owned(), key.name.to_owned())).collect();
    assert_eq!(rows, keys);
    let page = page().split_whitespace().collect::<Vec<_>>().join(" ");
    for limit in [
        format!("{POLICY_MAX} bytes (POLICY_MAX)"),
        format!("{TOKENS_MAX} tokens (TOKENS_MAX:"),
        format!("{AHEAD_MAX_S} seconds (AHEAD_MAX_S)"),
    ] {
        assert!(page.contains(&limit), "{limit}");
    }
}

#[test]
fn every_policy_of_the_page_can_be_read() {
    let page = page();
    let shown: Vec<String> = page
        .split(".Bd -literal -offset indent\n")
        .skip(1)
        .map(|piece| piece.split(".Ed").next().unwrap().replace("\\e", "\\"))
        .collect();
    assert_eq!(shown.len(), 2);
    for text in &shown {
        let policy = Policy::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(!policy.explain().is_empty());
    }
    // Its words for denials are those of the code.
    for text in [
        "line 3 `go build ./...` did not run; the command before it that did was line 2 `echo x`",
        "line 2 `touch x` ran and is not in the policy; the command before it was line 1 `cd src/`",
        "line 3 `b` ran before line 2 `a`",
        "line 2 `false` ended with 1; 0 is allowed",
    ] {
        assert!(page.contains(&format!(".It Li {}\n", text.replace('`', "\\(ga"))), "{text}");
    }
}

#[test]
fn a_value_of_another_type_is_taken_or_told_elsewhere() {
    let full = full();
    for key in KEYS {
        let wrong: &[&str] = match key.kind {
            Type::Integer => &["-1", "1.5", "'1'", "true", "99999999999999999999"],
            Type::Flag => &["'true'", "1"],
            Type::Text | Type::Rule => &["1", "''", "['x']"],
            Type::Texts | Type::Patterns => &["[]", "'x'", "[1]", "['']", "['x', 2]"],
            Type::Integers if key.name == "masked" => &["[]", "1", "[0]", "['1']", "[2, 1, 3]", "[4]"],
            Type::Integers => &["[]", "1", "[0]", "['1']", "[2, 1, 3]", "[1, 2]"],
            Type::Status => &["256", "-1", "[]", "[0, 256]", "'all'", "'0'", "true"],
            Type::Age => &["30", "'30'", "'d'", "'-1d'", "'1y'", "'+1d'", "'99999999999999999w'"],
            Type::Digest => {
                &["'00'", "1", "'0000000000000000000000000000000000000000000000000000000000000A00'"]
            }
            Type::Digests => &["[]", "'x'", "['00']", "[7]"],
            Type::OneOf => &["7", "''", "[]", "[7]", "['x', '']"],
            Type::Any => &["1", "'x'", "[1]", "['x', 2]"],
            Type::Word(_) => &["'other'", "1", "''", "[]"],
            Type::Words(_) => &["[]", "'ENV'", "['other']", "[1]", "['ENV', '']"],
            Type::Table => &["1", "'x'", "[]"],
            Type::Tables => &["1", "[]", "['x']"],
        };
        for value in wrong {
            let (text, line) = with(&full, key.table, key.name, value);
            let said = error(&text);
            let column = key.name.len() + " = ".len() + 1;
            let place = said.strip_prefix(&format!("line {line}, column ")).unwrap_or_else(|| {
                panic!("{}.{} = {value} is told elsewhere than in line {line}: {said}", key.table, key.name)
            });
            let (at, what) = place.split_once(": ").unwrap();
            assert!(at.parse::<usize>().unwrap() >= column, "{said}");
            assert!(what.contains(key.name), "{}.{} = {value}: {said}", key.table, key.name);
        }
        let missing = without(&full, key.table, key.name);
        match key.required {
            true => assert!(error(&missing).contains(&format!("{} is missing", key.name)), "{}", key.name),
            false => drop(read_whole(&missing)),
        }
    }
}

fn read_whole(text: &str) -> Policy {
    Policy::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The first line after the head of a table.
fn inside(lines: &[&str], table: &str) -> usize {
    let heads = [format!("[{table}]"), format!("[[{table}]]")];
    match table {
        "file" => 0,
        _ => lines.iter().position(|line| heads.iter().any(|head| line == head)).unwrap() + 1,
    }
}

/// The text without a key, a table with all of its own.
fn without(text: &str, table: &str, name: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = inside(&lines, table);
    let mut out: Vec<&str> = lines.clone();
    let is = |line: &&str| line.starts_with(&format!("{name} = "));
    if let Some(at) = lines[from..].iter().position(is).filter(|_| table != "file" || name == "version") {
        out.remove(from + at);
    } else {
        let mut inner = false;
        out.retain(|line| {
            if line.starts_with('[') {
                inner = *line == format!("[{name}]") || *line == format!("[[{name}]]");
            }
            !inner
        });
    }
    out.join("\n") + "\n"
}

/// The text with a key of this value, and the line of it.
fn with(text: &str, table: &str, name: &str, value: &str) -> (String, usize) {
    let text = without(text, table, name);
    let mut lines: Vec<&str> = text.lines().collect();
    let at = inside(&lines, table);
    let new = format!("{name} = {value}");
    lines.insert(at, &new);
    (lines.join("\n") + "\n", at + 1)
}

#[test]
fn an_error_has_another_place_or_other_words() {
    for (text, said) in [
        ("", "line 1, column 1: version is missing"),
        ("version = 2\n", "line 1, column 11: version must be 1"),
        ("version = 1\nversion = 1\n", "line 2, column 1: duplicate key"),
        (
            "version = 1\n[trust]\nkyes = []\n",
            "line 3, column 1: unknown key \"kyes\"; [trust] has keys, max-age",
        ),
        ("version = 1\nü = 1\n", "line 2, column 1: "),
        ("version = 1\n[[script]]\n", "line 2, column 1: commands is missing"),
        (
            "version = 1\n[[script]]\ncommands = ['a']\nlines = [1, 2]\n",
            "line 4, column 9: lines must be as many as commands, 1, and ascend",
        ),
        (
            "version = 1\n[deny]\ncommands = ['a', '(']\n",
            "line 3, column 18: no regular expression: unclosed group",
        ),
        ("version = 1\n[[rule]]\ncel = 'a +'\n", "line 3, column 7: no expression of CEL: "),
        (
            "version = 1\n[session]\nmax-lost = \"é\"\n",
            "line 3, column 12: max-lost must be an integer, 0 or more",
        ),
    ] {
        let error = error(text);
        assert!(error.starts_with(said), "{error}\nand not {said}");
    }
    assert_eq!(Policy::read(b"version = 1\n#\xff").unwrap_err().to_string(), "line 2, column 2: not UTF-8");
    let long = format!("version = 1\n#{}", "x".repeat(POLICY_MAX));
    assert!(error(&long).contains("longer than 4194304 bytes"));
}

#[test]
fn a_cut_or_changed_policy_ends_the_program() {
    let full = full();
    let bytes = full.as_bytes();
    for at in 0..bytes.len() {
        let (before, after) = (&bytes[..at], &bytes[at + 1..]);
        let changed = [before.to_vec(), [before, after].concat(), [before, b"\"", after].concat()];
        for text in changed {
            let Err(error) = Policy::read(&text) else { continue };
            let lines = text.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&error.line) && error.column >= 1, "{error}");
            assert!(!error.what.is_empty());
        }
    }
}
