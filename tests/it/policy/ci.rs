//! Policies made from the files of a CI.

use attesh::policy::ci::{Job, github, gitlab, workflow_of};
use attesh::policy::{Mode, Policy, Runner};

use crate::policy::verify::put;
use crate::stage::programs::{Said, attesh};
use crate::stage::pty::Home;

const GITLAB: &str = r#"
default:
  before_script:
    - apt-get update
    - eval "$(attesh init bash --ci)"
    - cd src/
build:
  stage: build
  script:
    - echo "something"
    - |
      if true; then
        echo yes
      fi
      go build ./...
    - - make
      - - make check
  after_script: [attesh stop]
other:
  before_script: []
  script: 'make'
list:
  before_script:
    - |
      set -e
      eval "$(attesh init bash --ci)"
      first
  script: second
merged:
  <<: {script: [a], before_script: ['# attesh init', 'eval "$(attesh init bash --ci)"']}
"#;

fn blocks(job: &Result<Job, String>) -> Vec<&str> {
    job.as_ref().unwrap().blocks.iter().map(|block| block.text.as_str()).collect()
}

#[test]
fn lists_lie_in_each_other_without_end() {
    let item = format!("{}x{}", "[".repeat(11), "]".repeat(11));
    let yaml = format!("a: {{script: ['eval \"$(attesh init bash --ci)\"', {item}]}}");
    assert_eq!(
        gitlab(&yaml, "a").unwrap_err(),
        "the script of job a has an item that is not a text: put it in quotes"
    );
}

#[test]
fn a_job_of_gitlab_runs_something_else() {
    let text =
        "cd src/\necho \"something\"\nif true; then\n  echo yes\nfi\ngo build ./...\nmake\nmake check\n";
    assert_eq!(blocks(&gitlab(GITLAB, "build")), [text]);
    let block = &gitlab(GITLAB, "build").unwrap().blocks[0];
    assert_eq!((block.before.as_str(), block.runner), ("apt-get update\n", Some(Runner::Gitlab)));
    assert_eq!(blocks(&gitlab(GITLAB, "merged")), ["a\n"]);
    // What is not exactly the line that starts the recording is named.
    let path = "a: {script: [x, 'eval \"$(./attesh init bash --ci)\"', y]}";
    let block = &gitlab(path, "a").unwrap().blocks[0];
    assert_eq!((&*block.before, &*block.text), ("x\neval \"$(./attesh init bash --ci)\"\n", "y\n"));
    let said = "a: {script: ['echo attesh init', 'eval \"$(attesh init bash --ci)\"', x]}";
    assert_eq!(blocks(&gitlab(said, "a")), ["x\n"]);
    // What a job takes from the defaults can be named; lists lie in lists, as far as GitLab has them.
    let named = "default: {before_script: ['eval \"$(attesh init bash --ci)\"']}\na: {inherit: {default: [LIST]}, script: [x]}";
    assert_eq!(blocks(&gitlab(&named.replace("LIST", "image, before_script"), "a")), ["x\n"]);
    let deep = |depth: usize| {
        let item = format!("{}x{}", "[".repeat(depth), "]".repeat(depth));
        gitlab(&format!("a: {{script: ['eval \"$(attesh init bash --ci)\"', {item}]}}"), "a")
    };
    assert_eq!(blocks(&deep(10)), ["x\n"]);
    for (yaml, job, why) in [
        (&*named.replace("LIST", "image"), "a", "no item of job a has attesh init"),
        (GITLAB, "nobody", "the file has no job nobody; it has default, build, other, list, merged"),
        (GITLAB, "list", "job list: the item with attesh init has other commands"),
        (
            "a: {script: ['eval \"$(attesh init bash --ci)\" && x', y]}",
            "a",
            "job a: the item with attesh init has other commands",
        ),
        ("include: x.yml\na: {script: [x]}", "a", "the file includes others: give the merged file"),
        (
            "default: {before_script: ['eval \"$(attesh init bash --ci)\"']}\na: {inherit: {default: false}, script: [x]}",
            "a",
            "no item of job a has attesh init",
        ),
        (
            "a: {script: ['eval \"$(attesh init bash --ci)\"', x, 'eval \"$(attesh init bash --ci)\"']}",
            "a",
            "job a has attesh init more than once",
        ),
        (GITLAB, "other", "no item of job other has attesh init"),
        ("a: {extends: .b, script: [x]}", "a", "job a extends another: give the merged file"),
        ("a: {stage: x}", "a", "job a has no script"),
        ("a: {script: [!reference [b, script]]}", "a", "the script of job a has !reference"),
        ("a: {script: [true]}", "a", "the script of job a has an item that is not a text"),
        ("a: {script: [x: y]}", "a", "the script of job a has an item that is not a text"),
        ("a: {script: ['echo $[[ inputs.x ]]']}", "a", "the script of job a has $[[ ]]"),
        ("a: [", "a", "line "),
        ("a: 1\na: 2\n", "a", "line 2, column 1: duplicated key"),
        ("", "a", "the file is empty"),
    ] {
        let said = gitlab(yaml, job).unwrap_err();
        assert!(said.starts_with(why), "{said}\nand not {why}");
    }
}

const GITHUB: &str = r#"
on: push
defaults: {run: {shell: 'attesh sh -e -o pipefail {0}'}}
jobs:
  build:
    steps:
      - uses: actions/checkout@v4
      - name: install
        shell: bash
        run: curl -L x | tar x
      - name: Build it
        run: |
          cd src/
          echo "something"
          go build ./...
      - id: check
        run: make check
      - run: echo ${{ github.sha }} ${{matrix.os}}
      - run: attesh stop
        shell: bash
  plain:
    steps:
      - run: make
      - run: make
        shell: python
      - {run: make check, if: always()}
  nothing:
    steps: [{uses: x}]
"#;

#[test]
fn a_job_of_github_runs_something_else() {
    let exprs = [("github.sha".to_owned(), "abc".to_owned()), ("matrix.os".to_owned(), "linux".to_owned())];
    let job = github(GITHUB, "build", &exprs);
    let build = "cd src/\necho \"something\"\ngo build ./...\n";
    assert_eq!(blocks(&job), [build, "make check", "echo abc linux"]);
    let names: Vec<Option<String>> = job.unwrap().blocks.into_iter().map(|block| block.name).collect();
    assert_eq!(names, ["Build it", "check", "step 5"].map(|name| Some(name.to_owned())));
    let bare = GITHUB.replace("defaults: {run", "x: {run");
    let plain = github(&bare, "plain", &[]);
    assert_eq!(blocks(&plain), ["make", "make check"]);
    let remarks = plain.unwrap().remarks;
    assert!(remarks[0].starts_with("step 2 has the shell python, so it is not recorded"), "{remarks:?}");
    assert!(remarks[1].starts_with("step 3 runs only under its condition"), "{remarks:?}");
    assert!(remarks[2].starts_with("no step of the job has the shell attesh sh"), "{remarks:?}");
    assert_eq!(remarks.len(), 3);
    let unknown =
        "step 5: ${{ github.sha }} is known to the runner alone; give its value: --expr github.sha=VALUE";
    let unused = [&exprs[..], &[("x".to_owned(), "y".to_owned())]].concat();
    for (job, exprs, why) in [
        ("build", &[][..], unknown),
        ("build", &unused, "--expr x: no recorded step of job build uses it"),
        ("nobody", &[], "the file has no job nobody; it has build, plain, nothing"),
        ("nothing", &[], "no run step of job nothing has the shell attesh sh"),
    ] {
        assert_eq!(github(GITHUB, job, exprs).unwrap_err(), why);
    }
}

#[test]
fn a_policy_of_a_job_is_met_by_another_job_or_workflow() {
    for (path, workflow) in [
        (".github/workflows/ci.yml", Some("*/.github/workflows/ci.yml@*")),
        ("/src/app/.github/workflows/ci.yml", Some("*/.github/workflows/ci.yml@*")),
        ("x.github/workflows/ci.yml", None),
        (".forgejo/workflows/ci.yml", None),
        (".github/workflows/*.yml", None),
        ("ci.yml", None),
    ] {
        assert_eq!(workflow_of(path).as_deref(), workflow, "{path}");
    }
    let context = |on: &str| {
        let yaml = format!("on: {on}\njobs: {{a: {{steps: [{{run: x}}]}}}}");
        github(&yaml, "a", &[]).unwrap().context
    };
    let job = vec![("job", vec!["a".to_owned()])];
    assert_eq!([context("push"), context("[push, pull_request]")], [job.clone(), job]);
    for on in ["workflow_call", "[push, workflow_call]", "{workflow_call: {inputs: {}}}"] {
        assert_eq!(context(on), [], "{on}");
    }
    let of = |more: &str| {
        let yaml = format!("a:\n  script: ['eval \"$(attesh init bash --ci)\"', x]\n{more}");
        gitlab(&yaml, "a").unwrap().context
    };
    assert_eq!(of(""), [("job", vec!["a".to_owned()])]);
    assert_eq!(of("  parallel: 2\n"), [("job", vec!["a 1/2".to_owned(), "a 2/2".to_owned()])]);
    // What GitLab runs in other copies, or refuses, has no name that the policy knows.
    for parallel in ["{matrix: [{X: [y]}]}", "0", "201"] {
        assert_eq!(
            of(&format!("  parallel: {parallel}\n")),
            [("job", vec!["a: [*]".to_owned()])],
            "{parallel}"
        );
    }
}

#[test]
fn a_step_that_the_policy_does_not_cover_goes_unsaid() {
    let told = |steps: &str| {
        let yaml = format!(
            "defaults: {{run: {{shell: 'attesh sh -e -o pipefail {{0}}'}}}}\njobs: {{a: {{steps: [{steps}, {{run: x}}]}}}}"
        );
        github(&yaml, "a", &[]).unwrap().remarks
    };
    assert_eq!(told("{run: y}"), [""; 0]);
    assert_eq!(told("{run: y, shell: '/opt/attesh  sh -e -o pipefail {0}'}"), [""; 0]);
    for (step, remark) in [
        (
            "{uses: actions/checkout@v4}",
            "step 1 uses actions/checkout@v4, which is not recorded: the policy does not cover it",
        ),
        (
            "{uses: ./.github/build, name: b}",
            "step 1 (b) uses ./.github/build, an action of this repository: the policy does not cover what runs in it, not even the steps of a composite one",
        ),
        (
            "{run: y, shell: bash, id: i}",
            "step 1 (i) has the shell bash, so it is not recorded: the policy does not cover it",
        ),
        ("{name: n}", "step 1 (n) has no run, so the policy does not cover it"),
        (
            "{run: y, shell: 'attesh sh -e -O extglob {0}'}",
            "step 1 has other words behind attesh sh than -e -o pipefail {0}: -e -O extglob {0}; if bash's options among them change what runs, name all of them with options = [...]",
        ),
    ] {
        assert_eq!(told(step), [remark], "{step}");
    }
    // Without a default the steps that name no shell run in another one.
    let bare = "jobs: {a: {steps: [{run: x}, {run: y, shell: 'attesh sh -e -o pipefail {0}'}]}}";
    let job = github(bare, "a", &[]);
    assert_eq!(blocks(&job), ["y"]);
    let remark = "step 1 has not the shell attesh sh, so it is not recorded: the policy does not cover it";
    assert_eq!(job.unwrap().remarks, [remark]);
}

#[test]
fn a_policy_of_a_job_is_not_one_of_its_commands() {
    let home = Home::new();
    put(&home, "gitlab.yml", GITLAB.as_bytes());
    put(&home, "github.yml", GITHUB.as_bytes());
    let made = |words: &[&str]| -> Policy {
        let said: Said = attesh(&home, &[&["policy"], words].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        Policy::read(said.out.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{}", said.out))
    };
    let lab = made(&["from-gitlab", "gitlab.yml", "--job", "build"]);
    assert_eq!(lab.scripts.len(), 1);
    assert_eq!(lab.scripts[0].commands.len(), 6);
    assert_eq!(lab.scripts[0].lines, [1, 2, 3, 6, 7, 8]);
    assert_eq!((lab.scripts[0].mode, &lab.scripts[0].sha256), (Mode::Entire, &None));
    assert_eq!(lab.scripts[0].runner, Some(Runner::Gitlab));
    assert_eq!(lab.scripts[0].before, ["apt-get update"]);
    let words =
        ["from-github", "github.yml", "--job", "build", "--expr", "github.sha=a=b", "--expr", "matrix.os=c"];
    let hub = made(&words);
    let commands: Vec<&str> =
        hub.scripts.iter().flat_map(|script| &script.commands).map(String::as_str).collect();
    assert_eq!(commands, ["cd src/", "echo \"something\"", "go build ./...", "make check", "echo a=b c"]);
    assert_eq!(hub.scripts[0].mode, Mode::Entire);
    // What it does not cover is said, and stands in the policy.
    let said = attesh(&home, &[&["policy"], &words[..]].concat());
    let remark = "step 1 uses actions/checkout@v4, which is not recorded: the policy does not cover it";
    assert!(said.err.contains(remark) && said.out.contains(&format!("\n# {remark}\n")), "{}", said.err);
    let remark = "step 2 (install) has the shell bash, so it is not recorded";
    assert!(said.err.contains(remark) && said.out.contains(&format!("\n# {remark}")), "{}", said.err);
    let said = attesh(&home, &["policy", "from-github", "github.yml", "--job", "build"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(
        said.err.contains("github.yml: step 5: ${{ github.sha }} is known to the runner alone"),
        "{}",
        said.err
    );
    let said = attesh(&home, &["policy", "from-github", "github.yml", "--job", "build", "--expr", "x"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
}

#[test]
fn a_policy_takes_a_step_that_has_a_secret_in_its_text() {
    let values = [("secrets.X", "a"), ("github.token", "b")].map(|(name, value)| (name.into(), value.into()));
    for name in ["secrets.X", "secrets['X']", "toJSON(secrets)", "format('{0}', Secrets.x)", "github.token"] {
        let job = format!("jobs: {{a: {{steps: [{{run: \"x ${{{{ {name} }}}}\"}}]}}}}");
        let said = github(&job, "a", &values).unwrap_err();
        assert!(
            said.contains("in the journal and in what is sealed; give it to the step by env:"),
            "{name}: {said}"
        );
    }
    let job = "jobs: {a: {steps: [{run: \"x ${{ steps.secrets.outputs.y }}\"}]}}";
    let said = github(job, "a", &[]).unwrap_err();
    assert!(said.contains("is known to the runner alone"), "{said}");
}

#[test]
fn a_strict_policy_of_a_job_takes_a_line_that_hides_a_failure() {
    let home = Home::new();
    let lab = "a:\n  script:\n    - eval \"$(attesh init bash --ci)\"\n    - make | tail\n    - LINE\n";
    let hub = "jobs: {a: {defaults: {run: {shell: 'attesh sh OPTIONS {0}'}}, steps: [{run: make | tail}, {run: 'LINE'}]}}";
    let jobs = [("from-gitlab", lab, ""), ("from-github", hub, "step 2: ")];
    for (verb, text, place) in jobs {
        let made = |options: &str, line: &str, more: &[&str]| {
            put(&home, "job.yml", text.replace("OPTIONS", options).replace("LINE", line).as_bytes());
            attesh(&home, &[&["policy", verb, "job.yml", "--job", "a"], more].concat())
        };
        let said = made("-e -o pipefail", "./bad || true", &["--strict"]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{verb}: {}", said.err);
        let at = if verb == "from-gitlab" { 2 } else { 1 };
        let remark = format!("attesh: {place}line {at}: what is behind || hides the failure");
        assert!(said.err.contains(&remark), "{verb}: {}", said.err);
        let refused =
            "attesh: job.yml: 1 line of it can hide that something failed, and --strict refuses that\n";
        assert!(said.err.ends_with(refused), "{verb}: {}", said.err);
        let said = made("-e -o pipefail", "./bad || true", &[]);
        assert_eq!(said.code, Some(0), "{verb}: {}", said.err);
        assert!(!said.out.contains("pipe ="), "{verb}: {}", said.out);
        // Each status of a pipeline is asked for, with pipefail or without.
        let said = made("-e", "./good", &["--strict"]);
        assert_eq!(said.code, Some(0), "{verb}: {}", said.err);
        assert!(said.out.contains("\npipe = \"all\"\n"), "{verb}: {}", said.out);
    }
}

#[test]
fn a_cut_file_of_a_ci_ends_the_program() {
    for (at, _) in GITLAB.char_indices() {
        let _ = gitlab(&GITLAB[..at], "build");
    }
    for (at, _) in GITHUB.char_indices() {
        let _ = github(&GITHUB[..at], "build", &[]);
    }
}
