//! What the hook leaves in the shell is named `__attesh_…`, and the environment of the
//! commands gains the one documented variable. Each shell lists its own names, with the
//! hook and without it, after the same lines.

use std::collections::BTreeSet;

use super::{each, mark, tail};
use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::shells::Family::{Bash, Fish, Zsh};
use crate::stage::shells::Shell;

/// What the shell itself lists: functions, variables, aliases, options, and the environment.
fn listing(shell: &Shell) -> &'static str {
    match shell.family {
        Bash => {
            "{ compgen -A function; compgen -v; alias; shopt; shopt -o; trap -p; complete -p; } >~/names; env >~/env"
        }
        Zsh => {
            "{ print -l ${(k)functions} ${(k)parameters} ${(k)aliases} ${(k)modules} ${(k)widgets}; setopt; trap; bindkey; } >~/names; env >~/env"
        }
        Fish => "begin; functions -na; set -n; bind; abbr; end >~/names; env >~/env",
    }
}

/// The lines of both lists.
fn names(shell: &Shell, home: &Home, bare: bool) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut terminal = Terminal::start(shell, home, Rc { bare, ..Rc::default() });
    for line in ["true", "sh -c 'exit 3'", "echo a|cat", listing(shell)] {
        terminal.line(line);
    }
    if bare {
        terminal.rest(300);
    } else {
        assert!(mark(&mut terminal, home, "m"), "{}: {}", shell.label(), tail(&terminal));
    }
    let read = |name: &str| -> BTreeSet<String> {
        let text = std::fs::read(home.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    };
    (read("names"), read("env"))
}

/// What belongs to the hook under the shell's own names: where it is installed, what it loads.
fn is_the_shells_own(shell: &Shell, name: &str) -> bool {
    match shell.family {
        Bash => ["PROMPT_COMMAND", "PS0", "FUNCNAME", "trap -- "].iter().any(|own| name.starts_with(own)),
        Zsh => name.starts_with("zsh/") || name.ends_with("_functions"),
        Fish => false,
    }
}

#[test]
fn names_of_the_hook_are_not_its_own() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let (with, with_env) = names(shell, home, false);
        let (without, without_env) = names(shell, &Home::new(), true);
        let foreign: Vec<_> = with
            .difference(&without)
            .filter(|name| !name.contains("__attesh") && *name != "ATTESH_SESSION")
            .filter(|name| !is_the_shells_own(shell, name))
            .collect();
        assert!(foreign.is_empty(), "{}: {foreign:?}", shell.label());
        let lost: Vec<_> = without.difference(&with).collect();
        assert!(lost.is_empty(), "{}: gone: {lost:?}", shell.label());
        let keys = |lines: &BTreeSet<String>| -> BTreeSet<String> {
            lines.iter().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect()
        };
        let (with, without) = (keys(&with_env), keys(&without_env));
        let gained: Vec<_> = with.difference(&without).map(String::as_str).collect();
        assert_eq!(gained, ["ATTESH_SESSION"], "{}", shell.label());
        assert!(without.is_subset(&with), "{}: {without:?}", shell.label());
    });
}
