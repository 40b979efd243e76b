//! Small journals, each with one property, and what a verifier must say of it.
//!
//! The list is the source of `tests/vectors/`; every check of the verifier has a case here
//! that is correctly signed but for that one defect.

pub mod core;
pub use core::other_bodies;
mod line;
mod story;
mod texts;

use crate::stage::signer::{Defect, Signer, Texts, start};

/// What a verifier must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Complete, with exactly these notes, in order.
    Complete(&'static [&'static str]),
    /// Unbroken, with exactly these findings, in order.
    Incomplete(&'static [&'static str]),
    /// Rejected at this record, with this code.
    Rejected(u64, &'static str),
    /// Not to be judged because of this record, with this code.
    Unsupported(u64, &'static str),
}

impl Expect {
    /// What a manifest says: the verdict, the record, the code or the findings.
    pub fn row(self) -> (&'static str, String, String) {
        match self {
            Expect::Complete(codes) => ("complete", "-".to_owned(), codes.join(" ")),
            Expect::Incomplete(codes) => ("incomplete", "-".to_owned(), codes.join(" ")),
            Expect::Rejected(record, code) => ("rejected", record.to_string(), code.to_owned()),
            Expect::Unsupported(record, code) => ("unsupported", record.to_string(), code.to_owned()),
        }
    }
}

pub struct Case {
    pub name: String,
    pub journal: Vec<u8>,
    /// The origin secret that the verifier is given.
    pub secret: Option<&'static [u8]>,
    pub expect: Expect,
}

/// Collects cases.
#[derive(Default)]
pub struct Cases(pub Vec<Case>);

impl Cases {
    pub fn add(&mut self, name: &str, journal: Vec<u8>, expect: Expect) {
        assert!(self.0.iter().all(|case| case.name != name), "{name} is there twice");
        self.0.push(Case { name: name.to_owned(), journal, secret: None, expect });
    }

    pub fn with_secret(&mut self, name: &str, journal: Vec<u8>, secret: &'static [u8], expect: Expect) {
        self.add(name, journal, expect);
        self.0.last_mut().unwrap().secret = Some(secret);
    }

    /// A journal whose record 2, a start, has this defect.
    pub fn bad_start(&mut self, name: &str, defect: Defect, why: &'static str) {
        let mut signer = Signer::base();
        let (body, texts) = start(1, 1, 1, b"make \"all\"");
        signer.push(body, &texts, defect);
        self.add(name, signer.bytes, Expect::Rejected(2, why));
    }

    /// A journal whose record 0 has this defect.
    pub fn bad_genesis(&mut self, name: &str, defect: Defect, why: &'static str) {
        let mut signer = Signer::new(1);
        signer.genesis(defect);
        let expect = match why {
            "journal.format" => Expect::Unsupported(0, why),
            why => Expect::Rejected(0, why),
        };
        self.add(name, signer.bytes, expect);
    }

    /// A journal that goes on from genesis and one shell with a record of this defect.
    pub fn bad(
        &mut self,
        name: &str,
        body: attesh::record::Body,
        texts: &Texts,
        defect: Defect,
        why: &'static str,
    ) {
        let mut signer = Signer::base();
        signer.push(body, texts, defect);
        self.add(name, signer.bytes, Expect::Rejected(2, why));
    }
}

pub fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    line::add(&mut cases);
    core::add(&mut cases);
    texts::add(&mut cases);
    story::add(&mut cases);
    cases.0
}
