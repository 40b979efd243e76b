//! A signer of journals that can break any single rule.
//!
//! It goes through the library's own records, chain and keys, with fixed seeds, salts and
//! times, so that the same call gives the same bytes on every machine. A [`Defect`] is
//! applied at the one place it names; all the rest of the line stays correctly chained,
//! tagged and signed, so a verifier that skips just that check accepts the journal.

use std::sync::LazyLock;

use attesh::clock::Moment;
use attesh::crypto::{self, ChainKey, Digest, OriginSecret, Seed, sha256};
use attesh::journal::chain::{self, Auth, Frontier};
use attesh::journal::line;
use attesh::mask::Masker;
use attesh::record::{
    Body, Close, CloseReason, Closes, Commitments, Core, Disclosure, Disclosures, End, EndReason, FORMAT,
    Finish, From, Genesis, Open, PROTECTION_FILE, Program, RECORDER_ID, Recorder, Recovered, Start,
    StateLevel, TextSource,
};

/// Changes bytes.
pub type Edit<'a> = &'a dyn Fn(Vec<u8>) -> Vec<u8>;

/// The one thing that is wrong with a line.
#[derive(Clone, Copy, Default)]
pub enum Defect<'a> {
    #[default]
    None,
    /// The core is changed before it is hashed and signed.
    Core(Edit<'a>),
    /// The disclosures column is changed; no signature covers it.
    Disclosures(Edit<'a>),
    /// The finished line is changed.
    Line(Edit<'a>),
    /// Tag, and the signature over it: the tag is not what the chain gives.
    Tag,
    /// The key that signs is not the one the record before names.
    Seed(u64),
    /// The signature covers another index.
    Index(u64),
    /// The signature covers another session.
    Session,
    /// The signature covers another root.
    Root,
    /// The signature is changed.
    Signature(Edit<'a>),
}

/// Texts with salts that follow from name and value: those that the core commits to, and those
/// that are disclosed.
#[derive(Clone, Default)]
pub struct Texts {
    committed: Disclosures,
    disclosed: Disclosures,
}

impl Texts {
    pub fn commit(&mut self, name: &str, value: &[u8]) {
        let salt = sha256(&[b"test salt", name.as_bytes(), value])[..16].try_into().unwrap();
        let disclosure = Disclosure { salt, value: value.to_vec() };
        self.committed.insert(name, disclosure.clone());
        self.disclosed.insert(name, disclosure);
    }

    /// These texts alone.
    pub fn of(list: &[(&str, &[u8])]) -> Self {
        let mut texts = Texts::default();
        for (name, value) in list {
            texts.commit(name, value);
        }
        texts
    }

    /// Those of a column.
    pub fn read(column: &[u8]) -> Self {
        let texts = Disclosures::decode(column).unwrap();
        Texts { committed: texts.clone(), disclosed: texts }
    }

    /// With one of them redacted: the core commits to it, and it is not disclosed.
    pub fn redacted(&self, name: &str) -> Self {
        let mut texts = self.clone();
        texts.disclosed.remove(name);
        texts
    }

    /// Without one of them: the core does not commit to it either.
    pub fn without(&self, name: &str) -> Self {
        let mut texts = self.redacted(name);
        texts.committed.remove(name);
        texts
    }

    /// With one that is disclosed although the core does not commit to it.
    pub fn with_foreign(&self, name: &str, value: &[u8]) -> Self {
        let mut texts = self.clone();
        texts.disclosed.insert(name, Disclosure { salt: [0; 16], value: value.to_vec() });
        texts
    }

    pub fn commitments(&self) -> Commitments {
        self.committed.commitments()
    }

    pub fn column(&self) -> Vec<u8> {
        self.disclosed.encode()
    }

    /// The same texts for a writer, which salts them itself.
    pub fn written(&self) -> attesh::record::Texts {
        let mut texts = attesh::record::Texts::default();
        for (name, one) in self.disclosed.iter() {
            texts.commit(name, &masker().screen(one.value.clone()));
        }
        texts
    }
}

/// The masker with the built-in rules alone.
pub fn masker() -> &'static Masker {
    static MASKER: LazyLock<Masker> = LazyLock::new(Masker::default);
    &MASKER
}

pub const SESSION: &str = "019aab5e-8f6c-7c52-9a3f-0d5d02c1a942";

/// A journal in the making.
#[derive(Clone)]
pub struct Signer {
    pub bytes: Vec<u8>,
    pub starts: Vec<usize>,
    pub now: Moment,
    pub recovered: Option<Recovered>,
    secret: Option<OriginSecret>,
    seed: Seed,
    chain: Option<ChainKey>,
    frontier: Frontier,
}

impl Signer {
    pub fn new(number: u8) -> Self {
        Signer {
            bytes: Vec::new(),
            starts: Vec::new(),
            now: Moment { realtime_ns: 1_763_812_800_000_000_000, boottime_ns: 5_000_000_000, synced: true },
            recovered: None,
            secret: None,
            seed: Seed([number; 32]),
            chain: None,
            frontier: Frontier::default(),
        }
    }

    pub fn with_secret(number: u8, secret: &[u8]) -> Self {
        Signer { secret: OriginSecret::new(secret.to_vec()), ..Signer::new(number) }
    }

    /// A signer that has written its genesis.
    pub fn begun(number: u8) -> Self {
        let mut signer = Signer::new(number);
        signer.genesis(Defect::None);
        signer
    }

    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    pub fn session(&self) -> [u8; 16] {
        uuid::Uuid::try_parse(SESSION).unwrap().into_bytes()
    }

    /// What someone writes who has this signer's keys, after these lines of whatever journal.
    pub fn in_place_of(&self, lines: &[Vec<u8>]) -> Self {
        let mut forger =
            Signer { bytes: Vec::new(), starts: Vec::new(), frontier: Frontier::default(), ..self.clone() };
        for line in lines {
            forger.starts.push(forger.bytes.len());
            forger.bytes.extend_from_slice(line);
            forger.frontier.push(chain::leaf(line::split(line).unwrap().core));
        }
        forger
    }

    /// The lines so far, newline included.
    pub fn lines(&self) -> Vec<Vec<u8>> {
        self.bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    pub fn genesis(&mut self, defect: Defect) {
        let (body, texts) = self.genesis_body();
        self.push(body, &texts, defect);
    }

    pub fn genesis_body(&self) -> (Body, Texts) {
        let texts =
            Texts::of(&[("stateDir", b"/run/user/1000/attesh"), ("host", b"host"), ("user", b"user")]);
        let genesis = Genesis {
            format: FORMAT.to_owned(),
            session: SESSION.to_owned(),
            name: None,
            boot_id: Some("6f4b5a1e-0000-4000-8000-000000000001".to_owned()),
            pid_ns: Some(4_026_531_836),
            time_ns: Some(4_026_531_834),
            recorder: Recorder {
                id: RECORDER_ID.to_owned(),
                version: "0.1.0".to_owned(),
                sha256: Some([9; 32]),
            },
            protection: PROTECTION_FILE.to_owned(),
            state: StateLevel::Runtime.into(),
            origin_id: self.secret.as_ref().map(OriginSecret::id),
            prev: None,
            parent: None,
            closes: Closes::LastShell,
            vk: self.seed.public(),
        };
        (Body::Genesis(Box::new(genesis)), texts)
    }

    /// Appends a record with at most one defect.
    pub fn push(&mut self, body: Body, texts: &Texts, defect: Defect) -> u64 {
        let index = self.frontier.size();
        let last = matches!(body, Body::End(_));
        let next_key = (!last).then(|| self.seed.next().public());
        let recovered = self.recovered.take();
        let core =
            Core { index, body, commitments: texts.commitments(), time: self.now, recovered, next_key };
        // What a reader refuses can be written here, whatever the library's writer says to it.
        let mut core = core.encode().unwrap_or_else(|_| serde_json::to_vec(&core).unwrap());
        self.now.realtime_ns += 1_000_000;
        self.now.boottime_ns += 1_000_000;
        if let Defect::Core(edit) = defect {
            core = edit(core);
        }
        self.push_core(&core, &texts.column(), defect);
        index
    }

    /// Appends a core as given.
    pub fn push_core(&mut self, core: &[u8], column: &[u8], defect: Defect) {
        let index = self.frontier.size();
        self.frontier.push(chain::leaf(core));
        let root = self.frontier.root();
        let chain = self.chain.take().unwrap_or_else(|| ChainKey::first(self.secret.as_ref(), &root));
        let auth = self.sign(&chain, index, &root, defect);
        let mut column = column.to_vec();
        if let Defect::Disclosures(edit) = defect {
            column = edit(column);
        }
        let mut line = line::join(core, &column, &auth);
        if let Defect::Line(edit) = defect {
            line = edit(line);
        }
        self.starts.push(self.bytes.len());
        self.bytes.extend_from_slice(&line);
        self.chain = Some(chain.next(&root));
        self.seed = self.seed.next();
    }

    fn sign(&self, chain: &ChainKey, index: u64, root: &Digest, defect: Defect) -> Auth {
        let session = match defect {
            Defect::Session => [7; 16],
            _ => self.session(),
        };
        let mut tag = chain.tag(&self.session(), index, root);
        if matches!(defect, Defect::Tag) {
            tag[31] ^= 1;
        }
        let mut seed = self.seed.clone();
        if let Defect::Seed(ahead) = defect {
            for _ in 0..ahead {
                seed = seed.next();
            }
        }
        let index = if let Defect::Index(other) = defect { other } else { index };
        let root = if matches!(defect, Defect::Root) { [1; 32] } else { *root };
        let mut signature = seed.sign(&seed.public(), &crypto::step_message(&session, index, &root, &tag));
        if let Defect::Signature(edit) = defect {
            signature = edit(signature.to_vec()).try_into().unwrap();
        }
        Auth { signature, tag }
    }

    pub fn open(&mut self, program: Program, native: u64) -> u64 {
        let (body, texts) = open(program, native);
        self.push(body, &texts, Defect::None)
    }

    pub fn start(&mut self, shell: u64, n: u64, native: u64, text: &[u8]) -> u64 {
        let (body, texts) = start(shell, n, native, text);
        self.push(body, &texts, Defect::None)
    }

    pub fn finish(&mut self, shell: u64, n: u64, status: u8) -> u64 {
        self.push(finish(shell, n, status), &Texts::default(), Defect::None)
    }

    /// A start and its finish.
    pub fn command(&mut self, shell: u64, n: u64) {
        self.start(shell, n, n, b"true");
        self.finish(shell, n, 0);
    }

    pub fn close(&mut self, shell: u64, native: Option<u64>) -> u64 {
        let (body, texts) = close(shell, native);
        self.push(body, &texts, Defect::None)
    }

    pub fn end(&mut self) -> u64 {
        self.push(end(), &Texts::default(), Defect::None)
    }

    /// Genesis and one bash: where most cases begin.
    pub fn base() -> Self {
        let mut signer = Signer::begun(1);
        signer.open(Program::Bash, 0);
        signer
    }

    /// One shell, one command, closed and ended.
    pub fn whole() -> Self {
        let mut signer = Signer::base();
        signer.command(1, 1);
        signer.close(1, Some(1));
        signer.end();
        signer
    }
}

pub fn open(program: Program, native: u64) -> (Body, Texts) {
    let texts = Texts::of(&[("workdir", b"/home/user"), ("history", b"")]);
    let open = Open {
        program: program.into(),
        version: "5.2".to_owned(),
        pid: 4242,
        start_ticks: 99,
        native,
        hook: "0123456789abcdef".to_owned(),
        typed: true,
    };
    (Body::Open(Box::new(open)), texts)
}

pub fn start(shell: u64, n: u64, native: u64, text: &[u8]) -> (Body, Texts) {
    let texts = Texts::of(&[("command", text), ("workdir", b"/home/user")]);
    let start = Start {
        shell,
        n,
        native,
        skip: 0,
        text_source: TextSource::Typed,
        truncated: false,
        prev_status: None,
        unit: None,
    };
    (Body::Start(start), texts)
}

pub fn finish(shell: u64, n: u64, status: u8) -> Body {
    Body::Finish(Finish {
        shell,
        n,
        status: Some(status),
        pipe_status: None,
        from: From::Prompt,
        stale: false,
        outcome: None,
        native: None,
        shell_duration_us: None,
    })
}

pub fn close(shell: u64, native: Option<u64>) -> (Body, Texts) {
    let close = Close { shell, why: CloseReason::Exit, status: Some(0), native, script_unchanged: false };
    (Body::Close(close), Texts::of(&[("workdir", b"/home/user")]))
}

pub fn end() -> Body {
    Body::End(End { reason: EndReason::LastShell, synced_to_disk: true })
}

/// Replaces a text that must be there.
pub fn swap<'a>(from: &'a str, to: &'a str) -> impl Fn(Vec<u8>) -> Vec<u8> + 'a {
    move |bytes| {
        let text = String::from_utf8(bytes).expect("the text is UTF-8");
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1).into_bytes()
    }
}
