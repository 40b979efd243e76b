//! A script for which no session can be opened: in CI it does not run, elsewhere it runs and
//! attesh says that it is not recorded.

use std::process::Command;

use crate::stage::programs::{Said, said};
use crate::stage::pty::{ATTESH, Home};

/// What names a home that no folder can be made in.
const NO_HOME: [(&str, &str); 3] =
    [("HOME", "/proc/attesh"), ("XDG_STATE_HOME", ""), ("XDG_RUNTIME_DIR", "")];

/// Runs a script that leaves a file behind, with these variables and no other.
fn sh(home: &Home, words: &[&str], env: &[(&str, &str)]) -> (Said, bool) {
    home.file("work/s.sh", "echo ran >> ran\n");
    let mut command = Command::new(ATTESH);
    command.env_clear().env("ATTESH_COLLECT", "none").env("PATH", "/usr/bin:/bin").envs(env.iter().copied());
    command.arg("sh").args(words).arg("s.sh").current_dir(home.path("work"));
    let answer = said(&mut command);
    let ran = std::fs::remove_file(home.path("work/ran")).is_ok();
    (answer, ran)
}

#[test]
fn a_script_runs_unrecorded_in_ci() {
    let home = Home::new();
    let systems = [
        (&[("CI", "true")][..], "XDG_STATE_HOME"),
        (&[("CI", "true"), ("GITHUB_ACTIONS", "true")], "RUNNER_TEMP"),
        (&[("GITLAB_CI", "true"), ("CI_PROJECT_DIR", "builds")], "CI_PROJECT_DIR"),
        (&[("JENKINS_HOME", "/var"), ("WORKSPACE", "job")], "WORKSPACE"),
    ];
    for (system, variable) in systems {
        for housing in [&NO_HOME[..], &[("HOME", "relative")]] {
            let (said, ran) = sh(&home, &[], &[system, housing].concat());
            assert_eq!((said.code, ran), (Some(125), false), "{system:?} {housing:?}: {}", said.err);
            let told = "attesh: the script did not run, because it cannot be recorded: ";
            assert!(said.err.starts_with(told), "{system:?}: {}", said.err);
            let mends = format!("--dir, or set {variable} to an absolute path");
            assert!(said.err.contains(&mends), "{system:?}: {}", said.err);
        }
    }
    // A folder that is named, and that cannot be made.
    let (said, ran) = sh(&home, &["--dir", "/proc/attesh"], &[("CI", "true")]);
    assert_eq!((said.code, ran), (Some(125), false), "{}", said.err);
    assert!(said.err.contains("/proc/attesh"), "{}", said.err);
}

#[test]
fn a_block_goes_on_unrecorded_in_ci() {
    let home = Home::new();
    home.file("work/block", "eval \"$(attesh init bash --ci)\"\necho ran >> ran\n");
    let folder = std::path::Path::new(ATTESH).parent().unwrap().display();
    let systems: [&[(&str, &str)]; 3] = [
        &[("CI", "true")],
        &[("GITLAB_CI", "true"), ("CI_PROJECT_DIR", "/proc/attesh")],
        &[("GITLAB_CI", "true"), ("CI_PROJECT_DIR", "builds")],
    ];
    for system in systems {
        let mut command = Command::new("bash");
        command
            .env_clear()
            .env("ATTESH_COLLECT", "none")
            .env("PATH", format!("{folder}:/usr/bin:/bin"))
            .envs(NO_HOME);
        command.envs(system.iter().copied()).arg("block").current_dir(home.path("work"));
        let said = said(&mut command);
        assert_eq!(said.code, Some(5), "{system:?}: {}", said.err);
        assert!(said.err.contains("not everything of this block is recorded"), "{system:?}: {}", said.err);
        assert!(!home.path("work/ran").exists(), "{system:?}");
    }
}

#[test]
fn a_job_without_a_home_is_recorded_elsewhere_than_in_its_folder() {
    let home = Home::new();
    let work = home.path("work");
    let at = work.to_str().unwrap();
    let systems = [
        ([("GITHUB_ACTIONS", "true"), ("RUNNER_TEMP", at)], "attesh"),
        ([("GITLAB_CI", "true"), ("CI_PROJECT_DIR", at)], ".attesh"),
        ([("JENKINS_HOME", "/var"), ("WORKSPACE", at)], ".attesh"),
    ];
    for (system, folder) in systems {
        let (said, ran) = sh(&home, &["--strict"], &[&system[..], &NO_HOME].concat());
        assert_eq!((said.code, ran), (Some(0), true), "{system:?}: {}", said.err);
        assert!(said.err.contains("attesh-head "), "{system:?}: {}", said.err);
        let journal = work.join(folder).join("journal");
        assert!(std::fs::read_to_string(&journal).unwrap().contains("shell-close"), "{system:?}");
        std::fs::remove_dir_all(work.join(folder)).unwrap();
    }
}

#[test]
fn a_script_runs_unrecorded_outside_of_ci_and_nobody_says_so() {
    let home = Home::new();
    let (said, ran) = sh(&home, &[], &NO_HOME);
    assert_eq!((said.code, ran), (Some(0), true), "{}", said.err);
    assert!(said.err.starts_with("attesh: not recording this script: "), "{}", said.err);
    let (said, ran) = sh(&home, &["--strict"], &NO_HOME);
    assert_eq!((said.code, ran), (Some(125), false), "{}", said.err);
}

#[test]
fn a_bash_that_dies_reading_the_script_leaves_a_plan() {
    let home = Home::new();
    home.file(
        "bin/bash",
        "#!/bin/sh\nfor word; do [ \"$word\" != -n ] || kill -ABRT $$; done\nexec /bin/bash \"$@\"\n",
    );
    home.file("work/s.sh", "echo one\necho two\n");
    let run = |words: &[&str]| {
        let path = format!("{}:/usr/bin:/bin", home.path("bin").display());
        said(home.command(std::path::Path::new(ATTESH)).env("PATH", path).arg("sh").args(words).arg("s.sh"))
    };
    for (words, status) in [(&[][..], 0), (&["--strict"], 125)] {
        let said = run(words);
        assert_eq!((said.code, said.out.as_str()), (Some(status), "one\ntwo\n"), "{}", said.err);
        let told = "the plan has no commands: ";
        assert!(said.err.contains(told) && said.err.contains("signal 6 ended it"), "{}", said.err);
    }
}
