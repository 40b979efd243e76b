//! `attesh show`: a sealed file, a journal or a session, readably.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::{Value, json};

use super::agents;
use super::args::Show;
use super::given::{Exit, by_word};
use super::held::Held;
use super::input::{Input, TRANSCRIPT, Words, open, unopened};
use super::listing::{Known, Line, Ran};
use super::programs::Programs;
use super::row::Layout;
use super::view::{STALE, View, add_failure, view};
use super::{held, key, listing, page, processes, row};
use crate::agent;
use crate::cause::Code;
use crate::fact::ERROR;
use crate::fact::below::Below;
use crate::fact::notice::Notice;
use crate::fact::process::SeenBy;
use crate::failure::{Failure, Kind};
use crate::policy::context::Context;
use crate::record::Unseen;
use crate::report::{self, Style};
use crate::seal::envelope::Envelope;
use crate::seal::form;
use crate::seal::recorded::Recorded;
use crate::seal::statement::{CommandFacts, PlanFacts, Predicate, Statement};
use crate::session::find;
use crate::session::last::Sealed;
use crate::text::visible;
use crate::text::{self, Command, Next};
use crate::verify::{self, Mark, Objection, Told};

/// What a file is that `show` cannot show.
const OTHER: &str = "neither an attestation nor a journal";

pub fn run(args: &Show) -> Exit {
    let path = Path::new(&args.what);
    let (file, session, sealed) = if path.exists() || path == Path::new("-") {
        Words::default().path(path)?;
        match open(path).map_err(|error| unopened(path, error))? {
            Input::Envelope(envelope) => {
                let envelope = envelope.map_err(|why| {
                    let next = Next::typing("to see the sessions", Command::new("attesh sessions"));
                    Failure::because(why.code, format!("{}: {OTHER} ({why})", path.display()))
                        .next(next.or("name an envelope (NAME.intoto.json) or a journal"))
                })?;
                return show_envelope(args, &envelope);
            }
            Input::Journal(file) => (file, find::recorded(path), find::sealed(path)),
            Input::Transcript => {
                return Err(Failure::usage(format!("{}: {TRANSCRIPT}", path.display()))
                    .typing("it is plain text; to see it", Command::new("cat").path(path)));
            }
        }
    } else {
        let session = by_word(&args.what)?;
        let file = session.journal().try_clone().map_err(|error| Failure::unable(error.to_string()))?;
        let sealed = session.sealed();
        (file, Some(session), sealed)
    };
    if !args.trust.is_empty() || args.policy.is_some() {
        let why = "this is a journal; --trust and --policy go with an envelope";
        return Err(Failure::usage(format!("{}: {why}", args.what))
            .next("give the envelope that attesh seal wrote, or leave these options out"));
    }
    if page::is_wanted(args) {
        return page::unsealed(args, &file, session.as_ref(), sealed.as_ref());
    }
    let view = view(&file, session.as_ref())?;
    if args.json {
        let commands: Vec<Value> = view.rows.iter().filter_map(row::as_json).collect();
        let remarks: Vec<Value> = view.rows.iter().filter_map(row::remark).collect();
        let root = crate::encoding::hex(&view.checked.root);
        let head = view.checked.head().map(|head| head.to_string());
        let session = view.checked.genesis_body().map(|genesis| genesis.session.clone());
        let mut value = json!({"sealed": false, "session": session, "records": view.checked.size, "root": root, "head": head,
            "commands": commands, "scripts": listing::scripts(view.rows.iter()), "remarks": remarks,
            "redacted": view.checked.story.redacted,
            "notice": view.notice.text, "envelope": sealed.map(|sealed| sealed.path)});
        value.as_object_mut().expect("an object").extend(view.notice.members(view.ended_ns()));
        add_failure(&mut value, &view.standing);
        report::json("attesh.show/v1", value)?;
        return view.standing.outcome();
    }
    if let Some(author) = &args.author {
        by_author(&args.what, author, &view.programs)?;
        return view.standing.outcome();
    }
    say_what_it_is(&view, sealed.as_ref())?;
    say(&view.notice, view.ended_ns())?;
    listing::print(view.rows.iter(), false)?;
    around(&view, args.processes)?;
    if let Some(sealed) = sealed.filter(Sealed::is_there) {
        let next = Next::typing("to see what was signed", Command::new("attesh show").path(sealed.path));
        report::say(&next.to_string());
    }
    view.standing.outcome()
}

/// What a journal is. Where it is read: standard output may be kept without what else was said.
fn say_what_it_is(view: &View, sealed: Option<&Sealed>) -> Result<(), Failure> {
    if let Some(failure) = &view.standing.wrong {
        report::line("NOT INTACT: what follows is the journal of a session, and not what was recorded")?;
        return report::line(&format!("why         {}", visible(failure.message.as_bytes())));
    }
    match sealed {
        Some(sealed) => report::line(&format!("the journal of a session that was sealed in {sealed}")),
        None => report::line("not sealed: the journal of a session"),
    }
}

/// What stands behind the commands of a journal: the programs below each shell, if they are asked for, and
/// the findings.
fn around(view: &View, with_processes: bool) -> Result<(), Failure> {
    let style = Style::for_output();
    for (shell, told) in view.programs.told().filter(|_| with_processes) {
        let starts = Below::of(told);
        report::line(&format!("shell {shell}     {}", starts.words()))?;
        let rows = processes::elsewhere(&starts, 0, None, style);
        rows.iter().try_for_each(|row| report::line(row))?;
    }
    view.checked.story.findings.iter().try_for_each(|finding| {
        report::line(&format!("finding  record {}: {}", finding.record, visible(finding.text.as_bytes())))
    })
}

/// Shows what is signed; also shows a file that no trusted key signed, and says so.
fn show_envelope(args: &Show, envelope: &Envelope) -> Exit {
    let trusted = key::trusted(&args.trust)?;
    let policy = args.policy.as_deref().map(held::read).transpose()?;
    let mut verdict = verify::envelope(envelope, &trusted, policy.as_ref().map_or_else(held::now, Held::at));
    let refused = |objection: &&Objection| {
        matches!(objection.kind(), Kind::Integrity | Kind::Unsupported) && objection.code != Code::FactUnknown
    };
    if let Some(objection) = verdict.failure.as_ref().filter(refused) {
        return Err(page::objected(&args.what, objection));
    }
    if page::is_wanted(args) {
        if let Some(policy) = policy {
            policy.judge(&mut verdict, envelope, Path::new(&args.what));
        }
        return page::sealed(args, envelope, &verdict);
    }
    let signed = verdict.aspects.signature.mark.name();
    let statement = match verdict.statement.take() {
        Some(statement) => *statement,
        None => form::read(envelope.unverified_payload())
            .map_err(|cause| Failure::because(cause.code, format!("{}: {cause}", args.what)))?,
    };
    let trust = verdict.aspects.trust.mark;
    if trust != Mark::Good && args.json {
        report::say("no key that is trusted here signed this; what follows is what the file says of itself");
    }
    if args.json {
        let payload: Value = serde_json::from_slice(envelope.unverified_payload())
            .map_err(|error| Failure::because(Code::StatementJson, error.to_string()))?;
        report::json(
            "attesh.show/v1",
            json!({"sealed": true, "keyid": envelope.keyid(), "signature": signed, "trust": trust.name(), "payload": payload}),
        )?;
        return Ok(0);
    }
    // Where it is read: standard output may be kept without what else was said.
    if trust == Mark::Good {
        report::line("sealed: a key that is trusted here signed this")?;
    } else {
        report::line("NOT TRUSTED: what follows is what the file says of itself")?;
        let why =
            verdict.failure.as_ref().map_or_else(String::new, |failure| visible(failure.text.as_bytes()));
        report::line(&format!("why         {why}"))?;
    }
    if let Some(author) = &args.author {
        return by_author(&args.what, author, &Programs::of(&statement.predicate));
    }
    print(&statement, envelope.keyid(), verdict.told, args.processes)?;
    Ok(0)
}

/// What an author's programs ran.
fn by_author(what: &str, author: &str, programs: &Programs) -> Exit {
    let runs = programs.by(author);
    if runs.is_empty() {
        return Err(agents::none_by(programs, what, author));
    }
    for run in &runs {
        run.rows(false, Style::for_output()).iter().try_for_each(|row| report::line(row))?;
    }
    runs.iter().for_each(|run| report::say(&run.words()));
    Ok(0)
}

fn print(
    statement: &Statement,
    keyid: &str,
    told: Option<Told>,
    with_processes: bool,
) -> Result<(), Failure> {
    let predicate = &statement.predicate;
    let (session, outcome) = (&predicate.session, &predicate.outcome);
    let word = |text: &str| visible(text.as_bytes());
    let name = session.name.as_deref().map_or_else(String::new, |name| format!(" ({})", word(name)));
    report::line(&format!("session     {}{name}", word(&session.id)))?;
    report::line(&format!("sealed      {} by {}", word(&predicate.sealed_at), word(keyid)))?;
    report::line(&format!("recorded    {} to {}", word(&session.opened_at), word(&session.closed_at)))?;
    let unread = disclosed(predicate, told)?;
    let gone = if unread { "(left out)" } else { "(redacted)" };
    let who = |text: &Option<String>| text.as_deref().map_or_else(|| gone.to_owned(), word);
    report::line(&format!("where       {} on {}", who(&session.user), who(&session.host)))?;
    report::line(&format!("context     {}", word(&Context::of(statement).words())))?;
    report::line(&format!("products    {}", word(&Recorded::of(predicate).words())))?;
    if let Some((notice, ended_ns)) = statement.notice() {
        say(&notice, ended_ns)?;
    }
    for fact in predicate.facts.iter().filter(|fact| !fact.ok) {
        let why = fact.data.get(ERROR).and_then(Option::as_deref).unwrap_or("it does not say why");
        report::line(&format!(
            "fact        {} at {} failed: {}",
            word(&fact.kind),
            fact.at.name(),
            word(why)
        ))?;
    }
    for shell in &session.shells {
        let status = shell.exit_code.map_or_else(String::new, |status| format!(", status {status}"));
        let closed =
            shell.closed.map_or_else(|| "not closed".to_owned(), |why| format!("closed: {}", why.name()));
        report::line(&format!(
            "shell {:<5} {} {}, {closed}{status}",
            shell.id,
            word(&shell.program),
            word(&shell.version)
        ))?;
    }
    if let Some(previous) = &session.previous {
        report::line(&format!("follows     {}", word(previous)))?;
    }
    report::line(&format!(
        "outcome     {}: {}, {} failed, {} of unknown status, {} lost{}",
        outcome.end.name().to_lowercase(),
        text::count(outcome.command_count, "command"),
        outcome.failed_count,
        outcome.unobserved_count,
        outcome.lost_count,
        redacted(outcome.redacted_count)
    ))?;
    report::line(&format!("origin      {}", predicate.origin.status.name()))?;
    let head = statement.head().map_or_else(String::new, |head| head.to_string());
    report::line(&format!("head        {head}"))?;
    for subject in &statement.subject {
        report::line(&format!(
            "subject     {} sha256:{}",
            word(&subject.name),
            word(&subject.digest.sha256)
        ))?;
    }
    for anomaly in &predicate.anomalies {
        report::line(&format!("finding     record {}: {}", anomaly.record, word(&anomaly.text)))?;
    }
    match &predicate.commands {
        None => report::line("commands    not in the payload; they are in the transcript beside it")?,
        Some(_) => {
            report::line("")?;
            list(predicate, with_processes)?;
        }
    }
    Ok(())
}

/// How many texts of a selective statement are disclosed; whether nobody has looked for them.
fn disclosed(predicate: &Predicate, told: Option<Told>) -> Result<bool, Failure> {
    let texts = |count| text::count(count, "text");
    let line = match (told, &predicate.disclosures) {
        (Some(Told { disclosed, of }), _) => format!("{disclosed} of {}", texts(of)),
        (None, Some(facts)) => {
            format!("{} are left out: they are read once a trusted key signed this", texts(facts.count))
        }
        (None, None) => return Ok(false),
    };
    report::line(&format!("disclosed   {line}"))?;
    Ok(told.is_none())
}

/// How many texts were taken out, behind the other counts.
fn redacted(texts: u64) -> String {
    if texts == 0 { String::new() } else { format!(", {} redacted", text::count(texts, "text")) }
}

/// What was said before the session began: what users were told is shown whole.
fn say(notice: &Notice, ended_ns: Option<u64>) -> Result<(), Failure> {
    for (name, words) in notice.rows(ended_ns) {
        report::line(&format!("{name:<11} {}", visible(words.as_bytes())))?;
    }
    let text = notice.text.as_deref().unwrap_or_default();
    text.trim_end()
        .lines()
        .try_for_each(|line| report::line(format!("            {}", visible(line.as_bytes())).trim_end()))
}

/// The commands in order; those of a shell that ran a script are printed in the script.
fn list(predicate: &Predicate, below: bool) -> Result<(), Failure> {
    let plans = &predicate.plans;
    let (told, agents) = (predicate.processes(), predicate.agents());
    let starts: BTreeMap<u64, Below> = told.iter().map(|(shell, told)| (*shell, Below::of(told))).collect();
    let of_plan = |plan: &PlanFacts| starts.get(&plan.shell).filter(|starts| !starts.is_elsewhere());
    let commands = predicate.numbered().unwrap_or_default();
    let last: HashMap<u64, u64> = commands.iter().map(|(n, command)| (command.shell, *n)).collect();
    let style = Style::for_output();
    let word = |text: &str| visible(text.as_bytes());
    let has_units = |plan: &&PlanFacts| plan.units.is_some();
    let mut left: Vec<&PlanFacts> = plans.iter().filter(has_units).collect();
    for (n, command) in &commands {
        let of_shell = |plan: &&PlanFacts| plan.shell == command.shell;
        if let Some(at) = left.iter().position(of_shell) {
            let plan = left.remove(at);
            script(predicate, plan, &commands, of_plan(plan), below)?;
        } else if !plans.iter().filter(has_units).any(|plan| of_shell(&plan)) {
            report::line(&row(command, style))?;
            if let Some(starts) = starts.get(&command.shell) {
                report::line(&format!("      {}", starts.words()))?;
                let author = agents.get(&command.shell).and_then(|agent| agent.author.as_deref());
                let ran = author
                    .filter(|_| starts.told.seen_by != Some(SeenBy::Above))
                    .map(|author| agent::ran(author, starts.told, 1));
                if let (Some(author), Some(ran)) = (author, &ran) {
                    let by = format!("      run by {}: {}, by {}", word(author), ran.words(), ran.by());
                    report::line(&by)?;
                }
                if below {
                    processes::rows(starts, *n, ran.as_ref(), style)
                        .iter()
                        .try_for_each(|row| report::line(row))?;
                    if last.get(&command.shell) == Some(n) {
                        processes::elsewhere(starts, *n, ran.as_ref(), style)
                            .iter()
                            .try_for_each(|row| report::line(row))?;
                    }
                }
            }
        }
    }
    for plan in plans.iter().filter(|plan| !has_units(plan)) {
        if let Some(count) = plan.unit_count {
            let (units, shell) = (text::count(count, "unit"), plan.shell);
            report::line(&format!(
                "script      of shell {shell}: {units}, of which not all texts are there"
            ))?;
        }
    }
    left.iter().try_for_each(|plan| script(predicate, plan, &commands, of_plan(plan), below))
}

/// A script, as far as it is signed: the lines of its units.
fn script(
    predicate: &Predicate,
    plan: &PlanFacts,
    commands: &[(u64, &CommandFacts)],
    starts: Option<&Below>,
    below: bool,
) -> Result<(), Failure> {
    let style = Style::for_output();
    let shown = starts.filter(|_| below);
    let ran = commands.iter().filter(|(_, command)| command.shell == plan.shell);
    let ran: Vec<Ran> = ran
        .map(|(n, command)| Ran {
            below: shown.map_or_else(Vec::new, |starts| processes::rows(starts, *n, None, style)),
            unit: command.unit,
            status: command.exit_code,
            word: status_word(command),
            text: command.text.bytes().unwrap_or_default(),
            records: (None, None),
        })
        .collect();
    let name = plan.name.as_deref().map_or_else(|| "(redacted)".to_owned(), |name| visible(name.as_bytes()));
    report::line(&row::title(&name, plan.shell, style))?;
    let layout = Layout { style, records: false, shells: false };
    let texts: Vec<Vec<u8>> =
        plan.units.iter().flatten().map(|unit| unit.text.bytes().unwrap_or_default()).collect();
    let lines = (1..).zip(plan.units.iter().flatten()).zip(&texts).flat_map(|((unit, facts), text)| {
        let lines = (facts.line..).zip(text.split(|byte| *byte == b'\n'));
        lines.map(move |(number, text)| {
            let first = number == facts.line;
            Line { number, unit: Some(unit), first, masked: first && facts.text.is_masked(), text }
        })
    });
    let known = Known { all: predicate.tells_all_of(plan), before: plan.before };
    for line in listing::beside(lines, &ran, known, layout) {
        report::line(&line)?;
    }
    let Some(starts) = starts else { return Ok(()) };
    if below {
        let others = processes::elsewhere(starts, ran.len() as u64, None, style);
        others.iter().try_for_each(|row| report::line(row))?;
    }
    report::line(&format!("      {}", starts.words()))
}

/// The status, or why it is missing.
fn status_word(command: &CommandFacts) -> String {
    let none = if command.stale { STALE } else { "-" };
    let unseen = || command.outcome.map_or(none, Unseen::name).to_owned();
    command.exit_code.map_or_else(unseen, |status| status.to_string())
}

fn row(command: &CommandFacts, style: Style) -> String {
    let padded = format!("{:>6}", status_word(command));
    let status = match command.exit_code {
        Some(0) => style.good(&padded),
        Some(_) => style.bad(&padded),
        None => style.dim(&padded),
    };
    let duration = command
        .duration_ms
        .map_or_else(|| "-".to_owned(), |ms| report::duration(ms.saturating_mul(1_000_000)));
    let text = match command.text.bytes() {
        Some(bytes) => style.strong(&visible(&bytes)) + row::masked(command.text.is_masked()),
        None => style.dim("(withheld or redacted)"),
    };
    let folder = row::folder(command.workdir.as_deref().map(str::as_bytes));
    format!(
        "{:>4}  {} {status} {duration:>7}  {}  {text}",
        command.seq,
        visible(command.started_at.as_bytes()),
        style.dim(&folder)
    )
}
