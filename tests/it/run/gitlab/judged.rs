//! Jobs held against the policy of their list: what a runner of today writes is set aside, and no
//! text hides among it, behind the line that starts the recording, or before it.

use super::{INIT, Job, Shape, bash, text};

/// What the list of the policy has.
const GOOD: [&str; 2] = ["make", "make check"];

/// A job on bash 5.2 whose make succeeds.
fn job(shape: Shape) -> Job {
    use std::os::unix::fs::PermissionsExt as _;
    let job = Job::new(&bash(), shape);
    let make = job.put("bin/make", "#!/bin/sh\nexit 0\n");
    std::fs::set_permissions(&make, std::fs::Permissions::from_mode(0o755)).unwrap();
    job
}

/// What the policy of the good list says of another, in each form of the runner.
fn judged(list: &[&str], is_right: impl Fn(Option<i32>, &str) -> bool) {
    for shape in Shape::all() {
        let job = job(shape);
        job.run_with(list, &[]);
        job.seal();
        let (code, said) = job.verdict(&GOOD);
        assert!(is_right(code, said.lines().next().unwrap()), "{list:?} {shape:?}: {code:?} {said}");
    }
}

fn denied(list: &[&str], why: &str) {
    judged(list, |code, first| code == Some(1) && first.contains(why));
}

#[test]
fn a_text_hides_among_the_lines_of_the_runner() {
    let notice = "echo $'\\x1b[32;1m$ make check\\x1b[0;m'";
    let check = "_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi";
    for (hidden, why) in [
        ("_runner_exit_code=$?; echo EVIL", "`_runner_exit_code=$?; echo EVIL` ran and is not in the policy"),
        (&*format!("{check}; echo EVIL"), "ran and is not in the policy"),
        (&format!("{notice}; echo EVIL"), "check\\x1b[0;m'; echo EVIL` ran and is not in the policy"),
        (&format!("{notice} | cat"), "check\\x1b[0;m' | cat` ran and is not in the policy"),
        ("printf '%b\\n' section_end:$(echo EVIL):section_x\r\x1b[0K", "ran and is not in the policy"),
        ("set +e", "`set +e` ran and is not in the policy"),
    ] {
        denied(&[INIT, &format!("make\n{hidden}"), "make check"], why);
    }
    // An item that makes a here-document of the notices behind it.
    let document = format!("cat <<'make check' >/dev/null\n{notice}");
    denied(&[INIT, "make", &document, "make check"], "line 2 `make check` did not run");
    denied(&[INIT, "make() { :; }", "make", "make check"], "`make() { :; }` ran and is not in the policy");
    denied(&[INIT, "make", "make check\nexit 0"], "`exit 0` ran and is not in the policy");
    denied(&[INIT, "make; echo EVIL", "make check"], "line 1 `make` did not run; in its place");
}

#[test]
fn a_text_hides_at_the_line_that_starts_the_recording() {
    let before = "ran before the recording began, and before = [...] does not name it there";
    // A text on the line itself may also be why the rest of the block cannot be taken over.
    let refused = |code, first: &str| match code {
        Some(1) => first.contains(before),
        _ => code == Some(4) && first.contains("the commands of shell 3 could not be seen"),
    };
    judged(&[&format!("{INIT}; make() {{ :; }}"), "make", "make check"], refused);
    judged(&[&format!("make() {{ :; }}; {INIT}"), "make", "make check"], refused);
    denied(&["make() { :; }", INIT, "make", "make check"], before);
    denied(&[&format!("make() {{ :; }}\n{INIT}"), "make", "make check"], before);
    let behind = "`make() { :; }` ran and is not in the policy";
    denied(&[&format!("{INIT}\nmake() {{ :; }}"), "make", "make check"], behind);
}

#[test]
fn what_a_runner_of_today_writes_is_taken_for_the_jobs() {
    let several = "if true; then\n  make\n\n  (make x)\nfi\nmake y";
    let items = [INIT, "make", several];
    let ansi = Shape::default();
    let posix = Shape { posix: true, ..ansi };
    let awk = "$(awk 'BEGIN{srand(); print srand()}')";
    let first = |item: &str| item.lines().next().unwrap().to_owned();
    let sections = |shape: Shape| -> String {
        let one = |(at, item): (usize, &&str)| {
            let notice = shape.quoted(&format!("\x1b[32;1m$ {item}\x1b[0;m"));
            let name = format!("section_step_script_{at}");
            match item.contains('\n') {
                false => format!("echo {notice}\n{item}\n"),
                true => format!(
                    "printf '%b\\n' section_start:{awk}:{name}[hide_duration=true,collapsed=true]\r\x1b[0K{notice}\n\
                     printf '%b\\n' section_end:{awk}:{name}\r\x1b[0K\n{item}\n"
                ),
            }
        };
        items.iter().enumerate().map(one).collect()
    };
    let concrete = |sections: bool| -> String {
        let one = |(at, item): (usize, &&str)| {
            let more = if item.contains('\n') && !sections { " # collapsed multi-line command" } else { "" };
            let told = if sections { (*item).to_owned() } else { first(item) };
            let notice = posix.quoted(&format!("\x1b[32;1m$ {told}{more}\x1b[0m"));
            let mark = |word: &str, options: &str| {
                format!("printf \"section_{word}:%s:step_script_{at}{options}\\r\\033[0K\" \"$(date +%s)\"\n")
            };
            match sections && item.contains('\n') {
                false => format!("echo {notice}\n{item}\n"),
                true => {
                    let start = mark("start", "[hide_duration=true,collapsed=true]");
                    format!("{start}echo {notice}\n{}{item}\n", mark("end", ""))
                }
            }
        };
        items.iter().enumerate().map(one).collect()
    };
    let bodies = [sections(ansi), sections(posix), concrete(false), concrete(true)];
    for (at, body) in bodies.iter().enumerate() {
        for call in ["(trap 'exit 1' TERM; eval TEXT) < /dev/null", ": | eval TEXT"] {
            let job = job(ansi);
            let shape = if at == 0 { ansi } else { posix };
            let script = format!(
                "trap 'exit 1' TERM\nset -o pipefail; set -o errexit\nset +o noclobber\n{}\nexit 0\n",
                call.replace("TEXT", &shape.quoted(body))
            );
            let script = job.put("script", &script);
            let mut command = job.command(&bash());
            let output = command.stdin(std::fs::File::open(script).unwrap()).output().unwrap();
            assert!(output.status.success(), "{at} {call}: {}", text(&output.stderr));
            job.seal();
            let (code, said) = job.verdict(&items[1..]);
            assert_eq!(code, Some(0), "{at} {call}: {said}");
            let first = said.lines().next().unwrap();
            assert_eq!(
                first, "VERIFIED job.intoto.json: 3 of 3 commands ran, in order, exit 0",
                "{at} {call}"
            );
            let (code, said) = job.verdict(&["make", "make y"]);
            assert_eq!(code, Some(1), "{at} {call}: {said}");
        }
    }
}
