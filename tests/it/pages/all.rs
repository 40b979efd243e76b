//! The pages say what the code does: flags, exit codes, labels, limits, members, words.
//!
//! Each comparison goes both ways if it can, so that neither side may grow alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use attesh::cli::args::Cli;
use clap::{CommandFactory as _, Parser as _};

use crate::house::tidy::{sources, top};
use crate::stage::programs;

fn read(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn pages() -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> =
        std::fs::read_dir(top().join("man")).unwrap().map(|entry| entry.unwrap().path()).collect();
    list.sort();
    list
}

/// The lines of a section (`.Sh NAME`) of a page.
fn section(page: &str, name: &str) -> Vec<String> {
    let head = format!(".Sh {name}");
    let lines = page.lines().skip_while(|line| **line != head).skip(1);
    let found: Vec<String> = lines.take_while(|line| !line.starts_with(".Sh ")).map(str::to_owned).collect();
    assert!(!found.is_empty(), "there is no section {name}");
    found
}

/// The flags on a line of mdoc: `-n` of `Fl n`, `--name` of `Fl Fl name`.
fn flags_on(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_ascii_whitespace().map(|word| word.trim_start_matches('.')).collect();
    let mut flags = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let again = at > 0 && words[at - 1] == "Fl";
        match (*word, words.get(at + 1)) {
            ("Fl", Some(next)) if *next != "Fl" => {
                flags.push(format!("{}{next}", if again { "--" } else { "-" }));
            }
            _ => {}
        }
    }
    flags
}

/// The flags that a command takes, each with the other spellings of the same.
fn flags_of(command: &clap::Command) -> Vec<BTreeSet<String>> {
    let mut all: Vec<BTreeSet<String>> = command
        .get_arguments()
        .filter(|arg| !arg.is_positional() && !["help", "version"].contains(&arg.get_id().as_str()))
        .map(|arg| {
            let long = arg.get_long().map(|name| format!("--{name}"));
            let short = arg.get_short().map(|letter| format!("-{letter}"));
            let aliases = arg.get_visible_aliases().unwrap_or_default();
            long.into_iter().chain(short).chain(aliases.iter().map(|name| format!("--{name}"))).collect()
        })
        .collect();
    all.extend(command.get_subcommands().flat_map(flags_of));
    all
}

fn verbs() -> Vec<clap::Command> {
    let mut command = Cli::command();
    command.build();
    command.get_subcommands().filter(|verb| verb.get_name() != "help").cloned().collect()
}

#[test]
fn a_page_that_is_not_clean_mdoc_is_refused() {
    if !programs::have("mandoc") {
        return;
    }
    for page in pages() {
        let output = programs::run(top(), "mandoc", &["-T", "lint", "-W", "style", page.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stdout);
        // A page may refer to a manual that is not installed here.
        let said: Vec<&str> =
            said.lines().filter(|line| !line.contains("STYLE: referenced manual not found")).collect();
        assert!(said.is_empty(), "{said:#?}");
    }
}

#[test]
fn a_word_of_a_table_is_taken_for_a_macro() {
    if !programs::have("mandoc") {
        return;
    }
    let page = top().join("man/attesh.1");
    let output = programs::run(top(), "mandoc", &["-T", "ascii", page.to_str().unwrap()]);
    let shown = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = shown.split_ascii_whitespace().collect();
    for line in section(&read("man/attesh.1"), "EXIT STATUS") {
        let Some((_, text)) = line.split_once(" Ta ").filter(|_| !line.contains("Em ")) else { continue };
        let text = text.replace("\\&", "");
        let wanted: Vec<&str> = text.split_ascii_whitespace().collect();
        assert!(words.windows(wanted.len()).any(|some| some == wanted), "{text:?} is not shown so");
    }
}

#[test]
fn every_verb_has_its_page_and_no_page_is_of_nothing() {
    let mut wanted: BTreeSet<String> =
        verbs().iter().map(|verb| format!("attesh-{}.1", verb.get_name())).collect();
    wanted.extend(
        [
            "attesh.1",
            "attesh-facts.5",
            "attesh-journal.5",
            "attesh-mask.5",
            "attesh-policy.5",
            "attesh-seal.5",
            "attesh-story.5",
        ]
        .map(str::to_owned),
    );
    let there: BTreeSet<String> =
        pages().iter().map(|page| page.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(there, wanted);
    let overview = section(&read("man/attesh.1"), "DESCRIPTION").join("\n");
    for verb in verbs() {
        assert!(overview.contains(&format!(".It Cm {}\n", verb.get_name())), "{}", verb.get_name());
    }
}

#[test]
fn a_reference_to_a_page_that_does_not_exist_is_refused() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for line in text.lines().filter(|line| line.starts_with(".Xr attesh")) {
            let mut words = line.split_ascii_whitespace().skip(1);
            let (name, number) = (words.next().unwrap(), words.next().unwrap());
            let file = top().join(format!("man/{name}.{number}"));
            assert!(file.exists(), "{}: {line}", page.display());
        }
    }
}

#[test]
fn every_flag_stands_in_its_page_and_none_other() {
    for verb in verbs() {
        let path = format!("man/attesh-{}.1", verb.get_name());
        let page = read(&path);
        let known = flags_of(&verb);
        let spelled: BTreeSet<String> = known.iter().flatten().cloned().collect();
        let explained: BTreeSet<String> =
            page.lines().filter(|line| line.starts_with(".It ")).flat_map(flags_on).collect();
        assert_eq!(explained, spelled, "{path}: explained, and taken by the program");
        let synopsis: BTreeSet<String> =
            section(&page, "SYNOPSIS").iter().flat_map(|line| flags_on(line)).collect();
        for flag in &known {
            assert!(!flag.is_disjoint(&synopsis), "{path}: {flag:?} is not in the synopsis");
        }
        let anywhere: BTreeSet<String> = page.lines().flat_map(flags_on).collect();
        assert!(anywhere.is_subset(&spelled), "{path}: {:?}", anywhere.difference(&spelled));
    }
}

/// The words of an example up to the first that is the shell's; none if it is not ours.
fn words_of(example: &str) -> Option<Vec<String>> {
    let at = example.find("attesh ")?;
    let inside = example[at..].split(['|', '<', '>', ')', '*']).next()?;
    let inside = inside.split("  ").next()?;
    let mut words = Vec::new();
    for (odd, part) in inside.split('\'').enumerate() {
        match odd % 2 {
            1 => words.push(part.to_owned()),
            _ => words.extend(part.split_ascii_whitespace().map(str::to_owned)),
        }
    }
    Some(words)
}

#[test]
fn every_example_is_taken_by_the_command_line() {
    let mut examples: Vec<(String, String)> = Vec::new();
    for verb in verbs() {
        let path = format!("man/attesh-{}.1", verb.get_name());
        let shown = section(&read(&path), "EXAMPLES");
        let shown: Vec<&str> = shown.iter().filter_map(|line| line.strip_prefix(".Dl ")).collect();
        assert!(shown.len() >= 3, "{path} has fewer than three examples");
        examples.extend(shown.iter().map(|line| (path.clone(), (*line).to_owned())));
        let help = |command: &clap::Command| {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            text.lines().skip(1).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        let mut helped = help(&verb);
        helped.extend(verb.get_subcommands().flat_map(help));
        assert!(helped.len() >= 3, "the help of {} has fewer than three examples", verb.get_name());
        examples.extend(helped.into_iter().map(|line| (format!("attesh {} --help", verb.get_name()), line)));
    }
    for (from, example) in examples {
        let Some(words) = words_of(&example) else { continue };
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{from}: {example}\n{error}");
        }
    }
}

#[test]
fn the_table_of_exit_codes_is_that_of_the_code() {
    let mut code: BTreeMap<u8, String> = BTreeMap::from([(0, "Done; of verify: verified.".to_owned())]);
    let source = read("src/kind.rs");
    let mut doc = "";
    let mut docs = BTreeMap::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            doc = text;
        } else if let Some(name) = line.strip_suffix(',') {
            docs.insert(name.to_owned(), doc.to_owned());
        }
    }
    use attesh::failure::Kind;
    let kinds = [
        Kind::Policy,
        Kind::Usage,
        Kind::Integrity,
        Kind::Incomplete,
        Kind::Unable,
        Kind::Untrusted,
        Kind::Unsupported,
    ];
    for kind in kinds {
        code.insert(kind.exit_code(), docs[&format!("{kind:?}")].clone());
    }
    assert_eq!(source.matches("=> ").count(), code.len() - 1, "a kind that this test does not know");
    let verify = read("man/attesh-verify.1");
    let shown = kinds.map(Kind::word).into_iter().filter(|word| *word != "usage").collect::<Vec<_>>();
    assert!(verify.contains(&format!("NOT VERIFIED ({}) FILE: why", shown.join("|"))), "{shown:?}");
    let page: BTreeMap<u8, String> = section(&read("man/attesh.1"), "EXIT STATUS")
        .iter()
        .filter_map(|line| line.strip_prefix(".It ")?.split_once(" Ta "))
        .filter_map(|(number, text)| Some((number.parse().ok()?, text.replace("\\&", ""))))
        .collect();
    assert_eq!(page.keys().collect::<Vec<_>>(), code.keys().collect::<Vec<_>>());
    for (number, text) in &code {
        let text = text.trim_start_matches("It ").trim_end_matches('.');
        let same = page[number].to_lowercase().starts_with(&text.to_lowercase());
        assert!(same, "{number}: the code says {text:?}, the page {:?}", page[number]);
    }
}

#[test]
fn every_variable_that_is_read_stands_in_the_environment_section() {
    let page = section(&read("man/attesh.1"), "ENVIRONMENT").join("\n");
    for (file, text) in sources() {
        for piece in text.split("variable(\"").skip(1) {
            let name = piece.split('"').next().unwrap();
            assert!(page.contains(name), "{name}, read in {file}");
        }
    }
}

/// Each move of the threat model names the tests that play it, and each test of moves is named.
#[test]
fn a_move_of_the_threat_model_is_not_played() {
    let model = read("docs/threat-model.md");
    let table = model.split_once("| move |").unwrap().1.split_once("\n\n").unwrap().0;
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert!(rows.len() >= 14, "{} moves", rows.len());
    let mut named = BTreeSet::new();
    for row in rows {
        let last = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for test in last.split('`').skip(1).step_by(2) {
            let (file, name) = test.rsplit_once("::").unwrap_or_else(|| panic!("{row}"));
            let source = read(&format!("tests/it/{}.rs", file.replace("::", "/")));
            let source = without_lints(&source);
            assert!(source.contains(&format!("#[test]\nfn {name}() {{")), "no test {test}");
            named.insert(test.to_owned());
        }
    }
    let source = without_lints(&read("tests/it/proofs/attacks.rs"));
    for part in source.split("#[test]\nfn ").skip(1) {
        let name = format!("proofs::attacks::{}", part.split('(').next().unwrap());
        // Another user is the row of the table above.
        assert!(named.contains(&name) || name.contains("another_user"), "{name} is in no row");
    }
}

/// Each leak of attesh-mask(5) names a test that looks there, and each test of leaks is named.
#[test]
fn a_leak_of_the_list_is_not_looked_for() {
    let list = section(&read("man/attesh-mask.5"), "LEAKS");
    let items: Vec<&[String]> = list.split(|line| line.starts_with(".It ")).skip(1).collect();
    assert!(items.len() >= 11, "{} places", items.len());
    let mut named = BTreeSet::new();
    for item in items {
        let tests: Vec<&str> = item.iter().filter_map(|line| line.strip_prefix(".Li ")).collect();
        assert!(!tests.is_empty(), "no test: {item:?}");
        for test in tests {
            let test = test.trim_end_matches(" .");
            let (file, name) = test.rsplit_once("::").unwrap();
            let source = without_lints(&read(&format!("tests/it/{}.rs", file.replace("::", "/"))));
            assert!(source.contains(&format!("#[test]\nfn {name}() {{")), "no test {test}");
            named.insert(test.to_owned());
        }
    }
    for file in ["device", "files", "images", "memory", "messages", "processes", "titles"] {
        let source = read(&format!("tests/it/leaks/{file}.rs"));
        for part in source.split("#[test]\nfn ").skip(1) {
            let name = format!("leaks::{file}::{}", part.split('(').next().unwrap());
            assert!(named.contains(&name) || name.contains("window_of_tmux"), "{name} is in no list");
        }
    }
}

fn without_lints(source: &str) -> String {
    source.lines().filter(|line| !line.starts_with("#[expect(")).map(|line| format!("{line}\n")).collect()
}
