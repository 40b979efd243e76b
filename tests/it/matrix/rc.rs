//! `attesh init --install` and `--uninstall` through the program, on rc files as people have them.

use crate::stage::pty::{ATTESH, Home};
use crate::stage::shells::Family::{self, Bash, Fish, Zsh};
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
