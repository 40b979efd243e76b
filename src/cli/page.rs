//! `attesh show --markdown` and `--html`: the page about what is shown.

use std::fs::File;

use super::args::Show;
use super::given::Exit;
use super::standing::Standing;
use crate::cause::Code;
use crate::failure::{Failure, Kind};
use crate::files::{self, FileError, Overwrite};
use crate::journal::check::Knowledge;
use crate::page::Page;
use crate::report;
use crate::seal::draft::{Draft, DraftError};
use crate::seal::envelope::Envelope;
use crate::session::Session;
use crate::session::last::Sealed;
use crate::verify::{self, Objection, Verdict};

/// Whether a page is asked for.
pub fn is_wanted(args: &Show) -> bool {
    args.markdown || args.html.is_some()
}

/// The page about an envelope; its verdict tells whether it may be shown.
pub fn sealed(args: &Show, envelope: &Envelope, verdict: &Verdict) -> Exit {
    let page = Page::new(&args.what, verdict, verdict.statement.as_deref(), Some(envelope.keyid()));
    publish(args, &page)?;
    match verdict.failure.as_ref().filter(|_| page.is_bare()) {
        None => Ok(0),
        Some(objection) => Err(objected(&args.what, objection)
            .next("if you know whose key made it, give the public key of that with --trust")),
    }
}

/// The page about a journal: what a seal of it would say now.
pub fn unsealed(args: &Show, file: &File, session: Option<&Session>, sealed: Option<&Sealed>) -> Exit {
    let unreadable = |error| Failure::unable(format!("cannot read the journal: {}", files::words(&error)));
    let open = || -> Result<_, DraftError> { Ok(files::from_start(file.try_clone()?)) };
    let drafted = open().and_then(|journal| {
        let draft = Draft::gather(journal, Knowledge::default())?;
        let statement = draft.statement(open()?, &mut std::io::sink(), &[], 0, true)?;
        Ok((draft, statement))
    });
    let (draft, statement) = match drafted {
        Ok(drafted) => drafted,
        Err(DraftError::Io(error)) => return Err(unreadable(error)),
        Err(DraftError::Changed) => {
            return Err(objected(&args.what, &Objection::of(&Code::JournalChanged.into())));
        }
        Err(DraftError::Rejected(rejection)) => {
            let objection = verify::rejected(&rejection);
            let failure = objected(&args.what, &objection);
            let verdict = Verdict { unsealed: true, ..Verdict::unable(objection) };
            publish(args, &Page::new(&args.what, &verdict, None, None))?;
            return Err(failure);
        }
    };
    let standing = Standing::of(session, draft.checked());
    let mut verdict = verify::journal(draft.checked().clone());
    if let Some(failure) = &standing.wrong {
        verify::without_journal(
            &mut verdict,
            Objection::new(Code::JournalRemembered, failure.message.clone()),
        );
    } else if let Some(sealed) = sealed {
        verify::with_envelope_elsewhere(&mut verdict, &sealed.to_string());
    }
    publish(args, &Page::new(&args.what, &verdict, Some(&statement), None))?;
    standing.outcome()
}

/// Why nothing of a file is shown.
pub fn objected(what: &str, objection: &Objection) -> Failure {
    let failure = Failure::because(objection.code, format!("{what}: {}", objection.text));
    failure.about(objection.record, objection.offset)
}

fn publish(args: &Show, page: &Page) -> Result<(), Failure> {
    let Some(path) = &args.html else { return report::out(page.markdown().as_bytes()) };
    let overwrite = if args.force { Overwrite::Yes } else { Overwrite::No };
    files::publish(path, page.html().as_bytes(), 0o644, overwrite).map_err(|error| match error {
        FileError::Exists(_) => Failure::of(Kind::Usage, &error)
            .next("choose another name with --html, or add --force to replace it"),
        error => error.into(),
    })?;
    report::say(&format!("wrote {}", path.display()));
    Ok(())
}
