//! `attesh start`, `stop`, `status`, `sessions` and `prune`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::args::{Prune, Sessions, Start, Status, Stop};
use super::view::{View, view};
use super::{Outcome, chosen, ended, secret};
use crate::clock;
use crate::failure::Failure;
use crate::journal::append::Head;
use crate::journal::chain::head_token;
use crate::journal::shells::{Finding, Weight};
use crate::process;
use crate::report::{self, Style};
use crate::session::close::{Ending, end_by_command};
use crate::session::{Session, SessionError, birth, find, short_id};

pub fn start(args: &Start) -> Outcome {
    if !find::is_name(&args.name) {
        return Err(Failure::usage(format!("{:?} cannot be a session's name", args.name))
            .next("a name is 1 to 64 characters of A-Z a-z 0-9 . _ -"));
    }
    let secret = match &args.secret {
        Some(given) => secret(given)?,
        None => birth::default_secret()?,
    };
    let session = birth::birth_named(&args.name, Some(secret))?;
    let head = head_token(session.id(), 1, session.genesis_root());
    if args.json {
        report::json(
            "attesh.start/v1",
            json!({"session": session.id(), "name": args.name, "folder": session.folder().path(), "head": head}),
        )?;
    } else {
        report::say(&format!("session {} is open; join it in each shell with:", args.name));
        report::say(&format!("  eval \"$(attesh init bash --session {})\"", args.name));
        report::line(&head)?;
    }
    Ok(0)
}

pub fn stop(args: &Stop) -> Outcome {
    let session = chosen(args.session.as_deref())?;
    let head = end_and_succeed(&session, Ending::Stop, args.close_others)?;
    let token = head_token(session.id(), head.size, &head.root);
    if args.json {
        report::json("attesh.stop/v1", json!({"session": session.id(), "head": token, "size": head.size}))?;
    } else {
        report::say(&format!(
            "session {} has ended; to sign it type: attesh seal {}",
            session.short_name(),
            short_id(session.id())
        ));
        report::line(&token)?;
    }
    Ok(0)
}

/// Ends a session from a command; the shells that go on get a new one that names it.
pub fn end_and_succeed(session: &Session, ending: Ending, close_others: bool) -> Result<Head, Failure> {
    let over = end_by_command(session, ending, close_others).map_err(|failure| ended(session, failure))?;
    if over.shells_go_on {
        let why = if ending == Ending::Seal { "sealed" } else { "stopped" };
        match birth::succeed(session, over.head, why) {
            Ok(next) => report::say(&format!("recording goes on in session {}", next.short_name())),
            Err(error) => {
                report::say(&format!("the shells of this session are not recorded any further: {error}"))
            }
        }
    }
    Ok(over.head)
}

/// How a session stands, as one word.
fn state(session: &Session, view: &View) -> &'static str {
    if view.checked.rejection.is_some() {
        "tampered"
    } else if view.checked.story.ended {
        "ended"
    } else if !session.is_live() {
        "lost"
    } else if view.checked.story.live.values().any(|shell| process::is_alive(shell.pid, shell.start_ticks)) {
        "live"
    } else {
        "open"
    }
}

fn facts(session: &Session, view: &View) -> Value {
    let story = &view.checked.story;
    json!({
        "session": session.id(),
        "name": session.genesis().name,
        "folder": session.folder().path(),
        "openedAt": clock::rfc3339(session.opened_ns()),
        "state": state(session, view),
        "shells": story.shells,
        "openShells": story.live.len(),
        "commands": story.commands,
        "failed": story.failed,
        "lost": story.lost,
        "complete": story.is_complete(),
        "sealed": session.is_sealed(),
        "stateKept": session.genesis().state.name(),
        "head": head_token(session.id(), view.checked.size, &view.checked.root),
    })
}

pub fn status(args: &Status) -> Outcome {
    let session = chosen(args.session.as_deref())?;
    let view = view(session.journal())?;
    let story = &view.checked.story;
    let own = find::own_shell(story);
    let paused = own.is_some_and(|at| story.live[&at].paused);
    if args.json {
        let mut value = facts(&session, &view);
        value["ownShell"] = json!(own);
        value["paused"] = json!(paused);
        value["findings"] = story
            .findings
            .iter()
            .map(|finding| {
                json!({"record": finding.record, "code": finding.code,
                "incomplete": finding.weight == Weight::Incomplete, "text": finding.text})
            })
            .collect();
        super::log::add_failure(&mut value, &view);
        report::json("attesh.status/v1", value)?;
        return super::log::verdict(&view);
    }
    let style = Style::for_output();
    let name = session.genesis().name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
    report::line(&format!("session   {}{name}", style.strong(session.id())))?;
    report::line(&format!(
        "state     {}{}",
        state(&session, &view),
        if paused { ", this shell is paused" } else { "" }
    ))?;
    report::line(&format!("opened    {}", clock::rfc3339(session.opened_ns())))?;
    report::line(&format!("shells    {} open of {}", story.live.len(), story.shells))?;
    report::line(&format!("commands  {}, {} failed, {} lost", story.commands, story.failed, story.lost))?;
    report::line(&format!("folder    {}", session.folder().path().display()))?;
    report::line(&format!("head      {}", head_token(session.id(), view.checked.size, &view.checked.root)))?;
    let live = state(&session, &view) == "live";
    let matters =
        |finding: &&Finding| finding.weight == Weight::Incomplete && !(live && story.is_in_progress(finding));
    for finding in story.findings.iter().filter(matters) {
        report::line(&style.bad(&format!("finding   record {}: {}", finding.record, finding.text)))?;
    }
    super::log::verdict(&view)
}

pub fn list(args: &Sessions) -> Outcome {
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for session in find::all()?.into_iter().filter(|session| !args.unsealed || !session.is_sealed()) {
        let view = view(session.journal())?;
        let story = &view.checked.story;
        values.push(facts(&session, &view));
        rows.push(vec![
            short_id(session.id()).to_owned(),
            session.genesis().name.clone().unwrap_or_else(|| "-".into()),
            clock::timestamp(session.opened_ns())
                .map_or_else(String::new, |time| time.strftime("%F %TZ").to_string()),
            story.shells.to_string(),
            state(&session, &view).to_owned(),
            story.commands.to_string(),
            if session.is_sealed() { "sealed" } else { "-" }.to_owned(),
        ]);
    }
    let damaged = find::damaged()?;
    for (path, error) in &damaged {
        let id = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        report::say(&match error {
            SessionError::NoGenesis(_) => {
                format!("{id}: tampered: the first record of its journal is damaged ({})", path.display())
            }
            _ => format!("{id}: damaged, and not to be used: {error}"),
        });
    }
    if args.json {
        report::json("attesh.sessions/v1", json!({"sessions": values}))?;
    } else if rows.is_empty() && !damaged.is_empty() {
        return Ok(0);
    } else if rows.is_empty() {
        report::say("there are no sessions; to record this shell type: eval \"$(attesh init bash)\"");
    } else {
        let head = ["ID", "NAME", "OPENED", "SHELLS", "STATE", "COMMANDS", "SEALED"];
        rows.insert(0, head.iter().map(|&word| word.to_owned()).collect());
        report::table(&rows)?;
    }
    Ok(0)
}

pub fn prune(args: &Prune) -> Outcome {
    if args.session.is_empty() && !args.sealed {
        return Err(Failure::usage("no session is named")
            .next("say which: --sealed for every sealed session, or name sessions"));
    }
    let age_ns = args.older_than.as_deref().map(age).transpose()?;
    let now = clock::now().realtime_ns;
    let mut chosen = Vec::new();
    for word in &args.session {
        chosen.push(find::by_word(word)?);
    }
    if args.session.is_empty() {
        chosen = find::all()?.into_iter().filter(Session::is_sealed).collect();
    }
    if let Some(age) = age_ns {
        chosen.retain(|session| now.saturating_sub(session.opened_ns()) > age);
    }
    let mut removed: Vec<PathBuf> = Vec::new();
    let mut refusal = None;
    for session in &chosen {
        match may_go(session, args.force) {
            // Those that were named are wanted; of all sealed ones some simply cannot go yet.
            Err(why) if args.session.is_empty() => report::say(&why.to_string()),
            Err(why) => refusal = Some(why),
            Ok(()) => {
                if !args.dry_run {
                    session.remove()?;
                }
                removed.push(session.folder().path().to_owned());
            }
        }
    }
    if args.json {
        let mut value = json!({"removed": removed, "dryRun": args.dry_run});
        if let Some(failure) = &refusal {
            value["failure"] = report::failure_json(failure);
        }
        report::json("attesh.prune/v1", value)?;
    } else {
        for path in &removed {
            report::line(&path.display().to_string())?;
        }
        let verb = if args.dry_run { "would be removed" } else { "removed" };
        report::say(&format!("{} {verb}", report::count(removed.len(), "session")));
    }
    refusal.map_or(Ok(0), Err)
}

/// Whether a session can be removed: nobody records in it, nobody needs it to find the next,
/// and it was sealed or --force says that it need not be.
fn may_go(session: &Session, force: bool) -> Result<(), Failure> {
    let name = session.short_name();
    if session.live_shells() > 0 {
        return Err(Failure::usage(format!("session {name} is being recorded"))
            .next(format!("end it first: attesh stop {name}")));
    }
    if session.next().is_some_and(|(path, _)| Session::open(&path).is_ok_and(|next| next.live_shells() > 0)) {
        return Err(Failure::usage(format!("session {name} leads to one that is being recorded"))
            .next("end that first: attesh sessions lists them"));
    }
    if !session.is_sealed() && !force {
        return Err(Failure::usage(format!("session {name} was never sealed"))
            .next(format!("seal it (attesh seal {name}) or add --force")));
    }
    Ok(())
}

/// An age: a number and s, m, h, d or w. In nanoseconds.
fn age(text: &str) -> Result<u64, Failure> {
    let wrong = || {
        let what = format!("--older-than {text}: no age");
        Failure::usage(what).next("an age is a number and s, m, h, d or w, as in 30d")
    };
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).and_then(|seconds| seconds.checked_mul(1_000_000_000)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_have_a_unit() {
        assert_eq!(age("30d").unwrap(), 30 * 86_400 * 1_000_000_000);
        for bad in ["", "30", "d", "-1d", "1y", "99999999999999w"] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }
}
