//! `attesh init --install` and `--uninstall` through the program, on rc files as people have them.

use crate::pty::{ATTESH, Home};
use crate::shells::Family::{self, Bash, Fish, Zsh};
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
