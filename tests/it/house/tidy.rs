//! The rules of the house, as tests.
//!
//! Each exception is named here. It fails when nothing needs it any more, so that the
//! lists can only become shorter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::direction::{Graph, circles, graph};

const LINES_MAX: usize = 600;

/// Calls into std::env outside src/paths.rs.
const ENVIRONMENT: &[(&str, &str)] = &[
    // The arguments, before anything else is looked at.
    ("src/main.rs", "std::env::args_os"),
    // Where the shell is, which is a fact to record and no setting.
    ("src/session/shells.rs", "std::env::current_dir"),
];

/// The modules from the ground up: each imports from those before it alone.
const LAYERS: &[&str] = &[
    "sys",
    "os",
    "encoding",
    "text",
    "clock",
    "crypto",
    "lock",
    "files",
    "asked",
    "protocol",
    "kind",
    "cause",
    "failure",
    "mask",
    "record",
    "script",
    "paths",
    "journal",
    "fact",
    "agent",
    "seal",
    "policy",
    "verify",
    "passphrase",
    "session",
    "report",
    "page",
    "collect",
    "supervise",
    "run",
    "recorder",
    "cli",
];

/// Files that import each other in a circle.
const CIRCLES: &[&[&str]] = &[];

/// They know nothing of records, journals and seals.
const GROUND: &[&str] =
    &["sys", "os", "encoding", "text", "clock", "crypto", "lock", "files", "asked", "paths"];

/// Doors that nobody imports.
const DOORS: &[&str] = &["recorder", "cli"];

/// They take bytes and values and return values.
const PURE: &[&str] = &[
    "src/agent/",
    "src/cause.rs",
    "src/record.rs",
    "src/record/",
    "src/fact/",
    "src/journal/chain.rs",
    "src/journal/check.rs",
    "src/journal/head.rs",
    "src/journal/heads.rs",
    "src/journal/line.rs",
    "src/journal/redact.rs",
    "src/journal/story.rs",
    "src/journal/story/",
    "src/journal/state.rs",
    "src/seal/allowed.rs",
    "src/seal/derived/",
    "src/seal/draft.rs",
    "src/seal/envelope.rs",
    "src/seal/facts.rs",
    "src/seal/form.rs",
    "src/seal/formats.rs",
    "src/seal/gathered.rs",
    "src/seal/keys.rs",
    "src/seal/recorded.rs",
    "src/seal/scribe.rs",
    "src/seal/sizes.rs",
    "src/seal/statement.rs",
    "src/seal/subjects.rs",
    "src/seal/tombstone.rs",
    "src/seal/trust.rs",
    "src/mask/",
    "src/page/",
    "src/policy/",
    "src/protocol.rs",
    "src/recorder/call.rs",
    "src/text/",
    "src/verify.rs",
    "src/verify/",
];

/// What touches the world.
const WORLD: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "crate::files",
    "crate::paths",
    "crate::os",
    "crate::session",
    "crate::sys",
    "clock::now",
    "crate::lock",
];

pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with one of these endings, with their texts.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut folders = vec![top().join(folder)];
    let mut found: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap().path();
            match path.extension().and_then(|ending| ending.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if endings.contains(&ending) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    let name = |path: &Path| path.strip_prefix(top()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// The source files of the package, with their texts.
pub fn sources() -> Vec<(String, String)> {
    files("src", &["rs"])
}

/// A source without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(name: &str) -> bool {
    name.ends_with("_tests.rs")
}

#[test]
fn a_file_that_grows_too_long_is_refused() {
    let mut long = BTreeSet::new();
    for folder in ["src", "tests", "shell", "benches", "examples"] {
        if !top().join(folder).exists() {
            continue;
        }
        for (name, text) in files(folder, &["rs", "bash", "zsh", "fish", "py", "cjs"]) {
            if text.lines().count() >= LINES_MAX {
                long.insert(name);
            }
        }
    }
    assert_eq!(long, BTreeSet::new(), "files of {LINES_MAX} lines and more");
}

#[test]
fn a_file_that_does_not_say_what_lives_in_it_is_refused() {
    for (name, text) in sources().into_iter().chain(files("tests/it", &["rs"])) {
        assert!(is_test(&name) || text.starts_with("//! "), "{name} does not open with //!");
    }
    for (name, text) in files("shell", &["bash", "zsh", "fish"]) {
        assert!(text.starts_with('#'), "{name} does not open with a comment");
    }
}

#[test]
fn a_command_to_type_is_put_together_as_data() {
    // Behind these words stands a command that is one literal, or a `Command` as a whole.
    for (name, text) in sources() {
        for line in code(&text).lines() {
            for (at, word) in ["type: ", "with: "].iter().flat_map(|word| line.match_indices(word)) {
                let rest = line[at + word.len()..].split('"').next().unwrap();
                let quoted = line[..at].replace("\\\"", "").matches('"').count() % 2 == 1;
                let filled = rest.replace("{{", "").find('{').is_some_and(|at| at > 0);
                assert!(
                    !(quoted && filled),
                    "{name} has {word}{rest}: name what is foreign with Command::path or word"
                );
            }
        }
    }
}

#[test]
fn a_word_that_stands_for_unfinished_work_is_refused() {
    let words = ["todo!", "unimplemented!", "dbg!", "FIX\u{4d}E", "XX\u{58}", "TO\u{44}O"];
    for (name, text) in
        sources().into_iter().chain(files("tests", &["rs"])).chain(files("shell", &["bash", "zsh", "fish"]))
    {
        if name == "tests/it/house/tidy.rs" {
            continue;
        }
        for word in words {
            assert!(!text.contains(word), "{name} has {word}");
        }
    }
}

#[test]
fn a_template_takes_no_text_as_it_is() {
    for (name, text) in files("src/page", &["html", "md"]) {
        for word in
            ["|safe", "| safe", "autoescape", "escape(", "url(", "http:", "https:", "<script", "<link"]
        {
            assert!(!text.contains(word), "{name} has {word}");
        }
        // These are code spans of Markdown, and harmless there alone.
        for word in ["|code", "|brief", "|fenced"] {
            assert!(name.ends_with(".md") || !text.contains(word), "{name} has {word}");
        }
    }
}

#[test]
fn unsafe_code_outside_its_one_file_is_refused() {
    for (name, text) in sources() {
        let word = text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        let comment_only =
            !code(&text).split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        let is_sys = name == "src/sys.rs" || name.starts_with("src/sys/");
        assert!(is_sys || !word || comment_only, "{name} has unsafe code");
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    let mut found = BTreeSet::new();
    for (name, text) in sources() {
        if name == "src/paths.rs" || is_test(&name) {
            continue;
        }
        for (at, _) in code(&text).match_indices("env::") {
            let text = code(&text);
            let call: String =
                text[at + 5..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            found.insert((name.clone(), format!("std::env::{call}")));
        }
    }
    let allowed: BTreeSet<(String, String)> =
        ENVIRONMENT.iter().map(|(name, call)| ((*name).to_owned(), (*call).to_owned())).collect();
    assert_eq!(found, allowed, "readers of the environment, and those that may be");
}

#[test]
fn no_test_file_is_forgotten() {
    let main = std::fs::read_to_string(top().join("tests/it/main.rs")).unwrap();
    let names = |text: &str, module: &str| {
        let line = format!("mod {module};");
        text.lines().any(|text| text.trim_start().trim_start_matches("pub ") == line)
    };
    for (name, _) in files("tests/it", &["rs"]) {
        let rest = name.strip_prefix("tests/it/").unwrap();
        let Some(module) = rest.strip_suffix(".rs").filter(|module| *module != "main") else { continue };
        let (folder, module) = module.rsplit_once('/').unwrap_or_else(|| panic!("{name} is in no folder"));
        if module == "mod" {
            let (_, last) = folder.rsplit_once('/').unwrap_or(("", folder));
            assert!(main.contains(&format!("mod {last};")), "{folder} is not in main.rs");
        } else if let Ok(parent) = std::fs::read_to_string(top().join(format!("tests/it/{folder}/mod.rs"))) {
            assert!(names(&parent, module), "{name} is no module of {folder}");
        } else {
            let (_, block) =
                main.split_once(&format!("\nmod {folder} {{\n")).unwrap_or_else(|| panic!("{name}"));
            assert!(names(block.split("\n}").next().unwrap(), module), "{name} is not in main.rs");
        }
    }
}

/// Unit tests end their file, as `mod tests`. Where the two would be too long, they are in
/// NAME_tests.rs beside NAME.rs; a tenth of the limit keeps them from going to and fro.
#[test]
fn unit_tests_are_kept_in_another_way() {
    let all: BTreeMap<String, String> = sources().into_iter().collect();
    for (name, text) in &all {
        let Some((_, tests)) = text.split_once("#[cfg(test)]\n") else {
            assert!(!text.contains("#[path = "), "{name} has a #[path] that is not for its tests");
            continue;
        };
        let stem = name.strip_suffix(".rs").unwrap();
        let beside = format!("{stem}_tests.rs");
        let file = Path::new(&beside).file_name().unwrap().to_str().unwrap();
        let there = all.contains_key(&beside);
        let wanted =
            if there { format!("#[path = \"{file}\"]\nmod tests;\n") } else { "mod tests {\n".to_owned() };
        assert!(tests.starts_with(&wanted), "{name}: after #[cfg(test)] comes\n{wanted}");
        let end = if there { wanted.len() } else { tests.find("\n}\n").map_or(0, |at| at + 3) };
        assert_eq!(&tests[end..], "", "{name} goes on after its tests");
    }
    for (name, text) in all.iter().filter(|(name, _)| is_test(name)) {
        let parent = name.replace("_tests.rs", ".rs");
        let code = all.get(&parent).unwrap_or_else(|| panic!("{name} is the tests of no file"));
        assert!(code.contains("#[path = "), "{parent} does not include {name}");
        let lines = text.lines().count() + code.lines().count();
        assert!(lines >= LINES_MAX * 9 / 10, "{parent} has room for {name}: {lines} lines together");
    }
}

/// Which module of the package a file belongs to.
fn module(name: &str) -> String {
    let rest = name.strip_prefix("src/").unwrap();
    rest.split(['/', '.']).next().unwrap().to_owned()
}

/// The files of the package but for tests, and what each imports.
fn imports() -> Graph {
    let sources = sources();
    let own = sources.iter().filter(|(name, _)| !is_test(name));
    graph(own.map(|(name, text)| (name.as_str(), text.as_str())))
}

#[test]
fn imports_point_down() {
    let place: BTreeMap<&str, usize> = LAYERS.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let mut crooked = BTreeSet::new();
    for (name, imported) in imports() {
        let own = module(&name);
        if own == "lib" || own == "main" {
            continue;
        }
        let here = *place.get(own.as_str()).unwrap_or_else(|| panic!("{name}: which layer is {own}?"));
        for other in imported.iter().map(|file| module(file)) {
            // What is in no module is a macro of the crate itself.
            let Some(there) = place.get(other.as_str()) else { continue };
            let down = *there <= here;
            let grounded = !GROUND.contains(&own.as_str()) || GROUND.contains(&other.as_str());
            let open = own == other || !DOORS.contains(&other.as_str());
            assert!(down, "{name} imports {other}, which is above it");
            if !grounded || !open {
                crooked.insert((own.clone(), other));
            }
        }
    }
    assert_eq!(crooked, BTreeSet::new(), "imports against the rules");
    let lib = std::fs::read_to_string(top().join("src/lib.rs")).unwrap();
    for line in lib.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let name = line.trim_end_matches(';');
        assert!(place.contains_key(name), "which layer is {name}?");
    }
}

#[test]
fn what_is_linux_alone_stands_in_one_room() {
    let words =
        ["\"/proc/", "/dev/shm", "SignalFd", "CLOCK_BOOTTIME", "TMPFS_MAGIC", "PassCred", "ScmCredentials"];
    for (name, text) in sources() {
        let code = code(&text);
        for word in words.iter().filter(|_| !name.starts_with("src/os/")) {
            assert!(!code.contains(word), "{name} has {word}");
        }
    }
}

#[test]
fn the_map_names_files_that_are_there() {
    let map = std::fs::read_to_string(top().join("src/lib.rs")).unwrap();
    let named = map.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".rs"));
    for file in named.map(|file| format!("src/{}", file.trim_start_matches("src/"))) {
        assert!(top().join(&file).exists(), "there is no {file}");
    }
}

#[test]
fn no_file_imports_what_imports_it() {
    assert_eq!(circles(&imports()), CIRCLES, "circles of files, and those that may be");
}

#[test]
fn what_is_pure_does_not_touch_the_world() {
    for (name, text) in sources() {
        if is_test(&name)
            || !PURE.iter().any(|pure| name == *pure || (pure.ends_with('/') && name.starts_with(pure)))
        {
            continue;
        }
        let code = code(&text);
        for word in WORLD {
            assert!(!code.contains(word), "{name} has {word}");
        }
    }
    for pure in PURE {
        assert!(top().join(pure).exists(), "there is no {pure}");
    }
}

/// The names in a table of Cargo.toml.
fn dependencies(table: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(top().join("Cargo.toml")).unwrap();
    let head = format!("[{table}]");
    let lines = manifest.lines().skip_while(|line| **line != head).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

#[test]
fn every_dependency_says_what_it_is_for_and_is_used() {
    let page = std::fs::read_to_string(top().join("docs/dependencies.md")).unwrap();
    let (program, tests) = page.split_once("## In the tests only").unwrap();
    let named = |text: &str| -> BTreeSet<String> {
        text.lines()
            .filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned()))
            .collect()
    };
    assert_eq!(named(program), dependencies("dependencies"), "docs/dependencies.md and Cargo.toml");
    assert_eq!(named(tests), dependencies("dev-dependencies"), "docs/dependencies.md and Cargo.toml, tests");
    let source: String = sources().into_iter().map(|(_, text)| text).collect();
    for name in dependencies("dependencies") {
        let word = name.replace('-', "_");
        let used = ["::", " ", ";"].iter().any(|end| source.contains(&format!("{word}{end}")));
        assert!(used, "nothing in src uses {name}");
    }
}
