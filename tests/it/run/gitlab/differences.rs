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
fn other_traps_are_listed_in_a_job() {
    let names = "trap -p | grep -oE \"' (DEBUG|ERR|EXIT|CHLD|RETURN)$\" | sort";
    assert_eq!(more(&[names]), ["' DEBUG", "' ERR", "' EXIT"]);
    let hidden = |first: &str| {
        let job = Job::new(&bash(), Shape::default());
        assert!(job.run(&[first, "echo b"]).status.success(), "{first}");
        (job.commands().len(), job.predicate()["plans"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(hidden(":"), (2, 1));
    assert_eq!(hidden("trap : DEBUG"), (1, 1));
    assert_eq!(hidden("trap : EXIT"), (2, 0));
}

#[test]
fn other_names_are_listed_in_a_job() {
    let ours = ["declare -f __attesh_end", "declare -f __attesh_line", "declare -f __attesh_see"];
    assert_eq!(more(&["declare -F"]), ours);
    let more = more(&["compgen -v"]);
    let own = more.iter().filter(|name| name.starts_with("__attesh_")).count();
    assert!(own > 0 && more.iter().any(|name| name == "ATTESH_SESSION"), "{more:?}");
    let unset = ["ATTESH_SESSION", "PIPESTATUS", "BASH_REMATCH"];
    let others: Vec<_> = more
        .iter()
        .filter(|name| !name.starts_with("__attesh_") && !unset.contains(&name.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn other_variables_are_in_the_environment_of_a_job() {
    assert_eq!(more(&["env | cut -d= -f1 | sort"]), ["ATTESH_SESSION"]);
}

#[test]
fn a_child_trap_of_a_job_runs_for_nothing_or_not_at_all() {
    let [alone, ours] = both(&["trap 'echo child' CHLD", ":", ":", ":"]);
    let count = |said: &str| said.matches("child\n").count();
    assert!(count(&alone) == 0 && count(&ours) > 0, "{alone}\n{ours}");
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

#[test]
fn what_prints_like_the_runner_is_no_notice() {
    let job = Job::new(&bash(), Shape::default());
    assert!(job.run(&["echo $'\\e[32;1m$ make\\e[0;m'", "true"]).status.success());
    let commands = job.commands();
    assert_eq!(commands[1..], ["make 0", "true 0"], "{commands:?}");
}
