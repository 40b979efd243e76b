//! The second half of docs/differences.md: each difference that it lists is there, and is no
//! greater. That there are no others: the rest of `gitlab`.

use super::{INIT, Job, Shape, bash, text};

/// What these items print in a job alone and in a recorded one, its notices aside.
fn both(items: &[&str]) -> [String; 2] {
    let shown = |job: &Job, all: &[&str]| {
        let output = job.run_with(all, &[]);
        let said = text(&output.stdout);
        said.lines().filter(|line| !line.contains("\u{1b}[32;1m")).map(|line| format!("{line}\n")).collect()
    };
    let alone = shown(&Job::new(&bash(), Shape::default()), items);
    [alone, shown(&Job::new(&bash(), Shape::default()), &[&[INIT], items].concat())]
}

/// The lines that a recorded job has more.
fn more(items: &[&str]) -> Vec<String> {
    let [alone, ours] = both(items);
    for line in alone.lines() {
        assert!(ours.lines().any(|other| other == line), "{line} is not in\n{ours}");
    }
    ours.lines().filter(|line| !alone.lines().any(|other| other == *line)).map(str::to_owned).collect()
}

#[test]
fn other_traps_or_functions_are_listed_in_a_job() {
    assert_eq!(more(&["trap -p; declare -F; alias; shopt; umask; ls /proc/$BASHPID/fd"]), [""; 0]);
}

#[test]
fn other_names_are_listed_in_a_job() {
    assert_eq!(more(&["compgen -v"]), ["ATTESH_SESSION", "BASH_COMPAT", "__attesh_ci"]);
    let [alone, ours] = both(&["echo $- $BASH_SUBSHELL ${0##*/} ${BASH_EXECUTION_STRING-none}"]);
    assert_eq!((alone.as_str(), ours.as_str()), ("ehBs 1 bash none\n", "ehBc 1 bash none\n"));
    let [alone, ours] = both(&["[[ $PPID == $$ ]] || cat /proc/$PPID/comm"]);
    assert!(ours.starts_with("attesh") && !alone.starts_with("attesh"), "{alone} {ours}");
}

#[test]
fn other_variables_are_in_the_environment_of_a_job() {
    assert_eq!(more(&["env | cut -d= -f1 | sort"]), ["ATTESH_SESSION"]);
}

#[test]
fn a_child_trap_of_a_job_runs_for_something_else() {
    let [alone, ours] = both(&["trap 'echo child' CHLD", ":", "/bin/true", ":"]);
    assert_eq!((alone.as_str(), ours.as_str()), ("child\n", "child\n"));
}

#[test]
fn a_trace_hides_the_first_line_of_a_job_or_shows_more() {
    let job = Job::new(&bash(), Shape::default());
    let output = job.run_with(&["set -x", INIT, "set +x", "true", "echo end"], &[]);
    let said = text(&output.stderr);
    assert!(said.contains("__attesh_line"), "{said}");
    assert!(text(&output.stdout).ends_with("end\n"), "{}", text(&output.stdout));
    let job = Job::new(&bash(), Shape::default());
    let quiet = text(&job.run(&["true"]).stderr);
    assert!(!quiet.contains("__attesh_line"), "{quiet}");
}
