//! A job with secrets in its items: they are nowhere on the disk, and the job meets its policy.

use std::path::PathBuf;

use super::{INIT, Job, Shape, bash, text};
use crate::stage::canary::holding_in_any_form;

/// What stands nowhere else.
const CANARY: &str = "Zq8vR3kT1nWb6Yx";
/// The canary in items as people write them.
const ITEMS: [&str; 6] = [
    "export API_TOKEN=Zq8vR3kT1nWb6Yx",
    "curl -s -H \"Authorization: Bearer Zq8vR3kT1nWb6Yx\" http://127.0.0.1:9/ || true",
    "V=$(echo https://me:Zq8vR3kT1nWb6Yx@example.com/x)",
    "cat > /dev/null <<END\npassword: Zq8vR3kT1nWb6Yx\nEND",
    "echo \"$SIGNING_SECRET\" | cat > /dev/null",
    "test \"$API_TOKEN\" = Zq8vR3kT1nWb6Yx",
];

/// The job ran, its canary is nowhere, and its log says how each item ended.
fn is_nowhere(job: &Job, items: usize) {
    let (code, said) = job.seal();
    assert_eq!(code, Some(0), "{:?}: {said}", job.shape);
    let (code, log) = job.attesh(&["log", job.path("project/.attesh").to_str().unwrap(), "--json"]);
    let statuses = log.matches("\"exitCode\":0").count();
    assert!(code == Some(0) && statuses >= items && !log.contains(CANARY), "{:?}: {log}", job.shape);
    for folder in ["project", "home", "runtime"] {
        let found = holding_in_any_form(&job.path(folder), CANARY, &[]);
        assert_eq!(found, [] as [PathBuf; 0], "{:?}", job.shape);
    }
}

#[test]
fn a_secret_of_an_item_is_on_the_disk_or_the_job_does_not_meet_its_policy() {
    for shape in Shape::all() {
        let job = Job::new(&bash(), shape);
        let output = job.run(&ITEMS[..5]);
        assert!(output.status.success(), "{shape:?}: {}", text(&output.stderr));
        is_nowhere(&job, 5);
        let (code, said) = job.verdict(&ITEMS[..5]);
        assert_eq!(code, Some(0), "{shape:?}: {said}");
        assert!(
            said.starts_with("VERIFIED job.intoto.json: 5 of 5 commands ran, in order"),
            "{shape:?}: {said}"
        );
        // Where the project has it in a variable, an item can hold it as any word.
        let job = Job::new(&bash(), shape);
        let secret = PathBuf::from(CANARY);
        let output = job.run_with(&[&[INIT], &ITEMS[..]].concat(), &[("SIGNING_SECRET", &secret)]);
        assert!(output.status.success(), "{shape:?}: {}", text(&output.stderr));
        is_nowhere(&job, 6);
    }
}
