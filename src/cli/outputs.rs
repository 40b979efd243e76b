//! The files that a seal writes: what they are called, and whether they can be written.
//!
//! Rules: the envelope names the others; nothing that exists is replaced unless that was asked for.

use std::path::{Path, PathBuf};

use super::manifests::{path_beside, paths_beside};
use crate::clock;
use crate::failure::Failure;
use crate::files::{self, Overwrite};
use crate::seal::derived::Format;
use crate::seal::disclosed::DISCLOSURES_FILE;
use crate::seal::keys::PublicKey;
use crate::session::{Session, short_id};
use crate::text::Next;

const SUFFIX: &str = ".intoto.json";

/// The envelope, and what goes beside it.
pub struct Outputs {
    /// The envelope.
    pub envelope: PathBuf,
    /// The same in a bundle.
    pub bundle: PathBuf,
    /// The commands and their statuses.
    pub transcript: PathBuf,
    /// The texts of a selective seal.
    pub disclosures: Option<PathBuf>,
    /// The formats of others.
    pub derived: Vec<(Format, PathBuf)>,
}

impl Outputs {
    /// Those that a session has where nobody names the envelope.
    ///
    /// # Errors
    /// As in [`beside`](Self::beside).
    pub fn of(session: &Session) -> Result<Self, Failure> {
        let opened = clock::timestamp(session.opened_ns());
        let opened =
            opened.map_or_else(|| "unknown".to_owned(), |time| time.strftime("%Y-%m-%dT%H%MZ").to_string());
        Outputs::beside(PathBuf::from(format!("{opened}-{}{SUFFIX}", short_id(session.id()))))
    }

    /// Those beside an envelope.
    ///
    /// # Errors
    /// It is not the name of a file.
    pub fn beside(envelope: PathBuf) -> Result<Self, Failure> {
        if envelope == Path::new("-") {
            return Err(Failure::usage(
                "-o -: seal writes several files, so it cannot write to standard output",
            )
            .next("name the envelope: -o NAME.intoto.json"));
        }
        if envelope.file_name().is_none() {
            return Err(Failure::usage(format!("-o {}: not the name of a file", envelope.display()))
                .next("name the envelope: -o NAME.intoto.json"));
        }
        let mut outputs = Outputs {
            bundle: PathBuf::new(),
            transcript: PathBuf::new(),
            disclosures: None,
            derived: Vec::new(),
            envelope,
        };
        outputs.bundle = outputs.named(&format!("{}.sigstore.json", outputs.name()));
        outputs.transcript = outputs.named(&format!("{}.transcript", outputs.name()));
        Ok(outputs)
    }

    /// With the file of the texts that a selective seal leaves out.
    #[must_use]
    pub fn selective(self, selective: bool) -> Self {
        let disclosures = selective.then(|| path_beside(&self.envelope, DISCLOSURES_FILE));
        Outputs { disclosures, ..self }
    }

    /// With files of these formats, signed by a key.
    #[must_use]
    pub fn with(self, formats: &[Format], key: &PublicKey) -> Self {
        let file = |format: &Format| (*format, self.named(&format.file_name(&self.name(), key)));
        Outputs { derived: formats.iter().map(file).collect(), ..self }
    }

    /// The name that the files have in common.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.envelope.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned()
    }

    fn named(&self, name: &str) -> PathBuf {
        self.envelope.with_file_name(name)
    }

    /// Checks that all of them can be written.
    ///
    /// # Errors
    /// One of them exists, or the folder takes no file.
    pub fn reserve(&self, overwrite: Overwrite) -> Result<(), Failure> {
        let derived = self.derived.iter().map(|(_, path)| path);
        let manifests = paths_beside(&self.envelope);
        let own = [&self.envelope, &self.bundle, &self.transcript];
        // One that is left of another seal would be taken for that of this envelope.
        let disclosures = path_beside(&self.envelope, DISCLOSURES_FILE);
        let mut all = own.into_iter().chain(derived).chain(&manifests).chain([&disclosures]);
        all.try_for_each(|path| {
            is_free(path, overwrite, "choose another name with -o (in attesh sh and run with --seal)")
        })?;
        has_room_for(&self.envelope)
    }
}

/// Checks that a file can be written; how to choose another name is said where it cannot.
///
/// # Errors
/// It exists, or its folder takes no file.
pub fn reserve(path: &Path, overwrite: Overwrite, choose: &str) -> Result<(), Failure> {
    is_free(path, overwrite, choose)?;
    has_room_for(path)
}

fn is_free(path: &Path, overwrite: Overwrite, choose: &str) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(meta) if !meta.is_file() && !meta.is_symlink() => {
            let what = format!("{}: not a file, so attesh does not replace it", path.display());
            Err(Failure::usage(what).next(Next::say(choose)))
        }
        Ok(_) if overwrite == Overwrite::No => {
            let next = format!("{choose}, or add --force to replace it");
            Err(Failure::usage(format!("{}: exists already", path.display())).next(Next::say(next)))
        }
        _ => Ok(()),
    }
}

fn has_room_for(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    files::can_create_in(folder.unwrap_or(Path::new("."))).map_err(Failure::from)
}
