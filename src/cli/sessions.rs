//! `attesh start`, `stop`, `status` and `sessions`.

use serde_json::{Value, json};

use super::args::{Sessions, Start, Status, Stop};
use super::given::{Exit, chosen_or_in, collection_here, ended, masking, secret};
use super::heads::{StepOutput, publish, to_log};
use super::removed;
use super::standing::{ENDED, LOST, TAMPERED, Told};
use super::view::add_failure;
use crate::clock;
use crate::collect;
use crate::failure::{Failure, Kind};
use crate::journal::head::Head;
use crate::journal::story::{Finding, FindingCode};
use crate::paths;
use crate::record::PrevWhy;
use crate::report::{self, Style};
use crate::run::session::open_in;
use crate::session::close::{EndVerb, end_by_command};
use crate::session::heads::head_now;
use crate::session::masking::masker;
use crate::session::place::Placed;
use crate::session::told as kept;
use crate::session::{Session, SessionError, birth, find, shells, short_id, to_join};
use crate::text::{self, Command, Fault};

pub fn start(args: &Start) -> Exit {
    if let Some(name) = args.name.as_ref().filter(|name| !find::is_name(name)) {
        return Err(Failure::usage(format!("{name:?} cannot be a session's name"))
            .next("a name is 1 to 64 characters of A-Z a-z 0-9 . _ -"));
    }
    let output = StepOutput::open(args.github_output)?;
    let given = args.secret.as_deref().map(secret).transpose()?;
    let asked = collection_here(&args.collect)?;
    let masks = masking(&args.collect.masks)?;
    if let Some(name) = &args.name {
        birth::not_secret(name, &masker(&masks))?;
    }
    let mut opened = match (args.dir.clone().or_else(paths::ci_folder), &args.name) {
        (Some(dir), _) => open_in(&dir, args.name.clone(), given)?,
        (None, Some(name)) => {
            let secret = given.map_or_else(birth::usual_secret, |secret| Ok(Some(secret)))?;
            let session = birth::birth_named(name, secret)?;
            let head = session.first_head();
            Placed { session, head, joined: false, moved: None }
        }
        (None, None) => return Err(no_name()),
    };
    opened.session.mask_more(masks)?;
    let (session, name) = (&opened.session, opened.session.genesis().name.as_deref());
    collect::begin(session, &asked, collect::IN_A_JOB)?;
    collect::notice::show_that_of(session);
    // The head of genesis is one that each envelope names.
    publish(session, opened.head, output)?;
    let head = opened.head.to_string();
    if args.json {
        let folder = report::path_json(session.folder().path());
        report::json(
            "attesh.start/v1",
            json!({"session": session.id(), "name": name, "folder": folder, "head": head,
                "joined": opened.joined}),
        )?;
        return Ok(0);
    }
    say_how_to_join(&opened, args.name.as_deref().unwrap_or_default());
    report::line(&head)?;
    Ok(0)
}

/// Says how a shell comes into the session; in a job a script does.
fn say_how_to_join(opened: &Placed, name: &str) {
    let (session, folder) = (&opened.session, opened.session.folder().path());
    let word = if session.is_placed() { session.word() } else { name.as_ref() };
    let open =
        format!("session {} is open{}", session.short_name(), if opened.joined { " already" } else { "" });
    if paths::ci().is_none() {
        report::say(&format!("{open}; join it in each shell with:"));
        report::say(&format!("  {}", to_join(word)));
    } else if paths::ci_folder().is_some_and(|own| own == folder) {
        report::say(&format!(
            "{open} in {}; attesh sh records in it in each step of this job",
            folder.display()
        ));
    } else if session.is_placed() {
        let script = Command::new("attesh sh --dir").path(folder).word("SCRIPT");
        report::say(&format!("{open}; to record a script in it type: {script}"));
    } else {
        let what = format!("{open}; to record scripts in it set {}={name}", paths::SESSION_VARIABLE);
        report::say(&format!("{what} and run them with attesh sh"));
    }
}

/// Says that the session has neither name nor folder.
fn no_name() -> Failure {
    let variable = paths::ci().and_then(paths::Ci::folder_variable);
    let what = variable.map_or_else(
        || "the session gets neither a name nor a folder".to_owned(),
        |variable| {
            format!("the session gets neither a name nor a folder: {variable} is not an absolute path")
        },
    );
    Failure::usage(what).next("give it a name, or a folder with --dir")
}

pub fn stop(args: &Stop) -> Exit {
    let output = StepOutput::open(args.github_output)?;
    let session = chosen_or_in(args.session.as_deref(), args.dir.as_deref())?;
    let over = session.is_placed() && session.has_end();
    let ended = match over {
        true => Ended { head: head_now(&session)?, goes_on: None, scripts_go_on: false },
        false => end_placed(&session, args.close_others)?,
    };
    let head = ended.head;
    publish(&session, head, output)?;
    let token = head.to_string();
    if args.json {
        report::json("attesh.stop/v1", json!({"session": session.id(), "head": token, "size": head.size}))?;
    } else {
        report::say(&format!(
            "session {} has ended{}; to sign it type: {}",
            session.shown(),
            if over { " already" } else { "" },
            Command::new("attesh seal").path(session.word())
        ));
        ended.say_what_goes_on();
        report::line(&token)?;
    }
    Ok(0)
}

/// Ends a session. If it cannot be ended any more, and is in the folder of a job, the log still
/// gets its head.
fn end_placed(session: &Session, close_others: bool) -> Result<Ended, Failure> {
    end_and_succeed(session, EndVerb::Stop, close_others).inspect_err(|failure| {
        if session.is_placed()
            && failure.kind == Kind::Unable
            && !session.is_live()
            && let Ok(head) = head_now(session)
        {
            to_log(head);
        }
    })
}

/// A session that was ended, and what is to be told of its shells.
pub struct Ended {
    /// The journal's head with its end.
    pub head: Head,
    /// Where its shells are recorded from here on, in words.
    goes_on: Option<String>,
    /// Scripts go on that were recorded in it.
    scripts_go_on: bool,
}

impl Ended {
    /// Says where the shells are recorded; behind what was done with the session.
    pub fn say_what_goes_on(&self) {
        if self.scripts_go_on {
            report::say("the session is incomplete: a script still runs, and the rest of it is not recorded");
        }
        if let Some(text) = &self.goes_on {
            report::say(text);
        }
    }
}

/// Ends a session from a command; the shells that go on get a new one that names it.
pub fn end_and_succeed(session: &Session, verb: EndVerb, close_others: bool) -> Result<Ended, Failure> {
    let collected = collect::at_stop(session, collect::IN_A_JOB);
    let over = end_by_command(session, verb, close_others, &|writer| collected.append(writer))
        .map_err(|failure| ended(session, failure))?;
    let why = if verb == EndVerb::Seal { PrevWhy::Sealed } else { PrevWhy::Stopped };
    let goes_on = over.shells_go_on.then(|| match birth::succeed(session, over.head, why) {
        Ok(next) => format!("recording goes on in session {}", next.short_name()),
        Err(error) => {
            format!("attesh does not record the shells of this session any further: {}", error.told())
        }
    });
    Ok(Ended { head: over.head, goes_on, scripts_go_on: over.scripts_go_on })
}

/// Whether a finding says that what ran before the session is not recorded.
fn is_after_loss(finding: &Finding) -> bool {
    finding.code == FindingCode::AfterLoss
}

fn facts(session: &Session, told: &Told) -> Value {
    let (story, sealed) = (&told.story, session.sealed());
    let mut value = json!({
        "session": session.id(),
        "name": session.genesis().name,
        "folder": report::path_json(session.folder().path()),
        "openedAt": clock::rfc3339(session.opened_ns()),
        "state": told.standing.word,
        "shells": story.shells,
        "openShells": story.live.len(),
        "goneShells": told.gone.len(),
        "commands": story.commands,
        "failed": story.failed,
        "lost": story.lost,
        "redacted": story.redacted,
        "complete": story.is_complete(),
        "incomplete": told.incomplete().map(FindingCode::name),
        "afterLoss": story.findings.iter().any(is_after_loss),
        "sealed": sealed.as_ref().is_some_and(|sealed| sealed.whole),
        "envelope": sealed.map(|sealed| sealed.path),
        "stateKept": session.genesis().state.name(),
        "head": told.head.map(|head| head.to_string()),
    });
    let (notice, ended_ns) = told.notice(session);
    value.as_object_mut().expect("an object").extend(notice.members(ended_ns));
    value
}

/// What a list says of a session. Of one that has ended it is what was found the last time.
fn listed(session: &Session) -> Result<Value, Failure> {
    let has_end = session.has_end();
    let kept = if has_end { kept::kept(session) } else { None };
    let value = kept.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let is_of = |value: &Value| value["session"] == session.id() && value["redacted"].is_u64();
    if let Some(mut value) = value.filter(is_of) {
        value["folder"] = report::path_json(session.folder().path());
        let sealed = session.sealed();
        value["sealed"] = json!(sealed.as_ref().is_some_and(|sealed| sealed.whole));
        value["envelope"] = json!(sealed.map(|sealed| sealed.path));
        return Ok(value);
    }
    let told = Told::of(session)?;
    let value = facts(session, &told);
    if told.standing.word == ENDED {
        kept::keep(session, &value.to_string());
    }
    Ok(value)
}

pub fn status(args: &Status) -> Exit {
    let session = chosen_or_in(args.session.as_deref(), args.dir.as_deref())?;
    let told = Told::of(&session)?;
    let (story, standing) = (&told.story, &told.standing);
    let own = shells::own_shell(story)?;
    let paused = own.is_some_and(|at| story.live[&at].paused);
    if args.json {
        let mut value = facts(&session, &told);
        value["checkpoint"] = json!(told.head.map(|head| head.checkpoint()));
        value["ownShell"] = json!(own);
        value["paused"] = json!(paused);
        value["findings"] = story
            .findings
            .iter()
            .map(|finding| {
                json!({"record": finding.record, "code": finding.code.name(),
                "incomplete": finding.is_incomplete(), "text": finding.text})
            })
            .collect();
        add_failure(&mut value, standing);
        report::json("attesh.status/v1", value)?;
        return told.standing.outcome();
    }
    let style = Style::for_output();
    let name = session.genesis().name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
    report::line(&format!("session   {}{name}", style.strong(session.id())))?;
    let why = standing.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let paused = if paused { ", this shell is paused" } else { "" };
    report::line(&format!("state     {}{why}{paused}", standing.word))?;
    report::line(&format!("opened    {}", clock::rfc3339(session.opened_ns())))?;
    let gone = match told.gone.len() {
        0 => String::new(),
        gone => format!(", {gone} gone without a close"),
    };
    let open = story.live.len() - told.gone.len();
    report::line(&format!("shells    {open} open of {}{gone}", story.shells))?;
    report::line(&format!("commands  {}, {} failed, {} lost", story.commands, story.failed, story.lost))?;
    if story.redacted > 0 {
        report::line(&format!("redacted  {}", text::count(story.redacted, "text")))?;
    }
    report::line(&format!("folder    {}", session.folder().path().display()))?;
    if let Some(sealed) = session.sealed() {
        report::line(&format!("sealed    in {sealed}"))?;
    }
    let (notice, ended_ns) = told.notice(&session);
    for (name, words) in notice.rows(ended_ns) {
        report::line(&format!("{name:<9} {}", text::visible(words.as_bytes())))?;
    }
    if let Some(head) = told.head {
        report::line(&format!("head      {head}"))?;
    }
    let matters = |finding: &&Finding| is_after_loss(finding) || told.weighs(finding);
    for finding in story.findings.iter().filter(matters) {
        report::line(&style.bad(&format!(
            "finding   record {}: {}",
            finding.record,
            text::visible(finding.text.as_bytes())
        )))?;
    }
    told.standing.outcome()
}

pub fn list(args: &Sessions) -> Exit {
    if args.removed {
        return removed::list(args);
    }
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for session in find::all()?.into_iter().filter(|session| !args.unsealed || !session.is_sealed()) {
        let value = listed(&session)?;
        let text = |member: &str| value[member].as_str().map(str::to_owned);
        let state = text("state").unwrap_or_default();
        let sealed = value["sealed"] == true && matches!(state.as_str(), ENDED | LOST);
        let complete = match (text("incomplete"), state.as_str()) {
            (_, TAMPERED) => "-".to_owned(),
            (Some(code), _) => format!("no: {code}"),
            (None, _) if value["complete"] != true => "open".to_owned(),
            (None, _) if value["afterLoss"] == true => "in itself".to_owned(),
            (None, _) => "yes".to_owned(),
        };
        rows.push(vec![
            short_id(session.id()).to_owned(),
            session.genesis().name.clone().unwrap_or_else(|| "-".into()),
            clock::timestamp(session.opened_ns())
                .map_or_else(String::new, |time| time.strftime("%F %H:%MZ").to_string()),
            value["shells"].to_string(),
            value["commands"].to_string(),
            if sealed { "sealed".to_owned() } else { state },
            complete,
            kept_for(&value),
        ]);
        values.push(value);
    }
    let damaged = find::damaged()?;
    for (path, error) in &damaged {
        let id = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        report::say(&match error {
            SessionError::NoGenesis(_) => {
                format!("{id}: tampered: the first record of its journal is damaged ({})", path.display())
            }
            _ => format!("{id}: cannot be used: {}", error.told()),
        });
    }
    if args.json {
        report::json("attesh.sessions/v1", json!({"sessions": values}))?;
    } else if rows.is_empty() && !damaged.is_empty() {
        return Ok(0);
    } else if rows.is_empty() {
        report::say("there are no sessions; to record this shell type: eval \"$(attesh init bash)\"");
    } else {
        let head = ["ID", "NAME", "OPENED", "SHELLS", "COMMANDS", "STATE", "COMPLETE", "RETAINED"];
        rows.insert(0, head.iter().map(|&word| word.to_owned()).collect());
        // Where no session is kept for a time there is nothing to say of it.
        if rows.iter().skip(1).all(|row| row.last().is_some_and(String::is_empty)) {
            rows.iter_mut().for_each(|row| row.truncate(head.len() - 1));
        }
        report::table(&rows)?;
    }
    Ok(0)
}

/// Until when a session is kept, or for how long after its end; empty where nothing was said.
fn kept_for(value: &Value) -> String {
    let until = value["retainUntil"].as_str().and_then(|until| until.get(..16));
    let until = until.map(|until| format!("until {}Z", until.replace('T', " ")));
    until.or_else(|| value["retainSeconds"].as_u64().map(clock::as_age)).unwrap_or_default()
}
