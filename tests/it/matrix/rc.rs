//! `attesh init --install` and `--uninstall` through the program, on rc files as people have them.

use super::{each, mark, tail};
use crate::stage::programs::{self, said};
use crate::stage::pty::{ATTESH, Home, Rc, Terminal};
use crate::stage::shells::Family::{self, Bash, Fish, Zsh};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

fn rc_name(family: Family) -> &'static str {
    match family {
        Bash => ".bashrc",
        Zsh => ".zshrc",
        Fish => "config/fish/config.fish",
    }
}

fn rc_file(home: &Home, family: Family) -> PathBuf {
    home.path(rc_name(family))
}

fn edit(home: &Home, family: Family, what: &str) {
    let status = home.command(Path::new(ATTESH)).args(["init", family.name(), what]).output();
    assert!(status.is_ok_and(|output| output.status.success()), "{} {what}", family.name());
}

#[test]
fn an_rc_file_is_not_as_it_was_after_uninstall() {
    for family in [Bash, Zsh, Fish] {
        let texts = ["", "a=1\n", "a=1", "\n\n", "# attesh is not here\r\n"];
        for before in texts.map(Some).into_iter().chain([None]) {
            let home = Home::new();
            let file = rc_file(&home, family);
            let was = before.map(|text| text.as_bytes().to_vec());
            if let Some(text) = before {
                home.file(rc_name(family), text);
            }
            let before = before.unwrap_or_default();
            edit(&home, family, "--install");
            edit(&home, family, "--install");
            let with = std::fs::read_to_string(&file).expect("the rc file");
            assert_eq!(with.matches("attesh init").count(), 1, "{}: {with:?}", family.name());
            assert!(with.starts_with(before), "{}: {with:?}", family.name());
            edit(&home, family, "--uninstall");
            assert_eq!(std::fs::read(&file).ok(), was, "{}: {before:?}", family.name());
        }
    }
}

#[test]
fn a_linked_rc_file_becomes_a_file() {
    for family in [Bash, Zsh, Fish] {
        let home = Home::new();
        let (file, real) = (rc_file(&home, family), home.file("work/dotfile", "b=2"));
        std::os::unix::fs::symlink(&real, &file).expect("a link to it");
        edit(&home, family, "--install");
        assert!(file.is_symlink(), "{}", family.name());
        assert!(std::fs::read_to_string(&real).expect("the real file").contains("attesh init"));
        edit(&home, family, "--uninstall");
        assert!(file.is_symlink(), "{}", family.name());
        assert_eq!(std::fs::read(&real).expect("the real file"), b"b=2");
    }
}

#[test]
fn a_link_that_leads_to_nothing_is_replaced() {
    for family in [Bash, Zsh, Fish] {
        let home = Home::new();
        let (file, real) = (rc_file(&home, family), home.path("work/dots/rc"));
        let target = if family == Fish { "../../work/dots/rc" } else { "work/dots/rc" };
        std::os::unix::fs::symlink(target, &file).expect("a link to nothing");
        edit(&home, family, "--uninstall");
        assert!(file.is_symlink() && !real.exists(), "{}", family.name());
        edit(&home, family, "--install");
        assert!(file.is_symlink(), "{}", family.name());
        assert!(std::fs::read_to_string(&real).expect("the file it leads to").contains("attesh init"));
        edit(&home, family, "--uninstall");
        assert_eq!(std::fs::read_link(&file).expect("the link"), Path::new(target), "{}", family.name());
        assert!(!real.exists(), "{}", family.name());
    }
}

#[test]
fn a_line_that_stands_there_twice_is_taken_out_once() {
    for family in [Bash, Zsh, Fish] {
        let home = Home::new();
        let file = rc_file(&home, family);
        edit(&home, family, "--install");
        let line = std::fs::read_to_string(&file).expect("the rc file").replace(" (new file)", "");
        home.file(rc_name(family), &format!("a=1\n{line}b=2\n{line}"));
        edit(&home, family, "--uninstall");
        assert_eq!(std::fs::read(&file).expect("the rc file"), b"a=1\nb=2\n", "{}", family.name());
        // One that was written by hand is not ours to take; it is named.
        home.file(rc_name(family), &format!("{line}eval \"$(attesh init bash)\"\n# attesh init bash\n"));
        let output = home
            .command(Path::new(ATTESH))
            .args(["init", family.name(), "--uninstall"])
            .output()
            .expect("attesh runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(
            err.contains("line 1, ") && !err.contains("line 2") && !out.contains("not recorded"),
            "{out}{err}"
        );
    }
}

/// attesh where a user has it: in a folder of the home that PATH gets late or never.
fn own_attesh(home: &Home) -> PathBuf {
    let folder = home.path(".local/bin");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("attesh");
    std::os::unix::fs::symlink(ATTESH, &path).expect("a link to attesh");
    path
}

/// A PATH without that folder.
const SYSTEM: [(&str, &str); 1] = [("PATH", "/usr/local/bin:/usr/bin:/bin")];

fn install(home: &Home, program: &Path, family: Family, what: &str) -> programs::Said {
    let done = said(home.command(program).envs(SYSTEM).args(["init", family.name(), what]));
    assert_eq!(done.code, Some(0), "{what}: {}", done.err);
    done
}

fn prompt(family: Family) -> &'static str {
    match family {
        Bash => "case $- in *i*) ;; *) return;; esac\nPS1='[[$?]]% '\n",
        Zsh => "PS1='[[%?]]%% '\nunsetopt prompt_sp prompt_cr\nunset zle_bracketed_paste\n",
        Fish => {
            "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt\n    echo -n \"[[$status]]% \"\nend\n"
        }
    }
}

/// Debian's: the rc file is read before PATH has the folder.
const PROFILE: &str = "if [ -n \"$BASH_VERSION\" ]; then
    if [ -f \"$HOME/.bashrc\" ]; then
	. \"$HOME/.bashrc\"
    fi
fi
if [ -d \"$HOME/.local/bin\" ] ; then
    PATH=\"$HOME/.local/bin:$PATH\"
fi
";

#[test]
fn a_login_shell_is_not_recorded_because_its_path_comes_late() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let program = own_attesh(home);
        home.file(".profile", PROFILE);
        home.file(rc_name(shell.family), prompt(shell.family));
        let told = install(home, &program, shell.family, "--install");
        assert_eq!(told.err, "", "{}", shell.label());
        let rc = Rc { env: &SYSTEM, ..Rc::default() };
        let mut terminal = Terminal::login(shell, home, rc);
        assert!(mark(&mut terminal, home, "one"), "{}: {}", shell.label(), tail(&terminal));
        drop(terminal);
        // Without the file a shell that is to be recorded says that it is not, and works.
        std::fs::remove_file(&program).expect("attesh is removed");
        let mut terminal = Terminal::login(shell, home, rc);
        terminal.line("true two");
        let text = terminal.text();
        assert!(text.contains("attesh: not recording this shell: "), "{}: {text}", shell.label());
        assert!(text.contains("is missing"), "{}: {text}", shell.label());
    });
}

#[test]
fn a_shell_without_a_person_says_that_attesh_is_missing() {
    each(&[Bash, Zsh, Fish], |shell, home| {
        let program = own_attesh(home);
        install(home, &program, shell.family, "--install");
        std::fs::remove_file(&program).expect("attesh is removed");
        let rc = rc_file(home, shell.family).display().to_string();
        let mut command = home.command(Path::new(&shell.program));
        let done = said(command.args(["-c", &format!(". {rc}; echo hi")]));
        assert_eq!((done.out.as_str(), done.err.as_str()), ("hi\n", ""), "{}", shell.label());
    });
}

#[test]
fn a_login_bash_that_never_reads_its_rc_file_is_installed_without_a_word() {
    each(&[Bash], |shell, home| {
        let program = own_attesh(home);
        home.file(".bashrc", prompt(Bash));
        // bash passes over .profile, which reads .bashrc, because of the empty file.
        home.file(".profile", PROFILE);
        home.file(".bash_profile", "# . ~/.bashrc");
        let told = install(home, &program, Bash, "--install");
        assert!(told.err.contains(".bash_profile, which does not"), "{}", told.err);
        let line = told.err.trim_end().split_once("type: ").expect("what to type").1.to_owned();
        let mut sh = home.command(Path::new("/bin/sh"));
        assert!(sh.args(["-c", &line]).status().is_ok_and(|status| status.success()), "{line}");
        let mut terminal = Terminal::login(shell, home, Rc { env: &SYSTEM, ..Rc::default() });
        assert!(mark(&mut terminal, home, "one"), "{}: {}", shell.label(), tail(&terminal));
        assert_eq!(install(home, &program, Bash, "--install").err, "");
    });
}

#[test]
fn a_home_without_a_profile_is_one_whose_login_shells_read_the_rc_file() {
    let home = Home::new();
    let program = own_attesh(&home);
    let told = install(&home, &program, Bash, "--install");
    assert!(told.err.contains("there is no .bash_profile, .bash_login or .profile"), "{}", told.err);
    // One profile may read another, which reads the rc file.
    home.file(".profile", PROFILE);
    home.file(".bash_login", "[ -r ~/.profile ] && . ~/.profile\n");
    assert_eq!(install(&home, &program, Bash, "--install").err, "");
}

#[test]
fn the_folder_of_zsh_is_taken_from_the_wrong_environment() {
    each(&[Zsh], |shell, home| {
        // What is asked is the zsh of the PATH: this one.
        let bin = home.path("zbin");
        std::fs::create_dir(&bin).expect("a folder");
        let program = shell.program.display();
        home.file("zbin/zsh", &format!("#!/bin/sh\nexec {program} \"$@\"\n"));
        std::fs::create_dir(home.path("dots")).expect("a folder");
        home.file(".zshenv", "echo some words\nZDOTDIR=$HOME/dots\n");
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let mut command = home.command(Path::new(ATTESH));
        command.env("PATH", &path).env_remove("ZDOTDIR");
        let done = said(command.args(["init", "zsh", "--install"]));
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(home.path("dots/.zshrc").is_file() && !home.path(".zshrc").exists(), "{}", done.out);
        home.file(".zshenv", "setopt no_rcs\n");
        let mut command = home.command(Path::new(ATTESH));
        command.env("PATH", &path).env_remove("ZDOTDIR");
        let done = said(command.args(["init", "zsh", "--install"]));
        assert!(done.err.contains("does not read"), "{}: {}", shell.label(), done.err);
    });
}

#[test]
fn a_setting_that_hides_texts_is_installed_beside_without_a_word() {
    for (family, text, words) in [
        (
            Bash,
            "HISTCONTROL=ignoreboth\n",
            ".bashrc: HISTCONTROL=ignoreboth hides the texts of repeated commands, too",
        ),
        (Bash, "  # HISTCONTROL=ignoreboth\nHISTCONTROL=ignoredups\n", ""),
        (
            Zsh,
            "zshaddhistory() { return 1 }\n",
            ".zshrc: a zshaddhistory function hides the texts of all commands; if yours hides no line, ATTESH_ZSHADDHISTORY=keeps",
        ),
        (Fish, "set HISTCONTROL ignoreboth\n", ""),
    ] {
        let home = Home::new();
        home.file(rc_name(family), text);
        home.file(".profile", ". ~/.bashrc\n");
        let said = install(&home, &own_attesh(&home), family, "--install");
        assert!(said.err.contains(words) && said.err.is_empty() == words.is_empty(), "{text}: {}", said.err);
    }
}

#[test]
fn an_rc_file_gets_another_owner_or_mode() {
    for family in [Bash, Zsh, Fish] {
        let home = Home::new();
        let file = home.file(rc_name(family), "a=1");
        let mut modes = vec![0o444, 0o640, 0o600, 0o755];
        let other = Some(54321);
        let root = nix::unistd::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&file, other, other).expect("another owner");
            modes.push(0o4711);
        }
        for mode in modes {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
            let facts = || {
                let meta = std::fs::metadata(&file).expect("the rc file");
                (meta.uid(), meta.gid(), meta.mode() & 0o7777)
            };
            let before = facts();
            edit(&home, family, "--install");
            assert_eq!(facts(), before, "{}", family.name());
            edit(&home, family, "--uninstall");
            assert_eq!((facts(), std::fs::read(&file).expect("it")), (before, b"a=1".to_vec()));
        }
        std::fs::remove_file(&file).expect("it is removed");
        if !root {
            continue;
        }
        // root installs in the home of another: what is made is that user's.
        let folder = file.parent().expect("a folder");
        if family == Fish {
            std::fs::remove_dir(folder).expect("an empty folder");
            std::os::unix::fs::chown(home.path("config"), other, other).expect("another owner");
        }
        std::os::unix::fs::chown(home.root.path(), other, other).expect("another owner");
        edit(&home, family, "--install");
        for made in [&file, folder] {
            assert_eq!(std::fs::metadata(made).expect("what was made").uid(), 54321, "{}", made.display());
        }
    }
}

#[test]
fn a_line_that_calls_an_old_place_stays_beside_the_new_one() {
    for family in [Bash, Zsh, Fish] {
        let home = Home::new();
        home.file(rc_name(family), "a=1");
        let program = own_attesh(&home);
        install(&home, &program, family, "--install");
        edit(&home, family, "--install");
        let text = std::fs::read_to_string(rc_file(&home, family)).expect("the rc file");
        assert_eq!(text.matches("# attesh").count(), 1, "{text}");
        assert!(text.contains(ATTESH) && !text.contains(".local/bin"), "{text}");
        edit(&home, family, "--uninstall");
        assert_eq!(std::fs::read(rc_file(&home, family)).expect("the rc file"), b"a=1");
    }
}

/// What is told to be typed so that login shells read the rc file, typed.
fn typed_for_login(home: &Home, program: &Path) {
    let told = install(home, program, Bash, "--install");
    let line = told.err.trim_end().split_once("type: ").expect("what to type").1.to_owned();
    let mut sh = home.command(Path::new("/bin/sh"));
    assert!(sh.args(["-c", &line]).status().is_ok_and(|status| status.success()), "{line}");
}

#[test]
fn what_is_advised_for_login_shells_is_a_loop() {
    for read in [". ~/.profile\n", "for file in ~/.prof*; do\n  . \"$file\"\ndone\n"] {
        each(&[Bash], |shell, home| {
            let program = own_attesh(home);
            home.file(".bashrc", &format!("{read}{}", prompt(Bash)));
            home.file(".profile", "X=1\n");
            typed_for_login(home, &program);
            for words in [&["-l", "-i"][..], &["-i"], &["-l"], &[]] {
                let mut command = home.command(&shell.program);
                let done = said(command.args(words).args(["-c", "echo ok $X"]));
                let ok = done.out.contains("ok") && (words.is_empty() || done.out.contains("ok 1"));
                assert!(done.code == Some(0) && ok, "{} {words:?}: {}{}", shell.label(), done.out, done.err);
            }
            let mut terminal = Terminal::login(shell, home, Rc { env: &SYSTEM, ..Rc::default() });
            assert!(mark(&mut terminal, home, "one"), "{}: {}", shell.label(), tail(&terminal));
            assert_eq!(install(home, &program, Bash, "--install").err, "");
        });
    }
    // sh reads the profile, too.
    let home = Home::new();
    let program = own_attesh(&home);
    home.file(".profile", "X=1\n");
    typed_for_login(&home, &program);
    let done = said(home.command(Path::new("/bin/sh")).args(["-c", ". ~/.profile; echo ok $X"]));
    assert_eq!((done.out.as_str(), done.err.as_str()), ("ok 1\n", ""));
}

#[test]
fn a_line_that_no_shell_takes_is_written() {
    for (family, text) in [
        (Bash, "export A=1 \\"),
        (Bash, "export A=1 \\\n"),
        (Bash, "cat <<END\nsome words\n"),
        (Bash, "A=\"1\n"),
        (Bash, "if true; then\n"),
        (Zsh, "export A=1 \\"),
        (Zsh, "cat <<END\nsome words\n"),
        (Zsh, "A=\"1\n"),
        (Fish, "set A 1 \\"),
        (Fish, "if true\n"),
    ] {
        if !programs::have(family.name()) {
            crate::stage::world::skipped(&format!("no {} on the path", family.name()));
            continue;
        }
        let home = Home::new();
        home.file(".profile", ". ~/.bashrc\n");
        let file = home.file(rc_name(family), text);
        let done = said(home.command(Path::new(ATTESH)).args(["init", family.name(), "--install"]));
        assert_eq!(done.code, Some(5), "{text:?}: {}{}", done.out, done.err);
        assert!(done.err.contains("the line cannot stand behind its end: "), "{text:?}: {}", done.err);
        assert_eq!(std::fs::read_to_string(&file).expect("the rc file"), text);
        // An empty line ends what goes on in the next one.
        if text.ends_with('\\') {
            home.file(rc_name(family), &format!("{text}\n\n"));
            assert_eq!(install(&home, Path::new(ATTESH), family, "--install").err, "");
        }
    }
    // No shell can say more of this one than that it may be right once its first line has run.
    let home = Home::new();
    home.file(".profile", ". ~/.bashrc\n");
    home.file(".bashrc", "shopt -s extglob\nx() { case $1 in !(a)) ;; esac; }\n# a comment \\\n");
    assert_eq!(install(&home, Path::new(ATTESH), Bash, "--install").err, "");
}

#[test]
fn a_line_that_is_not_reached_is_said_to_record_new_shells() {
    let profile = ". ~/.bashrc\n";
    for (family, rc, profile, words) in [
        (Bash, "a=1\n[ -n \"$TMUX\" ] || return\n", profile, ".bashrc, line 2, can end the file"),
        (Bash, "exec fish\n", profile, "is not recorded: exec fish. If it is to be, move the line"),
        (
            Bash,
            "a=1\n",
            "return\n. ~/.bashrc\n",
            ".profile, line 1, can end the file before it reads .bashrc",
        ),
        (
            Bash,
            "a=1\n",
            "X=1\nexec fish\n",
            "; put the line before line 2 of it, which can end it: exec fish",
        ),
        (Bash, "a=1\n", "cat <<X\nword\n", ", and no line can stand behind its end ("),
        (Bash, "case $- in\n  *i*) ;;\n  *) return;;\nesac\n", profile, ""),
        (Zsh, "[[ -n $TMUX ]] || return\n", "", ".zshrc, line 1, can end the file"),
        (Fish, "exec bash\n", "", "config.fish, line 1, can end the file"),
    ] {
        let home = Home::new();
        home.file(rc_name(family), rc);
        home.file(".profile", profile);
        for _ in 0..2 {
            let done = install(&home, Path::new(ATTESH), family, "--install");
            assert!(
                done.err.contains(words) && done.err.is_empty() == words.is_empty(),
                "{rc}: {}",
                done.err
            );
        }
    }
    let home = Home::new();
    home.file(".zprofile", "unsetopt RCS\n");
    let done = install(&home, Path::new(ATTESH), Zsh, "--install");
    assert!(done.err.contains(".zprofile turns the option rcs off"), "{}", done.err);
    assert!(done.out.contains("type in it: attesh doctor"), "{}", done.out);
}

#[test]
fn attributes_and_links_of_an_rc_file_go() {
    let home = Home::new();
    let file = home.file(".bashrc", "a=1\nb=2");
    let other = home.path("work/dotfile");
    std::fs::hard_link(&file, &other).expect("a hard link");
    let python = |code: &str| {
        let mut command = home.command(Path::new("python3"));
        said(command.args(["-c", &format!("import os; p = {:?}; {code}", file.display().to_string())]))
    };
    let set = python("os.setxattr(p, 'user.note', b'mine')");
    if set.code != Some(0) {
        crate::stage::world::skipped(&format!("no attributes here: {}", set.err));
    }
    let inode = || std::fs::metadata(&file).expect("the rc file").ino();
    let before = inode();
    edit(&home, Bash, "--install");
    assert!(std::fs::read_to_string(&other).expect("the other name").contains("attesh init"));
    home.file(".bashrc", &format!("{}c=3\n", std::fs::read_to_string(&other).expect("the other name")));
    edit(&home, Bash, "--uninstall");
    assert_eq!(std::fs::read_to_string(&other).expect("the other name"), "a=1\nb=2\nc=3\n");
    assert_eq!(inode(), before);
    if set.code == Some(0) {
        assert_eq!(python("print(os.getxattr(p, 'user.note'))").out, "b'mine'\n");
    }
}

#[test]
fn an_empty_home_is_that_of_the_password_file() {
    for family in [Bash, Zsh, Fish] {
        let home = Home::new();
        let mut command = home.command(Path::new(ATTESH));
        command.env("HOME", "").env_remove("XDG_CONFIG_HOME").env_remove("ZDOTDIR");
        let done = said(command.args(["init", family.name(), "--uninstall"]));
        assert_eq!(done.code, Some(5), "{}: {}{}", family.name(), done.out, done.err);
        assert!(done.err.contains("there is no home folder; set HOME"), "{}", done.err);
    }
}
