//! The tools that people run beside the hook, the real ones that `tests/setup` fetches:
//! before the hook and after it. The records are the same, and each tool sees the right
//! status. What cannot be fetched has a stand-in in `guests.rs`.

use super::{complaint, each, mark, same, tail};
use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::records::gaps;
use crate::stage::shells::Family::{self, Bash, Fish, Zsh};
use crate::stage::shells::Shell;
use std::path::{Path, PathBuf};

/// One tool in one kind of shell.
struct Guest {
    name: &'static str,
    /// Lines of the rc file; `G` is the folder of the guests.
    rc: &'static str,
    env: &'static [(&'static str, &'static str)],
    /// What must be on the screen in the end: what the tool made of the statuses.
    proof: &'static [&'static str],
    /// Lines typed at the end, so that the tool shows what it knows.
    ask: &'static [&'static str],
}

/// How a message begins that is about what a tool shows.
const UNSEEN: &str = "not on the screen: ";

const PLAIN: Guest = Guest { name: "", rc: "", env: &[], proof: &[], ask: &[] };

/// The folder of the guests, where all are there.
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/guests");
    let complete = folder.join("complete").exists();
    if !complete {
        crate::stage::world::skipped("the guests are not all here; tests/setup fetches them");
    }
    complete.then_some(folder)
}

/// Types the same lines beside each guest, which comes before the hook and then after it.
fn beside(family: Family, guests: &[Guest]) {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    for guest in guests {
        for first in [true, false] {
            each(&[family], |shell, home| {
                // The other zsh is a static one, without the modules that these tools load.
                if shell.family == Zsh && shell.version != "5.9" {
                    return;
                }
                let visited = visit(shell, home, guest, &folder, first);
                // On a machine with much to do a tool that writes in the background can miss
                // one of its own; the records are never asked a second time.
                let visited = match visited {
                    Err(message) if message.starts_with(UNSEEN) => {
                        visit(shell, &Home::new(), guest, &folder, first)
                    }
                    other => other,
                };
                if let Err(message) = visited {
                    let order = if first { "before" } else { "after" };
                    wrong.push(format!("{}: {} {order} the hook: {message}", shell.label(), guest.name));
                }
            });
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn visit(shell: &Shell, home: &Home, guest: &Guest, folder: &Path, first: bool) -> Result<(), String> {
    prepare(home);
    let path = match shell.family {
        Fish => "set -gx PATH G/bin $PATH\nset -gx STARSHIP_CONFIG ~/starship.toml\n",
        _ => "export PATH=G/bin:$PATH STARSHIP_CONFIG=~/starship.toml\n",
    };
    let tool = format!("{path}{}", guest.rc).replace("G/", &format!("{}/", folder.display()));
    let rc = if first {
        Rc { before: &tool, env: guest.env, ..Rc::default() }
    } else {
        Rc { after: &tool, env: guest.env, ..Rc::default() }
    };
    let mut terminal = Terminal::start(shell, home, rc);
    let subshell = if shell.family == Fish { "sh -c 'exit 4'" } else { "(exit 4)" };
    let typed = ["true", "sh -c 'exit 6'", "false|sh -c 'exit 3'|true", subshell, "cd sub", "false"];
    let statuses = ["E 0", "E 6", "E 0 ps 1,3,0", "E 4", "E 0", "E 1"];
    let mut expected = Vec::new();
    for (line, status) in typed.iter().zip(statuses) {
        terminal.line(line);
        expected.extend([format!("S {line}"), status.to_owned()]);
    }
    for line in guest.ask {
        terminal.line(line);
        expected.extend([format!("S {line}"), "E 0…".to_owned()]);
    }
    expected.extend(["S true m".to_owned(), "E 0".to_owned()]);
    let marked = mark(&mut terminal, home, "m");
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let found = home.lines();
    if !marked || !same(&found[1..], &expected) {
        return Err(format!("{}\n{}", complaint(guest.name, &found, &expected), tail(&terminal)));
    }
    let gaps = gaps(&home.records(), shell.family.name());
    if !gaps.is_empty() {
        return Err(format!("gaps {gaps:?}"));
    }
    for proof in guest.proof {
        if !terminal.wait(|terminal| terminal.text().contains(proof)) {
            return Err(format!("{UNSEEN}{proof:?}\n{}", tail(&terminal)));
        }
    }
    Ok(())
}

/// What the guests read of a home: settings that show what each makes of a status.
fn prepare(home: &Home) {
    for folder in ["work/sub", "config/direnv", "config/atuin"] {
        std::fs::create_dir_all(home.path(folder)).expect("a folder of the home");
    }
    home.file("work/sub/.envrc", "export ALLOWED=here\n");
    home.file("config/direnv/direnv.toml", &format!("[whitelist]\nprefix = [{:?}]\n", home.path("work")));
    home.file("config/atuin/config.toml", "update_check = false\nauto_sync = false\n");
    home.file(
        "starship.toml",
        "add_newline = false\nformat = '''\\[\\[$status\\]\\]% '''\n[status]\ndisabled = false\nsymbol = ''\nsuccess_symbol = 'ok'\nformat = '$symbol$status'\npipestatus = true\npipestatus_separator = ','\npipestatus_format = 'pipe=$pipestatus'\npipestatus_segment_format = '$status'\n",
    );
}

const VSCODE: &[(&str, &str)] = &[("TERM_PROGRAM", "vscode"), ("VSCODE_NONCE", "n"), ("VSCODE_STABLE", "1")];
const KITTY: &[(&str, &str)] = &[("KITTY_SHELL_INTEGRATION", "enabled")];
const VTE: &[(&str, &str)] = &[("VTE_VERSION", "8400")];
/// Operating system commands that tell a terminal a status.
const OSC_6: &str = "]133;D;6";

#[test]
fn a_prompt_in_bash_breaks_the_records() {
    beside(
        Bash,
        &[
            Guest {
                name: "starship",
                rc: "eval \"$(starship init bash)\"",
                proof: &["[[6]]%", "[[pipe=1,3,0]]%", "[[4]]%"],
                ..PLAIN
            },
            Guest {
                name: "liquidprompt",
                rc: "LP_PS1_POSTFIX=']]% '\n. G/usr/share/liquidprompt/liquidprompt",
                proof: &["6"],
                ..PLAIN
            },
            Guest {
                name: "kitty",
                rc: ". G/usr/lib/kitty/shell-integration/bash/kitty.bash",
                env: KITTY,
                proof: &[OSC_6],
                ..PLAIN
            },
            Guest { name: "vte", rc: ". G/etc/profile.d/vte-2.91.sh", env: VTE, proof: &[OSC_6], ..PLAIN },
            Guest {
                name: "VS Code",
                rc: ". G/pypi/shellIntegration-bash.sh",
                env: VSCODE,
                proof: &["]633;D;6", "]633;D;1"],
                ..PLAIN
            },
        ],
    );
}

#[test]
fn a_tool_that_watches_bash_breaks_the_records() {
    beside(
        Bash,
        &[
            Guest {
                name: "bash-preexec",
                rc: ". G/pypi/bash-preexec.sh\nprecmd() { seen+=\"$? ${BP_PIPESTATUS[*]},\"; }",
                ask: &["echo \"seen=$seen.\""],
                proof: &["6 "],
                ..PLAIN
            },
            Guest {
                name: "atuin on bash-preexec",
                rc: ". G/pypi/bash-preexec.sh\neval \"$(atuin init bash --disable-up-arrow)\"",
                ask: &["sleep 1; atuin history list --format '<{command}|{exit}>'"],
                proof: &["<sh -c 'exit 6'|6>", "<false|1>"],
                ..PLAIN
            },
            Guest {
                name: "direnv",
                rc: "eval \"$(direnv hook bash)\"",
                ask: &["echo \"seen=$ALLOWED.\""],
                proof: &["seen=here."],
                ..PLAIN
            },
            Guest {
                name: "zoxide",
                rc: "eval \"$(zoxide init bash)\"",
                ask: &["echo \"seen=$(zoxide query sub).\""],
                proof: &["/work/sub."],
                ..PLAIN
            },
            Guest { name: "autojump", rc: ". G/usr/share/autojump/autojump.bash", ..PLAIN },
            Guest {
                name: "fzf and bash-completion",
                rc: "eval \"$(fzf --bash)\"\n. G/usr/share/bash-completion/bash_completion",
                ..PLAIN
            },
        ],
    );
}

#[test]
fn all_that_one_has_in_bash_breaks_the_records() {
    // Without bash-preexec: the one that can be fetched does not know PROMPT_COMMAND as an array.
    let rc = ". G/usr/share/bash-completion/bash_completion\neval \"$(fzf --bash)\"\neval \"$(direnv hook bash)\"\neval \"$(zoxide init bash)\"\neval \"$(starship init bash)\"\n. G/usr/share/autojump/autojump.bash";
    let ask = &["echo \"seen=$ALLOWED $(zoxide query sub).\""];
    let proof = &["[[6]]%", "[[pipe=1,3,0]]%", "[[4]]%", "seen=here ", "/work/sub."];
    beside(Bash, &[Guest { name: "all at once", rc, ask, proof, ..PLAIN }]);
}

#[test]
fn a_real_tool_in_zsh_breaks_the_records() {
    beside(
        Zsh,
        &[
            Guest {
                name: "starship",
                rc: "eval \"$(starship init zsh)\"",
                proof: &["[[6]]%", "[[pipe=1,3,0]]%", "[[4]]%"],
                ..PLAIN
            },
            Guest {
                name: "atuin",
                rc: "eval \"$(atuin init zsh --disable-up-arrow)\"",
                ask: &["sleep 1; atuin history list --format '<{command}|{exit}>'"],
                proof: &["<sh -c 'exit 6'|6>", "<false|1>"],
                ..PLAIN
            },
            Guest {
                name: "direnv and zoxide",
                rc: "eval \"$(direnv hook zsh)\"\neval \"$(zoxide init zsh)\"",
                ask: &["echo \"seen=$ALLOWED $(zoxide query sub).\""],
                proof: &["seen=here ", "/work/sub."],
                ..PLAIN
            },
            Guest {
                name: "kitty",
                rc: ". G/usr/lib/kitty/shell-integration/zsh/kitty.zsh",
                env: KITTY,
                proof: &[OSC_6],
                ..PLAIN
            },
            Guest { name: "vte", rc: ". G/etc/profile.d/vte-2.91.sh", env: VTE, proof: &[OSC_6], ..PLAIN },
            Guest {
                name: "VS Code",
                rc: ". G/pypi/shellIntegration-rc.zsh",
                env: VSCODE,
                proof: &["]633;D;6"],
                ..PLAIN
            },
            Guest {
                name: "liquidprompt",
                rc: "LP_PS1_POSTFIX=']]%% '\n. G/usr/share/liquidprompt/liquidprompt",
                ..PLAIN
            },
        ],
    );
}

#[test]
fn what_draws_the_line_in_zsh_breaks_the_records() {
    beside(
        Zsh,
        &[
            Guest {
                name: "autosuggestions and highlighting",
                rc: ". G/usr/share/zsh-autosuggestions/zsh-autosuggestions.zsh\n. G/usr/share/zsh-syntax-highlighting/zsh-syntax-highlighting.zsh",
                ..PLAIN
            },
            Guest { name: "fzf", rc: "eval \"$(fzf --zsh)\"", ..PLAIN },
            Guest {
                name: "powerlevel9k",
                rc: "POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=(status)\nPOWERLEVEL9K_RIGHT_PROMPT_ELEMENTS=()\nPOWERLEVEL9K_PROMPT_ON_NEWLINE=true\nPOWERLEVEL9K_MULTILINE_LAST_PROMPT_PREFIX=']]%% '\n. G/usr/share/powerlevel9k/powerlevel9k.zsh-theme",
                proof: &["6"],
                ..PLAIN
            },
        ],
    );
}

#[test]
fn a_real_tool_in_fish_breaks_the_records() {
    beside(
        Fish,
        &[
            Guest {
                name: "starship",
                rc: "starship init fish | source",
                proof: &["[[6]]%", "[[pipe=1,3,0]]%", "[[4]]%"],
                ..PLAIN
            },
            Guest {
                name: "atuin",
                rc: "atuin init fish --disable-up-arrow | source",
                ask: &["sleep 1; atuin history list --format '<{command}|{exit}>'"],
                proof: &["<sh -c 'exit 6'|6>", "<false|1>"],
                ..PLAIN
            },
            Guest {
                name: "direnv and zoxide",
                rc: "direnv hook fish | source\nzoxide init fish | source",
                ask: &["echo \"seen=$ALLOWED \"(zoxide query sub)\".\""],
                proof: &["seen=here ", "/work/sub."],
                ..PLAIN
            },
            Guest {
                name: "kitty",
                rc: ". G/usr/lib/kitty/shell-integration/fish/vendor_conf.d/kitty-shell-integration.fish",
                env: KITTY,
                ..PLAIN
            },
            Guest {
                name: "VS Code",
                rc: ". G/pypi/shellIntegration.fish",
                env: VSCODE,
                proof: &["]633;D;6"],
                ..PLAIN
            },
            Guest { name: "fzf", rc: "fzf --fish | source", ..PLAIN },
        ],
    );
}

#[test]
fn a_wrong_text_or_status_is_recorded_under_blesh() {
    // ble.sh runs commands itself: bash's counters move otherwise, and no status reaches the
    // hook. Each command is there with its text, and none has a status that was not seen.
    let Some(folder) = folder() else { return };
    each(&[Bash], |shell, home| {
        if shell.version == "5.3" {
            // In the static bash ble.sh shows no prompt, with the hook or without it.
            return;
        }
        let tool = format!(". {}/usr/share/blesh/ble.sh", folder.display());
        let mut terminal = Terminal::start(shell, home, Rc { after: &tool, ..Rc::default() });
        let typed = [("true", "E 0"), ("sh -c 'exit 6'", "E 6"), ("(exit 4)", "E 4"), ("true m", "E 0")];
        for (line, _) in typed {
            terminal.line(line);
            let start = format!("S {line}");
            let seen = terminal.wait(|_| home.lines().contains(&start));
            assert!(seen, "{}: {:?}\n{}", shell.label(), home.lines(), tail(&terminal));
        }
        assert!(terminal.text().contains("[ble: exit 6]"), "{}: not attached", shell.label());
        let found = home.lines();
        let starts: Vec<&str> = found.iter().filter_map(|line| line.strip_prefix("S ")).collect();
        assert_eq!(starts, typed.map(|(line, _)| line), "{}: {found:?}", shell.label());
        for (at, (line, status)) in typed.iter().enumerate() {
            let start = found.iter().position(|one| *one == format!("S {line}")).expect("seen above");
            let finish = found[start + 1..].iter().take_while(|one| !one.starts_with("S "));
            let ends: Vec<_> = finish.filter(|one| one.starts_with("E ")).collect();
            let sound = ends.iter().all(|end| *end == status || *end == "E unknown");
            assert!(sound && ends.len() <= 1, "{}: {at} {line}: {found:?}", shell.label());
        }
    });
}
