//! The protocol between hook and recorder: the words of the page, of the hooks and of the program
//! are the same.

use std::collections::BTreeSet;

use attesh::protocol::{CallStatus, Key, VERSION, Verb};
use attesh::recorder::call::Call;

const PAGE: &str = include_str!("../../../docs/hook-protocol.md");
const HOOKS: &[(&str, &str)] = &[
    ("hook.bash", include_str!("../../../shell/hook.bash")),
    ("rare.bash", include_str!("../../../shell/rare.bash")),
    ("hook.zsh", include_str!("../../../shell/hook.zsh")),
    ("hook.fish", include_str!("../../../shell/hook.fish")),
];

/// The rows of the page's table with this first column.
fn rows(head: &str) -> Vec<Vec<&'static str>> {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(&format!("| {head} |"))).skip(2);
    let lines = lines.take_while(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn keys() -> BTreeSet<&'static str> {
    Key::ALL.iter().map(|key| key.word()).collect()
}

/// The arguments of commands that look like KEY=VALUE, each with the word before it. Assignments
/// and declarations of variables do not count.
fn arguments(script: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    // One line a command, and no quotes that a blank would tear apart.
    let script = script.replace("\\\n", "").replace("' '", "''");
    for line in script.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let (mut before, mut declares, mut begins) = ("", false, true);
        for word in line.split([' ', '(']).map(|word| word.trim_start_matches('\\')) {
            let bare = word.split(":+").last().unwrap();
            let bare = bare.strip_prefix("again=").unwrap_or(bare);
            let name = bare.split('=').next().unwrap();
            let plain = bare.len() > name.len() && name.bytes().all(|byte| byte.is_ascii_lowercase());
            let is_value = bare.len() < word.len();
            if plain && !name.is_empty() && (is_value || !begins && !declares) {
                let value = bare[name.len() + 1..].trim_end_matches([';', ')', '}']);
                found.push((name.to_owned(), value.to_owned(), before.to_owned()));
            }
            match word {
                "local" | "typeset" | "export" => declares = true,
                "{" | "then" | "else" | "do" | "if" | "!" | "&&" | "||" | "builtin" => begins = true,
                _ if word.is_empty() || word.contains('=') && begins => {}
                _ => begins = false,
            }
            if word.ends_with(';') {
                (begins, declares) = (true, false);
            }
            before = word;
        }
    }
    found
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// The values of this key that a hook spells out: in an argument, in a variable that is called
/// like the key, or as what a note of bash is about.
fn literals(script: &str, key: Key) -> BTreeSet<&str> {
    let (key, mut found) = (key.word(), BTreeSet::new());
    for line in script.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut before = "";
        for word in line.split([' ', ';', '\'', '"']) {
            let bare = word.strip_prefix("__attesh_").unwrap_or(word);
            let value = match bare.split_once('=') {
                Some((name, value)) if name == key => value,
                None if before == key && ["why", "src"].contains(&key) => word,
                None if before == "__attesh_note" && key == "what" => word,
                _ => "",
            };
            found.extend(Some(value).filter(|value| is_word(value)));
            before = word;
        }
    }
    found
}

#[test]
fn a_key_or_a_verb_that_the_page_and_the_program_spell_differently() {
    let page: BTreeSet<&str> =
        rows("key").iter().flat_map(|row| quoted(row[0])).chain([Key::Version.word()]).collect();
    assert_eq!(page, keys(), "the page's keys, and the program's");
    assert!(PAGE.contains(&format!("attesh rec VERB p={VERSION} KEY=VALUE")));
    let page: BTreeSet<&str> = rows("verb").iter().flat_map(|row| quoted(row[0])).collect();
    let verbs: BTreeSet<&str> = Verb::ALL.iter().map(|verb| verb.word()).collect();
    assert_eq!(page, verbs, "the page's verbs, and the program's");
    for row in rows("key") {
        for verb in row[1].split_whitespace().filter(|verb| *verb != "all") {
            assert!(verbs.contains(verb), "{}: {verb}", row[0]);
        }
    }
    let page: Vec<String> = rows("status").iter().map(|row| row[0].to_owned()).collect();
    let statuses = [
        CallStatus::Acknowledged,
        CallStatus::Tampered,
        CallStatus::Usage,
        CallStatus::Over,
        CallStatus::Busy,
        CallStatus::Unable,
    ];
    assert_eq!(page, statuses.map(|status| (status as u8).to_string()));
}

#[test]
fn a_key_that_a_hook_misspells_or_that_no_hook_says() {
    let (known, mut said) = (keys(), BTreeSet::new());
    for (hook, script) in HOOKS {
        for (key, value, before) in arguments(script) {
            let key = *known.get(key.as_str()).unwrap_or_else(|| panic!("{hook} says {key}={value}"));
            said.insert(key);
            // The first key of a call follows its verb.
            if is_word(&before) && ["p", "n", "nat", "what"].contains(&key) {
                assert!(Verb::from_word(before.as_bytes()).is_some(), "{hook} says {before} {key}={value}");
            }
        }
        let verbs: BTreeSet<String> = arguments(script).into_iter().map(|(_, _, before)| before).collect();
        for verb in Verb::ALL.iter().filter(|verb| (*hook == "rare.bash") == (**verb == Verb::Why)) {
            assert!(verbs.contains(verb.word()), "{hook} never says {}", verb.word());
        }
    }
    assert_eq!(said, known, "what the hooks say, and what the recorder knows");
}

#[test]
fn a_value_that_the_page_or_a_hook_says_is_refused() {
    let root = "0".repeat(64);
    let is_known = |key: Key, value: &str| {
        let word = key.is(value);
        let more = match key {
            Key::What => vec!["n", &word],
            Key::Why => vec!["x", &word],
            Key::Source => vec!["s", &word, "n=1", "nat=1"],
            Key::From if value == "unknown" => vec!["e", &word, "n=1"],
            Key::From => vec!["e", &word, "n=1", "st=0"],
            Key::Program => vec!["open", &word, "pid=1"],
            _ => unreachable!("a key with words of its own"),
        };
        let caller = [Key::Folder.is("/s"), Key::Genesis.is(&root), Key::Shell.is(1), Key::Session.is("x")];
        let mut words = vec![more[0].as_bytes().to_vec(), Key::Version.is(VERSION).into_bytes()];
        words.extend(more[1..].iter().map(|word| word.as_bytes().to_vec()));
        words.extend(caller.map(String::into_bytes));
        Call::parse(&words).is_ok()
    };
    for key in [Key::What, Key::Why, Key::Source, Key::From, Key::Program] {
        assert!(!is_known(key, "bored"));
        let rows = rows("key");
        let row = rows.iter().find(|row| row[0] == format!("`{}`", key.word())).unwrap();
        // A word of the list, and not a key that the text speaks of.
        let listed = quoted(row[2]).filter(|word| is_word(word) && !["st", "hist"].contains(word));
        let listed: BTreeSet<&str> = listed.collect();
        assert!(listed.len() >= 3, "{}: {listed:?}", key.word());
        for value in &listed {
            assert!(is_known(key, value), "the page says {}", key.is(value));
        }
        for (hook, script) in HOOKS {
            for value in literals(script, key) {
                assert!(listed.contains(value), "{hook} says {}", key.is(value));
            }
        }
    }
}
