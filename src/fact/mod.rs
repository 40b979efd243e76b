//! What collectors see around the commands: the shape of each type of fact. Normative:
//! attesh-facts(5).
//!
//! What lives here: the types, and for each what its texts say, made from what was read
//! ([`environment`], [`git`], [`ci`], [`manifest`], [`mod@notice`], [`process`], [`agent`]), and how starts are told ([`below`]). Pure: bytes and values in, texts out. What does not: reading
//! the machine (`collect`), the record of a fact (`record::fact`).
//!
//! Rules: what was not seen has no text; a value never stands for one that was not there. No
//! password of a URL becomes a text.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

pub mod agent;
pub mod below;
pub mod ci;
mod end;
pub mod environment;
pub mod git;
pub mod identity;
pub mod manifest;
pub mod notice;
pub mod process;
pub mod touched;
pub mod url;

use notice::Notice;

/// What was asked of the collectors when the session began.
pub const COLLECTION: &str = "https://attesh.dev/fact/collection/v1";
/// The machine, and variables by an allow-list.
pub const ENVIRONMENT: &str = "https://attesh.dev/fact/environment/v1";
/// What a git repository says of itself.
pub const GIT: &str = "https://attesh.dev/fact/git/v1";
/// What a CI system says of the job.
pub const CI: &str = "https://attesh.dev/fact/ci/v1";

/// The files that were there before the first command.
pub const MATERIALS: &str = "https://attesh.dev/fact/materials/v1";
/// The files that came of the session.
pub const PRODUCTS: &str = "https://attesh.dev/fact/products/v1";

/// What a token of the CI system says of the job.
pub const IDENTITY: &str = "https://attesh.dev/fact/identity/v1";

/// What users were told, what the session is for, and how long it is kept.
pub const NOTICE: &str = "https://attesh.dev/fact/notice/v1";

/// Who has a program run, and the file of that program.
pub const AGENT: &str = "https://attesh.dev/fact/agent/v1";

/// A program that started below a command.
pub const PROCESS: &str = "https://attesh.dev/fact/process/v1";
/// How programs ended that had started below a command.
pub const PROCESS_END: &str = "https://attesh.dev/fact/process-end/v1";
/// How many programs started below a command, and what was not recorded of them.
pub const PROCESSES: &str = "https://attesh.dev/fact/processes/v1";
/// Files that programs below a command made, changed and removed.
pub const FILES: &str = "https://attesh.dev/fact/files/v1";

/// The name of the text of a collector that failed: why.
pub const ERROR: &str = "error";

/// The texts of a fact by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(BTreeMap<String, Vec<u8>>);

impl Texts {
    /// Adds a text.
    pub fn add(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Adds a text that there may be.
    pub fn add_some(&mut self, name: &str, value: Option<impl Into<Vec<u8>>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The text of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// What a collector saw, or why it saw nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The type of the fact.
    pub kind: &'static str,
    /// Whether the collector succeeded.
    pub ok: bool,
    /// What it saw; of one that failed, [`ERROR`].
    pub texts: Texts,
    /// The file that belongs to it, if one does.
    pub attached: Option<File>,
}

/// A file that travels with a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name beside the journal.
    pub name: &'static str,
    /// What it is.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Seen {
    /// What a collector saw.
    #[must_use]
    pub fn new(kind: &'static str, texts: Texts) -> Self {
        Seen { kind, ok: true, texts, attached: None }
    }

    /// Why a collector saw nothing.
    #[must_use]
    pub fn failed(kind: &'static str, why: &str) -> Self {
        let mut texts = Texts::default();
        texts.add(ERROR, why);
        Seen { kind, ok: false, texts, attached: None }
    }
}

/// The name of a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collector {
    /// [`ENVIRONMENT`]
    Environment,
    /// [`GIT`]
    Git,
    /// [`CI`]
    Ci,
}

impl Collector {
    /// Those that collect where nothing is said.
    pub const USUAL: [Collector; 3] = [Collector::Environment, Collector::Git, Collector::Ci];

    /// As a person writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Collector::Environment => "environment",
            Collector::Git => "git",
            Collector::Ci => "ci",
        }
    }

    /// The collector of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::USUAL.into_iter().find(|collector| collector.word() == word)
    }

    /// The collectors of a list with commas between; `none` is an empty one.
    ///
    /// # Errors
    /// A word of it is no collector: that word.
    pub fn list(text: &str) -> Result<Vec<Self>, &str> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        match text.trim() {
            "none" => Ok(Vec::new()),
            _ => words.map(|word| Self::of(word).ok_or(word)).collect(),
        }
    }
}

/// What is asked of the collectors: at the start it becomes a fact, so that the stop knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Which collect.
    pub collectors: Vec<Collector>,
    /// Whether a command named them, also none: then the session keeps that.
    pub named: bool,
    /// Variables that are recorded beside those of the allow-list.
    pub variables: Vec<String>,
    /// The folder in which they look.
    pub folder: Vec<u8>,
    /// The paths whose files are recorded, relative to it.
    pub materials: Vec<String>,
    /// The patterns that name what comes of the session.
    pub products: Vec<String>,
    /// The variable with a token that says who the job is.
    pub identity: Option<String>,
    /// Notice, purpose and retention, or why they cannot be recorded; they are a fact of their own.
    pub notice: Result<Notice, String>,
    /// Whether options said any of it, and not the environment; no fact has that.
    pub by_option: bool,
}

impl Collection {
    /// As a fact.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let mut texts = Texts::default();
        let words: Vec<_> = self.collectors.iter().map(|collector| collector.word()).collect();
        texts.add("collect", words.join(","));
        texts.add("variables", self.variables.join(","));
        texts.add("folder", self.folder.as_slice());
        texts.add_some("identity", self.identity.as_deref());
        for (name, list) in [("materials", &self.materials), ("products", &self.products)] {
            let doubled: Vec<String> = list.iter().map(|text| text.replace('\\', "\\\\")).collect();
            texts.add_some(name, (!list.is_empty()).then(|| serde_json::json!(doubled).to_string()));
        }
        Seen::new(COLLECTION, texts)
    }

    /// The folder in which they look.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        PathBuf::from(OsString::from_vec(self.folder.clone()))
    }

    /// Whether files are to be looked at.
    #[must_use]
    pub fn has_files(&self) -> bool {
        !self.materials.is_empty() || !self.products.is_empty()
    }

    /// What was asked at the start, by the texts of its fact; `None` if a text is missing or has a
    /// word that this version does not know.
    #[must_use]
    pub fn of(text: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Self> {
        let words = |name: &str| {
            let text = String::from_utf8(text(name)?).ok()?;
            Some(text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>())
        };
        let list = |name: &str| match text(name) {
            None => Some(Vec::new()),
            Some(text) => {
                let list: Vec<String> = serde_json::from_slice(&text).ok()?;
                Some(list.into_iter().map(|text| text.replace("\\\\", "\\")).collect())
            }
        };
        let collectors: Option<Vec<_>> = words("collect")?.iter().map(|word| Collector::of(word)).collect();
        Some(Collection {
            collectors: collectors?,
            named: true,
            variables: words("variables")?,
            folder: text("folder")?,
            materials: list("materials")?,
            products: list("products")?,
            identity: text("identity").map(String::from_utf8).transpose().ok()?,
            notice: Ok(Notice::default()),
            by_option: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_read_as_it_was_written() {
        for collection in [
            Collection {
                collectors: vec![],
                named: true,
                variables: vec![],
                folder: b"/".to_vec(),
                materials: vec![],
                products: vec![],
                identity: None,
                notice: Ok(Notice::default()),
                by_option: false,
            },
            Collection {
                collectors: Collector::USUAL.to_vec(),
                named: true,
                variables: vec!["A".into(), "B_1".into()],
                folder: b"/a b\xff".to_vec(),
                materials: vec![".".into(), "a\\\\b".into()],
                products: vec!["\\!x, \"y\"".into(), "\\\\".into()],
                identity: Some("TOKEN".into()),
                notice: Ok(Notice::default()),
                by_option: false,
            },
        ] {
            let seen = collection.seen();
            assert_eq!(Collection::of(|name| seen.texts.get(name).map(<[u8]>::to_vec)), Some(collection));
        }
        assert_eq!(Collection::of(|_| Some(b"weather".to_vec())), None);
    }
}
