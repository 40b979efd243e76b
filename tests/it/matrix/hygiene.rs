//! What the user must not notice: statuses, traps, options, variables and the screen are
//! as they would be without the hook.

use super::{complaint, each, mark, press, same, tail};
use crate::stage::pty::{Home, Rc, Terminal};
use crate::stage::shells::Family::{Bash, Fish, Zsh};

/// Starts a shell, types lines, and checks that each of some texts is on the screen.
fn shows(families: &[crate::stage::shells::Family], rc: Rc, lines: &[&str], texts: &[&str]) {
    each(families, |shell, home| {
        let mut terminal = Terminal::start(shell, home, rc);
        lines.iter().for_each(|line| terminal.line(line));
        let seen = terminal.wait(|terminal| texts.iter().all(|text| terminal.text().contains(text)));
        assert!(seen, "{}: {texts:?} is missing\n{}", shell.label(), tail(&terminal));
    });
}

#[test]
fn the_users_status_and_last_argument_change() {
    let bash = [
        "sh -c 'exit 42'",
        "echo \"st=$?.\"",
        "true foo bar",
        "echo \"last=$_.\"",
        "false|sh -c 'exit 1'|sh -c 'exit 3'",
        "echo \"ps=${PIPESTATUS[*]}.\"",
    ];
    shows(&[Bash], Rc::default(), &bash, &["st=42.", "last=bar.", "ps=1 1 3."]);
    let zsh = [
        "sh -c 'exit 42'",
        "echo \"st=$?.\"",
        "true foo bar",
        "echo \"last=$_.\"",
        "false|sh -c 'exit 1'|sh -c 'exit 3'",
        "echo \"ps=${pipestatus[*]}.\"",
    ];
    shows(&[Zsh], Rc::default(), &zsh, &["st=42.", "last=bar.", "ps=1 1 3."]);
    let fish = [
        "sh -c 'exit 42'",
        "echo \"st=$status.\"",
        "false|sh -c 'exit 1'|sh -c 'exit 3'",
        "echo \"ps=$pipestatus.\"",
    ];
    shows(&[Fish], Rc::default(), &fish, &["st=42.", "ps=1 1 3."]);
}

#[test]
fn xtrace_shows_the_hook() {
    each(&[Bash, Zsh], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        for line in ["set -x", "echo a", "false", "(exit 3)", "set +x"] {
            terminal.line(line);
        }
        assert!(mark(&mut terminal, home, "mark"), "{}: {}", shell.label(), tail(&terminal));
        // zsh begins each line of a trace with its own path, in which a folder may have any name.
        let folder = shell.program.parent().expect("the shell's folder").display().to_string();
        let text = terminal.text().replace(&folder, "");
        assert!(!text.contains("attesh"), "{}: {}", shell.label(), tail(&terminal));
    });
}

#[test]
fn another_shell_chokes_on_the_hook() {
    let home = Home::new();
    for (program, hook) in
        [("dash", "bash"), ("dash", "zsh"), ("zsh", "bash"), ("bash", "zsh"), ("sh", "zsh")]
    {
        let script = format!("set -eu; eval \"$(attesh init {hook})\"; echo \"st=$?\"");
        let mut command = home.command(std::path::Path::new(program));
        let output = command.args(["-c", &script]).output().expect(program);
        let said = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((said.0.as_ref(), said.1.as_ref()), ("st=0\n", ""), "{program} reads the hook of {hook}");
    }
}

#[test]
fn a_shell_that_is_not_interactive_is_not_told_so() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let script = format!("{}; echo done", crate::stage::pty::init_line(shell.family));
        let output = home.command(&shell.program).args(["-c", &script]).output().expect("the shell");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said.lines().count(), 1, "{}: {said}", shell.label());
        assert!(said.contains("attesh sh") && said.contains("--ci"), "{}: {said}", shell.label());
        assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n", "{}", shell.label());
        assert!(output.status.success());
        assert!(home.sessions().is_empty());
    });
}

#[test]
fn the_typed_line_says_nothing_or_is_recorded() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc { bare: true, ..Rc::default() });
        let line = crate::stage::pty::init_line(shell.family);
        terminal.line("false");
        terminal.line(&line);
        assert!(mark(&mut terminal, home, "one"), "{}: {}", shell.label(), tail(&terminal));
        terminal.line(&line);
        assert!(mark(&mut terminal, home, "two"), "{}: {}", shell.label(), tail(&terminal));
        let text = terminal.text();
        assert!(
            text.contains("attesh: recording this shell (session "),
            "{}: {}",
            shell.label(),
            tail(&terminal)
        );
        assert!(text.contains("attesh log · attesh pause · attesh seal"), "{}", shell.label());
        let (found, start) = (home.lines(), format!("S {line}"));
        let expected = ["S true one", "E 0", start.as_str(), "E 0…", "S true two", "E 0"];
        assert!(
            same(&found[1..], &expected),
            "{}: {}",
            shell.label(),
            complaint("the line typed twice", &found, &expected)
        );
        let gaps = crate::stage::records::gaps(&home.records(), shell.family.name());
        assert!(gaps.is_empty(), "{}: {gaps:?}", shell.label());
    });
}

#[test]
fn an_rc_file_speaks_or_hooks_twice() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let line = crate::stage::pty::init_line(shell.family);
        let mut terminal = Terminal::start(shell, home, Rc { after: &line, ..Rc::default() });
        assert!(!terminal.text().contains("attesh"), "{}: {}", shell.label(), tail(&terminal));
        terminal.line(match shell.family {
            Bash => ". ~/.bashrc",
            Zsh => ". ~/.zshrc",
            Fish => ". ~/config/fish/config.fish",
        });
        terminal.line("false");
        assert!(mark(&mut terminal, home, "one"), "{}: {}", shell.label(), tail(&terminal));
        let (found, expected) = (home.lines(), ["S .…", "E 0", "S false", "E 1", "S true one", "E 0"]);
        assert!(
            same(&found[1..], &expected),
            "{}: {}",
            shell.label(),
            complaint("the rc file is read again", &found, &expected)
        );
    });
}

#[test]
fn the_users_prompt_commands_run_otherwise() {
    let forms = [
        "",
        "PROMPT_COMMAND=",
        "PROMPT_COMMAND='c+=x'",
        "PROMPT_COMMAND='c+=x;'",
        "PROMPT_COMMAND=$'c+=x\\n'",
        "PROMPT_COMMAND=('c+=x' 'c+=y')",
        "PROMPT_COMMAND=([2]='c+=x' [5]='c+=y')",
    ];
    for form in forms {
        let ran = match (form.contains("c+=y"), form.contains("c+=x")) {
            (true, _) => "<xyxy>",
            (_, true) => "<xx>",
            _ => "<>",
        };
        let rc = Rc { before: form, ..Rc::default() };
        shows(&[Bash], rc, &["c=", "true", "echo \"<$c>\""], &[ran]);
    }
    let later = ["PROMPT_COMMAND+='; d=1'", "PROMPT_COMMAND+=('c+=y')", "c=", "true", "echo \"<$c>\""];
    shows(&[Bash], Rc { before: "PROMPT_COMMAND='c+=x'", ..Rc::default() }, &later, &["<xyxy>"]);
}

#[test]
fn entries_of_the_user_see_another_status() {
    let before = "pc() { q=\"$? ${PIPESTATUS[*]}\"; return 5; }\nPROMPT_COMMAND=(pc)";
    let after = "pd() { r=\"$? ${PIPESTATUS[*]}\"; }\nPROMPT_COMMAND+=(pd)";
    shows(
        &[Bash],
        Rc { before, after, ..Rc::default() },
        &["sh -c 'exit 251'|false", "echo \"<$q><$r>\""],
        &["<1 251 1><1 251 1>"],
    );
}

#[test]
fn traps_and_history_settings_of_the_user_change() {
    let before = "trap 'd+=\"x\"' DEBUG; trap 'i=1' INT; trap 'e=1' ERR; trap \"echo 'bye' bye\" EXIT\nPS0='<ps0>'\nHISTCONTROL=ignoreboth";
    each(&[Bash], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc { before, ..Rc::default() });
        terminal.line("trap -p DEBUG INT ERR");
        terminal.line("d=; true; true; echo \"hc=$HISTCONTROL. d=$d.\"");
        terminal.line("exit 3");
        terminal.ended();
        let text = terminal.text();
        for due in [
            "trap -- 'd+=\"x\"' DEBUG",
            "trap -- 'i=1' SIGINT",
            "trap -- 'e=1' ERR",
            "hc=ignoreboth. d=xxx.",
            "<ps0>",
            "bye bye",
        ] {
            assert!(text.contains(due), "{}: {due}\n{}", shell.label(), tail(&terminal));
        }
        assert!(home.lines().contains(&"X exit 3".to_owned()), "{}: {:?}", shell.label(), home.lines());
    });
}

#[test]
fn an_odd_ifs_splits_a_status() {
    for ifs in ["IFS=_", "IFS=0", "IFS=", "IFS=1"] {
        each(&[Bash, Zsh], |shell, home| {
            let mut terminal = Terminal::start(shell, home, Rc { after: ifs, ..Rc::default() });
            terminal.line("sh -c 'exit 10'");
            terminal.line("sh -c 'exit 101'|sh -c 'exit 10'");
            assert!(mark(&mut terminal, home, "m"), "{}: {}", shell.label(), tail(&terminal));
            let (found, expected) =
                (home.lines(), ["S sh…", "E 10", "S sh…", "E 10 ps 101,10", "S true m", "E 0"]);
            assert!(same(&found[1..], &expected), "{}: {}", shell.label(), complaint(ifs, &found, &expected));
        });
    }
}

#[test]
fn bytes_that_are_no_text_are_lost() {
    each(&[Bash], |shell, home| {
        let rc = Rc { env: &[("LANG", "C"), ("LC_ALL", "C")], ..Rc::default() };
        let mut terminal = Terminal::start(shell, home, rc);
        mark(&mut terminal, home, "one");
        terminal.raw(b"echo \xff\xfe x\r");
        assert!(mark(&mut terminal, home, "two"), "{}: {}", shell.label(), tail(&terminal));
        let commands = super::commands(&home.records());
        assert!(commands.contains(&b"echo \xff\xfe x".to_vec()), "{}: {:?}", shell.label(), home.lines());
    });
}

#[test]
fn long_commands_are_cut() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        for length in [5_000, 200_000] {
            let text = format!("true {}", "x".repeat(length));
            // In pieces, each with a time of its own: zsh's line editor needs half a minute.
            for piece in format!("\x1b[200~{text}\x1b[201~\r").as_bytes().chunks(8192) {
                terminal.raw(piece);
            }
            let recorded = |terminal: &mut Terminal| {
                terminal.wait(|_| super::commands(&home.records()).contains(&text.clone().into_bytes()))
            };
            let kept = (0..8).any(|_| recorded(&mut terminal));
            assert!(kept, "{}: {length} bytes\n{:?}", shell.label(), home.lines());
            // At the prompt again: a terminal that is not yet read by letters drops long lines.
            assert!(mark(&mut terminal, home, &format!("after{length}")), "{}", shell.label());
            terminal.rest(200);
        }
    });
}

#[test]
fn the_folder_of_a_command_is_not_its_own() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let mut terminal = Terminal::start(shell, home, Rc::default());
        terminal.line("cd /usr/lib");
        assert!(mark(&mut terminal, home, "one"), "{}", tail(&terminal));
        let folders: Vec<_> = home
            .records()
            .iter()
            .filter(|rec| rec.kind() == "start")
            .filter_map(|rec| rec.text("workdir"))
            .collect();
        assert_eq!(folders[1], b"/usr/lib", "{}", shell.label());
        assert!(folders[0].ends_with(b"/work"), "{}", shell.label());
    });
}

#[test]
fn a_key_or_a_completion_is_recorded() {
    each(&[Bash], |shell, home| {
        let after = "bind -x '\"\\C-t\": true bound'\n_c() { COMPREPLY=($(compgen -W 'alpha' -- \"$2\")); }\ncomplete -F _c cmp";
        let mut terminal = Terminal::start(shell, home, Rc { after, ..Rc::default() });
        press(&mut terminal, home, &[super::Raw("\x14"), super::Raw("cmp al\t"), super::INTERRUPT]);
        assert!(mark(&mut terminal, home, "m"), "{}: {}", shell.label(), tail(&terminal));
        assert!(same(&home.lines()[1..], &["S true m", "E 0"]), "{}: {:?}", shell.label(), home.lines());
    });
    for (family, after) in [
        (Zsh, "w() { true widget; zle redisplay }\nzle -N w\nbindkey '^T' w"),
        (Fish, "function fish_user_key_bindings\nbind \\ct 'true bound; false'\nend"),
    ] {
        each(&[family], |shell, home| {
            let mut terminal = Terminal::start(shell, home, Rc { after, ..Rc::default() });
            press(&mut terminal, home, &[super::Raw("\x14"), super::Raw("ls /us\t"), super::INTERRUPT]);
            assert!(mark(&mut terminal, home, "m"), "{}: {}", shell.label(), tail(&terminal));
            assert!(same(&home.lines()[1..], &["S true m", "E 0"]), "{}: {:?}", shell.label(), home.lines());
            let gaps = crate::stage::records::gaps(&home.records(), shell.family.name());
            assert!(gaps.is_empty(), "{}: {gaps:?}", shell.label());
        });
    }
}

#[test]
fn an_exported_prompt_command_is_heard_in_a_child() {
    shows(
        &[Bash],
        Rc { after: "export PROMPT_COMMAND PS0", ..Rc::default() },
        &["PS1='in% ' bash --norc --noprofile", "true", "exit", "echo over."],
        &["over."],
    );
    each(&[Bash], |shell, home| {
        let mut terminal =
            Terminal::start(shell, home, Rc { after: "export PROMPT_COMMAND PS0 PS1", ..Rc::default() });
        terminal.line(&format!("{} --norc --noprofile", shell.program.display()));
        terminal.line("true");
        terminal.line("exit 0");
        assert!(!terminal.text().contains("__attesh"), "{}: {}", shell.label(), tail(&terminal));
    });
}

#[test]
fn readonly_variables_break_the_shell() {
    let readonly = [
        ("readonly PS0=x", "not recording"),
        ("readonly PROMPT_COMMAND='true x'", "readonly"),
        ("readonly HISTCONTROL=ignorespace", "]]% "),
    ];
    for (before, said) in readonly {
        shows(
            &[Bash],
            Rc { before, ..Rc::default() },
            &["sh -c 'exit 7'", "echo \"alive $?.\""],
            &[said, "alive 7."],
        );
    }
}
