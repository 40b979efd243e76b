//! Reads from a CI file what a job will run: blocks of shell text.
//!
//! What lives here: GitLab's `before_script` and `script`, GitHub's `run:` steps. Pure. What
//! does not: where a block's units end, which bash knows.
//!
//! Rules: if the runner would put a block together differently from what the file says, the
//! reader refuses it by name and never guesses.

use memchr::memmem;
use saphyr::{LoadableYamlNode, Scalar, Yaml};

use super::plan::INIT;
use super::{Options, Runner};
use crate::text::quoted;

/// A line with these words starts the recording.
const STARTS: &[u8] = b"attesh init";
/// The most copies of a job that GitLab runs.
const PARALLEL_MAX: i64 = 200;
/// The longest CI file that is read, in bytes.
pub const CI_FILE_MAX: usize = 4 << 20;

/// A block that one shell runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What people call it.
    pub name: Option<String>,
    /// Its text, from where the recording begins.
    pub text: String,
    /// What of it runs before.
    pub before: String,
    /// Who puts lines of its own into it.
    pub runner: Option<Runner>,
    /// The options that it begins with.
    pub options: Options,
}

/// The blocks of a job, and what its reader should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// In order.
    pub blocks: Vec<Block>,
    /// Members of the context that the file tells of, with what each may say.
    pub context: Vec<(&'static str, Vec<String>)>,
    /// In words.
    pub remarks: Vec<String>,
}

type Outcome<T> = Result<T, String>;

/// What stands behind `attesh sh` in the shell of a step, as the recipe has it.
const RECIPE: [&str; 4] = ["-e", "-o", "pipefail", "{0}"];

fn load(text: &str) -> Outcome<Yaml<'_>> {
    let mut documents = Yaml::load_from_str(text).map_err(|error| {
        let at = error.marker();
        format!("line {}, column {}: {}", at.line(), at.col() + 1, error.info())
    })?;
    match documents.len() {
        1 => Ok(documents.remove(0)),
        0 => Err("the file is empty".into()),
        many => Err(format!("it has {many} documents: give a file with one")),
    }
}

/// A member of a mapping; one that is merged in (`<<`) counts if the mapping has no own one.
fn member<'a, 'y>(node: &'a Yaml<'y>, name: &str) -> Option<&'a Yaml<'y>> {
    let Yaml::Mapping(mapping) = node else { return None };
    let of = |wanted: &str| mapping.iter().find(|(key, _)| text(key) == Some(wanted)).map(|(_, value)| value);
    of(name).or_else(|| match of("<<")? {
        Yaml::Sequence(list) => list.iter().find_map(|other| member(other, name)),
        other => member(other, name),
    })
}

fn text<'a>(node: &'a Yaml) -> Option<&'a str> {
    match node {
        Yaml::Value(Scalar::String(text)) => Some(text),
        _ => None,
    }
}

fn names(node: &Yaml) -> String {
    let Yaml::Mapping(mapping) = node else { return "none".into() };
    mapping.keys().filter_map(text).filter(|name| !name.starts_with('.')).collect::<Vec<_>>().join(", ")
}

// ── GitLab ────────────────────────────────────────────────────────────────

/// What a job of GitLab runs after the line with `attesh init`, from a merged file.
///
/// # Errors
/// The file has no such job, the job no line with `attesh init`, or another file makes part of it.
pub fn gitlab(yaml: &str, job: &str) -> Result<Job, String> {
    let file = load(yaml)?;
    let Some(found) = member(&file, job).filter(|node| matches!(node, Yaml::Mapping(_))) else {
        return Err(format!("the file has no job {job}; it has {}", names(&file)));
    };
    if member(found, "extends").is_some() {
        return Err(format!("job {job} extends another: give the merged file, as GitLab's lint shows it"));
    }
    if member(&file, "include").is_some() {
        return Err("the file includes others: give the merged file, as GitLab's lint shows it".into());
    }
    let script = member(found, "script").ok_or_else(|| format!("job {job} has no script"))?;
    let default = || {
        let default = member(&file, "default").and_then(|default| member(default, "before_script"));
        default.or_else(|| member(&file, "before_script")).filter(|_| inherits(found, "before_script"))
    };
    let before = member(found, "before_script").or_else(default);
    let mut list = Vec::new();
    for (name, node) in [("before_script", before), ("script", Some(script))] {
        if let Some(node) = node {
            items(node, &format!("{name} of job {job}"), 0, &mut list)?;
        }
    }
    let Some(init) = list.iter().find(|item| is_init(item)) else {
        return Err(format!(
            "no item of job {job} has attesh init, so nothing of it is recorded: make this its first item: eval \"$(attesh init bash --ci)\""
        ));
    };
    if init.iter().any(|byte| b"\n;&|".contains(byte)) {
        let what = "the item with attesh init has other commands, which are not recorded";
        return Err(format!("job {job}: {what}: put attesh init alone into its item"));
    }
    let items = after_init(&list);
    if items.iter().any(|item| is_init(item)) {
        return Err(format!("job {job} has attesh init more than once: keep the first only"));
    }
    // The line itself needs no naming; another one that has its words does.
    let before = list.iter().take(list.len() - items.len()).filter(|item| item.as_slice() != INIT);
    let text = |item: &Vec<u8>| format!("{}\n", String::from_utf8_lossy(item));
    let block = Block {
        name: None,
        text: items.iter().map(text).collect(),
        before: before.map(text).collect(),
        runner: Some(Runner::Gitlab),
        // The runner sets both before the first item.
        options: Options { errexit: true, pipefail: true },
    };
    // The runner puts behind the name which of several copies of the job it is.
    let names = match member(found, "parallel") {
        None => vec![job.to_owned()],
        Some(Yaml::Value(Scalar::Integer(count))) if (1..=PARALLEL_MAX).contains(count) => {
            (1..=*count).map(|at| format!("{job} {at}/{count}")).collect()
        }
        Some(_) => vec![format!("{job}: [*]")],
    };
    Ok(Job { blocks: vec![block], context: vec![("job", names)], remarks: Vec::new() })
}

/// The items behind the one that starts the recording; all items if none starts it.
fn after_init(items: &[Vec<u8>]) -> &[Vec<u8>] {
    let init = items.iter().position(|item| is_init(item));
    &items[init.map_or(0, |at| at + 1)..]
}

/// Whether an item starts the recording: a line of it evaluates what `attesh init` prints.
fn is_init(item: &[u8]) -> bool {
    let evaluates =
        |line: &[u8]| ["eval ", "source ", ". "].iter().any(|word| line.starts_with(word.as_bytes()));
    item.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_start)
        .any(|line| evaluates(line) && memmem::find(line, STARTS).is_some())
}

/// Whether a job takes a keyword from the defaults (`inherit: default`).
fn inherits(job: &Yaml, keyword: &str) -> bool {
    match member(job, "inherit").and_then(|inherit| member(inherit, "default")) {
        Some(Yaml::Value(Scalar::Boolean(inherits))) => *inherits,
        Some(Yaml::Sequence(names)) => names.iter().any(|name| text(name) == Some(keyword)),
        _ => true,
    }
}

/// The items of a list, and of lists in it, as the runner runs them.
fn items(node: &Yaml, place: &str, depth: usize, out: &mut Vec<Vec<u8>>) -> Outcome<()> {
    match node {
        Yaml::Sequence(list) if depth <= 10 => {
            list.iter().try_for_each(|item| items(item, place, depth + 1, out))
        }
        Yaml::Value(Scalar::String(item)) if item.contains("$[[") => {
            Err(format!("the {place} has $[[ ]]: give the merged file, as GitLab's lint shows it"))
        }
        Yaml::Value(Scalar::String(item)) => {
            // The runner trims the blanks around an item, and skips an empty item.
            out.extend(Some(item.trim().as_bytes().to_vec()).filter(|item| !item.is_empty()));
            Ok(())
        }
        Yaml::Tagged(tag, _) => {
            Err(format!("the {place} has !{}: give the merged file, as GitLab's lint shows it", tag.suffix))
        }
        _ => Err(format!("the {place} has an item that is not a text: put it in quotes")),
    }
}

// ── GitHub ────────────────────────────────────────────────────────────────

/// The workflow that a file of this path is, as a pattern for what GitHub says of it.
#[must_use]
pub fn workflow_of(path: &str) -> Option<String> {
    const FOLDER: &str = ".github/workflows/";
    let at = path.rfind(FOLDER).filter(|at| *at == 0 || path[..*at].ends_with('/'))?;
    Some(format!("*/{}@*", &path[at..])).filter(|_| !path.contains('*'))
}

/// Whether other workflows call a workflow: then what GitHub says of a run is theirs.
fn is_called(file: &Yaml) -> bool {
    const CALL: &str = "workflow_call";
    match member(file, "on") {
        Some(Yaml::Sequence(events)) => events.iter().any(|event| text(event) == Some(CALL)),
        Some(on) => text(on) == Some(CALL) || member(on, CALL).is_some(),
        None => false,
    }
}

/// What the recorded `run:` steps of a job of GitHub run: the steps whose shell is `attesh sh`,
/// or, if no step has that shell, all that name none. `exprs` has the values of `${{ }}`.
///
/// # Errors
/// The file has no such job or step, or an expression has no value: the error names its step.
pub fn github(yaml: &str, job: &str, exprs: &[(String, String)]) -> Result<Job, String> {
    let file = load(yaml)?;
    let none = Yaml::BadValue;
    let jobs = member(&file, "jobs").unwrap_or(&none);
    let Some(found) = member(jobs, job) else {
        return Err(format!("the file has no job {job}; it has {}", names(jobs)));
    };
    let Some(Yaml::Sequence(steps)) = member(found, "steps") else {
        return Err(format!("job {job} has no steps"));
    };
    let shell_of = |node: &Yaml| {
        let run = member(member(node, "defaults")?, "run")?;
        member(run, "shell").and_then(text).map(str::to_owned)
    };
    let default = shell_of(found).or_else(|| shell_of(&file));
    let shell = |step: &Yaml| member(step, "shell").and_then(text).map(str::to_owned).or(default.clone());
    let is_ours = |shell: &Option<String>| shell.as_deref().is_some_and(is_ours);
    let runs = |step: &&Yaml| member(step, "run").is_some();
    let any = steps.iter().filter(runs).any(|step| is_ours(&shell(step)));
    let (mut made, mut used) = (Job::default(), vec![false; exprs.len()]);
    match is_called(&file) {
        true => made.remarks.push("other workflows call this one, so the policy names neither".to_owned()),
        false => made.context.push(("job", vec![job.to_owned()])),
    }
    for (at, step) in steps.iter().enumerate() {
        let name = ["name", "id"].iter().find_map(|key| member(step, key).and_then(text)).map(str::to_owned);
        let place = name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
        let place = format!("step {}{place}", at + 1);
        let shell = shell(step);
        if shell.as_ref().is_some_and(|shell| shell.contains("${{")) && runs(&step) {
            let number = at + 1;
            return Err(format!(
                "step {number}: only the runner knows its shell; name the shell in the step"
            ));
        }
        if let Some(why) = not_covered(step, any, shell.as_deref()) {
            made.remarks.push(format!("{place} {why}"));
            continue;
        }
        let block = member(step, "run").and_then(text);
        let block = block.ok_or_else(|| format!("{place}: run is not a text: put it in quotes"))?;
        let text = expand(block, exprs, &mut used).map_err(|why| format!("{place}: {why}"))?;
        for (key, what) in [("if", "runs only under its condition"), ("continue-on-error", "may fail")] {
            if member(step, key).is_some() {
                made.remarks
                    .push(format!("{place} {what}, but the policy demands that it ran and succeeded"));
            }
        }
        let recipe = RECIPE.join(" ");
        let words = shell.as_deref().filter(|_| any).map_or_else(|| recipe.clone(), words_behind);
        if words != recipe {
            made.remarks.push(format!("{place} has other words behind attesh sh than {recipe}: {words}; if bash's options among them change what runs, name all of them with options = [...]"));
        }
        let options = Options::of(words.split(' '));
        let name = name.unwrap_or_else(|| format!("step {}", at + 1));
        made.blocks.push(Block { name: Some(name), text, before: String::new(), runner: None, options });
    }
    if made.blocks.is_empty() {
        return Err(format!("no run step of job {job} has the shell attesh sh"));
    }
    if !any {
        made.remarks.push(
            "no step of the job has the shell attesh sh: to record its steps add defaults: {run: {shell: 'attesh sh -e -o pipefail {0}'}}"
                .into(),
        );
    }
    if let Some(at) = used.iter().position(|used| !used) {
        return Err(format!("--expr {}: no recorded step of job {job} uses it", exprs[at].0));
    }
    Ok(made)
}

/// Why the policy does not cover a step, if it does not; `any`: some step has the shell `attesh sh`.
fn not_covered(step: &Yaml, any: bool, shell: Option<&str>) -> Option<String> {
    if member(step, "run").is_none() {
        return Some(match member(step, "uses").and_then(text) {
            Some(action) if action.starts_with("./") => format!(
                "uses {action}, an action of this repository: the policy does not cover what runs in it, not even the steps of a composite one"
            ),
            Some(action) => format!("uses {action}, which is not recorded: the policy does not cover it"),
            None => "has no run, so the policy does not cover it".to_owned(),
        });
    }
    match shell {
        Some(shell) if !any || !is_ours(shell) => {
            Some(format!("has the shell {shell}, so it is not recorded: the policy does not cover it"))
        }
        None if any => {
            let what = "has not the shell attesh sh, so it is not recorded: the policy does not cover it";
            Some(what.to_owned())
        }
        _ => None,
    }
}

/// The words for bash behind `attesh sh`, with one blank between them.
fn words_behind(shell: &str) -> String {
    let words = shell.split_ascii_whitespace().skip(2).skip_while(|word| *word == "--strict");
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a step's shell is `attesh sh`, in whatever folder attesh is.
fn is_ours(shell: &str) -> bool {
    let mut words = shell.split_ascii_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let program = words.next().unwrap_or_default();
    program.rsplit('/').next() == Some("attesh") && words.next() == Some("sh")
}

/// Whether an expression has a secret in it: the runner writes its value into the text.
fn is_secret(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c));
    let mut words = words.map(str::to_ascii_lowercase);
    words.any(|word| word == "secrets" || word.starts_with("secrets.") || word == "github.token")
}

/// Replaces each `${{ }}` by its value.
fn expand(block: &str, exprs: &[(String, String)], used: &mut [bool]) -> Outcome<String> {
    let (mut out, mut rest) = (String::new(), block);
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, after) = after.split_once("}}").ok_or("${{ without }}")?;
        let name = name.trim();
        if is_secret(name) {
            return Err(format!(
                "${{{{ {name} }}}} in run: stands in the journal and in what is sealed; give it to the step by env:"
            ));
        }
        let at = exprs.iter().position(|(known, _)| known.trim() == name).ok_or_else(|| {
            let value = quoted(format!("{name}=VALUE").as_ref());
            format!("${{{{ {name} }}}} is known to the runner alone; give its value: --expr {value}")
        })?;
        used[at] = true;
        out.push_str(before);
        out.push_str(&exprs[at].1);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
