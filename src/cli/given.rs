//! What a verb is given, and what it gives back: its session, its secret, its exit code.

use std::io::{IsTerminal, Read};
use std::path::Path;

use super::args::{Collect, Masks, NoticeArgs};
use crate::clock;
use crate::collect;
use crate::crypto::{ORIGIN_SECRET_MIN_BYTES, OriginSecret};
use crate::fact::notice::{self, Notice};
use crate::fact::{Collection, Collector, environment};
use crate::failure::{Failure, Kind};
use crate::files;
use crate::mask::Masker;
use crate::mask::asked::Asked;
use crate::paths;
use crate::record::TEXT_MAX;
use crate::report;
use crate::session::masking as masks;
use crate::session::{Session, birth, find, short_id};
use crate::text::{Command, Next};

/// What a verb gives back: its exit code, or a failure.
pub type Exit = Result<u8, Failure>;

/// Says that nothing can be appended any more, and what can be done instead.
pub fn ended(session: &Session, failure: Failure) -> Failure {
    let (name, id) = (session.short_name(), session.word());
    match session.is_sealed() {
        _ if !session.has_end() && failure.kind == Kind::Unable && session.is_over() => {
            failure.typing("to sign what there is", Command::new("attesh seal").path(id))
        }
        _ if !session.has_end() => failure,
        true => Failure::new(failure.kind, format!("session {name} has ended, and it was sealed"))
            .typing("to see it", Command::new("attesh show").path(id)),
        false => Failure::new(failure.kind, format!("session {name} has ended"))
            .typing("to sign it", Command::new("attesh seal").path(id)),
    }
}

/// The origin secret that an option names: a file, or `env:NAME`.
pub fn secret(given: &str) -> Result<OriginSecret, Failure> {
    let bytes = match given.strip_prefix("env:") {
        Some(name) => {
            let value = paths::variable(name).ok_or_else(|| {
                Failure::usage(format!("--secret {given}: the variable is not set"))
                    .next("set and export it, or name a file")
            })?;
            std::os::unix::ffi::OsStringExt::into_vec(value)
        }
        None => files::read_stream(Path::new(given), 64 << 10)?,
    };
    birth::secret_from(bytes).ok_or_else(|| {
        Failure::usage(format!("--secret {given}: shorter than {ORIGIN_SECRET_MIN_BYTES} bytes"))
            .next("to make one type: openssl rand -hex 32 > FILE")
    })
}

/// How often --materials and --products may be given, each.
pub const FILES_NAMED_MAX: usize = 100;
/// The longest path or pattern there, in bytes.
pub const FILES_NAMED_BYTES_MAX: usize = 600;

/// What is asked of the collectors.
pub fn collection(given: &Collect) -> Result<Collection, Failure> {
    let mut asked = collect::usual();
    let variable = paths::variable(paths::COLLECT_VARIABLE).map(|list| list.to_string_lossy().into_owned());
    let from_variable = variable.as_deref().map(|list| (paths::COLLECT_VARIABLE, list));
    if let Some((from, list)) = given.collect.as_deref().map(|list| ("--collect", list)).or(from_variable) {
        asked.collectors = Collector::list(list).map_err(|word| {
            Failure::usage(format!("{from} {list}: {word:?} is no collector"))
                .next("the collectors are environment, git and ci, with commas between; none leaves all of them out")
        })?;
    }
    if given.variables.len() > environment::NAMED_MAX {
        let what = format!("--env: {} variables", given.variables.len());
        return Err(Failure::usage(what).next(Next::say(format!("name at most {}", environment::NAMED_MAX))));
    }
    if let Some(name) = given.variables.iter().find(|name| !environment::is_name(name)) {
        // A value may be secret.
        let what = format!("--env: {} characters that are not the name of a variable", name.len());
        return Err(Failure::usage(what)
            .next("name the variable alone, without its value, as in --env CARGO_PROFILE"));
    }
    asked.named = given.collect.is_some();
    asked.variables.clone_from(&given.variables);
    if let Some(name) = given.identity.as_ref().filter(|name| !environment::is_name(name)) {
        let what = format!("--identity-token: {} characters that are not the name of a variable", name.len());
        return Err(Failure::usage(what)
            .next("name the variable alone, without its value, as in --identity-token ID_TOKEN"));
    }
    if given.identity.is_some() {
        asked.identity.clone_from(&given.identity);
    }
    if let Some(name) = asked.identity.as_ref().filter(|name| given.variables.contains(name)) {
        return Err(Failure::usage(format!(
            "--env {name}: this variable has the identity token, and its signature is not recorded"
        ))
        .next("leave out one of the two options"));
    }
    asked.by_option = given.is_given();
    asked.notice = Ok(notice_of(&given.notice)?);
    files_of(given, &mut asked)?;
    Ok(asked)
}

/// A text on standard input, without its last newline; it is longer than [`TEXT_MAX`] where more was
/// given.
pub fn given_text(none: &str, verb: &str) -> Result<Vec<u8>, Failure> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        let next = format!("type: {verb} 'TEXT', or give it on standard input");
        return Err(Failure::usage(none).next(Next::say(next)));
    }
    let mut text = Vec::new();
    let read = (&mut input).take(TEXT_MAX as u64 + 2).read_to_end(&mut text);
    read.map_err(|error| Failure::unable(format!("standard input: {}", files::words(&error))))?;
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Ok(text)
}

/// What is to be masked beyond what is always masked.
pub fn masking(given: &Masks) -> Result<Asked, Failure> {
    let mut asked = masks::of_variables(&given.mask_env, "--mask-env")?;
    for file in &given.mask {
        masks::add(&mut asked, masks::of_file(file)?, &file.display().to_string())?;
    }
    for name in &given.mask_env {
        match paths::variable(name) {
            None => report::say(&format!(
                "{name} is not set here: its value is masked where a shell or a step exports it"
            )),
            Some(value) if !Masker::default().add_value(name, value.as_encoded_bytes()) => {
                report::say(&format!("the value of {name} is too short or too common: it is not masked"));
            }
            Some(_) => {}
        }
    }
    Ok(asked)
}

/// Notice, purpose and retention; an option says it in the place of its variable.
fn notice_of(given: &NoticeArgs) -> Result<Notice, Failure> {
    let wrong = |option: &str, value: &str, why: String, next: &'static str| {
        let value = if value.is_empty() { String::new() } else { format!(" {value}") };
        Failure::usage(format!("{option}{value}: {why}")).next(next)
    };
    let usual = collect::notice::usual(collect::notice::Said {
        text: given.notice.is_some(),
        purpose: given.purpose.is_some(),
        retain: given.retain.is_some(),
    });
    let mut all = usual.map_err(|why| Failure::usage(why).next("unset the variable, or correct it"))?;
    if let Some(path) = &given.notice {
        let text = collect::notice::read(path).map_err(|why| {
            let next = "name a file with the text that users are shown, in UTF-8, of at most 8192 bytes";
            wrong("--notice", &path.display().to_string(), why, next)
        })?;
        all.text = Some(text);
    }
    if let Some(text) = &given.purpose {
        let purpose = notice::purpose(text);
        // It can be a long text, or one with anything in it.
        let next = "say it in one line, as in --purpose 'support case 7'";
        all.purpose = Some(purpose.map_err(|why| wrong("--purpose", "", why, next))?);
    }
    if let Some(text) = &given.retain {
        let next = "an age is a number and s, m, h, d or w, as in 30d; at most 36500d";
        all.retain_s = Some(notice::retain_s(text).map_err(|why| wrong("--retain", text, why, next))?);
    }
    Ok(all)
}

/// As [`collection`], for a session that begins in this folder, where the materials are.
pub fn collection_here(given: &Collect) -> Result<Collection, Failure> {
    let asked = collection(given)?;
    for path in &given.materials {
        Path::new(path).metadata().map_err(|error| {
            Failure::usage(format!("--materials {path}: {}", files::words(&error)))
                .next("name a folder or a file that is there")
        })?;
    }
    Ok(asked)
}

/// Which files are looked at; an option says it in the place of its variable.
fn files_of(given: &Collect, asked: &mut Collection) -> Result<(), Failure> {
    for (option, list, into) in [
        ("--materials", &given.materials, &mut asked.materials),
        ("--products", &given.products, &mut asked.products),
    ] {
        if list.len() > FILES_NAMED_MAX {
            let what = format!("{option}: given {} times", list.len());
            return Err(
                Failure::usage(what).next(Next::say(format!("give it at most {FILES_NAMED_MAX} times")))
            );
        }
        if list.iter().any(|one| one.is_empty() || one.len() > FILES_NAMED_BYTES_MAX) {
            let what = format!("{option}: empty, or longer than {FILES_NAMED_BYTES_MAX} bytes");
            let next =
                "name a folder or a file, such as . for this folder; a pattern is one such as 'dist/**'";
            return Err(Failure::usage(what).next(next));
        }
        if !list.is_empty() {
            into.clone_from(list);
        }
    }
    collect::check_patterns(&given.products).map_err(|why| {
        Failure::usage(format!("--products: {why}"))
            .next("write a pattern as in .gitignore, such as 'dist/**'")
    })
}

/// The session that a word means. If several have the name, it is said which one this is.
pub fn by_word(word: &str) -> Result<Session, Failure> {
    let session = find::by_word(word)?;
    if session.genesis().name.as_deref() == Some(word) {
        let count = find::namesakes(word);
        if count > 1 {
            let how = if session.may_be_live() { "the one that goes on" } else { "the newest" };
            report::say(&format!(
                "{count} sessions are called {word}; this is about {how}, {} (attesh sessions lists them)",
                short_id(session.id())
            ));
        }
    }
    Ok(session)
}

/// The session that a command is about: the one named, else that of the surrounding shell,
/// else that of the job.
pub fn chosen(word: Option<&str>) -> Result<Session, Failure> {
    match word {
        Some(word) => by_word(word),
        None => find::surrounding()?.or_else(find::of_job).ok_or_else(|| {
            Failure::unable("this shell is not recorded").next(
                "name a session (attesh sessions lists them), or record this shell with: \
                 eval \"$(attesh init bash)\"",
            )
        }),
    }
}

/// As [`chosen`], or the session in the folder that was named.
pub fn chosen_or_in(word: Option<&str>, dir: Option<&Path>) -> Result<Session, Failure> {
    dir.map_or_else(|| chosen(word), find::in_folder)
}

/// An age: a number and s, m, h, d or w. In nanoseconds.
pub fn age(option: &str, text: &str) -> Result<u64, Failure> {
    clock::age_s(text).and_then(|seconds| seconds.checked_mul(1_000_000_000)).ok_or_else(|| {
        let what = format!("{option} {text}: not an age");
        Failure::usage(what).next("an age is a number and s, m, h, d or w, as in 30d")
    })
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_have_a_unit() {
        assert_eq!(age("--older-than", "30d").unwrap(), 30 * 86_400 * 1_000_000_000);
        for bad in ["", "30", "d", "-1d", "1y", "99999999999999w"] {
            assert!(age("--older-than", bad).is_err(), "{bad}");
        }
    }
}
